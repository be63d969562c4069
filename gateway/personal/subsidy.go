package personal

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// The refusals of subsidies.
var (
	ErrSubsidy     = fault.New(fault.Invalid, "subsidy_run_invalid", "no list of subsidies can be made so")
	ErrNoSubsidy   = fault.New(fault.NotFound, "subsidy_run_not_found", "there is no such list of subsidies")
	ErrSubsidyOpen = fault.New(fault.Conflict, "subsidy_run_open",
		"money arrived for a list of the year that is not credited yet, or it waits for its decision")
	ErrNobodyPaid = fault.New(fault.Conflict, "subsidy_nobody",
		"nobody paid for the year in the year beyond those of earlier lists")
	ErrSubsidyShort = fault.New(fault.Conflict, "subsidy_not_arrived", "the list's money did not arrive in full")
	// ErrSubsidyStale is a list of contributions or rules that are not those of today.
	ErrSubsidyStale = fault.New(fault.Conflict, "subsidy_run_stale",
		"a contribution that the list rests on was given back, or a rule of it changed, after it was made: reject it, "+
			"have its money taken back, and make it again")
	ErrSubsidyOver = fault.New(fault.Conflict, "subsidy_run_replaced",
		"the list is credited, or a later one took its place")
	ErrSubsidyMoney = fault.New(fault.Unprocessable, "subsidy_transfer",
		"the transfer is no booked subsidy to contributions of the list's scheme")
	// ErrSubsidyNamed is a transfer that has not so much money left, ErrSubsidyPaid a level
	// that does not owe so much.
	ErrSubsidyNamed = fault.New(fault.Conflict, "subsidy_transfer_named",
		"the transfer has not so much money left to be named")
	ErrSubsidyPaid = fault.New(fault.Conflict, "subsidy_level_paid", "the level does not owe so much to the list")
	// ErrNoArrival is money of a list that is not there, ErrArrivalGone what was taken back.
	ErrNoArrival   = fault.New(fault.NotFound, "subsidy_arrival_not_found", "the list has no such arrival")
	ErrArrivalGone = fault.New(fault.Conflict, "subsidy_arrival_withdrawn", "the arrival was taken back already")
)

// SubsidyOrder is what a maker asks for.
type SubsidyOrder struct {
	Scheme ledger.Scheme
	Year   int
	// DueOn is by when the money has to be there, Document what says so.
	DueOn    calendar.Day
	Document string
}

// SubsidyRun is the subsidies to the contributions of a year.
type SubsidyRun struct {
	Area   party.Area
	ID     int64
	Scheme ledger.Scheme
	Year   int
	// Round counts the lists of the year that were credited before.
	Round int
	// Upto is the last day of payment that is counted; the rules are those of it.
	Upto, DueOn            calendar.Day
	Document, RuleDocument string
	Lines                  int
	Amount                 money.Amount
	// Back is what it takes back, Backs from whom by rising member and year.
	Back  money.Amount
	Backs []SubsidyBack
	// Levels are the shares of the levels of government that pay, from the top.
	Levels []SubsidyLevel
	// Digest is the SHA-256 over the lines by rising member, and over what is taken back.
	Digest [sha256.Size]byte
	MadeBy string
	MadeAt time.Time
	Day    calendar.Day
	// Decision is 0 until it is asked for.
	Decision int64
	State    casework.State
	Progress Progress
	// EffectiveOn is the day of the last arrival, once it is approved.
	EffectiveOn calendar.Day
}

// SubsidyLevel is what a level of government owes to a list, and what arrived of it.
type SubsidyLevel struct {
	Level policy.Level
	// Amount is what it owes, Back what it owes less because the list takes that back.
	Amount   money.Amount
	Back     money.Amount
	Arrivals []SubsidyArrival
}

// Arrived is what arrived.
func (l SubsidyLevel) Arrived() money.Amount {
	var sum money.Amount
	for _, a := range l.Arrivals {
		sum += a.Amount
	}
	return sum
}

