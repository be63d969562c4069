package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"twoline/gateway/approval"
	"twoline/gateway/audit"
	"twoline/gateway/bank"
	"twoline/gateway/fault"
)

// The refusals of this file.
var (
	errKeyUnknown = fault.New(fault.NotFound, "bank_key_unknown", "there is no such key")
	errKeyTaken   = fault.New(fault.Conflict, "bank_key_exists", "a key with this id is registered; choose another id")
	errNoBank     = fault.New(fault.NotFound, "bank_unknown", "no area has registered this bank")
	errLogin      = fault.New(fault.Unauthenticated, "login_refused",
		"login or password is wrong, or the login is locked")
	errSession = fault.New(fault.Unauthenticated, "session_ended", "the session has ended; log in again")
	errOfficer = fault.New(fault.Conflict, "officer_exists", "this login is taken")
	errNobody  = fault.New(fault.NotFound, "officer_unknown", "there is no such login")
)

// Callers stores who may call: banks' keys, officers, sessions, nonces, and the
// audit trail of what they were refused. It is safe for concurrent use.
type Callers struct{ db *DB }

// Callers returns the store of callers.
func (db *DB) Callers() *Callers { return &Callers{db} }

// BankKey returns a registered key, revoked or not. It is read every time, so
// that a revocation acts at once.
func (c *Callers) BankKey(ctx context.Context, keyID string) (bank.Key, error) {
	k := bank.Key{ID: keyID}
	var revoked pgtype.Timestamptz
	err := c.db.pool.QueryRow(ctx, `
		select bank, algorithm, material, not_before, revoked_at from bank_key where key_id = $1`, keyID).
		Scan(&k.Bank, &k.Algorithm, &k.Material, &k.NotBefore, &revoked)
	if errors.Is(err, pgx.ErrNoRows) {
		return bank.Key{}, errKeyUnknown
	}
	if err != nil {
		return bank.Key{}, ErrUnavailable.Because(fmt.Errorf("read bank key: %w", err))
	}
	if revoked.Valid {
		k.RevokedAt = revoked.Time
	}
	return k, nil
}

// AddBankKey registers a key of a bank that at least one area knows.
func (c *Callers) AddBankKey(ctx context.Context, k bank.Key, by audit.Row) error {
	return c.db.InTx(ctx, func(t *tx) error {
		tag, err := t.Exec(ctx, `
			insert into bank_key (key_id, bank, algorithm, material, not_before)
			select $1, $2, $3, $4, $5 where exists (select from bank where bank = $2)`,
			k.ID, k.Bank, k.Algorithm, k.Material, k.NotBefore)
		if isUnique(err, "bank_key_pkey") {
			return errKeyTaken
		}
		if err != nil {
			return fmt.Errorf("add bank key %s: %w", k.ID, err)
		}
		if tag.RowsAffected() == 0 {
			return errNoBank
		}
		return t.Audit(ctx, named(by, "add bank key", k.ID))
	})
}

// RevokeBankKey ends a key at once; ending it again changes nothing.
func (c *Callers) RevokeBankKey(ctx context.Context, keyID string, by audit.Row) error {
	return c.db.InTx(ctx, func(t *tx) error {
		tag, err := t.Exec(ctx, `
			update bank_key set revoked_at = least(coalesce(revoked_at, $2), $2) where key_id = $1`, keyID, t.at)
		if err != nil {
			return fmt.Errorf("revoke bank key %s: %w", keyID, err)
		}
		if tag.RowsAffected() == 0 {
			return errKeyUnknown
		}
		return t.Audit(ctx, named(by, "revoke bank key", keyID))
	})
}

// UseNonce remembers a nonce of a key. Of any number of requests with the same
// nonce, at whatever moment, one is told that it was the first.
func (c *Callers) UseNonce(ctx context.Context, keyID, nonce string, keepUntil time.Time) error {
	return c.db.nonces.use(ctx, c.db, keyID, nonce, keepUntil)
}

// PurgeNonces forgets nonces that no signature in its window can carry any
// more, a bounded number at a time, and returns how many. It is called by the
// tick until it returns 0.
func (c *Callers) PurgeNonces(ctx context.Context, limit int) (int64, error) {
	tag, err := c.db.pool.Exec(ctx, `
		delete from used_nonce where (key_id, nonce) in (
			select key_id, nonce from used_nonce where expires_at < $1 order by expires_at limit $2)`,
		c.db.now(), limit)
	if err != nil {
		return 0, fmt.Errorf("purge nonces: %w", err)
	}
	return tag.RowsAffected(), nil
}

