package cnaps_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/bank/cnaps"
	"twoline/adapters/bank/iso20022/xmlscan"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/party"
)

func messages() map[string]cnaps.Kind {
	return map[string]cnaps.Kind{
		"380.xml": cnaps.Collection, "381.xml": cnaps.CollectionReply, "382.xml": cnaps.Payment,
		"383.xml": cnaps.PaymentReply, "388.xml": cnaps.BatchRefused, "389.xml": cnaps.ConfirmationReply,
	}
}

func testdata(t testing.TB, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// is takes a record for what it must be.
func is[T bank.Record](r bank.Record) T {
	v, ok := r.(T)
	if !ok {
		panic("another record than the test expects")
	}
	return v
}

func figure(text string) bank.Figure {
	f, err := bank.ParseFigure(text)
	if err != nil {
		panic(err)
	}
	return f
}

func plainly() cmp.Option {
	return cmp.Options{
		cmp.Comparer(func(a, b bank.Figure) bool { return a.String() == b.String() }),
		cmp.AllowUnexported(calendar.Day{}),
	}
}

func try(r io.Reader, o cnaps.Options) ([]bank.Record, error) {
	var records []bank.Record
	err := cnaps.Read(context.Background(), r, o, func(r bank.Record) error {
		records = append(records, r)
		return nil
	})
	return records, err
}

func read(t *testing.T, content string, o cnaps.Options) []bank.Record {
	t.Helper()
	records, err := try(strings.NewReader(content), o)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func write(o cnaps.WriterOptions, records ...bank.Record) (string, error) {
	var b bytes.Buffer
	w := cnaps.NewWriter(&b, o)
	for _, r := range records {
		if err := w.Write(r); err != nil {
			return "", err
		}
	}
	if err := w.Close(context.Background()); err != nil {
		return "", err
	}
	return b.String(), nil
}

// compact takes the blanks between tags away.
func compact(content string) string {
	content = regexp.MustCompile(`>\s+<`).ReplaceAllString(strings.TrimSpace(content), "><")
	return strings.Replace(content, "?><", "?>\n<", 1)
}

// TestTrees_areThoseOfTheStandard compares every tree with the text it was taken from.
func TestTrees_areThoseOfTheStandard(t *testing.T) {
	t.Parallel()
	for _, k := range messages() {
		_, rest, ok := strings.Cut(testdata(t, "trees.txt"), "## "+k.String()+".001.01\n")
		if !ok {
			t.Fatalf("no tree of %v", k)
		}
		want, _, _ := strings.Cut(rest, "## ")
		if diff := cmp.Diff(want, cnaps.TreeText(k)); diff != "" {
			t.Errorf("%v (-want, +got):\n%s", k, diff)
		}
	}
}

func TestRead_collection(t *testing.T) {
	t.Parallel()
	want := []bank.Record{
		bank.FileHead{
			Format: "beps.380.001.01", Kind: "batch", MessageID: "2026112500000001", Created: "2026-11-25T08:30:59",
		},
		bank.BatchHead{
			Direction: bank.Collection, BatchID: "00000007", Count: 2, Sum: figure("300.50"), Account: "6100001",
		},
		bank.BatchItem{
			ItemID: "610304000000000001", Amount: figure("200.00"), Currency: "CNY", Name: "王小明",
			Account: "6217000000000001", Bank: "102100000030", Mandate: "XY0001", Text: "A & B",
		},
		bank.BatchItem{
			Index: 1, ItemID: "610304000000000002", Amount: figure("100.50"), Currency: "CNY", Name: "李红",
			Account: "6217000000000002", Bank: "102100000048", Mandate: "XY0002",
		},
		bank.End{Items: 2},
	}
	area, err := party.ParseArea("610304")
	if err != nil {
		t.Fatal(err)
	}
	content := testdata(t, "380.xml")
	for name, give := range map[string]string{
		"as it is":        content,
		"byte order mark": "\uFEFF" + content,
		"compact":         compact(content),
		"CRLF":            strings.ReplaceAll(content, "\n", "\r\n"),
		"prefixed": regexp.MustCompile(`<(/?)([A-Z])`).ReplaceAllString(
			strings.Replace(content, "xmlns=", "xmlns:b=", 1), "<${1}b:$2"),
	} {
		got := read(t, give, cnaps.Options{TxIDs: cnaps.AreaTxIDs(area)})
		if diff := cmp.Diff(want, got, plainly()); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", name, diff)
		}
	}
}

func TestRead_replies(t *testing.T) {
	t.Parallel()
	day := calendar.MustDay("2026-11-26")
	for name, want := range map[string][]bank.Record{
		"381.xml": {
			bank.FileHead{
				Format: "beps.381.001.01", Kind: "result", MessageID: "2026112600000001", Created: "2026-11-26T09:00:00",
			},
			bank.Result{
				ItemID: "0000000000000001", BatchID: "00000007", Level: "item", Name: "王小明", Account: "6217000000000001",
				Outcome: bank.OutcomeSucceeded, Class: bank.ClassSuccess, Code: "PR02", Amount: new(figure("200.00")),
				ValueDate: day,
			},
			bank.Result{
				Index: 1, ItemID: "0000000000000002", BatchID: "00000007", Level: "item", Name: "李红",
				Account: "6217000000000002", Outcome: bank.OutcomeFailed, Class: bank.ClassRetryFunds, Code: "RJ03",
				Text: "余额不足", Amount: new(figure("100.50")),
			},
			bank.End{Results: 2},
		},
		"383.xml": {
			bank.FileHead{
				Format: "beps.383.001.01", Kind: "result", MessageID: "2026112600000002", Created: "2026-11-26T09:00:00",
			},
			bank.Result{
				ItemID: "0000000000000011", BatchID: "00000008", Level: "item", Name: "东億·阿依", Account: "6228000000000001",
				Outcome: bank.OutcomePending, Class: bank.ClassUnknown, Code: "PR89", Amount: new(figure("159.00")),
			},
			bank.Result{
				Index: 1, ItemID: "0000000000000012", BatchID: "00000008", Level: "item", Name: "赵<六>",
				Account: "6228000000000002", Outcome: bank.OutcomeFailed, Class: bank.ClassFixAccount, Code: "RJ01",
				Text: "账号不存在", Amount: new(figure("159.20")),
			},
			bank.End{Results: 2},
		},
		"388.xml": {
			bank.FileHead{
				Format: "beps.388.001.01", Kind: "result", MessageID: "2026112500000003", Created: "2026-11-25T08:31:10",
			},
			bank.Result{
				BatchID: "00000008", Level: "batch", Outcome: bank.OutcomeFailed, Class: bank.ClassRetryTechnical,
				Code: "RJ05", Text: "业务检查未通过",
			},
			bank.End{Results: 1},
		},
		"389.xml": {
			bank.FileHead{
				Format: "beps.389.001.01", Kind: "result", MessageID: "2026112600000004", Created: "2026-11-26T10:00:00",
			},
			bank.Result{
				BatchID: "2026112600000002", Level: "file", Outcome: bank.OutcomeSucceeded, Class: bank.ClassSuccess,
				Code: "PR05", Text: "确认",
			},
			bank.End{Results: 1},
		},
	} {
		if diff := cmp.Diff(want, read(t, testdata(t, name), cnaps.Options{}), plainly()); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", name, diff)
		}
	}
}

