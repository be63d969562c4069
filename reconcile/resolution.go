package reconcile

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/reconcile/match"
)

// Proposal is how a break is to end.
type Proposal string

// The proposals. Book asks the flow that owns the money to book it; Correct and Reissue
// ask the business office; Claim writes to the bank; Suspend carries an unknown credit to
// suspense; Offset pairs the bank's own error with its correction; WriteOff lets stand
// what a line of the bank and one of ours differ by, which takes three people. Wait is a
// suggestion only.
const (
	Book     Proposal = "book"
	Correct  Proposal = "correct"
	Reissue  Proposal = "reissue"
	Claim    Proposal = "claim"
	Suspend  Proposal = "suspense"
	Offset   Proposal = "offset"
	WriteOff Proposal = "write_off"
	Wait     Proposal = "wait"
)

// OffsetByOfficers is the rule of a match of the bank's lines alone, an error of its own
// and the correction of it, that two people approved.
const OffsetByOfficers match.Rule = "offset_by_officers"

// WrittenOff is the rule of a match of a line of the bank and one of the book whose
// difference three people let stand. Nothing is booked: no kind of entry may book a loss
// of the fund, so the difference stays on every reconciliation statement, and who closes
// the month signs it.
const WrittenOff match.Rule = "written_off_by_officers"

// MaxWriteOff is the most that a match may state as its difference, in fen.
const MaxWriteOff money.Amount = 1_00

// ResolutionState is where a resolution stands.
type ResolutionState string

// The states. Checked is a write-off that waits for its releaser; Void is what the
// break's own end left undecided.
const (
	Submitted ResolutionState = "submitted"
	Checked   ResolutionState = "checked"
	Approved  ResolutionState = "approved"
	Rejected  ResolutionState = "rejected"
	Withdrawn ResolutionState = "withdrawn"
	Void      ResolutionState = "void"
)

// CanBecome lists every legal step. The database refuses every other.
func (s ResolutionState) CanBecome(next ResolutionState) bool {
	switch s {
	case Submitted:
		return next != Submitted
	case Checked:
		return next != Submitted && next != Checked
	case Approved, Rejected, Withdrawn, Void:
		return false
	}
	return false
}

// Asked is what a maker proposes.
type Asked struct {
	Proposal Proposal
	// Kind is the kind of transfer that books the line, Other the account of ours that
	// the money left or entered besides, Purpose a subsidy's.
	Kind    ledger.Kind
	Other   int64
	Purpose string
	// Item is the payment that came back, Code the bank's reason; Item is also what is
	// to be corrected or paid again.
	Item int64
	Code string
	// OtherBreak is the one that holds the other side of an offset.
	OtherBreak int64
	// AnswerBy is the day by which a bank is asked to answer; none is the area's rule.
	AnswerBy calendar.Day
	// Document names what the proposal rests on, Reason says more.
	Document, Reason string
}

// Resolution is a proposal as it was made, with the state of its decision.
type Resolution struct {
	Asked

	Area        party.Area
	ID          int64
	Break       int64
	Amount      money.Amount
	Digest      [sha256.Size]byte
	Maker       string
	MakerPerson int64
	MadeAt      time.Time
	State       ResolutionState
	// Version counts the states that it has been in.
	Version   int
	Decisions []Decided
	Requests  []Requested
}

// Decided is what a checker or releaser said.
type Decided struct {
	Duty     approval.Duty
	Decision approval.Decision
	By       string
	Reason   string
	At       time.Time
}

// Requested is what an approved resolution asked of a flow: a fund_transfer, a receipt of
// returns, an arrival, a case, a letter, or the match that it made.
type Requested struct {
	Kind string
	ID   int64
}

// Suggestion is a proposal that fits a break, and why.
type Suggestion struct {
	Proposal Proposal
	Kind     ledger.Kind
	// OtherBreak is the other side of an offset.
	OtherBreak int64
	Why        string
}

// FoundLine is the bank's one line of a break.
type FoundLine struct {
	Area          party.Area
	FundAccount   int64
	Bank          string
	Direction     bank.Direction
	Amount        money.Amount
	ValueDate     calendar.Day
	BankReference string
	// Batch says that the line names a batch.
	Batch bool
}

// Booking is a request that lives for a line of the bank: it books the line, carries it
// to suspense, gives it back or offsets it.
type Booking struct {
	Requested

	// Line is the bank's, Resolution what asked for it.
	Line, Resolution int64
}

