package registry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/bank/gb18030"
	"twoline/gateway/approval"
	"twoline/gateway/fault"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

func line(n int, a registry.Answer, code, field string) registry.Line {
	return registry.Line{Line: n, Answer: a, Code: code, Field: field}
}

// answers drops the sentences, which are for people.
func answers(r registry.Report) []registry.Line {
	out := make([]registry.Line, len(r.Lines))
	for i, l := range r.Lines {
		l.Text = ""
		out[i] = l
	}
	return out
}

func TestImport_EveryKindTwiceIsImportedThenRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	files := []struct {
		kind registry.Kind
		csv  string
		rows int
	}{
		{registry.KindAreas, areasCSV, 2},
		{registry.KindRegions, regionsCSV, 4},
		{registry.KindPolicies, policyCSV + "contribution_tiers,2010-01-01,100 200,x\n" +
			"collection_cutoff,2010-01-01,12-25,x\n" +
			"income_zero_at_month_end,2010-01-01,true,x\narrival_suspense_days,2010-01-01,5,x\n", 5},
		{registry.KindBanks, banksCSV, 2},
		{registry.KindFundAccounts, fundsCSV, 3},
		{registry.KindMembers, membersCSV(0, 3), 3},
		{registry.KindInstruments, instrumentsHead + instrumentLine(0, "psbc", card(0)) +
			id(1) + ",rcc,passbook,8801-22,false,true,2010-05-05\n", 2},
		{registry.KindMandates, mandatesHead + id(0) + ",psbc," + card(0) + ",M-1,2010-02-02\n", 1},
		{registry.KindTiers, tiersHead + id(0) + ",2011,100.00,2011-01-05\n" + id(0) + ",2010,200.00,2010-01-05\n", 2},
		{registry.KindOpeningAccounts, openingsHead + id(0) + ",100.00,0.00,30.00,1.25\n" + id(1) +
			",0.00,0.00,0.00,0.00\n", 2},
		{registry.KindEntitlements, entitlementsHead + id(0) + ",,base_pension,2011-01,55.00,d\n" +
			",SB00000001,base_pension,2011-01,55.00,d\n" + id(1) + ",SB00000001,account_pension,2011-01,10.79,d\n" +
			id(1) + ",,account_pension,2012-01,0.00,d\n" + id(1) + ",,base_pension,2011-01,60.00,later\n", 5},
		{registry.KindDeaths, deathsHead + id(2) + ",2011-03-10,civil affairs,list 3\n" +
			id(2) + ",2011-03-10,police,list 9\n", 2},
		{registry.KindHolds, holdsHead + id(0) + ",court,2011-02,陕0304执12号\n" + id(0) + ",manual,2011-02,\n" +
			id(1) + ",certification_overdue,2012-01,\n", 3},
		{registry.KindActivations, activationsHead + id(1) + ",rcc,8801-22,true\n", 1},
		{registry.KindBudgets, budgetsHead + "rural,2011,contribution_individual,1.00,d\n" +
			"rural,2011,contribution_individual,2.00,later\nrural,2012,benefit_base_pension,0.00,d\n", 3},
		{registry.KindServiceYears, yearsHead + id(0) + ",,3,list 1\n,SB00000001,0,list 1\n" + id(0) + ",,4,list 2\n", 3},
		{registry.KindPensionCases, casesHead + id(0) + ",2011-02-01,老农保余额 120.00 元,file 7\n" +
			id(0) + ",2011-02-02,,file 8\n", 2},
	}
	list := int64(0)
	for _, f := range files {
		first, err := w.try(f.kind, f.csv, registry.Options{})
		if f.kind == registry.KindAreas {
			w.hireDesks()
		}
		want := registry.Report{Kind: f.kind, Rows: f.rows, Imported: f.rows, Lines: []registry.Line{}}
		if f.kind == registry.KindOpeningAccounts {
			list = first.Decision
			want.Decision = list
		}
		if d := cmp.Diff(want, first); d != "" || err != nil {
			t.Fatalf("first import of %s: %v\n%s", f.kind, err, d)
		}
		before := w.tables()
		again, err := w.try(f.kind, f.csv, registry.Options{})
		if err != nil || again.Repeated != f.rows || again.Imported != 0 || again.Refused != 0 ||
			len(again.Lines) != f.rows {
			t.Fatalf("second import of %s: %+v, %v", f.kind, again, err)
		}
		if changed(before, w.tables()) != "idempotency" {
			t.Errorf("second import of %s changed: %s", f.kind, changed(before, w.tables()))
		}
	}
	if n := w.count(`select count(*) from book where opened_on = '2011-01-01' and sealed_through =
		'2010-12-31'`); n != 1 {
		t.Errorf("%d books opened, want 1", n)
	}
	if err := w.approve(approval.AgencyBusiness, list); err != nil {
		t.Fatal(err)
	}
	if n := w.count(`select sum(amount)::int from posting where kind = 'opening' and role like
		'personal_i%'`); n != 10125 {
		t.Errorf("opening of 8001 and 8004 = %d fen, want 10125", n)
	}
	w.proveBook()
}

