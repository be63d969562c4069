package cycle

import (
	"encoding/hex"
	"strings"
	"time"

	"twoline/gateway/party"
)

// id wants the gateway's number of something.
func (c *checker) id(what, id string) {
	if id == "" || strings.Trim(id, "0123456789") != "" || id[0] == '0' {
		c.wrong("%s is %q, which is no number of the gateway", what, id)
	}
}

// digest wants a SHA-256 in small hex.
func (c *checker) digest(what, digest string) {
	if b, err := hex.DecodeString(digest); err != nil || len(b) != len(Digest{}) || strings.ToLower(digest) != digest {
		c.wrong("%s is %q, which is no digest", what, digest)
	}
}

// run wants the proof to be of a run that was released.
func (c *checker) run() {
	r := c.d.Run
	c.id("the run's id", r.ID)
	c.digest("the run's digest", r.Digest)
	if _, err := party.ParseArea(r.Area); err != nil {
		c.wrong("the run's area is %q, which is no area", r.Area)
	}
	if r.Scheme == "" || r.Kind == "" {
		c.wrong("the run's scheme is %q and its kind %q: a run has both", r.Scheme, r.Kind)
	}
	if r.State != "released" && r.State != "closed" {
		c.wrong("the run's state is %q; only a run that was released can be proved", r.State)
	}
	if _, err := time.Parse(time.RFC3339, c.d.IssuedAt); err != nil {
		c.wrong("issued_at is %q, which is no time", c.d.IssuedAt)
	}
	if c.d.Statement.Through.Before(r.ReleasedOn) {
		c.wrong("the run's last day is %s, before it was released on %s", c.d.Statement.Through, r.ReleasedOn)
	}
}

// signs wants no figure below nothing, no money without people, and no part greater
// than what it is a part of: otherwise figures could be made to fit one another.
func (c *checker) signs() {
	f := c.d.Figures
	for _, t := range []struct {
		what   string
		figure Tally
		most   int
	}{
		{"entitled", f.Entitled, f.Entitled.Count},
		{"held", f.Held, f.Entitled.Count},
		{"approved", f.Approved, f.Entitled.Count},
		{"sent", f.Sent, f.Approved.Count},
		{"withdrawn", f.Withdrawn, f.Approved.Count},
		{"succeeded", f.Succeeded, f.Sent.Count},
		{"rejected", f.Rejected, f.Sent.Count},
		{"unknown", f.Unknown, f.Sent.Count},
		{"returned", f.Returned, f.Succeeded.Count},
		{"re-issued", f.Reissued, f.Rejected.Count + f.Returned.Count},
		{"paid", f.Paid, f.Entitled.Count},
		{"open", f.Open, f.Entitled.Count},
		{"not in place", f.NotInPlace, f.Succeeded.Count},
		{"not activated", f.NotActivated, f.Succeeded.Count},
	} {
		if t.figure.Count < 0 || t.figure.Amount < 0 || t.figure.Count == 0 && t.figure.Amount != 0 {
			c.wrong("%s are %s: no such number of payments comes to that", t.what, t.figure)
		}
		if t.figure.Count > t.most {
			c.wrong("%s are %d, of %d that they are a part of", t.what, t.figure.Count, t.most)
		}
	}
	for _, a := range []struct {
		what   string
		figure Yuan
	}{
		{"spent in the book", f.Settled},
		{"debits in the book", f.BankDebits},
		{"credits back in the book", f.CreditsBack},
		{"in transit", f.InTransit},
	} {
		if a.figure < 0 {
			c.wrong("%s is %s, which is less than nothing", a.what, a.figure)
		}
	}
}

// cleared wants the statement's money to stand in lines and to be of payments. Lines
// of the book that a bank shows as one lump less its returns have no line of their
// own direction.
func (c *checker) cleared() {
	s := c.d.Statement
	for _, t := range []struct {
		what   string
		figure Cleared
		lines  int
	}{
		{"debits", s.Debits, c.linesOf(s.Debits, s.CreditsBack)},
		{"credits back", s.CreditsBack, c.linesOf(s.CreditsBack, s.Debits)},
		{"uncleared debits", s.UnclearedDebits, 1},
		{"uncleared credits", s.UnclearedCredits, 1},
		{"unbooked debits", s.UnbookedDebits, s.UnbookedDebits.Lines},
		{"unbooked credits", s.UnbookedCredits, s.UnbookedCredits.Lines},
	} {
		f := t.figure
		if f.Items < 0 || f.Lines < 0 || f.Amount < 0 || f.Amount > 0 && (f.Items == 0 || t.lines == 0) {
			c.wrong("the statement's %s are %s for %d payments in %d lines: money stands in lines, and is of payments",
				t.what, f.Amount, f.Items, f.Lines)
		}
	}
	for _, f := range []Cleared{s.UnclearedDebits, s.UnclearedCredits} {
		if f.Lines != 0 {
			c.wrong("%s are not on the statement, and are said to be in %d lines of it", f.Amount, f.Lines)
		}
	}
	if paid := c.d.Figures.Paid.Count; s.Standing == Proved && s.Debits.Items < paid {
		c.wrong("the statement is called proved, though its debits are for %d payments, and paid are %d",
			s.Debits.Items, paid)
	}
}

// linesOf are the lines that a direction of the statement stands in: its own, or,
// where other runs' lumps can hold a part of it, those of the other direction.
func (c *checker) linesOf(own, other Cleared) int {
	if own.Lines == 0 && c.again() {
		return other.Lines
	}
	return own.Lines
}
