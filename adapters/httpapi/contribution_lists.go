package httpapi

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/collection"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/registry"
)

// contributionListRoutes are what others pay for members: one receipt of money, a line a
// member.
func (s *Server) contributionListRoutes() {
	if s.deps.Collection == nil {
		return
	}
	maker := Officers(approval.Maker, approval.AgencyBusiness)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/contribution-lists", Status: 201,
		Summary: "Ask that contributions others pay for members are taken in", Description: listText, Who: maker,
		Deadline: monthsWork,
	}, viewContributionList, s.askContributionList)
	if s.deps.Registry != nil {
		Command(s, Route{ //nolint:exhaustruct // defaults
			Method: http.MethodPost, Path: "/v1/contribution-lists/file", Status: 201,
			Summary: "The same as CSV, up to 100 000 lines",
			Description: "The columns: `id_number`, `social_no` or `member_id` (one of the three a line), `amount`, and " +
				"`category` where the government pays. What the list says beside its lines stands in the query.\n\n" + listText,
			Accept: []string{csvType}, Who: maker, Deadline: monthsWork,
		}, viewContributionList, s.askContributionFile)
	}
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/contribution-lists", Summary: "Contribution lists in rising order", Who: readers(),
	}, s.contributionLists)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/contribution-lists/{id}", Summary: "One list: its money, and how far it is posted",
		Who: readers(),
	}, s.contributionList)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/contribution-lists/{id}/lines", Summary: "Its lines, and what became of each",
		Who: readers(),
	}, s.contributionLines)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/contribution-lists/{id}/money", Summary: "Name the money that a list is paid by",
		Description: "Money that arrived, by the bank's notice or from suspense, and that the bank named for nothing else. " +
			"When what was named sums to the list to the fen, all of it is posted; until then nothing of it is.",
		Who: Officers(approval.Maker, approval.AgencyBusiness, approval.AgencyFinance),
	}, viewArrived, s.nameListMoney)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/contribution-lists/{id}/end", Summary: "Give up an approved list without its money",
		Description: "What it paid for is owed again. Not once its money agreed.", Who: maker,
	}, viewContributionList, s.endContributionList)
}

const listText = "The whole list or nothing: a line that cannot stand is refused with its row and reason, and with it " +
	"the list. government: the lowest tier of the year for members of listed groups, straight from treasury to the " +
	"fiscal special account, each line with its category. land_lost: what the agency pays from earmarked money, from 16 " +
	"to 59. relative: in the member's place. tax: the tax authority's detail list, where it collects; document is the " +
	"number of the treasury's voucher, of which there is one list. These count to the member's chosen amount. " +
	"collective and sponsor are collective aid, an item of their own, which from 2014 on does not exceed the highest tier " +
	"of the year. A line whose member and year another list of the same payer and document pays for is refused with " +
	"listed_before. Where the agency collects, what villages, " +
	"sponsors and relatives pay arrives on the income account; where the tax authority does, aid arrives on the fiscal " +
	"special account. A second person of the business desk approves the decision; from then on the lines are in flight. " +
	"A year before the current one is made up: such contributions earn no subsidy. A line for the dead, or for who left " +
	"the scheme, is refused with member_died or member_left; what an approved list brings for them too late, or the tax " +
	"authority took for them or above the chosen amount, waits in suspense and becomes a refund to the payer. " +
	"unknown_lines suspend lets the money of a tax list's lines that name nobody, or a member who chose no amount, wait in " +
	"suspense, each with a case and a refund: it is credited to the member who is named for it, or the tax authority gives " +
	"it back. Without it such a line refuses the list."

// suspendLines is the maker's word that unknown lines wait in suspense.
const suspendLines = "suspend"

