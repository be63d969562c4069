package registry

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// The refusals of rules.
var (
	// ErrPolicies is the refusal of a list of rules for its rows; see RefusedFileError.
	ErrPolicies = fault.New(fault.Unprocessable, "policies_refused", "some rows are refused, so nothing is asked for")
	// ErrPolicyTwice is a row that another of the same list contradicts or repeats.
	ErrPolicyTwice = fault.New(fault.Invalid, "policy_twice",
		"another row of the list decides the same rule for that time")
	// ErrPolicyStands is a row that stands already as it is.
	ErrPolicyStands = fault.New(fault.Conflict, "policy_stands", "the rule stands so already")
	// ErrPolicyAbsent is a row that supersedes what is not there.
	ErrPolicyAbsent = fault.New(fault.Unprocessable, "policy_absent",
		"no rule of the area begins on that day, so there is nothing to supersede")
	// ErrPolicyLeast is a row of a least amount that is below the nation's of its first day.
	ErrPolicyLeast = fault.New(fault.Unprocessable, "policy_below_nation",
		"an area may decide more than the nation's minimum, not less")
	// ErrPolicyDecided is an import of rules into an area whose books are open.
	ErrPolicyDecided = fault.New(fault.Unprocessable, "policy_decided",
		"the area has a book, so its rules change by two people: ask for them with POST /v1/policies")
)

// The years in which a rule may begin: before the first there was no scheme, not even
// the old rural one.
const (
	firstPolicyYear = 1992
	lastPolicyYear  = 2100
)

// MaxPolicies is how many rows a list of rules may have.
const MaxPolicies = 1000

// PolicyText is a rule as a maker writes it, in the form of the import file.
type PolicyText struct {
	Rule, From, Value, Document string
	// Supersedes says that the area's rule of that first day was wrong from it on, and
	// that this value holds instead.
	Supersedes bool
}

// PolicyAsk is what a maker wants to have as rules.
type PolicyAsk struct {
	// Document names what the whole list rests on, Reason says more.
	Document, Reason string
	Rows             []PolicyText
}

// AskedPolicy is a row that was asked for.
type AskedPolicy struct {
	policy.Row

	// Paid are the months already paid whose pensions it decides: they need a run of
	// the differences.
	Paid []calendar.Month
	// Credited are the years already credited to personal accounts that it decides: they
	// need a correction of the year's interest, or another list of its subsidies.
	Credited []int
}

// AskedPolicies answers a maker.
type AskedPolicies struct {
	casework.Request

	Rows []AskedPolicy
}

// PaidMonth is a month that pensions of a scheme were released for.
type PaidMonth struct {
	Scheme ledger.Scheme
	Month  calendar.Month
}

// PolicyDecision is by whom a rule was decided.
type PolicyDecision struct {
	ID                  int64
	Document            string
	AskedBy, ApprovedBy string
	ApprovedAt          time.Time
}

// DecidedPolicy is a row that stands, with its decision; one of the setting up or of
// the nation has none.
type DecidedPolicy struct {
	policy.Row

	Decision PolicyDecision
}

// ListedPolicy is a row of a list that was asked for.
type ListedPolicy struct {
	policy.Row

	List int64
}

// PolicySpan is a rule with the days on which it holds, and by whom it was decided.
// One that nobody decided has no Value.
type PolicySpan struct {
	policy.Span

	Decided  bool
	Decision PolicyDecision
	// Superseded is what the rule said from the same day on before, the latest first.
	Superseded []DecidedPolicy
}

