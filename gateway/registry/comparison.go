package registry

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/lifeevent"
	"twoline/gateway/party"
)

// Comparison is a line of another office's list that fits a member.
type Comparison struct {
	Member   int64
	List     lifeevent.List
	Strength lifeevent.Strength
	// Agrees is number_and_name, number or name_and_birth.
	Agrees           string
	Line             int
	HappenedOn       calendar.Day
	Source, Document string
}

// MatchStanding is what a match with another office's list led to, as it stands now.
type MatchStanding string

// The standings: nothing was stopped, or what was stopped runs again; a person is asked about
// it; the member is held by what such a list says; the member stands reported dead.
const (
	MatchIdle  MatchStanding = "nothing"
	MatchAsked MatchStanding = "asked"
	MatchHeld  MatchStanding = "held"
	MatchDead  MatchStanding = "dead"
)

// KeptComparison is a match as it is kept, with who it is and what it led to.
type KeptComparison struct {
	Comparison

	ID        int64
	SocialNo  string
	Name      party.Name
	EnteredBy string
	EnteredAt time.Time
	Standing  MatchStanding
}

// ComparisonFilter selects matches; what is empty selects all.
type ComparisonFilter struct {
	Area     party.Area
	Member   int64
	List     lifeevent.List
	Strength lifeevent.Strength
	Document string
	Standing MatchStanding
	// After is the id that the page before ended with, or 0.
	After int64
	Limit int
}

// Comparisons returns a page of the lines of other offices' lists that fitted a member of the
// officer's area, by rising id, each with what it led to.
func (s *Service) Comparisons(
	ctx context.Context, by approval.Officer, f ComparisonFilter,
) (list []KeptComparison, err error) {
	if err := mayLook(by); err != nil {
		return nil, err
	}
	f.Area, f.Limit = by.Area, pageOf(f.Limit)
	err = s.c.Store.Read(ctx, func(tx Tx) error {
		list, err = tx.Comparisons(ctx, f)
		return err
	})
	return list, err
}

// comparisonRow is a line of a file of comparison.
type comparisonRow struct {
	listed lifeevent.Listed
	// fits are the members whom it fits alike, where there are several: it is a match of none.
	fits []int64
	Comparison
}

func parseComparison(f *fields, e *env) comparisonRow {
	r := comparisonRow{} //nolint:exhaustruct // read below
	r.Line = f.line
	r.List = word(f, "list", false, lifeevent.Lists()...)
	r.listed.Name = f.name()
	if text := f.optional("id_number"); text != "" {
		id, err := lifeevent.Widen(text)
		if err != nil {
			f.refuse("id_number", "must be an id number of 18 characters with its check, or of 15 digits")
		}
		r.listed.IDNumber, r.listed.Born = id, id.Birth()
	}
	if f.optional("born") != "" {
		born := f.past("born", e.today)
		if f.fault == nil && r.listed.Born != "" && r.listed.Born != born.Compact() {
			f.refuse("born", "is another day than the id number's")
		}
		r.listed.Born = born.Compact()
	}
	if r.List.OfDeath() || f.optional("happened_on") != "" {
		r.HappenedOn = f.past("happened_on", e.today)
	}
	if f.fault == nil && r.listed.Born != "" && !r.HappenedOn.IsZero() && r.HappenedOn.Compact() < r.listed.Born {
		f.refuse("happened_on", "lies before the day of birth")
	}
	r.Source, r.Document = f.document("source"), f.document("document")
	if utf8.RuneCountInString(r.Source) > maxSource {
		f.refuse("source", "must be at most 60 characters")
	}
	return r
}

// comparisonKey is what a list says once of a member, however often it is imported.
type comparisonKey struct {
	list     lifeevent.List
	document string
	member   int64
}

// comparison is what lines of a list meet.
type comparison struct {
	env     *env
	byID    map[party.IDNumber]lifeevent.Known
	byBirth map[string][]lifeevent.Known
	known   map[comparisonKey]Comparison
	deaths  map[deathKey]bool
	held    map[int64]map[HoldReason]bool
	// taken are notices that were taken back.
	taken map[deathKey]bool
}

