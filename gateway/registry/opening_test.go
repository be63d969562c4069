package registry_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/fault"
	"twoline/gateway/once"
	"twoline/gateway/registry"
)

// keep returns a Render that keeps the result in a variable.
func keep[T any](into *T) once.Render {
	return func(result any) (once.Answer, error) {
		*into, _ = result.(T)
		return once.Answer{Status: 200, Body: []byte("done")}, nil
	}
}

func (w *world) openAccounts(by approval.Officer, cmd registry.OpenAccounts) (registry.OpenedAccounts, error) {
	var out registry.OpenedAccounts
	_, err := w.OpenAccounts(context.Background(), request("officer"), keep(&out), by, cmd)
	return out, err
}

func business() approval.Officer { return officer(approval.AgencyBusiness, chencang, approval.Maker) }

// upload stores a result file as the shared intake does and returns its receipt.
func (w *world) upload(o registry.AccountOpening, name, content string) int64 {
	w.t.Helper()
	return w.uploadPart(o, name, "", content)
}

func (w *world) uploadPart(o registry.AccountOpening, name, part, content string) int64 {
	w.t.Helper()
	var r bank.Receipt
	_, err := w.in.Receive(context.Background(), request("bank:"+o.Bank), keep(&r), bank.Receipt{
		Area: o.Area, Bank: o.Bank, Kind: bank.ReceiptOpeningResult, Subject: o.ID, Name: name, Part: part,
		ReceivedBy: "bank:" + o.Bank,
	}, strings.NewReader(content), func([sha256.Size]byte) error { return nil })
	if err != nil {
		w.t.Fatal(err)
	}
	return r.ID
}

func (w *world) takeIn(receipt int64) {
	w.t.Helper()
	if err := w.TakeIn(context.Background(), chencang, receipt); err != nil {
		w.t.Error(err)
	}
}

