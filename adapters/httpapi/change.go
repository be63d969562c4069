package httpapi

import (
	"context"
	"encoding/hex"
	"net/http"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

// changeRoutes put another account in the place of a member's: two people of the
// agency's business desk, and nobody of finance.
func (s *Server) changeRoutes() {
	if s.deps.Registry == nil {
		return
	}
	makers, checkers := deskMakers(), Officers(approval.Checker, approval.AgencyBusiness)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/members/{id}/instruments", Summary: "A member's accounts, with those that ended",
		Who: readers(),
	}, s.instruments)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/members/{id}/tiers", Summary: "The yearly amounts that a member chose",
		Description: "With those that gave way to a later choice. A file of tiers chooses a year's amount anew while nothing " +
			"was paid for the year and nothing is on its way; after that it is refused with tier_paid.", Who: readers(),
	}, s.tiers)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/instrument-changes", Summary: "Changes of accounts in rising order",
		Who: readers(),
	}, s.changes)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/instruments/{id}/change", Summary: "Ask for another account in its place",
		Status: 201,
		Description: "Nothing changes until a second person of agency business approves the digest. Finance can do " +
			"neither.", Who: makers,
	}, viewChange, s.askChange)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/instruments/{id}/change/approve", Summary: "Approve the change",
		Description: "By a checker who is another person than the maker. The old account ends today and the new one is " +
			"opened: benefits go to it where they went to the old one, and the mandate hangs on it. A mandate of another " +
			"bank ends, and the member has to sign there. With account_no the number as the checker types it from the " +
			"document is compared.", Who: checkers,
	}, viewChange, s.approveChange)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/instruments/{id}/change/reject", Summary: "Refuse it: the account stays",
		Who: checkers,
	}, viewChange, s.rejectChange)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/instruments/{id}/change/withdraw", Summary: "Take it back, by its maker",
		Who: makers.Or(checkers),
	}, viewChange, s.withdrawChange)
}

// Instrument is a member's account, its number masked.
type Instrument struct {
	ID        ID     `json:"id"`
	Bank      string `json:"bank"`
	BankNo    string `json:"bank_no,omitempty"  doc:"The clearing bank, where it is not the partner bank itself"`
	Kind      string `json:"kind"               enum:"card,passbook"`
	Account   string `json:"account"            doc:"The last digits; the rest is masked"`
	Activated bool   `json:"activated"          doc:"The person can draw from it"`
	ForPayout bool   `json:"for_payout"         doc:"Benefits go to it"`
	OpenedOn  Day    `json:"opened_on"`
	EndedOn   *Day   `json:"ended_on,omitempty" doc:"Absent while it is active"`
}

func viewInstrument(i registry.HeldInstrument) Instrument {
	out := Instrument{
		ID: NewID(i.ID), Bank: i.Bank, BankNo: i.BankNo, Kind: string(i.Kind), Account: i.AccountNo.String(),
		Activated: i.Activated, ForPayout: i.ForPayout, OpenedOn: NewDay(i.OpenedOn), EndedOn: nil,
	}
	if !i.EndedOn.IsZero() {
		out.EndedOn = &Day{i.EndedOn}
	}
	return out
}

type instrumentsQuery struct {
	ID ID `path:"id"`
}

func (s *Server) instruments(ctx context.Context, c Call, in *instrumentsQuery) (Page[Instrument], error) {
	list, err := s.deps.Registry.InstrumentsOf(ctx, c.Officer, in.ID.Int64())
	// A member has a handful of accounts: they are one page.
	return NewPage(list, len(list), func(i registry.HeldInstrument) int64 { return i.ID }, viewInstrument), err
}

// TierChoice is a yearly amount that a member chose.
type TierChoice struct {
	Year      int    `json:"year"`
	Amount    Yuan   `json:"amount"`
	ChosenOn  Day    `json:"chosen_on"`
	Holds     bool   `json:"holds"                doc:"It is the year's amount; false: a later choice took its place"`
	EnteredBy string `json:"entered_by,omitempty" doc:"Who entered a choice that took another's place"`
}

func viewTier(c registry.KeptChoice) TierChoice {
	return TierChoice{
		Year: c.Year, Amount: NewYuan(c.Amount), ChosenOn: NewDay(c.ChosenOn), Holds: c.Holds, EnteredBy: c.EnteredBy,
	}
}

func (s *Server) tiers(ctx context.Context, c Call, in *instrumentsQuery) (Page[TierChoice], error) {
	list, err := s.deps.Registry.TiersOf(ctx, c.Officer, in.ID.Int64())
	// A member chooses once a year, and seldom anew: all choices are one page.
	return NewPage(list, len(list), func(c registry.KeptChoice) int64 { return int64(c.Year) }, viewTier), err
}

// InstrumentChange is a request for another account in an instrument's place.
type InstrumentChange struct {
	ID         ID        `json:"id"`
	Instrument ID        `json:"instrument_id"         doc:"The one that ends"`
	Successor  ID        `json:"successor_id,omitzero" doc:"The one that was opened instead, once approved"`
	MemberID   ID        `json:"member_id"`
	SocialNo   string    `json:"social_no"`
	Name       string    `json:"name"                  doc:"Masked"`
	OldBank    string    `json:"old_bank"`
	OldAccount string    `json:"old_account"           doc:"The last digits; the rest is masked"`
	Bank       string    `json:"bank"`
	BankNo     string    `json:"bank_no,omitempty"`
	Kind       string    `json:"kind"                  enum:"card,passbook"`
	Account    string    `json:"account"               doc:"The last digits of the new one"`
	Activated  bool      `json:"activated"`
	Document   string    `json:"document"`
	Digest     string    `json:"digest"                doc:"SHA-256 of the whole change, the full number with it, hex: what is approved"`
	Maker      string    `json:"maker"`
	MadeAt     time.Time `json:"made_at"`
	Status     string    `json:"status"                enum:"submitted,approved,rejected,withdrawn"`
}

