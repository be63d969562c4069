package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/personal"
)

// Statements implements personal.StatementTx. A page of members takes four statements,
// however many they are.
func (t personalTx) Statements(ctx context.Context, f personal.StatementFilter) ([]personal.Statement, error) {
	rows, err := t.Query(ctx, `
		select id, name, id_number, social_no, region, scheme, coalesce((
			select y.years from service_years y where y.area = $1 and y.member_id = member.id order by y.id desc limit 1), 0), (
			select coalesce(sum(f.old_scheme), 0)::bigint from member_transfer f
			join member_transfer_posted p on p.area = f.area and p.transfer_id = f.id
				and p.effective_on < make_date($6::int + 1, 1, 1)
			where f.area = $1 and f.member_id = member.id and f.direction = 'in' and not exists (
				select from member_end e
				left join member_returned r on r.area = e.area and r.member_id = e.member_id and r.nth = e.nth
					and r.reason = 'money_back' and r.returned_on < make_date($6::int + 1, 1, 1)
				where e.area = f.area and e.member_id = f.member_id and e.ended_on < make_date($6::int + 1, 1, 1)
					and e.ended_on >= p.effective_on and r.area is null))
		from member
		where area = $1 and ($2 = 0::bigint or id = $2) and ($3 = 0::bigint or region = $3
			or $3 % 1000 = 0 and region / 1000 = $3 / 1000) and id > $4 order by id limit $5`, f.Area, f.Member,
		int64(f.Region), f.After, f.Limit, f.Year)
	if err != nil {
		return nil, fmt.Errorf("members of statements: %w", err)
	}
	list, err := collect(rows, "members of statements", func(row pgx.CollectableRow) (s personal.Statement, err error) {
		var name, number string
		var old int64
		s.Year = f.Year
		err = row.Scan(&s.Member, &name, &number, &s.SocialNo, &s.Region, &s.Scheme, &s.YearsPaid, &old)
		s.OldScheme = money.Amount(old)
		s.Name, s.IDNumber, _ = party.Stored(name, number, "")
		return s, err
	})
	if err != nil || len(list) == 0 {
		return list, err
	}
	at := make(map[int64]*personal.Statement, len(list))
	for i := range list {
		at[list[i].Member] = &list[i]
	}
	members := column(list, func(s personal.Statement) int64 { return s.Member })
	if err := t.statementLines(ctx, f, members, at); err != nil {
		return nil, err
	}
	return list, t.statementInterest(ctx, f, members, at)
}

// bankedSQL is SQL for the bank's numbers of the movements behind bookings m of area $1: of the
// answer or the receipt, of the money of the list or transfer, of the subsidies of a year. Of
// several the first is told, and how many more there are.
const bankedSQL = `
	select cause, (array_agg(reference order by id))[1]
		|| case when count(distinct reference) > 1 then ' +' || count(distinct reference) - 1 else '' end as reference
	from (
		select m.cause, a.id, a.bank_reference as reference
		from moved m join answer a on a.area = $1 and a.item_id = m.cause and a.disposition = 'recorded'
		union all
		select m.cause, c.id, c.bank_reference from moved m join counter_receipt c on c.area = $1 and c.id = m.cause
		union all
		select m.cause, v.id, v.bank_reference
		from moved m join contribution_line l on l.area = $1 and l.id = m.cause
		join contribution_list_money y on y.area = l.area and y.list_id = l.list_id and not exists (
			select from contribution_list_money n where n.area = y.area and n.arrival_id = y.arrival_id and n.id > y.id)
		join arrival v on v.area = y.area and v.id = y.arrival_id
		union all
		select m.cause, r.id, r.bank_reference
		from moved m join member_transfer_receipt r on r.area = $1 and r.transfer_id = m.cause and m.kind = 'transfer_in'
		union all
		select m.cause, r.id, r.bank_reference
		from moved m join member_transfer_receipt r on r.area = $1 and r.id = m.cause and m.kind = 'transfer_out'
		union all
		select m.cause, f.id, f.bank_reference
		from moved m join subsidy_run_approved s on s.area = $1 and s.year = m.year and m.kind = 'account_subsidy'
		join subsidy_line l on l.area = s.area and l.run_id = s.run_id and l.member_id = m.member_id and l.id = m.cause
		join subsidy_arrival v on v.area = l.area and v.run_id = l.run_id and not exists (
			select from subsidy_arrival_withdrawn w where w.area = v.area and w.arrival_id = v.id)
		join fund_transfer f on f.area = v.area and f.id = v.transfer_id) b
	where reference <> '' group by cause`

