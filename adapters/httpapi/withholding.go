package httpapi

import (
	"context"
	"encoding/hex"
	"io"
	"maps"
	"net/http"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/collection"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
)

// readers are the officers who may look at an area's money without moving it.
func readers() Who {
	in := []approval.Organisation{approval.AgencyBusiness, approval.AgencyFinance, approval.FinanceBureau, approval.Auditor}
	return Officers(approval.Maker, in...).Or(Officers(approval.Checker, in...)).
		Or(Officers(approval.Releaser, in...)).Or(Officers(approval.Viewer, in...))
}

// withholdingRoutes are the money in: batches out, answers and arrivals in.
func (s *Server) withholdingRoutes() {
	if s.deps.Collection == nil {
		return
	}
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/withholding-runs", Summary: "Generate withholding batches", Status: 201,
		Description: "For every bank of the area: the members with an active mandate whose due may be sent now. " +
			"Failed items that may be tried again are taken up; the others are counted in held, with the dead, who left " +
			"the scheme and who draws a pension, of whom nothing is taken. The year is the current one, up to the area's cut-off: a missed year " +
			"is made up on request, and nothing is taken for a year to come.",
		Who: Officers(approval.Maker, approval.AgencyBusiness, approval.AgencyFinance),
	}, viewRun, s.withhold)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/withholding-batches", Summary: "What to debit: batches in rising order",
		Who: Banks().Or(readers()),
	}, s.batches)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/withholding-batches/{id}", Summary: "One batch with its counters",
		Who: Banks().Or(readers()),
	}, s.batch)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/withholding-batches/{id}/items", Summary: "A batch's items in file order",
		Description: "A bank sees accounts and names in full, an officer masked.", Who: Banks().Or(readers()),
	}, s.batchItems)
	Download(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/withholding-batches/{id}/file", Summary: "The batch in the bank's own format",
		Who: Banks(),
	}, s.batchFile)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/withholding-batches/{id}/acknowledgement",
		Summary: "The bank holds the batch whole: count, amount and digest agree", Who: Banks(),
	}, viewBatch, s.acknowledge)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/withholding-batches/{id}/results", Summary: "Answers on items",
		Description: "At most 10 000 lines. count is the number of lines, amount the sum of the lines' amounts. " +
			"A refused line books nothing and blocks no other; a wrong total refuses all.", Who: Banks(),
	}, viewTaken, s.results)
	Upload(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPut, Path: "/v1/withholding-batches/{id}/result-file", Status: http.StatusAccepted,
		Summary: "A result file in the bank's format or canonical jsonl, of any size", Who: Banks(),
		Description: "name is the bank's file name and tells _S from _F files. count and amount are the totals that " +
			"travel beside the file. Nothing of a file that contradicts itself is taken in.",
	}, viewReceipt, s.resultFile)
	s.moneyRoutes()
}

func (s *Server) moneyRoutes() {
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/arrivals", Summary: "Money arrived on a fund account", Status: 201,
		Description: "For a batch, an item, a terminal's day or an approved contribution list; for none of them it is money of an " +
			"unknown payer. The same bank_reference again is the same arrival.", Who: Banks(),
	}, viewArrived, s.arrive)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/contributions", Summary: "One payment taken at a counter or terminal",
		Description: "A receipt; it is posted when the bank's credit of the terminal's day equals its receipts.",
		Status:      201, Who: Banks(),
	}, viewPayment, s.contribution)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/dues", Summary: "What a member owes for a year, for counters and terminals",
		Who: Banks().Or(readers()),
	}, s.dues)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/receipts/{id}", Summary: "What became of a file or a long request",
		Who: Banks().Or(readers()),
	}, s.receipt)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/receipts/{id}/lines", Summary: "What became of its lines",
		Who: Banks().Or(readers()),
	}, s.receiptLines)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/items", Summary: "Where an item stands, by item_id or bank_reference",
		Who: Banks().Or(readers()),
	}, s.item)
}

