package profile

import (
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"twoline/adapters/bank/layout"
	"twoline/gateway/bank"
	"twoline/gateway/money"
)

// Parts returns the parts of an answer that WriteResults can write, in the order of
// the profile: one empty part where a bank answers in one file, none where it
// answers in messages only.
func (p *Profile) Parts() []string {
	var all []string
	for _, f := range p.results {
		if f.rows != nil && !slices.Contains(all, f.part) {
			all = append(all, f.part)
		}
	}
	return all
}

// Charsets returns the charsets that the profile's files may be in, the usual one
// first.
func (p *Profile) Charsets() []layout.Charset { return slices.Clone(p.charsets) }

// answered returns the description of the rows of a part.
func (p *Profile) answered(part string) (*file, error) {
	for _, f := range p.results {
		if f.part == part && f.rows != nil {
			return f, nil
		}
	}
	if len(p.Parts()) == 0 {
		return nil, ErrNoResults
	}
	return nil, ErrPart.With("%q is no part of the answers of %s", part, p.name)
}

// WriteResults writes a part of an answer, such as the bank would: a test's bank
// does it with every profile. results is called twice and gives the same results to
// yield both times, all of which belong into the part; the totals are theirs,
// whatever the batch's head says. A result on the whole file or batch is written
// where the part has a refusal, and is the only one then. Errors: ErrNoResults for
// answers that are messages, ErrPart, and those of layout.Writer: what a reader
// would take for another outcome is refused.
func (p *Profile) WriteResults(
	w io.Writer, b Bank, part string, batch Batch, results func(yield func(bank.Result) error) error,
) error {
	f, err := p.answered(part)
	if err != nil {
		return err
	}
	charset, err := p.charset(b)
	if err != nil {
		return err
	}
	facts := batch.Facts
	facts.Bank, facts.BankNo = b.Code, b.BankNo
	var t tally
	if err := results(t.take); err != nil {
		return err
	}
	out, err := newRowWriter(w, fit(f.rows, charset, facts))
	if err != nil {
		return err
	}
	if !t.whole {
		if err := t.announce(out, batch.Head); err != nil {
			return err
		}
	}
	if err := results(out.WriteResult); err != nil {
		return err
	}
	_, err = out.Close()
	return err
}

// tally counts the results of a file before they are written.
type tally struct {
	// whole says that one of them is about the whole file or batch.
	whole                  bool
	all, succeeded, failed totals
}

type totals struct {
	rows int
	sum  money.Total
}

func (t *totals) add(a money.Amount) {
	t.rows++
	t.sum.Add(a)
}

func (t *tally) take(r bank.Result) error {
	var amount money.Amount
	if r.Amount != nil {
		amount, _ = r.Amount.Amount() // the writer refuses what is no amount
	}
	t.whole = t.whole || !r.OfItem()
	t.all.add(amount)
	switch r.Outcome {
	case bank.OutcomeSucceeded:
		t.succeeded.add(amount)
	case bank.OutcomeFailed:
		t.failed.add(amount)
	case bank.OutcomePending, bank.OutcomeUnknown:
	}
	return nil
}

// announce gives a writer the totals, which its header may hold.
func (t *tally) announce(out *layout.Writer, head bank.BatchHead) error {
	var o layout.Outcomes
	var err error
	if o.Succeeded, err = t.succeeded.tally(); err != nil {
		return err
	}
	if o.Failed, err = t.failed.tally(); err != nil {
		return err
	}
	all, err := t.all.tally()
	if err != nil {
		return err
	}
	if err := out.WriteOutcomes(o); err != nil {
		return err
	}
	head.Count, head.Sum = t.all.rows, bank.FigureOf(all.Sum)
	return out.WriteBatch(head)
}

func (t *totals) tally() (layout.Tally, error) {
	sum, err := t.sum.Amount()
	if err != nil {
		return layout.Tally{}, layout.ErrSum.Because(err)
	}
	return layout.Tally{Rows: int64(t.rows), Sum: sum}, nil
}

