package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	goredis "github.com/redis/go-redis/v9"

	"twoline/adapters/bank/gb18030"
	"twoline/adapters/bank/simbank"
	"twoline/gateway/calendar"
)

// twins are two services on one PostgreSQL and one Redis. The post bank works
// through the API, the cooperative through a folder that both see.
type twins struct {
	*yearTown
}

func openTwins(t *testing.T) *twins {
	t.Helper()
	people := newYearPeople()
	people.people = slices.Concat(people.people[:4], people.people[yearPayers:])
	w := &twins{&yearTown{
		first: calendar.MustMonth("2011-03"), last: calendar.MustMonth("2011-03"),
		town: &town{
			binary: buildDatedProgram(t), limit: 5 * time.Minute, county: people, dayFile: filepath.Join(t.TempDir(), "day"),
		},
	}}
	w.today, w.configure = w.first.Day(1), w.configureBank
	w.setDay(t, w.today)
	env := w.start(t)
	files := w.files()
	for i := range files {
		if files[i].kind == "policies" {
			files[i].text += "draft_days,2011-01-01,5,区政府办法\n"
		}
	}
	w.load(t, env, files)
	w.hire(t, env, [][]string{{"business", "周敏", "agency_business", "maker"}})
	w.hireMore(t)
	return w
}

// life is one database, its folder, and the services on it.
type life struct {
	*twins

	database, folder string
	a, b             *node
	officers         map[string]*clerk
}

// node is one service.
type node struct {
	*child

	name, api, upload string
}

func (w *twins) open(t *testing.T, database string) *life {
	t.Helper()
	w.sql(t, "postgres", "create database "+database+" template "+w.template)
	hints := goredis.NewClient(&goredis.Options{Addr: w.redis.Addr()})
	if err := errors.Join(hints.FlushAll(t.Context()).Err(), hints.Close()); err != nil {
		t.Fatal(err)
	}
	l := &life{twins: w, database: database, folder: filepath.Join(t.TempDir(), "rcc"), officers: map[string]*clerk{}}
	l.a, l.b = l.node(t, "a"), l.node(t, "b")
	return l
}

// node makes a service, which PostgreSQL knows by its name.
func (l *life) node(t *testing.T, name string) *node {
	t.Helper()
	ports := freePorts(t, 3)
	env := l.env(l.database)
	env["TWOLINE_DATABASE_URL"] += "&application_name=" + name
	env["TWOLINE_REDIS_URL"], env["TWOLINE_HINT_SECRET"] = l.redis.URL(), "0123456789abcdef0123456789abcdef"
	env["TWOLINE_LISTEN"], env["TWOLINE_UPLOAD_LISTEN"], env["TWOLINE_OPS_LISTEN"] = ports[0], ports[1], ports[2]
	env["TWOLINE_BANK_FOLDERS"], env["TWOLINE_BANK_MARKERS"] = "rcc="+l.folder, "rcc"
	n := &node{child: &child{binary: l.binary, env: env}, name: name, api: ports[0], upload: ports[1]}
	t.Cleanup(func() { l.check(t, n.kill()) })
	return n
}

