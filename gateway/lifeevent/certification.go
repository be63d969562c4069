package lifeevent

import (
	"fmt"
	"time"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// Way is how a member proved that they live.
type Way string

// The ways: five that somebody takes, and the one that the bank's evidence is.
const (
	// SelfService is the member's own face, on a telephone or a terminal.
	SelfService Way = "self_service"
	// Counter is the member in person at an agency's or a township's counter.
	Counter Way = "counter"
	// VillageList is a list that a village's officer answers for.
	VillageList Way = "village_list"
	// HomeVisit is an officer who saw the member at home.
	HomeVisit Way = "home_visit"
	// Entrusted is the paper of another agency, or of a consulate abroad.
	Entrusted Way = "entrusted"
	// Silent is what the member did at a bank, of which nobody had to ask.
	Silent Way = "silent"
)

// Ways are those of an officer's list, in the order of the documentation.
func Ways() []Way { return []Way{SelfService, Counter, VillageList, HomeVisit, Entrusted} }

// Certification is a member's proof of life.
type Certification struct {
	ID, Member int64
	Way        Way
	On         calendar.Day
	// Document is the paper, or the bank and its reference.
	Document string
}

// DueOn returns the last day by which a pensioner must certify again: start is the
// pension's first month, last the newest certification, or no day, and cycles what the area's
// rules say.
func DueOn(cycles []policy.Cycle, start calendar.Month, last calendar.Day) calendar.Day {
	from := start.First()
	if last.After(from) {
		from = last
	}
	return policy.CertificationDue(cycles, from)
}

// StopsFrom returns the first month that is not paid where nobody certified by the day.
func StopsFrom(due calendar.Day) calendar.Month { return due.Month().Add(1) }

// soonDays is for how many days ahead the look lists who will fall due.
const soonDays = 60

// Standing is where a pensioner stands with their certification.
type Standing string

// The standings. Resumable is who certified, and is still held: two people release them.
const (
	Certified Standing = "certified"
	DueSoon   Standing = "due_soon"
	Overdue   Standing = "overdue"
	Resumable Standing = "resumable"
)

// StandingOn tells where a pensioner stands who is due on a day; held says that an
// overdue certification holds them.
func StandingOn(due, today calendar.Day, held bool) Standing {
	switch {
	case today.After(due):
		return Overdue
	case held:
		return Resumable
	case today.DaysUntil(due) <= soonDays:
		return DueSoon
	}
	return Certified
}

// Certifying is a pensioner on the list of certifications.
type Certifying struct {
	Member   int64
	SocialNo string
	Name     party.Name
	Region   party.Region
	// Last is the newest certification, or no day, and Way how it was given.
	Last  calendar.Day
	Way   Way
	DueOn calendar.Day
	// Hold is the overdue certification's hold that stands, or 0.
	Hold     int64
	Standing Standing
	// Monthly is what the pension is a month.
	Monthly money.Amount
}

// SilentRate is Silent of Certified, DueSoon and Resumable together in percent with one decimal,
// rounded half up; false where nobody is current.
func (s CertificationSums) SilentRate() (string, bool) {
	current := s.Certified + s.DueSoon + s.Resumable
	if current == 0 {
		return "", false
	}
	tenths := (2000*s.Silent + current) / (2 * current)
	return fmt.Sprintf("%d.%d%%", tenths/10, tenths%10), true
}

// OverdueLook is a look for who is overdue on a day. Nobody is held from before From, the first
// day of the screen.
type OverdueLook struct {
	Area   party.Area
	Today  calendar.Day
	Cycles []policy.Cycle
	From   calendar.Day
}

// CertificationSums count pensioners by their standing; Silent are those of Certified,
// DueSoon and Resumable together whose newest certification is the bank's evidence.
type CertificationSums struct {
	Pensioners, Certified, DueSoon, Overdue, Resumable int
	Silent                                             int
	// OverdueMonthly is what the overdue would draw a month.
	OverdueMonthly money.Amount
	// Screen is the rule by which the overdue are held today, or are not.
	Screen policy.Row
}

// CertificationFilter narrows the list.
type CertificationFilter struct {
	Area party.Area
	// Region is a county, township or village, and takes in what is below; 0 is the area.
	Region   party.Region
	Standing Standing
	// Way is how the newest certification was given; empty is any, or none.
	Way   Way
	Today calendar.Day
	// Cycles are those of the area's rules.
	Cycles []policy.Cycle
	After  int64
	Limit  int
}

// Evidence is what a bank saw of its customer.
type Evidence struct {
	IDNumber party.IDNumber
	Kind     EvidenceKind
	SeenOn   calendar.Day
	// Reference is the bank's own number of it, once a bank.
	Reference string
}

// EvidenceKind is what the bank saw.
type EvidenceKind string

// The kinds: the member drew money in person, or came to the counter.
const (
	Withdrawal EvidenceKind = "withdrawal"
	Visit      EvidenceKind = "visit"
)

// EvidenceAnswer answers one line of evidence: imported, repeated or refused.
type EvidenceAnswer struct {
	Line               int
	Answer, Code, Text string
	// Due is the day by which the member certifies next, where the line was taken.
	Due calendar.Day
}

// SeenMember is a member as a bank's evidence finds them.
type SeenMember struct {
	Member  int64
	ID      party.IDNumber
	Started calendar.Month
	Last    calendar.Day
	// Died is the day of death that was reported, or no day.
	Died calendar.Day
}

// KeptEvidence is evidence that is kept.
type KeptEvidence struct {
	Member int64
	Evidence
}

// Taken is a report about evidence.
type Taken struct {
	Answers                     []EvidenceAnswer
	Accepted, Repeated, Refused int
	At                          time.Time
}
