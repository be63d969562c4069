package registry

import (
	"context"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/party"
)

// OpeningFilter selects account openings in rising order of id.
type OpeningFilter struct {
	// Bank and Area narrow the list; the zero of each does not.
	Bank  string
	Area  party.Area
	After int64
	Limit int
}

// BankOpenings lists the openings that a bank is asked for, in all its areas.
func (s *Service) BankOpenings(ctx context.Context, by bank.Caller, after int64, limit int) ([]AccountOpening, error) {
	return s.openings(ctx, OpeningFilter{Bank: by.Code, Area: 0, After: after, Limit: limit})
}

// OfficerOpenings lists the openings of the officer's area.
func (s *Service) OfficerOpenings(
	ctx context.Context, by approval.Officer, after int64, limit int,
) ([]AccountOpening, error) {
	if by.Area == 0 {
		return nil, approval.ErrDuty
	}
	return s.openings(ctx, OpeningFilter{Bank: "", Area: by.Area, After: after, Limit: limit})
}

func (s *Service) openings(ctx context.Context, f OpeningFilter) ([]AccountOpening, error) {
	var out []AccountOpening
	err := s.c.Store.Read(ctx, func(tx Tx) (err error) {
		out, err = tx.AccountOpenings(ctx, f)
		return err
	})
	return out, err
}
