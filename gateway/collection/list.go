package collection

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// ListKind says who pays for the members of a list.
type ListKind string

// The kinds.
const (
	// GovernmentList pays the lowest tier for members of listed groups, straight from treasury.
	GovernmentList ListKind = "government"
	// CollectiveList is a village's aid, SponsorList a sponsor's: an item of its own beside the member's.
	CollectiveList ListKind = "collective"
	SponsorList    ListKind = "sponsor"
	// LandLostList is what the agency pays year by year for land-lost farmers, from earmarked money.
	LandLostList ListKind = "land_lost"
	// RelativeList is paid by relatives in the member's place.
	RelativeList ListKind = "relative"
	// TaxList is the tax authority's detail list of a treasury voucher.
	TaxList ListKind = "tax"
)

// The refusals of contribution lists.
var (
	ErrList        = fault.New(fault.Unprocessable, "list_invalid", "the contribution list is not complete")
	ErrListRefused = fault.New(fault.Unprocessable, "list_refused",
		"lines of the list are refused, and with them the whole list")
	ErrListUnknown = fault.New(fault.NotFound, "list_not_found", "no such contribution list")
	ErrListClosed  = fault.New(fault.Conflict, "list_closed",
		"the list is not approved, or it is ended, or its money has agreed with it")
	ErrVoucher = fault.New(fault.Conflict, "voucher_reused",
		"a list of this treasury voucher was asked for before")
	ErrListed = fault.New(fault.Unprocessable, "listed_before",
		"another list of this payer and document pays the same for the member and year")
	ErrOverAid = fault.New(fault.Unprocessable, "over_aid",
		"collective aid and sponsorship of a year do not exceed the highest tier")
	ErrAgencyMode = fault.New(fault.Unprocessable, "collected_by_agency",
		"the agency collects in this area: there is no list of the tax authority")
	ErrListAccount = fault.New(fault.Unprocessable, "list_account",
		"money of this kind does not arrive on this account")
)

// ListLine is one member's line of a list.
type ListLine struct {
	// Line counts from 1; of a file it is the row.
	Line int
	// Member, IDNumber or SocialNo says who is paid for: exactly one of them.
	Member   int64
	IDNumber string
	SocialNo string
	Amount   money.Amount
	// Category is why the government pays: severely_disabled, low_income and the like.
	Category string
	// Stranger is the number that the line gives, where it names nobody and its money is to wait in suspense.
	Stranger string
}

// String prints a line without its person.
func (l ListLine) String() string { return fmt.Sprintf("line %d of %s", l.Line, l.Amount) }

// ContributionList is one receipt of money for many members.
type ContributionList struct {
	Area   party.Area
	ID     int64
	Kind   ListKind
	Scheme ledger.Scheme
	Year   int
	// FundAccount is where the money arrives.
	FundAccount int64
	// Payer is who pays: the finance bureau, the village, the sponsor.
	Payer string
	// Document is what the list rests on; of a tax list the treasury voucher's number.
	Document string
	// Suspends says that a line of a tax list that names nobody, or a member who chose no amount, refuses nothing:
	// its money goes to suspense with a case, and is credited to a member who is named later, or given back.
	Suspends bool
	Lines    []ListLine
	Count    int
	Amount   money.Amount
	Digest   [sha256.Size]byte
	AskedBy  string
	AskedAt  time.Time
	// Decision is what a second person approves, State where that stands.
	Decision int64
	State    ListState
	// Arrived is what was named for it, Posted how many of its lines are dealt with.
	Arrived money.Amount
	Posted  int
	// Strangers counts the lines that name nobody.
	Strangers int
}

// ListState is where a list stands. It is read from the facts.
type ListState string

