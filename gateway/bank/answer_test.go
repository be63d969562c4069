package bank_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/bank"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	name, id, account := party.Stored("阿依古丽·买买提", "11010519491231002X", "6100998877")
	sent := bank.Sent{Item: 7, Amount: 5500, Account: account, Name: name, IDNumber: id}
	fresh := bank.Known{Sent: sent, Final: bank.OutcomeUnknown, SeenInReceipt: false}
	known := func(final bank.Outcome, seen bool) *bank.Known {
		return &bank.Known{Sent: sent, Final: final, SeenInReceipt: seen}
	}
	amount, other, zero := money.Amount(5500), money.Amount(5501), money.Amount(0)
	success := bank.Answer{Item: 7, Outcome: bank.OutcomeSucceeded, Amount: &amount}
	with := func(change func(*bank.Answer)) bank.Answer {
		a := success
		change(&a)
		return a
	}
	failure := func(code string) bank.Answer { return bank.Answer{Item: 7, Outcome: bank.OutcomeFailed, Code: code} }
	tests := []struct {
		name  string
		give  bank.Answer
		known *bank.Known
		want  string
	}{
		{"a success", success, &fresh, "recorded succeeded SUCCESS "},
		{"a failure", failure("AC04"), &fresh, "recorded failed FIX_ACCOUNT "},
		{"a failure of nothing", with(func(a *bank.Answer) { a.Outcome, a.Code, a.Amount = bank.OutcomeFailed, "AC04", &zero }), &fresh, "recorded failed FIX_ACCOUNT "},
		{"a failure that nobody knows", failure("ZZ99"), &fresh, "pending unknown UNKNOWN "},
		{"a success whose code claims otherwise", with(func(a *bank.Answer) { a.Code, a.Class = "AC04", bank.ClassFixAccount }), &fresh, "recorded succeeded SUCCESS "},
		{"still processing", with(func(a *bank.Answer) { a.Outcome = bank.OutcomePending }), &fresh, "pending pending UNKNOWN "},
		{"the same again", success, known(bank.OutcomeSucceeded, false), "repeated succeeded SUCCESS "},
		{"a contradiction", failure("AC04"), known(bank.OutcomeSucceeded, false), "refused failed FIX_ACCOUNT contradicts_outcome"},
		{"the other contradiction", success, known(bank.OutcomeFailed, false), "refused succeeded SUCCESS contradicts_outcome"},
		{"no such item", success, nil, "refused succeeded SUCCESS unknown_item"},
		{"twice in one file", success, known(bank.OutcomeUnknown, true), "refused succeeded SUCCESS duplicate_line"},
		{"another batch", with(func(a *bank.Answer) { a.BatchNumber = "00000002" }), &fresh, "refused succeeded SUCCESS unknown_item"},
		{"no amount", with(func(a *bank.Answer) { a.Amount = nil }), &fresh, "refused succeeded SUCCESS amount_missing"},
		{"one fen more", with(func(a *bank.Answer) { a.Amount = &other }), &fresh, "refused succeeded SUCCESS amount_differs"},
		{"the name as banks write it", with(func(a *bank.Answer) { a.Name = "阿依古丽•买买提" }), &fresh, "recorded succeeded SUCCESS "},
		{"another name", with(func(a *bank.Answer) { a.Name = "李四光" }), &fresh, "refused succeeded SUCCESS party_differs"},
		{"another id number", with(func(a *bank.Answer) { a.IDNumber = "440524188001010014" }), &fresh, "refused succeeded SUCCESS party_differs"},
		{"another account", with(func(a *bank.Answer) { a.Account = "6100998878" }), &fresh, "refused succeeded SUCCESS party_differs"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := bank.Decide(bank.SentBatch{ID: 1, Number: "00000001"}, tt.give, tt.known)
			got := string(d.Disposition) + " " + d.Outcome.String() + " " + string(d.Class) + " " + d.Refusal
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("decided (-want +got):\n%s", diff)
			}
			if (d.Refusal == "") != (d.Reason == "") {
				t.Errorf("refusal %q has the reason %q", d.Refusal, d.Reason)
			}
		})
	}
}

func TestFileProof(t *testing.T) {
	t.Parallel()
	figure := func(s string) *bank.Figure {
		f, err := bank.ParseFigure(s)
		if err != nil {
			t.Fatal(err)
		}
		return &f
	}
	line := bank.Result{Level: "item", ItemID: "7", Amount: figure("55.00")}
	batch := bank.Result{Level: "batch", Amount: figure("999.00")}
	two, three, sum, wrong := 2, 3, money.Amount(11_000), money.Amount(11_001)
	tests := []struct {
		name string
		head bank.Receipt
		give []bank.Record
		want error
	}{
		{"agrees", bank.Receipt{Count: &two, Amount: &sum}, []bank.Record{batch, line, line, bank.End{}}, nil},
		{"nothing beside it", bank.Receipt{}, []bank.Record{line, bank.End{}}, nil},
		{"another count", bank.Receipt{Count: &three}, []bank.Record{line, line, bank.End{}}, bank.ErrControlTotal},
		{"another sum", bank.Receipt{Amount: &wrong}, []bank.Record{line, line, bank.End{}}, bank.ErrControlTotal},
		{"cut off", bank.Receipt{}, []bank.Record{line, line}, bank.ErrQuarantine},
		{"three decimals", bank.Receipt{}, []bank.Record{bank.Result{Amount: figure("55.001")}, bank.End{}}, bank.ErrQuarantine},
		{"contradicts itself", bank.Receipt{}, []bank.Record{bank.Problem{Severity: bank.SeverityError}, bank.End{}}, bank.ErrQuarantine},
		{"warns", bank.Receipt{}, []bank.Record{bank.Problem{Severity: bank.SeverityWarning}, bank.End{}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var p bank.FileProof
			var err error
			for _, r := range tt.give {
				if err == nil {
					err = p.Take(r)
				}
			}
			if err == nil {
				err = p.Check(tt.head)
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if err != nil && !bank.SpeaksOfContent(err) {
				t.Errorf("%v does not set the file aside", err)
			}
		})
	}
}
