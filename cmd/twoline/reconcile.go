package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/schollz/progressbar/v3"

	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/reconcile/match"
	"twoline/reconcile/offline"
)

// reconcileCommand matches statement files against an exported book. Exit code 1
// says that something is open: a break, a balance that does not add up or agree.
type reconcileCommand struct {
	Statement   []string `required:"" sep:"none" placeholder:"FILE" help:"A statement file of the account, in any supported format; several may follow."`
	More        []string `arg:"" optional:"" name:"file" help:"Further statement files."`
	Book        string   `required:"" placeholder:"FILE" help:"The book as CSV, as twoline export book writes it; - is standard input."`
	BookClosing string   `name:"book-closing" placeholder:"AMOUNT" help:"The book's balance at the end in yuan, such as 1605.00: then the adjusted balances are compared."`
	Rules       string   `placeholder:"FILE" help:"JSON of the account's rules: tolerance in yuan, days, passes that are off, words of charges and interest."`
	PrintRules  bool     `name:"print-rules" help:"Print the rules that are used, and end."`
	From        string   `help:"Format of the statements, where their first bytes do not say it."`
	Profile     string   `placeholder:"FILE" help:"YAML of the bank's files, or a shipped one by its name, for delimited, fixed-width and xlsx statements."`
	Charset     string   `help:"Of an MT940: gb18030, gbk, utf-8, latin-1, cp850, cp852."`
	Limit       int      `default:"20" help:"How many breaks the summary names; --json has all."`
	JSON        bool     `name:"json" help:"Print the whole report as JSON: every match and every break."`
}

var errReconcile = fault.New(fault.Invalid, "reconcile", "the files cannot be reconciled")

// Run matches and prints.
func (cmd *reconcileCommand) Run(a *app) error {
	rules, err := cmd.rules()
	if err != nil {
		return err
	}
	if cmd.PrintRules {
		return printJSON(a.std.out, rules)
	}
	var closing *money.Amount
	if cmd.BookClosing != "" {
		if closing, err = signedYuan(cmd.BookClosing); err != nil {
			return err
		}
	}
	r := offline.New(rules)
	names := append(slices.Clone(cmd.Statement), cmd.More...)
	bar := cmd.bar(a, names)
	if err := cmd.book(a, r, bar); err != nil {
		return err
	}
	if err := cmd.statements(a, r, names, bar); err != nil {
		return err
	}
	report, err := r.Finish(a.ctx, closing)
	if err != nil {
		return errReconcile.Because(err)
	}
	if err := bar.Finish(); err != nil {
		return fmt.Errorf("show progress: %w", err)
	}
	out := bufio.NewWriterSize(a.std.out, 1<<16)
	if cmd.JSON {
		err = writeReport(out, report)
	} else {
		cmd.summary(out, report)
	}
	if err := errors.Join(err, out.Flush()); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	if !report.Clean() {
		return errFound
	}
	return nil
}

func (cmd *reconcileCommand) rules() (match.Rules, error) {
	if cmd.Rules == "" {
		return match.DefaultRules(), nil
	}
	text, err := os.ReadFile(cmd.Rules)
	if err != nil {
		return match.Rules{}, errReconcile.With("%v", err) //nolint:exhaustruct // none
	}
	rules, err := match.ParseRules(text)
	if err != nil {
		return rules, hinted{
			errReconcile.With("%s: %v", cmd.Rules, err), "twoline reconcile --print-rules with --statement and --book shows the form",
		}
	}
	return rules, nil
}

// signedYuan reads a balance, which may be below zero.
func signedYuan(s string) (*money.Amount, error) {
	digits, minus := strings.CutPrefix(s, "-")
	amount, err := money.Parse(digits)
	if err != nil {
		return nil, errReconcile.With("--book-closing: an amount in yuan with two decimals, such as 1605.00, not %q", s)
	}
	if minus {
		amount = -amount
	}
	return &amount, nil
}

// bar counts the bytes of all files, on a terminal.
func (cmd *reconcileCommand) bar(a *app, names []string) *progressbar.ProgressBar {
	var total int64
	for _, name := range append([]string{cmd.Book}, names...) {
		if info, err := os.Stat(name); err == nil {
			total += info.Size()
		}
	}
	return progressbar.NewOptions64(max(total, 1), progressbar.OptionSetWriter(a.progress()), progressbar.OptionSetDescription("reading"),
		progressbar.OptionShowBytes(true), progressbar.OptionSetWidth(24), progressbar.OptionClearOnFinish())
}

