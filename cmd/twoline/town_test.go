package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"twoline/adapters/bank/gb18030"
	"twoline/adapters/bank/simbank"
	"twoline/adapters/httpapi/signature"
	"twoline/adapters/trial"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

const (
	townMembers  = 600
	townPassword = "a password for nobody"
)

// town is what every run of a crash test begins with: durable servers, one
// migrated and seeded database that the runs clone, the keys of the two banks.
type town struct {
	binary   program
	pg       *trial.Postgres
	redis    *trial.Redis
	county   county
	today    calendar.Day
	keys     map[string]signature.Key
	template string
	login    *url.Userinfo
	// logins are the officers at work.
	logins []string
	// configure changes how a simulated bank is set up.
	configure func(code string, c *simbank.Config)
	// dayFile says which business day it is where the program was built for that.
	dayFile string
	// limit is how long a life may take.
	limit time.Duration
	// through, if given, says which address a life's service reaches PostgreSQL by.
	through func(database string) string
}

// openTown seeds the county with the real program alone.
func openTown(t *testing.T) *town {
	t.Helper()
	w := &town{
		binary: buildProgram(t), today: calendar.DayIn(time.Now()), county: newTown(), limit: 10 * time.Minute,
		configure: func(string, *simbank.Config) {},
	}
	env := w.start(t)
	w.load(t, env, w.files())
	w.hire(t, env, [][]string{
		{"business", "周敏", "agency_business", "maker"},
		{"finance", "高洁", "agency_finance", "maker"},
		{"finance-check", "罗永", "agency_finance", "checker"},
	})
	return w
}

// start brings up the servers and a migrated database, the template of the lives,
// and returns the environment of a command on it.
func (w *town) start(t *testing.T) map[string]string {
	t.Helper()
	w.keys = map[string]signature.Key{}
	var err error
	if w.pg, err = trial.StartPostgres(t.Context(), trial.PostgresOptions{Durable: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.check(t, w.pg.Stop()) })
	if w.redis, err = trial.StartRedis(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.check(t, w.redis.Stop()) })
	w.template, w.login = "town", url.UserPassword("town_app", hex.EncodeToString(randomBytes(16)))
	w.sql(t, "postgres", "create database "+w.template)
	env := w.env(w.template)
	env["TWOLINE_MIGRATE_DATABASE_URL"] = w.pg.URL()
	if u, err := url.Parse(w.pg.URL()); err == nil {
		u.Path = "/" + w.template
		env["TWOLINE_MIGRATE_DATABASE_URL"] = u.String()
	}
	w.binary.must(t, env, "", "migrate")
	return env
}

func (w *town) check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// env is the environment of a command on one database, without Redis.
func (w *town) env(database string) map[string]string {
	u, err := url.Parse(w.pg.URL())
	if err != nil {
		panic(err)
	}
	u.Path, u.User = "/"+database, w.login
	return map[string]string{"TWOLINE_DATABASE_URL": u.String(), "TWOLINE_TEST_BUSINESS_DAY": w.dayFile}
}

