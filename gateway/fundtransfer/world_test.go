package fundtransfer_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"twoline/adapters/postgres"
	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
)

const testArea = 610304

// world is one database with one set of books and the services over it.
type world struct {
	t         *testing.T
	db        *postgres.DB
	database  pgtest.Database
	books     pgtest.Books
	transfers *fundtransfer.Service
	ledger    *ledger.Service
	serial    atomic.Int64
	clock     sync.Mutex
	day       calendar.Day
}

func newWorld(t *testing.T, today string) *world {
	t.Helper()
	db, d := pgtest.Open(t)
	w := &world{t: t, db: db, database: d, day: calendar.MustDay(today)}
	w.books = pgtest.SeedBooks(t, d, testArea, ledger.Rural, calendar.MustDay("2010-01-01"))
	w.transfers = fundtransfer.NewService(db.FundTransfers(), w.today)
	w.ledger = ledger.NewService(db.Ledger(), w.today)
	t.Cleanup(func() {
		if !t.Failed() {
			w.checkBooks()
		}
	})
	return w
}

func (w *world) today() calendar.Day {
	w.clock.Lock()
	defer w.clock.Unlock()
	return w.day
}

func (w *world) setToday(day string) {
	w.clock.Lock()
	defer w.clock.Unlock()
	w.day = calendar.MustDay(day)
}

// checkBooks ends every test: each set of the book sums to zero and no account is
// below zero.
func (w *world) checkBooks() {
	w.t.Helper()
	b, err := w.ledger.TrialBalance(context.Background(), w.officer("auditor"), w.books.Scheme, w.today().AddDays(1))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := b.Check(); err != nil {
		w.t.Error(err)
	}
	for _, r := range b.Rows {
		if r.Role.AtBank() && r.Balance < 0 {
			w.t.Errorf("the %s account stands at %s", r.Role, r.Balance)
		}
	}
}

func (w *world) officer(name string) approval.Officer { return w.books.Officers[name] }

func (w *world) account(role ledger.Role) int64 { return w.books.Accounts[role] }

// request is a new one each time.
func (w *world) request() once.Request {
	key := fmt.Sprintf("test-key-%d", w.serial.Add(1))
	return once.Request{Caller: "test", Route: "test", Key: key, Fingerprint: sha256.Sum256([]byte(key))}
}

// result keeps what a command answered.
func result(to *fundtransfer.Transfer) once.Render {
	return func(v any) (once.Answer, error) {
		t, ok := v.(fundtransfer.Transfer)
		if !ok {
			return once.Answer{}, fmt.Errorf("answered %T", v)
		}
		*to = t
		return once.Answer{Status: 200, ContentType: "text/plain", Body: fmt.Appendf(nil, "%d %s", t.ID, t.State)}, nil
	}
}

func (w *world) submit(by string, i fundtransfer.Instruction) (fundtransfer.Transfer, error) {
	var t fundtransfer.Transfer
	if i.EffectiveOn.IsZero() {
		i.EffectiveOn = w.today()
	}
	if i.Document == "" {
		i.Document = "test voucher"
	}
	_, err := w.transfers.Submit(context.Background(), w.request(), result(&t), w.officer(by), i)
	return t, err
}

func (w *world) approve(by string, t fundtransfer.Transfer) (fundtransfer.Transfer, error) {
	var done fundtransfer.Transfer
	v := fundtransfer.Verdict{ID: t.ID, Digest: t.Digest}
	_, err := w.transfers.Approve(context.Background(), w.request(), result(&done), w.officer(by), v)
	return done, err
}

func (w *world) reject(by string, t fundtransfer.Transfer) (fundtransfer.Transfer, error) {
	var done fundtransfer.Transfer
	v := fundtransfer.Verdict{ID: t.ID, Digest: t.Digest, Reason: "no"}
	_, err := w.transfers.Reject(context.Background(), w.request(), result(&done), w.officer(by), v)
	return done, err
}