func (cmd *reconcileCommand) book(a *app, r *offline.Reconciler, bar *progressbar.ProgressBar) error {
	in := a.std.in
	if cmd.Book != "-" {
		f, err := os.Open(cmd.Book)
		if err != nil {
			return errReconcile.With("%v", err)
		}
		defer f.Close() //nolint:errcheck // read only
		in = f
	}
	counted := progressbar.NewReader(in, bar)
	if err := r.Book(bufio.NewReaderSize(&counted, 1<<16)); err != nil {
		return hinted{errReconcile.With("%s: %v", cmd.Book, err), "twoline export book writes the form that is read here"}
	}
	return nil
}

// statements reads the files; several are surveyed first.
func (cmd *reconcileCommand) statements(
	a *app, r *offline.Reconciler, names []string, bar *progressbar.ProgressBar,
) error {
	read := func(name string, passes int64, n *offline.Reading) error {
		if err := cmd.statement(a, name, n); err != nil {
			return errReconcile.With("%s: %v", name, err)
		}
		info, err := os.Stat(name)
		if err != nil {
			return nil //nolint:nilerr // the size is for the bar only
		}
		return bar.Add64(info.Size() / passes)
	}
	if len(names) == 1 {
		return read(names[0], 1, r.Statement(0))
	}
	for _, name := range names {
		if err := read(name, 2, r.Survey()); err != nil {
			return err
		}
	}
	for _, i := range r.Order() {
		if err := read(names[i], 2, r.Statement(i)); err != nil {
			return err
		}
	}
	return nil
}

func (cmd *reconcileCommand) statement(a *app, name string, n *offline.Reading) error {
	read := &convertCommand{ //nolint:exhaustruct // the flags of reading
		From: cmd.From, Profile: cmd.Profile, Charset: cmd.Charset, File: name,
	}
	in, err := read.open(a)
	if err != nil {
		return err
	}
	defer in.close()
	if err := in.tell(a.ctx, read); err != nil {
		return err
	}
	if err := in.records(a.ctx, n.Emit); err != nil {
		return err
	}
	return n.End()
}

// reportMatch and reportBreak are lines of the JSON report.
type reportMatch struct {
	Kind       match.Kind   `json:"kind"`
	Rule       match.Rule   `json:"rule"`
	Statement  []int64      `json:"statement"`
	Book       []string     `json:"book"`
	Difference money.Amount `json:"difference"`
	Score      int          `json:"score"`
	Evidence   string       `json:"evidence,omitempty"`
}

type reportBreak struct {
	Class     match.Class  `json:"class"`
	Reason    match.Reason `json:"reason"`
	Statement []int64      `json:"statement"`
	Book      []string     `json:"book"`
	Amount    money.Amount `json:"amount"`
	Direction string       `json:"direction"`
	Date      string       `json:"date"`
}

// reportFoot is what follows the lists.
type reportFoot struct {
	Opening       *money.Amount `json:"opening,omitempty"`
	Closing       *money.Amount `json:"closing,omitempty"`
	ArithmeticOK  bool          `json:"arithmetic_ok"`
	Problems      []string      `json:"problems,omitempty"`
	MoreProblems  int           `json:"more_problems,omitempty"`
	RepeatedLines int           `json:"repeated_lines,omitempty"`
	PendingLines  int           `json:"pending_lines,omitempty"`
	AdjustedBank  *money.Amount `json:"adjusted_bank,omitempty"`
	AdjustedBook  *money.Amount `json:"adjusted_book,omitempty"`
	Agrees        *bool         `json:"agrees,omitempty"`
}

