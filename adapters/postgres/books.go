package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/audit"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// Book is one set of books: an area and a scheme.
type Book struct {
	Area   party.Area
	Scheme ledger.Scheme
}

// Books lists every set of books, for the daily sealing.
func (db *DB) Books(ctx context.Context) ([]Book, error) {
	rows, err := db.pool.Query(ctx, `select area, scheme from book order by area, scheme`)
	if err != nil {
		return nil, fmt.Errorf("list books: %w", err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Book])
	if err != nil {
		return nil, fmt.Errorf("list books: %w", err)
	}
	return out, nil
}

// BookVouchers books entries that no flow of the gateway caused, such as the
// published totals of a county's past year. They pass the same checks as every
// entry, none of them may touch a personal account, and the audit trail names who
// answers for them. Their causes begin with "published:".
func (db *DB) BookVouchers(ctx context.Context, actor string, entries ...ledger.Entry) error {
	for _, e := range entries {
		for _, p := range e.Postings {
			if p.Role.Set() == ledger.MemorandumSet || p.Member != 0 {
				return ledger.ErrShape.With("voucher %s touches a personal account", e.Cause)
			}
		}
	}
	return db.InTx(ctx, func(t *tx) error {
		for _, e := range entries {
			err := t.Audit(ctx, audit.Row{ //nolint:exhaustruct // storage fills the rest
				Area: e.Area, Actor: actor, Action: "book published total", Object: e.Cause, Result: audit.Done,
				RequestID: e.Cause,
			})
			if err != nil {
				return err
			}
		}
		_, err := t.Book(ctx, actor, entries...)
		return err
	})
}

// FundAccountIDs maps the roles of an area's only book to its fund accounts, for
// areas with one bank.
func (db *DB) FundAccountIDs(ctx context.Context, area party.Area) (map[string]int64, error) {
	return db.idsBy(ctx, "fund accounts", `select role, id from fund_account where area = $1`, area)
}

// MemberIDs maps the social-security numbers of an area to members.
func (db *DB) MemberIDs(ctx context.Context, area party.Area) (map[string]int64, error) {
	return db.idsBy(ctx, "members", `select social_no, id from member where area = $1`, area)
}

func (db *DB) idsBy(ctx context.Context, what, sql string, area party.Area) (map[string]int64, error) {
	rows, err := db.pool.Query(ctx, sql, area)
	if err != nil {
		return nil, fmt.Errorf("%s of area %s: %w", what, area, err)
	}
	out := map[string]int64{}
	var name string
	var id int64
	if _, err := pgx.ForEachRow(rows, []any{&name, &id}, func() error { out[name] = id; return nil }); err != nil {
		return nil, fmt.Errorf("%s of area %s: %w", what, area, err)
	}
	return out, nil
}

// FundResult returns a book's income of all time, and what stands at banks.
func (db *DB) FundResult(
	ctx context.Context, area party.Area, scheme ledger.Scheme,
) (income, atBank money.Amount, err error) {
	var in, held int64
	err = db.pool.QueryRow(ctx, `
		select coalesce(sum(case when (side = 'credit') <> red then amount else -amount end) filter (where role in
			('contribution_individual', 'contribution_collective', 'subsidy_base_pension', 'subsidy_contribution',
			 'subsidy_unspecified', 'interest_income', 'investment_income', 'transfer_in', 'remittance_in', 'other_income')),
			0)::bigint,
		       coalesce(sum(case when (side = 'debit') <> red then amount else -amount end) filter (where role in
			('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury')), 0)::bigint
		from posting where area = $1 and scheme = $2`, area, scheme).Scan(&in, &held)
	if err != nil {
		return 0, 0, fmt.Errorf("result of area %s: %w", area, err)
	}
	return money.Amount(in), money.Amount(held), nil
}