// Batch is a withholding batch on the wire.
type Batch struct {
	ID           ID     `json:"id"`
	BatchNo      string `json:"batch_no"      doc:"Eight digits, unique for the bank and area"`
	Area         string `json:"area"`
	Scheme       string `json:"scheme"`
	Year         int    `json:"year"          doc:"The contribution year"`
	Bank         string `json:"bank"`
	ClearingBank string `json:"clearing_bank" doc:"CNAPS number of the payers' clearing bank"`
	Account      string `json:"account,omitempty" doc:"The fund account that the debits are credited to"`
	Count        int    `json:"count"`
	Amount       Yuan   `json:"amount"`
	Digest       string `json:"digest"        doc:"SHA-256 over the frozen items, hex"`
	FileName     string `json:"file_name"`
	FileDigest   string `json:"file_digest"   doc:"SHA-256 of the file's bytes, hex"`
	Status       string `json:"status"        enum:"ready,exported,sending,sent,acked,done,unknown"`
	CreatedOn    Day    `json:"created_on"`
	Succeeded    int    `json:"succeeded"`
	Failed       int    `json:"failed"`
	Open         int    `json:"open"          doc:"Items without a final answer"`
	SucceededSum Yuan   `json:"succeeded_amount"`
	Arrived      Yuan   `json:"arrived_amount"`
	Agreed       Yuan   `json:"agreed_amount" doc:"Results and money agree up to here: this much is posted or being posted"`
}

func viewBatch(b collection.Batch) Batch {
	return Batch{
		ID: NewID(b.ID), BatchNo: b.Number, Area: b.Area.String(), Scheme: string(b.Scheme), Year: b.Year, Bank: b.Bank,
		ClearingBank: b.ClearingBank, Account: b.AccountNo, Count: b.Count, Amount: NewYuan(b.Amount),
		Digest: hex.EncodeToString(b.Digest[:]), FileName: b.FileName, FileDigest: hex.EncodeToString(b.FileDigest[:]),
		Status: b.State.String(), CreatedOn: NewDay(b.CreatedOn), Succeeded: b.Progress.Succeeded,
		Failed: b.Progress.Failed, Open: b.Progress.Open, SucceededSum: NewYuan(b.Progress.SucceededAmount),
		Arrived: NewYuan(b.Progress.Arrived), Agreed: NewYuan(b.Progress.Agreed),
	}
}

// WithholdingRun is the answer of a run.
type WithholdingRun struct {
	ID      ID             `json:"id"`
	Batches []Batch        `json:"batches" nullable:"false"`
	Held    map[string]int `json:"held"    doc:"Members with a due that is not sent, by the result class of their last failure, or by member_died, member_left and draws_pension"`
}

func viewRun(r collection.RunResult) WithholdingRun {
	out := WithholdingRun{ID: NewID(r.ID), Batches: []Batch{}, Held: map[string]int{}}
	for _, b := range r.Batches {
		out.Batches = append(out.Batches, viewBatch(b))
	}
	maps.Copy(out.Held, r.Held)
	return out
}

type runCommand struct {
	Body struct {
		Scheme string   `json:"scheme" enum:"resident,rural,urban,land_lost"`
		Year   int      `json:"year"   minimum:"2009" maximum:"2100"`
		Banks  []string `json:"banks,omitempty" doc:"Partner banks' codes; none means all" maxItems:"100"`
	}
}

func (s *Server) withhold(ctx context.Context, c Call, in *runCommand) (once.Answer, error) {
	return s.deps.Collection.Withhold(ctx, c.Request, c.Render, c.Officer, collection.Run{
		Scheme: ledger.Scheme(in.Body.Scheme), Year: in.Body.Year, Banks: in.Body.Banks,
	})
}

type batchesQuery struct {
	Paging

	Status string `query:"status" enum:"ready,exported,sending,sent,acked,done,unknown"`
}

