package xmlscan_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/text/encoding/charmap"

	"twoline/adapters/bank/banktest/bound"
	"twoline/adapters/bank/gb18030"
	"twoline/adapters/bank/iso20022/xmlscan"
	"twoline/gateway/fault"
)

// outline writes the tokens of a document down, text joined.
func outline(r io.Reader) (string, error) {
	s := xmlscan.New(r)
	var b, text strings.Builder
	flush := func() {
		if t := strings.TrimSpace(text.String()); t != "" {
			fmt.Fprintf(&b, "%q", t)
		}
		text.Reset()
	}
	for {
		kind, err := s.Next()
		if err != nil {
			return b.String(), err
		}
		switch kind {
		case xmlscan.Start:
			flush()
			fmt.Fprintf(&b, "<%s>", s.Name())
		case xmlscan.End:
			flush()
			fmt.Fprintf(&b, "</%s>", s.Name())
		case xmlscan.Text:
			text.Write(s.Text())
		case xmlscan.EOF:
			return b.String(), nil
		}
	}
}

// oracle is outline by the standard decoder.
func oracle(r io.Reader) (string, error) {
	all, err := io.ReadAll(r)
	if err != nil {
		return "", err
	}
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimLeft(bytes.TrimPrefix(all, []byte("\uFEFF")), " \r\n\t")))
	d.CharsetReader = func(name string, r io.Reader) (io.Reader, error) {
		switch strings.ToLower(name) {
		case "iso-8859-1", "latin-1", "latin1":
			return charmap.ISO8859_1.NewDecoder().Reader(r), nil
		case "gb18030":
			return gb18030.New(gb18030.GB18030).NewReader(r), nil
		case "gbk", "gb2312":
			return gb18030.New(gb18030.GBK).NewReader(r), nil
		case "us-ascii", "ascii", "utf8":
			return r, nil
		}
		return nil, errors.New("charset")
	}
	var b, text strings.Builder
	flush := func() {
		if t := strings.TrimSpace(text.String()); t != "" {
			fmt.Fprintf(&b, "%q", t)
		}
		text.Reset()
	}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return b.String(), nil
		}
		if err != nil {
			return "", err
		}
		switch v := token.(type) {
		case xml.StartElement:
			flush()
			fmt.Fprintf(&b, "<%s>", v.Name.Local)
		case xml.EndElement:
			flush()
			fmt.Fprintf(&b, "</%s>", v.Name.Local)
		case xml.CharData:
			text.Write(v)
		}
	}
}

func good() []string {
	return []string{
		`<a/>`, `<a></a>`, "<a>\r\n<b>x\r\ny\rz</b> </a>\n", "<a>x<!-- -->\r\r\n \ry<?p?>\r</a>",
		`<?xml version="1.0" encoding="UTF-8"?><a>王𠮷</a>`,
		"\uFEFF<?xml version='1.0'?>\n<!-- c --><a/><!-- d -->\n<?pi x?>", "\n <?xml version='1.0'?><a/>",
		`<a b="1" c='2"' d="&lt;&#65;&#x41;"/>`, `<n:a xmlns:n="u"><n:b/></n:a>`,
		`<a>&lt;&gt;&amp;&quot;&apos;&#x4E00;&#19968;</a>`,
		`<a>x<![CDATA[<&]]]>y<!-- - -->z</a>`, `<a>x<!-- --> <!-- -->y</a>`, `<a><?pi?> x</a>`,
		`<a >  <b	c = "d" / ></b ></a >`,
		`<a>]] ></a>`, "<a>" + strings.Repeat("<b>", 31) + strings.Repeat("</b>", 31) + "</a>",
		"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xE4\xFC</a>",
		"<?xml version=\"1.0\" encoding=\"gb18030\"?><a>\xCD\xF5\x95\x34\xB2\x35</a>",
		"<?xml version=\"1.0\" encoding=\"GBK\"?><a>\xCD\xF5</a>", "<a>" + strings.Repeat("x", 500_000) + "<b/></a>",
		"<a>" + strings.Repeat("<b c='"+strings.Repeat("d", 300)+"'>text</b>\n", 2000) + "</a>",
	}
}

func TestNext_agreesWithTheStandardDecoder(t *testing.T) {
	t.Parallel()
	for _, give := range good() {
		if strings.Contains(give, "/ >") {
			continue // not well-formed to us, see below
		}
		want, err := oracle(strings.NewReader(give))
		if err != nil {
			t.Fatalf("%.60q: %v", give, err)
		}
		for _, r := range []io.Reader{
			strings.NewReader(give), iotest.OneByteReader(strings.NewReader(give)),
			iotest.DataErrReader(strings.NewReader(give)),
		} {
			if got, err := outline(r); err != nil || got != want {
				t.Errorf("%.60q: got %.80s, %v; want %.80s", give, got, err, want)
			}
		}
	}
}

