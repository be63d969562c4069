package xmlscan

import (
	"bytes"
	"errors"
	"io"

	"twoline/gateway/fault"
)

// Limits of a document.
const (
	// MaxDepth is how deep elements may nest.
	MaxDepth = 32
	// MaxToken is the longest text, tag or comment, in bytes.
	MaxToken = 1 << 20

	window        = 128 << 10
	maxAttributes = 64
	maxEmptyReads = 100
)

// Errors of a document; each comes with the line where it was seen.
var (
	ErrMalformed = fault.New(fault.Invalid, "xml_malformed", "the file is not well-formed XML")
	ErrDoctype   = fault.New(fault.Invalid, "xml_doctype", "a DOCTYPE is not allowed")
	ErrDepth     = fault.New(fault.Invalid, "xml_depth", "elements are nested too deep")
	ErrToken     = fault.New(fault.TooLarge, "xml_token", "one element's text or tag is too long")
	ErrCharset   = fault.New(fault.Invalid, "charset", "the file is not text in the charset it declares")
	ErrRead      = fault.New(fault.Unavailable, "read_interrupted", "the file could not be read to its end")
)

// Kind tells tokens apart.
type Kind int8

// The kinds of token.
const (
	// EOF comes once, after a whole document.
	EOF Kind = iota
	// Start is a start tag; an empty element gives Start and then End.
	Start
	// End is an end tag.
	End
	// Text is character data with its references resolved; one element's text
	// may come in several tokens. Blanks between tags are left out.
	Text
)

type attribute struct{ nameStart, nameEnd, valueStart, valueEnd int }

// Scanner reads one document. Its slices are valid until the next call of Next
// or Attr. It is not safe for concurrent use.
type Scanner struct {
	source io.Reader
	buf    []byte
	pos    int
	// checked is up to where buf is known to be valid characters.
	checked int
	lines   int
	ended   bool
	failed  error

	quick      bool
	open       []byte
	starts     []int
	selfClosed bool
	rootSeen   bool
	// prefixed says that some name so far holds a colon.
	prefixed bool

	name    []byte
	text    []byte
	scratch []byte
	attrs   []attribute
}

// New makes a scanner; what r holds is looked at on the first Next.
func New(r io.Reader) *Scanner {
	return &Scanner{source: &steady{source: r}, buf: nil, starts: make([]int, 0, MaxDepth), open: make([]byte, 0,
		1<<10)}
}

// Quick makes the scanner take the characters of the source as they are: for a
// first look at a document that is then read strictly. Call it before Next.
func (s *Scanner) Quick() { s.quick = true }

// Name returns the local name of the Start or End token just read.
func (s *Scanner) Name() []byte {
	if !s.prefixed {
		return s.name
	}
	return s.name[bytes.LastIndexByte(s.name, ':')+1:]
}

// Text returns the characters of the Text token just read.
func (s *Scanner) Text() []byte { return s.text }

// Depth returns how many elements are open; on End the closed one no longer counts.
func (s *Scanner) Depth() int { return len(s.starts) }

// Line returns the line of the place reached, counted from 1.
func (s *Scanner) Line() int { return s.lines + 1 + bytes.Count(s.buf[:s.pos], []byte{'\n'}) }

// Attr returns the value of an attribute of the Start token just read, by its
// full name.
func (s *Scanner) Attr(name string) ([]byte, bool) {
	for _, a := range s.attrs {
		if string(s.buf[a.nameStart:a.nameEnd]) != name {
			continue
		}
		raw := s.buf[a.valueStart:a.valueEnd]
		if bytes.IndexByte(raw, '&') < 0 {
			return raw, true
		}
		value, ok := resolve(s.scratch[:0], raw)
		s.scratch = value
		return value, ok
	}
	return nil, false
}

// Namespace returns the namespace that the Start token just read declares for
// itself, or "".
func (s *Scanner) Namespace() string {
	full := s.open[s.starts[len(s.starts)-1]:]
	declaration := "xmlns"
	if i := bytes.LastIndexByte(full, ':'); i >= 0 {
		declaration += ":" + string(full[:i])
	}
	value, _ := s.Attr(declaration)
	return string(value)
}

