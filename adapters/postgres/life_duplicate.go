package postgres

import (
	"context"
	"fmt"

	"twoline/gateway/calendar"
	"twoline/gateway/party"
)

// mostDuplicates bounds what one statement opens.
const mostDuplicates = 1000

// twiceSQL are CTEs of the members of area $1 who are a person that is registered elsewhere
// too, in this area or another, and who came second: whose pension began later, or who joined
// later where none draws one. They are found by the same id number, by an old one of 15 digits
// that stands as social-security number, or by name, day of birth and account. Who left is not
// registered any more; a pair is told once, whichever of them is second today. The allowance of land-lost
// farmers is drawn beside a pension, and is no second one.
const twiceSQL = `
	with hit as materialized (
		select m.id as member, o.area as other_area, o.id as other, 'id number' as ground
		from member m join member o on left(o.id_number, 17) = left(m.id_number, 17)
		where m.area = $1 and (o.area, o.id) <> (m.area, m.id)
		union all
		select m.id, o.area, o.id, 'old id number'
		from member m join member o on left(o.id_number, 17) = left(m.social_no, 6) || '19' || right(m.social_no, 9)
		where m.area = $1 and length(m.social_no) = 15 and m.social_no ~ '^[0-9]+$' and (o.area, o.id) <> (m.area, m.id)
		union all
		select m.id, o.area, o.id, 'old id number'
		from member m join member o on length(o.social_no) = 15 and substr(m.id_number, 7, 2) = '19'
			and o.social_no = left(m.id_number, 6) || substr(m.id_number, 9, 9)
		where m.area = $1 and (o.area, o.id) <> (m.area, m.id)
		union all
		select m.id, o.area, o.id, 'name, day of birth and account'
		from instrument i
		join instrument j on j.account_no = i.account_no and j.bank = i.bank and j.ended_on is null
			and j.holder_name is null and (j.area, j.member_id) <> (i.area, i.member_id)
		join member m on m.area = i.area and m.id = i.member_id
		join member o on o.area = j.area and o.id = j.member_id and o.name = m.name
			and substr(o.id_number, 7, 8) = substr(m.id_number, 7, 8)
		where i.area = $1 and i.ended_on is null and i.holder_name is null),
	pair as (
		select h.member, h.other_area, h.other, min(h.ground) as ground,
			'member:' || h.member || ':' || h.other_area || ':' || h.other as subject
		from hit h group by h.member, h.other_area, h.other),
	twice as materialized (
		select p.member, p.other_area, p.other, p.ground, p.subject, m.social_no, o.social_no as other_no
		from pair p
		join member m on m.area = $1 and m.id = p.member
		join member o on o.area = p.other_area and o.id = p.other
		cross join lateral (select
			coalesce((select min(from_month) from entitlement s where s.area = m.area and s.member_id = m.id and s.amount > 0),
				'infinity') as started,
			coalesce((select min(from_month) from entitlement s where s.area = o.area and s.member_id = o.id and s.amount > 0),
				'infinity') as other_started) s
		where not (m.id_number = o.id_number and (m.scheme = 'land_lost') <> (o.scheme = 'land_lost'))
		  and (s.started, m.joined_on, m.area, m.id) > (s.other_started, o.joined_on, o.area, o.id)
		  and not exists (select from ` + leftStands + ` e where (e.area, e.member_id) in ((m.area, m.id), (o.area, o.id)))
		  and not exists (select from exception_case k where k.kind = 'duplicate_identity' and (k.area, k.subject) in
			(($1, p.subject), (p.other_area, 'member:' || p.other || ':' || $1::int || ':' || p.member)))
		order by p.member, p.other_area, p.other limit $2)`

// lookAgainDays is after how many days a look is made though no member and no account is new:
// names and numbers of old ones change too.
const lookAgainDays = 90

// nothingNew says that no member and no account came since the last look, keeping how far this
// one goes where any did.
func (t lifeTx) nothingNew(ctx context.Context, area party.Area, today calendar.Day) (bool, error) {
	tag, err := t.Exec(ctx, `
		with reached as (
			select coalesce(max((select max(m.id) from member m where m.area = a.area)), 0) as members,
				coalesce(max((select max(i.id) from instrument i where i.area = a.area)), 0) as instruments from area a)
		insert into identity_look (area, looked_on, members_through, instruments_through, entered_at)
		select $1, $2, r.members, r.instruments, $3 from reached r
		where not exists (select from (
				select l.looked_on, l.members_through, l.instruments_through from identity_look l
				where l.area = $1 order by l.id desc limit 1) l
			where l.members_through >= r.members and l.instruments_through >= r.instruments and l.looked_on > $2::date - $4::int)`,
		area, today, t.at, lookAgainDays)
	if err != nil {
		return false, fmt.Errorf("who is new in area %s: %w", area, err)
	}
	return tag.RowsAffected() == 0, nil
}

