package httpapi

import (
	"context"
	"net/http"
	"time"

	"twoline/gateway/calendar"
	"twoline/gateway/lifeevent"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// estateRoutes are what heirs claim.
func (s *Server) estateRoutes() {
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/estate-claims", Summary: "What heirs claimed, and what was granted",
		Who: readers(),
	}, s.estateClaims)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/estate-claims", Status: 201, Summary: "Ask that an heir is granted what is theirs",
		Description: "The funeral grant by the rule of the day of the death, and what is left of the personal account by the " +
			"rule of inheritance; each is granted once a member. dues claims what GET /v1/benefit-dues names with standing " +
			"estate, by the months up to that of the death, and pensions of those months that failed, or came back and were given " +
			"up: they are due to the heir then, as base and account pension, and to " +
			"the dead no more. The account pension of such months is drawn from the account, and the balance is without it. What " +
			"was paid after the death is settled first. A second person of the business office approves the decision; then each " +
			"due waits for a pay run.",
		Who: deskMakers(),
	}, viewEstateClaim, s.askEstate)
}

// EstateClaim is what an heir claims.
type EstateClaim struct {
	ID           ID        `json:"id"`
	MemberID     ID        `json:"member_id"`
	SocialNo     string    `json:"social_no,omitempty"`
	Name         string    `json:"name,omitempty"    doc:"Masked, of who died"`
	DiedOn       *Day      `json:"died_on,omitempty"`
	Funeral      bool      `json:"funeral"`
	Balance      bool      `json:"balance"`
	Dues         bool      `json:"dues"`
	Amount       Yuan      `json:"amount"            doc:"Grant, inherited, and owed months together"`
	FuneralGrant Yuan      `json:"funeral_grant"     doc:"What it is worth when it is asked for, and what was granted from then on"`
	Inherited    Yuan      `json:"inherited"         doc:"Of the account's balance"`
	OwedBase     Yuan      `json:"owed_base_pension" doc:"Of months that were owed to the dead"`
	OwedAccount  Yuan      `json:"owed_account_pension"`
	Reserved     Yuan      `json:"reserved"          doc:"What of the account goes with such months, and is not inherited"`
	Held         Yuan      `json:"held"              doc:"What the account held then"`
	Kept         Yuan      `json:"kept"              doc:"What of it stays in the fund"`
	HeirName     string    `json:"heir_name"         doc:"Masked"`
	HeirIDNumber string    `json:"heir_id_number"    doc:"Masked"`
	Bank         string    `json:"bank"`
	Account      string    `json:"account"           doc:"Masked"`
	Document     string    `json:"document"`
	MadeBy       string    `json:"made_by"`
	MadeOn       Day       `json:"made_on"`
	ReportedOn   Day       `json:"reported_on"       doc:"When the family asked: the days of the grant's rule count to it"`
	DecisionID   ID        `json:"decision_id"`
	Status       string    `json:"status"            enum:"submitted,approved,rejected,withdrawn"`
	MadeAt       time.Time `json:"made_at,omitzero"`
}

func viewEstateClaim(c lifeevent.Claim) EstateClaim {
	return EstateClaim{
		ID: NewID(c.ID), MemberID: NewID(c.Member), SocialNo: c.SocialNo, Name: c.Name.String(), DiedOn: dayIfAny(c.Grant.Died),
		Funeral: c.Funeral, Balance: c.Balance, FuneralGrant: NewYuan(c.Grant.Funeral), Inherited: NewYuan(c.Grant.Balance),
		Dues: c.Dues, Amount: NewYuan(c.Grant.Sum()), OwedBase: NewYuan(c.Grant.Owed.Base),
		OwedAccount: NewYuan(c.Grant.Owed.Account), Reserved: NewYuan(c.Grant.Reserved), Held: NewYuan(c.Grant.Held), Kept: NewYuan(c.Grant.Kept), HeirName: c.HeirName.String(),
		HeirIDNumber: c.HeirID.String(), Bank: c.Bank, Account: c.AccountNo.String(), Document: c.Document, MadeBy: c.MadeBy,
		MadeOn: NewDay(c.MadeOn), ReportedOn: NewDay(c.ReportedOn), DecisionID: NewID(c.Decision), Status: c.State, MadeAt: c.MadeAt,
	}
}

type estateClaimsQuery struct {
	Paging

	Member string `query:"member_id" pattern:"^[1-9][0-9]{0,18}$" doc:"One member; absent is everybody"`
	Status string `query:"status" enum:"submitted,approved,rejected,withdrawn"`
}

func (s *Server) estateClaims(ctx context.Context, c Call, in *estateClaimsQuery) (Page[EstateClaim], error) {
	none := Page[EstateClaim]{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	f := lifeevent.ClaimFilter{State: in.Status, After: after, Limit: in.Limit + 1} //nolint:exhaustruct // the service's
	if in.Member != "" {
		if f.Member, err = idIn(in.Member, "member_id"); err != nil {
			return none, err
		}
	}
	list, err := s.deps.Life.Claims(ctx, c.Officer, f)
	return NewPage(list, in.Limit, func(c lifeevent.Claim) int64 { return c.ID }, viewEstateClaim), err
}

type askEstateCommand struct {
	Body struct {
		MemberID     ID     `json:"member_id"`
		Funeral      bool   `json:"funeral"        doc:"Claims the funeral grant"`
		Balance      bool   `json:"balance"        doc:"Claims what is left of the personal account"`
		Dues         bool   `json:"dues,omitempty" doc:"Claims the months that were owed to the dead"`
		HeirName     string `json:"heir_name"      minLength:"1" maxLength:"60"`
		HeirIDNumber string `json:"heir_id_number" maxLength:"18"`
		Bank         string `json:"bank"           minLength:"2" maxLength:"32"`
		Kind         string `json:"kind"           enum:"card,passbook"`
		AccountNo    string `json:"account_no"     maxLength:"32"`
		Document     string `json:"document"       minLength:"1" maxLength:"200" doc:"Certificate of the death, proof of kinship; where reported_on names a day, the family's request of that day"`
		ReportedOn   *Day   `json:"reported_on,omitempty" doc:"When the family asked, not before the death and not after today; absent is today"`
	}
}

func (s *Server) askEstate(ctx context.Context, c Call, in *askEstateCommand) (once.Answer, error) {
	none := once.Answer{} //nolint:exhaustruct // none
	b := in.Body
	name, err := party.NewName(b.HeirName)
	if err != nil {
		return none, errInput.On("heir_name")
	}
	id, err := party.NewIDNumber(b.HeirIDNumber)
	if err != nil {
		return none, errInput.On("heir_id_number")
	}
	read := party.NewPassbook
	if b.Kind == "card" {
		read = party.NewCard
	}
	account, err := read(b.AccountNo)
	if err != nil {
		return none, errInput.On("account_no")
	}
	var asked calendar.Day
	if b.ReportedOn != nil {
		asked = b.ReportedOn.Day
	}
	return s.deps.Life.AskClaim(ctx, c.Request, c.Render, c.Officer, lifeevent.Claim{ //nolint:exhaustruct // the service's
		Member: b.MemberID.Int64(), Funeral: b.Funeral, Balance: b.Balance, Dues: b.Dues, HeirName: name, HeirID: id, Bank: b.Bank,
		Kind: b.Kind, AccountNo: account, Document: b.Document, ReportedOn: asked,
	})
}
