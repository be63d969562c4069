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
	ErrRule = errors.New("rule must be one of: account_change_hold_days, amount_review_threshold, " +
		"arrival_suspense_days, break_age_days, break_due_days, claim_days, collection_cutoff, collection_mode, " +
		"contribution_tiers, draft_days, handover_days, incident_major, incident_ordinary, income_zero_at_month_end, " +
		"pay_day, return_policy, shared_account_holds, work_alarm_minutes, write_off_limit")
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
// its zero value is no value.
type Value struct {
	rule    Rule
	mode    Mode
	flag    bool
	tiers   []money.Amount
	cutoff  Cutoff
	days    int
	minutes int
	amount  money.Amount
	returns ReturnPolicy
	dues    []BreakDue
}

// ParseText reads a value as a person writes it in a file: agency, true,
// "100 200 300.00", 12-25, 3, 10000.00, suspense.
func ParseText(rule Rule, s string) (Value, error) {
	switch rule {
	case CollectionMode:
		return parseMode(s)
	case IncomeZeroAtMonthEnd, SharedAccountHolds:
		return parseFlag(rule, s)
	case ContributionTiers:
		var words []string
		if s != "" {
			words = strings.Split(s, " ")
		}
		return parseTiers(words)
	case CollectionCutoff:
		return parseCutoff(s)
	case ArrivalSuspenseDays, HandoverDays, DraftDays, AccountChangeHoldDays, ClaimDays, BreakAgeDays:
		return parseDays(rule, s)
	case PayDay:
		return parsePayDay(s)
	case AmountReviewThreshold, IncidentOrdinary, IncidentMajor:
		return parseAmount(rule, s)
	case WriteOffLimit:
		return parseLimit(s)
	case BreakDueDays:
		return parseDues(s)
	case ReturnBooking:
		return parseReturn(s)
	case WorkAlarmMinutes:
		return parseMinutes(s)
	}
	return Value{}, ErrRule
}

// ParseJSON reads a value as it is stored: a string, a boolean, a number of days,
// or amounts as strings of yuan.
func ParseJSON(rule Rule, raw []byte) (Value, error) {
	switch rule {
	case CollectionMode, CollectionCutoff, AmountReviewThreshold, ReturnBooking, IncidentOrdinary, IncidentMajor,
		WriteOffLimit, BreakDueDays:
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return ParseText(rule, "")
		}
		return ParseText(rule, s)
	case IncomeZeroAtMonthEnd, SharedAccountHolds, ArrivalSuspenseDays, HandoverDays, DraftDays, AccountChangeHoldDays,
		PayDay, WorkAlarmMinutes, ClaimDays, BreakAgeDays:
		return ParseText(rule, string(raw))
	case ContributionTiers:
		var words []string
		if json.Unmarshal(raw, &words) != nil {
			return Value{}, ErrTiers
		}
		return parseTiers(words)
	}
	return Value{}, ErrRule
}

func parseMode(s string) (Value, error) {
	switch m := Mode(s); m {
	case Agency, Tax:
		return Value{rule: CollectionMode, mode: m}, nil
	}
	return Value{}, ErrMode
}

func parseFlag(rule Rule, s string) (Value, error) {
	if s != "true" && s != "false" {
		return Value{}, ErrFlag
	}
	return Value{rule: rule, flag: s == "true"}, nil
}

func parseTiers(words []string) (Value, error) {
	tiers := make([]money.Amount, 0, len(words))
	for _, w := range words {
		a, ok := yuan(w)
		if !ok || (len(tiers) > 0 && a <= tiers[len(tiers)-1]) {
			return Value{}, ErrTiers
		}
		tiers = append(tiers, a)
	}
	if len(tiers) == 0 {
		return Value{}, ErrTiers
	}
	return Value{rule: ContributionTiers, tiers: tiers}, nil
}

func parseCutoff(s string) (Value, error) {
	// Read in a common year: 29 February is no day of every year.
	d, err := calendar.ParseDay("2001-" + s)
	if err != nil {
		return Value{}, ErrCutoff
	}
	return Value{rule: CollectionCutoff, cutoff: Cutoff{d.Month().Number(), d.DayOfMonth()}}, nil
}

