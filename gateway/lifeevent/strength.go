package lifeevent

import (
	"twoline/gateway/party"
)

// List is whose list members are compared with.
type List string

// The lists.
const (
	// Cremations is civil affairs' monthly list.
	Cremations List = "cremations"
	// Deregistered are those whom the police took off the register of households.
	Deregistered List = "police"
	// EmployeePensions is the roll of the employee scheme.
	EmployeePensions List = "employee_pension"
	// Court is a list of those who serve a sentence.
	Court List = "court"
)

// Lists are all of them, in the order of the documentation.
func Lists() []List { return []List{Cremations, Deregistered, EmployeePensions, Court} }

// OfDeath says that who stands on the list died.
func (l List) OfDeath() bool { return l == Cremations || l == Deregistered }

// Strength is how well a line of a list fits a member.
type Strength string

// The strengths. Only a strong match has an effect by itself; a weak one is looked at
// by a person.
const (
	NoMatch Strength = ""
	Weak    Strength = "weak"
	Strong  Strength = "strong"
)

// Listed is a line of a list: who it names. IDNumber is no number where the list has
// none; Born is YYYYMMDD, or empty.
type Listed struct {
	Name     party.Name
	IDNumber party.IDNumber
	Born     string
}

// Known is a member whom it may be.
type Known struct {
	Member   int64
	Name     party.Name
	IDNumber party.IDNumber
}

// StrengthOf compares a line with a member. A number and a name that agree are strong. A
// number under another name, or a name with its day of birth, are weak. A name alone,
// however rare, is nobody's.
func StrengthOf(l Listed, m Known) Strength {
	sameName := l.Name.MatchKey() == m.Name.MatchKey()
	hasNumber := l.IDNumber.Plain() != ""
	switch {
	case hasNumber && l.IDNumber.Equal(m.IDNumber) && sameName:
		return Strong
	case hasNumber && l.IDNumber.Equal(m.IDNumber):
		return Weak
	case sameName && l.Born != "" && l.Born == m.IDNumber.Birth():
		return Weak
	}
	return NoMatch
}

// Widen returns the number of 18 characters of one of 15 digits, as they were given to
// those born in the twentieth century, and to nobody else.
func Widen(old string) (party.IDNumber, error) {
	if len(old) != 15 {
		return party.NewIDNumber(old) //nolint:wrapcheck // names the field's fault
	}
	for i := range len(old) {
		if old[i] < '0' || old[i] > '9' {
			return party.NewIDNumber(old) //nolint:wrapcheck // refused by its form
		}
	}
	first := old[:6] + "19" + old[6:]
	return party.NewIDNumber(first + string(party.IDCheck(first))) //nolint:wrapcheck // refused by its date
}
