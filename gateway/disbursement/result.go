package disbursement

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

const (
	// MaxResults bounds the lines of one request.
	MaxResults = 10_000
	chunk      = 5_000
)

// ErrTooManyLines is a request that has to be a file.
var ErrTooManyLines = fault.New(fault.TooLarge, "too_many_lines", "at most 10 000 lines a request; send a file")

// Report is what a bank says became of payments of one batch, with the totals
// that it counted itself.
type Report struct {
	Count   int
	Amount  money.Amount
	Answers []bank.Answer
}

// Taken is what became of a request's lines.
type Taken struct {
	Receipt   int64
	Batch     Batch
	Decisions []bank.Decision
	Counts    bank.Counts
}

// KnownPayment is what is known of a payment when a line for it arrives.
type KnownPayment struct {
	bank.Known

	Payment Item
	// Reference is the bank's number in the answer that was recorded.
	Reference string
	// Returned says that the bank gave the payment back.
	Returned bool
	// Ambiguous says that the line names a person and no payment, and fits several.
	Ambiguous bool
}

// Results takes at most MaxResults answers of one batch in one transaction: the
// lines, the outcomes, their entries, and the states that follow. A refused line
// books nothing and blocks no other; a wrong total refuses all. Area 0 stands for
// the area of the batch. The answer's result is a Taken.
func (s *Service) Results(
	ctx context.Context, r once.Request, render once.Render, area party.Area, by bank.Caller, id int64, rep Report,
) (once.Answer, error) {
	none := once.Answer{} //nolint:exhaustruct // no answer
	if len(rep.Answers) > MaxResults {
		return none, ErrTooManyLines
	}
	if err := bank.CheckTotals(rep.Count, rep.Amount, rep.Answers); err != nil {
		return none, err
	}
	var batch Batch
	answer, err := s.booked(func() (once.Answer, error) {
		return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
			b, err := tx.LockPayBatch(ctx, area, by.Code, id)
			if err != nil {
				return nil, err
			}
			batch = b
			return s.results(ctx, tx, b, r, rep.Answers)
		})
	})
	if errors.Is(err, bank.ErrBatchState) && batch.State == bank.BatchWithdrawn {
		return answer, s.keepRecalled(ctx, batch, err)
	}
	return answer, err
}

func (s *Service) results(
	ctx context.Context, tx Tx, b Batch, r once.Request, answers []bank.Answer,
) (Taken, error) {
	none := Taken{}                                       //nolint:exhaustruct // none
	head, err := requestReceipt(ctx, tx, r, bank.Receipt{ //nolint:exhaustruct // the rest is decided later
		Area: b.Area, Bank: b.Bank, Kind: bank.ReceiptPaymentResults, Subject: b.ID,
	})
	if err != nil {
		return none, err
	}
	taken, err := s.takeChunk(ctx, tx, b, head.ID, answers, head.ReceivedBy)
	if err != nil {
		return none, err
	}
	return taken, tx.CloseReceipt(ctx, b.Area, head.ID, taken.Counts)
}

// requestReceipt keeps a receipt for a long request of a bank.
func requestReceipt(ctx context.Context, tx AnswerTx, r once.Request, head bank.Receipt) (bank.Receipt, error) {
	head.Name, head.ReceivedBy, head.Digest = string(head.Kind)+":"+r.Key, "bank:"+head.Bank, r.Fingerprint
	var err error
	if head.ID, err = tx.BeginReceipt(ctx, head); err != nil {
		return head, err
	}
	return tx.FinishReceipt(ctx, head)
}

