package casework

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// Service is what people decide. It is safe for concurrent use.
type Service struct {
	store Store
	today func() calendar.Day
}

// New returns a service; today is the business day.
func New(store Store, today func() calendar.Day) *Service {
	return &Service{store: store, today: today}
}

const (
	maxText = 200
	maxPage = 1001
)

// Ask submits a decision. A maker of the agency asks; nothing happens before a
// second person approved its digest. The answer's result is a Request.
func (s *Service) Ask(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, ask Ask,
) (once.Answer, error) {
	if err := check(ask); err != nil {
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		return Submit(ctx, tx, s.today(), by, ask)
	})
}

// AskAll submits decisions, all of them or none; each is approved by itself. The
// answer's result is a []Request, in the order of asks.
func (s *Service) AskAll(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, asks []Ask,
) (once.Answer, error) {
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		list := make([]Request, len(asks))
		for i, ask := range asks {
			var err error
			if list[i], err = Submit(ctx, tx, s.today(), by, ask); err != nil {
				return nil, lineOf(err, i+1)
			}
		}
		return list, nil
	})
}

// lineOf names the line that a refusal is about.
func lineOf(err error, line int) error {
	if refusal, ok := errors.AsType[*fault.Error](err); ok {
		return refusal.At(line)
	}
	return err
}

// Submit submits a decision in a transaction that does more.
func Submit(ctx context.Context, tx Tx, today calendar.Day, by approval.Officer, ask Ask) (Request, error) {
	none := Request{} //nolint:exhaustruct // none
	if err := check(ask); err != nil {
		return none, err
	}
	maker, err := tx.Standing(ctx, by.Login)
	if err != nil {
		return none, err
	}
	if !maker.Has(approval.Maker, officesOf(ask.Kind)...) || maker.Region != 0 || maker.Area == 0 {
		return none, approval.ErrDuty.With("a maker of the agency's office asks for this")
	}
	about, err := aboutSubject(ctx, tx, today, maker.Area, ask)
	if err != nil {
		return none, err
	}
	request := Request{ //nolint:exhaustruct // the table fills the rest
		Ask: ask, Area: maker.Area, About: about, Maker: maker.Login, MakerPerson: maker.Person, State: Submitted,
		Version: 1,
	}
	request.Digest = request.digest()
	return tx.AddDecision(ctx, request)
}

// check proves what can be told without the database.
func check(a Ask) error {
	bad := func(field, text string) error { return ErrAsk.With("%s", text).On(field) }
	switch {
	case !a.Word.of(a.Kind):
		return bad("decision", "this cannot be decided so")
	case !approval.IsLine(a.Document, maxText) || a.Document == "":
		return bad("document", "the document is one line of 1 to 200 characters")
	case !approval.IsLine(a.Reason, maxText):
		return bad("reason", "the reason is one line of at most 200 characters")
	case a.Reason == "" && a.Kind == DueEnd:
		return bad("reason", "the end of a due has a reason")
	case len(a.DocumentDigest) != 0 && len(a.DocumentDigest) != sha256.Size:
		return bad("document_digest", "the document's digest is a SHA-256")
	case a.Amount < 0 || a.Amount > money.Max || (a.Amount != 0 && a.Kind != OpeningBalance):
		return bad("amount", "an amount from zero belongs to an opening balance")
	case a.Kind != Item && !a.Kind.moved():
		return nil
	case !approval.IsLine(a.BankReference, maxText) || len(a.BankReference) > 64:
		return bad("bank_reference", "the bank's number is one line of at most 64 bytes")
	}
	incomplete := func(field, text string) error { return ErrEvidence.With("%s", text).On(field) }
	switch {
	case a.Kind.moved() && (a.BankReference == "" || a.ValueDate.IsZero()):
		return incomplete("bank_reference", "money that moved has the bank's number of the movement, and its day")
	case a.Kind.moved():
		return nil
	case a.Word == Succeeded && a.BankReference == "":
		return incomplete("bank_reference", "a success has the bank's number of the movement")
	case a.Word == Succeeded && a.ValueDate.IsZero():
		return incomplete("value_date", "a success has the day on which the money moved")
	case a.Word == Failed && bank.ClassOf(bank.OutcomeFailed, a.Code) == bank.ClassUnknown:
		return incomplete("code", "a failure has the bank's reason, by a code that is known")
	case a.Word != Failed && a.Code != "", a.Word != Succeeded && !a.ValueDate.IsZero():
		return bad("decision", "code belongs to a failure, value_date to a success")
	}
	return nil
}