func openComparisons(ctx context.Context, tx Tx, e *env, rows []comparisonRow) (desk[comparisonRow], error) {
	var none desk[comparisonRow]
	var ids []party.IDNumber
	var births, initials []string
	for _, r := range rows {
		if r.listed.IDNumber.Plain() != "" {
			ids = append(ids, r.listed.IDNumber)
		}
		if r.listed.Born != "" {
			first, _ := utf8.DecodeRuneInString(r.listed.Name.Plain())
			births, initials = append(births, r.listed.Born), append(initials, string(first))
		}
	}
	list, err := tx.Candidates(ctx, e.area, ids, births, initials)
	if err != nil {
		return none, err
	}
	c := &comparison{
		env: e, byID: make(map[party.IDNumber]lifeevent.Known), byBirth: make(map[string][]lifeevent.Known),
		known: make(map[comparisonKey]Comparison), deaths: make(map[deathKey]bool),
		held: make(map[int64]map[HoldReason]bool), taken: make(map[deathKey]bool),
	}
	members := make([]int64, len(list))
	for i, k := range list {
		members[i], c.byID[k.IDNumber] = k.Member, k
		c.byBirth[k.IDNumber.Birth()] = append(c.byBirth[k.IDNumber.Birth()], k)
	}
	if err := c.read(ctx, tx, members); err != nil {
		return none, err
	}
	store := func(ctx context.Context, rows []comparisonRow) error { return c.store(ctx, tx, rows) }
	return desk[comparisonRow]{c.judge, store}, nil
}

// read finds what is known of the candidates, so that a list imported again changes nothing.
func (c *comparison) read(ctx context.Context, tx Tx, members []int64) error {
	stored, err := tx.Compared(ctx, c.env.area, members)
	if err != nil {
		return err
	}
	for _, s := range stored {
		c.known[comparisonKey{s.List, s.Document, s.Member}] = s
	}
	notices, err := tx.DeathNotices(ctx, NoticeFilter{Area: c.env.area, Members: members, ID: 0, After: 0, Limit: 0})
	if err != nil {
		return err
	}
	for _, n := range notices {
		c.deaths[n.key()] = true
		c.taken[n.key()] = n.Withdrawn != ""
	}
	standing := HoldFilter{Area: c.env.area, Members: members, Standing: true} //nolint:exhaustruct // all of it
	holds, err := tx.Holds(ctx, standing)
	for _, h := range holds {
		c.hold(h.Member, h.Reason)
	}
	return err
}

func (c *comparison) hold(member int64, reason HoldReason) {
	if c.held[member] == nil {
		c.held[member] = make(map[HoldReason]bool)
	}
	c.held[member][reason] = true
}

// The remarks of lines that are no plain import. A line that fits nobody is imported
// without one, and nothing of it is kept.
var (
	errStrong = fault.New(fault.Conflict, "match_strong", "number and name are a member's: acted upon")
	errWeak   = fault.New(fault.Conflict, "match_weak",
		"only a part of it is a member's: nothing is stopped, and a case asks a person")
	errTaken = fault.New(fault.Conflict, "match_taken_back",
		"number and name are a member's, and this notice was taken back: nothing is done, and a case asks a person")
	errBare = fault.New(fault.Invalid, "not_comparable",
		"the line has neither an id number nor a day of birth, and a name alone is nobody's")
)

func (c *comparison) judge(r *comparisonRow) (Answer, *fault.Error) {
	if r.listed.Born == "" {
		return Imported, errBare
	}
	var best lifeevent.Known
	if best, r.fits = c.best(r.listed); len(r.fits) > 0 {
		return Imported, errWeak.With("%d members have this name and day of birth; a case asks a person to look "+
			"at each of them", len(r.fits))
	}
	r.Strength = lifeevent.StrengthOf(r.listed, best)
	if r.Strength == lifeevent.NoMatch {
		return Imported, nil
	}
	r.Member, r.Agrees = best.Member, "number_and_name"
	if r.Strength == lifeevent.Weak {
		r.Agrees = "name_and_birth"
		if r.listed.IDNumber.Equal(best.IDNumber) {
			r.Agrees = "number"
		}
	}
	key := comparisonKey{r.List, r.Document, r.Member}
	if old, ok := c.known[key]; ok {
		return seen(firstDifference(difference{"happened_on", old.HappenedOn != r.HappenedOn},
			difference{"name", old.Strength != r.Strength}))
	}
	c.known[key] = r.Comparison
	switch {
	case r.Strength == lifeevent.Weak:
		return Imported, errWeak
	case r.List.OfDeath() && c.taken[r.notice().key()]:
		return Imported, errTaken
	}
	return Imported, errStrong
}

// notice is the death that a line of a list tells of.
func (r *comparisonRow) notice() DeathNotice {
	return DeathNotice{ //nolint:exhaustruct // the list's
		Member: r.Member, DiedOn: r.HappenedOn, Source: r.Source, Document: r.Document,
	}
}