func viewChange(c registry.Change) InstrumentChange {
	return InstrumentChange{
		ID: NewID(c.ID), Instrument: NewID(c.Instrument), Successor: NewID(c.Successor), MemberID: NewID(c.Member),
		SocialNo: c.SocialNo, Name: c.Name.String(), OldBank: c.OldBank, OldAccount: c.OldAccount.String(), Bank: c.Bank,
		BankNo: c.BankNo, Kind: string(c.Kind), Account: c.AccountNo.String(), Activated: c.Activated,
		Document: c.Document, Digest: hex.EncodeToString(c.Digest[:]), Maker: c.Maker, MadeAt: c.MadeAt,
		Status: c.State.String(),
	}
}

type changesQuery struct {
	Paging

	Member     string `query:"member_id" pattern:"^[1-9][0-9]{0,18}$" doc:"One member; absent is everybody"`
	Instrument string `query:"instrument_id" pattern:"^[1-9][0-9]{0,18}$" doc:"The one that ends; absent is all"`
	Status     string `query:"status" enum:"submitted,approved,rejected,withdrawn"`
}

func (s *Server) changes(ctx context.Context, c Call, in *changesQuery) (Page[InstrumentChange], error) {
	none := Page[InstrumentChange]{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	f := registry.ChangeFilter{
		Area: c.area(), Member: 0, Instrument: 0, State: registry.RequestState(in.Status), After: after,
		Limit: in.Limit + 1,
	}
	for _, id := range []struct {
		text, field string
		to          *int64
	}{{in.Member, "member_id", &f.Member}, {in.Instrument, "instrument_id", &f.Instrument}} {
		if id.text == "" {
			continue
		}
		if *id.to, err = idIn(id.text, id.field); err != nil {
			return none, err
		}
	}
	list, err := s.deps.Registry.Changes(ctx, c.Officer, f)
	return NewPage(list, in.Limit, func(c registry.Change) int64 { return c.ID }, viewChange), err
}

type changeCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Bank      string `json:"bank"              maxLength:"32"`
		Kind      string `json:"kind"              enum:"card,passbook"`
		AccountNo string `json:"account_no"        maxLength:"32"`
		BankNo    string `json:"bank_no,omitempty" doc:"The clearing bank, where it is not the partner bank itself" pattern:"^[0-9]{12}$"`
		Activated bool   `json:"activated"         doc:"The person can draw from it"`
		Document  string `json:"document"          doc:"What it rests on" minLength:"1" maxLength:"200"`
	}
}

func (s *Server) askChange(ctx context.Context, c Call, in *changeCommand) (once.Answer, error) {
	b := in.Body
	number, err := accountIn(b.AccountNo)
	if err != nil {
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return s.deps.Registry.AskChange(ctx, c.Request, c.Render, c.Officer, in.ID.Int64(), registry.NewAccount{
		Bank: b.Bank, Kind: registry.InstrumentKind(b.Kind), AccountNo: number, BankNo: b.BankNo, Activated: b.Activated,
		Document: b.Document,
	})
}

// accountIn reads a number of any kind; what its kind asks for, the register checks.
func accountIn(text string) (party.AccountNo, error) {
	number, err := party.NewPassbook(text)
	if err != nil {
		return number, errInput.On("account_no")
	}
	return number, nil
}

type changeVerdictCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Digest    string `json:"digest"               doc:"The digest that was shown" pattern:"^[0-9a-f]{64}$"`
		Reason    string `json:"reason,omitempty"     maxLength:"200"`
		AccountNo string `json:"account_no,omitempty" doc:"The new number, typed again from the document" maxLength:"32"`
	}
}

func (s *Server) approveChange(ctx context.Context, c Call, in *changeVerdictCommand) (once.Answer, error) {
	none := once.Answer{} //nolint:exhaustruct // none
	v, err := deskVerdict(in.Body.Digest, in.Body.Reason)
	if err != nil {
		return none, err
	}
	typed := registry.ChangeVerdict{Verdict: v, AccountNo: party.AccountNo{}}
	if in.Body.AccountNo != "" {
		if typed.AccountNo, err = accountIn(in.Body.AccountNo); err != nil {
			return none, err
		}
	}
	return s.deps.Registry.ApproveChange(ctx, c.Request, c.Render, c.Officer, in.ID.Int64(), typed)
}

func (s *Server) rejectChange(ctx context.Context, c Call, in *deskVerdictCommand) (once.Answer, error) {
	v, err := deskVerdict(in.Body.Digest, in.Body.Reason)
	if err != nil {
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return s.deps.Registry.RejectChange(ctx, c.Request, c.Render, c.Officer, in.ID.Int64(), v)
}

func (s *Server) withdrawChange(ctx context.Context, c Call, in *instrumentsQuery) (once.Answer, error) {
	return s.deps.Registry.WithdrawChange(ctx, c.Request, c.Render, c.Officer, in.ID.Int64())
}