// takeChunk decides lines and writes and books what was decided, under the
// batch's lock.
func (s *Service) takeChunk(
	ctx context.Context, tx Tx, b Batch, receipt int64, answers []bank.Answer, by string,
) (Taken, error) {
	none := Taken{} //nolint:exhaustruct // none
	if !b.State.WithBank() {
		return none, refusedBatch(b)
	}
	known, err := tx.KnownPayments(ctx, b, receipt, answers)
	if err != nil {
		return none, err
	}
	today := s.today()
	decisions, settled := Judge(b, answers, known, today)
	if b, err = tx.AddPaymentAnswers(ctx, b, receipt, decisions, today); err != nil {
		return none, err
	}
	if err := alarmDoubleCredit(ctx, tx, b, decisions); err != nil {
		return none, err
	}
	heard := slices.ContainsFunc(decisions, func(d bank.Decision) bool { return d.Disposition != bank.Refused })
	if heard {
		if b, err = s.heard(ctx, tx, b, receipt, by); err != nil {
			return none, err
		}
	}
	if b, err = s.settle(ctx, tx, b, settled, by); err != nil {
		return none, err
	}
	return Taken{Receipt: receipt, Batch: b, Decisions: decisions, Counts: bank.CountsOf(decisions)}, nil
}

// Judge says what becomes of the lines of an answer on one batch, and which
// payments are decided by them. It is pure.
func Judge(
	b Batch, answers []bank.Answer, known []*KnownPayment, today calendar.Day,
) ([]bank.Decision, []Settled) {
	decisions := make([]bank.Decision, len(answers))
	var settled []Settled
	seen := make(map[int64]bool, len(answers))
	for i, a := range answers {
		k := known[i]
		d := judge(b, a, k, k != nil && seen[k.Item], today)
		if k != nil && !k.Ambiguous && d.Disposition != bank.Refused {
			seen[k.Item] = true
		}
		if d.Disposition == bank.Recorded {
			settled = append(settled, Settled{Item: k.Payment, Outcome: d.Outcome, ValueDate: d.ValueDate})
		}
		decisions[i] = d
	}
	return decisions, settled
}

func judge(b Batch, a bank.Answer, k *KnownPayment, seen bool, today calendar.Day) bank.Decision {
	sent := bank.SentBatch{ID: b.ID, Number: b.Number}
	if k == nil || k.Ambiguous {
		d := bank.Decide(sent, a, nil)
		if k != nil {
			d = d.Refuse("ambiguous_item", "the line fits several payments of the batch; name the item")
		}
		return d
	}
	k.SeenInReceipt = k.SeenInReceipt || seen
	d := bank.Decide(sent, a, &k.Known)
	if d.Disposition == bank.Recorded && d.ValueDate.IsZero() {
		// A format without value dates: the money moved by the day that we are told so.
		d.ValueDate = today
	}
	switch {
	case d.Disposition == bank.Recorded && !possibleDay(b, d.ValueDate, today):
		return d.Refuse("value_date_out_of_range", "the value date lies ahead or before the payment was made out")
	case d.Disposition == bank.Repeated && d.Outcome == bank.OutcomeSucceeded && k.Returned &&
		d.BankReference != "" && k.Reference != "" && d.BankReference != k.Reference:
		return d.Refuse("contradicts_outcome", "the payment came back; the bank now tells of another one")
	}
	return d
}

// possibleDay says that money of the batch can have moved on the day.
func possibleDay(b Batch, day, today calendar.Day) bool {
	return !day.After(today) && !day.Before(b.CreatedOn)
}

// alarmDoubleCredit asks a person to look where the bank says that it paid what it
// had refused or given back, or that it has seen the payment before: until then it
// is not paid again.
func alarmDoubleCredit(ctx context.Context, tx RunTx, b Batch, decisions []bank.Decision) error {
	var cases []Case
	for _, d := range decisions {
		switch {
		case d.Refusal == "contradicts_outcome" && d.Outcome == bank.OutcomeSucceeded:
			cases = append(cases, doubleCredit(b, d.Item,
				"the bank says that it paid what it had refused or given back; find out before it is paid again"))
		case d.Disposition == bank.Recorded && d.Class == bank.ClassDuplicate:
			cases = append(cases, doubleCredit(b, d.Item,
				"the bank refused it as a payment that it has seen before; find out whether it paid that one"))
		}
	}
	if len(cases) == 0 {
		return nil
	}
	return tx.OpenPayCase(ctx, b.Area, cases...)
}

func doubleCredit(b Batch, item int64, text string) Case {
	return Case{
		Kind: "possible_double_credit", Subject: fmt.Sprintf("payment_item:%d", item), Bank: b.Bank, Text: text,
	}
}

