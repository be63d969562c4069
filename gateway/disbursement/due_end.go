package disbursement

import (
	"context"
	"fmt"
	"strings"

	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/party"
)

// The refusals of ends of dues.
var (
	ErrDue      = fault.New(fault.NotFound, "due_not_found", "no such due")
	ErrDueEnded = fault.New(fault.Conflict, "due_ended", "the right to this due ended before")
	ErrDueTaken = fault.New(fault.Conflict, "due_taken", "a payment has this due")
	ErrDueCause = fault.New(fault.Conflict, "due_cause",
		"what a departure pays out ends with no due")
)

// EndTx is what ending a due needs of a transaction.
type EndTx interface {
	// BenefitDues lists by rising id.
	BenefitDues(ctx context.Context, f DueFilter) ([]Due, error)
	// HoldRuns makes everybody who makes rosters, freezes or releases runs of one
	// scheme wait for each other, to the end of the transaction.
	HoldRuns(ctx context.Context, area party.Area, scheme ledger.Scheme) error
}

// mayEnd says why the due cannot be ended. A payment that failed is none: nothing of it left.
func (d *Due) mayEnd() error {
	switch {
	case d.Standing == DueEnded:
		return ErrDueEnded.With("it ended by %s", d.Ended)
	case d.Item != 0 && !d.Failed:
		return ErrDueTaken.With("payment %d has it: withdraw its run before the release, give it up when it came "+
			"back, or claim back what was paid", d.Item)
	case strings.HasPrefix(d.Cause, "departure:"):
		return ErrDueCause
	}
	return nil
}

// ofClaim are the causes of the dues of the heir's claim that made the due: they end together.
func (d *Due) ofClaim() []string {
	what, claim, _ := strings.Cut(d.Cause, ":")
	switch what {
	case "funeral", "estate", "arrears":
		return []string{"funeral:" + claim, "estate:" + claim, "arrears:" + claim}
	}
	return []string{d.Cause}
}

// about tells officers in one line what is not to be paid.
func (d *Due) about() string {
	text := fmt.Sprintf("due %d of %s to member %d by %s, since %s", d.ID, d.Sum(), d.Member, d.Cause, d.Month)
	if d.Item != 0 {
		text += fmt.Sprintf(", of which payment %d failed", d.Item)
	}
	return text
}

// AboutDueEnd says which due is to end, or why it cannot: nobody is to be paid it, because it was
// decided wrongly or the member agreed to something else. What an heir was granted ends with all
// dues of its claim, and can be claimed anew. No roster takes any of it up meanwhile.
func AboutDueEnd(ctx context.Context, tx EndTx, area party.Area, id int64) (string, error) {
	d, err := oneDue(ctx, tx, area, id)
	if err != nil {
		return "", err
	}
	if err := tx.HoldRuns(ctx, area, d.Scheme); err != nil {
		return "", err
	}
	var told []string
	for _, cause := range d.ofClaim() {
		dues, err := tx.BenefitDues(ctx, DueFilter{ //nolint:exhaustruct // of one cause
			Area: area, Member: d.Member, Cause: cause, Limit: maxPage,
		})
		if err != nil {
			return "", err
		}
		for i := range dues {
			if dues[i].ID != id && cause == d.Cause {
				continue
			}
			if err := dues[i].mayEnd(); err != nil {
				return "", err
			}
			told = append(told, dues[i].about())
		}
	}
	return strings.Join(told, "; ") + ": nobody is to be paid", nil
}

func oneDue(ctx context.Context, tx EndTx, area party.Area, id int64) (Due, error) {
	list, err := tx.BenefitDues(ctx, DueFilter{ //nolint:exhaustruct // one
		Area: area, ID: id, Limit: 1,
	})
	if err == nil && len(list) == 0 {
		err = ErrDue
	}
	if err != nil {
		return Due{}, err //nolint:exhaustruct // none
	}
	return list[0], nil
}
