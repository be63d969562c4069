package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"twoline/adapters/bank/profile"
	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/bank"
	"twoline/gateway/fault"
)

// ownProfiles is a folder with one profile of a bank that nobody shipped: the shipped
// one of UnionPay's collection under another name, with another merchant.
func ownProfiles(t *testing.T) string {
	t.Helper()
	text, err := fs.ReadFile(profile.ShippedFiles(), "unionpay.collection.yaml")
	if err != nil {
		t.Fatal(err)
	}
	own := strings.NewReplacer("profile: unionpay\n", "profile: county-bank\n", "999290000000001", "610304000000001",
		", check: id_number", ""). // the people of the test have no true numbers
		Replace(string(text))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "county-bank.yaml"), []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A bank that nobody wrote code for is a YAML file: its batch goes out under the
// bank's own name and form, and its answer, whose name has no number apart, finds the
// batch.
func TestANewBankIsAProfile(t *testing.T) {
	t.Parallel()
	m := openMailedAs(t, "county-bank", ownProfiles(t))
	if err := m.look(t); err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("DK00000000610304000000001%s0001I.txt", m.batch.CreatedOn.Compact())
	text, err := os.ReadFile(filepath.Join(m.folder, "outbox", name))
	if err != nil {
		t.Fatalf("%v; the outbox holds %v", err, m.in(t, "outbox"))
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\r\n"), "\r\n")
	if want := fmt.Sprintf("5.0.0|%d|%d||", m.batch.Amount.Fen(), m.batch.Count); lines[0] != want {
		t.Errorf("the file begins with %q, want %q", lines[0], want)
	}
	answer := []string{
		fmt.Sprintf("%s|%d|%d||", lines[0], m.batch.Amount.Fen()-10000, m.batch.Count-1),
		lines[1] + "|respCode|respMsg|queryId|sysTraNo|sysTm|settleDate",
	}
	for i, row := range lines[2:] {
		verdict := "|0000|ok|Q" + fmt.Sprint(i) + "|1|0310120000|0311"
		if i == 0 {
			verdict = "|3008|no funds|Q0|1|0310120000|0311"
		}
		answer = append(answer, row+verdict)
	}
	m.put(t, strings.TrimSuffix(name, "I.txt")+"O.txt", strings.Join(answer, "\r\n")+"\r\n")
	for range 3 {
		if err := m.look(t); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range column[int64](t, m.d, `select id from receipt where state = 'received'`) {
		err := m.g.takeIn(t.Context(), bank.ReceiptArrived{Area: lostArea, Receipt: id, What: bank.ReceiptResultFile})
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := m.standing(t); got.Progress.Failed != 1 || got.Progress.Open != 0 || got.State == bank.BatchSent {
		t.Errorf("the batch is %s, %+v; quarantine holds %v, cases %v, receipts %v", got.State, got.Progress,
			m.in(t, "quarantine"), m.cases(t), column[string](t, m.d, `select concat_ws(' ', state, code, text) from receipt`))
	}
	if class := column[string](t, m.d, `select class from answer where outcome = 'failed'`); len(class) != 1 || class[0] != "RETRY_FUNDS" {
		t.Errorf("the failure is %v", class)
	}
}

// A service without the profile of a registered bank does not start: it could neither
// write nor read the bank's files.
func TestABankWithoutItsProfileStopsTheStart(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	d.Exec(t, `insert into area values (610304, 'x');
		insert into bank (area, bank, bank_no, name, format, row_limit) values (610304, 'cb', '105100000017', 'x', 'county-bank', 10)`)
	start := func(folder string) error {
		g, err := wire(t.Context(), config{DatabaseURL: d.AppURL, ProfileFolder: folder, AllowUnsafe: true}, wallClocks(), //nolint:exhaustruct // a trial
			slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		defer g.close()
		return g.selfCheck(context.WithoutCancel(t.Context()), config{AllowUnsafe: true}) //nolint:exhaustruct // a trial
	}
	if err := start(""); !errors.Is(err, bank.ErrNoForm) {
		t.Errorf("without its profile: %v", err)
	}
	if err := start(ownProfiles(t)); err != nil {
		t.Errorf("with its profile: %v", err)
	}
	d.Exec(t, `update bank set charset = 'latin-1'`)
	if err := start(ownProfiles(t)); fault.CodeOf(err) != "text_not_encodable" {
		t.Errorf("with a charset that its profile does not know: %v", err)
	}
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "x.yaml"), []byte("profile: x\ndirection: sideways\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := start(broken); err == nil || !strings.Contains(err.Error(), "x.yaml: line 2") {
		t.Errorf("a profile that cannot be used: %v", err)
	}
}

// The README's walk-through works as it stands there.
func TestTheWalkThroughOfANewBank(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := map[string]string{}
	for _, block := range strings.Split(string(text), "```")[1:] {
		head, body, _ := strings.Cut(block, "\n")
		if name, ok := strings.CutPrefix(head, "csv "); ok {
			files[name] = strings.ReplaceAll(body, "\n", "\r\n")
		} else if head == "yaml" {
			files["bridge-bank.payment.yaml"] = body
		}
	}
	if len(files) != 3 {
		t.Fatalf("the README shows %d files", len(files))
	}
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	twoline := func(args ...string) (string, int) {
		var out, errs strings.Builder
		code := run(t.Context(), append([]string{"convert"}, args...), streams{strings.NewReader(""), &out, &errs},
			func(string) string { return "" })
		return out.String() + errs.String(), code
	}
	own := filepath.Join(dir, "bridge-bank.payment.yaml")
	for from, to := range map[string]string{
		"PAY_20261125_00000001.csv": "request.jsonl", "PAY_20261125_00000001_R.csv": "result.jsonl",
	} {
		lines, code := twoline("--profile", own, filepath.Join(dir, from))
		if code != exitOK || !strings.Contains(lines, `"amount":"243.15"`) {
			t.Fatalf("%s: %d, %s", from, code, lines)
		}
		if err := os.WriteFile(filepath.Join(dir, to), []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if said, code := twoline("--check", "--profile", own); code != exitOK || !strings.Contains(said, "proved on its 2 examples") {
		t.Errorf("the check ends with %d: %s", code, said)
	}
	wrong := strings.Replace(files["bridge-bank.payment.yaml"], `"51": FIX_ACCOUNT`, `"51": FIXACCOUNT`, 1)
	if err := os.WriteFile(own, []byte(wrong), 0o600); err != nil {
		t.Fatal(err)
	}
	said, code := twoline("--check", "--profile", own)
	if code != exitFound || !strings.Contains(said, `35:32: answers.codes["51"]: expected SUCCESS`) ||
		!strings.Contains(said, "did you mean FIX_ACCOUNT?") {
		t.Errorf("a wrong word ends with %d: %s", code, said)
	}
}
