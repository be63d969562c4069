package lifeevent

import (
	"fmt"
	"slices"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// The refusals of transfers.
var (
	ErrTransfer = fault.New(fault.NotFound, "member_transfer_not_found", "no such transfer of a member")
	ErrMove     = fault.New(fault.Invalid, "member_transfer_invalid", "the transfer is not complete")
	ErrMoved    = fault.New(fault.Conflict, "member_transfer_known",
		"this document of this office moved a member before")
	ErrStep = fault.New(fault.Conflict, "member_transfer_step",
		"this step does not follow where the transfer stands")
	ErrInPayment = fault.New(fault.Unprocessable, "pension_in_payment",
		"moving does not move a pension that is paid already")
	ErrEnded      = fault.New(fault.Conflict, "membership_ended", "the membership ended")
	ErrDead       = fault.New(fault.Conflict, "member_dead", "the member was reported dead: what is left is the heirs'")
	ErrOnTheWay   = fault.New(fault.Conflict, "money_on_the_way", "money of the member is on its way")
	ErrSumChanged = fault.New(fault.Conflict, "account_sum_changed",
		"the account holds another sum than was confirmed: confirm it again")
	ErrTransferMoney = fault.New(fault.Unprocessable, "transfer_money",
		"the fund account cannot pay or take this transfer")
	ErrNoWorkingDays = fault.New(fault.Unprocessable, "working_days_unknown",
		"the step's last day cannot be told: the working days of its year are not known yet")
)

// Direction is which way an account moves.
type Direction string

// The directions.
const (
	MovesOut Direction = "out"
	MovesIn  Direction = "in"
)

// Counterpart is the scheme on the other side.
type Counterpart string

// The counterparts: the employee scheme, or the resident scheme of another area.
const (
	EmployeeScheme Counterpart = "employee"
	ResidentScheme Counterpart = "resident"
)

// TransferStep is a step of a transfer, and where a transfer stands that did it last.
//
//	out:  asked ─► letter_received ─► sum_confirmed ─(two people)─► money_sent ─► done
//	      money_sent or done, with money that the bank gave back ─(two people)─► returned
//	in:   asked ─► letter_sent ─► money, by receipts ─(two people)─► money_posted
//	      letter_sent, with money that does not stay here ─► return_asked ─(two people)─► returned
//	asked, letter_received, sum_confirmed, letter_sent without money ─► withdrawn
type TransferStep string

// The steps. MoneySent, MoneyPosted and MoneyReturned are written by the decision of two people,
// who are asked again for MoneyPosted, and of a transfer out for MoneyReturned, by an officer who
// names it.
const (
	Asked          TransferStep = "asked"
	LetterReceived TransferStep = "letter_received"
	SumConfirmed   TransferStep = "sum_confirmed"
	MoneySent      TransferStep = "money_sent"
	LetterSent     TransferStep = "letter_sent"
	MoneyPosted    TransferStep = "money_posted"
	ReturnAsked    TransferStep = "return_asked"
	MoneyReturned  TransferStep = "returned"
	TransferDone   TransferStep = "done"
	CalledOff      TransferStep = "withdrawn"
)

// follow lists every legal next step of a direction.
func (s TransferStep) follow(d Direction) []TransferStep {
	switch s {
	case Asked:
		if d == MovesIn {
			return []TransferStep{LetterSent, CalledOff}
		}
		return []TransferStep{LetterReceived, CalledOff}
	case LetterReceived, SumConfirmed:
		return []TransferStep{SumConfirmed, CalledOff}
	case MoneySent:
		return []TransferStep{TransferDone}
	case LetterSent:
		return []TransferStep{ReturnAsked, CalledOff}
	case ReturnAsked:
		return []TransferStep{ReturnAsked}
	case MoneyPosted, MoneyReturned, TransferDone, CalledOff:
	}
	return nil
}

// DueAfter is the last day for the step that follows one of a day, as many working days
// later as the rule of that day says; no day after the last step.
func DueAfter(
	step TransferStep, on calendar.Day, rules *policy.Rules, days *calendar.WorkingDays,
) (calendar.Day, error) {
	switch step {
	case MoneyPosted, MoneyReturned, TransferDone, CalledOff:
		return calendar.Day{}, nil
	case Asked, LetterReceived, SumConfirmed, MoneySent, LetterSent, ReturnAsked:
	}
	n, err := rules.At(on).TransferStepDays()
	if err != nil {
		return calendar.Day{}, err //nolint:wrapcheck // names the rule
	}
	due, err := days.Add(on, n)
	if err != nil {
		return due, ErrNoWorkingDays.Because(err)
	}
	return due, nil
}

// Transfer is a member's whole account that moves.
type Transfer struct {
	Area       party.Area
	ID, Member int64
	Direction  Direction
	Counterpart
	// Office is the one on the other side, Document what it or the member wrote.
	Office, Document string
	AskedOn          calendar.Day
	// Announced is what a transfer in brings, OldScheme what of its individual part is a
	// balance of the rural scheme before 2009, Years the paid years it brings.
	Announced Parts
	OldScheme money.Amount
	Years     int
	// Step is the last one done, StepOn its day, DueOn the last day for the next.
	Step          TransferStep
	StepOn, DueOn calendar.Day
	// Sum and FundAccount are those that were confirmed last of a transfer out.
	Sum         Parts
	FundAccount int64
	// MovedOn is the day on which the account moved, or no day.
	MovedOn calendar.Day
	// Receipts are the money of a transfer in that is there, or what the bank gave back of one out.
	Receipts []TransferReceipt
	MadeBy   string
	MadeAt   time.Time
	MadeOn   calendar.Day
	// Decision is the last request to let it through.
	Decision int64
	Scheme   ledger.Scheme
	SocialNo string
	Name     party.Name
}

// Late says that the next step's last day is over.
func (t *Transfer) Late(today calendar.Day) bool { return !t.DueOn.IsZero() && today.After(t.DueOn) }

func (t *Transfer) check(today calendar.Day) error {
	bad := func(field, text string) error { return ErrMove.With("%s", text).On(field) }
	switch {
	case !approval.IsLine(t.Office, 100) || t.Office == "":
		return bad("office", "the office is one line of 1 to 100 characters")
	case !approval.IsLine(t.Document, maxText) || t.Document == "":
		return bad("document", "the document is one line of 1 to 200 characters")
	case t.AskedOn.IsZero() || t.AskedOn.After(today):
		return bad("asked_on", "it is asked for today or on a day before")
	case t.Direction == MovesOut && (t.Announced != Parts{} || t.OldScheme != 0 || t.Years != 0):
		return bad("direction", "only a transfer in announces a sum and years")
	case t.Direction == MovesIn:
		return t.checkAnnounced(bad)
	}
	return nil
}

func (t *Transfer) checkAnnounced(bad func(field, text string) error) error {
	a := t.Announced
	switch {
	case min(a.Individual, a.Collective, a.Subsidy, a.Interest) < 0 || a.Total() <= 0 ||
		max(a.Individual, a.Collective, a.Subsidy, a.Interest) > money.Max || a.Total() > money.Max:
		return bad("announced", "the parts are zero or above, and bring something")
	case t.OldScheme < 0 || t.OldScheme > a.Individual:
		return bad("old_scheme", "a balance of the old scheme is a part of the individual part")
	case t.Years < 0 || t.Years > 100:
		return bad("years", "0 to 100 years")
	}
	return nil
}

// Leaving is what is known of a member whose membership is to end.
type Leaving struct {
	Held Parts
	// Monthly is the pension that the member is entitled to this month.
	Monthly money.Amount
	// Died is the earliest day that stands reported, Ended the day on which the membership
	// ended before, or no day.
	Died, Ended calendar.Day
	// EndedBy is the transfer or the departure that ended it, or 0.
	EndedBy int64
	// OnTheWay names the first piece of money that is on its way from or to the member.
	OnTheWay string
	// PaidThrough is the last month that a pay run took up, or no month.
	PaidThrough calendar.Month
	// Stays says that who draws a pension does not move to the employee scheme either, or from it.
	Stays bool
}

// mayLeave says why a membership cannot end, or nil. It is pure.
func (l *Leaving) mayLeave() error {
	switch {
	case !l.Ended.IsZero():
		return ErrEnded.With("the membership ended on %s", l.Ended)
	case !l.Died.IsZero():
		return ErrDead
	case l.OnTheWay != "":
		return ErrOnTheWay.With("%s is on its way: wait until it is booked", l.OnTheWay)
	case min(l.Held.Individual, l.Held.Collective, l.Held.Subsidy, l.Held.Interest) < 0:
		return ErrSumChanged.With("a part of the account is below zero: correct it first")
	}
	return nil
}

// mayJoin says why nothing can be brought to a member's account, or nil. It is pure.
func (l *Leaving) mayJoin() error {
	switch {
	case !l.Ended.IsZero():
		return ErrEnded.With("the membership ended on %s", l.Ended)
	case !l.Died.IsZero():
		return ErrDead
	}
	return nil
}

// fromMonth is the first month that is not paid to who leaves on a day.
func (l *Leaving) fromMonth(today calendar.Day) calendar.Month {
	from := today.Month()
	if !l.PaidThrough.IsZero() && l.PaidThrough.Compare(from) >= 0 {
		from = l.PaidThrough.Add(1)
	}
	return from
}

// mayMove says why an account cannot move, or nil. Nobody who draws a pension moves within the
// scheme, nor, where the day's rules say so, to the employee scheme or from it. It is pure.
func (t *Transfer) mayMove(l *Leaving) error {
	may := l.mayLeave
	if t.Direction == MovesIn {
		may = l.mayJoin
	}
	if err := may(); err != nil {
		return err
	}
	stays := l.Monthly > 0 && (t.Counterpart == ResidentScheme || l.Stays)
	switch {
	case stays && t.Direction == MovesIn:
		return ErrInPayment.With("a pension of %s a month is paid here: nothing is brought to its account", l.Monthly)
	case stays:
		return ErrInPayment.With("a pension of %s a month is paid here: its place stays", l.Monthly)
	}
	return nil
}

func (t *Transfer) follows(next TransferStep) error {
	if slices.Contains(t.Step.follow(t.Direction), next) {
		return nil
	}
	return ErrStep.With("%s does not follow %s", next, t.Step)
}

func aboutParts(p Parts) string {
	return fmt.Sprintf("%s individual, %s collective, %s subsidy, %s interest, %s in all", p.Individual, p.Collective,
		p.Subsidy, p.Interest, p.Total())
}

func (t *Transfer) aboutOut(l *Leaving) string {
	return fmt.Sprintf("transfer %d of member %d to the %s scheme, %s, by %s: %s, from fund account %d; a pension of "+
		"%s a month ends", t.ID, t.Member, t.Counterpart, t.Office, t.Document, aboutParts(t.Sum), t.FundAccount,
		l.Monthly)
}

// outVoucher pays the whole account out of the expenditure account.
func (t *Transfer) outVoucher(today calendar.Day) ledger.Entry {
	paid := sumLine(ledger.Credit, ledger.Expenditure, false, t.Sum.Total(), t.FundAccount)
	out := t.moneyLine(ledger.Debit, ledger.TransferOut)
	drawn, sum := partLines(t.Sum, false, t.ID, t.Member)
	lines := append([]ledger.Posting{out, paid}, drawn...)
	return t.entry(ledger.TransferMade, "account transferred out", today, today,
		append(lines, sumLine(ledger.Credit, ledger.PersonalControl, false, sum, 0)))
}

// moneyLine is the fund's line of a transfer's whole sum, under the transfer's own id.
func (t *Transfer) moneyLine(side ledger.Side, role ledger.Role) ledger.Posting {
	return ledger.Posting{
		Side: side, Role: role, Nature: ledger.ItemLine, Red: false, Amount: t.Sum.Total(), FundAccount: t.FundAccount,
		Batch: 0, Cause: t.ID, Member: t.Member, Year: 0,
	}
}

func (t *Transfer) entry(
	kind ledger.Kind, text string, today, effective calendar.Day, lines []ledger.Posting,
) ledger.Entry {
	return ledger.Entry{
		Area: t.Area, Scheme: t.Scheme, Kind: kind, Cause: fmt.Sprintf("member_transfer:%d", t.ID), Reverses: 0,
		AccountedOn: today, EffectiveOn: effective, Text: text, Postings: lines,
	}
}

// Step is a step that was done, as an officer says it.
type Step struct {
	Transfer    int64
	Step        TransferStep
	On          calendar.Day
	Document    string
	FundAccount int64
	Sum         Parts
	DueOn       calendar.Day
	By          string
}

// End is a membership's end.
type End struct {
	Area     party.Area
	Member   int64
	Reason   EndReason
	On       calendar.Day
	From     calendar.Month
	Source   int64
	Decision int64
	By       string
}

// EndReason is why a membership ended.
type EndReason string

// The reasons.
const (
	TransferredOut     EndReason = "transferred_out"
	Emigrated          EndReason = "emigrated"
	NationalityGivenUp EndReason = "nationality_given_up"
)

// TransferFilter narrows a list of transfers.
type TransferFilter struct {
	Area      party.Area
	ID        int64
	Member    int64
	Direction Direction
	Step      TransferStep
	// LateOn is the day on which the next step is overdue, or no day for all.
	LateOn calendar.Day
	After  int64
	Limit  int
}