// PolicyTx reads and stores rules that two people decide.
type PolicyTx interface {
	// AddPolicyList keeps the rows of a list that waits for its approval.
	AddPolicyList(ctx context.Context, area party.Area, list int64, rows []policy.Row) error
	// AskPolicies asks, as a maker, for the approval of a list.
	AskPolicies(
		ctx context.Context, by approval.Officer, today calendar.Day, list int64, ask PolicyAsk,
	) (casework.Request, error)
	// AboutList says in one line what a list holds, and false where there is none.
	AboutList(ctx context.Context, area party.Area, list int64) (string, bool, error)
	// ListedPolicies returns the rows of lists in their order.
	ListedPolicies(ctx context.Context, area party.Area, lists []int64) ([]ListedPolicy, error)
	// EnterPolicies puts the rows of a list in force, by its decision.
	EnterPolicies(ctx context.Context, area party.Area, list, decision int64) error
	// DecidedPolicies returns the rows of the area and of the nation by rule and first day,
	// those that were superseded among them, by round.
	DecidedPolicies(ctx context.Context, area party.Area) ([]DecidedPolicy, error)
	// CreditedYears returns the years that were credited to personal accounts.
	CreditedYears(ctx context.Context, area party.Area) ([]policy.Credited, error)
	// PaidMonths returns the months that were released, the oldest first.
	PaidMonths(ctx context.Context, area party.Area) ([]PaidMonth, error)
}

// AskPolicies asks that rules of the area change: all rows or none. A maker of the
// agency's business office asks, and nothing changes before a second person approved
// the decision. The answer's result is an AskedPolicies. Where a row is refused it is
// a RefusedFileError with every such row, counted from 1.
func (s *Service) AskPolicies(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, ask PolicyAsk,
) (once.Answer, error) {
	return once.Do(ctx, s.c.Store.InTx, r, render, func(tx Tx) (any, error) {
		if err := tx.LockImport(ctx, by.Area, KindPolicies); err != nil {
			return nil, err
		}
		rows, err := s.readPolicies(ctx, tx, by.Area, ask.Rows)
		if err != nil {
			return nil, err
		}
		ids, err := tx.NewIDs(ctx, 1)
		if err != nil {
			return nil, err
		}
		if err := tx.AddPolicyList(ctx, by.Area, ids[0], rows); err != nil {
			return nil, err
		}
		out := AskedPolicies{Request: casework.Request{}, Rows: nil} //nolint:exhaustruct // asked below
		if out.Request, err = tx.AskPolicies(ctx, by, s.c.Today(), ids[0], ask); err != nil {
			return nil, err
		}
		out.Rows, err = withReach(ctx, tx, by.Area, rows)
		return out, err
	})
}

// readPolicies reads the rows of a list, and refuses all of them where one is bad.
func (s *Service) readPolicies(ctx context.Context, tx Tx, area party.Area, texts []PolicyText) ([]policy.Row, error) {
	if len(texts) == 0 || len(texts) > MaxPolicies {
		return nil, ErrPolicies.With("a list has 1 to %d rows", MaxPolicies).On("rows")
	}
	areas, err := tx.Areas(ctx, []party.Area{area})
	if err != nil {
		return nil, err
	}
	if len(areas) == 0 {
		return nil, ErrUnknown.With("the area is not registered")
	}
	stored, err := tx.PolicyRows(ctx, area)
	if err != nil {
		return nil, err
	}
	index := map[string]int{"rule": 0, "effective_from": 1, "value": 2, "document": 3}
	e := &env{area: area} //nolint:exhaustruct // what a rule is read with
	nations, err := nationalRows(ctx, tx)
	if err != nil {
		return nil, err
	}
	known := knownPolicies{stored: stored, nations: nations, listed: nil}
	var sum tally
	var rows []policy.Row
	for i, t := range texts {
		f := &fields{index: index, values: []string{t.Rule, t.From, t.Value, t.Document}, fault: nil}
		row := parsePolicy(f, e)
		why := f.fault
		if why == nil {
			row, why = known.meet(row, t.Supersedes, i+1)
		}
		if why != nil {
			sum.add(i+1, Refused, why)
			continue
		}
		sum.add(i+1, Imported, nil)
		rows = append(rows, row)
	}
	if len(sum.refused) > 0 {
		first := sum.refused[0]
		return nil, &RefusedFileError{Report: sum.done(), fault: ErrPolicies.With(
			"nothing is asked for: %d of %d rows are refused, the first for %s: %s", sum.report.Refused,
			sum.report.Rows, first.Code, first.Text).At(first.Line).On(first.Field)}
	}
	return rows, nil
}

