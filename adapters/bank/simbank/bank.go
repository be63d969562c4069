package simbank

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"twoline/adapters/bank/gb18030"
	"twoline/adapters/bank/layout"
	"twoline/adapters/bank/profile"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// ErrCrashed is returned by a bank that ended between debit and answer; a new
// Bank that loads its saved state goes on.
var ErrCrashed = errors.New("the bank crashed between debit and answer")

// ErrDay is a business day that does not follow the one before.
var ErrDay = errors.New("a business day follows the one before it")

// Format is the form of batches and results: one of those below, or the name of a
// shipped profile that Formats lists.
type Format string

// The formats that the bank knows by itself.
const (
	// JSON takes items in pages and answers in pages.
	JSON Format = "json"
	// Lines takes and answers canonical JSON Lines as files.
	Lines Format = "jsonl"
	// Cooperative takes and answers the GB18030 files of a rural cooperative:
	// succeeded and failed in two files.
	Cooperative Format = "rural-cooperative"
)

// StatementFormat is the form of statements.
type StatementFormat string

// The forms of statements.
const (
	NoStatements    StatementFormat = "none"
	CamtStatements  StatementFormat = "camt.053.001.08"
	LinesStatements StatementFormat = "jsonl"
	// MT940Statements are in UTF-8; they have no instant of creation.
	MT940Statements StatementFormat = "mt940"
)

// FundAccount is an account that the bank keeps for the agency or for finance.
type FundAccount struct {
	Number, Name string
	Opening      money.Amount
}

// Config is a bank. Client, Gateway, Upload and one of Day and Today are needed.
type Config struct {
	// Seed decides every choice.
	Seed uint64
	// Code names the bank in message ids, at most eight characters; empty is "SIM".
	Code string
	// Client sends requests, signed by its transport.
	Client *http.Client
	// Gateway and Upload are the base URLs of the API and of the upload address.
	Gateway, Upload string
	// Day is the first business day.
	Day calendar.Day
	// Today, if given, moves the business day by itself at each Step.
	Today func() calendar.Day
	// Format of batches and results; empty is JSON.
	Format Format
	// Charset of a cooperative's files; GB18030 unless said.
	Charset gb18030.Charset
	// FormCharset is that of the files of a profile's format; empty is the profile's first.
	FormCharset layout.Charset
	// Statements is their form; empty is camt.053.
	Statements StatementFormat
	// PageSize is how many results a request carries, at most 10 000; 0 is 1 000.
	PageSize int
	// Behaviour is what the bank starts with.
	Behaviour Behaviour
	// Accounts are the customers; nil is none.
	Accounts iter.Seq2[Account, error]
	// OpenUnknown, if more than 0.00, opens accounts that a batch names and the
	// bank does not keep: a customer's with this balance and any mandate, a fund
	// account with nothing. It makes a sandbox useful before anything is set up.
	OpenUnknown money.Amount
	// FundAccounts are the agency's.
	FundAccounts []FundAccount
	// CardPrefix begins the numbers of new cards, six to eight digits; empty is "622999".
	CardPrefix string
	// Attempts bounds the tries of a request within one Step; 0 is 5.
	Attempts int
	// Sleep waits between attempts; nil waits by the clock.
	Sleep func(context.Context, time.Duration) error
	// Checkpoint, if given, is called after each change that must survive the
	// bank; it may call Save.
	Checkpoint func(*Bank) error
	// Log takes what happens, without any person's data; nil is nowhere.
	Log *slog.Logger
}

// Validate fills in the defaults and says what is missing or out of range. Format
// and FormCharset are looked up by New.
func (c *Config) Validate() error {
	setDefault(&c.Code, "SIM")
	setDefault(&c.Format, JSON)
	setDefault(&c.Statements, CamtStatements)
	setDefault(&c.PageSize, 1000)
	setDefault(&c.CardPrefix, "622999")
	setDefault(&c.Attempts, 5)
	setDefault(&c.Log, slog.New(slog.DiscardHandler))
	if c.Sleep == nil {
		c.Sleep = wait
	}
	if c.Day.IsZero() && c.Today != nil {
		c.Day = c.Today()
	}
	switch {
	case c.Client == nil:
		return errors.New("the bank needs an HTTP client")
	case c.Day.IsZero():
		return errors.New("the bank needs its first business day, or Today")
	case !slices.Contains(statementFormats(), c.Statements):
		return fmt.Errorf("statements is one of %q", statementFormats())
	case c.PageSize < 1 || c.PageSize > 10_000:
		return errors.New("the page size is 1 to 10000")
	case len(c.CardPrefix) < 6 || len(c.CardPrefix) > 8 || strings.Trim(c.CardPrefix, "0123456789") != "":
		return errors.New("the card prefix has 6 to 8 digits")
	case c.Attempts < 1 || c.OpenUnknown < 0 || c.OpenUnknown > money.Max || len(c.Code) > 8:
		return errors.New("attempts is at least 1, open-unknown not negative, the code at most 8 characters")
	}
	for _, base := range []*string{&c.Gateway, &c.Upload} {
		u, err := url.Parse(*base)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" {
			return errors.New("gateway and upload are addresses such as http://127.0.0.1:8080")
		}
		*base = strings.TrimSuffix(*base, "/")
	}
	return c.Behaviour.Validate()
}