// TestRead_states walks through every state of domain and standard.
func TestRead_states(t *testing.T) {
	t.Parallel()
	content := testdata(t, "383.xml")
	for give, want := range map[string]struct {
		outcome bank.Outcome
		class   bank.Class
		code    string
	}{
		"PR02":      {bank.OutcomeSucceeded, bank.ClassSuccess, "PR02"},
		"PR03":      {bank.OutcomeSucceeded, bank.ClassSuccess, "PR03"},
		"PR04":      {bank.OutcomeSucceeded, bank.ClassSuccess, "PR04"},
		"PR05":      {bank.OutcomeSucceeded, bank.ClassSuccess, "PR05"},
		"PR08":      {bank.OutcomeFailed, bank.ClassUnknown, "PR08"},
		"PR09":      {bank.OutcomeFailed, bank.ClassUnknown, "PR09"},
		"PR11":      {bank.OutcomePending, bank.ClassUnknown, "PR11"},
		"PR12":      {bank.OutcomePending, bank.ClassUnknown, "PR12"},
		"PR88":      {bank.OutcomeUnknown, bank.ClassUnknown, "PR88"},
		"PR89":      {bank.OutcomePending, bank.ClassUnknown, "PR89"},
		"PR99":      {bank.OutcomeUnknown, bank.ClassUnknown, "PR99"},
		"ZZZZ":      {bank.OutcomeUnknown, bank.ClassUnknown, "ZZZZ"},
		"PR09 RJ01": {bank.OutcomeFailed, bank.ClassFixAccount, "RJ01"},
		"PR09 RJ02": {bank.OutcomeFailed, bank.ClassFixAccount, "RJ02"},
		"PR09 RJ03": {bank.OutcomeFailed, bank.ClassRetryFunds, "RJ03"},
		"PR09 RJ04": {bank.OutcomeFailed, bank.ClassFixAccount, "RJ04"},
		"PR09 RJ05": {bank.OutcomeFailed, bank.ClassRetryTechnical, "RJ05"},
		"PR09 RJ06": {bank.OutcomeFailed, bank.ClassFixMandate, "RJ06"},
		"PR09 RJ07": {bank.OutcomeFailed, bank.ClassFixMandate, "RJ07"},
		"PR09 RJ08": {bank.OutcomeFailed, bank.ClassFixAccount, "RJ08"},
		"PR09 RJ09": {bank.OutcomeFailed, bank.ClassUnknown, "RJ09"},
		"PR09 RJ90": {bank.OutcomeFailed, bank.ClassUnknown, "RJ90"},
		"RJ03":      {bank.OutcomeFailed, bank.ClassRetryFunds, "RJ03"},
		"PR02 RJ03": {bank.OutcomeUnknown, bank.ClassUnknown, "RJ03"},
	} {
		state, reject, _ := strings.Cut(give, " ")
		response := "<Sts>" + state + "</Sts>"
		if reject != "" {
			response += "<RjctCd>" + reject + "</RjctCd>"
		}
		var got *bank.Result
		problems := 0
		for _, r := range read(t, strings.Replace(content, "<Sts>PR89</Sts>", response, 1), cnaps.Options{}) {
			switch v := r.(type) {
			case bank.Result:
				if v.Index == 0 {
					got = &v
				}
			case bank.Problem:
				problems++
			}
		}
		if got.Outcome != want.outcome || got.Class != want.class || got.Code != want.code ||
			(problems > 0) != (give == "PR02 RJ03") {
			t.Errorf("%s: got %v %v %v and %d problems", give, got.Outcome, got.Class, got.Code, problems)
		}
	}
}

