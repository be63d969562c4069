package httpapi

import (
	"context"
	"encoding/hex"
	"io"
	"net/http"

	"twoline/gateway/bank"
	"twoline/gateway/disbursement"
	"twoline/gateway/once"
)

// disbursementRoutes are the money out: what a bank is to pay, and what it says
// became of it.
func (s *Server) disbursementRoutes() {
	if s.deps.Disbursement == nil {
		return
	}
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/disbursement-batches", Summary: "What to pay: batches in rising order",
		Description: "A bank sees a batch from its release on.", Who: Banks().Or(readers()),
	}, s.payBatches)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/disbursement-batches/{id}", Summary: "One batch of payments with its counters",
		Who: Banks().Or(readers()),
	}, s.payBatch)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/disbursement-batches/{id}/items", Summary: "A batch's payments in file order",
		Description: "A bank sees accounts and names in full, an officer masked. Nothing of a recalled batch is handed to " +
			"its bank.",
		Who: Banks().Or(readers()),
	}, s.payBatchItems)
	Download(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/disbursement-batches/{id}/file", Summary: "The batch in the bank's own format",
		Who: Banks(),
	}, s.payBatchFile)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/disbursement-batches/{id}/acknowledgement",
		Summary: "The bank holds the batch whole: count, amount and digest agree",
		Description: "From here on it can no longer be recalled. A bank that settles gross takes the lump now. A batch " +
			"that was recalled is not paid: batch_state.",
		Who: Banks(),
	}, viewPayBatch, s.acknowledgePayment)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/disbursement-batches/{id}/results", Summary: "Answers on payments",
		Description: "At most 10 000 lines. count is the number of lines, amount the sum of the lines' amounts. A success " +
			"is booked with its answer. A refused line books nothing and blocks no other; a wrong total refuses all.",
		Who: Banks(),
	}, viewPayTaken, s.payResults)
	Upload(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPut, Path: "/v1/disbursement-batches/{id}/result-file", Status: http.StatusAccepted,
		Summary: "A result file in the bank's format or canonical jsonl, of any size", Who: Banks(),
		Description: "name is the bank's file name and tells _S from _F files. count and amount are the totals that " +
			"travel beside the file. Nothing of a file that contradicts itself is taken in.",
	}, viewReceipt, s.payResultFile)
	s.returnRoutes()
	s.rosterRoutes()
	s.payRunRoutes()
}

// DisbursementBatch is a list of payments for one bank on the wire.
type DisbursementBatch struct {
	ID             ID     `json:"id"`
	BatchNo        string `json:"batch_no"                 doc:"Eight digits, unique for the bank and area"`
	RunID          ID     `json:"run_id"                   doc:"The pay run that it belongs to"`
	Area           string `json:"area"`
	Scheme         string `json:"scheme"`
	Month          Month  `json:"month"                    doc:"The month of its pay run"`
	Bank           string `json:"bank"`
	ClearingBank   string `json:"clearing_bank"            doc:"CNAPS number of the payees' clearing bank"`
	Account        string `json:"account"                  doc:"The expenditure account that is debited"`
	Settlement     string `json:"settlement"               enum:"net,gross,itemised" doc:"How the bank books it there"`
	PayDay         Day    `json:"pay_day"                  doc:"The last value date that counts as in place"`
	Count          int    `json:"count"`
	Amount         Yuan   `json:"amount"`
	Digest         string `json:"digest"                   doc:"SHA-256 over the frozen items, hex"`
	FileName       string `json:"file_name"`
	FileDigest     string `json:"file_digest"              doc:"SHA-256 of the file's bytes, hex"`
	Status         string `json:"status"                   enum:"ready,exported,sending,sent,acked,done,unknown,withdrawn"`
	CreatedOn      Day    `json:"created_on"`
	HandedOverOn   *Day   `json:"handed_over_on,omitempty" doc:"The day on which a bank that settles gross took the lump"`
	Succeeded      int    `json:"succeeded"`
	Failed         int    `json:"failed"`
	Returned       int    `json:"returned"                 doc:"Of the successes: given back by the bank"`
	Open           int    `json:"open"                     doc:"Items without a final answer"`
	SucceededSum   Yuan   `json:"succeeded_amount"`
	FailedAmount   Yuan   `json:"failed_amount"`
	ReturnedAmount Yuan   `json:"returned_amount"`
}

func viewPayBatch(b disbursement.Batch) DisbursementBatch {
	out := DisbursementBatch{
		ID: NewID(b.ID), BatchNo: b.Number, RunID: NewID(b.Run), Area: b.Area.String(), Scheme: string(b.Scheme),
		Month: Month{b.Month}, Bank: b.Bank, ClearingBank: b.ClearingBank, Account: b.AccountNo,
		Settlement: b.Settlement, PayDay: NewDay(b.PayDay), Count: b.Count, Amount: NewYuan(b.Amount),
		Digest: hex.EncodeToString(b.Digest[:]), FileName: b.FileName, FileDigest: hex.EncodeToString(b.FileDigest[:]),
		Status: b.State.String(), CreatedOn: NewDay(b.CreatedOn), HandedOverOn: nil, Succeeded: b.Progress.Succeeded,
		Failed: b.Progress.Failed, Returned: b.Progress.Returned, Open: b.Progress.Open,
		SucceededSum: NewYuan(b.Progress.SucceededAmount), FailedAmount: NewYuan(b.Progress.FailedAmount),
		ReturnedAmount: NewYuan(b.Progress.ReturnedAmount),
	}
	if !b.HandedOverOn.IsZero() {
		out.HandedOverOn = &Day{b.HandedOverOn}
	}
	return out
}

