package lifeevent

import (
	"context"
	"fmt"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// ErrCreditUsed is returned for a credit of the bank that is known as something else.
var ErrCreditUsed = fault.New(fault.Conflict, "transfer_credit_known",
	"this credit of the bank is known, of a transfer or as an arrival").On("bank_reference")

// TransferReceipt is money of a transfer in, or of one out that came back, as it stands on the
// bank's statement.
type TransferReceipt struct {
	ID, Transfer, FundAccount int64
	Amount                    money.Amount
	BankReference             string
	ValueDate                 calendar.Day
	Document, By              string
}

// Received is what is there of a transfer in, or came back of one out.
func (t *Transfer) Received() money.Amount {
	var sum money.Amount
	for _, r := range t.Receipts {
		sum += r.Amount
	}
	return sum
}

// allThere says that all that was announced came, to the fen.
func (t *Transfer) allThere() bool { return len(t.Receipts) > 0 && t.Received() == t.Announced.Total() }

// lastDay is the day on which the last money came.
func (t *Transfer) lastDay() calendar.Day {
	var day calendar.Day
	for _, r := range t.Receipts {
		if r.ValueDate.After(day) {
			day = r.ValueDate
		}
	}
	return day
}

func (t *Transfer) aboutIn() string {
	return fmt.Sprintf("transfer %d to member %d from the %s scheme, %s, by %s: %s, of which %s of the old scheme, "+
		"and %d paid years; %d receipts on fund account %d, the last on %s", t.ID, t.Member, t.Counterpart, t.Office,
		t.Document, aboutParts(t.Announced), t.OldScheme, t.Years, len(t.Receipts), t.Receipts[0].FundAccount,
		t.lastDay())
}

func (t *Transfer) aboutReturn() string {
	return fmt.Sprintf("return of transfer %d to the %s scheme, %s: %s in %d receipts on fund account %d, and %s were "+
		"announced", t.ID, t.Counterpart, t.Office, t.Received(), len(t.Receipts), t.Receipts[0].FundAccount,
		t.Announced.Total())
}

// receiptLines are the fund's lines of a transfer's receipts: each under its own id, as
// the bank's statement shows it, and one line for all on the account.
func (t *Transfer) receiptLines(role ledger.Role, back bool) []ledger.Posting {
	side := ledger.Debit
	if back {
		side = ledger.Credit
	}
	lines := []ledger.Posting{sumLine(side, role, false, t.Received(), t.Receipts[0].FundAccount)}
	for _, r := range t.Receipts {
		lines = append(lines, ledger.Posting{
			Side: ledger.Credit, Role: ledger.TransferIn, Nature: ledger.ItemLine, Red: back, Amount: r.Amount,
			FundAccount: r.FundAccount, Batch: 0, Cause: r.ID, Member: t.Member, Year: 0,
		})
	}
	return lines
}

// inVoucher takes the whole sum into the fund and the personal account.
func (t *Transfer) inVoucher(role ledger.Role, today calendar.Day) ledger.Entry {
	parts, sum := partLines(t.Announced, false, t.ID, t.Member)
	for i := range parts {
		parts[i].Side = ledger.Credit
	}
	lines := append(t.receiptLines(role, false), parts...)
	return t.entry(ledger.TransferReceived, "account transferred in", today, t.lastDay(),
		append(lines, sumLine(ledger.Debit, ledger.PersonalControl, false, sum, 0)))
}

// returnVouchers take the money in, and give it back by the channel that it came by.
func (t *Transfer) returnVouchers(role ledger.Role, today calendar.Day) []ledger.Entry {
	in := t.entry(ledger.TransferReceived, "transfer in that is given back", today, t.lastDay(),
		t.receiptLines(role, false))
	out := t.entry(ledger.TransferInReturned, "transfer in given back", today, today, t.receiptLines(role, true))
	out.Cause += ":returned"
	return []ledger.Entry{in, out}
}

// Receive keeps money of a transfer in. Where all that was announced is there, to the fen,
// two people are asked to post it; less or more stays open as a case, and so does money for
// a member who died, left or began to draw a pension meanwhile. Of a transfer out it is the
// whole sum that the bank gave back: two people are asked to let the account live again. The
// answer's result is a Transfer.
func (s *Service) Receive(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, x TransferReceipt,
) (once.Answer, error) {
	bad := func(field, text string) (once.Answer, error) {
		return once.Answer{}, ErrMove.With("%s", text).On(field) //nolint:exhaustruct // none
	}
	switch {
	case !approval.IsLine(x.Document, maxText) || x.Document == "":
		return bad("document", "the document is one line of 1 to 200 characters")
	case !approval.IsLine(x.BankReference, 64) || x.BankReference == "" || len(x.BankReference) > 64:
		return bad("bank_reference", "the bank's number is one line of 1 to 64 bytes")
	case x.Amount <= 0 || x.Amount > money.Max:
		return bad("amount", "an amount above zero is needed")
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		maker, err := atDesk(ctx, tx, by, approval.AgencyBusiness, approval.AgencyFinance)
		if err != nil {
			return nil, err
		}
		t, err := lockedTransfer(ctx, tx, maker.Area, x.Transfer)
		if err != nil {
			return nil, err
		}
		x.By = maker.Login
		if err := s.receive(ctx, tx, by, &t, x); err != nil {
			return nil, err
		}
		return transferOf(ctx, tx, t.Area, t.ID)
	})
}