// TestRead_aSuccessWaitsForTheSystem gives a reply that the system has not carried out.
func TestRead_aSuccessWaitsForTheSystem(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]struct {
		outcome bank.Outcome
		told    bank.Severity
	}{
		"PR03": {bank.OutcomeSucceeded, ""},
		"PR12": {bank.OutcomePending, bank.SeverityWarning},
		"PR09": {bank.OutcomeUnknown, bank.SeverityError},
		"PR88": {bank.OutcomeUnknown, bank.SeverityError},
	} {
		content := strings.Replace(testdata(t, "381.xml"), "<PrcSts>PR04<", "<PrcSts>"+state+"<", 1)
		var outcome bank.Outcome
		var told bank.Severity
		for _, r := range read(t, content, cnaps.Options{}) {
			switch v := r.(type) {
			case bank.Result:
				if v.Index == 0 {
					outcome = v.Outcome
				} else if v.Outcome != bank.OutcomeFailed {
					t.Errorf("%s: the failure became %v", state, v.Outcome)
				}
			case bank.Problem:
				told = v.Severity
			}
		}
		if outcome != want.outcome || told != want.told {
			t.Errorf("%s: got %v, told %q", state, outcome, told)
		}
	}
}

func TestRead_contradictionsAreProblems(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ file, old, give, want string }{
		"count":            {"380.xml", "<DbtrNb>2<", "<DbtrNb>3<", "error control_total"},
		"sum":              {"380.xml", ">300.50<", ">300.51<", "error control_total"},
		"payment's sum":    {"382.xml", ">318.20<", ">318.2<", ""},
		"another bank":     {"380.xml", ">102100000048<", ">103100000026<", "error clearing_bank"},
		"a strange id":     {"380.xml", ">0000000000000002<", ">9000000000000002<", "error transaction_id"},
		"unknown element":  {"380.xml", "<Rmk>", "<New><Inner>1</Inner></New><Rmk>", "warning unknown_element"},
		"unknown in items": {"380.xml", "<ChckFlg>", "<New/><ChckFlg>", "warning unknown_element"},
		"reply's count":    {"381.xml", "<RcvgTtlNb>2<", "<RcvgTtlNb>7<", "error control_total"},
		"reply's success": {
			"381.xml", "<RcvgTtlAmt Ccy=\"CNY\">300.50</RcvgTtlAmt>\n      <RcvgTtlNb>2<",
			"<RcvgTtlAmt Ccy=\"CNY\">200</RcvgTtlAmt><RcvgTtlNb>1<", "",
		},
		"reply too long":    {"381.xml", "<OrgnlTtlNb>2<", "<OrgnlTtlNb>1<", "error control_total"},
		"reply too short":   {"381.xml", "<OrgnlTtlNb>2<", "<OrgnlTtlNb>3<", "warning reply_incomplete"},
		"reply's other sum": {"381.xml", ">300.50</Orgn", ">300.00</Orgn", "error control_total"},
		"refused, success":  {"388.xml", "<Sts>PR09</Sts><RjctCd>RJ05</RjctCd>", "<Sts>PR02</Sts>", "error result"},
	} {
		content := testdata(t, tc.file)
		if !strings.Contains(content, tc.old) {
			t.Fatalf("%s: the file has no %s", name, tc.old)
		}
		area, _ := party.ParseArea("610304")
		var got []string
		records := read(t, strings.Replace(content, tc.old, tc.give, 1), cnaps.Options{TxIDs: cnaps.AreaTxIDs(area)})
		for _, r := range records {
			if p, ok := r.(bank.Problem); ok {
				got = append(got, string(p.Severity)+" "+p.Code)
			}
		}
		if strings.Join(got, ", ") != tc.want {
			t.Errorf("%s: got %v, want %s", name, got, tc.want)
		}
		if end, ok := records[len(records)-1].(bank.End); !ok || end.Problems != len(got) {
			t.Errorf("%s: the end is %+v", name, end)
		}
	}
}

