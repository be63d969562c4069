package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// Rule names what is decided.
type Rule string

// The rules.
const (
	// CollectionMode says who collects: the agency, or the tax authority.
	CollectionMode Rule = "collection_mode"
	// IncomeZeroAtMonthEnd says whether a month with money left on the income
	// account is refused to close.
	IncomeZeroAtMonthEnd Rule = "income_zero_at_month_end"
	// ContributionTiers are the yearly amounts that a member may choose.
	ContributionTiers Rule = "contribution_tiers"
	// CollectionCutoff is the last day of a year on which its contribution is taken.
	CollectionCutoff Rule = "collection_cutoff"
	// ArrivalSuspenseDays is how many working days arrived money waits for the
	// result that explains it.
	ArrivalSuspenseDays Rule = "arrival_suspense_days"
	// PayDay is the day of the month by which benefits are in place.
	PayDay Rule = "pay_day"
	// HandoverDays is how many working days before the pay day the bank must hold
	// money and list.
	HandoverDays Rule = "handover_days"
	// DraftDays is how many working days before its hand-over the regular pay run of
	// a month is due to be drafted.
	DraftDays Rule = "draft_days"
	// SubsidyWarningDays is how many working days before the hand-over of a month
	// government's money for its base pensions is asked for where it is missing.
	SubsidyWarningDays Rule = "subsidy_warning_days"
	// AccountChangeHoldDays is how many calendar days benefits wait after their
	// account was replaced by another.
	AccountChangeHoldDays Rule = "account_change_hold_days"
	// AmountReviewThreshold is the amount above which a benefit is looked at first.
	AmountReviewThreshold Rule = "amount_review_threshold"
	// SharedAccountHolds says whether benefits to one account of several members
	// are held, and not only listed.
	SharedAccountHolds Rule = "shared_account_holds"
	// ReturnBooking says where a returned benefit stands until it is paid again.
	ReturnBooking Rule = "return_policy"
	// WorkAlarmMinutes is after how many minutes background work that is not done
	// is told as stuck.
	WorkAlarmMinutes Rule = "work_alarm_minutes"
	// BreakDueDays is within how many working days a break must end, by class and amount.
	BreakDueDays Rule = "break_due_days"
	// IncidentOrdinary is the amount from which on a break is an incident, IncidentMajor
	// that from which on it is a major one.
	IncidentOrdinary Rule = "incident_ordinary"
	IncidentMajor    Rule = "incident_major"
	// WriteOffLimit is the most that a break may hold to be written off; 0.00 is never.
	WriteOffLimit Rule = "write_off_limit"
	// ClaimDays is how many working days a bank has to answer a letter.
	ClaimDays Rule = "claim_days"
	// BreakAgeDays is how many calendar days old a break may be where its month closes.
	BreakAgeDays Rule = "break_age_days"
)

// ReturnPolicy is where a returned benefit stands until it is paid again.
type ReturnPolicy string

// The policies of returns.
const (
	// ReturnToSuspense leaves the expenditure as it is; the money waits in suspense.
	ReturnToSuspense ReturnPolicy = "suspense"
	// ReturnInRed takes the expenditure back in red letters.
	ReturnInRed ReturnPolicy = "red"
)

// Mode is who collects contributions.
type Mode string

// The modes.
const (
	Agency Mode = "agency"
	Tax    Mode = "tax"
)

// Cutoff is a day of every year, as month and day.
type Cutoff struct{ month, day int }

// In returns the cut-off's day in a year.
func (c Cutoff) In(year int) calendar.Day {
	// The day was checked in a common year, so it stands in every year.
	d, err := calendar.Date(year, c.month, c.day)
	if err != nil {
		return calendar.Day{}
	}
	return d
}

// String returns MM-DD.
func (c Cutoff) String() string { return fmt.Sprintf("%02d-%02d", c.month, c.day) }

// The errors of values. Each says what the value must be.
var (
	ErrRule    = errors.New("rule must be one of: " + strings.Join(names(), ", "))
	ErrMode    = errors.New("value must be agency or tax")
	ErrFlag    = errors.New("value must be true or false")
	ErrTiers   = errors.New("value must be rising amounts of yuan above zero, each once, separated by one blank")
	ErrCutoff  = errors.New("value must be a day of every year as MM-DD")
	ErrDays    = errors.New("value must be a number of days from 0 to 366")
	ErrPayDay  = errors.New("value must be a day of every month, 1 to 28")
	ErrAmount  = errors.New("value must be an amount of yuan above zero")
	ErrReturn  = errors.New("value must be suspense or red")
	ErrMinutes = errors.New("value must be a number of minutes from 1 to 1440")
)

const (
	maxDays = 366
	// maxPayDay is a day that every month has.
	maxPayDay = 28
	// maxMinutes is a day.
	maxMinutes = 1440
)

