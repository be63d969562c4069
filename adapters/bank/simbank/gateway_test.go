package simbank_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"twoline/adapters/bank/delimited"
	"twoline/adapters/bank/jsonl"
	"twoline/adapters/bank/layout/layouttest"
	"twoline/adapters/bank/profile"
	"twoline/adapters/bank/simbank"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// unionPay is a format of a profile.
const unionPay simbank.Format = "unionpay"

// formats are those of the bank's own, and one of a profile.
func formats() []simbank.Format {
	return []simbank.Format{simbank.JSON, simbank.Lines, simbank.Cooperative, unionPay}
}

// gateway is a stand-in of the API that a bank sees: it serves batches and
// account openings, keeps what has an effect by its Idempotency-Key, and records
// every request.
type gateway struct {
	t      testing.TB
	server *httptest.Server
	format simbank.Format

	mu       sync.Mutex
	batches  []*served
	openings map[string][]byte
	// trouble, if set, may answer a request in the gateway's place: before
	// anything happened, or (late) after it took effect.
	trouble func(n int, r *http.Request, late bool) int
	// stubborn offers batches again that were acknowledged.
	stubborn bool
	// retryAfter goes with an answer of trouble.
	retryAfter string
	count      int
	effects    []effect
	kept       map[string]kept
	gets       []string
}

type served struct {
	id, no, account string
	items           []servedItem
	acked           bool
	// payDay is that of a disbursement batch; "" is a withholding batch.
	payDay     string
	settlement simbank.Settlement
	// lie changes what the list says of the batch.
	lie map[string]any
	// spoil changes the bytes of a file of a profile's format.
	spoil func([]byte) []byte
}

type servedItem struct {
	ID       string       `json:"item_id,omitempty"`
	Seq      int          `json:"seq"`
	Amount   money.Amount `json:"amount"`
	Account  string       `json:"account"`
	Name     string       `json:"name"`
	IDNumber string       `json:"id_number"`
	SocialNo string       `json:"social_no"`
	Mandate  string       `json:"mandate"`
	Region   string       `json:"region"`
}

// effect is a request that the gateway took once.
type effect struct {
	Method, Path, Query, Type, Key string
	Body                           string
}

type kept struct {
	content string
	answer  []byte
}

const area = "610304"

func newGateway(tb testing.TB, format simbank.Format) *gateway {
	tb.Helper()
	g := &gateway{t: tb, format: format, kept: map[string]kept{}, openings: map[string][]byte{}}
	g.server = httptest.NewServer(g)
	tb.Cleanup(g.server.Close)
	return g
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.count++
	n := g.count
	if g.trouble != nil {
		if status := g.trouble(n, r, false); status != 0 {
			g.fail(w, status)
			return
		}
	}
	status, answer := g.answer(r, body) //nolint:contextcheck // files are written without one
	if g.trouble != nil {
		if late := g.trouble(n, r, true); late != 0 {
			g.fail(w, late)
			return
		}
	}
	w.WriteHeader(status)
	_, _ = w.Write(answer)
}

func (g *gateway) fail(w http.ResponseWriter, status int) {
	if g.retryAfter != "" {
		w.Header().Set("Retry-After", g.retryAfter)
	}
	w.WriteHeader(status)
	code := "trouble"
	if status == http.StatusConflict {
		code = "idempotency_in_progress"
	}
	_, _ = fmt.Fprintf(w, `{"code":%q,"detail":"trouble","status":%d}`, code, status)
}

