package feedback

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// ErrSubject refuses a list of neither a year nor a month, or of both.
var ErrSubject = fault.New(fault.Invalid, "feedback_subject",
	"name the year of contributions or the month of pensions, and not both")

// Subject is what a list is about: the contributions of a year, or the pensions of a
// month. One of the two is zero.
type Subject struct {
	Scheme ledger.Scheme
	Year   int
	Month  calendar.Month
}

// Pensions says that it is about money out.
func (s Subject) Pensions() bool { return !s.Month.IsZero() }

// String is the year or the month.
func (s Subject) String() string {
	if s.Pensions() {
		return s.Month.String()
	}
	return fmt.Sprint(s.Year)
}

func (s Subject) check() error {
	if (s.Year == 0) == s.Month.IsZero() {
		return ErrSubject.On("month")
	}
	return nil
}

// Standing is where a member stands: Paid, InFlight, or the reason why not. Reasons are
// the result classes, and those of a hold.
type Standing string

// The standings that are no reason.
const (
	Paid     Standing = "paid"
	InFlight Standing = "in_flight"
)

// WithAgency stands on a list of names for a reason that is not for the notice board.
const WithAgency = "with_agency"

// published is the standing as a list of names tells it: whether it is paid, and what the
// member can mend at a bank or by paying. A name that is masked is known in its own village,
// so that somebody died, stands before a court or has another pension is not told with it.
func (s Standing) published() Standing {
	told := []Standing{
		Paid, InFlight, "not_sent", "RETRY_FUNDS", "FIX_ACCOUNT", "FIX_MANDATE", "RETRY_TECHNICAL", "DUPLICATE",
		"UNKNOWN", "RETURNED", "NOT_ACTIVATED", "recalled", "no_account", "account_changed", "account_not_corrected",
		"name_not_encodable", "certification_overdue",
	}
	if slices.Contains(told, s) {
		return s
	}
	return WithAgency
}

// Count is one standing of one village.
type Count struct {
	Region   party.Region
	Name     string
	Standing Standing
	Members  int
	Amount   money.Amount
}

// Line is a village, a township or an area. Due = Paid + InFlight + the sum of Unpaid.
type Line struct {
	Region              party.Region
	Name                string
	Due, Paid, InFlight int
	Unpaid              map[Standing]int
	// Amount is what was paid, in part too.
	Amount money.Amount
}

// NotPaid counts those who have not paid, or were not, whatever the reason.
func (l Line) NotPaid() int { return l.Due - l.Paid }

// Reasons are the reasons of Unpaid in the order of their names.
func (l Line) Reasons() []Standing { return slices.Sorted(maps.Keys(l.Unpaid)) }

func newLine(region party.Region, name string) Line {
	return Line{Region: region, Name: name} //nolint:exhaustruct // nobody is counted yet
}

func (l *Line) add(c Count) {
	l.Due += c.Members
	l.Amount += c.Amount
	switch c.Standing {
	case Paid:
		l.Paid += c.Members
	case InFlight:
		l.InFlight += c.Members
	default:
		if l.Unpaid == nil {
			l.Unpaid = make(map[Standing]int)
		}
		l.Unpaid[c.Standing] += c.Members
	}
}

// Lines are villages with their townships and the total.
type Lines struct {
	Subject   Subject
	Villages  []Line
	Townships []Line
	Total     Line
}

// Group sums villages by township and in total. Counts are in the order of regions;
// townships are the regions' names by code.
func Group(subject Subject, counts []Count, names map[party.Region]string) Lines {
	out := Lines{Subject: subject, Villages: nil, Townships: nil, Total: Line{}} //nolint:exhaustruct // summed below
	for _, c := range counts {
		above := c.Region.Township()
		if n := len(out.Villages); n == 0 || out.Villages[n-1].Region != c.Region {
			out.Villages = append(out.Villages, newLine(c.Region, c.Name))
		}
		if n := len(out.Townships); n == 0 || out.Townships[n-1].Region != above {
			out.Townships = append(out.Townships, newLine(above, names[above]))
		}
		out.Villages[len(out.Villages)-1].add(c)
		out.Townships[len(out.Townships)-1].add(c)
		out.Total.add(c)
	}
	return out
}