// knownPolicies are the area's own rules that a row may meet.
type knownPolicies struct {
	stored, nations []policy.Row
	listed          []listedRow
}

type listedRow struct {
	policy.Row

	line int
}

// meet says why a row cannot stand beside those that are known, and keeps it with its
// round where it can.
func (k *knownPolicies) meet(r policy.Row, supersedes bool, line int) (policy.Row, *fault.Error) {
	for _, other := range k.listed {
		if sameTime(other.Row, r) {
			return r, ErrPolicyTwice.With("row %d decides %s for the same %s", other.line, r.Rule, timeOf(r)).
				On("effective_from")
		}
	}
	why := meetStored(k.stored, r)
	if supersedes {
		r.Round, why = nextRound(k.stored, r)
	}
	if why == nil {
		why = meetNation(k.nations, r)
	}
	if why != nil {
		return r, why
	}
	k.listed = append(k.listed, listedRow{r, line})
	return r, nil
}

// nextRound is the round of a row that supersedes what stands, or why it cannot.
func nextRound(stored []policy.Row, r policy.Row) (int, *fault.Error) {
	for _, old := range stored {
		switch {
		case !sameTime(old, r):
		case old.From != r.From:
			return 0, ErrDiffers.With("the year %d has its %s from %s on: name that day to supersede it", r.From.Year(),
				r.Rule, old.From).On("effective_from")
		case old.Value.Equal(r.Value):
			return 0, ErrPolicyStands.With("from that day the rule says %s already, by %s", old.Value, old.Document).
				On("value")
		default:
			return old.Round + 1, nil
		}
	}
	return 0, ErrPolicyAbsent.With("no %s of the area begins on %s; an area's first own rule supersedes nothing, not "+
		"even the nation's", r.Rule, r.From).On("supersedes")
}

// meetStored says why a row cannot stand beside those that stand.
func meetStored(stored []policy.Row, r policy.Row) *fault.Error {
	for _, old := range stored {
		switch {
		case !sameTime(old, r):
		case old.From != r.From:
			return ErrDiffers.With("the year %d has its %s from %s on", r.From.Year(), r.Rule, old.From).
				On("effective_from")
		case !old.Value.Equal(r.Value):
			return ErrDiffers.With("from that day the rule stands as %s, by %s: where that was wrong from its first "+
				"day, say that the row supersedes it", old.Value, old.Document).On("value")
		case old.Document != r.Document:
			return ErrDiffers.With("from that day the rule stands by %s", old.Document).On("document")
		default:
			return ErrPolicyStands.With("from that day the rule stands so already, by %s", old.Document).On("value")
		}
	}
	return nil
}

// meetNation says why a row cannot stand beside what the nation decided.
func meetNation(nations []policy.Row, r policy.Row) *fault.Error {
	if n, below := r.Below(nations); below {
		return ErrPolicyLeast.With("the nation's %s is %s from %s on, by %s: an area may decide more, not less",
			n.Rule, n.Value, n.From, n.Document).On("value")
	}
	return nil
}

// nationalRows are the rows of the nation as they hold.
func nationalRows(ctx context.Context, tx ReferenceTx) ([]policy.Row, error) {
	return tx.PolicyRows(ctx, 0)
}

// sameTime says that two rows decide the same: a rule from a day on, or for a year.
func sameTime(a, b policy.Row) bool {
	return a.Rule == b.Rule && (a.From == b.From || a.Rule.Yearly() && a.From.Year() == b.From.Year())
}

func timeOf(r policy.Row) string {
	if r.Rule.Yearly() {
		return "year"
	}
	return "day"
}

