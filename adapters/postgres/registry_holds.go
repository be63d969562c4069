package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/lifeevent"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

// Entitlements implements registry.PayeeTx.
func (t registryTx) Entitlements(
	ctx context.Context, area party.Area, members []int64,
) ([]registry.Entitlement, error) {
	rows, err := t.Query(ctx, `
		select member_id, component, from_month, amount, document from entitlement
		where area = $1 and member_id = any($2)`, area, members)
	if err != nil {
		return nil, fmt.Errorf("read entitlements: %w", err)
	}
	return collect(rows, "entitlements", func(row pgx.CollectableRow) (e registry.Entitlement, err error) {
		var amount int64
		err = row.Scan(&e.Member, &e.Component, &e.From, &amount, &e.Document)
		e.Amount = money.Amount(amount)
		return e, err
	})
}

// InsertEntitlements implements registry.PayeeTx.
func (t registryTx) InsertEntitlements(
	ctx context.Context, area party.Area, by string, rows []registry.Entitlement,
) error {
	ids, err := t.NewIDs(ctx, len(rows))
	if err != nil {
		return err
	}
	err = t.insertAll(ctx, "entitlements", len(rows), `
		insert into entitlement (area, id, member_id, component, from_month, amount, document, entered_by, entered_at)
		select $1, u.*, $8, $9
		from unnest($2::bigint[], $3::bigint[], $4::text[], $5::date[], $6::bigint[], $7::text[]) as u
		on conflict do nothing`, area, ids,
		column(rows, func(e registry.Entitlement) int64 { return e.Member }),
		column(rows, func(e registry.Entitlement) string { return string(e.Component) }),
		column(rows, func(e registry.Entitlement) calendar.Day { return e.From.First() }),
		column(rows, func(e registry.Entitlement) int64 { return e.Amount.Fen() }),
		column(rows, func(e registry.Entitlement) string { return e.Document }), by, t.at)
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.ConstraintName == "entitled_member" {
		return lifeevent.ErrEnded.With("%s", pg.Message).Because(err)
	}
	return err
}

// DeathNotices implements registry.PayeeTx.
func (t registryTx) DeathNotices(ctx context.Context, f registry.NoticeFilter) ([]registry.DeathNotice, error) {
	rows, err := t.Query(ctx, `
		select n.id, n.member_id, n.died_on, n.source, n.document, n.entered_by, n.entered_at,
			coalesce(w.document, ''), m.social_no, m.name
		from death_notice n
		join member m on m.area = n.area and m.id = n.member_id
		left join death_withdrawn w on w.area = n.area and w.notice_id = n.id
		where n.area = $1 and ($2::bigint[] is null or n.member_id = any($2)) and ($3 = 0::bigint or n.id = $3)
		  and n.id > $4
		order by n.id limit nullif($5, 0)`, f.Area, f.Members, f.ID, f.After, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("read death notices: %w", err)
	}
	return collect(rows, "death notices", func(row pgx.CollectableRow) (n registry.DeathNotice, err error) {
		var name string
		err = row.Scan(&n.ID, &n.Member, &n.DiedOn, &n.Source, &n.Document, &n.EnteredBy, &n.EnteredAt, &n.Withdrawn,
			&n.SocialNo, &name)
		n.Name, _, _ = party.Stored(name, "", "")
		return n, err
	})
}

// holdAllRuns makes what must be seen by a release wait for one under way, and the
// next one wait for it.
func (t registryTx) holdAllRuns(ctx context.Context, area party.Area) error {
	for _, scheme := range []ledger.Scheme{ledger.LandLost, ledger.Resident, ledger.Rural, ledger.Urban} {
		if err := t.HoldRuns(ctx, area, scheme); err != nil {
			return err
		}
	}
	return nil
}

