package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/report"
	"twoline/reconcile/cycle"
)

// cycleRoutes are the proof that leaves the gateway: the signed file and the key
// that checks it.
func (s *Server) cycleRoutes() {
	Download(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/pay-runs/{id}/signed-proof",
		Summary: "The cycle proof of a released pay run as one signed file",
		Description: "Canonical JSON: the figures, every difference by name (masked), and the digests of what it rests on, " +
			"signed by the gateway's own ed25519 key. twoline audit check-proof FILE --key PUBLIC.pem checks it without a " +
			"database; so does any program that can verify ed25519 over the bytes of its member proof.",
		Who: readers(), Deadline: monthsWork, Files: []string{"application/json"},
	}, s.signedProof)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/proof-keys", Summary: "The public keys of signed proofs", Who: readers(),
	}, s.proofKeys)
}

// Cleared is what stands on one side of the bank's account for a run.
type Cleared struct {
	Items  int    `json:"items"  doc:"Payments"`
	Lines  int    `json:"lines"  doc:"Lines of the statement"`
	Amount Signed `json:"amount"`
}

// StatementProof is a run against the reconciled statement: bank debits − credits
// back = paid + in transit, from the bank's own lines.
type StatementProof struct {
	Standing         string          `json:"standing"                 enum:"proved,open,differs"`
	Through          Day             `json:"through"                  doc:"The last day on which the book moved for the run"`
	MatchedThrough   Day             `json:"matched_through,omitzero" doc:"Of all its accounts; absent is not at all"`
	Debits           Cleared         `json:"debits"                   doc:"Lines of the statement that are matched with the run's"`
	CreditsBack      Cleared         `json:"credits_back"`
	UnclearedDebits  Cleared         `json:"uncleared_debits"         doc:"In the book, and not on the statement"`
	UnclearedCredits Cleared         `json:"uncleared_credits"`
	UnbookedDebits   Cleared         `json:"unbooked_debits"          doc:"On the statement, naming the run, and not in the book"`
	UnbookedCredits  Cleared         `json:"unbooked_credits"`
	Uncleared        []StatementName `json:"uncleared"                nullable:"false" doc:"By name, the first thousand"`
	Unbooked         []StatementName `json:"unbooked"                 nullable:"false" doc:"By name, the first thousand"`
}

// StatementName is one line that stands on one side only.
type StatementName struct {
	Direction     string `json:"direction"                enum:"credit,debit"`
	Amount        Yuan   `json:"amount"`
	Date          Day    `json:"date"`
	Items         int    `json:"items"                    doc:"Payments that it stands for"`
	Item          ID     `json:"item_id,omitzero"`
	Batch         string `json:"batch_no,omitempty"`
	SocialNo      string `json:"social_no,omitempty"`
	Name          string `json:"name,omitempty"           doc:"Masked"`
	BankReference string `json:"bank_reference,omitempty"`
	Reason        string `json:"reason"                   doc:"Why it has no equal, as the reconciliation says"`
	Entry         ID     `json:"entry_id,omitzero"`
	Line          ID     `json:"statement_line_id,omitzero"`
}

func viewCleared(c disbursement.Cleared) Cleared {
	return Cleared{Items: c.Items, Lines: c.Lines, Amount: Signed{c.Amount}}
}

func viewStatement(p disbursement.Proof) StatementProof {
	s := p.Statement
	out := StatementProof{
		Standing: string(s.Standing), Through: NewDay(s.Through), MatchedThrough: NewDay(s.MatchedThrough),
		Debits: viewCleared(s.Debits), CreditsBack: viewCleared(s.CreditsBack),
		UnclearedDebits: viewCleared(s.UnclearedDebits), UnclearedCredits: viewCleared(s.UnclearedCredits),
		UnbookedDebits: viewCleared(s.UnbookedDebits), UnbookedCredits: viewCleared(s.UnbookedCredits),
		Uncleared: []StatementName{}, Unbooked: []StatementName{},
	}
	for _, list := range p.Sides {
		for _, n := range list.Names {
			one := StatementName{
				Direction: n.Direction.String(), Amount: NewYuan(n.Amount), Date: NewDay(n.Day), Items: n.Items,
				Item: NewID(n.Item), Batch: n.Batch, SocialNo: n.SocialNo, Name: n.Name.String(), BankReference: n.BankReference,
				Reason: n.Reason, Entry: NewID(n.Entry), Line: NewID(n.Statement),
			}
			if list.Side == disbursement.Uncleared {
				out.Uncleared = append(out.Uncleared, one)
				continue
			}
			out.Unbooked = append(out.Unbooked, one)
		}
	}
	return out
}

