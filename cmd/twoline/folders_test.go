package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/bank/exchange"
	"twoline/adapters/bank/gb18030"
	"twoline/adapters/bank/profile"
	"twoline/adapters/postgres"
	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
)

// mailed is a gateway with a cooperative that takes and gives files in a folder.
type mailed struct {
	*lostCommits

	folder string
	disk   *smallDisk
	batch  collection.Batch
}

// smallDisk has room for so many bytes, where it says so.
type smallDisk struct {
	exchange.Disk

	limited bool
	room    int
}

// Create implements exchange.Disk.
func (d *smallDisk) Create(name string) (exchange.File, error) {
	f, err := d.Disk.Create(name)
	return smallFile{f, d}, err
}

type smallFile struct {
	exchange.File

	disk *smallDisk
}

// Write writes what there is room for.
func (f smallFile) Write(p []byte) (int, error) {
	if !f.disk.limited {
		return f.File.Write(p)
	}
	n, err := f.File.Write(p[:min(len(p), f.disk.room)])
	f.disk.room -= n
	if err == nil && n < len(p) {
		err = syscall.ENOSPC
	}
	return n, err
}

func openMailed(t *testing.T) *mailed {
	t.Helper()
	return openMailedAs(t, "rural-cooperative", "")
}

// openMailedAs is openMailed with a bank of a format; profiles is the folder of the
// operator's own.
func openMailedAs(t *testing.T, format, profiles string) *mailed {
	t.Helper()
	d := pgtest.New(t)
	m := &mailed{
		lostCommits: &lostCommits{d: d, today: calendar.DayIn(time.Now()), psbc: bank.Caller{Code: psbc}},
		folder:      filepath.Join(t.TempDir(), psbc),
	}
	m.seed(t)
	d.Exec(t, `update bank set format = '`+format+`'`)
	var err error
	m.g, err = wire(t.Context(), config{DatabaseURL: d.AppURL, Folders: map[string]string{psbc: m.folder}, ProfileFolder: profiles}, wallClocks(),
		slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.g.close)
	disk, err := exchange.OpenDisk(m.folder)
	if err != nil {
		t.Fatal(err)
	}
	m.disk = &smallDisk{Disk: disk}
	courier, err := exchange.Open(m.disk, exchange.Options{Markers: false})
	if err != nil {
		t.Fatal(err)
	}
	m.serve(courier)
	m.batch = m.withholdAll(t)
	return m
}

// serve has deliveries go through a courier.
func (m *mailed) serve(courier bank.Courier) {
	m.g.delivery = bank.NewDelivery(bank.DeliveryParts{
		Store: m.g.db.Delivery(), Intake: m.g.intake, Couriers: map[string]bank.Courier{psbc: courier},
		Write: m.g.writeParcel, Recognise: recognise(m.g.files), Log: slog.New(slog.DiscardHandler),
	})
}

func (m *mailed) withholdAll(t *testing.T) collection.Batch {
	t.Helper()
	officer := approval.Officer{
		Login: "maker", Person: 1, Organisation: approval.AgencyBusiness, Area: lostArea,
		Duties: []approval.Duty{approval.Maker},
	}
	_, err := m.g.collection.Withhold(t.Context(), m.request("POST /v1/withholding-runs", "run-00000001", 1), plain, officer,
		collection.Run{Scheme: "rural", Year: m.today.Year()})
	if err != nil {
		t.Fatal(err)
	}
	return m.standing(t)
}

func (m *mailed) standing(t *testing.T) collection.Batch {
	t.Helper()
	list, err := m.g.collection.Batches(t.Context(), collection.BatchFilter{Area: lostArea, Limit: 10})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d batches, %v", len(list), err)
	}
	return list[0]
}

func (m *mailed) look(t *testing.T) error {
	t.Helper()
	return m.g.delivery.Look(t.Context(), psbc)
}

func (m *mailed) in(t *testing.T, part string) []string {
	t.Helper()
	list, err := os.ReadDir(filepath.Join(m.folder, part))
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, e := range list {
		out = append(out, e.Name())
	}
	return out
}

func (m *mailed) cases(t *testing.T) []string {
	t.Helper()
	return column[string](t, m.d, `select kind || ' ' || subject || case when exists (select from exception_closed x
		where x.case_id = c.id) then ' closed' else '' end from exception_case c order by id`)
}

