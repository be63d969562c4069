package registry

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// OpeningRow is one member for whom a bank is asked to open an account.
type OpeningRow struct {
	// Seq is the row of the file, from 1.
	Seq        int
	Member     int64
	SocialNo   string
	Name       party.Name
	IDNumber   party.IDNumber
	Region     party.Region
	RegionName string
}

// AccountOpening is a batch of accounts to open at a bank. Its file is frozen:
// the digest was taken in the transaction that made it.
type AccountOpening struct {
	Area       party.Area
	ID         int64
	Bank       string
	Count      int
	FileName   string
	FileDigest [sha256.Size]byte
	CreatedOn  calendar.Day
}

// OpeningFiles writes and reads the files of account openings in a bank's own
// format and charset. It is pure and safe for concurrent use.
type OpeningFiles interface {
	// Check says why the bank's file cannot carry a row, or nil.
	Check(b Bank, row OpeningRow) error
	// Write returns the file of the rows in their order, the same bytes each time.
	Write(b Bank, rows []OpeningRow) ([]byte, error)
	// Read gives the results in file order: the account number in Account, the
	// mandate's number, where the bank gave one, in BankReference. part is the
	// receipt's: S and F where a bank sends what succeeded and failed apart.
	Read(ctx context.Context, b Bank, part string, file io.Reader, emit bank.Emit) error
}

const (
	// openingLimit is how many rows a bank takes in one file.
	openingLimit = 500
	// openingMost bounds what one request opens.
	openingMost = 10_000
)

// OpenAccounts asks for accounts at a bank for the members of a region.
type OpenAccounts struct {
	Bank string
	// Region is a township or village; 0 is the whole area.
	Region party.Region
}

// OpenedAccounts answers with the batches made, and counts the members whose
// names the bank's file cannot carry: each has an open case. Where the request
// reached its bound of 10 000 members, More says that others are left.
type OpenedAccounts struct {
	Openings []AccountOpening
	Left     int
	More     bool
}

// OpenAccounts makes batches of at most 500 rows for members without an active
// account, in the order of their region. A member who stands in a batch that the
// bank has not answered is not asked for again. Agency business makes it. It
// answers with OpenedAccounts.
func (s *Service) OpenAccounts(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, cmd OpenAccounts,
) (once.Answer, error) {
	if !by.Has(approval.Maker, approval.AgencyBusiness) || by.Area == 0 {
		return once.Answer{}, approval.ErrDuty
	}
	if cmd.Region != 0 && cmd.Region.Area() != by.Area {
		return once.Answer{}, ErrOutside.On("region")
	}
	return once.Do(ctx, s.c.Store.InTx, r, render, func(tx Tx) (any, error) {
		if err := tx.LockImport(ctx, by.Area, lockOpenings); err != nil {
			return nil, err
		}
		b, err := bankOf(ctx, tx, by.Area, cmd.Bank)
		if err != nil {
			return nil, err
		}
		rows, err := tx.WithoutInstrument(ctx, by.Area, cmd.Region, openingMost+1)
		if err != nil {
			return nil, err
		}
		out := OpenedAccounts{Openings: nil, Left: 0, More: len(rows) > openingMost}
		rows = rows[:min(len(rows), openingMost)]
		rows, cases := s.carried(b, rows)
		out.Left = len(cases)
		if len(rows) == 0 {
			return nil, ErrNothing
		}
		for start := 0; start < len(rows); start += openingLimit {
			o, err := s.storeOpening(ctx, tx, by, b, rows[start:min(start+openingLimit, len(rows))])
			if err != nil {
				return nil, err
			}
			out.Openings = append(out.Openings, o)
		}
		return out, tx.RaiseCases(ctx, by.Area, cases)
	})
}

// lockOpenings makes requests for accounts, and their results, wait for each other.
const lockOpenings = "account-openings"

func bankOf(ctx context.Context, tx Tx, area party.Area, code string) (Bank, error) {
	known, err := banksByCode(ctx, tx, area)
	if err != nil {
		return Bank{}, err
	}
	b, ok := known[code]
	if !ok {
		return Bank{}, ErrBank.On("bank")
	}
	return b, nil
}

