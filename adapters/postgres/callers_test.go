package postgres_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/postgres"
	"twoline/adapters/postgres/pgtest"
	"twoline/adapters/trial"
	"twoline/gateway/approval"
	"twoline/gateway/audit"
	"twoline/gateway/bank"
	"twoline/gateway/fault"
)

func admin() audit.Row { return audit.Row{Actor: "admin:root", RequestID: "test"} }

func countRows(t *testing.T, db *postgres.DB, sql string) int {
	t.Helper()
	var n int
	if err := db.Pool().QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if code == "" && err != nil || code != "" && fault.CodeOf(err) != code {
		t.Errorf("got %v, want %q", err, code)
	}
}

func TestCallersBankKeys(t *testing.T) {
	t.Parallel()
	db, d := pgtest.Open(t)
	c, ctx := db.Callers(), t.Context()
	d.Exec(t, `insert into area (area, name) values (610304, 'Chencang')`)
	d.Exec(t, `insert into bank (area, bank, bank_no, name, format, row_limit)
		values (610304, 'psbc', '403100000004', 'postal', 'json', 1000)`)
	key := bank.Key{
		ID: "psbc-1", Bank: "psbc", Algorithm: "ed25519", Material: []byte(strings.Repeat("k", 32)),
		NotBefore: time.Now().Truncate(time.Microsecond),
	}
	_, err := c.BankKey(ctx, "psbc-1")
	wantCode(t, err, "bank_key_unknown")
	wantCode(t, c.AddBankKey(ctx, key, admin()), "")
	wantCode(t, c.AddBankKey(ctx, key, admin()), "bank_key_exists")
	got, err := c.BankKey(ctx, "psbc-1")
	wantCode(t, err, "")
	if !got.NotBefore.Equal(key.NotBefore) || string(got.Material) != string(key.Material) || !got.RevokedAt.IsZero() {
		t.Errorf("got %v", got)
	}
	stranger := key
	stranger.ID, stranger.Bank = "x-1", "nobody"
	wantCode(t, c.AddBankKey(ctx, stranger, admin()), "bank_unknown")
	wantCode(t, c.RevokeBankKey(ctx, "psbc-1", admin()), "")
	first, err := c.BankKey(ctx, "psbc-1")
	wantCode(t, err, "")
	wantCode(t, c.RevokeBankKey(ctx, "psbc-1", admin()), "")
	again, err := c.BankKey(ctx, "psbc-1")
	wantCode(t, err, "")
	if first.RevokedAt.IsZero() || !again.RevokedAt.Equal(first.RevokedAt) {
		t.Errorf("revoked at %s, then at %s", first.RevokedAt, again.RevokedAt)
	}
	wantCode(t, c.RevokeBankKey(ctx, "nobody", admin()), "bank_key_unknown")
}

func TestCallersOfficers(t *testing.T) {
	t.Parallel()
	db, _ := pgtest.Open(t)
	c, ctx, policy := db.Callers(), t.Context(), approval.DefaultSessionPolicy()
	li := approval.NewOfficer{
		Login: "li", PasswordHash: "h", PersonName: "李",
		Organisation: approval.AgencyFinance, OrganisationName: "finance",
		Area: 610304, Region: 610304001002, Duties: []approval.Duty{approval.Maker, approval.Viewer},
	}
	person, err := c.AddOfficer(ctx, li, admin())
	wantCode(t, err, "")
	_, err = c.AddOfficer(ctx, li, admin())
	wantCode(t, err, "officer_exists")
	stranger := li
	stranger.Login, stranger.PersonName = "li3", " 李 "
	_, err = c.AddOfficer(ctx, stranger, admin())
	wantCode(t, err, "person_known")
	stranger.Namesake = true
	other, err := c.AddOfficer(ctx, stranger, admin())
	wantCode(t, err, "")
	if other == person {
		t.Error("a namesake is the same person")
	}
	second := li
	second.Login, second.Person, second.Duties = "li2", person, []approval.Duty{approval.Checker}
	same, err := c.AddOfficer(ctx, second, admin())
	wantCode(t, err, "")
	if same != person {
		t.Errorf("the second login is person %d, the first %d", same, person)
	}
	if n := countRows(t, db, `select count(*) from organisation`); n != 1 {
		t.Errorf("%d organisations, want 1", n)
	}
	token := [32]byte{1}
	want := approval.Officer{
		Login: "li", Person: person, Organisation: approval.AgencyFinance, Area: 610304, Region: 610304001002,
		Duties: []approval.Duty{approval.Maker, approval.Viewer},
	}
	got, err := c.OpenSession(ctx, "li", token, policy)
	wantCode(t, err, "")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wantCode(t, c.GrantDuty(ctx, "li", approval.Checker, admin()), "")
	wantCode(t, c.GrantDuty(ctx, "li", approval.Checker, admin()), "")
	wantCode(t, c.GrantDuty(ctx, "nobody", approval.Checker, admin()), "officer_unknown")
	wantCode(t, c.RevokeDuty(ctx, "li", approval.Maker, admin()), "")
	got, err = c.OfficerOf(ctx, token, policy)
	wantCode(t, err, "")
	want.Duties = []approval.Duty{approval.Checker, approval.Viewer}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wantCode(t, c.SetPassword(ctx, "li", "h2", admin()), "")
	_, err = c.OfficerOf(ctx, token, policy)
	wantCode(t, err, "session_ended")
	hash, err := c.BeginLogin(ctx, "li", policy)
	wantCode(t, err, "")
	if hash != "h2" {
		t.Errorf("hash %s", hash)
	}
	wantCode(t, c.DisableOfficer(ctx, "li", admin()), "")
	_, err = c.BeginLogin(ctx, "li", policy)
	wantCode(t, err, "login_refused")
	_, err = c.OpenSession(ctx, "li", [32]byte{2}, policy)
	wantCode(t, err, "login_refused")
	if n := countRows(t, db, `select count(*) from audit where actor = 'admin:root' and result = 'done'`); n != 7 {
		t.Errorf("%d rows of administrators' acts, want 7", n)
	}
}