func (g *gateway) answer(r *http.Request, body []byte) (int, []byte) {
	if r.Method == http.MethodGet {
		g.gets = append(g.gets, r.URL.Path)
		return g.get(r)
	}
	key := r.Header.Get("Idempotency-Key")
	if len(key) < 8 || len(key) > 64 {
		g.t.Errorf("Idempotency-Key %q of %s has not 8 to 64 characters", key, r.URL.Path)
	}
	content := r.Method + r.URL.RequestURI() + r.Header.Get("Content-Type") + string(body)
	if k, ok := g.kept[key]; ok {
		if k.content != content {
			g.t.Errorf("key %s came back with other content", key)
			return http.StatusUnprocessableEntity, []byte(`{"code":"idempotency_key_reused"}`)
		}
		return http.StatusOK, k.answer
	}
	status, answer := g.command(r, body)
	if status/100 == 2 {
		g.kept[key] = kept{content, answer}
		g.effects = append(g.effects, effect{
			r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("Content-Type"), key, string(body),
		})
	}
	return status, answer
}

func (g *gateway) command(r *http.Request, body []byte) (int, []byte) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	switch {
	case strings.HasSuffix(r.URL.Path, "/acknowledgement"):
		return g.acknowledge(g.batch(parts), body)
	case strings.HasSuffix(r.URL.Path, "/results"):
		return g.results(g.batch(parts), body)
	case r.URL.Path == "/v1/returns":
		return g.returns(body)
	case parts[0] == "contributions" && strings.Contains(string(body), `"member_id":"666"`):
		return http.StatusUnprocessableEntity, []byte(`{"code":"over_due","detail":"more than is owed"}`)
	}
	return http.StatusAccepted, fmt.Appendf(nil, `{"id":"%d","status":"received"}`, 9000+len(g.effects))
}

func (g *gateway) acknowledge(b *served, body []byte) (int, []byte) {
	want := fmt.Sprintf(`{"count":%d,"amount":"%s","digest":"%s"}`, len(b.items), b.amount(), b.digest(g.format))
	if string(body) != want {
		g.t.Errorf("acknowledgement %s, want %s", body, want)
	}
	b.acked = true
	return http.StatusOK, []byte(`{}`)
}

// results checks totals and amounts like the gateway.
func (g *gateway) results(b *served, body []byte) (int, []byte) {
	var in struct {
		Count   int          `json:"count"`
		Amount  money.Amount `json:"amount"`
		Results []struct {
			ItemID string       `json:"item_id"`
			Amount money.Amount `json:"amount"`
		} `json:"results"`
	}
	if json.Unmarshal(body, &in) != nil {
		return http.StatusBadRequest, []byte(`{"code":"invalid_json","detail":"no JSON"}`)
	}
	amounts := map[string]money.Amount{}
	for _, i := range b.items {
		amounts[i.ID] = i.Amount
	}
	var sum money.Amount
	refused := []map[string]any{}
	for n, r := range in.Results {
		sum += r.Amount
		if amounts[r.ItemID] != r.Amount {
			refused = append(refused, map[string]any{
				"line": n + 1, "item_id": r.ItemID, "code": "amount_differs", "text": "x",
			})
		}
	}
	if in.Count != len(in.Results) || in.Amount != sum {
		return http.StatusUnprocessableEntity, []byte(`{"code":"control_total","detail":"wrong","field":"count"}`)
	}
	answer, _ := json.Marshal(map[string]any{"receipt_id": "77", "refused": refused, "batch": map[string]any{}})
	return http.StatusOK, answer
}

// returns checks the totals and that every return is of an item that was paid out.
func (g *gateway) returns(body []byte) (int, []byte) {
	var in returned
	if json.Unmarshal(body, &in) != nil || in.Count != len(in.Returns) || in.Count == 0 {
		return http.StatusUnprocessableEntity, []byte(`{"code":"control_total","detail":"wrong","field":"count"}`)
	}
	for _, l := range in.Returns {
		in.Amount -= l.Amount
	}
	if in.Amount != 0 {
		return http.StatusUnprocessableEntity, []byte(`{"code":"control_total","detail":"wrong","field":"amount"}`)
	}
	refused := []map[string]any{}
	for n, l := range in.Returns {
		if g.sent(l.ItemID) != l.Amount {
			refused = append(refused, map[string]any{
				"line": n + 1, "item_id": l.ItemID, "code": "amount_differs", "text": "x",
			})
		}
	}
	answer, _ := json.Marshal(map[string]any{"receipt_id": "78", "refused": refused})
	return http.StatusOK, answer
}