// moved says that a decision of the kind is about a movement that stands on the bank's statement.
func (k Kind) moved() bool { return k == HandPayment || k == RefundReturn }

// aboutSubject is the subject as its maker sees it, after proving that it can be decided.
func aboutSubject(ctx context.Context, tx Tx, today calendar.Day, area party.Area, ask Ask) (string, error) {
	switch ask.Kind {
	case File:
		f, err := tx.LockReceipt(ctx, area, ask.Subject)
		if err != nil {
			return "", err
		}
		return aboutFile(f), fileIsOpen(f, ask.Word)
	case Item:
		i, err := tx.OpenItem(ctx, area, ask.Subject)
		if err != nil {
			return "", err
		}
		if ask.Word == Succeeded && ask.ValueDate.After(today) {
			return "", ErrEvidence.With("the money cannot move on a day that lies ahead").On("value_date")
		}
		if ask.Word == Succeeded && ask.ValueDate.Before(i.MadeOn) {
			return "", ErrEvidence.With("the money cannot move before its batch was made, on %s", i.MadeOn).
				On("value_date")
		}
		return fmt.Sprintf("item %d of %s in batch %d of %s", i.ID, i.Amount, i.Batch, i.Bank), itemIsOpen(i)
	case Case:
		c, err := tx.CaseByID(ctx, area, ask.Subject)
		if err != nil {
			return "", err
		}
		if _, ok := c.recalled(); ask.Word == Executed && !ok {
			return "", ErrNoRecall
		}
		return c.Kind + " " + c.Subject + ": " + c.Text, caseIsOpen(c)
	case HandPayment:
		return tx.AboutHandPayment(ctx, area, ask, today)
	case Return:
		return tx.AboutReturn(ctx, area, ask.Subject)
	case Notice:
		return tx.AboutNotice(ctx, area, ask.Subject)
	case OpeningBalance:
		return tx.AboutBalance(ctx, area, ask)
	case OpeningAccounts:
		return tx.AboutAccounts(ctx, area, ask.Subject)
	case MatchRules:
		return tx.AboutRules(ctx, area, ask.Subject)
	case DueRun:
		return tx.AboutDues(ctx, area, ask.Subject)
	case DueEnd:
		return tx.AboutDueEnd(ctx, area, ask.Subject)
	case Policies:
		return tx.AboutPolicies(ctx, area, ask.Subject)
	case ContributionList:
		return tx.AboutContributions(ctx, area, ask.Subject, today)
	case Refund:
		return tx.AboutRefund(ctx, area, ask.Subject, today)
	case RefundReturn:
		return tx.AboutRefundReturn(ctx, area, ask, today)
	case InterestRun:
		return tx.AboutInterest(ctx, area, ask.Subject)
	case SubsidyList:
		return tx.AboutSubsidies(ctx, area, ask.Subject)
	case AwardRun:
		return tx.AboutAwards(ctx, area, ask.Subject)
	case Recovery:
		return tx.AboutRecovery(ctx, area, ask.Subject, today)
	case Due:
		return tx.AboutClaim(ctx, area, ask.Subject, today)
	case Transfer:
		return tx.AboutTransfer(ctx, area, ask.Subject, today)
	}
	return "", ErrAsk
}

