package collection

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// Service is collection's front door. It is safe for concurrent use.
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

const (
	// MaxResults bounds the lines of one request.
	MaxResults = 10_000
	chunk      = 5_000
	actorJob   = "job"
)

// Acknowledge takes a bank's word that it holds a batch whole.
func (s *Service) Acknowledge(
	ctx context.Context, r once.Request, render once.Render, area party.Area, by bank.Caller, id int64,
	a Acknowledgement,
) (once.Answer, error) {
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		b, err := tx.LockBatch(ctx, area, by.Code, id)
		if err != nil {
			return nil, err
		}
		sameDigest := a.Digest == hex.EncodeToString(b.Digest[:]) || a.Digest == hex.EncodeToString(b.FileDigest[:])
		if a.Count != b.Count || a.Amount != b.Amount || !sameDigest {
			return nil, ErrAcknowledgement
		}
		if b.State.CanBecome(bank.BatchAcked) {
			return tx.MoveBatch(ctx, b, bank.BatchAcked, "bank:"+by.Code, "acknowledged count, amount and digest")
		}
		return b, nil
	})
}

// Results takes at most MaxResults answers of one batch in one transaction:
// the lines, the outcomes, the batch's state and, where money and answers now
// agree, the agreement. Area 0 stands for the area of the batch.
func (s *Service) Results(
	ctx context.Context, r once.Request, render once.Render, area party.Area, by bank.Caller, id int64,
	results []Result,
) (once.Answer, error) {
	if len(results) > MaxResults {
		return once.Answer{}, ErrTooManyLines //nolint:exhaustruct // no answer
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		b, err := tx.LockBatch(ctx, area, by.Code, id)
		if err != nil {
			return nil, err
		}
		receipt, err := tx.BeginReceipt(ctx, bank.Receipt{ //nolint:exhaustruct // the rest is decided later
			Area: b.Area, Bank: by.Code, Kind: bank.ReceiptResults, Subject: b.ID,
			Name: "results:" + r.Key, ReceivedBy: "bank:" + by.Code,
		})
		if err != nil {
			return nil, err
		}
		done, err := tx.FinishReceipt(ctx, bank.Receipt{ //nolint:exhaustruct // the rest stands in the row
			Area: b.Area, ID: receipt, Bank: by.Code, Kind: bank.ReceiptResults, Name: "results:" + r.Key,
			Digest: r.Fingerprint,
		})
		if err != nil {
			return nil, err
		}
		taken, err := s.takeChunk(ctx, tx, b, done.ID, results, "bank:"+by.Code)
		if err != nil {
			return nil, err
		}
		if err := tx.CloseReceipt(ctx, b.Area, done.ID, taken.Counts); err != nil {
			return nil, err
		}
		taken.Receipt = done.ID
		if taken.Batch, err = s.settleBatch(ctx, tx, taken.Batch, "bank:"+by.Code); err != nil {
			return nil, err
		}
		return taken, nil
	})
}

// Taken is what became of a request's lines.
type Taken struct {
	Receipt   int64
	Batch     Batch
	Decisions []Decision
	Counts    bank.Counts
}

