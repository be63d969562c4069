package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/casework"
	"twoline/gateway/lifeevent"
	"twoline/gateway/once"
	"twoline/gateway/registry"
)

// holdRoutes are who is not paid, and how that ends: two people of the agency's
// business desk end a hold or take a wrong death notice back.
func (s *Server) holdRoutes() {
	if s.deps.Registry == nil {
		return
	}
	makers, checkers := deskMakers(), Officers(approval.Checker, approval.AgencyBusiness)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/holds", Summary: "Members who are held back, with the releases asked for",
		Who: readers(),
	}, s.holds)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/holds/{id}", Summary: "One hold", Who: readers(),
	}, s.hold)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/holds/{id}/release", Summary: "Ask for the end of a hold", Status: 201,
		Description: "The hold stands until a second person approves the digest of the release.", Who: makers,
	}, viewHold, s.askRelease)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/holds/{id}/release/approve", Summary: "Approve the release: the hold ends",
		Description: "By a checker who is another person than the maker.", Who: checkers,
	}, viewHold, s.approveRelease)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/holds/{id}/release/reject", Summary: "Refuse the release: the hold stands",
		Who: checkers,
	}, viewHold, s.rejectRelease)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/holds/{id}/release/withdraw", Summary: "Take the request back, by its maker",
		Who: makers.Or(checkers),
	}, viewHold, s.withdrawRelease)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/death-notices", Summary: "Deaths that were reported, and notices taken back",
		Who: readers(),
	}, s.deathNotices)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/comparisons", Summary: "Lines of other offices' lists that fitted a member",
		Description: "As imported (comparisons), strong and weak, with what each led to, as it stands now: standing is dead " +
			"while the member stands reported dead, held while a hold of its reason stands, asked while a person is asked about " +
			"it, else nothing. Lines that fitted nobody are not kept.",
		Who: readers(),
	}, s.comparisons)
	if s.deps.Casework == nil {
		return
	}
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/death-notices/{id}/withdraw", Status: 201,
		Summary: "Ask that a wrong notice is taken back",
		Description: "The notice stands until a second person of the business office has approved it. Then the member " +
			"is paid again by the next run, which three people answer for. With the last notice of a death ends what heirs " +
			"were granted by it; while a pay run has that, the notice stands.",
		Who: makers,
	}, viewDecision, s.withdrawNotice)
}

func deskMakers() Who { return Officers(approval.Maker, approval.AgencyBusiness) }

// HoldRelease is a request to end a hold.
type HoldRelease struct {
	ID       ID        `json:"id"`
	Document string    `json:"document"`
	Digest   string    `json:"digest"   doc:"SHA-256 of the hold and the document, hex: what is approved"`
	Maker    string    `json:"maker"`
	MadeAt   time.Time `json:"made_at"`
	Status   string    `json:"status"   enum:"submitted,approved,rejected,withdrawn"`
}

// Hold keeps a member from being paid.
type Hold struct {
	ID        ID           `json:"id"`
	MemberID  ID           `json:"member_id"`
	SocialNo  string       `json:"social_no"`
	Name      string       `json:"name"              doc:"Masked"`
	Reason    string       `json:"reason"            enum:"certification_overdue,other_pension,child_unpaid,duplicate_identity,shared_account,amount_review,court,investigation,manual"`
	FromMonth Month        `json:"from_month"        doc:"The first month that is held back"`
	Text      string       `json:"text,omitempty"`
	OpenedBy  string       `json:"opened_by"`
	OpenedAt  time.Time    `json:"opened_at"`
	Status    string       `json:"status"            enum:"standing,released"`
	Release   *HoldRelease `json:"release,omitempty" doc:"The newest request to end it"`

	Resumption *Resumption `json:"resumption,omitempty" doc:"What became of the months that it stopped, decided with its end"`
}

// Resumption is what the area's rule back_pay said of the months that a hold stopped.
type Resumption struct {
	BackPay      string         `json:"back_pay"         enum:"from_stop,none" doc:"from_stop: the months are paid back; none: they never are"`
	RuleDocument string         `json:"rule_document"`
	RuleFrom     Day            `json:"rule_from"        doc:"The day from which the rule holds"`
	DueID        ID             `json:"due_id,omitzero"  doc:"What pays them back: see GET /v1/benefit-dues"`
	Months       []ResumedMonth `json:"months"           nullable:"false" doc:"All that were stopped"`
}

// ResumedMonth is a month that a hold stopped, with what of it is paid back.
type ResumedMonth struct {
	Month   Month `json:"month"`
	Base    Yuan  `json:"base_pension"`
	Account Yuan  `json:"account_pension"`
}

func viewResumption(r *registry.Resumption) *Resumption {
	if r == nil {
		return nil
	}
	out := &Resumption{
		BackPay: "none", RuleDocument: r.RuleDocument, RuleFrom: NewDay(r.RuleFrom), DueID: NewID(r.Due),
		Months: make([]ResumedMonth, len(r.Months)),
	}
	if r.FromStop {
		out.BackPay = "from_stop"
	}
	for i, m := range r.Months {
		out.Months[i] = ResumedMonth{Month: Month{m.Month}, Base: NewYuan(m.Base), Account: NewYuan(m.Account)}
	}
	return out
}

