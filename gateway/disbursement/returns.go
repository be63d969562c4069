package disbursement

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// The refusals of returns.
var (
	ErrReturnUnknown = fault.New(fault.NotFound, "return_not_found", "no such returned payment")
	ErrReturnState   = fault.New(fault.Conflict, "return_state", "the returned money does not wait for a decision")
)

const maxReference = 64

// ReturnReport is what a bank gave back, with the totals that it counted itself.
type ReturnReport struct {
	Count   int
	Amount  money.Amount
	Returns []Return
}

// BatchKey names a batch.
type BatchKey struct {
	Area party.Area
	ID   int64
}

// KnownReturn is what is known of a payment when a return of it arrives.
type KnownReturn struct {
	Batch   Batch
	Payment Item
	// Outcome is the recorded one; OutcomeUnknown is none.
	Outcome bank.Outcome
	// Returned is the return that was taken before, or nil.
	Returned *Return
	// ReferenceUsed says that another return of the batch has the same bank reference.
	ReferenceUsed bool
}

// ReturnDecision is what becomes of a line of returns: recorded is booked, pending
// waits for the payment to be known, repeated was known before, refused opens a case.
type ReturnDecision struct {
	Return

	// Line counts from 1.
	Line        int
	Batch       BatchKey
	Disposition bank.Disposition
	// Refusal is a stable code, empty unless refused.
	Refusal string
	Reason  string
}

// TakenReturns is what became of a request's lines.
type TakenReturns struct {
	// Receipts has one for each area that the lines are of.
	Receipts  []int64
	Decisions []ReturnDecision
	Counts    bank.Counts
	// Batches are those concerned, as they stand now.
	Batches []Batch
}

// Returns takes payments that a bank gave back, by original item, of whatever
// batches: in one transaction the lines, the returns, and the entries of those
// whose payment is known to have succeeded. The others wait for it. A refused line
// books nothing and blocks no other; a wrong total refuses all. Area 0 stands for
// the areas of the payments. The answer's result is a TakenReturns.
func (s *Service) Returns(
	ctx context.Context, r once.Request, render once.Render, area party.Area, by bank.Caller, rep ReturnReport,
) (once.Answer, error) {
	none := once.Answer{} //nolint:exhaustruct // no answer
	if len(rep.Returns) > MaxResults {
		return none, ErrTooManyLines
	}
	if err := checkReturnTotals(rep); err != nil {
		return none, err
	}
	return s.booked(func() (once.Answer, error) {
		return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
			return s.returns(ctx, tx, r, area, by, rep.Returns)
		})
	})
}

// ReturnsIn takes returns in a transaction that does more, as Returns does: the bank's
// own word stands on its statement, and two officers decided which payments its lines
// are. r names the receipt.
func ReturnsIn(
	ctx context.Context, tx Tx, today calendar.Day, r once.Request, area party.Area, by bank.Caller, lines []Return,
) (TakenReturns, error) {
	s := New(Parts{ //nolint:exhaustruct // returns read no files
		Today: func() calendar.Day { return today },
	})
	return s.returns(ctx, tx, r, area, by, lines)
}

func checkReturnTotals(rep ReturnReport) error {
	var total money.Total
	for _, r := range rep.Returns {
		total.Add(r.Amount)
	}
	sum, err := total.Amount()
	switch {
	case err != nil:
		return bank.ErrControlTotal.Because(err)
	case rep.Count != len(rep.Returns):
		return bank.ErrControlTotal.
			With("count says %d, the request has %d lines", rep.Count, len(rep.Returns)).On("count")
	case rep.Amount != sum:
		return bank.ErrControlTotal.With("amount says %s, the lines sum to %s", rep.Amount, sum).On("amount")
	}
	return nil
}

