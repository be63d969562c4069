package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/feedback"
	"twoline/gateway/ledger"
	"twoline/gateway/party"
	"twoline/gateway/report"
)

// feedbackRoutes are what goes back down to townships and villages.
func (s *Server) feedbackRoutes() {
	if s.deps.Feedback == nil {
		return
	}
	below := []approval.Organisation{approval.Township, approval.Village}
	who := readers().Or(Officers(approval.Maker, below...)).Or(Officers(approval.Checker, below...)).
		Or(Officers(approval.Viewer, below...))
	const own = " An officer of a township or village is shown their own region."
	Paper(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/feedback", Summary: "Paid, unpaid and why, by village and township",
		Description: "Of each village, township and in all: due = paid + in_flight + the sum of unpaid, and not_paid = due - paid. " +
			"reasons says every reason in plain words, by lang. The paper is for the notice board." + own,
		Who: who,
	}, s.feedback, s.feedbackTable)
	Paper(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/feedback/names", Summary: "Who is not paid and why, by village, masked for publication",
		Description: "Names are masked; no number of a person or account stands in it, and no reason that is the member's own affair. all=true takes those who paid, too." + own,
		Who:         who,
	}, s.feedbackNames, s.feedbackNamesTable)
	Paper(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/feedback/progress", Summary: "What came by value date, and so far",
		Description: "Of contributions the value date of the posting, less what went back that day; of pensions the value date " +
			"that the bank answered with, without what came back or cannot be drawn. payers counts those whose first payment came on the day." + own,
		Who: who,
	}, s.feedbackProgress, s.feedbackProgressTable)
	Paper(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/feedback/renewal", Summary: "How many of last year's payers paid again",
		Description: "rate = renewed / payers_last_year. The denominator is who paid anything for the year before, by the book; " +
			"the numerator those of them who paid anything for the year. New payers are in neither; where nobody paid last year, as " +
			"in a book's first year, there is no rate." + own,
		Who: who,
	}, s.feedbackRenewal, s.renewalTable)
	Paper(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/targets", Summary: "Targets of enrolment, their sums, and totals that differ",
		Description: "Heads to be newly enrolled, as imported (targets): never compared with money. Each document's rows are summed " +
			"by year over its lowest regions; a stated total that is not the sum of the regions below, or of its years, is a finding.",
		Who: readers(),
	}, s.targets, s.targetsTable)
}

// FeedbackOf names what a list is about.
type FeedbackOf struct {
	Scheme string `query:"scheme" required:"true" enum:"resident,rural,urban,land_lost"`
	Year   int    `query:"year"   minimum:"2009" maximum:"2100" doc:"Of contributions: the year they are for"`
	Month  string `query:"month"  pattern:"^[0-9]{4}-(0[1-9]|1[0-2])$" doc:"Of pensions: the month that is paid for; name one of the two"`
	Region string `query:"region" pattern:"^[1-9][0-9]{11}$" doc:"A township or village; absent is all that the officer may see"`
}

func (f FeedbackOf) subject() (feedback.Subject, party.Region, error) {
	subject := feedback.Subject{Scheme: ledger.Scheme(f.Scheme), Year: f.Year, Month: calendar.Month{}}
	if f.Month != "" {
		month, err := calendar.ParseMonth(f.Month)
		if err != nil {
			return subject, 0, errMonth.On("month")
		}
		subject.Month = month
	}
	region, err := feedbackRegion(f.Region)
	return subject, region, err
}

func feedbackRegion(text string) (party.Region, error) {
	if text == "" {
		return 0, nil
	}
	region, err := party.ParseRegion(text)
	if err != nil {
		return 0, errInput.On("region")
	}
	return region, nil
}

// FeedbackLine is a village, a township or all of them.
type FeedbackLine struct {
	Region   party.Region   `json:"region"`
	Name     string         `json:"name"`
	Due      int            `json:"due"       doc:"Members who chose an amount for the year, or pensioners of the month"`
	Paid     int            `json:"paid"`
	InFlight int            `json:"in_flight" doc:"With a bank, its answer awaited"`
	Unpaid   map[string]int `json:"unpaid"    doc:"By reason: a result class, or not_sent; of pensions also RETURNED, NOT_ACTIVATED (the person cannot draw it), recalled (from the bank, to be paid again) or the reason of a hold"`
	NotPaid  int            `json:"not_paid"  doc:"due - paid"`
	Amount   Yuan           `json:"amount"    doc:"What was paid, in part too"`
}

