package pgtest

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/party"
)

// Books are one scheme's books of one area, empty: an account of each role at one
// bank, and the officers of the area.
type Books struct {
	Area     party.Area
	Scheme   ledger.Scheme
	OpenedOn calendar.Day
	// Accounts hold the fund account of each role.
	Accounts map[ledger.Role]int64
	// Officers are the area's, by the part of their login before the dot:
	// finance-maker, finance-checker and finance-second (a second login of the maker's
	// person, who may check) of the agency's finance office, bureau-maker and
	// bureau-checker of the finance bureau, business-maker, auditor.
	Officers map[string]approval.Officer
}

// SeedBooks makes the books, with everything before opened sealed. The area
// collects by its agency and closes an income account only when it is empty. It
// may be called for several areas and schemes of one database.
func SeedBooks(
	tb testing.TB, d Database, area party.Area, scheme ledger.Scheme, opened calendar.Day,
) Books {
	tb.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, d.OwnerURL)
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close(ctx) //nolint:errcheck // a connection of the test
	exec := func(sql string, args ...any) {
		tb.Helper()
		if _, err := c.Exec(ctx, sql, args...); err != nil {
			tb.Fatalf("seed books of area %s: %v", area, err)
		}
	}
	exec(`insert into area (area, name) values ($1, 'test') on conflict do nothing`, area)
	exec(`insert into bank (area, bank, bank_no, name, format, row_limit) values
		($1, 'psbc', '403100000004', 'postal savings', 'json', 10000) on conflict do nothing`, area)
	exec(`insert into area_rule (area, rule, effective_from, value, document) values
		($1, 'collection_mode', '2009-09-01', '"agency"', 'test'),
		($1, 'income_zero_at_month_end', '2009-09-01', 'true', 'test') on conflict do nothing`, area)
	exec(`insert into book (area, scheme, opened_on, sealed_through) values ($1, $2, $3, $3::date - 1)`,
		area, scheme, opened.Time())
	b := Books{Area: area, Scheme: scheme, OpenedOn: opened, Accounts: make(map[ledger.Role]int64), Officers: nil}
	for i, role := range []ledger.Role{
		ledger.Income, ledger.FiscalSpecial, ledger.FixedDeposit, ledger.Expenditure, ledger.Treasury,
	} {
		var id int64
		err := c.QueryRow(ctx, `
			insert into fund_account (area, scheme, role, bank, account_no, name, opened_on)
			values ($1, $2, $3, 'psbc', $4, $3, $5) returning id`,
			area, scheme, role, fmt.Sprintf("9%d%02d%s", int32(area), i, scheme), opened.Time()).Scan(&id)
		if err != nil {
			tb.Fatal(err)
		}
		b.Accounts[role] = id
	}
	b.Officers = seedOfficers(tb, c, area)
	return b
}

func seedOfficers(tb testing.TB, c *pgx.Conn, area party.Area) map[string]approval.Officer {
	tb.Helper()
	ctx := context.Background()
	officers := make(map[string]approval.Officer)
	for _, o := range []struct {
		name, person string
		in           approval.Organisation
		duty         approval.Duty
	}{
		{"finance-maker", "a", approval.AgencyFinance, approval.Maker},
		{"finance-checker", "b", approval.AgencyFinance, approval.Checker},
		{"finance-other", "c", approval.AgencyFinance, approval.Checker},
		{"finance-second", "a", approval.AgencyFinance, approval.Checker},
		{"bureau-maker", "d", approval.FinanceBureau, approval.Maker},
		{"bureau-checker", "e", approval.FinanceBureau, approval.Checker},
		{"business-maker", "f", approval.AgencyBusiness, approval.Maker},
		{"auditor", "g", approval.Auditor, approval.Viewer},
	} {
		login := fmt.Sprintf("%s.%d", o.name, int32(area))
		person := int64(area)*1000 + int64(o.person[0])
		batch := &pgx.Batch{}
		batch.Queue(`insert into person (id, name) values ($1, 'test') on conflict do nothing`, person)
		batch.Queue(`insert into organisation (area, kind, name) values ($1, $2, 'test') on conflict do nothing`,
			area, o.in)
		batch.Queue(`insert into officer (login, person_id, organisation_id, password_hash, created_at)
			select $1, $2, id, '', now() from organisation where area = $3 and kind = $4 on conflict do nothing`,
			login, person, area, o.in)
		batch.Queue(`insert into duty_grant (login, duty, granted_at) values ($1, $2, '2009-09-01')
			on conflict do nothing`, login, o.duty)
		if err := c.SendBatch(ctx, batch).Close(); err != nil {
			tb.Fatal(err)
		}
		officers[o.name] = approval.Officer{
			Login: login, Person: person, Organisation: o.in, Area: area, Region: 0, Duties: []approval.Duty{o.duty},
		}
	}
	return officers
}