// DifferingPair is a line of the bank and one of the book that a break says differ.
type DifferingPair struct {
	Line int64
	Key  match.Key
	// Settled is the first day at whose end both sides hold them.
	Settled calendar.Day
}

// OffsetLine is a line of the bank that is to be offset.
type OffsetLine struct {
	ID        int64
	Booked    calendar.Day
	Direction bank.Direction
	Amount    money.Amount
}

// Verdict is what a checker or releaser says about the resolution that waits.
type Verdict struct {
	// Digest is the one that was shown.
	Digest [sha256.Size]byte
	Reason string
}

// The refusals of resolutions.
var (
	ErrResolution   = fault.New(fault.NotFound, "resolution_not_found", "nothing was proposed about the break")
	ErrResolutionOn = fault.New(fault.Conflict, "resolution_open",
		"a proposal about the break waits: it is approved, rejected or withdrawn first")
	ErrUnfit   = fault.New(fault.Unprocessable, "resolution_unfit", "the break cannot end in this way")
	ErrBooking = fault.New(fault.Conflict, "break_being_booked",
		"a request that books a line of the break lives: it is booked, or rejected or withdrawn first")
	// ErrWriteOff is a difference that may not be written off.
	ErrWriteOff = fault.New(fault.Unprocessable, "write_off_forbidden", "the break may not be written off")
)

// ResolutionTx keeps resolutions.
type ResolutionTx interface {
	// AddResolution keeps a proposal and fills in id and instant. It returns
	// ErrResolutionOn where one about the same break waits.
	AddResolution(ctx context.Context, r Resolution) (Resolution, error)
	// LockResolution returns the one that waits, held to the end of the transaction, or
	// ErrResolution.
	LockResolution(ctx context.Context, area party.Area, breakID int64) (Resolution, error)
	// AddBreakApproval keeps a decision: approval.ErrSamePerson where the person made or
	// decided it before.
	AddBreakApproval(ctx context.Context, a approval.Approval) error
	// MoveResolution changes the state by compare-and-set on the version.
	MoveResolution(ctx context.Context, r Resolution, next ResolutionState) error
	// AddRequests keeps what was asked for, or returns ErrBooking where a request that
	// books one of the lines lives.
	AddRequests(ctx context.Context, r Resolution, list []Requested) error
	// Rehearse runs fn and takes all of it back.
	Rehearse(ctx context.Context, fn func(Tx) error) error
}

// DoorTx is the front doors of the flows that own the money. Each refuses with the flow's
// own words.
type DoorTx interface {
	// LiveBooking returns a request that lives for a line of one of the breaks, and
	// whether there is one.
	LiveBooking(ctx context.Context, area party.Area, breaks ...int64) (Booking, bool, error)
	// OffsetLines returns the bank's lines of the breaks by rising id.
	OffsetLines(ctx context.Context, area party.Area, breaks ...int64) ([]OffsetLine, error)
	// OffsetOf returns the oldest open break of bank's lines alone that would offset
	// the given one, or 0.
	OffsetOf(ctx context.Context, area party.Area, breakID int64) (int64, error)
	// DifferingPair returns the two lines of a break that has one of each side, or
	// ErrUnfit.
	DifferingPair(ctx context.Context, area party.Area, breakID int64) (DifferingPair, error)
	// MatchOf returns the match of a line of the bank.
	MatchOf(ctx context.Context, area party.Area, line int64) (int64, error)
	// OnlyLine returns the bank's line of a break that has one and nothing of ours, or
	// ErrUnfit.
	OnlyLine(ctx context.Context, area party.Area, breakID int64) (FoundLine, error)
	// AskTransfer submits a transfer that books the line, in its maker's name, and returns
	// its id. A checker approves it there.
	AskTransfer(ctx context.Context, l FoundLine, a Asked, maker string, today calendar.Day) (int64, error)
	// TakeReturn takes the line as a payment that came back, by the bank's statement, and
	// returns the receipt's id. It returns ErrUnfit where the flow refuses the line.
	TakeReturn(ctx context.Context, l FoundLine, r Resolution, today calendar.Day) (int64, error)
	// TakeToSuspense takes the line as money of an unknown payer and carries it to
	// suspense; it returns the arrival's id.
	TakeToSuspense(ctx context.Context, l FoundLine, today calendar.Day) (int64, error)
	// AskOffice opens a case about the break, and returns its id.
	AskOffice(ctx context.Context, area party.Area, kind string, breakID int64, bankCode, text string) (int64, error)
}