// The states: asked for, refused or taken back, waiting for money, agreed and being
// posted or posted, ended without.
const (
	ListSubmitted ListState = "submitted"
	ListRejected  ListState = "rejected"
	ListWithdrawn ListState = "withdrawn"
	ListApproved  ListState = "approved"
	ListAgreed    ListState = "agreed"
	ListPosted    ListState = "posted"
	ListEnded     ListState = "ended"
)

// ListMember is what is known of whom a line names.
type ListMember struct {
	Member int64
	Scheme ledger.Scheme
	// Born is the day in the member's identity number.
	Born calendar.Day
	Due  CounterDue
	// Aid is the collective aid of the list's year that is posted or in flight.
	Aid money.Amount
	// Listed is another list of the same kind, year, payer and document that pays for the member, or 0.
	Listed int64
}

// listBounds are the amounts that bound the lines of a list.
type listBounds struct {
	// lowest is the tier that the government pays, january what it was when the year began, or 0.
	lowest, january money.Amount
	// aid is the highest tier, which bounds collective aid, or 0 for no bound.
	aid money.Amount
}

// LineRefusal says why a line cannot stand.
type LineRefusal struct {
	Line  int
	Fault *fault.Error
}

// RefusedLinesError is the refusal of a whole list for its lines.
type RefusedLinesError struct {
	// Lines are at most MaxRefusals, in their order; Count is how many there are.
	Lines []LineRefusal
	Count int

	fault *fault.Error
}

// MaxRefusals bounds the lines that a refusal names.
const MaxRefusals = 1000

// Error names the first line.
func (e *RefusedLinesError) Error() string { return e.fault.Error() }

// Unwrap gives the refusal that the caller is shown.
func (e *RefusedLinesError) Unwrap() error { return e.fault }

// RefusedLines collects why lines cannot be read, in their order.
type RefusedLines struct{ list []LineRefusal }

// Add refuses one line.
func (r *RefusedLines) Add(line int, why *fault.Error) {
	r.list = append(r.list, LineRefusal{Line: line, Fault: why})
}

// Err is the RefusedLinesError of a list of so many lines, or nil.
func (r *RefusedLines) Err(of int) error { return refuseLines(r.list, of) }

func refuseLines(list []LineRefusal, of int) error {
	if len(list) == 0 {
		return nil
	}
	first := list[0]
	return &RefusedLinesError{
		Lines: list[:min(len(list), MaxRefusals)], Count: len(list),
		fault: ErrListRefused.With("%d of %d lines are refused, and with them the list; the first for %s: %s",
			len(list), of, first.Fault.Code, first.Fault.Text).At(first.Line).On(first.Fault.Field),
	}
}

// Individual says that the list pays the member's own contribution, which the chosen
// amount bounds; else it is collective aid.
func (k ListKind) Individual() bool {
	switch k {
	case CollectiveList, SponsorList:
		return false
	case GovernmentList, LandLostList, RelativeList, TaxList:
		return true
	}
	return true
}

// roles are the income and the part of the personal account that a line is credited to.
func (k ListKind) roles() (income, personal ledger.Role) {
	if k.Individual() {
		return ledger.Contribution, ledger.PersonalIndividual
	}
	return ledger.CollectiveAid, ledger.PersonalCollective
}

// Accepts says whether money of the kind may arrive on an account of the role where
// mode says who collects. What the government and the tax authority pay never passes
// the income account, which an area of the tax authority does not have.
func (k ListKind) Accepts(role ledger.Role, mode policy.Mode) error {
	ok := false
	switch k {
	case GovernmentList:
		ok = role == ledger.FiscalSpecial
	case CollectiveList, SponsorList:
		ok = role == ledger.Income && mode == policy.Agency || role == ledger.FiscalSpecial && mode == policy.Tax
	case LandLostList:
		ok = role == ledger.Income && mode == policy.Agency || role == ledger.FiscalSpecial
	case RelativeList:
		if mode == policy.Tax {
			return ErrTaxMode.With("a relative pays the tax authority: the payment comes with its list")
		}
		ok = role == ledger.Income
	case TaxList:
		if mode != policy.Tax {
			return ErrAgencyMode
		}
		ok = role == ledger.Treasury || role == ledger.FiscalSpecial
	}
	if !ok {
		return ErrListAccount.With("a list of kind %s does not arrive on the %s account", k, role).On("fund_account")
	}
	return nil
}

