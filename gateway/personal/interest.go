package personal

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"strings"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/entitlement"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// Rate is which rate of a year a run goes by.
type Rate string

// The rates.
const (
	Provisional Rate = "provisional"
	Final       Rate = "final"
)

// The refusals of a run.
var (
	ErrInterest     = fault.New(fault.Invalid, "interest_run_invalid", "the interest run is not one that can be made")
	ErrYearOpen     = fault.New(fault.Conflict, "year_not_over", "the year is not over")
	ErrInterestOpen = fault.New(fault.Conflict, "interest_run_open",
		"an interest run of the scheme waits for its decision, or is being posted")
	// ErrInterestStale is an approval of what was reckoned by other rules.
	ErrInterestStale = fault.New(fault.Conflict, "interest_run_stale",
		"a rule that the run rests on changed after it was made: reject it, and make it again")
	ErrInterestMade = fault.New(fault.Conflict, "interest_run_made",
		"the year has its run at this rate, or at the final one; what came after it is taken by a correction")
	ErrNoInterestRun = fault.New(fault.NotFound, "interest_run_not_found", "there is no such interest run")
	ErrYearBefore    = fault.New(fault.Conflict, "interest_year_before",
		"accounts held money at the year's beginning, and the year before has no interest run")
	ErrNothingToCorrect = fault.New(fault.Conflict, "interest_nothing_to_correct",
		"the year has no run at this rate that could be corrected")
	ErrNoAccounts = fault.New(fault.Conflict, "interest_no_accounts", "no account of the scheme held money in the year")
)

// InterestOrder is what a maker asks for.
type InterestOrder struct {
	Scheme ledger.Scheme
	Year   int
	Rate   Rate
	// Correction says why the year is reckoned again after its run; empty for the run itself.
	Correction string
}

// InterestRun is a year's interest of everybody of a scheme.
type InterestRun struct {
	Area   party.Area
	ID     int64
	Scheme ledger.Scheme
	Year   int
	Rate   Rate
	// Round is 0 for the run itself and counts its corrections.
	Round      int
	Correction string
	// Percent is the year's rate as its rule wrote it then, RateDocument where it is
	// written, RateRound how often that rule had been superseded.
	Percent, RateDocument string
	RateRound             int
	Sums                  InterestSums
	// Digest is the SHA-256 over the lines by rising member, RulesDigest over the rules that
	// they rest on; it is zero for a run made before it was kept.
	Digest, RulesDigest [sha256.Size]byte

	AskedBy string
	AskedAt time.Time
	Day     calendar.Day
	// Decision is the request that two people decide by, State where it stands.
	Decision int64
	State    casework.State
	// Progress is how far it is posted.
	Progress Progress
}

// Progress is how far the lines of a run or a list are posted.
type Progress struct {
	// Upto is the last member posted, Count the lines up to it.
	Upto  int64
	Count int
	Done  bool
}

// InterestSums are sums over the lines of a run.
type InterestSums struct {
	Lines int
	// Interest is what the year gives, Before what stood of it in the book.
	Interest, Before money.Amount
	// Rise is put to accounts, Fall taken back; LeftOver would have been taken back, and
	// the accounts do not hold it any more.
	Rise, Fall, LeftOver money.Amount
}

// InterestLine is a member's interest of a year.
type InterestLine struct {
	// ID is the cause of the posting; it is given when the line is stored.
	ID     int64
	Member int64
	// Opening is what the account held at the year's beginning, PaidIn and PaidOut what
	// moved it in the year, interest apart.
	Opening, PaidIn, PaidOut money.Amount
	// Interest is what the year gives, Before what stood of it in the book, Amount what
	// the run posts: below zero it is taken back, and LeftOver beyond it cannot be.
	Interest, Before, Amount, LeftOver money.Amount
}

// YearAccount is an account as the book knows it, for one year.
type YearAccount struct {
	Member int64
	// Opening is the balance of all that was effective before the year.
	Opening money.Amount
	// Before is what stands of the year's interest, HeldInterest what the interest part
	// of the account holds today.
	Before, HeldInterest money.Amount
	Movements            []entitlement.Movement
}

// line reckons the account's interest.
func (a *YearAccount) line(terms *entitlement.YearTerms) (InterestLine, error) {
	l := InterestLine{Member: a.Member, Opening: a.Opening, Before: a.Before} //nolint:exhaustruct // reckoned below
	for _, m := range a.Movements {
		switch m.Move {
		case entitlement.Entered, entitlement.Paid, entitlement.Undrawn:
			l.PaidIn += m.Amount
		case entitlement.Refunded, entitlement.Drawn:
			l.PaidOut += m.Amount
		}
	}
	var err error
	if l.Interest, err = terms.Interest(a.Opening, a.Movements); err != nil {
		return l, fmt.Errorf("interest of member %d: %w", a.Member, err)
	}
	l.Amount = l.Interest - l.Before
	if held := max(a.HeldInterest, 0); l.Amount < -held {
		l.LeftOver = -l.Amount - held
		l.Amount = -held
	}
	return l, nil
}

