package award

import (
	"context"
	"errors"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/entitlement"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// ExplainTx reads what stands behind an amount.
type ExplainTx interface {
	// AwardScheme returns the scheme of a member, or ErrMember.
	AwardScheme(ctx context.Context, area party.Area, member int64) (ledger.Scheme, error)
	// AwardEntitled lists the rows that hold for a month, one a component.
	AwardEntitled(ctx context.Context, area party.Area, member int64, month calendar.Month) ([]Entitled, error)
	// AwardHolds lists the open holds of a member from a month on or before.
	AwardHolds(ctx context.Context, area party.Area, member int64, month calendar.Month) ([]HeldBy, error)
	// AwardApplications lists when a member applied.
	AwardApplications(ctx context.Context, area party.Area, member int64) ([]Application, error)
	RosterTx
}

// Entitled is a row of a member's entitlements with the step of the run that wrote it.
type Entitled struct {
	Component string
	From      calendar.Month
	Amount    money.Amount
	Document  string
	// Run is the award run that wrote it, or 0; Cause and Basis are its step's.
	Run   int64
	Cause Cause
	Basis int
	// Rows are the rules that the run took.
	Rows []BasisRow
}

// HeldBy is a hold that keeps a member from being paid.
type HeldBy struct {
	Reason string
	From   calendar.Month
	Text   string
	// Rule is the row by which a child who does not pay stops the base pension of the month
	// asked, or does not: of other holds none.
	Rule *policy.Row
}

// Application is a case in which a member applied.
type Application struct {
	On       calendar.Day
	Note     string
	Document string
}

// Explanation is what a member is to be paid in a month, and why.
type Explanation struct {
	Member int64
	Scheme ledger.Scheme
	Month  calendar.Month
	// Entitled are the rows that the roster takes.
	Entitled []Entitled
	// Statement and Because are what the rules give today; with a Problem they give
	// nothing, and it says why.
	Statement *entitlement.Statement
	Because   []entitlement.Because
	Problem   error
	// Late is a payment after the pension began, which it does not count.
	Late         calendar.Day
	Died         calendar.Day
	Holds        []HeldBy
	Applications []Application
}

// Explain tells what a member of the officer's area is to be paid in a month and why:
// the rows that stand with the rules that they were computed by, and what the rules
// give from the facts today. It returns ErrMember, and ErrNoBook or policy.ErrNoRule
// where nothing can be told at all.
func (s *Service) Explain(
	ctx context.Context, by approval.Officer, member int64, month calendar.Month,
) (Explanation, error) {
	if err := mayRead(by); err != nil {
		return Explanation{}, err //nolint:exhaustruct // none
	}
	var out Explanation
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		out, err = explain(ctx, tx, by.Area, member, month)
		return err
	})
	return out, err
}

func explain(
	ctx context.Context, tx Tx, area party.Area, member int64, month calendar.Month,
) (Explanation, error) {
	out := Explanation{Member: member, Month: month} //nolint:exhaustruct // filled below
	var err error
	if out.Scheme, err = tx.AwardScheme(ctx, area, member); err != nil {
		return out, err
	}
	if out.Entitled, err = entitled(ctx, tx, area, member, month); err != nil {
		return out, err
	}
	if out.Holds, err = tx.AwardHolds(ctx, area, member, month); err != nil {
		return out, err
	}
	if out.Applications, err = tx.AwardApplications(ctx, area, member); err != nil {
		return out, err
	}
	rules, err := tx.Rules(ctx, area)
	if err != nil {
		return out, err
	}
	for i := range out.Holds {
		if out.Holds[i].Rule, err = ruleOfHold(rules, out.Holds[i].Reason, month); err != nil {
			return out, err
		}
	}
	return out, reckon(ctx, tx, rules, area, &out)
}

// ruleOfHold is the row that a hold rests on in a month, nil where it rests on no rule.
func ruleOfHold(rules *policy.Rules, reason string, month calendar.Month) (*policy.Row, error) {
	if policy.StopReason(reason) != policy.StopChildUnpaid {
		return nil, nil //nolint:nilnil // none
	}
	row, err := rules.Row(policy.ChildLinked, month.First())
	return &row, err
}

