package registry

import (
	"slices"
	"strings"

	"twoline/gateway/approval"
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
func Specs() []Spec { return append(referenceSpecs(), peopleSpecs()...) }

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
		{KindPolicies, "rules of the area by effective date", []Column{
			{"rule", false, "collection_mode, income_zero_at_month_end, contribution_tiers, collection_cutoff" +
				" or arrival_suspense_days"},
			{"effective_from", false, textDay + ", the first day on which the value holds"},
			{"value", false, "agency or tax; true or false; amounts separated by one blank; MM-DD; working days"},
			{"document", false, "where the rule is written, 1 to 200 characters"},
		}, []string{"rule", "effective_from"}, agency, true},
		{KindBanks, "partner banks", []Column{
			{"bank", false, "code: 2 to 32 lower-case letters, digits and hyphens, a letter first"},
			{"bank_no", false, "12-digit CNAPS bank number with its check digit"},
			{"name", false, "1 to 60 characters"},
			{"format", false, "json, jsonl or rural-cooperative"},
			{"row_limit", false, "rows in one batch, 1 to 150000"},
			{"charset", true, "of its files: gb18030 (when empty), gbk or utf-8"},
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
	}
}

func peopleSpecs() []Spec {
	business := []approval.Organisation{approval.AgencyBusiness}
	return []Spec{
		{KindMembers, "enrolled persons", []Column{
			{"id_number", false, "18 characters of GB 11643; a number of 15 digits is refused"},
			{"social_no", false, "social-security number, 4 to 32 digits, capitals and hyphens"},
			{"name", false, "1 to 60 characters"},
			{"region", false, "12 digits of a region of the area"},
			{"scheme", false, "resident, rural, urban or land_lost"},
			{"joined_on", false, textDay + ", at the age of 16 or more"},
		}, []string{"id_number"}, business, false},
		{KindInstruments, "cards and passbooks of members", []Column{
			{"id_number", false, textMember},
			{"bank", false, textBank},
			{"kind", false, "card (13 to 19 digits with a check digit) or passbook (5 to 32 characters, none)"},
			{"account_no", false, "the number"},
			{"activated", false, "true where the person can draw from it, else false"},
			{"for_payout", false, "true for the one account that benefits go to, else false"},
			{"opened_on", false, textDay},
		}, []string{"id_number", "bank", "account_no"}, business, false},
		{KindMandates, "authorities to debit", []Column{
			{"id_number", false, textMember},
			{"bank", false, textBank},
			{"account_no", false, "an instrument of the member at the bank"},
			{"number", false, "the bank's number, 1 to 60 visible characters"},
			{"signed_on", false, textDay},
		}, []string{"bank", "number"}, business, false},
		{KindTiers, "yearly amounts that members chose", []Column{
			{"id_number", false, textMember},
			{"year", false, "2009 to 2100"},
			{"amount", false, "one of the area's tiers of that year, yuan with two decimals"},
			{"chosen_on", false, textDay},
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