// Person is one member of a list for publication. The name prints masked.
type Person struct {
	Member   int64
	Region   party.Region
	Village  string
	Name     party.Name
	Standing Standing
	Amount   money.Amount
}

// PersonFilter narrows a list of persons.
type PersonFilter struct {
	// From and Through bound the regions.
	From, Through party.Region
	// All takes those who paid, too.
	All bool
	// After is the last member of the page before; 0 for the first.
	After int64
	Limit int
}

// Day is one day of the progress: what came on the day, and so far.
type Day struct {
	Day calendar.Day
	// Payers counts those whose first payment came on the day; Amount is what came, less
	// what went back: it may be below zero.
	Payers int
	Amount money.Amount
	// PayersSoFar and AmountSoFar are with all days before.
	PayersSoFar int
	AmountSoFar money.Amount
}

// Renewal is how many of last year's payers paid again. Rate is Renewed of LastYear.
type Renewal struct {
	Region party.Region
	Name   string
	// LastYear counts who paid anything for the year before, ThisYear who did for the
	// year, Renewed those of LastYear among ThisYear, New the others of ThisYear.
	LastYear, ThisYear, Renewed, New int
}

// Rate is Renewed of LastYear in percent with one decimal, rounded half up; false where
// nobody paid last year.
func (r Renewal) Rate() (string, bool) {
	if r.LastYear == 0 {
		return "", false
	}
	tenths := (2000*r.Renewed + r.LastYear) / (2 * r.LastYear)
	return fmt.Sprintf("%d.%d%%", tenths/10, tenths%10), true
}

func newRenewal(region party.Region, name string) Renewal {
	return Renewal{Region: region, Name: name} //nolint:exhaustruct // nobody is counted yet
}

func (r *Renewal) add(o Renewal) {
	r.LastYear += o.LastYear
	r.ThisYear += o.ThisYear
	r.Renewed += o.Renewed
	r.New += o.New
}

// Renewals are villages with their townships and the total.
type Renewals struct {
	Year      int
	Villages  []Renewal
	Townships []Renewal
	Total     Renewal
}

// GroupRenewals sums villages, in the order of regions, by township and in total.
func GroupRenewals(year int, villages []Renewal, names map[party.Region]string) Renewals {
	out := Renewals{Year: year, Villages: villages, Townships: nil, Total: newRenewal(0, "")}
	for _, v := range villages {
		above := v.Region.Township()
		if n := len(out.Townships); n == 0 || out.Townships[n-1].Region != above {
			out.Townships = append(out.Townships, newRenewal(above, names[above]))
		}
		out.Townships[len(out.Townships)-1].add(v)
		out.Total.add(v)
	}
	return out
}

// Tx is what feedback reads, in one snapshot.
type Tx interface {
	// FeedbackCounts counts the members of the regions by standing, in the order of region
	// and standing.
	FeedbackCounts(ctx context.Context, area party.Area, s Subject, in Regions) ([]Count, error)
	// FeedbackPeople lists members in the order of region and id.
	FeedbackPeople(ctx context.Context, area party.Area, s Subject, f PersonFilter) ([]Person, error)
	// FeedbackDays sums by value date, in rising order; the sums so far are left out.
	FeedbackDays(ctx context.Context, area party.Area, s Subject, in Regions) ([]Day, error)
	// FeedbackRenewals counts payers of a year and of the year before, in the order of
	// regions.
	FeedbackRenewals(ctx context.Context, area party.Area, s Subject, in Regions) ([]Renewal, error)
	// RegionNames returns the names of the area's regions.
	RegionNames(ctx context.Context, area party.Area) (map[party.Region]string, error)
	// Targets returns the area's targets by region, year and document.
	Targets(ctx context.Context, area party.Area) ([]Target, error)
}

// Regions bounds a list to a region and those below it.
type Regions struct{ From, Through party.Region }

// within is the region and what is below it; of none it is the whole area.
func within(area party.Area, r party.Region) Regions {
	county := party.Region(area) * 1_000_000
	switch r {
	case 0, county:
		return Regions{county, county + 999_999}
	case r.Township():
		return Regions{r, r + 999}
	}
	return Regions{r, r}
}

