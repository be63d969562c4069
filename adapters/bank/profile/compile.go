package profile

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"twoline/adapters/bank/layout"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
)

// Parse reads a profile; name is its file's, for messages. Its error is a
// ParseError, which tells everything that is wrong, or ErrProfile.
func Parse(name string, src []byte) (*Profile, error) {
	var e examiner
	root := e.document(src)
	if root == nil {
		return nil, e.err(name)
	}
	v := e.check(root, table(), "")
	if err := e.err(name); err != nil {
		return nil, err
	}
	c := &compiler{faults: faults{all: nil}, root: v, values: make(map[string]string)}
	p := c.profile()
	if err := c.err(name); err != nil {
		return nil, err
	}
	return p, nil
}

// compiler makes a Profile of a document whose form is right, and proves what its
// parts demand of each other.
type compiler struct {
	faults

	root   *value
	values map[string]string
}

func (c *compiler) at(v *value, format string, args ...any) {
	if v == nil {
		v = c.root
	}
	c.add(v.line, v.column, v.path, format, args...)
}

func (c *compiler) profile() *Profile {
	v := c.root
	values := v.get("values")
	forms := placeForms()
	if values != nil {
		for _, name := range values.names {
			if _, taken := forms[name]; taken {
				c.at(values.of[name], "{%s} means something else already; expected another key", name)
			}
			c.values[name] = values.of[name].text
		}
	}
	p := &Profile{ //nolint:exhaustruct // filled in below
		name: v.get("profile").str(), direction: Direction(v.get("direction").str()),
		titles: map[string]string{"zh": v.get("title").get("zh").str(), "en": v.get("title").get("en").str()},
		beside: v.get("beside").texts(), codecs: newCodecs(),
	}
	if slices.Contains([]string{"json", "jsonl"}, p.name) {
		c.at(v.get("profile"), "json and jsonl are canonical JSON Lines and have no profile; expected another name")
	}
	for _, t := range v.get("charset").texts() {
		p.charsets = append(p.charsets, layout.Charset(t))
	}
	if len(p.beside) == 2 && p.beside[0] == p.beside[1] {
		c.at(v.get("beside"), "%s stands twice", p.beside[0])
	}
	c.files(p, v.get("files"))
	c.examples(p, v.get("examples"))
	return p
}

func (c *compiler) files(p *Profile, v *value) {
	if request := v.get("request"); request != nil {
		p.request = c.file(p, request, layout.Instructions)
		if p.request.names != nil && !p.request.names[0].tellsBatchesApart() {
			c.at(request.get("name"), "expected {batch}, {sequence:3} or {digest:8} in it, or the end of the number "+
				"with the whole date, such as {date}{batch:4}; without them two batches would have one name")
		}
		c.direction(p, request)
	}
	for _, r := range v.get("results").list() {
		p.results = append(p.results, c.file(p, r, layout.Results))
	}
	if p.request == nil && len(p.results) == 0 {
		c.at(v, "expected a request, results or both, and found neither")
	}
	c.tellResultsApart(p, v.get("results"))
}

// direction proves that a message of one direction serves no other.
func (c *compiler) direction(p *Profile, request *value) {
	format := request.get("format")
	only := Collection
	switch {
	case strings.HasPrefix(format.text, "pain.001"), format.text == "beps.382":
		only = Payment
	case strings.HasPrefix(format.text, "pain.008"), format.text == "beps.380":
	default:
		return
	}
	if p.direction != only {
		c.at(format, "%s is for a %s, and this profile is for a %s", format.text, only, p.direction)
	}
}

// tellResultsApart proves that a result file leads to one description: by its part
// and name, or by its form.
func (c *compiler) tellResultsApart(p *Profile, v *value) {
	for i, a := range p.results {
		for j, b := range p.results[:i] {
			if a.part == b.part && !a.differs(b) {
				place := v.items[i]
				if part := place.get("part"); part != nil {
					place = part
				}
				c.at(place, "expected a part of its own, or another form: it cannot be told from %s",
					v.items[j].path)
			}
		}
		others := func(o *file) bool { return o.part != "" }
		if a.part == "" && slices.ContainsFunc(p.results, others) {
			c.at(v.items[i], "expected the key \"part\", as the other results have it")
		}
	}
}

