package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

// Members implements registry.PeopleTx.
func (t registryTx) Members(
	ctx context.Context, area party.Area, ids []party.IDNumber, socialNos []string,
) ([]registry.Member, error) {
	rows, err := t.Query(ctx, `
		select id, id_number, social_no, name, region, scheme, joined_on from member
		where area = $1 and id_number = any($2)
		union
		select id, id_number, social_no, name, region, scheme, joined_on from member
		where area = $1 and social_no = any($3)`, area,
		column(ids, party.IDNumber.Plain), socialNos)
	if err != nil {
		return nil, fmt.Errorf("read members: %w", err)
	}
	return collect(rows, "members", func(row pgx.CollectableRow) (m registry.Member, err error) {
		var idNumber, name string
		err = row.Scan(&m.ID, &idNumber, &m.SocialNo, &name, &m.Region, &m.Scheme, &m.JoinedOn)
		m.Name, m.IDNumber, _ = party.Stored(name, idNumber, "")
		return m, err
	})
}

// otherMembership stands where a table would: the memberships of those who draw the allowance of land-lost
// farmers beside a pension, each with the person's other one.
const otherMembership = `(
	select f.area, f.id as member_id, p.id as other from member f
	join member p on p.area = f.area and p.id_number = f.id_number and p.scheme <> 'land_lost'
	where f.scheme = 'land_lost'
	union all
	select f.area, p.id, f.id from member f
	join member p on p.area = f.area and p.id_number = f.id_number and p.scheme <> 'land_lost'
	where f.scheme = 'land_lost')`

// InsertMembers implements registry.PeopleTx. A death that stands reported for a person's other membership
// stands for the new one too.
func (t registryTx) InsertMembers(ctx context.Context, area party.Area, rows []registry.Member) error {
	if err := t.holdMemberships(ctx, area); err != nil {
		return err
	}
	if err := t.addMembers(ctx, area, rows); err != nil {
		return err
	}
	_, err := t.Exec(ctx, `
		insert into death_notice (area, member_id, died_on, source, document, entered_by, entered_at)
		select n.area, m.id, n.died_on, n.source, n.document, n.entered_by, $3
		from `+otherMembership+` o
		join member m on m.area = o.area and m.id = o.member_id and m.id_number = any($2)
		join death_notice n on n.area = o.area and n.member_id = o.other
		where o.area = $1 and not exists (select from death_withdrawn w where w.area = n.area and w.notice_id = n.id)
		on conflict do nothing`, area, column(rows, func(m registry.Member) string { return m.IDNumber.Plain() }), t.at)
	if err != nil {
		return fmt.Errorf("deaths of new members of area %s: %w", area, err)
	}
	return nil
}

