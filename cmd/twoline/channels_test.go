package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"twoline/adapters/bank/banktest"
	"twoline/adapters/bank/exchange"
	"twoline/adapters/bank/profile"
	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/bank"
)

// Three banks accept connections and say nothing, more than there are workers for
// everything else. The fourth one's file goes out soon after it was made, though the
// folders are looked at once an hour.
func TestADeadBankHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	m := openMailed(t)
	m.g.close()
	dead, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dead.Close() })
	live := banktest.Serve(t, banktest.ServerOptions{})
	live.Pin(t, live.NewHostKey(t), live.Address, dead.Addr().String())
	c := config{DatabaseURL: m.d.AppURL, Poll: time.Hour, Servers: map[string]exchange.Server{psbc: serverOf(live)}}
	for _, code := range []string{"dead-a", "dead-b", "dead-c"} {
		s := serverOf(live)
		s.Address, s.Connecting = dead.Addr().String(), 20*time.Second
		c.Servers[code] = s
	}
	if m.g, err = wire(t.Context(), c, wallClocks(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.g.close)
	ctx, cancel := context.WithCancel(context.Background())
	if err := m.g.jobs.Start(ctx); err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{"dead-a", "dead-b", "dead-c"} {
		m.askForLook(t, code)
	}
	if err := dead.SetDeadline(time.Now().Add(15 * time.Second)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		conn, err := dead.Accept()
		if err != nil {
			t.Fatalf("a dead bank waits for other dead ones: %v", err)
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	pushed := make(chan struct{})
	go func() { defer close(pushed); m.g.push(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-pushed
		m.g.channels.stop()
		stop, end := context.WithTimeout(context.Background(), time.Minute)
		defer end()
		if err := m.g.jobs.Stop(stop); err != nil {
			t.Errorf("a dead bank keeps the service from ending: %v", err)
		}
	})
	name := filepath.Join(live.Path, "outbox", m.batch.FileName)
	deadline := time.After(time.Minute)
	for {
		text, err := os.ReadFile(name)
		if err == nil && sha256.Sum256(text) == m.batch.FileDigest {
			break
		}
		select {
		case <-deadline:
			t.Fatal("the file waits for banks that are dead")
		case <-time.After(20 * time.Millisecond):
		}
	}
	for m.standing(t).State != bank.BatchSent {
		select {
		case <-deadline:
			t.Fatal("the batch is not sent")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (m *mailed) askForLook(t *testing.T, code string) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), m.g.db.Pool(), func(tx pgx.Tx) error {
		return m.g.jobs.Enqueue(t.Context(), tx, bank.FolderLook{Bank: code})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A file that waits asks for one look, and for no other while that one waits; one that
// is held for a person, or is out, asks for none.
func TestAFileThatWaitsAsksForALook(t *testing.T) {
	t.Parallel()
	m := openMailed(t)
	looks := func() int64 {
		return column[int64](t, m.d, `select count(*) from river.river_job where kind = 'folder_look' and queue = kind
			and args ->> 'bank' = 'psbc'`)[0]
	}
	for range 3 {
		if err := m.g.pushTo(t.Context(), psbc); err != nil {
			t.Fatal(err)
		}
	}
	if n := looks(); n != 1 {
		t.Errorf("%d looks wait", n)
	}
	m.d.Exec(t, `delete from river.river_job`)
	if err := os.WriteFile(filepath.Join(m.folder, "outbox", m.batch.FileName), []byte("a stranger's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(m.look(t), m.g.pushTo(t.Context(), psbc)); err != nil {
		t.Fatal(err)
	}
	if n := looks(); n != 0 || len(m.cases(t)) != 1 {
		t.Errorf("%d looks wait for a file that is held, cases %v", n, m.cases(t))
	}
}

func serverOf(s *banktest.Server) exchange.Server {
	return exchange.Server{
		Address: s.Address, User: s.User, Path: s.Path, Key: s.Key, KnownHosts: s.KnownHosts, Now: time.Now,
	}
}

func TestF114_AnotherKeyOfABanksServerIsACaseForAPerson(t *testing.T) {
	t.Parallel()
	m := openMailed(t)
	s := banktest.Serve(t, banktest.ServerOptions{})
	server := serverOf(s)
	server.Pause = time.Nanosecond
	if err := m.g.wireFolders(config{Servers: map[string]exchange.Server{psbc: server}}, profile.New()); err != nil {
		t.Fatal(err)
	}
	key := s.NewHostKey(t)
	for range 3 {
		if err := m.g.lookAt(t.Context(), psbc); !errors.Is(err, exchange.ErrHostKey) {
			t.Errorf("looked at a server with another key: %v", err)
		}
	}
	cases := m.cases(t)
	if len(cases) != 1 || !strings.HasPrefix(cases[0], "host_key_refused host_key:psbc:SHA256:") {
		t.Errorf("cases %v", cases)
	}
	if got := m.standing(t).State; got != bank.BatchSending || s.Logins() > 0 {
		t.Errorf("the batch is %s, the server was told who we are %d times", got, s.Logins())
	}
	s.Pin(t, key)
	if err := m.g.lookAt(t.Context(), psbc); err != nil {
		t.Fatal(err)
	}
	if got := m.standing(t).State; got != bank.BatchSent {
		t.Errorf("the batch is %s", got)
	}
}

// switched is a courier whose files are written over, by others of the same size and
// time, after they were read once.
type switched struct {
	bank.Courier

	after func()
}

func (s switched) Read(in bank.Incoming, fn func(io.Reader) error) error {
	err := s.Courier.Read(in, fn)
	s.after()
	return err
}

func TestF113_TheDigestIsTakenBeforeAndWhileAFileIsTakenIn(t *testing.T) {
	t.Parallel()
	m := openMailed(t)
	if err := m.look(t); err != nil {
		t.Fatal(err)
	}
	succeeded, _ := m.answers(t)
	name := strings.TrimSuffix(m.batch.FileName, ".TXT") + "_S.TXT"
	path := filepath.Join(m.folder, "inbox", name)
	m.put(t, name, succeeded)
	stamp := time.Now().Add(-time.Hour).Truncate(time.Second)
	lay := func(text string) {
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chtimes(path, stamp, stamp)); err != nil {
			t.Error(err)
		}
	}
	lay(succeeded)
	other := strings.Replace(succeeded, "100.00", "900.00", 1)
	courier, err := exchange.Open(m.disk, exchange.Options{})
	if err != nil {
		t.Fatal(err)
	}
	reads := 0
	m.serve(switched{courier, func() {
		if reads++; reads == 1 {
			lay(other)
		}
	}})
	for range 2 {
		if err := m.look(t); err != nil {
			t.Fatal(err)
		}
	}
	got := column[string](t, m.d, `select state || ' ' || code from receipt`)
	if want := []string{"quarantined file_still_written"}; reads != 2 || !slices.Equal(got, want) {
		t.Errorf("receipts %v after %d reads of a file that was written over in between", got, reads)
	}
	if cases := m.cases(t); len(cases) > 0 {
		t.Errorf("people are asked about a file that comes again by itself: %v", cases)
	}
	if left := m.in(t, "inbox"); !slices.Equal(left, []string{name}) {
		t.Errorf("the inbox holds %v", left)
	}
	lay(succeeded)
	if err := m.look(t); err != nil {
		t.Fatal(err)
	}
	if n := column[int64](t, m.d, `select count(*) from receipt where state = 'received'`)[0]; n != 1 {
		t.Errorf("%d receipts", n)
	}
}

// What one bank answers counts from that bank's folder only.
func TestF50_AFileInAnotherBanksFolderIsSetAside(t *testing.T) {
	t.Parallel()
	m := openMailed(t)
	if err := m.look(t); err != nil {
		t.Fatal(err)
	}
	m.d.Exec(t, `insert into bank values (610304, 'rcc', '402100000005', '信用社', 'rural-cooperative', 1000)`)
	succeeded, _ := m.answers(t)
	stranger := filepath.Join(t.TempDir(), "rcc")
	disk, err := exchange.OpenDisk(stranger)
	if err != nil {
		t.Fatal(err)
	}
	courier, err := exchange.Open(disk, exchange.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m.g.delivery = bank.NewDelivery(bank.DeliveryParts{
		Store: m.g.db.Delivery(), Intake: m.g.intake, Couriers: map[string]bank.Courier{"rcc": courier},
		Write: m.g.writeParcel, Log: slog.New(slog.DiscardHandler),
	})
	name := strings.TrimSuffix(m.batch.FileName, ".TXT") + "_S.TXT"
	if err := os.WriteFile(filepath.Join(stranger, "inbox", name), []byte(succeeded), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := m.g.delivery.Look(t.Context(), "rcc"); err != nil {
			t.Fatal(err)
		}
	}
	if n := column[int64](t, m.d, `select count(*) from receipt`)[0]; n != 0 {
		t.Errorf("%d receipts", n)
	}
	digest := sha256.Sum256([]byte(succeeded))
	if diff := cmp.Diff([]string{fmt.Sprintf("inbox_unknown inbox_file:rcc:%x", digest[:8])}, m.cases(t)); diff != "" {
		t.Errorf("cases (-want +got):\n%s", diff)
	}
	kept, err := os.ReadFile(filepath.Join(stranger, "quarantine", fmt.Sprintf("%x_%s", digest, name)))
	if err != nil || string(kept) != succeeded {
		t.Errorf("quarantine: %d bytes, %v", len(kept), err)
	}
}

func TestF121_ServersOfBanksAreDescribedWhole(t *testing.T) {
	t.Parallel()
	s := banktest.Serve(t, banktest.ServerOptions{})
	good := map[string]string{
		"TWOLINE_DATABASE_URL":          "postgres://twoline@127.0.0.1/twoline",
		"TWOLINE_BANK_SFTP":             "rcc=sftp://twoline@" + s.Address + s.Path,
		"TWOLINE_BANK_SFTP_KEYS":        "rcc=" + s.Key,
		"TWOLINE_BANK_SFTP_KNOWN_HOSTS": "rcc=" + s.KnownHosts,
		"TWOLINE_BANK_MARKERS":          "rcc", "TWOLINE_BANK_POLL": "1m",
	}
	for name, change := range map[string]map[string]string{
		"":                        {},
		"a server twice":          {"TWOLINE_BANK_SFTP": "rcc=sftp://a@b/c,rcc=sftp://a@b/d"},
		"one folder of two banks": {"TWOLINE_BANK_SFTP": "rcc=sftp://a@b/c,psbc=sftp://a@b:22/c/"},
		"no user":                 {"TWOLINE_BANK_SFTP": "rcc=sftp://b/c"},
		"no path":                 {"TWOLINE_BANK_SFTP": "rcc=sftp://a@b"},
		"a password":              {"TWOLINE_BANK_SFTP": "rcc=sftp://a:secret@b/c"},
		"FTP":                     {"TWOLINE_BANK_SFTP": "rcc=ftp://a@b/c"},
		"no key":                  {"TWOLINE_BANK_SFTP_KEYS": ""},
		"no such key":             {"TWOLINE_BANK_SFTP_KEYS": "rcc=" + s.Key + ".not"},
		"another bank's key":      {"TWOLINE_BANK_SFTP_KEYS": "rcc=" + s.Key + ",psbc=/key"},
		"nothing pinned":          {"TWOLINE_BANK_SFTP_KNOWN_HOSTS": ""},
		"another host pinned":     {"TWOLINE_BANK_SFTP": "rcc=sftp://twoline@sftp.example" + s.Path},
		"no password file":        {"TWOLINE_BANK_SFTP_PASSWORDS": "rcc=/nowhere"},
		"two ways":                {"TWOLINE_BANK_FOLDERS": "rcc=/srv/rcc"},
		"markers of another bank": {"TWOLINE_BANK_MARKERS": "psbc"},
		"too often":               {"TWOLINE_BANK_POLL": "1ms"},
		"no time":                 {"TWOLINE_BANK_POLL": "5"},
	} {
		env := maps.Clone(good)
		maps.Copy(env, change)
		c, err := readConfig(func(name string) string { return env[name] })
		if err == nil {
			err = c.validate()
		}
		if (err == nil) != (name == "") {
			t.Errorf("%q: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q shows the password: %v", name, err)
		}
	}
}

func TestF121_CheckConfigProvesEachBanksServer(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	s := banktest.Serve(t, banktest.ServerOptions{})
	key := s.NewHostKey(t)
	s.Pin(t, key)
	env := map[string]string{
		"TWOLINE_DATABASE_URL": d.AppURL, "TWOLINE_ALLOW_UNSAFE": "yes",
		"TWOLINE_BANK_SFTP":             "rcc=sftp://twoline@" + s.Address + s.Path,
		"TWOLINE_BANK_SFTP_KEYS":        "rcc=" + s.Key,
		"TWOLINE_BANK_SFTP_KNOWN_HOSTS": "rcc=" + s.KnownHosts,
	}
	check := func() (int, string) {
		var out bytes.Buffer
		code := run(t.Context(), []string{"check-config"}, streams{in: strings.NewReader(""), out: &out, err: &out},
			func(name string) string { return env[name] })
		return code, out.String()
	}
	if code, text := check(); code != exitOK || !strings.Contains(text, "ok       bank rcc") {
		t.Errorf("a server as it should be: %d\n%s", code, text)
	}
	for _, tt := range []struct {
		name, say string
		change    func()
		undo      func()
	}{
		{
			"another key", "MISSING  bank rcc .*host_key_refused.*before the bank has confirmed", func() { s.NewHostKey(t) },
			func() { s.Pin(t, s.NewHostKey(t)) },
		},
		{"no right to write", "MISSING  bank rcc .*permission denied", func() { s.Deny(t, "write") }, func() { s.Deny(t) }},
		{
			"no folder", "MISSING  bank rcc .*has no folder",
			func() { env["TWOLINE_BANK_SFTP"] = "rcc=sftp://twoline@" + s.Address + "/nowhere/rcc" },
			func() { env["TWOLINE_BANK_SFTP"] = "rcc=sftp://twoline@" + s.Address + s.Path },
		},
		{
			"a key for others to read", "MISSING  configuration .*chmod 600",
			func() { _ = os.Chmod(s.Key, 0o644) }, func() { _ = os.Chmod(s.Key, 0o600) },
		},
	} {
		tt.change()
		code, text := check()
		matched := false
		for line := range strings.Lines(text) {
			rest := line
			matched = matched || !slices.ContainsFunc(strings.Split(tt.say, ".*"), func(part string) bool {
				_, after, found := strings.Cut(rest, strings.TrimSpace(part))
				rest = after
				return !found
			})
		}
		if code != exitFound || !matched {
			t.Errorf("%s: %d\n%s", tt.name, code, text)
		}
		tt.undo()
	}
	if code, text := check(); code != exitOK {
		t.Errorf("at the end: %d\n%s", code, text)
	}
}
