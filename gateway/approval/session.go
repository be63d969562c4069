package approval

import (
	"time"

	"twoline/gateway/party"
)

// SessionPolicy is how logins fail and sessions end (GB/T 22239 8.1.4.1 b).
type SessionPolicy struct {
	// Failures in a row lock a login for Lock.
	Failures int
	Lock     time.Duration
	// Idle ends a session that nobody uses, Absolute ends every session.
	Idle, Absolute time.Duration
}

// DefaultSessionPolicy locks after five failures for 15 minutes, and ends a
// session after 30 idle minutes and after twelve hours.
func DefaultSessionPolicy() SessionPolicy {
	return SessionPolicy{Failures: 5, Lock: 15 * time.Minute, Idle: 30 * time.Minute, Absolute: 12 * time.Hour}
}

// Ended says that a session opened at created and last used at seen is over at now.
func (p SessionPolicy) Ended(created, seen, now time.Time) bool {
	return !now.Before(created.Add(p.Absolute)) || !now.Before(seen.Add(p.Idle))
}

// NewOfficer is a login to be made. It holds a hash and prints like any struct:
// keep it out of logs.
type NewOfficer struct {
	Login string
	// PasswordHash is argon2id's text with its parameters.
	PasswordHash string
	// Person is an existing person, or 0: then PersonName makes a new one.
	Person     int64
	PersonName string
	// Namesake says that the new person is another one than those of the same name.
	Namesake bool
	// Organisation is found by area, kind and name, and made where it is absent.
	Organisation     Organisation
	OrganisationName string
	Area             party.Area
	Region           party.Region
	Duties           []Duty
}