// Suggest returns what fits a break by its shape, the likeliest first.
func Suggest(h Handled) []Suggestion {
	return slices.DeleteFunc(suggest(h), func(s Suggestion) bool {
		return s.Proposal != Wait && s.example().fits(h, 0) != nil
	})
}

// example is the suggestion with what its maker enters filled in.
func (s Suggestion) example() Asked {
	a := Asked{Proposal: s.Proposal, Kind: s.Kind, OtherBreak: s.OtherBreak} //nolint:exhaustruct // what decides
	if s.Proposal == Book && s.Kind == "" {
		a.Kind = ledger.UnrecognisedReceipt
	}
	return a
}

// suggestions are what the front door would take now.
func (s *Service) suggestions(ctx context.Context, tx Tx, area party.Area, d *Dossier) ([]Suggestion, error) {
	if !d.ClosedOn.IsZero() {
		return nil, nil
	}
	list := Suggest(d.Handled)
	live, booked, err := tx.LiveBooking(ctx, area, d.ID)
	if err != nil {
		return nil, err
	}
	line := FoundLine{} //nolint:exhaustruct // none
	if d.StatementLines == 1 && d.BookLines == 0 {
		if line, err = tx.OnlyLine(ctx, area, d.ID); err != nil {
			return nil, err
		}
	}
	alive := aliveRefund(d.Letters, s.today())
	list = slices.DeleteFunc(list, func(o Suggestion) bool {
		switch o.Proposal {
		case Book:
			return booked
		case Suspend:
			return booked || line.suspends() != nil
		case Claim:
			return d.StatementLines+d.BookLines > MaxLetterLines || alive != nil && wishOf(d.Handled) == AskRefund
		case Correct, Reissue, Offset, WriteOff, Wait:
		}
		return false
	})
	wait := func(why string) { list = append(list, Suggestion{Proposal: Wait, Kind: "", OtherBreak: 0, Why: why}) }
	if booked {
		wait(fmt.Sprintf("%s %d books it", live.Kind, live.ID))
		return list, nil
	}
	if alive != nil {
		wait("letter " + alive.No() + " asks the bank for the money until " + alive.AnswerBy.String())
	}
	if d.BookLines > 0 {
		return list, nil
	}
	other, err := tx.OffsetOf(ctx, area, d.ID)
	if err != nil || other == 0 {
		return list, err
	}
	return append([]Suggestion{{
		Proposal: Offset, Kind: "", OtherBreak: other,
		Why: "an open break holds the same money the other way: they offset each other where the bank corrected itself",
	}}, list...), nil
}

func aliveRefund(letters []Letter, today calendar.Day) *Letter {
	for i, l := range letters {
		if l.Wish == AskRefund && !l.AnswerBy.Before(today) {
			return &letters[i]
		}
	}
	return nil
}

// wishOf is what a letter about the break asks for.
func wishOf(h Handled) Wish {
	if h.Direction == bank.Debit && h.StatementLines > 0 && h.BookLines == 0 {
		return AskRefund
	}
	return AskExplain
}

// suspends says why the line cannot be carried to suspense, or nothing.
func (l FoundLine) suspends() error {
	switch {
	case l.Batch:
		return ErrUnfit.With("the line names a batch: its results explain it, or the bank is asked")
	case l.BankReference == "" || len(l.BankReference) > 64:
		return ErrUnfit.With("the line has no number of the bank, so it could be taken twice: ask the bank for it")
	}
	return nil
}

