package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"twoline/gateway/calendar"
	"twoline/gateway/report"
	"twoline/reconcile/business"
)

// recordRoutes hold the business records against the book.
func (s *Server) recordRoutes() {
	if s.deps.Records == nil {
		return
	}
	Paper(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/reports/business-comparison",
		Summary: "Items and their results against the book, by batch, for a month",
		Description: "The batches that were made in the month: items by outcome beside their postings, count and amount; " +
			"contributions beside the personal accounts. out_of_step lists, by item, a late result, an arrival without a " +
			"result, a result without money: the first of each, the others by page.",
		Who: readers(), Deadline: monthsWork,
	}, s.recordComparison, s.recordTable)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/reports/business-comparison/{situation}",
		Summary: "The items of one situation, by page", Who: readers(), Deadline: monthsWork,
	}, s.recordItems)
}

type recordsQuery struct {
	Printing

	Month string `query:"month" required:"true" pattern:"^[0-9]{4}-(0[1-9]|1[0-2])$"`
}

// RecordBatch is one batch on both sides.
type RecordBatch struct {
	Flow        string `json:"flow"         enum:"payment,withholding"`
	ID          ID     `json:"id"`
	Number      string `json:"batch_no"`
	Bank        string `json:"bank"`
	Scheme      string `json:"scheme"`
	Run         ID     `json:"run_id"`
	CreatedOn   Day    `json:"created_on"`
	Items       Tally  `json:"items"`
	Succeeded   Tally  `json:"succeeded"`
	Failed      Tally  `json:"failed"`
	Unknown     Tally  `json:"unknown"      doc:"Without a final answer"`
	Withdrawn   Tally  `json:"withdrawn"`
	Returned    Tally  `json:"returned"`
	Booked      Tally  `json:"booked"       doc:"Items with a posting of their money"`
	Unexplained Tally  `json:"unexplained"  doc:"Booked, and their result is no success"`
	Agrees      bool   `json:"agrees"       doc:"What succeeded is what is booked"`
}

// RecordAccount is contributions beside the personal accounts.
type RecordAccount struct {
	Scheme   string `json:"scheme"`
	Kind     string `json:"kind"`
	Fund     Tally  `json:"contributions"`
	Personal Tally  `json:"personal_accounts"`
	Agrees   bool   `json:"agrees"`
}

// RecordItem is one item out of step.
type RecordItem struct {
	Situation  string `json:"situation"             enum:"late_result,arrival_without_result,result_without_money"`
	Flow       string `json:"flow"                  enum:"payment,withholding"`
	Item       ID     `json:"item_id"`
	Batch      string `json:"batch_no"`
	Bank       string `json:"bank"`
	SocialNo   string `json:"social_no"`
	Name       string `json:"name"                  doc:"Masked"`
	Amount     Yuan   `json:"amount"`
	ValueDate  *Day   `json:"value_date,omitempty"`
	AnsweredOn *Day   `json:"answered_on,omitempty"`
	Due        *Day   `json:"due,omitempty"`
	Reason     string `json:"reason"                enum:"after_deadline,after_month,item_money,batch_money,not_booked,not_on_statement"`
}

// RecordsOut is one situation: how many items, and the first of them.
type RecordsOut struct {
	Situation string       `json:"situation" enum:"late_result,arrival_without_result,result_without_money"`
	Count     int          `json:"count"`
	Amount    Yuan         `json:"amount"`
	Items     []RecordItem `json:"items"     nullable:"false"`
	More      bool         `json:"more"      doc:"Others follow: see the list by its situation"`
}

// RecordComparison is a month on both sides.
type RecordComparison struct {
	Area      string          `json:"area"`
	Month     Month           `json:"month"`
	Batches   []RecordBatch   `json:"batches"     nullable:"false"`
	Accounts  []RecordAccount `json:"accounts"    nullable:"false"`
	OutOfStep []RecordsOut    `json:"out_of_step" nullable:"false"`
	Agrees    bool            `json:"agrees"`
}

func viewRecordTally(t business.Tally) Tally { return Tally{Count: t.Count, Amount: NewYuan(t.Amount)} }