// takeChunk decides lines and writes what was decided, under the batch's lock.
func (s *Service) takeChunk(
	ctx context.Context, tx Tx, b Batch, receipt int64, results []Result, actor string,
) (Taken, error) {
	if !b.State.WithBank() {
		return Taken{}, bank.ErrBatchState //nolint:exhaustruct // refused
	}
	known, err := tx.KnownItems(ctx, b, receipt, results)
	if err != nil {
		return Taken{}, err //nolint:exhaustruct // refused
	}
	decisions := make([]Decision, len(results))
	seen := make(map[int64]bool, len(results))
	for i, r := range results {
		if k := known[i]; k != nil && seen[k.Item] {
			k.SeenInReceipt = true
		}
		decisions[i] = bank.Decide(bank.SentBatch{ID: b.ID, Number: b.Number}, r, known[i])
		if known[i] != nil && decisions[i].Disposition != Refused {
			seen[known[i].Item] = true
		}
	}
	if err := tx.AddAnswers(ctx, b, receipt, decisions, s.today()); err != nil {
		return Taken{}, err //nolint:exhaustruct // refused
	}
	if b.State == bank.BatchSending || b.State == bank.BatchSent {
		b, err = tx.MoveBatch(ctx, b, bank.BatchAcked, actor, fmt.Sprintf("answers in receipt %d", receipt))
		if err != nil {
			return Taken{}, err //nolint:exhaustruct // refused
		}
	}
	return Taken{Receipt: receipt, Batch: b, Decisions: decisions, Counts: bank.CountsOf(decisions)}, nil
}

// TakeInResultFile reads a stored result file: first whole, to prove that it
// agrees with itself, then again in chunks that are recorded one transaction
// each. It may be run again after a crash at any point: lines that were kept
// are passed over.
func (s *Service) TakeInResultFile(ctx context.Context, area party.Area, receipt int64) error {
	head, err := s.intake.Find(ctx, area, "", receipt)
	if err != nil {
		return err
	}
	if head.State != bank.Received {
		return nil
	}
	b, err := s.store.Batch(ctx, BatchFilter{Area: area, Bank: head.Bank, ID: head.Subject}) //nolint:exhaustruct // one
	if err != nil {
		return s.quarantine(ctx, head, err)
	}
	p, err := s.store.Partner(ctx, area, b.Scheme, b.Bank)
	if err != nil {
		return err
	}
	proof := &bank.FileProof{Accepted: head.Accepted != 0, Batch: b.Number} //nolint:exhaustruct // empty
	err = s.intake.Decode(ctx, area, receipt, func(body io.Reader) error {
		return s.reader.ReadResults(ctx, p, head, body, proof.Take)
	})
	if err != nil {
		return s.quarantine(ctx, head, err)
	}
	if err := proof.Check(head); err != nil {
		return s.quarantine(ctx, head, err)
	}
	return s.recordFile(ctx, head, b, p, &proof.Whole)
}

// quarantine sets a file aside where the error speaks of its content; any other
// error is returned, so that the job is tried again.
func (s *Service) quarantine(ctx context.Context, head bank.Receipt, cause error) error {
	if !bank.SpeaksOfContent(cause) {
		return cause
	}
	return s.store.InTx(ctx, func(tx Tx) error {
		return tx.QuarantineReceipt(ctx, head, bank.RefusalCode(cause), bank.RefusalText(cause))
	})
}