// differs says that the first bytes tell two kinds of file apart.
func (f *file) differs(o *file) bool {
	if f.rows == nil || o.rows == nil || f.rows.Format != o.rows.Format {
		return f.format != o.format
	}
	return f.rows.Format == layout.Delimited && !slices.ContainsFunc(f.firstFields(), func(n int) bool {
		return slices.Contains(o.firstFields(), n)
	})
}

// firstFields is how many fields the first line may have: that of a file as it
// should be, and that of a refusal in its place.
func (f *file) firstFields() []int {
	all := []int{len(f.rows.Fields)}
	if len(f.rows.Header) > 0 && !f.rows.Header[0].Titles {
		all[0] = len(f.rows.Header[0].Fields)
	}
	if f.rows.Reject != nil {
		all = append(all, len(f.rows.Reject.Fields))
	}
	return all
}

func (c *compiler) file(p *Profile, v *value, content layout.Content) *file {
	f := &file{ //nolint:exhaustruct // filled in below
		format: v.get("format").str(), part: v.get("part").str(), rowLimit: v.get("row_limit").int(), options: v,
	}
	names := []*value{v.get("name")}
	if v.get("name").items != nil {
		names = v.get("name").items
	}
	for _, n := range names {
		pattern, err := newPattern(n.text, c.values, content == layout.Instructions)
		if err != nil {
			c.at(n, "%v", err)
			continue
		}
		f.names = append(f.names, pattern)
	}
	if slices.Contains(rowFormats(), f.format) {
		f.rows = c.rows(p, v, content)
	}
	c.message(f, v)
	return f
}

// message proves what a request that is a message demands.
func (c *compiler) message(f *file, v *value) {
	id := v.get("message_id")
	if id == nil {
		return
	}
	pattern, err := newPattern(id.text, c.values, true)
	switch {
	case err != nil:
		c.at(id, "%v", err)
	case !pattern.tellsBatchesApart():
		c.at(id, "expected {batch}, {sequence:3} or {digest:8} in it: two batches would have one id")
	}
	f.messageID = pattern
	if at := v.get("account_bank"); at != nil && at.get("bic") == nil && at.get("member") == nil {
		c.at(at, "expected bic, member or both, and found neither")
	}
}

// rows makes the layout of a file of rows.
func (c *compiler) rows(p *Profile, v *value, content layout.Content) *layout.Layout {
	before := len(c.all)
	l := &layout.Layout{ //nolint:exhaustruct // filled in below
		Name: p.name, Format: layout.Format(v.get("format").str()), Content: content,
		Trailing: v.get("trailing_separator").yes(), Prefix: v.get("prefix").str(),
		LineEnd: layout.LineEnd(v.get("line_end").str()), TotalsUnit: layout.Unit(v.get("totals_unit").str()),
		Dates: layout.DateForm(v.get("dates").str()), Padded: v.get("padded").yes(),
		Header: c.rowsOf(v.get("header")), Trailer: c.rowsOf(v.get("trailer")), Fields: c.fields(v.get("fields")),
		RowLimit: v.get("row_limit").int(), EmptyAllowed: v.get("empty_allowed").yes(),
		SheetName: v.get("sheet_name").str(), HeadingWithin: v.get("heading_within").int(),
		TotalPhrases: v.get("total_phrases").texts(),
	}
	switch p.direction {
	case Collection:
		l.Direction = bank.Collection
	case Payment:
		l.Direction = bank.Payment
	case Opening:
	}
	if content == layout.Results {
		l.Direction = bank.NoBatchDirection
	}
	c.charset(p, v, l)
	c.unit(v, l)
	if s := v.get("separator"); s != nil {
		_ = l.Separator.UnmarshalText([]byte(s.text)) // the table's pattern takes nothing else
	}
	answers := v.get("answers")
	if content == layout.Results {
		l.Answers = c.answers(answers, l.Fields)
		if answers == nil {
			l.Answers = c.inherited(l.Fields)
		}
	}
	if r := v.get("reject"); r != nil {
		fields := c.fields(r.get("fields"))
		l.Reject = &layout.Reject{
			Level: r.get("level").str(), Fields: fields, Answers: c.answers(r.get("answers"), fields),
			Known: c.known(answers, fields),
		}
	}
	c.constants(v)
	if len(c.all) == before {
		c.validate(v, l)
	}
	return l
}