func (s *Server) batches(ctx context.Context, c Call, in *batchesQuery) (Page[Batch], error) {
	after, err := in.After()
	if err != nil {
		return Page[Batch]{}, err //nolint:exhaustruct // none
	}
	list, err := s.deps.Collection.Batches(ctx, collection.BatchFilter{ //nolint:exhaustruct // a list
		Area: c.area(), Bank: c.Bank.Code, State: bank.BatchState(in.Status), After: after, Limit: in.Limit + 1,
	})
	return NewPage(list, in.Limit, func(b collection.Batch) int64 { return b.ID }, viewBatch), err
}

type batchQuery struct {
	ID ID `path:"id"`
}

func (s *Server) findBatch(ctx context.Context, c Call, id ID) (collection.Batch, error) {
	return s.deps.Collection.Batch(ctx, collection.BatchFilter{ //nolint:exhaustruct // one
		Area: c.area(), Bank: c.Bank.Code, ID: id.Int64(),
	})
}

// batchFor is findBatch where its debits are handed over.
func (s *Server) batchFor(ctx context.Context, c Call, id ID) (collection.Batch, error) {
	b, err := s.findBatch(ctx, c, id)
	if err == nil && c.IsBank() {
		err = b.ForBank()
	}
	return b, err
}

func (s *Server) batch(ctx context.Context, c Call, in *batchQuery) (Batch, error) {
	b, err := s.findBatch(ctx, c, in.ID)
	return viewBatch(b), err
}

// WithholdingItem is one debit on the wire.
type WithholdingItem struct {
	ItemID        ID     `json:"item_id"`
	BatchID       ID     `json:"batch_id"`
	BatchNo       string `json:"batch_no"`
	Seq           int    `json:"seq"`
	Amount        Yuan   `json:"amount"`
	Account       string `json:"account"`
	Name          string `json:"name"`
	IDNumber      string `json:"id_number"`
	SocialNo      string `json:"social_no"`
	Mandate       string `json:"mandate"`
	Region        string `json:"region"`
	Year          int    `json:"year"`
	Attempt       int    `json:"attempt"`
	Outcome       string `json:"outcome" enum:"unknown,pending,succeeded,failed"`
	Class         string `json:"class"`
	Code          string `json:"code,omitempty"`
	Text          string `json:"text,omitempty"`
	BankReference string `json:"bank_reference,omitempty"`
	ValueDate     *Day   `json:"value_date,omitempty"`
	Posted        bool   `json:"posted"     doc:"Fund and personal account are credited"`
	QueriedOn     *Day   `json:"queried_on,omitempty" doc:"We ask: what became of it? Answer it, do not debit again"`
}

func viewItem(c Call) func(collection.ItemStanding) WithholdingItem {
	return func(i collection.ItemStanding) WithholdingItem {
		out := WithholdingItem{
			ItemID: NewID(i.ID), BatchID: NewID(i.Batch), BatchNo: i.BatchNumber, Seq: i.Seq,
			Amount: NewYuan(i.Amount), Account: i.Account.String(), Name: i.Name.String(), IDNumber: i.IDNumber.String(),
			SocialNo: i.SocialNo, Mandate: i.MandateNo, Region: i.Region.String(), Year: i.Year, Attempt: i.Attempt,
			Outcome: i.Outcome.String(), Class: string(i.Class), Code: i.Code, Text: i.Text,
			BankReference: i.BankReference, ValueDate: nil, Posted: i.Posted, QueriedOn: nil,
		}
		if c.IsBank() {
			out.Account, out.Name, out.IDNumber = i.Account.Plain(), i.Name.Plain(), i.IDNumber.Plain()
		}
		if !i.ValueDate.IsZero() {
			out.ValueDate = &Day{i.ValueDate}
		}
		if !i.QueriedOn.IsZero() {
			out.QueriedOn = &Day{i.QueriedOn}
		}
		return out
	}
}

type batchItemsQuery struct {
	Paging

	ID ID `path:"id"`
}