func TestRead_brokenMessagesAreErrors(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		file, old, give string
		want            error
		path            string
	}{
		"missing":         {"380.xml", "<BtchNb>00000007</BtchNb>", "", cnaps.ErrStructure, "BtchColltnChrgs/BtchColltnChrgsInf"},
		"missing at end":  {"388.xml", "<Sts>PR09</Sts>", "", cnaps.ErrStructure, "BizRjctNtce/BizRjctNtceInf/RspnInf"},
		"repeated":        {"380.xml", "<BtchNb>", "<BtchNb>1</BtchNb><BtchNb>", cnaps.ErrStructure, "BtchColltnChrgs/BtchColltnChrgsInf/BtchNb"},
		"order":           {"380.xml", "<RtrLtd>05</RtrLtd>", "<RtrLtd>05</RtrLtd><TrnsmtDt>2026-11-25</TrnsmtDt>", cnaps.ErrStructure, "BtchColltnChrgs/BtchColltnChrgsInf/TrnsmtDt"},
		"items apart":     {"380.xml", "</BtchColltnChrgsInf>", "<BtchNb>1</BtchNb></BtchColltnChrgsInf>", cnaps.ErrStructure, ""},
		"empty":           {"380.xml", "<BtchNb>00000007", "<BtchNb>", cnaps.ErrValue, "BtchColltnChrgs/BtchColltnChrgsInf/BtchNb"},
		"too long":        {"380.xml", "<BtchNb>0", "<BtchNb>00", cnaps.ErrValue, ""},
		"not a number":    {"380.xml", "<BtchNb>0", "<BtchNb>A", cnaps.ErrValue, ""},
		"long name":       {"380.xml", "王小明", strings.Repeat("王", 61), cnaps.ErrValue, "BtchColltnChrgs/BtchColltnChrgsInf/DbtrDtls/Dbtr/Nm"},
		"lost character":  {"380.xml", "王小明", "\uFFFD小明", cnaps.ErrValue, ""},
		"negative":        {"380.xml", ">200.00<", ">-200.00<", cnaps.ErrValue, "BtchColltnChrgs/BtchColltnChrgsInf/DbtrDtls/Amt"},
		"three decimals":  {"380.xml", ">200.00<", ">200.001<", cnaps.ErrValue, ""},
		"other currency":  {"380.xml", `<Amt Ccy="CNY">200`, `<Amt Ccy="USD">200`, cnaps.ErrValue, ""},
		"no currency":     {"380.xml", `<Amt Ccy="CNY">200`, `<Amt>200`, cnaps.ErrValue, ""},
		"30 February":     {"380.xml", "<TrnsmtDt>2026-11-25", "<TrnsmtDt>2026-02-30", cnaps.ErrValue, ""},
		"no instant":      {"380.xml", "T08:30:59", "T08:61:59", cnaps.ErrValue, "BtchColltnChrgs/GrpHdr/CreDtTm"},
		"check flag":      {"380.xml", "CE02", "CE03", cnaps.ErrValue, ""},
		"system":          {"380.xml", "<SysCd>BEPS", "<SysCd>XXXX", cnaps.ErrValue, ""},
		"text in a group": {"380.xml", "<GrpHdr>", "<GrpHdr>text", cnaps.ErrStructure, ""},
		"element in text": {"380.xml", "<BtchNb>", "<BtchNb><X/>", cnaps.ErrStructure, ""},
		"two messages":    {"388.xml", "</Document>", "<BizRjctNtce/></Document>", cnaps.ErrStructure, ""},
		"other message":   {"380.xml", "BtchColltnChrgs>", "RealTmColltnChrgs>", xmlscan.ErrMalformed, ""},
		"another root":    {"380.xml", "Document", "Papers", xmlscan.ErrMalformed, ""},
		"cut off":         {"380.xml", "</Document>", "", xmlscan.ErrMalformed, ""},
	} {
		content := testdata(t, tc.file)
		records, err := try(strings.NewReader(strings.Replace(content, tc.old, tc.give, 1)), cnaps.Options{})
		f, ok := errors.AsType[*fault.Error](err)
		switch {
		case name == "other message" || name == "another root":
			if !errors.Is(err, cnaps.ErrMessage) {
				t.Errorf("%s: got %v", name, err)
			}
		case !errors.Is(err, tc.want) || !ok || f.Line == 0:
			t.Errorf("%s: got %v, want %v with a line", name, err, tc.want)
		case tc.path != "" && f.Field != tc.path:
			t.Errorf("%s: path %q, want %q", name, f.Field, tc.path)
		}
		if len(records) > 0 {
			if _, ended := records[len(records)-1].(bank.End); ended {
				t.Errorf("%s: a broken message has an end", name)
			}
		}
	}
}