func (s *Service) returns(
	ctx context.Context, tx Tx, r once.Request, area party.Area, by bank.Caller, lines []Return,
) (TakenReturns, error) {
	none := TakenReturns{} //nolint:exhaustruct // none
	batches, err := s.lockReturned(ctx, tx, area, by, lines)
	if err != nil {
		return none, err
	}
	known, err := tx.KnownReturns(ctx, batches, lines)
	if err != nil {
		return none, err
	}
	out := TakenReturns{ //nolint:exhaustruct // filled below
		Decisions: JudgeReturns(lines, known, s.today()), Batches: batches,
	}
	out.Counts = returnCounts(out.Decisions)
	if out.Receipts, err = s.keepReturns(ctx, tx, r, area, by, out.Decisions); err != nil {
		return none, err
	}
	if err := alarmDuplicates(ctx, tx, by, out.Decisions); err != nil {
		return none, err
	}
	for i, b := range out.Batches {
		if !b.State.WithBank() {
			continue
		}
		if out.Batches[i], err = s.bookReturns(ctx, tx, b, "bank:"+by.Code); err != nil {
			return none, err
		}
	}
	return out, nil
}

// alarmDuplicates asks a person to look where the bank gave a payment back as one
// that it made before: the payee may have that one.
func alarmDuplicates(ctx context.Context, tx RunTx, by bank.Caller, ds []ReturnDecision) error {
	for _, d := range ds {
		if d.Class != bank.ClassDuplicate || (d.Disposition != bank.Recorded && d.Disposition != bank.Kept) {
			continue
		}
		doubt := doubleCredit(Batch{Bank: by.Code}, d.Item, //nolint:exhaustruct // its bank
			"the bank gave it back as a payment that it made before; find out whether the payee has that one")
		if err := tx.OpenPayCase(ctx, d.Batch.Area, doubt); err != nil {
			return err
		}
	}
	return nil
}

// lockReturned locks the batches that the lines are of, in one order for everybody.
func (s *Service) lockReturned(
	ctx context.Context, tx Tx, area party.Area, by bank.Caller, lines []Return,
) ([]Batch, error) {
	items := make([]int64, len(lines))
	for i, r := range lines {
		items[i] = r.Item
	}
	keys, err := tx.BatchesOfPayments(ctx, area, by.Code, items)
	if err != nil {
		return nil, err
	}
	batches := make([]Batch, len(keys))
	for i, k := range keys {
		if batches[i], err = tx.LockPayBatch(ctx, k.Area, by.Code, k.ID); err != nil {
			return nil, err
		}
	}
	return batches, nil
}

// keepReturns keeps the lines under one receipt an area. A line of a payment that
// nobody knows stands with the first area.
func (s *Service) keepReturns(
	ctx context.Context, tx Tx, r once.Request, area party.Area, by bank.Caller, ds []ReturnDecision,
) ([]int64, error) {
	groups := make(map[party.Area][]ReturnDecision)
	var strangers []ReturnDecision
	for _, d := range ds {
		if d.Batch.ID == 0 {
			strangers = append(strangers, d)
			continue
		}
		groups[d.Batch.Area] = append(groups[d.Batch.Area], d)
	}
	if len(strangers) > 0 || len(groups) == 0 {
		home, err := homeOf(ctx, tx, area, by, groups)
		if err != nil {
			return nil, err
		}
		groups[home] = append(groups[home], strangers...)
	}
	var receipts []int64
	for _, a := range slices.Sorted(maps.Keys(groups)) {
		head, err := requestReceipt(ctx, tx, r, bank.Receipt{ //nolint:exhaustruct // the rest is decided later
			Area: a, Bank: by.Code, Kind: bank.ReceiptReturns,
		})
		if err != nil {
			return nil, err
		}
		if err := tx.AddReturns(ctx, head, groups[a], s.today()); err != nil {
			return nil, err
		}
		if err := tx.CloseReceipt(ctx, a, head.ID, returnCounts(groups[a])); err != nil {
			return nil, err
		}
		receipts = append(receipts, head.ID)
	}
	return receipts, nil
}

func homeOf(
	ctx context.Context, tx ReturnTx, area party.Area, by bank.Caller, groups map[party.Area][]ReturnDecision,
) (party.Area, error) {
	if area != 0 {
		return area, nil
	}
	for _, a := range slices.Sorted(maps.Keys(groups)) {
		return a, nil
	}
	return tx.HomeArea(ctx, by.Code)
}

