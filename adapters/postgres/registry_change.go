package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/approval"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

const heldColumns = `
	id, member_id, bank, kind, account_no, activated, for_payout, opened_on, coalesce(bank_no, ''), ended_on`

func scanHeld(row pgx.CollectableRow) (i registry.HeldInstrument, err error) {
	var number string
	err = row.Scan(&i.ID, &i.Member, &i.Bank, &i.Kind, &number, &i.Activated, &i.ForPayout, &i.OpenedOn, &i.BankNo,
		&i.EndedOn)
	_, _, i.AccountNo = party.Stored("", "", number)
	return i, err
}

// LockInstrument implements registry.ChangeTx.
func (t registryTx) LockInstrument(
	ctx context.Context, area party.Area, id int64,
) (registry.HeldInstrument, error) {
	// The lock comes in a statement of its own: what the row says is read after the wait.
	_, err := t.Exec(ctx, `select from instrument where area = $1 and id = $2 for no key update`, area, id)
	if err != nil {
		return registry.HeldInstrument{}, fmt.Errorf("lock instrument %d: %w", id, err)
	}
	rows, err := t.Query(ctx, `select `+heldColumns+` from instrument where area = $1 and id = $2`, area, id)
	if err != nil {
		return registry.HeldInstrument{}, fmt.Errorf("read instrument %d: %w", id, err)
	}
	i, err := pgx.CollectExactlyOneRow(rows, scanHeld)
	if errors.Is(err, pgx.ErrNoRows) {
		return i, registry.ErrInstrument
	}
	if err != nil {
		return i, fmt.Errorf("read instrument %d: %w", id, err)
	}
	return i, nil
}

// InstrumentsOf implements registry.ChangeTx.
func (t registryTx) InstrumentsOf(
	ctx context.Context, area party.Area, member int64,
) ([]registry.HeldInstrument, error) {
	if err := t.memberKnown(ctx, area, member); err != nil {
		return nil, err
	}
	rows, err := t.Query(ctx, `select `+heldColumns+` from instrument where area = $1 and member_id = $2 order by id`,
		area, member)
	if err != nil {
		return nil, fmt.Errorf("read instruments of member %d: %w", member, err)
	}
	return collect(rows, "instruments of a member", scanHeld)
}

// memberKnown returns registry.ErrMember where the area has no such member.
func (t registryTx) memberKnown(ctx context.Context, area party.Area, member int64) error {
	var known bool
	err := t.QueryRow(ctx, `select exists (select from member where area = $1 and id = $2)`, area, member).Scan(&known)
	if err != nil {
		return fmt.Errorf("read member %d: %w", member, err)
	}
	if !known {
		return registry.ErrMember
	}
	return nil
}

// AddChange implements registry.ChangeTx.
func (t registryTx) AddChange(ctx context.Context, c registry.Change) (registry.Change, error) {
	var id int64
	err := t.QueryRow(ctx, `
		insert into instrument_change (area, instrument_id, member_id, bank, kind, account_no, bank_no, activated,
			document, digest, maker, maker_person, made_at, state, version)
		values ($1, $2, $3, $4, $5, $6, nullif($7, ''), $8, $9, $10, $11, $12, $13, 'submitted', 1) returning id`,
		c.Area, c.Instrument, c.Member, c.Bank, string(c.Kind), c.AccountNo.Plain(), c.BankNo, c.Activated, c.Document,
		c.Digest[:], c.Maker, c.MakerPerson, t.at).Scan(&id)
	if isUnique(err, "instrument_change_open") {
		return c, registry.ErrChangeOpen.Because(err)
	}
	if err != nil {
		return c, fmt.Errorf("ask for a change of instrument %d: %w", c.Instrument, err)
	}
	return t.LastChange(ctx, c.Area, c.Instrument)
}

// LastChange implements registry.ChangeTx.
func (t registryTx) LastChange(ctx context.Context, area party.Area, instrument int64) (registry.Change, error) {
	list, err := t.changes(ctx, `c.area = $1 and c.instrument_id = $2 order by c.id desc limit 1`, area, instrument)
	if err != nil || len(list) == 0 {
		return registry.Change{}, err
	}
	return list[0], nil
}

