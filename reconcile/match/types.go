package match

import (
	"cmp"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// Movement is what both sides know of a line.
type Movement struct {
	// Booked is the day on which the line moved its side's balance: the bank's
	// booking date, the book's accounting day.
	Booked calendar.Day
	// Value is the day that the money moved, as both sides understand it.
	Value calendar.Day
	// Direction is as the bank sees it: credit is money into the account.
	Direction bank.Direction
	Amount    money.Amount
}

// Signed returns what the movement does to the account's balance.
func (m Movement) Signed() money.Amount {
	if m.Direction == bank.Debit {
		return -m.Amount
	}
	return m.Amount
}

// StatementLine is one line of a bank's statement.
type StatementLine struct {
	Movement

	// ID is the caller's name for the line.
	ID int64
	// EndToEndID is our own id for the item as the bank echoes it, or the payer's.
	EndToEndID string
	// BankReference is the bank's own.
	BankReference string
	// Batch names a batch as BookLine.Batch does, or is another's batch.
	Batch string
	// Reversal says that the bank marked the line as the correction of one of its own.
	Reversal bool
	// Counterparty and CounterpartyAccount are whom the money came from or went
	// to, in the bank's spelling, or "".
	Counterparty, CounterpartyAccount string
	// Text is the bank's free text.
	Text string
}

// BookLine is one movement of the book on the account: an item with its
// components summed, or a direct move; never a sum line.
type BookLine struct {
	Movement

	// Key names the line; it is unique.
	Key Key
	// Cause groups lines that one fact caused, such as an agreement; 0 is none.
	Cause int64
	// Reverses is the entry that this line's entry mirrors, or 0.
	Reverses int64
	// Reference is our own id that the bank may echo, or "".
	Reference string
	// Own says that the bank was given Reference: a line of the bank that
	// carries another one is another payment.
	Own bool
	// BankReference is what the bank called it in an answer or a notice, or "".
	BankReference string
	// Unread says that BankReference was left out. Matcher.Called says what lines of
	// the statement ask for by it, and Match asks BankReferences for those of open lines.
	Unread bool
	Batch  string
	// Returns is what the bank called the payment that this line gives back, or "".
	Returns string
	// Counterparty and CounterpartyAccount are whom the money came from or went to, or "".
	Counterparty, CounterpartyAccount string
}

// Key is a line of an entry of the book.
type Key struct {
	Entry int64
	Line  int32
}

// Compare orders keys by entry, then line.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Entry, o.Entry), cmp.Compare(k.Line, o.Line))
}

// Rule is how a match was found.
type Rule string

// The rules.
const (
	BookReversal  Rule = "book_reversal"
	Reference     Rule = "reference"
	BankReference Rule = "bank_reference"
	// SharedReference and SharedBankReference are several equal lines on both sides.
	SharedReference     Rule = "shared_reference"
	SharedBankReference Rule = "shared_bank_reference"
	// ReturnReference is a return that carries the bank's reference of its payment.
	ReturnReference Rule = "return_reference"
	// BankReversal is a line of the bank and its correction by the bank.
	BankReversal Rule = "bank_reversal"
	BatchTotal   Rule = "batch_total"
	// BatchNet is a lump from which the batch's returns are taken off.
	BatchNet  Rule = "batch_net"
	BatchPart Rule = "batch_part"
	// BatchBranches is several lumps that divide a batch among them in one way only.
	BatchBranches Rule = "batch_branches"
	// BatchItems is a lump in the book against the bank's items.
	BatchItems   Rule = "batch_items"
	AmountDay    Rule = "amount_day_unique"
	Interest     Rule = "interest"
	AmountWindow Rule = "amount_window_unique"
	// SubsetSum is a sum of a few lines that no other sum equals.
	SubsetSum Rule = "subset_sum"
)

// AllRules lists every rule in the order of certainty.
func AllRules() []Rule {
	return []Rule{
		BookReversal, Reference, BankReference, SharedReference, SharedBankReference, ReturnReference, BankReversal,
		BatchTotal, BatchNet, BatchPart, BatchBranches, BatchItems, AmountDay, Interest, AmountWindow, SubsetSum,
	}
}

