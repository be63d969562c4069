package postgres_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"twoline/adapters/postgres"
	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/collection"
	"twoline/gateway/disbursement"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/registry"
	"twoline/reconcile"
	"twoline/reconcile/proof"
)

// proofWorld is a county that lived five weeks through the real services: go-live,
// four runs, answers by request and by file, arrivals early, late and of nobody,
// terminals, transfers, pensions paid, returned and paid again, a sealed and closed
// March and an open April.
type proofWorld struct {
	t        testing.TB
	db       *postgres.DB
	d        pgtest.Database
	today    calendar.Day
	books    pgtest.Books
	service  *collection.Service
	transfer *fundtransfer.Service
	payout   *disbursement.Service
	registry *registry.Service
	intake   *bank.Intake
	jobs     []any
	keys     int
}

func (w *proofWorld) Enqueue(_ context.Context, _ pgx.Tx, jobs ...any) error {
	w.jobs = append(w.jobs, jobs...)
	return nil
}

const proofArea = party.Area(610305)

// newProofWorld lives the five weeks. Everything but the registry, statements and
// account openings is written by the services.
func newProofWorld(tb testing.TB) *proofWorld {
	tb.Helper()
	w, days := beginProofWorld(tb)
	w.liveGoLive()
	w.liveMarch(days)
	w.liveClose(func() calendar.Day { return w.today })
	w.liveApril()
	w.work()
	w.workOnBreaks()
	w.liveAccounts()
	return w
}

// beginProofWorld is the county before its first day.
func beginProofWorld(tb testing.TB) (*proofWorld, *calendar.WorkingDays) {
	tb.Helper()
	db, d := pgtest.Open(tb)
	w := &proofWorld{t: tb, db: db, d: d, today: calendar.MustDay("2011-03-01")}
	db.UseJobs(w)
	w.books = pgtest.SeedBooks(tb, d, proofArea, ledger.Rural, w.today)
	w.seedMembers()
	days, err := calendar.Official()
	w.must(err)
	today := func() calendar.Day { return w.today }
	w.intake = bank.NewIntake(db.Receipts(), 1<<30)
	w.service = collection.New(collection.Parts{
		Store: db.Collection(), Intake: w.intake, Writer: proofFormat{}, Reader: proofFormat{}, Days: days,
		Today: today,
	})
	w.transfer = fundtransfer.NewService(db.FundTransfers(), today)
	w.registry = registry.New(registry.Config{Store: db.Registry(), Today: today})
	w.payout = disbursement.New(disbursement.Parts{
		Store: db.Disbursement(), Intake: w.intake, Writer: proofFormat{}, Reader: proofFormat{}, Days: days, Today: today,
	})
	w.seedPensioners()
	return w, days
}

func (w *proofWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *proofWorld) seedMembers() {
	w.t.Helper()
	w.d.Exec(w.t, `insert into region values (610305101201, 610305, 'test')`)
	for i := 1; i <= 12; i++ {
		clearing := any(nil)
		if i >= 7 && i <= 9 {
			clearing = "402100000018"
		}
		first := fmt.Sprintf("6103051950010%d", 1000+i)
		w.d.Exec(w.t, `insert into member values ($1, $2, $3, $4, $5, 610305101201, 'rural', '2011-01-01')`,
			int32(proofArea), 1000+i, first+string(party.IDCheck(first)), fmt.Sprintf("S%08d", i), fmt.Sprintf("王%d",
				i))
		w.d.Exec(w.t, `insert into instrument values ($1, $2, $3, 'psbc', 'passbook', $4, $5, true, true,
		    '2011-01-01')`,
			int32(proofArea), 2000+i, 1000+i, fmt.Sprintf("6100%06d", i), clearing)
		if i != 10 && i != 12 {
			w.d.Exec(w.t, `insert into mandate values ($1, $2, $3, $4, 'psbc', $5, '2011-01-01')`,
				int32(proofArea), 3000+i, 1000+i, 2000+i, fmt.Sprintf("M%d", i))
		}
		amount := 10000
		if i == 11 {
			amount = 20000
		}
		w.d.Exec(w.t, `insert into tier_choice values ($1, $2, 2011, $3, '2011-01-01')`, int32(proofArea), 1000+i,
			amount)
	}
	w.d.Exec(w.t, `insert into tier_choice select area, id, 2012, 10000, '2011-04-01' from member
		where area = $1 and id in (1001, 1002, 1003, 1007, 1009, 1012)`, int32(proofArea))
}

