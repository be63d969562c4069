package policy

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// The rules of the personal account and the pension.
const (
	// ContributionSubsidies are what government adds to a year's contribution, by tier.
	ContributionSubsidies Rule = "contribution_subsidies"
	// ContributionSubsidyPayers says which government pays which share of it.
	ContributionSubsidyPayers Rule = "contribution_subsidy_payers"
	// BasePensionMinimum is the base pension a month that the centre guarantees.
	BasePensionMinimum Rule = "base_pension_minimum"
	// BasePensionAdditions are what governments below the centre add to it a month.
	BasePensionAdditions Rule = "base_pension_additions"
	// BasePensionPayers says which government pays which share of the minimum.
	BasePensionPayers Rule = "base_pension_payers"
	// BasePensionExtraPayers says which government pays which share of what is paid beyond
	// the minimum and the additions: extras for years and age.
	BasePensionExtraPayers Rule = "base_pension_extra_payers"
	// ExtraForYears is what each year of contributions from the N-th on adds a month.
	ExtraForYears Rule = "extra_for_years"
	// ExtraForAge is what is added a month from an age on.
	ExtraForAge Rule = "extra_for_age"
	// AccountDivisor is the number of months by which the account is divided.
	AccountDivisor Rule = "account_divisor"
	// AccountPensionRounding says how the account's pension is rounded.
	AccountPensionRounding Rule = "account_pension_rounding"
	// PensionAge is the age at which a pension may begin.
	PensionAge Rule = "pension_age"
	// PensionYears is how many years of contributions it takes, and at most counts
	// for those who had less than that to go at the start.
	PensionYears Rule = "pension_years"
	// SchemeStart is the day on which the scheme began, from which the years to go count.
	SchemeStart Rule = "scheme_start"
	// InterestRate is the final rate of the calendar year in which its row begins, and
	// of that year alone: next year's is another row, published late.
	InterestRate Rule = "interest_rate"
	// InterestRateProvisional is the same until the final rate is known.
	InterestRateProvisional Rule = "interest_rate_provisional"
	// DemandRate is the demand deposit's rate of the calendar year in which its row begins.
	DemandRate Rule = "demand_rate"
	// InterestMethod says what money of the current year earns.
	InterestMethod Rule = "interest_method"
	// InterestRounding says how a year's interest is rounded.
	InterestRounding Rule = "interest_rounding"
	// DrawnMonthEarns says whether money still earns in the month in which it is drawn.
	DrawnMonthEarns Rule = "drawn_month_earns"
	// DrawingOrder says from which part of the account a pension is drawn.
	DrawingOrder Rule = "drawing_order"
	// Funeral is the grant at a pensioner's death.
	Funeral Rule = "funeral_grant"
	// Inheritance says what of the balance is the heirs', by the day of death.
	Inheritance Rule = "inheritance"
	// BackPayPolicy says for each reason of a stop what is paid back when it ends.
	BackPayPolicy Rule = "back_pay"
	// ChildLinked says whether the base pension of those already of age at the start
	// stops while a child who must pay does not.
	ChildLinked Rule = "child_linked"
	// SurplusRemittance is the least share of a year's new surplus that goes to the level
	// above or into entrusted investment.
	SurplusRemittance Rule = "surplus_remittance"
	// LandLostAllowance is what a land-lost farmer of age draws a month.
	LandLostAllowance Rule = "land_lost_allowance"
)

