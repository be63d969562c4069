package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/once"
	"twoline/reconcile"
	"twoline/reconcile/match"
)

// breakOffices work on breaks; everybody else of the area reads.
func breakOffices() []approval.Organisation {
	return []approval.Organisation{approval.AgencyFinance, approval.FinanceBureau}
}

// breakRoutes are the work on breaks: whose they are and until when, what was found out,
// how they end, and the letters to the bank.
func (s *Server) breakRoutes() {
	if s.deps.Reconcile == nil {
		return
	}
	in := breakOffices()
	makers, checkers := Officers(approval.Maker, in...), Officers(approval.Checker, in...)
	releasers := Officers(approval.Releaser, in...)
	hands := makers.Or(checkers).Or(releasers)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/breaks", Summary: "Lines of bank or book without an equal", Who: readers(),
		Description: "The heaviest first: by amount times age in days, then by id; with sort=id by rising id. A page goes " +
			"on with the ages of the first one. overdue leaves in what had to end before today.",
	}, s.breaks)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/breaks/{id}", Summary: "A break with the work on it", Who: readers(),
		Description: "class is the one that the bank's answers tell besides the lines, evidence how. proposals are what " +
			"fits it. A break whose lines stood in another one before goes on with its owner, day, notes and papers.",
	}, s.breakDossier)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/breaks/{id}/owner", Summary: "Take a break, or give it to an officer",
		Description: "A maker takes it; a checker may give it to any officer of finance.", Who: makers.Or(checkers),
	}, viewDossier, s.ownBreak)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/breaks/{id}/due", Summary: "Give a break more time, or less", Who: checkers,
	}, viewDossier, s.postponeBreak)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/breaks/{id}/notes", Summary: "Note what was found out", Status: http.StatusCreated,
		Who: hands,
	}, viewNote, s.noteBreak)
	Upload(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPut, Path: "/v1/breaks/{id}/attachments", Summary: "Attach a paper to a break",
		Status: http.StatusCreated, Who: hands,
		Description: "At most 4 MiB: PDF, PNG, JPEG, a workbook (xlsx), plain text or CSV, which the bytes must be. It can be " +
			"read by everybody who sees the break, and never be changed or removed.",
	}, viewAttachment, s.attachToBreak)
	Download(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/breaks/{id}/attachments/{attachment}", Summary: "A paper, as it was attached",
		Who: readers(), Files: []string{pdfType, "image/png", "image/jpeg", "text/plain", csvType, xlsxType},
	}, s.breakAttachment)
	s.resolutionRoutes(makers, checkers, releasers)
}

// HandledBreak is a break with the work on it on the wire.
type HandledBreak struct {
	Break

	Evidence  string `json:"evidence,omitempty" doc:"What tells the class, where the lines alone do not"`
	Owner     string `json:"owner,omitempty"`
	DueOn     *Day   `json:"due_on,omitempty"   doc:"Until when it must end"`
	Overdue   bool   `json:"overdue"`
	Days      int    `json:"days"               doc:"Its age in calendar days"`
	MoneyDays string `json:"money_days"         doc:"Amount times days, in yuan" pattern:"^[0-9]+\\.[0-9]{2}$"`
}

func viewHandled(h reconcile.Handled) HandledBreak {
	out := HandledBreak{
		Break: viewBreak(h.Break), Evidence: h.Evidence, Owner: h.Owner, DueOn: nil, Overdue: h.Overdue(), Days: h.Days,
		MoneyDays: h.MoneyDays.StringFixed(2),
	}
	out.Class = int(h.Told)
	if !h.DueOn.IsZero() {
		day := NewDay(h.DueOn)
		out.DueOn = &day
	}
	return out
}

type breaksQuery struct {
	Cursor    string `query:"cursor"     doc:"next_cursor of the page before" maxLength:"200"`
	Limit     int    `query:"limit"      doc:"Most items of a page"           maximum:"1000"  minimum:"1" default:"100"`
	Account   ID     `query:"account"`
	Reason    string `query:"reason"     enum:"absent_in_book,absent_in_bank,amount_differs,duplicate_bank_line,ambiguous,waiting,bank_charge,bank_interest"`
	Class     string `query:"class"      enum:"0,2,3,4,5,6"`
	Status    string `query:"status"     enum:"open,closed"                   default:"open"`
	Owner     string `query:"owner"      doc:"A login"                        maxLength:"64"`
	Overdue   bool   `query:"overdue"`
	MinAmount Yuan   `query:"min_amount" doc:"Only breaks of this amount or more"`
	Sort      string `query:"sort"       enum:"money_days,id"                 default:"money_days"`
}