// InsertDeathNotices implements registry.PayeeTx. A release that screens at this
// moment ends first, or sees them; what it released before opens a case.
func (t registryTx) InsertDeathNotices(
	ctx context.Context, area party.Area, by string, rows []registry.DeathNotice,
) error {
	if err := t.holdAllRuns(ctx, area); err != nil {
		return err
	}
	if err := t.holdMemberships(ctx, area); err != nil {
		return err
	}
	rows, err := t.ofBothMemberships(ctx, area, rows)
	if err != nil {
		return err
	}
	members := column(rows, func(n registry.DeathNotice) int64 { return n.Member })
	days := column(rows, func(n registry.DeathNotice) calendar.Day { return n.DiedOn })
	err = t.insertAll(ctx, "death notices", len(rows), `
		insert into death_notice (area, member_id, died_on, source, document, entered_by, entered_at)
		select $1, u.*, $6, $7 from unnest($2::bigint[], $3::date[], $4::text[], $5::text[]) as u
		on conflict do nothing`, area, members, days,
		column(rows, func(n registry.DeathNotice) string { return n.Source }),
		column(rows, func(n registry.DeathNotice) string { return n.Document }), by, t.at)
	if err != nil {
		return err
	}
	if _, err := lifeTx(t).OpenRecoveries(ctx, area, calendar.DayIn(t.at), members); err != nil {
		return err
	}
	if err := t.claimOfTheDead(ctx, area, members); err != nil {
		return err
	}
	return t.askReleased(ctx, area, members, days)
}

// ofBothMemberships adds the notices of the person's other membership, where there is one: a death ends both.
func (t registryTx) ofBothMemberships(
	ctx context.Context, area party.Area, rows []registry.DeathNotice,
) ([]registry.DeathNotice, error) {
	found, err := t.Query(ctx, `select o.member_id, o.other from `+otherMembership+` o
		where o.area = $1 and o.member_id = any($2)`, area,
		column(rows, func(n registry.DeathNotice) int64 { return n.Member }))
	if err != nil {
		return nil, fmt.Errorf("other memberships of the dead of area %s: %w", area, err)
	}
	other := make(map[int64]int64)
	var member, its int64
	if _, err = pgx.ForEachRow(found, []any{&member, &its}, func() error {
		other[member] = its
		return nil
	}); err != nil {
		return nil, fmt.Errorf("other memberships of the dead of area %s: %w", area, err)
	}
	for _, n := range slices.Clone(rows) {
		if n.Member = other[n.Member]; n.Member != 0 {
			rows = append(rows, n)
		}
	}
	return rows, nil
}

// takenFor is SQL of when money was taken for members: a debit, a payment at a counter, or the
// arrival of a list's money; it stands where a table would.
const takenFor = `(
	select c.area, c.id, c.member_id, c.paid_on as day from counter_receipt c
	union all
	select i.area, i.id, i.member_id, w.value_date from withholding_item i
	join answer w on w.area = i.area and w.item_id = i.id and w.disposition = 'recorded' and w.outcome = 'succeeded'
	union all
	select l.area, l.id, l.member_id, g.effective_on from contribution_line l
	join agreement g on g.area = l.area and g.subject = 'list' and g.subject_id = l.list_id)`

// claimOfTheDead claims back what was debited or paid after a death and stands in the book.
// What a bank took and is not posted yet goes to suspense when it is: a posting of this moment
// ends first, or sees the notice.
func (t registryTx) claimOfTheDead(ctx context.Context, area party.Area, members []int64) error {
	if err := t.holdPostings(ctx, area); err != nil {
		return err
	}
	_, err := t.Exec(ctx, `
		with `+deadSQL+`
		insert into contribution_claim (area, cause_id, part, member_id, year, amount, reason, document, asked_by, asked_at)
		select $1, p.cause_id, case p.role when 'contribution_individual' then 'individual' else 'collective' end, p.member_id,
			p.year, p.amount, 'member_died', 'died on ' || d.died_on, 'job', $3
		from `+takenFor+` k join dead d on d.member_id = k.member_id and k.day > d.died_on
		join posting p on p.area = $1 and p.cause_id = k.id and `+claimable+`
		where k.area = $1 and k.member_id = any($2)
		on conflict do nothing`, area, members, t.at)
	if err != nil {
		return fmt.Errorf("contributions of the dead: %w", err)
	}
	return nil
}