// changed names the tables whose digests differ.
func changed(before, after string) string {
	var names []string
	b, a := strings.Split(before, "\n"), strings.Split(after, "\n")
	for i := range b {
		if b[i] != a[i] {
			names = append(names, strings.Fields(a[i])[0])
		}
	}
	return strings.Join(names, " ")
}

// Each file holds one good line, and one line for each way to be refused.
func TestImport_EveryCheckOfALine(t *testing.T) {
	t.Parallel()
	w := settled(t)
	refused := func(n int, code, field string) registry.Line { return line(n, registry.Refused, code, field) }
	tests := []struct {
		kind registry.Kind
		csv  string
		want []registry.Line
	}{
		{registry.KindAreas, "name,area\n丙县,110105\n丁县,610304\n丁县,12345\n丁县,012345\n,110106\n", []registry.Line{
			refused(3, "differs", "name"), refused(4, "invalid_field", "area"), refused(5, "invalid_field", "area"),
			refused(6, "required", "name"),
		}},
		{registry.KindRegions, "region,name\n610304200000,镇\n610304300001,村\n320923100000,镇\n61030410000,镇\n" +
			"610304100000,他镇\n" +
			"610304200001,村|庄\n610304200001\n", []registry.Line{
			refused(3, "no_parent", "region"), refused(4, "other_area", "region"),
			refused(5, "invalid_field", "region"),
			refused(6, "differs", "name"), refused(7, "invalid_field", "name"), refused(8, "fields", ""),
		}},
		{registry.KindPolicies, "rule,effective_from,value,document\ncollection_mode,2020-01-01,tax,d\n" +
			"luck,2020-01-01,1,d\n" +
			"collection_mode,2020-02-30,tax,d\ncollection_mode,2021-01-01,both,d\ncollection_mode,2022-01-01,tax,\n" +
			"collection_mode,2020-01-01,agency,d\ncollection_mode,2020-01-01,tax,other\n" +
			"base_pension_minimum,2018-01-01,87.99,d\nbase_pension_minimum,2017-12-31,87.99,d\n", []registry.Line{
			refused(3, "invalid_field", "rule"), refused(4, "invalid_field", "effective_from"),
			refused(5, "invalid_field", "value"), refused(6, "required", "document"), refused(7, "differs", "value"),
			refused(8, "differs", "document"), refused(9, "policy_below_nation", "value"),
		}},
		{registry.KindBanks, "bank,bank_no,name,format,row_limit\nabc,105100000017,农行,jsonl,500\n" +
			"ABC,105100000017,农行,jsonl,500\n" +
			"x,105100000017,农行,jsonl,500\nabd,105100000018,农行,jsonl,500\nabd,105100000017,农行,fax,500\n" +
			"abd,105100000017,农行,jsonl,0\nabd,105100000017,农行,jsonl,150001\nabd,105100000017,农行,jsonl,5e2\n" +
			"abc,105100000017,农行,json,500\nabc,102100099996,农行,jsonl,500\n", []registry.Line{
			refused(3, "invalid_field", "bank"), refused(4, "invalid_field", "bank"),
			refused(5, "invalid_field", "bank_no"),
			refused(6, "invalid_field", "format"), refused(7, "invalid_field", "row_limit"),
			refused(8, "invalid_field", "row_limit"), refused(9, "invalid_field", "row_limit"),
			refused(10, "differs", "format"), refused(11, "differs", "bank_no"),
		}},
		{registry.KindFundAccounts, "scheme,role,bank,account_no,name,opened_on\n" +
			"rural,treasury,psbc,6100009,国库,2011-01-01\nrural,fixed_deposit,psbc,6100002,定期,2011-01-01\n" +
			"rural,income,nobank,6100004,户,2011-01-01\nrural,income,psbc,6100009,收入户,2011-01-01\n" +
			"rural,expenditure,rcc,6100005,户,2010-12-31\nurban,income,psbc,6100001,户,2011-01-01\n" +
			"urban,income,psbc,6100011,户,2008-01-01\nmoon,income,psbc,6100011,户,2011-01-01\n" +
			"urban,income,psbc,1234,户,2011-01-01\nrural,suspense,psbc,6100011,户,2011-01-01\n", []registry.Line{
			refused(4, "not_registered", "bank"), refused(5, "differs", "account_no"),
			refused(6, "before_book", "opened_on"),
			refused(7, "account_shared_by_lines", "account_no"), refused(8, "no_rule", "role"),
			refused(9, "invalid_field", "scheme"), refused(10, "invalid_field", "account_no"),
			refused(11, "invalid_field", "role"),
		}},
		{registry.KindMembers, "id_number,social_no,name,region,scheme,joined_on\n" +
			id(20) + ",SB20,张三,610304100001,rural,2010-01-01\n" +
			id(21) + ",SB00000001,张三,610304100001,rural,2010-01-01\n" +
			id(1) + ",SB00000001,张三,610304100001,rural,2010-01-01\n" +
			id(22) + ",SB22,张三,610304100009,rural,2010-01-01\n" +
			id(22) + ",SB22,张三,320923100009,rural,2010-01-01\n" +
			id(22) + ",SB22,张三,610304100001,rural,2011-03-11\n" +
			id(22) + ",SB22,张三,610304100001,rural,1985-12-31\n" +
			id(22) + ",sb22,张三,610304100001,rural,2010-01-01\n" +
			id(22) + ",SB22, 张三,610304100001,rural,2010-01-01\n" +
			id(22) + ",SB22,张三,610304100001,,2010-01-01\n" +
			id(22) + ",SB22,张三,610304100001,rural,2010-01-01,\n" +
			id(20) + ",SB20,张三,610304100002,rural,2010-01-01\n", []registry.Line{
			refused(3, "taken", "social_no"), refused(4, "differs", "name"), refused(5, "not_registered", "region"),
			refused(6, "other_area", "region"), refused(7, "future", "joined_on"), refused(8, "under_age", "joined_on"),
			refused(9, "invalid_field", "social_no"), refused(10, "invalid_field", "name"),
			refused(11, "required", "scheme"),
			refused(12, "fields", ""), refused(13, "differs", "region"),
		}},
		{registry.KindInstruments, instrumentsHead + instrumentLine(5, "psbc", card(50)) +
			instrumentLine(99, "psbc", card(51)) + instrumentLine(6, "nobank", card(51)) +
			instrumentLine(6, "psbc", card(51)[:17]+"0"+card(51)[18:]+"1") + instrumentLine(5, "psbc", card(52)) +
			id(6) + ",psbc,cheque,12345,true,true,2010-01-01\n" + id(6) + ",psbc,passbook,1234,true,true,2010-01-01\n" +
			id(6) + ",psbc,passbook,12345,yes,true,2010-01-01\n" + id(6) +
			",psbc,passbook,12345,true,true,2011-03-11\n" +
			strings.Replace(instrumentLine(5, "psbc", card(50)), "true", "false", 1), []registry.Line{
			refused(3, "not_registered", "id_number"), refused(4, "not_registered", "bank"),
			refused(5, "invalid_field", "account_no"), refused(6, "payout_exists", "for_payout"),
			refused(7, "invalid_field", "kind"), refused(8, "invalid_field", "account_no"),
			refused(9, "invalid_field", "activated"), refused(10, "future", "opened_on"),
			refused(11, "differs", "activated"),
		}},
		{registry.KindMandates, mandatesHead + id(0) + ",psbc," + card(0) + ",M0,2010-02-02\n" +
			id(0) + ",psbc," + card(0) + ",M1,2010-02-02\n" + id(1) + ",psbc," + card(1) + ",M0,2010-02-02\n" +
			id(1) + ",psbc," + card(2) + ",M1,2010-02-02\n" + id(99) + ",psbc," + card(1) + ",M1,2010-02-02\n" +
			id(1) + ",psbc," + card(1) + ",M|1,2010-02-02\n" + id(1) + ",psbc," + card(1) + ",M1,2011-03-11\n" +
			id(0) + ",psbc," + card(0) + ",M0,2010-02-03\n", []registry.Line{
			refused(3, "mandate_exists", "id_number"), refused(4, "differs", "id_number"),
			refused(5, "not_registered", "account_no"), refused(6, "not_registered", "id_number"),
			refused(7, "invalid_field", "number"), refused(8, "future", "signed_on"),
			refused(9, "differs", "signed_on"),
		}},
		{registry.KindTiers, tiersHead + id(0) + ",2011,500.00,2011-01-05\n" + id(0) + ",2011,400.00,2011-01-05\n" +
			id(1) + ",2011,600.00,2011-01-05\n" + id(1) + ",2008,100.00,2011-01-05\n" + id(1) +
			",2011,100,2011-01-05\n" +
			id(1) + ",2011,100.00,2011-03-11\n" + id(99) + ",2011,100.00,2011-01-05\n" + id(1) +
			",2014,1500.00,2011-01-05\n" +
			id(2) + ",2011,0.00,2011-01-05\n", []registry.Line{
			refused(3, "differs", "amount"), refused(4, "no_tier", "amount"), refused(5, "invalid_field", "year"),
			refused(6, "invalid_field", "amount"), refused(7, "future", "chosen_on"),
			refused(8, "not_registered", "id_number"),
			refused(10, "no_tier", "amount"),
		}},
		{
			registry.KindOpeningAccounts, openingsHead + id(0) + ",100.00,0.00,30.00,1.00\n" + id(0) +
				",100.00,0.00,30.00,1.01\n" +
				id(1) + ",-1.00,0.00,0.00,0.00\n" + id(1) + ",1.00,0.00,0.00,\n" + id(99) + ",1.00,0.00,0.00,0.00\n",
			[]registry.Line{
				refused(3, "differs", "interest"), refused(4, "invalid_field", "individual"),
				refused(5, "required", "interest"),
				refused(6, "not_registered", "id_number"),
			},
		},
		{registry.KindEntitlements, entitlementsHead + id(0) + ",,base_pension,2011-01,55.00,d\n" +
			",,base_pension,2011-01,55.00,d\n" + id(0) + ",SB00000001,base_pension,2011-01,55.00,d\n" +
			",SB99,base_pension,2011-01,55.00,d\n" + id(99) + ",,base_pension,2011-01,55.00,d\n" +
			id(0) + ",,pension,2011-01,55.00,d\n" + id(0) + ",,base_pension,2011-13,55.00,d\n" +
			id(0) + ",,base_pension,2011-01-01,55.00,d\n" + id(0) + ",,base_pension,2011-02,55,d\n" +
			id(0) + ",,base_pension,2011-02,-55.00,d\n" + id(0) + ",,base_pension,2011-02,55.00,\n" +
			id(0) + ",,base_pension,2011-01,56.00,d\n" + "x" + id(0)[1:] + ",,base_pension,2011-01,55.00,d\n" +
			",sb1,base_pension,2011-01,55.00,d\n", []registry.Line{
			refused(3, "required", "id_number"), refused(4, "differs", "social_no"),
			refused(5, "not_registered", "social_no"), refused(6, "not_registered", "id_number"),
			refused(7, "invalid_field", "component"), refused(8, "invalid_field", "from_month"),
			refused(9, "invalid_field", "from_month"), refused(10, "invalid_field", "amount"),
			refused(11, "invalid_field", "amount"), refused(12, "required", "document"),
			refused(13, "differs", "amount"), refused(14, "invalid_field", "id_number"),
			refused(15, "invalid_field", "social_no"),
		}},
		{registry.KindDeaths, deathsHead + id(3) + ",2011-02-01,civil affairs,list 2\n" +
			id(3) + ",2011-03-11,civil affairs,list 2\n" + id(3) + ",1969-12-31,civil affairs,list 2\n" +
			id(3) + ",2011-02-01,civil affairs,list 3\n" + id(3) + ",2011-02-30,civil affairs,list 2\n" +
			id(3) + ",2011-02-01,,list 2\n" + id(3) + ",2011-02-01,civil affairs,\n" +
			id(99) + ",2011-02-01,civil affairs,list 2\n" +
			id(4) + ",2011-02-01," + strings.Repeat("民", 61) + ",list 2\n", []registry.Line{
			refused(3, "future", "died_on"), refused(4, "invalid_field", "died_on"), refused(5, "differs", "document"),
			refused(6, "invalid_field", "died_on"), refused(7, "required", "source"),
			refused(8, "required", "document"), refused(9, "not_registered", "id_number"),
			refused(10, "invalid_field", "source"),
		}},
		{registry.KindHolds, holdsHead + id(3) + ",court,2011-02,first\n" + id(3) + ",court,2011-02,second\n" +
			id(3) + ",mood,2011-02,\n" + id(3) + ",manual,2011-2,\n" + id(99) + ",manual,2011-02,\n" +
			id(3) + ",manual,2011-02," + strings.Repeat("x", 201) + "\n" + id(3) + ",,2011-02,\n", []registry.Line{
			refused(3, "differs", "text"), refused(4, "invalid_field", "reason"),
			refused(5, "invalid_field", "from_month"), refused(6, "not_registered", "id_number"),
			refused(7, "invalid_field", "text"), refused(8, "required", "reason"),
		}},
		{registry.KindBudgets, budgetsHead + "rural,2011,contribution_individual,1.00,d\n" +
			"rural,2011,contribution_individual,1.01,d\nrural,-2011,contribution_individual,1.00,d\n" +
			"rural,2011,income,1.00,d\nrural,2011,benefit_base_pension,-1.00,d\nrural,2011,benefit_base_pension,1.00,\n" +
			"town,2011,benefit_base_pension,1.00,d\n", []registry.Line{
			refused(3, "differs", "amount"), refused(4, "invalid_field", "year"), refused(5, "invalid_field", "account"),
			refused(6, "invalid_field", "amount"), refused(7, "required", "document"), refused(8, "invalid_field", "scheme"),
		}},
		{registry.KindActivations, activationsHead + id(3) + ",psbc," + card(3) + ",false\n" +
			id(3) + ",psbc," + card(4) + ",false\n" + id(3) + ",rcc," + card(3) + ",false\n" +
			id(3) + ",psbc," + card(3) + ",no\n" + id(99) + ",psbc," + card(3) + ",false\n", []registry.Line{
			refused(3, "not_registered", "account_no"), refused(4, "not_registered", "account_no"),
			refused(5, "invalid_field", "activated"), refused(6, "not_registered", "id_number"),
		}},
		{registry.KindServiceYears, yearsHead + id(3) + ",,3,list 1\n" + id(3) + ",,4,list 1\n" + id(3) + ",,-1,list 2\n" +
			id(3) + ",,101,list 2\n" + id(3) + ",,3,\n" + id(99) + ",,3,list 1\n", []registry.Line{
			refused(3, "differs", "years"), refused(4, "invalid_field", "years"), refused(5, "invalid_field", "years"),
			refused(6, "required", "document"), refused(7, "not_registered", "id_number"),
		}},
		{registry.KindPensionCases, casesHead + id(3) + ",2011-02-01,,file 7\n" + id(3) + ",2011-02-01,other,file 7\n" +
			id(3) + ",2011-03-11,,file 7\n" + id(3) + ",10月31月,,file 7\n" + id(3) + ",1949-02-01,,file 7\n" +
			id(99) + ",2011-02-01,,file 7\n" + id(3) + ",2011-02-01,,\n", []registry.Line{
			refused(3, "differs", "note"), refused(4, "future", "applied_on"), refused(5, "invalid_field", "applied_on"),
			refused(6, "invalid_field", "applied_on"), refused(7, "not_registered", "id_number"),
			refused(8, "required", "document"),
		}},
	}
	for _, tt := range tests {
		in := w
		if tt.kind == registry.KindPolicies {
			in = bookless(t, policyCSV)
		}
		got, err := in.try(tt.kind, tt.csv, registry.Options{})
		if err != nil {
			t.Errorf("%s: %v", tt.kind, err)
			continue
		}
		if d := cmp.Diff(tt.want, answers(got)); d != "" {
			t.Errorf("%s:\n%s", tt.kind, d)
		}
		if got.Imported == 0 || got.Rows != got.Imported+got.Repeated+got.Refused || got.Refused != len(tt.want) {
			t.Errorf("%s: %+v", tt.kind, got)
		}
	}
	w.proveBook()
}