// Feedback is the list of an area, or of a part of it.
type Feedback struct {
	Villages  []FeedbackLine    `json:"villages"  nullable:"false"`
	Townships []FeedbackLine    `json:"townships" nullable:"false"`
	Total     FeedbackLine      `json:"total"`
	Reasons   map[string]string `json:"reasons"   doc:"Every reason of unpaid in plain words, by lang"`
}

func viewFeedbackLine(l feedback.Line) FeedbackLine {
	out := FeedbackLine{
		Region: l.Region, Name: l.Name, Due: l.Due, Paid: l.Paid, InFlight: l.InFlight, Unpaid: map[string]int{},
		NotPaid: l.NotPaid(), Amount: NewYuan(l.Amount),
	}
	for reason, n := range l.Unpaid {
		out.Unpaid[string(reason)] = n
	}
	return out
}

type feedbackQuery struct {
	Printing
	FeedbackOf
}

func (s *Server) feedbackLines(ctx context.Context, c Call, in *feedbackQuery) (feedback.Lines, error) {
	subject, region, err := in.subject()
	if err != nil {
		return feedback.Lines{}, err //nolint:exhaustruct // none
	}
	return s.deps.Feedback.Lines(ctx, c.Officer, subject, region)
}

func (s *Server) feedback(ctx context.Context, c Call, in *feedbackQuery) (Feedback, error) {
	l, err := s.feedbackLines(ctx, c, in)
	out := Feedback{
		Villages: make([]FeedbackLine, len(l.Villages)), Townships: make([]FeedbackLine, len(l.Townships)),
		Total: viewFeedbackLine(l.Total), Reasons: map[string]string{},
	}
	for i, v := range l.Villages {
		out.Villages[i] = viewFeedbackLine(v)
	}
	for i, t := range l.Townships {
		out.Townships[i] = viewFeedbackLine(t)
	}
	for _, reason := range l.Total.Reasons() {
		out.Reasons[string(reason)] = feedback.Reason(reason, in.language())
	}
	return out, err
}

func (s *Server) feedbackTable(ctx context.Context, c Call, in *feedbackQuery) (table, error) {
	l, err := s.feedbackLines(ctx, c, in)
	return table{
		name:  fmt.Sprintf("feedback-%s-%s", in.Scheme, l.Subject),
		write: func(_ context.Context, sheet report.Sheet) error { return l.Write(sheet, in.language()) },
	}, err
}

// FeedbackPerson is a member of a list for publication.
type FeedbackPerson struct {
	Region   party.Region `json:"region"`
	Village  string       `json:"village"`
	Name     string       `json:"name"     doc:"Masked"`
	Standing string       `json:"standing" doc:"paid, in_flight, a reason that the member can mend, or with_agency"`
	Reason   string       `json:"reason"   doc:"In plain words, by lang"`
	Amount   Yuan         `json:"amount"   doc:"What was paid"`
}

type feedbackNamesQuery struct {
	Printing
	FeedbackOf
	Paging

	All bool `query:"all" doc:"Those who paid, too"`
}