func TestF100_doctypeIsRefused(t *testing.T) {
	t.Parallel()
	for _, doctype := range []string{
		`<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]>`,
		`<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;">]>`,
	} {
		content := strings.Replace(testdata(t, "380.xml"), "<Document", doctype+"<Document", 1)
		content = strings.Replace(content, "王小明", "&x;", 1)
		if _, err := try(strings.NewReader(content), cnaps.Options{}); !errors.Is(err, xmlscan.ErrDoctype) {
			t.Errorf("got %v", err)
		}
		if format, ok := cnaps.Detect([]byte(content)); ok {
			t.Errorf("detected as %s", format)
		}
	}
	content := strings.Replace(testdata(t, "380.xml"), "王小明", "&x;", 1)
	if _, err := try(strings.NewReader(content), cnaps.Options{}); !errors.Is(err, xmlscan.ErrMalformed) {
		t.Errorf("an entity: got %v", err)
	}
}

// testSigner signs by a digest, which proves who is asked to sign what.
type testSigner struct {
	last []byte
	fail error
}

func (s *testSigner) Sign(_ context.Context, k cnaps.Kind, message []byte) ([]byte, error) {
	s.last = bytes.Clone(message)
	sum := sha256.Sum256(append([]byte(k.String()), message...))
	return sum[:], s.fail
}

func (s *testSigner) Verify(ctx context.Context, k cnaps.Kind, message, signature []byte) error {
	want, err := s.Sign(ctx, k, message)
	if err == nil && !bytes.Equal(want, signature) {
		err = errors.New("another signature")
	}
	return err
}

func header() cnaps.Header {
	return cnaps.Header{
		Sender: "402100000018", Receiver: "0000", Day: calendar.MustDay("2026-11-25"), Time: "083059",
		ID: "20261125000000000001", Reference: "20261125000000000001",
	}
}

// optionsOf is how the message of a testdata file is written.
func optionsOf(t *testing.T, name string) (cnaps.WriterOptions, []bank.Record) {
	t.Helper()
	o := cnaps.WriterOptions{Kind: messages()[name]}
	records := read(t, testdata(t, name), cnaps.Options{Set: func(s cnaps.Set) error {
		o.Set = s
		return nil
	}})
	// What stands in each item is not of the set.
	switch o.Kind {
	case cnaps.Collection:
		o.Set.Purpose, o.Set.CheckFlag = "00603", "CE02"
	case cnaps.CollectionReply:
		o.Set.Purpose, o.Set.Branch = "00603", "102100000030"
	case cnaps.Payment:
		o.Set.Purpose = "05103"
	case cnaps.PaymentReply:
		o.Set.Branch = "103100000034"
	case cnaps.NoKind, cnaps.BatchRefused, cnaps.ConfirmationReply:
	}
	return o, records
}

// TestWriter_writesTheForm compares every byte with files written by hand.
func TestWriter_writesTheForm(t *testing.T) {
	t.Parallel()
	for name := range messages() {
		o, records := optionsOf(t, name)
		got, err := write(o, records...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(compact(testdata(t, name)), got); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", name, diff)
		}
	}
}

func TestHeader_isExactly130Characters(t *testing.T) {
	t.Parallel()
	for name, k := range messages() {
		o, records := optionsOf(t, name)
		h := header()
		o.Header = &h
		content, err := write(o, records...)
		if err != nil {
			t.Fatal(err)
		}
		want := "{H:02402100000018  BEPS0000          BEPS20261125083059XML" + k.String() + ".001.01     " +
			"20261125000000000001202611250000000000013U         }\r\n<?xml"
		if !strings.HasPrefix(content, want) || strings.Index(content, "}\r\n") != 129 {
			t.Errorf("got %q", content[:140])
		}
		var got cnaps.Header
		again := read(t, content, cnaps.Options{Head: func(h cnaps.Header) error {
			got = h
			return nil
		}})
		if diff := cmp.Diff(records, again, plainly()); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", name, diff)
		}
		h.SenderSystem, h.ReceiverSystem, h.Type, h.Priority = "BEPS", "BEPS", k.String()+".001.01", 3
		if got != h {
			t.Errorf("got %+v, want %+v", got, h)
		}
		if format, ok := cnaps.Detect([]byte(content)); !ok || format != h.Type {
			t.Errorf("detected as %q", format)
		}
	}
}