// ContributionList is a list on the wire.
type ContributionList struct {
	ID          ID        `json:"id"`
	Kind        string    `json:"kind"         enum:"government,collective,sponsor,land_lost,relative,tax"`
	Scheme      string    `json:"scheme"`
	Year        int       `json:"year"`
	FundAccount ID        `json:"fund_account"`
	Payer       string    `json:"payer"`
	Document    string    `json:"document"`
	Count       int       `json:"count"        doc:"Lines"`
	Amount      Yuan      `json:"amount"       doc:"The sum of its lines"`
	Digest      string    `json:"digest"       doc:"SHA-256 of what the list says, hex"`
	AskedBy     string    `json:"asked_by"`
	AskedAt     time.Time `json:"asked_at"`
	Decision    ID        `json:"decision_id"  doc:"What a second person approves"`
	Status      string    `json:"status"       enum:"submitted,rejected,withdrawn,approved,agreed,posted,ended" doc:"approved: its money is awaited; agreed: money and list are the same, it is being posted"`
	Arrived     Yuan      `json:"arrived"      doc:"Money that was named for it"`
	Posted      int       `json:"posted"       doc:"Lines that are dealt with"`
	Unknown     int       `json:"unknown,omitempty" doc:"Lines that name nobody, whose money waits in suspense"`
}

func viewContributionList(l collection.ContributionList) ContributionList {
	return ContributionList{
		ID: NewID(l.ID), Kind: string(l.Kind), Scheme: string(l.Scheme), Year: l.Year, FundAccount: NewID(l.FundAccount),
		Payer: l.Payer, Document: l.Document, Count: l.Count, Amount: NewYuan(l.Amount), Digest: hex.EncodeToString(l.Digest[:]),
		AskedBy: l.AskedBy, AskedAt: l.AskedAt, Decision: NewID(l.Decision), Status: string(l.State),
		Arrived: NewYuan(l.Arrived), Posted: l.Posted, Unknown: l.Strangers,
	}
}

// ListedMember names a member by one of three numbers.
type ListedMember struct {
	MemberID *ID    `json:"member_id,omitempty"`
	IDNumber string `json:"id_number,omitempty" maxLength:"18"`
	SocialNo string `json:"social_no,omitempty" maxLength:"32"`
}

func (m ListedMember) line(n int) collection.ListLine {
	l := collection.ListLine{ //nolint:exhaustruct // a person
		Line: n, Member: 0, IDNumber: m.IDNumber, SocialNo: m.SocialNo,
	}
	if m.MemberID != nil {
		l.Member = m.MemberID.Int64()
	}
	return l
}

type contributionListCommand struct {
	Body struct {
		Kind         string `json:"kind"         enum:"government,collective,sponsor,land_lost,relative,tax"`
		Scheme       string `json:"scheme"       enum:"resident,rural,urban,land_lost"`
		Year         int    `json:"year"         minimum:"2009" maximum:"2100"`
		FundAccount  ID     `json:"fund_account" doc:"Where the money arrives"`
		Payer        string `json:"payer"        minLength:"1" maxLength:"60"`
		Document     string `json:"document"     minLength:"1" maxLength:"200" doc:"What the list rests on; of a tax list the treasury voucher's number"`
		UnknownLines string `json:"unknown_lines,omitempty" enum:"refuse,suspend" doc:"Of a tax list: what becomes of lines that name nobody, or a member who chose no amount; refuse is meant where it is not said"`
		Lines        []struct {
			ListedMember

			Amount   Yuan   `json:"amount"`
			Category string `json:"category,omitempty" pattern:"^[a-z_]{0,40}$" doc:"Why the government pays: severely_disabled, low_income and the like"`
		} `json:"lines" minItems:"1" maxItems:"10000"`
	}
}

func (s *Server) askContributionList(ctx context.Context, c Call, in *contributionListCommand) (once.Answer, error) {
	b := in.Body
	l := collection.ContributionList{ //nolint:exhaustruct // the service's
		Kind: collection.ListKind(b.Kind), Scheme: ledger.Scheme(b.Scheme), Year: b.Year, FundAccount: b.FundAccount.Int64(),
		Payer: b.Payer, Document: b.Document, Suspends: b.UnknownLines == suspendLines, Lines: make([]collection.ListLine, len(b.Lines)),
	}
	for i, line := range b.Lines {
		l.Lines[i] = line.line(i + 1)
		l.Lines[i].Amount, l.Lines[i].Category = line.Amount.Amount, line.Category
	}
	return s.deps.Collection.AskList(ctx, c.Request, c.Render, c.Officer, l)
}