// withReach says of every row which months already paid and which years already credited
// it touches.
func withReach(ctx context.Context, tx Tx, area party.Area, rows []policy.Row) ([]AskedPolicy, error) {
	all, err := tx.DecidedPolicies(ctx, area)
	if err != nil {
		return nil, err
	}
	paid, err := tx.PaidMonths(ctx, area)
	if err != nil {
		return nil, err
	}
	credited, err := tx.CreditedYears(ctx, area)
	if err != nil {
		return nil, err
	}
	// A row of the list ends where the next one of the list or of those that stand begins.
	together := slices.Clone(rows)
	for _, r := range inForce(all) {
		if !slices.ContainsFunc(rows, func(n policy.Row) bool { return r.Area == n.Area && sameTime(r.Row, n) }) {
			together = append(together, r.Row)
		}
	}
	rules, err := policy.New(area, together)
	if err != nil {
		return nil, fmt.Errorf("rules of area %s with those asked for: %w", area, err)
	}
	out := make([]AskedPolicy, len(rows))
	for i, r := range rows {
		spans := rules.Spans(r.Rule)
		at := slices.IndexFunc(spans, func(s policy.Span) bool { return s.Area == r.Area && s.From == r.From })
		out[i] = AskedPolicy{Row: r, Paid: nil, Credited: r.YearsOf(credited, spans[at].Until)}
		for _, p := range paid {
			landLost := (r.Rule == policy.LandLostAllowance) == (p.Scheme == ledger.LandLost)
			if landLost && r.Touches(p.Month, spans[at].Until) && !slices.Contains(out[i].Paid, p.Month) {
				out[i].Paid = append(out[i].Paid, p.Month)
			}
		}
	}
	return out, nil
}

// AboutPolicies says what a list that waits holds, or why it cannot be put in force:
// another list was approved meanwhile. No other list comes in before the transaction ends.
func AboutPolicies(ctx context.Context, tx Tx, area party.Area, list int64) (string, error) {
	if err := tx.LockImport(ctx, area, KindPolicies); err != nil {
		return "", err
	}
	about, ok, err := tx.AboutList(ctx, area, list)
	if err == nil && !ok {
		err = casework.ErrAsk.With("there is no such list of rules")
	}
	if err != nil {
		return "", err
	}
	listed, err := tx.ListedPolicies(ctx, area, []int64{list})
	if err != nil {
		return "", err
	}
	stored, err := tx.PolicyRows(ctx, area)
	if err != nil {
		return "", err
	}
	nations, err := nationalRows(ctx, tx)
	if err != nil {
		return "", err
	}
	rows := make([]policy.Row, len(listed))
	for i, l := range listed {
		why := meetAgain(stored, l.Row)
		if why == nil {
			why = meetNation(nations, l.Row)
		}
		if why != nil {
			return "", why.At(i + 1)
		}
		rows[i] = l.Row
	}
	asked, err := withReach(ctx, tx, area, rows)
	return about + touched(asked), err
}

// meetAgain says why a row that waited cannot be put in force.
func meetAgain(stored []policy.Row, r policy.Row) *fault.Error {
	if r.Round == 0 {
		return meetStored(stored, r)
	}
	round, why := nextRound(stored, r)
	if why == nil && round != r.Round {
		why = ErrDiffers.With("the row supersedes round %d of %s from %s, and by now round %d holds", r.Round-1, r.Rule,
			r.From, round-1).On("value")
	}
	return why
}

// touched names the months already paid and the years already credited that the rows of a
// list decide.
func touched(rows []AskedPolicy) string {
	var months, years []string
	for _, r := range rows {
		for _, m := range r.Paid {
			months = append(months, m.String())
		}
		for _, y := range r.Credited {
			years = append(years, strconv.Itoa(y))
		}
	}
	return touchedTimes(months, "month", "paid") + touchedTimes(years, "year", "credited")
}

func touchedTimes(times []string, what, done string) string {
	slices.Sort(times)
	times = slices.Compact(times)
	switch n := len(times); n {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("; touches one %s already %s: %s", what, done, times[0])
	default:
		return fmt.Sprintf("; touches %d %ss already %s, %s to %s", n, what, done, times[0], times[n-1])
	}
}