func TestRead_brokenHeadersAreErrors(t *testing.T) {
	t.Parallel()
	o, records := optionsOf(t, "380.xml")
	h := header()
	o.Header = &h
	content, err := write(o, records...)
	if err != nil {
		t.Fatal(err)
	}
	for name, give := range map[string]string{
		"one character more":  strings.Replace(content, "}\r\n", " }\r\n", 1),
		"one character less":  strings.Replace(content, " }\r\n", "}\r\n", 1),
		"another version":     strings.Replace(content, "{H:02", "{H:01", 1),
		"not XML":             strings.Replace(content, "XMLbeps", "TXTbeps", 1),
		"no such day":         strings.Replace(content, "20261125083059", "20260230083059", 1),
		"no such time":        strings.Replace(content, "20261125083059", "20261125086159", 1),
		"no such priority":    strings.Replace(content, "3U   ", "4U   ", 1),
		"no such direction":   strings.Replace(content, "3U   ", "3X   ", 1),
		"a cut header":        content[:100],
		"a control character": strings.Replace(content, "0000  ", "00\x0100", 1),
	} {
		if _, err := try(strings.NewReader(give), cnaps.Options{}); !errors.Is(err, cnaps.ErrHeader) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for name, give := range map[string]string{
		"another message": strings.Replace(content, "XMLbeps.380", "XMLbeps.381", 1),
		"no message":      strings.Replace(content, "XMLbeps.380", "XMLbeps.121", 1),
	} {
		if _, err := try(strings.NewReader(give), cnaps.Options{}); !errors.Is(err, cnaps.ErrMessage) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for name, change := range map[string]func(*cnaps.Header){
		"long sender": func(h *cnaps.Header) { h.Sender = "123456789012345" },
		"Chinese":     func(h *cnaps.Header) { h.Sender = "银行" },
		"a bracket":   func(h *cnaps.Header) { h.ID = "A}B" },
		"no time":     func(h *cnaps.Header) { h.Time = "" },
		"no day":      func(h *cnaps.Header) { h.Day = calendar.Day{} },
		"priority 9":  func(h *cnaps.Header) { h.Priority = 9 },
	} {
		h := header()
		change(&h)
		o.Header = &h
		if _, err := write(o, records...); !errors.Is(err, cnaps.ErrHeader) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestSigner(t *testing.T) {
	t.Parallel()
	for name := range messages() {
		o, records := optionsOf(t, name)
		h, signer := header(), &testSigner{}
		o.Header, o.Signer = &h, signer
		content, err := write(o, records...)
		if err != nil {
			t.Fatal(err)
		}
		body := content[strings.Index(content, "<?xml"):]
		want := body
		if name == "380.xml" {
			want = "2026112500000001|2026-11-25T08:30:59|402100000018|402100000018|0000|0000|BEPS|城乡居民养老保险|" +
				"00000007|05|102100099996|402100000018|402100000026|县社会保险经办中心|6100001|CNY300.50|A100|2|" +
				"00603|0000000000000001|王小明|6217000000000001|102100000030|CNY200.00|XY0001|CE02|" +
				"00603|0000000000000002|李红|6217000000000002|102100000048|CNY100.50|XY0002|CE02"
		}
		if string(signer.last) != want {
			t.Errorf("%s: signed %q", name, signer.last)
		}
		if text, err := cnaps.SigningText(t.Context(), []byte(body)); err != nil || string(text) != want {
			t.Errorf("%s: signing text %q, %v", name, text, err)
		}
		if got := read(t, content, cnaps.Options{Signer: signer}); len(got) != len(records) {
			t.Errorf("%s: got %d records", name, len(got))
		}
		for what, give := range map[string]string{
			"changed":     strings.Replace(content, "<InstgDrctPty>", "<InstgDrctPty>9", 1),
			"unsigned":    regexp.MustCompile(`\{S:.*\}\r\n`).ReplaceAllString(content, ""),
			"XML alone":   body,
			"not base64":  strings.Replace(content, "{S:", "{S:*", 1),
			"other signs": strings.Replace(content, "{S:", "{S:AAAA", 1),
		} {
			if what == "changed" && name == "380.xml" {
				give = strings.Replace(content, ">200.00<", ">200.01<", 1)
			}
			got, err := try(strings.NewReader(give), cnaps.Options{Signer: signer})
			if !errors.Is(err, cnaps.ErrSignature) {
				t.Errorf("%s, %s: got %v", name, what, err)
			}
			if len(got) > 0 {
				if _, ended := got[len(got)-1].(bank.End); ended {
					t.Errorf("%s, %s: has an end", name, what)
				}
			}
		}
	}
	o, records := optionsOf(t, "380.xml")
	o.Signer = &testSigner{}
	if _, err := write(o, records...); !errors.Is(err, cnaps.ErrSignature) {
		t.Errorf("no header: got %v", err)
	}
	gone := errors.New("the machine is gone")
	h := header()
	o.Header, o.Signer = &h, &testSigner{fail: gone}
	if _, err := write(o, records...); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
}

func TestWriter_refuses(t *testing.T) {
	t.Parallel()
	type set struct {
		options *cnaps.WriterOptions
		file    *bank.FileHead
		batch   *bank.BatchHead
		item    *bank.BatchItem
	}
	for name, tc := range map[string]struct {
		change func(set)
		want   error
	}{
		"another bank's account":  {func(s set) { s.item.Bank = "103100000026" }, cnaps.ErrMixed},
		"no mandate":              {func(s set) { s.item.Mandate = "" }, cnaps.ErrValue},
		"an id of letters":        {func(s set) { s.item.ItemID = "A1" }, cnaps.ErrTxID},
		"an id of 17 digits":      {func(s set) { s.item.ItemID = "12345678901234567" }, cnaps.ErrTxID},
		"an id twice":             {func(s set) { s.item.ItemID = "2" }, cnaps.ErrTxID},
		"three decimals":          {func(s set) { s.item.Amount = figure("1.001") }, cnaps.ErrValue},
		"negative":                {func(s set) { s.item.Amount = figure("-1.00") }, cnaps.ErrValue},
		"dollars":                 {func(s set) { s.item.Currency = "USD" }, cnaps.ErrValue},
		"a long name":             {func(s set) { s.item.Name = strings.Repeat("王", 61) }, cnaps.ErrValue},
		"no name":                 {func(s set) { s.item.Name = "" }, cnaps.ErrValue},
		"a control character":     {func(s set) { s.item.Name = "A\x01" }, cnaps.ErrValue},
		"blanks around":           {func(s set) { s.item.Name = " A" }, cnaps.ErrValue},
		"a lost character":        {func(s set) { s.item.Name = "\uFFFD" }, cnaps.ErrValue},
		"an identity number":      {func(s set) { s.item.IDNumber = "11010519491231002X" }, cnaps.ErrLoss},
		"an execution date":       {func(s set) { s.batch.ExecutionDate = calendar.MustDay("2026-11-25") }, cnaps.ErrLoss},
		"another count":           {func(s set) { s.batch.Count = 3 }, cnaps.ErrControlTotal},
		"another sum":             {func(s set) { s.batch.Sum = figure("300.51") }, cnaps.ErrControlTotal},
		"no batch number":         {func(s set) { s.batch.BatchID = "" }, cnaps.ErrValue},
		"a batch number of 9":     {func(s set) { s.batch.BatchID = "123456789" }, cnaps.ErrValue},
		"the other way":           {func(s set) { s.batch.Direction = bank.Payment }, cnaps.ErrOrder},
		"no way":                  {func(s set) { s.batch.Direction = bank.NoBatchDirection }, cnaps.ErrOrder},
		"out of order":            {func(s set) { s.item.Index = 1 }, cnaps.ErrOrder},
		"no message id":           {func(s set) { s.file.MessageID = "" }, cnaps.ErrValue},
		"no instant":              {func(s set) { s.file.Created = "2026-11-25" }, cnaps.ErrValue},
		"no clearing bank":        {func(s set) { s.options.Set.Clearing = "" }, cnaps.ErrMixed},
		"no purpose":              {func(s set) { s.options.Set.Purpose = "" }, cnaps.ErrValue},
		"no kind":                 {func(s set) { s.options.Kind = cnaps.NoKind }, cnaps.ErrMessage},
		"a reply of instructions": {func(s set) { s.options.Kind = cnaps.PaymentReply }, cnaps.ErrOrder},
	} {
		o, records := optionsOf(t, "380.xml")
		file, batch, item := is[bank.FileHead](records[0]), is[bank.BatchHead](records[1]), is[bank.BatchItem](records[2])
		tc.change(set{&o, &file, &batch, &item})
		if got, err := write(o, file, batch, item, records[3]); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v and %s", name, err, got)
		}
	}
	o, records := optionsOf(t, "380.xml")
	if _, err := write(o, records[:2]...); !errors.Is(err, cnaps.ErrOrder) {
		t.Errorf("no items: got %v", err)
	}
	told := 0
	o.Lost = func(bank.Problem) error {
		told++
		return nil
	}
	item := is[bank.BatchItem](records[2])
	item.IDNumber, item.Region = "11010519491231002X", "610304000000"
	if _, err := write(o, records[0], records[1], item, records[3]); err != nil || told != 2 {
		t.Errorf("told %d, %v", told, err)
	}
}

func TestWriter_refusesAResultThatReadsOtherwise(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*bank.Result)
		want   error
	}{
		"a failure with a success's code": {func(r *bank.Result) { r.Code = "PR02" }, cnaps.ErrValue},
		"a success with a reject code":    {func(r *bank.Result) { r.Outcome = bank.OutcomeSucceeded }, cnaps.ErrValue},
		"no code":                         {func(r *bank.Result) { r.Code = "" }, cnaps.ErrValue},
		"another class":                   {func(r *bank.Result) { r.Class = bank.ClassBlocked }, cnaps.ErrLoss},
		"no amount":                       {func(r *bank.Result) { r.Amount = nil }, cnaps.ErrValue},
		"another batch":                   {func(r *bank.Result) { r.BatchID = "9" }, cnaps.ErrOrder},
		"another level":                   {func(r *bank.Result) { r.Level = "batch" }, cnaps.ErrOrder},
		"a bank's reference":              {func(r *bank.Result) { r.BankReference = "X" }, cnaps.ErrLoss},
	} {
		o, records := optionsOf(t, "383.xml")
		result := is[bank.Result](records[2])
		tc.change(&result)
		if got, err := write(o, records[0], records[1], result); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v and %s", name, err, got)
		}
	}
}

