package reconcile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/reconcile/intake"
)

// Decoder reads any statement format into records.
type Decoder interface {
	Decode(ctx context.Context, r io.Reader, emit bank.Emit) error
}

// Parts are what a Service is made of.
type Parts struct {
	Store   Store
	Decoder Decoder
	Days    *calendar.WorkingDays
	// Today is the business day.
	Today func() calendar.Day
	// Log may be nil.
	Log *slog.Logger
}

// Service is the proof's front door. It is safe for concurrent use.
type Service struct {
	store   Store
	decoder Decoder
	days    *calendar.WorkingDays
	today   func() calendar.Day
	log     *slog.Logger
}

// New returns a service.
func New(p Parts) *Service {
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{store: p.Store, decoder: p.Decoder, days: p.Days, today: p.Today, log: p.Log}
}

// TakeIn takes a received statement in: whole, or set aside with the reason. Those of
// the account that were received for earlier days are taken in before it, since each
// has to follow the one before; those that were set aside because days before them were
// missing, and that follow now, after it. It may be run again after a crash at any point,
// and beside others.
func (s *Service) TakeIn(ctx context.Context, area party.Area, receipt int64) error {
	// The trouble of a file that waited keeps no other from its turn, and is told in the end.
	var trouble error
	for {
		next := receipt
		err := s.store.Read(ctx, func(tx Tx) (err error) {
			next, err = tx.FirstStatement(ctx, area, receipt)
			return err
		})
		if err != nil {
			return err
		}
		if err := s.takeOne(ctx, area, next); err != nil {
			return err
		}
		trouble = errors.Join(trouble, s.takeWaiting(ctx, area, next))
		if next == receipt || ctx.Err() != nil {
			return trouble
		}
	}
}

func (s *Service) takeOne(ctx context.Context, area party.Area, receipt int64) error {
	var file bank.Receipt
	err := s.store.InTx(ctx, func(tx Tx) (err error) {
		if file, err = tx.Receipt(ctx, area, receipt); err != nil {
			return err
		}
		if file.State != bank.Received {
			return nil
		}
		return s.takeIn(ctx, tx, file)
	})
	var refusal *refused
	if !errors.As(err, &refusal) {
		if err != nil {
			return fmt.Errorf("take in statement %d: %w", receipt, err)
		}
		return nil
	}
	code, text := refusal.reason()
	err = s.store.InTx(ctx, func(tx Tx) error { return tx.QuarantineReceipt(ctx, file, code, text) })
	if err != nil {
		return fmt.Errorf("set statement %d aside: %w", receipt, err)
	}
	return nil
}

// refused carries what the file itself is to blame for out of the transaction,
// which is then given up with everything that was written.
type refused struct{ why *fault.Error }

func (r *refused) Error() string { return r.why.Error() }

// reason is what is kept of the refusal: its sentence begins with the line to blame.
func (r *refused) reason() (code, text string) {
	text = r.why.Text
	if at := fmt.Sprintf("line %d", r.why.Line); r.why.Line > 0 && !strings.HasPrefix(text, at+",") {
		text = at + ": " + text
	}
	return r.why.Code, text
}

func refuse(err error) error {
	var why *fault.Error
	if errors.As(err, &why) && why.Kind == fault.Unprocessable {
		return &refused{why: why}
	}
	return err
}

func (s *Service) takeIn(ctx context.Context, tx Tx, file bank.Receipt) error {
	day, err := calendar.ParseDay(file.Part)
	if err != nil || file.Subject == 0 || file.Kind != bank.ReceiptStatement {
		return ErrReceiptKind
	}
	a := Account{Area: file.Area, ID: file.Subject}
	if err := tx.LockReconciliation(ctx, a); err != nil {
		return err
	}
	// Another worker may have taken it in while this one waited.
	if now, err := tx.Receipt(ctx, file.Area, file.ID); err != nil || now.State != bank.Received {
		return err
	}
	account, err := tx.StatementAccount(ctx, a)
	if err != nil {
		return err
	}
	known, err := tx.KnownStatements(ctx, a)
	if err != nil {
		return err
	}
	if account.Bank != file.Bank {
		return &refused{why: intake.ErrAccount}
	}
	k := &keeper{tx: tx, account: a, ids: map[int]int64{}, err: nil}
	gate := intake.NewGate(intake.Expect{
		Account: account, Day: day, Today: s.today(), Known: known, Past: k, Days: s.days, Keep: k.keep,
	})
	verdict, err := s.read(ctx, k, gate, file)
	if err != nil {
		return err
	}
	if err := k.finish(ctx, file.ID, verdict); err != nil {
		return err
	}
	sum, err := verdict.Credits.Add(verdict.Debits)
	if err != nil {
		sum = money.Max
	}
	return tx.CloseReceipt(ctx, file.Area, file.ID, bank.Counts{
		Rows: verdict.Fresh + verdict.Repeated + verdict.Ignored, Recorded: verdict.Fresh, Repeated: verdict.Repeated,
		Pending: verdict.Ignored, Refused: 0, Amount: sum,
	})
}