func aboutFile(f bank.Receipt) string {
	return fmt.Sprintf("%s %d of %s for %d, %d bytes with SHA-256 %x: %s", f.Kind, f.ID, f.Bank, f.Subject, f.Size,
		f.Digest, f.Code)
}

// fileIsOpen refuses what is not set aside, and to accept what did not arrive: its
// bytes are not those that the bank signed.
func fileIsOpen(f bank.Receipt, w Word) error {
	var nothing [sha256.Size]byte
	switch {
	case f.State != bank.Quarantined || f.Kind.IsRequest():
		return ErrNotAside.With("the file is %s", f.State)
	case w == Accept && (f.Digest == nothing || f.Code == "digest_mismatch"):
		return ErrNotWhole
	}
	return nil
}

func itemIsOpen(i OpenItem) error {
	switch {
	case i.Decided:
		return ErrKnown
	case !i.Asked:
		return ErrNotAsked
	}
	return nil
}

// recalled returns the batch of a case about a recall, and false for another case.
func (c OpenCase) recalled() (batch int64, ok bool) {
	if c.Kind != "recalled_batch_answered" && c.Kind != "recalled_batch_taken" {
		return 0, false
	}
	id, _, _ := strings.Cut(strings.TrimPrefix(c.Subject, "payment_batch:"), ":")
	batch, err := strconv.ParseInt(id, 10, 64)
	return batch, err == nil
}

// caseIsOpen refuses a case that is closed, and one that an event or another
// decision ends.
func caseIsOpen(c OpenCase) error {
	if c.Closed {
		return ErrCaseEnded
	}
	switch c.Kind {
	case "file_quarantined":
		return ErrCaseEnds.With("the file is decided by POST /v1/quarantine/{id}/decision")
	case "bank_silent":
		return ErrCaseEnds.With("it ends with the last answer, or with evidence about each item")
	case "income_not_swept":
		return ErrCaseEnds.With("it ends when the account is swept or the month is closed")
	case "work_stuck":
		return ErrCaseEnds.With("it ends when the work goes on")
	case "uncleared":
		return ErrCaseEnds.With("it ends when bank and book agree")
	case "incident_ordinary", "incident_major", "break_overdue", "break_correction", "break_reissue":
		return ErrCaseEnds.With("it ends with its break; a break that is late is given more time")
	}
	return nil
}

// Approve puts a decision into effect: a checker of the agency who is another
// person than the maker approves its digest. The answer's result is a Request.
func (s *Service) Approve(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, v Verdict,
) (once.Answer, error) {
	return s.decide(ctx, r, render, by, v, approval.Approved)
}

// Reject leaves everything as it is. The answer's result is a Request.
func (s *Service) Reject(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, v Verdict,
) (once.Answer, error) {
	return s.decide(ctx, r, render, by, v, approval.Rejected)
}

func (s *Service) decide(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, v Verdict, d approval.Decision,
) (once.Answer, error) {
	for before := s.today(); ; {
		answer, err := once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
			return s.judge(ctx, tx, by, v, d)
		})
		// The business day may end, and be sealed, between the look at the calendar and
		// the booking.
		today := s.today()
		if !errors.Is(err, ledger.ErrSealed) || today == before {
			return answer, err
		}
		before = today
	}
}

