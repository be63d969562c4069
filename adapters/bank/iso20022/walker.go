package iso20022

import (
	"context"
	"io"

	"twoline/adapters/bank/iso20022/xmlscan"
)

const (
	// maxWrap is how many elements of an envelope may stand around Document.
	maxWrap = 3
	// maxFields is more than any message has of its own.
	maxFields = 64
)

// content is what a message makes of its elements.
type content interface {
	// begin enters an element that has a place.
	begin(p place) error
	// end leaves one.
	end(p place) error
	// take gets a field whose text stands in the arena from a place to the end.
	take(f field, from int) error
	// hop passes over an element that may be passed over without a look at it.
	hop() bool
}

// frame is one open element that we know.
type frame struct {
	element *element
	// seen marks the kids that have stood in it.
	seen uint32
	// next is the index of the kid that stood last.
	next int
	// from is where its text begins in the arena.
	from int
}

type span struct{ from, to int }

// walker goes through one document by the tree of the elements that we know,
// and tells the content what it meets.
type walker struct {
	ctx     context.Context //nolint:containedctx // lives for one Read call only, whose context it is
	scan    *xmlscan.Scanner
	tree    *element
	content content
	// skim passes over unknown elements without proving them well-formed: for a
	// first look at a document that is then read strictly.
	skim bool
	// longest is the most bytes that one field may have.
	longest int

	stack []frame
	// opened says that Document was seen, found that its message was.
	opened    bool
	found     bool
	namespace string
	format    string

	// arena holds the texts of the part being read, spans where each stands in it.
	arena      []byte
	spans      [maxFields]span
	currencies [maxFields]string
	// known holds each currency once; last is the one that stood last.
	known map[string]string
	last  string
	days  dayCache
}

func newWalker(ctx context.Context, r io.Reader, tree *element) walker {
	return walker{
		ctx: ctx, scan: xmlscan.New(contextReader{ctx: ctx, r: r}), tree: tree, longest: xmlscan.MaxToken,
		stack: make([]frame, 0, xmlscan.MaxDepth), known: make(map[string]string),
	}
}

// run walks to the end of the document.
func (w *walker) run() error {
	for {
		kind, err := w.scan.Next()
		if err != nil {
			return stopped(w.ctx, err)
		}
		switch kind {
		case xmlscan.Start:
			err = w.start()
		case xmlscan.End:
			err = w.end()
		case xmlscan.Text:
			err = w.text()
		case xmlscan.EOF:
			if !w.found {
				return ErrMessage
			}
			return nil
		}
		if err != nil {
			return stopped(w.ctx, err)
		}
	}
}

// start enters an element that we know, and skips another.
func (w *walker) start() error {
	name := w.scan.Name()
	if len(w.stack) == 0 || w.stack[len(w.stack)-1].element == nil {
		return w.wrap(name)
	}
	parent := &w.stack[len(w.stack)-1]
	e, i := parent.element.find(name, parent.next)
	if e == nil {
		if parent.element == w.tree && !w.found {
			return ErrMessage.At(w.scan.Line())
		}
		if w.skim {
			if _, ok := w.scan.Hop(); ok {
				return nil
			}
		}
		return w.scan.Skip()
	}
	if parent.seen&(1<<i) != 0 && !e.many {
		return ErrRepeated.With("element %s stands twice in %s", e.name, parent.element.name).At(w.scan.Line())
	}
	parent.seen |= 1 << i
	parent.next = i
	if e.hops && w.content.hop() {
		return nil
	}
	if e.money {
		w.currencies[e.field] = w.currency()
	}
	if e.kids == nil && e.place == nowhere {
		if text, ok := w.scan.Leaf(); ok {
			if len(text) > w.longest {
				return xmlscan.ErrToken.At(w.scan.Line())
			}
			from := len(w.arena)
			w.arena = append(w.arena, text...)
			return w.content.take(e.field, from)
		}
	}
	w.stack = append(w.stack, frame{element: e, from: len(w.arena)})
	switch e.place { //nolint:exhaustive // the others are the content's
	case nowhere:
		return nil
	case inMessage:
		return w.message(e)
	default:
		return w.content.begin(e.place)
	}
}

// message enters the message element, of which a file has one.
func (w *walker) message(e *element) error {
	if w.found {
		return ErrRepeated.With("the file holds two messages").At(w.scan.Line())
	}
	w.found = true
	w.format, _ = formatOf(w.namespace, e.name)
	return w.content.begin(e.place)
}

// wrap looks for Document at the root or inside an envelope.
func (w *walker) wrap(name []byte) error {
	switch {
	case string(name) == w.tree.name && w.opened:
		return ErrRepeated.With("element Document stands twice").At(w.scan.Line())
	case string(name) == w.tree.name:
		w.opened, w.namespace = true, w.scan.Namespace()
		w.stack = append(w.stack, frame{element: w.tree})
	case len(w.stack) < maxWrap:
		w.stack = append(w.stack, frame{element: nil})
	default:
		return w.scan.Skip()
	}
	return nil
}

// currency returns the Ccy of the start tag, each text allocated once.
func (w *walker) currency() string {
	b, _ := w.scan.Attr("Ccy")
	if string(b) == w.last {
		return w.last
	}
	if s, ok := w.known[string(b)]; ok {
		w.last = s
		return s
	}
	s := string(b)
	if len(s) <= 8 && len(w.known) < 256 {
		w.known[s] = s
	}
	return s
}

func (w *walker) text() error {
	if len(w.stack) == 0 {
		return nil
	}
	top := &w.stack[len(w.stack)-1]
	if top.element == nil || top.element.field == nothing {
		return nil
	}
	w.arena = append(w.arena, w.scan.Text()...)
	if len(w.arena)-top.from > w.longest {
		return xmlscan.ErrToken.At(w.scan.Line())
	}
	return nil
}

// end leaves an element and takes what it said.
func (w *walker) end() error {
	top := w.stack[len(w.stack)-1]
	w.stack = w.stack[:len(w.stack)-1]
	if top.element == nil {
		return nil
	}
	if f := top.element.field; f != nothing {
		if err := w.content.take(f, top.from); err != nil {
			return err
		}
	}
	if top.element.place == nowhere {
		return nil
	}
	return w.content.end(top.element.place)
}

// bytes returns a field as it was read, without the blanks around it.
func (w *walker) bytes(f field) []byte { return w.arena[w.spans[f].from:w.spans[f].to] }

// trim returns where the text from a place to the end stands without the blanks
// of XML around it.
func trim(b []byte, from int) span {
	to := len(b)
	for from < to && isBlank(b[from]) {
		from++
	}
	for to > from && isBlank(b[to-1]) {
		to--
	}
	return span{from, to}
}

func isBlank(b byte) bool { return b == ' ' || b == '\n' || b == '\t' || b == '\r' }

func join(dst, text []byte) []byte {
	if len(dst) > 0 {
		dst = append(dst, ' ')
	}
	return append(dst, text...)
}