// askReleased opens a case for every payment of a month after the death that the bank
// may have and has not answered.
func (t registryTx) askReleased(ctx context.Context, area party.Area, members []int64, days []calendar.Day) error {
	rows, err := t.Query(ctx, `
		select distinct i.id, b.bank, b.batch_no, b.state in ('sending', 'sent')
		from unnest($2::bigint[], $3::date[]) as d (member_id, died_on)
		join payment_item i on i.area = $1 and i.member_id = d.member_id
			and i.month > date_trunc('month', d.died_on)::date
		join payment_batch b on b.area = i.area and b.id = i.batch_id and b.state in ('sending', 'sent', 'acked', 'unknown')
		where not exists (select from answer a
			where a.area = i.area and a.item_id = i.id and a.disposition = 'recorded')
		order by i.id`, area, members, days)
	if err != nil {
		return fmt.Errorf("payments under way to the dead: %w", err)
	}
	cases, err := collect(rows, "payments under way to the dead", func(row pgx.CollectableRow) (c Case, err error) {
		var item int64
		var batch string
		var recallable bool
		err = row.Scan(&item, &c.Bank, &batch, &recallable)
		c.Kind, c.Subject = "death_after_release", fmt.Sprintf("payment_item:%d", item)
		c.Text = "a death was reported after batch " + batch + " was released; ask the bank not to pay, " +
			"or claim the payment back"
		if recallable {
			c.Text = "a death was reported after batch " + batch + " was released; recall it before the bank " +
				"acknowledges it, or ask the bank not to pay"
		}
		return c, err
	})
	if err != nil || len(cases) == 0 {
		return err
	}
	return t.OpenCase(ctx, area, cases...)
}

// WithdrawNotice implements registry.PayeeTx. What was granted to heirs ends with the last notice.
func (t registryTx) WithdrawNotice(ctx context.Context, area party.Area, b registry.TakingBack) error {
	_, err := t.Exec(ctx, `
		insert into death_withdrawn (area, notice_id, document, entered_by, entered_at, decision_id)
		values ($1, $2, $3, $4, $5, $6)`,
		area, b.Notice, b.Document, b.By, t.at, b.Decision)
	if isUnique(err, "death_withdrawn_pkey") {
		return approval.ErrDecided.Because(err)
	}
	if err != nil {
		return fmt.Errorf("take back death notice %d: %w", b.Notice, err)
	}
	if err := t.endGrants(ctx, area, b); err != nil {
		return err
	}
	return t.askOtherNotice(ctx, area, b.Notice)
}

// askOtherNotice has people look at the notice of the same death that stands for the person's other membership
// once one is taken back, until that one is, too: two people decide about each.
func (t registryTx) askOtherNotice(ctx context.Context, area party.Area, notice int64) error {
	const kind = "death_of_one_membership"
	err := t.EndCase(ctx, area, kind, fmt.Sprintf("notice:%d", notice), "job", "this notice was taken back as well")
	if err != nil {
		return err
	}
	rows, err := t.Query(ctx, `
		select d.id, n.member_id, d.member_id, d.died_on from death_notice n
		join `+otherMembership+` o on o.area = n.area and o.member_id = n.member_id
		join death_notice d on d.area = o.area and d.member_id = o.other and d.died_on = n.died_on and d.source = n.source
		where n.area = $1 and n.id = $2 and not exists (
			select from death_withdrawn w where w.area = d.area and w.notice_id = d.id)`, area, notice)
	if err != nil {
		return fmt.Errorf("the other membership's notice of the death of notice %d: %w", notice, err)
	}
	cases, err := collect(rows, "notices of other memberships", func(row pgx.CollectableRow) (c Case, err error) {
		var id, lives, dead int64
		var died calendar.Day
		err = row.Scan(&id, &lives, &dead, &died)
		c.Kind, c.Subject = kind, fmt.Sprintf("notice:%d", id)
		c.Text = fmt.Sprintf("the death of member %d on %s was taken back; notice %d of it stands for member %d, the same "+
			"person's other membership", lives, died, id, dead)
		return c, err
	})
	if err != nil || len(cases) == 0 {
		return err
	}
	return t.OpenCase(ctx, area, cases...)
}