func (s *Service) judge(
	ctx context.Context, tx Tx, by approval.Officer, v Verdict, d approval.Decision,
) (any, error) {
	checker, err := tx.Standing(ctx, by.Login)
	if err != nil {
		return nil, err
	}
	request, err := tx.LockDecision(ctx, checker.Area, v.ID)
	switch {
	case err != nil:
		return nil, err
	case request.State != Submitted:
		return nil, approval.ErrDecided.With("this decision is %s", request.State).About(fmt.Sprint(request.ID))
	case v.Digest != request.Digest || request.digest() != request.Digest:
		return nil, approval.ErrDigest
	case !approval.IsLine(v.Reason, maxText):
		return nil, ErrAsk.With("the reason is one line of at most 200 characters").On("reason")
	}
	a := approval.Approval{
		Area: checker.Area, Subject: "decision_request", SubjectID: request.ID, Duty: approval.Checker, Decision: d,
		Digest: v.Digest, MakerPerson: request.MakerPerson, By: checker, Reason: v.Reason,
	}
	if err := a.Check(officesOf(request.Kind)...); err != nil {
		return nil, err
	}
	if err := tx.AddApproval(ctx, a); err != nil {
		return nil, err
	}
	if d == approval.Rejected {
		return moved(ctx, tx, request, Rejected)
	}
	if err := s.effect(ctx, tx, request); err != nil {
		return nil, err
	}
	return moved(ctx, tx, request, Approved)
}

// effect is what an approved decision does, in the transaction of its approval.
// What its maker was shown must still be so.
func (s *Service) effect(ctx context.Context, tx Tx, r Request) error {
	about, err := aboutSubject(ctx, tx, s.today(), r.Area, r.Ask)
	if err != nil {
		return err
	}
	if about != r.About {
		return approval.ErrDigest
	}
	why := r.Document
	if r.Reason != "" {
		why += ": " + r.Reason
	}
	switch r.Kind {
	case File:
		return takeFile(ctx, tx, r, why)
	case Item:
		return takeEvidence(ctx, tx, r)
	case Case:
		return endCase(ctx, tx, r, why)
	case HandPayment:
		return tx.EnterHandPayment(ctx, r, s.today())
	case Return:
		return tx.GiveUpReturn(ctx, r, s.today())
	case Notice:
		return tx.TakeNoticeBack(ctx, r, s.today())
	case OpeningBalance:
		return tx.EnterBalance(ctx, r)
	case OpeningAccounts:
		return tx.EnterAccounts(ctx, r)
	case MatchRules:
		return tx.EnterRules(ctx, r)
	case DueRun:
		return tx.EnterDues(ctx, r, s.today())
	case DueEnd:
		return tx.EndDue(ctx, r, s.today())
	case Policies:
		return tx.PutPolicies(ctx, r)
	case ContributionList:
		return tx.EnterContributions(ctx, r)
	case Refund:
		return tx.PayRefund(ctx, r, s.today())
	case RefundReturn:
		return tx.EnterRefundReturn(ctx, r, s.today())
	case InterestRun:
		return tx.EnterInterest(ctx, r)
	case SubsidyList:
		return tx.EnterSubsidies(ctx, r, s.today())
	case AwardRun:
		return tx.EnterAwards(ctx, r)
	case Recovery:
		return tx.EnterRecovery(ctx, r, s.today())
	case Due:
		return tx.GrantDue(ctx, r, s.today())
	case Transfer:
		return tx.EnterTransfer(ctx, r, s.today())
	}
	return ErrAsk
}

func endCase(ctx context.Context, tx Tx, r Request, why string) error {
	c, err := tx.CaseByID(ctx, r.Area, r.Subject)
	if err != nil {
		return err
	}
	if batch, ok := c.recalled(); ok && r.Word == Executed {
		if err := tx.Revive(ctx, r.Area, batch, r.Actor(), why); err != nil {
			return err
		}
	}
	return tx.EndCase(ctx, r.Area, c.Kind, c.Subject, r.Actor(), why)
}

// takeFile has a job take in a file that was set aside, or leaves it where it is.
func takeFile(ctx context.Context, tx Tx, r Request, why string) error {
	if r.Word == Refuse {
		return tx.EndCase(ctx, r.Area, "file_quarantined", fmt.Sprintf("receipt:%d", r.Subject), r.Actor(), why)
	}
	f, err := tx.LockReceipt(ctx, r.Area, r.Subject)
	if err != nil {
		return err
	}
	if err := tx.AcceptReceipt(ctx, r.Area, r.Subject, r.ID); err != nil {
		return err
	}
	return tx.Enqueue(ctx, bank.ReceiptArrived{Area: r.Area, Receipt: r.Subject, What: f.Kind})
}

