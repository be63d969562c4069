package httpapi

import (
	"context"
	"net/http"

	"twoline/gateway/approval"
	"twoline/gateway/collection"
	"twoline/gateway/once"
	"twoline/gateway/report"
)

// arrivalRoutes are what an officer sees of what goes wrong, and how money that
// was told for the wrong batch, or for none, finds its own.
func (s *Server) arrivalRoutes() {
	if s.deps.Collection == nil {
		return
	}
	Paper(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/cases", Summary: "What a person must look at", Who: readers(),
		Description: "Refused lines, files set aside, money that nothing explains, banks that are silent. kind selects " +
			"one sort, such as arrival_refused: a notice and the statement contradict each other, and text says what " +
			"each of them told. title and to_do are words of the kind by lang, text is in English. As a table it is the " +
			"whole list.",
	}, s.cases, s.casesTable)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/arrivals/{id}/batch", Summary: "Name the batch that money is for",
		Description: "Where the bank named none, or the wrong one. It is possible until an agreement took the money; what " +
			"is posted still needs the bank's results to sum to the same. The cases about the money are closed.",
		Who: Officers(approval.Maker, approval.AgencyBusiness, approval.AgencyFinance),
	}, viewArrived, s.nameBatch)
}

// Case is something to look at, on the wire.
type Case struct {
	ID       ID     `json:"id"`
	Kind     string `json:"kind"`
	Title    string `json:"title"            doc:"What it is, by lang"`
	ToDo     string `json:"to_do,omitempty"  doc:"What ends it, by lang"`
	Subject  string `json:"subject"        doc:"What it is about, by id"`
	Bank     string `json:"bank,omitempty"`
	Text     string `json:"text"`
	OpenedOn Day    `json:"opened_on"`
	Closed   string `json:"closed,omitempty" doc:"How it was settled"`
}

type casesQuery struct {
	Printing
	Paging

	Kind   string `query:"kind"   maxLength:"64" pattern:"^[a-z_]*$"`
	Status string `query:"status" enum:"open,closed" default:"open"`
}

func (s *Server) cases(ctx context.Context, c Call, in *casesQuery) (Page[Case], error) {
	after, err := in.After()
	if err != nil {
		return Page[Case]{}, err //nolint:exhaustruct // none
	}
	list, err := s.deps.Collection.Cases(ctx, c.Officer, collection.CaseFilter{ //nolint:exhaustruct // the service adds the area
		Kind: in.Kind, Closed: in.Status == "closed", After: after, Limit: in.Limit + 1,
	})
	return NewPage(list, in.Limit, func(c collection.Case) int64 { return c.ID }, func(c collection.Case) Case {
		return Case{
			ID: NewID(c.ID), Kind: c.Kind, Title: c.Title(in.language()), ToDo: c.ToDo(in.language()), Subject: c.Subject,
			Bank: c.Bank, Text: c.Text, OpenedOn: NewDay(c.OpenedOn), Closed: c.ClosedText,
		}
	}), err
}

const casesAtOnce = 1000

// casesTable writes all cases of the kind and status, whatever the page.
func (s *Server) casesTable(_ context.Context, c Call, in *casesQuery) (table, error) {
	return table{
		name: "cases-" + in.Status,
		write: func(ctx context.Context, sheet report.Sheet) error {
			list := collection.CaseList{Closed: in.Status == "closed", Next: func(after int64) ([]collection.Case, error) {
				return s.deps.Collection.Cases(ctx, c.Officer, collection.CaseFilter{ //nolint:exhaustruct // the service adds the area
					Kind: in.Kind, Closed: in.Status == "closed", After: after, Limit: casesAtOnce,
				})
			}}
			return list.Write(sheet, in.language())
		},
	}, nil
}

type nameBatchCommand struct {
	ID   ID `path:"id"`
	Body struct {
		BatchID ID     `json:"batch_id"`
		Reason  string `json:"reason"   minLength:"1" maxLength:"200" doc:"What you go by: the statement, the bank's letter"`
	}
}

func (s *Server) nameBatch(ctx context.Context, c Call, in *nameBatchCommand) (once.Answer, error) {
	return s.deps.Collection.NameBatch(ctx, c.Request, c.Render, c.Officer, collection.Naming{
		Arrival: in.ID.Int64(), Batch: in.Body.BatchID.Int64(), Reason: in.Body.Reason,
	})
}
