package jsonl

import (
	"twoline/gateway/bank"
)

// kind is one type of line: its fields in canonical order, and how its record
// is made of them.
type kind struct {
	name   string
	fields []string
	build  func(*row) bank.Record
}

// kinds lists the types, the frequent ones first.
func kinds() []kind {
	return []kind{
		{"entry", []string{
			"statement", "index", "amount", "direction", "status", "booking_date", "value_date", "bank_reference",
			"end_to_end_id", "batch_id", "reversal", "details", "text", "counterparty", "counterparty_account",
		}, entry},
		{"detail", []string{
			"statement", "entry", "index", "amount", "direction", "end_to_end_id", "counterparty",
			"counterparty_account", "return_code", "text",
		}, detail},
		{"item", []string{
			"batch", "index", "item_id", "amount", "currency", "name", "account", "bank", "mandate", "text",
			"id_number", "social_no", "region",
		}, item},
		{"result", []string{
			"batch", "index", "item_id", "level", "outcome", "class", "code", "text", "amount", "line", "batch_id",
			"social_no", "name", "id_number", "account", "region", "bank_reference", "value_date", "status",
			"message_id",
		}, result},
		{"file", []string{"format", "kind", "message_id", "created"}, fileHead},
		{"statement", []string{
			"index", "account", "currency", "number", "page", "opening", "closing", "balanced", "from", "to",
		}, statementHead},
		{"batch", []string{
			"index", "direction", "batch_id", "count", "sum", "execution_date", "account",
		}, batchHead},
		{"problem", []string{"severity", "code", "line", "path", "text"}, problem},
		{"end", []string{"entries", "items", "results", "problems"}, end},
	}
}

func fileHead(r *row) bank.Record {
	return bank.FileHead{
		Format: r.text("format"), Kind: r.text("kind"), MessageID: r.text("message_id"), Created: r.text("created"),
	}
}

func statementHead(r *row) bank.Record {
	return bank.StatementHead{
		Index: r.place("index"), Account: r.text("account"), Currency: r.text("currency"), Number: r.text("number"),
		Page: r.text("page"), Opening: r.signed("opening"), Closing: r.signed("closing"),
		Balanced: r.maybeBoolean("balanced"), From: r.day("from"), To: r.day("to"),
	}
}

func entry(r *row) bank.Record {
	e := bank.StatementEntry{
		Statement: r.place("statement"), Index: r.place("index"), Amount: r.amount("amount"),
		Direction: direction(r, r.need("direction")), Status: r.text("status"),
		BookingDate: r.day("booking_date"), ValueDate: r.day("value_date"), BankReference: r.text("bank_reference"),
		EndToEndID: r.text("end_to_end_id"), BatchID: r.text("batch_id"), Reversal: r.boolean("reversal"),
		Details: r.count("details"), Text: r.text("text"), Counterparty: r.text("counterparty"),
		CounterpartyAccount: r.text("counterparty_account"),
	}
	if e.Amount == (bank.Figure{}) {
		r.fail("amount", "the field is missing")
	}
	if e.Status != "" && e.Status != "booked" && e.Status != "pending" && e.Status != "info" {
		r.fail("status", "the status is none of booked, pending, info")
	}
	return e
}

func direction(r *row, name string) bank.Direction {
	switch name {
	case "", bank.NoDirection.String():
		return bank.NoDirection
	case bank.Credit.String():
		return bank.Credit
	case bank.Debit.String():
		return bank.Debit
	}
	r.fail("direction", "the direction is neither credit nor debit")
	return bank.NoDirection
}

func detail(r *row) bank.Record {
	return bank.EntryDetail{
		Statement: r.place("statement"), Entry: r.place("entry"), Index: r.place("index"),
		Amount: r.unsigned("amount"), Direction: direction(r, r.text("direction")), EndToEndID: r.text("end_to_end_id"),
		Counterparty: r.text("counterparty"), CounterpartyAccount: r.text("counterparty_account"),
		ReturnCode: r.text("return_code"), Text: r.text("text"),
	}
}

func batchHead(r *row) bank.Record {
	b := bank.BatchHead{Index: r.place("index")}
	switch r.text("direction") {
	case "":
	case bank.Payment.String():
		b.Direction = bank.Payment
	case bank.Collection.String():
		b.Direction = bank.Collection
	default:
		r.fail("direction", "the direction is neither payment nor collection")
	}
	b.BatchID, b.Count, b.Sum = r.text("batch_id"), r.count("count"), r.amount("sum")
	b.ExecutionDate, b.Account = r.day("execution_date"), r.text("account")
	return b
}

func item(r *row) bank.Record {
	return bank.BatchItem{
		Batch: r.place("batch"), Index: r.place("index"), ItemID: r.text("item_id"), Amount: r.amount("amount"),
		Currency: r.text("currency"), Name: r.text("name"), Account: r.text("account"), Bank: r.text("bank"),
		Mandate: r.text("mandate"), Text: r.text("text"), IDNumber: r.text("id_number"), SocialNo: r.text("social_no"),
		Region: r.text("region"),
	}
}

func result(r *row) bank.Record {
	v := bank.Result{
		Batch: r.place("batch"), Index: r.place("index"), ItemID: r.text("item_id"), Level: r.need("level"),
	}
	outcome, err := bank.ParseOutcome(r.need("outcome"))
	if err != nil {
		r.fail("outcome", "the outcome is none of succeeded, failed, pending, unknown")
	}
	v.Outcome, v.Class, v.Code, v.Text = outcome, class(r, r.text("class")), r.text("code"), r.text("text")
	v.Amount, v.Line = r.unsigned("amount"), r.count("line")
	v.BatchID, v.SocialNo = r.text("batch_id"), r.text("social_no")
	v.Name, v.IDNumber, v.Account, v.Region = r.text("name"), r.text("id_number"), r.text("account"), r.text("region")
	v.BankReference, v.ValueDate = r.text("bank_reference"), r.day("value_date")
	v.Status, v.MessageID = r.text("status"), r.text("message_id")
	if v.Level != "" && v.Level != "file" && v.Level != "batch" && v.Level != "item" {
		r.fail("level", "the level is none of file, batch, item")
	}
	return v
}

func class(r *row, name string) bank.Class {
	switch c := bank.Class(name); c {
	case "", bank.ClassSuccess, bank.ClassRetryFunds, bank.ClassFixAccount, bank.ClassFixMandate, bank.ClassBlocked,
		bank.ClassRetryTechnical, bank.ClassDuplicate, bank.ClassUnknown:
		return c
	}
	r.fail("class", "the class is not known")
	return ""
}

func problem(r *row) bank.Record {
	p := bank.Problem{
		Severity: bank.Severity(r.need("severity")), Code: r.need("code"), Line: r.count("line"), Path: r.text("path"),
		Text: r.text("text"),
	}
	if p.Severity != "" && p.Severity != bank.SeverityError && p.Severity != bank.SeverityWarning {
		r.fail("severity", "the severity is neither error nor warning")
	}
	return p
}

func end(r *row) bank.Record {
	return bank.End{
		Entries: r.place("entries"), Items: r.place("items"), Results: r.place("results"),
		Problems: r.place("problems"),
	}
}