// Policies returns every rule of the officer's area as it holds on a day, in the order
// of their names; those that nobody decided are among them. With a rule, that one alone;
// without a day, on the business day, which is returned.
func (s *Service) Policies(
	ctx context.Context, by approval.Officer, asOf calendar.Day, only policy.Rule,
) (calendar.Day, []PolicySpan, error) {
	if asOf.IsZero() {
		asOf = s.c.Today()
	}
	list, err := wanted(only)
	if err != nil {
		return asOf, nil, err
	}
	rules, all, err := s.decided(ctx, by)
	if err != nil {
		return asOf, nil, err
	}
	out := make([]PolicySpan, len(list))
	for i, rule := range list {
		span, ok := rules.SpanOn(rule, asOf)
		span.Rule = rule
		out[i] = spanOf(all, span)
		out[i].Decided = ok
	}
	return asOf, out, nil
}

// PolicyHistory returns the rows of a rule that hold one after another, the oldest first,
// each with what it superseded.
func (s *Service) PolicyHistory(ctx context.Context, by approval.Officer, rule policy.Rule) ([]PolicySpan, error) {
	if _, err := wanted(rule); err != nil {
		return nil, err
	}
	rules, all, err := s.decided(ctx, by)
	if err != nil {
		return nil, err
	}
	var out []PolicySpan
	for _, span := range rules.Spans(rule) {
		out = append(out, spanOf(all, span))
	}
	return out, nil
}

// PolicyLists returns the rows of lists that were asked for, by list.
func (s *Service) PolicyLists(ctx context.Context, by approval.Officer, lists []int64) (map[int64][]policy.Row, error) {
	out := make(map[int64][]policy.Row)
	err := s.c.Store.Read(ctx, func(tx Tx) error {
		rows, err := tx.ListedPolicies(ctx, by.Area, lists)
		clear(out)
		for _, r := range rows {
			out[r.List] = append(out[r.List], r.Row)
		}
		return err
	})
	return out, err
}

func (s *Service) decided(ctx context.Context, by approval.Officer) (*policy.Rules, []DecidedPolicy, error) {
	var all []DecidedPolicy
	err := s.c.Store.Read(ctx, func(tx Tx) (err error) {
		all, err = tx.DecidedPolicies(ctx, by.Area)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	var rows []policy.Row
	for _, d := range inForce(all) {
		rows = append(rows, d.Row)
	}
	rules, err := policy.New(by.Area, rows)
	return rules, all, err
}

// inForce leaves out what was superseded: of the rounds of one first day the last holds.
func inForce(all []DecidedPolicy) []DecidedPolicy {
	var out []DecidedPolicy
	for i, d := range all {
		if i+1 == len(all) || !sameRule(all[i+1].Row, d.Row) {
			out = append(out, d)
		}
	}
	return out
}

// sameRule says that two rows are of one area, rule and first day.
func sameRule(a, b policy.Row) bool { return a.Area == b.Area && a.Rule == b.Rule && a.From == b.From }

func wanted(only policy.Rule) ([]policy.Rule, error) {
	all := policy.All()
	switch {
	case only == "":
		return all, nil
	case !slices.Contains(all, only):
		return nil, ErrField.With("%s", strings.TrimPrefix(policy.ErrRule.Error(), "rule ")).On("rule")
	}
	return []policy.Rule{only}, nil
}

// spanOf is a span with its decision and what it superseded.
func spanOf(all []DecidedPolicy, span policy.Span) PolicySpan {
	out := PolicySpan{Span: span, Decided: true} //nolint:exhaustruct // found below
	for _, d := range slices.Backward(all) {
		switch {
		case !sameRule(d.Row, span.Row):
		case d.Round == span.Round:
			out.Decision = d.Decision
		default:
			out.Superseded = append(out.Superseded, d)
		}
	}
	return out
}