// The errors of their values.
var (
	ErrSubsidies = errors.New("value must be tier:amount in rising order, separated by one blank, such as " +
		"100.00:30.00 500.00:60.00")
	ErrGrants = errors.New("value must be none, or level:amount of province, city and county in this order, such as " +
		"province:12.00 county:8.00")
	ErrShares = errors.New("value must be level:share of centre, province, city and county in this order, together " +
		"100%, such as centre:50% province:50%")
	ErrSteps = errors.New("value must be none, or a number of years and an amount in rising order, such as " +
		"16:2.00 21:3.00")
	ErrRate     = errors.New("value must be a rate from 0% to 100% with at most six decimals, such as 2.25%")
	ErrMethod   = errors.New("value must be formula, or demand where money of the current year earns the demand rate")
	ErrRounding = errors.New("value must be half_up, up or down to 0.01, 0.10 or 1.00, such as half_up:0.01")
	ErrOrder    = errors.New("value must be pro_rata, or the four parts individual, collective, subsidy and " +
		"interest in the order of drawing, separated by one blank")
	ErrDivisor = errors.New("value must be a number of months from 1 to 600")
	ErrAge     = errors.New("value must be an age from 40 to 80")
	ErrYears   = errors.New("value must be a number of years from 0 to 40")
	ErrDate    = errors.New("value must be a day as YYYY-MM-DD")
	ErrFuneral = errors.New("value must be none, fixed:amount or base:months, and within:days of the death where " +
		"the report is due, such as base:10 within:30")
	ErrInheritance = errors.New("value must be whole or less_subsidy")
	ErrBackPay     = errors.New("value must be reason:from_stop or reason:none, separated by one blank, for " +
		"certification_overdue, other_pension, child_unpaid, court, investigation, manual in this order")
)

const (
	maxDivisor      = 600
	minPensionAge   = 40
	maxPensionAge   = 80
	maxPensionYears = 40
	maxFuneralBases = 60
	// maxStep is more years than a person lives.
	maxStep = 150
)

// none is the value of a rule by which nothing is granted: it was decided, and is not unknown.
const none = "none"

// Rate is a yearly rate in hundred-millionths: 2.25 % is 2 250 000.
type Rate int64

// Whole is 100 %.
const Whole Rate = 100_000_000

// ParseRate reads a percentage such as 2.25%, with at most six decimals.
func ParseRate(s string) (Rate, bool) {
	digits, percent := strings.CutSuffix(s, "%")
	whole, decimals, point := strings.Cut(digits, ".")
	n, ok := wholeNumber(whole, 0, 100)
	if !percent || !ok || point && decimals == "" || len(decimals) > 6 {
		return 0, false
	}
	fraction, err := strconv.ParseUint(decimals+strings.Repeat("0", 6-len(decimals)), 10, 32)
	r := Rate(n)*Whole/100 + Rate(fraction)
	return r, err == nil && r <= Whole
}

// String returns the percentage without needless zeros.
func (r Rate) String() string {
	s := fmt.Sprintf("%d.%06d", r/(Whole/100), r%(Whole/100))
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") + "%"
}

func parseRate(s string) (Value, bool) {
	r, ok := ParseRate(s)
	return Value{rate: r}, ok
}

func rateText(v Value) string { return v.rate.String() }

// Yearly says that a row of the rule holds for the calendar year in which it begins, so
// that a year has one.
func (r Rule) Yearly() bool {
	return r == InterestRate || r == InterestRateProvisional || r == DemandRate
}

// Least says that an area may decide more than the nation and never less: on each day the higher
// amount holds.
func (r Rule) Least() bool { return r == BasePensionMinimum }

// Below is the nation's row that holds on the first day of one of a least amount and is higher; ok is
// false where there is none.
func (r Row) Below(nations []Row) (higher Row, ok bool) {
	if r.Area == nation || !r.Rule.Least() {
		return Row{}, false //nolint:exhaustruct // none
	}
	for _, n := range nations {
		if n.Area == nation && n.Rule == r.Rule && !r.From.Before(n.From) && (!ok || higher.From.Before(n.From)) {
			higher, ok = n, true
		}
	}
	return higher, ok && higher.Value.amount > r.Value.amount
}

// Rate returns the value of InterestRate, InterestRateProvisional, DemandRate and
// SurplusRemittance.
func (v Value) Rate() Rate { return v.rate }

// Amount returns the value of BasePensionMinimum, LandLostAllowance and other amounts.
func (v Value) Amount() money.Amount { return v.amount }

// Number returns the value of AccountDivisor in months, of PensionAge and PensionYears
// in years, and of other counts.
func (v Value) Number() int { return v.number }

// Flag returns the value of DrawnMonthEarns, ChildLinked and other flags.
func (v Value) Flag() bool { return v.flag }

