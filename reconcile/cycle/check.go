package cycle

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"twoline/gateway/calendar"
)

// Verdict is what a check of a signed proof found, in plain words.
type Verdict struct {
	// KeyID names the key that the file says it was signed with.
	KeyID string `json:"key_id"`
	Run   Run    `json:"run"`
	// Proved is what the check made sure of, Unproved what it could not, and
	// Contradictions what is wrong. Without one the proof is accepted.
	Proved         []string `json:"proved"`
	Unproved       []string `json:"unproved"`
	Contradictions []string `json:"contradictions"`
}

// Accepted says that nothing contradicts the proof.
func (v Verdict) Accepted() bool { return len(v.Contradictions) == 0 }

// Digest is the SHA-256 of a file's bytes.
type Digest [sha256.Size]byte

// Given are files to hold a proof against: their digests by name. A name is a file's
// own, without a folder.
type Given map[string]Digest

// Check reads a signed proof and believes nothing of it but what the key confirms
// and the figures bear out. An error says that the file is no signed proof at all.
// It needs no database and no network.
func Check(content []byte, key ed25519.PublicKey, given Given) (Verdict, error) {
	c := &checker{d: Document{}, v: Verdict{}} //nolint:exhaustruct // read below
	c.v.Proved, c.v.Unproved, c.v.Contradictions = []string{}, []string{}, []string{}
	if err := c.open(content, key); err != nil {
		return c.v, err
	}
	if !c.v.Accepted() {
		c.unproved("anything that the file says: it is not what was signed")
		return c.v, nil
	}
	c.run()
	c.signs()
	c.equations()
	c.statement()
	c.cleared()
	c.lists()
	c.batches()
	c.statements()
	c.days()
	c.files(given)
	c.verdict()
	return c.v, nil
}

type checker struct {
	d Document
	v Verdict
	// broken counts equations of the run that do not hold.
	broken int
}

func (c *checker) proved(format string, args ...any) {
	c.v.Proved = append(c.v.Proved, fmt.Sprintf(format, args...))
}

func (c *checker) unproved(format string, args ...any) {
	c.v.Unproved = append(c.v.Unproved, fmt.Sprintf(format, args...))
}

func (c *checker) wrong(format string, args ...any) {
	c.v.Contradictions = append(c.v.Contradictions, fmt.Sprintf(format, args...))
}

// open proves the form and the signature, and reads the document.
func (c *checker) open(content []byte, key ed25519.PublicKey) error {
	f, err := read(content)
	if err != nil {
		return err
	}
	// What was read is written again: a member of another case, one that stands twice
	// and one that nobody signed are read by no other program as they are here.
	again, err := canonical(f)
	if err != nil {
		return ErrNoProof.With("the file is no signed proof: %v", err)
	}
	if !bytes.Equal(append(again, '\n'), content) {
		c.wrong("the file is not written as a signed proof is: a byte was changed, added or taken away")
	}
	body, err := canonical(f.Proof)
	if err != nil {
		return ErrNoProof.With("the file is no signed proof: %v", err)
	}
	c.v.KeyID = f.Signature.KeyID
	value, err := base64.StdEncoding.Strict().DecodeString(f.Signature.Value)
	switch {
	case f.Signature.Algorithm != algorithm:
		c.wrong("the file is signed by %q, which is not ed25519", f.Signature.Algorithm)
	case f.Signature.KeyID != KeyID(key):
		c.wrong("the file names key %s, and the key that was given is %s", f.Signature.KeyID, KeyID(key))
	case err != nil || !ed25519.Verify(key, body, value):
		c.wrong("the signature is not of this content by key %s", KeyID(key))
	default:
		c.proved("the content is what the holder of key %s signed", KeyID(key))
	}
	c.d, c.v.Run = f.Proof, f.Proof.Run
	return nil
}

// read takes a file as a signed proof, whatever it says.
func read(content []byte) (file, error) {
	var f file
	d := json.NewDecoder(bytes.NewReader(content))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return f, ErrNoProof.With("the file is no signed proof: %v", err)
	}
	if f.Proof.Type != DocumentType || f.Proof.Version != DocumentVersion {
		return f, ErrNoProof.With("the file holds %q of version %d; this check reads %s of version %d", f.Proof.Type,
			f.Proof.Version, DocumentType, DocumentVersion)
	}
	return f, nil
}

