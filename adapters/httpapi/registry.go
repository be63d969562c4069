package httpapi

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/casework"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/registry"
	"twoline/reconcile/bureau"
)

// registryRoutes are who and what the money belongs to.
func (s *Server) registryRoutes() {
	if s.deps.Registry == nil {
		return
	}
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/imports/{kind}", Summary: "Register areas, banks, members and the like",
		Description: importText(), Accept: []string{csvType, xlsxType}, Deadline: time.Minute,
		Who: Officers(approval.Maker, approval.AgencyBusiness, approval.AgencyFinance, approval.FinanceBureau).
			Or(Officers(approval.SystemAdmin, approval.System)),
	}, viewReport, s.importFile)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/account-openings", Summary: "Ask a bank to open accounts in bulk",
		Status: 201,
		Description: "For the members of a region who have no account, in batches of at most 500 rows in the " +
			"order of " +
			"their region.",
		Who: Officers(approval.Maker, approval.AgencyBusiness),
	}, viewOpenings, s.openAccounts)
	Download(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/account-openings/{id}/file",
		Summary: "The five fields of the accounts to open",
		Who:     Banks().Or(Officers(approval.Maker, approval.AgencyBusiness)),
	}, s.openingFile)
	Upload(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPut, Path: "/v1/account-openings/{id}/result-file", Status: http.StatusAccepted,
		Summary: "The accounts opened, in the order of the file", Who: Banks(),
		Description: "Each account becomes the member's instrument, and then a mandate. A row that does not " +
			"agree with " +
			"the opening's own is refused; a file that contradicts itself is set aside whole.",
	}, viewReceipt, s.openingResult)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/mandates", Summary: "A customer signs or cancels a mandate",
		Description: "sign needs id_number, account_no and signed_on; cancel needs ended_on. The bank's own " +
			"customers only.",
		Who: Banks(),
	}, viewMandate, s.mandate)
	Search(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/members/lookup", Summary: "What a customer of the bank owes",
		Description: "By id number. Anybody else's customer is not found, member or not.", Who: Banks(),
	}, s.lookup)
	if s.deps.Casework == nil {
		return
	}
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/opening-balances", Status: 201,
		Summary: "Ask that what fund accounts held at go-live is entered",
		Description: "All of them or none are asked for, each account once: the balance of the day before its book " +
			"begins, and the number of the bank's last statement of that day. Each is a decision of its own: it is booked " +
			"when a second person of the finance office has compared it with the statement and approved it. The first " +
			"statement must open with the same figure.",
		Who: Officers(approval.Maker, approval.AgencyFinance),
	}, viewAskedBalances, s.openBalances)
}

// importText documents every kind with its columns.
func importText() string {
	var b strings.Builder
	b.WriteString("CSV (RFC 4180) with a header line, UTF-8 or, by charset, GB18030; or an xlsx workbook, of which the " +
		"sheet is read that is called like the kind, or else the first: its first row that is not empty is the header, " +
		"and lines are the sheet's rows. Numbers of people, accounts, banks and regions must be text cells: a spreadsheet's " +
		"number loses leading zeros and the digits after the fifteenth. Days, months, amounts, counts, true and false may " +
		"be text or what the spreadsheet makes of them. Every line is answered: imported, repeated (the same row is known) or refused. Personal accounts (opening-accounts) are imported as a list, and " +
		"booked when a second person has approved the decision that the report names. The columns of each kind:\n")
	for _, spec := range append(registry.Specs(), bureau.Spec()) {
		b.WriteString("\n**" + string(spec.Kind) + "**: " + spec.Text + "\n\n")
		for _, c := range spec.Columns {
			b.WriteString("- `" + c.Name + "`")
			if c.Optional {
				b.WriteString(" (optional)")
			}
			b.WriteString(": " + c.Text + "\n")
		}
	}
	return b.String()
}

// ImportLine answers one line of an imported file.
type ImportLine struct {
	Line   int    `json:"line"   doc:"Counted from 1 with the header; of a workbook, the row"`
	Answer string `json:"answer" enum:"imported,repeated,refused"`
	Code   string `json:"code,omitempty"`
	Field  string `json:"field,omitempty"`
	Text   string `json:"text,omitempty"`
}

// ImportReport is what became of an imported file.
type ImportReport struct {
	Kind     string       `json:"kind"`
	Rows     int          `json:"rows"`
	Imported int          `json:"imported"`
	Repeated int          `json:"repeated"`
	Refused  int          `json:"refused"`
	Lines    []ImportLine `json:"lines" nullable:"false" doc:"Lines that were not simply imported, at most 1 000"`
	Omitted  int          `json:"omitted" doc:"Such lines that found no room"`
	Decision ID           `json:"decision_id,omitzero" doc:"Of opening-accounts: what a second person approves before they are booked"`
}

