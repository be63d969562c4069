package profile

import (
	"context"
	"fmt"
	"io"

	"twoline/adapters/bank/delimited"
	"twoline/gateway/bank"
	"twoline/gateway/disbursement"
	"twoline/gateway/party"
)

// PaymentFileName names a payment batch's file: bank, area, day, batch number.
func (Files) PaymentFileName(p disbursement.Partner, b disbursement.Batch) string {
	suffix := "JSONL"
	if p.Format == RuralCooperative {
		suffix = "TXT"
	}
	return fmt.Sprintf("P_%s_%s_%s_%s.%s", b.Bank, b.Area, b.CreatedOn.Compact(), b.Number, suffix)
}

// CheckPayment says why the bank's file cannot carry a payee, or nil.
func (f Files) CheckPayment(p disbursement.Partner, name party.Name) error {
	if p.Format != RuralCooperative {
		return nil
	}
	return f.check(p.Charset, name)
}

// WritePayment writes a batch in its bank's own format. The bank is to pay on the
// run's pay day.
func (Files) WritePayment(
	w io.Writer, p disbursement.Partner, b disbursement.Batch, items func(yield func(disbursement.Item) error) error,
) error {
	layout := delimited.RuralCooperativePayout()
	layout.Charset = delimited.Charset(p.Charset)
	return writeBatch(w, batchFile{
		rural: p.Format == RuralCooperative, layout: layout, created: b.CreatedOn.String(),
		head: bank.BatchHead{
			Index: 0, Direction: bank.Payment, BatchID: b.Number, Count: b.Count, Sum: bank.FigureOf(b.Amount),
			ExecutionDate: b.PayDay, Account: b.AccountNo,
		},
	}, func(yield func(bank.BatchItem) error) error {
		return items(func(i disbursement.Item) error { return yield(payment(i)) })
	})
}

func payment(i disbursement.Item) bank.BatchItem {
	return bank.BatchItem{
		Batch: 0, Index: i.Seq - 1, ItemID: fmt.Sprint(i.ID), Amount: bank.FigureOf(i.Sum()), Currency: "CNY",
		Name: i.Name.Plain(), IDNumber: i.IDNumber.Plain(), Account: i.Account.Plain(), Bank: "", Mandate: "",
		SocialNo: i.SocialNo, Region: i.Region.String(), Text: "",
	}
}

// ReadPaymentResults reads a bank's result file, in its bank's own format.
func (Files) ReadPaymentResults(
	ctx context.Context, p disbursement.Partner, r bank.Receipt, body io.Reader, emit bank.Emit,
) error {
	return read(ctx, p.Format, p.Charset, r, body, delimited.RuralCooperativePayoutFailed(), emit)
}