func statementFormats() []StatementFormat {
	return []StatementFormat{NoStatements, CamtStatements, LinesStatements, MT940Statements}
}

func setDefault[T comparable](at *T, value T) {
	var none T
	if *at == none {
		*at = value
	}
}

// Bank is a simulated bank. It is safe for concurrent use; what talks to the
// gateway waits for each other.
type Bank struct {
	config Config
	seed   seed
	client *client
	codec  *gb18030.Codec
	// forms are the profiles of the format by direction.
	forms map[profile.Direction]*profile.Profile

	// turn is held by what talks to the gateway, mu by what looks at the state.
	// turn comes first; nothing is sent under mu.
	turn sync.Mutex
	mu   sync.Mutex

	ledger    *Ledger
	behaviour Behaviour
	day       calendar.Day
	crashed   bool
	// sequence numbers the references of the day by their kind.
	sequence map[string]int
	cards    int
	batches  map[string]*batch
	// open are the keys of batches that are not answered yet, in order of their arrival.
	open []string
	// returning are payments that will come back, in order of their payment.
	returning []*returning
	openings  map[string]int
	tills     map[till]money.Amount
	queue     []*message
	// mistakes are entries of the bank's own accord that were not taken back.
	mistakes []mistake
}

// New makes a bank and opens its accounts.
func New(c Config) (*Bank, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("set up the bank: %w", err)
	}
	forms, err := formsOf(c.Format, c.FormCharset)
	if err != nil {
		return nil, fmt.Errorf("set up the bank: %w", err)
	}
	b := &Bank{
		config: c, seed: seed(c.Seed), behaviour: c.Behaviour.clone(), day: c.Day, ledger: NewLedger(),
		codec: gb18030.New(c.Charset), forms: forms,
		client: &client{http: c.Client, seed: seed(c.Seed), attempts: c.Attempts, sleep: c.Sleep},
	}
	b.empty()
	for _, f := range c.FundAccounts {
		if err := b.ledger.OpenFund(f.Number, f.Name, f.Opening); err != nil {
			return nil, fmt.Errorf("open fund account %s: %w", f.Number, err)
		}
	}
	if c.Accounts == nil {
		return b, nil
	}
	line := 0
	for a, err := range c.Accounts {
		line++
		if err == nil {
			err = b.ledger.Open(a)
		}
		if err != nil {
			return nil, fmt.Errorf("open customer account %d of the list: %w", line, err)
		}
	}
	return b, nil
}

func (b *Bank) empty() {
	b.sequence, b.batches = map[string]int{}, map[string]*batch{}
	b.openings, b.tills = map[string]int{}, map[till]money.Amount{}
	b.open, b.returning, b.queue, b.mistakes, b.cards, b.crashed = nil, nil, nil, nil, 0, false
}

// Report is what a Step did.
type Report struct {
	// Batches and Openings were taken in this Step.
	Batches  int `json:"batches"`
	Openings int `json:"openings"`
	// Debits and Debited are the successes of these batches.
	Debits  int          `json:"debits"`
	Debited money.Amount `json:"debited"`
	// Payments and Paid are those of disbursement batches; Returns and Returned
	// came back today.
	Payments int          `json:"payments"`
	Paid     money.Amount `json:"paid"`
	Returns  int          `json:"returns"`
	Returned money.Amount `json:"returned"`
	// Sent messages were taken by the gateway; Waiting are due and not sent,
	// Later are for another day.
	Sent    int `json:"sent"`
	Waiting int `json:"waiting"`
	Later   int `json:"later"`
	// Receipts are the gateway's ids of files and results.
	Receipts []string `json:"receipts,omitempty"`
	// Declined is what the bank did not take.
	Declined []Declined `json:"declined,omitempty"`
	// Refused is what the gateway did not take: whole messages and single lines.
	Refused []Refused `json:"refused,omitempty"`
}