func TestF99_malformedDocumentsAreRefused(t *testing.T) {
	t.Parallel()
	for give, want := range map[string]error{
		"": xmlscan.ErrMalformed, " ": xmlscan.ErrMalformed, "x": xmlscan.ErrMalformed, "<a>": xmlscan.ErrMalformed,
		"<a": xmlscan.ErrMalformed, "<": xmlscan.ErrMalformed, "</a>": xmlscan.ErrMalformed,
		"<a></b>":  xmlscan.ErrMalformed,
		"<a></ab>": xmlscan.ErrMalformed, "<ab></a>": xmlscan.ErrMalformed, "<a/><b/>": xmlscan.ErrMalformed,
		"<a/>x": xmlscan.ErrMalformed, "x<a/>": xmlscan.ErrMalformed, "<a/>&lt;": xmlscan.ErrMalformed,
		"<a><b></a></b>": xmlscan.ErrMalformed, "<a b></a>": xmlscan.ErrMalformed, "<a b=c></a>": xmlscan.ErrMalformed,
		`<a b="1" b="2"/>`: xmlscan.ErrMalformed, `<a b="1"c="2"/>`: xmlscan.ErrMalformed,
		`<a b="<"/>`:   xmlscan.ErrMalformed,
		`<a b="&x;"/>`: xmlscan.ErrMalformed, `<a b="1`: xmlscan.ErrMalformed, "<1/>": xmlscan.ErrMalformed,
		"< a/>": xmlscan.ErrMalformed,
		"<a/ >": xmlscan.ErrMalformed, "<a>&x;</a>": xmlscan.ErrMalformed, "<a>&</a>": xmlscan.ErrMalformed,
		"<a>& </a>": xmlscan.ErrMalformed, "<a>&#0;</a>": xmlscan.ErrMalformed, "<a>&#xD800;</a>": xmlscan.ErrMalformed,
		"<a>&#x110000;</a>": xmlscan.ErrMalformed, "<a>&#+65;</a>": xmlscan.ErrMalformed,
		"<a>&#;</a>": xmlscan.ErrMalformed,
		"<a>]]></a>": xmlscan.ErrMalformed, "<a><!-- -- --></a>": xmlscan.ErrMalformed,
		"<a><!-- </a>":     xmlscan.ErrMalformed,
		"<a><![CDATA[</a>": xmlscan.ErrMalformed, "<![CDATA[x]]><a/>": xmlscan.ErrMalformed,
		"<a><!ELEMENT></a>":            xmlscan.ErrMalformed,
		"<a><?xml version='1.0'?></a>": xmlscan.ErrMalformed, "<a><??></a>": xmlscan.ErrMalformed,
		"<?xml version='1.0'":       xmlscan.ErrMalformed,
		"<?xml version='1.1'?><a/>": xmlscan.ErrMalformed,
		"<a>\x00</a>":               xmlscan.ErrCharset, "<a>\x1B</a>": xmlscan.ErrCharset,
		"<a>\uFFFE</a>":                xmlscan.ErrCharset,
		strings.Repeat("<a>", 200_000): xmlscan.ErrDepth, strings.Repeat("<a>", 33): xmlscan.ErrDepth,
		"<a>" + strings.Repeat("x", 2<<20) + "</a>": xmlscan.ErrToken, "<a b='" + strings.Repeat("x", 2<<20) +
			"'/>": xmlscan.ErrToken,
		"<a><!--" + strings.Repeat("x", 2<<20) + "--></a>": xmlscan.ErrToken,
	} {
		if got, err := outline(strings.NewReader(give)); !errors.Is(err, want) {
			t.Errorf("%.60q: got %.60s, %v; want %v", give, got, err, want)
		}
	}
	_, err := outline(strings.NewReader("<a>\n<b>\n</c></a>"))
	var f *fault.Error
	if !errors.As(err, &f) || f.Line != 3 {
		t.Errorf("got %v, want line 3", err)
	}
}

func TestF100_doctypeIsRefused(t *testing.T) {
	t.Parallel()
	laughs := `<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]><a>&lol2;</a>`
	for _, give := range []string{
		laughs, `<?xml version="1.0"?>` + laughs, `<!doctype html><a/>`,
		"<!-- x --> <!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
		`<a><!DOCTYPE a></a>`,
	} {
		if _, err := outline(strings.NewReader(give)); !errors.Is(err, xmlscan.ErrDoctype) {
			t.Errorf("%.60q: got %v, want ErrDoctype", give, err)
		}
	}
}