// Reason says in one sentence why the lines are the same money.
func (r Rule) Reason() string {
	switch r {
	case BookReversal:
		return "the entry was reversed in the book and the bank saw neither"
	case Reference:
		return "the bank's line carries our id of the item, with equal direction and amount"
	case BankReference:
		return "both carry the bank's reference, with equal direction and amount"
	case SharedReference:
		return "as many lines on both sides carry our one id, with equal direction and amount"
	case SharedBankReference:
		return "as many lines on both sides carry the bank's one reference, with equal direction and amount"
	case ReturnReference:
		return "the bank's line carries its reference of the payment that the book's line gives back"
	case BankReversal:
		return "the bank corrected its own entry, which the book never held"
	case BatchTotal:
		return "the bank's lines that name the batch sum to its open lines in the book"
	case BatchNet:
		return "the bank's one line of the batch is its payments less its returns"
	case BatchPart:
		return "the bank's line names the batch and equals one part of it, which no other line does"
	case BatchBranches:
		return "the bank's lines that name the batch divide its lines in the book in one way only"
	case BatchItems:
		return "the bank's items of the batch sum to its lump in the book"
	case AmountDay:
		return "equal direction, amount and value day, and no other candidate on either side"
	case Interest:
		return "the bank's text says interest, and one line of the book has its amount within the days allowed"
	case AmountWindow:
		return "equal direction and amount within the days allowed, and no other candidate on either side"
	case SubsetSum:
		return "a few open lines sum to it, and no other few do"
	}
	return ""
}

// Kind says how many lines of the statement stand against how many of the book.
type Kind string

// The kinds of match.
const (
	OneToOne   Kind = "one_to_one"
	OneToMany  Kind = "one_to_many"
	ManyToOne  Kind = "many_to_one"
	ManyToMany Kind = "many_to_many"
)

// Match is lines that are the same money. The sums of both sides are equal up to
// Difference.
type Match struct {
	Rule      Rule
	Statement []int64
	Book      []Key
	// Settled is the first day at whose end both sides hold all of it.
	Settled calendar.Day
	// Score is how certain it is, from 0 to 100: 100 is a reference.
	Score int
	// Evidence says in one sentence what was found. It holds no personal data.
	Evidence string
	// Difference is what the statement's lines hold beyond the book's, as Signed
	// counts; it is 0 but for a match within the account's tolerance.
	Difference money.Amount
}

// Kind counts the lines. Lines of one side that cancel each other are many to many.
func (m Match) Kind() Kind {
	switch {
	case len(m.Statement) == 1 && len(m.Book) == 1:
		return OneToOne
	case len(m.Statement) == 1 && len(m.Book) > 1:
		return OneToMany
	case len(m.Statement) > 1 && len(m.Book) == 1:
		return ManyToOne
	}
	return ManyToMany
}

// Class is a disagreement's class, as banks and treasuries number them.
type Class int

// The classes that a first look can tell; an officer's evidence may tell more.
const (
	// Open is not yet reconciled: there are candidates, and no way to tell.
	Open Class = 0
	// AmountsDiffer is both sides succeeded with different amounts.
	AmountsDiffer Class = 2
	// BankOnly is the bank's side succeeded, ours is absent.
	BankOnly Class = 4
	// BookOnly is our side succeeded, the bank's is absent.
	BookOnly Class = 6
)

// Reason is why a line has no equal.
type Reason string

// The reasons of a break.
const (
	AbsentInBook      Reason = "absent_in_book"
	AbsentInBank      Reason = "absent_in_bank"
	AmountDiffers     Reason = "amount_differs"
	DuplicateBankLine Reason = "duplicate_bank_line"
	Ambiguous         Reason = "ambiguous"
	// Waiting has one candidate, and days must pass until no other can come.
	Waiting Reason = "waiting"
	// BankCharge and BankInterest are what the bank took or gave unannounced.
	BankCharge   Reason = "bank_charge"
	BankInterest Reason = "bank_interest"
)

// Reasons lists every reason.
func Reasons() []Reason {
	return []Reason{
		AbsentInBook, AbsentInBank, AmountDiffers, DuplicateBankLine, Ambiguous, Waiting, BankCharge, BankInterest,
	}
}

// Class returns the class that the reason belongs to.
func (r Reason) Class() Class {
	switch r {
	case AbsentInBook, DuplicateBankLine, BankCharge, BankInterest:
		return BankOnly
	case AbsentInBank:
		return BookOnly
	case AmountDiffers:
		return AmountsDiffer
	case Ambiguous, Waiting:
		return Open
	}
	return Open
}

// Break is one disagreement with all lines that it concerns.
type Break struct {
	Reason    Reason
	Statement []int64
	Book      []Key
	// Direction and Amount are the difference: what the statement's lines hold
	// beyond the book's, or the book's beyond the statement's.
	Direction bank.Direction
	Amount    money.Amount
	// Day is the earliest day on which one of the lines moved a balance.
	Day calendar.Day
	// Instructed says that one of the bank's lines names an item or a batch of
	// ours by which money may leave. A debit that names none was instructed by
	// nobody we know.
	Instructed bool
}