const (
	maxList     = 100_000
	maxListText = 200
	maxPayer    = 60
	maxStranger = 40
	// A land-lost farmer is paid for from 16 to 59.
	landLostFrom, landLostTo = 16, 59
)

// check proves what can be told without the database, and adds the lines up.
func (l *ContributionList) check(today calendar.Day) error {
	bad := func(field, format string, args ...any) error { return ErrList.With(format, args...).On(field) }
	switch {
	case !approval.IsLine(l.Document, maxListText) || l.Document == "":
		return bad("document", "the document is one line of 1 to 200 characters")
	case !approval.IsLine(l.Payer, maxPayer) || l.Payer == "":
		return bad("payer", "the payer is one line of 1 to 60 characters")
	case l.Year > today.Year():
		return ErrYearAhead.On("year")
	case l.Suspends && l.Kind != TaxList:
		return bad("unknown_lines", "only what the tax authority collected was paid already, and may wait in suspense")
	case len(l.Lines) == 0 || len(l.Lines) > maxList:
		return bad("lines", "a list has 1 to %d lines", maxList)
	}
	var refused []LineRefusal
	var total money.Total
	for _, line := range l.Lines {
		if e := line.check(l.Kind, l.Suspends); e != nil {
			refused = append(refused, LineRefusal{Line: line.Line, Fault: e})
			continue
		}
		total.Add(line.Amount)
	}
	if err := refuseLines(refused, len(l.Lines)); err != nil {
		return err
	}
	var err error
	l.Count = len(l.Lines)
	if l.Amount, err = total.Amount(); err != nil || l.Amount > money.Max {
		return bad("lines", "the lines sum to more than an entry can hold")
	}
	return nil
}

func (l ListLine) check(k ListKind, suspends bool) *fault.Error {
	named := 0
	for _, n := range []bool{l.Member != 0, l.IDNumber != "", l.SocialNo != ""} {
		if n {
			named++
		}
	}
	if named != 1 {
		return ErrList.With("name the member by exactly one of id_number, social_no, member_id").On("member_id")
	}
	if suspends && !approval.IsLine(l.IDNumber+l.SocialNo, maxStranger) {
		return ErrList.With("a number is one line of at most %d characters", maxStranger).On("member_id")
	}
	if l.IDNumber != "" && !suspends {
		if _, err := party.NewIDNumber(l.IDNumber); err != nil {
			return ErrList.With("this is no identity number").On("id_number")
		}
	}
	switch {
	case l.Amount <= 0 || l.Amount > money.Max:
		return ErrAmount.On("amount")
	case k == GovernmentList && l.Category == "":
		return ErrList.With("say by category why the government pays for the member").On("category")
	case !isCategory(l.Category):
		return ErrList.With("a category is at most 40 letters a to z and _").On("category")
	}
	return nil
}

