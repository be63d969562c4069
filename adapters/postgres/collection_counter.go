package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/audit"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

const recallSQL = `
	select u.at, k.fingerprint, k.status, k.content_type, k.body
	from unnest($1::text[], $2::text[], $3::text[]) with ordinality as u (caller, route, key, at)
	join idempotency k on k.caller = u.caller and k.route = u.route and k.key = u.key`

// RecallAll implements collection.CounterTx: Recall for many requests.
func (t *tx) RecallAll(ctx context.Context, rs []once.Request) ([]*once.Stored, error) {
	callers, routes, keys := requestColumns(rs)
	rows, err := t.Query(ctx, recallSQL, callers, routes, keys)
	if err != nil {
		return nil, fmt.Errorf("recall %d requests: %w", len(rs), err)
	}
	return collectStored(rows, len(rs))
}

func requestColumns(rs []once.Request) (callers, routes, keys []string) {
	callers, routes, keys = make([]string, len(rs)), make([]string, len(rs)), make([]string, len(rs))
	for i, r := range rs {
		callers[i], routes[i], keys[i] = r.Caller, r.Route, r.Key
	}
	return callers, routes, keys
}

func collectStored(rows pgx.Rows, n int) ([]*once.Stored, error) {
	out := make([]*once.Stored, n)
	var at, status int
	var fingerprint, body []byte
	var contentType string
	_, err := pgx.ForEachRow(rows, []any{&at, &fingerprint, &status, &contentType, &body}, func() error {
		s := &once.Stored{} //nolint:exhaustruct // filled below
		copy(s.Fingerprint[:], fingerprint)
		s.Answer = once.Answer{
			Status: status, ContentType: contentType, Body: append([]byte(nil), body...), Replayed: false,
		}
		out[at-1] = s
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("recall %d requests: %w", n, err)
	}
	return out, nil
}

// OpenGroup implements collection.CounterTx. All it asks is one round trip. The
// statements of a group look up by whole keys and nothing else, so their plans
// are made once for a connection: to plan them took longer than to run them.
func (t *tx) OpenGroup(
	ctx context.Context, rs []once.Request, banks, numbers []string,
) (collection.Group, error) {
	none := collection.Group{} //nolint:exhaustruct // none
	callers, routes, keys := requestColumns(rs)
	batch := &pgx.Batch{} //nolint:exhaustruct // filled below
	batch.Queue(`
		select set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
			set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
			set_config('enable_bitmapscan', 'off', true)`)
	batch.Queue(recallSQL, callers, routes, keys)
	batch.Queue(`
		select u.at, f.area, f.id, f.scheme, f.role, f.bank, k.opened_on
		from unnest($1::text[], $2::text[]) with ordinality as u (bank, number, at)
		join fund_account f on f.bank = u.bank and f.account_no = u.number and f.role in ('income', 'treasury')
		join book k on k.area = f.area and k.scheme = f.scheme`, banks, numbers)
	batch.Queue(newIDsSQL, len(rs))
	results := t.SendBatch(ctx, batch)
	defer results.Close() //nolint:errcheck // the errors of its queries are what counts
	if _, err := results.Exec(); err != nil {
		return none, fmt.Errorf("open a group: %w", err)
	}
	g := collection.Group{Stored: nil, Accounts: make([]collection.FundAccount, len(rs)), IDs: nil}
	rows, err := results.Query()
	if err != nil {
		return none, fmt.Errorf("recall %d requests: %w", len(rs), err)
	}
	if g.Stored, err = collectStored(rows, len(rs)); err != nil {
		return none, err
	}
	if rows, err = results.Query(); err != nil {
		return none, fmt.Errorf("accounts of counters: %w", err)
	}
	var at int
	var f collection.FundAccount
	_, err = pgx.ForEachRow(rows, []any{&at, &f.Area, &f.ID, &f.Scheme, &f.Role, &f.Bank, &f.OpenedOn}, func() error {
		g.Accounts[at-1] = f
		return nil
	})
	if err != nil {
		return none, fmt.Errorf("accounts of counters: %w", err)
	}
	if rows, err = results.Query(); err != nil {
		return none, fmt.Errorf("reserve %d ids: %w", len(rs), err)
	}
	if g.IDs, err = pgx.CollectRows(rows, pgx.RowTo[int64]); err != nil {
		return none, fmt.Errorf("reserve %d ids: %w", len(rs), err)
	}
	return g, nil
}

// KeepAll implements collection.CounterTx: Keep for many requests.
func (t *tx) KeepAll(
	ctx context.Context, rs []once.Request, answers []once.Answer, trail []audit.Row,
) error {
	n := len(rs)
	callers, routes, keys := requestColumns(rs)
	prints, bodies := make([][]byte, n), make([][]byte, n)
	statuses, types := make([]int16, n), make([]string, n)
	for i := range rs {
		prints[i], statuses[i] = rs[i].Fingerprint[:], int16(answers[i].Status) //nolint:gosec // 200-299
		types[i], bodies[i] = answers[i].ContentType, answers[i].Body
	}
	batch := &pgx.Batch{} //nolint:exhaustruct // filled below
	batch.Queue(`
		insert into idempotency (caller, route, key, fingerprint, status, content_type, body, created_at)
		select u.caller, u.route, u.key, u.print, u.status, u.type, u.body, $8
		from unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::smallint[], $6::text[], $7::bytea[])
			as u (caller, route, key, print, status, type, body)`, callers, routes, keys, prints, statuses, types, bodies, t.at)
	if len(trail) > 0 {
		t.queueAudit(batch, trail)
	}
	err := t.SendBatch(ctx, batch).Close()
	if isUnique(err, "idempotency_pkey") {
		return once.ErrTaken
	}
	if err != nil {
		return fmt.Errorf("keep %d answers: %w", n, err)
	}
	return nil
}

// queueAudit writes rows of the trail in one statement.
func (t *tx) queueAudit(batch *pgx.Batch, trail []audit.Row) {
	n := len(trail)
	areas, people := make([]int32, n), make([]int64, n)
	actors, actions, objects := make([]string, n), make([]string, n), make([]string, n)
	results, requests := make([]string, n), make([]string, n)
	for i, r := range trail {
		areas[i], people[i], actors[i], actions[i] = int32(r.Area), r.Person, r.Actor, r.Action
		objects[i], results[i], requests[i] = r.Object, string(r.Result), r.RequestID
	}
	batch.Queue(`
		insert into audit (area, at, actor, person_id, action, object, result, request_id, detail)
		select u.area, $8, u.actor, nullif(u.person, 0), u.action, u.object, u.result, u.request, '{}'
		from unnest($1::int[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
			as u (area, person, actor, action, object, result, request)`,
		areas, people, actors, actions, objects, results, requests, t.at)
}

// diedOn is SQL of the earliest day of a member's death that stands reported, or null.
func diedOn(area, member string) string {
	return `select min(x.died_on) from death_notice x
		where x.area = ` + area + ` and x.member_id = ` + member + ` and not exists (
			select from death_withdrawn y where y.area = x.area and y.notice_id = x.id)`
}

// drawsFrom is SQL of the first day of a pension of a member that stands, or null.
func drawsFrom(area, member string) string {
	of := `e.area = ` + area + ` and e.member_id = ` + member + ` and e.component in ('base_pension', 'account_pension')`
	return `select min(e.from_month) from entitlement e where ` + of + ` and e.amount > 0 and exists (
		select from (select distinct on (e.component) e.amount from entitlement e where ` + of + `
			order by e.component, e.from_month desc, e.id desc) l where l.amount > 0)`
}

// counterDuesSQL is collection.CounterDue for a few members.
func counterDuesSQL() string {
	return `
	select u.at, coalesce(m.scheme, ''), coalesce(c.amount, 0), coalesce(p.amount, 0), coalesce(k.amount, 0),
		coalesce(f.amount, 0) + coalesce(w.amount, 0), coalesce(w.list_id, 0), coalesce(k.payments, 0), (` + diedOn("u.area", "u.member") + `),
		(select max(e.ended_on) from ` + leftFor("u.year") + ` e where e.area = u.area and e.member_id = u.member), (` + drawsFrom("u.area", "u.member") + `)
	from unnest($1::int[], $2::bigint[], $3::int[]) with ordinality as u (area, member, year, at)
	left join member m on m.area = u.area and m.id = u.member
	left join ` + chosenTier + ` c on c.area = u.area and c.year = u.year and c.member_id = u.member
	left join lateral (
		select sum(case when p.red then -p.amount else p.amount end)::bigint as amount from posting p
		where p.area = u.area and p.member_id = u.member and p.role = 'contribution_individual' and p.year = u.year
		) p on true
	left join lateral (
		select coalesce(max(r.ordinal), 0)::int as payments,
		       (sum(r.amount) filter (where ` + notDealtWith("r") + `))::bigint as amount
		from counter_receipt r where r.area = u.area and r.member_id = u.member and r.year = u.year) k on true
	left join lateral (
		select sum(i.amount)::bigint as amount from withholding_item i
		` + finalOfItem + ` a on true
		where i.area = u.area and i.member_id = u.member and i.year = u.year
		  and (a.outcome is null or (a.outcome = 'succeeded' and ` + notDealtWith("i") + `))) f on true
	left join lateral (
		select sum(l.amount)::bigint as amount, min(l.list_id) as list_id from contribution_line l
		where l.area = u.area and l.member_id = u.member and l.year = u.year and ` + listInFlight("individual") + `) w on true`
}

// CounterDues implements collection.CounterTx.
func (t *tx) CounterDues(
	ctx context.Context, areas []party.Area, members []int64, years []int,
) ([]collection.CounterDue, error) {
	rows, err := t.Query(ctx, counterDuesSQL(), areaCodes(areas), members, years)
	if err != nil {
		return nil, fmt.Errorf("dues of %d members: %w", len(members), err)
	}
	return collectCounterDues(rows, members, years)
}

// HeldCounterDues implements collection.CounterTx: the dues are read by the
// statement after the one that waited, and so see what was waited for.
func (t *tx) HeldCounterDues(
	ctx context.Context, areas []party.Area, members []int64, years []int,
) ([]collection.CounterDue, error) {
	codes := areaCodes(areas)
	batch := &pgx.Batch{} //nolint:exhaustruct // filled below
	batch.Queue(holdDuesSQL("pg_advisory_xact_lock_shared"), codes, years)
	batch.Queue(counterDuesSQL(), codes, members, years)
	results := t.SendBatch(ctx, batch)
	defer results.Close() //nolint:errcheck // the errors of its queries are what counts
	if _, err := results.Exec(); err != nil {
		return nil, fmt.Errorf("hold dues: %w", err)
	}
	rows, err := results.Query()
	if err != nil {
		return nil, fmt.Errorf("dues of %d members: %w", len(members), err)
	}
	return collectCounterDues(rows, members, years)
}

func areaCodes(areas []party.Area) []int32 {
	codes := make([]int32, len(areas))
	for i, a := range areas {
		codes[i] = int32(a)
	}
	return codes
}

func collectCounterDues(rows pgx.Rows, members []int64, years []int) ([]collection.CounterDue, error) {
	out := make([]collection.CounterDue, len(members))
	var at, payments int
	var scheme string
	var chosen, posted, receipts, inFlight, list int64
	var died, left, draws *calendar.Day
	into := []any{&at, &scheme, &chosen, &posted, &receipts, &inFlight, &list, &payments, &died, &left, &draws}
	_, err := pgx.ForEachRow(rows, into, func() error {
		out[at-1] = collection.CounterDue{
			Member: members[at-1], Year: years[at-1], Chosen: money.Amount(chosen), Posted: money.Amount(posted),
			Receipts: money.Amount(receipts), InFlight: money.Amount(inFlight), List: list, Payments: payments,
			Scheme: ledger.Scheme(scheme), Died: dayOrNone(died), Left: dayOrNone(left), Draws: dayOrNone(draws),
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("dues of %d members: %w", len(members), err)
	}
	return out, nil
}

// AddCounterReceipts implements collection.CounterTx. A terminal's day is held
// shared, so that it cannot be closed without these receipts in its sum.
func (t *tx) AddCounterReceipts(
	ctx context.Context, ps []collection.CounterPayment, ordinals []int,
) ([]error, error) {
	n := len(ps)
	areas, ids, members := make([]int32, n), make([]int64, n), make([]int64, n)
	years, ords, amounts := make([]int16, n), make([]int16, n), make([]int64, n)
	channels, banks, terminals := make([]string, n), make([]string, n), make([]string, n)
	days, accounts, references := make([]string, n), make([]int64, n), make([]string, n)
	for i, p := range ps {
		areas[i], ids[i], members[i] = int32(p.Area), p.ID, p.Member
		years[i], ords[i], amounts[i] = int16(p.Year), int16(ordinals[i]), p.Amount.Fen() //nolint:gosec // bounded
		channels[i], banks[i], terminals[i] = p.Channel, p.Bank, p.Terminal
		days[i], accounts[i], references[i] = p.PaidOn.String(), p.FundAccount, p.BankReference
	}
	batch := &pgx.Batch{} //nolint:exhaustruct // filled below
	batch.Queue(`
		select pg_advisory_xact_lock_shared(key) from (
			select distinct hashtextextended('terminal ' || a || ' ' || b || ' ' || c || ' ' || d, 0) as key
			from unnest($1::int[], $2::text[], $3::text[], $4::text[]) as u (a, b, c, d) order by 1) k`,
		areas, banks, terminals, days)
	batch.Queue(`
		with closed as (
			select u.at from unnest($1::int[], $8::text[], $9::text[], $10::date[], $11::bigint[]) with ordinality
				as u (area, bank, terminal, day, account, at)
			join terminal_day d on d.area = u.area and d.bank = u.bank and d.terminal = u.terminal and d.day = u.day
				and d.fund_account = u.account),
		kept as (
			insert into counter_receipt (area, id, member_id, year, ordinal, amount, channel, bank, terminal, paid_on,
				fund_account, bank_reference, received_at)
			select u.area, u.id, u.member, u.year, u.ordinal, u.amount, u.channel, u.bank, u.terminal, u.day, u.account,
				u.reference, $13
			from unnest($1::int[], $2::bigint[], $3::bigint[], $4::smallint[], $5::smallint[], $6::bigint[], $7::text[],
				$8::text[], $9::text[], $10::date[], $11::bigint[], $12::text[]) with ordinality
				as u (area, id, member, year, ordinal, amount, channel, bank, terminal, day, account, reference, at)
			where u.at not in (select at from closed)
			on conflict do nothing returning id)
		select u.at, case when k.id is not null then '' when c.at is not null then 'closed' else 'conflict' end
		from unnest($2::bigint[]) with ordinality as u (id, at)
		left join kept k on k.id = u.id left join closed c on c.at = u.at`,
		areas, ids, members, years, ords, amounts, channels, banks, terminals, days, accounts, references, t.at)
	results := t.SendBatch(ctx, batch)
	defer results.Close() //nolint:errcheck // the errors of its queries are what counts
	if _, err := results.Exec(); err != nil {
		return nil, fmt.Errorf("hold terminal days: %w", err)
	}
	rows, err := results.Query()
	if err != nil {
		return nil, fmt.Errorf("keep %d receipts: %w", n, err)
	}
	out := make([]error, n)
	conflicts := false
	var at int
	var what string
	_, err = pgx.ForEachRow(rows, []any{&at, &what}, func() error {
		switch what {
		case "closed":
			out[at-1] = collection.ErrDayClosed.On("paid_on")
		case "conflict":
			out[at-1], conflicts = collection.ErrReference.On("bank_reference"), true
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("keep %d receipts: %w", n, err)
	}
	if !conflicts {
		return out, nil
	}
	if err := results.Close(); err != nil {
		return nil, fmt.Errorf("keep %d receipts: %w", n, err)
	}
	return out, t.tellConflicts(ctx, banks, references, areas, out)
}

// tellConflicts tells a reused bank reference from an ordinal that another
// transaction took first; the latter gives the whole group another try.
func (t *tx) tellConflicts(ctx context.Context, banks, references []string, areas []int32, out []error) error {
	rows, err := t.Query(ctx, `
		select u.at from unnest($1::int[], $2::text[], $3::text[]) with ordinality as u (area, bank, reference, at)
		join counter_receipt r on r.area = u.area and r.bank = u.bank and r.bank_reference = u.reference`,
		areas, banks, references)
	if err != nil {
		return fmt.Errorf("compare receipts: %w", err)
	}
	reused, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return fmt.Errorf("compare receipts: %w", err)
	}
	known := map[int]bool{}
	for _, at := range reused {
		known[at-1] = true
	}
	for i, e := range out {
		if errors.Is(e, collection.ErrReference) && !known[i] {
			return collection.ErrContended
		}
	}
	return nil
}

// CloseTerminalDay implements collection.CounterTx.
func (t *tx) CloseTerminalDay(
	ctx context.Context, area party.Area, d collection.TerminalDay, actor string,
) (collection.TerminalDay, error) {
	_, err := t.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('terminal ' || $1::int || ' ' || $2::text || ' ' ||
		$3::text || ' ' || $4::text, 0))`, int32(area), d.Bank, d.Terminal, d.Day.String())
	if err != nil {
		return d, fmt.Errorf("hold terminal day: %w", err)
	}
	_, err = t.Exec(ctx, `
		insert into terminal_day (area, bank, terminal, day, fund_account, receipts, amount, closed_by, closed_at)
		select $1, $2, $3, $4, $5, count(*), coalesce(sum(amount), 0), $6, $7 from counter_receipt
		where area = $1 and bank = $2 and terminal = $3 and paid_on = $4 and fund_account = $5
		on conflict (area, bank, terminal, day, fund_account) do nothing`,
		area, d.Bank, d.Terminal, d.Day, d.FundAccount, actor, t.at)
	if err != nil {
		return d, fmt.Errorf("close terminal day: %w", err)
	}
	var amount int64
	err = t.QueryRow(ctx, `
		select id, receipts, amount from terminal_day
		where area = $1 and bank = $2 and terminal = $3 and day = $4 and fund_account = $5`,
		area, d.Bank, d.Terminal, d.Day, d.FundAccount).Scan(&d.ID, &d.Receipts, &amount)
	if err != nil {
		return d, fmt.Errorf("close terminal day: %w", err)
	}
	d.Amount = money.Amount(amount)
	return d, nil
}

func (t *tx) lockTerminalDays(ctx context.Context, area party.Area, ids []int64) error {
	_, err := t.Exec(ctx, `
		select pg_advisory_xact_lock(hashtextextended('terminal ' || d.area || ' ' || d.bank || ' ' || d.terminal || ' ' ||
			d.day::text, 0)) from terminal_day d where d.area = $1 and d.id = any($2) order by d.id`, area, ids)
	if err != nil {
		return fmt.Errorf("hold terminal days: %w", err)
	}
	return nil
}

// OpenTerminalDays implements collection.CounterTx.
func (t *tx) OpenTerminalDays(
	ctx context.Context, area party.Area, before calendar.Day,
) ([]collection.TerminalDay, error) {
	rows, err := t.Query(ctx, `
		select distinct r.bank, r.terminal, r.paid_on, r.fund_account from counter_receipt r
		where r.area = $1 and r.paid_on < $2 and not exists (
			select from terminal_day d where d.area = r.area and d.bank = r.bank and d.terminal = r.terminal
			  and d.day = r.paid_on and d.fund_account = r.fund_account)
		order by 3, 1, 2`, area, before)
	if err != nil {
		return nil, fmt.Errorf("open terminal days of area %s: %w", area, err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (d collection.TerminalDay, err error) {
		err = row.Scan(&d.Bank, &d.Terminal, &d.Day, &d.FundAccount)
		return d, err
	})
	if err != nil {
		return nil, fmt.Errorf("open terminal days of area %s: %w", area, err)
	}
	return out, nil
}
