package profile

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"

	"twoline/adapters/bank/message"
	"twoline/gateway/bank"
	"twoline/gateway/collection"
	"twoline/gateway/disbursement"
)

// RuralCooperative is the format of the rural credit cooperatives' text files.
const RuralCooperative = "rural-cooperative"

// Files writes and reads partner banks' files: what the gateway's flows need of
// them. It is pure and safe for concurrent use. Make it with New.
type Files struct{ profiles map[string]*Profile }

// New returns the files of the shipped profiles and of the operator's own, which
// Load proved to have names of their own.
func New(own ...*Profile) Files {
	f := Files{profiles: make(map[string]*Profile)}
	for _, p := range append(own, Shipped()...) {
		f.profiles[identity(p)] = p
	}
	for _, p := range builtIn() {
		f.profiles[identity(p)] = p
	}
	return f
}

// builtIn are the formats json and jsonl: canonical JSON Lines, both ways.
func builtIn() []*Profile {
	var all []*Profile
	for _, name := range []string{"json", "jsonl"} {
		for direction, letter := range map[Direction]string{Collection: "W", Payment: "P", Opening: "O"} {
			named, err := newPattern(letter+"_{bank}_{area}_{date}_{batch}.JSONL", nil, true)
			if err != nil {
				panic(err) // the text stands above
			}
			lines := &file{ //nolint:exhaustruct // no rows
				format: formatLines, names: []*pattern{named},
			}
			all = append(all, &Profile{ //nolint:exhaustruct // it needs no more
				name: name, direction: direction,
				titles:  map[string]string{"en": "Canonical JSON Lines", "zh": "标准 JSON 行"},
				request: lines, results: []*file{{format: formatLines}}, //nolint:exhaustruct // any name
			})
		}
	}
	return all
}

// Profile returns the profile of a format and direction, or ErrFormat.
func (f Files) Profile(format string, d Direction) (*Profile, error) {
	p, ok := f.profiles[format+"/"+string(d)]
	if !ok {
		return nil, ErrFormat.With("no profile %q is for a %s", format, d)
	}
	return p, nil
}

// WithholdingRows returns how many debits the bank takes in one file, or 0.
func (f Files) WithholdingRows(p collection.Partner) int { return f.RowLimit(p.Format, Collection) }

// PaymentRows returns how many payments the bank takes in one file, or 0.
func (f Files) PaymentRows(p disbursement.Partner) int { return f.RowLimit(p.Format, Payment) }

// RowLimit returns how many rows a bank of the format takes in one file, or 0
// where its profile sets no limit: batches are cut to it before they are frozen.
func (f Files) RowLimit(format string, d Direction) int {
	p, err := f.Profile(format, d)
	if err != nil {
		return 0
	}
	return p.RowLimit()
}

// WithholdingFileName names a batch's file, as the bank's profile says; nothing
// where there is no profile, in which case nothing can be written either.
func (f Files) WithholdingFileName(p collection.Partner, b collection.Batch) string {
	profile, err := f.Profile(p.Format, Collection)
	if err != nil {
		return ""
	}
	return profile.RequestName(withholdingFacts(p, b))
}

func withholdingFacts(p collection.Partner, b collection.Batch) Facts {
	return Facts{
		Bank: b.Bank, BankNo: p.BankNo, Area: b.Area.String(), Day: b.CreatedOn, Execution: b.CreatedOn,
		Batch:    b.Number,
		Clearing: b.ClearingBank, Digest: hex.EncodeToString(b.Digest[:]), Count: &b.Count, Amount: &b.Amount,
	}
}

// PaymentFileName names a payment batch's file, as the bank's profile says.
func (f Files) PaymentFileName(p disbursement.Partner, b disbursement.Batch) string {
	profile, err := f.Profile(p.Format, Payment)
	if err != nil {
		return ""
	}
	return profile.RequestName(paymentFacts(p, b))
}

func paymentFacts(p disbursement.Partner, b disbursement.Batch) Facts {
	return Facts{
		Bank: b.Bank, BankNo: p.BankNo, Area: b.Area.String(), Day: b.CreatedOn, Execution: b.PayDay, Batch: b.Number,
		Clearing: b.ClearingBank, Digest: hex.EncodeToString(b.Digest[:]), Count: &b.Count, Amount: &b.Amount,
	}
}