// HoldDuplicates implements lifeevent.WatchTx. Looks wait for each other and for releases of
// runs only where there is somebody to hold.
func (t lifeTx) HoldDuplicates(ctx context.Context, area party.Area, today calendar.Day) error {
	if err := t.endDuplicates(ctx, area); err != nil {
		return err
	}
	if none, err := t.nothingNew(ctx, area, today); err != nil || none {
		return err
	}
	for {
		n, err := t.holdDuplicates(ctx, area, today)
		if err != nil || n < mostDuplicates {
			return err
		}
	}
}

// holdDuplicates opens the next cases and returns how many.
func (t lifeTx) holdDuplicates(ctx context.Context, area party.Area, today calendar.Day) (n int, err error) {
	err = t.QueryRow(ctx, twiceSQL+` select count(*) from twice`, area, mostDuplicates).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("who is registered twice in area %s: %w", area, err)
	}
	if n == 0 {
		return 0, nil
	}
	if err := registryTx(t).holdAllRuns(ctx, area); err != nil {
		return 0, err
	}
	_, err = t.Exec(ctx, twiceSQL+`,
		opened as (
			insert into exception_case (area, kind, subject, bank, text, opened_on, opened_at)
			select $1, 'duplicate_identity', w.subject, '', 'member ' || w.member || ' (' || w.social_no || ') and member '
				|| w.other || ' (' || w.other_no || ') of area ' || w.other_area || ' have the same ' || w.ground
				|| '; payments of the first are held until two people release them', ($3::timestamptz at time zone
				'Asia/Shanghai')::date, $3
			from twice w
			on conflict (area, kind, subject) do nothing returning subject)
		insert into payment_hold (area, member_id, reason, from_month, text, opened_by, opened_at)
		select distinct on (w.member) $1::int, w.member, 'duplicate_identity', $4::date, 'the same person as member ' || w.other
			|| ' of area ' || w.other_area || ', by ' || w.ground, 'job', $3::timestamptz
		from twice w join opened o on o.subject = w.subject
		where not exists (select from payment_hold h where h.area = $1 and h.member_id = w.member
			and h.reason = 'duplicate_identity' and not exists (
				select from hold_release x where x.area = h.area and x.hold_id = h.id and x.state = 'approved'))
		order by w.member, w.other_area, w.other`, area, mostDuplicates, t.at, today.Month().First())
	if err != nil {
		return 0, fmt.Errorf("hold who is registered twice in area %s: %w", area, err)
	}
	return n, nil
}

// endDuplicates closes the cases of members whom no such hold keeps any more, because two
// people released it, or of whom one left.
func (t lifeTx) endDuplicates(ctx context.Context, area party.Area) error {
	_, err := t.Exec(ctx, `
		insert into exception_closed (area, case_id, text, closed_by, closed_at)
		select c.area, c.id, 'the hold was released, or a membership ended', 'job', $2
		from exception_case c
		cross join lateral (select split_part(c.subject, ':', 2)::bigint as member, split_part(c.subject, ':', 3)::int as other_area,
			split_part(c.subject, ':', 4)::bigint as other) s
		where c.area = $1 and c.kind = 'duplicate_identity'
		  and not exists (select from exception_closed x where x.area = c.area and x.case_id = c.id)
		  and (not exists (select from payment_hold h where h.area = $1 and h.member_id = s.member
				and h.reason = 'duplicate_identity' and not exists (
					select from hold_release x where x.area = h.area and x.hold_id = h.id and x.state = 'approved'))
			or exists (select from `+leftStands+` e where (e.area, e.member_id) in ((c.area, s.member), (s.other_area, s.other))))
		on conflict do nothing`, area, t.at)
	if err != nil {
		return fmt.Errorf("close cases of who is registered twice in area %s: %w", area, err)
	}
	return nil
}