func TestImport_RefusalsOfAWholeFile(t *testing.T) {
	t.Parallel()
	w := settled(t)
	head := "id_number,social_no,name,region,scheme,joined_on\n"
	tests := []struct {
		name, csv string
		o         registry.Options
		code      string
		field     string
		line      int
	}{
		{"empty file", "", registry.Options{}, "header", "", 1},
		{"no header", memberLine(30), registry.Options{}, "header", "", 1},
		{
			"unknown column", "id_number,social_no,name,region,scheme,joined_on,sex\n",
			registry.Options{},
			"header", "",
			1,
		},
		{"a column missing", "id_number,social_no,name,region,scheme\n", registry.Options{}, "header", "joined_on", 1},
		{
			"a column twice", "id_number,social_no,name,name,region,scheme,joined_on\n",
			registry.Options{},
			"header",
			"name", 1,
		},
		{"a quote in a field", head + memberLine(30) + "a\"b,c\n", registry.Options{}, "csv", "", 3},
		{"a quote that does not end", head + memberLine(30) + "\"abc\n", registry.Options{}, "csv", "", 3},
		{
			"bytes that are no text", head + memberLine(30) + "\xff\xfe,x,x,x,x,x\n",
			registry.Options{},
			"charset", "",
			3,
		},
		{
			"the replacement character", head + memberLine(30) + strings.Replace(memberLine(31), "王", "\uFFFD", 1),
			registry.Options{},
			"charset", "", 3,
		},
		{"utf-8 said to be gb18030", head + memberLine(30), registry.Options{Charset: "gb18030"}, "charset", "", 0},
		{"an unknown charset", head + memberLine(30), registry.Options{Charset: "big5"}, "charset", "charset", 0},
		{"a line without end", head + strings.Repeat("x", 1<<20), registry.Options{}, "line_too_long", "", 2},
		{
			"quoted line ends without end", head + "\"" + strings.Repeat("x\n", 1<<19),
			registry.Options{},
			"line_too_long", "", 2,
		},
		{
			"one bad line, as a whole", head + memberLine(30) + "x,x,x,x,x,x\n",
			registry.Options{WholeFile: true},
			"import_refused", "id_number", 3,
		},
		{"no good line", head + "x,x,x,x,x,x\n", registry.Options{}, "import_refused", "id_number", 2},
	}
	for _, tt := range tests {
		before := w.tables()
		_, err := w.try(registry.KindMembers, tt.csv, tt.o)
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != tt.code || f.Field != tt.field || (tt.line != 0 && f.Line != tt.line) {
			t.Errorf("%s: error = %v, want %s at %d on %q", tt.name, err, tt.code, tt.line, tt.field)
		}
		// I39: a refused call leaves all tables as they were.
		if c := changed(before, w.tables()); c != "" {
			t.Errorf("%s changed %s", tt.name, c)
		}
	}
}

