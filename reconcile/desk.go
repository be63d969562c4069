package reconcile

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/policy"
	"twoline/reconcile/match"
)

// The classes that the lines alone do not tell: what the bank answered about their
// items does.
const (
	// BankDidOursFailed is money that the bank shows for an item that it answered as failed.
	BankDidOursFailed match.Class = 3
	// BankUndidOurs is an item that succeeded, and that the bank took back or denied.
	BankUndidOurs match.Class = 5
)

// The refusals of the work on breaks.
var (
	ErrNoBreak     = fault.New(fault.NotFound, "break_not_found", "there is no such break")
	ErrBreakClosed = fault.New(fault.Conflict, "break_closed", "the break is closed, or its lines stand in another one")
	ErrWork        = fault.New(fault.Invalid, "break_work_invalid", "this cannot be entered about a break")
	ErrOwner       = fault.New(fault.Unprocessable, "break_owner",
		"a break is owned by an officer of agency finance or of the finance bureau of its area").On("owner")
	ErrMediaType = fault.New(fault.Unprocessable, "attachment_type",
		"the bytes are not a PDF, PNG, JPEG, workbook (xlsx), plain text or CSV as was said").On("media_type")
	ErrAttachmentSize = fault.New(fault.Unprocessable, "attachment_size",
		"a paper has 1 byte to 4 MiB: divide it, or scan it smaller")
	ErrNoAttachment = fault.New(fault.NotFound, "attachment_not_found", "the break has no such paper")
)

// MaxPostponed is how many days ahead a break may be postponed to.
const MaxPostponed = 60

// MaxAttachment bounds the bytes of one paper, AttachmentPart those that are stored
// as one.
const (
	MaxAttachment  = 4 << 20
	AttachmentPart = 1 << 20
)

// Work is a break that was just met, with what is known of it besides its lines.
type Work struct {
	Break

	// Told is the class by what the database knows, Evidence what tells it.
	Told     match.Class
	Evidence string
	// Predecessors are the breaks that named its lines before, InheritedDue the
	// earliest day on which one of them had to end, Owner who had the last of them.
	Predecessors []int64
	InheritedDue calendar.Day
	Owner        string
	// Lettered says that a letter to the bank names its lines already.
	Lettered bool
}

// Desk is the work on a break as it begins.
type Desk struct {
	Work

	DueOn calendar.Day
}

// Handled is a break with the work on it as it stands.
type Handled struct {
	Break

	Bank     string
	Role     ledger.Role
	Told     match.Class
	Evidence string
	// Owner is a login, or "".
	Owner string
	DueOn calendar.Day
	// AsOf is the day that age is counted to; Days and MoneyDays are its age and that
	// times its amount, in yuan.
	AsOf      calendar.Day
	Days      int
	MoneyDays decimal.Decimal
	Digest    Digest
}

// Overdue says that the break should have ended before the day that it is looked at.
func (h Handled) Overdue() bool {
	return h.ClosedOn.IsZero() && !h.DueOn.IsZero() && h.DueOn.Before(h.AsOf)
}

// Note is what an officer wrote about a break, or one that it continues.
type Note struct {
	ID, Break int64
	Text      string
	By        string
	At        time.Time
}

// Attachment is a paper about a break.
type Attachment struct {
	ID, Break int64
	Name      string
	MediaType string
	Size      int
	Digest    [sha256.Size]byte
	By        string
	At        time.Time
}

// DueChange is another day until which a break must end.
type DueChange struct {
	DueOn  calendar.Day
	Reason string
	By     string
	At     time.Time
}

// Ownership is who took a break, or was given it.
type Ownership struct {
	Owner, By string
	At        time.Time
}

// Dossier is everything that is known of a break.
type Dossier struct {
	Handled

	Continues   []int64
	Owners      []Ownership
	Dues        []DueChange
	Notes       []Note
	Attachments []Attachment
	Letters     []Letter
	Resolutions []Resolution
	Proposals   []Suggestion
}

// DeskFilter selects breaks by the work on them.
type DeskFilter struct {
	Area party.Area
	// ID, FundAccount, Reason and Owner narrow the list; zero is all. Class does where
	// HasClass is set.
	ID, FundAccount int64
	Reason          match.Reason
	Owner           string
	HasClass        bool
	Class           match.Class
	MinAmount       money.Amount
	Overdue, Closed bool
	// AsOf is the day that ages are counted to.
	AsOf calendar.Day
	// ByID orders by rising id, else by falling money times days, then rising id.
	ByID bool
	// After is the last break of the page before; its MoneyDays count only without ByID.
	After Place
	Limit int
}

// Place is where a page of breaks ended.
type Place struct {
	MoneyDays decimal.Decimal
	ID        int64
}