// returned is the body of a notice of returns.
type returned struct {
	Count   int
	Amount  money.Amount
	Returns []struct {
		ItemID        string `json:"item_id"`
		Amount        money.Amount
		BankReference string       `json:"bank_reference"`
		ValueDate     calendar.Day `json:"value_date"`
		Code, Text    string
	}
}

// sent is the amount of a payment, 0.00 where there is none.
func (g *gateway) sent(item string) money.Amount {
	for _, b := range g.batches {
		for _, i := range b.items {
			if b.payDay != "" && i.ID == item {
				return i.Amount
			}
		}
	}
	return 0
}

func (g *gateway) get(r *http.Request) (int, []byte) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	switch {
	case r.URL.Path == "/v1/withholding-batches", r.URL.Path == "/v1/disbursement-batches":
		if r.URL.RawQuery != "status=sending" && !strings.HasPrefix(r.URL.RawQuery, "status=sending&cursor=") {
			g.t.Errorf("the bank asks for batches with %s", r.URL.RawQuery)
		}
		var list []any
		for _, b := range g.batches {
			if b.isOf(parts[0]) && (!b.acked || g.stubborn) {
				list = append(list, b.wire(g.format))
			}
		}
		return g.page(r, list)
	case r.URL.Path == "/v1/account-openings":
		var list []any
		for _, id := range sortedKeys(g.openings) {
			sum := sha256.Sum256(g.openings[id])
			list = append(list, map[string]string{"id": id, "file_digest": hex.EncodeToString(sum[:])})
		}
		return g.page(r, list)
	case parts[0] == "account-openings":
		return http.StatusOK, g.openings[parts[1]]
	case parts[2] == "items":
		var list []any
		for _, i := range g.batch(parts).items {
			list = append(list, i)
		}
		return g.page(r, list)
	case parts[2] == "file":
		return http.StatusOK, g.batch(parts).file(g.format)
	}
	return http.StatusNotFound, []byte(`{"code":"no_such_route"}`)
}

// page gives at most limit items, 2 where none is asked for, so that lists have pages.
func (g *gateway) page(r *http.Request, list []any) (int, []byte) {
	q := r.URL.Query()
	start, _ := strconv.Atoi(q.Get("cursor"))
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil {
		limit = 2
	}
	end := min(start+limit, len(list))
	out := map[string]any{"items": append([]any{}, list[start:end]...)}
	if end < len(list) {
		out["next_cursor"] = strconv.Itoa(end)
	}
	text, _ := json.Marshal(out)
	return http.StatusOK, text
}

func (g *gateway) batch(path []string) *served {
	for _, b := range g.batches {
		if b.isOf(path[0]) && b.id == path[1] {
			return b
		}
	}
	g.t.Errorf("the bank asks for %s", path)
	return &served{}
}

func (b *served) isOf(list string) bool { return (b.payDay != "") == (list == "disbursement-batches") }

func (b *served) amount() money.Amount {
	var sum money.Amount
	for _, i := range b.items {
		sum += i.Amount
	}
	return sum
}

func (b *served) wire(f simbank.Format) map[string]any {
	sum := sha256.Sum256(b.file(f))
	out := map[string]any{
		"id": b.id, "batch_no": b.no, "area": area, "bank": "psbc", "account": b.account, "count": len(b.items),
		"amount": b.amount(), "digest": b.itemDigest(), "file_name": b.fileName(f),
		"file_digest": hex.EncodeToString(sum[:]), "status": "sending", "created_on": "2026-11-02",
	}
	if b.payDay != "" {
		out["pay_day"], out["settlement"], out["run_id"], out["month"] = b.payDay, b.settlement, "9", b.payDay[:7]
	}
	maps.Copy(out, b.lie)
	return out
}

