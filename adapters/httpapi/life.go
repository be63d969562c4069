package httpapi

import (
	"context"
	"net/http"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/lifeevent"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/policy"
	"twoline/gateway/report"
)

// lifeRoutes are proofs of life, what was paid after a death, and what heirs claim.
func (s *Server) lifeRoutes() {
	if s.deps.Life == nil {
		return
	}
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/life-evidence", Summary: "What a bank saw of its own customers",
		Description: "Withdrawals in person and visits are certifications that nobody had to ask for. A line about " +
			"somebody else's customer is not found, member or not, and stops no other line; a reference is used once.",
		Who: Banks(),
	}, viewTakenEvidence, s.lifeEvidence)
	below := Officers(approval.Viewer, approval.Township, approval.Village).
		Or(Officers(approval.Maker, approval.Township, approval.Village))
	Paper(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/certifications", Summary: "Who has to certify, and who did",
		Description: "Living pensioners by where they stand: overdue ones are held from the month after, due_soon are due " +
			"within 60 days, resumable ones certified and wait for the release of hold_id. sums are over the region, whatever " +
			"the status and the way. A township or village sees its own. As a table it is the whole list.",
		Who: readers().Or(below),
	}, s.certifications, s.certificationsTable)
	s.recoveryRoutes()
	s.estateRoutes()
	s.memberTransferRoutes()
	s.departureRoutes()
	s.memberReturnRoutes()
	s.sentenceRoutes()
}

// EvidenceLine is what a bank saw.
type EvidenceLine struct {
	IDNumber  string `json:"id_number" maxLength:"18"`
	Kind      string `json:"kind"      enum:"withdrawal,visit"`
	SeenOn    Day    `json:"seen_on"`
	Reference string `json:"reference" minLength:"1" maxLength:"64" pattern:"^[!-~]{1,64}$" patternDescription:"visible characters" doc:"The bank's own number of it, used once"`
}

// EvidenceLineAnswer answers one line.
type EvidenceLineAnswer struct {
	Line   int    `json:"line"             doc:"Counted from 1"`
	Answer string `json:"answer"           enum:"accepted,repeated,refused"`
	Code   string `json:"code,omitempty"`
	Text   string `json:"text,omitempty"`
	DueOn  *Day   `json:"due_on,omitempty" doc:"By when the pensioner certifies next"`
}

// TakenEvidence is what became of evidence.
type TakenEvidence struct {
	Accepted int                  `json:"accepted"`
	Repeated int                  `json:"repeated"`
	Refused  int                  `json:"refused"`
	Lines    []EvidenceLineAnswer `json:"lines"    nullable:"false"`
}

func viewTakenEvidence(t lifeevent.Taken) TakenEvidence {
	out := TakenEvidence{Accepted: t.Accepted, Repeated: t.Repeated, Refused: t.Refused, Lines: []EvidenceLineAnswer{}}
	for _, a := range t.Answers {
		out.Lines = append(out.Lines, EvidenceLineAnswer{
			Line: a.Line, Answer: a.Answer, Code: a.Code, Text: a.Text, DueOn: dayIfAny(a.Due),
		})
	}
	return out
}

func dayIfAny(d calendar.Day) *Day {
	if d.IsZero() {
		return nil
	}
	day := NewDay(d)
	return &day
}

type lifeEvidenceCommand struct {
	Body struct {
		Area     string         `json:"area"     pattern:"^[1-9][0-9]{5}$"`
		Evidence []EvidenceLine `json:"evidence" nullable:"false" minItems:"1" maxItems:"1000"`
	}
}

func (s *Server) lifeEvidence(ctx context.Context, c Call, in *lifeEvidenceCommand) (once.Answer, error) {
	none := once.Answer{} //nolint:exhaustruct // none
	area, err := party.ParseArea(in.Body.Area)
	if err != nil {
		return none, errInput.On("area")
	}
	list := make([]lifeevent.Evidence, len(in.Body.Evidence))
	for i, e := range in.Body.Evidence {
		id, err := party.NewIDNumber(e.IDNumber)
		if err != nil {
			return none, errInput.On("id_number").At(i + 1)
		}
		list[i] = lifeevent.Evidence{
			IDNumber: id, Kind: lifeevent.EvidenceKind(e.Kind), SeenOn: e.SeenOn.Day, Reference: e.Reference,
		}
	}
	return s.deps.Life.TakeEvidence(ctx, c.Request, c.Render, c.Bank, area, list)
}