// carried parts the rows that the bank's file can carry from those that it
// cannot: a name is never written with a replacement character.
func (s *Service) carried(b Bank, rows []OpeningRow) ([]OpeningRow, []Case) {
	kept := make([]OpeningRow, 0, len(rows))
	var cases []Case
	for _, row := range rows {
		if err := s.c.Files.Check(b, row); err != nil {
			cases = append(cases, Case{
				Kind: "account_opening_left", Subject: fmt.Sprintf("member:%d", row.Member), Bank: b.Code,
				Text: "the bank's file cannot carry this member's data: " + fault.CodeOf(err),
			})
			continue
		}
		kept = append(kept, row)
	}
	return kept, cases
}

func (s *Service) storeOpening(
	ctx context.Context, tx Tx, by approval.Officer, b Bank, rows []OpeningRow,
) (AccountOpening, error) {
	var none AccountOpening
	for i := range rows {
		rows[i].Seq = i + 1
	}
	file, err := s.c.Files.Write(b, rows)
	if err != nil {
		return none, fmt.Errorf("write account openings for %s: %w", b.Code, err)
	}
	ids, err := tx.NewIDs(ctx, 1)
	if err != nil {
		return none, err
	}
	o := AccountOpening{
		Area: by.Area, ID: ids[0], Bank: b.Code, Count: len(rows),
		FileName: fmt.Sprintf("OPEN_%s_%d.TXT", by.Area, ids[0]), FileDigest: sha256.Sum256(file),
		CreatedOn: s.c.Today(),
	}
	return o, tx.InsertAccountOpening(ctx, o, by.Login, rows)
}

// OpeningFile is a frozen file with its opening.
type OpeningFile struct {
	AccountOpening
	Content []byte
}

// BankOpeningFile returns the file of an opening to the bank that it is for.
func (s *Service) BankOpeningFile(ctx context.Context, by bank.Caller, id int64) (OpeningFile, error) {
	return s.openingFile(ctx, by.Code, 0, id)
}

// OfficerOpeningFile returns the file of an opening to an officer of agency
// business of its area.
func (s *Service) OfficerOpeningFile(ctx context.Context, by approval.Officer, id int64) (OpeningFile, error) {
	if by.Organisation != approval.AgencyBusiness || by.Area == 0 {
		return OpeningFile{}, approval.ErrDuty
	}
	return s.openingFile(ctx, "", by.Area, id)
}

// BankOpening returns an opening to the bank that it is for: the head of the
// receipt that its result file becomes.
func (s *Service) BankOpening(ctx context.Context, by bank.Caller, id int64) (AccountOpening, error) {
	var out AccountOpening
	err := s.c.Store.Read(ctx, func(tx Tx) error {
		o, _, err := findOpening(ctx, tx, by.Code, 0, id)
		out = o
		return err
	})
	return out, err
}

// findOpening looks in the bank's areas, or in one area where code is empty.
func findOpening(
	ctx context.Context, tx Tx, code string, area party.Area, id int64,
) (AccountOpening, []OpeningRow, error) {
	areas := []party.Area{area}
	if code != "" {
		var err error
		if areas, err = tx.AreasOf(ctx, code); err != nil {
			return AccountOpening{}, nil, err
		}
	}
	o, rows, err := tx.AccountOpening(ctx, areas, id)
	if err == nil && code != "" && o.Bank != code {
		err = ErrOpening
	}
	if err != nil {
		return AccountOpening{}, nil, err
	}
	return o, rows, nil
}

func (s *Service) openingFile(ctx context.Context, code string, area party.Area, id int64) (OpeningFile, error) {
	var out OpeningFile
	err := s.c.Store.Read(ctx, func(tx Tx) error {
		o, rows, err := findOpening(ctx, tx, code, area, id)
		if err != nil {
			return err
		}
		b, err := bankOf(ctx, tx, o.Area, o.Bank)
		if err != nil {
			return err
		}
		file, err := s.c.Files.Write(b, rows)
		if err != nil {
			return fmt.Errorf("write account opening %d again: %w", o.ID, err)
		}
		if sha256.Sum256(file) != o.FileDigest {
			return fault.New(fault.Internal, "file_changed", "the file no longer has the digest that was frozen").
				About(fmt.Sprint(o.ID))
		}
		out = OpeningFile{o, file}
		return nil
	})
	if err != nil {
		return OpeningFile{}, err
	}
	return out, nil
}
