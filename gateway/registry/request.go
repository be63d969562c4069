package registry

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"twoline/gateway/approval"
)

// RequestState is where a request stands that one person of agency business
// makes and another decides.
//
//	submitted ──approve──► approved    with an approval of its digest, and in effect
//	    ├───────reject───► rejected    by another person
//	    └───────withdraw─► withdrawn   by the maker's own person
type RequestState string

// The states.
const (
	Submitted RequestState = "submitted"
	Approved  RequestState = "approved"
	Rejected  RequestState = "rejected"
	Withdrawn RequestState = "withdrawn"
)

// String returns the state's name.
func (s RequestState) String() string { return string(s) }

// CanBecome lists every legal step. The database refuses every other.
func (s RequestState) CanBecome(next RequestState) bool {
	switch s {
	case Submitted:
		return next == Approved || next == Rejected || next == Withdrawn
	case Approved, Rejected, Withdrawn:
		return false
	}
	return false
}

// Making is who made a request, when, and where it stands.
type Making struct {
	Digest [sha256.Size]byte
	// Maker is the login that submitted it, MakerPerson who that is.
	Maker       string
	MakerPerson int64
	MadeAt      time.Time
	State       RequestState
	// Version counts the states that the request has been in.
	Version int
}

func madeBy(by approval.Officer, digest [sha256.Size]byte) Making {
	return Making{
		Digest: digest, Maker: by.Login, MakerPerson: by.Person, MadeAt: time.Time{}, State: Submitted, Version: 1,
	}
}

func (m Making) moved(next RequestState) Making {
	m.State = next
	m.Version++
	return m
}

// Verdict is what a checker says about a request.
type Verdict struct {
	// Digest is the one that the checker was shown.
	Digest [sha256.Size]byte
	Reason string
}

// digestOf is the SHA-256 of a canonical text: a heading, then each field by name
// with its length before it.
func digestOf(heading string, fields ...[2]string) [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte(heading + "\n"))
	for _, f := range fields {
		h.Write(fmt.Appendf(nil, "%s %d:%s\n", f[0], len(f[1]), f[1]))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// atDesk returns the officer as the database knows them now, after proving that
// they hold one of the duties at the agency's business desk. Who is narrowed to a
// township or village does not; and finance never does.
func atDesk(ctx context.Context, tx Tx, by approval.Officer, duties ...approval.Duty) (approval.Officer, error) {
	officer, err := tx.Standing(ctx, by.Login)
	if err != nil {
		return officer, err
	}
	holds := slices.ContainsFunc(duties, func(d approval.Duty) bool { return officer.Has(d, approval.AgencyBusiness) })
	if !holds || officer.Region != 0 || officer.Area == 0 {
		return officer, approval.ErrDuty.With("this is done by a %s of agency business", duties[0])
	}
	return officer, nil
}

// subject is what an approval points at.
type subject struct {
	kind string
	id   int64
	Making
}

// decide keeps what the checker says about a request that is still open and is
// what the checker saw.
func (x subject) decide(
	ctx context.Context, tx Tx, checker approval.Officer, decision approval.Decision, v Verdict,
) error {
	switch {
	case x.State != Submitted:
		return x.decided()
	case v.Digest != x.Digest:
		return approval.ErrDigest
	case !isReason(v.Reason):
		return ErrField.With("the reason is at most 200 printable characters without outer blanks").On("reason")
	}
	a := approval.Approval{
		Area: checker.Area, Subject: x.kind, SubjectID: x.id, Duty: approval.Checker, Decision: decision,
		Digest: v.Digest, MakerPerson: x.MakerPerson, By: checker, Reason: v.Reason,
	}
	if err := a.Check(approval.AgencyBusiness); err != nil {
		return err
	}
	return tx.AddApproval(ctx, a)
}

// withdrawBy refuses who is not the maker's own person.
func (x subject) withdrawBy(officer approval.Officer) error {
	if officer.Person != x.MakerPerson {
		return approval.ErrDuty.With("a request is withdrawn by its maker")
	}
	if !x.State.CanBecome(Withdrawn) {
		return x.decided()
	}
	return nil
}

func (x subject) decided() error {
	return approval.ErrDecided.With("this request is %s", x.State).About(fmt.Sprint(x.id))
}

// maxPage bounds a list; one more than the largest page says that others follow.
const maxPage = 1001

func pageOf(limit int) int {
	if limit < 1 || limit > maxPage {
		return maxPage
	}
	return limit
}

// someone is a list of one member, or of nobody for 0.
func someone(member int64) []int64 {
	if member == 0 {
		return nil
	}
	return []int64{member}
}

// mayLook refuses officers who have nothing to do with who is paid.
func mayLook(by approval.Officer) error {
	switch by.Organisation {
	case approval.AgencyBusiness, approval.AgencyFinance, approval.FinanceBureau, approval.Auditor:
		if by.Area != 0 && by.Region == 0 {
			return nil
		}
	case approval.Township, approval.Village, approval.System:
	}
	return approval.ErrDuty.With("this is shown to the agency, the finance bureau and the auditor")
}
