package postgres_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/calendar"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
)

// hostile sends SQL of its own as the application's role, statement by statement
// in one transaction, and commits.
func (w *bookWorld) hostile(begin string, statements ...string) error {
	w.t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, w.database.AppURL)
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close(ctx) //nolint:errcheck // a connection of the test
	for _, sql := range append(append([]string{begin}, statements...), "commit") {
		if _, err := c.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// header and lines write an entry of two lines in SQL, as an attacker would.
func header(id int, kind, scheme string, rest ...string) string {
	more := map[string]string{
		"area": fmt.Sprint(bookArea), "reverses": "null", "lines": "2",
		"accounted": "2018-06-03", "effective": "2018-06-03",
	}
	set(more, rest)
	return fmt.Sprintf(`insert into entry (area, id, scheme, kind, cause, reverses, accounted_on, effective_on,
		line_count, text, actor, booked_at)
		values (%s, %d, '%s', '%s', 'hostile:%d', %s, '%s', '%s', %s, '', 'x', now())`,
		more["area"], id, scheme, kind, id, more["reverses"], more["accounted"], more["effective"], more["lines"])
}

func set(more map[string]string, rest []string) {
	for _, r := range rest {
		name, value, _ := strings.Cut(r, "=")
		more[name] = value
	}
}

type hostileLine struct {
	side, role string
	amount     int
	account    int64
	rest       []string
}

func lines(id int, kind, scheme string, list ...hostileLine) string {
	values := make([]string, len(list))
	for n, l := range list {
		more := map[string]string{
			"area": fmt.Sprint(bookArea), "line": fmt.Sprint(n + 1),
			"accounted": "2018-06-03", "effective": "2018-06-03",
			"red": "false", "reversal": "false", "scheme": scheme, "kind": kind,
		}
		set(more, l.rest)
		account := "null"
		if l.account != 0 {
			account = fmt.Sprint(l.account)
		}
		values[n] = fmt.Sprintf(`(%s, %d, %s, '%s', '%s', '%s', '%s', '%s', '%s', 'direct', %s, %s, %d, %s)`,
			more["area"], id, more["line"], more["scheme"], more["kind"], more["effective"], more["accounted"], l.side,
			l.role, more["red"], more["reversal"], l.amount, account)
	}
	return `insert into posting (area, entry_id, line, scheme, kind, effective_on, accounted_on, side, role, nature,
		red, reversal, amount, fund_account) values ` + strings.Join(values, ", ")
}

// TestHostileSQL tries to write what the book must never hold, with every
// privilege that the application has, and finds every table as it was.
func TestHostileSQL(t *testing.T) {
	t.Parallel()
	w := newBookWorld(t, "2018-06-01", "2018-06-03")
	today := calendar.MustDay("2018-06-03")
	good := w.mustBook(w.contribution(today, 100000), w.subsidy(today, 100000))
	w.seal("2018-06-02")
	other := seedScheme(w, ledger.Urban)
	acct := w.books.Accounts
	in, special, out := acct[ledger.Income], acct[ledger.FiscalSpecial], acct[ledger.Expenditure]
	fixed := acct[ledger.FixedDeposit]
	dr := func(role string, account int64, rest ...string) hostileLine {
		return hostileLine{"debit", role, 100, account, rest}
	}
	cr := func(role string, account int64, rest ...string) hostileLine {
		return hostileLine{"credit", role, 100, account, rest}
	}
	write := func(kind string, list ...hostileLine) []string {
		return []string{header(1, kind, "rural"), lines(1, kind, "rural", list...)}
	}
	gift := write("donation", dr("fiscal_special", special), cr("other_income", 0))
	more := lines(1, "donation", "rural", dr("fiscal_special", special, "line=3"), cr("other_income", 0, "line=4"))
	cases := []struct {
		name, want, begin string
		sql               []string
	}{
		{
			"a benefit from the income account", "two_line_core", "",
			write("benefit",
				dr("benefit_base_pension", 0), cr("income", in)),
		},
		{
			"a sweep to a benefit", "two_line_core", "",
			write("sweep",
				dr("benefit_base_pension", 0), cr("income", in)),
		},
		{
			"a benefit from the fiscal account", "two_line_core", "",
			write("benefit",
				dr("benefit_base_pension", 0), cr("fiscal_special", special)),
		},
		{
			"a funeral grant paid out by red revenue", "bank_line_is_black", "",
			write("payment_return",
				dr("benefit_funeral_grant", 0),
				hostileLine{"debit", "income", 100, in, []string{"red=true"}}),
		},
		{
			"income straight to expenditure", "two_line_core", "",
			write("sweep",
				dr("expenditure", out), cr("income", in)),
		},
		{
			"the same by a remittance", "two_line_core", "",
			write("remittance_made",
				dr("expenditure", out), cr("income", in)),
		},
		{
			"the same in red", "bank_line_is_black", "",
			write("remittance_received",
				dr("expenditure", out), dr("income", in, "red=true")),
		},
		{
			"income to money in transit", "two_line_core", "",
			write("contribution_refund",
				dr("in_transit", 0), cr("income", in)),
		},
		{
			"a subsidy into the income account", "two_line_core", "",
			write("subsidy",
				dr("income", in), cr("subsidy_base_pension", 0)),
		},
		{
			"a subsidy called a contribution", "two_line_core", "",
			write("contribution",
				dr("income", in), cr("subsidy_contribution", 0)),
		},
		{
			"administrative costs", "two_line_core", "",
			write("transfer_out",
				dr("other_expenditure", 0), cr("expenditure", out)),
		},
		{
			"a kind that does not exist", "two_line_rule", "",
			write("gift",
				dr("fiscal_special", special), cr("borrowing", 0)),
		},
		{
			"a line that the table does not hold", "two_line_rule", "",
			write("donation",
				dr("fixed_deposit", fixed), cr("other_income", 0)),
		},
		{
			"a refund before 2018", "two_line_rule", "",
			[]string{
				header(1, "remittance_made", "rural", "effective=2017-12-31"),
				lines(1, "remittance_made", "rural", dr("remittance_out", 0, "effective=2017-12-31"),
					cr("income", in, "effective=2017-12-31")),
			},
		},
		{
			"another role's account", "fund_account_role", "",
			write("donation",
				dr("fiscal_special", in), cr("other_income", 0)),
		},
		{
			"another scheme's account", "fund_account_role", "",
			write("donation",
				dr("fiscal_special", other[ledger.FiscalSpecial]), cr("other_income", 0)),
		},
		{
			"an account of no area", "fund_account_role", "",
			write("donation",
				dr("fiscal_special", 1), cr("other_income", 0)),
		},
		{
			"no account", "bank_line_names_its_account", "",
			write("donation",
				dr("fiscal_special", 0), cr("other_income", 0)),
		},
		{
			"two schemes in an entry", "entry_balance", "",
			write("donation",
				dr("fiscal_special", special), cr("other_income", 0, "scheme=urban")),
		},
		{
			"lines of another scheme", "entry_balance", "",
			[]string{
				header(1, "donation", "urban"),
				lines(1, "donation", "rural", dr("fiscal_special", special), cr("other_income", 0)),
			},
		},
		{
			"two areas in an entry", "entry_balance", "",
			write("donation",
				dr("fiscal_special", special), cr("other_income", 0, "area=610304")),
		},
		{
			"two kinds in an entry", "entry_balance", "",
			write("donation",
				dr("fiscal_special", special), cr("borrowing", 0, "kind=loan")),
		},
		{
			"an entry that is unbalanced", "entry_balance", "",
			write("donation",
				dr("fiscal_special", special),
				hostileLine{"credit", "other_income", 99, 0, nil}),
		},
		{
			"balanced over both sets", "entry_balance", "",
			write("contribution",
				dr("income", in), cr("personal_individual", 0)),
		},
		{
			"no amount", "posting_amount_check", "",
			write("donation",
				hostileLine{"debit", "fiscal_special", 0, special, nil},
				hostileLine{"credit", "other_income", 0, 0, nil}),
		},
		{
			"below zero", "posting_amount_check", "",
			write("donation",
				hostileLine{"debit", "fiscal_special", -5, special, nil},
				hostileLine{"credit", "other_income", -5, 0, nil}),
		},
		{
			"a red sweep", "bank_line_is_black", "",
			write("sweep",
				dr("fiscal_special", special, "red=true"), cr("income", in, "red=true")),
		},
		{
			"lines without a header", "entry_balance", "",
			[]string{lines(1, "donation", "rural", dr("fiscal_special", special), cr("other_income", 0))},
		},
		{
			"a header without lines", "entry_lines", "",
			[]string{header(1, "donation", "rural")},
		},
		{
			"a header of one line", "entry_line_count_check", "",
			[]string{header(1, "donation", "rural", "lines=1")},
		},
		{
			"half the lines", "entry_balance", "",
			[]string{
				header(1, "donation", "rural", "lines=4"),
				lines(1, "donation", "rural", dr("fiscal_special", special), cr("other_income", 0)),
			},
		},
		{
			"lines added later", "another transaction", "",
			[]string{
				lines(int(good[0]), "contribution", "rural",
					dr("income", in, "line=3"), cr("contribution_individual", 0, "line=4")),
			},
		},
		{
			"lines added in the same transaction", "one statement", "",
			[]string{gift[0], gift[1], more},
		},
		{
			"lines added after the check was called early", "one statement", "",
			[]string{gift[0], gift[1], "set constraints all immediate", "set constraints all deferred", more},
		},
		{
			"a header checked before its lines", "entry_lines", "",
			[]string{"set constraints all immediate", gift[0], gift[1]},
		},
		{
			"on a sealed day", "book_sealed", "",
			[]string{
				header(1, "donation", "rural", "accounted=2018-06-02"),
				lines(1, "donation", "rural", dr("fiscal_special", special, "accounted=2018-06-02"),
					cr("other_income", 0, "accounted=2018-06-02")),
			},
		},
		{
			"lines of a sealed day under an open header", "entry_balance", "",
			[]string{
				header(1, "donation", "rural"),
				lines(1, "donation", "rural", dr("fiscal_special", special, "accounted=2018-06-02"),
					cr("other_income", 0, "accounted=2018-06-02")),
			},
		},
		{
			"by an older snapshot", "entry_isolation", "begin isolation level repeatable read",
			write("donation",
				dr("fiscal_special", special), cr("other_income", 0)),
		},
		{
			"without a book", "entry_area_scheme_fkey", "",
			[]string{
				header(1, "donation", "land_lost"),
				lines(1, "donation", "land_lost", dr("fiscal_special", special), cr("other_income", 0)),
			},
		},
		{
			"a reversal of nothing", "reversal_mirrors", "",
			reversal(w, "12345", 100, "other_income", special),
		},
		{
			"a reversal of other money", "reversal_mirrors", "",
			reversal(w, fmt.Sprint(good[1]), 99999, "subsidy_base_pension", special),
		},
		{
			"a reversal marked as black", "entry_balance", "",
			[]string{
				header(1, "donation", "rural", "reverses="+fmt.Sprint(good[1])),
				lines(1, "donation", "rural", dr("fiscal_special", special), cr("other_income", 0)),
			},
		},
		{
			"a reversal without a name", "entry_balance", "",
			[]string{
				header(1, "subsidy", "rural"),
				lines(1, "subsidy", "rural", dr("fiscal_special", special, "red=true", "reversal=true"),
					cr("subsidy_base_pension", 0, "red=true", "reversal=true")),
			},
		},
		{
			"a header that says it was booked by another transaction", "another transaction", "",
			[]string{
				strings.NewReplacer("booked_at)", "booked_at, booked_by)", "now())", "now(), '9999999')").
					Replace(gift[0]),
				lines(1, "donation", "rural", dr("fiscal_special", special), cr("other_income", 0)),
			},
		},
		{
			"triggers off", "permission denied", "",
			[]string{"set session_replication_role = replica"},
		},
		{
			"a trigger disabled", "must be owner", "",
			[]string{"alter table posting disable trigger all"},
		},
		{
			"a constraint dropped", "must be owner", "",
			[]string{"alter table posting drop constraint two_line_core"},
		},
		{
			"the core replaced", "permission denied", "",
			[]string{
				`create or replace function two_line_core(kind text, side text, role text) returns boolean
					language sql immutable as 'select true'`,
			},
		},
		{
			"a shadow of the rules", "two_line_rule", "",
			append([]string{
				"create temp table two_line_rule as select * from public.two_line_rule",
				`insert into pg_temp.two_line_rule values
					('donation', 'debit', 'fixed_deposit', false, '2009-01-01', '')`,
				"set search_path = pg_temp, public",
			}, write("donation", dr("fixed_deposit", fixed), cr("other_income", 0))...),
		},
		{
			"a new rule", "permission denied", "",
			[]string{"insert into two_line_rule values ('donation', 'debit', 'income', false, '2009-01-01', '')"},
		},
		{
			"a posting changed", "permission denied", "",
			[]string{"update posting set amount = 1"},
		},
		{
			"a posting removed", "permission denied", "",
			[]string{"delete from posting"},
		},
		{
			"the postings emptied", "permission denied", "",
			[]string{"truncate posting"},
		},
		{
			"an entry changed", "permission denied", "",
			[]string{"update entry set text = 'x'"},
		},
		{
			"an entry removed", "permission denied", "",
			[]string{"delete from entry"},
		},
		{
			"entries emptied in cascade", "permission denied", "",
			[]string{"truncate entry cascade"},
		},
		{
			"the seal moved back", "permission denied", "",
			[]string{"update book set sealed_through = '2018-01-01'"},
		},
		{
			"a false sealed balance", "permission denied", "",
			[]string{
				fmt.Sprintf(`insert into sealed_balance values
					(%d, 'rural', '2018-06-03', 'income', %d, 0, 1000000, 0, 1000000, 1)`, bookArea, in),
			},
		},
		{
			"a false sealed day", "permission denied", "",
			[]string{
				fmt.Sprintf("insert into sealed_day values (%d, 'rural', '2018-06-03', 0, sha256(''), now())",
					bookArea),
			},
		},
		{
			"a day sealed out of order", "sealed_in_order", "",
			[]string{fmt.Sprintf("select seal_day(%d, 'rural', '2018-06-09', now())", bookArea)},
		},
		{
			"a day sealed from an older snapshot", "read committed", "begin isolation level repeatable read",
			[]string{fmt.Sprintf("select seal_day(%d, 'rural', '2018-06-03', now())", bookArea)},
		},
		{
			"a transfer booked by hand", "transfer_step", "",
			[]string{"update fund_transfer set state = 'booked', version = 2"},
		},
		{
			"a transfer that begins as booked", "transfer_step", "",
			[]string{
				`insert into fund_transfer
					select (jsonb_populate_record(f, '{"id": 7, "state": "booked"}')).* from fund_transfer f`,
			},
		},
		{
			"a transfer's amount changed", "permission denied", "",
			[]string{"update fund_transfer set amount = 1"},
		},
	}
	submitOne(w)
	before := w.everything()
	for _, give := range cases {
		if give.begin == "" {
			give.begin = "begin"
		}
		err := w.hostile(give.begin, give.sql...)
		if err == nil {
			t.Errorf("%s: the database took it", give.name)
			continue
		}
		if !strings.Contains(fmt.Sprintf("%v %s", err, constraintOf(err)), give.want) {
			t.Errorf("%s: refused by %v, want %s", give.name, err, give.want)
		}
	}
	if diff := cmp.Diff(before, w.everything()); diff != "" {
		t.Errorf("tables changed:\n%s", diff)
	}
	// The owner's triggers hold for everybody who has not switched them off.
	for _, sql := range []string{
		"update posting set amount = 1", "delete from entry", "truncate posting", "truncate book cascade",
		"update book set sealed_through = sealed_through - 1", "delete from sealed_day",
	} {
		if err := w.owner(sql); err == nil {
			t.Errorf("the owner could %s", sql)
		}
	}
	// The same SQL, as it should be, is taken: the refusals above are of what was wrong with it.
	if err := w.hostile("begin", gift...); err != nil {
		t.Errorf("an entry as it should be: %v", err)
	}
	if err := w.hostile("begin", reversalOf(w, good[1], 100000, special)...); err != nil {
		t.Errorf("a reversal as it should be: %v", err)
	}
	err := w.hostile("begin", reversalOf(w, good[1], 100000, special)...)
	if constraintOf(err) != "entry_reverses" {
		t.Errorf("one entry reversed twice: %v", err)
	}
	w.trial(today)
}

func reversal(_ *bookWorld, of string, amount int, role string, special int64) []string {
	red := []string{"red=true", "reversal=true"}
	return []string{
		header(1, "subsidy", "rural", "reverses="+of),
		lines(1, "subsidy", "rural", hostileLine{"debit", "fiscal_special", amount, special, red},
			hostileLine{"credit", strings.Replace(role, "other_income", "subsidy_base_pension", 1), amount, 0, red}),
	}
}

func reversalOf(w *bookWorld, id int64, amount int, special int64) []string {
	list := reversal(w, fmt.Sprint(id), amount, "subsidy_base_pension", special)
	next := fmt.Sprint(w.serial.Add(1))
	for n := range list {
		list[n] = strings.NewReplacer("hostile:1", "hostile:"+next, "(513224, 1,", "(513224, "+next+",").
			Replace(list[n])
	}
	return list
}

func constraintOf(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.ConstraintName
	}
	return ""
}