// best is the member whom a line may be: by the number, else the one with its name and
// day of birth; where there are several they are listed, rising.
func (c *comparison) best(l lifeevent.Listed) (best lifeevent.Known, several []int64) {
	if k, ok := c.byID[l.IDNumber]; ok && l.IDNumber.Plain() != "" {
		return k, nil
	}
	for _, k := range c.byBirth[l.Born] {
		if lifeevent.StrengthOf(l, k) == lifeevent.Weak {
			best, several = k, append(several, k.Member)
		}
	}
	if len(several) < 2 {
		return best, nil
	}
	slices.Sort(several)
	return best, several
}

// store keeps matches, and acts upon the strong ones: who died is reported dead by the
// list, who draws another pension or serves a sentence is held. A weak one is a case.
func (c *comparison) store(ctx context.Context, tx Tx, rows []comparisonRow) error {
	var matches []Comparison
	var dead []DeathNotice
	var holds []Hold
	for _, r := range rows {
		if len(r.fits) > 0 {
			c.env.cases = append(c.env.cases, r.caseOfSeveral())
		}
		if r.Strength == lifeevent.NoMatch {
			continue
		}
		matches = append(matches, r.Comparison)
		switch {
		case r.Strength == lifeevent.Weak:
			c.env.cases = append(c.env.cases, r.caseOf())
		case r.List.OfDeath():
			n := r.notice()
			if c.taken[n.key()] {
				c.env.cases = append(c.env.cases, r.caseOfTaken())
			}
			if !c.deaths[n.key()] {
				c.deaths[n.key()] = true
				dead = append(dead, n)
			}
		default:
			if h := r.hold(c.env.today); !c.held[h.Member][h.Reason] {
				c.hold(h.Member, h.Reason)
				holds = append(holds, h)
			}
		}
	}
	if len(matches) > 0 {
		if err := tx.InsertComparisons(ctx, c.env.area, c.env.by, matches); err != nil {
			return err
		}
	}
	if len(dead) > 0 {
		if err := tx.InsertDeathNotices(ctx, c.env.area, c.env.by, dead); err != nil {
			return err
		}
	}
	if len(holds) > 0 {
		return tx.InsertHolds(ctx, c.env.area, c.env.by, holds)
	}
	return nil
}

func (r *comparisonRow) caseOf() Case {
	what := "the id number is the member's, and the name is another"
	if r.Agrees == "name_and_birth" {
		what = "name and day of birth are the member's, and the id number is another or missing"
	}
	return Case{
		Kind: "weak_match", Subject: fmt.Sprintf("member:%d:%s:%s", r.Member, r.List, r.Document), Bank: "",
		Text: fmt.Sprintf("the list %s of %s: %s; nothing was stopped", r.List, r.Source, what),
	}
}

// caseOfTaken asks a person about a death that an office tells of again after its notice was
// taken back: either is wrong.
func (r *comparisonRow) caseOfTaken() Case {
	return Case{
		Kind: "match_taken_back", Subject: fmt.Sprintf("member:%d:%s:%s", r.Member, r.List, r.Document), Bank: "",
		Text: fmt.Sprintf("the list %s of %s tells again of the death on %s, whose notice was taken back; nothing was "+
			"stopped: where the office is right, report the death by another source", r.List, r.Source, r.HappenedOn),
	}
}

// caseOfSeveral is one for all whom the line fits. The same line of a list imported again is
// the same case.
func (r *comparisonRow) caseOfSeveral() Case {
	members := make([]string, len(r.fits))
	for i, m := range r.fits {
		members[i] = strconv.FormatInt(m, 10)
	}
	day := ""
	if !r.HappenedOn.IsZero() {
		day = ":" + r.HappenedOn.String()
	}
	return Case{
		Kind: "weak_match", Bank: "",
		Subject: fmt.Sprintf("members:%s:%s%s:%s", strings.Join(members, ","), r.List, day, r.Document),
		Text: fmt.Sprintf("the list %s of %s: name and day of birth are those of %d members (%s), and the id number "+
			"is another or missing; nothing was stopped", r.List, r.Source, len(r.fits), strings.Join(members, ", ")),
	}
}

// hold is from the month of the event on, or from this month where the list does not say.
func (r *comparisonRow) hold(today calendar.Day) Hold {
	h := Hold{ //nolint:exhaustruct // the list's
		Member: r.Member, Reason: HoldOtherPension, From: today.Month(), Text: r.Source + ": " + r.Document,
	}
	if r.List == lifeevent.Court {
		h.Reason = HoldCourt
	}
	if !r.HappenedOn.IsZero() {
		h.From = r.HappenedOn.Month()
	}
	return h
}