// ProofKey is the public half of a key that signs proofs.
type ProofKey struct {
	ID        string `json:"key_id"`
	Algorithm string `json:"alg"        enum:"ed25519"`
	PEM       string `json:"public_key" doc:"PEM (PKIX)"`
}

// ProofKeys are those that this gateway signs with.
type ProofKeys struct {
	Keys []ProofKey `json:"keys" nullable:"false"`
}

func (s *Server) proofKeys(context.Context, Call, *struct{}) (ProofKeys, error) {
	out := ProofKeys{Keys: []ProofKey{}}
	if s.deps.ProofKey == nil {
		return out, nil
	}
	public, err := s.deps.ProofKey.Public()
	out.Keys = append(out.Keys, ProofKey{ID: s.deps.ProofKey.ID(), Algorithm: "ed25519", PEM: public})
	return out, err
}

func (s *Server) signedProof(ctx context.Context, c Call, in *payRunProofQuery) (File, error) {
	none := File{} //nolint:exhaustruct // none
	if s.deps.ProofKey == nil {
		return none, cycle.ErrNoKey
	}
	d, err := s.cycleDocument(ctx, c, in.ID)
	if err != nil {
		return none, err
	}
	signed, err := s.deps.ProofKey.Sign(d)
	return File{
		Name: fmt.Sprintf("proof-%s-%s.json", d.Run.Month, d.Run.ID), ContentType: "application/json",
		Size: int64(len(signed)), Digest: sha256.Sum256(signed),
		Write: func(_ context.Context, to io.Writer) error {
			_, err := io.Copy(to, bytes.NewReader(signed))
			return err
		},
	}, err
}

// cycleTable is the proof as one page.
func (s *Server) cycleTable(ctx context.Context, c Call, in *payRunProofQuery) (table, error) {
	d, err := s.cycleDocument(ctx, c, in.ID)
	return table{
		name:  fmt.Sprintf("proof-%s-%s", d.Run.Month, d.Run.ID),
		write: func(_ context.Context, sheet report.Sheet) error { return d.Write(sheet, in.language()) },
	}, err
}

// cycleDocument makes the document of a run, with every name of every list.
func (s *Server) cycleDocument(ctx context.Context, c Call, run ID) (cycle.Document, error) {
	rolls := map[string]*cycle.Roll{}
	for _, step := range cycle.Steps() {
		rolls[step] = cycle.NewRoll(step)
	}
	p, err := s.deps.Disbursement.WholeProof(ctx, c.Officer, run.Int64(), disbursement.Rolls{
		Claim: func(n disbursement.ProofName) error { return rolls[string(n.Step)].Add(claimName(n)) },
		Side:  func(n disbursement.StatementName) error { return rolls[string(n.Side)].Add(sideName(n)) },
	})
	d := documentOf(p)
	d.IssuedAt = s.deps.Now().In(calendar.Shanghai()).Format(time.RFC3339)
	for _, step := range cycle.Steps() {
		d.Lists = append(d.Lists, rolls[step].List())
	}
	return d, err
}

func claimName(n disbursement.ProofName) cycle.Name {
	out := cycle.Name{ //nolint:exhaustruct // a claim's
		Line: n.Line, Item: idText(n.Item), Name: n.Name.String(), Month: n.Month.String(), Amount: cycle.Yuan(n.Amount),
		Reason: n.Reason, PaidBy: idText(n.PaidBy),
	}
	if !n.ValueDate.IsZero() {
		out.Day = n.ValueDate.String()
	}
	return out
}

func sideName(n disbursement.StatementName) cycle.Name {
	name := ""
	if n.Item != 0 {
		name = n.Name.String()
	}
	return cycle.Name{ //nolint:exhaustruct // a line's
		Item: idText(n.Item), Batch: n.Batch, Name: name, Amount: cycle.Yuan(n.Amount), Reason: n.Reason,
		Day: n.Day.String(), Direction: n.Direction.String(), Items: n.Items, BankReference: n.BankReference,
		Entry: idText(n.Entry), BookLine: n.Line, StatementLine: idText(n.Statement),
	}
}