func TestAreaTxIDs(t *testing.T) {
	t.Parallel()
	area, err := party.ParseArea("610304")
	if err != nil {
		t.Fatal(err)
	}
	ids := cnaps.AreaTxIDs(area)
	for give, want := range map[string]string{
		"610304000000000000":     "0000000000000000",
		"610304000000000001":     "0000000000000001",
		"610304999999999999":     "0000999999999999",
		"610305000000000000":     "",
		"610303999999999999":     "",
		"+61030400000000001":     "",
		"1":                      "",
		"":                       "",
		"9999999999999999999999": "",
	} {
		got, err := ids.TxID(give)
		if got != want || (err == nil) != (want != "") || err != nil && !errors.Is(err, cnaps.ErrTxID) {
			t.Errorf("%s: got %q, %v", give, got, err)
		}
		if want == "" {
			continue
		}
		if back, err := ids.ItemID(got); err != nil || back != give {
			t.Errorf("%s: came back as %q, %v", give, back, err)
		}
	}
	for _, give := range []string{"", "A", "0001000000000000", "12345678901234567"} {
		if got, err := ids.ItemID(give); !errors.Is(err, cnaps.ErrTxID) {
			t.Errorf("%s: got %q, %v", give, got, err)
		}
	}
}

// brokenIDs stands for a mapping whose store is gone.
type brokenIDs struct{ err error }