func (w *proofWorld) liveGoLive() {
	w.t.Helper()
	asks := []casework.Ask{}
	for role, fen := range map[ledger.Role]money.Amount{
		ledger.FiscalSpecial: 100_000, ledger.Expenditure: 10_000, ledger.Income: 0,
	} {
		asks = append(asks, casework.Ask{ //nolint:exhaustruct // a balance
			Kind: casework.OpeningBalance, Word: casework.Entered, Subject: w.books.Accounts[role],
			ValueDate: w.today.AddDays(-1), Amount: fen, Document: "1",
		})
	}
	desk := casework.New(w.db.Casework(), func() calendar.Day { return w.today })
	var asked []casework.Request
	_, err := desk.AskAll(w.t.Context(), w.request("opening-balances"),
		w.render(func(v any) { asked = as[[]casework.Request](v) }), w.books.Officers["finance-maker"], asks)
	w.must(err)
	for _, r := range asked {
		w.approveCase(w.books.Officers["finance-checker"], r.ID, r.Digest)
	}
	file := "id_number,individual,collective,subsidy,interest\n"
	for _, i := range []int{1, 2, 15} {
		first := fmt.Sprintf("6103051950010%d", 1000+i)
		file += first + string(party.IDCheck(first)) + ",300.00,20.00,0.00,1.50\n"
	}
	var report registry.Report
	_, err = w.registry.Import(w.t.Context(), w.request("imports/{kind}"),
		w.render(func(v any) { report = as[registry.Report](v) }), w.books.Officers["business-maker"],
		registry.KindOpeningAccounts, strings.NewReader(file), registry.Options{})
	w.must(err)
	r, err := desk.Request(w.t.Context(), w.books.Officers["business-checker"], report.Decision)
	w.must(err)
	w.approveCase(w.books.Officers["business-checker"], r.ID, r.Digest)
	w.decideCase("death-notices/{id}/withdraw", casework.Ask{ //nolint:exhaustruct // a notice
		Kind: casework.Notice, Subject: 7102, Word: casework.TakenBack,
	})
	w.liveRules()
}

func (w *proofWorld) liveMarch(days *calendar.WorkingDays) {
	w.t.Helper()
	w.today = calendar.MustDay("2011-03-10")
	first := w.withhold(2011)
	// Batches come by clearing bank, 402 before 403.
	b2, b1 := first[0], first[1]
	// A choice that was lowered while the debit was on its way: what comes is too much.
	w.d.Exec(w.t, `update tier_choice set amount = 10000 where member_id = 1011 and year = 2011`)
	w.acknowledge(b1)
	items := w.items(b1)
	w.results(b1, w.paid(items[0]), w.paid(items[1]), w.paid(items[2]), w.paid(items[3]), w.unpaid(items[4], "AM04"),
		w.open(items[5]), w.paid(items[6]), w.paid(collection.ItemStanding{Item: collection.Item{ID: 99, Amount: 1}}))
	w.results(b1, w.paid(items[0]))
	w.arrive(collection.Arrival{Amount: 60_000, BankReference: "L1", Batch: b1.ID})

	w.upload(b2, "broken.txt", "what is this\n")
	body := ""
	for _, i := range w.items(b2) {
		body += fmt.Sprintf("%d succeeded %s -\n", i.ID, i.Amount)
	}
	w.upload(b2, "good.txt", body+"end\n")
	w.upload(b2, "again.txt", body+"end\n")
	w.arrive(collection.Arrival{Amount: 10_000, BankReference: "L2", Batch: b2.ID})
	w.arrive(collection.Arrival{Amount: 20_000, BankReference: "L3", Batch: b2.ID, Item: w.items(b2)[0].ID})
	w.pay(1010, 5_000, "T1", "C1")
	w.pay(1010, 3_000, "T1", "C2")
	w.arrive(collection.Arrival{Amount: 8_000, BankReference: "L4", Terminal: "T1", TerminalDate: w.today})
	w.arrive(collection.Arrival{Amount: 3_300, BankReference: "L5"})

	w.today = calendar.MustDay("2011-03-11")
	b3 := w.withhold(2011)[0]
	w.arrive(collection.Arrival{Amount: 10_000, BankReference: "L6", Batch: b3.ID})

	w.today = calendar.MustDay("2011-03-18")
	w.must(w.service.Tick(w.t.Context(), w.today))
	w.results(b3, w.paid(w.items(b3)[0]))
	w.results(b1, w.unpaid(items[5], "AC04"))
	w.work()
	account := w.books.Accounts
	w.move("finance", fundtransfer.Instruction{
		Kind: ledger.Sweep, From: account[ledger.Income], To: account[ledger.FiscalSpecial], All: true,
	})
	w.move("bureau", fundtransfer.Instruction{
		Kind: ledger.SubsidyReceipt, To: account[ledger.FiscalSpecial], Amount: 50_000,
		Purpose: fundtransfer.Contribution,
	})
	w.move("bureau", fundtransfer.Instruction{
		Kind: ledger.Allocation, From: account[ledger.FiscalSpecial], To: account[ledger.Expenditure], Amount: 20_000,
	})
	w.move("bureau", fundtransfer.Instruction{
		Kind: ledger.DepositPlaced, From: account[ledger.FiscalSpecial], To: account[ledger.FixedDeposit],
		Amount:    30_000,
		MaturesOn: calendar.MustDay("2011-04-05"),
	})
	w.payMarch()
	w.statement("2011-03-01", "2011-03-31", 0, 111_300, "60000 10000 20000 8000 3300 10000", "111300")
	w.reconcileMarch(days)
}