func suggest(h Handled) []Suggestion {
	claim := func(why string) Suggestion {
		return Suggestion{Proposal: Claim, Kind: "", OtherBreak: 0, Why: why}
	}
	also := func(p Proposal, kind ledger.Kind, why string) Suggestion {
		return Suggestion{Proposal: p, Kind: kind, OtherBreak: 0, Why: why}
	}
	switch h.Reason {
	case match.DuplicateBankLine:
		return []Suggestion{claim("the bank carried one instruction out twice: it gives the second back")}
	case match.BankCharge:
		return []Suggestion{claim("the fund bears no charges: no entry may book one, so the bank gives it back")}
	case match.BankInterest:
		return []Suggestion{also(Book, ledger.InterestReceived, "interest is booked when it is paid")}
	case match.AbsentInBank:
		if h.Told == BankUndidOurs {
			return []Suggestion{
				also(Correct, "", "the bank denies what it had answered: "+h.Evidence),
				claim("the bank says in writing which of its answers holds"),
			}
		}
		return []Suggestion{
			also(Wait, "", "the bank's next statement may show it until "+h.DueOn.String()),
			claim("the bank says where the money stays"),
		}
	case match.AmountDiffers:
		return []Suggestion{
			also(Correct, "", "where the bank's amount is right, the business office corrects ours"),
			claim("where ours is right, the bank corrects its own"),
		}
	case match.Ambiguous, match.Waiting:
		return []Suggestion{
			also(Wait, "", "later lines may tell the candidates apart"),
			claim("the bank says what the lines are"),
		}
	case match.AbsentInBook:
		return suggestBankOnly(h, claim, also)
	}
	return nil
}

func suggestBankOnly(
	h Handled, claim func(string) Suggestion, also func(Proposal, ledger.Kind, string) Suggestion,
) []Suggestion {
	credit := h.Direction == bank.Credit
	switch {
	case h.Told == BankDidOursFailed:
		return []Suggestion{
			claim("the bank moved money for what it answered as failed: " + h.Evidence),
			also(Correct, "", "the business office looks what the payee or payer is owed now"),
		}
	case !credit:
		return []Suggestion{
			claim("nobody instructed it: the bank gives it back or names the instruction"),
			also(Book, "", "where a transfer was made and not entered, it is entered now"),
		}
	case h.Role == ledger.Expenditure:
		return []Suggestion{
			also(Book, "", "money into this account is a payment that came back: name the payment as item_id"),
			claim("the bank names the payment that came back"),
		}
	}
	return []Suggestion{
		also(Suspend, ledger.UnrecognisedReceipt, "money of an unknown payer waits in suspense"),
		also(Book, "", "where the payer is known, the receipt is entered"),
		claim("the bank names the payer"),
	}
}

// fits refuses what cannot end the break, without asking the flow.
func (a Asked) fits(h Handled, limit money.Amount) error {
	bankOnly := h.StatementLines > 0 && h.BookLines == 0
	switch a.Proposal {
	case Book:
		return a.fitsBook(h, bankOnly)
	case Suspend:
		switch {
		case !bankOnly || h.Direction != bank.Credit:
			return ErrUnfit.With("only a credit that the bank alone shows is carried to suspense")
		case h.Role == ledger.Expenditure || h.Role == ledger.FixedDeposit:
			return ErrUnfit.With("the two-line rule lets no unknown money into the %s account: book it as a "+
				"payment that came back, or ask the bank", h.Role)
		}
	case Correct:
		if h.Reason == match.DuplicateBankLine || h.Reason == match.BankCharge || h.Reason == match.BankInterest {
			return ErrUnfit.With("nothing of ours is wrong: the bank is asked")
		}
	case Reissue:
		if h.Role != ledger.Expenditure {
			return ErrUnfit.With("only payments out of an expenditure account are paid again")
		}
	case Offset:
		switch {
		case !bankOnly:
			return ErrUnfit.With("an error of the bank and its correction are lines that the bank alone shows")
		case a.OtherBreak == h.ID:
			return ErrUnfit.With("a break does not offset itself: name the one with the other side").On("other_break")
		}
	case Claim:
		return nil
	case WriteOff:
		return fitsWriteOff(h, limit)
	case Wait:
		return ErrUnfit.With("nothing needs to be proposed to wait")
	}
	return nil
}

func (a Asked) fitsBook(h Handled, bankOnly bool) error {
	switch {
	case !bankOnly || h.StatementLines != 1:
		return ErrUnfit.With("one line that the bank alone shows is booked; what differs is corrected by its own flow")
	case h.Reason == match.DuplicateBankLine:
		return ErrUnfit.With("what the bank did twice is claimed, never booked")
	case h.Reason == match.BankCharge:
		return ErrUnfit.With("the fund bears no charges: no entry may book one; claim it from the bank")
	case a.Item != 0 && (h.Role != ledger.Expenditure || h.Direction != bank.Credit):
		return ErrUnfit.With("a payment comes back as a credit of the expenditure account").On("item_id")
	case a.Item != 0 && (a.Kind != "" || a.Other != 0):
		return ErrUnfit.With("a payment that came back is no transfer").On("kind")
	case a.Item == 0 && a.Kind == "" && h.Reason != match.BankInterest:
		return ErrUnfit.With("the kind of transfer, or the payment that came back, is needed").On("kind")
	}
	return nil
}

