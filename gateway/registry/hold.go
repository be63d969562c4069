package registry

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// HoldReason is why a member is not paid until two people say otherwise.
type HoldReason string

// The reasons.
const (
	HoldCertification HoldReason = "certification_overdue"
	HoldOtherPension  HoldReason = "other_pension"
	// HoldChildUnpaid is a child who must pay and does not: it stops base pensions alone, while the
	// rule child_linked lasts and of members who were of age when the scheme began.
	HoldChildUnpaid   HoldReason = "child_unpaid"
	HoldDuplicate     HoldReason = "duplicate_identity"
	HoldSharedAccount HoldReason = "shared_account"
	HoldAmountReview  HoldReason = "amount_review"
	HoldCourt         HoldReason = "court"
	HoldInvestigation HoldReason = "investigation"
	HoldManual        HoldReason = "manual"
)

// HoldReasons are all reasons, in the order of the documentation.
func HoldReasons() []HoldReason {
	return []HoldReason{
		HoldCertification, HoldOtherPension, HoldChildUnpaid, HoldDuplicate, HoldSharedAccount, HoldAmountReview,
		HoldCourt, HoldInvestigation, HoldManual,
	}
}

// Hold keeps a member from being paid from a month on, until its release is approved.
type Hold struct {
	Area       party.Area
	ID, Member int64
	Reason     HoldReason
	From       calendar.Month
	Text       string
	OpenedBy   string
	OpenedAt   time.Time
	// SocialNo and Name tell the officer who it is.
	SocialNo string
	Name     party.Name
	// Release is the newest request to end the hold; its id is 0 where nobody asked.
	Release HoldRelease
	// Resumption is what became of the months that the hold stopped, decided with its end; nil where it
	// stands, or stopped none.
	Resumption *Resumption
}

// Resumption is what the area's rule said of the months that a hold stopped.
type Resumption struct {
	// FromStop says that they are paid back.
	FromStop bool
	// RuleDocument and RuleFrom name the rule that said so.
	RuleDocument string
	RuleFrom     calendar.Day
	// Due is what pays them back, or 0.
	Due int64
	// Months are all that were stopped, by rising month.
	Months []ResumedMonth
}

// ResumedMonth is a month that a hold stopped, with what of it is paid back.
type ResumedMonth struct {
	Month         calendar.Month
	Base, Account money.Amount
}

// Released says that the hold ended.
func (h Hold) Released() bool { return h.Release.State == Approved }

// HoldRelease is a request to end a hold, with the document that it rests on.
type HoldRelease struct {
	ID       int64
	Document string
	Making
}

// The refusals of holds.
var (
	ErrHold        = fault.New(fault.NotFound, "hold_not_found", "no such hold")
	ErrReleaseOpen = fault.New(fault.Conflict, "release_open", "a release of this hold waits for its checker")
	ErrReleased    = fault.New(fault.Conflict, "hold_released", "this hold was released")
	ErrNoRelease   = fault.New(fault.NotFound, "release_not_found", "nobody asked for a release of this hold")
)

// errHeldBefore refuses a line that repeats a hold which two people released.
var errHeldBefore = ErrReleased.With("a hold of this content was released; to hold again give another text or month")

// holdRow is a line of a file of holds.
type holdRow struct {
	memberRef
	Hold
}

func parseHold(f *fields, _ *env) holdRow {
	r := holdRow{memberRef: f.memberRef(), Hold: Hold{}}
	r.Reason = word(f, "reason", false, HoldReasons()...)
	r.From = f.month("from_month")
	if f.optional("text") != "" {
		r.Text = f.document("text")
	}
	return r
}

type holdKey struct {
	member int64
	reason HoldReason
	from   calendar.Month
}

func (h Hold) key() holdKey { return holdKey{h.Member, h.Reason, h.From} }

func openHolds(ctx context.Context, tx Tx, e *env, rows []holdRow) (desk[holdRow], error) {
	var none desk[holdRow]
	members, err := indexMembers(ctx, tx, e.area, rows, func(r holdRow) memberRef { return r.memberRef })
	if err != nil {
		return none, err
	}
	stored, err := tx.Holds(ctx, HoldFilter{Area: e.area, Members: members.ids})
	if err != nil {
		return none, err
	}
	known := make(map[holdKey][]Hold, len(stored))
	for _, old := range stored {
		known[old.key()] = append(known[old.key()], old)
	}
	judge := func(r *holdRow) (Answer, *fault.Error) {
		m, why := members.find(r.memberRef)
		if why != nil {
			return Refused, why
		}
		r.Member = m.ID
		// A hold that stands comes before one that ended.
		ended := false
		for _, old := range known[r.key()] {
			if !old.Released() {
				return seen(firstDifference(difference{"text", old.Text != r.Text}))
			}
			ended = ended || old.Text == r.Text
		}
		if ended {
			return Refused, errHeldBefore.On("text")
		}
		known[r.key()] = append(known[r.key()], r.Hold)
		return Imported, nil
	}
	store := func(ctx context.Context, rows []holdRow) error {
		return tx.InsertHolds(ctx, e.area, e.by, inner(rows, func(r holdRow) Hold { return r.Hold }))
	}
	return desk[holdRow]{judge, store}, nil
}

// HoldFilter narrows a list of holds.
type HoldFilter struct {
	Area party.Area
	// Members are those asked for, nil everybody; ID is one hold, or 0.
	Members []int64
	ID      int64
	// Reason is one of the reasons, or "" for all.
	Reason HoldReason
	// Standing leaves in only the holds that were not released, Asked those whose
	// release waits for its checker, Ended those that were released.
	Standing, Asked, Ended bool
	// After is the id that the page before ended with, or 0; Limit of 0 is no limit.
	After int64
	Limit int
}