// WorkTx begins and ends the work on breaks.
type WorkTx interface {
	// BreakRules returns what the area decided about breaks.
	BreakRules(ctx context.Context, area party.Area, day calendar.Day) (policy.BreakRules, error)
	// AtRest says that an account has no open break, and that no case about a break and
	// no proposal to end one is open: there is nothing to begin, to end or to remind of.
	AtRest(ctx context.Context, a Account) (bool, error)
	// NewWork returns the open breaks of an account that nobody has met yet, by rising id.
	NewWork(ctx context.Context, a Account) ([]Work, error)
	// OpenDesks begins the work on them, with what goes on from their predecessors.
	OpenDesks(ctx context.Context, a Account, desks []Desk) error
	// RaiseIncidents opens a case for each open break from the amounts on that is not
	// merely timing, or that timing no longer explains on the day.
	RaiseIncidents(ctx context.Context, a Account, ordinary, major money.Amount, today calendar.Day) error
	// RaiseOverdue opens a case for each open break that should have ended before the day.
	RaiseOverdue(ctx context.Context, a Account, today calendar.Day) error
	// EndWork closes the cases of breaks that are closed, and makes void what was asked
	// about them and not decided.
	EndWork(ctx context.Context, a Account) error
}

// DossierTx reads and writes what people enter about a break.
type DossierTx interface {
	// HandledBreaks lists breaks with the work on them.
	HandledBreaks(ctx context.Context, f DeskFilter) ([]Handled, error)
	// LoadDossier fills in what was entered about a break and those that it continues.
	LoadDossier(ctx context.Context, area party.Area, d *Dossier) error
	// Standing returns an officer with the duties that hold in the database now.
	Standing(ctx context.Context, login string) (approval.Officer, error)
	AddBreakOwner(ctx context.Context, area party.Area, id int64, owner approval.Officer, by string) error
	AddBreakDue(ctx context.Context, area party.Area, id int64, due DueChange, today calendar.Day) error
	AddBreakNote(ctx context.Context, area party.Area, id int64, text, by string) (Note, error)
	// AddAttachment keeps a paper in parts.
	AddAttachment(ctx context.Context, area party.Area, a Attachment, bytes []byte) (Attachment, error)
	// FindAttachment returns a paper of the break or of one that it continues, or
	// ErrNoAttachment.
	FindAttachment(ctx context.Context, area party.Area, breakID, id int64) (Attachment, error)
	// AttachmentPart returns the bytes of one part, or nil after the last.
	AttachmentPart(ctx context.Context, area party.Area, id int64, part int) ([]byte, error)
}

// DeskTx is what the work on breaks needs of a transaction.
type DeskTx interface {
	WorkTx
	DossierTx
	ResolutionTx
	DoorTx
	LetterTx
	AgeingTx
}

// jobActor is who does what no person asked for.
const jobActor = "job"

// tend begins the work on the account's new breaks and ends that on closed ones. It
// does nothing the second time.
func (s *Service) tend(ctx context.Context, tx Tx, a Account, today calendar.Day) error {
	rules, err := tx.BreakRules(ctx, a.Area, today)
	if err != nil {
		return err
	}
	if err := tx.EndWork(ctx, a); err != nil {
		return err
	}
	work, err := tx.NewWork(ctx, a)
	if err != nil {
		return err
	}
	desks := make([]Desk, len(work))
	for i, w := range work {
		due := w.InheritedDue
		if due.IsZero() {
			due = s.workingDay(w.OpenedOn, rules.DueDays(int(w.Told), w.Amount))
		}
		desks[i] = Desk{Work: w, DueOn: due}
	}
	if err := tx.OpenDesks(ctx, a, desks); err != nil {
		return err
	}
	for _, d := range desks {
		if d.Reason != match.DuplicateBankLine || d.Direction != bank.Debit || d.Lettered {
			continue
		}
		draft := Letter{ //nolint:exhaustruct // the table fills the rest
			Area: a.Area, Break: d.ID, Wish: AskRefund, Direction: d.Direction, Amount: d.Amount, DrawnBy: jobActor,
			DrawnOn: today, AnswerBy: s.answerDay(today, rules.ClaimDays),
		}
		if _, err := tx.DrawLetter(ctx, a, draft); err != nil {
			return err
		}
	}
	return tx.RaiseIncidents(ctx, a, rules.Ordinary, rules.Major, today)
}

// remind raises what is late on a day: what the bank has not shown since the limit,
// breaks that had to end, and timing that explains nothing any more.
func (s *Service) remind(ctx context.Context, a Account, today, limit calendar.Day) error {
	return s.store.InTx(ctx, func(tx Tx) error {
		if err := tx.LockReconciliation(ctx, a); err != nil {
			return err
		}
		if rest, err := tx.AtRest(ctx, a); rest || err != nil {
			return err
		}
		if err := tx.AlarmUncleared(ctx, a, limit); err != nil {
			return err
		}
		if err := s.tend(ctx, tx, a, today); err != nil {
			return err
		}
		return tx.RaiseOverdue(ctx, a, today)
	})
}