// statementLines reads what stood at the year's beginning and each booking since, with the
// bank's number.
func (t personalTx) statementLines(
	ctx context.Context, f personal.StatementFilter, members []int64, at map[int64]*personal.Statement,
) error {
	first, err := calendar.Date(f.Year, 1, 1)
	if err != nil {
		return fmt.Errorf("year %d: %w", f.Year, err)
	}
	rows, err := t.Query(ctx, `
		with line as materialized (
			select p.member_id, p.entry_id, p.effective_on, p.kind, p.role, p.cause_id, p.batch_id, p.year,
				p.effective_on < $3 or p.kind = 'opening' and p.effective_on = $3 as before,
				case when (p.side = 'credit') <> p.red then p.amount else -p.amount end as amount
			from posting p
			where p.area = $1 and p.member_id = any($2) and p.role in `+memberRoles+` and p.effective_on <= $4),
		paid as (
			select member_id, count(*) as years from (
				select member_id, year from line where role = 'personal_individual' and year is not null
				group by member_id, year having sum(amount) > 0) y
			group by member_id),
		moved as (
			select member_id, before, case when before then null else entry_id end as entry,
				case when before then null else cause_id end as cause, min(effective_on) as day, min(kind) as kind,
				coalesce(max(year), 0) as year, coalesce(max(batch_id), 0) as batch,
				coalesce(sum(amount) filter (where role = 'personal_individual'), 0)::bigint as individual,
				coalesce(sum(amount) filter (where role = 'personal_collective'), 0)::bigint as collective,
				coalesce(sum(amount) filter (where role = 'personal_subsidy'), 0)::bigint as subsidy,
				coalesce(sum(amount) filter (where role = 'personal_interest'), 0)::bigint as interest
			from line group by 1, 2, 3, 4),
		banked as (`+bankedSQL+`)
		select m.member_id, m.before, coalesce(m.entry, 0), coalesce(m.cause, 0), m.day, m.kind, m.year, m.batch,
			m.individual, m.collective, m.subsidy, m.interest, coalesce(y.years, 0),
			coalesce(b.reference, '')
		from moved m
		left join paid y on y.member_id = m.member_id
		left join banked b on b.cause = m.cause
		order by m.member_id, m.before desc, m.day, m.entry, m.cause`, f.Area, members, first,
		first.AddMonths(12).AddDays(-1))
	if err != nil {
		return fmt.Errorf("lines of statements: %w", err)
	}
	var l personal.StatementLine
	var member int64
	var before bool
	var years int
	earlier := make(map[int64]int, len(at))
	for id, s := range at {
		earlier[id] = s.YearsPaid
	}
	into := []any{
		&member, &before, &l.Entry, &l.Cause, &l.Day, &l.Kind, &l.Year, &l.Batch, &l.Parts.Individual, &l.Parts.Collective,
		&l.Parts.Subsidy, &l.Parts.Interest, &years, &l.BankReference,
	}
	_, err = pgx.ForEachRow(rows, into, func() error {
		s := at[member]
		s.YearsPaid = earlier[member] + years
		s.Closing.Individual += l.Parts.Individual
		s.Closing.Collective += l.Parts.Collective
		s.Closing.Subsidy += l.Parts.Subsidy
		s.Closing.Interest += l.Parts.Interest
		if before {
			s.Opening = l.Parts
			return nil
		}
		s.Lines = append(s.Lines, l)
		return nil
	})
	if err != nil {
		return fmt.Errorf("lines of statements: %w", err)
	}
	return nil
}

func (t personalTx) statementInterest(
	ctx context.Context, f personal.StatementFilter, members []int64, at map[int64]*personal.Statement,
) error {
	rows, err := t.Query(ctx, `
		select l.member_id, r.id, r.rate, r.round, r.percent, r.rate_document, l.amount
		from interest_run_approved a
		join interest_run r on r.area = a.area and r.id = a.run_id
		join interest_line l on l.area = a.area and l.run_id = a.run_id and l.member_id = any($2)
		where a.area = $1 and a.year = $3 and l.amount <> 0 order by l.member_id, r.id`, f.Area, members, f.Year)
	if err != nil {
		return fmt.Errorf("interest of statements: %w", err)
	}
	var member int64
	var i personal.StatementInterest
	_, err = pgx.ForEachRow(rows, []any{&member, &i.Run, &i.Rate, &i.Round, &i.Percent, &i.Document, &i.Amount}, func() error {
		at[member].Interest = append(at[member].Interest, i)
		return nil
	})
	if err != nil {
		return fmt.Errorf("interest of statements: %w", err)
	}
	return nil
}
