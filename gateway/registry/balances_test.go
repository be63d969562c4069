package registry_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

func finance(area party.Area) approval.Officer {
	return officer(approval.AgencyFinance, area, approval.Maker)
}

func (w *world) openBalances(by approval.Officer, balances ...registry.OpeningBalance) ([]registry.OpenedBalance,
	error,
) {
	var out []registry.OpenedBalance
	_, err := w.OpenBalances(context.Background(), request("officer"), keep(&out), by, balances)
	return out, err
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
	got, err := w.openBalances(finance(chencang), withDigest, balance(income, "0.00"))
	if err != nil || len(got) != 2 || got[0].Entry == 0 || got[1].Entry != 0 {
		t.Fatalf("%+v, %v", got, err)
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
	w.proveBook()
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
		"another area's officer": {finance(320923), []registry.OpeningBalance{good}, registry.ErrFundAccount},
		"agency business":        {business(), []registry.OpeningBalance{good}, approval.ErrDuty},
		"a checker": {
			officer(approval.AgencyFinance, chencang, approval.Checker),
			[]registry.OpeningBalance{good},
			approval.ErrDuty,
		},
		"an officer without area": {finance(0), []registry.OpeningBalance{good}, approval.ErrDuty},
	} {
		before := w.tables()
		if _, err := w.openBalances(tt.by, tt.give...); !errors.Is(err, tt.want) {
			t.Errorf("%s: error = %v, want %v", name, err, tt.want)
		}
		if c := changed(before, w.tables()); c != "" {
			t.Errorf("%s changed %s", name, c)
		}
	}
	w.db.Exec(t, `update book set sealed_through = '2011-01-01'`)
	if _, err := w.openBalances(finance(chencang), good); !errors.Is(err, registry.ErrSealed) {
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
			_, errs[i] = w.openBalances(finance(chencang), balance(income, fmt.Sprintf("%d.00", i+1)))
		})
	}
	wait.Wait()
	done := 0
	for _, err := range errs {
		switch {
		case err == nil:
			done++
		case !errors.Is(err, registry.ErrOpened):
			t.Errorf("error = %v, want ErrOpened", err)
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
	if err != nil || r.Imported != 3 || r.Lines[0].Code != "no_book" {
		t.Fatalf("%+v, %v", r, err)
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