func TestF101_charsets(t *testing.T) {
	t.Parallel()
	for _, give := range []string{
		"<a>\xFF</a>", "<a>\xCD\xF5</a>", "<a>\xE7\x8E</a>", "<a>\xED\xA0\x80</a>", "\xFE\xFF\x00<\x00a",
		"\xFF\xFE<\x00a\x00",
		"<?xml version='1.0' encoding='UTF-16'?><a/>", "<?xml version='1.0' encoding='big5'?><a/>",
		"<?xml version='1.0' encoding=gbk?><a/>",
		"<?xml version='1.0' encoding='gb18030'?><a>\xFF</a>",
		"<?xml version='1.0' encoding='gb18030'?><a>\xFE\x51</a>",
		"<?xml version='1.0' encoding='gbk'?><a>\x95\x34\xB2\x35</a>", "<a>" + strings.Repeat("x", 300_000) +
			"\xFF</a>",
	} {
		if got, err := outline(strings.NewReader(give)); !errors.Is(err, xmlscan.ErrCharset) {
			t.Errorf("%.60q: got %.60s, %v; want ErrCharset", give, got, err)
		}
	}
	if _, err := outline(iotest.ErrReader(io.ErrClosedPipe)); !errors.Is(err, xmlscan.ErrRead) || !errors.Is(err,
		io.ErrClosedPipe) {
		t.Errorf("got %v, want the source's error", err)
	}
	stuck := io.MultiReader(strings.NewReader("<a>"), iotest.ErrReader(nil))
	if _, err := outline(stuck); err == nil {
		t.Error("a source that gives nothing for ever was read to its end")
	}
}

func TestAttr(t *testing.T) {
	t.Parallel()
	s := xmlscan.New(strings.NewReader(`<n:a xmlns="u" xmlns:n="urn:&lt;x" Ccy='CNY' n:b=""/>`))
	if _, err := s.Next(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"xmlns": "u", "xmlns:n": "urn:<x", "Ccy": "CNY", "n:b": ""} {
		if got, ok := s.Attr(name); !ok || string(got) != want {
			t.Errorf("%s: got %q, %t", name, got, ok)
		}
	}
	if _, ok := s.Attr("b"); ok || s.Namespace() != "urn:<x" || string(s.Name()) != "a" {
		t.Errorf("b %t, namespace %q, name %q", ok, s.Namespace(), s.Name())
	}
}

func TestHopAndLeaf(t *testing.T) {
	t.Parallel()
	for give, want := range map[string]struct{ hop, leaf bool }{
		"<r><a>x</a><z/></r>":                {true, true},
		"<r><a></a><z/></r>":                 {true, true},
		"<r><a><b>1</b></a><z/></r>":         {true, false},
		"<r><a>a</a><z/></r>":                {false, true},
		"<r><a>&lt;</a><z/></r>":             {true, false},
		"<r><a><!-- </a> --></a><z/></r>":    {false, false},
		"<r><a><![CDATA[</a>]]></a><z/></r>": {false, false},
		"<r><a/><z/></r>":                    {false, false},
		"<r><a>x</a ><z/></r>":               {false, false},
		"<r><a><a/></a><z/></r>":             {false, false},
	} {
		for _, hop := range []bool{true, false} {
			s := xmlscan.New(strings.NewReader(give))
			for range 2 {
				if _, err := s.Next(); err != nil {
					t.Fatal(err)
				}
			}
			var text []byte
			var leaf, done bool
			if hop {
				_, done = s.Hop()
			} else {
				text, leaf = s.Leaf()
				done = leaf
			}
			if hop && done != want.hop || !hop && leaf != want.leaf {
				t.Errorf("%s: hop %t done %t, want %+v", give, hop, done, want)
			}
			if leaf && !bytes.Contains([]byte(give), append(append([]byte("<a>"), text...), "</a>"...)) {
				t.Errorf("%s: got %q", give, text)
			}
			if !done {
				if err := s.Skip(); err != nil {
					t.Fatal(err)
				}
			}
			if kind, err := s.Next(); err != nil || kind != xmlscan.Start || string(s.Name()) != "z" {
				t.Errorf("%s: hop %t: then %v %s, %v; want z", give, hop, kind, s.Name(), err)
			}
		}
	}
}

// Whatever we take for well-formed, the standard decoder takes for the same.
func FuzzNext(f *testing.F) {
	for _, give := range good()[:19] {
		f.Add([]byte(give))
	}
	f.Add([]byte(`<!DOCTYPE a><a/>`))
	f.Fuzz(func(t *testing.T, give []byte) {
		defer bound.Second(t)()
		got, err := outline(bytes.NewReader(give))
		slow, slowErr := outline(iotest.OneByteReader(bytes.NewReader(give)))
		if (err == nil) != (slowErr == nil) || err == nil && got != slow {
			t.Fatalf("at once %s, %v; byte by byte %s, %v", got, err, slow, slowErr)
		}
		if err != nil {
			return
		}
		want, err := oracle(bytes.NewReader(give))
		if err != nil || got != want {
			t.Fatalf("got %s; the standard decoder %s, %v", got, want, err)
		}
	})
}
