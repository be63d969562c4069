package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"twoline/gateway/calendar"
	"twoline/gateway/party"
	"twoline/gateway/policy"
	"twoline/gateway/registry"
)

type registryStore struct{ db *DB }

// Registry stores who and what the money belongs to.
func (db *DB) Registry() registry.Store { return registryStore{db} }

func (s registryStore) InTx(ctx context.Context, fn func(registry.Tx) error) error {
	return s.db.InTx(ctx, func(t *tx) error { return fn(registryTx{t}) })
}

func (s registryStore) Read(ctx context.Context, fn func(registry.Tx) error) error {
	return s.db.Read(ctx, func(t *tx) error { return fn(registryTx{t}) })
}

// registryTx holds the methods of registry.Tx whose names other flows use otherwise.
type registryTx struct{ *tx }

// LockImport implements registry.Tx. The lock saves rivals their work in vain;
// the keys decide.
func (t registryTx) LockImport(ctx context.Context, area party.Area, kind registry.Kind) error {
	_, err := t.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('import ' || $1 || ' ' || $2, 0))`,
		area.String(), string(kind))
	if err != nil {
		return fmt.Errorf("wait for another import of %s: %w", kind, err)
	}
	return nil
}

// RaiseCases implements registry.Tx.
func (t registryTx) RaiseCases(ctx context.Context, area party.Area, cases []registry.Case) error {
	if len(cases) == 0 {
		return nil
	}
	list := make([]Case, len(cases))
	for i, c := range cases {
		list[i] = Case(c)
	}
	return t.OpenCase(ctx, area, list...)
}

// insertAll runs one insert of n rows with "on conflict do nothing". Fewer rows
// stored means that a rival wrote one of their keys after they were compared. The look
// for what each row's foreign keys name is planned once: anew for each of them, as
// statements are here, it costs more than the row.
func (t registryTx) insertAll(ctx context.Context, what string, n int, sql string, args ...any) error {
	var tag pgconn.CommandTag
	err := t.planning(ctx, "plan_cache_mode", "auto", func() (err error) {
		tag, err = t.Exec(ctx, sql, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("register %d %s: %w", n, what, err)
	}
	if tag.RowsAffected() != int64(n) {
		return registry.ErrContended
	}
	return nil
}

// column takes one field of all rows, as a parameter for unnest.
func column[R, V any](rows []R, field func(R) V) []V {
	out := make([]V, len(rows))
	for i, r := range rows {
		out[i] = field(r)
	}
	return out
}

// Areas implements registry.ReferenceTx.
func (t registryTx) Areas(ctx context.Context, keys []party.Area) ([]registry.Area, error) {
	rows, err := t.Query(ctx, `select area, name from area where area = any($1)`, keys)
	if err != nil {
		return nil, fmt.Errorf("read areas: %w", err)
	}
	return collect(rows, "areas", func(row pgx.CollectableRow) (a registry.Area, err error) {
		err = row.Scan(&a.Area, &a.Name)
		return a, err
	})
}

func collect[R any](rows pgx.Rows, what string, fn pgx.RowToFunc[R]) ([]R, error) {
	out, err := pgx.CollectRows(rows, fn)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	return out, nil
}

// InsertAreas implements registry.ReferenceTx.
func (t registryTx) InsertAreas(ctx context.Context, rows []registry.Area) error {
	return t.insertAll(ctx, "areas", len(rows), `
		insert into area (area, name) select u.area, u.name from unnest($1::integer[], $2::text[]) as u (area, name)
			on conflict do nothing`,
		column(rows, func(a registry.Area) party.Area { return a.Area }),
		column(rows, func(a registry.Area) string { return a.Name }))
}

// Regions implements registry.ReferenceTx.
func (t registryTx) Regions(
	ctx context.Context, area party.Area, keys []party.Region,
) ([]registry.Region, error) {
	rows, err := t.Query(ctx, `select region, name from region where area = $1 and region = any($2)`, area, keys)
	if err != nil {
		return nil, fmt.Errorf("read regions: %w", err)
	}
	return collect(rows, "regions", func(row pgx.CollectableRow) (r registry.Region, err error) {
		err = row.Scan(&r.Region, &r.Name)
		return r, err
	})
}

// InsertRegions implements registry.ReferenceTx.
func (t registryTx) InsertRegions(ctx context.Context, area party.Area, rows []registry.Region) error {
	return t.insertAll(ctx, "regions", len(rows), `
		insert into region (region, area, name)
		select u.region, $1, u.name from unnest($2::bigint[], $3::text[]) as u (region, name)
		on conflict do nothing`, area,
		column(rows, func(r registry.Region) party.Region { return r.Region }),
		column(rows, func(r registry.Region) string { return r.Name }))
}

// PolicyRows implements registry.ReferenceTx.
func (t registryTx) PolicyRows(ctx context.Context, area party.Area) ([]policy.Row, error) {
	return t.policyRows(ctx, heldRules, []party.Area{area})
}

// InsertPolicyRows implements registry.ReferenceTx.
func (t registryTx) InsertPolicyRows(ctx context.Context, rows []policy.Row) error {
	return t.insertAll(ctx, "rules", len(rows), `
		insert into area_rule (area, rule, effective_from, value, document)
		select u.area, u.rule, u.effective_from, u.value::jsonb, u.document
		from unnest($1::integer[], $2::text[], $3::date[], $4::text[], $5::text[])
			as u (area, rule, effective_from, value, document)
		on conflict do nothing`,
		column(rows, func(r policy.Row) party.Area { return r.Area }),
		column(rows, func(r policy.Row) string { return string(r.Rule) }),
		column(rows, func(r policy.Row) calendar.Day { return r.From }),
		column(rows, func(r policy.Row) string { return r.Value.JSON() }),
		column(rows, func(r policy.Row) string { return r.Document }))
}

// Banks implements registry.ReferenceTx.
func (t registryTx) Banks(ctx context.Context, area party.Area) ([]registry.Bank, error) {
	rows, err := t.Query(ctx, `
		select bank, bank_no, name, format, row_limit, charset from bank where area = $1 order by bank`, area)
	if err != nil {
		return nil, fmt.Errorf("read banks: %w", err)
	}
	return collect(rows, "banks", func(row pgx.CollectableRow) (b registry.Bank, err error) {
		err = row.Scan(&b.Code, &b.BankNo, &b.Name, &b.Format, &b.RowLimit, &b.Charset)
		return b, err
	})
}

// InsertBanks implements registry.ReferenceTx.
func (t registryTx) InsertBanks(ctx context.Context, area party.Area, rows []registry.Bank) error {
	return t.insertAll(ctx, "banks", len(rows), `
		insert into bank (area, bank, bank_no, name, format, row_limit, charset)
		select $1, u.* from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::text[]) as u
		on conflict do nothing`, area,
		column(rows, func(b registry.Bank) string { return b.Code }),
		column(rows, func(b registry.Bank) string { return b.BankNo }),
		column(rows, func(b registry.Bank) string { return b.Name }),
		column(rows, func(b registry.Bank) string { return string(b.Format) }),
		column(rows, func(b registry.Bank) int { return b.RowLimit }),
		column(rows, func(b registry.Bank) string { return b.Charset }))
}

// FundAccounts implements registry.ReferenceTx.
func (t registryTx) FundAccounts(ctx context.Context, area party.Area) ([]registry.FundAccount, error) {
	rows, err := t.Query(ctx, `
		select id, scheme, role, bank, account_no, name, settlement, opened_on from fund_account
		where area = $1 order by id`, area)
	if err != nil {
		return nil, fmt.Errorf("read fund accounts: %w", err)
	}
	return collect(rows, "fund accounts", func(row pgx.CollectableRow) (f registry.FundAccount, err error) {
		var number string
		err = row.Scan(&f.ID, &f.Scheme, &f.Role, &f.Bank, &number, &f.Name, &f.Settlement, &f.OpenedOn)
		_, _, f.AccountNo = party.Stored("", "", number)
		return f, err
	})
}

// InsertFundAccounts implements registry.ReferenceTx.
func (t registryTx) InsertFundAccounts(ctx context.Context, area party.Area, rows []registry.FundAccount) error {
	return t.insertAll(ctx, "fund accounts", len(rows), `
		insert into fund_account (area, scheme, role, bank, account_no, name, settlement, opened_on)
		select $1, u.* from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
			$8::date[]) as u
		on conflict do nothing`, area,
		column(rows, func(f registry.FundAccount) string { return string(f.Scheme) }),
		column(rows, func(f registry.FundAccount) string { return string(f.Role) }),
		column(rows, func(f registry.FundAccount) string { return f.Bank }),
		column(rows, func(f registry.FundAccount) string { return f.AccountNo.Plain() }),
		column(rows, func(f registry.FundAccount) string { return f.Name }),
		column(rows, func(f registry.FundAccount) string { return string(f.Settlement) }),
		column(rows, func(f registry.FundAccount) calendar.Day { return f.OpenedOn }))
}

// Books implements registry.BookTx.
func (t registryTx) Books(ctx context.Context, area party.Area) ([]registry.Book, error) {
	rows, err := t.Query(ctx, `select scheme, opened_on, sealed_through from book where area = $1`, area)
	if err != nil {
		return nil, fmt.Errorf("read books: %w", err)
	}
	return collect(rows, "books", func(row pgx.CollectableRow) (b registry.Book, err error) {
		err = row.Scan(&b.Scheme, &b.OpenedOn, &b.SealedThrough)
		return b, err
	})
}

// OpenBooks implements registry.BookTx.
func (t registryTx) OpenBooks(ctx context.Context, area party.Area, books []registry.Book) error {
	return t.insertAll(ctx, "books", len(books), `
		insert into book (area, scheme, opened_on, sealed_through)
		select $1, u.* from unnest($2::text[], $3::date[], $4::date[]) as u
		on conflict do nothing`, area,
		column(books, func(b registry.Book) string { return string(b.Scheme) }),
		column(books, func(b registry.Book) calendar.Day { return b.OpenedOn }),
		column(books, func(b registry.Book) calendar.Day { return b.SealedThrough }))
}

// HasOpeningBalance implements registry.BookTx.
func (t registryTx) HasOpeningBalance(ctx context.Context, area party.Area, account int64) (has bool, err error) {
	err = t.QueryRow(ctx, `select exists (select from opening_balance where area = $1 and fund_account = $2)`,
		area, account).Scan(&has)
	if err != nil {
		err = fmt.Errorf("look for the opening balance of fund account %d: %w", account, err)
	}
	return has, err
}

// InsertOpeningBalance implements registry.BookTx.
func (t registryTx) InsertOpeningBalance(
	ctx context.Context, area party.Area, b registry.OpeningBalance, by string, decision int64,
) error {
	_, err := t.Exec(ctx, `
		insert into opening_balance (area, fund_account, day, balance, statement_number, statement_digest, entered_by,
			entered_at, decision_id)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		area, b.FundAccount, b.Day, b.Balance.Fen(), b.StatementNumber, b.StatementDigest, by, t.at, decision)
	if isUnique(err, "opening_balance_pkey") {
		return registry.ErrOpened.Because(err)
	}
	if err != nil {
		return fmt.Errorf("enter the opening balance of fund account %d: %w", b.FundAccount, err)
	}
	return nil
}
