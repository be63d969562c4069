package lifeevent

import (
	"context"
	"fmt"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// AskTransfer keeps that an account is to move. Nothing moves before the steps are done
// and two people let it through. The answer's result is a Transfer.
func (s *Service) AskTransfer(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, t Transfer,
) (once.Answer, error) {
	if err := t.check(s.today()); err != nil {
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		maker, err := atDesk(ctx, tx, by, approval.AgencyBusiness)
		if err != nil {
			return nil, err
		}
		t.Area, t.MadeBy, t.MadeOn, t.Step = maker.Area, maker.Login, s.today(), Asked
		l, err := leavingOf(ctx, tx, &t, s.today())
		if err != nil {
			return nil, err
		}
		// What is on its way now may be there before the account moves.
		l.OnTheWay = ""
		if err := t.mayMove(&l); err != nil {
			return nil, err
		}
		if t.DueOn, err = dueAfter(ctx, tx, t.Area, Asked, t.AskedOn); err != nil {
			return nil, err
		}
		if t.ID, err = tx.AddTransfer(ctx, t); err != nil {
			return nil, err
		}
		return transferOf(ctx, tx, t.Area, t.ID)
	})
}

// dueAfter is DueAfter by the rules and working days that are known.
func dueAfter(
	ctx context.Context, tx Tx, area party.Area, step TransferStep, on calendar.Day,
) (due calendar.Day, err error) {
	days, err := tx.WorkingDays(ctx)
	if err != nil {
		return due, err
	}
	rules, err := tx.Rules(ctx, area)
	if err != nil {
		return due, err
	}
	return DueAfter(step, on, rules, days)
}

func transferOf(ctx context.Context, tx Tx, area party.Area, id int64) (Transfer, error) {
	list, err := tx.Transfers(ctx, TransferFilter{Area: area, ID: id, Limit: 1}) //nolint:exhaustruct // one
	if err == nil && len(list) == 0 {
		err = ErrTransfer
	}
	if err != nil {
		return Transfer{}, err //nolint:exhaustruct // none
	}
	return list[0], nil
}

// DoStep keeps a step of a transfer. The confirmed sum of a transfer out asks two people
// to let it through. The answer's result is a Transfer.
func (s *Service) DoStep(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, step Step,
) (once.Answer, error) {
	if !approval.IsLine(step.Document, maxText) || step.Document == "" {
		err := ErrMove.With("the document is one line of 1 to 200 characters").On("document")
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		maker, err := atDesk(ctx, tx, by, approval.AgencyBusiness, approval.AgencyFinance)
		if err != nil {
			return nil, err
		}
		t, err := lockedTransfer(ctx, tx, maker.Area, step.Transfer)
		if err != nil {
			return nil, err
		}
		step.By = maker.Login
		if err := s.step(ctx, tx, by, &t, step); err != nil {
			return nil, err
		}
		return transferOf(ctx, tx, t.Area, t.ID)
	})
}

func (s *Service) step(ctx context.Context, tx Tx, by approval.Officer, t *Transfer, step Step) error {
	today := s.today()
	if step.Step == MoneyPosted && t.Step == LetterSent && t.allThere() {
		// Two people are asked again: a checker rejected it, or the maker took it back.
		return askTransfer(ctx, tx, by, today, t.ID, step.Document)
	}
	if step.Step == MoneyReturned && t.cameBack() {
		return askTransfer(ctx, tx, by, today, t.ID, step.Document)
	}
	if err := t.follows(step.Step); err != nil {
		return err
	}
	if step.On.After(today) || step.On.Before(t.StepOn) {
		return ErrMove.With("a step is done after the one before, and not on a day that lies ahead").On("done_on")
	}
	if (step.Step == SumConfirmed) != (step.FundAccount != 0) {
		return ErrMove.With("the fund account belongs to sum_confirmed").On("fund_account_id")
	}
	if step.Step == SumConfirmed {
		l, err := leavingOf(ctx, tx, t, today)
		if err != nil {
			return err
		}
		step.Sum = l.Held
	}
	if t.Direction == MovesIn && step.Step == LetterSent {
		// The letter asks for the money: nobody is asked for what would go back.
		l, err := leavingOf(ctx, tx, t, today)
		if err != nil {
			return err
		}
		if err := t.mayMove(&l); err != nil {
			return err
		}
	}
	if step.Step == ReturnAsked && len(t.Receipts) == 0 {
		return ErrStep.With("there is no money to give back")
	}
	if step.Step == CalledOff && len(t.Receipts) > 0 {
		return ErrStep.With("money of the transfer is there: give it back")
	}
	err := keepStep(ctx, tx, t, step, today)
	if err != nil || step.Step != SumConfirmed && step.Step != ReturnAsked {
		return err
	}
	return askTransfer(ctx, tx, by, today, t.ID, step.Document)
}

// leavingOf is what the member leaves with, by the rules of the day.
func leavingOf(ctx context.Context, tx Tx, t *Transfer, today calendar.Day) (l Leaving, err error) {
	if l, err = tx.LeavingOf(ctx, t.Area, t.Member, today); err != nil {
		return l, err
	}
	rules, err := tx.Rules(ctx, t.Area)
	if err != nil {
		return l, err
	}
	l.Stays, err = rules.At(today).PensionersStay()
	return l, err //nolint:wrapcheck // names the rule
}

// keepStep keeps a step with the last day for the next one, and ends the case about the
// one before, if it was late.
func keepStep(ctx context.Context, tx Tx, t *Transfer, step Step, today calendar.Day) error {
	var err error
	if step.DueOn, err = dueAfter(ctx, tx, t.Area, step.Step, step.On); err != nil {
		return err
	}
	if err := tx.AddTransferStep(ctx, t.Area, today, step); err != nil {
		return err
	}
	return tx.EndTransferCase(ctx, t.Area, t.ID, t.Step, step.By)
}