func (s *Service) receive(ctx context.Context, tx Tx, by approval.Officer, t *Transfer, x TransferReceipt) error {
	if t.Direction == MovesOut {
		return s.receiveBack(ctx, tx, by, t, x)
	}
	switch {
	case t.Step != LetterSent:
		return ErrStep.With("money is taken after letter_sent; the transfer stands at %s", t.Step)
	case x.ValueDate.After(s.today()) || x.ValueDate.Before(t.AskedOn):
		return ErrMove.With("the money came after the transfer was announced, and not on a day that lies ahead").
			On("value_date")
	case len(t.Receipts) > 0 && t.Receipts[0].FundAccount != x.FundAccount:
		return ErrTransferMoney.With("the money of one transfer comes to one account").On("fund_account_id")
	case t.allThere():
		return ErrTransferMoney.With("all that was announced is there").On("amount")
	}
	t.Receipts = append(t.Receipts, x)
	if _, err := takesIn(ctx, tx, t); err != nil {
		return err
	}
	if err := tx.AddTransferReceipt(ctx, t.Area, s.today(), x); err != nil {
		return err
	}
	l, err := leavingOf(ctx, tx, t, s.today())
	if err != nil {
		return err
	}
	if why := t.mayMove(&l); why != nil {
		// The money is there all the same: it is kept, and goes back.
		return tx.OpenTransferCase(ctx, t.Area, t.ID, fmt.Sprintf("%s came and goes back: %s", t.Received(), why))
	}
	if !t.allThere() {
		return tx.OpenTransferCase(ctx, t.Area, t.ID, fmt.Sprintf("%s of %s announced are there", t.Received(),
			t.Announced.Total()))
	}
	if err := tx.EndTransferCase(ctx, t.Area, t.ID, "", x.By); err != nil {
		return err
	}
	return askTransfer(ctx, tx, by, s.today(), t.ID, x.Document)
}

func askTransfer(
	ctx context.Context, tx Tx, by approval.Officer, today calendar.Day, id int64, document string,
) error {
	_, err := tx.AskDecision(ctx, by, today, casework.Ask{ //nolint:exhaustruct // a transfer
		Kind: casework.Transfer, Subject: id, Word: casework.Entered, Document: document,
	})
	return err
}

// takesIn proves that the account may take a transfer in, and returns its role.
func takesIn(ctx context.Context, tx Tx, t *Transfer) (ledger.Role, error) {
	role, scheme, err := tx.ReceivingAccount(ctx, t.Area, t.Receipts[0].FundAccount)
	if err != nil {
		return role, err
	}
	if role != ledger.Income && role != ledger.FiscalSpecial || scheme != t.Scheme {
		return role, ErrTransferMoney.With("a transfer in comes to the income account of the member's scheme, or to " +
			"its fiscal special account").On("fund_account_id")
	}
	return role, nil
}

// inSubject returns the role of the account that took a transfer in, where it can be
// posted or, once that was asked for, given back.
func inSubject(ctx context.Context, tx Tx, t *Transfer, today calendar.Day) (ledger.Role, error) {
	if len(t.Receipts) == 0 || t.Step != LetterSent && t.Step != ReturnAsked {
		return "", ErrStep.With("there is no money to decide about: the transfer stands at %s", t.Step)
	}
	role, err := takesIn(ctx, tx, t)
	if err != nil {
		return role, err
	}
	if t.Step == ReturnAsked {
		return role, givesBack(ctx, tx, t, role)
	}
	l, err := leavingOf(ctx, tx, t, today)
	if err != nil {
		return role, err
	}
	if err := t.mayMove(&l); err != nil {
		return role, err
	}
	if !t.allThere() {
		return role, ErrTransferMoney.With("%s of %s announced are there", t.Received(), t.Announced.Total())
	}
	return role, nil
}

// givesBack proves that the money can be given back: the income account pays it, and
// holds it once the entry that takes it in stands in the book.
func givesBack(ctx context.Context, tx Tx, t *Transfer, role ledger.Role) error {
	if role != ledger.Income {
		return ErrTransferMoney.With("a transfer in is given back by the income account alone")
	}
	return tx.LockFundAccount(ctx, t.Area, t.Receipts[0].FundAccount)
}

// enterIn posts a transfer in, or gives its money back.
func enterIn(ctx context.Context, tx Tx, t *Transfer, r casework.Request, today calendar.Day) error {
	role, err := inSubject(ctx, tx, t, today)
	if err != nil {
		return err
	}
	t.FundAccount, t.Sum = t.Receipts[0].FundAccount, t.Announced
	next, vouchers := MoneyPosted, []ledger.Entry{t.inVoucher(role, today)}
	if t.Step == ReturnAsked {
		next, vouchers = MoneyReturned, t.returnVouchers(role, today)
		err = tx.ReturnTransfer(ctx, *t, today, r.ID)
	} else {
		err = tx.PostTransfer(ctx, *t, t.lastDay(), today, r.ID)
	}
	if err != nil {
		return err
	}
	if next == MoneyReturned {
		if err := tx.EndTransferCase(ctx, t.Area, t.ID, "", r.Maker); err != nil {
			return err
		}
	}
	if _, err := tx.Book(ctx, r.Actor(), vouchers...); err != nil {
		return err
	}
	return keepStep(ctx, tx, t, Step{ //nolint:exhaustruct // no sum
		Transfer: t.ID, Step: next, On: today, Document: fmt.Sprintf("decision %d", r.ID), By: r.Maker,
	}, today)
}

// watchTransfers opens a case for every transfer whose next step is late.
func watchTransfers(ctx context.Context, tx Tx, area party.Area, today calendar.Day) error {
	for f := (TransferFilter{Area: area, LateOn: today, Limit: maxPage}); ; { //nolint:exhaustruct // all
		list, err := tx.Transfers(ctx, f)
		if err != nil {
			return err
		}
		if err := tx.OpenLateTransfers(ctx, area, list); err != nil || len(list) < f.Limit {
			return err
		}
		f.After = list[len(list)-1].ID
	}
}
