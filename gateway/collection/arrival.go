package collection

import (
	"context"
	"errors"
	"fmt"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// Arrived is an arrival with what it led to.
type Arrived struct {
	Arrival

	// Repeated says that the same credit was reported before.
	Repeated bool
	// Agreed says that results and money of its subject agree by now.
	Agreed bool
}

// Arrive takes a bank's notice that money arrived on a fund account. Area 0
// stands for the area of the account.
func (s *Service) Arrive(
	ctx context.Context, r once.Request, render once.Render, area party.Area, by bank.Caller, accountNo string,
	a Arrival,
) (once.Answer, error) {
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		account, err := tx.FundAccount(ctx, area, by.Code, accountNo)
		if err != nil {
			return nil, err
		}
		a.FundAccount, a.ReportedBy = account.ID, "bank:"+by.Code
		return s.arrive(ctx, tx, account.Area, by.Code, account, a)
	})
}

// ArriveFromStatement takes credits of a bank's statement as arrivals: one that
// was noticed before is the same arrival, by the bank's reference. Each line is a
// transaction of its own, and one that cannot be taken becomes a case and holds
// up no other. It may be run again.
func (s *Service) ArriveFromStatement(ctx context.Context, area party.Area, bankCode string, arrivals []Arrival) error {
	for _, a := range arrivals {
		err := s.store.InTx(ctx, func(tx Tx) error {
			account, err := tx.FundAccountByID(ctx, area, a.FundAccount)
			if err != nil {
				return err
			}
			a.FromStatement, a.ReportedBy = true, "statement"
			_, err = s.arrive(ctx, tx, area, bankCode, account, a)
			return err
		})
		if err == nil {
			continue
		}
		if !bank.IsRefusal(err) && fault.KindOf(err) != fault.Conflict {
			return fmt.Errorf("arrival %s: %w", a.BankReference, err)
		}
		err = s.store.InTx(ctx, func(tx Tx) error {
			return tx.RefuseArrival(ctx, area, bankCode, a.BankReference, bank.RefusalText(err))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// SuspendIn takes a credit of a statement whose payer nobody knows as an arrival, and
// carries it to suspense, in a transaction that does more. Money that is known to be a
// batch's, or a terminal's day, is ErrArrivalFixed.
func SuspendIn(
	ctx context.Context, tx Tx, today calendar.Day, area party.Area, bankCode string, a Arrival,
) (Arrived, error) {
	s := &Service{today: func() calendar.Day { return today }} //nolint:exhaustruct // arrivals read no files
	account, err := tx.FundAccountByID(ctx, area, a.FundAccount)
	if err != nil {
		return Arrived{}, err //nolint:exhaustruct // none
	}
	a.FromStatement, a.ReportedBy = true, "statement"
	out, err := s.arrive(ctx, tx, area, bankCode, account, a)
	if err != nil {
		return out, err
	}
	open, err := tx.OpenArrivals(ctx, area, "arrival", out.ID)
	switch {
	case err != nil:
		return out, err
	case len(open) == 0 || open[0].Batch != 0 || open[0].TerminalDayID != 0 || open[0].List != 0:
		return out, ErrArrivalFixed
	case open[0].InSuspense:
		return out, nil
	}
	return out, s.toSuspense(ctx, tx, area, open, today)
}

func (s *Service) arrive(
	ctx context.Context, tx Tx, area party.Area, bankCode string, account FundAccount, a Arrival,
) (Arrived, error) {
	none := Arrived{} //nolint:exhaustruct // none
	today := s.today()
	switch {
	case a.ValueDate.IsZero() || a.ValueDate.After(today) || a.ValueDate.Before(account.OpenedOn):
		return none, ErrDay.On("value_date")
	case a.Terminal != "" && a.TerminalDate.After(today):
		return none, ErrDay.With("the terminal's day has not come").On("terminal_date")
	case a.List != 0 && (a.Batch != 0 || a.Item != 0 || a.Terminal != ""):
		return none, ErrList.With("money for a list is for nothing else").On("contribution_list")
	case account.Role != ledger.Income && account.Role != ledger.Treasury && account.Role != ledger.FiscalSpecial:
		return none, ErrRole.On("account")
	}
	var err error
	if a.Item != 0 && a.Batch == 0 {
		if a.Batch, err = tx.BatchOfItem(ctx, area, bankCode, a.Item); err != nil {
			return none, err
		}
	}
	var b Batch
	var day TerminalDay
	switch {
	case a.Batch != 0:
		if b, err = tx.LockBatch(ctx, area, bankCode, a.Batch); err != nil {
			return none, err
		}
		if b.FundAccount != account.ID {
			return none, ErrFundAccount.With("the batch is collected on another account")
		}
	case a.Terminal != "":
		day = TerminalDay{ //nolint:exhaustruct // the rest is what was taken
			Bank: bankCode, Terminal: a.Terminal, Day: a.TerminalDate, FundAccount: account.ID,
		}
		if day, err = tx.CloseTerminalDay(ctx, area, day, a.ReportedBy); err != nil {
			return none, err
		}
		if day.Receipts == 0 {
			return none, ErrNoReceipts.On("terminal_date")
		}
		a.TerminalDayID = day.ID
	case a.List != 0:
		return s.arriveForList(ctx, tx, area, account, a)
	}
	kept, repeated, err := tx.AddArrival(ctx, area, a, today)
	if err != nil {
		return none, err
	}
	out := Arrived{Arrival: kept, Repeated: repeated, Agreed: false}
	switch {
	case repeated:
	case a.Batch != 0:
		before := b.Progress.Agreed
		if b, err = s.settleBatch(ctx, tx, b, a.ReportedBy); err != nil {
			return none, err
		}
		out.Agreed = b.Progress.Agreed > before
	case a.Terminal != "":
		out.Agreed, err = s.settle(ctx, tx, area, "terminal_day", day.ID)
	}
	return out, err
}

// arriveForList takes a notice that names a contribution list: by the bank's word, and
// with the same proof as by an officer's.
func (s *Service) arriveForList(
	ctx context.Context, tx Tx, area party.Area, account FundAccount, a Arrival,
) (Arrived, error) {
	none := Arrived{} //nolint:exhaustruct // none
	// The same notice again may come when its list is agreed.
	l, closed := tx.OpenList(ctx, area, a.List)
	switch {
	case closed != nil && !errors.Is(closed, ErrListClosed):
		return none, closed
	case l.FundAccount != account.ID:
		return none, ErrFundAccount.With("the list is paid on another account").On("contribution_list")
	}
	kept, repeated, err := tx.AddArrival(ctx, area, a, s.today())
	switch {
	case err != nil:
		return none, err
	case repeated:
		return Arrived{Arrival: kept, Repeated: true, Agreed: false}, nil
	case closed != nil:
		return none, closed
	}
	kept.List = 0
	return s.nameList(ctx, tx, l, kept, NamedList{List: l.ID, By: a.ReportedBy, Reason: "the bank's notice"})
}

// settleBatch looks whether the batch's answers and arrivals now agree, and
// whether every item is answered.
func (s *Service) settleBatch(ctx context.Context, tx Tx, b Batch, actor string) (Batch, error) {
	if _, err := s.settle(ctx, tx, b.Area, "batch", b.ID); err != nil {
		return b, err
	}
	now, err := tx.LockBatch(ctx, b.Area, b.Bank, b.ID)
	if err != nil {
		return b, err
	}
	if now.Progress.Open == 0 && now.State.CanBecome(bank.BatchDone) {
		return tx.MoveBatch(ctx, now, bank.BatchDone, actor, "every item has a final answer")
	}
	return now, nil
}

// settle writes an agreement where what succeeded and what arrived, beyond the
// last agreement, sum to the same; its posting is a job of the same transaction.
func (s *Service) settle(ctx context.Context, tx Tx, area party.Area, subject string, id int64) (bool, error) {
	sums, err := tx.OpenSums(ctx, area, subject, id)
	if err != nil {
		return false, err
	}
	if sums.Succeeded == 0 || sums.Succeeded != sums.Arrived {
		return false, nil
	}
	fromSuspense, err := s.sameSource(ctx, tx, area, subject, id)
	if err != nil {
		return false, err
	}
	agreement, err := tx.AddAgreement(ctx, Agreement{ //nolint:exhaustruct // progress starts at zero
		Area: area, Subject: subject, SubjectID: id, Round: sums.Round + 1, After: sums.After, Upto: sums.Upto,
		UptoArrival: sums.UptoArrival, Count: sums.Count, Amount: sums.Succeeded, FundAccount: sums.FundAccount.ID,
		FromSuspense: fromSuspense, EffectiveOn: sums.LastValueDay,
	}, s.today())
	if err != nil {
		return false, err
	}
	return true, tx.Enqueue(ctx, AgreementReached{Area: area, Agreement: agreement})
}

// sameSource says whether the agreed money is taken from suspense. Where some
// of it went there and some did not, the rest follows first, so that one
// agreement is posted from one place.
func (s *Service) sameSource(ctx context.Context, tx Tx, area party.Area, subject string, id int64) (bool, error) {
	open, err := tx.OpenArrivals(ctx, area, subject, id)
	if err != nil {
		return false, err
	}
	var fresh []StaleArrival
	for _, a := range open {
		if !a.InSuspense {
			fresh = append(fresh, a)
		}
	}
	if len(fresh) == len(open) {
		return false, nil
	}
	return true, s.toSuspense(ctx, tx, area, fresh, s.today())
}

// toSuspense books arrivals that nothing explains: the money is in the fund,
// whose it is is not known.
func (s *Service) toSuspense(
	ctx context.Context, tx Tx, area party.Area, open []StaleArrival, today calendar.Day,
) error {
	if len(open) == 0 {
		return nil
	}
	ids := make([]int64, len(open))
	entries := make([]ledger.Entry, len(open))
	for i, a := range open {
		ids[i] = a.ID
		entries[i] = suspenseEntry(area, a, today)
	}
	if err := tx.AddArrivalSuspense(ctx, area, ids, today); err != nil {
		return err
	}
	_, err := tx.Book(ctx, actorJob, entries...)
	return err
}

// suspenseEntry books money that nothing explains to suspense, or out of it where
// the bank took it back.
func suspenseEntry(area party.Area, a StaleArrival, today calendar.Day) ledger.Entry {
	kind, atBank, text := ledger.UnrecognisedReceipt, ledger.Debit, "arrived money that no result explains"
	if a.GivenBack {
		kind, atBank, text = ledger.BankCorrection, ledger.Credit, "money that the bank took back"
	}
	return ledger.Entry{
		Area: area, Scheme: a.Scheme, Kind: kind, Cause: fmt.Sprintf("arrival:%d", a.ID), Reverses: 0,
		AccountedOn: today, EffectiveOn: a.ValueDate, Text: text,
		Postings: []ledger.Posting{
			{
				Side: atBank, Role: a.Role, Nature: ledger.Direct, Red: false, Amount: a.Amount,
				FundAccount: a.FundAccount, Batch: a.Batch, Cause: 0, Member: 0, Year: 0,
			},
			{
				Side: atBank.Opposite(), Role: ledger.Suspense, Nature: ledger.Direct, Red: false, Amount: a.Amount,
				FundAccount: 0, Batch: a.Batch, Cause: 0, Member: 0, Year: 0,
			},
		},
	}
}

// Tick looks once a business day at what stays open: terminals' days that are
// over are closed, arrivals that nothing explains within the area's working
// days go to suspense, and items without an answer are asked about. It may run
// any number of times a day and on several processes.
func (s *Service) Tick(ctx context.Context, today calendar.Day) error {
	var areas []party.Area
	err := s.store.InTx(ctx, func(tx Tx) (err error) {
		areas, err = tx.Areas(ctx)
		return err
	})
	if err != nil {
		return err
	}
	// One area's trouble, or one step's, stops no other.
	var errs []error
	for _, area := range areas {
		for _, step := range s.steps(today) {
			err := s.store.InTx(ctx, func(tx Tx) error { return step(ctx, tx, area) })
			if err != nil {
				errs = append(errs, fmt.Errorf("daily look at area %s: %w", area, err))
			}
		}
	}
	return errors.Join(errs...)
}

// steps are what is looked at in an area, a transaction each.
func (s *Service) steps(today calendar.Day) []func(context.Context, Tx, party.Area) error {
	return []func(context.Context, Tx, party.Area) error{
		func(ctx context.Context, tx Tx, area party.Area) error {
			return s.closeTerminalDays(ctx, tx, area, today)
		},
		func(ctx context.Context, tx Tx, area party.Area) error {
			limit, err := s.limit(ctx, tx, area, today)
			if err != nil {
				return err
			}
			stale, err := tx.StaleArrivals(ctx, area, limit)
			if err != nil {
				return err
			}
			return s.toSuspense(ctx, tx, area, stale, today)
		},
		func(ctx context.Context, tx Tx, area party.Area) error {
			limit, err := s.limit(ctx, tx, area, today)
			if err != nil {
				return err
			}
			if _, err := tx.QuerySilentItems(ctx, area, limit, today); err != nil {
				return err
			}
			return tx.OpenUncleared(ctx, area, limit)
		},
		func(ctx context.Context, tx Tx, area party.Area) error {
			unfinished, err := tx.Unfinished(ctx, area)
			if err != nil || len(unfinished) == 0 {
				return err
			}
			return tx.Enqueue(ctx, unfinished...)
		},
	}
}

func (s *Service) closeTerminalDays(ctx context.Context, tx Tx, area party.Area, today calendar.Day) error {
	days, err := tx.OpenTerminalDays(ctx, area, today)
	if err != nil {
		return err
	}
	for _, d := range days {
		if _, err := tx.CloseTerminalDay(ctx, area, d, actorJob); err != nil {
			return err
		}
	}
	return nil
}

// limit is the last day whose money and answers should be explained by now.
func (s *Service) limit(ctx context.Context, tx Tx, area party.Area, today calendar.Day) (calendar.Day, error) {
	n, err := tx.SuspenseDays(ctx, area, today)
	if err != nil {
		return calendar.Day{}, err
	}
	return s.days.Add(today, -n)
}