// Certifying is a pensioner who has to certify.
type Certifying struct {
	MemberID ID     `json:"member_id"`
	SocialNo string `json:"social_no"`
	Name     string `json:"name"                doc:"Masked"`
	Region   string `json:"region"`
	Status   string `json:"status"              enum:"certified,due_soon,overdue,resumable"`
	DueOn    Day    `json:"due_on"              doc:"The last day of the cycle"`
	Last     *Day   `json:"last_on,omitempty"   doc:"The newest certification"`
	Way      string `json:"way,omitempty"       enum:"self_service,counter,village_list,home_visit,entrusted,silent"`
	Hold     ID     `json:"hold_id,omitzero"    doc:"The hold that stands for it"`
	Monthly  Yuan   `json:"monthly"             doc:"The pension of a month"`
}

// CertificationSums count pensioners. The silent rate is silent over current.
type CertificationSums struct {
	Pensioners     int     `json:"pensioners"      doc:"Alive, and with a pension today"`
	Certified      int     `json:"certified"`
	DueSoon        int     `json:"due_soon"`
	Overdue        int     `json:"overdue"`
	Resumable      int     `json:"resumable"`
	Silent         int     `json:"silent"          doc:"Numerator of the silent rate: current ones whose newest certification a bank gave"`
	Current        int     `json:"current"         doc:"Its denominator: certified, due_soon and resumable"`
	SilentRate     *string `json:"silent_rate,omitempty" doc:"silent / current in percent, one decimal; absent where nobody is current"`
	OverdueMonthly Yuan    `json:"overdue_monthly" doc:"What the overdue draw a month together"`
}

// CertificationPage is a page of pensioners with the sums of all.
type CertificationPage struct {
	Page[Certifying]

	Sums   CertificationSums `json:"sums"`
	Screen Screen            `json:"screen"`
}

// Screen is the rule by which who is overdue is held today, or is not.
type Screen struct {
	Holds    bool   `json:"holds"    doc:"Whether overdue ones are held, by the rule certification_screen"`
	Since    Day    `json:"since"    doc:"From which day on the rule says so"`
	Document string `json:"document"`
}

func viewScreen(r policy.Row) Screen {
	return Screen{Holds: r.Value.Flag(), Since: NewDay(r.From), Document: r.Document}
}

type certificationsQuery struct {
	Printing
	Paging

	Status string `query:"status" enum:"certified,due_soon,overdue,resumable"`
	Way    string `query:"way" enum:"self_service,counter,village_list,home_visit,entrusted,silent" doc:"How the newest certification was given"`
	Region string `query:"region" pattern:"^[1-9][0-9]{11}$" doc:"County, township or village, with what is below; absent is all"`
}

func (s *Server) certifications(ctx context.Context, c Call, in *certificationsQuery) (CertificationPage, error) {
	none := CertificationPage{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	f, err := in.filter()
	if err != nil {
		return none, err
	}
	f.After, f.Limit = after, in.Limit+1
	list, sums, err := s.deps.Life.Certifications(ctx, c.Officer, f)
	var silent *string
	if rate, ok := sums.SilentRate(); ok {
		silent = &rate
	}
	page := NewPage(list, in.Limit, func(p lifeevent.Certifying) int64 { return p.Member }, viewCertifying)
	return CertificationPage{Page: page, Sums: CertificationSums{
		Pensioners: sums.Pensioners, Certified: sums.Certified, DueSoon: sums.DueSoon, Overdue: sums.Overdue,
		Resumable: sums.Resumable, Silent: sums.Silent, Current: sums.Certified + sums.DueSoon + sums.Resumable,
		SilentRate: silent, OverdueMonthly: NewYuan(sums.OverdueMonthly),
	}, Screen: viewScreen(sums.Screen)}, err
}

func (in *certificationsQuery) filter() (f lifeevent.CertificationFilter, err error) {
	f.Standing, f.Way = lifeevent.Standing(in.Status), lifeevent.Way(in.Way)
	if in.Region != "" {
		if f.Region, err = party.ParseRegion(in.Region); err != nil {
			return f, errInput.On("region")
		}
	}
	return f, nil
}

// certificationsTable writes everybody whom the query selects, whatever the page.
func (s *Server) certificationsTable(_ context.Context, c Call, in *certificationsQuery) (table, error) {
	f, err := in.filter()
	return table{
		name: "certifications",
		write: func(ctx context.Context, sheet report.Sheet) error {
			return s.deps.Life.CertificationPaper(ctx, c.Officer, f, sheet, in.language())
		},
	}, err
}

func viewCertifying(p lifeevent.Certifying) Certifying {
	return Certifying{
		MemberID: NewID(p.Member), SocialNo: p.SocialNo, Name: p.Name.String(), Region: p.Region.String(),
		Status: string(p.Standing), DueOn: NewDay(p.DueOn), Last: dayIfAny(p.Last), Way: string(p.Way), Hold: NewID(p.Hold),
		Monthly: NewYuan(p.Monthly),
	}
}