// Next reads one token.
func (s *Scanner) Next() (Kind, error) {
	if s.failed != nil {
		return EOF, s.failed
	}
	if s.selfClosed {
		s.selfClosed = false
		s.pop()
		return End, nil
	}
	if s.buf == nil {
		if err := s.begin(); err != nil {
			return EOF, s.fail(err)
		}
	}
	for {
		kind, ok, err := s.token()
		if err != nil {
			return EOF, s.fail(err)
		}
		if ok {
			return kind, nil
		}
		if s.ended {
			return EOF, s.fail(ErrMalformed.With("the file ends inside an element or a tag"))
		}
		if err := s.fill(); err != nil {
			return EOF, s.fail(err)
		}
	}
}

func (s *Scanner) fail(err error) error {
	var f *fault.Error
	if errors.As(err, &f) && f.Line == 0 {
		err = f.At(s.Line())
	}
	s.failed = err
	return err
}

// Leaf returns the text of the element whose Start was just read, and closes it
// without giving out its Text and End, where it holds plain text and nothing
// else; false where the caller must read on with Next.
func (s *Scanner) Leaf() ([]byte, bool) {
	if s.selfClosed {
		return nil, false
	}
	rest := s.buf[s.pos:]
	n := 0
	for n < len(rest) && classes[rest[n]]&inMarkup == 0 {
		n++
	}
	name := s.open[s.starts[len(s.starts)-1]:]
	end := n + 2 + len(name)
	if end >= len(rest) || rest[n] != '<' || rest[n+1] != '/' || rest[end] != '>' || !bytes.Equal(rest[n+2:end], name) {
		return nil, false
	}
	s.pos += end + 1
	s.pop()
	return rest[:n], true
}

// Hop goes to the end of the element whose Start was just read without looking
// at what is in it, where that is safe to do: it returns how many bytes were
// passed, or false where the caller must Skip. The End is not given out. What is
// hopped over is not proved to be well-formed.
func (s *Scanner) Hop() (int, bool) {
	if s.selfClosed {
		return 0, false
	}
	rest := s.buf[s.pos:]
	name := s.open[s.starts[len(s.starts)-1]:]
	i := bytes.Index(rest, name)
	end := i + len(name)
	if i < 2 || end >= len(rest) || rest[i-2] != '<' || rest[i-1] != '/' || rest[end] != '>' {
		return 0, false
	}
	if inside := rest[:i-2]; holds(inside, '!') || holds(inside, '?') {
		return 0, false
	}
	s.pos += end + 1
	s.pop()
	return end + 1, true
}

// holds says that b has markup that begins with < and c.
func holds(b []byte, c byte) bool {
	return bytes.IndexByte(b, c) >= 0 && bytes.Contains(b, []byte{'<', c})
}

// Skip reads to the end of the element whose Start was just read.
func (s *Scanner) Skip() error {
	for depth := len(s.starts); len(s.starts) >= depth; {
		if _, err := s.Next(); err != nil {
			return err
		}
	}
	return nil
}

// token reads one token from the window; false means that the window ends
// before the token does.
func (s *Scanner) token() (Kind, bool, error) {
	for {
		rest := s.buf[s.pos:]
		if len(rest) == 0 {
			return EOF, s.ended && s.rootSeen && len(s.starts) == 0, nil
		}
		if rest[0] != '<' {
			found, ok, err := s.characters(rest)
			if err != nil || !ok || found {
				return Text, ok, err
			}
			continue
		}
		if len(rest) < 2 {
			return EOF, false, nil
		}
		switch rest[1] {
		case '/':
			ok, err := s.endTag(rest)
			return End, ok, err
		case '!':
			found, ok, err := s.declaration(rest)
			if err != nil || !ok || found {
				return Text, ok, err
			}
		case '?':
			i := bytes.Index(rest, []byte("?>"))
			if i < 0 {
				return EOF, false, nil
			}
			n := 2
			for n < i && isName(rest[n]) {
				n++
			}
			if !isNameStart(rest[2]) || n < i && !isSpace(rest[n]) {
				return EOF, false, ErrMalformed.With("a processing instruction without a name")
			}
			if len(rest) > 5 && bytes.EqualFold(rest[2:5], []byte("xml")) && !isName(rest[5]) {
				return EOF, false, ErrMalformed.With("an XML declaration stands only at the beginning")
			}
			s.pos += i + 2
		default:
			ok, err := s.startTag(rest)
			return Start, ok, err
		}
	}
}