// CheckWithholding says why the bank's file cannot carry a payer, or nil.
func (f Files) CheckWithholding(p collection.Partner, d collection.Due) error {
	own := Bank{Code: p.Code, BankNo: p.BankNo, Charset: p.Charset}
	return f.check(p.Format, Collection, own, bank.BatchItem{ //nolint:exhaustruct // what a due knows
		Name: d.Name.Plain(), IDNumber: d.IDNumber.Plain(), Account: d.Account.Plain(), Mandate: d.MandateNo,
		SocialNo: d.SocialNo, Region: d.Region.String(), Currency: currency,
		Bank: otherBank(d.ClearingBank, p.BankNo),
	})
}

// CheckPayment says why the bank's file cannot carry a payee, or nil.
func (f Files) CheckPayment(p disbursement.Partner, d disbursement.Payee) error {
	own := Bank{Code: p.Code, BankNo: p.BankNo, Charset: p.Charset}
	return f.check(p.Format, Payment, own, bank.BatchItem{ //nolint:exhaustruct // what a claim knows
		Name: d.Name.Plain(), IDNumber: d.IDNumber.Plain(), Account: d.Account.Plain(), SocialNo: d.SocialNo,
		Region: d.Region.String(), Currency: currency, Bank: otherBank(d.ClearingBank, p.BankNo),
	})
}

// currency of every amount.
const currency = "CNY"

// otherBank is the clearing bank of an account where it is not the partner itself.
func otherBank(clearing, partner string) string {
	if clearing == partner {
		return ""
	}
	return clearing
}

func (f Files) check(format string, d Direction, b Bank, item bank.BatchItem) error {
	p, err := f.Profile(format, d)
	if err == nil && p.request == nil {
		err = ErrFormat.With("the profile %s describes no %s that could be sent", format, d)
	}
	if err == nil {
		if _, charset := p.charset(b); charset != nil {
			// Of no single item: every one of the bank's would be held for it.
			err = ErrFormat.With("%v", charset)
		}
	}
	if err != nil {
		return err
	}
	return p.CheckItem(b, item)
}

// WriteWithholding writes a batch in its bank's own form.
func (f Files) WriteWithholding(
	w io.Writer, p collection.Partner, b collection.Batch, items func(yield func(collection.Item) error) error,
) error {
	profile, err := f.Profile(p.Format, Collection)
	if err != nil {
		return err
	}
	head := bank.BatchHead{
		Index: 0, Direction: bank.Collection, BatchID: b.Number, Count: b.Count, Sum: bank.FigureOf(b.Amount),
		ExecutionDate: b.CreatedOn, Account: b.AccountNo,
	}
	err = profile.WriteRequest(w, Bank{Code: p.Code, BankNo: p.BankNo, Charset: p.Charset},
		Batch{Head: head, Facts: withholdingFacts(p, b)}, func(yield func(bank.BatchItem) error) error {
			return items(func(i collection.Item) error { return yield(withholding(p, b, i)) })
		})
	if err != nil {
		return fmt.Errorf("write batch %s: %w", b.Number, err)
	}
	return nil
}

func withholding(p collection.Partner, b collection.Batch, i collection.Item) bank.BatchItem {
	return bank.BatchItem{
		Batch: 0, Index: i.Seq - 1, ItemID: fmt.Sprint(i.ID), Amount: bank.FigureOf(i.Amount), Currency: currency,
		Name: i.Name.Plain(), IDNumber: i.IDNumber.Plain(), Account: i.Account.Plain(),
		Bank: otherBank(b.ClearingBank, p.BankNo), Mandate: i.MandateNo,
		SocialNo: i.SocialNo, Region: i.Region.String(), Text: "",
	}
}