// sql runs statements as the superuser, each by itself.
func (w *town) sql(t *testing.T, database string, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if err := w.ask(t.Context(), database, func(c *pgx.Conn) error {
			_, err := c.Exec(t.Context(), s)
			return err
		}); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// ask opens a connection of its own, which no crash of before can have broken.
func (w *town) ask(ctx context.Context, database string, fn func(*pgx.Conn) error) error {
	c, err := w.connect(ctx, database)
	if err != nil {
		return err
	}
	return errors.Join(fn(c), c.Close(ctx))
}

// connect opens a superuser's connection.
func (w *town) connect(ctx context.Context, database string) (*pgx.Conn, error) {
	u, err := url.Parse(w.pg.URL())
	if err != nil {
		return nil, err
	}
	u.Path = "/" + database
	return pgx.Connect(ctx, u.String())
}

// newTown makes 600 payers, half of them at each bank. A few cannot be debited
// at first, and some never.
func newTown() county {
	c := county{area: 610304, villages: []string{"610304101201", "610304101202", "610304102201"}}
	surnames := []rune("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗")
	given := []string{"秀英", "建国", "桂兰", "志强", "玉珍", "文军", "淑华", "海龙", "春梅", "德明", "喆", "金凤"}
	for i := range townMembers {
		digits := fmt.Sprintf("610304%04d%02d%02d%03d", 1966+i%28, 1+i%12, 1+i%28, 100+i)
		v := villager{
			idNumber: digits + string(party.IDCheck(digits)), socialNo: fmt.Sprintf("61030411%06d", i+1),
			name: string(surnames[i%len(surnames)]) + given[(i/3)%len(given)], region: c.villages[i%len(c.villages)],
			tier: money.Amount(100_00 * (1 + i%5)), state: simbank.Normal, balance: 900_00,
			bank: psbc, kind: "passbook", account: fmt.Sprintf("6010%012d", i+1),
		}
		if i >= townMembers/2 {
			v.bank, v.kind = rcc, "card"
			payload := fmt.Sprintf("622999%012d", i+1)
			v.account = payload + string(party.LuhnCheck(payload))
		}
		v.mandate = fmt.Sprintf("D%s%06d", strings.ToUpper(v.bank), i+1)
		switch i % 100 {
		case 17:
			v.state = simbank.Closed
		case 43:
			v.state = simbank.Frozen
		case 3, 71:
			v.balance = 50_00
		}
		c.people = append(c.people, v)
	}
	return c
}

// registryFile is one import.
type registryFile struct{ kind, text string }

// files are the registry of the county.
func (w *town) files() []registryFile {
	opened, year := w.today.AddDays(-3), strconv.Itoa(w.today.Year())
	var members, instruments, mandates, tiers strings.Builder
	members.WriteString("id_number,social_no,name,region,scheme,joined_on\n")
	instruments.WriteString("id_number,bank,kind,account_no,activated,for_payout,opened_on\n")
	mandates.WriteString("id_number,bank,account_no,number,signed_on\n")
	tiers.WriteString("id_number,year,amount,chosen_on\n")
	for _, v := range w.county.people {
		fmt.Fprintf(&members, "%s,%s,%s,%s,rural,2012-01-05\n", v.idNumber, v.socialNo, v.name, v.region)
		fmt.Fprintf(&tiers, "%s,%s,%s,%s\n", v.idNumber, year, v.tier, opened)
		fmt.Fprintf(&instruments, "%s,%s,%s,%s,true,true,2012-01-10\n", v.idNumber, v.bank, v.kind, v.account)
		fmt.Fprintf(&mandates, "%s,%s,%s,%s,2012-01-10\n", v.idNumber, v.bank, v.account, v.mandate)
	}
	return []registryFile{
		{"areas", "area,name\n610304,陈仓区\n"},
		{"regions", "region,name\n610304000000,陈仓区\n610304101000,虢镇\n610304101201,东关村\n610304101202,西关村\n" +
			"610304102000,阳平镇\n610304102201,联合村\n"},
		{"policies", "rule,effective_from,value,document\ncollection_mode,2011-01-01,agency,区政府办法\n" +
			"income_zero_at_month_end,2011-01-01,true,区财政局通知\n"},
		{"banks", "bank,bank_no,name,format,row_limit,charset\npsbc,403100000004,邮政储蓄银行,json,60,gb18030\n" +
			"rcc,402100000018,农村信用社,rural-cooperative,100,gb18030\n"},
		{"fund-accounts", fmt.Sprintf("scheme,role,bank,account_no,name,settlement,opened_on\n"+
			"rural,income,psbc,%[1]s,收入户,net,%[4]s\nrural,fiscal_special,psbc,%[2]s,财政专户,net,%[4]s\n"+
			"rural,income,rcc,%[3]s,收入户,net,%[4]s\n", postIncome, postFiscal, coopIncome, opened)},
		{"members", members.String()},
		{"instruments", instruments.String()},
		{"mandates", mandates.String()},
		{"tiers", tiers.String()},
	}
}

// load imports the registry by the import command.
func (w *town) load(t *testing.T, env map[string]string, files []registryFile) {
	t.Helper()
	for _, file := range files {
		path := filepath.Join(t.TempDir(), file.kind+".csv")
		if err := os.WriteFile(path, []byte(file.text), 0o600); err != nil {
			t.Fatal(err)
		}
		args := []string{"import", file.kind, path, "--whole-file"}
		if file.kind != "areas" {
			args = append(args, "--area", w.county.area.String())
		}
		w.binary.must(t, env, "", args...)
	}
}

// hire makes the officers (login, name, organisation, duty) and registers the banks'
// public keys.
func (w *town) hire(t *testing.T, env map[string]string, officers [][]string) {
	t.Helper()
	for _, o := range officers {
		w.logins = append(w.logins, o[0])
		w.binary.must(t, env, townPassword+"\n", "admin", "create-user", o[0], "--name", o[1], "--organisation", o[2],
			"--organisation-name", o[2], "--area", w.county.area.String(), "--duty", o[3])
	}
	for _, code := range []string{psbc, rcc} {
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		hidden, err := x509.MarshalPKCS8PrivateKey(private)
		if err != nil {
			t.Fatal(err)
		}
		shown, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), code+".pem")
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: shown}), 0o600); err != nil {
			t.Fatal(err)
		}
		w.binary.must(t, env, "", "admin", "bank-key", "--bank", code, "--key-id", code+"-1", "--file", path)
		w.keys[code], err = signature.ParseKeyFile(code+"-1", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: hidden}))
		if err != nil {
			t.Fatal(err)
		}
	}
}