// entitled are the rows that hold, each with the rules that its run took.
func entitled(
	ctx context.Context, tx Tx, area party.Area, member int64, month calendar.Month,
) ([]Entitled, error) {
	list, err := tx.AwardEntitled(ctx, area, member, month)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Run == 0 || list[i].Basis == 0 {
			continue
		}
		if list[i].Rows, err = tx.AwardBases(ctx, area, list[i].Run, []int{list[i].Basis}); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// reckon asks the rules what they give today.
func reckon(ctx context.Context, tx Tx, rules *policy.Rules, area party.Area, out *Explanation) error {
	opened, err := tx.AwardBookOpened(ctx, area, out.Scheme)
	if err != nil {
		return err
	}
	terms, err := termsOf(rules, out.Scheme)
	if err != nil {
		return err
	}
	facts, err := tx.AwardFacts(ctx, FactsQuery{ //nolint:exhaustruct // one
		Area: area, Scheme: out.Scheme, Member: out.Member, Limit: 1,
	})
	if err != nil || len(facts) == 0 {
		return err
	}
	out.Died = facts[0].Died
	statement, late, err := NewFrame(terms, opened, out.Month).Statement(&facts[0])
	out.Late, out.Problem = late, err
	if err != nil {
		return nil //nolint:nilerr // it is told
	}
	out.Statement = &statement
	out.Because, out.Problem = statement.Because()
	return nil
}

// Statement is what the rules give a member in the frame's month, with the rows behind
// each figure. Money that came after the pension began is left out, and its first day
// returned.
func (f *Frame) Statement(m *Facts) (entitlement.Statement, calendar.Day, error) {
	member := f.member(m)
	// What came after the month asked is not known in it.
	member.Payments = upTo(member.Payments, f.month.Last())
	shown := *m
	shown.Payments = member.Payments
	member = f.member(&shown)
	if member.OpenedAt.Compare(f.month) > 0 {
		member.Opening, member.OpenedAt = entitlement.Parts{}, calendar.Month{}
	}
	course, err := f.terms.Course(&member, f.month, false)
	if errors.Is(err, entitlement.ErrBeforeOpening) {
		// What the account held at the start is not known here; the base pension is.
		member.Opening, member.OpenedAt = entitlement.Parts{}, calendar.Month{}
		course, err = f.terms.Course(&member, f.month, false)
	}
	if err != nil {
		return entitlement.Statement{}, course.Late, err //nolint:exhaustruct // none
	}
	if course.Missing == entitlement.Nothing {
		shown.Payments = upTo(member.Payments, course.From.First().AddDays(-1))
		shown.Payments = append(shown.Payments, course.Subsidies...)
		late := f.member(&shown)
		member.Payments, member.Years = late.Payments, late.Years
		if course.From.Compare(member.OpenedAt) <= 0 {
			member.Opening, member.OpenedAt = entitlement.Parts{}, calendar.Month{}
		}
	}
	statement, err := f.terms.Pension(&member, f.month)
	if err == nil && statement.Pension != nil {
		f.fix(statement.Pension, &course, standing{base: nil, account: m.Account})
	}
	return statement, course.Late, err
}

// fix tells of the account's pension what stands, not what would be fixed by what is known
// today.
func (f *Frame) fix(pension *entitlement.Pension, course *entitlement.Course, s standing) {
	fixed := s.fixed(f.month)
	if fixed.Amount == 0 {
		return
	}
	known := *course
	known.Account = 0
	p := plan{course: &known, standing: s} //nolint:exhaustruct // of the account alone
	pension.FixAccount(p.account(f.month), fixed.From)
}

func upTo(payments []entitlement.Payment, last calendar.Day) []entitlement.Payment {
	out := make([]entitlement.Payment, 0, len(payments))
	for _, p := range payments {
		if !p.PaidOn.After(last) {
			out = append(out, p)
		}
	}
	return out
}
