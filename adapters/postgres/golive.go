package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

// PersonalOpenings implements registry.GoLiveTx.
func (t registryTx) PersonalOpenings(
	ctx context.Context, area party.Area, members []int64, list int64,
) ([]registry.PersonalOpening, error) {
	rows, err := t.Query(ctx, `
		select id, member_id, '', individual, collective, subsidy, interest from personal_opening
		where area = $1 and member_id = any($2)
		union all
		select 0, k.member_id, '', k.individual, k.collective, k.subsidy, k.interest
		from personal_opening_asked k
		where k.area = $1 and k.member_id = any($2) and (k.list_id = $3 or exists (
			select from decision_request q where q.area = k.area and q.kind = 'opening_accounts'
			and q.subject_id = k.list_id and q.state = 'submitted'))`, area, members, list)
	if err != nil {
		return nil, fmt.Errorf("read personal openings: %w", err)
	}
	return collect(rows, "personal openings", scanPersonalOpening)
}

func scanPersonalOpening(row pgx.CollectableRow) (p registry.PersonalOpening, err error) {
	err = row.Scan(&p.ID, &p.Member, &p.Scheme, &p.Individual, &p.Collective, &p.Subsidy, &p.Interest)
	return p, err
}

// AddToList implements registry.GoLiveTx.
func (t registryTx) AddToList(
	ctx context.Context, area party.Area, list int64, rows []registry.PersonalOpening,
) error {
	return t.insertAll(ctx, "personal accounts to approve", len(rows), `
		insert into personal_opening_asked (area, list_id, member_id, individual, collective, subsidy, interest)
		select $1, $2, u.* from unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[]) as u
		on conflict do nothing`, area, list,
		column(rows, func(p registry.PersonalOpening) int64 { return p.Member }),
		column(rows, func(p registry.PersonalOpening) int64 { return p.Individual.Fen() }),
		column(rows, func(p registry.PersonalOpening) int64 { return p.Collective.Fen() }),
		column(rows, func(p registry.PersonalOpening) int64 { return p.Subsidy.Fen() }),
		column(rows, func(p registry.PersonalOpening) int64 { return p.Interest.Fen() }))
}

// AskAccounts implements registry.GoLiveTx.
func (t registryTx) AskAccounts(
	ctx context.Context, by approval.Officer, list int64, today calendar.Day, digest []byte,
) (int64, error) {
	r, err := casework.Submit(ctx, caseworkTx(t), today, by, casework.Ask{ //nolint:exhaustruct // a list
		Kind: casework.OpeningAccounts, Subject: list, Word: casework.Entered, Document: "file of personal accounts at go-live",
		DocumentDigest: digest,
	})
	return r.ID, err
}

// ListedAccounts implements registry.GoLiveTx.
func (t registryTx) ListedAccounts(
	ctx context.Context, area party.Area, list, after int64, limit int,
) ([]registry.PersonalOpening, error) {
	rows, err := t.Query(ctx, `
		select 0, k.member_id, m.scheme, k.individual, k.collective, k.subsidy, k.interest
		from personal_opening_asked k
		join member m on m.area = k.area and m.id = k.member_id
		where k.area = $1 and k.list_id = $2 and k.member_id > $3 order by k.member_id limit $4`, area, list, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read list %d of personal accounts: %w", list, err)
	}
	return collect(rows, "a list of personal accounts", scanPersonalOpening)
}

// InsertPersonalOpenings implements registry.GoLiveTx.
func (t registryTx) InsertPersonalOpenings(
	ctx context.Context, area party.Area, l registry.ApprovedList, rows []registry.PersonalOpening,
) error {
	return t.insertAll(ctx, "personal openings", len(rows), `
		insert into personal_opening (area, id, member_id, individual, collective, subsidy, interest, entered_by,
			entered_at, list_id, decision_id)
		select $1, u.*, $8, $9, $10, $11 from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
			$7::bigint[]) as u
		on conflict do nothing`, area,
		column(rows, func(p registry.PersonalOpening) int64 { return p.ID }),
		column(rows, func(p registry.PersonalOpening) int64 { return p.Member }),
		column(rows, func(p registry.PersonalOpening) int64 { return p.Individual.Fen() }),
		column(rows, func(p registry.PersonalOpening) int64 { return p.Collective.Fen() }),
		column(rows, func(p registry.PersonalOpening) int64 { return p.Subsidy.Fen() }),
		column(rows, func(p registry.PersonalOpening) int64 { return p.Interest.Fen() }),
		l.By, t.at, l.ID, l.Decision)
}

// aboutList is SQL over the rows k of one list: what its approver is shown. The
// digest covers every line.
func aboutList() string {
	return `'personal accounts of ' || count(*) || ' members at go-live: individual ' || ` + yuan("sum(k.individual)") + `
	|| ', collective ' || ` + yuan("sum(k.collective)") + ` || ', subsidy ' || ` + yuan("sum(k.subsidy)") + `
	|| ', interest ' || ` + yuan("sum(k.interest)") + ` || '; SHA-256 of the lines ' || encode(sha256(convert_to(
	string_agg(k.member_id || ' ' || k.individual || ' ' || k.collective || ' ' || k.subsidy || ' ' || k.interest, E'\n'
		order by k.member_id), 'UTF8')), 'hex')`
}

// AboutAccounts implements casework.FlowTx.
func (t caseworkTx) AboutAccounts(ctx context.Context, area party.Area, list int64) (about string, err error) {
	err = t.QueryRow(ctx, `
		select `+aboutList()+` from personal_opening_asked k where k.area = $1 and k.list_id = $2 group by k.list_id`,
		area, list).Scan(&about)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", casework.ErrAsk.With("there is no such list of personal accounts")
	}
	if err != nil {
		return "", fmt.Errorf("sum list %d of personal accounts: %w", list, err)
	}
	return about, nil
}

// EnterAccounts implements casework.FlowTx.
func (t caseworkTx) EnterAccounts(ctx context.Context, r casework.Request) error {
	return registry.EnterAccounts(ctx, registryTx(t), r.Area, registry.ApprovedList{
		ID: r.Subject, By: r.Maker, Decision: r.ID,
	})
}

// AboutBalance implements casework.FlowTx.
func (t caseworkTx) AboutBalance(ctx context.Context, area party.Area, a casework.Ask) (string, error) {
	f, err := registry.AccountToOpen(ctx, registryTx(t), area, openingOf(a))
	if err != nil {
		return "", err
	}
	return f.About(), nil
}

// EnterBalance implements casework.FlowTx.
func (t caseworkTx) EnterBalance(ctx context.Context, r casework.Request) error {
	return registry.EnterBalance(ctx, registryTx(t), r.Area, openingOf(r.Ask), r.Maker, r.ID)
}

// openingOf is the opening balance that a decision is about. Its document is the
// bank's last statement.
func openingOf(a casework.Ask) registry.OpeningBalance {
	return registry.OpeningBalance{
		FundAccount: a.Subject, Day: a.ValueDate, Balance: a.Amount, StatementNumber: a.Document,
		StatementDigest: a.DocumentDigest,
	}
}