func TestI39_WholeFileRefusalOfEveryKind(t *testing.T) {
	t.Parallel()
	settled := settled(t)
	for kind, csv := range map[registry.Kind]string{
		registry.KindMembers:  membersCSV(30, 31) + "x,x,x,x,x,x\n",
		registry.KindAreas:    "area,name\n110105,朝阳区\nx,x\n",
		registry.KindRegions:  "region,name\n610304200000,镇\nx,x\n",
		registry.KindPolicies: policyCSV + "collection_mode,2012-01-01,tax,x\nx,x,x,x\n",
		registry.KindBanks:    "bank,bank_no,name,format,row_limit\nabc,105100000017,农行,jsonl,500\nx,x,x,x,x\n",
		registry.KindFundAccounts: "scheme,role,bank,account_no,name,opened_on\n" +
			"urban,income,rcc,6100077,户,2011-02-01\nx,x,x,x,x,x\n",
		registry.KindInstruments: instrumentsHead + instrumentLine(6, "psbc", card(60)) +
			instrumentLine(7, "psbc", card(1)) + "x,x,x,x,x,x,x\n",
		registry.KindMandates:        mandatesHead + id(0) + ",psbc," + card(0) + ",M0,2010-02-02\nx,x,x,x,x\n",
		registry.KindTiers:           tiersHead + id(0) + ",2011,500.00,2011-01-05\nx,x,x,x\n",
		registry.KindOpeningAccounts: openingsHead + id(0) + ",100.00,0.00,30.00,1.00\nx,x,x,x,x\n",
		registry.KindEntitlements:    entitlementsHead + id(0) + ",,base_pension,2011-01,55.00,d\nx,x,x,x,x,x\n",
		registry.KindDeaths:          deathsHead + id(0) + ",2011-03-10,police,d\nx,x,x,x\n",
		registry.KindHolds:           holdsHead + id(0) + ",manual,2011-03,\nx,x,x,x\n",
		registry.KindActivations:     activationsHead + id(0) + ",psbc," + card(0) + ",false\nx,x,x,x\n",
		registry.KindBudgets:         budgetsHead + "rural,2011,contribution_individual,1.00,d\nx,x,x,x,x\n",
		registry.KindServiceYears:    yearsHead + id(0) + ",,3,d\nx,x,x,x\n",
		registry.KindPensionCases:    casesHead + id(0) + ",2011-02-01,,d\nx,x,x,x\n",
	} {
		w := settled
		if kind == registry.KindPolicies {
			w = bookless(t, policyCSV)
		}
		before := w.tables()
		r, err := w.try(kind, csv, registry.Options{WholeFile: true})
		if !errors.Is(err, registry.ErrRefused) || r.Refused != 1 || len(r.Lines) == 0 {
			t.Errorf("%s: %+v, %v", kind, r, err)
		}
		if c := changed(before, w.tables()); c != "" {
			t.Errorf("%s changed %s", kind, c)
		}
		// The same lines are good without the option: the refusal was the bad line's.
		if r, err := w.try(kind, csv, registry.Options{}); err != nil || r.Imported == 0 || r.Refused != 1 {
			t.Errorf("%s by line: %+v, %v", kind, r, err)
		}
	}
}

