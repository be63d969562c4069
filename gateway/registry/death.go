package registry

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/party"
)

// DeathNotice is a member's death as a list or a person reported it. One that is
// not withdrawn ends benefits from the month after.
type DeathNotice struct {
	ID, Member int64
	DiedOn     calendar.Day
	// Source is who reported it, such as civil affairs.
	Source, Document string
	EnteredBy        string
	EnteredAt        time.Time
	// Withdrawn names the document by which a wrong notice was taken back, or is empty.
	Withdrawn string
	// SocialNo and Name tell the officer who it is.
	SocialNo string
	Name     party.Name
}

// ErrNotice is returned for a notice that the officer's area does not have.
var ErrNotice = fault.New(fault.NotFound, "death_notice_not_found", "no such death notice")

// ErrGrantUnderWay is returned for a notice that a grant to an heir rests on while a pay run has
// it that the bank did not answer.
var ErrGrantUnderWay = fault.New(fault.Conflict, "grant_under_way",
	"a pay run has what was granted to an heir by this death")

// errWithdrawn refuses a line that repeats what was found to be wrong: the list
// that brings it again must be answered, and not passed over.
var errWithdrawn = fault.New(fault.Conflict, "notice_withdrawn",
	"this notice was taken back as wrong; a new report of the death names another source")

// deathRow is a line of a file of deaths.
type deathRow struct {
	memberRef
	DeathNotice
}

const maxSource = 60

func parseDeath(f *fields, e *env) deathRow {
	r := deathRow{memberRef: f.memberRef(), DeathNotice: DeathNotice{}}
	r.DiedOn, r.Source, r.Document = f.past("died_on", e.today), f.document("source"), f.document("document")
	if utf8.RuneCountInString(r.Source) > maxSource {
		f.refuse("source", "must be at most 60 characters")
	}
	return r
}

type deathKey struct {
	member int64
	day    calendar.Day
	source string
}

func (n DeathNotice) key() deathKey { return deathKey{n.Member, n.DiedOn, n.Source} }

func openDeaths(ctx context.Context, tx Tx, e *env, rows []deathRow) (desk[deathRow], error) {
	var none desk[deathRow]
	members, err := indexMembers(ctx, tx, e.area, rows, func(r deathRow) memberRef { return r.memberRef })
	if err != nil {
		return none, err
	}
	stored, err := tx.DeathNotices(ctx, NoticeFilter{Area: e.area, Members: members.ids, ID: 0, After: 0, Limit: 0})
	if err != nil {
		return none, err
	}
	known := make(map[deathKey]DeathNotice, len(stored))
	for _, old := range stored {
		known[old.key()] = old
	}
	judge := func(r *deathRow) (Answer, *fault.Error) {
		m, why := members.find(r.memberRef)
		if why != nil {
			return Refused, why
		}
		r.Member = m.ID
		if old, ok := known[r.key()]; ok {
			if old.Withdrawn != "" {
				return Refused, errWithdrawn.On("source")
			}
			return seen(firstDifference(difference{"document", old.Document != r.Document}))
		}
		if born, err := calendar.ParseCompact(m.IDNumber.Birth()); err != nil || r.DiedOn.Before(born) {
			return Refused, ErrField.With("the member was born after this day").On("died_on")
		}
		known[r.key()] = r.DeathNotice
		return Imported, nil
	}
	store := func(ctx context.Context, rows []deathRow) error {
		list := inner(rows, func(r deathRow) DeathNotice { return r.DeathNotice })
		return tx.InsertDeathNotices(ctx, e.area, e.by, list)
	}
	return desk[deathRow]{judge, store}, nil
}

// NoticeFilter narrows a list of death notices.
type NoticeFilter struct {
	Area party.Area
	// Members are those asked for, nil everybody; ID is one notice, or 0.
	Members []int64
	ID      int64
	// After is the id that the page before ended with, or 0; Limit of 0 is no limit.
	After int64
	Limit int
}

// DeathNotices returns a page of the notices of the officer's area by rising id,
// those taken back among them; a member of 0 is everybody.
func (s *Service) DeathNotices(
	ctx context.Context, by approval.Officer, member, after int64, limit int,
) ([]DeathNotice, error) {
	if err := mayLook(by); err != nil {
		return nil, err
	}
	var list []DeathNotice
	err := s.c.Store.Read(ctx, func(tx Tx) error {
		f := NoticeFilter{Area: by.Area, Members: someone(member), ID: 0, After: after, Limit: pageOf(limit)}
		var err error
		list, err = tx.DeathNotices(ctx, f)
		return err
	})
	return list, err
}

// TakingBack says that a notice was wrong.
type TakingBack struct {
	Notice int64
	// Document is what says so.
	Document string
	// By is the login of who asked for it, and Decision the request that another
	// person approved.
	By       string
	Decision int64
	// On is the business day of it.
	On calendar.Day
}

// StandingNotice returns a notice that can be taken back: ErrNotice where the area
// has none of that id, approval.ErrDecided where it was taken back before.
func StandingNotice(ctx context.Context, tx PayeeTx, area party.Area, id int64) (DeathNotice, error) {
	list, err := tx.DeathNotices(ctx, NoticeFilter{Area: area, Members: nil, ID: id, After: 0, Limit: 1})
	if err == nil && len(list) == 0 {
		err = ErrNotice
	}
	if err != nil {
		return DeathNotice{}, err
	}
	if list[0].Withdrawn != "" {
		return DeathNotice{}, approval.ErrDecided.With("this notice was taken back before")
	}
	return list[0], nil
}

// TakeBack takes back a notice that was wrong. It belongs into the transaction in
// which a second person approves it; benefits are paid again by a pay run, which
// three people answer for. With the last notice ends what was granted to heirs.
func TakeBack(ctx context.Context, tx PayeeTx, area party.Area, t TakingBack) error {
	if _, err := StandingNotice(ctx, tx, area, t.Notice); err != nil {
		return err
	}
	return tx.WithdrawNotice(ctx, area, t)
}

// About tells officers in one line who was reported dead, and by whom.
func (n DeathNotice) About() string {
	return fmt.Sprintf("death of member %d on %s, reported by %s: %s", n.Member, n.DiedOn, n.Source, n.Document)
}

var errDocument = ErrField.With("the document is 1 to 200 printable characters without outer blanks").On("document")

// isDocument says that s names a document: 1 to 200 printable characters.
func isDocument(s string) bool { return s != "" && isReason(s) }

// isReason says that s is at most 200 printable characters.
func isReason(s string) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxDocument && strings.TrimSpace(s) == s &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError })
}

const maxDocument = 200