func fitsWriteOff(h Handled, limit money.Amount) error {
	switch {
	case h.Amount > limit:
		return ErrWriteOff.With("the area's rule write_off_limit allows %s; the break holds %s", limit, h.Amount)
	case h.Amount > MaxWriteOff:
		return ErrWriteOff.With("a match states a difference of %s at most; the break holds %s", MaxWriteOff, h.Amount)
	case h.Reason != match.AmountDiffers || h.StatementLines != 1 || h.BookLines != 1:
		return ErrWriteOff.With("only what one line of the bank and one of the book differ by is let stand; no kind " +
			"of entry may book a loss of the fund, or a surplus as income that nobody recognised")
	}
	return nil
}

// check proves what can be told without the break.
func (a Asked) check() error {
	bad := func(field, text string) error { return ErrWork.With("%s", text).On(field) }
	switch {
	case !slices.Contains([]Proposal{Book, Correct, Reissue, Claim, Suspend, Offset, WriteOff, Wait}, a.Proposal):
		return bad("proposal", "book, correct, reissue, claim, suspense, offset or write_off")
	case a.Document == "" || !approval.IsLine(a.Document, maxLine):
		return bad("document", "the document is one line of 1 to 200 characters")
	case !approval.IsLine(a.Reason, maxLine):
		return bad("reason", "the reason is one line of at most 200 characters")
	case a.Proposal != Book && (a.Kind != "" || a.Other != 0 || a.Purpose != "" || a.Code != ""):
		return bad("kind", "kind, other_account, purpose and code belong to what is booked")
	case !approval.IsLine(a.Code, 35):
		return bad("code", "the bank's reason is one line of at most 35 characters")
	case (a.Proposal == Offset) != (a.OtherBreak != 0):
		return bad("other_break", "the other break belongs to an offset, and an offset needs it")
	case a.Proposal != Claim && !a.AnswerBy.IsZero():
		return bad("answer_by", "only a letter to the bank is answered")
	}
	return nil
}

// digest covers everything that decides: the break's lines and amount, and what is asked.
func (r Resolution) digest(h Handled) [sha256.Size]byte {
	sum := sha256.New()
	sum.Write([]byte("twoline break resolution 1\n"))
	for _, f := range [][2]string{
		{"area", r.Area.String()},
		{"break", fmt.Sprint(r.Break)},
		{"lines", fmt.Sprintf("%x", h.Digest)},
		{"direction", h.Direction.String()},
		{"amount", r.Amount.String()},
		{"proposal", string(r.Proposal)},
		{"kind", string(r.Kind)},
		{"other", fmt.Sprint(r.Other)},
		{"purpose", r.Purpose},
		{"item", fmt.Sprint(r.Item)},
		{"code", r.Code},
		{"other_break", fmt.Sprint(r.OtherBreak)},
		{"answer_by", r.AnswerBy.String()},
		{"document", r.Document},
		{"reason", r.Reason},
	} {
		sum.Write(fmt.Appendf(nil, "%s %d:%s\n", f[0], len(f[1]), f[1]))
	}
	return [sha256.Size]byte(sum.Sum(nil))
}

// Propose keeps how a break is to end. What the flow would refuse is refused here, and
// nothing is booked. The answer's result is a Resolution.
func (s *Service) Propose(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, id int64, ask Asked,
) (once.Answer, error) {
	duties := []approval.Duty{approval.Maker}
	return s.booking(func() (once.Answer, error) {
		propose := func(tx Tx, officer approval.Officer, h Handled) (any, error) {
			return s.propose(ctx, tx, officer, h, ask)
		}
		return s.entering(ctx, r, render, by, id, duties, propose)
	})
}