// outcome returns a receipt's state and its rows/recorded/repeated/pending/refused.
func (w *world) outcome(receipt int64) string {
	w.t.Helper()
	var s string
	err := w.sql.QueryRow(context.Background(), `select format('%s %s/%s/%s/%s/%s%s', state, rows, recorded, repeated,
		pending, refused, case when code = '' then '' else ': ' || code end) from receipt where id = $1`,
		receipt).Scan(&s)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// resultLine answers for the n-th member: social no., name, id, account, mandate.
func resultLine(n int, account, mandate string) string {
	return fmt.Sprintf("SB%08d|王%d|%s|%s|%s\n", n, n, id(n), account, mandate)
}

func TestOpenAccounts_BatchesInFileOrder(t *testing.T) {
	t.Parallel()
	w := settled(t)
	w.must(registry.KindMembers, membersCSV(1000, 2001))
	w.must(registry.KindMembers, "id_number,social_no,name,region,scheme,joined_on\n"+
		id(2001)+",SB2001,𠮷田,610304100002,rural,2010-01-01\n"+id(2002)+",SB2002,末,610304100002,rural,2010-01-01\n")
	out, err := w.openAccounts(business(), registry.OpenAccounts{Bank: "psbc"})
	if err != nil {
		t.Fatal(err)
	}
	var counts []int
	for _, o := range out.Openings {
		counts = append(counts, o.Count)
	}
	// Five members of the world have no card, 1001 came later, and of the last two one name is not in GBK.
	if d := cmp.Diff([]int{500, 500, 7}, counts); d != "" || out.Left != 1 || out.More {
		t.Fatalf("%+v\n%s", out, d)
	}
	last := out.Openings[2]
	file, err := w.BankOpeningFile(context.Background(), bank.Caller{Code: "psbc"}, last.ID)
	if err != nil || sha256.Sum256(file.Content) != last.FileDigest {
		t.Fatalf("file of the last batch: %v", err)
	}
	lines := strings.Split(strings.TrimSpace(string(file.Content)), "\n")
	if len(lines) != 7 || lines[6] != "SB2002|末|"+id(2002)+"|610304100002|西关村" {
		t.Errorf("rows end with %q", lines[6])
	}
	if n := w.count(`select count(*) from exception_case where kind = 'account_opening_left'`); n != 1 {
		t.Errorf("%d cases for names that the file cannot carry, want 1", n)
	}
	// Nobody is asked for twice while the bank has not answered; the one left over is tried again.
	if again, err := w.openAccounts(business(), registry.OpenAccounts{Bank: "rcc"}); !errors.Is(err,
		registry.ErrNothing) {
		t.Errorf("second request: %+v, %v", again, err)
	}
}

func TestOpenAccounts_Refusals(t *testing.T) {
	t.Parallel()
	w := settled(t)
	checker := officer(approval.AgencyBusiness, chencang, approval.Checker)
	for name, tt := range map[string]struct {
		by   approval.Officer
		cmd  registry.OpenAccounts
		want error
	}{
		"a checker": {checker, registry.OpenAccounts{Bank: "psbc"}, approval.ErrDuty},
		"finance": {
			officer(approval.AgencyFinance, chencang, approval.Maker),
			registry.OpenAccounts{Bank: "psbc"},
			approval.ErrDuty,
		},
		"another area's region": {
			business(),
			registry.OpenAccounts{Bank: "psbc", Region: 320923100000},
			registry.ErrOutside,
		},
		"no such bank": {business(), registry.OpenAccounts{Bank: "nobank"}, registry.ErrBank},
		"nobody there": {
			business(),
			registry.OpenAccounts{Bank: "psbc", Region: 610304100002},
			registry.ErrNothing,
		},
		"another area's officer": {
			officer(approval.AgencyBusiness, 320923, approval.Maker),
			registry.OpenAccounts{Bank: "psbc"},
			registry.ErrBank,
		},
		"a township with villages": {business(), registry.OpenAccounts{Bank: "psbc", Region: 610304100000}, nil},
	} {
		if _, err := w.openAccounts(tt.by, tt.cmd); !errors.Is(err, tt.want) {
			t.Errorf("%s: error = %v, want %v", name, err, tt.want)
		}
	}
}

func TestOpeningFile_IsTheBanksOwn(t *testing.T) {
	t.Parallel()
	w := settled(t)
	out, err := w.openAccounts(business(), registry.OpenAccounts{Bank: "psbc"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, o := context.Background(), out.Openings[0]
	if _, err := w.BankOpeningFile(ctx, bank.Caller{Code: "rcc"}, o.ID); !errors.Is(err, registry.ErrOpening) {
		t.Errorf("another bank: %v", err)
	}
	if _, err := w.BankOpening(ctx, bank.Caller{Code: "nobank"}, o.ID); !errors.Is(err, registry.ErrOpening) {
		t.Errorf("an unknown bank: %v", err)
	}
	if got, err := w.BankOpening(ctx, bank.Caller{Code: "psbc"}, o.ID); err != nil || got != o {
		t.Errorf("its own: %+v, %v", got, err)
	}
	if f, err := w.OfficerOpeningFile(ctx, business(), o.ID); err != nil || f.Count != 5 {
		t.Errorf("the area's officer: %v", err)
	}
	other := officer(approval.AgencyBusiness, 320923, approval.Maker)
	if _, err := w.OfficerOpeningFile(ctx, other, o.ID); !errors.Is(err, registry.ErrOpening) {
		t.Errorf("another area's officer: %v", err)
	}
	if _, err := w.OfficerOpeningFile(ctx, officer(approval.FinanceBureau, chencang, approval.Maker),
		o.ID); !errors.Is(err, approval.ErrDuty) {
		t.Errorf("finance: %v", err)
	}
	// The digest was frozen: whatever changed the data behind it is seen.
	w.db.Exec(t, `update member set name = '王改' where id_number = $1`, id(5))
	if _, err := w.BankOpeningFile(ctx, bank.Caller{Code: "psbc"}, o.ID); fault.CodeOf(err) != "file_changed" {
		t.Errorf("changed data: %v", err)
	}
}

func TestTakeIn_NumbersBecomeInstrumentsAndMandates(t *testing.T) {
	t.Parallel()
	w := settled(t)
	out, err := w.openAccounts(business(), registry.OpenAccounts{Bank: "psbc"})
	if err != nil {
		t.Fatal(err)
	}
	o := out.Openings[0]
	// Rows 5 to 9: a card with the bank's mandate, a passbook, a refusal, one still in work, a middle dot in the name.
	content := resultLine(5, card(500), "MB-5") + strings.TrimSuffix(resultLine(6, "8801-77", ""), "\n") + "|2\n" +
		resultLine(7, "-", "证件过期") + resultLine(8, "?", "") + resultLine(9, card(509), "")
	receipt := w.upload(o, "r1.txt", content)
	// The job engine may run one job on two workers.
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() { w.takeIn(receipt) })
	}
	wait.Wait()
	if got := w.outcome(receipt); got != "processed 5/4/0/1/0" {
		t.Errorf("outcome = %s", got)
	}
	member := `(select id from member where id_number = $1)`
	for _, tt := range []struct {
		n    int
		kind string
		no   string
		want string
	}{
		{5, "card", card(500), "MB-5"},
		{6, "passbook", "8801-77", "610304-psbc-"},
		{9, "card", card(509), "610304-psbc-"},
	} {
		if n := w.count(`select count(*) from instrument where member_id = `+member+` and kind = $2 and account_no = $3
			and not activated and for_payout and bank = 'psbc'`, id(tt.n), tt.kind, tt.no); n != 1 {
			t.Errorf("member %d has %d instruments", tt.n, n)
		}
		if n := w.count(`select count(*) from mandate where member_id = `+member+` and number like $2 || '%'`,
			id(tt.n), tt.want); n != 1 {
			t.Errorf("member %d has %d mandates", tt.n, n)
		}
	}
	// Run again after a crash, nothing changes; the same rows in another file are repeated.
	before := w.tables()
	w.takeIn(receipt)
	if c := changed(before, w.tables()); c != "" {
		t.Errorf("taking in twice changed %s", c)
	}
	second := w.upload(o, "r2.txt", content[:strings.Index(content, "SB00000008")]+resultLine(8, card(508), ""))
	w.takeIn(second)
	if got := w.outcome(second); got != "processed 4/1/3/0/0" {
		t.Errorf("outcome of the second file = %s", got)
	}
	// The member whom the bank refused may be asked for again.
	again, err := w.openAccounts(business(), registry.OpenAccounts{Bank: "rcc"})
	if err != nil || len(again.Openings) != 1 || again.Openings[0].Count != 1 {
		t.Errorf("%+v, %v", again, err)
	}
}

func TestTakeIn_RefusesRowsThatDoNotAgree(t *testing.T) {
	t.Parallel()
	w := settled(t)
	out, err := w.openAccounts(business(), registry.OpenAccounts{Bank: "psbc"})
	if err != nil {
		t.Fatal(err)
	}
	o := out.Openings[0]
	wrongCard := card(506)[:18] + string('0'+(card(506)[18]-'0'+1)%10)
	first := w.upload(o, "r1.txt", resultLine(6, card(506), "M6")+ // good
		resultLine(5, card(505), "")+ // before the one above in the file
		strings.Replace(resultLine(7, card(507), ""), "王7", "王八", 1)+
		strings.Replace(resultLine(8, card(508), ""), id(8), id(9), 1)+
		resultLine(1, card(501), "")+ // not in the opening
		resultLine(9, wrongCard, ""))
	w.takeIn(first)
	if got := w.outcome(first); got != "processed 6/1/0/0/5" {
		t.Errorf("outcome = %s", got)
	}
	second := w.upload(o, "r2.txt", resultLine(6, card(599), "")+resultLine(7, card(506), "M6")+
		resultLine(8, card(508), "a|b"))
	w.takeIn(second)
	if got := w.outcome(second); got != "processed 3/1/0/0/2" {
		t.Errorf("outcome of other answers = %s", got)
	}
	if n := w.count(`select count(*) from exception_case where kind = 'account_opening_row'`); n != 7 {
		t.Errorf("%d cases, want one a refused row: 7", n)
	}
	if n := w.count(`select count(*) from exception_case where text like '%王%' or text like '%6103%'`); n != 0 {
		t.Errorf("%d cases hold personal data", n)
	}
	if n := w.count(`select count(*) from instrument where bank = 'psbc'`); n != 5+2 {
		t.Errorf("%d instruments, want 7", n)
	}
}

func TestTakeIn_FilesThatContradictThemselvesAreSetAside(t *testing.T) {
	t.Parallel()
	w := settled(t)
	out, err := w.openAccounts(business(), registry.OpenAccounts{Bank: "psbc"})
	if err != nil {
		t.Fatal(err)
	}
	o := out.Openings[0]
	foreign := o
	foreign.Bank = "rcc"
	for name, tt := range map[string]struct {
		o       registry.AccountOpening
		content string
		want    string
	}{
		"malformed": {o, resultLine(5, card(505), "") + "BROKEN", "quarantined 0/0/0/0/0: malformed_row"},
		"cut off": {
			o, resultLine(5, card(505), "") + resultLine(6, "-", "CUT"),
			"quarantined 0/0/0/0/0: not_ended",
		},
		"more rows than allowed": {
			o, strings.Repeat(resultLine(5, card(505), ""), 501),
			"quarantined 0/0/0/0/0: too_many_rows",
		},
		"another bank's opening": {
			foreign, resultLine(5, card(505), ""),
			"quarantined 0/0/0/0/0: account_opening_not_found",
		},
	} {
		receipt := w.upload(tt.o, name, tt.content)
		w.takeIn(receipt)
		if got := w.outcome(receipt); got != tt.want {
			t.Errorf("%s: outcome = %s, want %s", name, got, tt.want)
		}
	}
	if n := w.count(`select count(*) from account_opening_answer`); n != 0 {
		t.Errorf("%d answers of files set aside", n)
	}
}

func TestTakeIn_ASharedNumberIsAnAlarm(t *testing.T) {
	t.Parallel()
	w := settled(t)
	out, err := w.openAccounts(business(), registry.OpenAccounts{Bank: "psbc"})
	if err != nil {
		t.Fatal(err)
	}
	receipt := w.upload(out.Openings[0], "r", resultLine(5, card(0), "")+resultLine(6, card(606), "")+
		resultLine(7, card(606), ""))
	w.takeIn(receipt)
	if got := w.outcome(receipt); got != "processed 3/3/0/0/0" {
		t.Errorf("outcome = %s", got)
	}
	if n := w.count(`select count(*) from exception_case where kind = 'account_shared'`); n != 2 {
		t.Errorf("%d alarms, want 2", n)
	}
}
