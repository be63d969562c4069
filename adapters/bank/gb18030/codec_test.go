package gb18030_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"twoline/adapters/bank/banktest/bound"
	"twoline/adapters/bank/gb18030"
)

func codecs() []*gb18030.Codec {
	return []*gb18030.Codec{gb18030.New(gb18030.GB18030), gb18030.New(gb18030.GBK)}
}

// Every two-byte code is read as the standard library's table reads it, but for
// the characters that the table lacks and the codes that it cannot tell apart.
func TestDecode_agreesWithTheReferenceTable(t *testing.T) {
	t.Parallel()
	for _, c := range codecs() {
		reference := simplifiedchinese.GB18030.NewDecoder()
		if c.Charset() == gb18030.GBK {
			reference = simplifiedchinese.GBK.NewDecoder()
		}
		known, added := 0, 0
		for lead := 0x81; lead < 0xFF; lead++ {
			for trail := 0x40; trail < 0xFF; trail++ {
				give := []byte{byte(lead), byte(trail)}
				want, err := reference.Bytes(give)
				if err != nil {
					t.Fatal(err)
				}
				got, err := c.Decode(nil, give)
				switch {
				case err != nil && (bytes.ContainsRune(want, '\uFFFD') || lead == 0xA3 && trail == 0xA0):
				case err != nil && string(want) == "€" && c.Charset() == gb18030.GBK:
				case err == nil && bytes.ContainsRune(want, '\uFFFD'):
					added++
				case err != nil || !bytes.Equal(got, want):
					t.Errorf("%v % X: got %q, %v; want %q", c.Charset(), give, got, err, want)
				default:
					known++
				}
			}
		}
		if known < 21_000 || added != 19 {
			t.Errorf("%v: %d codes as in the table, %d added; want over 21000 and 19", c.Charset(), known, added)
		}
	}
}

func TestEncode_knowsTheTableOf2022(t *testing.T) {
	t.Parallel()
	c := gb18030.New(gb18030.GB18030)
	for text, want := range map[string]string{
		"\u1E3F": "\xA8\xBC", "\u9FB4": "\xFE\x59", "\u9FB5": "\xFE\x61", "\u9FB6": "\xFE\x66", "\u9FB7": "\xFE\x67",
		"\u9FB8": "\xFE\x6D", "\u9FB9": "\xFE\x7E", "\u9FBA": "\xFE\x90", "\u9FBB": "\xFE\xA0", "\uFE10": "\xA6\xD9",
		"镕": "\xE9\x46", "䶮": "\xFE\x9F", "€": "\xA2\xE3", "\U00020BB7": "\x95\x34\xB2\x35",
	} {
		got, err := c.Encode(nil, text)
		back, backErr := c.Decode(nil, []byte(want))
		if err != nil || backErr != nil || string(got) != want || string(back) != text {
			t.Errorf("%+q: encoded % X, %v; decoded %+q, %v; want % X", text, got, err, back, backErr, want)
		}
	}
}

func TestF101_bytesThatAreNoTextAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range codecs() {
		for _, give := range []string{
			"\xFF", "\x81", "\xCD\xF5\x81", "\xFE\x59\xFE", "A\xAA\xA1", "\x81\x20", "\x81\x7F", "\x81\xFF", "\xFE\x51",
			"\xA3\xA0", "\x82\x35\x90\x37", "\x81\x35\xF4\x37", "\x83\x38\x98\x37", "\x84\x31\xA4\x37", "\x81\x30\x81",
			"\xFE\x39\xFE\x39", "\xEF\xBB\xBF1|",
		} {
			got, err := c.Decode(nil, []byte(give))
			if !errors.Is(err, gb18030.ErrBytes) || bytes.ContainsRune(got, '\uFFFD') {
				t.Errorf("%v % X: got %q, %v; want ErrBytes", c.Charset(), give, got, err)
			}
		}
	}
	_, err := gb18030.New(gb18030.GB18030).Decode(nil, []byte("AB\xCD\xF5\xFF"))
	if err == nil || !strings.Contains(err.Error(), "byte 5") {
		t.Errorf("got %v, want the position of the offender", err)
	}
}

func TestF101_utf8ReadAsGB18030NeverPassesTheRoundTripUnnoticed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		give := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes")
		for _, c := range codecs() {
			text, err := c.Decode(nil, give)
			if err != nil {
				continue
			}
			back, err := c.Encode(nil, string(text))
			if err != nil || !bytes.Equal(back, give) {
				t.Fatalf("%v % X: read as %q, written back as % X, %v", c.Charset(), give, text, back, err)
			}
		}
	})
}