// LineDigest is the SHA-256 over the lines of a run, one text line each.
type LineDigest struct{ hash hash.Hash }

// NewInterestDigest begins the digest of an interest run.
func NewInterestDigest() LineDigest {
	h := sha256.New()
	h.Write([]byte("twoline interest run 1\n"))
	return LineDigest{h}
}

// Add adds a line.
func (d LineDigest) Add(l InterestLine) {
	d.write(l.Member, l.Opening.Fen(), l.PaidIn.Fen(), l.PaidOut.Fen(), l.Interest.Fen(), l.Before.Fen(),
		l.Amount.Fen(), l.LeftOver.Fen())
}

func (d LineDigest) write(figures ...int64) {
	line := make([]byte, 0, 128)
	for _, f := range figures {
		line = fmt.Appendf(line, "%d ", f)
	}
	line[len(line)-1] = '\n'
	d.hash.Write(line)
}

// Sum is the digest of what was added.
func (d LineDigest) Sum() [sha256.Size]byte { return [sha256.Size]byte(d.hash.Sum(nil)) }

// Add counts a line.
func (s *InterestSums) Add(l InterestLine) {
	s.Lines++
	s.Interest += l.Interest
	s.Before += l.Before
	s.Rise += max(l.Amount, 0)
	s.Fall += max(-l.Amount, 0)
	s.LeftOver += l.LeftOver
}

// check proves what can be told without the database.
func (o InterestOrder) check(today calendar.Day) error {
	switch {
	case !o.Scheme.Valid():
		return ErrInterest.With("the scheme is resident, rural, urban or land_lost").On("scheme")
	case o.Rate != Provisional && o.Rate != Final:
		return ErrInterest.With("the rate is provisional or final").On("rate")
	case o.Year < 2009 || o.Year > 2199:
		return ErrInterest.With("the year is 2009 or later").On("year")
	case !approval.IsLine(o.Correction, maxText) || strings.TrimSpace(o.Correction) != o.Correction:
		return ErrInterest.With("a correction rests on a document of one line").On("correction")
	case today.Year() <= o.Year:
		return ErrYearOpen.With("the year %d is over after its 31 December", o.Year).On("year")
	}
	return nil
}

// maxText bounds what officers write.
const maxText = 200

// AskInterest reckons the interest of a year for every account of a scheme, writes it
// down and asks that it be decided. Nothing is posted before a second person approved
// its digest. A maker of the business office asks. The answer's result is an InterestRun.
func (s *Service) AskInterest(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, o InterestOrder,
) (once.Answer, error) {
	if !by.Has(approval.Maker, approval.AgencyBusiness) || by.Area == 0 || by.Region != 0 {
		return once.Answer{}, approval.ErrDuty //nolint:exhaustruct // none
	}
	if err := o.check(s.today()); err != nil {
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		if err := tx.HoldAccounts(ctx, by.Area, o.Scheme); err != nil {
			return nil, err
		}
		run, before, err := s.nextInterest(ctx, tx, by, o)
		if err != nil {
			return nil, err
		}
		if err := reckon(ctx, tx, &run, before); err != nil {
			return nil, err
		}
		if err := tx.AddInterestRun(ctx, run); err != nil {
			return nil, err
		}
		asked, err := tx.AskInterest(ctx, by, s.today(), run)
		run.Decision, run.State = asked.ID, asked.State
		return run, err
	})
}

// nextInterest is the run that an order makes of those that there are, and whether the
// year before has one.
func (s *Service) nextInterest(
	ctx context.Context, tx Tx, by approval.Officer, o InterestOrder,
) (run InterestRun, before bool, err error) {
	all := RunFilter{Area: by.Area, Scheme: o.Scheme} //nolint:exhaustruct // all of the scheme
	known, err := tx.InterestRuns(ctx, all)
	if err != nil {
		return run, false, err
	}
	rounds := map[Rate]int{Provisional: 0, Final: 0}
	for _, k := range known {
		if k.State == casework.Submitted || k.State == casework.Approved && !k.Progress.Done {
			return run, false, ErrInterestOpen.About(fmt.Sprint(k.ID))
		}
		if k.State != casework.Approved {
			continue
		}
		if k.Year == o.Year {
			rounds[k.Rate]++
		}
		before = before || k.Year == o.Year-1
	}
	switch {
	case o.Correction == "" && (rounds[o.Rate] > 0 || rounds[Final] > 0):
		return run, false, ErrInterestMade.On("rate")
	case o.Correction != "" && rounds[o.Rate] == 0:
		return run, false, ErrNothingToCorrect.On("correction")
	case o.Correction != "" && o.Rate == Provisional && rounds[Final] > 0:
		return run, false, ErrInterestMade.On("rate")
	}
	ids, err := tx.NewIDs(ctx, 1)
	if err != nil {
		return run, false, err
	}
	return InterestRun{ //nolint:exhaustruct // reckoned and stored later
		Area: by.Area, ID: ids[0], Scheme: o.Scheme, Year: o.Year, Rate: o.Rate, Round: rounds[o.Rate],
		Correction: o.Correction, AskedBy: by.Login, Day: s.today(),
	}, before, nil
}