type contributionFileCommand struct {
	Kind         string `query:"kind"         required:"true" enum:"government,collective,sponsor,land_lost,relative,tax"`
	Scheme       string `query:"scheme"       required:"true" enum:"resident,rural,urban,land_lost"`
	Year         int    `query:"year"         required:"true" minimum:"2009" maximum:"2100"`
	FundAccount  string `query:"fund_account" required:"true" pattern:"^[1-9][0-9]{0,18}$"`
	Payer        string `query:"payer"        required:"true" minLength:"1" maxLength:"60"`
	Document     string `query:"document"     required:"true" minLength:"1" maxLength:"200"`
	UnknownLines string `query:"unknown_lines" enum:"refuse,suspend"`
	Charset      string `query:"charset" enum:"utf-8,gb18030,gbk" default:"utf-8"`
	RawBody      []byte `contentType:"text/csv"`
}

func (s *Server) askContributionFile(ctx context.Context, c Call, in *contributionFileCommand) (once.Answer, error) {
	none := once.Answer{} //nolint:exhaustruct // no answer
	account, err := strconv.ParseInt(in.FundAccount, 10, 64)
	if err != nil {
		return none, errInput.On("fund_account")
	}
	l := collection.ContributionList{ //nolint:exhaustruct // the service's
		Kind: collection.ListKind(in.Kind), Scheme: ledger.Scheme(in.Scheme), Year: in.Year, FundAccount: account,
		Payer: in.Payer, Document: in.Document, Suspends: in.UnknownLines == suspendLines,
	}
	var refused collection.RefusedLines
	o := registry.Options{WholeFile: true, Charset: in.Charset, Workbook: false, Area: 0}
	err = s.deps.Registry.EachLine(ctx, listSpec(), bytes.NewReader(in.RawBody), o, io.Discard,
		func(f registry.FileLine) error {
			line, refusal := readListLine(f)
			if refusal != nil {
				refused.Add(f.Number, refusal)
			}
			l.Lines = append(l.Lines, line)
			return nil
		})
	if err == nil {
		err = refused.Err(len(l.Lines))
	}
	if err != nil {
		return none, err
	}
	return s.deps.Collection.AskList(ctx, c.Request, c.Render, c.Officer, l)
}

// listSpec is the form of a list as a file.
func listSpec() registry.Spec {
	return registry.Spec{ //nolint:exhaustruct // no import of the registry's own
		Kind: "contribution-list", Text: "contributions that others pay, a line a member",
		Columns: []registry.Column{
			{Name: "member_id", Optional: true, Text: "the member's id"},
			{Name: "id_number", Optional: true, Text: "or the identity number"},
			{Name: "social_no", Optional: true, Text: "or the social-security number"},
			{Name: "amount", Optional: false, Text: "yuan with two decimals"},
			{Name: "category", Optional: true, Text: "why the government pays"},
		},
	}
}

func readListLine(f registry.FileLine) (collection.ListLine, *fault.Error) {
	line := collection.ListLine{ //nolint:exhaustruct // read below
		Line: f.Number, IDNumber: f.Value("id_number"), SocialNo: f.Value("social_no"), Category: f.Value("category"),
	}
	if f.Fault != nil {
		return line, f.Fault
	}
	var err error
	if id := f.Value("member_id"); id != "" {
		if line.Member, err = strconv.ParseInt(id, 10, 64); err != nil || line.Member <= 0 {
			return line, errInput.With("an id is a decimal number").On("member_id")
		}
	}
	if line.Amount, err = money.Parse(f.Value("amount")); err != nil {
		return line, errInput.With("an amount is yuan with two decimals").On("amount")
	}
	return line, nil
}

type contributionListsQuery struct {
	Paging

	Kind string `query:"kind" enum:"government,collective,sponsor,land_lost,relative,tax"`
}