// characters reads text up to the next tag; found is false where it was only
// blanks between tags.
func (s *Scanner) characters(rest []byte) (found, ok bool, err error) {
	n := 0
	for n < len(rest) && isSpace(rest[n]) {
		n++
	}
	if blank := n == len(rest) || rest[n] == '<'; blank {
		switch {
		case len(s.starts) == 0, n+1 < len(rest) && rest[n+1] != '!' && rest[n+1] != '?':
			s.pos += n
			return false, true, nil
		case n+1 >= len(rest):
			return false, false, nil
		}
	}
	if len(s.starts) == 0 {
		return false, false, ErrMalformed.With("text outside the root element")
	}
	special := bytes.IndexByte(rest[:n], '\r') >= 0
	for ; n < len(rest) && rest[n] != '<'; n++ {
		special = special || classes[rest[n]]&inMarkup != 0
	}
	if n == len(rest) {
		return false, false, nil
	}
	s.text = rest[:n]
	if special {
		if bytes.Contains(s.text, []byte("]]>")) {
			return false, false, ErrMalformed.With("]]> in text")
		}
		if s.scratch, ok = resolve(s.scratch[:0], s.text); !ok {
			return false, false, ErrMalformed.With("an entity that is not known, or a bare &")
		}
		s.text = s.scratch
	}
	s.pos += n
	return true, true, nil
}

// declaration reads a comment or CDATA, and refuses the rest.
func (s *Scanner) declaration(rest []byte) (found, ok bool, err error) {
	const comment, cdata = "<!--", "<![CDATA["
	switch {
	case bytes.HasPrefix(rest, []byte(comment)):
		i := bytes.Index(rest[len(comment):], []byte("--"))
		if i < 0 || len(rest) <= len(comment)+i+2 {
			return false, false, nil
		}
		if rest[len(comment)+i+2] != '>' {
			return false, false, ErrMalformed.With("-- inside a comment")
		}
		s.pos += len(comment) + i + 3
		return false, true, nil
	case bytes.HasPrefix(rest, []byte(cdata)):
		if len(s.starts) == 0 {
			return false, false, ErrMalformed.With("text outside the root element")
		}
		i := bytes.Index(rest[len(cdata):], []byte("]]>"))
		if i < 0 {
			return false, false, nil
		}
		s.text = newlines(rest[len(cdata) : len(cdata)+i])
		s.pos += len(cdata) + i + 3
		return true, true, nil
	case len(rest) < len(cdata) && !s.ended:
		return false, false, nil
	case len(rest) >= 9 && bytes.EqualFold(rest[2:9], []byte("DOCTYPE")):
		return false, false, ErrDoctype
	}
	return false, false, ErrMalformed.With("a markup declaration is not allowed")
}

// endTag reads </name>.
func (s *Scanner) endTag(rest []byte) (bool, error) {
	if len(s.starts) == 0 {
		return false, ErrMalformed.With("an end tag without its element")
	}
	top := s.open[s.starts[len(s.starts)-1]:]
	i := 2 + len(top)
	if len(rest) <= i {
		if bytes.IndexByte(rest, '>') < 0 {
			return false, nil
		}
		return false, ErrMalformed.With("an end tag does not match its element")
	}
	if !bytes.Equal(rest[2:i], top) {
		return false, ErrMalformed.With("an end tag does not match its element")
	}
	for i < len(rest) && isSpace(rest[i]) {
		i++
	}
	if i == len(rest) {
		return false, nil
	}
	if rest[i] != '>' {
		return false, ErrMalformed.With("an end tag does not match its element")
	}
	s.pos += i + 1
	s.pop()
	return true, nil
}

// isQualified says that a name has one prefix at most, and something on either side
// of its colon.
func isQualified(name []byte) bool {
	i := bytes.IndexByte(name, ':')
	return i < 0 || i > 0 && i < len(name)-1 && bytes.IndexByte(name[i+1:], ':') < 0
}