// SubsidyArrival is money of a level, with the transfer that booked it. It is all of the
// transfer or a part.
type SubsidyArrival struct {
	ID, Transfer int64
	Amount       money.Amount
	ArrivedOn    calendar.Day
	// NamedBy said of which level it is; Person, who that is, does not take it back.
	NamedBy string
	Person  int64
	// Late is what it owes for the months after that in which it was due.
	Late policy.Late
}

// SubsidyLine is a member's subsidy.
type SubsidyLine struct {
	ID, Member int64
	// Paid is what the member paid for the year in the year, Entitled what its tier earns,
	// Before what earlier lists gave.
	Paid, Entitled, Before, Amount money.Amount
}

// NewSubsidyDigest begins the digest of a list.
func NewSubsidyDigest() LineDigest {
	h := sha256.New()
	h.Write([]byte("twoline subsidy list 1\n"))
	return LineDigest{h}
}

// AddSubsidy adds a line.
func (d LineDigest) AddSubsidy(l SubsidyLine) {
	d.write(l.Member, l.Paid.Fen(), l.Entitled.Fen(), l.Before.Fen(), l.Amount.Fen())
}

func (o SubsidyOrder) check(today calendar.Day) error {
	switch {
	case !o.Scheme.Valid():
		return ErrSubsidy.With("the scheme is resident, rural, urban or land_lost").On("scheme")
	case o.Year < 2009 || o.Year > today.Year():
		return ErrSubsidy.With("the year is 2009 to this one").On("year")
	case o.DueOn.Year() < o.Year || o.DueOn.Year() > o.Year+2:
		return ErrSubsidy.With("the money is due in the year or in the two after it").On("due_on")
	case !approval.IsLine(o.Document, maxText) || o.Document == "":
		return ErrSubsidy.With("the document is one line of 1 to 200 characters").On("document")
	}
	return nil
}

// MakeSubsidies lists what government owes to those who paid for a year in the year,
// by the rule of its last day, or of today where it is not over: a year that is made up
// later earns none. Until money arrived for it, a list gives way to a newer one. A maker
// of the business office makes it. The answer's result is a SubsidyRun.
func (s *Service) MakeSubsidies(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, o SubsidyOrder,
) (once.Answer, error) {
	none := once.Answer{} //nolint:exhaustruct // none
	if !by.Has(approval.Maker, approval.AgencyBusiness) || by.Area == 0 || by.Region != 0 {
		return none, approval.ErrDuty
	}
	if err := o.check(s.today()); err != nil {
		return none, err
	}
	last, err := calendar.Date(o.Year, 12, 31)
	if err != nil {
		return none, fmt.Errorf("year %d: %w", o.Year, err)
	}
	upto := last
	if s.today().Before(last) {
		upto = s.today()
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		if err := tx.HoldAccounts(ctx, by.Area, o.Scheme); err != nil {
			return nil, err
		}
		all := RunFilter{Area: by.Area, Scheme: o.Scheme, Year: o.Year} //nolint:exhaustruct // all of the year
		known, err := tx.SubsidyRuns(ctx, all)
		if err != nil {
			return nil, err
		}
		round := 0
		for _, k := range known {
			if k.State == casework.Submitted || k.State == casework.Approved && !k.Progress.Done ||
				k.State != casework.Approved && k.hasMoney() {
				return nil, ErrSubsidyOpen.About(fmt.Sprint(k.ID))
			}
			if k.State == casework.Approved {
				round++
			}
		}
		ids, err := tx.NewIDs(ctx, 1)
		if err != nil {
			return nil, err
		}
		run := SubsidyRun{ //nolint:exhaustruct // listed below
			Area: by.Area, ID: ids[0], Scheme: o.Scheme, Year: o.Year, Round: round, Upto: upto, DueOn: o.DueOn,
			Document: o.Document, MadeBy: by.Login, Day: s.today(),
		}
		if err := list(ctx, tx, &run); err != nil {
			return nil, err
		}
		return run, tx.AddSubsidyRun(ctx, run)
	})
}