func (w *proofWorld) liveClose(today func() calendar.Day) {
	w.t.Helper()
	w.today = calendar.MustDay("2011-04-01")
	s := ledger.NewService(w.db.Ledger(), today)
	_, err := s.SealThrough(w.t.Context(), proofArea, ledger.Rural, calendar.MustDay("2011-03-31"))
	w.must(err)
	special := w.books.Accounts[ledger.FiscalSpecial]
	w.statementOf(special, "2011-03-01", "2011-03-18", 100_000, 261_300, "111300 50000", "20000 30000")
	w.statementOf(special, "2011-03-19", "2011-03-31", 211_300, 211_300, "", "")
	days, err := calendar.Official()
	w.must(err)
	matching := reconcile.New(reconcile.Parts{Store: w.db.Reconcile(), Decoder: nil, Days: days, Today: today})
	for _, role := range []ledger.Role{ledger.Income, ledger.FiscalSpecial} {
		w.must(matching.Match(w.t.Context(), reconcile.Account{Area: proofArea, ID: w.books.Accounts[role]}))
		_, err := matching.CloseMonth(w.t.Context(), w.request("periods/{account}/{month}/close"), w.render(nil),
			w.books.Officers["finance-checker"],
			reconcile.CloseAsk{Account: w.books.Accounts[role], Month: calendar.MustMonth("2011-03")})
		w.must(err)
	}
}

func (w *proofWorld) liveApril() {
	w.t.Helper()
	w.today = calendar.MustDay("2011-04-05")
	w.pay(1012, 2_500, "T2", "C3")
	w.today = calendar.MustDay("2011-04-06")
	w.pay(1012, 1_500, "T2", "C4")
	w.must(w.service.Tick(w.t.Context(), w.today))
	list := w.withhold(2012)
	b4 := list[1]
	items := w.items(b4)
	w.results(b4, w.paid(items[0]), w.paid(items[1]))
	w.arrive(collection.Arrival{Amount: 20_000, BankReference: "L7", Batch: b4.ID})
	w.arrive(collection.Arrival{Amount: 4_400, BankReference: "L8"})
	w.work()
	account := w.books.Accounts
	w.move("finance", fundtransfer.Instruction{
		Kind: ledger.Sweep, From: account[ledger.Income], To: account[ledger.FiscalSpecial], Amount: 15_000,
	})
	var deposit int64
	w.ask(`select id from fixed_deposit`, &deposit)
	w.move("bureau", fundtransfer.Instruction{
		Kind: ledger.DepositMatured, From: account[ledger.FixedDeposit], To: account[ledger.FiscalSpecial],
		Amount:  30_000,
		Deposit: deposit, Interest: 100,
	})
	w.decide("bureau", fundtransfer.Instruction{
		Kind: ledger.Allocation, From: account[ledger.FiscalSpecial], To: account[ledger.Expenditure], Amount: 100,
	}, false)
	w.submit("bureau", fundtransfer.Instruction{
		Kind: ledger.Allocation, From: account[ledger.FiscalSpecial], To: account[ledger.Expenditure], Amount: 200,
	})
	w.payApril()
	w.statement("2011-04-01", "2011-04-06", 0, 20_000, "20000", "15000")
	w.d.Exec(w.t, `insert into account_opening values
		($1, 7001, 'psbc', 1, 'OPEN_1.TXT', sha256('x'), '2011-04-06', 'x', now())`, int32(proofArea))
	w.d.Exec(w.t, `insert into account_opening_item values ($1, 7001, 1, 1012)`, int32(proofArea))
}