// heard notes that the bank has the batch: it speaks of its payments.
func (s *Service) heard(ctx context.Context, tx Tx, b Batch, receipt int64, by string) (Batch, error) {
	b, err := s.handOver(ctx, tx, b, by)
	if err != nil || b.State != bank.BatchSending && b.State != bank.BatchSent {
		return b, err
	}
	return tx.MovePayBatch(ctx, b, bank.BatchAcked, by, fmt.Sprintf("answers in receipt %d", receipt))
}

// settle books what was decided now, with the returns that waited for it, and
// moves the batch and its run where that was the last of them.
func (s *Service) settle(ctx context.Context, tx Tx, b Batch, settled []Settled, by string) (Batch, error) {
	if len(settled) > 0 {
		if err := s.book(ctx, tx, b, settled, by); err != nil {
			return b, err
		}
		var err error
		if b, err = s.bookReturns(ctx, tx, b, by); err != nil {
			return b, err
		}
	}
	if b.Progress.Open > 0 || !b.State.CanBecome(bank.BatchDone) {
		return b, nil
	}
	b, err := tx.MovePayBatch(ctx, b, bank.BatchDone, by, "every payment has a final answer")
	if err != nil {
		return b, err
	}
	silent := SilentCase(b)
	silent.Text = "every payment has a final answer"
	if err := tx.ClosePayCase(ctx, b.Area, silent, by); err != nil {
		return b, err
	}
	return b, closeRun(ctx, tx, b, by)
}

func (s *Service) book(ctx context.Context, tx Tx, b Batch, settled []Settled, by string) error {
	// A release counts what the account holds and what is still to be taken from it:
	// both change here, and it must see them change together.
	if err := tx.LockFundAccount(ctx, b.Area, b.FundAccount); err != nil {
		return err
	}
	accounts, err := drawn(ctx, tx, b.Area, settled)
	if err != nil {
		return err
	}
	entries := Vouchers(b, settled, accounts, s.today())
	if len(entries) == 0 {
		return nil
	}
	_, err = tx.Book(ctx, by, entries...)
	return err
}

// drawn locks and reads the accounts that payments draw from, and in which order that is
// in each month: policy.ErrNoRule where nobody decided it.
func drawn(ctx context.Context, tx DrawTx, area party.Area, settled []Settled) (a Accounts, err error) {
	members := Drawers(settled)
	if len(members) == 0 {
		return a, nil
	}
	if a.Held, err = tx.HoldPersonal(ctx, area, members); err != nil {
		return a, err
	}
	all, err := tx.Rules(ctx, area)
	if err != nil {
		return a, err
	}
	a.Order = make(map[calendar.Month][]policy.Part)
	for _, p := range settled {
		if _, known := a.Order[p.Month]; known {
			continue
		}
		row, err := all.Row(policy.DrawingOrder, p.Month.First())
		if err != nil {
			return a, err
		}
		a.Order[p.Month] = row.Value.Order()
	}
	return a, nil
}