// Holds implements registry.HoldTx.
func (t registryTx) Holds(ctx context.Context, f registry.HoldFilter) ([]registry.Hold, error) {
	rows, err := t.Query(ctx, `
		select h.area, h.id, h.member_id, h.reason, h.from_month, h.text, h.opened_by, h.opened_at, m.social_no,
			m.name, coalesce(r.id, 0), coalesce(r.document, ''), r.digest, coalesce(r.maker, ''),
			coalesce(r.maker_person, 0), coalesce(r.made_at, 'epoch'), coalesce(r.state, ''), coalesce(r.version, 0),
			z.back_pay, z.rule_document, z.rule_from, z.due, z.months
		from payment_hold h
		join member m on m.area = h.area and m.id = h.member_id
		left join lateral (
			select r.id, r.document, r.digest, r.maker, r.maker_person, r.made_at, r.state, r.version
			from hold_release r where r.area = h.area and r.hold_id = h.id order by r.id desc limit 1
		) r on true
		left join lateral (
			select z.back_pay, z.rule_document, z.rule_from, coalesce(d.id, 0) as due, (
				select coalesce(jsonb_agg(jsonb_build_object('month', to_char(k.month, 'YYYY-MM'), 'base', n.base,
					'account', n.account) order by k.month), '[]')
				from resumption_month k
				cross join lateral (
					select coalesce(sum(n.entitled - n.was) filter (where n.component = 'base_pension'), 0) as base,
						coalesce(sum(n.entitled - n.was) filter (where n.component = 'account_pension'), 0) as account
					from benefit_due_month n where n.area = k.area and n.due_id = d.id and n.month = k.month) n
				where k.area = z.area and k.member_id = z.member_id and k.hold_id = z.hold_id) as months
			from resumption z
			left join benefit_due d on d.area = z.area and d.member_id = z.member_id
				and d.cause = 'resumption:' || z.hold_id and not exists (
					select from benefit_due e where e.area = d.area and e.member_id = d.member_id and e.cause = d.cause
						and e.id > d.id)
			where z.area = h.area and z.hold_id = h.id) z on true
		where h.area = $1 and ($2::bigint[] is null or h.member_id = any($2)) and ($3 = 0::bigint or h.id = $3)
		  and ($4 = '' or h.reason = $4) and (not $5 or r.state is distinct from 'approved')
		  and (not $6 or r.state = 'submitted') and (not $7 or r.state = 'approved') and h.id > $8
		order by h.id limit nullif($9, 0)`,
		f.Area, f.Members, f.ID, string(f.Reason), f.Standing, f.Asked, f.Ended, f.After, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("read holds: %w", err)
	}
	return collect(rows, "holds", func(row pgx.CollectableRow) (h registry.Hold, err error) {
		var name string
		var digest []byte
		var back resumptionRow
		r := &h.Release
		err = row.Scan(&h.Area, &h.ID, &h.Member, &h.Reason, &h.From, &h.Text, &h.OpenedBy, &h.OpenedAt, &h.SocialNo,
			&name, &r.ID, &r.Document, &digest, &r.Maker, &r.MakerPerson, &r.MadeAt, &r.State, &r.Version,
			&back.word, &back.document, &back.from, &back.due, &back.months)
		h.Name, _, _ = party.Stored(name, "", "")
		copy(r.Digest[:], digest)
		if err == nil && back.word != nil {
			h.Resumption, err = back.value()
		}
		return h, err
	})
}

// resumptionRow is what became of the months that a hold stopped, all null where nothing was decided.
type resumptionRow struct {
	word, document *string
	from           *calendar.Day
	due            *int64
	months         []byte
}

func (r *resumptionRow) value() (*registry.Resumption, error) {
	var months []struct {
		Month         string
		Base, Account int64
	}
	if err := json.Unmarshal(r.months, &months); err != nil {
		return nil, fmt.Errorf("months of a resumption: %w", err)
	}
	out := &registry.Resumption{
		FromStop: *r.word == "from_stop", RuleDocument: *r.document, RuleFrom: *r.from, Due: *r.due,
		Months: make([]registry.ResumedMonth, len(months)),
	}
	for i, m := range months {
		month, err := calendar.ParseMonth(m.Month)
		if err != nil {
			return nil, fmt.Errorf("months of a resumption: %w", err)
		}
		out.Months[i] = registry.ResumedMonth{
			Month: month, Base: money.Amount(m.Base), Account: money.Amount(m.Account),
		}
	}
	return out, nil
}

