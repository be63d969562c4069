package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/collection"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// listInFlight is SQL that says of line l of an approved list of a part that its money is awaited,
// or arrived and is not dealt with.
func listInFlight(part string) string {
	return `exists (select from contribution_list_approved g join contribution_list k on k.area = g.area and k.id = g.list_id
			and k.part = '` + part + `' where g.area = l.area and g.list_id = l.list_id)
		  and not exists (select from contribution_list_ended x where x.area = l.area and x.list_id = l.list_id)
		  and ` + notDealtWith("l")
}

// ListMembers implements collection.ListTx.
func (t *tx) ListMembers(ctx context.Context, l collection.ContributionList) ([]collection.ListMember, error) {
	found, err := t.membersOfLines(ctx, l.Area, string(l.Scheme), l.Lines)
	if err != nil {
		return nil, err
	}
	return found, t.listDues(ctx, l, found)
}

// membersOfLines finds whom lines name, by position; each line names by one of the three. Of a person's two
// memberships it is the one of the scheme, or else the pension's, which stands last.
func (t *tx) membersOfLines(
	ctx context.Context, area party.Area, scheme string, lines []collection.ListLine,
) ([]collection.ListMember, error) {
	n := len(lines)
	ids, people, numbers := make([]int64, n), make([]string, n), make([]string, n)
	for i, line := range lines {
		ids[i], people[i], numbers[i] = line.Member, line.IDNumber, line.SocialNo
	}
	rows, err := t.Query(ctx, `
		with u as materialized (
			select id, id_number, social_no, at from unnest($2::bigint[], $3::text[], $4::text[]) with ordinality as u (id, id_number, social_no, at))
		select f.at, f.id, f.scheme, f.id_number from (
		select u.at, m.id, m.scheme, m.id_number from u join member m on m.area = $1 and m.id = u.id where u.id <> 0
		union all
		select u.at, m.id, m.scheme, m.id_number from u join member m on m.area = $1 and m.id_number = upper(u.id_number)
		where u.id = 0 and u.id_number <> ''
		union all
		select u.at, m.id, m.scheme, m.id_number from u join member m on m.area = $1 and m.social_no = u.social_no
		where u.id = 0 and u.id_number = '' and u.social_no <> '') f
		order by f.at, f.scheme = $5, f.scheme = 'land_lost' desc`, area, ids, people, numbers, scheme)
	if err != nil {
		return nil, fmt.Errorf("members of %d lines: %w", n, err)
	}
	out := make([]collection.ListMember, n)
	var at int
	var m collection.ListMember
	var number string
	_, err = pgx.ForEachRow(rows, []any{&at, &m.Member, &m.Scheme, &number}, func() error {
		_, person, _ := party.Stored("", number, "")
		// A day that no calendar has is of nobody's age; the registry takes none in.
		m.Born, _ = calendar.ParseCompact(person.Birth())
		out[at-1] = m
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("members of %d lines: %w", n, err)
	}
	return out, nil
}

// listDues fills in what members owe for the list's year. One who stands in the list
// twice owes once.
func (t *tx) listDues(ctx context.Context, l collection.ContributionList, members []collection.ListMember) error {
	n := len(members)
	areas, ids, years := make([]party.Area, n), make([]int64, n), make([]int, n)
	for i, m := range members {
		areas[i], ids[i], years[i] = l.Area, m.Member, l.Year
	}
	dues, err := t.CounterDues(ctx, areas, ids, years)
	if err != nil {
		return err
	}
	for i := range members {
		members[i].Due = dues[i]
	}
	return t.listedBefore(ctx, l, members, ids)
}

// listedBefore fills in what other lists pay for members, and the aid of the year that is credited or on its way.
func (t *tx) listedBefore(
	ctx context.Context, l collection.ContributionList, members []collection.ListMember, ids []int64,
) error {
	rows, err := t.Query(ctx, `
		select u.at, coalesce(k.id, 0), coalesce(p.amount, 0) + coalesce(f.amount, 0)
		from unnest($2::bigint[]) with ordinality as u (member, at)
		left join lateral (
			select min(k.id) as id from contribution_line x
			join contribution_list k on k.area = x.area and k.id = x.list_id and k.id <> $3 and k.kind = $4
				and k.payer = $5 and k.document = $6
			join decision_request q on q.area = k.area and q.kind = 'contribution_list' and q.subject_id = k.id
				and q.state in ('submitted', 'approved')
			where x.area = $1 and x.member_id = u.member and x.year = $7 and not exists (
				select from contribution_list_ended e where e.area = k.area and e.list_id = k.id)) k on true
		left join lateral (
			select sum(case when p.red then -p.amount else p.amount end)::bigint as amount from posting p
			where p.area = $1 and p.member_id = u.member and p.role = 'contribution_collective' and p.year = $7) p on true
		left join lateral (
			select sum(l.amount)::bigint as amount from contribution_line l
			where l.area = $1 and l.member_id = u.member and l.year = $7 and `+listInFlight("collective")+`) f on true
		where u.member <> 0`, l.Area, ids, l.ID, string(l.Kind), l.Payer, l.Document, l.Year)
	if err != nil {
		return fmt.Errorf("other lists of %d members: %w", len(ids), err)
	}
	var at int
	var listed, aid int64
	_, err = pgx.ForEachRow(rows, []any{&at, &listed, &aid}, func() error {
		members[at-1].Listed, members[at-1].Aid = listed, money.Amount(aid)
		return nil
	})
	if err != nil {
		return fmt.Errorf("other lists of %d members: %w", len(ids), err)
	}
	return nil
}

// VoucherUsed implements collection.ListTx. Two requests for one voucher wait for each other.
func (t *tx) VoucherUsed(ctx context.Context, area party.Area, document string, list int64) (bool, error) {
	_, err := t.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('voucher ' || $1::int || ' ' || $2::text, 0))`,
		int32(area), document)
	if err != nil {
		return false, fmt.Errorf("hold voucher: %w", err)
	}
	var used bool
	err = t.QueryRow(ctx, `
		select exists (select from contribution_list k
			join decision_request q on q.area = k.area and q.kind = 'contribution_list' and q.subject_id = k.id
				and q.state in ('submitted', 'approved')
			where k.area = $1 and k.kind = 'tax' and k.document = $2 and k.id <> $3
			  and not exists (select from contribution_list_ended x where x.area = k.area and x.list_id = k.id))`,
		area, document, list).Scan(&used)
	if err != nil {
		return false, fmt.Errorf("look for the lists of a voucher: %w", err)
	}
	return used, nil
}

// AddList implements collection.ListTx.
func (t *tx) AddList(ctx context.Context, l collection.ContributionList) (collection.ContributionList, error) {
	l.AskedAt = t.at
	err := t.QueryRow(ctx, `
		insert into contribution_list (area, kind, scheme, year, fund_account, payer, document, line_count, amount, digest,
			asked_by, asked_at, suspends)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) returning id`,
		l.Area, string(l.Kind), l.Scheme, l.Year, l.FundAccount, l.Payer, l.Document, l.Count, l.Amount.Fen(), l.Digest[:],
		l.AskedBy, t.at, l.Suspends).Scan(&l.ID)
	if err != nil {
		return l, fmt.Errorf("keep a contribution list: %w", err)
	}
	ids, err := t.NewIDs(ctx, len(l.Lines))
	if err != nil {
		return l, err
	}
	_, err = t.CopyFrom(ctx, pgx.Identifier{"contribution_line"},
		[]string{"area", "id", "list_id", "line", "member_id", "year", "amount", "category", "stranger"},
		pgx.CopyFromSlice(len(l.Lines), func(i int) ([]any, error) {
			line := &l.Lines[i]
			return []any{
				int32(l.Area), ids[i], l.ID, int32(line.Line), line.Member, int16(l.Year), //nolint:gosec // bounded
				line.Amount.Fen(), line.Category, line.Stranger,
			}, nil
		}))
	if err != nil {
		return l, fmt.Errorf("keep %d lines of contribution list %d: %w", len(l.Lines), l.ID, err)
	}
	return l, nil
}

// AskListDecision implements collection.ListTx.
func (t *tx) AskListDecision(
	ctx context.Context, by approval.Officer, today calendar.Day, l collection.ContributionList,
) (int64, error) {
	r, err := casework.Submit(ctx, caseworkTx{t}, today, by, casework.Ask{ //nolint:exhaustruct // a list
		Kind: casework.ContributionList, Subject: l.ID, Word: casework.Entered, Document: l.Document,
		DocumentDigest: l.Digest[:],
	})
	return r.ID, err
}

// listColumns are read by scanList. What a list's money and postings are is read from
// the facts, so a list has no state of its own.
const listColumns = `
	select k.area, k.id, k.kind, k.scheme, k.year, k.fund_account, k.payer, k.document, k.line_count, k.amount, k.digest,
		k.asked_by, k.asked_at, coalesce(q.id, 0),
		case when x.list_id is not null then 'ended' when p.done then 'posted' when p.area is not null then 'agreed'
			else coalesce(q.state, 'submitted') end,
		coalesce((select sum(v.amount) from ` + arrivalKnown + ` v where v.area = k.area and v.list_id = k.id), 0)::bigint,
		coalesce(p.posted_count, 0), k.suspends, case when k.suspends then (select count(*) from contribution_line l
			where l.area = k.area and l.list_id = k.id and l.stranger <> '') else 0 end
	from contribution_list k
	left join lateral (select d.id, d.state from decision_request d
		where d.area = k.area and d.kind = 'contribution_list' and d.subject_id = k.id order by d.id desc limit 1) q on true
	left join contribution_list_ended x on x.area = k.area and x.list_id = k.id
	left join agreement g on g.area = k.area and g.subject = 'list' and g.subject_id = k.id
	left join agreement_progress p on p.area = g.area and p.agreement_id = g.id`

func scanList(row pgx.CollectableRow) (l collection.ContributionList, err error) {
	var amount, arrived int64
	var digest []byte
	err = row.Scan(&l.Area, &l.ID, &l.Kind, &l.Scheme, &l.Year, &l.FundAccount, &l.Payer, &l.Document, &l.Count, &amount,
		&digest, &l.AskedBy, &l.AskedAt, &l.Decision, &l.State, &arrived, &l.Posted, &l.Suspends, &l.Strangers)
	copy(l.Digest[:], digest)
	l.Amount, l.Arrived = money.Amount(amount), money.Amount(arrived)
	return l, err
}

// Lists implements collection.Store.
func (s collectionStore) Lists(
	ctx context.Context, f collection.ListFilter,
) (out []collection.ContributionList, err error) {
	err = s.db.Read(ctx, func(t *tx) error {
		rows, err := t.Query(ctx, listColumns+`
			where k.area = $1 and ($2 = 0::bigint or k.id = $2) and ($3 = '' or k.kind = $3) and k.id > $4
			order by k.id limit $5`, f.Area, f.ID, string(f.Kind), f.After, f.Limit)
		if err != nil {
			return fmt.Errorf("contribution lists of area %s: %w", f.Area, err)
		}
		out, err = collect(rows, "contribution lists", scanList)
		return err
	})
	return out, err
}

// ListLines implements collection.Store.
func (s collectionStore) ListLines(
	ctx context.Context, p collection.LinePage,
) (out []collection.LineStanding, err error) {
	err = s.db.Read(ctx, func(t *tx) error {
		rows, err := t.Query(ctx, `
			select l.id, l.line, l.member_id, l.amount, l.category, l.stranger, exists (
				select from posting p where p.area = l.area and p.cause_id = l.id and p.role like 'contribution%' and not p.red),
				exists (select from refund_task r where r.area = l.area and r.cause_id = l.id)
			from contribution_line l where l.area = $1 and l.list_id = $2 and l.line > $3 order by l.line limit $4`,
			p.Area, p.List, p.After, p.Limit)
		if err != nil {
			return fmt.Errorf("lines of contribution list %d: %w", p.List, err)
		}
		out, err = collect(rows, "lines of a contribution list", func(row pgx.CollectableRow) (collection.LineStanding, error) {
			var l collection.LineStanding
			var amount int64
			err := row.Scan(&l.ID, &l.Line, &l.Member, &amount, &l.Category, &l.Stranger, &l.Posted, &l.Refund)
			l.Amount = money.Amount(amount)
			return l, err
		})
		return err
	})
	return out, err
}

// KeptList implements collection.ListTx.
func (t *tx) KeptList(ctx context.Context, area party.Area, id int64) (collection.ContributionList, error) {
	l, err := t.listByID(ctx, area, id)
	if err != nil {
		return l, err
	}
	rows, err := t.Query(ctx, `
		select line, member_id, amount, category, stranger from contribution_line where area = $1 and list_id = $2 order by line`,
		area, id)
	if err != nil {
		return l, fmt.Errorf("lines of contribution list %d: %w", id, err)
	}
	l.Lines, err = collect(rows, "lines of a contribution list", func(row pgx.CollectableRow) (collection.ListLine, error) {
		var line collection.ListLine
		var amount int64
		err := row.Scan(&line.Line, &line.Member, &amount, &line.Category, &line.Stranger)
		line.Amount = money.Amount(amount)
		return line, err
	})
	return l, err
}

func (t *tx) listByID(ctx context.Context, area party.Area, id int64) (collection.ContributionList, error) {
	rows, err := t.Query(ctx, listColumns+` where k.area = $1 and k.id = $2`, area, id)
	if err != nil {
		return collection.ContributionList{}, fmt.Errorf("contribution list %d: %w", id, err) //nolint:exhaustruct // none
	}
	l, err := pgx.CollectExactlyOneRow(rows, scanList)
	if errors.Is(err, pgx.ErrNoRows) {
		return l, collection.ErrListUnknown
	}
	if err != nil {
		return l, fmt.Errorf("contribution list %d: %w", id, err)
	}
	return l, nil
}

// OpenList implements collection.ListTx. Whoever names money or ends a list waits here.
func (t *tx) OpenList(ctx context.Context, area party.Area, id int64) (collection.ContributionList, error) {
	if err := t.holdUnnamed(ctx, area); err != nil {
		return collection.ContributionList{}, err //nolint:exhaustruct // none
	}
	l, err := t.listByID(ctx, area, id)
	if err == nil && l.State != collection.ListApproved {
		err = collection.ErrListClosed.With("the list is %s", l.State)
	}
	return l, err
}

// NameList implements collection.ListTx.
func (t *tx) NameList(ctx context.Context, area party.Area, a collection.Arrival, n collection.NamedList) error {
	_, err := t.Exec(ctx, `
		insert into contribution_list_money (area, arrival_id, list_id, named_by, reason, named_at)
		values ($1, $2, $3, $4, $5, $6)`, area, a.ID, n.List, n.By, n.Reason, t.at)
	if err != nil {
		return fmt.Errorf("name the list of arrival %s: %w", a.BankReference, err)
	}
	return nil
}

// EndList implements collection.ListTx.
func (t *tx) EndList(ctx context.Context, area party.Area, id int64, by, reason string) error {
	_, err := t.Exec(ctx, `
		insert into contribution_list_ended (area, list_id, reason, ended_by, ended_at) values ($1, $2, $3, $4, $5)`,
		area, id, reason, by, t.at)
	if err != nil {
		return fmt.Errorf("end contribution list %d: %w", id, err)
	}
	return nil
}

// AboutContributions implements casework.FlowTx.
func (t caseworkTx) AboutContributions(
	ctx context.Context, area party.Area, list int64, today calendar.Day,
) (string, error) {
	l, err := collection.ListToDecide(ctx, t.tx, today, area, list)
	if err != nil {
		return "", err
	}
	return l.About(), nil
}

// EnterContributions implements casework.FlowTx.
func (t caseworkTx) EnterContributions(ctx context.Context, r casework.Request) error {
	tag, err := t.Exec(ctx, `
		insert into contribution_list_approved (area, list_id, kind, document, decision_id, approved_at)
		select area, id, kind, document, $3, $4 from contribution_list where area = $1 and id = $2`,
		r.Area, r.Subject, r.ID, t.at)
	if isUnique(err, "contribution_list_voucher") {
		return collection.ErrVoucher.Because(err)
	}
	if err == nil && tag.RowsAffected() != 1 {
		err = errors.New("the list is gone")
	}
	if err != nil {
		return fmt.Errorf("enter contribution list %d: %w", r.Subject, err)
	}
	return nil
}

// listSumsSQL is what a list holds beyond its agreement, of which there is at most one.
const listSumsSQL = `
	select k.line_count - coalesce(g.n, 0), k.amount - coalesce(g.amount, 0), coalesce(v.amount, 0) - coalesce(g.amount, 0),
		coalesce((select max(l.id) from contribution_line l where l.area = k.area and l.list_id = k.id), 0), k.fund_account
	from contribution_list k
	left join lateral (select sum(item_count)::int as n, sum(amount)::bigint as amount from agreement
		where area = k.area and subject = 'list' and subject_id = k.id) g on true
	left join lateral (select sum(amount)::bigint as amount from ` + arrivalKnown + ` v
		where v.area = k.area and v.list_id = k.id) v on true
	where k.area = $1 and k.id = $2`
