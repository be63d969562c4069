package policy

import "strings"

// jsonForm is how a value stands in JSON.
type jsonForm int

const (
	// quoted is a string.
	quoted jsonForm = iota
	// bare is a boolean or a whole number.
	bare
	// list is a list of strings.
	list
)

// form is how the values of a rule are read and written.
type form struct {
	json  jsonForm
	parse func(string) (Value, bool)
	text  func(Value) string
	// err says what a value must be.
	err error
}

// All returns every rule in the order of their names.
func All() []Rule {
	return []Rule{
		AccountChangeHoldDays, AccountDivisor, AccountPensionRounding, AidLimited, AmountReviewThreshold,
		ArrivalSuspenseDays, BackPayPolicy, BasePensionAdditions, BasePensionExtraPayers, BasePensionMinimum,
		BasePensionPayers, BreakAgeDays, BreakDueDays, CertificationCycle, CertificationScreen, ChildLinked,
		ClaimDays, CollectionCutoff, CollectionMode, ContributionSubsidies, ContributionSubsidyPayers,
		ContributionTiers, DemandRate, DraftDays, DrawingOrder, DrawnMonthEarns, ExtraForAge, ExtraForYears,
		Funeral, GovernmentPaidGroups, HandoverDays, IncidentMajor, IncidentOrdinary, IncomeZeroAtMonthEnd,
		Inheritance, InterestMethod, InterestRate, InterestRateProvisional, InterestRounding, LandLostAllowance,
		PayDay, PensionAge, PensionYears, PensionerStays, ReturnBooking, SchemeStart, SharedAccountHolds,
		SubsidyWarningDays, SurplusRemittance, TransferStepDays, WorkAlarmMinutes, WriteOffLimit,
	}
}

func names() []string {
	rules := All()
	out := make([]string, len(rules))
	for i, r := range rules {
		out[i] = string(r)
	}
	return out
}

// Form says in words what a value of the rule is, such as "agency or tax"; it is
// empty for a rule that nobody knows.
func (r Rule) Form() string {
	f, ok := r.form()
	if !ok {
		return ""
	}
	return strings.TrimPrefix(f.err.Error(), "value must be ")
}

func (r Rule) form() (form, bool) {
	switch r {
	case CollectionMode:
		return form{quoted, parseWord(string(Agency), string(Tax)), wordText, ErrMode}, true
	case IncomeZeroAtMonthEnd, SharedAccountHolds, DrawnMonthEarns, ChildLinked, CertificationScreen, AidLimited,
		PensionerStays:
		return form{bare, parseFlag, flagText, ErrFlag}, true
	case ContributionTiers:
		return form{list, parseTiers, tiersText, ErrTiers}, true
	case CollectionCutoff:
		return form{quoted, parseCutoff, cutoffText, ErrCutoff}, true
	case ArrivalSuspenseDays, HandoverDays, DraftDays, SubsidyWarningDays, AccountChangeHoldDays, ClaimDays,
		BreakAgeDays, TransferStepDays:
		return form{bare, parseNumber(0, maxDays), numberText, ErrDays}, true
	case PayDay:
		return form{bare, parseNumber(1, maxPayDay), numberText, ErrPayDay}, true
	case AmountReviewThreshold, IncidentOrdinary, IncidentMajor, BasePensionMinimum, LandLostAllowance:
		return form{quoted, parseAmount, amountText, ErrAmount}, true
	case WriteOffLimit:
		return form{quoted, parseLimit, amountText, ErrLimit}, true
	case BreakDueDays:
		return form{quoted, parseDues, duesText, ErrDues}, true
	case ReturnBooking:
		return form{quoted, parseWord(string(ReturnToSuspense), string(ReturnInRed)), wordText, ErrReturn}, true
	case WorkAlarmMinutes:
		return form{bare, parseNumber(1, maxMinutes), numberText, ErrMinutes}, true
	case ContributionSubsidies:
		return form{quoted, parseSubsidies, subsidiesText, ErrSubsidies}, true
	case InterestRate, InterestRateProvisional, DemandRate, SurplusRemittance:
		return form{quoted, parseRate, rateText, ErrRate}, true
	case InterestMethod:
		return form{quoted, parseWord(string(FullFormula), string(DemandForCurrentYear)), wordText, ErrMethod}, true
	case InterestRounding, AccountPensionRounding:
		return form{quoted, parseRounding, roundingText, ErrRounding}, true
	case DrawingOrder:
		return form{quoted, parseOrder, orderText, ErrOrder}, true
	case BasePensionAdditions:
		return form{quoted, parseGrants, grantsText, ErrGrants}, true
	case BasePensionPayers, BasePensionExtraPayers, ContributionSubsidyPayers:
		return form{quoted, parseShares, sharesText, ErrShares}, true
	case ExtraForYears, ExtraForAge:
		return form{quoted, parseSteps, stepsText, ErrSteps}, true
	case AccountDivisor:
		return form{bare, parseNumber(1, maxDivisor), numberText, ErrDivisor}, true
	case PensionAge:
		return form{bare, parseNumber(minPensionAge, maxPensionAge), numberText, ErrAge}, true
	case PensionYears:
		return form{bare, parseNumber(0, maxPensionYears), numberText, ErrYears}, true
	case SchemeStart:
		return form{quoted, parseDate, dateText, ErrDate}, true
	case Funeral:
		return form{quoted, parseFuneral, funeralText, ErrFuneral}, true
	case Inheritance:
		return form{quoted, parseWord(string(WholeBalance), string(LessSubsidy)), wordText, ErrInheritance}, true
	case GovernmentPaidGroups:
		return form{list, parseGroups, groupsText, ErrGroups}, true
	case CertificationCycle:
		return form{quoted, parseCycle, cycleText, ErrCycle}, true
	case BackPayPolicy:
		return form{quoted, parseBackPay, backPayText, ErrBackPay}, true
	}
	return form{}, false
}