func (s *Server) contributionLists(
	ctx context.Context, c Call, in *contributionListsQuery,
) (Page[ContributionList], error) {
	after, err := in.After()
	if err != nil {
		return Page[ContributionList]{}, err //nolint:exhaustruct // none
	}
	list, err := s.deps.Collection.Lists(ctx, c.Officer, collection.ListFilter{ //nolint:exhaustruct // the service adds the area
		Kind: collection.ListKind(in.Kind), After: after, Limit: in.Limit + 1,
	})
	return NewPage(list, in.Limit, func(l collection.ContributionList) int64 { return l.ID }, viewContributionList), err
}

type contributionListQuery struct {
	ID ID `path:"id"`
}

func (s *Server) contributionList(
	ctx context.Context, c Call, in *contributionListQuery,
) (ContributionList, error) {
	l, err := s.deps.Collection.List(ctx, c.Officer, in.ID.Int64())
	return viewContributionList(l), err
}

type contributionLinesQuery struct {
	Paging

	ID ID `path:"id"`
}

// ContributionLine is a line of a list on the wire.
type ContributionLine struct {
	Line     int    `json:"line"`
	ID       ID     `json:"item_id"            doc:"What its postings name as their cause"`
	MemberID ID     `json:"member_id,omitzero" doc:"Absent where the line names nobody"`
	Amount   Yuan   `json:"amount"`
	Category string `json:"category,omitempty"`
	Status   string `json:"status"             enum:"waiting,posted,refund" doc:"refund: it is above the chosen amount, or names nobody who can be credited, and waits in suspense"`
}

func (s *Server) contributionLines(
	ctx context.Context, c Call, in *contributionLinesQuery,
) (Page[ContributionLine], error) {
	none := Page[ContributionLine]{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	if _, err := s.deps.Collection.List(ctx, c.Officer, in.ID.Int64()); err != nil {
		return none, err
	}
	lines, err := s.deps.Collection.ListLines(ctx, c.Officer, collection.LinePage{
		Area: c.Officer.Area, List: in.ID.Int64(), After: int(after), Limit: in.Limit + 1,
	})
	return NewPage(lines, in.Limit, func(l collection.LineStanding) int64 { return int64(l.Line) },
		func(l collection.LineStanding) ContributionLine {
			out := ContributionLine{
				Line: l.Line, ID: NewID(l.ID), MemberID: NewID(l.Member), Amount: NewYuan(l.Amount), Category: l.Category,
				Status: "waiting",
			}
			switch {
			case l.Posted:
				out.Status = "posted"
			case l.Refund:
				out.Status = "refund"
			}
			return out
		}), err
}

type listMoneyCommand struct {
	ID   ID `path:"id"`
	Body struct {
		ArrivalID ID     `json:"arrival_id"`
		Reason    string `json:"reason"     minLength:"1" maxLength:"200" doc:"What you go by: the bank's advice, the treasury voucher"`
	}
}

func (s *Server) nameListMoney(ctx context.Context, c Call, in *listMoneyCommand) (once.Answer, error) {
	return s.deps.Collection.NameListMoney(ctx, c.Request, c.Render, c.Officer, collection.ListNaming{
		Arrival: in.Body.ArrivalID.Int64(), List: in.ID.Int64(), Reason: in.Body.Reason,
	})
}

type endListCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200"`
	}
}

func (s *Server) endContributionList(ctx context.Context, c Call, in *endListCommand) (once.Answer, error) {
	return s.deps.Collection.EndList(ctx, c.Request, c.Render, c.Officer, collection.ListEnding{
		List: in.ID.Int64(), Reason: in.Body.Reason,
	})
}

// viewRefusedLines shows the lines that a list was refused for.
func viewRefusedLines(e *collection.RefusedLinesError) []ImportLine {
	out := make([]ImportLine, len(e.Lines))
	for i, l := range e.Lines {
		out[i] = ImportLine{
			Line: l.Line, Answer: string(registry.Refused), Code: l.Fault.Code, Field: l.Fault.Field, Text: l.Fault.Text,
		}
	}
	return out
}