func (r SubsidyRun) hasMoney() bool {
	return slices.ContainsFunc(r.Levels, func(l SubsidyLevel) bool { return len(l.Arrivals) > 0 })
}

// list stores a line for each who is owed something.
func list(ctx context.Context, tx Tx, run *SubsidyRun) error {
	rules, err := tx.Rules(ctx, run.Area)
	if err != nil {
		return err
	}
	row, err := rules.Row(policy.ContributionSubsidies, run.Upto)
	if err != nil {
		return err
	}
	payers, err := rules.Row(policy.ContributionSubsidyPayers, run.Upto)
	if err != nil {
		return err
	}
	run.RuleDocument = row.Document
	digest := NewSubsidyDigest()
	lines := make([]SubsidyLine, 0, chunk)
	store := func() error {
		err := tx.AddSubsidyLines(ctx, run.Area, run.ID, lines)
		lines = lines[:0]
		return err
	}
	err = tx.EachPayer(ctx, *run, func(l SubsidyLine) error {
		l.Entitled = row.Value.Subsidy(l.Paid)
		if l.Amount = l.Entitled - l.Before; l.Amount <= 0 {
			return nil
		}
		run.Lines++
		run.Amount += l.Amount
		digest.AddSubsidy(l)
		if lines = append(lines, l); len(lines) == chunk {
			return store()
		}
		return nil
	})
	if err != nil {
		return err
	}
	if run.Lines == 0 {
		return ErrNobodyPaid
	}
	run.Levels = split(run.Amount, payers.Value.Shares())
	if err := takeBack(ctx, tx, rules, run); err != nil {
		return err
	}
	for _, b := range run.Backs {
		digest.AddBack(b)
	}
	run.Digest = digest.Sum()
	return store()
}

// split parts an amount by shares.
func split(amount money.Amount, shares []policy.Share) []SubsidyLevel {
	parts := policy.Divide(amount, shares)
	levels := make([]SubsidyLevel, len(shares))
	for i, s := range shares {
		levels[i] = SubsidyLevel{Level: s.Level, Amount: parts[i], Back: 0, Arrivals: nil}
	}
	return levels
}

// SubsidyPart says of which level the money of a transfer is.
type SubsidyPart struct {
	Transfer int64
	Level    policy.Level
	// Amount is 0 for what is left of the transfer, at most what the level still owes.
	Amount money.Amount
}

// NameSubsidy says that money of a booked transfer is a level's for a list: all of it or a
// part, and no more than the level owes. A maker of the business office says it. The answer's
// result is a SubsidyRun.
func (s *Service) NameSubsidy(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, run int64, part SubsidyPart,
) (once.Answer, error) {
	return s.onSubsidy(ctx, r, render, by, run, func(tx Tx, known SubsidyRun) error {
		at := slices.IndexFunc(known.Levels, func(l SubsidyLevel) bool { return l.Level == part.Level })
		if at < 0 {
			return ErrSubsidy.With("the level owes nothing to the list").On("level")
		}
		if part.Amount < 0 {
			return ErrSubsidy.With("an amount above zero is needed").On("amount")
		}
		left, err := tx.SubsidyLeft(ctx, known, part.Transfer)
		if err != nil {
			return err
		}
		level := known.Levels[at]
		owed := level.Amount - level.Arrived()
		switch {
		case left == 0 || part.Amount > left:
			return ErrSubsidyNamed.With("%s of the transfer is left to be named", left).On("transfer_id")
		case owed <= 0 || part.Amount > owed:
			return ErrSubsidyPaid.With("%s owes %s to the list, and %s of it arrived", part.Level, level.Amount,
				level.Arrived()).On("level")
		case part.Amount == 0:
			part.Amount = min(left, owed)
		}
		return tx.AddSubsidyArrival(ctx, known, part, by.Login)
	})
}