// A hundred uses of one nonce at one moment: one is the first.
func TestF95_NonceIsUsedOnce(t *testing.T) {
	t.Parallel()
	db, _ := pgtest.Open(t)
	c := db.Callers()
	var first, replayed atomic.Int32
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			err := c.UseNonce(context.Background(), "k", "nonce-0123456789", time.Now().Add(time.Minute))
			switch {
			case err == nil:
				first.Add(1)
			case errors.Is(err, bank.ErrNonceReplayed):
				replayed.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if first.Load() != 1 || replayed.Load() != 99 {
		t.Errorf("%d first, %d replayed", first.Load(), replayed.Load())
	}
}

// The trail and the facts about callers take no change by the application's role.
func TestCallersTrailIsAppendOnly(t *testing.T) {
	t.Parallel()
	db, _ := pgtest.Open(t)
	if err := db.Callers().Audit(t.Context(), admin()); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		`update audit set actor = 'x'`, `delete from audit`, `truncate audit`, `delete from bank_key`,
		`update bank_key set material = ''`, `update session set login = 'x'`, `update used_nonce set nonce = 'x'`,
		`update duty_grant set duty = 'maker'`, `delete from officer`,
	} {
		if _, err := db.Pool().Exec(t.Context(), sql); err == nil {
			t.Errorf("%s was taken", sql)
		}
	}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	db, d := pgtest.Open(t)
	if err := errors.Join(db.Reachable(t.Context()), db.SchemaCurrent(t.Context())); err != nil {
		t.Error(err)
	}
	d.Exec(t, `insert into goose_db_version (version_id, is_applied) values (99999, true)`)
	if err := db.SchemaCurrent(t.Context()); err != nil {
		t.Errorf("the next version's schema: %v", err)
	}
	d.Exec(t, `delete from goose_db_version where version_id in (99999, (select max(version_id) from goose_db_version
		where version_id < 99999))`)
	if err := db.SchemaCurrent(t.Context()); err == nil {
		t.Error("an older schema passes for the one of this program")
	}
	d.Exec(t, `drop table goose_db_version`)
	if err := db.SchemaCurrent(t.Context()); err == nil || !strings.Contains(err.Error(), "run twoline migrate") {
		t.Errorf("a database without a schema: %v", err)
	}
	db.Close()
	for _, probe := range []func(context.Context) error{db.Reachable, db.SchemaCurrent, db.DurabilityProved} {
		if probe(t.Context()) == nil {
			t.Error("a database that is away passes")
		}
	}
}

// Durability is proved on a server that has it, and is refused where one setting is off.
func TestDurabilityProved(t *testing.T) {
	t.Parallel()
	p, err := trial.StartPostgres(t.Context(), trial.PostgresOptions{Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	open := func(url string) *postgres.DB {
		db, err := postgres.Open(t.Context(), postgres.Options{URL: url, Connections: 2, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		return db
	}
	if err := open(p.URL()).DurabilityProved(t.Context()); err != nil {
		t.Error(err)
	}
	separator := "?"
	if strings.Contains(p.URL(), "?") {
		separator = "&"
	}
	if err := open(p.URL() + separator + "synchronous_commit=off").DurabilityProved(t.Context()); err == nil {
		t.Error("synchronous_commit off passes")
	}
}