func (l *life) begin(t *testing.T, nodes ...*node) {
	t.Helper()
	for _, n := range nodes {
		if err := n.start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func (n *node) tell(t *testing.T, s os.Signal) {
	t.Helper()
	if _, err := n.signal(s); err != nil {
		t.Fatal(err)
	}
}

// logIn gives every officer a session of a node, and what the accounts hold.
func (l *life) logIn(t *testing.T, at *node) {
	t.Helper()
	for _, login := range l.logins {
		c := &clerk{base: at.api, login: login, client: &http.Client{Timeout: 30 * time.Second}}
		var session struct {
			Token string `json:"token"`
		}
		err := c.send(t.Context(), http.MethodPost, "/v1/session", map[string]string{"login": login, "password": townPassword}, &session)
		if err != nil {
			t.Fatal(err)
		}
		c.token = session.Token
		l.officers[login] = c
	}
	var page struct {
		Items []fundAccount `json:"items"`
	}
	l.ask1(t, l.officers["finance"], http.MethodGet, "/v1/fund-accounts", nil, &page)
	var balances []map[string]string
	for _, f := range page.Items {
		held := "0.00"
		if f.Role == "expenditure" {
			held = "100000.00"
		}
		balances = append(balances, map[string]string{
			"fund_account": f.ID, "day": l.first.Day(1).AddDays(-1).String(), "balance": held, "statement_number": "0",
		})
	}
	if err := enterOpenings(t.Context(), l.officers["finance"], l.officers["finance-check"], balances); err != nil {
		t.Fatal(err)
	}
}

// ask1 makes one request that has to succeed.
func (l *life) ask1(t *testing.T, c *clerk, method, path string, body, out any) {
	t.Helper()
	if err := c.send(t.Context(), method, path, body, out); err != nil {
		t.Fatal(err)
	}
}

// at is the officer with the same session at another node.
func (l *life) at(n *node, login string) *clerk {
	c := *l.officers[login]
	c.base, c.login = n.api, login+"."+n.name
	l.officers[login].serial += 1000
	c.serial += 1000
	return &c
}

// released takes the month's run to its banks, each step at the node that says.
func (l *life) released(t *testing.T, node func(step string) *node) payRun {
	t.Helper()
	var run payRun
	order := map[string]any{"scheme": "rural", "month": l.first.String(), "kind": "regular"}
	l.ask1(t, l.at(node("draft"), "business"), http.MethodPost, "/v1/pay-runs", order, &run)
	l.decide(t, &run, node)
	return run
}

func (l *life) decide(t *testing.T, run *payRun, node func(step string) *node) {
	t.Helper()
	for _, step := range [][2]string{{"submit", "business"}, {"approve", "business-check"}, {"release", "releaser"}} {
		body := map[string]string{"digest": run.Digest}
		if step[0] == "submit" {
			body = map[string]string{}
		}
		l.ask1(t, l.at(node(step[0]), step[1]), http.MethodPost, "/v1/pay-runs/"+run.ID+"/"+step[0], body, run)
	}
	if run.State != "released" {
		t.Fatalf("the run is %s", run.State)
	}
}

// number asks PostgreSQL.
func (l *life) number(t *testing.T, sql string) (n int64) {
	t.Helper()
	err := l.ask(t.Context(), l.database, func(c *pgx.Conn) error { return c.QueryRow(t.Context(), sql).Scan(&n) })
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// text asks PostgreSQL for lines.
func (l *life) lines(t *testing.T, sql string) (out []string) {
	t.Helper()
	err := l.ask(t.Context(), l.database, func(c *pgx.Conn) error {
		rows, err := c.Query(t.Context(), sql)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return out
}

// lookNow has the folder looked at by any service, as it is every few seconds; a look
// that a dead one left is that look.
func (l *life) lookNow(t *testing.T) {
	t.Helper()
	l.sql(t, l.database, `insert into river.river_job (args, kind, max_attempts, state)
		select '{"bank": "rcc"}', 'folder_look', 1000, 'available'
		where not exists (select from river.river_job where kind = 'folder_look' and finalized_at is null)`)
}

// trap holds a session that stops the services where they touch what it says.
type trap struct {
	l    *life
	conn *pgx.Conn
	undo string
}

func (l *life) trap(t *testing.T, set, undo string) *trap {
	t.Helper()
	conn, err := l.connect(t.Context(), l.database)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return &trap{l, conn, undo}
}

// stopAt is a trigger that waits for the trap's lock.
func (l *life) stopAt(t *testing.T, table, when string) *trap {
	t.Helper()
	l.sql(t, l.database, `create function stop_here() returns trigger language plpgsql as
		'begin perform pg_advisory_xact_lock(404); return new; end'`,
		`create trigger stop_here before `+when+` execute function stop_here()`)
	return l.trap(t, `select pg_advisory_lock(404)`,
		`select pg_advisory_unlock(404); drop trigger stop_here on `+table+`; drop function stop_here()`)
}

// caught waits until a service waits for the trap, and names it.
func (x *trap) caught(t *testing.T) (name string) {
	t.Helper()
	eventually(t, "a service runs into the trap", func() bool {
		names := x.l.lines(t, `select a.application_name from pg_stat_activity a
			where a.datname = current_database() and a.wait_event_type = 'Lock' and a.application_name in ('a', 'b')`)
		if len(names) > 0 {
			name = names[0]
		}
		return len(names) > 0
	})
	return name
}

// open lets go, after what was killed is forgotten.
func (x *trap) open(t *testing.T) {
	t.Helper()
	if _, err := x.conn.Exec(t.Context(), x.undo); err != nil {
		t.Fatal(err)
	}
}

// folderFiles lists a part of the folder with the files' sizes and inodes.
func (l *life) folderFiles(t *testing.T, part string) map[string]os.FileInfo {
	t.Helper()
	list, err := os.ReadDir(filepath.Join(l.folder, part))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]os.FileInfo{}
	for _, e := range list {
		if out[e.Name()], err = e.Info(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func names(files map[string]os.FileInfo) []string { return slices.Sorted(maps.Keys(files)) }

// frozenFile is the cooperative's batch as it was frozen.
type frozenFile struct {
	name, digest, state, id string
}

func (l *life) frozen(t *testing.T) (f frozenFile) {
	t.Helper()
	err := l.ask(t.Context(), l.database, func(c *pgx.Conn) error {
		return c.QueryRow(t.Context(), `select file_name, encode(file_digest, 'hex'), state, id::text from payment_batch
			where bank = 'rcc' order by id desc limit 1`).Scan(&f.name, &f.digest, &f.state, &f.id)
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// delivered proves that the frozen bytes lie under their name with their marker,
// and nothing else.
func (l *life) delivered(t *testing.T) []byte {
	t.Helper()
	eventually(t, "the cooperative's batch is sent", func() bool { return l.frozen(t).state == "sent" })
	f := l.frozen(t)
	text, err := os.ReadFile(filepath.Join(l.folder, "outbox", f.name))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(text)); got != f.digest {
		t.Errorf("the file has digest %s, frozen was %s", got, f.digest)
	}
	eventually(t, "the outbox is tidy", func() bool {
		return slices.Equal(names(l.folderFiles(t, "outbox")), []string{f.name, f.name + ".ok"})
	})
	return text
}

func TestTwoServicesShareEverythingAndOneMayDie(t *testing.T) {
	t.Parallel()
	w := openTwins(t)
	t.Run("F-14 one of two is killed in a pay run", func(t *testing.T) { //nolint:paralleltest // they share two cores
		w.open(t, "twins").shareAndDie(t)
	})
	t.Run("F-04 F-05 killed at every step of a delivery", func(t *testing.T) { //nolint:paralleltest // as above
		w.open(t, "killed").dieDelivering(t)
	})
	t.Run("F-120 a new version is deployed in a pay run", func(t *testing.T) { //nolint:paralleltest // as above
		w.open(t, "deployed").deployInARun(t)
	})
}

func (l *life) shareAndDie(t *testing.T) {
	l.begin(t, l.a, l.b)
	l.logIn(t, l.a)
	l.tickOnce(t)
	run := l.draftOnce(t)
	l.setDay(t, calendar.MustDay("2011-03-22"))
	l.decide(t, &run, func(step string) *node { return map[string]*node{"submit": l.b, "approve": l.a, "release": l.a}[step] })
	l.lookNow(t)
	text := l.delivered(t)

	// The cooperative answers into its folder while b sleeps, so that a takes it in.
	l.setDay(t, calendar.MustDay("2011-03-25"))
	stop := l.stopAt(t, "posting", `insert on posting for each row when (new.kind = 'benefit' and new.batch_id = `+
		l.frozen(t).id+`)`)
	l.fallAsleep(t, l.b)
	l.answer(t, text)
	l.lookNow(t)
	if name := stop.caught(t); name != "a" {
		t.Fatalf("%s takes the answer in", name)
	}
	l.b.tell(t, syscall.SIGCONT)
	paid := l.payAtPost(t, l.b)
	if err := l.a.kill(); err != nil {
		t.Fatal(err)
	}
	stop.open(t)
	eventually(t, "the run is closed by the one that is left", func() bool {
		return l.number(t, `select count(*) from pay_run where state = 'closed'`) == 1
	})
	l.proveOnce(t, paid)
	// The session of the dead one goes on, and ends everywhere.
	l.ask1(t, l.at(l.b, "business"), http.MethodGet, "/v1/pay-runs/"+run.ID, nil, &run)
	if run.State != "closed" {
		t.Errorf("the run is %s", run.State)
	}
	l.begin(t, l.a)
	l.ask1(t, l.at(l.b, "business"), http.MethodDelete, "/v1/session", nil, nil)
	var no *refusal
	err := l.at(l.a, "business").send(t.Context(), http.MethodGet, "/v1/pay-runs", nil, nil)
	if !errors.As(err, &no) || no.status != http.StatusUnauthorized {
		t.Errorf("a session that ended at b, at a: %v", err)
	}
	if out, code := l.binary.run(t, l.env(l.database), "", "verify"); code != exitOK {
		t.Errorf("verify ended with %d:\n%s", code, out)
	}
}

// tickOnce has both services look at one day at one moment.
func (l *life) tickOnce(t *testing.T) {
	t.Helper()
	l.setDay(t, calendar.MustDay("2011-03-16"))
	l.sql(t, l.database, `insert into river.river_job (args, kind, max_attempts, state)
		select jsonb_build_object('day', '2011-03-16', 'minute', n), 'daily_look', 3, 'available'
		from generate_series(1, 4) n`)
	eventually(t, "the looks are over", func() bool {
		return l.number(t, `select count(*) from river.river_job where kind = 'daily_look' and state = 'completed'`) >= 4
	})
	want := []string{"payrun_due month:rural:2011-03:1"}
	if diff := cmp.Diff(want, l.lines(t, `select kind || ' ' || subject from exception_case`)); diff != "" {
		t.Errorf("cases of the looks (-want +got):\n%s", diff)
	}
}

// draftOnce has the maker ask both services at one moment.
func (l *life) draftOnce(t *testing.T) payRun {
	t.Helper()
	order := map[string]any{"scheme": "rural", "month": l.first.String(), "kind": "regular"}
	var runs [2]payRun
	var errs [2]error
	var wait sync.WaitGroup
	for i, n := range []*node{l.a, l.b} {
		c := l.at(n, "business")
		wait.Go(func() { errs[i] = c.send(t.Context(), http.MethodPost, "/v1/pay-runs", order, &runs[i]) })
	}
	wait.Wait()
	won := 0
	if errs[0] != nil {
		won = 1
	}
	var no *refusal
	if errs[won] != nil || !errors.As(errs[1-won], &no) || no.code() != "pay_run_exists" ||
		!strings.Contains(no.body, `"`+runs[won].ID+`"`) {
		t.Fatalf("two drafts of a month ended with %v and %v", errs[0], errs[1])
	}
	return runs[won]
}

// answer is the cooperative's: the closed and the dormant account could not be paid.
func (l *life) answer(t *testing.T, text []byte) {
	t.Helper()
	codec := gb18030.New(gb18030.GB18030)
	plain, err := codec.Decode(nil, text)
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]simbank.AccountState{}
	for _, v := range l.county.people {
		states[v.socialNo] = v.state
	}
	var files [2]strings.Builder
	var counts, sums [2]int64
	for row := range strings.Lines(string(plain)) {
		f := strings.Split(strings.TrimSuffix(row, "\n"), "|")
		which := 0
		if states[f[0]] != simbank.Normal {
			which = 1
		}
		files[which].WriteString(strings.Join(f[:5], "|") + "\n")
		counts[which]++
		sums[which] += 55
	}
	stem := strings.TrimSuffix(l.frozen(t).name, ".TXT")
	for i, part := range []string{"S", "F"} {
		content, err := codec.Encode(nil, files[i].String())
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(l.folder, "inbox", stem+"_"+part+".TXT")
		err = errors.Join(os.WriteFile(name, content, 0o600),
			os.WriteFile(name+".ok", fmt.Appendf(nil, "%d %d.00\n", counts[i], sums[i]), 0o600))
		if err != nil {
			t.Fatal(err)
		}
	}
	if counts[0] < 20 || counts[1] < 1 {
		t.Fatalf("the answer has %d paid and %d failed: the story did not happen", counts[0], counts[1])
	}
}

// payAtPost lets the post bank pay and answer, and returns how many it paid.
func (l *life) payAtPost(t *testing.T, at *node) int64 {
	t.Helper()
	configure := l.configure
	l.configure = func(code string, c *simbank.Config) {
		configure(code, c)
		c.Day = calendar.MustDay("2011-03-25")
		for i := range c.FundAccounts {
			c.FundAccounts[i].Opening = 100_000_00
		}
	}
	r := &townRun{town: l.town, database: l.database, api: at.api, upload: at.upload, answers: atomic.Int64{}}
	post := l.bank(t, r, psbc, 7)
	l.configure = configure
	if err := stepUntil(t.Context(), post, nothingWaits); err != nil {
		t.Fatal(err)
	}
	return l.number(t, `select count(*) from answer w join payment_batch b on b.id = w.batch_id
		where b.bank = 'psbc' and w.disposition = 'recorded' and w.outcome = 'succeeded'`)
}

// proveOnce counts what is booked.
func (l *life) proveOnce(t *testing.T, atPost int64) {
	t.Helper()
	if atPost < 50 {
		t.Errorf("the post bank paid %d: the story did not happen", atPost)
	}
	for what, sql := range map[string]string{
		"payments that are booked twice or not": `select count(*) from answer w
			join payment_batch b on b.area = w.area and b.id = w.batch_id
			where w.disposition = 'recorded' and w.outcome = 'succeeded' and (select count(*) from posting p
				where p.area = w.area and p.cause_id = w.item_id and p.kind = 'benefit') <> 1`,
		"payments without an answer": `select count(*) from payment_item i where not exists (
			select from answer w where w.area = i.area and w.item_id = i.id and w.disposition = 'recorded')`,
		"files that were taken in twice": `select count(*) - 2 from receipt where kind = 'payment_result_file'
			and state = 'processed'`,
		"cases of files": `select count(*) from exception_case where kind in ('outbox_unwritable', 'outbox_conflict',
			'inbox_unknown', 'file_quarantined')`,
	} {
		if n := l.number(t, sql); n != 0 {
			t.Errorf("%s: %d", what, n)
		}
	}
	if left := l.folderFiles(t, "inbox"); len(left) > 0 {
		t.Errorf("the inbox holds %v", names(left))
	}
	if kept := l.folderFiles(t, "archive"); len(kept) != 4 {
		t.Errorf("the archive holds %v", names(kept))
	}
}

// dieDelivering kills the only service at four steps of one delivery.
func (l *life) dieDelivering(t *testing.T) {
	l.a.env["TWOLINE_BANK_FOLDERS"], l.a.env["TWOLINE_BANK_MARKERS"] = "", ""
	l.begin(t, l.a)
	l.logIn(t, l.a)
	l.setDay(t, calendar.MustDay("2011-03-16"))
	l.released(t, func(string) *node { return l.a })
	if err := l.a.kill(); err != nil {
		t.Fatal(err)
	}
	l.a.env["TWOLINE_BANK_FOLDERS"], l.a.env["TWOLINE_BANK_MARKERS"] = "rcc="+l.folder, "rcc"
	f := l.frozen(t)

	// F-04: before its first row was read, and when every byte of it is durable.
	x := l.trap(t, `begin; lock table payment_item in access exclusive mode`, `rollback`)
	l.dieAt(t, x, "the first row", nil)
	x = l.trap(t, `begin; select from payment_batch where bank = 'rcc' for update`, `rollback`)
	l.dieAt(t, x, "the file's name", nil)
	// F-05: under its name, and not yet SENT.
	x = l.stopAt(t, "payment_batch", `update on payment_batch for each row when (new.state = 'sent')`)
	l.dieAt(t, x, "the commit", []string{f.name, f.name + ".ok"})
	before := l.folderFiles(t, "outbox")[f.name]

	// A stranger's file of other content takes its place; it is set aside, and the
	// batch waits for a person.
	place := filepath.Join(l.folder, "outbox", f.name)
	kept, err := os.ReadFile(place)
	if err == nil {
		err = errors.Join(os.Rename(place, place+".kept"), os.WriteFile(place, []byte("stranger"), 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	l.begin(t, l.a)
	eventually(t, "the stranger's file is set aside", func() bool {
		_, err := os.Stat(place)
		return errors.Is(err, os.ErrNotExist)
	})
	looked := func() bool {
		return l.number(t, `select count(*) from river.river_job where kind = 'folder_look' and finalized_at is null`) == 0
	}
	eventually(t, "the look is over", looked)
	l.lookNow(t)
	eventually(t, "the next look is over", looked)
	if got := l.frozen(t).state; got != "sending" || len(l.folderFiles(t, "quarantine")) == 0 {
		t.Errorf("after a conflict the batch is %s, quarantine holds %v", got, names(l.folderFiles(t, "quarantine")))
	}
	stranger := sha256.Sum256([]byte("stranger"))
	want := fmt.Sprintf("outbox_conflict outbox_file:%s:%x", f.id, stranger[:8])
	if got := l.lines(t, `select kind || ' ' || subject from exception_case where kind like 'outbox%'`); !slices.Equal(got, []string{want}) {
		t.Errorf("cases %v, want %s", got, want)
	}
	if _, err := os.Stat(place); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the batch went out while its case is open: %v", err)
	}
	if err := l.a.kill(); err != nil {
		t.Fatal(err)
	}

	// The file that was there is put back and the case closed: it is adopted, not written.
	if err := errors.Join(os.Rename(place+".kept", place), os.WriteFile(place+".ok", nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	l.sql(t, l.database, `insert into exception_closed (area, case_id, text, closed_by, closed_at)
		select area, id, 'a test file', 'officer:releaser', now() from exception_case where kind = 'outbox_conflict'`)
	l.begin(t, l.a)
	l.lookNow(t)
	if text := l.delivered(t); !slices.Equal(text, kept) {
		t.Error("the file is another one than before")
	}
	if after := l.folderFiles(t, "outbox")[f.name]; !os.SameFile(before, after) {
		t.Error("the file was written anew")
	}

	// A recall takes the file back while the bank has not.
	l.ask1(t, l.at(l.a, "releaser"), http.MethodPost, "/v1/disbursement-batches/"+f.id+"/recall",
		map[string]string{"reason": "wrong month"}, nil)
	l.lookNow(t)
	eventually(t, "the recalled batch's file is taken back", func() bool { return len(l.folderFiles(t, "outbox")) == 0 })
	eventually(t, "that it was is kept", func() bool {
		return l.number(t, `select count(*) from parcel_step where step = 'taken_back'`) == 1
	})
	if n := l.number(t, `select count(*) from exception_case where kind = 'recalled_batch_taken'`); n != 0 {
		t.Errorf("%d cases ask about a batch that the bank did not take", n)
	}

	// One that the bank took away before its recall is with the bank, as far as anybody knows.
	l.supplementary(t)
	l.lookNow(t)
	l.delivered(t)
	l.takeAway(t)
	f = l.frozen(t)
	l.ask1(t, l.at(l.a, "releaser"), http.MethodPost, "/v1/disbursement-batches/"+f.id+"/recall",
		map[string]string{"reason": "wrong month again"}, nil)
	l.lookNow(t)
	want = "recalled_batch_taken payment_batch:" + f.id
	eventually(t, "the bank is asked about what it took", func() bool {
		return slices.Contains(l.lines(t, `select kind || ' ' || subject from exception_case`), want)
	})
	if out, code := l.binary.run(t, l.env(l.database), "", "verify"); code != exitOK {
		t.Errorf("verify ended with %d:\n%s", code, out)
	}
}

// supplementary pays what the recall left unpaid.
func (l *life) supplementary(t *testing.T) {
	t.Helper()
	var run payRun
	l.ask1(t, l.at(l.a, "business"), http.MethodPost, "/v1/pay-runs",
		map[string]any{"scheme": "rural", "month": l.first.String(), "kind": "supplementary"}, &run)
	l.decide(t, &run, func(string) *node { return l.a })
}

// takeAway empties the outbox, as the bank does.
func (l *life) takeAway(t *testing.T) {
	t.Helper()
	for name := range l.folderFiles(t, "outbox") {
		if err := os.Remove(filepath.Join(l.folder, "outbox", name)); err != nil {
			t.Fatal(err)
		}
	}
}

// fallAsleep stops a service between two works: one that sleeps in a transaction or in
// a job holds the others up, as it should.
func (l *life) fallAsleep(t *testing.T, n *node) {
	t.Helper()
	eventually(t, "a service sleeps with nothing in its hands", func() bool {
		n.tell(t, syscall.SIGSTOP)
		_ = pause(t.Context(), 300*time.Millisecond)
		busy := l.number(t, `select (select count(*) from pg_stat_activity where datname = current_database()
				and backend_type = 'client backend' and xact_start < now() - interval '200 ms')
			+ (select count(*) from river.river_job where state = 'running' and attempted_at < now() - interval '200 ms')`)
		if busy > 0 {
			n.tell(t, syscall.SIGCONT)
		}
		return busy == 0
	})
}

// dieAt starts the service, kills it in the trap, and proves what it left.
func (l *life) dieAt(t *testing.T, x *trap, step string, want []string) {
	t.Helper()
	l.begin(t, l.a)
	l.lookNow(t)
	x.caught(t)
	if err := l.a.kill(); err != nil {
		t.Fatal(err)
	}
	x.open(t)
	var finished, unfinished []string
	for name := range l.folderFiles(t, "outbox") {
		if strings.HasSuffix(name, ".tmp") {
			unfinished = append(unfinished, name)
		} else {
			finished = append(finished, name)
		}
	}
	slices.Sort(finished)
	if !slices.Equal(finished, want) || len(unfinished) == 0 {
		t.Errorf("killed before %s: the outbox holds %v and %v, want %v and a file that ends in .tmp", step, finished,
			unfinished, want)
	}
	if got := l.frozen(t).state; got != "sending" {
		t.Errorf("killed before %s: the batch is %s, want sending", step, got)
	}
}