// WithdrawSubsidy takes money back that was named for the wrong level or list, while the list
// is not credited and waits for no decision. Another maker of the business office than who
// named it does. The answer's result is a SubsidyRun.
func (s *Service) WithdrawSubsidy(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, run, arrival int64, document string,
) (once.Answer, error) {
	return s.onSubsidy(ctx, r, render, by, run, func(tx Tx, known SubsidyRun) error {
		if !approval.IsLine(document, maxText) || document == "" {
			return ErrSubsidy.With("the document is one line of 1 to %d characters", maxText).On("document")
		}
		for _, l := range known.Levels {
			for _, a := range l.Arrivals {
				switch {
				case a.ID != arrival:
				case a.Person == by.Person:
					return approval.ErrSamePerson.With("another person than who named it takes it back")
				default:
					return tx.WithdrawSubsidyArrival(ctx, by, s.today(), a, document)
				}
			}
		}
		// It was taken back, or never was of the list.
		return tx.NoSubsidyArrival(ctx, known, arrival)
	})
}

// CreditSubsidies asks that a list be credited whose money arrived in full. The answer's
// result is a SubsidyRun.
func (s *Service) CreditSubsidies(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, run int64,
) (once.Answer, error) {
	return s.onSubsidy(ctx, r, render, by, run, func(tx Tx, known SubsidyRun) error {
		if err := known.Full(); err != nil {
			return err
		}
		return tx.AskSubsidies(ctx, by, s.today(), known)
	})
}

// onSubsidy lets a maker do something with a list that is neither credited nor replaced.
func (s *Service) onSubsidy(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, id int64,
	do func(Tx, SubsidyRun) error,
) (once.Answer, error) {
	if !by.Has(approval.Maker, approval.AgencyBusiness) || by.Area == 0 || by.Region != 0 {
		return once.Answer{}, approval.ErrDuty //nolint:exhaustruct // none
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		known, err := oneSubsidy(ctx, tx, by.Area, id)
		if err != nil {
			return nil, err
		}
		if err := tx.HoldAccounts(ctx, by.Area, known.Scheme); err != nil {
			return nil, err
		}
		//nolint:exhaustruct // all of the year
		all, err := tx.SubsidyRuns(ctx, RunFilter{Area: by.Area, Scheme: known.Scheme, Year: known.Year})
		if err != nil {
			return nil, err
		}
		if all[len(all)-1].ID != id || all[len(all)-1].State == casework.Submitted ||
			all[len(all)-1].State == casework.Approved {
			return nil, ErrSubsidyOver
		}
		if err := do(tx, all[len(all)-1]); err != nil {
			return nil, err
		}
		return oneSubsidy(ctx, tx, by.Area, id)
	})
}

func oneSubsidy(ctx context.Context, tx Tx, area party.Area, id int64) (SubsidyRun, error) {
	list, err := tx.SubsidyRuns(ctx, RunFilter{Area: area, ID: id}) //nolint:exhaustruct // one
	if err == nil && len(list) == 0 {
		err = ErrNoSubsidy
	}
	if err != nil {
		return SubsidyRun{}, err //nolint:exhaustruct // none
	}
	return list[0], withLate(ctx, tx, area, list)
}

func withLate(ctx context.Context, tx Tx, area party.Area, list []SubsidyRun) error {
	rules, err := tx.Rules(ctx, area)
	if err != nil {
		return err
	}
	for i := range list {
		for _, l := range list[i].Levels {
			for k := range l.Arrivals {
				a := &l.Arrivals[k]
				a.Late = rules.Late(a.Amount, list[i].DueOn, a.ArrivedOn)
			}
		}
	}
	return nil
}

// Full is nil where the money of every level arrived, or ErrSubsidyShort.
func (r SubsidyRun) Full() error {
	for _, l := range r.Levels {
		if l.Arrived() < l.Amount {
			return ErrSubsidyShort.With("%s owes %s, and %s of it arrived", l.Level, l.Amount, l.Arrived())
		}
	}
	return nil
}