// yuan reads an amount above zero, whose decimals may be left out.
func yuan(s string) (money.Amount, bool) {
	if !strings.Contains(s, ".") {
		s += ".00"
	}
	a, err := money.Parse(s)
	return a, err == nil && a > 0
}

func wholeNumber(s string, least, most int) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= least && n <= most && strconv.Itoa(n) == s
}

func parseDays(rule Rule, s string) (Value, error) {
	n, ok := wholeNumber(s, 0, maxDays)
	if !ok {
		return Value{}, ErrDays
	}
	return Value{rule: rule, days: n}, nil
}

func parsePayDay(s string) (Value, error) {
	n, ok := wholeNumber(s, 1, maxPayDay)
	if !ok {
		return Value{}, ErrPayDay
	}
	return Value{rule: PayDay, days: n}, nil
}

func parseMinutes(s string) (Value, error) {
	n, ok := wholeNumber(s, 1, maxMinutes)
	if !ok {
		return Value{}, ErrMinutes
	}
	return Value{rule: WorkAlarmMinutes, minutes: n}, nil
}

func parseAmount(rule Rule, s string) (Value, error) {
	a, ok := yuan(s)
	if !ok {
		return Value{}, ErrAmount
	}
	return Value{rule: rule, amount: a}, nil
}

func parseReturn(s string) (Value, error) {
	switch p := ReturnPolicy(s); p {
	case ReturnToSuspense, ReturnInRed:
		return Value{rule: ReturnBooking, returns: p}, nil
	}
	return Value{}, ErrReturn
}

// JSON returns the value as it is stored; ParseJSON reads it back.
func (v Value) JSON() string {
	switch v.rule {
	case CollectionMode, CollectionCutoff, AmountReviewThreshold, ReturnBooking, IncidentOrdinary, IncidentMajor,
		WriteOffLimit, BreakDueDays:
		return strconv.Quote(v.String())
	case IncomeZeroAtMonthEnd, SharedAccountHolds, ArrivalSuspenseDays, HandoverDays, DraftDays, AccountChangeHoldDays,
		PayDay, WorkAlarmMinutes, ClaimDays, BreakAgeDays:
		return v.String()
	case ContributionTiers:
		return `["` + strings.Join(v.words(), `","`) + `"]`
	}
	return "null"
}

// String returns the value as a file carries it; ParseText reads it back.
func (v Value) String() string {
	switch v.rule {
	case CollectionMode:
		return string(v.mode)
	case IncomeZeroAtMonthEnd, SharedAccountHolds:
		return strconv.FormatBool(v.flag)
	case ContributionTiers:
		return strings.Join(v.words(), " ")
	case CollectionCutoff:
		return v.cutoff.String()
	case ArrivalSuspenseDays, HandoverDays, DraftDays, AccountChangeHoldDays, PayDay, ClaimDays, BreakAgeDays:
		return strconv.Itoa(v.days)
	case AmountReviewThreshold, IncidentOrdinary, IncidentMajor, WriteOffLimit:
		return v.amount.String()
	case BreakDueDays:
		return duesText(v.dues)
	case ReturnBooking:
		return string(v.returns)
	case WorkAlarmMinutes:
		return strconv.Itoa(v.minutes)
	}
	return ""
}

func (v Value) words() []string {
	words := make([]string, len(v.tiers))
	for i, t := range v.tiers {
		words[i] = t.String()
	}
	return words
}

// Equal says that both are the same value of the same rule.
func (v Value) Equal(other Value) bool {
	return v.rule == other.rule && v.mode == other.mode && v.flag == other.flag && v.cutoff == other.cutoff &&
		v.days == other.days && v.minutes == other.minutes && v.amount == other.amount && v.returns == other.returns &&
		slices.Equal(v.tiers, other.tiers) && slices.Equal(v.dues, other.dues)
}
