package offline

import (
	"twoline/gateway/money"
	"twoline/reconcile/match"
)

// maxProblems bounds the problems that are named.
const maxProblems = 100

// Reconciler takes one book and the statements of one account. It is for one
// goroutine and one report; its memory grows with the lines, by some hundred bytes
// a pair.
type Reconciler struct {
	matcher  *match.Matcher
	postings names
	// book and bank are what each line does to the balance; bank has a place for each
	// entry of the files, zero where it is no line.
	book, bank []money.Amount
	// parts are the entries that details were taken for; a part's id is -1 - its place.
	parts []int64

	account  string
	survey   []*segment
	segments []*segment
	// starts are the first entry of each surveyed file, surveyed counts all of theirs.
	starts   []int
	surveyed int
	entries  int
	report   Report
	sets     *sets
}

// New returns a Reconciler of one set of rules.
func New(rules match.Rules) *Reconciler {
	return &Reconciler{matcher: match.New(rules)} //nolint:exhaustruct // the rest starts empty
}

func (r *Reconciler) problem(text string) {
	if len(r.report.Problems) < maxProblems {
		r.report.Problems = append(r.report.Problems, text)
		return
	}
	r.report.MoreProblems++
}

// line gives the matcher an entry, or its details.
func (r *Reconciler) line(e *entry) {
	r.report.StatementLines++
	for int64(len(r.bank)) <= e.index {
		r.bank = append(r.bank, 0)
	}
	line := match.StatementLine{
		Movement: match.Movement{Booked: e.BookingDate, Value: e.ValueDate, Direction: e.Direction, Amount: e.amount},
		ID:       e.index, EndToEndID: e.EndToEndID, BankReference: e.BankReference, Batch: e.BatchID,
		Reversal: e.Reversal, Counterparty: e.Counterparty, CounterpartyAccount: e.CounterpartyAccount, Text: e.Text,
	}
	r.bank[e.index] = line.Signed()
	if !e.speaksByDetails() {
		if line.EndToEndID == "" {
			line.EndToEndID = e.named()
		}
		r.matcher.AddStatement(line)
		return
	}
	for _, d := range e.details {
		part := line
		part.ID = -1 - int64(len(r.parts))
		part.Amount, part.EndToEndID, part.BankReference = d.amount, d.id, ""
		part.Counterparty, part.CounterpartyAccount = d.name, d.account
		r.parts = append(r.parts, e.index)
		r.matcher.AddStatement(part)
	}
}

// speaksByDetails says that details name payments, and that they are the entry.
func (e *entry) speaksByDetails() bool {
	if e.EndToEndID != "" || len(e.details) < 2 {
		return false
	}
	var sum money.Total
	for _, d := range e.details {
		if !d.known || d.amount <= 0 {
			return false
		}
		sum.Add(d.amount)
	}
	total, err := sum.Amount()
	return err == nil && total == e.amount && e.named() != ""
}

// named is the first id that a detail carries: where the details are not the whole
// entry, it is a payment of that name and never matched as one without.
func (e *entry) named() string {
	for _, d := range e.details {
		if d.id != "" {
			return d.id
		}
	}
	return ""
}
