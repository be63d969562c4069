package registry_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"twoline/adapters/bank/gb18030"
	"twoline/adapters/bank/sheet"
	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

const chencang party.Area = 610304

func officer(o approval.Organisation, area party.Area, duties ...approval.Duty) approval.Officer {
	return approval.Officer{Login: "officer." + string(o), Person: 1, Organisation: o, Area: area, Duties: duties}
}

// world is one area with a book, two banks and a handful of members.
type world struct {
	*registry.Service
	t     *testing.T
	store registry.Store
	in    *bank.Intake
	sql   *pgx.Conn
	db    pgtest.Database
	// cases is where two people agree on what one alone may not do.
	cases *casework.Service
}

var keys atomic.Int64 //nolint:gochecknoglobals // keys of requests

func request(caller string) once.Request {
	n := keys.Add(1)
	return once.Request{
		Caller: caller, Route: "TEST", Key: fmt.Sprintf("key-%08d", n), Fingerprint: sha256.Sum256([]byte{byte(n)}),
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db, d := pgtest.Open(t)
	conn, err := pgx.Connect(context.Background(), d.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	w := &world{t: t, sql: conn, db: d, in: bank.NewIntake(jobless{db.Receipts()}, 1<<20), store: db.Registry()}
	w.cases = casework.New(db.Casework(), func() calendar.Day { return calendar.MustDay("2011-03-10") })
	w.Service = registry.New(registry.Config{
		Formats: []registry.Format{"rural-cooperative"},
		Store:   w.store, Today: func() calendar.Day { return calendar.MustDay("2011-03-10") },
		Charsets: map[string]registry.Decoder{"gb18030": gb18030.New(gb18030.GB18030).NewReader},
		Sheet:    sheet.Registry,
		Files:    textFiles{}, Intake: w.in,
	})
	return w
}

// jobless takes files without a job engine; the tests run TakeIn themselves.
type jobless struct{ bank.ReceiptStore }

type joblessTx struct{ bank.ReceiptTx }

func (joblessTx) Enqueue(context.Context, ...any) error { return nil }

func (j jobless) InTx(ctx context.Context, fn func(bank.ReceiptTx) error) error {
	return j.ReceiptStore.InTx(ctx, func(tx bank.ReceiptTx) error { return fn(joblessTx{tx}) })
}

// textFiles is a bank's format of the tests: the five fields, and for results a
// sixth with the account, a seventh with the mandate, "-" for a failure.
type textFiles struct{}

func (textFiles) Check(_ registry.Bank, r registry.OpeningRow) error {
	return gb18030.New(gb18030.GBK).Check(r.Name.Plain())
}

func (textFiles) Write(_ registry.Bank, rows []registry.OpeningRow) ([]byte, error) {
	var b bytes.Buffer
	for _, r := range rows {
		fmt.Fprintf(&b, "%s|%s|%s|%s|%s\n", r.SocialNo, r.Name.Plain(), r.IDNumber.Plain(), r.Region, r.RegionName)
	}
	return b.Bytes(), nil
}

func (textFiles) Read(_ context.Context, _ registry.Bank, _ string, file io.Reader, emit bank.Emit) error {
	all, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	if strings.Contains(string(all), "BROKEN") {
		return emit(bank.Problem{
			Severity: bank.SeverityError, Code: "malformed_row", Line: 1,
			Text: "row 1 is malformed",
		})
	}
	for i, line := range strings.Split(strings.TrimSuffix(string(all), "\n"), "\n") {
		f := strings.Split(line, "|")
		r := bank.Result{
			Line: i + 1, SocialNo: f[0], Name: f[1], IDNumber: f[2], Level: "item", Outcome: bank.OutcomeSucceeded,
			Account: f[3], BankReference: f[4],
		}
		if len(f) > 5 {
			r.Code = f[5]
		}
		switch f[3] {
		case "-":
			r.Outcome, r.Account, r.Text = bank.OutcomeFailed, "", f[4]
		case "?":
			r.Outcome = bank.OutcomePending
		}
		if err := emit(r); err != nil {
			return err
		}
	}
	if strings.Contains(string(all), "CUT") {
		return nil
	}
	return emit(bank.End{})
}

func by(kind registry.Kind) approval.Officer {
	if kind == registry.KindAreas {
		return officer(approval.System, 0, approval.SystemAdmin)
	}
	if kind == registry.KindFundAccounts || kind == registry.KindBudgets {
		return officer(approval.AgencyFinance, chencang, approval.Maker)
	}
	return officer(approval.AgencyBusiness, chencang, approval.Maker)
}

func (w *world) try(kind registry.Kind, csv string, o registry.Options) (registry.Report, error) {
	var report registry.Report
	render := func(result any) (once.Answer, error) {
		report, _ = result.(registry.Report)
		return once.Answer{Status: 200, ContentType: "text/plain", Body: []byte("done")}, nil
	}
	_, err := w.Import(context.Background(), request("officer"), render, by(kind), kind, strings.NewReader(csv), o)
	if refused, ok := errors.AsType[*registry.RefusedFileError](err); ok {
		report = refused.Report
	}
	return report, err
}

// must imports a file of which every line is good.
func (w *world) must(kind registry.Kind, csv string) {
	w.t.Helper()
	r, err := w.try(kind, csv, registry.Options{})
	if err != nil || r.Refused > 0 || r.Imported == 0 {
		w.t.Fatalf("import %s: %+v, %v", kind, r, err)
	}
}

func (w *world) count(sql string, args ...any) int {
	w.t.Helper()
	var n int
	if err := w.sql.QueryRow(context.Background(), sql, args...).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// tables returns a digest of the content of every table.
func (w *world) tables() string {
	w.t.Helper()
	rows, _ := w.sql.Query(context.Background(),
		`select tablename from pg_tables where schemaname = 'public' order by 1`)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		w.t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range names {
		var digest string
		err := w.sql.QueryRow(context.Background(),
			`select coalesce(md5(string_agg(t::text, chr(10) order by t::text)), '') from `+name+` t`).Scan(&digest)
		if err != nil {
			w.t.Fatal(err)
		}
		fmt.Fprintln(&all, name, digest)
	}
	return all.String()
}

// proveBook ends each flow: both sets balance, and every sum equals its items.
func (w *world) proveBook() {
	w.t.Helper()
	if n := w.count(`select count(*) from (select area, scheme, role like 'personal%' as memo from posting
		group by 1, 2, 3 having sum(case when (side = 'debit') <> red then amount else -amount end) <> 0) x`); n != 0 {
		w.t.Errorf("trial balance is not zero in %d sets", n)
	}
	if n := w.count(`select count(*) from personal_opening o where individual + collective + subsidy + interest <>
		(select coalesce(sum(amount), 0) from posting p where p.area = o.area and p.cause_id = o.id)`); n != 0 {
		w.t.Errorf("%d personal openings differ from their lines", n)
	}
}

const (
	areasCSV   = "area,name\n610304,陈仓区\n320923,阜宁县\n"
	regionsCSV = "region,name\n610304000000,陈仓区\n610304100000,虢镇\n610304100001,东关村\n610304100002,西关村\n"
	policyCSV  = "rule,effective_from,value,document\ncollection_mode,2009-09-01,agency,陈政发2009\n"
	banksCSV   = "bank,bank_no,name,format,row_limit,charset\npsbc,403100000004,邮储银行,json,10000,\n" +
		"rcc,103100000026,信用社,rural-cooperative,150000,gb18030\n"
	fundsCSV = "scheme,role,bank,account_no,name,settlement,opened_on\n" +
		"rural,income,psbc,6100001,收入户,net,2011-01-01\nrural,fiscal_special,psbc,6100002,财政专户,,2011-01-01\n" +
		"rural,expenditure,psbc,6100003,支出户,gross,2011-01-01\n"
)

// id returns the n-th person's id number; all were born in 1970.
func id(n int) string {
	first := fmt.Sprintf("610304%04d%02d%02d%03d", 1970, n/1000%12+1, n/12000%28+1, n%1000)
	return first + string(party.IDCheck(first))
}

func card(n int) string {
	first := fmt.Sprintf("621000%012d", n)
	return first + string(party.LuhnCheck(first))
}

func memberLine(n int) string {
	return fmt.Sprintf("%s,SB%08d,王%d,610304100001,rural,2010-01-01\n", id(n), n, n)
}

func membersCSV(from, to int) string {
	var b strings.Builder
	b.WriteString("id_number,social_no,name,region,scheme,joined_on\n")
	for n := from; n < to; n++ {
		b.WriteString(memberLine(n))
	}
	return b.String()
}

const (
	instrumentsHead = "id_number,bank,kind,account_no,activated,for_payout,opened_on\n"
	mandatesHead    = "id_number,bank,account_no,number,signed_on\n"
	tiersHead       = "id_number,year,amount,chosen_on\n"
	openingsHead    = "id_number,individual,collective,subsidy,interest\n"

	entitlementsHead = "id_number,social_no,component,from_month,amount,document\n"
	deathsHead       = "id_number,died_on,source,document\n"
	holdsHead        = "id_number,reason,from_month,text\n"
	activationsHead  = "id_number,bank,account_no,activated\n"
	budgetsHead      = "scheme,year,account,amount,document\n"
	yearsHead        = "id_number,social_no,years,document\n"
	casesHead        = "id_number,applied_on,note,document\n"
)

func instrumentLine(n int, bankCode, account string) string {
	return fmt.Sprintf("%s,%s,card,%s,true,true,2010-02-01\n", id(n), bankCode, account)
}

// settled returns a world with ten members; the first five have cards at psbc.
func settled(t *testing.T) *world {
	t.Helper()
	return settledBy(t, policyCSV)
}

// bookless is an area with its rules and without a book, so that rules are imported.
func bookless(t *testing.T, policies string) *world {
	t.Helper()
	w := newWorld(t)
	w.must(registry.KindAreas, areasCSV)
	w.must(registry.KindRegions, regionsCSV)
	w.must(registry.KindPolicies, policies)
	return w
}

// settledBy is settled with other rules.
func settledBy(t *testing.T, policies string) *world {
	t.Helper()
	w := bookless(t, policies)
	w.must(registry.KindBanks, banksCSV)
	w.must(registry.KindFundAccounts, fundsCSV)
	w.must(registry.KindMembers, membersCSV(0, 10))
	lines := instrumentsHead
	for n := range 5 {
		lines += instrumentLine(n, "psbc", card(n))
	}
	w.must(registry.KindInstruments, lines)
	w.hireDesks()
	return w
}

// hireDesks makes the officers of officer and their checkers, who stand in the
// database where two of them agree.
func (w *world) hireDesks() {
	w.t.Helper()
	for n, in := range []approval.Organisation{approval.AgencyBusiness, approval.AgencyFinance} {
		w.hire(officer(in, chencang).Login, int64(91+n), in, chencang, approval.Maker)
		w.hire(checkerOf(in).Login, int64(93+n), in, chencang, approval.Checker)
	}
}

func checkerOf(in approval.Organisation) approval.Officer {
	o := officer(in, chencang, approval.Checker)
	o.Login = "checker." + string(in)
	return o
}

// approve has a checker of the office approve a decision by its id.
func (w *world) approve(in approval.Organisation, id int64) error {
	w.t.Helper()
	asked, err := w.cases.Request(context.Background(), checkerOf(in), id)
	if err == nil {
		_, err = w.agree(checkerOf(in), asked)
	}
	return err
}

// probe returns a counter on a connection of its own.
func (w *world) probe() func(sql string) int {
	conn, err := pgx.Connect(context.Background(), w.db.OwnerURL)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return func(sql string) int {
		var n int
		if err := conn.QueryRow(context.Background(), sql).Scan(&n); err != nil {
			w.t.Fatal(err)
		}
		return n
	}
}