func (m *mailed) put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(m.folder, "inbox", name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestF67_AFullDiskIsACaseUntilTheBatchIsOut(t *testing.T) {
	t.Parallel()
	m := openMailed(t)
	subject := fmt.Sprintf("outbox_unwritable batch:%d", m.batch.ID)
	m.disk.limited, m.disk.room = true, 100
	for range 2 {
		if err := m.look(t); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("a look without room: %v", err)
		}
	}
	if got := m.standing(t).State; got != bank.BatchSending {
		t.Errorf("the batch is %s", got)
	}
	if left := m.in(t, "outbox"); len(left) > 0 {
		t.Errorf("the outbox holds %v", left)
	}
	if diff := cmp.Diff([]string{subject}, m.cases(t)); diff != "" {
		t.Errorf("cases (-want +got):\n%s", diff)
	}
	m.disk.limited = false
	for range 2 {
		if err := m.look(t); err != nil {
			t.Fatal(err)
		}
	}
	if got := m.standing(t); got.State != bank.BatchSent || got.Version != m.batch.Version+1 {
		t.Errorf("the batch is %s in version %d", got.State, got.Version)
	}
	if diff := cmp.Diff([]string{subject + " closed"}, m.cases(t)); diff != "" {
		t.Errorf("cases (-want +got):\n%s", diff)
	}
	text, err := os.ReadFile(filepath.Join(m.folder, "outbox", m.batch.FileName))
	if err != nil || sha256.Sum256(text) != m.batch.FileDigest {
		t.Errorf("delivered %d bytes of %d, %v", len(text), m.batch.FileSize, err)
	}
	// The bank takes it away, as it should: nothing is delivered again.
	if err := errors.Join(os.Remove(filepath.Join(m.folder, "outbox", m.batch.FileName)), m.look(t)); err != nil {
		t.Error(err)
	}
	if left := m.in(t, "outbox"); len(left) > 0 {
		t.Errorf("the outbox holds %v", left)
	}
	if broken := m.broken(t); len(broken) > 0 {
		t.Errorf("breaches: %v", broken)
	}
	// Verification asks which bytes went out.
	m.d.Exec(t, `set session_replication_role = replica;
		update batch_event set evidence = '{"because": "file in the bank''s folder with digest 00"}' where to_state = 'sent'`)
	if broken := m.broken(t); !slices.Equal(broken, []string{"I15"}) {
		t.Errorf("another file's digest in the evidence breaks %v", broken)
	}
}

// late is a courier during whose work the batch moves on.
type late struct {
	bank.Courier

	meanwhile func()
}

func (l late) Stage(p bank.Parcel, write func(io.Writer) error) (bank.Staged, error) {
	s, err := l.Courier.Stage(p, write)
	l.meanwhile()
	return s, err
}

func TestF19_ABatchThatMovedOnIsNotDelivered(t *testing.T) {
	t.Parallel()
	m := openMailed(t)
	courier, err := exchange.Open(m.disk, exchange.Options{Markers: true})
	if err != nil {
		t.Fatal(err)
	}
	m.serve(late{courier, func() {
		_, err := m.g.collection.Acknowledge(t.Context(), m.request("POST acknowledgement", "ack-00000001", 1), plain, 0, m.psbc,
			m.batch.ID, collection.Acknowledgement{
				Count: m.batch.Count, Amount: m.batch.Amount, Digest: hex.EncodeToString(m.batch.FileDigest[:]),
			})
		if err != nil {
			t.Error(err)
		}
	}})
	if err := m.look(t); err != nil {
		t.Error(err)
	}
	if left := m.in(t, "outbox"); len(left) > 0 {
		t.Errorf("the outbox holds %v", left)
	}
	if got := m.standing(t).State; got != bank.BatchAcked {
		t.Errorf("the batch is %s", got)
	}
}