func viewRecordItem(i business.Item) RecordItem {
	day := func(d calendar.Day) *Day {
		if d.IsZero() {
			return nil
		}
		out := NewDay(d)
		return &out
	}
	return RecordItem{
		Situation: string(i.Situation), Flow: string(i.Flow), Item: NewID(i.ID), Batch: i.Batch, Bank: i.Bank,
		SocialNo: i.SocialNo, Name: i.Name.String(), Amount: NewYuan(i.Amount), ValueDate: day(i.ValueDate),
		AnsweredOn: day(i.AnsweredOn), Due: day(i.Due), Reason: i.Reason,
	}
}

func (s *Server) compareRecords(ctx context.Context, c Call, month string) (business.Comparison, error) {
	none := business.Comparison{} //nolint:exhaustruct // none
	m, err := calendar.ParseMonth(month)
	if err != nil {
		return none, errInput.On("month")
	}
	return s.deps.Records.Compare(ctx, c.Officer, m)
}

func (s *Server) recordComparison(ctx context.Context, c Call, in *recordsQuery) (RecordComparison, error) {
	found, err := s.compareRecords(ctx, c, in.Month)
	out := RecordComparison{
		Area: found.Area.String(), Month: Month{found.Month}, Batches: []RecordBatch{}, Accounts: []RecordAccount{},
		OutOfStep: []RecordsOut{}, Agrees: found.Agrees,
	}
	for _, b := range found.Batches {
		out.Batches = append(out.Batches, RecordBatch{
			Flow: string(b.Flow), ID: NewID(b.ID), Number: b.Number, Bank: b.Bank, Scheme: string(b.Scheme), Run: NewID(b.Run),
			CreatedOn: NewDay(b.CreatedOn), Items: viewRecordTally(b.Items), Succeeded: viewRecordTally(b.Succeeded),
			Failed: viewRecordTally(b.Failed), Unknown: viewRecordTally(b.Unknown), Withdrawn: viewRecordTally(b.Withdrawn),
			Returned: viewRecordTally(b.Returned), Booked: viewRecordTally(b.Booked),
			Unexplained: viewRecordTally(b.Unexplained), Agrees: b.Agrees(),
		})
	}
	for _, a := range found.Accounts {
		out.Accounts = append(out.Accounts, RecordAccount{
			Scheme: string(a.Scheme), Kind: string(a.Kind), Fund: viewRecordTally(a.Fund),
			Personal: viewRecordTally(a.Personal), Agrees: a.Fund == a.Personal,
		})
	}
	for _, o := range found.Out {
		one := RecordsOut{
			Situation: string(o.Situation), Count: o.Count, Amount: NewYuan(o.Amount), Items: []RecordItem{}, More: o.More,
		}
		for _, i := range o.Items {
			one.Items = append(one.Items, viewRecordItem(i))
		}
		out.OutOfStep = append(out.OutOfStep, one)
	}
	return out, err
}

func (s *Server) recordTable(ctx context.Context, c Call, in *recordsQuery) (table, error) {
	found, err := s.compareRecords(ctx, c, in.Month)
	return table{
		name:  fmt.Sprintf("records-%s-%s", found.Area, in.Month),
		write: func(_ context.Context, sheet report.Sheet) error { return found.Write(sheet, in.language()) },
	}, err
}

type recordItemsQuery struct {
	Paging

	Situation string `path:"situation" enum:"late_result,arrival_without_result,result_without_money"`
	Month     string `query:"month"    required:"true" pattern:"^[0-9]{4}-(0[1-9]|1[0-2])$"`
}

func (s *Server) recordItems(ctx context.Context, c Call, in *recordItemsQuery) (Page[RecordItem], error) {
	none := Page[RecordItem]{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	month, err := calendar.ParseMonth(in.Month)
	if err != nil {
		return none, errInput.On("month")
	}
	list, err := s.deps.Records.Items(ctx, c.Officer, month, business.Situation(in.Situation), after, in.Limit+1)
	return NewPage(list, in.Limit, func(i business.Item) int64 { return i.ID }, viewRecordItem), err
}