// Day returns the value of SchemeStart.
func (v Value) Day() calendar.Day { return v.day }

func parseDate(s string) (Value, bool) {
	d, err := calendar.ParseDay(s)
	return Value{day: d}, err == nil
}

func dateText(v Value) string { return v.day.String() }

// Method is what money of the current year earns.
type Method string

// The methods.
const (
	// FullFormula gives it the year's rate from the month after its posting on.
	FullFormula Method = "formula"
	// DemandForCurrentYear gives it the demand rate for the same months.
	DemandForCurrentYear Method = "demand"
)

// Method returns the value of InterestMethod.
func (v Value) Method() Method { return Method(v.word) }

// Heirs is what of the balance is theirs.
type Heirs string

// What heirs receive.
const (
	WholeBalance Heirs = "whole"
	LessSubsidy  Heirs = "less_subsidy"
)

// Heirs returns the value of Inheritance.
func (v Value) Heirs() Heirs { return Heirs(v.word) }

// RoundingMode is where an amount between two units goes.
type RoundingMode string

// The modes of rounding.
const (
	HalfUp RoundingMode = "half_up"
	Up     RoundingMode = "up"
	Down   RoundingMode = "down"
)

// Rounding is how an exact amount becomes a payable one: a multiple of the unit.
type Rounding struct {
	Mode RoundingMode
	Unit money.Amount
}

func parseRounding(s string) (Value, bool) {
	mode, unit, _ := strings.Cut(s, ":")
	r := Rounding{RoundingMode(mode), 0}
	var err error
	r.Unit, err = money.Parse(unit)
	return Value{rounding: r}, err == nil && slices.Contains([]money.Amount{1, 10, 100}, r.Unit) &&
		slices.Contains([]RoundingMode{HalfUp, Up, Down}, r.Mode)
}

func roundingText(v Value) string { return string(v.rounding.Mode) + ":" + v.rounding.Unit.String() }

// Rounding returns the value of InterestRounding and AccountPensionRounding.
func (v Value) Rounding() Rounding { return v.rounding }

// Part is one of the four parts of a personal account.
type Part string

// The parts, in the order in which they are written everywhere.
const (
	Individual Part = "individual"
	Collective Part = "collective"
	Subsidy    Part = "subsidy"
	Interest   Part = "interest"
)

const proRata = "pro_rata"

func parseOrder(s string) (Value, bool) {
	if s == proRata {
		return Value{}, true
	}
	var order []Part
	for word := range strings.SplitSeq(s, " ") {
		p := Part(word)
		if !slices.Contains([]Part{Individual, Collective, Subsidy, Interest}, p) || slices.Contains(order, p) {
			return Value{}, false
		}
		order = append(order, p)
	}
	return Value{order: order}, len(order) == 4
}

func orderText(v Value) string {
	if len(v.order) == 0 {
		return proRata
	}
	return join(v.order, func(p Part) string { return string(p) })
}

// Order returns the value of DrawingOrder: the parts one after another, or nothing
// where each gives in proportion.
func (v Value) Order() []Part { return slices.Clone(v.order) }

// Level is a level of government.
type Level string

// The levels, from the top.
const (
	Centre   Level = "centre"
	Province Level = "province"
	City     Level = "city"
	County   Level = "county"
)

// Levels lists them from the top.
func Levels() []Level { return []Level{Centre, Province, City, County} }

// Grant is what a level of government adds a month.
type Grant struct {
	Level  Level
	Amount money.Amount
}

// pairs reads key:value words that are separated by one blank and whose keys rise.
func pairs[K any, P any](s string, read func(key, value string) (P, bool), key func(P) K, compare func(a, b K) int) (
	[]P, bool,
) {
	var out []P
	for word := range strings.SplitSeq(s, " ") {
		k, v, found := strings.Cut(word, ":")
		p, ok := read(k, v)
		if n := len(out); !found || !ok || n > 0 && compare(key(out[n-1]), key(p)) >= 0 {
			return nil, false
		}
		out = append(out, p)
	}
	return out, true
}

