package simbank

import (
	"net/url"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// This file is all that the bank knows of the gateway's API: paths, bodies,
// keys, codes. Money is a string of yuan, an id a decimal string.

const (
	pathWithholding   = "/v1/withholding-batches"
	pathDisbursement  = "/v1/disbursement-batches"
	pathReturns       = "/v1/returns"
	pathArrivals      = "/v1/arrivals"
	pathContributions = "/v1/contributions"
	pathStatements    = "/v1/statements/"
	pathOpenings      = "/v1/account-openings"

	typeJSON  = "application/json"
	typeLines = "application/x-ndjson"
	typeText  = "text/plain"
	typeXML   = "application/xml"
	typeSheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

	statusSending = "sending"
	// itemsPage is the longest page that a list gives.
	itemsPage = "1000"
)

// The parts of a batch.
const (
	partItems           = "/items"
	partFile            = "/file"
	partAcknowledgement = "/acknowledgement"
	partResults         = "/results"
	partResultFile      = "/result-file"
)

// path is the address of a part of the batch; both directions have the same parts.
func (x *batch) path(part string) string {
	base := pathWithholding
	if x.Payout != nil {
		base = pathDisbursement
	}
	return base + "/" + url.PathEscape(x.ID) + part
}

func openingFilePath(id string) string { return pathOpenings + "/" + url.PathEscape(id) + "/file" }

func openingResultPath(id string) string {
	return pathOpenings + "/" + url.PathEscape(id) + "/result-file"
}

func statementPath(account string, day calendar.Day) string {
	return pathStatements + url.PathEscape(account) + "/" + day.String()
}

// fileQuery is what travels beside a result file; part is S, F or nothing.
func fileQuery(name, part string, count int, amount money.Amount) string {
	q := url.Values{"name": {name}, "count": {number(count)}, "amount": {amount.String()}}
	if part != "" {
		q.Set("part", part)
	}
	return q.Encode()
}

func nameQuery(name string) string { return url.Values{"name": {name}}.Encode() }

type wirePage[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor"`
}

// wireBatch is a batch of either direction; the last two are a disbursement's.
type wireBatch struct {
	ID         string       `json:"id"`
	BatchNo    string       `json:"batch_no"`
	Area       string       `json:"area"`
	Bank       string       `json:"bank"`
	Account    string       `json:"account"`
	Count      int          `json:"count"`
	Amount     money.Amount `json:"amount"`
	Digest     string       `json:"digest"`
	FileName   string       `json:"file_name"`
	FileDigest string       `json:"file_digest"`
	Status     string       `json:"status"`
	PayDay     calendar.Day `json:"pay_day"`
	Settlement Settlement   `json:"settlement"`
}

type wireItem struct {
	ItemID   string       `json:"item_id"`
	Seq      int          `json:"seq"`
	Amount   money.Amount `json:"amount"`
	Account  string       `json:"account"`
	Name     string       `json:"name"`
	IDNumber string       `json:"id_number"`
	SocialNo string       `json:"social_no"`
	Mandate  string       `json:"mandate"`
	Region   string       `json:"region"`
}

type wireAcknowledgement struct {
	Count  int          `json:"count"`
	Amount money.Amount `json:"amount"`
	Digest string       `json:"digest"`
}

type wireResult struct {
	ItemID        string       `json:"item_id"`
	Outcome       string       `json:"outcome"`
	Amount        money.Amount `json:"amount"`
	BankReference string       `json:"bank_reference,omitempty"`
	ValueDate     calendar.Day `json:"value_date,omitzero"`
	Code          string       `json:"code,omitempty"`
	Text          string       `json:"text,omitempty"`
}

type wireResults struct {
	Count   int          `json:"count"`
	Amount  money.Amount `json:"amount"`
	Results []wireResult `json:"results"`
}

// wireTaken is the part of an answer to results that the bank looks at.
type wireTaken struct {
	ReceiptID string        `json:"receipt_id"`
	Refused   []wireRefusal `json:"refused"`
}

// wireReceipt is that of a file.
type wireReceipt struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

type wireRefusal struct {
	Line   int    `json:"line"`
	ItemID string `json:"item_id"`
	Code   string `json:"code"`
	Text   string `json:"text"`
}

type wireReturns struct {
	Count   int          `json:"count"`
	Amount  money.Amount `json:"amount"`
	Returns []wireReturn `json:"returns"`
}

type wireReturn struct {
	ItemID        string       `json:"item_id"`
	Amount        money.Amount `json:"amount"`
	BankReference string       `json:"bank_reference"`
	ValueDate     calendar.Day `json:"value_date"`
	Code          string       `json:"code"`
	Text          string       `json:"text"`
}

type wireArrival struct {
	Account       string       `json:"account"`
	Amount        money.Amount `json:"amount"`
	BankReference string       `json:"bank_reference"`
	ValueDate     calendar.Day `json:"value_date"`
	BatchID       string       `json:"batch_id,omitempty"`
	ItemID        string       `json:"item_id,omitempty"`
	Terminal      string       `json:"terminal,omitempty"`
	TerminalDate  calendar.Day `json:"terminal_date,omitzero"`
}

type wireContribution struct {
	MemberID      string       `json:"member_id"`
	Year          int          `json:"year"`
	Amount        money.Amount `json:"amount"`
	Channel       string       `json:"channel"`
	Terminal      string       `json:"terminal"`
	PaidOn        calendar.Day `json:"paid_on"`
	Account       string       `json:"account"`
	BankReference string       `json:"bank_reference"`
}

type wireOpening struct {
	ID         string `json:"id"`
	FileDigest string `json:"file_digest"`
}

// wireProblem is a refusal in the form of RFC 9457.
type wireProblem struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Field  string `json:"field"`
	Line   int    `json:"line"`
}

// codeInProgress is the one conflict that another try may end, codeNonceReplayed
// the one signature that is not wrong but was sent before.
const (
	codeInProgress    = "idempotency_in_progress"
	codeNonceReplayed = "nonce_replayed"
)
