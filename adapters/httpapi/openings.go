package httpapi

import (
	"context"
	"encoding/hex"
	"net/http"

	"twoline/gateway/approval"
	"twoline/gateway/registry"
)

// openingRoutes list the account openings; the rest of them stands in registry.go.
func (s *Server) openingRoutes() {
	if s.deps.Registry == nil {
		return
	}
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/account-openings", Summary: "Accounts to open, in rising order",
		Who: Banks().Or(Officers(approval.Maker, approval.AgencyBusiness)),
	}, s.openings)
}

type openingsQuery struct {
	Paging
}

func (s *Server) openings(ctx context.Context, c Call, in *openingsQuery) (Page[AccountOpening], error) {
	none := Page[AccountOpening]{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	var list []registry.AccountOpening
	if c.IsBank() {
		list, err = s.deps.Registry.BankOpenings(ctx, c.Bank, after, in.Limit+1)
	} else {
		list, err = s.deps.Registry.OfficerOpenings(ctx, c.Officer, after, in.Limit+1)
	}
	return NewPage(list, in.Limit, func(o registry.AccountOpening) int64 { return o.ID }, viewOpening), err
}

func viewOpening(o registry.AccountOpening) AccountOpening {
	return AccountOpening{
		ID: NewID(o.ID), Bank: o.Bank, Count: o.Count, FileName: o.FileName,
		FileDigest: hex.EncodeToString(o.FileDigest[:]), CreatedOn: NewDay(o.CreatedOn),
	}
}