// AddOfficer makes a login with its duties, and its person and organisation
// where they are new. It returns the person's id: a second login of the same
// person names it, so that approvals know them for one.
func (c *Callers) AddOfficer(ctx context.Context, o approval.NewOfficer, by audit.Row) (int64, error) {
	var person int64
	err := c.db.InTx(ctx, func(t *tx) error {
		person = o.Person
		if person == 0 {
			if err := t.notNamed(ctx, o); err != nil {
				return err
			}
			err := t.QueryRow(ctx, `insert into person (name) values ($1) returning id`, o.PersonName).Scan(&person)
			if err != nil {
				return fmt.Errorf("add person: %w", err)
			}
		}
		organisation, err := t.organisation(ctx, o)
		if err != nil {
			return err
		}
		_, err = t.Exec(ctx, `
			insert into officer (login, person_id, organisation_id, password_hash, created_at)
			values ($1, $2, $3, $4, $5)`, o.Login, person, organisation, o.PasswordHash, t.at)
		if isUnique(err, "officer_pkey") {
			return errOfficer
		}
		if err != nil {
			return fmt.Errorf("add officer %s: %w", o.Login, err)
		}
		if err := t.grant(ctx, o.Login, o.Duties); err != nil {
			return err
		}
		return t.Audit(ctx, named(by, "add officer", o.Login))
	})
	return person, err
}

// notNamed refuses a new person of a known name, unless it is said to be another one:
// one person under two names in the books could approve their own work.
func (t *tx) notNamed(ctx context.Context, o approval.NewOfficer) error {
	if o.Namesake {
		return nil
	}
	var known *int64
	err := t.QueryRow(ctx, `
		with turn as materialized (select pg_advisory_xact_lock(hashtextextended('new person', 0)))
		select min(p.id) from turn left join person p
		on lower(normalize(regexp_replace(p.name, '\s', '', 'g'), nfkc)) = lower(normalize(regexp_replace($1, '\s', '', 'g'), nfkc))
			and not exists (select from officer where login = $2)`, o.PersonName, o.Login).Scan(&known)
	if err != nil {
		return fmt.Errorf("look for a person of the name: %w", err)
	}
	if known != nil {
		return approval.ErrKnownPerson.With("person %d has this name: a second login of theirs is made with its number", *known)
	}
	return nil
}

// organisation finds or makes the organisation of an officer.
func (t *tx) organisation(ctx context.Context, o approval.NewOfficer) (int64, error) {
	var id int64
	err := t.QueryRow(ctx, `
		with made as (
			insert into organisation (area, kind, region, name) values ($1, $2, nullif($3::bigint, 0), $4)
			on conflict (area, kind, name) do nothing returning id)
		select id from made union all
		select id from organisation where area = $1 and kind = $2 and name = $4
		limit 1`, int32(o.Area), string(o.Organisation), int64(o.Region), o.OrganisationName).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("add organisation: %w", err)
	}
	return id, nil
}

func (t *tx) grant(ctx context.Context, login string, duties []approval.Duty) error {
	names := make([]string, len(duties))
	for i, d := range duties {
		names[i] = string(d)
	}
	_, err := t.Exec(ctx, `
		insert into duty_grant (login, duty, granted_at) select $1, d, $3 from unnest($2::text[]) d`,
		login, names, t.at)
	if err != nil {
		return fmt.Errorf("grant duties to %s: %w", login, err)
	}
	return nil
}

// GrantDuty gives a duty to a login that does not hold it; else nothing changes.
func (c *Callers) GrantDuty(ctx context.Context, login string, d approval.Duty, by audit.Row) error {
	return c.db.InTx(ctx, func(t *tx) error {
		var held bool
		err := t.QueryRow(ctx, `
			select exists (select from duty_grant g where g.login = o.login and g.duty = $2 and g.revoked_at is null)
			from officer o where o.login = $1 for update`, login, string(d)).Scan(&held)
		if errors.Is(err, pgx.ErrNoRows) {
			return errNobody
		}
		if err != nil || held {
			return err
		}
		if err := t.grant(ctx, login, []approval.Duty{d}); err != nil {
			return err
		}
		return t.Audit(ctx, named(by, "grant "+string(d), login))
	})
}

