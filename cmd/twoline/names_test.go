package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"twoline/adapters/bank/gb18030"
	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/once"
)

// TestF102_ANameThatTheBankCannotWriteIsHeldBeforeItsFile makes a run for a bank
// whose file knows GBK only, and for one that knows GB18030.
func TestF102_ANameThatTheBankCannotWriteIsHeldBeforeItsFile(t *testing.T) {
	t.Parallel()
	names := []string{"王桂兰", "𠮷野秀", "李㛃", "古丽·买买提", "赵\u3000五"}
	for charset, c := range map[string]struct {
		codec gb18030.Charset
		held  string
	}{
		"gbk": {gb18030.GBK, "member:1002 member:1003"}, "gb18030": {gb18030.GB18030, ""},
	} {
		t.Run(charset, func(t *testing.T) {
			t.Parallel()
			g, d := openNames(t, charset, names)
			officer := approval.Officer{
				Login: "maker", Person: 1, Organisation: approval.AgencyBusiness, Area: lostArea,
				Duties: []approval.Duty{approval.Maker},
			}
			answer, err := g.collection.Withhold(t.Context(), once.Request{
				Caller: "officer:maker", Route: "POST /v1/withholding-runs", Key: "run-00000001", Fingerprint: sha256.Sum256(nil),
			}, plain, officer, collection.Run{Scheme: "rural", Year: calendar.DayIn(time.Now()).Year()})
			if err != nil {
				t.Fatal(err)
			}
			var run collection.RunResult
			if err := json.Unmarshal(answer.Body, &run); err != nil {
				t.Fatal(err)
			}
			held := strings.Fields(c.held)
			if run.Held[string(bank.ClassFixAccount)] != len(held) {
				t.Errorf("held %v, want %d", run.Held, len(held))
			}
			cases := column[string](t, d, `select subject from exception_case where kind = 'name_not_encodable' order by subject`)
			if got := strings.Join(cases, " "); got != c.held {
				t.Errorf("cases about %q, want %q", got, c.held)
			}
			list, err := g.collection.Batches(t.Context(), collection.BatchFilter{Area: lostArea, Limit: 10})
			if err != nil || len(list) != 1 || list[0].Count != len(names)-len(held) {
				t.Fatalf("batches %+v, %v; want one of %d items", list, err, len(names)-len(held))
			}
			var file bytes.Buffer
			if err := g.collection.WriteFile(t.Context(), &file, list[0]); err != nil {
				t.Fatal(err)
			}
			if sum := sha256.Sum256(file.Bytes()); sum != list[0].FileDigest {
				t.Error("the file has another digest than was frozen")
			}
			text, err := gb18030.New(c.codec).Decode(nil, file.Bytes())
			if err != nil || bytes.ContainsAny(text, "?\uFFFD") {
				t.Errorf("the file reads %q, %v", text, err)
			}
			for i, name := range names {
				isHeld := strings.Contains(c.held, fmt.Sprintf("member:%d", 1001+i))
				if bytes.Contains(text, []byte("|"+name+"|")) == isHeld {
					t.Errorf("%s is in the file: %v, want %v", name, isHeld, !isHeld)
				}
			}
		})
	}
}

// openNames is a gateway over one bank with members of these names.
func openNames(t *testing.T, charset string, names []string) (*gateway, pgtest.Database) {
	t.Helper()
	d := pgtest.New(t)
	today := calendar.DayIn(time.Now())
	opened := today.AddDays(-3)
	d.Exec(t, `insert into area values (610304, '陈仓区')`)
	d.Exec(t, `insert into area_rule values (610304, 'collection_mode', '2009-09-01', '"agency"', 'test')`)
	d.Exec(t, `insert into region values (610304101201, 610304, '虢镇村')`)
	d.Exec(t, `insert into bank (area, bank, bank_no, name, format, row_limit, charset) values
		(610304, 'rcc', '402791000010', '信用社', 'rural-cooperative', 1000, $1)`, charset)
	d.Exec(t, `insert into book values (610304, 'rural', $1::text::date, $2::text::date)`, opened.String(),
		opened.AddDays(-1).String())
	d.Exec(t, `insert into fund_account (area, id, scheme, role, bank, account_no, name, opened_on) values
		(610304, 11, 'rural', 'income', 'rcc', $1, '收入户', $2::text::date)`, lostIncome, opened.String())
	for i, name := range names {
		d.Exec(t, `insert into member (area, id, id_number, social_no, name, region, scheme, joined_on)
			values (610304, $1::int, $2, $3, $4, 610304101201, 'rural', '2011-01-01')`, 1001+i,
			fmt.Sprintf("61030419700101%03d0", i), fmt.Sprintf("S%08d", i), name)
	}
	d.Exec(t, `insert into instrument (area, id, member_id, bank, kind, account_no, activated, for_payout, opened_on)
		select area, id + 100000000, id, 'rcc', 'passbook', '6100' || id, true, true, '2011-01-01' from member`)
	d.Exec(t, `insert into mandate (area, id, member_id, instrument_id, bank, number, signed_on)
		select area, id + 200000000, member_id, id, 'rcc', 'M' || member_id, '2011-01-01' from instrument`)
	d.Exec(t, `insert into tier_choice select area, id, $1::int, 10000, $2::text::date from member`, today.Year(),
		opened.String())
	g, err := wire(t.Context(), config{DatabaseURL: d.AppURL}, wallClocks(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.close)
	return g, d
}