func (b brokenIDs) TxID(string) (string, error)   { return "", b.err }
func (b brokenIDs) ItemID(string) (string, error) { return "", b.err }

func TestRead_sources(t *testing.T) {
	t.Parallel()
	content := testdata(t, "380.xml")
	got, err := try(iotest.OneByteReader(strings.NewReader(content)), cnaps.Options{})
	if err != nil || len(got) != 5 {
		t.Errorf("byte by byte: %d records, %v", len(got), err)
	}
	gone := errors.New("gone")
	if _, err := try(iotest.ErrReader(gone), cnaps.Options{}); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
	if _, err := try(strings.NewReader(content), cnaps.Options{TxIDs: brokenIDs{gone}}); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
	o, records := optionsOf(t, "380.xml")
	o.TxIDs = brokenIDs{gone}
	if _, err := write(o, records...); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	err = cnaps.Read(ended, strings.NewReader(content), cnaps.Options{}, func(bank.Record) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestDetect(t *testing.T) {
	t.Parallel()
	for give, want := range map[string]string{
		testdata(t, "380.xml"):               "beps.380.001.01",
		testdata(t, "389.xml"):               "beps.389.001.01",
		"<Document><BizConf>":                "beps.389",
		"<Document><BkToCstmrStmt>":          "",
		"{H:02":                              "",
		"":                                   "",
		":20:X\n:25:1\n":                     "",
		"{1:F01VILLCNB0AXXX0000000000}{4:\n": "",
	} {
		if got, ok := cnaps.Detect([]byte(give)); got != want && ok || ok != (want != "") {
			t.Errorf("%.40q: got %q, %v", give, got, ok)
		}
	}
}

func TestCreatedAt(t *testing.T) {
	t.Parallel()
	// Month 11 and minute 30 tell a layout that takes one for the other.
	at := time.Date(2026, 11, 25, 0, 30, 59, 0, time.UTC)
	if got := cnaps.CreatedAt(at); got != "2026-11-25T08:30:59" {
		t.Errorf("got %s", got)
	}
}
