package collection

import (
	"context"
	"slices"

	"twoline/gateway/approval"
	"twoline/gateway/once"
)

// Naming is an officer's word for which batch money is.
type Naming struct {
	Arrival, Batch int64
	// Reason is what the officer goes by, such as the bank's statement or letter.
	Reason string
}

// Named says which batch money is for, and by whose word.
type Named struct {
	Batch int64
	// By is "bank:…", "statement" or "officer:…"; an officer gives a Reason.
	By, Reason string
}

// NameBatch corrects which batch money is for, or says it where nobody did. It
// is possible until an agreement took the money, and only on the batch's own
// account; what is posted still needs the bank's answers to sum to the same. The
// cases that ask what the money is are closed by it.
func (s *Service) NameBatch(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, n Naming,
) (once.Answer, error) {
	if !by.Has(approval.Maker, approval.AgencyBusiness, approval.AgencyFinance) {
		return once.Answer{}, approval.ErrDuty //nolint:exhaustruct // no answer
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		a, agreed, err := tx.LockArrival(ctx, by.Area, n.Arrival, n.Batch)
		if err != nil {
			return nil, err
		}
		b, err := tx.LockBatch(ctx, by.Area, "", n.Batch)
		if err != nil {
			return nil, err
		}
		switch {
		case a.Batch == b.ID:
			return Arrived{Arrival: a, Repeated: true, Agreed: agreed}, nil
		case agreed:
			return nil, ErrArrivalFixed.With("its batch agreed with this money; name a batch for money that is open")
		case a.List != 0:
			return nil, ErrArrivalFixed.With("the money is for contribution list %d", a.List)
		case a.TerminalDayID != 0:
			return nil, ErrArrivalFixed.With("the money is for a terminal's day, which its bank named")
		case a.FundAccount != b.FundAccount:
			return nil, ErrFundAccount.With("the batch is collected on another account").On("batch_id")
		}
		return s.nameBatch(ctx, tx, b, a, Named{Batch: b.ID, By: "officer:" + by.Login, Reason: n.Reason})
	})
}

// nameBatch moves the money from the batch that it was for, and looks whether
// either batch now agrees.
func (s *Service) nameBatch(ctx context.Context, tx Tx, b Batch, a Arrival, n Named) (Arrived, error) {
	none := Arrived{} //nolint:exhaustruct // none
	if err := tx.NameArrival(ctx, b.Area, a, n); err != nil {
		return none, err
	}
	if err := tx.CloseArrivalCases(ctx, b.Area, a, n.By, "named for batch "+b.Number+": "+n.Reason); err != nil {
		return none, err
	}
	out := Arrived{Arrival: a, Repeated: false, Agreed: false}
	out.Batch = b.ID
	for _, id := range slices.DeleteFunc([]int64{a.Batch, b.ID}, func(id int64) bool { return id == 0 }) {
		agreed, err := s.settle(ctx, tx, b.Area, "batch", id)
		if err != nil {
			return none, err
		}
		out.Agreed = agreed
	}
	return out, nil
}

// Cases lists what a person of the officer's area must look at, in rising order
// of id: see CaseFilter.
func (s *Service) Cases(ctx context.Context, by approval.Officer, f CaseFilter) ([]Case, error) {
	f.Area = by.Area
	var list []Case
	err := s.store.InTx(ctx, func(tx Tx) (err error) {
		list, err = tx.Cases(ctx, f)
		return err
	})
	return list, err
}