// RevokeDuty takes a duty away at once, also from running sessions.
func (c *Callers) RevokeDuty(ctx context.Context, login string, d approval.Duty, by audit.Row) error {
	return c.db.InTx(ctx, func(t *tx) error {
		_, err := t.Exec(ctx, `
			update duty_grant set revoked_at = $3 where login = $1 and duty = $2 and revoked_at is null`,
			login, string(d), t.at)
		if err != nil {
			return fmt.Errorf("revoke a duty of %s: %w", login, err)
		}
		return t.Audit(ctx, named(by, "revoke "+string(d), login))
	})
}

// DisableOfficer ends a login and its sessions at once.
func (c *Callers) DisableOfficer(ctx context.Context, login string, by audit.Row) error {
	return c.db.InTx(ctx, func(t *tx) error {
		tag, err := t.Exec(ctx, `
			update officer set disabled_at = coalesce(disabled_at, $2) where login = $1`, login, t.at)
		if err != nil {
			return fmt.Errorf("disable %s: %w", login, err)
		}
		if tag.RowsAffected() == 0 {
			return errNobody
		}
		return t.Audit(ctx, named(by, "disable officer", login))
	})
}

// SetPassword replaces the hash, unlocks the login and ends its sessions.
func (c *Callers) SetPassword(ctx context.Context, login, hash string, by audit.Row) error {
	return c.db.InTx(ctx, func(t *tx) error {
		tag, err := t.Exec(ctx, `
			update officer set password_hash = $2, failures = 0, locked_until = null where login = $1`, login, hash)
		if err != nil {
			return fmt.Errorf("set the password of %s: %w", login, err)
		}
		if tag.RowsAffected() == 0 {
			return errNobody
		}
		_, err = t.Exec(ctx, `update session set ended_at = $2 where login = $1 and ended_at is null`, login, t.at)
		if err != nil {
			return fmt.Errorf("end the sessions of %s: %w", login, err)
		}
		return t.Audit(ctx, named(by, "set password", login))
	})
}

// BeginLogin counts an attempt as failed before the password is looked at, so
// that attempts made at one moment cannot outrun the lock, and returns the hash.
// An unknown login costs the same transaction, and is not named in the trail:
// what was typed may be anybody's secret.
func (c *Callers) BeginLogin(ctx context.Context, login string, p approval.SessionPolicy) (string, error) {
	var hash string
	known := true
	err := c.db.InTx(ctx, func(t *tx) error {
		// A lock that ran out starts a new count.
		err := t.QueryRow(ctx, `
			update officer set
				failures = case when locked_until is null then failures + 1 else 1 end,
				locked_until = case when (case when locked_until is null then failures + 1 else 1 end) >= $3
					then $4::timestamptz end
			where login = $1 and disabled_at is null and (locked_until is null or locked_until <= $2)
			returning password_hash`, login, t.at, p.Failures, t.at.Add(p.Lock)).Scan(&hash)
		known = err == nil
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("begin login: %w", err)
		}
		row, _ := audit.Origin(ctx)
		row.Actor, row.Result = "login:unknown or locked", audit.Attempted
		if known {
			row.Actor = "login:" + login
		}
		return t.Audit(ctx, row)
	})
	if err != nil {
		return "", err
	}
	if !known {
		return "", errLogin
	}
	return hash, nil
}

// OpenSession forgets the failures of a login that proved itself and stores the
// token's hash.
func (c *Callers) OpenSession(
	ctx context.Context, login string, token [32]byte, p approval.SessionPolicy,
) (approval.Officer, error) {
	var officer approval.Officer
	err := c.db.InTx(ctx, func(t *tx) error {
		tag, err := t.Exec(ctx, `
			update officer set failures = 0, locked_until = null where login = $1 and disabled_at is null`, login)
		if err != nil {
			return fmt.Errorf("open a session of %s: %w", login, err)
		}
		if tag.RowsAffected() == 0 {
			return errLogin
		}
		_, err = t.Exec(ctx, `
			insert into session (token_hash, login, created_at, last_seen, expires_at) values ($1, $2, $3, $3, $4)`,
			token[:], login, t.at, t.at.Add(p.Absolute))
		if err != nil {
			return fmt.Errorf("open a session of %s: %w", login, err)
		}
		if officer, err = t.officerOf(ctx, token); err != nil {
			return err
		}
		row, _ := audit.Origin(ctx)
		row.Area, row.Actor, row.Person, row.Result = officer.Area, "officer:"+login, officer.Person, audit.Done
		return t.Audit(ctx, row)
	})
	return officer, err
}