// owner sends one statement as the owner, triggers on.
func (w *bookWorld) owner(sql string) error {
	w.t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, w.database.OwnerURL)
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close(ctx) //nolint:errcheck // a connection of the test
	_, err = c.Exec(ctx, sql)
	return err
}

// everything is the content of the book's tables.
func (w *bookWorld) everything() map[string]string {
	w.t.Helper()
	all := make(map[string]string)
	for _, table := range []string{
		"entry", "posting", "book", "sealed_balance", "sealed_day", "two_line_rule", "fund_transfer", "approval",
	} {
		var content string
		w.row(`select count(*) || ' ' || coalesce(md5(string_agg(x::text, E'\n' order by x::text)), '')
			from `+table+` x`, &content)
		all[table] = content
	}
	return all
}

func seedScheme(w *bookWorld, scheme ledger.Scheme) map[ledger.Role]int64 {
	w.t.Helper()
	return pgtest.SeedBooks(w.t, w.database, bookArea, scheme, w.books.OpenedOn).Accounts
}

// submitOne leaves one transfer waiting for its checker.
func submitOne(w *bookWorld) {
	w.t.Helper()
	s := fundtransfer.NewService(w.db.FundTransfers(), func() calendar.Day { return *w.today.Load() })
	r := once.Request{Caller: "test", Route: "test", Key: "submit-one", Fingerprint: sha256.Sum256(nil)}
	render := func(any) (once.Answer, error) {
		return once.Answer{Status: 201, ContentType: "text/plain", Body: []byte{}}, nil
	}
	_, err := s.Submit(context.Background(), r, render, w.books.Officers["finance-maker"], fundtransfer.Instruction{
		Kind: ledger.Sweep, From: w.books.Accounts[ledger.Income], To: w.books.Accounts[ledger.FiscalSpecial],
		Amount: 100, EffectiveOn: *w.today.Load(), Document: "test",
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestTheTwoLineRuleInGoAndInSQL compares the two forms of the rule: the rows are
// the same, and the core lets through every line that the rows allow.
func TestTheTwoLineRuleInGoAndInSQL(t *testing.T) {
	t.Parallel()
	w := newBookWorld(t, "2018-06-01", "2018-06-03")
	ctx := context.Background()
	c, err := pgx.Connect(ctx, w.database.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx) //nolint:errcheck // a connection of the test
	rows, err := c.Query(ctx, `
		select concat_ws(' ', kind, side, role, red::text, effective_from, document) from two_line_rule order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	inSQL, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	var inGo []string
	for _, r := range ledger.TwoLineRules() {
		inGo = append(inGo, fmt.Sprintf("%s %s %s %t %s %s", r.Kind, r.Side, r.Role, r.Red, r.From, r.Document))
	}
	byText := cmpopts.SortSlices(func(a, b string) bool { return a < b })
	if diff := cmp.Diff(inGo, inSQL, byText); diff != "" {
		t.Errorf("rules (-go +sql):\n%s", diff)
	}

	book := ledger.NewRuleBook()
	day := calendar.MustDay("2030-01-01")
	kinds := make(map[ledger.Kind]bool)
	for _, r := range ledger.TwoLineRules() {
		kinds[r.Kind] = true
	}
	core := coreOf(t, c, kinds)
	tried := 0
	for kind := range kinds {
		for _, account := range ledger.DefaultChart() {
			for _, side := range []ledger.Side{ledger.Debit, ledger.Credit} {
				for _, red := range []bool{false, true} {
					tried++
					p := ledger.Posting{
						Side: side, Role: account.Role, Nature: ledger.Direct, Red: red, Amount: 1, FundAccount: 0,
						Batch: 0, Cause: 0, Member: 0, Year: 0,
					}
					allowed := book.Allows(kind, p, false, day) == nil
					if allowed && !core[coreKey{kind, side, account.Role}] {
						t.Errorf("%s may %s %s, but the core refuses it", kind, side, account.Role)
					}
					if allowed && red && account.Role.AtBank() {
						t.Errorf("%s may %s %s in red, but a bank's line is black", kind, side, account.Role)
					}
				}
			}
		}
	}
	if want := len(kinds) * len(ledger.DefaultChart()) * 4; tried != want || len(kinds) != 39 {
		t.Errorf("%d combinations of %d kinds were tried, want %d", tried, len(kinds), want)
	}
	checkForbidden(t, kinds, core)
}

type coreKey struct {
	kind ledger.Kind
	side ledger.Side
	role ledger.Role
}

// coreOf asks the database's core about every line, whatever the rows say.
func coreOf(t *testing.T, c *pgx.Conn, kinds map[ledger.Kind]bool) map[coreKey]bool {
	t.Helper()
	ctx := context.Background()
	core := make(map[coreKey]bool)
	for kind := range kinds {
		for _, account := range ledger.DefaultChart() {
			for _, side := range []ledger.Side{ledger.Debit, ledger.Credit} {
				var allowed bool
				err := c.QueryRow(ctx, `select two_line_core($1, $2, $3)`,
					string(kind), string(side), string(account.Role)).Scan(&allowed)
				if err != nil {
					t.Fatal(err)
				}
				core[coreKey{kind, side, account.Role}] = allowed
			}
		}
	}
	return core
}

// checkForbidden proves the four things that must never be, by the core alone: no
// kind of entry lets both of their lines through.
func checkForbidden(t *testing.T, kinds map[ledger.Kind]bool, core map[coreKey]bool) {
	t.Helper()
	benefits := []ledger.Role{ledger.BenefitBase, ledger.BenefitAccount, ledger.BenefitFuneral, ledger.BenefitOneOff}
	subsidies := []ledger.Role{ledger.SubsidyBase, ledger.SubsidyAccount, ledger.SubsidyOther}
	notExpenditure := []ledger.Role{ledger.Income, ledger.FiscalSpecial, ledger.FixedDeposit, ledger.Treasury}
	sides := []ledger.Side{ledger.Debit, ledger.Credit}
	for kind := range kinds {
		both := func(what string, a, b coreKey) {
			if core[a] && core[b] {
				t.Errorf("%s: %s can %s %s and %s %s", what, kind, a.side, a.role, b.side, b.role)
			}
		}
		for _, side := range sides {
			for _, other := range sides {
				for _, bank := range notExpenditure {
					for _, benefit := range benefits {
						both("a benefit leaves the expenditure account only",
							coreKey{kind, side, benefit}, coreKey{kind, other, bank})
					}
				}
				for _, bank := range append(notExpenditure, ledger.Expenditure, ledger.InTransit) {
					for _, subsidy := range subsidies {
						if bank != ledger.FiscalSpecial {
							both("a subsidy enters the fiscal special account only",
								coreKey{kind, side, subsidy}, coreKey{kind, other, bank})
						}
					}
				}
			}
			if core[coreKey{kind, side, ledger.OtherExpenditure}] {
				t.Errorf("%s can book administrative costs", kind)
			}
			both("the income account feeds no money in transit", coreKey{kind, side, ledger.InTransit},
				coreKey{kind, ledger.Credit, ledger.Income})
		}
		both("income never becomes expenditure directly", coreKey{kind, ledger.Credit, ledger.Income},
			coreKey{kind, ledger.Debit, ledger.Expenditure})
		both("expenditure never becomes income directly", coreKey{kind, ledger.Credit, ledger.Expenditure},
			coreKey{kind, ledger.Debit, ledger.Income})
	}
}