// Value is what a rule says. It was checked when it was made and never changes;
// its zero value is no value. Each of its readers is for the rules of its kind and
// tells nothing about the others.
type Value struct {
	rule     Rule
	word     string
	flag     bool
	number   int
	amount   money.Amount
	rate     Rate
	day      calendar.Day
	cutoff   Cutoff
	rounding Rounding
	funeral  FuneralGrant
	tiers    []money.Amount
	dues     []BreakDue
	steps    []Step
	grants   []Grant
	shares   []Share
	backPay  []BackPay
	order    []Part
	groups   []string

	subsidies []TierSubsidy
}

// ParseText reads a value as a person writes it in a file: agency, true,
// "100 200 300.00", 12-25, 3, 10000.00, suspense, 2.25%.
func ParseText(rule Rule, s string) (Value, error) {
	f, ok := rule.form()
	if !ok {
		return Value{}, ErrRule
	}
	v, ok := f.parse(s)
	if !ok {
		return Value{}, f.err
	}
	v.rule = rule
	return v, nil
}

// ParseJSON reads a value as it is stored: a string, a boolean, a whole number,
// or amounts as strings of yuan.
func ParseJSON(rule Rule, raw []byte) (Value, error) {
	f, ok := rule.form()
	if !ok {
		return Value{}, ErrRule
	}
	text := string(raw)
	switch f.json {
	case bare:
	case quoted:
		text = ""
		if json.Unmarshal(raw, &text) != nil {
			return Value{}, f.err
		}
	case list:
		var words []string
		if json.Unmarshal(raw, &words) != nil || strings.Contains(strings.Join(words, ""), " ") {
			return Value{}, f.err
		}
		text = strings.Join(words, " ")
	}
	return ParseText(rule, text)
}

// JSON returns the value as it is stored; ParseJSON reads it back.
func (v Value) JSON() string {
	f, ok := v.rule.form()
	if !ok {
		return "null"
	}
	switch f.json {
	case bare:
	case quoted:
		return strconv.Quote(v.String())
	case list:
		return `["` + strings.ReplaceAll(v.String(), " ", `","`) + `"]`
	}
	return v.String()
}

// String returns the value as a file carries it; ParseText reads it back.
func (v Value) String() string {
	f, ok := v.rule.form()
	if !ok {
		return ""
	}
	return f.text(v)
}

// Equal says that both are the same value of the same rule.
func (v Value) Equal(other Value) bool { return v.rule == other.rule && v.String() == other.String() }

func parseWord(words ...string) func(string) (Value, bool) {
	return func(s string) (Value, bool) { return Value{word: s}, slices.Contains(words, s) }
}

func wordText(v Value) string { return v.word }

func parseFlag(s string) (Value, bool) {
	return Value{flag: s == "true"}, s == "true" || s == "false"
}

func flagText(v Value) string { return strconv.FormatBool(v.flag) }

func parseTiers(s string) (Value, bool) {
	words := strings.Split(s, " ")
	tiers := make([]money.Amount, 0, len(words))
	for _, w := range words {
		a, ok := yuan(w)
		if !ok || (len(tiers) > 0 && a <= tiers[len(tiers)-1]) {
			return Value{}, false
		}
		tiers = append(tiers, a)
	}
	return Value{tiers: tiers}, true
}

func tiersText(v Value) string { return join(v.tiers, money.Amount.String) }

func parseCutoff(s string) (Value, bool) {
	// Read in a common year: 29 February is no day of every year.
	d, err := calendar.ParseDay("2001-" + s)
	return Value{cutoff: Cutoff{d.Month().Number(), d.DayOfMonth()}}, err == nil
}

func cutoffText(v Value) string { return v.cutoff.String() }

// yuan reads an amount above zero, whose decimals may be left out.
func yuan(s string) (money.Amount, bool) {
	a, ok := yuanOrZero(s)
	return a, ok && a > 0
}

func yuanOrZero(s string) (money.Amount, bool) {
	if !strings.Contains(s, ".") {
		s += ".00"
	}
	a, err := money.Parse(s)
	return a, err == nil
}

func wholeNumber(s string, least, most int) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= least && n <= most && strconv.Itoa(n) == s
}

func parseNumber(least, most int) func(string) (Value, bool) {
	return func(s string) (Value, bool) {
		n, ok := wholeNumber(s, least, most)
		return Value{number: n}, ok
	}
}

func numberText(v Value) string { return strconv.Itoa(v.number) }

func parseAmount(s string) (Value, bool) {
	a, ok := yuan(s)
	return Value{amount: a}, ok
}

func parseLimit(s string) (Value, bool) {
	a, ok := yuanOrZero(s)
	return Value{amount: a}, ok
}

func amountText(v Value) string { return v.amount.String() }

// join writes the items of a list, separated by one blank.
func join[T any](items []T, text func(T) string) string {
	words := make([]string, len(items))
	for i, item := range items {
		words[i] = text(item)
	}
	return strings.Join(words, " ")
}