func (c *checker) equal(what string, left, right Tally) {
	if left != right {
		c.broken++
		c.wrong("%s does not hold: %s, not %s", what, left, right)
		return
	}
	c.proved("%s: %s", what, left)
}

func (c *checker) amount(what string, left, right Yuan) {
	if left != right {
		c.broken++
		c.wrong("%s does not hold: %s, not %s", what, left, right)
		return
	}
	c.proved("%s: %s", what, left)
}

// equations recomputes those of the run.
func (c *checker) equations() {
	f := c.d.Figures
	c.equal("entitled = approved + held", f.Entitled, f.Approved.add(f.Held))
	c.equal("approved = sent + withdrawn", f.Approved, f.Sent.add(f.Withdrawn))
	c.equal("sent = succeeded + rejected + unknown", f.Sent, f.Succeeded.add(f.Rejected).add(f.Unknown))
	c.equal("paid = succeeded - returned + reissued", f.Paid, f.Succeeded.less(f.Returned).add(f.Reissued))
	c.equal("open = entitled - paid", f.Open, f.Entitled.less(f.Paid))
	c.amount("booked = succeeded", f.Settled, f.Succeeded.Amount)
	c.amount("bank debits - credits back = paid + in transit, by the book", f.BankDebits-f.CreditsBack,
		f.Paid.Amount+f.InTransit)
}

// statement recomputes the bank's side, and whether it may be called what it is.
func (c *checker) statement() {
	s, f := c.d.Statement, c.d.Figures
	c.amount("matched on the statement + uncleared = booked",
		s.Debits.Amount+s.UnclearedDebits.Amount-s.CreditsBack.Amount-s.UnclearedCredits.Amount,
		f.BankDebits-f.CreditsBack)
	open := s.MatchedThrough.IsZero() || s.MatchedThrough.Before(s.Through) || f.Unknown.Count > 0 ||
		s.differing() && c.onlyWaiting()
	switch s.Standing {
	case StillOpen:
		if !open {
			c.wrong("the statement is called open, though it is matched through %s and every payment has its answer",
				s.MatchedThrough)
		}
		c.unproved("bank debits - credits back = paid + in transit, by the statement: matched through %s of %s, "+
			"%d payments without an answer", orNever(s.MatchedThrough), s.Through, f.Unknown.Count)
	case Proved:
		if open {
			c.wrong("the statement is called proved, though it is matched through %s of %s and %d payments have no "+
				"answer",
				orNever(s.MatchedThrough), s.Through, f.Unknown.Count)
		}
		if s.differing() {
			c.wrong("the statement is called proved, though lines stand on one side only")
		}
		c.amount("bank debits - credits back = paid + in transit, by the statement", s.net(), f.Paid.Amount+f.InTransit)
	case Differs:
		if open || !s.differing() && s.net() == f.Paid.Amount+f.InTransit {
			c.wrong("the statement is said to differ, and its figures do not")
		}
		c.broken++
		c.wrong("the proof itself says that book and statement differ: the bank's lines come to %s, not %s", s.net(),
			f.Paid.Amount+f.InTransit)
	default:
		c.wrong("the statement's standing %q is none that a proof knows", s.Standing)
	}
}

// onlyWaiting says that every line that stands on one side has found its equal, and
// waits until no other can come.
func (c *checker) onlyWaiting() bool {
	for _, l := range c.d.Lists {
		if l.Step != "uncleared" && l.Step != "unbooked" {
			continue
		}
		if l.Omitted > 0 || slices.ContainsFunc(l.Names, func(n Name) bool { return n.Reason != "waiting" }) {
			return false
		}
	}
	return true
}

func orNever(d calendar.Day) string {
	if d.IsZero() {
		return "no day"
	}
	return d.String()
}

// verdict holds what the proof says of itself against what was found.
func (c *checker) verdict() {
	switch {
	case c.d.Holds != (len(c.d.Breaks) == 0):
		c.wrong("the proof says that it holds: %t, and names %d equations that do not", c.d.Holds, len(c.d.Breaks))
	case c.d.Holds && c.broken > 0:
		c.wrong("the proof says that it holds, and %d of its equations do not", c.broken)
	case !c.d.Holds:
		for _, b := range c.d.Breaks {
			c.wrong("the proof itself says that this does not hold: %s", b)
		}
	}
}