// JudgeReturns says what becomes of lines of returns. known is nil for a payment
// that the bank does not have. It is pure, but that what the lines before a line
// did is known to it.
func JudgeReturns(lines []Return, known []*KnownReturn, today calendar.Day) []ReturnDecision {
	type reference struct {
		batch int64
		text  string
	}
	taken := make(map[int64]*Return, len(lines))
	used := make(map[reference]bool, len(lines))
	out := make([]ReturnDecision, len(lines))
	for i, r := range lines {
		r = cleanReturn(r)
		d := ReturnDecision{ //nolint:exhaustruct // decided below
			Return: r, Line: i + 1, Disposition: bank.Refused,
		}
		k := known[i]
		if k == nil {
			d.Refusal, d.Reason = "unknown_item", fmt.Sprintf("the bank has no payment %d", r.Item)
			out[i] = d
			continue
		}
		d.Batch = BatchKey{Area: k.Batch.Area, ID: k.Batch.ID}
		if k.Returned == nil {
			k.Returned = taken[r.Item]
		}
		ref := reference{k.Batch.ID, r.BankReference}
		k.ReferenceUsed = k.ReferenceUsed || used[ref]
		d.Disposition, d.Refusal, d.Reason = judgeReturn(r, *k, today)
		if d.Disposition == bank.Recorded || d.Disposition == bank.Kept {
			taken[r.Item], used[ref] = &out[i].Return, true
		}
		out[i] = d
	}
	return out
}

func judgeReturn(r Return, k KnownReturn, today calendar.Day) (bank.Disposition, string, string) {
	before := k.Returned
	switch {
	case !k.Batch.State.WithBank():
		return bank.Refused, "batch_withdrawn", "the batch was recalled: nothing of it was to be paid"
	case r.Amount != k.Payment.Sum():
		return bank.Refused, "amount_differs",
			fmt.Sprintf("%s came back of a payment of %s", r.Amount, k.Payment.Sum())
	case r.BankReference == "" || len(r.BankReference) > maxReference:
		return bank.Refused, "reference_malformed", "a return has the bank's number of the credit, at most 64 bytes"
	case before != nil && before.BankReference == r.BankReference && before.ValueDate == r.ValueDate:
		return bank.Repeated, "", ""
	case before != nil:
		return bank.Refused, "returned_before", "a payment comes back once; this one came back as another credit"
	case k.ReferenceUsed:
		return bank.Refused, "bank_reference_reused", "the bank's number stands on the return of another payment"
	case r.ValueDate.IsZero() || !possibleDay(k.Batch, r.ValueDate, today):
		return bank.Refused, "value_date_out_of_range", "the value date lies ahead or before the payment was made out"
	case k.Outcome == bank.OutcomeFailed:
		return bank.Refused, "item_failed", "the payment failed: there was nothing to give back"
	case k.Outcome == bank.OutcomeSucceeded:
		return bank.Recorded, "", ""
	}
	return bank.Kept, "", ""
}

// cleanReturn takes out what no text of a bank may hold, and finds the class.
func cleanReturn(r Return) Return {
	for _, s := range []*string{&r.Code, &r.Text, &r.BankReference} {
		*s = strings.ReplaceAll(strings.ToValidUTF8(*s, ""), "\x00", "")
		for len(*s) > maxReturnText {
			_, size := utf8.DecodeLastRuneInString(*s)
			*s = (*s)[:len(*s)-size]
		}
	}
	switch c := bank.ClassOf(bank.OutcomeFailed, r.Code); c {
	case bank.ClassFixAccount, bank.ClassBlocked, bank.ClassRetryTechnical, bank.ClassDuplicate:
		r.Class = c
	case bank.ClassSuccess, bank.ClassRetryFunds, bank.ClassFixMandate, bank.ClassUnknown:
		// No mandate and no funds of the payee's are needed to be paid.
		r.Class = bank.ClassUnknown
	}
	return r
}

const maxReturnText = 500

func returnCounts(ds []ReturnDecision) bank.Counts {
	var c bank.Counts
	for _, d := range ds {
		c.Rows++
		switch d.Disposition {
		case bank.Recorded:
			c.Recorded++
			c.Amount += d.Amount
		case bank.Kept:
			c.Pending++
		case bank.Repeated:
			c.Repeated++
		case bank.Refused:
			c.Refused++
		}
	}
	return c
}