// filter reads the query; a cursor names the day of the ages, the weight and the id that
// the page before ended with.
func (in *breaksQuery) filter() (reconcile.DeskFilter, error) {
	f := reconcile.DeskFilter{ //nolint:exhaustruct // the service adds the rest
		FundAccount: in.Account.Int64(), Reason: match.Reason(in.Reason), Owner: in.Owner, HasClass: in.Class != "",
		MinAmount: in.MinAmount.Amount, Overdue: in.Overdue, Closed: in.Status == "closed", ByID: in.Sort == "id",
		Limit: in.Limit + 1,
	}
	if f.HasClass {
		n, err := strconv.Atoi(in.Class)
		if err != nil {
			return f, errCursor
		}
		f.Class = match.Class(n)
	}
	if in.Cursor == "" {
		return f, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(in.Cursor)
	if err != nil {
		return f, errCursor
	}
	parts := strings.Split(string(b), "|")
	if len(parts) != 3 {
		return f, errCursor
	}
	day, dayErr := calendar.ParseDay(parts[0])
	weight, weightErr := decimal.NewFromString(parts[1])
	id, idErr := strconv.ParseInt(parts[2], 10, 64)
	if dayErr != nil || weightErr != nil || idErr != nil || id <= 0 || len(parts[1]) > 40 {
		return f, errCursor
	}
	f.AsOf, f.After = day, reconcile.Place{MoneyDays: weight, ID: id}
	return f, nil
}

func (s *Server) breaks(ctx context.Context, c Call, in *breaksQuery) (Page[HandledBreak], error) {
	out := Page[HandledBreak]{Items: []HandledBreak{}, NextCursor: ""}
	f, err := in.filter()
	if err != nil {
		return out, err
	}
	list, err := s.deps.Reconcile.Desk(ctx, c.Officer, f)
	for i, h := range list {
		if i == in.Limit {
			last := list[i-1]
			out.NextCursor = base64.RawURLEncoding.EncodeToString(
				fmt.Appendf(nil, "%s|%s|%d", last.AsOf, last.MoneyDays.StringFixed(2), last.ID))
			break
		}
		out.Items = append(out.Items, viewHandled(h))
	}
	return out, err
}

// BreakNote is what an officer found out.
type BreakNote struct {
	ID    ID        `json:"id"`
	Break ID        `json:"break_id" doc:"The break that it was written about: this one, or one that this one continues"`
	Text  string    `json:"text"`
	By    string    `json:"by"`
	At    time.Time `json:"at"`
}

func viewNote(n reconcile.Note) BreakNote {
	return BreakNote{ID: NewID(n.ID), Break: NewID(n.Break), Text: n.Text, By: n.By, At: n.At}
}

// BreakAttachment is a paper about a break.
type BreakAttachment struct {
	ID        ID        `json:"id"`
	Break     ID        `json:"break_id"`
	Name      string    `json:"name"`
	MediaType string    `json:"media_type"`
	Size      int       `json:"size"`
	Digest    string    `json:"digest"     doc:"SHA-256 of the bytes, hex"`
	By        string    `json:"by"`
	At        time.Time `json:"at"`
}

func viewAttachment(a reconcile.Attachment) BreakAttachment {
	return BreakAttachment{
		ID: NewID(a.ID), Break: NewID(a.Break), Name: a.Name, MediaType: a.MediaType, Size: a.Size,
		Digest: hex.EncodeToString(a.Digest[:]), By: a.By, At: a.At,
	}
}

// BreakOwner is who took a break, or was given it.
type BreakOwner struct {
	Owner string    `json:"owner"`
	By    string    `json:"by"`
	At    time.Time `json:"at"`
}

// BreakDue is a change of the day.
type BreakDue struct {
	DueOn  Day       `json:"due_on"`
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

// BreakProposal is what fits a break.
type BreakProposal struct {
	Proposal string `json:"proposal"       enum:"wait,book,correct,reissue,claim,suspense,offset"`
	Kind     string `json:"kind,omitempty" doc:"What would be booked"`
	Other    ID     `json:"other_break,omitzero" doc:"The break that an offset pairs it with"`
	Why      string `json:"why"`
}

// BreakDossier is everything that is known of a break.
type BreakDossier struct {
	HandledBreak

	Continues   []ID              `json:"continues"   nullable:"false" doc:"Breaks that its lines stood in before"`
	Owners      []BreakOwner      `json:"owners"      nullable:"false"`
	Dues        []BreakDue        `json:"dues"        nullable:"false" doc:"How its day was changed"`
	Notes       []BreakNote       `json:"notes"       nullable:"false"`
	Attachments []BreakAttachment `json:"attachments" nullable:"false"`
	Letters     []BreakLetterHead `json:"letters"     nullable:"false"`
	Resolutions []BreakResolution `json:"resolutions" nullable:"false"`
	Proposals   []BreakProposal   `json:"proposals"   nullable:"false"`
}

func viewDossier(d reconcile.Dossier) BreakDossier {
	out := BreakDossier{
		HandledBreak: viewHandled(d.Handled), Continues: []ID{}, Owners: []BreakOwner{}, Dues: []BreakDue{},
		Notes: []BreakNote{}, Attachments: []BreakAttachment{}, Letters: []BreakLetterHead{}, Resolutions: []BreakResolution{},
		Proposals: []BreakProposal{},
	}
	for _, id := range d.Continues {
		out.Continues = append(out.Continues, NewID(id))
	}
	for _, o := range d.Owners {
		out.Owners = append(out.Owners, BreakOwner(o))
	}
	for _, u := range d.Dues {
		out.Dues = append(out.Dues, BreakDue{DueOn: NewDay(u.DueOn), Reason: u.Reason, By: u.By, At: u.At})
	}
	for _, n := range d.Notes {
		out.Notes = append(out.Notes, viewNote(n))
	}
	for _, a := range d.Attachments {
		out.Attachments = append(out.Attachments, viewAttachment(a))
	}
	for _, l := range d.Letters {
		out.Letters = append(out.Letters, viewLetterHead(l))
	}
	for _, r := range d.Resolutions {
		out.Resolutions = append(out.Resolutions, viewResolution(r))
	}
	for _, p := range d.Proposals {
		out.Proposals = append(out.Proposals, BreakProposal{
			Proposal: string(p.Proposal), Kind: string(p.Kind), Other: NewID(p.OtherBreak), Why: p.Why,
		})
	}
	return out
}

type breakQuery struct {
	ID ID `path:"id"`
}

func (s *Server) breakDossier(ctx context.Context, c Call, in *breakQuery) (BreakDossier, error) {
	d, err := s.deps.Reconcile.Dossier(ctx, c.Officer, in.ID.Int64())
	return viewDossier(d), err
}

type ownBreakCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Owner string `json:"owner,omitempty" maxLength:"64" doc:"A login; absent is the caller"`
	}
}

