package registry

import (
	"slices"
	"strings"

	"twoline/gateway/approval"
	"twoline/gateway/policy"
)

// Kind is what a file of import holds.
type Kind string

// The kinds of import, in the order in which an area is set up.
const (
	KindAreas           Kind = "areas"
	KindRegions         Kind = "regions"
	KindPolicies        Kind = "policies"
	KindBanks           Kind = "banks"
	KindFundAccounts    Kind = "fund-accounts"
	KindMembers         Kind = "members"
	KindInstruments     Kind = "instruments"
	KindMandates        Kind = "mandates"
	KindTiers           Kind = "tiers"
	KindOpeningAccounts Kind = "opening-accounts"
	KindEntitlements    Kind = "entitlements"
	KindDeaths          Kind = "deaths"
	KindHolds           Kind = "holds"
	KindActivations     Kind = "activations"
	KindBudgets         Kind = "budgets"
	KindServiceYears    Kind = "service-years"
	KindPensionCases    Kind = "pension-cases"
	KindCertifications  Kind = "certifications"
	KindComparisons     Kind = "comparisons"
	KindTargets         Kind = "targets"
)

// Column is one column of a kind.
type Column struct {
	Name string
	// Optional columns may be left out, or their fields left empty.
	Optional bool
	// Text says what the field holds and which form it has.
	Text string
}

// Spec describes a kind of import: the text of help, API and errors.
type Spec struct {
	Kind    Kind
	Text    string
	Columns []Column
	// Key names the columns that identify a row.
	Key []string
	// By are the organisations whose makers may import it; a system
	// administrator's import of reference data is marked by Admin.
	By    []approval.Organisation
	Admin bool
}

// Names returns the columns' names, separated by commas: a file's header.
func (s Spec) Names() string {
	names := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		names[i] = c.Name
	}
	return strings.Join(names, ",")
}

// SpecOf returns the description of a kind, and false for an unknown one.
func SpecOf(kind Kind) (Spec, bool) {
	all := Specs()
	i := slices.IndexFunc(all, func(s Spec) bool { return s.Kind == kind })
	if i < 0 {
		return Spec{}, false
	}
	return all[i], true
}

const (
	textMember = "18-character id number of a member of the area"
	textBank   = "code of a bank of the area"
	textYuan   = "yuan with two decimals, 0.00 for none"
	textDay    = "YYYY-MM-DD"
)

// Specs returns every kind with its columns, in the order in which an area is
// set up. The area itself is the officer's and is no column.
func Specs() []Spec {
	return slices.Concat(referenceSpecs(), peopleSpecs(), payeeSpecs(), pensionSpecs(), lifeSpecs())
}

func referenceSpecs() []Spec {
	agency := []approval.Organisation{approval.AgencyBusiness, approval.AgencyFinance}
	return []Spec{
		{KindAreas, "pooling areas", []Column{
			{"area", false, "6 digits of GB/T 2260"},
			{"name", false, "1 to 60 characters"},
		}, []string{"area"}, nil, true},
		{KindRegions, "counties, townships and villages, parents before children", []Column{
			{"region", false, "12 digits: county 6, township 3, village 3; zeros for what is above"},
			{"name", false, "1 to 60 characters"},
		}, []string{"region"}, agency, true},
		{KindPolicies, "rules of the area by effective date, before its first fund account; then they change by POST " +
			"/v1/policies", []Column{
			{"rule", false, "one of " + ruleNames()},
			{"effective_from", false, textDay + ", the first day on which the value holds"},
			{"value", false, "by the rule: " + ruleForms()},
			{"document", false, "where the rule is written, 1 to 200 characters"},
		}, []string{"rule", "effective_from"}, agency, true},
		{KindBanks, "partner banks", []Column{
			{"bank", false, "code: 2 to 32 lower-case letters, digits and hyphens, a letter first"},
			{"bank_no", false, "12-digit CNAPS bank number with its check digit"},
			{"name", false, "1 to 60 characters"},
			{"format", false, "json, jsonl or the name of a profile, such as rural-cooperative"},
			{"row_limit", false, "rows in one batch, 1 to 150000"},
			{"charset", true, "of its files: gb18030, gbk, utf-8, latin-1; else the first that its profile names"},
		}, []string{"bank"}, agency, true},
		{KindFundAccounts, "bank accounts of the fund, one of each role, scheme and bank", []Column{
			{"scheme", false, "resident, rural, urban or land_lost"},
			{"role", false, "income, fiscal_special, fixed_deposit, expenditure or treasury"},
			{"bank", false, textBank},
			{"account_no", false, "5 to 32 digits, letters or hyphens"},
			{"name", false, "1 to 60 characters"},
			{"settlement", true, "net (when empty), gross or itemised"},
			{"opened_on", false, textDay + ", the day from which the book is kept; the first account's is the go-live" +
				" day of its scheme"},
		}, []string{"scheme", "role", "bank"}, []approval.Organisation{approval.AgencyFinance}, false},
		{KindBudgets, "what was decided of income and expenditure for a year", []Column{
			{"scheme", false, "resident, rural, urban or land_lost"},
			{"year", false, "2009 to 2100"},
			{"account", false, "one of " + budgetNames()},
			{"amount", false, textYuan},
			{"document", false, "the decision, 1 to 200 characters; a later one on the account and year is another's"},
		}, []string{"scheme", "year", "account", "document"}, []approval.Organisation{approval.AgencyFinance}, false},
	}
}