func viewReport(r registry.Report) ImportReport {
	return ImportReport{
		Kind: string(r.Kind), Rows: r.Rows, Imported: r.Imported, Repeated: r.Repeated, Refused: r.Refused,
		Lines: viewLines(r), Omitted: r.Omitted, Decision: NewID(r.Decision),
	}
}

func viewLines(r registry.Report) []ImportLine {
	lines := make([]ImportLine, len(r.Lines))
	for i, l := range r.Lines {
		lines[i] = ImportLine{Line: l.Line, Answer: string(l.Answer), Code: l.Code, Field: l.Field, Text: l.Text}
	}
	return lines
}

type importCommand struct {
	Kind      string `path:"kind" maxLength:"40"`
	WholeFile bool   `query:"whole_file" doc:"Refuse all lines where one is refused"`
	Charset   string `query:"charset" enum:"utf-8,gb18030,gbk" default:"utf-8"`
	Area      string `query:"area" pattern:"^[1-9][0-9]{5}$" doc:"For an administrator of the system: whose file it is"`
	Media     string `header:"Content-Type" hidden:"true"`
	RawBody   []byte `contentType:"text/csv"`
}

func (s *Server) importFile(ctx context.Context, c Call, in *importCommand) (once.Answer, error) {
	media, _, err := mime.ParseMediaType(in.Media)
	if err != nil && len(in.RawBody) > 0 {
		return once.Answer{}, errContentType //nolint:exhaustruct // no answer
	}
	o := registry.Options{WholeFile: in.WholeFile, Charset: in.Charset, Workbook: media == xlsxType, Area: 0}
	if in.Area != "" {
		area, err := party.ParseArea(in.Area)
		if err != nil {
			return once.Answer{}, errInput.On("area") //nolint:exhaustruct // no answer
		}
		o.Area = area
	}
	if registry.Kind(in.Kind) == bureau.KindJournal && s.deps.Bureau != nil {
		return s.deps.Bureau.Import(ctx, c.Request, c.Render, c.Officer, bytes.NewReader(in.RawBody), o)
	}
	return s.deps.Registry.Import(ctx, c.Request, c.Render, c.Officer, registry.Kind(in.Kind),
		bytes.NewReader(in.RawBody), o)
}

// AskedBalances are the decisions about opening balances, in the order of the request.
type AskedBalances struct {
	Decisions []Decision `json:"decisions" nullable:"false"`
}

func viewAskedBalances(list []casework.Request) AskedBalances {
	out := AskedBalances{Decisions: make([]Decision, len(list))}
	for i, r := range list {
		out.Decisions[i] = viewDecision(r)
	}
	return out
}

type openBalancesCommand struct {
	Body struct {
		Balances []struct {
			FundAccount     ID     `json:"fund_account"`
			Day             Day    `json:"day" doc:"The day before the account's book begins"`
			Balance         Yuan   `json:"balance"`
			StatementNumber string `json:"statement_number" minLength:"1" maxLength:"64"`
			StatementDigest string `json:"statement_digest,omitempty" doc:"SHA-256, hex" pattern:"^[0-9a-f]{64}$"`
		} `json:"balances" minItems:"1" maxItems:"1000"`
	}
}

func (s *Server) openBalances(ctx context.Context, c Call, in *openBalancesCommand) (once.Answer, error) {
	none := once.Answer{} //nolint:exhaustruct // no answer
	list := make([]registry.OpeningBalance, len(in.Body.Balances))
	asks := make([]casework.Ask, len(list))
	for i, b := range in.Body.Balances {
		digest, err := hex.DecodeString(b.StatementDigest)
		if err != nil {
			return none, errInput.On("statement_digest").At(i + 1)
		}
		if len(digest) == 0 {
			digest = nil
		}
		list[i] = registry.OpeningBalance{
			FundAccount: b.FundAccount.Int64(), Day: b.Day.Day, Balance: b.Balance.Amount,
			StatementNumber: b.StatementNumber, StatementDigest: digest,
		}
		asks[i] = casework.Ask{ //nolint:exhaustruct // a balance
			Kind: casework.OpeningBalance, Subject: list[i].FundAccount, Word: casework.Entered, Document: b.StatementNumber,
			ValueDate: list[i].Day, Amount: list[i].Balance, DocumentDigest: digest,
		}
	}
	if err := registry.CheckBalances(list); err != nil {
		return none, err
	}
	return s.deps.Casework.AskAll(ctx, c.Request, c.Render, c.Officer, asks)
}