func (s *Service) propose(ctx context.Context, tx Tx, officer approval.Officer, h Handled, ask Asked) (any, error) {
	if err := ask.check(); err != nil {
		return nil, err
	}
	today := s.today()
	rules, err := tx.BreakRules(ctx, officer.Area, today)
	if err != nil {
		return nil, err
	}
	if err := ask.fits(h, rules.WriteOff); err != nil {
		return nil, err
	}
	if ask.Proposal == Book && ask.Item == 0 && ask.Kind == "" {
		ask.Kind = ledger.InterestReceived
	}
	if ask.Proposal == Claim && ask.AnswerBy.IsZero() {
		ask.AnswerBy = s.answerDay(today, rules.ClaimDays)
	}
	if most := today.AddDays(MaxAnswerDays); ask.AnswerBy.After(most) {
		return nil, ErrWork.With("a bank is given %d days at most: until %s", MaxAnswerDays, most).On("answer_by")
	}
	made := Resolution{ //nolint:exhaustruct // the table fills the rest
		Asked: ask, Area: officer.Area, Break: h.ID, Amount: h.Amount, Maker: officer.Login,
		MakerPerson: officer.Person, State: Submitted, Version: 1,
	}
	made.Digest = made.digest(h)
	err = tx.Rehearse(ctx, func(tx Tx) error {
		_, err := s.effect(ctx, tx, h, made)
		return err
	})
	if err != nil {
		return nil, err
	}
	return tx.AddResolution(ctx, made)
}

// booking runs a command that may book. One that meets the sealing of its day belongs to
// the next day and is run again.
func (s *Service) booking(command func() (once.Answer, error)) (once.Answer, error) {
	for before := s.today(); ; {
		answer, err := command()
		today := s.today()
		if !errors.Is(err, ledger.ErrSealed) || today == before {
			return answer, err
		}
		before = today
	}
}

// effect asks the flow that owns the money, in the transaction of the approval.
func (s *Service) effect(ctx context.Context, tx Tx, h Handled, r Resolution) ([]Requested, error) {
	today := s.today()
	a := Account{Area: r.Area, ID: h.FundAccount}
	switch r.Proposal {
	case Book, Suspend:
		return takeLine(ctx, tx, a, r, today)
	case Correct:
		return askOffice(ctx, tx, h, r, "break_correction", "what is ours is to be corrected by its own flow")
	case Reissue:
		return askOffice(ctx, tx, h, r, "break_reissue", "it is to be paid again by a reissue run")
	case Claim:
		if r.AnswerBy.Before(today) {
			return nil, ErrWork.With("the day of the bank's answer has passed: propose it anew").On("answer_by")
		}
		l, err := tx.DrawLetter(ctx, a, Letter{ //nolint:exhaustruct // the table fills the rest
			Area: r.Area, Break: r.Break, Wish: wishOf(h), Direction: h.Direction, Amount: h.Amount,
			AnswerBy: r.AnswerBy, DrawnBy: "officer:" + r.Maker, DrawnOn: today,
		})
		if err != nil {
			return nil, err
		}
		due := DueChange{ //nolint:exhaustruct // its instant is the transaction's
			DueOn: r.AnswerBy, Reason: "the bank answers letter " + l.No(), By: "officer:" + r.Maker,
		}
		return []Requested{{Kind: "letter", ID: l.ID}}, tx.AddBreakDue(ctx, r.Area, r.Break, due, today)
	case Offset:
		return s.offset(ctx, tx, a, h, r)
	case WriteOff:
		return s.writeOff(ctx, tx, a, h, r)
	case Wait:
	}
	return nil, ErrUnfit
}

// free refuses breaks of which a line is being booked.
func free(ctx context.Context, tx Tx, area party.Area, breaks ...int64) error {
	live, ok, err := tx.LiveBooking(ctx, area, breaks...)
	if err != nil || !ok {
		return err
	}
	return ErrBooking.With("%s %d of resolution %d books line %d: it is rejected or withdrawn first",
		live.Kind, live.ID, live.Resolution, live.Line).About(fmt.Sprint(live.ID))
}