// workingDay counts working days on. Where the year's notice is not known yet, every
// Monday to Friday counts: a date that is a holiday too early is better than none.
func (s *Service) workingDay(from calendar.Day, n int) calendar.Day {
	if day, err := s.days.Add(from, n); err == nil {
		return day
	}
	for n > 0 {
		from = from.AddDays(1)
		if w := from.Weekday(); w != time.Saturday && w != time.Sunday {
			n--
		}
	}
	return from
}

// Desk lists breaks of the officer's area with the work on them.
func (s *Service) Desk(ctx context.Context, by approval.Officer, f DeskFilter) ([]Handled, error) {
	f.Area = by.Area
	if f.AsOf.IsZero() {
		f.AsOf = s.today()
	}
	if err := mayRead(by, f.Area); err != nil {
		return nil, err
	}
	var out []Handled
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		out, err = tx.HandledBreaks(ctx, f)
		return err
	})
	return out, err
}

// Dossier returns everything that is known of a break, or ErrNoBreak.
func (s *Service) Dossier(ctx context.Context, by approval.Officer, id int64) (Dossier, error) {
	var d Dossier
	if err := mayRead(by, by.Area); err != nil {
		return d, err
	}
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		d, err = s.dossier(ctx, tx, by.Area, id)
		return err
	})
	return d, err
}

func (s *Service) dossier(ctx context.Context, tx Tx, area party.Area, id int64) (Dossier, error) {
	h, err := oneBreak(ctx, tx, area, id, s.today())
	d := Dossier{Handled: h} //nolint:exhaustruct // filled below
	if err != nil {
		return d, err
	}
	if err := tx.LoadDossier(ctx, area, &d); err != nil {
		return d, err
	}
	d.Proposals, err = s.suggestions(ctx, tx, area, &d)
	return d, err
}

func oneBreak(ctx context.Context, tx Tx, area party.Area, id int64, today calendar.Day) (Handled, error) {
	list, err := tx.HandledBreaks(ctx, DeskFilter{ //nolint:exhaustruct // one
		Area: area, ID: id, AsOf: today, ByID: true, Limit: 1,
	})
	if err == nil && len(list) == 0 {
		list, err = tx.HandledBreaks(ctx, DeskFilter{ //nolint:exhaustruct // one
			Area: area, ID: id, AsOf: today, ByID: true, Closed: true, Limit: 1,
		})
	}
	if err != nil {
		return Handled{}, err //nolint:exhaustruct // none
	}
	if len(list) == 0 {
		return Handled{}, ErrNoBreak //nolint:exhaustruct // none
	}
	return list[0], nil
}

// heldBreak returns an open break with its account held, so that no run closes it
// meanwhile.
func heldBreak(ctx context.Context, tx Tx, area party.Area, id int64, today calendar.Day) (Handled, error) {
	h, err := oneBreak(ctx, tx, area, id, today)
	if err != nil {
		return h, err
	}
	if err := tx.LockReconciliation(ctx, Account{Area: area, ID: h.FundAccount}); err != nil {
		return h, err
	}
	if h, err = oneBreak(ctx, tx, area, id, today); err != nil {
		return h, err
	}
	if !h.ClosedOn.IsZero() {
		return h, ErrBreakClosed.With("the break was closed on %s (%s)", h.ClosedOn, h.How)
	}
	return h, nil
}

// deskOffices keep the work on breaks.
func deskOffices() []approval.Organisation {
	return []approval.Organisation{approval.AgencyFinance, approval.FinanceBureau}
}

// entering runs fn on an open break for an officer of finance with one of the duties.
func (s *Service) entering(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, id int64, duties []approval.Duty,
	fn func(tx Tx, officer approval.Officer, h Handled) (any, error),
) (once.Answer, error) {
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		officer, err := tx.Standing(ctx, by.Login)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(duties, func(d approval.Duty) bool { return officer.Has(d, deskOffices()...) }) {
			return nil, approval.ErrDuty.With("breaks are worked on by agency finance and the finance bureau")
		}
		h, err := heldBreak(ctx, tx, officer.Area, id, s.today())
		if err != nil {
			return nil, err
		}
		return fn(tx, officer, h)
	})
}

