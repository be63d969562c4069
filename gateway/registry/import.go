package registry

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// Config is what a Service is made of.
type Config struct {
	Store Store
	// Today is the business day in Asia/Shanghai.
	Today func() calendar.Day
	// Charsets are the decoders of import files beside utf-8, by name: gb18030, gbk.
	Charsets map[string]Decoder
	// Sheet reads the workbooks of imports.
	Sheet Sheet
	// Files writes and reads the banks' files of account openings.
	Files OpeningFiles
	// Intake holds the result files that banks sent.
	Intake *bank.Intake
	// Formats are those that a bank may be registered with beside json and jsonl: the
	// names of the profiles that the service knows.
	Formats []Format
}

func (c Config) formats() []Format { return append([]Format{JSON, JSONL}, c.Formats...) }

// Service registers who and what the money belongs to. It is safe for concurrent use.
type Service struct{ c Config }

// New makes a Service; Store and Today are needed by every command, the others
// by those that read and write files.
func New(c Config) *Service { return &Service{c: c} }

// Options say how a file of import is read.
type Options struct {
	// WholeFile refuses all lines where one is refused.
	WholeFile bool
	// Charset is utf-8 where empty, with or without a byte order mark.
	Charset string
	// Workbook says that the file is an xlsx workbook and no CSV: the sheet that is
	// called like the kind, or else the first. It has no Charset.
	Workbook bool
	// Area is the area of the file; 0 is the officer's own.
	Area party.Area
}

// chunkSize is how many lines are compared and stored by one set of statements.
const chunkSize = 5000

// Import takes a file in and answers with a Report. The file is read once or,
// where its transaction must run again, several times from its start; memory
// holds one chunk of lines. Everything is stored in one transaction.
//
// A file that is no text, no CSV, or whose header does not fit is refused whole,
// and so is one of which no line is good; with WholeFile, one of which any line
// is bad. Both are a RefusedFileError, and nothing is stored.
//
// Personal accounts at go-live are kept as a list, and the report names the decision
// about it: they are booked when a second person has approved it.
func (s *Service) Import(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, kind Kind, file io.ReadSeeker,
	o Options,
) (once.Answer, error) {
	spec, ok := SpecOf(kind)
	if !ok {
		return once.Answer{}, ErrKind.With("no such kind of import; there are %s", kindNames())
	}
	area, err := mayImport(by, spec, o)
	if err != nil {
		return once.Answer{}, err
	}
	open, err := s.opener(spec, o)
	if err != nil {
		return once.Answer{}, err
	}
	return once.Do(ctx, s.c.Store.InTx, r, render, func(tx Tx) (any, error) {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return nil, fmt.Errorf("read import of %s from its start: %w", kind, err)
		}
		// What a second person approves names the file by its digest.
		digest := sha256.New()
		from, err := open(ctx, file, digest)
		if err != nil {
			return nil, err
		}
		defer from.close()
		t, err := openTable(from, spec)
		if err != nil {
			return nil, err
		}
		e := &env{
			area: area, by: by.Login, today: s.c.Today(), formats: s.c.formats(), rules: nil, cases: nil, list: 0,
		}
		report, err := importTable(ctx, tx, e, spec, t, o.WholeFile)
		if err != nil || e.list == 0 {
			return report, err
		}
		report.Decision, err = tx.AskAccounts(ctx, by, e.list, e.today, digest.Sum(nil))
		return report, err
	})
}

func kindNames() string {
	var names []string
	for _, s := range Specs() {
		names = append(names, string(s.Kind))
	}
	return strings.Join(names, ", ")
}

// opener opens the lines of a file at its start and gives its bytes to digest,
// which has them all when the last line was read.
type opener func(ctx context.Context, file io.ReadSeeker, digest io.Writer) (lines, error)

func (s *Service) opener(spec Spec, o Options) (opener, error) {
	if o.Workbook {
		return s.workbook(spec, o)
	}
	decode, err := s.decoder(o.Charset)
	return func(_ context.Context, file io.ReadSeeker, digest io.Writer) (lines, error) {
		return openCSV(decode(io.TeeReader(file, digest))), nil
	}, err
}

func (s *Service) decoder(charset string) (Decoder, error) {
	if charset == "" || charset == "utf-8" {
		return func(r io.Reader) io.Reader { return r }, nil
	}
	d, ok := s.c.Charsets[charset]
	if !ok {
		return nil, ErrCharset.With("no such charset; there are utf-8, gb18030 and gbk").On("charset")
	}
	return d, nil
}

// mayImport returns the area that the officer's file belongs to. A narrowed
// officer of a township or village imports nothing.
func mayImport(by approval.Officer, spec Spec, o Options) (party.Area, error) {
	admin := spec.Admin && by.Has(approval.SystemAdmin, approval.System)
	if by.Region != 0 || !admin && !by.Has(approval.Maker, spec.By...) {
		return 0, approval.ErrDuty
	}
	switch {
	case spec.Kind == KindAreas:
		return 0, nil
	case by.Area == 0 && o.Area == 0:
		return 0, ErrNoArea
	case by.Area == 0:
		return o.Area, nil
	case o.Area != 0 && o.Area != by.Area:
		return 0, ErrArea
	}
	return by.Area, nil
}

// env is what the lines of one import share.
type env struct {
	area  party.Area
	by    string
	today calendar.Day
	// formats are those that a bank may be registered with.
	formats []Format
	// rules are read when a kind asks for them first.
	rules *policy.Rules
	cases []Case
	// list is the one that personal accounts are kept in until they are approved; 0
	// while there is none.
	list int64
}

