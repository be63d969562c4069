package collection

import (
	"context"
	"fmt"

	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// Post books an agreement in chunks, each one entry in one transaction: per
// item the fund line and the account line, and one sum line on the fund
// account. It may be run again after a crash at any point.
func (s *Service) Post(ctx context.Context, area party.Area, agreement int64) error {
	for {
		done := false
		err := s.store.InTx(ctx, func(tx Tx) (err error) {
			done, err = s.postChunk(ctx, tx, area, agreement)
			return err
		})
		if err != nil {
			return fmt.Errorf("post agreement %d: %w", agreement, err)
		}
		if done {
			return nil
		}
	}
}

func (s *Service) postChunk(ctx context.Context, tx Tx, area party.Area, id int64) (bool, error) {
	a, err := tx.LockAgreement(ctx, area, id)
	if err != nil || a.Done {
		return true, err
	}
	payables, err := tx.Payables(ctx, a, chunk)
	if err != nil {
		return false, err
	}
	if len(payables) == 0 {
		a.Done = true
		return true, tx.MoveAgreement(ctx, a)
	}
	entries, refunds := entriesOf(a, payables)
	today := s.today()
	for i := range entries {
		entries[i].AccountedOn = today
	}
	if len(entries) > 0 {
		if _, err := tx.Book(ctx, actorJob, entries...); err != nil {
			return false, err
		}
	}
	if len(refunds) > 0 {
		if err := tx.AddRefundTasks(ctx, area, today, refunds); err != nil {
			return false, err
		}
	}
	if a.Subject == "batch" {
		if err := tx.ClaimWithdrawn(ctx, a, payables); err != nil {
			return false, err
		}
	}
	a.PostedUpto = payables[len(payables)-1].Order
	a.PostedCount += len(payables)
	a.Done = a.PostedCount == a.Count
	return a.Done, tx.MoveAgreement(ctx, a)
}

// entriesOf builds the vouchers of a chunk.
func entriesOf(a Agreement, payables []Payable) ([]ledger.Entry, []RefundTask) {
	if a.List != "" {
		return ListEntries(a, payables)
	}
	entry, refunds := ContributionEntry(a, payables)
	if len(entry.Postings) == 0 {
		return nil, refunds
	}
	return []ledger.Entry{entry}, refunds
}

// ContributionEntry builds the voucher of a chunk. An item that would carry the
// member's year above the chosen amount, because another channel was faster, or that
// was taken after the member's death or for who left, is held in suspense for its payer as a whole and
// becomes a refund task: income and personal account never exceed the choice. It is
// pure; AccountedOn is the caller's to set.
func ContributionEntry(a Agreement, payables []Payable) (ledger.Entry, []RefundTask) {
	kind, source := ledger.ContributionReceived, a.Role
	if a.FromSuspense {
		kind, source = ledger.Recognition, ledger.Suspense
	}
	e := ledger.Entry{ //nolint:exhaustruct_v5 // AccountedOn is the caller's
		Area: a.Area, Scheme: a.Scheme, Kind: kind, Cause: fmt.Sprintf("agreement:%d:%d", a.ID, payables[0].Order),
		EffectiveOn: a.EffectiveOn,
		Text:        fmt.Sprintf("contributions of %s %d, %d items", a.Subject, a.SubjectID, len(payables)),
		Postings:    make([]ledger.Posting, 0, 2*len(payables)+2),
	}
	if a.FromSuspense {
		a.FundAccount = 0
	}
	var refunds []RefundTask
	var all, personal money.Amount
	posted := map[[2]int64]money.Amount{}
	for _, p := range payables {
		key := [2]int64{p.Member, int64(p.Year)}
		reason := p.refused(posted[key])
		excess := reason != ""
		role := ledger.Contribution
		if excess {
			role = ledger.Suspense
			refunds = append(refunds, refundTask(p, reason))
		}
		all += p.Amount
		if excess && a.FromSuspense {
			all -= p.Amount
			continue
		}
		e.Postings = append(e.Postings, itemLine(a, p, ledger.Credit, role))
		if !excess {
			posted[key] += p.Amount
			personal += p.Amount
			e.Postings = append(e.Postings, itemLine(a, p, ledger.Credit, ledger.PersonalIndividual))
		}
	}
	sum := ledger.Posting{
		Side: ledger.Debit, Role: source, Nature: ledger.SumLine, Red: false, Amount: all, FundAccount: a.FundAccount,
		Batch: batchOf(a), Cause: 0, Member: 0, Year: 0,
	}
	if all > 0 {
		e.Postings = append(e.Postings, sum)
	}
	if personal > 0 {
		sum.Role, sum.Amount, sum.FundAccount = ledger.PersonalControl, personal, 0
		e.Postings = append(e.Postings, sum)
	}
	return e, refunds
}

func itemLine(a Agreement, p Payable, side ledger.Side, role ledger.Role) ledger.Posting {
	line := ledger.Posting{
		Side: side, Role: role, Nature: ledger.ItemLine, Red: false, Amount: p.Amount, FundAccount: a.FundAccount,
		Batch: p.Batch, Cause: p.Cause, Member: p.Member, Year: p.Year,
	}
	if role.Set() == ledger.MemorandumSet || a.FromSuspense {
		// What is recognised from suspense moved no bank account: the arrival did.
		line.FundAccount = 0
	}
	return line
}

func batchOf(a Agreement) int64 {
	if a.Subject == "batch" {
		return a.SubjectID
	}
	return 0
}
