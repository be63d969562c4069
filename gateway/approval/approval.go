// Package approval is who may do what, and that no person approves their own work.
//
// A role is a duty in an organisation. What must be approved is bound to a
// digest of its content: the maker submits it, a checker who is another person
// approves that digest, and where money leaves the fund a releaser who is a
// third person releases it. The database refuses the same person twice, whatever
// login they use (社会保险基金内控).
package approval

import (
	"crypto/sha256"
	"slices"

	"twoline/gateway/fault"
	"twoline/gateway/party"
)

// Organisation is the kind of body an officer works for.
type Organisation string

// The organisations.
const (
	AgencyBusiness Organisation = "agency_business"
	AgencyFinance  Organisation = "agency_finance"
	FinanceBureau  Organisation = "finance_bureau"
	Township       Organisation = "township"
	Village        Organisation = "village"
	Auditor        Organisation = "auditor"
	System         Organisation = "system"
)

// Duty is what an officer may do there.
type Duty string

// The duties. The two admins touch no money.
const (
	Maker         Duty = "maker"
	Checker       Duty = "checker"
	Releaser      Duty = "releaser"
	Viewer        Duty = "viewer"
	SystemAdmin   Duty = "system_admin"
	SecurityAdmin Duty = "security_admin"
)

// Officer is a logged-in person with the duties that hold at this moment.
type Officer struct {
	Login        string
	Person       int64
	Organisation Organisation
	// Area is the pooling area of the officer's organisation; 0 for system.
	Area party.Area
	// Region narrows township and village officers; 0 is the whole area.
	Region party.Region
	Duties []Duty
}

// Has says that the officer holds the duty in one of the organisations.
func (o Officer) Has(duty Duty, in ...Organisation) bool {
	return slices.Contains(o.Duties, duty) && slices.Contains(in, o.Organisation)
}

// The refusals.
var (
	ErrDuty = fault.New(fault.Forbidden, "duty_conflict", "this duty does not allow the action")
	// ErrKnownPerson is a new person of a name that is known.
	ErrKnownPerson = fault.New(fault.Conflict, "person_known", "a person of this name is known")
	ErrSamePerson  = fault.New(fault.Forbidden, "same_person",
		"maker, checker and releaser must be different people")
	ErrDigest = fault.New(fault.Conflict, "digest_differs",
		"the content changed since it was shown; look at it again and approve its digest")
	ErrDecided = fault.New(fault.Conflict, "already_decided", "this was decided before")
)

// Decision is what a checker or releaser says.
type Decision string

// The decisions.
const (
	Approved Decision = "approved"
	Rejected Decision = "rejected"
)

// Approval is one decision by one person on one digest.
type Approval struct {
	Area        party.Area
	Subject     string
	SubjectID   int64
	Duty        Duty
	Decision    Decision
	Digest      [sha256.Size]byte
	MakerPerson int64
	By          Officer
	Reason      string
}

// Check refuses an approval by the maker's own person or without the duty.
func (a Approval) Check(in ...Organisation) error {
	if !a.By.Has(a.Duty, in...) {
		return ErrDuty
	}
	if a.By.Person == a.MakerPerson {
		return ErrSamePerson
	}
	return nil
}