// chunk is how many lines are held in memory, and booked in one entry, at a time.
const chunk = 10_000

// reckon walks the accounts in the order of their members and stores a line for each.
func reckon(ctx context.Context, tx Tx, run *InterestRun, before bool) error {
	rules, err := tx.Rules(ctx, run.Area)
	if err != nil {
		return err
	}
	terms, err := entitlement.New(rules)
	if err != nil {
		return err
	}
	year, err := terms.Year(run.Year, run.Rate == Provisional)
	if err != nil {
		return err
	}
	run.RulesDigest = run.rulesDigest(rules)
	run.Percent, run.RateDocument, run.RateRound = year.Rate.Value.String(), year.Rate.Document, year.Rate.Round
	digest := NewInterestDigest()
	lines := make([]InterestLine, 0, chunk)
	store := func() error {
		err := tx.AddInterestLines(ctx, run.Area, run.ID, lines)
		lines = lines[:0]
		return err
	}
	err = tx.EachYearAccount(ctx, *run, func(a *YearAccount) error {
		if a.Opening > 0 && !before {
			return ErrYearBefore.With("accounts held money at the beginning of %d, and %d has no interest run",
				run.Year, run.Year-1).On("year")
		}
		l, err := a.line(&year)
		if err != nil {
			return err
		}
		run.Sums.Add(l)
		digest.Add(l)
		if lines = append(lines, l); len(lines) == chunk {
			return store()
		}
		return nil
	})
	if err != nil {
		return err
	}
	if run.Sums.Lines == 0 {
		return ErrNoAccounts
	}
	run.Digest = digest.Sum()
	return store()
}

// InterestApproved asks that an approved run be posted.
type InterestApproved struct {
	Area party.Area `json:"area"`
	Run  int64      `json:"run"  river:"unique"`
}

// Kind names the job.
func (InterestApproved) Kind() string { return "interest_approved" }

// WaitsOnce says that one waiting job of a run is enough.
func (InterestApproved) WaitsOnce() {}

// About tells who decides a run what it is, in one line. now is what stands of the
// year's interest in the book by now: where it is no longer what the run was reckoned
// with, it says so, and the decision has to be made anew.
func (r InterestRun) About(now money.Amount) string {
	text := fmt.Sprintf("interest of %d, scheme %s, at the %s rate %s (%s): %d accounts, %s in all", r.Year, r.Scheme,
		r.Rate, r.Percent, r.RateDocument, r.Sums.Lines, r.Sums.Interest)
	if r.RateRound > 0 {
		text += fmt.Sprintf(", round %d of the rate's rule", r.RateRound)
	}
	if r.Correction != "" {
		text += fmt.Sprintf(", correction %d by %s", r.Round, r.Correction)
	}
	text += fmt.Sprintf("; posted before %s, to be posted %s, taken back %s, left over %s; SHA-256 of the lines %x",
		r.Sums.Before, r.Sums.Rise, r.Sums.Fall, r.Sums.LeftOver, r.Digest)
	if r.RulesDigest != [sha256.Size]byte{} {
		text += fmt.Sprintf(", of the rules %x", r.RulesDigest)
	}
	if now != r.Sums.Before {
		text += fmt.Sprintf("; meanwhile %s was posted", now)
	}
	return text
}

// rulesDigest is over the rules that the year's interest rests on.
func (r *InterestRun) rulesDigest(rules *policy.Rules) [sha256.Size]byte {
	return rules.Digest(policy.OfInterest(r.Year, r.Rate == Provisional))
}

// Stale says that a rule which the run rests on has changed since it was made.
func (r *InterestRun) Stale(rules *policy.Rules) bool {
	return r.RulesDigest != [sha256.Size]byte{} && r.RulesDigest != r.rulesDigest(rules)
}