func TestImport_Duties(t *testing.T) {
	t.Parallel()
	w := settled(t)
	business := officer(approval.AgencyBusiness, chencang, approval.Maker)
	narrowed := business
	narrowed.Region = 610304100000
	tests := []struct {
		name string
		by   approval.Officer
		kind registry.Kind
		o    registry.Options
		want error
	}{
		{"its own", business, registry.KindMembers, registry.Options{}, nil},
		{"its own, named", business, registry.KindMembers, registry.Options{Area: chencang}, nil},
		{"another area's", business, registry.KindMembers, registry.Options{Area: 320923}, registry.ErrArea},
		{
			"a checker", officer(approval.AgencyBusiness, chencang, approval.Checker), registry.KindMembers,
			registry.Options{},
			approval.ErrDuty,
		},
		{
			"finance changes no member", officer(approval.AgencyFinance, chencang, approval.Maker),
			registry.KindInstruments,
			registry.Options{},
			approval.ErrDuty,
		},
		{"business opens no fund account", business, registry.KindFundAccounts, registry.Options{}, approval.ErrDuty},
		{"a township", narrowed, registry.KindMembers, registry.Options{}, approval.ErrDuty},
		{
			"an administrator touches no member", officer(approval.System, 0, approval.SystemAdmin),
			registry.KindMembers,
			registry.Options{Area: chencang},
			approval.ErrDuty,
		},
		{
			"an administrator names no area", officer(approval.System, 0, approval.SystemAdmin), registry.KindBanks,
			registry.Options{},
			registry.ErrNoArea,
		},
		{"unknown kind", business, "people", registry.Options{}, registry.ErrKind},
	}
	render := func(any) (once.Answer, error) { return once.Answer{Status: 200, Body: []byte("done")}, nil }
	for _, tt := range tests {
		_, err := w.Import(context.Background(), request("o"), render, tt.by, tt.kind,
			strings.NewReader(membersCSV(40, 42)), tt.o)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: error = %v, want %v", tt.name, err, tt.want)
		}
	}
	// The officer of another area imports into that area only: this area's regions are not theirs.
	_, err := w.Import(context.Background(), request("o"), render,
		officer(approval.AgencyBusiness, 320923, approval.Maker),
		registry.KindMembers, strings.NewReader(membersCSV(0, 2)), registry.Options{})
	if !errors.Is(err, registry.ErrRefused) || w.count(`select count(*) from member where area = 320923`) != 0 {
		t.Errorf("another area's officer: %v", err)
	}
}