// Changes implements registry.ChangeTx.
func (t registryTx) Changes(ctx context.Context, f registry.ChangeFilter) ([]registry.Change, error) {
	return t.changes(ctx, `
		c.area = $1 and ($2 = 0::bigint or c.member_id = $2) and ($3 = 0::bigint or c.instrument_id = $3)
		and ($4 = '' or c.state = $4) and c.id > $5 order by c.id limit $6`,
		f.Area, f.Member, f.Instrument, string(f.State), f.After, f.Limit)
}

func (t registryTx) changes(ctx context.Context, where string, args ...any) ([]registry.Change, error) {
	rows, err := t.Query(ctx, `
		select c.area, c.id, c.instrument_id, coalesce(c.successor_id, 0), c.member_id, c.bank, c.kind, c.account_no,
			coalesce(c.bank_no, ''), c.activated, c.document, c.digest, c.maker, c.maker_person, c.made_at, c.state,
			c.version, i.bank, i.account_no, m.social_no, m.name
		from instrument_change c
		join instrument i on i.area = c.area and i.id = c.instrument_id
		join member m on m.area = c.area and m.id = c.member_id
		where `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read changes of instruments: %w", err)
	}
	return collect(rows, "changes of instruments", func(row pgx.CollectableRow) (c registry.Change, err error) {
		var number, old, name string
		var digest []byte
		err = row.Scan(&c.Area, &c.ID, &c.Instrument, &c.Successor, &c.Member, &c.Bank, &c.Kind, &number, &c.BankNo,
			&c.Activated, &c.Document, &digest, &c.Maker, &c.MakerPerson, &c.MadeAt, &c.State, &c.Version, &c.OldBank,
			&old, &c.SocialNo, &name)
		c.Name, _, c.AccountNo = party.Stored(name, "", number)
		_, _, c.OldAccount = party.Stored("", "", old)
		copy(c.Digest[:], digest)
		return c, err
	})
}

// MoveChange implements registry.ChangeTx.
func (t registryTx) MoveChange(ctx context.Context, c registry.Change, next registry.RequestState) error {
	if !c.State.CanBecome(next) {
		return approval.ErrDecided
	}
	tag, err := t.Exec(ctx, `
		update instrument_change set state = $5, version = version + 1, successor_id = $6
		where area = $1 and id = $2 and state = $3 and version = $4`,
		c.Area, c.ID, string(c.State), c.Version, string(next), orNull(c.Successor))
	if err != nil {
		return fmt.Errorf("move change %d of an instrument to %s: %w", c.ID, next, err)
	}
	if tag.RowsAffected() != 1 {
		return approval.ErrDecided
	}
	return nil
}

// ReplaceInstruments implements registry.ChangeTx. A release that screens at this
// moment ends first, or sees it.
func (t registryTx) ReplaceInstruments(
	ctx context.Context, area party.Area, ending []int64, next registry.HeldInstrument,
) error {
	if err := t.holdAllRuns(ctx, area); err != nil {
		return err
	}
	tag, err := t.Exec(ctx, `
		update instrument set ended_on = $3 where area = $1 and id = any($2) and ended_on is null`,
		area, ending, next.OpenedOn)
	if err != nil {
		return fmt.Errorf("end instruments of member %d: %w", next.Member, err)
	}
	if tag.RowsAffected() != int64(len(ending)) {
		return registry.ErrContended
	}
	return t.insertAll(ctx, "instruments", 1, `
		insert into instrument (area, id, member_id, bank, kind, account_no, bank_no, activated, for_payout, opened_on)
		values ($1, $2, $3, $4, $5, $6, nullif($7, ''), $8, $9, $10) on conflict do nothing`,
		area, next.ID, next.Member, next.Bank, string(next.Kind), next.AccountNo.Plain(), next.BankNo, next.Activated,
		next.ForPayout, next.OpenedOn)
}