func (s *Service) recordFile(
	ctx context.Context, head bank.Receipt, b Batch, p Partner, whole *bank.Whole,
) error {
	var kept int
	err := s.store.InTx(ctx, func(tx Tx) (err error) {
		kept, _, err = tx.AnsweredLines(ctx, head.Area, head.ID)
		return err
	})
	if err != nil {
		return err
	}
	pending := make([]Result, 0, chunk)
	flush := func() error {
		err := s.recordChunk(ctx, head, b.ID, pending)
		pending = pending[:0]
		return err
	}
	err = s.intake.Decode(ctx, head.Area, head.ID, func(body io.Reader) error {
		line := 0
		return s.reader.ReadResults(ctx, p, head, body, func(rec bank.Record) error {
			r, ok := rec.(bank.Result)
			if !ok || !r.OfItem() {
				return nil
			}
			line++
			if line <= kept {
				return nil
			}
			pending = append(pending, bank.AnswerOf(line, r))
			if len(pending) == chunk {
				return flush()
			}
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("take in receipt %d: %w", head.ID, err)
	}
	end := flush
	if whole.Refused() {
		end = func() error { return s.refuseAll(ctx, head, b, whole, kept) }
	}
	if err := end(); err != nil {
		return fmt.Errorf("take in receipt %d: %w", head.ID, err)
	}
	return s.store.InTx(ctx, func(tx Tx) error {
		locked, err := tx.LockBatch(ctx, head.Area, head.Bank, b.ID)
		if err != nil {
			return err
		}
		_, counts, err := tx.AnsweredLines(ctx, head.Area, head.ID)
		if err != nil {
			return err
		}
		if err := tx.CloseReceipt(ctx, head.Area, head.ID, counts); err != nil {
			return err
		}
		_, err = s.settleBatch(ctx, tx, locked, "bank:"+head.Bank)
		return err
	})
}

func (s *Service) recordChunk(ctx context.Context, head bank.Receipt, batch int64, lines []Result) error {
	if len(lines) == 0 {
		return nil
	}
	return s.store.InTx(ctx, func(tx Tx) error {
		locked, err := tx.LockBatch(ctx, head.Area, head.Bank, batch)
		if err != nil {
			return err
		}
		_, err = s.takeChunk(ctx, tx, locked, head.ID, lines, "bank:"+head.Bank)
		return err
	})
}

// refuseAll takes the refusal of a whole file for every debit of its batch, and has
// people look. Items up to the line kept were answered before a crash.
func (s *Service) refuseAll(ctx context.Context, head bank.Receipt, b Batch, whole *bank.Whole, kept int) error {
	err := s.store.InTx(ctx, func(tx Tx) error {
		return tx.OpenParcelCase(ctx, b.Area, whole.Case(fmt.Sprintf("batch:%d", b.ID), b.Bank, b.Number))
	})
	for after := kept; err == nil && after < b.Count; {
		var items []ItemStanding
		if items, err = s.store.Items(ctx, b.Area, b.ID, after, chunk); err != nil || len(items) == 0 {
			break
		}
		lines := make([]Result, len(items))
		for i, it := range items {
			lines[i] = whole.Answer(it.Seq, it.ID, b.Number)
		}
		after = items[len(items)-1].Seq
		err = s.recordChunk(ctx, head, b.ID, lines)
	}
	return err
}

// WriteFile writes a batch in its bank's own format: the bytes whose digest was
// frozen with it.
func (s *Service) WriteFile(ctx context.Context, w io.Writer, b Batch) error {
	p, err := s.store.Partner(ctx, b.Area, b.Scheme, b.Bank)
	if err != nil {
		return err
	}
	return s.files.WriteWithholding(w, p, b, func(yield func(Item) error) error {
		return s.store.EachItem(ctx, b.Area, b.ID, yield)
	})
}

// Due says what a member owes for a year, to a bank of the member's area or to
// an officer of it.
func (s *Service) Due(
	ctx context.Context, area party.Area, bankCode string, member int64, year int,
) (CounterDue, error) {
	none := CounterDue{} //nolint:exhaustruct // none
	area, err := s.store.AreaOfMember(ctx, area, bankCode, member)
	if err != nil {
		return none, err
	}
	var dues []CounterDue
	err = s.store.InTx(ctx, func(tx Tx) (err error) {
		dues, err = tx.CounterDues(ctx, []party.Area{area}, []int64{member}, []int{year})
		return err
	})
	if err != nil {
		return none, err
	}
	return dues[0], nil
}

// Batches lists batches; see BatchFilter.
func (s *Service) Batches(ctx context.Context, f BatchFilter) ([]Batch, error) {
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

// FindItem says where an item stands.
func (s *Service) FindItem(ctx context.Context, f ItemFilter) (ItemStanding, error) {
	return s.store.FindItem(ctx, f)
}

// ReceiptLines lists what became of a receipt's lines after the given one.
func (s *Service) ReceiptLines(ctx context.Context, r bank.Receipt, after, limit int) ([]Decision, error) {
	return s.store.ReceiptLines(ctx, r.Area, r.ID, after, limit)
}