func (w *proofWorld) request(route string) once.Request {
	w.keys++
	key := fmt.Sprintf("proof-key-%08d", w.keys)
	return once.Request{
		Caller: "bank:psbc", Route: "POST /v1/" + route, Key: key,
		Fingerprint: sha256.Sum256([]byte(key)),
	}
}

func (w *proofWorld) render(take func(result any)) once.Render {
	return func(result any) (once.Answer, error) {
		if take != nil {
			take(result)
		}
		return once.Answer{Status: 200, ContentType: "application/json", Body: []byte(`{}`)}, nil
	}
}

// as returns a command's result, or the zero value of the type that was expected.
func as[T any](result any) T {
	v, _ := result.(T)
	return v
}

func (w *proofWorld) caller() bank.Caller { return bank.Caller{Code: "psbc"} }

// undrawn puts the pensions of the world off until what it returns is called: who draws one contributes nothing.
func (w *proofWorld) undrawn() func() {
	const move = `set session_replication_role = replica; update entitlement set from_month = from_month %s interval '50 years'`
	w.d.Exec(w.t, fmt.Sprintf(move, "+"))
	return func() { w.d.Exec(w.t, fmt.Sprintf(move, "-")) }
}

// withhold makes the withholding run of a year while its members draw no pension, which they contribute
// beside in this world. The run of a year to come is made in it, and its day is set back.
func (w *proofWorld) withhold(year int) []collection.Batch {
	w.t.Helper()
	defer w.undrawn()()
	day := w.today
	if year > day.Year() {
		w.today = calendar.MustDay(fmt.Sprintf("%d-01-04", year))
	}
	defer func() {
		w.d.Exec(w.t, fmt.Sprintf(`set session_replication_role = replica;
			update withholding_batch set created_on = '%[1]s' where created_on > '%[1]s';
			update withholding_run set business_day = '%[1]s' where business_day > '%[1]s'`, day))
		w.today = day
	}()
	var out []collection.Batch
	_, err := w.service.Withhold(w.t.Context(), w.request("withholding-runs"),
		w.render(func(v any) { out = as[collection.RunResult](v).Batches }),
		w.books.Officers["business-maker"], collection.Run{Scheme: ledger.Rural, Year: year})
	w.must(err)
	return out
}

func (w *proofWorld) items(b collection.Batch) []collection.ItemStanding {
	w.t.Helper()
	items, err := w.service.Items(w.t.Context(), b, 0, 1000)
	w.must(err)
	return items
}

func (w *proofWorld) acknowledge(b collection.Batch) {
	w.t.Helper()
	_, err := w.service.Acknowledge(w.t.Context(), w.request("withholding-batches/{id}/acknowledgement"),
		w.render(nil), proofArea, w.caller(), b.ID,
		collection.Acknowledgement{Count: b.Count, Amount: b.Amount, Digest: hex.EncodeToString(b.Digest[:])})
	w.must(err)
}

func (w *proofWorld) paid(i collection.ItemStanding) collection.Result {
	return collection.Result{
		Item: i.ID, Outcome: bank.OutcomeSucceeded, Amount: &i.Amount, BankReference: fmt.Sprintf("R%d", i.ID),
		ValueDate: w.today, Code: "0000",
	}
}