func viewHold(h registry.Hold) Hold {
	out := Hold{
		ID: NewID(h.ID), MemberID: NewID(h.Member), SocialNo: h.SocialNo, Name: h.Name.String(), Reason: string(h.Reason),
		FromMonth: Month{h.From}, Text: h.Text, OpenedBy: h.OpenedBy, OpenedAt: h.OpenedAt, Status: "standing",
		Release: nil, Resumption: viewResumption(h.Resumption),
	}
	if h.Released() {
		out.Status = "released"
	}
	if r := h.Release; r.ID != 0 {
		out.Release = &HoldRelease{
			ID: NewID(r.ID), Document: r.Document, Digest: hex.EncodeToString(r.Digest[:]), Maker: r.Maker,
			MadeAt: r.MadeAt, Status: r.State.String(),
		}
	}
	return out
}

type holdsQuery struct {
	Paging

	Member string `query:"member_id" pattern:"^[1-9][0-9]{0,18}$" doc:"One member; absent is everybody"`
	Reason string `query:"reason" enum:"certification_overdue,other_pension,child_unpaid,duplicate_identity,shared_account,amount_review,court,investigation,manual"`
	Status string `query:"status" enum:"standing,asked,released" doc:"asked are those whose release waits for its checker"`
}

func (s *Server) holds(ctx context.Context, c Call, in *holdsQuery) (Page[Hold], error) {
	none := Page[Hold]{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	f := registry.HoldFilter{ //nolint:exhaustruct // the service fills the rest
		Reason: registry.HoldReason(in.Reason), Standing: in.Status == "standing", Asked: in.Status == "asked",
		Ended: in.Status == "released", After: after, Limit: in.Limit + 1,
	}
	if in.Member != "" {
		member, err := idIn(in.Member, "member_id")
		if err != nil {
			return none, err
		}
		f.Members = []int64{member}
	}
	list, err := s.deps.Registry.Holds(ctx, c.Officer, f)
	return NewPage(list, in.Limit, func(h registry.Hold) int64 { return h.ID }, viewHold), err
}

// idIn reads an id of a query, where an absent one is no ID.
func idIn(text, field string) (int64, error) {
	var id ID
	if err := id.UnmarshalText([]byte(text)); err != nil {
		return 0, errInput.On(field)
	}
	return id.Int64(), nil
}

type holdQuery struct {
	ID ID `path:"id"`
}

func (s *Server) hold(ctx context.Context, c Call, in *holdQuery) (Hold, error) {
	h, err := s.deps.Registry.Hold(ctx, c.Officer, in.ID.Int64())
	return viewHold(h), err
}

type documentCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Document string `json:"document" doc:"What it rests on" minLength:"1" maxLength:"200"`
	}
}

func (s *Server) askRelease(ctx context.Context, c Call, in *documentCommand) (once.Answer, error) {
	return s.deps.Registry.AskRelease(ctx, c.Request, c.Render, c.Officer, in.ID.Int64(), in.Body.Document)
}

type deskVerdictCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Digest string `json:"digest"           doc:"The digest that was shown" pattern:"^[0-9a-f]{64}$"`
		Reason string `json:"reason,omitempty" maxLength:"200"`
	}
}

func deskVerdict(digest, reason string) (registry.Verdict, error) {
	v := registry.Verdict{Digest: [sha256.Size]byte{}, Reason: reason}
	if n, err := hex.Decode(v.Digest[:], []byte(digest)); err != nil || n != sha256.Size {
		return v, approval.ErrDigest
	}
	return v, nil
}

