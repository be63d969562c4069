package main

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"twoline/adapters/httpapi"
	"twoline/gateway/approval"
	"twoline/gateway/fault"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/registry"
	"twoline/reconcile/bureau"
)

// importCommand imports a registry as the operator at the machine: it needs the
// database's address, as the service does, and leaves an audit row.
type importCommand struct {
	Kind      string `arg:"" help:"What the file holds; twoline import --help lists the kinds and their columns."`
	File      string `arg:"" help:"CSV or an xlsx workbook, with a header row; - reads the standard input." type:"existingfile"`
	Area      string `help:"Six digits; needed except for areas."`
	Charset   string `default:"utf-8" enum:"utf-8,gb18030,gbk" help:"Charset of a CSV file."`
	WholeFile bool   `name:"whole-file" help:"Refuse all lines where one is refused."`
	Officer   string `help:"Login of the maker who asks for opening-accounts; another person approves them."`
	JSON      bool   `name:"json" help:"Print the report as JSON."`
}

// Help lists the kinds with their columns.
func (*importCommand) Help() string {
	var b strings.Builder
	b.WriteString("Of an xlsx workbook the sheet is read that is called like the kind, or else the first; its lines are " +
		"the sheet's rows. Numbers of people, accounts, banks and regions must be text cells there: a spreadsheet's number " +
		"loses leading zeros and the digits after the fifteenth.\n\nKinds and columns:\n\n")
	for _, s := range append(registry.Specs(), bureau.Spec()) {
		fmt.Fprintf(&b, "  %-18s %s\n", s.Kind, s.Names())
	}
	return b.String()
}

var errImport = fault.New(fault.Invalid, "import", "the file cannot be imported")

// open returns the file, or what the standard input holds: an import may read its
// file several times, which a pipe does not allow.
func (cmd *importCommand) open(a *app) (*os.File, error) {
	file, err := os.Open(cmd.File)
	in := io.Reader(file)
	if cmd.File == "-" {
		in, err = a.std.in, nil
	}
	if err != nil {
		return nil, err //nolint:wrapcheck // names the file
	}
	if file != nil {
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			return file, nil
		}
		defer file.Close() //nolint:errcheck // read only
	}
	spool, err := os.CreateTemp("", "twoline-import-*.csv")
	if err != nil {
		return nil, fmt.Errorf("spool the input: %w", err)
	}
	// The name goes at once; the bytes live as long as the file is open.
	_ = os.Remove(spool.Name())
	_, err = io.Copy(spool, in)
	if err == nil {
		_, err = spool.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("spool the input: %w", err), spool.Close())
	}
	return spool, nil
}