// ResultName names a part of an answer to the batch of the facts: by the first
// pattern of the part that they fill, else after the request, so that the name is
// recognised as the part's.
func (p *Profile) ResultName(part string, f Facts) string {
	stem := strings.TrimSuffix(p.RequestName(f), path.Ext(p.RequestName(f)))
	if stem == "" {
		stem = f.Batch
	}
	ending := part
	if ending == "" {
		ending = "R"
	}
	stem += "_" + ending
	var named []*pattern
	for _, r := range p.results {
		if r.part == part {
			named = append(named, r.names...)
		}
	}
	for _, n := range named {
		if !n.open() {
			return n.write(f)
		}
	}
	if len(named) == 0 {
		return stem
	}
	return named[0].writeOpen(f, stem)
}

// open says that the pattern has a place that no fact fills.
func (p *pattern) open() bool {
	return slices.ContainsFunc(p.pieces, func(q piece) bool {
		return q.place != nil && (q.place.name == "any" || q.place.name == "digits")
	})
}

// writeOpen gives a name with a text in the place of whatever it may hold, and zeros
// in that of digits.
func (p *pattern) writeOpen(f Facts, text string) string {
	var b strings.Builder
	for _, q := range p.pieces {
		switch {
		case q.place == nil:
			b.WriteString(q.text)
		case q.place.name == "any":
			b.WriteString(text)
		case q.place.name == "digits":
			b.WriteString(zeros(q.place.arg))
		default:
			b.WriteString(q.place.write(f))
		}
	}
	return b.String()
}

// zeros are as many as a place of digits says, one where it says none.
func zeros(arg string) string {
	n := 0
	for _, r := range arg {
		n = n*10 + int(r-'0')
	}
	return strings.Repeat("0", max(1, n))
}

// InWords puts a result into the words of a part: outcome and class stay, code and
// text become those of the part's own tables, by which a reader finds them again.
// What the result says already is kept where it reads so. A failure whose class the
// bank has no word for becomes one of unknown class, or in a file that holds one
// outcome only that file's. False is a result that the part has no word for at all,
// such as an unfinished one in a file of successes. A result on the whole file or
// batch gets the words of the refusal.
func (p *Profile) InWords(part string, r bank.Result) (bank.Result, bool) {
	f, err := p.answered(part)
	if err != nil {
		return r, false
	}
	fields, answers := f.rows.Fields, &f.rows.Answers
	if !r.OfItem() {
		if f.rows.Reject == nil || f.rows.Reject.Level != r.Level {
			return r, false
		}
		fields, answers = f.rows.Reject.Fields, &f.rows.Reject.Answers
	}
	codes, reasons := wordsOf(fields, answers, r)
	best, rank := r, 0
	for _, code := range codes {
		for _, reason := range reasons {
			found := answers.Of(code, reason)
			if n := nearness(found, r, answers.Fixed != nil); n > rank {
				best, rank = r, n
				best.Code, best.Text, best.Class = code, reason, found.Class
			}
		}
	}
	return best, rank > 0
}

// nearness says how near an answer comes to a result: 3 is the same, 0 another.
func nearness(found layout.Answer, r bank.Result, fixed bool) int {
	switch {
	case found.Outcome != r.Outcome:
		return 0
	case found.Class == r.Class || r.Outcome != bank.OutcomeFailed:
		return 3
	case found.Class == bank.ClassUnknown:
		return 2
	case fixed:
		return 1
	}
	return 0
}

// wordsOf lists the codes and reasons that a row may hold, the result's own first
// where the tables have it, or where it shall be unknown.
func wordsOf(fields []layout.Field, a *layout.Answers, r bank.Result) (codes, reasons []string) {
	codes, reasons = []string{""}, []string{""}
	if i := slices.IndexFunc(fields, func(f layout.Field) bool { return f.Name == layout.Code }); i >= 0 {
		codes = slices.Sorted(maps.Keys(a.Codes))
		_, listed := a.Codes[r.Code]
		if listed || a.Fixed != nil || r.Outcome == bank.OutcomeUnknown {
			codes = append([]string{r.Code}, codes...)
		}
		if fields[i].Required {
			codes = slices.DeleteFunc(codes, func(c string) bool { return c == "" })
		} else {
			codes = append(codes, "")
		}
	}
	if hasField(fields, layout.Reason) {
		reasons = []string{r.Text, ""}
		for _, phrase := range a.Phrases {
			reasons = append(reasons, phrase.Text)
		}
	}
	return codes, reasons
}