type payBatchesQuery struct {
	Paging

	Status string `query:"status" enum:"ready,exported,sending,sent,acked,done,unknown,withdrawn"`
	Run    ID     `query:"run_id"`
}

func (s *Server) payBatches(ctx context.Context, c Call, in *payBatchesQuery) (Page[DisbursementBatch], error) {
	after, err := in.After()
	if err != nil {
		return Page[DisbursementBatch]{}, err //nolint:exhaustruct // none
	}
	list, err := s.deps.Disbursement.Batches(ctx, disbursement.BatchFilter{ //nolint:exhaustruct // a list
		Area: c.area(), Bank: c.Bank.Code, Run: in.Run.Int64(), State: bank.BatchState(in.Status), After: after,
		Limit: in.Limit + 1,
	})
	return NewPage(list, in.Limit, func(b disbursement.Batch) int64 { return b.ID }, viewPayBatch), err
}

func (s *Server) findPayBatch(ctx context.Context, c Call, id ID) (disbursement.Batch, error) {
	return s.deps.Disbursement.Batch(ctx, disbursement.BatchFilter{ //nolint:exhaustruct // one
		Area: c.area(), Bank: c.Bank.Code, ID: id.Int64(),
	})
}

// payBatchFor is findPayBatch where its payments are handed over.
func (s *Server) payBatchFor(ctx context.Context, c Call, id ID) (disbursement.Batch, error) {
	b, err := s.findPayBatch(ctx, c, id)
	if err == nil && c.IsBank() {
		err = b.ForBank()
	}
	return b, err
}

func (s *Server) payBatch(ctx context.Context, c Call, in *batchQuery) (DisbursementBatch, error) {
	b, err := s.findPayBatch(ctx, c, in.ID)
	return viewPayBatch(b), err
}

// PaymentItem is one payment on the wire, and where it stands.
type PaymentItem struct {
	ItemID        ID            `json:"item_id"`
	BatchID       ID            `json:"batch_id"`
	BatchNo       string        `json:"batch_no"`
	Bank          string        `json:"bank"`
	Seq           int           `json:"seq"`
	Amount        Yuan          `json:"amount"`
	Components    PayComponents `json:"components"               doc:"What the amount consists of"`
	Account       string        `json:"account"`
	Name          string        `json:"name"`
	IDNumber      string        `json:"id_number"`
	SocialNo      string        `json:"social_no"`
	Region        string        `json:"region"`
	Month         Month         `json:"month"                    doc:"The month that is paid for"`
	Cause         string        `json:"cause"                    doc:"regular, or what else is paid for the month"`
	Attempt       int           `json:"attempt"`
	Replaces      ID            `json:"replaces,omitzero"        doc:"The item that failed or was returned, which this one pays again"`
	Outcome       string        `json:"outcome"                  enum:"unknown,pending,succeeded,failed"`
	Class         string        `json:"class"`
	Code          string        `json:"code,omitempty"`
	Text          string        `json:"text,omitempty"`
	BankReference string        `json:"bank_reference,omitempty"`
	ValueDate     *Day          `json:"value_date,omitempty"`
	Posted        bool          `json:"posted"                   doc:"It stands in the book as paid"`
	Returned      bool          `json:"returned"                 doc:"The bank gave the money back"`
	NotActivated  bool          `json:"not_activated,omitempty"  doc:"The person cannot draw from the account: paid for the bank only"`
}

func viewPaymentItem(c Call) func(disbursement.ItemStanding) PaymentItem {
	return func(i disbursement.ItemStanding) PaymentItem {
		out := PaymentItem{
			ItemID: NewID(i.ID), BatchID: NewID(i.Batch), BatchNo: i.BatchNumber, Bank: i.Bank, Seq: i.Seq,
			Amount: NewYuan(i.Sum()), Components: viewComponents(i.Components), Account: i.Account.String(),
			Name: i.Name.String(), IDNumber: i.IDNumber.String(), SocialNo: i.SocialNo, Region: i.Region.String(),
			Month: Month{i.Month}, Cause: i.Cause, Attempt: i.Attempt, Replaces: NewID(i.Replaces),
			Outcome: i.Outcome.String(), Class: string(i.Class), Code: i.Code, Text: i.Text,
			BankReference: i.BankReference, ValueDate: nil, Returned: i.Returned, NotActivated: !i.Activated,
			// A success is booked in the transaction that records it.
			Posted: i.Outcome == bank.OutcomeSucceeded,
		}
		if c.IsBank() {
			out.Account, out.Name, out.IDNumber = i.Account.Plain(), i.Name.Plain(), i.IDNumber.Plain()
		}
		if !i.ValueDate.IsZero() {
			out.ValueDate = &Day{i.ValueDate}
		}
		return out
	}
}

