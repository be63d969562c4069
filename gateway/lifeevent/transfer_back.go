package lifeevent

import (
	"context"
	"fmt"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/party"
)

// ErrNotEnded is returned for the return of who is a member.
var ErrNotEnded = fault.New(fault.Conflict, "membership_stands", "the membership stands: nothing ended it")

// ReturnReason is why a membership that ended lives again.
type ReturnReason string

// The reasons: a transfer out whose money the receiving side's bank gave back, and a member who came
// back after the account went.
const (
	MoneyBack ReturnReason = "money_back"
	CameBack  ReturnReason = "came_back"
)

// Returned ends the end of a membership.
type Returned struct {
	Area   party.Area
	Member int64
	Reason ReturnReason
	On     calendar.Day
	// Source is the transfer whose money came back, or the return.
	Source   int64
	Decision int64
	By       string
}

// ReturnTx stores memberships that live again.
type ReturnTx interface {
	// ReturnMember ends the end of a membership that stands, or ErrNotEnded. After MoneyBack the
	// member is entitled to what they were before it; after CameBack to nothing that is not awarded anew,
	// and no paid year counts from before.
	ReturnMember(ctx context.Context, r Returned) error
	// YearsBack lets the paid years count again that a return had ended before the money of the transfer came back.
	YearsBack(ctx context.Context, r Returned) error
	// AddReturn keeps a return and returns its id.
	AddReturn(ctx context.Context, r Return) (int64, error)
	// Returns lists returns by rising id.
	Returns(ctx context.Context, f ReturnFilter) ([]Return, error)
}

// cameBack says that the bank gave the money of a transfer out back, and nobody decided it yet.
func (t *Transfer) cameBack() bool {
	return t.Direction == MovesOut && (t.Step == MoneySent || t.Step == TransferDone) && len(t.Receipts) > 0
}

// receiveBack keeps that the bank gave back what a transfer out paid, whole, and asks two people.
// A payment is executed whole or not at all, so that another sum is no return of it.
func (s *Service) receiveBack(
	ctx context.Context, tx Tx, by approval.Officer, t *Transfer, x TransferReceipt,
) error {
	switch {
	case t.Step != MoneySent && t.Step != TransferDone || t.Sum.Total() == 0:
		return ErrStep.With("no money was sent that could come back: the transfer stands at %s", t.Step)
	case len(t.Receipts) > 0:
		return ErrTransferMoney.With("the money came back already").On("amount")
	case x.FundAccount != t.FundAccount:
		return ErrTransferMoney.With("money comes back to fund account %d, which paid it", t.FundAccount).
			On("fund_account_id")
	case x.Amount != t.Sum.Total():
		return ErrTransferMoney.With("%s were sent, and come back whole or not at all", t.Sum.Total()).On("amount")
	case x.ValueDate.After(s.today()) || x.ValueDate.Before(t.MovedOn):
		return ErrMove.With("the money came back after it was sent, and not on a day that lies ahead").On("value_date")
	}
	if err := tx.AddTransferReceipt(ctx, t.Area, s.today(), x); err != nil {
		return err
	}
	return askTransfer(ctx, tx, by, s.today(), t.ID, x.Document)
}

func (t *Transfer) aboutBack() string {
	return fmt.Sprintf("money back of transfer %d of member %d to the %s scheme, %s: %s on fund account %d on %s; the "+
		"account holds it again", t.ID, t.Member, t.Counterpart, t.Office, aboutParts(t.Sum), t.FundAccount,
		t.Receipts[0].ValueDate)
}

// backVouchers take the money into suspense, as every payment that the bank gives back, and from
// there to the account: the transfer in red letters, part by part.
func (t *Transfer) backVouchers(today calendar.Day) []ledger.Entry {
	x := t.Receipts[0]
	direct := func(side ledger.Side, role ledger.Role, account int64) ledger.Posting {
		line := sumLine(side, role, false, x.Amount, account)
		line.Nature = ledger.Direct
		return line
	}
	in := t.entry(ledger.PaymentReturn, "account transferred out, money back", today, x.ValueDate, []ledger.Posting{
		direct(ledger.Debit, ledger.Expenditure, x.FundAccount), direct(ledger.Credit, ledger.Suspense, 0),
	})
	in.Cause += ":back"
	undone := t.moneyLine(ledger.Debit, ledger.TransferOut)
	undone.Red, undone.FundAccount, undone.Cause = true, 0, x.ID
	parts, sum := partLines(t.Sum, true, x.ID, t.Member)
	lines := append([]ledger.Posting{sumLine(ledger.Debit, ledger.Suspense, false, x.Amount, 0), undone}, parts...)
	out := t.entry(ledger.TransferMade, "account transferred out lives again", today, x.ValueDate,
		append(lines, sumLine(ledger.Credit, ledger.PersonalControl, true, sum, 0)))
	out.Cause += ":undone"
	return []ledger.Entry{in, out}
}

// backSubject says whether the end of the membership is undone with the transfer: it is, but where
// the member came back before the money did. An account that ended again takes nothing.
func backSubject(ctx context.Context, tx Tx, t *Transfer, today calendar.Day) (ends bool, err error) {
	if err := tx.HoldMember(ctx, t.Area); err != nil {
		return false, err
	}
	l, err := tx.LeavingOf(ctx, t.Area, t.Member, today)
	if err == nil && !l.Ended.IsZero() && l.EndedBy != t.ID {
		err = ErrEnded.With("the membership ended again on %s", l.Ended)
	}
	return !l.Ended.IsZero(), err
}

// enterBack lets an account live again whose money came back: in the book, and with the pension
// that it had. The heirs of who died meanwhile find it as it was.
func enterBack(ctx context.Context, tx Tx, t *Transfer, r casework.Request, today calendar.Day) error {
	ends, err := backSubject(ctx, tx, t, today)
	if err != nil {
		return err
	}
	if err := tx.ReturnTransfer(ctx, *t, today, r.ID); err != nil {
		return err
	}
	if _, err := tx.Book(ctx, r.Actor(), t.backVouchers(today)...); err != nil {
		return err
	}
	back := Returned{
		Area: t.Area, Member: t.Member, Reason: MoneyBack, On: today, Source: t.ID, Decision: r.ID, By: r.Maker,
	}
	undo := tx.YearsBack
	if ends {
		undo = tx.ReturnMember
	}
	if err := undo(ctx, back); err != nil {
		return err
	}
	return keepStep(ctx, tx, t, Step{ //nolint:exhaustruct // no sum
		Transfer: t.ID, Step: MoneyReturned, On: today, Document: fmt.Sprintf("decision %d", r.ID), By: r.Maker,
	}, today)
}