func TestF102_rareNames(t *testing.T) {
	t.Parallel()
	wide, narrow := gb18030.New(gb18030.GB18030), gb18030.New(gb18030.GBK)
	for _, tt := range []struct {
		give, text string
		gbk        bool
	}{
		{"𠮷", "character 1, U+20BB7,", false},
		{"王㛃", "character 2, U+36C3,", false},
		{"鿏", "character 1, U+9FCF,", false},
		{"𬭎", "character 1, U+2CB4E,", false},
		{"古丽•买买提", "character 3, U+2022,", false},
		{"古丽‧买买提", "character 3, U+2027,", false},
		{"古丽・买买提", "character 3, U+30FB,", false},
		{"a\u00A0b", "character 2, U+00A0,", false},
		{"古丽·买买提", "", true},
		{"朱镕基䶮喆", "", true},
		{"王\u3000五Ａ１", "", true},
	} {
		raw, err := wide.Encode(nil, tt.give)
		if err != nil {
			t.Errorf("%q in GB18030: %v", tt.give, err)
		}
		if back, err := wide.Decode(nil, raw); err != nil || string(back) != tt.give {
			t.Errorf("%q came back as %q, %v", tt.give, back, err)
		}
		err = narrow.Check(tt.give)
		if (err == nil) != tt.gbk || err != nil && (!errors.Is(err, gb18030.ErrRune) || !strings.Contains(err.Error(),
			tt.text)) {
			t.Errorf("%q in GBK: %v; want %q", tt.give, err, tt.text)
		}
	}
	for _, give := range []string{"\uFFFD", "\xFF", "王\uE000", "\uE5E5", "\U000F0000"} {
		for _, c := range codecs() {
			if got, err := c.Encode(nil, give); !errors.Is(err, gb18030.ErrRune) || bytes.ContainsRune(got, '?') {
				t.Errorf("%v %+q: got % X, %v; want ErrRune", c.Charset(), give, got, err)
			}
		}
	}
}

// bars are the characters of a charset that have the field separator as their
// second byte.
func bars(t *testing.T, c *gb18030.Codec) []string {
	t.Helper()
	var found []string
	for lead := byte(0x81); lead < 0xFF; lead++ {
		if text, err := c.Decode(nil, []byte{lead, '|'}); err == nil {
			found = append(found, string(text))
		}
	}
	return found
}

func TestF103_separatorInsideACharacter(t *testing.T) {
	t.Parallel()
	for _, c := range codecs() {
		all := bars(t, c)
		han := 0
		for _, r := range strings.Join(all, "") {
			if r >= 0x4E00 && r <= 0x9FFF {
				han++
			}
		}
		if han != 116 || len(all) != 119 {
			t.Errorf("%v: %d Han characters of %d hold the separator, want 116 of 119", c.Charset(), han, len(all))
		}
		for _, char := range all {
			name := "王" + char + "五" + char
			line, err := c.Encode(nil, "1001|"+name+"|"+char+"||100.00")
			if err != nil {
				t.Fatal(err)
			}
			fields := c.Split(nil, line, '|')
			if len(fields) != 5 {
				t.Fatalf("%v %s: %d fields, want 5", c.Charset(), char, len(fields))
			}
			got, err := c.Decode(nil, fields[1])
			if err != nil || string(got) != name {
				t.Errorf("%v %s: name read as %q, %v", c.Charset(), char, got, err)
			}
		}
	}
}

func TestSplit_agreesWithDecodingFirst(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("a|1|東億閨王五𠮷㛃·\u1E3F€"))).Draw(t, "text")
		c := gb18030.New(gb18030.GB18030)
		raw, err := c.Encode(nil, text)
		if err != nil {
			t.Fatal(err)
		}
		want := strings.Split(text, "|")
		got := c.Split(nil, raw, '|')
		if len(got) != len(want) {
			t.Fatalf("%q: %d fields, want %d", text, len(got), len(want))
		}
		for i := range got {
			field, err := c.Decode(nil, got[i])
			if err != nil || string(field) != want[i] {
				t.Fatalf("%q field %d: %q, %v; want %q", text, i, field, err, want[i])
			}
		}
	})
}