// offset matches the lines of two breaks, an error of the bank and its correction, with
// each other and ends both.
func (s *Service) offset(ctx context.Context, tx Tx, a Account, h Handled, r Resolution) ([]Requested, error) {
	other, err := oneBreak(ctx, tx, r.Area, r.OtherBreak, s.today())
	if err != nil {
		return nil, err
	}
	switch {
	case !other.ClosedOn.IsZero():
		return nil, ErrBreakClosed.With("the other break was closed on %s (%s)", other.ClosedOn, other.How).
			On("other_break")
	case other.FundAccount != h.FundAccount:
		return nil, ErrUnfit.With("the other break is of another account").On("other_break")
	case other.StatementLines == 0 || other.BookLines > 0:
		return nil, ErrUnfit.With("the other break holds more than lines that the bank alone shows").On("other_break")
	}
	if err := free(ctx, tx, r.Area, h.ID, other.ID); err != nil {
		return nil, err
	}
	lines, err := tx.OffsetLines(ctx, r.Area, h.ID, other.ID)
	if err != nil {
		return nil, err
	}
	m := match.Match{ //nolint:exhaustruct // nothing of the book
		Rule: OffsetByOfficers, Score: 100,
		Evidence: fmt.Sprintf("two officers approved in resolution %d that the bank corrected its own error: %s", r.ID,
			r.Document),
	}
	var credits, debits money.Amount
	for _, l := range lines {
		m.Statement = append(m.Statement, l.ID)
		if l.Booked.After(m.Settled) {
			m.Settled = l.Booked
		}
		*side(l.Direction, &credits, &debits) += l.Amount
	}
	if credits != debits || credits == 0 {
		return nil, ErrUnfit.With("the bank's lines are credits of %s and debits of %s, not one sum both ways",
			credits, debits).On("other_break")
	}
	if err := keepMatch(ctx, tx, a, m); err != nil {
		return nil, err
	}
	if err := tx.CloseBreaks(ctx, a, s.today(), []int64{h.ID, other.ID}); err != nil {
		return nil, err
	}
	id, err := tx.MatchOf(ctx, r.Area, m.Statement[0])
	return []Requested{{Kind: "match", ID: id}}, err
}

// writeOff matches the two lines of a break as they are and ends it. The match counts
// from the day of the decision: until then the lines were outstanding.
func (s *Service) writeOff(ctx context.Context, tx Tx, a Account, h Handled, r Resolution) ([]Requested, error) {
	if err := free(ctx, tx, r.Area, h.ID); err != nil {
		return nil, err
	}
	// The rule of the day of the effect holds, whatever it was when it was proposed.
	rules, err := tx.BreakRules(ctx, r.Area, s.today())
	if err != nil {
		return nil, err
	}
	if err := fitsWriteOff(h, rules.WriteOff); err != nil {
		return nil, err
	}
	pair, err := tx.DifferingPair(ctx, r.Area, h.ID)
	if err != nil {
		return nil, err
	}
	m := match.Match{
		Rule: WrittenOff, Score: 100, Settled: pair.Settled, Difference: h.Amount,
		Statement: []int64{pair.Line}, Book: []match.Key{pair.Key},
		Evidence: fmt.Sprintf("three officers let the difference stand in resolution %d: %s", r.ID, r.Document),
	}
	if h.Direction == bank.Debit {
		m.Difference = -h.Amount
	}
	if today := s.today(); today.After(m.Settled) {
		m.Settled = today
	}
	if err := keepMatch(ctx, tx, a, m); err != nil {
		return nil, err
	}
	if err := tx.CloseBreaks(ctx, a, s.today(), []int64{h.ID}); err != nil {
		return nil, err
	}
	id, err := tx.MatchOf(ctx, r.Area, pair.Line)
	return []Requested{{Kind: "match", ID: id}}, err
}

// keepMatch stores the match and counts it with those of the last run.
func keepMatch(ctx context.Context, tx Tx, a Account, m match.Match) error {
	mark, err := tx.LastReconciliation(ctx, a)
	if err != nil {
		return err
	}
	counts, err := tx.AddMatches(ctx, a, slices.Values([]match.Match{m}))
	if err != nil {
		return err
	}
	return tx.AddReconciliation(ctx, a, mark, counts)
}

// takeLine hands the bank's line to the flow that books it, and has the account matched.
func takeLine(ctx context.Context, tx Tx, a Account, r Resolution, today calendar.Day) ([]Requested, error) {
	if err := free(ctx, tx, r.Area, r.Break); err != nil {
		return nil, err
	}
	line, err := tx.OnlyLine(ctx, r.Area, r.Break)
	if err != nil {
		return nil, err
	}
	var asked Requested
	switch {
	case r.Proposal == Suspend:
		if err := line.suspends(); err != nil {
			return nil, err
		}
		asked.Kind = "arrival"
		asked.ID, err = tx.TakeToSuspense(ctx, line, today)
	case r.Item != 0:
		asked.Kind = "receipt"
		asked.ID, err = tx.TakeReturn(ctx, line, r, today)
	default:
		asked.Kind = "fund_transfer"
		asked.ID, err = tx.AskTransfer(ctx, line, r.Asked, r.Maker, today)
	}
	if err != nil {
		return nil, err
	}
	return []Requested{asked}, tx.Enqueue(ctx, MatchDue{Area: a.Area, FundAccount: a.ID})
}