// fromTheTop orders levels of government.
func fromTheTop(a, b Level) int {
	return cmp.Compare(slices.Index(Levels(), a), slices.Index(Levels(), b))
}

func parseGrants(s string) (Value, bool) {
	if s == none {
		return Value{}, true
	}
	grants, ok := pairs(s, func(level, amount string) (Grant, bool) {
		a, ok := yuan(amount)
		return Grant{Level(level), a}, ok && slices.Contains(Levels()[1:], Level(level))
	}, func(g Grant) Level { return g.Level }, fromTheTop)
	return Value{grants: grants}, ok
}

func grantsText(v Value) string {
	if len(v.grants) == 0 {
		return none
	}
	return join(v.grants, func(g Grant) string { return string(g.Level) + ":" + g.Amount.String() })
}

// Grants returns the value of BasePensionAdditions.
func (v Value) Grants() []Grant { return slices.Clone(v.grants) }

// Share is the share that a level of government pays.
type Share struct {
	Level Level
	Rate  Rate
}

func parseShares(s string) (Value, bool) {
	shares, ok := pairs(s, func(level, rate string) (Share, bool) {
		r, ok := ParseRate(rate)
		return Share{Level(level), r}, ok && r > 0 && slices.Contains(Levels(), Level(level))
	}, func(s Share) Level { return s.Level }, fromTheTop)
	var sum Rate
	for _, share := range shares {
		sum += share.Rate
	}
	return Value{shares: shares}, ok && sum == Whole
}

func sharesText(v Value) string {
	return join(v.shares, func(s Share) string { return string(s.Level) + ":" + s.Rate.String() })
}

// Shares returns the value of BasePensionPayers, BasePensionExtraPayers and
// ContributionSubsidyPayers.
func (v Value) Shares() []Share { return slices.Clone(v.shares) }

// Divide parts an amount of fen by shares, in their order; of the fen that do not divide
// the levels from the top take one each.
func Divide(amount money.Amount, shares []Share) []money.Amount {
	parts, left := make([]money.Amount, len(shares)), amount
	for i, s := range shares {
		part := new(big.Int).Mul(big.NewInt(amount.Fen()), big.NewInt(int64(s.Rate)))
		parts[i] = money.Amount(part.Quo(part, big.NewInt(int64(Whole))).Int64())
		left -= parts[i]
	}
	one := money.Amount(1)
	if left < 0 {
		one = -1
	}
	for i := 0; left != 0; i++ {
		parts[i%len(parts)] += one
		left -= one
	}
	return parts
}

// Step is an amount from a number of years on.
type Step struct {
	From   int
	Amount money.Amount
}

func parseSteps(s string) (Value, bool) {
	if s == none {
		return Value{}, true
	}
	steps, ok := pairs(s, func(from, amount string) (Step, bool) {
		n, ok := wholeNumber(from, 1, maxStep)
		a, sound := yuan(amount)
		return Step{n, a}, ok && sound
	}, func(s Step) int { return s.From }, cmp.Compare[int])
	return Value{steps: steps}, ok
}

func stepsText(v Value) string {
	if len(v.steps) == 0 {
		return none
	}
	return join(v.steps, func(s Step) string { return strconv.Itoa(s.From) + ":" + s.Amount.String() })
}

// Steps returns the value of ExtraForYears, by which each year from the step's on
// adds its amount, and of ExtraForAge, of which the highest step reached counts.
func (v Value) Steps() []Step { return slices.Clone(v.steps) }

// TierSubsidy is what government adds to a year's contribution of a tier and above.
type TierSubsidy struct{ Tier, Amount money.Amount }

func parseSubsidies(s string) (Value, bool) {
	subsidies, ok := pairs(s, func(tier, amount string) (TierSubsidy, bool) {
		t, ok := yuan(tier)
		a, sound := yuan(amount)
		return TierSubsidy{t, a}, ok && sound
	}, func(s TierSubsidy) money.Amount { return s.Tier }, cmp.Compare[money.Amount])
	return Value{subsidies: subsidies}, ok
}