// bookReturns books the returns of a batch whose payment is known to have
// succeeded. One whose payment failed after all is a case: there was nothing to
// give back. The caller holds the batch.
func (s *Service) bookReturns(ctx context.Context, tx Tx, b Batch, by string) (Batch, error) {
	open, err := tx.UnbookedReturns(ctx, b)
	if err != nil || len(open) == 0 {
		return b, err
	}
	var due []Returning
	var cases []Case
	for _, r := range open {
		switch r.Outcome {
		case bank.OutcomeSucceeded:
			due = append(due, r)
		case bank.OutcomeFailed:
			cases = append(cases, Case{
				Kind: "return_refused", Subject: fmt.Sprintf("return:%d", r.ID), Bank: b.Bank,
				Text: fmt.Sprintf("item_failed: payment %d came back and then failed", r.Item),
			})
		case bank.OutcomePending, bank.OutcomeUnknown:
		}
	}
	if len(cases) > 0 {
		if err := tx.OpenPayCase(ctx, b.Area, cases...); err != nil {
			return b, err
		}
	}
	if len(due) == 0 {
		return b, nil
	}
	today := s.today()
	how, err := tx.ReturnPolicy(ctx, b.Area, today)
	if errors.Is(err, policy.ErrNoRule) {
		// The money is there and must stand in the books. In suspense nothing is decided yet: it
		// waits until it is paid again, or given up in red. What was not decided is a case.
		how = policy.ReturnToSuspense
		err = tx.OpenPayCase(ctx, b.Area, Case{
			Kind: caseNoRule, Subject: fmt.Sprintf("returns:%s:%s", b.Scheme, today), Bank: b.Bank,
			Text: err.Error() + "; what came back waits in suspense",
		})
	}
	if err != nil {
		return b, err
	}
	if b, err = tx.MarkReturned(ctx, b, due, ReturnBooking{How: how, By: by, On: today}); err != nil {
		return b, err
	}
	_, err = tx.Book(ctx, by, ReturnVouchers(b, due, how, today)...)
	return b, err
}

// ReturnBooking is how, by whom and on which business day returns are booked.
type ReturnBooking struct {
	How policy.ReturnPolicy
	By  string
	On  calendar.Day
}

// Unclaimed says that a returned payment is never paid again.
type Unclaimed struct {
	Return int64
	// Document is what the officers go by: a death, a decision on the right.
	Document string
	// By is who asked for it, and Decision the request that another person approved.
	By       string
	Decision int64
}

// GiveUpTx is what giving a return up needs of a transaction.
type GiveUpTx interface {
	// WaitingReturn returns a return whose money waits in suspense, with its batch. It
	// returns ErrReturnUnknown for another area's, ErrReturnState where the money was
	// never there, left for good, or is being paid again.
	WaitingReturn(ctx context.Context, area party.Area, id int64) (Returning, Batch, error)
	// HoldRuns makes everybody who makes rosters, freezes or releases runs of one
	// scheme wait for each other, to the end of the transaction.
	HoldRuns(ctx context.Context, area party.Area, scheme ledger.Scheme) error
	// AddUnclaimed notes that a return is never paid again.
	AddUnclaimed(ctx context.Context, area party.Area, u Unclaimed, today calendar.Day) error
	Book(ctx context.Context, actor string, entries ...ledger.Entry) ([]int64, error)
}

// GiveUp books a return that is never paid again: what waits in suspense takes the
// benefit back. It is refused while the claim is being paid again, and once it was.
// It belongs into the transaction in which a second person approves it.
func GiveUp(ctx context.Context, tx GiveUpTx, area party.Area, u Unclaimed, today calendar.Day) error {
	_, b, err := tx.WaitingReturn(ctx, area, u.Return)
	if err != nil {
		return err
	}
	// No roster may take the claim up meanwhile.
	if err := tx.HoldRuns(ctx, area, b.Scheme); err != nil {
		return err
	}
	back, b, err := tx.WaitingReturn(ctx, area, u.Return)
	if err != nil {
		return err
	}
	if err := tx.AddUnclaimed(ctx, area, u, today); err != nil {
		return err
	}
	_, err = tx.Book(ctx, u.By, UnclaimedVoucher(b, back, today))
	return err
}

// About tells officers in one line what came back, and what giving it up takes back.
func (r Returning) About() string {
	p := r.Payment
	text := fmt.Sprintf("payment %d of %s to member %d for %s, which came back on %s", p.ID, r.Amount, p.Member,
		p.Month, r.ValueDate)
	if drawn := r.Drawn.Sum(); drawn > 0 {
		text += fmt.Sprintf("; %s of it go back to the personal account", drawn)
	}
	return text
}