// Holds returns a page of the holds of the officer's area by rising id.
func (s *Service) Holds(ctx context.Context, by approval.Officer, f HoldFilter) ([]Hold, error) {
	if err := mayLook(by); err != nil {
		return nil, err
	}
	f.Area, f.Limit = by.Area, pageOf(f.Limit)
	var list []Hold
	err := s.c.Store.Read(ctx, func(tx Tx) error {
		var err error
		list, err = tx.Holds(ctx, f)
		return err
	})
	return list, err
}

// Hold returns one hold of the officer's area.
func (s *Service) Hold(ctx context.Context, by approval.Officer, id int64) (Hold, error) {
	list, err := s.Holds(ctx, by, HoldFilter{ID: id}) //nolint:exhaustruct // the service fills the rest
	if err == nil && len(list) == 0 {
		err = ErrHold
	}
	if err != nil {
		return Hold{}, err
	}
	return list[0], nil
}

func findHold(ctx context.Context, tx Tx, area party.Area, id int64) (Hold, error) {
	if err := tx.LockHold(ctx, area, id); err != nil {
		return Hold{}, err
	}
	list, err := tx.Holds(ctx, HoldFilter{Area: area, ID: id}) //nolint:exhaustruct // all of it
	if err == nil && len(list) == 0 {
		err = ErrHold
	}
	if err != nil {
		return Hold{}, err
	}
	return list[0], nil
}

// digest covers everything that decides the release: which hold ends, and why.
func (h Hold) digest(document string) [sha256.Size]byte {
	return digestOf("twoline hold release 1", [][2]string{
		{"area", h.Area.String()},
		{"hold", fmt.Sprint(h.ID)},
		{"member", fmt.Sprint(h.Member)},
		{"reason", string(h.Reason)},
		{"from_month", h.From.String()},
		{"text", h.Text},
		{"document", document},
	}...)
}

// AskRelease asks for the end of a hold. A maker of agency business asks; the
// answer's result is the Hold with its release.
func (s *Service) AskRelease(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, hold int64, document string,
) (once.Answer, error) {
	if !isDocument(document) {
		return once.Answer{}, errDocument
	}
	return once.Do(ctx, s.c.Store.InTx, r, render, func(tx Tx) (any, error) {
		maker, err := atDesk(ctx, tx, by, approval.Maker)
		if err != nil {
			return nil, err
		}
		h, err := findHold(ctx, tx, maker.Area, hold)
		switch {
		case err != nil:
			return nil, err
		case h.Released():
			return nil, ErrReleased
		case h.Release.State == Submitted:
			return nil, ErrReleaseOpen.About(fmt.Sprint(h.Release.ID))
		}
		h.Release, err = tx.AddHoldRelease(ctx, h, HoldRelease{
			ID: 0, Document: document, Making: madeBy(maker, h.digest(document)),
		})
		return h, err
	})
}

// ApproveRelease ends a hold: a checker of agency business who is another person
// than the maker approves the digest. The answer's result is the Hold.
func (s *Service) ApproveRelease(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, hold int64, v Verdict,
) (once.Answer, error) {
	return s.decideRelease(ctx, r, render, by, hold, v, approval.Approved)
}

// RejectRelease leaves the hold as it is. The answer's result is the Hold.
func (s *Service) RejectRelease(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, hold int64, v Verdict,
) (once.Answer, error) {
	return s.decideRelease(ctx, r, render, by, hold, v, approval.Rejected)
}

func (s *Service) decideRelease(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, hold int64, v Verdict,
	decision approval.Decision,
) (once.Answer, error) {
	return once.Do(ctx, s.c.Store.InTx, r, render, func(tx Tx) (any, error) {
		checker, err := atDesk(ctx, tx, by, approval.Checker)
		if err != nil {
			return nil, err
		}
		h, err := findHold(ctx, tx, checker.Area, hold)
		if err != nil {
			return nil, err
		}
		if h.Release.ID == 0 {
			return nil, ErrNoRelease
		}
		if h.Release.State == Submitted && h.digest(h.Release.Document) != h.Release.Digest {
			return nil, approval.ErrDigest
		}
		if err := h.subject().decide(ctx, tx, checker, decision, v); err != nil {
			return nil, err
		}
		if decision == approval.Approved {
			if err := tx.Resume(ctx, h, s.c.Today()); err != nil {
				return nil, err
			}
		}
		return s.endRelease(ctx, tx, h, RequestState(decision))
	})
}

// WithdrawRelease takes a request back; only its maker's own person may. The
// answer's result is the Hold.
func (s *Service) WithdrawRelease(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, hold int64,
) (once.Answer, error) {
	return once.Do(ctx, s.c.Store.InTx, r, render, func(tx Tx) (any, error) {
		maker, err := atDesk(ctx, tx, by, approval.Maker, approval.Checker)
		if err != nil {
			return nil, err
		}
		h, err := findHold(ctx, tx, maker.Area, hold)
		if err != nil {
			return nil, err
		}
		if h.Release.ID == 0 {
			return nil, ErrNoRelease
		}
		if err := h.subject().withdrawBy(maker); err != nil {
			return nil, err
		}
		return s.endRelease(ctx, tx, h, Withdrawn)
	})
}

func (h Hold) subject() subject { return subject{"hold_release", h.Release.ID, h.Release.Making} }

func (s *Service) endRelease(ctx context.Context, tx Tx, h Hold, next RequestState) (any, error) {
	if err := tx.MoveHoldRelease(ctx, h, next); err != nil {
		return nil, err
	}
	h.Release.Making = h.Release.moved(next)
	return h, nil
}

func holdReasonText() string {
	names := make([]string, len(HoldReasons()))
	for i, r := range HoldReasons() {
		names[i] = string(r)
	}
	return strings.Join(names, ", ")
}
