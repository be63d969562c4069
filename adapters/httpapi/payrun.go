package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

// monthsWork is how long a step may take that looks at everybody who is paid in a
// month: a million in a province.
const monthsWork = 10 * time.Minute

// payRunRoutes are a month's payment from the list to the money: one person makes
// it, a second one approves its digest, a third one lets it go.
func (s *Server) payRunRoutes() {
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/pay-runs", Summary: "Draft a pay run with its roster", Status: 201,
		Description: "A month has one living regular run: a second one is pay_run_exists, its subject the first one's " +
			"id. With dry_run=true the batches, their files, numbers and totals are made and given up again: it books and " +
			"sends nothing, and is answered with 200.",
		Who: payMakers(), Deadline: monthsWork,
	}, viewDrafted, s.draftRun)
	s.documentTrial()
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/pay-runs", Summary: "Pay runs in rising order", Who: readers(),
	}, s.payRuns)
	Follow(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/pay-runs/{id}", Summary: "One pay run with its batches and their counters",
		Description: "With Accept: text/event-stream it is sent again whenever its state or a counter changed, as an " +
			"event of the name state, until the run has ended.",
		Who: readers(),
	}, PayRun.ended, s.payRun)
	s.payRunSteps()
	s.proofRoutes()
}

// payRunSteps move a run on.
func (s *Server) payRunSteps() {
	checkers := Officers(approval.Checker, approval.AgencyBusiness, approval.AgencyFinance)
	releasers := Officers(approval.Releaser, approval.AgencyFinance)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/pay-runs/{id}/submit", Summary: "Freeze it",
		Description: "Payees, amounts, accounts, batches, numbers and the files' bytes, in one transaction. The answer's " +
			"digest is what is approved and released.", Who: payMakers(), Deadline: monthsWork,
	}, viewSubmitted, s.submitRun)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/pay-runs/{id}/approve", Summary: "Approve its digest",
		Description: "By a checker who is another person than the maker.", Who: checkers,
	}, viewRunHead, s.approveRun)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/pay-runs/{id}/reject", Summary: "End it for good",
		Description: "A checker's no before the approval, a releaser's no after it.", Who: checkers.Or(releasers),
	}, viewRunHead, s.rejectRun)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/pay-runs/{id}/withdraw", Summary: "Take it back before its release",
		Who: payMakers(),
	}, viewRunHead, s.withdrawRun)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/pay-runs/{id}/release", Summary: "Let the money go",
		Description: "By a third person. Everybody in it is screened again: where somebody must not be paid the run is " +
			"withdrawn, hits name them, and the successor has the other rows and is approved anew. Without a hit the " +
			"expenditure accounts must hold the whole run; then the banks may fetch. After the hand-over day a reason is " +
			"needed.",
		Who: releasers, Deadline: monthsWork,
	}, viewReleased, s.releaseRun)
}

// PayRun is a pay run on the wire. What an answer does not speak of is absent.
type PayRun struct {
	ID             ID             `json:"id"`
	Area           string         `json:"area"`
	Scheme         string         `json:"scheme"`
	Month          Month          `json:"month"`
	Kind           string         `json:"kind"                      enum:"regular,supplementary,reissue"`
	Ordinal        int            `json:"ordinal"                   doc:"Counts the runs of the kind for the month"`
	RosterID       ID             `json:"roster_id"`
	Predecessor    ID             `json:"predecessor,omitzero"      doc:"The run that was withdrawn by hits and that this one follows"`
	State          string         `json:"state"                     enum:"draft,frozen,approved,released,closed,refused,withdrawn"`
	PayDay         Day            `json:"pay_day"                   doc:"The last value date that counts as in place"`
	HandoverDue    Day            `json:"handover_due"              doc:"The banks hold money and list on this day"`
	ItemCount      int            `json:"item_count"`
	Amount         Yuan           `json:"amount"`
	Digest         string         `json:"digest,omitempty"          doc:"SHA-256, hex: what is approved and released"`
	Maker          string         `json:"maker"`
	MadeOn         Day            `json:"made_on"`
	ReleasedOn     *Day           `json:"released_on,omitempty"`
	LateReason     string         `json:"late_reason,omitempty"     doc:"Why it was released after the hand-over day"`
	Entitled       *int           `json:"entitled,omitempty"        doc:"Lines of its roster, those held among them"`
	EntitledAmount *Yuan          `json:"entitled_amount,omitempty"`
	HeldCount      *int           `json:"held_count,omitempty"`
	HeldAmount     *Yuan          `json:"held_amount,omitempty"`
	Held           map[string]int `json:"held,omitempty"            doc:"Held lines by reason"`

	Batches   []DisbursementBatch `json:"batches,omitempty"`
	Hits      []PayHit            `json:"hits,omitempty"               doc:"Whom the screens found at the release: the run was withdrawn for them"`
	Successor ID                  `json:"successor,omitzero"           doc:"The run that has the other rows"`
	Events    []PayRunEvent       `json:"events,omitempty"             doc:"Its steps"`
}