// read passes the file through the gate. It tells the file's faults, which set
// it aside, from those of storage, after which the job is run again.
func (s *Service) read(ctx context.Context, k *keeper, gate *intake.Gate, file bank.Receipt) (intake.Verdict, error) {
	r := &parts{ctx: ctx, tx: k.tx, file: file, part: 0, rest: nil, err: nil}
	var gateErr error
	emit := gate.Emit(ctx)
	err := s.decoder.Decode(ctx, r, func(record bank.Record) error {
		gateErr = emit(record)
		return gateErr
	})
	switch {
	case r.err != nil:
		return intake.Verdict{}, r.err
	case k.err != nil:
		return intake.Verdict{}, k.err
	case gateErr != nil:
		return intake.Verdict{}, refuse(gateErr)
	case ctx.Err() != nil:
		return intake.Verdict{}, fmt.Errorf("read statement: %w", ctx.Err())
	case err != nil:
		return intake.Verdict{}, &refused{why: ErrUnreadable.Because(err)}
	}
	verdict, err := gate.Close(ctx)
	if k.err != nil {
		return intake.Verdict{}, k.err
	}
	return verdict, refuse(err)
}

// keeper writes what the gate lets through, and answers what is there already.
type keeper struct {
	tx      Tx
	account Account
	ids     map[int]int64
	// err is the first error of storage.
	err error
}

// DayLines implements intake.Past.
func (k *keeper) DayLines(ctx context.Context, day calendar.Day) ([]intake.PastLine, error) {
	lines, err := k.tx.StatementDayLines(ctx, k.account, day)
	return lines, k.note(err)
}

// BalanceAfter implements intake.Past.
func (k *keeper) BalanceAfter(ctx context.Context, day calendar.Day) (money.Amount, error) {
	balance, err := k.tx.StatementBalance(ctx, k.account, day)
	return balance, k.note(err)
}

func (k *keeper) note(err error) error {
	if err != nil && k.err == nil {
		k.err = err
	}
	return err
}

func (k *keeper) keep(ctx context.Context, lines []intake.Line) error {
	for _, l := range lines {
		if _, err := k.id(ctx, l.Statement); err != nil {
			return k.note(err)
		}
	}
	return k.note(k.tx.AddStatementLines(ctx, k.account, k.ids, lines))
}

func (k *keeper) id(ctx context.Context, statement int) (int64, error) {
	if id, ok := k.ids[statement]; ok {
		return id, nil
	}
	ids, err := k.tx.NewIDs(ctx, 1)
	if err != nil {
		return 0, err
	}
	k.ids[statement] = ids[0]
	return ids[0], nil
}

func (k *keeper) finish(ctx context.Context, receipt int64, v intake.Verdict) error {
	for _, st := range v.Statements {
		id, err := k.id(ctx, st.Index)
		if err != nil {
			return err
		}
		if err := k.tx.AddStatement(ctx, k.account, receipt, id, st); err != nil {
			return err
		}
		if st.Lines == 0 {
			continue
		}
		if err := k.tx.Enqueue(ctx, LinesTakenIn{Area: k.account.Area, Statement: id}); err != nil {
			return err
		}
	}
	if len(v.Statements) == 0 {
		return nil
	}
	return k.tx.Enqueue(ctx, MatchDue{Area: k.account.Area, FundAccount: k.account.ID})
}

// parts reads a stored file through the transaction that takes it in.
type parts struct {
	ctx  context.Context //nolint:containedctx // io.Reader has no room for it
	tx   Tx
	file bank.Receipt
	part int
	rest []byte
	err  error
}

// Read implements io.Reader.
func (p *parts) Read(b []byte) (int, error) {
	for len(p.rest) == 0 {
		p.part++
		rest, err := p.tx.ReceiptPart(p.ctx, p.file.Area, p.file.ID, p.part)
		if err != nil {
			p.err = err
			return 0, err
		}
		if rest == nil {
			return 0, io.EOF
		}
		p.rest = rest
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// BatchCredits lists credits of a statement that name a batch of ours, by rising
// line id after the given one. They are arrivals of money, and are the same
// arrival as the bank's notice of the same reference; a line without a reference
// of the bank is left out, for it could be counted twice.
func (s *Service) BatchCredits(
	ctx context.Context, area party.Area, statement, after int64, limit int,
) ([]BatchCredit, error) {
	var out []BatchCredit
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		out, err = tx.BatchCredits(ctx, area, statement, after, limit)
		return err
	})
	return out, err
}

// mayRead lists who sees the proof of an area.
func mayRead(by approval.Officer, area party.Area) error {
	if by.Area != area || area == 0 {
		return ErrAccountUnknown
	}
	return nil
}

// AccountOf finds the account that a bank names, by its number or our id;
// another bank's account is not found.
func (s *Service) AccountOf(ctx context.Context, by bank.Caller, account string) (Account, error) {
	var out Account
	err := s.store.Read(ctx, func(tx Tx) error {
		found, err := tx.AccountOfBank(ctx, by.Code, account)
		out = Account{Area: found.Area, ID: found.ID}
		return err
	})
	return out, err
}