// holdMemberships makes those who tell of deaths and those who enrol members wait for each other, to the end of
// the transaction: a membership that neither saw would live on.
func (t registryTx) holdMemberships(ctx context.Context, area party.Area) error {
	_, err := t.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('memberships ' || $1::int, 0))`, int32(area))
	if err != nil {
		return fmt.Errorf("wait for memberships and deaths of area %s: %w", area, err)
	}
	return nil
}

func (t registryTx) addMembers(ctx context.Context, area party.Area, rows []registry.Member) error {
	return t.insertAll(ctx, "members", len(rows), `
		insert into member (area, id_number, social_no, name, region, scheme, joined_on)
		select $1, u.* from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::date[]) as u
		on conflict do nothing`, area,
		column(rows, func(m registry.Member) string { return m.IDNumber.Plain() }),
		column(rows, func(m registry.Member) string { return m.SocialNo }),
		column(rows, func(m registry.Member) string { return m.Name.Plain() }),
		column(rows, func(m registry.Member) party.Region { return m.Region }),
		column(rows, func(m registry.Member) string { return string(m.Scheme) }),
		column(rows, func(m registry.Member) calendar.Day { return m.JoinedOn }))
}

func banksOf(numbers []registry.BankNumber) []string {
	return column(numbers, func(n registry.BankNumber) string { return n.Bank })
}

func numbersOf(numbers []registry.BankNumber) []string {
	return column(numbers, func(n registry.BankNumber) string { return n.Number })
}

// Instruments implements registry.PeopleTx.
func (t registryTx) Instruments(
	ctx context.Context, area party.Area, members []int64, numbers []registry.BankNumber,
) ([]registry.Instrument, error) {
	rows, err := t.Query(ctx, `
		select id, member_id, bank, kind, account_no, activated, for_payout, opened_on from instrument
		where area = $1 and member_id = any($2) and ended_on is null
		union
		select i.id, i.member_id, i.bank, i.kind, i.account_no, i.activated, i.for_payout, i.opened_on
		from unnest($3::text[], $4::text[]) as u (bank, number)
		join instrument i on i.area = $1 and i.bank = u.bank and i.account_no = u.number and i.ended_on is null
		order by 1`, area, members, banksOf(numbers), numbersOf(numbers))
	if err != nil {
		return nil, fmt.Errorf("read instruments: %w", err)
	}
	return collect(rows, "instruments", func(row pgx.CollectableRow) (i registry.Instrument, err error) {
		var number string
		err = row.Scan(&i.ID, &i.Member, &i.Bank, &i.Kind, &number, &i.Activated, &i.ForPayout, &i.OpenedOn)
		_, _, i.AccountNo = party.Stored("", "", number)
		return i, err
	})
}

// InsertInstruments implements registry.PeopleTx. An id of 0 is given here.
func (t registryTx) InsertInstruments(ctx context.Context, area party.Area, rows []registry.Instrument) error {
	return t.insertAll(ctx, "instruments", len(rows), `
		insert into instrument (area, id, member_id, bank, kind, account_no, activated, for_payout, opened_on)
		select $1, coalesce(nullif(u.id, 0), nextval('fact_id')), u.member, u.bank, u.kind, u.account_no, u.activated,
			u.for_payout, u.opened_on
		from unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::boolean[], $8::boolean[],
			$9::date[]) as u (id, member, bank, kind, account_no, activated, for_payout, opened_on)
		on conflict do nothing`, area,
		column(rows, func(i registry.Instrument) int64 { return i.ID }),
		column(rows, func(i registry.Instrument) int64 { return i.Member }),
		column(rows, func(i registry.Instrument) string { return i.Bank }),
		column(rows, func(i registry.Instrument) string { return string(i.Kind) }),
		column(rows, func(i registry.Instrument) string { return i.AccountNo.Plain() }),
		column(rows, func(i registry.Instrument) bool { return i.Activated }),
		column(rows, func(i registry.Instrument) bool { return i.ForPayout }),
		column(rows, func(i registry.Instrument) calendar.Day { return i.OpenedOn }))
}

// Mandates implements registry.PeopleTx.
func (t registryTx) Mandates(
	ctx context.Context, area party.Area, members []int64, numbers []registry.BankNumber,
) ([]registry.Mandate, error) {
	rows, err := t.Query(ctx, `
		select id, member_id, instrument_id, bank, number, signed_on, ended_on from mandate
		where area = $1 and member_id = any($2) and ended_on is null
		union
		(select distinct on (m.bank, m.number) m.id, m.member_id, m.instrument_id, m.bank, m.number, m.signed_on,
			m.ended_on
		from unnest($3::text[], $4::text[]) as u (bank, number)
		join mandate m on m.area = $1 and m.bank = u.bank and m.number = u.number
		order by m.bank, m.number, m.id desc)
		order by 1`, area, members, banksOf(numbers), numbersOf(numbers))
	if err != nil {
		return nil, fmt.Errorf("read mandates: %w", err)
	}
	return collect(rows, "mandates", func(row pgx.CollectableRow) (m registry.Mandate, err error) {
		err = row.Scan(&m.ID, &m.Member, &m.Instrument, &m.Bank, &m.Number, &m.SignedOn, &m.EndedOn)
		return m, err
	})
}

// InsertMandates implements registry.PeopleTx. An id of 0 is given here.
func (t registryTx) InsertMandates(ctx context.Context, area party.Area, rows []registry.Mandate) error {
	return t.insertAll(ctx, "mandates", len(rows), `
		insert into mandate (area, id, member_id, instrument_id, bank, number, signed_on)
		select $1, coalesce(nullif(u.id, 0), nextval('fact_id')), u.member, u.instrument, u.bank, u.number, u.signed_on
		from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::date[])
			as u (id, member, instrument, bank, number, signed_on)
		on conflict do nothing`, area,
		column(rows, func(m registry.Mandate) int64 { return m.ID }),
		column(rows, func(m registry.Mandate) int64 { return m.Member }),
		column(rows, func(m registry.Mandate) int64 { return m.Instrument }),
		column(rows, func(m registry.Mandate) string { return m.Bank }),
		column(rows, func(m registry.Mandate) string { return m.Number }),
		column(rows, func(m registry.Mandate) calendar.Day { return m.SignedOn }))
}

// EndMandate implements registry.CustomerTx.
func (t registryTx) EndMandate(ctx context.Context, area party.Area, m registry.Mandate) error {
	tag, err := t.Exec(ctx, `update mandate set ended_on = $3 where area = $1 and id = $2 and ended_on is null`,
		area, m.ID, m.EndedOn)
	if err != nil {
		return fmt.Errorf("end mandate %d: %w", m.ID, err)
	}
	if tag.RowsAffected() != 1 {
		return registry.ErrContended
	}
	return nil
}

// chosenTier is the amounts that members chose for years, as they hold: the last one where
// one was chosen anew; it stands where a table would.
const chosenTier = `(
	select o.area, o.member_id, o.year, coalesce(n.amount, o.amount) as amount,
		coalesce(n.chosen_on, o.chosen_on) as chosen_on
	from tier_choice o left join tier_change n on n.area = o.area and n.year = o.year and n.member_id = o.member_id
		and not exists (select from tier_change x where x.area = n.area and x.year = n.year and x.member_id = n.member_id
			and x.ordinal = n.ordinal + 1))`

// everyChoice is all that members chose for years, the first of a year with ordinal 0.
const everyChoice = `(
	select area, member_id, year, 0 as ordinal, amount, chosen_on, '' as entered_by from tier_choice
	union all
	select area, member_id, year, ordinal, amount, chosen_on, entered_by from tier_change)`

// TierChoices implements registry.TierTx.
func (t registryTx) TierChoices(
	ctx context.Context, area party.Area, members []int64,
) ([]registry.TierChoice, error) {
	rows, err := t.Query(ctx, `
		select c.member_id, c.year, c.amount, c.chosen_on from `+everyChoice+` c
		where c.area = $1 and c.member_id = any($2) order by c.member_id, c.year, c.ordinal`, area, members)
	if err != nil {
		return nil, fmt.Errorf("read chosen tiers: %w", err)
	}
	return collect(rows, "chosen tiers", func(row pgx.CollectableRow) (c registry.TierChoice, err error) {
		err = row.Scan(&c.Member, &c.Year, &c.Amount, &c.ChosenOn)
		return c, err
	})
}

// LeftOn implements registry.TierTx.
func (t registryTx) LeftOn(ctx context.Context, area party.Area, members []int64) (map[int64]registry.Away, error) {
	rows, err := t.Query(ctx, `
		select u.member, e.ended_on, r.returned_on from unnest($2::bigint[]) as u (member)
		left join `+leftStands+` e on e.area = $1 and e.member_id = u.member
		left join lateral (
			select max(r.returned_on) as returned_on from member_returned r
			where r.area = $1 and r.member_id = u.member and r.reason <> 'money_back') r on true
		where e.ended_on is not null or r.returned_on is not null`, area, members)
	if err != nil {
		return nil, fmt.Errorf("read who left: %w", err)
	}
	left := make(map[int64]registry.Away)
	var member int64
	var ended, back *calendar.Day
	_, err = pgx.ForEachRow(rows, []any{&member, &ended, &back}, func() error {
		left[member] = registry.Away{Left: dayOrNone(ended), Back: dayOrNone(back)}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read who left: %w", err)
	}
	return left, nil
}

// TiersOf implements registry.TierTx.
func (t registryTx) TiersOf(ctx context.Context, area party.Area, member int64) ([]registry.KeptChoice, error) {
	if err := t.memberKnown(ctx, area, member); err != nil {
		return nil, err
	}
	rows, err := t.Query(ctx, `
		select c.member_id, c.year, c.amount, c.chosen_on, c.entered_by,
			c.ordinal = max(c.ordinal) over (partition by c.year)
		from `+everyChoice+` c where c.area = $1 and c.member_id = $2 order by c.year, c.ordinal`, area, member)
	if err != nil {
		return nil, fmt.Errorf("read what member %d chose: %w", member, err)
	}
	return collect(rows, "choices of a member", func(row pgx.CollectableRow) (c registry.KeptChoice, err error) {
		err = row.Scan(&c.Member, &c.Year, &c.Amount, &c.ChosenOn, &c.EnteredBy, &c.Holds)
		return c, err
	})
}

// TiersUnpaid implements registry.TierTx. Runs and lists of the years, and payments at
// counters, wait until the transaction ends.
func (t registryTx) TiersUnpaid(
	ctx context.Context, area party.Area, rows []registry.TierChoice,
) ([]bool, error) {
	areas := slices.Repeat([]party.Area{area}, len(rows))
	years := column(rows, func(c registry.TierChoice) int { return c.Year })
	if err := t.HoldDues(ctx, areas, years); err != nil {
		return nil, err
	}
	members := column(rows, func(c registry.TierChoice) int64 { return c.Member })
	dues, err := t.CounterDues(ctx, areas, members, years)
	return column(dues, func(d collection.CounterDue) bool { return d.Posted+d.Receipts+d.InFlight == 0 }), err
}

// ChangeTiers implements registry.TierTx.
func (t registryTx) ChangeTiers(
	ctx context.Context, area party.Area, by string, rows []registry.TierChange,
) error {
	type row = registry.TierChange
	return t.insertAll(ctx, "amounts chosen anew", len(rows), `
		insert into tier_change (area, member_id, year, ordinal, was, amount, chosen_on, entered_by, entered_at)
		select $1, u.*, $8, $9
		from unnest($2::bigint[], $3::smallint[], $4::smallint[], $5::bigint[], $6::bigint[], $7::date[]) as u
		on conflict do nothing`, area,
		column(rows, func(c row) int64 { return c.Member }), column(rows, func(c row) int { return c.Year }),
		column(rows, func(c row) int { return c.Ordinal }), column(rows, func(c row) int64 { return c.Was.Fen() }),
		column(rows, func(c row) int64 { return c.Amount.Fen() }),
		column(rows, func(c row) calendar.Day { return c.ChosenOn }), by, t.at)
}

// InsertTierChoices implements registry.TierTx.
func (t registryTx) InsertTierChoices(ctx context.Context, area party.Area, rows []registry.TierChoice) error {
	return t.insertAll(ctx, "chosen tiers", len(rows), `
		insert into tier_choice (area, member_id, year, amount, chosen_on)
		select $1, u.* from unnest($2::bigint[], $3::smallint[], $4::bigint[], $5::date[]) as u
		on conflict do nothing`, area,
		column(rows, func(c registry.TierChoice) int64 { return c.Member }),
		column(rows, func(c registry.TierChoice) int { return c.Year }),
		column(rows, func(c registry.TierChoice) int64 { return c.Amount.Fen() }),
		column(rows, func(c registry.TierChoice) calendar.Day { return c.ChosenOn }))
}

// AreasOf implements registry.CustomerTx.
func (t registryTx) AreasOf(ctx context.Context, bank string) ([]party.Area, error) {
	rows, err := t.Query(ctx, `select area from bank where bank = $1 order by area`, bank)
	if err != nil {
		return nil, fmt.Errorf("areas of bank %s: %w", bank, err)
	}
	return collect(rows, "areas of a bank", pgx.RowTo[party.Area])
}

// Dues implements registry.CustomerTx.
func (t *tx) Dues(ctx context.Context, area party.Area, members []int64, year int) ([]registry.Due, error) {
	n := len(members)
	dues, err := t.CounterDues(ctx, slices.Repeat([]party.Area{area}, n), members, slices.Repeat([]int{year}, n))
	if err != nil {
		return nil, err
	}
	return column(dues, func(d collection.CounterDue) registry.Due {
		return registry.Due{
			Member: d.Member, Year: d.Year, Chosen: d.Chosen, Posted: d.Posted, Receipts: d.Receipts, InFlight: d.InFlight,
		}
	}), nil
}