// TakeInResultFile reads a stored result file: first whole, to prove that it
// agrees with itself, then again in chunks that are recorded and booked one
// transaction each. It may be run again after a crash at any point: lines that
// were kept are passed over.
func (s *Service) TakeInResultFile(ctx context.Context, area party.Area, receipt int64) error {
	head, err := s.intake.Find(ctx, area, "", receipt)
	if err != nil || head.State != bank.Received {
		return err
	}
	b, err := s.store.Batch(ctx, BatchFilter{Area: area, Bank: head.Bank, ID: head.Subject}) //nolint:exhaustruct // one
	if err != nil {
		return s.quarantine(ctx, head, err)
	}
	if !b.State.WithBank() {
		return s.quarantineRecalled(ctx, head, b, refusedBatch(b))
	}
	p, err := s.store.PayPartner(ctx, area, b.Scheme, b.Bank)
	if err != nil {
		return err
	}
	proof := &bank.FileProof{Accepted: head.Accepted != 0, Batch: b.Number} //nolint:exhaustruct // empty
	err = s.intake.Decode(ctx, area, receipt, func(body io.Reader) error {
		return s.reader.ReadPaymentResults(ctx, p, head, body, proof.Take)
	})
	if err == nil {
		err = proof.Check(head)
	}
	if err != nil {
		return s.quarantine(ctx, head, err)
	}
	if err := s.recordFile(ctx, head, b, p, &proof.Whole); err != nil {
		return fmt.Errorf("take in receipt %d: %w", head.ID, err)
	}
	return s.store.InTx(ctx, func(tx Tx) error {
		_, counts, err := tx.AnsweredLines(ctx, head.Area, head.ID)
		if err != nil {
			return err
		}
		return tx.CloseReceipt(ctx, head.Area, head.ID, counts)
	})
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

// quarantineRecalled sets a file aside that answers a batch which the bank should
// not have.
func (s *Service) quarantineRecalled(ctx context.Context, head bank.Receipt, b Batch, cause error) error {
	err := s.store.InTx(ctx, func(tx Tx) error {
		return tx.QuarantineReceipt(ctx, head, fault.CodeOf(cause), bank.RefusalText(cause))
	})
	if err != nil || b.State != bank.BatchWithdrawn {
		return err
	}
	if err := s.keepRecalled(ctx, b, cause); !errors.Is(err, bank.ErrBatchState) {
		return err
	}
	return nil
}

func (s *Service) recordFile(
	ctx context.Context, head bank.Receipt, b Batch, p Partner, whole *bank.Whole,
) error {
	if whole.Refused() {
		return s.refuseAll(ctx, head, b, whole)
	}
	var kept int
	err := s.store.InTx(ctx, func(tx Tx) (err error) {
		kept, err = tx.LastAnswered(ctx, head.Area, head.ID)
		return err
	})
	if err != nil {
		return err
	}
	pending := make([]bank.Answer, 0, chunk)
	flush := func() error {
		err := s.recordChunk(ctx, head, b.ID, pending)
		pending = pending[:0]
		return err
	}
	err = s.intake.Decode(ctx, head.Area, head.ID, func(body io.Reader) error {
		line := 0
		return s.reader.ReadPaymentResults(ctx, p, head, body, func(rec bank.Record) error {
			r, ok := rec.(bank.Result)
			if !ok || !r.OfItem() {
				return nil
			}
			if line++; line <= kept {
				return nil
			}
			if pending = append(pending, bank.AnswerOf(line, r)); len(pending) == chunk {
				return flush()
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	return flush()
}

// refuseAll takes the refusal of a whole file for every payment of its batch, and has
// people look.
func (s *Service) refuseAll(ctx context.Context, head bank.Receipt, b Batch, whole *bank.Whole) error {
	err := s.store.InTx(ctx, func(tx Tx) error {
		return tx.OpenParcelCase(ctx, b.Area, whole.Case(fmt.Sprintf("payment_batch:%d", b.ID), b.Bank, b.Number))
	})
	for after := 0; err == nil && after < b.Count; {
		var items []ItemStanding
		if items, err = s.store.Items(ctx, b.Area, b.ID, after, chunk); err != nil || len(items) == 0 {
			break
		}
		lines := make([]bank.Answer, len(items))
		for i, it := range items {
			lines[i] = whole.Answer(it.Seq, it.ID, b.Number)
		}
		after = items[len(items)-1].Seq
		err = s.recordChunk(ctx, head, b.ID, lines)
	}
	return err
}

// recordChunk takes in lines of a file. A commit whose answer was lost is run
// again, and two processes may work on one file: lines that are kept by now are
// passed over under the batch's lock.
func (s *Service) recordChunk(ctx context.Context, head bank.Receipt, batch int64, lines []bank.Answer) error {
	if len(lines) == 0 {
		return nil
	}
	return s.store.InTx(ctx, func(tx Tx) error {
		b, err := tx.LockPayBatch(ctx, head.Area, head.Bank, batch)
		if err != nil {
			return err
		}
		kept, err := tx.LastAnswered(ctx, head.Area, head.ID)
		if err != nil {
			return err
		}
		fresh := slices.DeleteFunc(slices.Clone(lines), func(a bank.Answer) bool { return a.Line <= kept })
		if len(fresh) == 0 {
			return nil
		}
		_, err = s.takeChunk(ctx, tx, b, head.ID, fresh, "bank:"+head.Bank)
		return err
	})
}