// AccountOpening is a batch of accounts to open.
type AccountOpening struct {
	ID         ID     `json:"id"`
	Bank       string `json:"bank"`
	Count      int    `json:"count"`
	FileName   string `json:"file_name"`
	FileDigest string `json:"file_digest" doc:"SHA-256 of the file's bytes, hex"`
	CreatedOn  Day    `json:"created_on"`
}

// AccountOpenings answers a request for accounts.
type AccountOpenings struct {
	Openings []AccountOpening `json:"openings" nullable:"false"`
	Left     int              `json:"left" doc:"Members whose name the bank's file cannot carry; each has a case"`
	More     bool             `json:"more" doc:"Others are left: ask again"`
}

func viewOpenings(o registry.OpenedAccounts) AccountOpenings {
	out := AccountOpenings{Openings: make([]AccountOpening, len(o.Openings)), Left: o.Left, More: o.More}
	for i, a := range o.Openings {
		out.Openings[i] = AccountOpening{
			ID: NewID(a.ID), Bank: a.Bank, Count: a.Count, FileName: a.FileName,
			FileDigest: hex.EncodeToString(a.FileDigest[:]), CreatedOn: NewDay(a.CreatedOn),
		}
	}
	return out
}

type openAccountsCommand struct {
	Body struct {
		Bank   string `json:"bank" maxLength:"32"`
		Region string `json:"region,omitempty" pattern:"^[1-9][0-9]{11}$" doc:"12 digits; absent is the whole area"`
	}
}

func (s *Server) openAccounts(ctx context.Context, c Call, in *openAccountsCommand) (once.Answer, error) {
	cmd := registry.OpenAccounts{Bank: in.Body.Bank, Region: 0}
	if in.Body.Region != "" {
		region, err := party.ParseRegion(in.Body.Region)
		if err != nil {
			return once.Answer{}, errInput.On("region") //nolint:exhaustruct // no answer
		}
		cmd.Region = region
	}
	return s.deps.Registry.OpenAccounts(ctx, c.Request, c.Render, c.Officer, cmd)
}

type openingQuery struct {
	ID ID `path:"id"`
}

func (s *Server) openingFile(ctx context.Context, c Call, in *openingQuery) (File, error) {
	var f registry.OpeningFile
	var err error
	if c.IsBank() {
		f, err = s.deps.Registry.BankOpeningFile(ctx, c.Bank, in.ID.Int64())
	} else {
		f, err = s.deps.Registry.OfficerOpeningFile(ctx, c.Officer, in.ID.Int64())
	}
	return File{
		Name: f.FileName, ContentType: "application/octet-stream", Size: int64(len(f.Content)), Digest: f.FileDigest,
		Write: func(_ context.Context, w io.Writer) error {
			_, err := w.Write(f.Content)
			return err
		},
	}, err
}

type openingResultCommand struct {
	ID   ID     `path:"id"`
	Name string `query:"name" required:"true" minLength:"1" maxLength:"200" doc:"The bank's own file name"`
	Part string `query:"part" enum:"S,F" doc:"Which of the two files; read from the name's _S or _F where absent"`
}

func (s *Server) openingResult(
	ctx context.Context, c Call, in *openingResultCommand, body io.Reader,
) (once.Answer, error) {
	o, err := s.deps.Registry.BankOpening(ctx, c.Bank, in.ID.Int64())
	if err != nil {
		return once.Answer{}, err //nolint:exhaustruct // no answer
	}
	head := bank.Receipt{ //nolint:exhaustruct // the intake fills the rest
		Area: o.Area, Bank: c.Bank.Code, Kind: bank.ReceiptOpeningResult, Subject: o.ID, Name: in.Name, Part: in.Part,
		ReceivedBy: c.Name(),
	}
	if head.Part == "" {
		head.Part = bank.PartOf(in.Name)
	}
	return s.deps.Intake.Receive(ctx, c.Request, c.Render, head, body, func([32]byte) error { return nil })
}

// Mandate is an authority to debit. The account is the bank's own and is not repeated.
type Mandate struct {
	ID       ID     `json:"id"`
	MemberID ID     `json:"member_id"`
	Number   string `json:"number"`
	SignedOn Day    `json:"signed_on"`
	EndedOn  *Day   `json:"ended_on,omitempty"`
}

func viewMandate(m registry.Mandate) Mandate {
	out := Mandate{
		ID: NewID(m.ID), MemberID: NewID(m.Member), Number: m.Number, SignedOn: NewDay(m.SignedOn), EndedOn: nil,
	}
	if !m.EndedOn.IsZero() {
		out.EndedOn = &Day{m.EndedOn}
	}
	return out
}