func idText(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}

func documentOf(p disbursement.Proof) cycle.Document {
	tally := func(t disbursement.Tally) cycle.Tally {
		return cycle.Tally{Count: t.Count, Amount: cycle.Yuan(t.Amount)}
	}
	cleared := func(c disbursement.Cleared) cycle.Cleared {
		return cycle.Cleared{Items: c.Items, Lines: c.Lines, Amount: cycle.Yuan(c.Amount)}
	}
	s := p.Statement
	return cycle.Document{ //nolint:exhaustruct // lists and instant come later
		Type: cycle.DocumentType, Version: cycle.DocumentVersion,
		Run: cycle.Run{
			ID: idText(p.Run.ID), Area: p.Run.Area.String(), Scheme: string(p.Run.Scheme), Month: p.Run.Month,
			Kind: string(p.Run.Kind), State: string(p.Run.State), PayDay: p.Run.PayDay, ReleasedOn: p.Run.ReleasedOn,
			Digest: hex.EncodeToString(p.Run.Digest[:]),
		},
		Figures: cycle.Figures{
			Entitled: tally(p.Entitled), Held: tally(p.Held), Approved: tally(p.Approved), Sent: tally(p.Sent),
			Withdrawn: tally(p.Withdrawn), Succeeded: tally(p.Succeeded), Rejected: tally(p.Rejected),
			Unknown: tally(p.Unknown), Returned: tally(p.Returned), Reissued: tally(p.Reissued), Paid: tally(p.Paid),
			Open: tally(p.Open), NotInPlace: tally(p.NotInPlace), NotActivated: tally(p.NotActivated),
			Settled: cycle.Yuan(p.Settled), BankDebits: cycle.Yuan(p.BankDebits), CreditsBack: cycle.Yuan(p.CreditsBack),
			InTransit: cycle.Yuan(p.InTransit),
		},
		Statement: cycle.Statement{
			Standing: string(s.Standing), Through: s.Through, MatchedThrough: s.MatchedThrough, Debits: cleared(s.Debits),
			CreditsBack: cleared(s.CreditsBack), UnclearedDebits: cleared(s.UnclearedDebits),
			UnclearedCredits: cleared(s.UnclearedCredits), UnbookedDebits: cleared(s.UnbookedDebits),
			UnbookedCredits: cleared(s.UnbookedCredits),
		},
		Holds: len(p.Breaks) == 0, Breaks: append([]string{}, p.Breaks...), Lists: []cycle.List{}, RestsOn: restsOf(p.Rests),
	}
}

func restsOf(r disbursement.RestsOn) cycle.RestsOn {
	out := cycle.RestsOn{Batches: []cycle.Batch{}, Statements: []cycle.StatementFile{}, Days: []cycle.Day{}}
	for _, b := range r.Batches {
		out.Batches = append(out.Batches, cycle.Batch{
			ID: idText(b.ID), Account: idText(b.FundAccount), Number: b.Number, Bank: b.Bank,
			Withdrawn: b.State == bank.BatchWithdrawn,
			Items:     cycle.Tally{Count: b.Count, Amount: cycle.Yuan(b.Amount)},
			Digest:    hex.EncodeToString(b.Digest[:]), FileName: b.FileName, FileDigest: hex.EncodeToString(b.FileDigest[:]),
		})
	}
	for _, f := range r.Statements {
		out.Statements = append(out.Statements, cycle.StatementFile{
			Account: idText(f.FundAccount), Number: f.Number, From: f.From, To: f.To, Opening: cycle.Yuan(f.Opening),
			Closing: cycle.Yuan(f.Closing), Receipt: idText(f.Receipt), FileName: f.FileName,
			FileDigest: hex.EncodeToString(f.Digest[:]),
		})
	}
	for _, d := range r.Days {
		digest := ""
		if d.Sealed {
			digest = hex.EncodeToString(d.Digest[:])
		}
		out.Days = append(out.Days, cycle.Day{Scheme: string(d.Scheme), Day: d.Day, Digest: digest})
	}
	return out
}
