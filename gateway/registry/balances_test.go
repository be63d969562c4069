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
	"github.com/jackc/pgx/v5"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

func finance(area party.Area) approval.Officer {
	return officer(approval.AgencyFinance, area, approval.Maker)
}

// askBalances asks for opening balances as the API does.
func (w *world) askBalances(by approval.Officer, balances ...registry.OpeningBalance) ([]casework.Request, error) {
	if err := registry.CheckBalances(balances); err != nil {
		return nil, err
	}
	asks := make([]casework.Ask, len(balances))
	for i, b := range balances {
		asks[i] = casework.Ask{
			Kind: casework.OpeningBalance, Word: casework.Entered, Subject: b.FundAccount, ValueDate: b.Day, Amount: b.Balance,
			Document: b.StatementNumber, DocumentDigest: b.StatementDigest,
		}
	}
	var out []casework.Request
	_, err := w.cases.AskAll(context.Background(), request("officer"), keep(&out), by, asks)
	return out, err
}

// openBalances has two people of finance agree.
func (w *world) openBalances(by approval.Officer, balances ...registry.OpeningBalance) error {
	asked, err := w.askBalances(by, balances...)
	if err != nil {
		return err
	}
	for _, r := range asked {
		if _, err := w.agree(checkerOf(approval.AgencyFinance), r); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) account(role ledger.Role) int64 {
	w.t.Helper()
	var id int64
	err := w.sql.QueryRow(context.Background(), `select id from fund_account where role = $1`, role).Scan(&id)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func balance(account int64, amount string) registry.OpeningBalance {
	return registry.OpeningBalance{
		FundAccount: account, Day: calendar.MustDay("2010-12-31"), Balance: money.MustParse(amount),
		StatementNumber: "2010/12",
	}
}

func TestOpenBalances(t *testing.T) {
	t.Parallel()
	w := settled(t)
	special, income := w.account(ledger.FiscalSpecial), w.account(ledger.Income)
	withDigest := balance(special, "881376.20")
	withDigest.StatementDigest = make([]byte, 32)
	asked, err := w.askBalances(finance(chencang), withDigest, balance(income, "0.00"))
	if err != nil || len(asked) != 2 || asked[0].Amount != withDigest.Balance || asked[0].State != casework.Submitted ||
		!strings.Contains(asked[0].About, "fiscal_special account of rural at psbc") {
		t.Fatalf("%+v, %v", asked, err)
	}
	if n := w.count(`select count(*) from opening_balance`) + w.count(`select count(*) from entry`); n != 0 {
		t.Errorf("one person entered or booked %d balances", n)
	}
	for name, tt := range map[string]struct {
		by   approval.Officer
		want error
	}{
		"the maker":                      {finance(chencang), approval.ErrDuty},
		"a checker of agency's business": {checkerOf(approval.AgencyBusiness), approval.ErrDuty},
	} {
		if _, err := w.agree(tt.by, asked[0]); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	if _, err := w.askBalances(finance(chencang), balance(income, "1.00")); !errors.Is(err, casework.ErrOpen) {
		t.Errorf("asked twice: %v", err)
	}
	for _, r := range asked {
		if _, err := w.agree(checkerOf(approval.AgencyFinance), r); err != nil {
			t.Fatal(err)
		}
	}
	var lines string
	err = w.sql.QueryRow(context.Background(), `select string_agg(format('%s %s %s %s %s', side, role, amount,
		accounted_on, coalesce(fund_account = $1, false)), '; ' order by line) from posting`, special).Scan(&lines)
	want := "debit fiscal_special 88137620 2011-01-01 t; credit fund_balance 88137620 2011-01-01 f"
	if d := cmp.Diff(want, lines); d != "" || err != nil {
		t.Errorf("%v\n%s", err, d)
	}
	if n := w.count(`select count(*) from opening_balance where day = '2010-12-31' and entered_by = $1
		and (statement_digest is not null) = (balance > 0)`, finance(chencang).Login); n != 2 {
		t.Errorf("%d opening balances, want 2", n)
	}
	if err := w.openBalances(finance(chencang), balance(income, "1.00")); !errors.Is(err, registry.ErrOpened) {
		t.Errorf("entered twice: %v", err)
	}
	w.proveBook()
}

// What one person asked for is rejected, or withdrawn, or refused by the tables, and
// a day that was sealed meanwhile takes no balance.
func TestF88_OpeningBalancesRestOnTwoPeople(t *testing.T) {
	t.Parallel()
	w := settled(t)
	income := w.account(ledger.Income)
	w.hire("second", 92, approval.AgencyFinance, chencang, approval.Checker)
	second := checkerOf(approval.AgencyFinance)
	second.Login = "second"
	asked, err := w.askBalances(finance(chencang), balance(income, "5.00"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.agree(second, asked[0]); !errors.Is(err, approval.ErrSamePerson) {
		t.Errorf("the maker's other login: %v", err)
	}
	ctx := context.Background()
	app, err := pgx.Connect(ctx, w.db.AppURL)
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close(ctx) //nolint:errcheck // a connection of the test
	_, err = app.Exec(ctx, `
		insert into opening_balance (area, fund_account, day, balance, statement_number, entered_by, entered_at, decision_id)
		select area, subject_id, value_date, amount, document, maker, now(), id from decision_request`)
	if err == nil || !strings.Contains(err.Error(), "nobody approved") {
		t.Errorf("straight into the table: %v", err)
	}
	var out casework.Request
	_, err = w.cases.Reject(ctx, request("officer"), into(&out), checkerOf(approval.AgencyFinance),
		casework.Verdict{ID: asked[0].ID, Digest: asked[0].Digest, Reason: "another statement"})
	if err != nil {
		t.Fatal(err)
	}
	if asked, err = w.askBalances(finance(chencang), balance(income, "6.00")); err != nil {
		t.Fatal(err)
	}
	if _, err = w.cases.Withdraw(ctx, request("officer"), into(&out), finance(chencang), asked[0].ID); err != nil {
		t.Fatal(err)
	}
	if asked, err = w.askBalances(finance(chencang), balance(income, "7.00")); err != nil {
		t.Fatal(err)
	}
	w.db.Exec(t, `update book set sealed_through = '2011-01-01'`)
	if _, err := w.agree(checkerOf(approval.AgencyFinance), asked[0]); !errors.Is(err, registry.ErrSealed) {
		t.Errorf("sealed meanwhile: %v", err)
	}
	if n := w.count(`select count(*) from opening_balance`) + w.count(`select count(*) from entry`); n != 0 {
		t.Errorf("%d balances were entered or booked", n)
	}
}

func TestOpenBalances_Refusals(t *testing.T) {
	t.Parallel()
	w := settled(t)
	income, special := w.account(ledger.Income), w.account(ledger.FiscalSpecial)
	good := balance(income, "5.00")
	late, unnumbered, badDigest := good, good, good
	late.Day = calendar.MustDay("2011-01-01")
	unnumbered.StatementNumber = ""
	badDigest.StatementDigest = []byte{1}
	stranger := w.hire("stranger", 99, approval.AgencyFinance, 320923, approval.Maker)
	for name, tt := range map[string]struct {
		by   approval.Officer
		give []registry.OpeningBalance
		want error
	}{
		"nothing":          {finance(chencang), nil, registry.ErrBalances},
		"an account twice": {finance(chencang), []registry.OpeningBalance{good, good}, registry.ErrBalances},
		"a negative balance": {
			finance(chencang),
			[]registry.OpeningBalance{{FundAccount: income, Day: good.Day, Balance: -1, StatementNumber: "1"}},
			registry.ErrBalances,
		},
		"no statement":  {finance(chencang), []registry.OpeningBalance{unnumbered}, registry.ErrBalances},
		"half a digest": {finance(chencang), []registry.OpeningBalance{badDigest}, registry.ErrBalances},
		"another day":   {finance(chencang), []registry.OpeningBalance{late}, registry.ErrOpeningDay},
		"an unknown account": {
			finance(chencang),
			[]registry.OpeningBalance{balance(special, "1.00"), balance(1, "5.00")},
			registry.ErrFundAccount,
		},
		"another area's officer": {stranger, []registry.OpeningBalance{good}, registry.ErrFundAccount},
		"agency business":        {business(), []registry.OpeningBalance{good}, approval.ErrDuty},
		"a checker":              {checkerOf(approval.AgencyFinance), []registry.OpeningBalance{good}, approval.ErrDuty},
	} {
		before := w.tables()
		if _, err := w.askBalances(tt.by, tt.give...); !errors.Is(err, tt.want) {
			t.Errorf("%s: error = %v, want %v", name, err, tt.want)
		}
		if c := changed(before, w.tables()); c != "" {
			t.Errorf("%s changed %s", name, c)
		}
	}
	w.db.Exec(t, `update book set sealed_through = '2011-01-01'`)
	if _, err := w.askBalances(finance(chencang), good); !errors.Is(err, registry.ErrSealed) {
		t.Errorf("a sealed day: %v", err)
	}
	if r, err := w.try(registry.KindOpeningAccounts, openingsHead+id(0)+",1.00,0.00,0.00,0.00\n",
		registry.Options{}); !errors.Is(err, registry.ErrRefused) || r.Lines[0].Code != "book_sealed" {
		t.Errorf("personal account on a sealed day: %+v, %v", r, err)
	}
}

func TestOpenBalances_OnceAnAccountEvenAtTheSameMoment(t *testing.T) {
	t.Parallel()
	w := settled(t)
	income := w.account(ledger.Income)
	var wait sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		wait.Go(func() {
			errs[i] = w.openBalances(finance(chencang), balance(income, fmt.Sprintf("%d.00", i+1)))
		})
	}
	wait.Wait()
	done := 0
	for _, err := range errs {
		switch {
		case err == nil:
			done++
		case !errors.Is(err, registry.ErrOpened) && !errors.Is(err, casework.ErrOpen):
			t.Errorf("error = %v, want ErrOpened or ErrOpen", err)
		}
	}
	if done != 1 || w.count(`select count(*) from entry`) != 1 {
		t.Errorf("%d balances were taken, want 1", done)
	}
	w.proveBook()
}

func TestOpeningAccounts_OneEntryAChunkAndScheme(t *testing.T) {
	t.Parallel()
	w := settled(t)
	w.must(registry.KindFundAccounts, "scheme,role,bank,account_no,name,opened_on\n"+
		"urban,fiscal_special,psbc,6200002,专户,2011-02-01\n")
	w.must(registry.KindMembers, "id_number,social_no,name,region,scheme,joined_on\n"+
		id(50)+",SB50,城,610304100001,urban,2010-01-01\n"+id(51)+",SB51,地,610304100001,land_lost,2010-01-01\n")
	r, err := w.try(registry.KindOpeningAccounts, openingsHead+id(0)+",100.00,0.00,30.00,1.00\n"+
		id(50)+",0.00,7.00,0.00,0.00\n"+id(1)+",0.00,0.00,0.00,0.00\n"+id(51)+",1.00,0.00,0.00,0.00\n",
		registry.Options{})
	if err != nil || r.Imported != 3 || r.Lines[0].Code != "no_book" || r.Decision == 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if n := w.count(`select count(*) from personal_opening`) + w.count(`select count(*) from entry`); n != 0 {
		t.Errorf("one person entered or booked %d accounts", n)
	}
	if err := w.approve(approval.AgencyFinance, r.Decision); !errors.Is(err, approval.ErrDuty) {
		t.Errorf("approved by finance: %v", err)
	}
	if err := w.approve(approval.AgencyBusiness, r.Decision); err != nil {
		t.Fatal(err)
	}
	var got string
	err = w.sql.QueryRow(context.Background(), `select string_agg(format('%s %s %s lines %s', scheme, accounted_on,
		kind,
		line_count), '; ' order by scheme) from entry`).Scan(&got)
	if want := "rural 2011-01-01 opening lines 4; urban 2011-02-01 opening lines 2"; err != nil || got != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	if n := w.count(`select count(*) from posting where role like 'personal_%' and role <> 'personal_control'
		and (nature <> 'item' or member_id is null)`); n != 0 {
		t.Errorf("%d lines name no member", n)
	}
	w.proveBook()
}

// A list of personal accounts waits for its approval: the same lines are known until
// then, others contradict them, and a list that was rejected holds nothing up.
func TestF88_OpeningAccountsRestOnTwoPeople(t *testing.T) {
	t.Parallel()
	w := settled(t)
	line := func(n int, amount string) string { return id(n) + "," + amount + ",0.00,0.00,0.00\n" }
	take := func(lines string) registry.Report {
		t.Helper()
		r, err := w.try(registry.KindOpeningAccounts, openingsHead+lines, registry.Options{})
		if err != nil && !errors.Is(err, registry.ErrRefused) {
			t.Fatal(err)
		}
		return r
	}
	first := take(line(0, "1.00") + line(1, "2.00"))
	if again := take(line(0, "1.00") + line(1, "2.00")); again.Repeated != 2 || again.Decision != 0 {
		t.Errorf("the same list again: %+v", again)
	}
	if other := take(line(0, "3.00")); other.Refused != 1 {
		t.Errorf("another amount for who waits: %+v", other)
	}
	asked, err := w.cases.Request(context.Background(), checkerOf(approval.AgencyBusiness), first.Decision)
	if err != nil || !strings.HasPrefix(asked.About, "personal accounts of 2 members at go-live: individual 3.00,") ||
		fmt.Sprintf("%x", asked.DocumentDigest) != fmt.Sprintf("%x", sha256.Sum256([]byte(openingsHead+line(0, "1.00")+line(1, "2.00")))) {
		t.Errorf("shown %q of file %x, %v", asked.About, asked.DocumentDigest, err)
	}
	var out casework.Request
	_, err = w.cases.Reject(context.Background(), request("officer"), into(&out), checkerOf(approval.AgencyBusiness),
		casework.Verdict{ID: asked.ID, Digest: asked.Digest, Reason: "of another year"})
	if err != nil {
		t.Fatal(err)
	}
	second := take(line(0, "3.00") + line(2, "4.00"))
	third := take(line(1, "5.00"))
	for _, r := range []registry.Report{third, second} {
		if err := w.approve(approval.AgencyBusiness, r.Decision); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.count(`select sum(individual)::int from personal_opening`); n != 1200 {
		t.Errorf("%d fen were entered, want 1200", n)
	}
	if n := w.count(`select count(*) from personal_opening o join decision_request q on q.id = o.decision_id
		join approval a on a.decision_request = q.id and a.decided_at = o.entered_at and a.person_id <> q.maker_person
		join personal_opening_asked k on k.list_id = o.list_id and k.member_id = o.member_id
		     and k.individual = o.individual`); n != 3 {
		t.Errorf("%d accounts rest on their approval, want 3", n)
	}
	if again := take(line(0, "3.00")); again.Repeated != 1 {
		t.Errorf("what was entered: %+v", again)
	}
	w.proveBook()
}