func (w *world) withdraw(by string, t fundtransfer.Transfer) (fundtransfer.Transfer, error) {
	var done fundtransfer.Transfer
	_, err := w.transfers.Withdraw(context.Background(), w.request(), result(&done), w.officer(by), t.ID)
	return done, err
}

// book submits and approves by the officers of one office: "finance" or "bureau".
func (w *world) book(office string, i fundtransfer.Instruction) fundtransfer.Transfer {
	w.t.Helper()
	t, err := w.submit(office+"-maker", i)
	if err != nil {
		w.t.Fatalf("submit %s: %v", i.Kind, err)
	}
	done, err := w.approve(office+"-checker", t)
	if err != nil {
		w.t.Fatalf("approve %s: %v", i.Kind, err)
	}
	return done
}

// enter books an entry that is no transfer, as another flow would.
func (w *world) enter(kind ledger.Kind, cause string, lines ...ledger.Posting) error {
	return w.db.FundTransfers().InTx(context.Background(), func(tx fundtransfer.Tx) error {
		_, err := tx.Book(context.Background(), "test", ledger.Entry{
			Area: testArea, Scheme: w.books.Scheme, Kind: kind, Cause: cause, Reverses: 0, AccountedOn: w.today(),
			EffectiveOn: w.today(), Text: "test", Postings: lines,
		})
		return err
	})
}

func (w *world) line(side ledger.Side, role ledger.Role, amount string) ledger.Posting {
	account := w.account(role)
	return ledger.Posting{
		Side: side, Role: role, Nature: ledger.Direct, Red: false, Amount: money.MustParse(amount),
		FundAccount: account, Batch: 0, Cause: 0, Member: 0, Year: 0,
	}
}

// fund puts an opening balance on an account.
func (w *world) fund(role ledger.Role, amount string) {
	w.t.Helper()
	err := w.enter(ledger.Opening, fmt.Sprintf("opening:%s:%d", role, w.serial.Add(1)),
		w.line(ledger.Debit, role, amount), w.line(ledger.Credit, ledger.FundBalance, amount))
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) balance(role ledger.Role) string {
	w.t.Helper()
	list, err := w.ledger.FundAccounts(context.Background(), w.officer("auditor"))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, a := range list {
		if a.ID == w.account(role) {
			return a.Balance.String()
		}
	}
	w.t.Fatalf("no %s account is listed", role)
	return ""
}

func (w *world) wantBalance(role ledger.Role, want string) {
	w.t.Helper()
	if got := w.balance(role); got != want {
		w.t.Errorf("the %s account holds %s, want %s", role, got, want)
	}
}

// count answers a question about the tables, as the owner.
func (w *world) count(sql string, args ...any) int {
	w.t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, w.database.OwnerURL)
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close(ctx) //nolint:errcheck // a connection of the test
	var n int
	if err := c.QueryRow(ctx, sql, args...).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// app runs SQL as the application's role.
func (w *world) app(sql string, args ...any) error {
	w.t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, w.database.AppURL)
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close(ctx) //nolint:errcheck // a connection of the test
	_, err = c.Exec(ctx, sql, args...)
	return err
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if err == nil || fault.CodeOf(err) != code {
		t.Errorf("got error %v, want code %s", err, code)
	}
}

func wantText(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("got error %v, want one about %q", err, text)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// pgSeedOther makes the books of another area.
func pgSeedOther(t *testing.T, w *world) pgtest.Books {
	t.Helper()
	return pgtest.SeedBooks(t, w.database, testArea+1, ledger.Rural, w.books.OpenedOn)
}

// pgSeedScheme makes the books of another scheme of the area.
func pgSeedScheme(t *testing.T, w *world, scheme ledger.Scheme) pgtest.Books {
	t.Helper()
	return pgtest.SeedBooks(t, w.database, testArea, scheme, w.books.OpenedOn)
}
