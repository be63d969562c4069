package profile_test

import (
	"bytes"
	"io/fs"
	"strings"
	"testing"

	"twoline/adapters/bank/gb18030"
	"twoline/adapters/bank/profile"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

func batch() disbursement.Batch {
	return disbursement.Batch{ //nolint:exhaustruct // what a file says
		Area: 610304, Bank: "rcc", Number: "00000007", Count: 2, Amount: money.MustParse("165.00"),
		AccountNo: "961001010000000013", CreatedOn: calendar.MustDay("2011-03-10"), PayDay: calendar.MustDay("2011-03-25"),
	}
}

func items(yield func(disbursement.Item) error) error {
	for i, who := range [][3]string{{"王𠮷", "440524188001010014", "62170001"}, {"东·亿", "11010519491231002X", "62170002"}} {
		name, idNumber, account := party.Stored(who[0], who[1], who[2])
		err := yield(disbursement.Item{ //nolint:exhaustruct // what a file says
			ID: int64(901 + i), Seq: i + 1, SocialNo: []string{"S001", "S002"}[i], Name: name, IDNumber: idNumber,
			Account: account, Region: 610304001001,
			Components: disbursement.Components{Base: 5500, Account: money.Amount(i) * 5500, Funeral: 0, OneOff: 0},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func written(t *testing.T, p disbursement.Partner) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := profile.New().WritePayment(&file, p, batch(), items); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestWritePayment_RuralCooperative(t *testing.T) {
	t.Parallel()
	p := disbursement.Partner{Format: profile.RuralCooperative, Charset: "gb18030"} //nolint:exhaustruct // all it asks
	want, err := gb18030.New(gb18030.GB18030).Encode(nil,
		"S001|王𠮷|440524188001010014|55.00|00000007|62170001|610304001001\n"+
			"S002|东·亿|11010519491231002X|110.00|00000007|62170002|610304001001\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := written(t, p); !bytes.Equal(got, want) {
		t.Errorf("file is %q, want %q", got, want)
	}
	if got := profile.New().PaymentFileName(p, batch()); got != "P_rcc_610304_20110310_00000007.TXT" {
		t.Errorf("file name is %s", got)
	}
}

func TestWritePayment_JSONLines(t *testing.T) {
	t.Parallel()
	p := disbursement.Partner{Format: "json"} //nolint:exhaustruct // all it asks
	want := `{"type":"file","format":"jsonl","kind":"batch","message_id":"00000007","created":"2011-03-10"}
{"type":"batch","index":0,"direction":"payment","batch_id":"00000007","count":2,"sum":"165.00","execution_date":"2011-03-25","account":"961001010000000013"}
{"type":"item","batch":0,"index":0,"item_id":"901","amount":"55.00","currency":"CNY","name":"王𠮷","account":"62170001","id_number":"440524188001010014","social_no":"S001","region":"610304001001"}
{"type":"item","batch":0,"index":1,"item_id":"902","amount":"110.00","currency":"CNY","name":"东·亿","account":"62170002","id_number":"11010519491231002X","social_no":"S002","region":"610304001001"}
{"type":"end","entries":0,"items":2,"results":0,"problems":0}
`
	if got := written(t, p); string(got) != want {
		t.Errorf("file is\n%s\nwant\n%s", got, want)
	}
	if got := profile.New().PaymentFileName(p, batch()); got != "P_rcc_610304_20110310_00000007.JSONL" {
		t.Errorf("file name is %s", got)
	}
}

func TestCheckPayment(t *testing.T) {
	t.Parallel()
	fine := func(*disbursement.Payee) {}
	named := func(p *disbursement.Payee, name string) { p.Name, _, _ = party.Stored(name, "", "") }
	for _, tt := range []struct {
		format, charset string
		change          func(*disbursement.Payee)
		want            string
	}{
		{profile.RuralCooperative, "gb18030", fine, ""},
		{profile.RuralCooperative, "gbk", fine, "text_not_encodable"},
		{profile.RuralCooperative, "utf-8", fine, ""},
		{profile.RuralCooperative, "big5", fine, "format_unknown"},
		{profile.RuralCooperative, "gb18030", func(p *disbursement.Payee) { named(p, "王|五") }, "file_field"},
		{profile.RuralCooperative, "gb18030", func(p *disbursement.Payee) { p.SocialNo = "" }, "file_field"},
		{"json", "gbk", fine, ""},
		{"unionpay", "utf-8", fine, ""},
		{"unionpay", "utf-8", func(p *disbursement.Payee) { _, p.IDNumber, _ = party.Stored("", "44052418800101001", "") }, "file_field"},
		{"cnaps", "utf-8", fine, ""},
		{"cnaps", "utf-8", func(p *disbursement.Payee) { named(p, strings.Repeat("王", 61)) }, "file_field"},
		{"iso20022", "utf-8", func(p *disbursement.Payee) { _, _, p.Account = party.Stored("", "", "") }, "file_field"},
		{"bocom-xlsx", "utf-8", fine, "format_unknown"},
		{"nobody", "utf-8", fine, "format_unknown"},
	} {
		payee := disbursement.Payee{SocialNo: "S001", Region: 610304001002} //nolint:exhaustruct // what files carry
		payee.Name, payee.IDNumber, payee.Account = party.Stored("王𠮷", "440524188001010014", "6217000000000000002")
		tt.change(&payee)
		p := disbursement.Partner{Format: tt.format, Charset: tt.charset} //nolint:exhaustruct // all it asks
		if err := profile.New().CheckPayment(p, payee); (err == nil) != (tt.want == "") || err != nil && fault.CodeOf(err) != tt.want {
			t.Errorf("%s, %s: %v, want %q", tt.format, tt.charset, err, tt.want)
		}
	}
}

// A payout's _F file has five fields and no reason: what stands in it was not
// paid, and may be tried again.
func TestReadPaymentResults_RuralCooperativeFailed(t *testing.T) {
	t.Parallel()
	p := disbursement.Partner{Format: profile.RuralCooperative, Charset: "gb18030"} //nolint:exhaustruct // all it asks
	body, err := gb18030.New(gb18030.GB18030).Encode(nil, "S001|王𠮷|440524188001010014|55.00|00000007\n")
	if err != nil {
		t.Fatal(err)
	}
	count, amount := 1, money.MustParse("55.00")
	head := bank.Receipt{Part: "F", Count: &count, Amount: &amount} //nolint:exhaustruct // all that is asked
	var got []bank.Result
	err = profile.New().ReadPaymentResults(t.Context(), p, head, bytes.NewReader(body), func(r bank.Record) error {
		if v, ok := r.(bank.Result); ok {
			got = append(got, v)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Outcome != bank.OutcomeFailed || got[0].Class != bank.ClassRetryTechnical ||
		got[0].SocialNo != "S001" {
		t.Errorf("read %+v", got)
	}
}

// A refusal that names no batch in its content is of the batch that its name tells.
func TestReadPaymentResults_aRefusalIsOfTheBatchInItsName(t *testing.T) {
	t.Parallel()
	const name = "DF00000000999290000000001201103100008O.txt"
	body, err := fs.ReadFile(profile.ShippedFiles(), "unionpay/"+name)
	if err != nil {
		t.Fatal(err)
	}
	p := disbursement.Partner{Format: "unionpay", Charset: "gbk"} //nolint:exhaustruct // all it asks
	for _, tt := range [][2]string{{name, "0008"}, {"", ""}} {
		head := bank.Receipt{Name: tt[0]} //nolint:exhaustruct // all that is asked
		var got []bank.Result
		err := profile.New().ReadPaymentResults(t.Context(), p, head, bytes.NewReader(body), func(r bank.Record) error {
			if v, ok := r.(bank.Result); ok {
				got = append(got, v)
			}
			return nil
		})
		if err != nil || len(got) != 1 || got[0].Level != "file" || got[0].BatchID != tt[1] {
			t.Errorf("%q: %+v, %v", tt[0], got, err)
		}
	}
}