func (b *served) fileName(f simbank.Format) string {
	switch p := profileOf(f, b.payDay != ""); {
	case p != nil:
		return p.RequestName(profile.Facts{Bank: "psbc", Area: area, Day: day("2026-11-02"), Batch: b.no})
	case b.payDay != "":
		return "P_" + b.no + ".TXT"
	}
	return "W_" + b.no + ".TXT"
}

// profileOf is the gateway's view of a profile's format, nil for the others.
func profileOf(f simbank.Format, pays bool) *profile.Profile {
	if f == simbank.JSON || f == simbank.Lines || f == simbank.Cooperative {
		return nil
	}
	direction := profile.Collection
	if pays {
		direction = profile.Payment
	}
	p, err := profile.New().Profile(string(f), direction)
	must(err)
	return p
}

func (b *served) digest(f simbank.Format) string {
	if f == simbank.JSON {
		return b.itemDigest()
	}
	sum := sha256.Sum256(b.file(f))
	return hex.EncodeToString(sum[:])
}

func (b *served) itemDigest() string {
	var text []byte
	integer := func(n int) { text = binary.BigEndian.AppendUint64(text, uint64(n)) }
	word := func(s string) {
		integer(len(s))
		text = append(text, s...)
	}
	word(area)
	word("psbc")
	word(b.no)
	for _, i := range b.items {
		id, _ := strconv.Atoi(i.ID)
		integer(i.Seq)
		integer(id)
		integer(int(i.Amount))
		word(i.Account)
		word(i.Mandate)
		word(i.Name)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// file is the batch in the bank's format, by the gateway's own codecs.
func (b *served) file(f simbank.Format) []byte {
	var out bytes.Buffer
	head := bank.BatchHead{
		Direction: bank.Collection, BatchID: b.no, Count: len(b.items), Sum: bank.FigureOf(b.amount()),
	}
	record := func(n int, i servedItem) bank.BatchItem {
		return bank.BatchItem{
			Index: n, ItemID: i.ID, Amount: bank.FigureOf(i.Amount), Currency: "CNY", Name: i.Name,
			IDNumber: i.IDNumber, Account: i.Account, Mandate: i.Mandate, SocialNo: i.SocialNo, Region: i.Region,
		}
	}
	layout := layouttest.RuralCooperativeWithholding()
	if b.payDay != "" {
		head.Direction, layout = bank.Payment, layouttest.RuralCooperativePayout()
	}
	if p := profileOf(f, b.payDay != ""); p != nil {
		must(p.WriteRequest(&out, profile.Bank{Code: "psbc"}, profile.Batch{Head: head},
			func(yield func(bank.BatchItem) error) error {
				for n, i := range b.items {
					must(yield(record(n, i)))
				}
				return nil
			}))
		if b.spoil != nil {
			return b.spoil(out.Bytes())
		}
		return out.Bytes()
	}
	if f == simbank.Cooperative {
		w, err := delimited.NewWriter(&out, layout)
		must(err)
		must(w.WriteBatch(head))
		for n, i := range b.items {
			must(w.WriteItem(record(n, i)))
		}
		_, err = w.Close()
		must(err)
		return out.Bytes()
	}
	w := jsonl.NewWriter(&out)
	must(w.Write(bank.FileHead{Format: "jsonl", Kind: "batch"}))
	must(w.Write(head))
	for n, i := range b.items {
		must(w.Write(record(n, i)))
	}
	must(w.Write(bank.End{Items: len(b.items)}))
	must(w.Close())
	return out.Bytes()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	for i := range out {
		for j := i; j > 0 && out[j] < out[j-1]; j-- {
			out[j], out[j-1] = out[j-1], out[j]
		}
	}
	return out
}

// of returns the effects whose path ends so, in their order.
func (g *gateway) of(suffix string) []effect {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []effect
	for _, e := range g.effects {
		if strings.HasSuffix(e.Path, suffix) || strings.HasPrefix(e.Path, suffix) {
			out = append(out, e)
		}
	}
	return out
}

const (
	fund   = "900100200300"
	second = "900100200301"
)

func day(s string) calendar.Day { return calendar.MustDay(s) }

func yuan(s string) money.Amount { return money.MustParse(s) }

// people are n customers with 500.00 each, every one of whom owes 100.00.
func people(n int) func(yield func(simbank.Account, error) bool) {
	return func(yield func(simbank.Account, error) bool) {
		for i := 1; i <= n; i++ {
			a := simbank.Account{
				Number: accountOf(i), Name: nameOf(i), IDNumber: idOf(i), Balance: yuan("500.00"),
				Mandates: []string{mandateOf(i)},
			}
			if !yield(a, nil) {
				return
			}
		}
	}
}

func accountOf(i int) string { return fmt.Sprintf("6217%012d", i) }
func nameOf(i int) string    { return "王小" + string(rune('一'+i%5000)) }

func idOf(i int) string {
	digits := fmt.Sprintf("610304%d%02d%02d%03d", 1930+i/336_000, 1+i/28_000%12, 1+i/1000%28, i%1000)
	return digits + string(party.IDCheck(digits))
}

func mandateOf(i int) string { return fmt.Sprintf("M%06d", i) }
func itemOf(b, i int) string { return strconv.Itoa(b*1_000_000 + i) }

// bill is a batch that debits the first n people.
func bill(b, n int) *served {
	s := &served{id: strconv.Itoa(100 + b), no: fmt.Sprintf("%08d", b), account: fund}
	for i := 1; i <= n; i++ {
		s.items = append(s.items, servedItem{
			ID: itemOf(b, i), Seq: i, Amount: yuan("100.00"), Account: accountOf(i), Name: nameOf(i), IDNumber: idOf(i),
			SocialNo: fmt.Sprintf("S%06d", i), Mandate: mandateOf(i), Region: "610304103205",
		})
	}
	return s
}

// open makes a bank of the gateway's format over n customers.
func open(tb testing.TB, g *gateway, n int, change ...func(*simbank.Config)) *simbank.Bank {
	tb.Helper()
	c := simbank.Config{
		Seed: 7, Code: "PSBC", Client: g.server.Client(), Gateway: g.server.URL, Upload: g.server.URL,
		Day: day("2026-11-02"), Format: g.format, PageSize: 4, Accounts: people(n),
		FundAccounts: []simbank.FundAccount{
			{Number: fund, Name: "城乡居民养老保险收入户", Opening: yuan("1000.00")}, {Number: second, Name: "财政专户"},
		},
		Sleep: func(context.Context, time.Duration) error { return nil },
	}
	for _, f := range change {
		f(&c)
	}
	b, err := simbank.New(c)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func behave(how simbank.Behaviour) func(*simbank.Config) {
	return func(c *simbank.Config) { c.Behaviour = how }
}

func step(tb testing.TB, b *simbank.Bank) simbank.Report {
	tb.Helper()
	r, err := b.Step(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func newDay(tb testing.TB, b *simbank.Bank, s string) {
	tb.Helper()
	if err := b.NewDay(day(s)); err != nil {
		tb.Fatal(err)
	}
}

// proveMoney is the proof of every story: no money was made or lost, and no one
// was debited more than the bills say.
func proveMoney(tb testing.TB, b *simbank.Bank, mostDebits int) {
	tb.Helper()
	b.Ledger(func(l *simbank.Ledger) {
		if l.Sum() != 0 {
			tb.Errorf("all accounts sum to %s", l.Sum())
		}
		for c := range l.Customers() {
			if c.Debits > mostDebits {
				tb.Errorf("account %s was debited %d times", c.Number, c.Debits)
			}
			if c.Debited != money.Amount(c.Debits)*yuan("100.00") {
				tb.Errorf("account %s was debited %s in %d debits", c.Number, c.Debited, c.Debits)
			}
		}
	})
}