func (w *proofWorld) unpaid(i collection.ItemStanding, code string) collection.Result {
	return collection.Result{Item: i.ID, Outcome: bank.OutcomeFailed, Code: code}
}

func (w *proofWorld) open(i collection.ItemStanding) collection.Result {
	return collection.Result{Item: i.ID, Outcome: bank.OutcomePending}
}

func (w *proofWorld) results(b collection.Batch, rs ...collection.Result) {
	w.t.Helper()
	for i := range rs {
		rs[i].Line = i + 1
	}
	_, err := w.service.Results(w.t.Context(), w.request("withholding-batches/{id}/results"), w.render(nil),
		proofArea, w.caller(), b.ID, rs)
	w.must(err)
}

func (w *proofWorld) arrive(a collection.Arrival) {
	w.t.Helper()
	a.ValueDate = w.today
	_, err := w.service.Arrive(w.t.Context(), w.request("arrivals"), w.render(nil), proofArea, w.caller(),
		w.number(ledger.Income), a)
	w.must(err)
	w.work()
}

func (w *proofWorld) number(role ledger.Role) string {
	w.t.Helper()
	var number string
	w.ask(fmt.Sprintf(`select account_no from fund_account where area = %d and role = '%s'`, int32(proofArea), role),
		&number)
	return number
}

func (w *proofWorld) upload(b collection.Batch, name, body string) {
	w.t.Helper()
	_, err := w.intake.Receive(w.t.Context(), w.request("withholding-batches/{id}/result-file"), w.render(nil),
		bank.Receipt{
			Area: proofArea, Bank: "psbc", Kind: bank.ReceiptResultFile, Subject: b.ID, Name: name,
			ReceivedBy: "bank:psbc",
		}, bytes.NewReader([]byte(body)), func([32]byte) error { return nil })
	w.must(err)
	w.work()
}

func (w *proofWorld) pay(member int64, amount money.Amount, terminal, reference string) {
	w.t.Helper()
	defer w.undrawn()()
	ctx, stop := context.WithCancel(w.t.Context())
	counter := collection.NewCounter(w.service)
	done := make(chan struct{})
	go func() { counter.Run(ctx); close(done) }()
	_, err := counter.Pay(w.t.Context(), w.request("contributions"), w.render(nil), w.caller(), w.number(ledger.Income),
		collection.CounterPayment{
			Member: member, Year: 2011, Amount: amount, Channel: "terminal", Terminal: terminal, PaidOn: w.today,
			BankReference: reference,
		})
	stop()
	<-done
	w.must(err)
}

// work runs every job twice: a job may always run again.
func (w *proofWorld) work() {
	w.t.Helper()
	for len(w.jobs) > 0 {
		list := w.jobs
		w.jobs = nil
		for _, j := range append(list, list...) {
			var err error
			switch j := j.(type) {
			case collection.AgreementReached:
				err = w.service.Post(w.t.Context(), j.Area, j.Agreement)
			case bank.ReceiptArrived:
				switch j.What {
				case bank.ReceiptResultFile:
					err = w.service.TakeInResultFile(w.t.Context(), j.Area, j.Receipt)
				case bank.ReceiptPaymentResultFile:
					err = w.payout.TakeInResultFile(w.t.Context(), j.Area, j.Receipt)
				case bank.ReceiptPaymentEvidence:
					err = w.payout.TakeInEvidence(w.t.Context(), j.Area, j.Receipt)
				default:
				}
			default:
				w.t.Fatalf("no worker for %T", j)
			}
			w.must(err)
		}
	}
}

func (w *proofWorld) submit(office string, i fundtransfer.Instruction) fundtransfer.Transfer {
	w.t.Helper()
	i.EffectiveOn, i.Document = w.today, "voucher"
	var t fundtransfer.Transfer
	_, err := w.transfer.Submit(w.t.Context(), w.request("fund-transfers"),
		w.render(func(v any) { t = as[fundtransfer.Transfer](v) }),
		w.books.Officers[office+"-maker"], i)
	w.must(err)
	return t
}

func (w *proofWorld) move(office string, i fundtransfer.Instruction) { w.decide(office, i, true) }

