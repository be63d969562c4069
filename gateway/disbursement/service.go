package disbursement

import (
	"context"
	"errors"
	"io"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
)

// Service is disbursement's front door. It is safe for concurrent use.
type Service struct {
	store  Store
	intake *bank.Intake
	files  FileWriter
	reader FileReader
	days   *calendar.WorkingDays
	today  func() calendar.Day
}

// Parts are what a Service is made of.
type Parts struct {
	Store  Store
	Intake *bank.Intake
	Writer FileWriter
	Reader FileReader
	Days   *calendar.WorkingDays
	// Today is the business day.
	Today func() calendar.Day
}

// New returns a service.
func New(p Parts) *Service {
	return &Service{store: p.Store, intake: p.Intake, files: p.Writer, reader: p.Reader, days: p.Days, today: p.Today}
}

// actor names an officer in events and entries.
func actor(o approval.Officer) string { return "officer:" + o.Login }

// booked runs a command that books. One that meets the sealing of its day belongs
// to the next day and is run again.
func (s *Service) booked(command func() (once.Answer, error)) (once.Answer, error) {
	for before := s.today(); ; {
		answer, err := command()
		today := s.today()
		if !errors.Is(err, ledger.ErrSealed) || today == before {
			return answer, err
		}
		before = today
	}
}

// Batches lists batches; see BatchFilter.
func (s *Service) Batches(ctx context.Context, f BatchFilter) ([]Batch, error) {
	f.Limit = page(f.Limit)
	return s.store.Batches(ctx, f)
}

// Batch returns one batch, or ErrBatchUnknown.
func (s *Service) Batch(ctx context.Context, f BatchFilter) (Batch, error) {
	return s.store.Batch(ctx, f)
}

// Items lists a batch's items in file order after the given position.
func (s *Service) Items(ctx context.Context, b Batch, after, limit int) ([]ItemStanding, error) {
	return s.store.Items(ctx, b.Area, b.ID, after, limit)
}

// EachItem streams a batch's items in file order.
func (s *Service) EachItem(ctx context.Context, b Batch, fn func(Item) error) error {
	return s.store.EachItem(ctx, b.Area, b.ID, fn)
}

// WriteFile writes a batch in its bank's own format: the bytes whose digest was
// frozen with it. Whether its reader may still have it, ForBank says.
func (s *Service) WriteFile(ctx context.Context, w io.Writer, b Batch) error {
	p, err := s.store.PayPartner(ctx, b.Area, b.Scheme, b.Bank)
	if err != nil {
		return err
	}
	return s.files.WritePayment(w, p, b, func(yield func(Item) error) error {
		return s.store.EachItem(ctx, b.Area, b.ID, yield)
	})
}

// ForBank refuses to hand a batch to its bank that was not released, was recalled or
// is withheld.
func (b Batch) ForBank() error {
	switch {
	case !b.State.WithBank():
		return refusedBatch(b)
	case b.Withheld:
		return bank.ErrWithheld.About(b.Number)
	}
	return nil
}