// ended says that nothing more becomes of the run.
func (r PayRun) ended() bool {
	switch disbursement.State(r.State) {
	case disbursement.Closed, disbursement.Refused, disbursement.Withdrawn:
		return true
	case disbursement.Draft, disbursement.Frozen, disbursement.Approved, disbursement.Released:
	}
	return false
}

// PayHit is somebody whom a release did not pay.
type PayHit struct {
	ItemID   ID     `json:"item_id"`
	MemberID ID     `json:"member_id"`
	SocialNo string `json:"social_no"`
	Name     string `json:"name"      doc:"Masked"`
	Reason   string `json:"reason"`
}

// PayRunEvent is one step of a run.
type PayRunEvent struct {
	State string `json:"state"`
	By    string `json:"by"`
	On    Day    `json:"on"`
	Text  string `json:"text,omitempty"`
}

func viewRunHead(r disbursement.Run) PayRun {
	out := PayRun{ //nolint:exhaustruct // what is absent is left out
		ID: NewID(r.ID), Area: r.Area.String(), Scheme: string(r.Scheme), Month: Month{r.Month}, Kind: string(r.Kind),
		Ordinal: r.Ordinal, RosterID: NewID(r.Roster), Predecessor: NewID(r.Predecessor), State: r.State.String(),
		PayDay: NewDay(r.PayDay), HandoverDue: NewDay(r.HandoverDue), ItemCount: r.Count, Amount: NewYuan(r.Amount),
		Maker: r.Maker, MadeOn: NewDay(r.MadeOn), LateReason: r.LateReason,
	}
	if r.Digest != [sha256.Size]byte{} {
		out.Digest = hex.EncodeToString(r.Digest[:])
	}
	if !r.ReleasedOn.IsZero() {
		out.ReleasedOn = &Day{r.ReleasedOn}
	}
	return out
}

// withRoster adds what stands in the run's roster.
func (r PayRun) withRoster(roster disbursement.Roster) PayRun {
	r.Entitled, r.EntitledAmount = &roster.Entitled, &Yuan{roster.EntitledAmount}
	r.HeldCount, r.HeldAmount = &roster.Held, &Yuan{roster.HeldAmount}
	return r
}

func (r PayRun) withBatches(list []disbursement.Batch) PayRun {
	for _, b := range list {
		r.Batches = append(r.Batches, viewPayBatch(b))
	}
	return r
}

func (r PayRun) withHits(list []disbursement.Hit, successor int64) PayRun {
	for _, h := range list {
		r.Hits = append(r.Hits, PayHit{
			ItemID: NewID(h.Item), MemberID: NewID(h.Member), SocialNo: h.SocialNo, Name: h.Name.String(),
			Reason: string(h.Reason),
		})
	}
	r.Successor = NewID(successor)
	return r
}

func viewDrafted(d disbursement.Drafted) PayRun { return viewRunHead(d.Run).withRoster(d.Roster) }

func viewTrial(t disbursement.Trial) PayRun {
	out := viewDrafted(t.Drafted).withBatches(t.Batches)
	out.Held = heldBy(t.ByReason)
	return out
}

func viewSubmitted(r disbursement.Submitted) PayRun { return viewRunHead(r.Run).withBatches(r.Batches) }

func viewReleased(r disbursement.ReleaseResult) PayRun {
	return viewRunHead(r.Run).withBatches(r.Batches).withHits(r.Hits, r.Successor.Run.ID)
}

func viewPayRun(v disbursement.RunView) PayRun {
	out := viewRunHead(v.Run).withRoster(v.Roster).withBatches(v.Batches).withHits(v.Hits, v.Successor)
	out.Held = heldBy(v.ByReason)
	for _, e := range v.Events {
		out.Events = append(out.Events, PayRunEvent{State: e.To.String(), By: e.Actor, On: NewDay(e.On), Text: e.Evidence})
	}
	return out
}

type draftRunCommand struct {
	DryRun bool `query:"dry_run" doc:"Make everything and give it up again"`
	Body   struct {
		PayOrder

		Area string `json:"area,omitempty" doc:"The officer's own" pattern:"^[1-9][0-9]{5}$"`
	}
}