func TestImport_FundAccountsOfATaxArea(t *testing.T) {
	t.Parallel()
	w := settledBy(t, policyCSV+"collection_mode,2011-03-01,tax,x\n")
	got, err := w.try(registry.KindFundAccounts, "scheme,role,bank,account_no,name,opened_on\n"+
		"urban,income,rcc,6300001,户,2011-03-01\nurban,income,rcc,6300001,户,2011-02-28\n"+
		"urban,treasury,rcc,6300002,户,2011-03-01\n", registry.Options{})
	want := []registry.Line{line(2, registry.Refused, "tax_collects", "role")}
	if d := cmp.Diff(want, answers(got)); d != "" || err != nil || got.Imported != 2 {
		t.Errorf("%+v, %v\n%s", got, err, d)
	}
}

func TestImport_TheSameRequestIsAnsweredTheSameAndRunsOnce(t *testing.T) {
	t.Parallel()
	w := settled(t)
	r := request("officer")
	calls := 0
	render := func(any) (once.Answer, error) {
		calls++
		return once.Answer{Status: 200, Body: fmt.Appendf(nil, "answer %d", calls)}, nil
	}
	for i := range 3 {
		a, err := w.Import(context.Background(), r, render, by(registry.KindMembers), registry.KindMembers,
			strings.NewReader(membersCSV(40, 43)), registry.Options{})
		if err != nil || string(a.Body) != "answer 1" || a.Replayed != (i > 0) {
			t.Errorf("answer %d: %s, replayed %t, %v", i, a.Body, a.Replayed, err)
		}
	}
	r.Fingerprint[0]++
	_, err := w.Import(context.Background(), r, render, by(registry.KindMembers), registry.KindMembers,
		strings.NewReader(membersCSV(43, 44)), registry.Options{})
	if !errors.Is(err, once.ErrKeyReused) {
		t.Errorf("same key, other content: %v", err)
	}
}