// charset gives text files the profile's first charset.
func (c *compiler) charset(p *Profile, v *value, l *layout.Layout) {
	switch {
	case len(p.charsets) > 0:
		l.Charset = p.charsets[0]
	case l.Format != layout.Sheet:
		c.at(v.get("format"), "a %s file is text: expected the key \"charset\" beside \"files\"", l.Format)
	}
}

// unit sets the unit; none is for files that hold no amount.
func (c *compiler) unit(v *value, l *layout.Layout) {
	l.Unit = layout.Unit(v.get("unit").str())
	if l.Unit != unitNone {
		return
	}
	l.Unit = layout.Yuan
	for _, rows := range []*value{v.get("header"), v.get("trailer")} {
		for _, row := range rows.list() {
			c.noAmounts(row.get("fields"))
		}
	}
	c.noAmounts(v.get("fields"))
}

func (c *compiler) noAmounts(fields *value) {
	for _, f := range fields.list() {
		name := f.get("name").str()
		if strings.HasSuffix(name, "amount") || strings.HasSuffix(name, "sum") {
			c.at(f.get("name"), "the file has amounts: expected a unit of yuan, fen or li, and found none")
		}
	}
}

func (c *compiler) rowsOf(v *value) []layout.Row {
	var all []layout.Row
	for _, r := range v.list() {
		all = append(all, layout.Row{
			Fields: c.fields(r.get("fields")), Titles: r.get("titles").yes(), Prefix: r.get("prefix").str(),
		})
	}
	return all
}

func (c *compiler) fields(v *value) []layout.Field {
	var all []layout.Field
	for _, f := range v.list() {
		one := layout.Field{
			Name: layout.FieldName(f.get("name").str()), Text: f.get("text").str(), Title: f.get("title").str(),
			Required: f.get("required").yes(), Optional: f.get("optional").yes(), MaxBytes: f.get("max_bytes").int(),
			Width: f.get("width").int(), Align: layout.Align(f.get("align").str()), Pad: f.get("pad").str(),
			Cut: f.get("cut").yes(), Default: f.get("default").str(), Values: nil,
			Check: layout.Check(f.get("check").str()),
		}
		if values := f.get("values"); values != nil {
			one.Values = make(map[string]string, len(values.of))
			for ours, theirs := range values.of {
				one.Values[ours] = theirs.text
			}
		}
		all = append(all, one)
	}
	return all
}

// answer is what a word of the table means. A failure without a class is left to
// the reason, where there is one.
func answer(word string, reasoned bool) layout.Answer {
	for _, v := range verdicts() {
		if v.word != word {
			continue
		}
		if v.outcome == bank.OutcomeFailed && v.class == bank.ClassUnknown && reasoned {
			return layout.Answer{Outcome: v.outcome, Class: ""}
		}
		return layout.Answer{Outcome: v.outcome, Class: v.class}
	}
	return layout.Answer{Outcome: bank.OutcomeUnknown, Class: bank.ClassUnknown}
}

func hasField(fields []layout.Field, name layout.FieldName) bool {
	return slices.ContainsFunc(fields, func(f layout.Field) bool { return f.Name == name })
}

func (c *compiler) answers(v *value, fields []layout.Field) layout.Answers {
	var a layout.Answers
	reasoned := hasField(fields, layout.Reason)
	if f := v.get("fixed"); f != nil {
		fixed := answer(f.text, reasoned)
		a.Fixed = &fixed
	}
	if codes := v.get("codes"); codes != nil {
		a.Codes = make(map[string]layout.Answer, len(codes.of))
		for code, word := range codes.of {
			a.Codes[code] = answer(word.text, reasoned)
		}
	}
	for _, group := range v.get("phrases").list() {
		for _, text := range group.get("texts").texts() {
			a.Phrases = append(a.Phrases, layout.Phrase{Text: text, Answer: answer(group.get("is").str(), false)})
		}
	}
	return a
}