// Stands is nil where each member of the list still has what its subsidy was computed from,
// by the same rules, or ErrSubsidyStale. Who paid beyond it meanwhile, or for the first time,
// is for a later list.
func (r SubsidyRun) Stands(ctx context.Context, tx SubsidyLinesTx, rules *policy.Rules) error {
	row, err := rules.Row(policy.ContributionSubsidies, r.Upto)
	if err != nil {
		return err //nolint:wrapcheck // names the rule
	}
	payers, err := rules.Row(policy.ContributionSubsidyPayers, r.Upto)
	if err != nil {
		return err //nolint:wrapcheck // names the rule
	}
	days, err := r.backStands(ctx, tx, rules)
	if err != nil {
		return err
	}
	levels, err := r.owes(rules, payers.Value.Shares(), days)
	if err != nil {
		return err
	}
	owed := func(a, b SubsidyLevel) bool { return a.Level == b.Level && a.Amount == b.Amount && a.Back == b.Back }
	if !slices.EqualFunc(r.Levels, levels, owed) {
		return ErrSubsidyStale
	}
	var page []SubsidyLine
	var last int64
	found := 0
	err = tx.EachPayer(ctx, r, func(now SubsidyLine) error {
		if len(page) == 0 {
			if page, err = tx.SubsidyLines(ctx, r.Area, r.ID, last, chunk); err != nil || len(page) == 0 {
				return err
			}
		}
		l := page[0]
		switch {
		case now.Member < l.Member:
			return nil
		case now.Member > l.Member, now.Before != l.Before, row.Value.Subsidy(l.Paid) != l.Entitled,
			row.Value.Subsidy(now.Paid) < l.Entitled:
			return ErrSubsidyStale
		}
		page, last = page[1:], l.Member
		found++
		return nil
	})
	if err == nil && found < r.Lines {
		err = ErrSubsidyStale
	}
	return err
}

// LastArrival is the day on which the money was complete.
func (r SubsidyRun) LastArrival() calendar.Day {
	var last calendar.Day
	for _, l := range r.Levels {
		for _, a := range l.Arrivals {
			if a.ArrivedOn.After(last) {
				last = a.ArrivedOn
			}
		}
	}
	return last
}

// About tells who decides a list what it is, in one line.
func (r SubsidyRun) About() string {
	var text strings.Builder
	fmt.Fprintf(&text, "subsidies to contributions of %d, scheme %s, round %d (%s): %d accounts, %s in all, from %s",
		r.Year, r.Scheme, r.Round, r.RuleDocument, r.Lines, r.Amount, r.LastArrival())
	if r.Back > 0 {
		fmt.Fprintf(&text, "; taken back from %d accounts: %s, so that %s is owed", len(r.Backs), r.Back, r.Net())
	}
	for _, l := range r.Levels {
		fmt.Fprintf(&text, "; %s %s, arrived %s", l.Level, l.Amount, l.Arrived())
	}
	fmt.Fprintf(&text, "; SHA-256 of the lines %x", r.Digest)
	return text.String()
}

// SubsidiesApproved is the job that posts a list.
type SubsidiesApproved struct {
	Area party.Area `json:"area"`
	Run  int64      `json:"run"  river:"unique"`
}

// Kind names the job.
func (SubsidiesApproved) Kind() string { return "subsidies_approved" }

// WaitsOnce says that one waiting job of a list is enough.
func (SubsidiesApproved) WaitsOnce() {}

// PostSubsidies posts an approved list in chunks, each in one transaction. It may be run
// again after a crash at any point.
func (s *Service) PostSubsidies(ctx context.Context, area party.Area, id int64) error {
	for {
		done := false
		err := s.store.InTx(ctx, func(tx Tx) error {
			run, err := tx.LockSubsidyRun(ctx, area, id)
			if err != nil || run.Progress.Done {
				done = true
				return err
			}
			lines, err := tx.SubsidyLines(ctx, area, id, run.Progress.Upto, chunk)
			if err != nil {
				return err
			}
			p := run.Progress.after(len(lines), run.Lines)
			if len(lines) > 0 {
				p.Upto = lines[len(lines)-1].Member
				if _, err := tx.Book(ctx, actorJob, subsidyEntry(run, lines, s.today())); err != nil {
					return err
				}
			}
			done = p.Done
			return tx.MoveSubsidies(ctx, area, id, p)
		})
		if err != nil {
			return fmt.Errorf("post list %d of subsidies: %w", id, err)
		}
		if done {
			return nil
		}
	}
}