func (s *Server) approveRelease(ctx context.Context, c Call, in *deskVerdictCommand) (once.Answer, error) {
	v, err := deskVerdict(in.Body.Digest, in.Body.Reason)
	if err != nil {
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return s.deps.Registry.ApproveRelease(ctx, c.Request, c.Render, c.Officer, in.ID.Int64(), v)
}

func (s *Server) rejectRelease(ctx context.Context, c Call, in *deskVerdictCommand) (once.Answer, error) {
	v, err := deskVerdict(in.Body.Digest, in.Body.Reason)
	if err != nil {
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return s.deps.Registry.RejectRelease(ctx, c.Request, c.Render, c.Officer, in.ID.Int64(), v)
}

func (s *Server) withdrawRelease(ctx context.Context, c Call, in *holdQuery) (once.Answer, error) {
	return s.deps.Registry.WithdrawRelease(ctx, c.Request, c.Render, c.Officer, in.ID.Int64())
}

// DeathNotice is a death that was reported.
type DeathNotice struct {
	ID        ID        `json:"id"`
	MemberID  ID        `json:"member_id"`
	SocialNo  string    `json:"social_no"`
	Name      string    `json:"name"                   doc:"Masked"`
	DiedOn    Day       `json:"died_on"`
	Source    string    `json:"source"                 doc:"Who reported it"`
	Document  string    `json:"document"`
	EnteredBy string    `json:"entered_by"`
	EnteredAt time.Time `json:"entered_at"`
	Withdrawn string    `json:"withdrawn_by,omitempty" doc:"The document by which a wrong notice was taken back"`
}

func viewDeathNotice(n registry.DeathNotice) DeathNotice {
	return DeathNotice{
		ID: NewID(n.ID), MemberID: NewID(n.Member), SocialNo: n.SocialNo, Name: n.Name.String(), DiedOn: NewDay(n.DiedOn),
		Source: n.Source, Document: n.Document, EnteredBy: n.EnteredBy, EnteredAt: n.EnteredAt, Withdrawn: n.Withdrawn,
	}
}

type deathNoticesQuery struct {
	Paging

	Member string `query:"member_id" pattern:"^[1-9][0-9]{0,18}$" doc:"One member; absent is everybody"`
}

func (s *Server) deathNotices(ctx context.Context, c Call, in *deathNoticesQuery) (Page[DeathNotice], error) {
	none := Page[DeathNotice]{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	var member int64
	if in.Member != "" {
		if member, err = idIn(in.Member, "member_id"); err != nil {
			return none, err
		}
	}
	list, err := s.deps.Registry.DeathNotices(ctx, c.Officer, member, after, in.Limit+1)
	return NewPage(list, in.Limit, func(n registry.DeathNotice) int64 { return n.ID }, viewDeathNotice), err
}

// Comparison is a line of another office's list that fitted a member.
type Comparison struct {
	ID         ID        `json:"id"`
	MemberID   ID        `json:"member_id"`
	SocialNo   string    `json:"social_no"`
	Name       string    `json:"name"                  doc:"Masked"`
	List       string    `json:"list"                  enum:"cremations,police,employee_pension,court"`
	Strength   string    `json:"strength"              enum:"strong,weak"`
	Agrees     string    `json:"agrees"                enum:"number_and_name,number,name_and_birth"`
	HappenedOn *Day      `json:"happened_on,omitempty"`
	Source     string    `json:"source"`
	Document   string    `json:"document"`
	Line       int       `json:"line"                  doc:"Of the file"`
	EnteredBy  string    `json:"entered_by"`
	EnteredAt  time.Time `json:"entered_at"`
	Standing   string    `json:"standing"              enum:"nothing,asked,held,dead" doc:"What it led to, as it stands now"`
}

func viewComparison(m registry.KeptComparison) Comparison {
	out := Comparison{
		ID: NewID(m.ID), MemberID: NewID(m.Member), SocialNo: m.SocialNo, Name: m.Name.String(), List: string(m.List),
		Strength: string(m.Strength), Agrees: m.Agrees, HappenedOn: nil, Source: m.Source, Document: m.Document,
		Line: m.Line, EnteredBy: m.EnteredBy, EnteredAt: m.EnteredAt, Standing: string(m.Standing),
	}
	if !m.HappenedOn.IsZero() {
		out.HappenedOn = &Day{m.HappenedOn}
	}
	return out
}

type comparisonsQuery struct {
	Paging

	Member   string `query:"member_id" pattern:"^[1-9][0-9]{0,18}$" doc:"One member; absent is everybody"`
	List     string `query:"list" enum:"cremations,police,employee_pension,court"`
	Strength string `query:"strength" enum:"strong,weak"`
	Document string `query:"document" maxLength:"200" doc:"One list, by its document"`
	Standing string `query:"standing" enum:"nothing,asked,held,dead"`
}

func (s *Server) comparisons(ctx context.Context, c Call, in *comparisonsQuery) (Page[Comparison], error) {
	none := Page[Comparison]{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	var member int64
	if in.Member != "" {
		if member, err = idIn(in.Member, "member_id"); err != nil {
			return none, err
		}
	}
	list, err := s.deps.Registry.Comparisons(ctx, c.Officer, registry.ComparisonFilter{
		Area: 0, Member: member, List: lifeevent.List(in.List), Strength: lifeevent.Strength(in.Strength),
		Document: in.Document, Standing: registry.MatchStanding(in.Standing), After: after, Limit: in.Limit + 1,
	})
	return NewPage(list, in.Limit, func(m registry.KeptComparison) int64 { return m.ID }, viewComparison), err
}

type takeBackCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Document string `json:"document"         minLength:"1"   maxLength:"200" doc:"The paper that says that it was wrong"`
		Reason   string `json:"reason,omitempty" maxLength:"200"`
	}
}

func (s *Server) withdrawNotice(ctx context.Context, c Call, in *takeBackCommand) (once.Answer, error) {
	return s.deps.Casework.Ask(ctx, c.Request, c.Render, c.Officer, casework.Ask{ //nolint:exhaustruct // a notice
		Kind: casework.Notice, Subject: in.ID.Int64(), Word: casework.TakenBack, Document: in.Body.Document,
		Reason: in.Body.Reason,
	})
}