func subsidiesText(v Value) string {
	return join(v.subsidies, func(s TierSubsidy) string { return s.Tier.String() + ":" + s.Amount.String() })
}

// Subsidy returns by the value of ContributionSubsidies what is added to a year's
// contribution; nothing below the lowest tier.
func (v Value) Subsidy(contribution money.Amount) money.Amount {
	var amount money.Amount
	for _, s := range v.subsidies {
		if contribution >= s.Tier {
			amount = s.Amount
		}
	}
	return amount
}

// FuneralGrant is a fixed sum, or a number of base pensions of the month of death.
// Both zero is none.
type FuneralGrant struct {
	Fixed money.Amount
	Bases int
	// Within is by how many days after the death it must be reported; 0 is any time.
	Within int
}

func parseFuneral(s string) (Value, bool) {
	grant, within, limited := strings.Cut(s, " ")
	var f FuneralGrant
	ok := s == none
	if fixed, found := strings.CutPrefix(grant, "fixed:"); found {
		f.Fixed, ok = yuan(fixed)
	}
	if bases, found := strings.CutPrefix(grant, "base:"); found {
		f.Bases, ok = wholeNumber(bases, 1, maxFuneralBases)
	}
	if !limited || !ok {
		return Value{funeral: f}, ok
	}
	days, found := strings.CutPrefix(within, "within:")
	f.Within, ok = wholeNumber(days, 1, maxDays)
	return Value{funeral: f}, ok && found
}

func funeralText(v Value) string {
	f := v.funeral
	text := none
	switch {
	case f.Fixed > 0:
		text = "fixed:" + f.Fixed.String()
	case f.Bases > 0:
		text = "base:" + strconv.Itoa(f.Bases)
	}
	if f.Within > 0 {
		text += " within:" + strconv.Itoa(f.Within)
	}
	return text
}

// Funeral returns the value of Funeral.
func (v Value) Funeral() FuneralGrant { return v.funeral }

// Amount returns the grant for a death by the base pension of its month; nothing
// where it was reported too late.
func (f FuneralGrant) Amount(base money.Amount, died, reported calendar.Day) money.Amount {
	if f.Within > 0 && died.DaysUntil(reported) > f.Within {
		return 0
	}
	return f.Fixed + money.Amount(f.Bases)*base
}

// StopReason is why a pension stopped, by the name of the hold.
type StopReason string

// The reasons.
const (
	StopCertification StopReason = "certification_overdue"
	StopOtherPension  StopReason = "other_pension"
	StopChildUnpaid   StopReason = "child_unpaid"
	StopCourt         StopReason = "court"
	StopInvestigation StopReason = "investigation"
	StopManual        StopReason = "manual"
)

func stopReasons() []StopReason {
	return []StopReason{
		StopCertification, StopOtherPension, StopChildUnpaid, StopCourt, StopInvestigation, StopManual,
	}
}

// BackPay says whether a stop's months are paid when it ends.
type BackPay struct {
	Reason StopReason
	// FromStop pays from the month of the stop on; else nothing is paid back.
	FromStop bool
}

const fromStop = "from_stop"

func parseBackPay(s string) (Value, bool) {
	list, ok := pairs(s, func(reason, months string) (BackPay, bool) {
		b := BackPay{StopReason(reason), months == fromStop}
		return b, slices.Contains(stopReasons(), b.Reason) && (b.FromStop || months == none)
	}, func(b BackPay) int { return slices.Index(stopReasons(), b.Reason) }, cmp.Compare[int])
	return Value{backPay: list}, ok
}

func backPayText(v Value) string {
	return join(v.backPay, func(b BackPay) string {
		if b.FromStop {
			return string(b.Reason) + ":" + fromStop
		}
		return string(b.Reason) + ":" + none
	})
}

// BackPay returns by the value of BackPayPolicy whether a stop for this reason is
// paid back; known is false where the area has not decided about it.
func (v Value) BackPay(reason StopReason) (fromStop, known bool) {
	for _, b := range v.backPay {
		if b.Reason == reason {
			return b.FromStop, true
		}
	}
	return false, false
}