// Own gives a break to an officer: a checker to anybody of finance, a maker to
// himself. owner "" is the caller. The answer's result is a Dossier.
func (s *Service) Own(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, id int64, owner string,
) (once.Answer, error) {
	duties := []approval.Duty{approval.Maker, approval.Checker}
	return s.entering(ctx, r, render, by, id, duties, func(tx Tx, officer approval.Officer, h Handled) (any, error) {
		who := officer
		if owner != "" && owner != officer.Login {
			if !officer.Has(approval.Checker, deskOffices()...) {
				return nil, approval.ErrDuty.With("a checker gives a break to another officer; a maker takes it")
			}
			var err error
			if who, err = tx.Standing(ctx, owner); err != nil {
				return nil, ErrOwner.Because(err)
			}
		}
		works := slices.ContainsFunc([]approval.Duty{approval.Maker, approval.Checker, approval.Releaser},
			func(d approval.Duty) bool { return who.Has(d, deskOffices()...) })
		if who.Area != officer.Area || !works {
			return nil, ErrOwner
		}
		if err := tx.AddBreakOwner(ctx, officer.Area, h.ID, who, officerName(officer)); err != nil {
			return nil, err
		}
		return s.dossier(ctx, tx, officer.Area, h.ID)
	})
}

// Postpone sets another day until which a break must end. A checker may. The answer's
// result is a Dossier.
func (s *Service) Postpone(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, id int64, due DueChange,
) (once.Answer, error) {
	duties := []approval.Duty{approval.Checker}
	return s.entering(ctx, r, render, by, id, duties, func(tx Tx, officer approval.Officer, h Handled) (any, error) {
		most := s.today().AddDays(MaxPostponed)
		switch {
		case due.DueOn.Before(s.today()):
			return nil, ErrWork.With("the day lies today or later").On("due_on")
		case due.DueOn.After(most):
			return nil, ErrWork.With("a break is given %d days at a time: until %s", MaxPostponed, most).On("due_on")
		case due.Reason == "" || !approval.IsLine(due.Reason, maxLine):
			return nil, ErrWork.With("the reason is one line of 1 to %d characters", maxLine).On("reason")
		}
		due.By = officerName(officer)
		if err := tx.AddBreakDue(ctx, officer.Area, h.ID, due, s.today()); err != nil {
			return nil, err
		}
		return s.dossier(ctx, tx, officer.Area, h.ID)
	})
}

// AddNote keeps what an officer found out. The answer's result is a Note.
func (s *Service) AddNote(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, id int64, text string,
) (once.Answer, error) {
	duties := []approval.Duty{approval.Maker, approval.Checker, approval.Releaser}
	return s.entering(ctx, r, render, by, id, duties, func(tx Tx, officer approval.Officer, h Handled) (any, error) {
		if text == "" || !approval.IsNote(text, maxNote) {
			return nil, ErrWork.With("a note has 1 to %d characters that can be printed", maxNote).On("text")
		}
		return tx.AddBreakNote(ctx, officer.Area, h.ID, text, officerName(officer))
	})
}

// Attach keeps a paper about a break. The answer's result is an Attachment.
func (s *Service) Attach(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, a Attachment, bytes []byte,
) (once.Answer, error) {
	duties := []approval.Duty{approval.Maker, approval.Checker, approval.Releaser}
	id := a.Break
	return s.entering(ctx, r, render, by, id, duties, func(tx Tx, officer approval.Officer, h Handled) (any, error) {
		switch {
		case len(bytes) == 0 || len(bytes) > MaxAttachment:
			return nil, ErrAttachmentSize
		case !isFileName(a.Name):
			return nil, ErrWork.With("a name is one line of 1 to %d characters, and no path", maxName).On("name")
		case !isOfType(a.MediaType, bytes):
			return nil, ErrMediaType
		}
		a.Break, a.Size, a.Digest, a.By = h.ID, len(bytes), sha256.Sum256(bytes), officerName(officer)
		return tx.AddAttachment(ctx, officer.Area, a, bytes)
	})
}

// Attachment returns a paper of a break with its bytes, which are those that were
// attached.
func (s *Service) Attachment(
	ctx context.Context, by approval.Officer, breakID, id int64,
) (Attachment, []byte, error) {
	var a Attachment
	var bytes []byte
	if err := mayRead(by, by.Area); err != nil {
		return a, nil, err
	}
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		if _, err = oneBreak(ctx, tx, by.Area, breakID, s.today()); err != nil {
			return err
		}
		if a, err = tx.FindAttachment(ctx, by.Area, breakID, id); err != nil {
			return err
		}
		bytes = make([]byte, 0, a.Size)
		for part := 0; ; part++ {
			b, err := tx.AttachmentPart(ctx, by.Area, a.ID, part)
			if err != nil {
				return err
			}
			if b == nil {
				break
			}
			bytes = append(bytes, b...)
		}
		if sha256.Sum256(bytes) != a.Digest {
			return fmt.Errorf("attachment %d has other bytes than were attached", a.ID)
		}
		return nil
	})
	return a, bytes, err
}

const (
	maxLine = 200
	maxName = 120
	maxNote = 2000
)

func officerName(o approval.Officer) string { return "officer:" + o.Login }