// Declined is a batch or account opening that contradicts itself or that the
// bank has no account for. It is left alone.
type Declined struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// Refused is a message, or one line of it, that the gateway did not take.
type Refused struct {
	// Purpose is what the message was, Key its Idempotency-Key.
	Purpose Purpose `json:"purpose"`
	Key     string  `json:"key"`
	// Line is the offending line from 1; 0 is the whole message.
	Line   int    `json:"line,omitempty"`
	ItemID string `json:"item_id,omitempty"`
	// Status is the HTTP status: 200 for a line of a request that was taken.
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// Step does one round: it takes new batches and account openings, debits, pays
// what is payable, returns what comes back, and sends what is due. It ends at the first request that the gateway leaves
// undecided (ErrUnreachable), and with ErrCrashed where Behaviour asks for it;
// the next Step goes on from there. The report is filled up to that point.
func (b *Bank) Step(ctx context.Context) (Report, error) {
	b.turn.Lock()
	defer b.turn.Unlock()
	var r Report
	err := b.step(ctx, &r)
	b.mu.Lock()
	for _, m := range b.queue {
		if m.Due.After(b.day) {
			r.Later++
		} else {
			r.Waiting++
		}
	}
	b.mu.Unlock()
	return r, err
}

func (b *Bank) step(ctx context.Context, r *Report) error {
	if b.Crashed() {
		return ErrCrashed
	}
	if b.config.Today != nil {
		if today := b.config.Today(); today.After(b.Day()) {
			if err := b.NewDay(today); err != nil {
				return err
			}
		}
	}
	if err := b.fetchBatches(ctx, r); err != nil {
		return err
	}
	if err := b.work(ctx, r); err != nil {
		return err
	}
	if err := b.giveBack(ctx, r); err != nil {
		return fmt.Errorf("return payments: %w", err)
	}
	if err := b.fetchOpenings(ctx, r); err != nil {
		return fmt.Errorf("fetch account openings: %w", err)
	}
	return b.send(ctx, r)
}

// Run steps until ctx ends, which is no error, or the bank crashes. The pause
// between two steps follows what the last one left undecided, too.
func (b *Bank) Run(ctx context.Context, interval time.Duration) error {
	for {
		r, err := b.Step(ctx)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // the end of ctx is how a bank is closed
		case errors.Is(err, ErrCrashed):
			return err
		case err != nil:
			b.config.Log.LogAttrs(ctx, slog.LevelWarn, "step not finished", slog.String("error", err.Error()))
		}
		b.report(ctx, r)
		if err := wait(ctx, interval); err != nil {
			return nil //nolint:nilerr // the end of ctx is how a bank is closed
		}
	}
}

func (b *Bank) report(ctx context.Context, r Report) {
	log := b.config.Log
	for _, f := range r.Refused {
		log.LogAttrs(ctx, slog.LevelWarn, "refused by the gateway", slog.String("purpose", string(f.Purpose)),
			slog.String("key", f.Key), slog.Int("line", f.Line), slog.String("item_id", f.ItemID),
			slog.Int("status", f.Status), slog.String("code", f.Code), slog.String("detail", f.Detail))
	}
	if r.Batches+r.Openings+r.Returns+r.Sent > 0 {
		log.LogAttrs(ctx, slog.LevelInfo, "step", slog.Int("batches", r.Batches), slog.Int("openings", r.Openings),
			slog.Int("debits", r.Debits), slog.String("debited", r.Debited.String()),
			slog.Int("payments", r.Payments), slog.String("paid", r.Paid.String()),
			slog.Int("returns", r.Returns), slog.String("returned", r.Returned.String()), slog.Int("sent", r.Sent),
			slog.Int("waiting", r.Waiting), slog.Int("later", r.Later))
	}
}

// Day is the bank's business day.
func (b *Bank) Day() calendar.Day {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.day
}

// Crashed says that the bank ended by Behaviour.CrashAfterDebit.
func (b *Bank) Crashed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.crashed
}

// Behaviour returns how the bank behaves.
func (b *Bank) Behaviour() Behaviour {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.behaviour.clone()
}

// Behave changes it for the batches that are debited or paid from now on.
func (b *Bank) Behave(to Behaviour) error {
	if err := to.Validate(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.behaviour = to.clone()
	return nil
}

// Ledger lets look see or change the bank's own book, while nothing else does.
// look must not keep it.
func (b *Bank) Ledger(look func(*Ledger)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	look(b.ledger)
}

func (b *Bank) checkpoint() error {
	if b.config.Checkpoint == nil {
		return nil
	}
	if err := b.config.Checkpoint(b); err != nil {
		return fmt.Errorf("save the bank's state: %w", err)
	}
	return nil
}

// reference is the bank's own number of what happens today; mu is held.
func (b *Bank) reference(kind string) string {
	b.sequence[kind]++
	return fmt.Sprintf("%s%s-%06d", kind, b.day.Compact(), b.sequence[kind])
}