// OfficerOf returns the officer of a session with the duties that hold at this
// moment, and notes that the session was used.
func (c *Callers) OfficerOf(
	ctx context.Context, token [32]byte, p approval.SessionPolicy,
) (approval.Officer, error) {
	var officer approval.Officer
	now := c.db.now()
	var created, seen time.Time
	err := c.db.pool.QueryRow(ctx, officerQuery, token[:]).Scan(append(officerFields(&officer), &created, &seen)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return approval.Officer{}, errSession
	}
	if err != nil {
		return approval.Officer{}, ErrUnavailable.Because(fmt.Errorf("read a session: %w", err))
	}
	if p.Ended(created, seen, now) {
		return approval.Officer{}, errSession
	}
	// Noted once a minute, so that reading stays cheap: a session may end up to a minute early.
	if now.Sub(seen) < time.Minute {
		return officer, nil
	}
	_, err = c.db.pool.Exec(ctx, `
		update session set last_seen = $2 where token_hash = $1 and last_seen < $2`, token[:], now)
	if err != nil {
		return approval.Officer{}, ErrUnavailable.Because(fmt.Errorf("note a session: %w", err))
	}
	return officer, nil
}

const officerQuery = `
	select o.login, o.person_id, n.kind, n.area, coalesce(n.region, 0),
		array(select g.duty from duty_grant g where g.login = o.login and g.revoked_at is null order by g.duty),
		s.created_at, s.last_seen
	from session s
	join officer o on o.login = s.login
	join organisation n on n.id = o.organisation_id
	where s.token_hash = $1 and s.ended_at is null and o.disabled_at is null`

func officerFields(o *approval.Officer) []any {
	return []any{&o.Login, &o.Person, &o.Organisation, &o.Area, &o.Region, &o.Duties}
}

func (t *tx) officerOf(ctx context.Context, token [32]byte) (approval.Officer, error) {
	var o approval.Officer
	var created, seen time.Time
	err := t.QueryRow(ctx, officerQuery, token[:]).Scan(append(officerFields(&o), &created, &seen)...)
	if err != nil {
		return o, fmt.Errorf("read a session: %w", err)
	}
	return o, nil
}

// EndSession ends a session at once; an unknown or ended one is no error.
func (c *Callers) EndSession(ctx context.Context, token [32]byte) error {
	return c.db.InTx(ctx, func(t *tx) error {
		tag, err := t.Exec(ctx, `
			update session set ended_at = $2 where token_hash = $1 and ended_at is null`, token[:], t.at)
		if err != nil {
			return fmt.Errorf("end a session: %w", err)
		}
		row, known := audit.Origin(ctx)
		if tag.RowsAffected() == 0 || !known {
			return nil
		}
		return t.Audit(ctx, row)
	})
}

// Audit writes a row by itself: a refusal, which no transaction carries.
func (c *Callers) Audit(ctx context.Context, r audit.Row) error {
	return c.db.InTx(ctx, func(t *tx) error { return t.Audit(ctx, r) })
}

// Audit writes a row with the effect that it tells of.
func (t *tx) Audit(ctx context.Context, r audit.Row) error {
	detail := r.Detail
	if detail == nil {
		detail = map[string]string{}
	}
	_, err := t.Exec(ctx, `
		insert into audit (area, at, actor, person_id, action, object, result, request_id, detail)
		values ($1, $2, $3, nullif($4::bigint, 0), $5, $6, $7, $8, $9)`,
		int32(r.Area), t.at, r.Actor, r.Person, r.Action, r.Object, string(r.Result), r.RequestID, detail)
	if err != nil {
		return fmt.Errorf("write the audit trail: %w", err)
	}
	return nil
}

// named completes the row of an administrator's act.
func named(by audit.Row, action, object string) audit.Row {
	by.Action, by.Object, by.Result = action, object, audit.Done
	return by
}