func (s *Server) payBatchItems(ctx context.Context, c Call, in *batchItemsQuery) (Page[PaymentItem], error) {
	none := Page[PaymentItem]{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	b, err := s.payBatchFor(ctx, c, in.ID)
	if err != nil {
		return none, err
	}
	items, err := s.deps.Disbursement.Items(ctx, b, int(after), in.Limit+1)
	return NewPage(items, in.Limit, func(i disbursement.ItemStanding) int64 { return int64(i.Seq) }, viewPaymentItem(c)), err
}

func (s *Server) payBatchFile(ctx context.Context, c Call, in *batchQuery) (File, error) {
	b, err := s.payBatchFor(ctx, c, in.ID)
	return File{
		Name: b.FileName, ContentType: "application/octet-stream", Size: b.FileSize, Digest: b.FileDigest,
		Write: func(ctx context.Context, w io.Writer) error { return s.deps.Disbursement.WriteFile(ctx, w, b) },
	}, err
}

func (s *Server) acknowledgePayment(ctx context.Context, c Call, in *acknowledgeCommand) (once.Answer, error) {
	return s.deps.Disbursement.Acknowledge(ctx, c.Request, c.Render, 0, c.Bank, in.ID.Int64(),
		disbursement.Acknowledgement{Count: in.Body.Count, Amount: in.Body.Amount.Amount, Digest: in.Body.Digest})
}

// PayTaken is what became of the lines of a request on payments.
type PayTaken struct {
	ReceiptID ID                `json:"receipt_id"`
	Accepted  int               `json:"accepted"`
	Repeated  int               `json:"repeated"`
	Pending   int               `json:"pending"    doc:"Kept, decide nothing: the items stay open and are asked about"`
	Refused   []TakenLine       `json:"refused"    nullable:"false"`
	Batch     DisbursementBatch `json:"batch"`
}

func viewPayTaken(t disbursement.Taken) PayTaken {
	return PayTaken{
		ReceiptID: NewID(t.Receipt), Accepted: t.Counts.Recorded, Repeated: t.Counts.Repeated,
		Pending: t.Counts.Pending, Refused: refusedLines(t.Decisions), Batch: viewPayBatch(t.Batch),
	}
}

// refusedLines are the lines of an answer that were not recorded.
func refusedLines(decisions []bank.Decision) []TakenLine {
	lines := []TakenLine{}
	for _, d := range decisions {
		if d.Disposition != bank.Refused {
			continue
		}
		line := TakenLine{Line: d.Line, ItemID: nil, Code: d.Refusal, Text: d.Reason}
		if d.Item != 0 {
			id := NewID(d.Item)
			line.ItemID = &id
		}
		lines = append(lines, line)
	}
	return lines
}

// answers reads the lines of a request.
func (in *resultsCommand) answers() ([]bank.Answer, error) {
	list := make([]bank.Answer, len(in.Body.Results))
	for i, r := range in.Body.Results {
		outcome, err := bank.ParseOutcome(r.Outcome)
		if err != nil {
			return nil, err
		}
		list[i] = bank.Answer{ //nolint:exhaustruct // files echo more
			Line: i + 1, Item: r.ItemID.Int64(), Outcome: outcome, Code: r.Code, Text: r.Text,
			BankReference: r.BankReference,
		}
		if r.Amount != nil {
			list[i].Amount = &r.Amount.Amount
		}
		if r.ValueDate != nil {
			list[i].ValueDate = r.ValueDate.Day
		}
	}
	return list, nil
}

func (s *Server) payResults(ctx context.Context, c Call, in *resultsCommand) (once.Answer, error) {
	answers, err := in.answers()
	if err != nil {
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return s.deps.Disbursement.Results(ctx, c.Request, c.Render, 0, c.Bank, in.ID.Int64(), disbursement.Report{
		Count: in.Body.Count, Amount: in.Body.Amount.Amount, Answers: answers,
	})
}

func (s *Server) payResultFile(
	ctx context.Context, c Call, in *resultFileCommand, body io.Reader,
) (once.Answer, error) {
	none := once.Answer{} //nolint:exhaustruct // none
	b, err := s.payBatchFor(ctx, c, in.ID)
	if err != nil {
		return none, err
	}
	head := bank.Receipt{ //nolint:exhaustruct // the intake fills the rest
		Area: b.Area, Bank: c.Bank.Code, Kind: bank.ReceiptPaymentResultFile, Subject: b.ID, Name: in.Name,
		Part: in.Part, ReceivedBy: c.Name(),
	}
	if head.Part == "" {
		head.Part = bank.PartOf(in.Name)
	}
	if head.Count, head.Amount, err = besideFile(in.Count, in.Amount); err != nil {
		return none, err
	}
	return s.deps.Intake.Receive(ctx, c.Request, c.Render, head, body, func([32]byte) error { return nil })
}