// Store runs functions in one read-only snapshot.
type Store interface {
	Read(ctx context.Context, fn func(Tx) error) error
}

// Service tells what goes back down. It is safe for concurrent use.
type Service struct{ store Store }

// New makes a Service.
func New(store Store) *Service { return &Service{store: store} }

// regions are those that an officer may see of those asked for: an officer of a
// township or village sees their own.
func regions(by approval.Officer, asked party.Region) (Regions, error) {
	if by.Area == 0 {
		return Regions{}, approval.ErrDuty
	}
	mine := within(by.Area, by.Region)
	if asked == 0 {
		return mine, nil
	}
	in := within(by.Area, asked)
	if in.From < mine.From || in.Through > mine.Through {
		return in, approval.ErrDuty.With("the region is not the officer's")
	}
	return in, nil
}

// Lines counts paid and unpaid by village, township and in total.
func (s *Service) Lines(
	ctx context.Context, by approval.Officer, subject Subject, region party.Region,
) (out Lines, err error) {
	in, err := regions(by, region)
	if err == nil {
		err = subject.check()
	}
	if err != nil {
		return out, err
	}
	err = s.store.Read(ctx, func(tx Tx) error {
		counts, err := tx.FeedbackCounts(ctx, by.Area, subject, in)
		if err != nil {
			return err
		}
		names, err := tx.RegionNames(ctx, by.Area)
		out = Group(subject, counts, names)
		out.Total.Region, out.Total.Name = in.From, names[in.From]
		return err
	})
	return out, err
}

// People lists members for publication, with no reason that is nobody's business but the
// member's and the agency's. After and Limit of f page it.
func (s *Service) People(
	ctx context.Context, by approval.Officer, subject Subject, region party.Region, f PersonFilter,
) (out []Person, err error) {
	in, err := regions(by, region)
	if err == nil {
		err = subject.check()
	}
	if err != nil {
		return nil, err
	}
	f.From, f.Through = in.From, in.Through
	err = s.store.Read(ctx, func(tx Tx) error {
		out, err = tx.FeedbackPeople(ctx, by.Area, subject, f)
		return err
	})
	for i := range out {
		out[i].Standing = out[i].Standing.published()
	}
	return out, err
}

// Progress tells by value date what came, or went out, and so far.
func (s *Service) Progress(
	ctx context.Context, by approval.Officer, subject Subject, region party.Region,
) (out []Day, err error) {
	in, err := regions(by, region)
	if err == nil {
		err = subject.check()
	}
	if err != nil {
		return nil, err
	}
	err = s.store.Read(ctx, func(tx Tx) error {
		out, err = tx.FeedbackDays(ctx, by.Area, subject, in)
		return err
	})
	var payers int
	var amount money.Amount
	for i := range out {
		payers += out[i].Payers
		amount += out[i].Amount
		out[i].PayersSoFar, out[i].AmountSoFar = payers, amount
	}
	return out, err
}

// Renewal counts who of last year's payers paid again.
func (s *Service) Renewal(
	ctx context.Context, by approval.Officer, scheme ledger.Scheme, year int, region party.Region,
) (out Renewals, err error) {
	in, err := regions(by, region)
	if err != nil {
		return out, err
	}
	subject := Subject{Scheme: scheme, Year: year, Month: calendar.Month{}}
	err = s.store.Read(ctx, func(tx Tx) error {
		villages, err := tx.FeedbackRenewals(ctx, by.Area, subject, in)
		if err != nil {
			return err
		}
		names, err := tx.RegionNames(ctx, by.Area)
		out = GroupRenewals(year, villages, names)
		out.Total.Region, out.Total.Name = in.From, names[in.From]
		return err
	})
	return out, err
}

// TargetSums returns the area's targets with their sums and what contradicts them.
func (s *Service) TargetSums(ctx context.Context, by approval.Officer) (out Sums, err error) {
	if by.Area == 0 {
		return out, approval.ErrDuty
	}
	err = s.store.Read(ctx, func(tx Tx) error {
		rows, err := tx.Targets(ctx, by.Area)
		out = Sum(rows)
		return err
	})
	return out, err
}