// pop closes the innermost element and leaves its local name.
func (s *Scanner) pop() {
	start := s.starts[len(s.starts)-1]
	s.starts = s.starts[:len(s.starts)-1]
	s.name = s.open[start:]
	s.open = s.open[:start]
	s.attrs = s.attrs[:0]
}

// startTag reads <name attributes>.
func (s *Scanner) startTag(rest []byte) (bool, error) {
	if len(s.starts) == 0 && s.rootSeen {
		return false, ErrMalformed.With("a second root element")
	}
	if len(s.starts) == MaxDepth {
		return false, ErrDepth
	}
	if !isNameStart(rest[1]) {
		return false, ErrMalformed.With("a bare <")
	}
	n, seen := 1, byte(0)
	for n < len(rest) && classes[rest[n]]&inName != 0 {
		seen |= classes[rest[n]]
		n++
	}
	end, empty := n+1, false
	if n == len(rest) {
		return false, nil
	}
	if rest[n] == '>' {
		s.attrs = s.attrs[:0]
	} else {
		var ok bool
		var err error
		if end, empty, ok, err = s.attributes(rest, n); err != nil || !ok {
			return false, err
		}
	}
	if seen&inPrefix != 0 {
		if !isQualified(rest[1:n]) {
			return false, ErrMalformed.With("a name that is not well-formed")
		}
		s.prefixed = true
	}
	s.rootSeen = true
	s.starts = append(s.starts, len(s.open))
	s.open = append(s.open, rest[1:n]...)
	s.name = rest[1:n]
	s.selfClosed = empty
	s.pos += end
	return true, nil
}

// attributes reads from the end of a tag's name to its >.
func (s *Scanner) attributes(rest []byte, i int) (end int, empty, ok bool, err error) {
	s.attrs = s.attrs[:0]
	for {
		gap := i
		for i < len(rest) && isSpace(rest[i]) {
			i++
		}
		if i+1 >= len(rest) && (i == len(rest) || rest[i] != '>') {
			return 0, false, false, nil
		}
		switch {
		case rest[i] == '>':
			return i + 1, false, true, nil
		case rest[i] == '/' && rest[i+1] == '>':
			return i + 2, true, true, nil
		case gap == i || !isNameStart(rest[i]) || len(s.attrs) == maxAttributes:
			return 0, false, false, ErrMalformed.With("a tag that is not well-formed")
		}
		a := attribute{nameStart: s.pos + i}
		for i < len(rest) && isName(rest[i]) {
			i++
		}
		a.nameEnd = s.pos + i
		for i < len(rest) && isSpace(rest[i]) {
			i++
		}
		if i < len(rest) && rest[i] != '=' {
			return 0, false, false, ErrMalformed.With("an attribute without a value")
		}
		for i++; i < len(rest) && isSpace(rest[i]); i++ {
			continue
		}
		if i >= len(rest) {
			return 0, false, false, nil
		}
		if rest[i] != '"' && rest[i] != '\'' {
			return 0, false, false, ErrMalformed.With("an attribute without quotes")
		}
		n := bytes.IndexByte(rest[i+1:], rest[i])
		if n < 0 {
			return 0, false, false, nil
		}
		a.valueStart, a.valueEnd = s.pos+i+1, s.pos+i+1+n
		i += n + 2
		if err := s.accept(a); err != nil {
			return 0, false, false, err
		}
	}
}

// accept adds an attribute, after checking that it is new and its value well-formed.
func (s *Scanner) accept(a attribute) error {
	name := s.buf[a.nameStart:a.nameEnd]
	if !isQualified(name) {
		return ErrMalformed.With("an attribute's name that is not well-formed")
	}
	for _, b := range s.attrs {
		if bytes.Equal(s.buf[b.nameStart:b.nameEnd], name) {
			return ErrMalformed.With("an attribute stands twice")
		}
	}
	value := s.buf[a.valueStart:a.valueEnd]
	if bytes.IndexByte(value, '<') >= 0 {
		return ErrMalformed.With("< in an attribute")
	}
	if bytes.IndexByte(value, '&') >= 0 {
		var ok bool
		if s.scratch, ok = resolve(s.scratch[:0], value); !ok {
			return ErrMalformed.With("an entity that is not known, or a bare &")
		}
	}
	s.attrs = append(s.attrs, a)
	return nil
}