func askOffice(ctx context.Context, tx Tx, h Handled, r Resolution, kind, text string) ([]Requested, error) {
	text = fmt.Sprintf("%s of %s: %s", h.Reason, h.Amount, text)
	if r.Item != 0 {
		text += fmt.Sprintf("; item %d", r.Item)
	}
	id, err := tx.AskOffice(ctx, r.Area, kind, r.Break, h.Bank, text+" ("+r.Document+")")
	return []Requested{{Kind: "case", ID: id}}, err
}

// ApproveResolution puts what was proposed about a break into effect: a checker who is
// another person than the maker approves its digest. A write-off then waits for a
// releaser, who is a third person. The answer's result is a Resolution.
func (s *Service) ApproveResolution(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, id int64, v Verdict,
) (once.Answer, error) {
	return s.booking(func() (once.Answer, error) { return s.judge(ctx, r, render, by, id, v, approval.Approved) })
}

// RejectResolution leaves everything as it is. The answer's result is a Resolution.
func (s *Service) RejectResolution(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, id int64, v Verdict,
) (once.Answer, error) {
	return s.judge(ctx, r, render, by, id, v, approval.Rejected)
}

func (s *Service) judge(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, id int64, v Verdict,
	said approval.Decision,
) (once.Answer, error) {
	duties := []approval.Duty{approval.Checker, approval.Releaser}
	return s.entering(ctx, r, render, by, id, duties, func(tx Tx, officer approval.Officer, h Handled) (any, error) {
		made, err := tx.LockResolution(ctx, officer.Area, id)
		duty := approval.Checker
		if made.State == Checked {
			duty = approval.Releaser
		}
		switch {
		case err != nil:
			return nil, err
		case v.Digest != made.Digest || made.digest(h) != made.Digest:
			return nil, approval.ErrDigest
		case !approval.IsLine(v.Reason, maxLine):
			return nil, ErrWork.With("the reason is one line of at most 200 characters").On("reason")
		}
		a := approval.Approval{
			Area: officer.Area, Subject: "break_resolution", SubjectID: made.ID, Duty: duty, Decision: said,
			Digest: v.Digest, MakerPerson: made.MakerPerson, By: officer, Reason: v.Reason,
		}
		if err := a.Check(deskOffices()...); err != nil {
			return nil, err
		}
		if err := tx.AddBreakApproval(ctx, a); err != nil {
			return nil, err
		}
		switch {
		case said == approval.Rejected:
			return movedResolution(ctx, tx, made, Rejected)
		case made.Proposal == WriteOff && duty == approval.Checker:
			return movedResolution(ctx, tx, made, Checked)
		}
		if made.Requests, err = s.effect(ctx, tx, h, made); err != nil {
			return nil, err
		}
		if err := tx.AddRequests(ctx, made, made.Requests); err != nil {
			return nil, err
		}
		moved, err := movedResolution(ctx, tx, made, Approved)
		if err == nil && (made.Proposal == Offset || made.Proposal == WriteOff) {
			err = tx.EndWork(ctx, Account{Area: made.Area, ID: h.FundAccount})
		}
		return moved, err
	})
}

// WithdrawResolution takes back what was proposed; only its maker's own person may. The
// answer's result is a Resolution.
func (s *Service) WithdrawResolution(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, id int64,
) (once.Answer, error) {
	duties := []approval.Duty{approval.Maker, approval.Checker}
	return s.entering(ctx, r, render, by, id, duties, func(tx Tx, officer approval.Officer, _ Handled) (any, error) {
		made, err := tx.LockResolution(ctx, officer.Area, id)
		switch {
		case err != nil:
			return nil, err
		case officer.Person != made.MakerPerson:
			return nil, approval.ErrDuty.With("a proposal is withdrawn by its maker")
		}
		return movedResolution(ctx, tx, made, Withdrawn)
	})
}

func movedResolution(ctx context.Context, tx Tx, r Resolution, next ResolutionState) (any, error) {
	if !r.State.CanBecome(next) {
		return nil, approval.ErrDecided.With("this proposal is %s", r.State).About(fmt.Sprint(r.ID))
	}
	if err := tx.MoveResolution(ctx, r, next); err != nil {
		return nil, err
	}
	r.State = next
	r.Version++
	return r, nil
}