func isCategory(s string) bool {
	return len(s) <= 40 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// paidFor refuses lines of groups that the government does not pay for.
func (l *ContributionList) paidFor(groups []string) error {
	var refused []LineRefusal
	for _, line := range l.Lines {
		if !slices.Contains(groups, line.Category) {
			refused = append(refused, LineRefusal{Line: line.Line, Fault: ErrList.With(
				"for %d the government pays for %s, by the rule %s", l.Year, strings.Join(groups, ", "),
				policy.GovernmentPaidGroups).On("category")})
		}
	}
	return refuseLines(refused, len(l.Lines))
}

// judge refuses lines that name nobody, the dead, who left or draws a pension, or more than their member may be
// paid for. Where the list suspends unknown lines, those that name nobody are told apart by their Stranger.
// found stands by the lines' positions. What the tax authority collected was paid: a line
// above the chosen amount, or for who is no member any more, is taken, and given back from
// suspense.
func (l *ContributionList) judge(found []ListMember, today calendar.Day, bounds listBounds) error {
	var refused []LineRefusal
	taken := make(map[int64]money.Amount, len(found))
	for i := range l.Lines {
		line, m := &l.Lines[i], found[i]
		before, twice := taken[m.Member]
		var e *fault.Error
		switch {
		case l.Suspends && (m.Member == 0 || m.Scheme != l.Scheme):
			line.beStranger()
			l.Strangers++
			continue
		case m.Member == 0 || m.Scheme != l.Scheme:
			e = ErrMemberUnknown.On("member_id")
		case l.Kind != TaxList && !m.Due.Died.IsZero():
			e = ErrMemberDied.On("member_id")
		case l.Kind != TaxList && !m.Due.Left.IsZero():
			e = ErrMemberLeft.On("member_id")
		case l.Kind != TaxList && m.Due.drawsOn(today):
			e = ErrDraws.On("member_id")
		case twice && l.Kind != TaxList:
			e = ErrList.With("the member stands in the list twice").On("member_id")
		case l.Kind != TaxList && m.Listed != 0:
			e = ErrListed.With("contribution list %d of this payer and document pays for the member and year",
				m.Listed).On("member_id")
		case bounds.aid > 0 && m.Aid+line.Amount > bounds.aid:
			e = ErrOverAid.With("the highest tier of %d is %s, and %s of aid are credited or on their way", l.Year,
				bounds.aid, m.Aid).On("amount")
		case l.Kind == LandLostList && !ageWithin(m.Born, l.Year):
			e = ErrList.With("land-lost farmers are paid for from %d to %d", landLostFrom, landLostTo).On("member_id")
		case l.Kind.Individual() && m.Due.Chosen == 0 && !l.Suspends:
			e = ErrNotChosen.On("member_id")
		case l.Kind == GovernmentList && line.Amount != bounds.lowest &&
			(line.Amount != bounds.january || line.Amount != m.Due.Chosen):
			e = ErrList.With("the government pays the lowest tier, which is %s for %d", bounds.lowest, l.Year).
				On("amount")
		case l.Kind.Individual() && l.Kind != TaxList && line.Amount > m.Due.Open()-before:
			e = m.Due.owes(m.Due.Open() - before).On("amount")
		}
		if e != nil {
			refused = append(refused, LineRefusal{Line: line.Line, Fault: e})
			continue
		}
		line.Member = m.Member
		taken[m.Member] = before + line.Amount
	}
	return refuseLines(refused, len(l.Lines))
}

// beStranger keeps the number by which a line names nobody.
func (l *ListLine) beStranger() {
	switch {
	case l.Stranger != "":
	case l.Member != 0:
		l.Stranger = fmt.Sprintf("member %d", l.Member)
	default:
		l.Stranger = l.IDNumber + l.SocialNo
	}
	l.Member = 0
}

// ageWithin says that a person was of an age to be paid for on some day of the year.
func ageWithin(born calendar.Day, year int) bool {
	return year-born.Year() >= landLostFrom && year-born.Year() <= landLostTo+1
}

// digest covers everything that the list says, line by line.
func (l *ContributionList) digest() (sum [sha256.Size]byte) {
	h := sha256.New()
	text := func(s string) { h.Write(fmt.Appendf(nil, "%d:%s\n", len(s), s)) }
	number := func(n int64) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) //nolint:gosec // the bits as they are
	}
	text("twoline contribution list 1")
	for _, s := range []string{l.Area.String(), string(l.Kind), string(l.Scheme), l.Payer, l.Document} {
		text(s)
	}
	number(int64(l.Year))
	number(l.FundAccount)
	for _, line := range l.Lines {
		number(int64(line.Line))
		number(line.Member)
		number(line.Amount.Fen())
		text(line.Category)
		if line.Stranger != "" {
			text(line.Stranger)
		}
	}
	if l.Suspends {
		text("suspends unknown lines")
	}
	h.Sum(sum[:0])
	return sum
}