func (e *env) policy(ctx context.Context, tx Tx) (*policy.Rules, error) {
	if e.rules == nil {
		rules, err := tx.Rules(ctx, e.area)
		if err != nil {
			return nil, err
		}
		e.rules = rules
	}
	return e.rules, nil
}

func importTable(ctx context.Context, tx Tx, e *env, spec Spec, t *table, wholeFile bool) (Report, error) {
	none := Report{} //nolint:exhaustruct // none
	if err := tx.LockImport(ctx, e.area, spec.Kind); err != nil {
		return none, err
	}
	take := takerOf(spec.Kind)
	var sum tally
	sum.report.Kind = spec.Kind
	for {
		lines, err := t.chunk(chunkSize)
		if err != nil {
			return none, err
		}
		if len(lines) == 0 {
			break
		}
		if err := take(ctx, tx, e, t.index, lines, &sum); err != nil {
			return none, fmt.Errorf("import %s, lines %d to %d: %w", spec.Kind, lines[0].line, t.line, err)
		}
	}
	r := sum.report
	if r.Refused > 0 && (wholeFile || r.Refused == r.Rows) {
		return none, sum.refusal()
	}
	if len(e.cases) > 0 {
		if err := tx.RaiseCases(ctx, e.area, e.cases); err != nil {
			return none, err
		}
	}
	return sum.done(), nil
}

// taker takes one chunk of lines in and adds their answers to the report.
type taker func(ctx context.Context, tx Tx, e *env, index map[string]int, lines []record, sum *tally) error

func takerOf(kind Kind) taker {
	switch kind {
	case KindAreas:
		return intake[Area]{parseArea, openAreas}.take
	case KindRegions:
		return intake[Region]{parseRegion, openRegions}.take
	case KindPolicies:
		return intake[policy.Row]{parsePolicy, openPolicies}.take
	case KindBanks:
		return intake[Bank]{parseBank, openBanks}.take
	case KindFundAccounts:
		return intake[FundAccount]{parseFundAccount, openFundAccounts}.take
	case KindMembers:
		return intake[Member]{parseMember, openMembers}.take
	case KindInstruments:
		return intake[instrumentRow]{parseInstrument, openInstruments}.take
	case KindMandates:
		return intake[mandateRow]{parseMandate, openMandates}.take
	case KindTiers:
		return intake[tierRow]{parseTier, openTiers}.take
	case KindOpeningAccounts:
		return intake[openingRow]{parseOpening, openOpenings}.take
	case KindEntitlements:
		return intake[entitlementRow]{parseEntitlement, openEntitlements}.take
	case KindDeaths:
		return intake[deathRow]{parseDeath, openDeaths}.take
	case KindHolds:
		return intake[holdRow]{parseHold, openHolds}.take
	case KindActivations:
		return intake[activationRow]{parseActivation, openActivations}.take
	case KindBudgets:
		return intake[Budget]{parseBudget, openBudgets}.take
	case KindServiceYears:
		return intake[serviceYearsRow]{parseServiceYears, openServiceYears}.take
	case KindPensionCases:
		return intake[pensionCaseRow]{parsePensionCase, openPensionCases}.take
	case KindCertifications:
		return intake[certificationRow]{parseCertification, openCertifications}.take
	case KindComparisons:
		return intake[comparisonRow]{parseComparison, openComparisons}.take
	case KindTargets:
		return intake[Target]{parseTarget, openTargets}.take
	}
	return nil
}

// intake is one kind: how a line reads, and what its rows are compared with.
type intake[R any] struct {
	parse func(f *fields, e *env) R
	// open reads what the rows of a chunk may meet.
	open func(ctx context.Context, tx Tx, e *env, rows []R) (desk[R], error)
}

// desk decides one chunk. judge sees the rows in the order of the file and
// remembers those that it lets in, so that a later line meets an earlier one;
// it completes the row with the ids that it found.
type desk[R any] struct {
	judge func(row *R) (Answer, *fault.Error)
	store func(ctx context.Context, rows []R) error
}

func (in intake[R]) take(
	ctx context.Context, tx Tx, e *env, index map[string]int, lines []record, sum *tally,
) error {
	rows, numbers := make([]R, 0, len(lines)), make([]int, 0, len(lines))
	bad := make(map[int]*fault.Error)
	for _, l := range lines {
		if l.fault != nil {
			bad[l.line] = l.fault
			continue
		}
		if len(l.values) != len(index) {
			bad[l.line] = ErrFields
			continue
		}
		f := &fields{index: index, values: l.values, fault: nil, line: l.line}
		row := in.parse(f, e)
		if f.fault != nil {
			bad[l.line] = f.fault
			continue
		}
		rows, numbers = append(rows, row), append(numbers, l.line)
	}
	for _, line := range sortedKeys(bad) {
		sum.add(line, Refused, bad[line])
	}
	if len(rows) == 0 {
		return nil
	}
	d, err := in.open(ctx, tx, e, rows)
	if err != nil {
		return err
	}
	accepted := make([]R, 0, len(rows))
	for i := range rows {
		answer, why := d.judge(&rows[i])
		sum.add(numbers[i], answer, why)
		if answer == Imported {
			accepted = append(accepted, rows[i])
		}
	}
	if len(accepted) == 0 {
		return nil
	}
	return d.store(ctx, accepted)
}

func sortedKeys(m map[int]*fault.Error) []int {
	keys := make([]int, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// seen answers for a row whose key is known: the same again, or other content.
func seen(column string) (Answer, *fault.Error) {
	if column == "" {
		return Repeated, nil
	}
	return Refused, ErrDiffers.On(column)
}

// firstDifference names the first column that differs, or "".
func firstDifference(columns ...difference) string {
	for _, c := range columns {
		if c.differs {
			return c.column
		}
	}
	return ""
}

type difference struct {
	column  string
	differs bool
}