// InsertHolds implements registry.HoldTx.
func (t registryTx) InsertHolds(ctx context.Context, area party.Area, by string, rows []registry.Hold) error {
	if err := t.holdAllRuns(ctx, area); err != nil {
		return err
	}
	members := column(rows, func(h registry.Hold) int64 { return h.Member })
	err := t.insertAll(ctx, "holds", len(rows), `
		insert into payment_hold (area, member_id, reason, from_month, text, opened_by, opened_at)
		select $1, u.*, $6, $7 from unnest($2::bigint[], $3::text[], $4::date[], $5::text[]) as u`, area, members,
		column(rows, func(h registry.Hold) string { return string(h.Reason) }),
		column(rows, func(h registry.Hold) calendar.Day { return h.From.First() }),
		column(rows, func(h registry.Hold) string { return h.Text }), by, t.at)
	other := func(h registry.Hold) bool { return h.Reason == registry.HoldOtherPension }
	if err != nil || !slices.ContainsFunc(rows, other) {
		return err
	}
	// What was paid beside the other pension is told at once.
	_, err = lifeTx(t).OpenRecoveries(ctx, area, calendar.DayIn(t.at), members)
	return err
}

// LockHold implements registry.HoldTx. A hold's row never changes, so the lock is
// one of its id.
func (t registryTx) LockHold(ctx context.Context, area party.Area, id int64) error {
	_, err := t.Exec(ctx, `
		select pg_advisory_xact_lock(hashtextextended('payment_hold ' || $1::int || ' ' || $2::bigint, 0))`,
		int32(area), id)
	if err != nil {
		return fmt.Errorf("lock hold %d: %w", id, err)
	}
	return nil
}

// AddHoldRelease implements registry.HoldTx.
func (t registryTx) AddHoldRelease(
	ctx context.Context, h registry.Hold, r registry.HoldRelease,
) (registry.HoldRelease, error) {
	err := t.QueryRow(ctx, `
		insert into hold_release (area, hold_id, document, digest, maker, maker_person, made_at, state, version)
		values ($1, $2, $3, $4, $5, $6, $7, 'submitted', 1) returning id, made_at`,
		h.Area, h.ID, r.Document, r.Digest[:], r.Maker, r.MakerPerson, t.at).Scan(&r.ID, &r.MadeAt)
	if isUnique(err, "hold_release_open") {
		return r, registry.ErrReleaseOpen.Because(err)
	}
	if err != nil {
		return r, fmt.Errorf("ask for the release of hold %d: %w", h.ID, err)
	}
	return r, nil
}

// MoveHoldRelease implements registry.HoldTx.
func (t registryTx) MoveHoldRelease(ctx context.Context, h registry.Hold, next registry.RequestState) error {
	if !h.Release.State.CanBecome(next) {
		return approval.ErrDecided
	}
	tag, err := t.Exec(ctx, `
		update hold_release set state = $5, version = version + 1
		where area = $1 and id = $2 and state = $3 and version = $4`,
		h.Area, h.Release.ID, string(h.Release.State), h.Release.Version, string(next))
	if err != nil {
		return fmt.Errorf("move the release of hold %d to %s: %w", h.ID, next, err)
	}
	if tag.RowsAffected() != 1 {
		return approval.ErrDecided
	}
	return nil
}

// SetActivated implements registry.PayeeTx.
func (t registryTx) SetActivated(ctx context.Context, area party.Area, rows []registry.Instrument) error {
	return t.insertAll(ctx, "activations", len(rows), `
		update instrument i set activated = u.activated
		from unnest($2::bigint[], $3::boolean[]) as u (id, activated)
		where i.area = $1 and i.id = u.id and i.ended_on is null`, area,
		column(rows, func(i registry.Instrument) int64 { return i.ID }),
		column(rows, func(i registry.Instrument) bool { return i.Activated }))
}