// About tells officers in one line what they decide.
func (l *ContributionList) About() string {
	strangers := ""
	if l.Strangers > 0 {
		strangers = fmt.Sprintf(", %d of them nobody's, to wait in suspense", l.Strangers)
	}
	return fmt.Sprintf("%s list %d of %s for %d: %d members%s, %s, on fund account %d, lines with SHA-256 %x", l.Kind,
		l.ID, l.Scheme, l.Year, l.Count, strangers, l.Amount, l.FundAccount, l.Digest)
}

// ListEntries builds the vouchers of a chunk of a list: one of what is taken in, and
// one of lines that would carry their member's year above the chosen amount, because
// another channel was faster, or whose member died before the money arrived, or left, or that name
// nobody or a member who chose nothing. Those
// wait in suspense for the payer of the list, each as a whole, and become refund tasks. It is
// pure; AccountedOn is the caller's to set.
func ListEntries(a Agreement, payables []Payable) ([]ledger.Entry, []RefundTask) {
	var refunds []RefundTask
	var taken, back []Payable
	posted := map[[2]int64]money.Amount{}
	for _, p := range payables {
		key := [2]int64{p.Member, int64(p.Year)}
		why := p.gone()
		if a.List.Individual() {
			why = p.refused(posted[key])
		}
		if why != "" {
			back = append(back, p)
			refunds = append(refunds, refundTask(p, why))
			continue
		}
		posted[key] += p.Amount
		taken = append(taken, p)
	}
	kind, source := ledger.ContributionReceived, a.Role
	if a.List == GovernmentList {
		kind = ledger.GovernmentPaid
	}
	if a.FromSuspense {
		kind, source, a.FundAccount = ledger.Recognition, ledger.Suspense, 0
		// It waits where it is.
		back = nil
	}
	income, personal := a.List.roles()
	var entries []ledger.Entry
	if len(taken) > 0 {
		entries = append(entries, listEntry(a, kind, source, taken, income, personal))
	}
	if len(back) > 0 {
		entries = append(entries, listEntry(a, ledger.ContributionReceived, source, back, ledger.Suspense))
	}
	return entries, refunds
}

// listEntry is a voucher with a line an item and role, and a sum line for each set.
func listEntry(
	a Agreement, kind ledger.Kind, source ledger.Role, payables []Payable, roles ...ledger.Role,
) ledger.Entry {
	e := ledger.Entry{ //nolint:exhaustruct_v5 // AccountedOn is the caller's
		Area: a.Area, Scheme: a.Scheme, Kind: kind, Cause: fmt.Sprintf("agreement:%d:%d", a.ID, payables[0].Order),
		EffectiveOn: a.EffectiveOn,
		Text:        fmt.Sprintf("contributions of %s %d, %d items", a.Subject, a.SubjectID, len(payables)),
		Postings:    make([]ledger.Posting, 0, len(payables)*len(roles)+2),
	}
	var all money.Amount
	for _, p := range payables {
		all += p.Amount
		for _, role := range roles {
			e.Postings = append(e.Postings, itemLine(a, p, ledger.Credit, role))
		}
	}
	sum := ledger.Posting{
		Side: ledger.Debit, Role: source, Nature: ledger.SumLine, Red: false, Amount: all, FundAccount: a.FundAccount,
		Batch: 0, Cause: 0, Member: 0, Year: 0,
	}
	e.Postings = append(e.Postings, sum)
	if len(roles) > 1 {
		sum.Role, sum.FundAccount = ledger.PersonalControl, 0
		e.Postings = append(e.Postings, sum)
	}
	return e
}