func ruleNames() string {
	var names []string
	for _, r := range policy.All() {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}

// ruleForms lists what values are, and of which rules.
func ruleForms() string {
	var forms []string
	rules := make(map[string][]string)
	for _, r := range policy.All() {
		f := r.Form()
		if rules[f] == nil {
			forms = append(forms, f)
		}
		rules[f] = append(rules[f], string(r))
	}
	for i, f := range forms {
		forms[i] = strings.Join(rules[f], ", ") + ": " + f
	}
	return strings.Join(forms, "; ")
}

func peopleSpecs() []Spec {
	business := []approval.Organisation{approval.AgencyBusiness}
	return []Spec{
		{KindMembers, "enrolled persons: once, and once more for the allowance of land-lost farmers", []Column{
			{"id_number", false, "18 characters of GB 11643; a number of 15 digits is refused"},
			{"social_no", false, "social-security number, 4 to 32 digits, capitals and hyphens"},
			{"name", false, "1 to 60 characters"},
			{"region", false, "12 digits of a region of the area"},
			{"scheme", false, "resident, rural, urban or land_lost"},
			{"joined_on", false, textDay + ", at the age of 16 or more"},
		}, []string{"id_number", "scheme"}, business, false},
		{KindInstruments, "cards and passbooks of members", []Column{
			{"id_number", false, textMember},
			{"bank", false, textBank},
			{"kind", false, "card (13 to 19 digits with a check digit) or passbook (5 to 32 characters, none)"},
			{"account_no", false, "the number"},
			{"activated", false, "true where the person can draw from it, else false"},
			{"for_payout", false, "true for the one account that benefits go to, else false"},
			{"opened_on", false, textDay},
			{"scheme", true, textScheme},
		}, []string{"id_number", "bank", "account_no"}, business, false},
		{KindMandates, "authorities to debit", []Column{
			{"id_number", false, textMember},
			{"bank", false, textBank},
			{"account_no", false, "an instrument of the member at the bank"},
			{"number", false, "the bank's number, 1 to 60 visible characters"},
			{"signed_on", false, textDay},
		}, []string{"bank", "number"}, business, false},
		{KindTiers, "yearly amounts that members chose, also anew until something is paid for the year", []Column{
			{"id_number", false, textMember},
			{"year", false, "2009 to 2100"},
			{"amount", false, "one of the area's tiers of that year, yuan with two decimals"},
			{"chosen_on", false, textDay + "; of two choices of a year the later one holds"},
		}, []string{"id_number", "year"}, business, false},
		{KindOpeningAccounts, "personal accounts on the day before go-live", []Column{
			{"id_number", false, textMember},
			{"individual", false, textYuan},
			{"collective", false, textYuan},
			{"subsidy", false, textYuan},
			{"interest", false, textYuan},
		}, []string{"id_number"}, business, false},
	}
}

// textSocialNo and textScheme describe the columns beside the id number that name a member.
const (
	textSocialNo = "the member's social-security number, in place of the id number or beside it"
	textScheme   = "of a person who draws the allowance of land-lost farmers beside a pension: land_lost for that " +
		"one, else the pension's"
)

func payeeSpecs() []Spec {
	business := []approval.Organisation{approval.AgencyBusiness}
	member := []Column{
		{"id_number", true, textMember + "; needed without social_no"},
		{"social_no", true, textSocialNo},
		{"scheme", true, textScheme},
	}
	return []Spec{
		{KindEntitlements, "what members are to be paid a month", append(slices.Clone(member), []Column{
			{"component", false, "base_pension, account_pension, funeral_grant or one_off"},
			{"from_month", false, "YYYY-MM, the first month that the amount is for"},
			{"amount", false, textYuan + ": the component ends"},
			{"document", false, "the decision, 1 to 200 characters; a later decision on the same month is another's"},
		}...), []string{"id_number", "component", "from_month", "document"}, business, false},
		{KindDeaths, "members whose death was reported", append(slices.Clone(member), []Column{
			{"died_on", false, textDay},
			{"source", false, "who reported it, 1 to 60 characters"},
			{"document", false, "the list or certificate, 1 to 200 characters"},
		}...), []string{"id_number", "died_on", "source"}, business, false},
		{KindHolds, "members who are not paid until two people release them", append(slices.Clone(member), []Column{
			{"reason", false, holdReasonText()},
			{"from_month", false, "YYYY-MM, the first month that is held back"},
			{"text", true, "what the officer of the release has to know, at most 200 characters"},
		}...), []string{"id_number", "reason", "from_month"}, business, false},
		{KindActivations, "accounts that their holders can draw from now, or no longer", append(slices.Clone(member),
			[]Column{
				{"bank", false, textBank},
				{"account_no", false, "an instrument of the member at the bank"},
				{"activated", false, "true where the person can draw from it, else false"},
			}...), []string{"id_number", "bank", "account_no"}, business, false},
		{
			KindTargets, "how many people regions are to enrol newly, in heads; a document's totals are rows, too",
			[]Column{
				{"region", false, "12 digits of a village or township of the area, or of its county for a total"},
				{"year", true, "2009 to 2100; empty is the document's figure for all of its years"},
				{"heads", false, "whole number from 0"},
				{"document", false, "where it is written, 1 to 200 characters; each document's sums are its own"},
			},
			[]string{"region", "year", "document"},
			business, false,
		},
	}
}

func pensionSpecs() []Spec {
	business := []approval.Organisation{approval.AgencyBusiness}
	member := []Column{
		{"id_number", true, textMember + "; needed without social_no"},
		{"social_no", true, textSocialNo},
		{"scheme", true, textScheme},
	}
	return []Spec{
		{KindServiceYears, "for how many years members had paid before the book began", append(slices.Clone(member),
			[]Column{
				{"years", false, "0 to 100; years that the book shows are not counted here"},
				{"document", false, "the decision, 1 to 200 characters; a later decision is another's"},
			}...), []string{"id_number", "document"}, business, false},
		{KindPensionCases, "members who applied for a pension", append(slices.Clone(member), []Column{
			{"applied_on", false, textDay},
			{"note", true, "what keeps its mark, such as a balance of the old scheme, at most 200 characters"},
			{"document", false, "the application, 1 to 200 characters"},
		}...), []string{"id_number", "applied_on", "document"}, business, false},
	}
}

// lifeSpecs are what members and other offices say about members' lives.
func lifeSpecs() []Spec {
	business := []approval.Organisation{approval.AgencyBusiness}
	return []Spec{
		{KindCertifications, "members who proved that they live", []Column{
			{"id_number", true, textMember + "; needed without social_no"},
			{"social_no", true, textSocialNo},
			{"way", false, "self_service (the member's face, on a telephone or terminal), counter, village_list, " +
				"home_visit, or entrusted (another agency, or a consulate abroad)"},
			{"certified_on", false, textDay},
			{"document", false, "the list or form, 1 to 200 characters"},
		}, []string{"id_number", "certified_on", "way"}, business, false},
		{KindComparisons, "other offices' lists, compared with members; a line that fits nobody is not kept", []Column{
			{"list", false, "cremations, police (deregistered), employee_pension or court"},
			{"name", false, "1 to 60 characters"},
			{"id_number", true, "18 characters, or the 15 digits of an old one"},
			{"born", true, textDay + "; without it and a number nothing can be compared"},
			{"happened_on", true, textDay + ": the death, the other pension's or sentence's start; needed of a death"},
			{"source", false, "whose list it is, 1 to 60 characters"},
			{"document", false, "the list's own name, 1 to 200 characters"},
		}, []string{"list", "document", "id_number"}, business, false},
	}
}