type mandateCommand struct {
	Body struct {
		Action    string `json:"action" enum:"sign,cancel"`
		Area      string `json:"area" pattern:"^[1-9][0-9]{5}$"`
		Number    string `json:"number" minLength:"1" maxLength:"60"`
		IDNumber  string `json:"id_number,omitempty" maxLength:"18"`
		AccountNo string `json:"account_no,omitempty" maxLength:"32"`
		SignedOn  *Day   `json:"signed_on,omitempty"`
		EndedOn   *Day   `json:"ended_on,omitempty"`
	}
}

// errMandateForm is a mandate whose fields are not those of its action.
var errMandateForm = fault.New(fault.Invalid, "mandate_form",
	"sign takes id_number, account_no and signed_on; cancel takes ended_on")

func (s *Server) mandate(ctx context.Context, c Call, in *mandateCommand) (once.Answer, error) {
	none := once.Answer{} //nolint:exhaustruct // no answer
	b := in.Body
	area, err := party.ParseArea(b.Area)
	if err != nil {
		return none, errInput.On("area")
	}
	if b.Action == "cancel" {
		if b.EndedOn == nil || b.SignedOn != nil || b.IDNumber != "" || b.AccountNo != "" {
			return none, errMandateForm
		}
		return s.deps.Registry.CancelMandate(ctx, c.Request, c.Render, c.Bank,
			registry.CancelMandate{Area: area, Number: b.Number, EndedOn: b.EndedOn.Day})
	}
	if b.SignedOn == nil || b.EndedOn != nil {
		return none, errMandateForm
	}
	id, err := party.NewIDNumber(b.IDNumber)
	if err != nil {
		return none, errInput.With("%s", err).On("id_number")
	}
	account, err := party.NewPassbook(b.AccountNo)
	if err != nil {
		return none, errInput.With("%s", err).On("account_no")
	}
	return s.deps.Registry.SignMandate(ctx, c.Request, c.Render, c.Bank, registry.SignMandate{
		Area: area, IDNumber: id, AccountNo: account, Number: b.Number, SignedOn: b.SignedOn.Day,
	})
}

// Customer is a member as one of their banks may see them.
type Customer struct {
	Area     string `json:"area"`
	MemberID ID     `json:"member_id"`
	Name     string `json:"name"    doc:"Masked"`
	Account  string `json:"account" doc:"Masked"`
	Mandate  string `json:"mandate,omitempty" doc:"Number of the mandate that holds"`
	Year     int    `json:"year"`
	Chosen   Yuan   `json:"chosen"    doc:"The amount chosen for the year"`
	Posted   Yuan   `json:"posted"    doc:"Booked for the year"`
	Receipts Yuan   `json:"receipts"  doc:"Taken at counters and terminals, not booked yet"`
	InFlight Yuan   `json:"in_flight" doc:"With a bank, or debited and not booked yet"`
	Open     Yuan   `json:"open"      doc:"What may still be collected"`
	Paid     bool   `json:"paid"      doc:"The chosen amount is booked in full"`
}

// Customers are the areas in which the person is a customer of the bank.
type Customers struct {
	Customers []Customer `json:"customers" nullable:"false"`
}

type lookupSearch struct {
	Body struct {
		IDNumber string `json:"id_number" minLength:"18" maxLength:"18"`
		Area     string `json:"area,omitempty" pattern:"^[1-9][0-9]{5}$"`
		Year     int    `json:"year,omitempty" minimum:"2009" maximum:"2100" doc:"Absent is this year"`
	}
}

func (s *Server) lookup(ctx context.Context, c Call, in *lookupSearch) (Customers, error) {
	none := Customers{Customers: nil}
	id, err := party.NewIDNumber(in.Body.IDNumber)
	if err != nil {
		return none, errInput.With("%s", err).On("id_number")
	}
	q := registry.Lookup{IDNumber: id, Area: 0, Year: in.Body.Year}
	if in.Body.Area != "" {
		if q.Area, err = party.ParseArea(in.Body.Area); err != nil {
			return none, errInput.On("area")
		}
	}
	list, err := s.deps.Registry.Lookup(ctx, c.Bank, q)
	if err != nil {
		return none, err
	}
	out := Customers{Customers: make([]Customer, len(list))}
	for i, v := range list {
		yuan := func(a money.Amount) Yuan { return NewYuan(a) }
		out.Customers[i] = Customer{
			Area: v.Area.String(), MemberID: NewID(v.Member), Name: v.Name.String(), Account: v.Account.String(),
			Mandate: v.Mandate, Year: v.Due.Year, Chosen: yuan(v.Due.Chosen), Posted: yuan(v.Due.Posted),
			Receipts: yuan(v.Due.Receipts), InFlight: yuan(v.Due.InFlight), Open: yuan(v.Due.Open()), Paid: v.Paid(),
		}
	}
	return out, nil
}