func TestABanksFolderIsAnIntakeLikeAnyOther(t *testing.T) {
	t.Parallel()
	m := openMailed(t)
	if err := m.look(t); err != nil {
		t.Fatal(err)
	}
	succeeded, failed := m.answers(t)
	stem := strings.TrimSuffix(m.batch.FileName, ".TXT")
	m.put(t, stem+"_S.TXT", succeeded)
	m.put(t, stem+"_S.TXT.ok", fmt.Sprintf("%d %d.00", m.batch.Count-1, 100*(m.batch.Count-1)))
	m.put(t, stem+"_F.TXT", failed)
	m.put(t, stem+"_F.TXT.ok", "1 100.00")
	m.put(t, "again_"+stem+"_S.TXT", succeeded)
	m.put(t, "again_"+stem+"_S.TXT.ok", fmt.Sprintf("%d %d.00", m.batch.Count-1, 100*(m.batch.Count-1)))
	m.put(t, "W_psbc_610304_20110310_09999999_S.TXT", succeeded)
	m.put(t, "holiday greetings.doc", "happy new year")
	m.put(t, stem+"_x.TXT", "1")
	m.put(t, stem+"_x.TXT.ok", "many")
	for range 3 {
		if err := m.look(t); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range column[int64](t, m.d, `select id from receipt where state = 'received' order by id`) {
		if err := m.g.takeIn(t.Context(), bank.ReceiptArrived{Area: lostArea, Receipt: id, What: bank.ReceiptResultFile}); err != nil {
			t.Fatal(err)
		}
	}
	got := column[string](t, m.d, `select format('%s %s: %s rows, %s recorded', state, part, rows, recorded) from receipt order by 1`)
	want := []string{
		"duplicate S: 0 rows, 0 recorded", "processed F: 1 rows, 1 recorded",
		fmt.Sprintf("processed S: %[1]d rows, %[1]d recorded", m.batch.Count-1),
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("receipts (-want +got):\n%s", diff)
	}
	if left := m.in(t, "inbox"); len(left) > 0 {
		t.Errorf("the inbox holds %v", left)
	}
	if kept := m.in(t, "archive"); len(kept) != 6 {
		t.Errorf("the archive holds %v", kept)
	}
	if aside := m.in(t, "quarantine"); len(aside) != 4 {
		t.Errorf("quarantine holds %v", aside)
	}
	unknown := 0
	for _, c := range m.cases(t) {
		if strings.HasPrefix(c, "inbox_unknown inbox_file:psbc:") {
			unknown++
		}
	}
	if unknown != 3 {
		t.Errorf("cases %v, want three of files that nobody can take in", m.cases(t))
	}
	// The same name with other content waits for a person, in the books and on the disk.
	m.put(t, stem+"_S.TXT", succeeded+"x")
	m.put(t, stem+"_S.TXT.ok", "")
	if err := m.look(t); err != nil {
		t.Fatal(err)
	}
	if n := column[int64](t, m.d, `select count(*) from receipt where state = 'quarantined' and code = 'name_reused'`)[0]; n != 1 ||
		len(m.in(t, "quarantine")) != 6 {
		t.Errorf("%d receipts are quarantined, the folder holds %v", n, m.in(t, "quarantine"))
	}
	if broken := m.broken(t); len(broken) > 0 {
		t.Errorf("breaches: %v", broken)
	}
}

// answers are the bank's two files: the first item failed.
func (m *mailed) answers(t *testing.T) (succeeded, failed string) {
	t.Helper()
	codec := gb18030.New(gb18030.GB18030)
	text, err := os.ReadFile(filepath.Join(m.folder, "outbox", m.batch.FileName))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := codec.Decode(nil, text)
	if err != nil {
		t.Fatal(err)
	}
	var files [2]strings.Builder
	n := 0
	for row := range strings.Lines(string(plain)) {
		f := strings.Split(row, "|")
		if n++; n == 1 {
			files[1].WriteString(strings.Join(f[:5], "|") + "|余额不足\n")
			continue
		}
		files[0].WriteString(strings.Join(f[:5], "|") + "\n")
	}
	var out [2]string
	for i := range files {
		content, err := codec.Encode(nil, files[i].String())
		if err != nil {
			t.Fatal(err)
		}
		out[i] = string(content)
	}
	return out[0], out[1]
}

// broken names the invariants about files and batches that do not hold. The run of
// this test has no officer and no command of the API, which others would miss.
func (m *mailed) broken(t *testing.T) (ids []string) {
	t.Helper()
	r, err := m.g.db.Verify(t.Context(), postgres.Verification{Files: profile.New()})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		if !f.Holds() && slices.Contains([]string{"I15", "I16", "I18", "I19", "I20", "I21", "I22"}, f.ID) {
			ids = append(ids, f.ID)
		}
	}
	return ids
}

// A configuration that names folders wrongly is not one to serve with.
func TestF121_FoldersOfBanksAreProvedAtTheStart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for folders, good := range map[string]bool{
		"": true, "rcc=/srv/rcc": true, "rcc=/srv/rcc,psbc=/srv/psbc": true, "rcc=/srv/rcc psbc=/srv/psbc": true,
		"rcc": false, "rcc=srv/rcc": false, "=/srv/rcc": false, "rcc=/srv/a,rcc=/srv/b": false,
		"rcc=/srv/a,psbc=/srv/a/": false,
	} {
		_, err := readFolders(folders)
		if (err == nil) != good {
			t.Errorf("%q: %v", folders, err)
		}
	}
	c := config{DatabaseURL: "postgres://twoline@127.0.0.1/twoline", Markers: []string{"rcc"}}
	if err := c.validate(); err == nil {
		t.Error("markers of a bank without a folder")
	}
	g := &gateway{log: slog.New(slog.DiscardHandler)}
	if err := g.wireFolders(config{Folders: map[string]string{"rcc": file}}, profile.New()); err == nil {
		t.Error("a file was taken for a folder")
	}
}