func subsidyEntry(run SubsidyRun, lines []SubsidyLine, on calendar.Day) ledger.Entry {
	e := ledger.Entry{
		Area: run.Area, Scheme: run.Scheme, Kind: ledger.AccountSubsidy,
		Cause: fmt.Sprintf("subsidy_run:%d:%d", run.ID, lines[0].Member), Reverses: 0, AccountedOn: on,
		EffectiveOn: run.EffectiveOn, Text: fmt.Sprintf("subsidies of %d, %d accounts", run.Year, len(lines)),
		Postings: append(make([]ledger.Posting, 0, len(lines)+1), memorandum(ledger.SumLine, 0)),
	}
	for _, l := range lines {
		p := memorandum(ledger.ItemLine, l.Amount)
		p.Side, p.Role, p.Cause, p.Member, p.Year = ledger.Credit, ledger.PersonalSubsidy, l.ID, l.Member, run.Year
		e.Postings = append(e.Postings, p)
		e.Postings[0].Amount += l.Amount
	}
	return e
}

// Subsidies lists the runs of the officer's area by rising id, with what arrived.
func (s *Service) Subsidies(ctx context.Context, by approval.Officer, f RunFilter) ([]SubsidyRun, error) {
	if err := mayLook(by); err != nil {
		return nil, err
	}
	f.Area = by.Area
	var list []SubsidyRun
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		if list, err = tx.SubsidyRuns(ctx, f); err != nil {
			return err
		}
		return withLate(ctx, tx, by.Area, list)
	})
	return list, err
}

// SubsidyMoneyTx keeps what arrived for lists.
type SubsidyMoneyTx interface {
	// SubsidyLeft returns what of a booked transfer is not named yet, held to the end of the
	// transaction, or ErrSubsidyMoney.
	SubsidyLeft(ctx context.Context, run SubsidyRun, transfer int64) (money.Amount, error)
	// AddSubsidyArrival returns ErrSubsidyNamed where the transfer has not so much left.
	AddSubsidyArrival(ctx context.Context, run SubsidyRun, part SubsidyPart, by string) error
	// WithdrawSubsidyArrival returns ErrArrivalGone where it was taken back at this moment.
	WithdrawSubsidyArrival(
		ctx context.Context, by approval.Officer, today calendar.Day, a SubsidyArrival, document string,
	) error
	// NoSubsidyArrival says why a list has no such arrival: ErrArrivalGone or ErrNoArrival.
	NoSubsidyArrival(ctx context.Context, run SubsidyRun, arrival int64) error
}

// SubsidyLinesTx reads what lists are made of, and what they hold.
type SubsidyLinesTx interface {
	SubsidyBackTx
	// EachPayer calls fn for every member who paid for the run's year in the year, up to
	// its day, by rising member, with what earlier lists gave.
	EachPayer(ctx context.Context, run SubsidyRun, fn func(SubsidyLine) error) error
	SubsidyLines(ctx context.Context, area party.Area, run, after int64, limit int) ([]SubsidyLine, error)
}

// SubsidyTx keeps lists of subsidies.
type SubsidyTx interface {
	SubsidyLinesTx
	AddSubsidyLines(ctx context.Context, area party.Area, run int64, lines []SubsidyLine) error
	AddSubsidyRun(ctx context.Context, run SubsidyRun) error
	SubsidyMoneyTx
	AskSubsidies(ctx context.Context, by approval.Officer, today calendar.Day, run SubsidyRun) error
	// SubsidyRuns lists runs by rising id with their levels and arrivals.
	SubsidyRuns(ctx context.Context, f RunFilter) ([]SubsidyRun, error)
	LockSubsidyRun(ctx context.Context, area party.Area, id int64) (SubsidyRun, error)
	MoveSubsidies(ctx context.Context, area party.Area, run int64, p Progress) error
}