func TestF110_IDNumbersOfMembers(t *testing.T) {
	t.Parallel()
	w := settled(t)
	lower := id(60)
	for n := 60; lower[17] != 'X'; n++ {
		lower = id(n)
	}
	lower = lower[:17] + "x"
	wrong := id(31)[:17] + string("0123456789X"[(strings.IndexByte("0123456789X", id(31)[17])+1)%11])
	dated := "61030419700230001"
	dated += string(party.IDCheck(dated))
	csv := "id_number,social_no,name,region,scheme,joined_on\n" +
		lower + ",SBX1,甲,610304100001,rural,2010-01-01\n" +
		strings.ToUpper(lower) + ",SBX1,甲,610304100001,rural,2010-01-01\n" +
		wrong + ",SBX2,乙,610304100001,rural,2010-01-01\n" +
		"610304700101001,SBX3,丙,610304100001,rural,2010-01-01\n" +
		dated + ",SBX4,丁,610304100001,rural,2010-01-01\n"
	got, err := w.try(registry.KindMembers, csv, registry.Options{})
	want := []registry.Line{
		line(3, registry.Repeated, "", ""),
		line(4, registry.Refused, "invalid_field", "id_number"),
		line(5, registry.Refused, "invalid_field", "id_number"),
		line(6, registry.Refused, "invalid_field", "id_number"),
	}
	if d := cmp.Diff(want, answers(got)); d != "" || err != nil || got.Imported != 1 {
		t.Errorf("%v\n%s", err, d)
	}
	for _, l := range got.Lines {
		for _, secret := range []string{wrong, dated, lower[:17], "610304700101001"} {
			if strings.Contains(l.Text, secret) {
				t.Errorf("line %d repeats what it refuses: %s", l.Line, l.Text)
			}
		}
	}
	if n := w.count(`select count(*) from member where id_number = $1`, strings.ToUpper(lower)); n != 1 {
		t.Errorf("%d members with the normalised number, want 1", n)
	}
}