// AboutTransfer says what a transfer moves now, or why it cannot be let through.
func AboutTransfer(ctx context.Context, tx Tx, area party.Area, id int64, today calendar.Day) (string, error) {
	d, departs, err := departureOf(ctx, tx, area, id)
	if err != nil {
		return "", err
	}
	if departs {
		l, err := departing(ctx, tx, &d, today)
		return d.about(&l), err
	}
	if back, returns, err := returnOf(ctx, tx, area, id); err != nil || returns {
		if err != nil {
			return "", err
		}
		l, err := returning(ctx, tx, &back, today)
		return back.about(&l), err
	}
	t, err := lockedTransfer(ctx, tx, area, id)
	if err != nil {
		return "", err
	}
	if t.Direction == MovesIn {
		if _, err := inSubject(ctx, tx, &t, today); err != nil {
			return "", err
		}
		if t.Step == ReturnAsked {
			return t.aboutReturn(), nil
		}
		return t.aboutIn(), nil
	}
	if t.cameBack() {
		_, err := backSubject(ctx, tx, &t, today)
		return t.aboutBack(), err
	}
	l, err := outSubject(ctx, tx, &t, today)
	if err != nil {
		return "", err
	}
	return t.aboutOut(&l), nil
}

func lockedTransfer(ctx context.Context, tx Tx, area party.Area, id int64) (t Transfer, err error) {
	if err := tx.LockTransfer(ctx, area, id); err != nil {
		return t, err
	}
	return transferOf(ctx, tx, area, id)
}

// outSubject returns what a member leaves with whose account can move out, with nothing
// moving on it and on the fund account until the transaction ends.
func outSubject(ctx context.Context, tx Tx, t *Transfer, today calendar.Day) (l Leaving, err error) {
	if t.Step != SumConfirmed {
		return l, ErrStep.With("the account's sum is not confirmed: the transfer stands at %s", t.Step)
	}
	if err := tx.HoldMember(ctx, t.Area); err != nil {
		return l, err
	}
	if l, err = leavingOf(ctx, tx, t, today); err != nil {
		return l, err
	}
	if err := t.mayMove(&l); err != nil {
		return l, err
	}
	if l.Held != t.Sum {
		return l, ErrSumChanged
	}
	return l, paysOut(ctx, tx, t, today)
}

// paysOut proves that the fund account may pay and holds enough. It holds the account.
func paysOut(ctx context.Context, tx Tx, t *Transfer, today calendar.Day) error {
	role, scheme, err := tx.ReceivingAccount(ctx, t.Area, t.FundAccount)
	if err != nil {
		return err
	}
	if role != ledger.Expenditure || scheme != t.Scheme {
		return ErrTransferMoney.With("a transfer out leaves the expenditure account of the member's scheme").
			On("fund_account_id")
	}
	if err := tx.LockFundAccount(ctx, t.Area, t.FundAccount); err != nil {
		return err
	}
	held, err := tx.Balance(ctx, t.Area, t.FundAccount, today)
	if err == nil && held < t.Sum.Total() {
		err = ErrTransferMoney.With("the account holds %s, and the transfer needs %s", held, t.Sum.Total())
	}
	return err
}

// EnterTransfer moves an account that two people let through: out with the end of the
// membership and of the pension, in with the paid years, in one transaction.
func EnterTransfer(ctx context.Context, tx Tx, r casework.Request, today calendar.Day) error {
	d, departs, err := departureOf(ctx, tx, r.Area, r.Subject)
	if err != nil {
		return err
	}
	if departs {
		return enterDeparture(ctx, tx, &d, r, today)
	}
	if back, returns, err := returnOf(ctx, tx, r.Area, r.Subject); err != nil || returns {
		if err != nil {
			return err
		}
		return enterReturn(ctx, tx, &back, r, today)
	}
	t, err := lockedTransfer(ctx, tx, r.Area, r.Subject)
	if err != nil {
		return err
	}
	if t.Direction == MovesIn {
		return enterIn(ctx, tx, &t, r, today)
	}
	if t.cameBack() {
		return enterBack(ctx, tx, &t, r, today)
	}
	l, err := outSubject(ctx, tx, &t, today)
	if err != nil {
		return err
	}
	if err := tx.PostTransfer(ctx, t, today, today, r.ID); err != nil {
		return err
	}
	if t.Sum.Total() > 0 {
		if _, err := tx.Book(ctx, r.Actor(), t.outVoucher(today)); err != nil {
			return err
		}
	}
	err = tx.EndMember(ctx, End{
		Area: t.Area, Member: t.Member, Reason: TransferredOut, On: today, From: l.fromMonth(today), Source: t.ID,
		Decision: r.ID, By: r.Maker,
	})
	if err != nil {
		return err
	}
	return keepStep(ctx, tx, &t, Step{ //nolint:exhaustruct // no sum
		Transfer: t.ID, Step: MoneySent, On: today, Document: fmt.Sprintf("decision %d", r.ID), By: r.Maker,
	}, today)
}

// Transfers lists transfers of the officer's area by rising id; late are those whose next
// step is overdue today.
func (s *Service) Transfers(
	ctx context.Context, by approval.Officer, f TransferFilter, late bool,
) ([]Transfer, error) {
	if err := mayLook(by, false); err != nil {
		return nil, err
	}
	f.Area, f.Limit = by.Area, pageOf(f.Limit)
	if late {
		f.LateOn = s.today()
	}
	var list []Transfer
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		list, err = tx.Transfers(ctx, f)
		return err
	})
	return list, err
}

// Today is the business day.
func (s *Service) Today() calendar.Day { return s.today() }