// known are the codes that a refusal shares with rows, by the file's own answers or
// else the profile's.
func (c *compiler) known(v *value, fields []layout.Field) map[string]layout.Answer {
	if v == nil {
		v = c.root.get("answers")
	}
	return c.answers(v, fields).Codes
}

// inherited is what the whole profile's answers say to a file, as far as it has the
// fields for them.
func (c *compiler) inherited(fields []layout.Field) layout.Answers {
	a := c.answers(c.root.get("answers"), fields)
	if !hasField(fields, layout.Code) {
		a.Codes = nil
	}
	if !hasField(fields, layout.Reason) && !hasField(fields, layout.Code) {
		a.Phrases = nil
	}
	return a
}

// constants proves the places of constants.
func (c *compiler) constants(v *value) {
	for _, fields := range fieldLists(v) {
		for _, f := range fields.list() {
			if text := f.get("text"); text != nil {
				c.constant(text)
			}
		}
	}
}

// fieldLists are all lists of fields of a file.
func fieldLists(v *value) []*value {
	all := []*value{v.get("fields"), v.get("reject").get("fields")}
	for _, rows := range []*value{v.get("header"), v.get("trailer")} {
		for _, r := range rows.list() {
			all = append(all, r.get("fields"))
		}
	}
	return all
}

// constantPlaces are the places that a constant may hold besides the values.
func constantPlaces() []string { return []string{"area", "bank", "bank_no", "batch", "date"} }

func (c *compiler) constant(v *value) {
	pieces, err := cut(v.text)
	if err != nil {
		c.at(v, "%v", err)
		return
	}
	known := constantPlaces()
	for name := range c.values {
		known = append(known, name)
	}
	slices.Sort(known)
	forms := placeForms()
	for _, q := range fill(pieces, c.values) {
		switch {
		case q.place == nil:
		case !slices.Contains(known, q.place.name):
			c.at(v, "{%s} is no place known here%s; known are %s", clip(q.place.name), didYouMean(q.place.name, known),
				strings.Join(known, ", "))
		case !slices.Contains(forms[q.place.name], q.place.arg):
			c.at(v, "{%s:%s}: expected %s after the colon", q.place.name, clip(q.place.arg),
				orArgs(forms[q.place.name]))
		}
	}
}

// validate has the layout proved as it is with the profile's values, and tells a
// fault at its place in the profile.
func (c *compiler) validate(v *value, l *layout.Layout) {
	c.fillValues(l)
	// Any facts do here; what a bank's own make too long is refused where a file is
	// written.
	day := calendar.MustDay("2011-03-10")
	trial := fit(l, l.Charset, Facts{ //nolint:exhaustruct // what constants may hold
		Bank: "xx", BankNo: "000000000000", Area: "000000", Day: day, Execution: day, Batch: "00000000",
	})
	err := trial.Validate()
	if err == nil {
		return
	}
	refusal, ok := errors.AsType[*fault.Error](err)
	if !ok {
		c.at(v, "%v", err)
		return
	}
	at := c.locate(v, refusal.Field)
	switch at.shape.form {
	case formText:
		c.at(at, "%s; found %q", refusal.Text, clip(at.text))
	case formNumber:
		c.at(at, "%s; found %d", refusal.Text, at.number)
	case formFlag, formObject, formList, formMap, formOneOrMore:
		c.at(at, "%s", refusal.Text)
	}
}

// fillValues puts the profile's values into constants for good.
func (c *compiler) fillValues(l *layout.Layout) {
	everyField(l, func(f *layout.Field) {
		pieces, err := cut(f.Text)
		if err != nil {
			return
		}
		var b strings.Builder
		for _, q := range fill(pieces, c.values) {
			b.WriteString(q.String())
		}
		f.Text = b.String()
	})
}

// everyField visits all fields of a layout, to change them.
func everyField(l *layout.Layout, each func(*layout.Field)) {
	lists := [][]layout.Field{l.Fields}
	for _, rows := range [][]layout.Row{l.Header, l.Trailer} {
		for _, r := range rows {
			lists = append(lists, r.Fields)
		}
	}
	if l.Reject != nil {
		lists = append(lists, l.Reject.Fields)
	}
	for _, fields := range lists {
		for i := range fields {
			each(&fields[i])
		}
	}
}