func (s *Server) feedbackNames(ctx context.Context, c Call, in *feedbackNamesQuery) (Page[FeedbackPerson], error) {
	none := Page[FeedbackPerson]{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	subject, region, err := in.subject()
	if err != nil {
		return none, err
	}
	list, err := s.deps.Feedback.People(ctx, c.Officer, subject, region, feedback.PersonFilter{
		From: 0, Through: 0, All: in.All, After: after, Limit: in.Limit + 1,
	})
	return NewPage(list, in.Limit, func(p feedback.Person) int64 { return p.Member }, func(p feedback.Person) FeedbackPerson {
		return FeedbackPerson{
			Region: p.Region, Village: p.Village, Name: p.Name.String(), Standing: string(p.Standing),
			Reason: feedback.Reason(p.Standing, in.language()), Amount: NewYuan(p.Amount),
		}
	}), err
}

// feedbackPage is how many names of a paper are read at a time.
const feedbackPage = 2000

func (s *Server) feedbackNamesTable(_ context.Context, c Call, in *feedbackNamesQuery) (table, error) {
	subject, region, err := in.subject()
	return table{
		name: fmt.Sprintf("feedback-names-%s-%s", in.Scheme, subject),
		write: func(ctx context.Context, sheet report.Sheet) error {
			return feedback.PeoplePaper(sheet, in.language(), subject, func(after int64) ([]feedback.Person, error) {
				return s.deps.Feedback.People(ctx, c.Officer, subject, region, feedback.PersonFilter{
					From: 0, Through: 0, All: in.All, After: after, Limit: feedbackPage,
				})
			})
		},
	}, err
}

// FeedbackDay is one day of the progress.
type FeedbackDay struct {
	Day         Day    `json:"day"`
	Payers      int    `json:"payers"        doc:"Whose first payment came on the day"`
	Amount      Signed `json:"amount"        doc:"What came on the day, less what went back"`
	PayersSoFar int    `json:"payers_so_far"`
	AmountSoFar Signed `json:"amount_so_far"`
}

// FeedbackProgress is what came by day.
type FeedbackProgress struct {
	Days []FeedbackDay `json:"days" nullable:"false"`
}

type feedbackProgressQuery struct {
	Printing
	FeedbackOf
}

func (s *Server) feedbackProgress(ctx context.Context, c Call, in *feedbackProgressQuery) (FeedbackProgress, error) {
	out := FeedbackProgress{Days: []FeedbackDay{}}
	subject, region, err := in.subject()
	if err != nil {
		return out, err
	}
	days, err := s.deps.Feedback.Progress(ctx, c.Officer, subject, region)
	for _, d := range days {
		out.Days = append(out.Days, FeedbackDay{
			Day: NewDay(d.Day), Payers: d.Payers, Amount: Signed{d.Amount}, PayersSoFar: d.PayersSoFar,
			AmountSoFar: Signed{d.AmountSoFar},
		})
	}
	return out, err
}

func (s *Server) feedbackProgressTable(ctx context.Context, c Call, in *feedbackProgressQuery) (table, error) {
	subject, region, err := in.subject()
	if err != nil {
		return table{}, err //nolint:exhaustruct // none
	}
	days, err := s.deps.Feedback.Progress(ctx, c.Officer, subject, region)
	return table{
		name: fmt.Sprintf("progress-%s-%s", in.Scheme, subject),
		write: func(_ context.Context, sheet report.Sheet) error {
			return feedback.ProgressPaper(sheet, in.language(), subject, days)
		},
	}, err
}

// RenewalLine is a village, a township or all of them.
type RenewalLine struct {
	Region   party.Region `json:"region"`
	Name     string       `json:"name"`
	LastYear int          `json:"payers_last_year" doc:"The denominator: who paid anything for the year before"`
	Renewed  int          `json:"renewed"          doc:"The numerator: those of them who paid anything for the year"`
	New      int          `json:"new_payers"       doc:"Who paid for the year and not for the one before"`
	ThisYear int          `json:"payers"           doc:"renewed + new_payers"`
	Rate     *string      `json:"rate,omitempty"   doc:"renewed / payers_last_year in percent, one decimal; absent where nobody paid last year"`
}

// Renewal is how many paid again.
type Renewal struct {
	Year      int           `json:"year"`
	Villages  []RenewalLine `json:"villages"  nullable:"false"`
	Townships []RenewalLine `json:"townships" nullable:"false"`
	Total     RenewalLine   `json:"total"`
}

func viewRenewal(r feedback.Renewal) RenewalLine {
	out := RenewalLine{
		Region: r.Region, Name: r.Name, LastYear: r.LastYear, Renewed: r.Renewed, New: r.New, ThisYear: r.ThisYear, Rate: nil,
	}
	if rate, ok := r.Rate(); ok {
		out.Rate = &rate
	}
	return out
}

type renewalQuery struct {
	Printing

	Scheme string `query:"scheme" required:"true" enum:"resident,rural,urban,land_lost"`
	Year   int    `query:"year"   required:"true" minimum:"2009" maximum:"2100"`
	Region string `query:"region" pattern:"^[1-9][0-9]{11}$" doc:"A township or village; absent is all that the officer may see"`
}

func (s *Server) renewals(ctx context.Context, c Call, in *renewalQuery) (feedback.Renewals, error) {
	region, err := feedbackRegion(in.Region)
	if err != nil {
		return feedback.Renewals{}, err //nolint:exhaustruct // none
	}
	return s.deps.Feedback.Renewal(ctx, c.Officer, ledger.Scheme(in.Scheme), in.Year, region)
}

func (s *Server) renewalTable(ctx context.Context, c Call, in *renewalQuery) (table, error) {
	list, err := s.renewals(ctx, c, in)
	return table{
		name:  fmt.Sprintf("renewal-%s-%d", in.Scheme, in.Year),
		write: func(_ context.Context, sheet report.Sheet) error { return list.Write(sheet, in.language()) },
	}, err
}

func (s *Server) feedbackRenewal(ctx context.Context, c Call, in *renewalQuery) (Renewal, error) {
	list, err := s.renewals(ctx, c, in)
	out := Renewal{
		Year: in.Year, Villages: make([]RenewalLine, len(list.Villages)), Townships: make([]RenewalLine, len(list.Townships)),
		Total: viewRenewal(list.Total),
	}
	for i, v := range list.Villages {
		out.Villages[i] = viewRenewal(v)
	}
	for i, t := range list.Townships {
		out.Townships[i] = viewRenewal(t)
	}
	return out, err
}

// EnrolmentTarget is how many people a region is to enrol newly.
type EnrolmentTarget struct {
	Region   party.Region `json:"region"`
	Name     string       `json:"name"`
	Year     int          `json:"year"     doc:"0 is the document's figure for all of its years"`
	Heads    int          `json:"heads"`
	Document string       `json:"document"`
}

// TargetSum is a year's sum of one document.
type TargetSum struct {
	Document string `json:"document"`
	Year     int    `json:"year"     doc:"0 is all years"`
	Regions  int    `json:"regions"  doc:"The lowest regions, which are summed"`
	Heads    int    `json:"heads"`
}

// TargetFinding is a stated total that its parts do not add up to.
type TargetFinding struct {
	EnrolmentTarget

	Sum  int    `json:"sum"  doc:"What the parts add up to"`
	By   string `json:"by"   doc:"The document of the parts"`
	Over string `json:"over" enum:"regions,years" doc:"What was summed"`
	Text string `json:"text" doc:"As a sentence, by lang"`
}

// Targets are those of an area.
type Targets struct {
	Targets  []EnrolmentTarget `json:"targets"  nullable:"false"`
	Sums     []TargetSum       `json:"sums"     nullable:"false"`
	Findings []TargetFinding   `json:"findings" nullable:"false"`
}

func viewTarget(t feedback.Target) EnrolmentTarget {
	return EnrolmentTarget{Region: t.Region, Name: t.Name, Year: t.Year, Heads: t.Heads, Document: t.Document}
}

type targetsQuery struct{ Printing }

func (s *Server) targetsTable(ctx context.Context, c Call, in *targetsQuery) (table, error) {
	sums, err := s.deps.Feedback.TargetSums(ctx, c.Officer)
	return table{
		name:  "targets",
		write: func(_ context.Context, sheet report.Sheet) error { return sums.Write(sheet, in.language()) },
	}, err
}

func (s *Server) targets(ctx context.Context, c Call, in *targetsQuery) (Targets, error) {
	sums, err := s.deps.Feedback.TargetSums(ctx, c.Officer)
	out := Targets{
		Targets: make([]EnrolmentTarget, len(sums.Targets)), Sums: make([]TargetSum, len(sums.Years)),
		Findings: make([]TargetFinding, len(sums.Findings)),
	}
	for i, t := range sums.Targets {
		out.Targets[i] = viewTarget(t)
	}
	for i, y := range sums.Years {
		out.Sums[i] = TargetSum{Document: y.Document, Year: y.Year, Regions: y.Regions, Heads: y.Heads}
	}
	for i, f := range sums.Findings {
		out.Findings[i] = TargetFinding{
			EnrolmentTarget: viewTarget(f.Target), Sum: f.Sum, By: f.Of, Over: "regions", Text: f.Text(in.language()),
		}
		if f.Years {
			out.Findings[i].Over = "years"
		}
	}
	return out, err
}
