package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"twoline/gateway/calendar"
	"twoline/gateway/entitlement"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// calculateCommand tells a member's account and pension from a history in a file,
// and which rules made each figure. It needs no database.
type calculateCommand struct {
	File string `arg:"" help:"JSON of the policy, the month and the member; - reads the standard input."`
	Lang string `default:"zh" enum:"zh,en" help:"Language of the report and of its reasons: zh or en."`
	JSON bool   `name:"json" help:"Print the figures and reasons as JSON."`
}

// Help shows the form of the file and the rules.
func (*calculateCommand) Help() string {
	return `The file is one object:

  {"policy": "national-minimum", "as_of": "2025-11",
   "member": {"birth": "1960-01-15", "years": 15,
    "opening": {"individual": "13900.00", "collective": "0.00", "subsidy": "0.00", "interest": "0.00"},
    "payments": [{"year": 2011, "amount": "100.00", "paid_on": "2011-05-20", "kind": "individual"}]}}

years counts all years paid, those of payments included. opening is the balance on the day before the pension
starts (no pension yet: at the end of as_of), interest included, beside what payments lists; it and payments may be
left out. kind is individual, collective or subsidy. A payment after the pension began is refused.

policy is national-minimum, which holds what the nation decided, or rules of an area before it, in the columns of
twoline import policies:

  {"area": "610304", "rules": [{"rule": "interest_rate", "effective_from": "2011-01-01", "value": "2.25%",
   "document": "where it is written"}]}

area may be left out. An interest rate holds for the year in which it begins; a year without one in which something
earned is refused. Rules and their values:

` + ruleForms()
}

func ruleForms() string {
	var text strings.Builder
	for _, r := range policy.All() {
		fmt.Fprintf(&text, "  %-26s %s\n", r, r.Form())
	}
	return text.String()
}

var errCalculate = fault.New(fault.Invalid, "calculate", "the file cannot be calculated")

const (
	// maxMemberFile is far above what a member's life fills.
	maxMemberFile = 1 << 20

	hintCalculate = "twoline calculate --help shows the form of the file"
	hintRule      = "give it as a row of policy.rules with its document: twoline calculate --help lists the rules and their values"
)

// Run calculates and prints.
func (cmd *calculateCommand) Run(a *app) error {
	raw, err := cmd.read(a)
	if err != nil {
		return err
	}
	in, err := readMemberFile(raw)
	if err != nil {
		return cmd.refused(err)
	}
	rules, err := policy.New(in.area, append(policy.National(), in.rows...))
	if err != nil {
		return cmd.refused(err)
	}
	terms, err := entitlement.New(rules)
	if err != nil {
		return cmd.refused(err)
	}
	statement, err := terms.Pension(&in.member, in.asOf)
	if err != nil {
		return cmd.refused(err)
	}
	reasons, err := statement.Because()
	if err != nil {
		return cmd.refused(err)
	}
	r := newCalculation(&statement, reasons, calculateWordsOf(cmd.Lang))
	if cmd.JSON {
		return printJSON(a.std.out, r)
	}
	return r.write(a.std.out, in, calculateWordsOf(cmd.Lang))
}

func (cmd *calculateCommand) read(a *app) ([]byte, error) {
	source := a.std.in
	if cmd.File != "-" {
		f, err := os.Open(cmd.File)
		if err != nil {
			return nil, errCalculate.With("%v", err)
		}
		defer f.Close() //nolint:errcheck // read only
		source = f
	}
	raw, err := io.ReadAll(io.LimitReader(source, maxMemberFile+1))
	if err != nil {
		return nil, errCalculate.With("%v", err)
	}
	if len(raw) > maxMemberFile {
		return nil, errCalculate.With("%s: a member's file is at most %d bytes", cmd.File, maxMemberFile)
	}
	return raw, nil
}

// refused says which file and which field of it, and what to do.
func (cmd *calculateCommand) refused(err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return hinted{errCalculate.With("%s: %v", cmd.File, err), hintCalculate}
	}
	// The facts of a member stand under member in the file.
	field := f.Field
	if errors.Is(f, entitlement.ErrMember) || errors.Is(f, entitlement.ErrLate) {
		field = "member." + field
	}
	hint := hintCalculate
	if errors.Is(f, policy.ErrNoRule) {
		hint = hintRule
	}
	text := strings.ReplaceAll(f.Text, policy.Whose(unnamedArea), "the area of the file")
	return hinted{errCalculate.With("%s: %s", cmd.File, text).At(f.Line).On(field), hint}
}

// calculation is the report. Amounts are strings of yuan.
type calculation struct {
	Account calculatedAccount  `json:"account"`
	Pension *calculatedPension `json:"pension"`
	Because []calculatedReason `json:"because"`
}