// PostInterest posts an approved run in chunks, each in one transaction. It may be run
// again after a crash at any point.
func (s *Service) PostInterest(ctx context.Context, area party.Area, id int64) error {
	for {
		done := false
		err := s.store.InTx(ctx, func(tx Tx) error {
			run, err := tx.LockInterestRun(ctx, area, id)
			if err != nil || run.Progress.Done {
				done = true
				return err
			}
			lines, err := tx.InterestLines(ctx, area, id, run.Progress.Upto, chunk)
			if err != nil {
				return err
			}
			if entries := interestEntries(run, lines, s.today()); len(entries) > 0 {
				if _, err := tx.Book(ctx, actorJob, entries...); err != nil {
					return err
				}
			}
			p := run.Progress.after(len(lines), run.Sums.Lines)
			if len(lines) > 0 {
				p.Upto = lines[len(lines)-1].Member
			}
			done = p.Done
			return tx.MoveInterest(ctx, area, id, p)
		})
		if err != nil {
			return fmt.Errorf("post interest run %d: %w", id, err)
		}
		if done {
			return nil
		}
	}
}

// after is the progress after n more of all lines.
func (p Progress) after(n, all int) Progress {
	p.Count += n
	p.Done = n == 0 || p.Count >= all
	return p
}

// actorJob stands behind what background work books.
const actorJob = "job"

// interestEntries are the vouchers of a chunk: one puts to accounts, one takes back in
// red. A line of nothing has no posting.
func interestEntries(run InterestRun, lines []InterestLine, on calendar.Day) []ledger.Entry {
	last, err := calendar.Date(run.Year, 12, 31)
	if err != nil {
		return nil
	}
	var list []ledger.Entry
	for _, red := range []bool{false, true} {
		e := ledger.Entry{
			Area: run.Area, Scheme: run.Scheme, Kind: ledger.AccountInterest, Cause: "", Reverses: 0, AccountedOn: on,
			EffectiveOn: last, Text: "", Postings: nil,
		}
		var sum money.Amount
		for _, l := range lines {
			amount := l.Amount
			if red {
				amount = -amount
			}
			if amount <= 0 {
				continue
			}
			if e.Cause == "" {
				e.Cause = fmt.Sprintf("interest_run:%d:%d:%s", run.ID, l.Member, direction(red))
				e.Postings = append(make([]ledger.Posting, 0, len(lines)+1), memorandum(ledger.SumLine, 0))
			}
			sum += amount
			p := memorandum(ledger.ItemLine, amount)
			p.Side, p.Role, p.Red = ledger.Credit, ledger.PersonalInterest, red
			p.Cause, p.Member, p.Year = l.ID, l.Member, run.Year
			e.Postings = append(e.Postings, p)
		}
		if e.Cause == "" {
			continue
		}
		e.Postings[0].Amount, e.Postings[0].Red = sum, red
		e.Text = fmt.Sprintf("interest of %d, %s, %d accounts", run.Year, run.Rate, len(e.Postings)-1)
		list = append(list, e)
	}
	return list
}

func direction(red bool) string {
	if red {
		return "fall"
	}
	return "rise"
}

// memorandum is a line on the control account.
func memorandum(nature ledger.Nature, amount money.Amount) ledger.Posting {
	return ledger.Posting{
		Side: ledger.Debit, Role: ledger.PersonalControl, Nature: nature, Red: false, Amount: amount, FundAccount: 0,
		Batch: 0, Cause: 0, Member: 0, Year: 0,
	}
}

// InterestRuns lists the runs of the officer's area by rising id.
func (s *Service) InterestRuns(ctx context.Context, by approval.Officer, f RunFilter) ([]InterestRun, error) {
	if err := mayLook(by); err != nil {
		return nil, err
	}
	f.Area = by.Area
	var list []InterestRun
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		list, err = tx.InterestRuns(ctx, f)
		return err
	})
	return list, err
}

// InterestRun returns a run of the officer's area, or ErrNoInterestRun.
func (s *Service) InterestRun(ctx context.Context, by approval.Officer, id int64) (InterestRun, error) {
	list, err := s.InterestRuns(ctx, by, RunFilter{ID: id}) //nolint:exhaustruct // one
	if err == nil && len(list) == 0 {
		err = ErrNoInterestRun
	}
	if err != nil {
		return InterestRun{}, err //nolint:exhaustruct // none
	}
	return list[0], nil
}

// InterestLines returns a page of a run's lines by rising member.
func (s *Service) InterestLines(
	ctx context.Context, by approval.Officer, id, after int64, limit int,
) ([]InterestLine, error) {
	if _, err := s.InterestRun(ctx, by, id); err != nil {
		return nil, err
	}
	var list []InterestLine
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		list, err = tx.InterestLines(ctx, by.Area, id, after, limit)
		return err
	})
	return list, err
}