// locate finds the place of a layout's path in the profile, or the nearest around it.
func (c *compiler) locate(v *value, path string) *value {
	for path != "" {
		var step string
		step, path = nextStep(path)
		next := v.get(step)
		if i, err := strconv.Atoi(step); err == nil && next == nil {
			next = c.item(v, i)
		}
		if next == nil && step == "answers" {
			next = c.root.get("answers")
		}
		if next == nil {
			return v
		}
		v = next
	}
	return v
}

// item is one of a list; a phrase is counted over all groups of phrases.
func (c *compiler) item(v *value, i int) *value {
	if strings.HasSuffix(v.path, "answers.phrases") {
		for _, group := range v.items {
			texts := group.get("texts").list()
			if i < len(texts) {
				return texts[i]
			}
			i -= len(texts)
		}
		return nil
	}
	if i < len(v.items) {
		return v.items[i]
	}
	return nil
}

// nextStep cuts the first step off a path: a name, [3] or ["4000"].
func nextStep(path string) (step, rest string) {
	path = strings.TrimPrefix(path, ".")
	if strings.HasPrefix(path, `["`) {
		if quoted, err := strconv.QuotedPrefix(path[1:]); err == nil {
			step, _ = strconv.Unquote(quoted)
			return step, strings.TrimPrefix(path[1+len(quoted):], "]")
		}
	}
	if strings.HasPrefix(path, "[") {
		step, rest, _ = strings.Cut(path[1:], "]")
		return step, rest
	}
	if end := strings.IndexAny(path, ".["); end > 0 {
		return path[:end], path[end:]
	}
	return path, ""
}

func (c *compiler) examples(p *Profile, v *value) {
	for _, e := range v.list() {
		file := e.get("file")
		base := file.text[strings.LastIndexByte(file.text, '/')+1:]
		p.examples = append(p.examples, example{
			line: e.line, file: file.text, records: e.get("records").str(),
			bank:     Bank{Code: e.get("bank").str(), BankNo: e.get("bank_no").str(), Charset: ""},
			problems: e.get("problems").yes(),
		})
		if _, ok := p.Recognise(base); !ok && len(c.all) == 0 {
			c.at(file, "expected a name that the profile gives or takes, and found %q", clip(base))
		}
	}
}

// fit gives a layout its charset, and its constants what they say of one file. A
// constant of which nothing is known, such as the batch's number in a file whose
// name does not tell it, is read past.
func fit(l *layout.Layout, charset layout.Charset, f Facts) *layout.Layout {
	own := *l
	own.Charset, own.BatchEnd = charset, f.Batch
	own.Fields = slices.Clone(l.Fields)
	own.Header, own.Trailer = cloneRows(l.Header), cloneRows(l.Trailer)
	if l.Reject != nil {
		reject := *l.Reject
		reject.Fields = slices.Clone(reject.Fields)
		own.Reject = &reject
	}
	everyField(&own, func(field *layout.Field) {
		if strings.IndexByte(field.Text, '{') < 0 {
			return
		}
		text, known := f.say(field.Text)
		if !known {
			field.Name, text = layout.Ignored, ""
		}
		field.Text = text
	})
	return &own
}

// say fills the places of a constant; false where one is not known.
func (f Facts) say(text string) (string, bool) {
	pieces, err := cut(text)
	if err != nil {
		return "", false
	}
	var b strings.Builder
	for _, q := range pieces {
		said := q.text
		if q.place != nil {
			if said = q.place.write(f); said == "" {
				return "", false
			}
		}
		b.WriteString(said)
	}
	return b.String(), true
}

func cloneRows(rows []layout.Row) []layout.Row {
	all := slices.Clone(rows)
	for i := range all {
		all[i].Fields = slices.Clone(all[i].Fields)
	}
	return all
}

// fileOf names a kind of file in messages.
func (f *file) fileOf() string {
	if f.part == "" {
		return f.format
	}
	return fmt.Sprintf("%s, part %s", f.format, f.part)
}