// counted counts the answers that were successes: how far the work is.
type counted struct {
	base http.RoundTripper
	n    *atomic.Int64
}

// RoundTrip implements http.RoundTripper.
func (c counted) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := c.base.RoundTrip(r)
	if err == nil && answer.StatusCode < http.StatusMultipleChoices {
		c.n.Add(1)
	}
	return answer, err
}

// bank opens a simulated bank whose client signs, and tries again soon.
func (w *town) bank(t *testing.T, r *townRun, code string, seed uint64) *simbank.Bank {
	t.Helper()
	transport, err := signature.NewTransport(signature.TransportOptions{
		Base: counted{&http.Transport{MaxIdleConnsPerHost: 4}, &r.answers}, Key: w.keys[code], Now: time.Now,
		Random: rand.Reader,
	})
	if err != nil {
		t.Fatal(err)
	}
	config := simbank.Config{
		Seed: seed, Code: code, Client: &http.Client{Transport: transport, Timeout: 30 * time.Second},
		Gateway: "http://" + r.api, Upload: "http://" + r.upload, Day: w.today.AddDays(-1), Format: simbank.JSON,
		Charset: gb18030.GB18030, PageSize: 12, Accounts: w.county.accounts(code), Attempts: 3,
		FundAccounts: []simbank.FundAccount{{Number: postIncome, Name: "收入户"}, {Number: postFiscal, Name: "财政专户"}},
		Behaviour:    simbank.Behaviour{OutOfOrder: true, Repeat: "same", Arrivals: "twice"},
		Sleep:        func(ctx context.Context, d time.Duration) error { return pause(ctx, min(d, 40*time.Millisecond)) },
	}
	if code == rcc {
		config.Format, config.Statements = simbank.Cooperative, simbank.LinesStatements
		config.FundAccounts = []simbank.FundAccount{{Number: coopIncome, Name: "收入户"}}
		config.Behaviour.Repeat = "renamed"
	}
	w.configure(code, &config)
	b, err := simbank.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// clerk is an officer whose requests are made again, under their key, until
// they are decided.
type clerk struct {
	base, login, token string
	client             *http.Client
	serial             int
	// lose, if given, says of a success that it is not heard of.
	lose func(path string, answer []byte) bool
}

func (c *clerk) send(ctx context.Context, method, path string, body, out any) error {
	c.serial++
	key := fmt.Sprintf("%s-%08d", c.login, c.serial)
	for {
		again, err := c.once(ctx, method, path, key, body, out)
		if !again {
			return err
		}
		if stop := pause(ctx, 40*time.Millisecond); stop != nil {
			return errors.Join(stop, err)
		}
	}
}

// once makes one attempt and says whether another may decide.
func (c *clerk) once(ctx context.Context, method, path, key string, body, out any) (again bool, err error) {
	var content []byte
	if body != nil {
		if content, err = json.Marshal(body); err != nil {
			return false, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://"+c.base+path, bytes.NewReader(content))
	if err != nil {
		return false, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", key)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	answer, err := c.client.Do(r)
	if err != nil {
		return ctx.Err() == nil, err
	}
	defer answer.Body.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return ctx.Err() == nil, err
	}
	if answer.StatusCode >= http.StatusMultipleChoices {
		no := &refusal{method: method, path: path, status: answer.StatusCode, body: string(text)}
		return answer.StatusCode >= http.StatusInternalServerError || answer.StatusCode == http.StatusTooManyRequests ||
			no.code() == "idempotency_in_progress", no
	}
	if c.lose != nil && c.lose(path, text) {
		return true, errors.New("the answer is lost")
	}
	if out == nil {
		return false, nil
	}
	return false, json.Unmarshal(text, out)
}
