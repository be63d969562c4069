package disbursement

import (
	"context"

	"twoline/gateway/approval"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
)

// PayAgain drafts a reissue run of the current month: what failed or was returned,
// of any month, and is not paid again yet; or of that the items only, each of which
// has to be payable again. The answer's result is a Drafted.
func (s *Service) PayAgain(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, scheme ledger.Scheme, items []int64,
) (once.Answer, error) {
	return s.Draft(ctx, r, render, by, Order{Scheme: scheme, Month: s.today().Month(), Kind: Reissue, Items: items})
}