func (s *Server) batchItems(ctx context.Context, c Call, in *batchItemsQuery) (Page[WithholdingItem], error) {
	none := Page[WithholdingItem]{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	b, err := s.batchFor(ctx, c, in.ID)
	if err != nil {
		return none, err
	}
	items, err := s.deps.Collection.Items(ctx, b, int(after), in.Limit+1)
	return NewPage(items, in.Limit, func(i collection.ItemStanding) int64 { return int64(i.Seq) }, viewItem(c)), err
}

type acknowledgeCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Count  int    `json:"count"  minimum:"0"`
		Amount Yuan   `json:"amount"`
		Digest string `json:"digest" doc:"SHA-256 of the file or of the items, hex" pattern:"^[0-9a-f]{64}$"`
	}
}

func (s *Server) acknowledge(ctx context.Context, c Call, in *acknowledgeCommand) (once.Answer, error) {
	return s.deps.Collection.Acknowledge(ctx, c.Request, c.Render, 0, c.Bank, in.ID.Int64(), collection.Acknowledgement{
		Count: in.Body.Count, Amount: in.Body.Amount.Amount, Digest: in.Body.Digest,
	})
}

// ResultLine is one answer on the wire.
type ResultLine struct {
	ItemID        ID     `json:"item_id"`
	Outcome       string `json:"outcome" enum:"succeeded,failed,pending"`
	Amount        *Yuan  `json:"amount,omitempty" doc:"What was debited; required for a success"`
	BankReference string `json:"bank_reference,omitempty" maxLength:"64"`
	ValueDate     *Day   `json:"value_date,omitempty"`
	Code          string `json:"code,omitempty" maxLength:"35" doc:"ISO 20022 reason, CNAPS2 or the bank's own code"`
	Text          string `json:"text,omitempty" maxLength:"256"`
}

type resultsCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Count   int          `json:"count"   minimum:"0"`
		Amount  Yuan         `json:"amount"`
		Results []ResultLine `json:"results" nullable:"false" maxItems:"10000"`
	}
}