// WritePayment writes a batch in its bank's own form. The bank is to pay on the
// run's pay day.
func (f Files) WritePayment(
	w io.Writer, p disbursement.Partner, b disbursement.Batch, items func(yield func(disbursement.Item) error) error,
) error {
	profile, err := f.Profile(p.Format, Payment)
	if err != nil {
		return err
	}
	head := bank.BatchHead{
		Index: 0, Direction: bank.Payment, BatchID: b.Number, Count: b.Count, Sum: bank.FigureOf(b.Amount),
		ExecutionDate: b.PayDay, Account: b.AccountNo,
	}
	err = profile.WriteRequest(w, Bank{Code: p.Code, BankNo: p.BankNo, Charset: p.Charset},
		Batch{Head: head, Facts: paymentFacts(p, b)}, func(yield func(bank.BatchItem) error) error {
			return items(func(i disbursement.Item) error { return yield(payment(p, b, i)) })
		})
	if err != nil {
		return fmt.Errorf("write batch %s: %w", b.Number, err)
	}
	return nil
}

func payment(p disbursement.Partner, b disbursement.Batch, i disbursement.Item) bank.BatchItem {
	return bank.BatchItem{
		Batch: 0, Index: i.Seq - 1, ItemID: fmt.Sprint(i.ID), Amount: bank.FigureOf(i.Sum()), Currency: currency,
		Name: i.Name.Plain(), IDNumber: i.IDNumber.Plain(), Account: i.Account.Plain(),
		Bank: otherBank(b.ClearingBank, p.BankNo), Mandate: "",
		SocialNo: i.SocialNo, Region: i.Region.String(), Text: "",
	}
}

// ReadResults reads a bank's result file of a collection, in its bank's own form or
// as canonical JSON Lines.
func (f Files) ReadResults(
	ctx context.Context, p collection.Partner, r bank.Receipt, body io.Reader, emit bank.Emit,
) error {
	b := Bank{Code: p.Code, BankNo: p.BankNo, Charset: p.Charset}
	return f.read(ctx, p.Format, Collection, b, r, body, emit)
}

// ReadPaymentResults reads a bank's result file of a payment.
func (f Files) ReadPaymentResults(
	ctx context.Context, p disbursement.Partner, r bank.Receipt, body io.Reader, emit bank.Emit,
) error {
	b := Bank{Code: p.Code, BankNo: p.BankNo, Charset: p.Charset}
	return f.read(ctx, p.Format, Payment, b, r, body, emit)
}

func (f Files) read(
	ctx context.Context, format string, d Direction, b Bank, r bank.Receipt, body io.Reader, emit bank.Emit,
) error {
	p, err := f.Profile(format, d)
	if err != nil {
		return err
	}
	return p.Read(ctx, b, Source{
		Name: r.Name, Part: r.Part, Area: r.Area, Count: r.Count, Amount: r.Amount, Accepted: r.Accepted != 0,
	}, body, p.namingBatch(r.Name, emit))
}

// namingBatch gives a result on the whole file the batch that the file's name tells,
// where its content tells none.
func (p *Profile) namingBatch(name string, emit bank.Emit) bank.Emit {
	what, _ := p.Recognise(name)
	return func(rec bank.Record) error {
		if r, ok := rec.(bank.Result); ok && !r.OfItem() && r.BatchID == "" && r.MessageID == "" {
			r.BatchID = what.Facts.Batch
			rec = r
		}
		return emit(rec)
	}
}

// Recognise says what a bank's file is by its name, by the profile of a format and
// direction; false where the name is none of its, or there is no such profile.
func (f Files) Recognise(format string, d Direction, name string) (Recognised, bool) {
	p, err := f.Profile(format, d)
	if err != nil {
		return Recognised{}, false //nolint:exhaustruct // none
	}
	return p.Recognise(name)
}

// Decode reads a statement in any format that we know, by its first bytes; a file of
// another kind is ErrNoStatement.
func (Files) Decode(ctx context.Context, body io.Reader, emit bank.Emit) error {
	return message.Read(ctx, body, message.Options{}, func(r bank.Record) error { //nolint:exhaustruct // whatever it is
		if h, ok := r.(bank.FileHead); ok && h.Kind != "statement" {
			return ErrNoStatement.With("the file is %s and holds a %s", h.Format, h.Kind)
		}
		return emit(r)
	})
}
