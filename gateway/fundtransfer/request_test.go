package fundtransfer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
)

func (w *world) ask(by string, change func(*fundtransfer.Ask)) (fundtransfer.Request, error) {
	ask := fundtransfer.Ask{
		Account: w.account(ledger.Expenditure), Month: calendar.MustMonth("2011-05"),
		Amount: money.MustParse("2420385.00"), NeededBy: calendar.MustDay("2011-05-20"), Document: "支付审批表 2011-05",
	}
	if change != nil {
		change(&ask)
	}
	var made fundtransfer.Request
	render := func(v any) (once.Answer, error) {
		made, _ = v.(fundtransfer.Request)
		return once.Answer{Status: 201, ContentType: "text/plain", Body: []byte("asked"), Replayed: false}, nil
	}
	_, err := w.transfers.Request(context.Background(), w.request(), render, w.officer(by), ask)
	return made, err
}

func (w *world) allocation(request int64, amount string) fundtransfer.Instruction {
	i := w.instruction(move{ledger.Allocation, ledger.FiscalSpecial, ledger.Expenditure}, 0)
	i.Request, i.Amount = request, money.MustParse(amount)
	return i
}

func TestAFundingRequestIsAllocatedInParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2011-05-16")
	w.fund(ledger.FiscalSpecial, "5000000.00")
	auditor := w.officer("auditor")
	made, err := w.ask("finance-maker", nil)
	if err != nil {
		t.Fatal(err)
	}
	found, err := w.transfers.FindRequest(context.Background(), auditor, made.ID)
	if err != nil || found != made || made.Scheme != ledger.Rural || made.Open() != made.Amount ||
		made.RequestedBy != w.officer("finance-maker").Login {
		t.Errorf("asked %+v, found %+v, %v", made, found, err)
	}

	w.book("bureau", w.allocation(made.ID, "2000000.00"))
	part, err := w.transfers.FindRequest(context.Background(), auditor, made.ID)
	if err != nil || part.Allocated.String() != "2000000.00" || part.Open().String() != "420385.00" {
		t.Errorf("after the first part: %+v, %v", part, err)
	}
	asked, err := w.transfers.AskedFor(context.Background(), w.officer("business-maker"))
	if err != nil || len(asked) != 1 || asked[w.account(ledger.Expenditure)].String() != "420385.00" {
		t.Errorf("asked for %v, %v", asked, err)
	}
	_, err = w.submit("bureau-maker", w.allocation(made.ID, "420385.01"))
	wantCode(t, err, "funding_request_exceeded")
	wantText(t, err, "420385.00")
	// An allocation without a request is the bureau's to make, and serves none.
	w.book("bureau", w.allocation(0, "1.00"))
	w.book("bureau", w.allocation(made.ID, "420385.00"))
	open, err := w.transfers.Requests(context.Background(), auditor, fundtransfer.RequestFilter{Open: true})
	if err != nil || len(open) != 0 {
		t.Errorf("still open: %+v, %v", open, err)
	}
	all, err := w.transfers.Requests(context.Background(), auditor, fundtransfer.RequestFilter{})
	if err != nil || len(all) != 1 || all[0].Open() != 0 {
		t.Errorf("all: %+v, %v", all, err)
	}
	if asked, err := w.transfers.AskedFor(context.Background(), auditor); err != nil || len(asked) != 0 {
		t.Errorf("asked for %v, %v", asked, err)
	}
	w.wantBalance(ledger.Expenditure, "2420386.00")
}

// Two allocations in full for one request: the second booking finds nothing open.
func TestAFundingRequestIsNotAllocatedTwiceAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2011-05-16")
	w.fund(ledger.FiscalSpecial, "100000000.00")
	const trials = 20
	for trial := range trials {
		made, err := w.ask("finance-maker", func(a *fundtransfer.Ask) { a.Amount = 100_00 })
		if err != nil {
			t.Fatal(err)
		}
		var waiting [2]fundtransfer.Transfer
		for i := range waiting {
			waiting[i] = must[fundtransfer.Transfer](t)(w.submit("bureau-maker", w.allocation(made.ID, "100.00")))
		}
		var errs [2]error
		var group sync.WaitGroup
		for i := range waiting {
			group.Go(func() { _, errs[i] = w.approve("bureau-checker", waiting[i]) })
		}
		group.Wait()
		refused := slices.IndexFunc(errs[:], func(err error) bool { return errors.Is(err, fundtransfer.ErrOverRequest) })
		if refused < 0 || errs[1-refused] != nil {
			t.Fatalf("trial %d: %v and %v, want one of them refused", trial, errs[0], errs[1])
		}
	}
	w.wantBalance(ledger.Expenditure, fmt.Sprintf("%d.00", trials*100))
}

func TestFundingRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2011-05-16")
	type ask = fundtransfer.Ask
	for name, give := range map[string]struct {
		by, code, field string
		change          func(*ask)
	}{
		"by the bureau":       {"bureau-maker", "duty_conflict", "", nil},
		"by business":         {"business-maker", "duty_conflict", "", nil},
		"by a checker":        {"finance-checker", "duty_conflict", "", nil},
		"no month":            {"finance-maker", "funding_request_invalid", "month", func(a *ask) { a.Month = calendar.Month{} }},
		"nothing":             {"finance-maker", "funding_request_invalid", "amount", func(a *ask) { a.Amount = 0 }},
		"below zero":          {"finance-maker", "funding_request_invalid", "amount", func(a *ask) { a.Amount = -1 }},
		"no document":         {"finance-maker", "funding_request_invalid", "document", func(a *ask) { a.Document = "" }},
		"two lines":           {"finance-maker", "funding_request_invalid", "document", func(a *ask) { a.Document = "a\nb" }},
		"a document of 201":   {"finance-maker", "funding_request_invalid", "document", func(a *ask) { a.Document = strings.Repeat("a", 201) }},
		"needed yesterday":    {"finance-maker", "funding_request_invalid", "effective_on", func(a *ask) { a.NeededBy = calendar.MustDay("2011-05-15") }},
		"needed on no day":    {"finance-maker", "funding_request_invalid", "effective_on", func(a *ask) { a.NeededBy = calendar.Day{} }},
		"for another role":    {"finance-maker", "funding_request_invalid", "to_account", func(a *ask) { a.Account = w.account(ledger.Income) }},
		"for another's":       {"finance-maker", "not_found", "", func(a *ask) { a.Account = 7 }},
		"for the bureau's":    {"finance-maker", "funding_request_invalid", "to_account", func(a *ask) { a.Account = w.account(ledger.FiscalSpecial) }},
		"above what a sum is": {"finance-maker", "funding_request_invalid", "amount", func(a *ask) { a.Amount = money.Max + 1 }},
	} {
		_, err := w.ask(give.by, give.change)
		refusal, ok := errors.AsType[*fault.Error](err)
		if !ok || refusal.Code != give.code || refusal.Field != give.field {
			t.Errorf("%s: %v, want %s of field %q", name, err, give.code, give.field)
		}
	}
	if n := w.count(`select count(*) from funding_request`); n != 0 {
		t.Errorf("%d requests were stored", n)
	}
	made, err := w.ask("finance-maker", nil)
	if err != nil {
		t.Fatal(err)
	}
	// Of another area, nobody's, and for another account.
	other := pgSeedOther(t, w)
	if _, err := w.transfers.FindRequest(context.Background(), other.Officers["auditor"], made.ID); !errors.Is(err,
		fundtransfer.ErrNoRequest) {
		t.Errorf("another area's request: %v", err)
	}
	w.fund(ledger.FiscalSpecial, "100.00")
	_, err = w.submit("bureau-maker", w.allocation(made.ID+1, "1.00"))
	wantCode(t, err, "funding_request_not_found")
	urban := pgSeedScheme(t, w, ledger.Urban)
	away := w.allocation(made.ID, "1.00")
	away.From, away.To = urban.Accounts[ledger.FiscalSpecial], urban.Accounts[ledger.Expenditure]
	_, err = w.submit("bureau-maker", away)
	wantCode(t, err, "funding_request_differs")
	_, err = w.transfers.Requests(context.Background(), approval.Officer{Organisation: approval.Township, Area: testArea},
		fundtransfer.RequestFilter{})
	wantCode(t, err, "duty_conflict")
	// The database holds what the code says: no other kind names a request, and a request never changes.
	if err := w.app(`insert into fund_transfer (area, scheme, kind, from_account, to_account, amount, effective_on,
			document, digest, maker, maker_person, made_at, state, funding_request)
		select area, scheme, 'sweep', $2, $3, 1, '2011-05-16', 'x', sha256('x'), $4, $5, now(), 'submitted', id
		from funding_request where id = $1`, made.ID, w.account(ledger.Income), w.account(ledger.FiscalSpecial),
		w.officer("finance-maker").Login, w.officer("finance-maker").Person); err == nil ||
		!strings.Contains(err.Error(), "request_of_allocation") {
		t.Errorf("a sweep that names a request: %v", err)
	}
	if err := w.app(`update funding_request set amount = 1 where id = $1`, made.ID); err == nil {
		t.Error("a request was changed")
	}
}