// writeReport writes the report as one object, a match and a break at a time.
func writeReport(w *bufio.Writer, p *offline.Report) error {
	fmt.Fprintf(w, "{\"statement_lines\":%d,\"book_lines\":%d,\n\"matches\":[", p.StatementLines, p.BookLines)
	encode := json.NewEncoder(w)
	encode.SetEscapeHTML(false)
	first := true
	next := func(v any) error {
		if !first {
			_ = w.WriteByte(',')
		}
		first = false
		return encode.Encode(v)
	}
	ids := func(rows []int64) []string {
		book := make([]string, len(rows))
		for i, row := range rows {
			book[i] = p.Posting(row)
		}
		return book
	}
	for m := range p.All() {
		err := next(reportMatch{
			Kind: m.Kind, Rule: m.Rule, Statement: notNull(m.Statement), Book: ids(m.Book), Difference: m.Difference, Score: m.Score,
			Evidence: m.Evidence,
		})
		if err != nil {
			return err //nolint:wrapcheck // wrapped by the caller
		}
	}
	_, _ = w.WriteString("],\n\"breaks\":[")
	first = true
	for _, b := range p.Breaks {
		err := next(reportBreak{
			Class: b.Class, Reason: b.Reason, Statement: notNull(b.Statement), Book: ids(b.Book), Amount: b.Amount,
			Direction: b.Direction.String(), Date: b.Day.String(),
		})
		if err != nil {
			return err //nolint:wrapcheck // wrapped by the caller
		}
	}
	foot := reportFoot{
		Opening: p.Opening, Closing: p.Closing, ArithmeticOK: p.ArithmeticOK, Problems: p.Problems,
		MoreProblems: p.MoreProblems, RepeatedLines: p.RepeatedLines, PendingLines: p.Pending, AdjustedBank: p.AdjustedBank,
		AdjustedBook: p.AdjustedBook, Agrees: nil,
	}
	if p.AdjustedBank != nil {
		foot.Agrees = &p.Agrees
	}
	text, err := json.Marshal(foot)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	_, _ = w.WriteString("],\n")
	_, _ = w.Write(text[1:])
	return w.WriteByte('\n') //nolint:wrapcheck // wrapped by the caller
}

// notNull is a list that is written as [] where it is empty.
func notNull(ids []int64) []int64 {
	if ids == nil {
		return []int64{}
	}
	return ids
}

// summary is what a person reads.
func (cmd *reconcileCommand) summary(w io.Writer, p *offline.Report) {
	days := "no days"
	if !p.From.IsZero() {
		days = p.From.String() + " to " + p.Through.String()
	}
	fmt.Fprintf(w, "statement  %d lines, %s", p.StatementLines, days)
	if p.Opening != nil && p.Closing != nil {
		fmt.Fprintf(w, ", opening %s, closing %s", p.Opening, p.Closing)
	}
	fmt.Fprintln(w)
	if p.RepeatedLines > 0 {
		fmt.Fprintf(w, "           %d further lines stand in two files and count once\n", p.RepeatedLines)
	}
	if p.Pending > 0 {
		fmt.Fprintf(w, "           %d further lines are not booked by the bank yet\n", p.Pending)
	}
	fmt.Fprintf(w, "book       %d lines\n", p.BookLines)
	fmt.Fprintf(w, "matched    %d lines of the statement in %d matches\n", p.MatchedLines, p.Matches)
	for _, rule := range append(match.AllRules(), offline.ByDetails) {
		if n := p.Rules[rule]; n > 0 {
			fmt.Fprintf(w, "           %9d  %s\n", n, rule)
		}
	}
	fmt.Fprintf(w, "breaks     %d\n", len(p.Breaks))
	for i, b := range p.Breaks {
		if i == cmd.Limit {
			fmt.Fprintf(w, "           and %d others: --json has all of them\n", len(p.Breaks)-i)
			break
		}
		fmt.Fprintf(w, "           class %d  %-20s %s  %s %s%s\n", b.Class, b.Reason, b.Day, b.Direction, b.Amount, named(p, b))
	}
	for _, problem := range p.Problems {
		fmt.Fprintf(w, "problem    %s\n", problem)
	}
	if p.AdjustedBank != nil {
		verdict := "agree"
		if !p.Agrees {
			verdict = "DIFFER by " + (*p.AdjustedBank - *p.AdjustedBook).String()
		}
		fmt.Fprintf(w, "adjusted   bank %s, book %s: they %s\n", p.AdjustedBank, p.AdjustedBook, verdict)
	}
}

// named lists the first lines of a break.
func named(p *offline.Report, b offline.Break) string {
	const most = 3
	var out strings.Builder
	for i, id := range b.Statement {
		if i == most {
			fmt.Fprintf(&out, " … (%d lines)", len(b.Statement))
			break
		}
		fmt.Fprintf(&out, " line %d", id)
	}
	for i, row := range b.Book {
		if i == most {
			fmt.Fprintf(&out, " … (%d postings)", len(b.Book))
			break
		}
		fmt.Fprintf(&out, " posting %s", p.Posting(row))
	}
	return out.String()
}