// The sizes of a text's characters lead through it, wherever it is entered on a
// character's border.
func TestSize_walksTheCharacters(t *testing.T) {
	t.Parallel()
	for _, c := range codecs() {
		text := []rune("王|東億,abc€·鼎")
		if c.Charset() == gb18030.GB18030 {
			text = append(text, '𠮷', '㛃', 'é')
		}
		raw, err := c.Encode(nil, string(text))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range text {
			n := c.Size(raw)
			got, err := c.Decode(nil, raw[:n])
			if err != nil || string(got) != string(r) {
				t.Fatalf("%v: got %q, %v; want %q", c.Charset(), got, err, r)
			}
			raw = raw[n:]
		}
		for _, give := range []string{"", "\x81", "\xFFa", "\x81\x20", "\x81\x30", "\x81\x30\x81"} {
			if n := c.Size([]byte(give)); n != 1 {
				t.Errorf("% X: got %d, want 1 for what is no character", give, n)
			}
		}
	}
}

func TestNewReader_cutAnywhere(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("王|東億𠮷㛃,abc€\n", 5000)
	for _, c := range codecs() {
		give := text
		if c.Charset() == gb18030.GBK {
			give = strings.NewReplacer("𠮷", "", "㛃", "").Replace(text)
		}
		raw, err := c.Encode(nil, give)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []io.Reader{
			bytes.NewReader(raw), iotest.OneByteReader(bytes.NewReader(raw)),
			iotest.HalfReader(bytes.NewReader(raw)), iotest.DataErrReader(bytes.NewReader(raw)),
		} {
			got, err := io.ReadAll(c.NewReader(r))
			if err != nil || string(got) != give {
				t.Errorf("%v: %d bytes, %v; want %d bytes as given", c.Charset(), len(got), err, len(give))
			}
		}
		for _, cut := range [][]byte{raw[:1], append(bytes.Clone(raw), 0xFF), append(bytes.Clone(raw), 0x81)} {
			if _, err := io.ReadAll(c.NewReader(bytes.NewReader(cut))); !errors.Is(err, gb18030.ErrBytes) {
				t.Errorf("%v: got %v, want ErrBytes", c.Charset(), err)
			}
		}
	}
	broken := gb18030.New(gb18030.GBK).NewReader(iotest.ErrReader(io.ErrUnexpectedEOF))
	if _, err := io.ReadAll(broken); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want the cause", err)
	}
}

func FuzzCodec(f *testing.F) {
	f.Add([]byte("王五|\xFE\x59\x81\x30\x81\x30"))
	f.Add([]byte("\xA8\xBC\x80\xA2\xE3"))
	all := codecs()
	f.Fuzz(func(t *testing.T, give []byte) {
		defer bound.Second(t)()
		for _, c := range all {
			text, err := c.Decode(nil, give)
			streamed, streamErr := io.ReadAll(c.NewReader(iotest.OneByteReader(bytes.NewReader(give))))
			if (err == nil) != (streamErr == nil) || err == nil && !bytes.Equal(text, streamed) {
				t.Fatalf("whole %q, %v; streamed %q, %v", text, err, streamed, streamErr)
			}
			joined := bytes.Join(c.Split(nil, give, '|'), []byte{'|'})
			if !bytes.Equal(joined, give) {
				t.Fatalf("split and joined is % X", joined)
			}
			if err != nil {
				continue
			}
			back, err := c.Encode(nil, string(text))
			if err != nil || !bytes.Equal(back, give) {
				t.Fatalf("% X came back as % X, %v", give, back, err)
			}
		}
	})
}

// BenchmarkDecode reports lines per second of processor time, and beside it how
// much of the speed of a scan for line ends that is: the limit of the machine.
func BenchmarkDecode(b *testing.B) {
	c := gb18030.New(gb18030.GB18030)
	const lines = 10_000
	raw, err := c.Encode(nil, strings.Repeat("440524188001010014|王小明|100.00|B20260001\n", lines))
	if err != nil {
		b.Fatal(err)
	}
	dst := make([]byte, 0, 2*len(raw))
	b.SetBytes(int64(len(raw)))
	begun := cpu(b)
	for b.Loop() {
		if _, err := c.Decode(dst, raw); err != nil {
			b.Fatal(err)
		}
	}
	own := (cpu(b) - begun) / time.Duration(b.N)
	b.ReportMetric(lines/own.Seconds(), "lines/s")
	begun = cpu(b)
	const rounds = 200
	for range rounds {
		found := 0
		for rest := raw; len(rest) > 0; found++ {
			rest = rest[bytes.IndexByte(rest, '\n')+1:]
		}
		if found != lines {
			b.Fatal(found)
		}
	}
	b.ReportMetric((cpu(b)-begun).Seconds()/rounds/own.Seconds(), "of-raw-lines")
}

// cpu is the processor time used so far, so that ratios hold on a busy machine.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		gb18030.New(gb18030.GB18030)
	}
}