// isWorkbook tells a workbook by its name or its first bytes, those of the old
// format too: its reader says what to do with one.
func (cmd *importCommand) isWorkbook(file *os.File) (bool, error) {
	if strings.EqualFold(filepath.Ext(cmd.File), ".xlsx") {
		return true, nil
	}
	var head [4]byte
	n, err := file.ReadAt(head[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err //nolint:wrapcheck // names the file
	}
	first := string(head[:n])
	return first == "PK\x03\x04" || first == "\xD0\xCF\x11\xE0", nil
}

// Run imports.
func (cmd *importCommand) Run(a *app) error {
	spec, ok := registry.SpecOf(registry.Kind(cmd.Kind))
	if registry.Kind(cmd.Kind) == bureau.KindJournal {
		spec, ok = bureau.Spec(), true
	}
	if !ok {
		return hinted{errImport.With("%q is no kind of import", cmd.Kind), "twoline import --help lists them"}
	}
	var area party.Area
	if cmd.Area != "" || spec.Kind != registry.KindAreas {
		var err error
		if area, err = party.ParseArea(cmd.Area); err != nil {
			return errImport.With("--area: %v", err)
		}
	}
	by := operator(spec, area)
	switch needed := spec.Kind == registry.KindOpeningAccounts; {
	case needed && cmd.Officer == "":
		return hinted{
			errImport.With("personal accounts at go-live are asked for by an officer and approved by another person"),
			"--officer LOGIN names a maker of the agency's business office",
		}
	case !needed && cmd.Officer != "":
		return errImport.With("--officer belongs to opening-accounts")
	case needed:
		by.Login = cmd.Officer
	}
	c, err := readConfig(a.getenv)
	if err == nil {
		err = c.validate()
	}
	if err != nil {
		return err
	}
	g, err := wire(a.ctx, c, wallClocks(), newLog(a))
	if err != nil {
		return err
	}
	defer g.close()
	file, err := cmd.open(a)
	if err != nil {
		return errImport.With("%v", err)
	}
	defer file.Close() //nolint:errcheck // read only
	workbook, err := cmd.isWorkbook(file)
	if err != nil {
		return errImport.With("%v", err)
	}
	var report registry.Report
	request := once.Request{
		Caller: "command:import", Route: "import " + cmd.Kind,
		Key: base64.RawURLEncoding.EncodeToString(randomBytes(24)), Fingerprint: sha256.Sum256([]byte(cmd.File)),
	}
	options := registry.Options{WholeFile: cmd.WholeFile, Charset: cmd.Charset, Workbook: workbook, Area: area}
	if spec.Kind == bureau.KindJournal {
		_, err = g.bureau.Import(a.ctx, request, keepReport(&report), by, file, options)
	} else {
		_, err = g.registry.Import(a.ctx, request, keepReport(&report), by, spec.Kind, file, options)
	}
	var refused *registry.RefusedFileError
	if errors.As(err, &refused) {
		report = refused.Report
	}
	if err != nil && refused == nil {
		return err
	}
	if cmd.JSON {
		err = printJSON(a.std.out, reportOnTheWire(report))
	} else {
		err = printImport(a, report)
	}
	if err == nil && (refused != nil || report.Refused > 0) {
		return errFound
	}
	return err
}

func keepReport(into *registry.Report) once.Render {
	return func(v any) (once.Answer, error) {
		r, ok := v.(registry.Report)
		if !ok {
			return once.Answer{}, fmt.Errorf("import answered %T", v)
		}
		*into = r
		return once.Answer{Status: 200, ContentType: "text/plain", Body: []byte("imported"), Replayed: false}, nil
	}
}

// operator is the person at the machine's command line, with the duty that the
// kind asks for.
func operator(spec registry.Spec, area party.Area) approval.Officer {
	o := approval.Officer{
		Login: "command", Person: 0, Organisation: approval.System, Area: area, Region: 0,
		Duties: []approval.Duty{approval.Maker, approval.SystemAdmin},
	}
	if !spec.Admin {
		o.Organisation = spec.By[0]
	}
	if spec.Kind == registry.KindAreas {
		o.Area = 0
	}
	return o
}

// reportOnTheWire is what the API answers for the same file.
func reportOnTheWire(r registry.Report) httpapi.ImportReport {
	out := httpapi.ImportReport{
		Kind: string(r.Kind), Rows: r.Rows, Imported: r.Imported, Repeated: r.Repeated, Refused: r.Refused,
		Lines: make([]httpapi.ImportLine, len(r.Lines)), Omitted: r.Omitted, Decision: httpapi.NewID(r.Decision),
	}
	for i, l := range r.Lines {
		out.Lines[i] = httpapi.ImportLine{Line: l.Line, Answer: string(l.Answer), Code: l.Code, Field: l.Field, Text: l.Text}
	}
	return out
}

func printImport(a *app, r registry.Report) error {
	var errs []error
	for _, l := range r.Lines {
		_, err := fmt.Fprintf(a.std.out, "line %d: %s %s %s %s\n", l.Line, l.Answer, l.Code, l.Field, l.Text)
		errs = append(errs, err)
	}
	if r.Omitted > 0 {
		_, err := fmt.Fprintf(a.std.out, "… and %d lines more\n", r.Omitted)
		errs = append(errs, err)
	}
	_, err := fmt.Fprintf(a.std.out, "%s: %d rows, %d imported, %d repeated, %d refused\n", r.Kind, r.Rows, r.Imported,
		r.Repeated, r.Refused)
	errs = append(errs, err)
	if r.Decision != 0 {
		_, err = fmt.Fprintf(a.std.out, "decision %d waits for a second person; nothing is booked before\n", r.Decision)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// operatorOf is the person at the machine's command line at the agency's desk.
func operatorOf(area party.Area) approval.Officer {
	return approval.Officer{
		Login: "command", Person: 0, Organisation: approval.AgencyBusiness, Area: area, Region: 0,
		Duties: []approval.Duty{approval.Maker},
	}
}