func (w *proofWorld) decide(office string, i fundtransfer.Instruction, approve bool) {
	w.t.Helper()
	t := w.submit(office, i)
	decide, route := w.transfer.Reject, "fund-transfers/{id}/reject"
	if approve {
		decide, route = w.transfer.Approve, "fund-transfers/{id}/approve"
	}
	_, err := decide(w.t.Context(), w.request(route), w.render(nil), w.books.Officers[office+"-checker"],
		fundtransfer.Verdict{ID: t.ID, Digest: t.Digest, Reason: "seen"})
	w.must(err)
}

// statement keeps a statement of the income account: credits, then debits.
func (w *proofWorld) statement(from, to string, opening, closing int64, credits, debits string) {
	w.t.Helper()
	w.statementOf(w.books.Accounts[ledger.Income], from, to, opening, closing, credits, debits)
}

func (w *proofWorld) statementOf(account int64, from, to string, opening, closing int64, credits, debits string) {
	w.t.Helper()
	var receipt int64
	body := from + credits + debits
	_, err := w.intake.Receive(w.t.Context(), w.request("statements/{account}/{date}"),
		w.render(func(v any) { receipt = as[bank.Receipt](v).ID }),
		bank.Receipt{
			Area: proofArea, Bank: "psbc", Kind: bank.ReceiptStatement, Subject: account,
			Name: fmt.Sprint("statement ", account, to), Part: to, ReceivedBy: "bank:psbc",
		}, strings.NewReader(body), func([32]byte) error { return nil })
	w.must(err)
	list := append(strings.Fields(credits), strings.Fields(debits)...)
	w.d.Exec(w.t, `insert into statement values ($1, $2 + 5000000, $3, $4, $5, '1', $6, $7, $8, $2, now())`,
		int32(proofArea), receipt, account, day(from), day(to), opening, closing-sum(debits), len(list))
	for i, amount := range list {
		direction := "credit"
		if i >= len(strings.Fields(credits)) {
			direction = "debit"
		}
		w.d.Exec(w.t, `insert into statement_line values ($1, 100 * $2 + 500000000 + $3::int, $2 + 5000000, $4, $3, $5,
		    $6, $7, $7, $8, 1, '',
			'', false, '', '', '')`, int32(proofArea), receipt, i+1, account, direction, sum(amount), day(to),
			fmt.Sprintf("S%d", i))
	}
	w.d.Exec(w.t, `update receipt set state = 'processed', rows = $2, recorded = $2, amount = $3, processed_at =
		(select taken_in_at from statement where receipt_id = $1) where id = $1`, receipt, len(list),
		sum(credits)+sum(debits))
}

func day(s string) time.Time { return calendar.MustDay(s).Time() }

func sum(list string) int64 {
	var total int64
	for f := range strings.FieldsSeq(list) {
		var n int64
		_, _ = fmt.Sscan(f, &n)
		total += n
	}
	return total
}

func (w *proofWorld) ask(sql string, into ...any) {
	w.t.Helper()
	c, err := pgx.Connect(w.t.Context(), w.d.OwnerURL)
	w.must(err)
	defer c.Close(context.Background()) //nolint:errcheck // a connection of the test
	w.must(c.QueryRow(w.t.Context(), sql).Scan(into...))
}

// proofFormat writes every field of an item and reads "item outcome amount code".
type proofFormat struct{}

func (proofFormat) CheckWithholding(collection.Partner, collection.Due) error { return nil }

func (proofFormat) WithholdingRows(collection.Partner) int { return 0 }

func (proofFormat) WithholdingFileName(_ collection.Partner, b collection.Batch) string {
	return "W" + b.Number + ".TXT"
}

func (proofFormat) WriteWithholding(
	w io.Writer, p collection.Partner, b collection.Batch, items func(yield func(collection.Item) error) error,
) error {
	return items(func(i collection.Item) error {
		_, err := fmt.Fprintf(w, "%s|%s|%d|%d|%s|%s|%s|%s|%s|%s\n", p.Code, b.Number, i.Seq, i.ID, i.SocialNo,
			i.Name.Plain(),
			i.IDNumber.Plain(), i.Amount, i.Account.Plain(), i.Region)
		return err
	})
}