func (s *Server) draftRun(ctx context.Context, c Call, in *draftRunCommand) (once.Answer, error) {
	none := once.Answer{} //nolint:exhaustruct // none
	if in.Body.Area != "" {
		area, err := party.ParseArea(in.Body.Area)
		if err != nil {
			return none, errInput.On("area")
		}
		if area != c.area() {
			return none, registry.ErrArea.With("a pay run belongs to the officer's own area").On("area")
		}
	}
	if !in.DryRun {
		return s.deps.Disbursement.Draft(ctx, c.Request, c.Render, c.Officer, in.Body.order())
	}
	*c.unkept = true
	t, err := s.deps.Disbursement.Try(ctx, c.Officer, in.Body.order())
	if err != nil {
		return none, err
	}
	return renderer(http.StatusOK, viewTrial)(t)
}

// documentTrial says what a dry run is answered.
func (s *Server) documentTrial() {
	op := operationOf(s.spec, s.table[len(s.table)-1])
	op.Responses[strconv.Itoa(http.StatusOK)] = jsonResponse("A dry run: nothing of it was kept", schemaOf[PayRun](s))
}

type payRunsQuery struct {
	Paging

	Scheme string `query:"scheme" enum:"resident,rural,urban,land_lost"`
	Month  Month  `query:"month"`
	State  string `query:"state"  enum:"draft,frozen,approved,released,closed,refused,withdrawn"`
}

func (s *Server) payRuns(ctx context.Context, c Call, in *payRunsQuery) (Page[PayRun], error) {
	after, err := in.After()
	if err != nil {
		return Page[PayRun]{}, err //nolint:exhaustruct // none
	}
	list, err := s.deps.Disbursement.Runs(ctx, c.Officer, disbursement.RunFilter{
		Area: c.area(), Scheme: ledger.Scheme(in.Scheme), Month: in.Month.month, State: disbursement.State(in.State),
		After: after, Limit: in.Limit + 1,
	})
	return NewPage(list, in.Limit, func(r disbursement.Run) int64 { return r.ID }, viewRunHead), err
}

type payRunQuery struct {
	Following

	ID ID `path:"id"`
}

func (s *Server) payRun(ctx context.Context, c Call, in *payRunQuery) (PayRun, error) {
	v, err := s.deps.Disbursement.Run(ctx, c.Officer, in.ID.Int64())
	return viewPayRun(v), err
}

type submitRunCommand struct {
	ID ID `path:"id"`
}

func (s *Server) submitRun(ctx context.Context, c Call, in *submitRunCommand) (once.Answer, error) {
	return s.deps.Disbursement.Submit(ctx, c.Request, c.Render, c.Officer, in.ID.Int64())
}

type runVerdictCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Digest string `json:"digest"           doc:"The digest that was shown" pattern:"^[0-9a-f]{64}$"`
		Reason string `json:"reason,omitempty" maxLength:"200"`
	}
}

func (in *runVerdictCommand) verdict() (disbursement.Verdict, error) {
	return runVerdict(in.ID, in.Body.Digest, in.Body.Reason)
}

func runVerdict(id ID, digest, reason string) (disbursement.Verdict, error) {
	v := disbursement.Verdict{Run: id.Int64(), Digest: [sha256.Size]byte{}, Reason: reason}
	if n, err := hex.Decode(v.Digest[:], []byte(digest)); err != nil || n != sha256.Size {
		return v, approval.ErrDigest
	}
	return v, nil
}

func (s *Server) approveRun(ctx context.Context, c Call, in *runVerdictCommand) (once.Answer, error) {
	v, err := in.verdict()
	if err != nil {
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return s.deps.Disbursement.Approve(ctx, c.Request, c.Render, c.Officer, v)
}

func (s *Server) releaseRun(ctx context.Context, c Call, in *runVerdictCommand) (once.Answer, error) {
	v, err := in.verdict()
	if err != nil {
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return s.deps.Disbursement.Release(ctx, c.Request, c.Render, c.Officer, v)
}

type rejectRunCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Digest string `json:"digest" doc:"The digest that was shown" pattern:"^[0-9a-f]{64}$"`
		Reason string `json:"reason" minLength:"1" maxLength:"200"`
	}
}

func (s *Server) rejectRun(ctx context.Context, c Call, in *rejectRunCommand) (once.Answer, error) {
	v, err := runVerdict(in.ID, in.Body.Digest, in.Body.Reason)
	if err != nil {
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return s.deps.Disbursement.Reject(ctx, c.Request, c.Render, c.Officer, v)
}

type reasonCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200"`
	}
}

func (s *Server) withdrawRun(ctx context.Context, c Call, in *reasonCommand) (once.Answer, error) {
	return s.deps.Disbursement.Withdraw(ctx, c.Request, c.Render, c.Officer, in.ID.Int64(), in.Body.Reason)
}