func (s *Server) results(ctx context.Context, c Call, in *resultsCommand) (once.Answer, error) {
	results, err := in.answers()
	if err != nil {
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	if err := bank.CheckTotals(in.Body.Count, in.Body.Amount.Amount, results); err != nil {
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return s.deps.Collection.Results(ctx, c.Request, c.Render, 0, c.Bank, in.ID.Int64(), results)
}

// TakenLine is a line that was not recorded.
type TakenLine struct {
	Line   int    `json:"line"`
	ItemID *ID    `json:"item_id,omitempty"`
	Code   string `json:"code"`
	Text   string `json:"text"`
}

// Taken is what became of a request's lines.
type Taken struct {
	ReceiptID ID          `json:"receipt_id"`
	Accepted  int         `json:"accepted"`
	Repeated  int         `json:"repeated"`
	Pending   int         `json:"pending" doc:"Kept, decide nothing: the items stay open and are asked about"`
	Refused   []TakenLine `json:"refused" nullable:"false"`
	Batch     Batch       `json:"batch"`
}

func viewTaken(t collection.Taken) Taken {
	return Taken{
		ReceiptID: NewID(t.Receipt), Accepted: t.Counts.Recorded, Repeated: t.Counts.Repeated,
		Pending: t.Counts.Pending, Refused: refusedLines(t.Decisions), Batch: viewBatch(t.Batch),
	}
}

type resultFileCommand struct {
	ID     ID     `path:"id"`
	Name   string `query:"name"   required:"true" minLength:"1" maxLength:"200" doc:"The bank's own file name"`
	Part   string `query:"part"   enum:"S,F" doc:"Which of the two files; read from the name's _S or _F where absent"`
	Count  string `query:"count"  pattern:"^[0-9]{1,7}$" doc:"Lines, as told beside the file"`
	Amount string `query:"amount" doc:"Sum of the lines' amounts, as told beside the file"`
}

func (s *Server) resultFile(ctx context.Context, c Call, in *resultFileCommand, body io.Reader) (once.Answer, error) {
	none := once.Answer{} //nolint:exhaustruct // none
	b, err := s.findBatch(ctx, c, in.ID)
	if err != nil {
		return none, err
	}
	head := bank.Receipt{ //nolint:exhaustruct // the intake fills the rest
		Area: b.Area, Bank: c.Bank.Code, Kind: bank.ReceiptResultFile, Subject: b.ID, Name: in.Name, Part: in.Part,
		ReceivedBy: c.Name(),
	}
	if head.Part == "" {
		head.Part = bank.PartOf(in.Name)
	}
	if head.Count, head.Amount, err = besideFile(in.Count, in.Amount); err != nil {
		return none, err
	}
	return s.deps.Intake.Receive(ctx, c.Request, c.Render, head, body, func([32]byte) error { return nil })
}

// besideFile reads the totals that travel beside a file; absent ones are nil.
func besideFile(count, amount string) (*int, *money.Amount, error) {
	var n *int
	var sum *money.Amount
	if count != "" {
		v := 0
		for _, d := range []byte(count) {
			v = v*10 + int(d-'0')
		}
		n = &v
	}
	if amount != "" {
		a, err := money.Parse(amount)
		if err != nil {
			return nil, nil, bank.ErrControlTotal.With("amount must be yuan with two decimals").On("amount")
		}
		sum = &a
	}
	return n, sum, nil
}

type arriveCommand struct {
	Body struct {
		Account       string `json:"account"        maxLength:"32" doc:"Number of the fund account that was credited"`
		Amount        Yuan   `json:"amount"`
		BankReference string `json:"bank_reference" minLength:"1" maxLength:"64" doc:"As the statement will show it"`
		ValueDate     Day    `json:"value_date"`
		BatchID       *ID    `json:"batch_id,omitempty"`
		ItemID        *ID    `json:"item_id,omitempty"`
		List          *ID    `json:"contribution_list,omitempty" doc:"The list that others' money is for, on the account that the list names"`
		Terminal      string `json:"terminal,omitempty" maxLength:"32"`
		TerminalDate  *Day   `json:"terminal_date,omitempty"`
	}
}

func (s *Server) arrive(ctx context.Context, c Call, in *arriveCommand) (once.Answer, error) {
	b := in.Body
	a := collection.Arrival{ //nolint:exhaustruct // the flow fills the rest
		Amount: b.Amount.Amount, BankReference: b.BankReference, ValueDate: b.ValueDate.Day, Terminal: b.Terminal,
	}
	if b.BatchID != nil {
		a.Batch = b.BatchID.Int64()
	}
	if b.ItemID != nil {
		a.Item = b.ItemID.Int64()
	}
	if b.List != nil {
		a.List = b.List.Int64()
	}
	if b.TerminalDate != nil {
		a.TerminalDate = b.TerminalDate.Day
	}
	if (a.Terminal == "") != a.TerminalDate.IsZero() {
		return once.Answer{}, collection.ErrDay.With("terminal and terminal_date go together").On("terminal_date") //nolint:exhaustruct // the rest is zero
	}
	if a.Amount == 0 {
		return once.Answer{}, collection.ErrAmount.On("amount") //nolint:exhaustruct // none
	}
	return s.deps.Collection.Arrive(ctx, c.Request, c.Render, 0, c.Bank, b.Account, a)
}

// Arrived is an arrival on the wire.
type Arrived struct {
	ID            ID     `json:"id"`
	Amount        Yuan   `json:"amount"`
	BankReference string `json:"bank_reference"`
	ValueDate     Day    `json:"value_date"`
	Repeated      bool   `json:"repeated" doc:"The same credit was reported before"`
	Agreed        bool   `json:"agreed"   doc:"Money of its batch, day or list and what it is for now agree and are being posted"`
}

func viewArrived(a collection.Arrived) Arrived {
	return Arrived{
		ID: NewID(a.ID), Amount: NewYuan(a.Amount), BankReference: a.BankReference, ValueDate: NewDay(a.ValueDate),
		Repeated: a.Repeated, Agreed: a.Agreed,
	}
}

type contributionCommand struct {
	Body struct {
		MemberID      ID     `json:"member_id"`
		Year          int    `json:"year"           minimum:"2009" maximum:"2100"`
		Amount        Yuan   `json:"amount"`
		Channel       string `json:"channel"        enum:"counter,terminal,self_service,village"`
		Terminal      string `json:"terminal"       minLength:"1" maxLength:"32" doc:"Counter or terminal whose day is closed together"`
		PaidOn        Day    `json:"paid_on"`
		Account       string `json:"account"        maxLength:"32" doc:"Number of the fund account that the day is credited to"`
		BankReference string `json:"bank_reference" minLength:"1" maxLength:"64"`
	}
}

func (s *Server) contribution(ctx context.Context, c Call, in *contributionCommand) (once.Answer, error) {
	b := in.Body
	if b.Amount.Amount == 0 {
		return once.Answer{}, collection.ErrAmount.On("amount") //nolint:exhaustruct // none
	}
	return s.deps.Counter.Pay(ctx, c.Request, c.Render, c.Bank, b.Account, collection.CounterPayment{ //nolint:exhaustruct // the rest is zero
		Member: b.MemberID.Int64(), Year: b.Year, Amount: b.Amount.Amount, Channel: b.Channel, Terminal: b.Terminal,
		PaidOn: b.PaidOn.Day, BankReference: b.BankReference,
	})
}

// Payment is a counter's receipt on the wire.
type Payment struct {
	ReceiptID     ID     `json:"receipt_id"`
	MemberID      ID     `json:"member_id"`
	Year          int    `json:"year"`
	Amount        Yuan   `json:"amount"`
	BankReference string `json:"bank_reference"`
	Status        string `json:"status" enum:"received" doc:"Posted when the terminal's day agrees with the bank's credit"`
}

func viewPayment(p collection.CounterPayment) Payment {
	return Payment{
		ReceiptID: NewID(p.ID), MemberID: NewID(p.Member), Year: p.Year, Amount: NewYuan(p.Amount),
		BankReference: p.BankReference, Status: "received",
	}
}

// Receipt is a file or a long request on the wire.
type Receipt struct {
	ID          ID     `json:"id"`
	Kind        string `json:"kind"`
	Name        string `json:"name"`
	Status      string `json:"status" enum:"receiving,received,processed,quarantined,duplicate"`
	DuplicateOf *ID    `json:"duplicate_of,omitempty"`
	Digest      string `json:"digest" doc:"SHA-256 of the bytes, hex"`
	Size        int64  `json:"size"`
	Rows        int    `json:"rows"`
	Recorded    int    `json:"recorded"`
	Repeated    int    `json:"repeated"`
	Pending     int    `json:"pending"`
	Refused     int    `json:"refused"`
	Amount      Yuan   `json:"amount" doc:"Sum of the successes recorded"`
	Code        string `json:"code,omitempty" doc:"Why it was quarantined"`
	Text        string `json:"text,omitempty"`
}

func viewReceipt(r bank.Receipt) Receipt {
	out := Receipt{
		ID: NewID(r.ID), Kind: string(r.Kind), Name: r.Name, Status: string(r.State), DuplicateOf: nil,
		Digest: hex.EncodeToString(r.Digest[:]), Size: r.Size, Rows: r.Counts.Rows, Recorded: r.Counts.Recorded,
		Repeated: r.Counts.Repeated, Pending: r.Counts.Pending, Refused: r.Counts.Refused,
		Amount: NewYuan(r.Counts.Amount), Code: r.Code, Text: r.Text,
	}
	if r.DuplicateOf != 0 {
		id := NewID(r.DuplicateOf)
		out.DuplicateOf = &id
	}
	return out
}

type receiptQuery struct {
	ID ID `path:"id"`
}

func (s *Server) receipt(ctx context.Context, c Call, in *receiptQuery) (Receipt, error) {
	r, err := s.deps.Intake.Find(ctx, c.area(), c.Bank.Code, in.ID.Int64())
	return viewReceipt(r), err
}

// ReceiptLine is what became of one line.
type ReceiptLine struct {
	Line        int    `json:"line"`
	ItemID      *ID    `json:"item_id,omitempty"`
	Outcome     string `json:"outcome"`
	Class       string `json:"class"`
	Code        string `json:"code,omitempty"`
	Disposition string `json:"disposition" enum:"recorded,pending,repeated,refused"`
	Refusal     string `json:"refusal,omitempty"`
}

type receiptLinesQuery struct {
	Paging

	ID ID `path:"id"`
}

func (s *Server) receiptLines(ctx context.Context, c Call, in *receiptLinesQuery) (Page[ReceiptLine], error) {
	none := Page[ReceiptLine]{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	r, err := s.deps.Intake.Find(ctx, c.area(), c.Bank.Code, in.ID.Int64())
	if err != nil {
		return none, err
	}
	if r.Kind == bank.ReceiptReturns && s.deps.Disbursement != nil {
		return s.returnLines(ctx, r, int(after), in.Limit)
	}
	lines, err := s.deps.Collection.ReceiptLines(ctx, r, int(after), in.Limit+1)
	return NewPage(lines, in.Limit, func(d collection.Decision) int64 { return int64(d.Line) },
		func(d collection.Decision) ReceiptLine {
			out := ReceiptLine{
				Line: d.Line, ItemID: nil, Outcome: d.Outcome.String(), Class: string(d.Class), Code: d.Code,
				Disposition: string(d.Disposition), Refusal: d.Refusal,
			}
			if d.Item != 0 {
				id := NewID(d.Item)
				out.ItemID = &id
			}
			return out
		}), err
}

func (s *Server) batchFile(ctx context.Context, c Call, in *batchQuery) (File, error) {
	b, err := s.batchFor(ctx, c, in.ID)
	return File{
		Name: b.FileName, ContentType: "application/octet-stream", Size: b.FileSize, Digest: b.FileDigest,
		Write: func(ctx context.Context, w io.Writer) error { return s.deps.Collection.WriteFile(ctx, w, b) },
	}, err
}

type duesQuery struct {
	MemberID string `query:"member_id" required:"true" pattern:"^[1-9][0-9]{0,18}$"`
	Year     int    `query:"year"      required:"true" minimum:"2009" maximum:"2100"`
}

// Due is what a member owes for a year.
type Due struct {
	MemberID string `json:"member_id"`
	Year     int    `json:"year"`
	Chosen   Yuan   `json:"chosen"    doc:"The yearly amount that the member chose"`
	Paid     Yuan   `json:"paid"      doc:"Posted to the personal account"`
	Received Yuan   `json:"received"  doc:"Taken at counters, posted when the terminal's day agrees"`
	InFlight Yuan   `json:"in_flight" doc:"With a bank, answer awaited or not yet posted"`
	Open     Yuan   `json:"open"      doc:"What may still be paid"`
	MakeUp   bool   `json:"make_up"   doc:"The year is before the current one: a payment makes it up and earns no subsidy"`
	// Interrupted is absent where the area decided no cut-off.
	Interrupted *bool `json:"interrupted,omitempty" doc:"The cut-off passed, and nothing is paid or on its way: no debt, no late fee. Left out where the area's cut-off is not known"`
}

func (s *Server) dues(ctx context.Context, c Call, in *duesQuery) (Due, error) {
	var id ID
	if err := id.UnmarshalText([]byte(in.MemberID)); err != nil {
		return Due{}, collection.ErrMemberUnknown //nolint:exhaustruct // none
	}
	d, err := s.deps.Collection.Standing(ctx, c.area(), c.Bank, id.Int64(), in.Year)
	var interrupted *bool
	if d.CutoffKnown {
		interrupted = &d.Interrupted
	}
	return Due{
		MemberID: in.MemberID, Year: in.Year, Chosen: NewYuan(d.Chosen), Paid: NewYuan(d.Posted),
		Received: NewYuan(d.Receipts), InFlight: NewYuan(d.InFlight), Open: NewYuan(d.Open()), MakeUp: d.MakeUp,
		Interrupted: interrupted,
	}, err
}