func TestF111_OnePersonTwoNumbersIsNeverMergedAndASharedCardIsAnAlarm(t *testing.T) {
	t.Parallel()
	w := settled(t)
	head := "id_number,social_no,name,region,scheme,joined_on\n"
	// The same social-security number under another id number, and the same name and village under a third.
	got, err := w.try(registry.KindMembers, head+strings.Replace(memberLine(70), "SB00000070,王70", "SB00000003,王3", 1)+
		strings.Replace(memberLine(71), "王71", "王3", 1), registry.Options{})
	want := []registry.Line{line(2, registry.Refused, "taken", "social_no")}
	if d := cmp.Diff(want, answers(got)); d != "" || err != nil || got.Imported != 1 {
		t.Errorf("%v\n%s", err, d)
	}
	if n := w.count(`select count(*) from member where name = '王3'`); n != 2 {
		t.Errorf("%d members of that name, want 2: two numbers are two members", n)
	}

	got, err = w.try(registry.KindInstruments, instrumentsHead+instrumentLine(6, "psbc", card(1))+
		instrumentLine(7, "psbc", card(70))+instrumentLine(8, "psbc", card(70)), registry.Options{})
	want = []registry.Line{
		line(2, registry.Imported, "account_shared", "account_no"),
		line(4, registry.Imported, "account_shared", "account_no"),
	}
	if d := cmp.Diff(want, answers(got)); d != "" || err != nil || got.Imported != 3 {
		t.Errorf("%v\n%s", err, d)
	}
	cases := w.count(`select count(*) from exception_case c join member m on c.subject = 'member:' || m.id
		where c.kind = 'account_shared' and m.id_number in ($1, $2)`, id(6), id(8))
	if cases != 2 {
		t.Errorf("%d cases, want 2", cases)
	}
	// The same card number at another bank is another account.
	got, err = w.try(registry.KindInstruments, instrumentsHead+instrumentLine(9, "rcc", card(1)), registry.Options{})
	if err != nil || got.Imported != 1 || len(got.Lines) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestImport_Text(t *testing.T) {
	t.Parallel()
	w := settled(t)
	head := "id_number,social_no,name,region,scheme,joined_on\n"
	rare := head + id(80) + ",SB80,𠮷·阿卜杜拉,610304100001,rural,2010-01-01\n"
	encoded, err := gb18030.New(gb18030.GB18030).Encode(nil, rare)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]struct {
		csv string
		o   registry.Options
	}{
		"gb18030":         {string(encoded), registry.Options{Charset: "gb18030"}},
		"byte order mark": {"\uFEFF" + strings.ReplaceAll(rare, "\n", "\r\n"), registry.Options{Charset: "utf-8"}},
		"quoted":          {strings.ReplaceAll(rare, "rural", `"rural"`), registry.Options{}},
		"other order": {"name,joined_on,scheme,region,social_no,id_number\n𠮷·阿卜杜拉,2010-01-01,rural,610304100001,SB80," +
			id(80) + "\n", registry.Options{}},
	} {
		if r, err := w.try(registry.KindMembers, f.csv, f.o); err != nil || r.Imported+r.Repeated != 1 {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	if n := w.count(`select count(*) from member where name = '𠮷·阿卜杜拉'`); n != 1 {
		t.Errorf("%d members, want one, whatever the charset", n)
	}
}

func TestImport_ReportIsBoundedAndKeepsTheRefusals(t *testing.T) {
	t.Parallel()
	w := settled(t)
	w.must(registry.KindMembers, membersCSV(100, 1700))
	r, err := w.try(registry.KindMembers, membersCSV(100, 1700)+strings.Repeat("x,x,x,x,x,x\n", 7), registry.Options{})
	if err != nil || r.Repeated != 1600 || r.Refused != 7 || len(r.Lines) != registry.MaxLines || r.Omitted != 607 {
		t.Fatalf("rows %d, repeated %d, refused %d, lines %d, omitted %d, %v",
			r.Rows, r.Repeated, r.Refused, len(r.Lines), r.Omitted, err)
	}
	last := r.Lines[registry.MaxLines-1]
	if last.Line != 1608 || last.Answer != registry.Refused {
		t.Errorf("the refusals have no room: last is %+v", last)
	}
}

func TestImport_TwoImportsOfOneFileAtOnce(t *testing.T) {
	t.Parallel()
	w := settled(t)
	csv := membersCSV(200, 6400)
	var wait sync.WaitGroup
	reports := make([]registry.Report, 4)
	for i := range reports {
		wait.Go(func() {
			r, err := w.try(registry.KindMembers, csv, registry.Options{})
			if err != nil {
				t.Error(err)
			}
			reports[i] = r
		})
	}
	wait.Wait()
	imported, repeated := 0, 0
	for _, r := range reports {
		imported, repeated = imported+r.Imported, repeated+r.Repeated
	}
	if imported != 6200 || repeated != 3*6200 || w.count(`select count(*) from member`) != 6210 {
		t.Errorf("imported %d, repeated %d", imported, repeated)
	}
}

// A rival that does not take the import's lock meets the keys: the import is
// told to try again, and its second run finds the rows.
func TestImport_ARivalOutsideTheImportIsMetByTheKeys(t *testing.T) {
	t.Parallel()
	w := settled(t)
	ctx := context.Background()
	rival, err := w.sql.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rival.Exec(ctx, `insert into member (area, id_number, social_no, name, region, scheme, joined_on)
		values (610304, $1, 'SB00000300', '王300', 610304100001, 'rural', '2010-01-01')`, id(300)); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := w.try(registry.KindMembers, membersCSV(300, 302), registry.Options{})
		done <- err
	}()
	waiting := `select count(*)::int from pg_stat_activity where datname = current_database() and wait_event_type =
		'Lock'
		and query like '%insert into member%'`
	probe := w.probe()
	for probe(waiting) == 0 {
		runtime.Gosched()
	}
	if err := rival.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, registry.ErrContended) {
		t.Fatalf("error = %v, want ErrContended", err)
	}
	if r, err := w.try(registry.KindMembers, membersCSV(300, 302), registry.Options{}); err != nil ||
		r.Repeated != 1 || r.Imported != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// generated is a file that is made while it is read.
type generated struct {
	rows int
	next int
	rest bytes.Buffer
	read int64
}

func (g *generated) Seek(int64, int) (int64, error) {
	g.next, g.read = 0, 0
	g.rest.Reset()
	g.rest.WriteString("id_number,social_no,name,region,scheme,joined_on\n")
	return 0, nil
}

func (g *generated) Read(p []byte) (int, error) {
	for g.rest.Len() < len(p) && g.next < g.rows {
		g.rest.WriteString(memberLine(g.next + 1000))
		g.next++
	}
	n, err := g.rest.Read(p)
	g.read += int64(n)
	return n, err
}

func TestImport_AHundredThousandMembersInBoundedMemory(t *testing.T) {
	w := settled(t)
	file := &generated{rows: 100_000}
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
			select {
			case <-stop:
				peak <- most
				return
			case <-tick.C:
			}
		}
	}()
	var report registry.Report
	render := func(result any) (once.Answer, error) {
		report, _ = result.(registry.Report)
		return once.Answer{Status: 200, Body: []byte("done")}, nil
	}
	_, err := w.Import(context.Background(), request("o"), render, by(registry.KindMembers), registry.KindMembers, file,
		registry.Options{})
	close(stop)
	most := <-peak
	if err != nil || report.Imported != 100_000 {
		t.Fatalf("%+v, %v", report, err)
	}
	t.Logf("%d bytes read, heap at most %d MiB", file.read, most>>20)
	if most > 96<<20 {
		t.Errorf("heap rose to %d MiB for chunks of 5000 lines", most>>20)
	}
}