func (proofFormat) ReadResults(
	_ context.Context, _ collection.Partner, _ bank.Receipt, body io.Reader, emit bank.Emit,
) error {
	all, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	line := 0
	for row := range strings.SplitSeq(strings.TrimSuffix(string(all), "\n"), "\n") {
		line++
		if row == "end" {
			return emit(bank.End{Results: line - 1})
		}
		var item, outcome, amount, code string
		if n, _ := fmt.Sscan(row, &item, &outcome, &amount, &code); n < 4 {
			return fmt.Errorf("line %d is malformed", line)
		}
		o, err := bank.ParseOutcome(outcome)
		if err != nil {
			return err
		}
		figure, err := bank.ParseFigure(amount)
		if err != nil {
			return err
		}
		err = emit(bank.Result{Line: line, ItemID: item, Level: "item", Outcome: o, Code: code, Amount: &figure})
		if err != nil {
			return err
		}
	}
	return nil
}

// cleanWorld is a database that holds a proofWorld and that nobody is connected
// to, so that it can be cloned; it is made once a test process.
type cleanWorld struct {
	server   string
	database string
	area     party.Area
	accounts map[ledger.Role]int64
	officers map[string]approval.Officer
}

var (
	//nolint:gochecknoglobals // made once, read by every test
	cleanOnce = sync.OnceValue(func() *cleanWorld { return new(cleanWorld) })
	//nolint:gochecknoglobals // guards the making
	cleanMaking sync.Mutex
	//nolint:gochecknoglobals // names of clones
	cloneSerial atomic.Int64
)

// cloneWorld returns a database of the test's own with the five weeks in it.
func cloneWorld(tb testing.TB) (*postgres.DB, pgtest.Database) {
	tb.Helper()
	clean := cleanOnce()
	cleanMaking.Lock()
	defer cleanMaking.Unlock()
	if clean.database == "" {
		w := newProofWorld(tb)
		w.db.Close()
		u, err := url.Parse(w.d.OwnerURL)
		w.must(err)
		// The world's own database goes with its test; the copy stays.
		name := fmt.Sprintf("twoline_proof_%d", time.Now().UnixNano())
		from := strings.TrimPrefix(u.Path, "/")
		u.Path = "/postgres"
		clean.server, clean.area, clean.accounts, clean.officers = u.String(), proofArea, w.books.Accounts,
			w.books.Officers
		dropStaleWorlds(tb, clean.server)
		onServer(tb, clean.server, `create database `+name+` template `+from)
		clean.database = name
	}
	name := fmt.Sprintf("%s_%d", clean.database, cloneSerial.Add(1))
	onServer(tb, clean.server, `create database `+name+` template `+clean.database)
	tb.Cleanup(func() { onServer(tb, clean.server, `drop database if exists `+name+` with (force)`) })
	owner, err := url.Parse(clean.server)
	if err != nil {
		tb.Fatal(err)
	}
	owner.Path = "/" + name
	app := *owner
	app.User = url.UserPassword("twoline_test_app", "test")
	db, err := postgres.Open(context.Background(), postgres.Options{URL: app.String(), Connections: 2, Now: time.Now})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(db.Close)
	return db, pgtest.Database{AppURL: app.String(), OwnerURL: owner.String()}
}

// dropStaleWorlds drops what test processes of more than an hour ago left behind:
// nobody knows which test of a process is its last.
func dropStaleWorlds(tb testing.TB, server string) {
	tb.Helper()
	c, err := pgx.Connect(context.Background(), server)
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close(context.Background()) //nolint:errcheck // a connection of the test
	rows, err := c.Query(context.Background(), `
		select datname::text from pg_database where datname ~ '^twoline_proof_[0-9]{19}'
		   and substr(datname, 15, 19)::numeric / 1000000000 < extract(epoch from now()) - 3600`)
	if err != nil {
		tb.Fatal(err)
	}
	stale, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		tb.Fatal(err)
	}
	for _, name := range stale {
		onServer(tb, server, `drop database if exists `+name+` with (force)`)
	}
}

func onServer(tb testing.TB, server, sql string) {
	tb.Helper()
	c, err := pgx.Connect(context.Background(), server)
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close(context.Background()) //nolint:errcheck // a connection of the test
	if _, err := c.Exec(context.Background(), sql); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}

func verify(tb testing.TB, db *postgres.DB) proof.Report {
	tb.Helper()
	r, err := db.Verify(context.Background(), postgres.Verification{Files: proofFormat{}})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}
