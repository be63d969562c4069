package report

import (
	"fmt"

	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
)

// Voucher is one entry of a book, as bookkeeping passes it on (记账凭证). The
// memorandum accounts of persons are no part of it: an entry that touches only
// them has no voucher.
type Voucher struct {
	// Number counts the vouchers of the book's month from 1 without a gap, in the
	// order of their days and ids. A sealed day's numbers never change.
	Number      int
	Entry       int64
	AccountedOn calendar.Day
	EffectiveOn calendar.Day
	Kind        ledger.Kind
	// Reversal says that the entry mirrors another one in red.
	Reversal bool
	// Document is what an officer gave as the ground of a move, else empty.
	Document string
	// Cause names the one fact that the voucher rests on; it is what is attached.
	Cause string
	// Batch is the number of the bank batch that it settles, else empty.
	Batch string
	// Items counts the payers' or payees' items that its lines sum.
	Items int
	// MadeBy is who or what booked it.
	MadeBy string
	Lines  []VoucherLine
}

// VoucherLine is what the entry moved on one account. A correction in red is
// negative on its own side; the other side is zero.
type VoucherLine struct {
	Account ledger.Account
	// FundAccount is the bank account, or 0; Bank and Number say which, masked.
	FundAccount   int64
	Bank          string
	Number        string
	Debit, Credit money.Amount
}

// Attachments counts the documents behind the voucher: the one fact that caused it.
func (v Voucher) Attachments() int { return 1 }

// VoucherTotals are what all vouchers of a month come to.
type VoucherTotals struct {
	Count         int
	Debit, Credit money.Amount
}

// VoucherPage is a page of a month's vouchers, or all of them.
type VoucherPage struct {
	Scheme ledger.Scheme
	Month  calendar.Month
	// Final says that every day of the month is sealed.
	Final    bool
	Totals   VoucherTotals
	Vouchers []Voucher
	// More says that vouchers follow the last one of this page.
	More bool
}

// Summary is the voucher's 摘要.
func (v Voucher) Summary(lang Language) string {
	return wordsOf(lang).summary(v.Kind, v.Reversal, v.Document)
}

// voucherHead is of a table for a program: nothing stands above its columns.
func (w words) voucherHead() Head {
	return Head{
		Name: w.vouchers, Title: "", Notes: nil, Columns: w.voucherColumns, Foot: nil, Signatures: nil,
		Language: w.lang,
	}
}

// write gives a row a line; what is the voucher's own stands in each of them.
func (w words) write(sheet Sheet, v Voucher, closed bool) error {
	for _, l := range v.Lines {
		account := ""
		if l.FundAccount != 0 {
			account = l.Bank + " " + l.Number
		}
		debit, credit := MoneyCell(l.Debit), Blank()
		if l.Debit == 0 {
			debit, credit = Blank(), MoneyCell(l.Credit)
		}
		err := sheet.Row(
			TextCell(w.voucher), CountCell(v.Number), DateCell(v.AccountedOn),
			TextCell(w.summary(v.Kind, v.Reversal, v.Document)), TextCell(l.Account.Code), TextCell(w.name(l.Account)),
			TextCell(account), debit, credit, CountCell(v.Attachments()), CountCell(v.Items), TextCell(v.Batch),
			TextCell(v.Cause), TextCell(fmt.Sprint(v.Entry)), TextCell(v.MadeBy), TextCell(w.state(closed)),
		)
		if err != nil {
			return err
		}
	}
	return nil
}