// calculatedAccount is what the account holds on the day before the pension starts,
// or at the end of the month asked.
type calculatedAccount struct {
	Individual money.Amount `json:"individual"`
	Collective money.Amount `json:"collective"`
	Subsidy    money.Amount `json:"subsidy"`
	Interest   money.Amount `json:"interest"`
	Balance    money.Amount `json:"balance"`
	// at is the month at whose end it stands so.
	at calendar.Month
}

// calculatedPension is what is drawn in the month asked.
type calculatedPension struct {
	From    calendar.Month    `json:"from"`
	Base    money.Amount      `json:"base"`
	Extras  []calculatedExtra `json:"extras"`
	Account money.Amount      `json:"account"`
	Total   money.Amount      `json:"total"`
}

// calculatedExtra is an extra for years or for age.
type calculatedExtra struct {
	Kind   string       `json:"kind"`
	Amount money.Amount `json:"amount"`
}

// calculatedReason is a rule, with its document, or a fact behind a figure.
type calculatedReason struct {
	Figure   entitlement.Figure `json:"figure"`
	Reason   entitlement.Reason `json:"reason"`
	Text     string             `json:"text"`
	Sum      string             `json:"sum,omitempty"`
	Rule     policy.Rule        `json:"rule,omitempty"`
	Area     string             `json:"area,omitempty"`
	From     calendar.Day       `json:"from,omitzero"`
	Value    string             `json:"value,omitempty"`
	Document string             `json:"document,omitempty"`
}

// takenForGranted names what the file cannot say.
const takenForGranted entitlement.Reason = "taken_for_granted"

func newCalculation(s *entitlement.Statement, reasons []entitlement.Because, t calculateWords) calculation {
	a := s.Account
	r := calculation{
		Account: calculatedAccount{a.Individual, a.Collective, a.Subsidy, a.Interest, a.Total(), a.To}, Pension: nil,
		Because: make([]calculatedReason, 0, len(reasons)+1),
	}
	if p := s.Pension; p != nil {
		r.Pension = &calculatedPension{p.From, p.Base, []calculatedExtra{}, p.Account, p.Total}
		for _, e := range []calculatedExtra{{"years", p.ExtraYears}, {"age", p.ExtraAge}} {
			if e.Amount > 0 {
				r.Pension.Extras = append(r.Pension.Extras, e)
			}
		}
	}
	for _, b := range reasons {
		r.Because = append(r.Because, newReason(b, t))
	}
	r.Because = append(r.Because, newReason(entitlement.Because{
		Figure: entitlement.FigurePension, Reason: takenForGranted, Row: nil, Sum: "",
	}, t))
	return r
}

func newReason(b entitlement.Because, t calculateWords) calculatedReason {
	r := calculatedReason{Figure: b.Figure, Reason: b.Reason, Text: t.reason(b), Sum: b.Sum} //nolint:exhaustruct // by row
	if b.Row == nil {
		return r
	}
	r.Rule, r.Area, r.From = b.Row.Rule, areaOf(b.Row.Area), b.Row.From
	r.Value, r.Document = b.Row.Value.String(), b.Row.Document
	return r
}

// areaOf names who decided: the nation, the area, or the area that the file leaves unnamed.
func areaOf(a party.Area) string {
	switch a {
	case 0:
		return "nation"
	case unnamedArea:
		return "area"
	}
	return a.String()
}

// write puts the report down for whoever asks at the counter.
func (r *calculation) write(w io.Writer, in memberFile, t calculateWords) error {
	const label, width = 28, 14
	p := &page{w: w, err: nil}
	amount := func(name string, a money.Amount) { p.line("  %s %s", pad(name, label), padLeft(a.String(), width)) }
	p.line(t.title, in.asOf)
	p.line("  "+t.member, in.member.Birth, in.member.Years)
	p.line("")
	p.line(t.account, r.Account.at)
	amount(t.individual, r.Account.Individual)
	amount(t.collective, r.Account.Collective)
	amount(t.subsidy, r.Account.Subsidy)
	amount(t.interest, r.Account.Interest)
	amount(t.balance, r.Account.Balance)
	p.line("")
	if r.Pension == nil {
		p.line(t.none, in.asOf)
	} else {
		p.line(t.pension, r.Pension.From, in.asOf)
		amount(t.base, r.Pension.Base)
		for _, e := range r.Pension.Extras {
			amount(t.extras[e.Kind], e.Amount)
		}
		amount(t.fromAccount, r.Pension.Account)
		amount(t.total, r.Pension.Total)
	}
	p.line("")
	p.line("%s", t.because)
	for i, b := range r.Because {
		p.line("  %2d. %s", i+1, b.Text)
		if b.Rule != "" {
			p.line("      "+t.rule, b.Document, b.From)
		}
	}
	return p.err
}