func (s *Server) ownBreak(ctx context.Context, c Call, in *ownBreakCommand) (once.Answer, error) {
	return s.deps.Reconcile.Own(ctx, c.Request, c.Render, c.Officer, in.ID.Int64(), in.Body.Owner)
}

type postponeBreakCommand struct {
	ID   ID `path:"id"`
	Body struct {
		DueOn  Day    `json:"due_on"`
		Reason string `json:"reason" maxLength:"200" minLength:"1"`
	}
}

func (s *Server) postponeBreak(ctx context.Context, c Call, in *postponeBreakCommand) (once.Answer, error) {
	return s.deps.Reconcile.Postpone(ctx, c.Request, c.Render, c.Officer, in.ID.Int64(),
		reconcile.DueChange{DueOn: in.Body.DueOn.Day, Reason: in.Body.Reason}) //nolint:exhaustruct // the service adds who
}

type noteBreakCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Text string `json:"text" maxLength:"2000" minLength:"1"`
	}
}

func (s *Server) noteBreak(ctx context.Context, c Call, in *noteBreakCommand) (once.Answer, error) {
	return s.deps.Reconcile.AddNote(ctx, c.Request, c.Render, c.Officer, in.ID.Int64(), in.Body.Text)
}

type attachCommand struct {
	ID        ID     `path:"id"`
	Name      string `query:"name"       doc:"The paper's file name" maxLength:"120" minLength:"1" required:"true"`
	MediaType string `query:"media_type" enum:"application/pdf,image/png,image/jpeg,text/plain,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" default:"application/pdf"`
}

func (s *Server) attachToBreak(ctx context.Context, c Call, in *attachCommand, body io.Reader) (once.Answer, error) {
	// One byte more than the most says that it is too much; what is wrong at the end of the
	// body, a digest that differs, is its reader's error.
	bytes, err := io.ReadAll(io.LimitReader(body, reconcile.MaxAttachment+1))
	if err != nil {
		return once.Answer{}, err //nolint:exhaustruct,wrapcheck // the body's own refusal
	}
	return s.deps.Reconcile.Attach(ctx, c.Request, c.Render, c.Officer,
		reconcile.Attachment{Break: in.ID.Int64(), Name: in.Name, MediaType: in.MediaType}, bytes) //nolint:exhaustruct // new
}

type attachmentQuery struct {
	ID         ID `path:"id"`
	Attachment ID `path:"attachment"`
}

func (s *Server) breakAttachment(ctx context.Context, c Call, in *attachmentQuery) (File, error) {
	a, bytes, err := s.deps.Reconcile.Attachment(ctx, c.Officer, in.ID.Int64(), in.Attachment.Int64())
	return File{
		Name: a.Name, ContentType: a.MediaType, Size: int64(len(bytes)), Digest: a.Digest,
		Write: func(_ context.Context, w io.Writer) error {
			_, err := w.Write(bytes)
			return err
		},
	}, err
}
