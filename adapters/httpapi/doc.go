// Package httpapi is the gateway's door: banks with signed requests, officers
// with sessions, one OpenAPI document, one way to answer an error.
//
// It decides nothing about money. Every request passes the guard in the order
// of guard.go before any of it is believed, and a route that does not say who
// may call it cannot be registered.
//
// # Adding a subject
//
// Write one file <subject>.go with a method on Server, call it in
// Server.routes (routes.go), and add the flow's Service to Dependencies; leave
// the routes out while the Service is nil. Codes of new errors go into
// catalogue.go with their status: a test compares it with every fault.New of the
// repository.
//
//	func (s *Server) transferRoutes() {
//		Query(s, Route{Method: "GET", Path: "/v1/fund-transfers/{id}", Summary: "One two-line move",
//			Who: Officers(approval.Maker, approval.AgencyFinance, approval.FinanceBureau).
//				Or(Banks())}, s.transfer)
//		Command(s, Route{Method: "POST", Path: "/v1/fund-transfers", Summary: "Submit a two-line move",
//			Who:    Officers(approval.Maker, approval.FinanceBureau),
//			Status: 201}, viewTransfer, s.submitTransfer)
//	}
//
//	type transferQuery struct { ID ID `path:"id"` }
//
//	func (s *Server) transfer(ctx context.Context, c Call, in *transferQuery) (Transfer, error) {
//		t, err := s.deps.Transfers.Find(ctx, c.Officer, in.ID.Int64())
//		return viewTransfer(t), err
//	}
//
//	type transferCommand struct { Body struct { Amount Yuan `json:"amount"` } }
//
//	func (s *Server) submitTransfer(ctx context.Context, c Call, in *transferCommand) (once.Answer, error) {
//		return s.deps.Transfers.Submit(ctx, c.Request, c.Render, c.Officer, fundtransfer.Cmd{…})
//	}
//
// A Command's Service calls c.Render with its result, a T, inside its
// transaction; viewTransfer makes the wire type of it, and the bytes are kept.
// Search is a Query by POST without an Idempotency-Key, Upload a Command on the
// upload address whose body is a stream, Download a Query that answers a file,
// Paper a Query that answers a table as well, in CSV or xlsx, and Follow a Query
// that may be followed as server-sent events.
// Wire types: Yuan, ID, Day, Page (wire.go); struct tags are huma's. Handlers
// return the flow's errors as they are; problem.go answers.
//
// # Examples
//
// Every body of the document has an example, in examples/<subject>.json: by
// "METHOD /path" the parameters that need a value, the requests and the answers
// by a name of their own, and the refusals of the route itself by code. A request
// and its answer have the same name. What every route of a kind can refuse, the
// keys, the digests and the rest of a problem are filled in (examples.go).
//
// All examples tell one story of one county, so that an id is the same fact
// everywhere, and each of them is sent: story_test.go puts them in order, learns
// from the answers which id of the world stands for which of the examples, and
// validates what comes back. A new route is told in its place there, or comes
// last; one that the world cannot follow to a success is named with its refusal.
//
// # When a dependency is missing
//
// Authentication, authorization and the audit trail refuse when they cannot be
// asked. The Limiter and the Hint do not: without Redis a bank's money calls
// go on, and each process limits by its own count.
package httpapi