// takeEvidence makes the evidence a receipt, which a job takes in as it takes in
// what the bank itself answers.
func takeEvidence(ctx context.Context, tx Tx, r Request) error {
	i, err := tx.OpenItem(ctx, r.Area, r.Subject)
	if err != nil {
		return err
	}
	kind := bank.ReceiptEvidence
	if i.Payment {
		kind = bank.ReceiptPaymentEvidence
	}
	head := bank.Receipt{ //nolint:exhaustruct // no file
		Area: r.Area, Bank: i.Bank, Kind: kind, Subject: i.Batch, Name: r.ReceiptName(), Digest: r.Digest,
		ReceivedBy: r.Actor(),
	}
	if head.ID, err = tx.BeginReceipt(ctx, head); err != nil {
		return err
	}
	if head, err = tx.FinishReceipt(ctx, head); err != nil {
		return err
	}
	return tx.Enqueue(ctx, bank.ReceiptArrived{Area: head.Area, Receipt: head.ID, What: head.Kind})
}

// Withdraw takes a request back; only its maker's own person may. The answer's
// result is a Request.
func (s *Service) Withdraw(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, id int64,
) (once.Answer, error) {
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		officer, err := tx.Standing(ctx, by.Login)
		if err != nil {
			return nil, err
		}
		request, err := tx.LockDecision(ctx, officer.Area, id)
		switch {
		case err != nil:
			return nil, err
		case officer.Person != request.MakerPerson:
			return nil, approval.ErrDuty.With("a decision is withdrawn by its maker")
		case !request.State.CanBecome(Withdrawn):
			return nil, approval.ErrDecided.With("this decision is %s", request.State).About(fmt.Sprint(request.ID))
		}
		return moved(ctx, tx, request, Withdrawn)
	})
}

func moved(ctx context.Context, tx Tx, r Request, next State) (any, error) {
	if err := tx.MoveDecision(ctx, r, next); err != nil {
		return nil, err
	}
	r.State = next
	r.Version++
	return r, nil
}

// Requests lists requests of the officer's area by rising id.
func (s *Service) Requests(ctx context.Context, by approval.Officer, f Filter) ([]Request, error) {
	if err := mayLook(by); err != nil {
		return nil, err
	}
	f.Area, f.Limit = by.Area, pageOf(f.Limit)
	var list []Request
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		list, err = tx.Decisions(ctx, f)
		return err
	})
	return list, err
}

// Request returns one of the officer's area, or ErrRequest.
func (s *Service) Request(ctx context.Context, by approval.Officer, id int64) (Request, error) {
	list, err := s.Requests(ctx, by, Filter{ID: id}) //nolint:exhaustruct // one
	if err == nil && len(list) == 0 {
		err = ErrRequest
	}
	if err != nil {
		return Request{}, err //nolint:exhaustruct // none
	}
	return list[0], nil
}

// Quarantine lists the files of the officer's area that are set aside, by rising id.
func (s *Service) Quarantine(
	ctx context.Context, by approval.Officer, after int64, limit int,
) ([]bank.Receipt, error) {
	if err := mayLook(by); err != nil {
		return nil, err
	}
	var list []bank.Receipt
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		list, err = tx.Aside(ctx, by.Area, after, pageOf(limit))
		return err
	})
	return list, err
}

func mayLook(by approval.Officer) error {
	shown := append(officesOf(Case), approval.FinanceBureau, approval.Auditor)
	if by.Area != 0 && by.Region == 0 && slices.Contains(shown, by.Organisation) {
		return nil
	}
	return approval.ErrDuty.With("this is shown to the agency, the finance bureau and the auditor")
}

func pageOf(limit int) int {
	if limit < 1 || limit > maxPage {
		return maxPage
	}
	return limit
}
