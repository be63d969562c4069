package httpapi

import (
	"context"

	"twoline/gateway/collection"
	"twoline/gateway/disbursement"
	"twoline/gateway/fault"
)

type itemQuery struct {
	ItemID        string `query:"item_id"        pattern:"^[1-9][0-9]{0,18}$"`
	BankReference string `query:"bank_reference" maxLength:"64"`
}

// FoundItem is a debit or a payment, and where it stands.
type FoundItem struct {
	Direction     string `json:"direction"                enum:"withholding,disbursement"`
	ItemID        ID     `json:"item_id"`
	BatchID       ID     `json:"batch_id"`
	BatchNo       string `json:"batch_no"`
	Seq           int    `json:"seq"`
	Amount        Yuan   `json:"amount"`
	Account       string `json:"account"`
	Name          string `json:"name"`
	IDNumber      string `json:"id_number"`
	SocialNo      string `json:"social_no"`
	Region        string `json:"region"`
	Attempt       int    `json:"attempt"`
	Outcome       string `json:"outcome"                  enum:"unknown,pending,succeeded,failed"`
	Class         string `json:"class"`
	Code          string `json:"code,omitempty"`
	Text          string `json:"text,omitempty"`
	BankReference string `json:"bank_reference,omitempty"`
	ValueDate     *Day   `json:"value_date,omitempty"`
	Posted        bool   `json:"posted"                   doc:"It stands in the book"`
	QueriedOn     *Day   `json:"queried_on,omitempty"     doc:"We ask: what became of it? Answer it, do not move the money again"`

	Mandate string `json:"mandate,omitempty" doc:"Of a debit"`
	Year    int    `json:"year,omitempty"    doc:"Of a debit: the contribution year"`

	Month       *Month         `json:"month,omitempty"        doc:"Of a payment: the month that is paid for"`
	Components  *PayComponents `json:"components,omitempty"   doc:"Of a payment: what the amount consists of"`
	BatchStatus string         `json:"batch_status,omitempty" doc:"Of a payment; withdrawn: it was recalled, and is dead"`
	Replaces    ID             `json:"replaces,omitzero"      doc:"Of a payment: the item that it pays again"`
	PaidAgain   ID             `json:"paid_again,omitzero"    doc:"Of a payment: the newest one that replaces it"`
	Returned    bool           `json:"returned,omitempty"     doc:"Of a payment: the bank gave the money back"`
	Return      *PaidBack      `json:"return,omitempty"       doc:"Of a payment: what the bank gave back"`
}

func foundDebit(i WithholdingItem) FoundItem {
	return FoundItem{ //nolint:exhaustruct // a debit
		Direction: "withholding", ItemID: i.ItemID, BatchID: i.BatchID, BatchNo: i.BatchNo, Seq: i.Seq, Amount: i.Amount,
		Account: i.Account, Name: i.Name, IDNumber: i.IDNumber, SocialNo: i.SocialNo, Region: i.Region,
		Attempt: i.Attempt, Outcome: i.Outcome, Class: i.Class, Code: i.Code, Text: i.Text,
		BankReference: i.BankReference, ValueDate: i.ValueDate, Posted: i.Posted, QueriedOn: i.QueriedOn,
		Mandate: i.Mandate, Year: i.Year,
	}
}

func foundPayment(p PaymentStanding) FoundItem {
	i := p.PaymentItem
	return FoundItem{ //nolint:exhaustruct // a payment
		Direction: "disbursement", ItemID: i.ItemID, BatchID: i.BatchID, BatchNo: i.BatchNo, Seq: i.Seq, Amount: i.Amount,
		Account: i.Account, Name: i.Name, IDNumber: i.IDNumber, SocialNo: i.SocialNo, Region: i.Region,
		Attempt: i.Attempt, Outcome: i.Outcome, Class: i.Class, Code: i.Code, Text: i.Text,
		BankReference: i.BankReference, ValueDate: i.ValueDate, Posted: i.Posted, QueriedOn: p.QueriedOn,
		Month: &i.Month, Components: &i.Components, BatchStatus: p.BatchStatus, Replaces: i.Replaces,
		PaidAgain: p.PaidAgain, Returned: i.Returned, Return: p.Return,
	}
}

// item looks among the debits first: the ids of both directions are of one
// sequence, and a bank's numbers are its own affair.
func (s *Server) item(ctx context.Context, c Call, in *itemQuery) (FoundItem, error) {
	none := FoundItem{} //nolint:exhaustruct // none
	var id ID
	if in.ItemID != "" {
		if err := id.UnmarshalText([]byte(in.ItemID)); err != nil {
			return none, collection.ErrItemUnknown
		}
	}
	debit, err := s.deps.Collection.FindItem(ctx, collection.ItemFilter{
		Area: c.area(), Bank: c.Bank.Code, ID: id.Int64(), BankReference: in.BankReference,
	})
	if err == nil {
		return foundDebit(viewItem(c)(debit)), nil
	}
	if s.deps.Disbursement == nil || fault.KindOf(err) != fault.NotFound {
		return none, err
	}
	payment, err := s.deps.Disbursement.FindPayment(ctx, disbursement.PaymentFilter{
		Area: c.area(), Bank: c.Bank.Code, ID: id.Int64(), BankReference: in.BankReference,
	})
	if err != nil && fault.KindOf(err) == fault.NotFound {
		err = collection.ErrItemUnknown
	}
	if err != nil {
		return none, err
	}
	return foundPayment(viewStanding(c)(payment)), nil
}
