package iso20022

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"twoline/adapters/bank/iso20022/xmlscan"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
)

// resultReader reads a file of answers and emits them as they come: what a level
// says stands before the items below it.
type resultReader struct {
	walker

	emit   bank.Emit
	of     meaning
	isPacs bool

	header  replyHeader
	headed  bool
	verdict verdict // of the whole reply
	group   verdict
	part    verdict
	// message and kind name what is answered, of the group and of the batch.
	message, kind         string
	partMessage, partKind string
	partID                string

	level place
	// told says that the batch's own result was given out: it can say no more.
	told    bool
	inBatch bool
	batch   int
	item    int
	grouped bool
	begun   bool

	groupCounts, partCounts counted
	wholeTold               bool
	code, text              []byte
	results, problems       int
}

// replyHeader is what the header of a return says.
type replyHeader struct{ count, sum, total, day, whole string }

// readResults reads a file of answers.
func readResults(ctx context.Context, source io.Reader, emit bank.Emit) error {
	r := &resultReader{walker: newWalker(ctx, source, answers()), emit: emit}
	r.content, r.longest = r, longField
	if err := r.run(); err != nil {
		return err
	}
	if err := r.finish(); err != nil {
		return err
	}
	return emit(bank.End{Results: r.results, Problems: r.problems})
}

func (r *resultReader) hop() bool { return false }

func (r *resultReader) begin(at place) error {
	if !r.headed && at != inMessage && at != inHeader {
		return ErrStructure.With("an answer stands before the header of the message").At(r.scan.Line())
	}
	switch at { //nolint:exhaustive // the others begin with nothing to do
	case inMessage:
		r.of = paymentStatus
		switch {
		case strings.HasPrefix(r.format, "pacs.004"):
			r.of, r.isPacs = returnStatus, true
		case strings.HasPrefix(r.format, "camt.029"):
			r.of = cancelStatus
		}
	case inDetails:
		r.group, r.message, r.kind, r.grouped, r.groupCounts = verdict{}, "", "", false, counted{}
	case inGroup:
		if r.grouped {
			return r.misplaced("OrgnlGrpInf")
		}
		r.enter(inGroup)
		clear(r.spans[groupMessage : groupStatus+1])
	case inBatch:
		r.grouped, r.begun, r.inBatch, r.told, r.item = true, true, true, false, 0
		r.enter(inBatch)
		clear(r.spans[partID : partStatus+1])
		r.part, r.partCounts, r.partID, r.partMessage, r.partKind = verdict{}, counted{}, "", "", ""
	case inItem:
		return r.beginItem()
	case inReason:
		if r.level == inBatch && r.told {
			return r.misplaced("StsRsnInf")
		}
	case inTally:
		clear(r.spans[tallyCount : tallyStatus+1])
	}
	return nil
}

// enter begins a level, whose reasons come next.
func (r *resultReader) enter(level place) {
	r.level, r.arena = level, r.arena[:0]
	r.code, r.text = r.code[:0], r.text[:0]
}

func (r *resultReader) misplaced(name string) error {
	return ErrStructure.With("element %s stands after the items that it speaks of", name).At(r.scan.Line())
}

func (r *resultReader) end(at place) error {
	switch at { //nolint:exhaustive // the others end with nothing to do
	case inHeader:
		return r.endHeader()
	case inVerdict:
		return r.endVerdict()
	case inGroup:
		return r.endGroup()
	case inBatch:
		return r.endBatch()
	case inItem:
		return r.endItem()
	case inTally:
		return r.endTally()
	case inDetails:
		return r.report(r.groupCounts.check("message"))
	}
	return nil
}

// take keeps the text of a field. The first of several spellings of one fact counts.
func (r *resultReader) take(f field, from int) error {
	at := trim(r.arena, from)
	raw := r.arena[at.from:at.to]
	switch {
	case f == reasonCode && len(raw) > 0 && len(r.code) == 0:
		r.code = append(r.code, raw...)
	case f == reasonCode || f == reasonText:
		if len(raw) > 0 {
			r.text = join(r.text, raw)
		}
		if len(r.text) > longField {
			return xmlscan.ErrToken.At(r.scan.Line())
		}
	case f >= partID && f <= partStatus && r.told:
		return r.misplaced("PmtInfSts")
	case len(raw) > 0 && r.spans[f] == span{}:
		r.spans[f] = at
		return nil
	}
	r.arena = r.arena[:from]
	return nil
}

func (r *resultReader) said(f field) string { return string(r.bytes(f)) }

func (r *resultReader) endHeader() error {
	r.headed = true
	r.header = replyHeader{
		count: r.said(replyCount), sum: r.said(replySum), total: r.said(replyTotal), day: r.said(replyDay),
		whole: r.said(replyWhole),
	}
	return r.emit(bank.FileHead{
		Format: r.format, Kind: "result", MessageID: r.said(replyID), Created: r.said(replyCreated),
	})
}

// endVerdict takes the word on the whole reply.
func (r *resultReader) endVerdict() error {
	if r.begun {
		return r.misplaced("Sts")
	}
	r.verdict = verdict{status: r.said(replyStatus)}
	if !r.verdict.says() {
		return nil
	}
	return r.give(bank.Result{Level: "file"}, r.verdict)
}

// endGroup takes what is said of our message as a whole.
func (r *resultReader) endGroup() error {
	r.group = verdict{status: r.said(groupStatus), code: string(r.code), text: string(r.text)}
	r.message, r.kind = r.said(groupMessage), r.said(groupKind)
	r.groupCounts.count, r.groupCounts.sum = r.said(groupCount), r.said(groupSum)
	r.grouped = true
	if r.isPacs && !r.whole() || !r.isPacs && !r.group.says() {
		return nil
	}
	r.wholeTold = true
	return r.give(bank.Result{Level: "file", Batch: r.batch, MessageID: r.message}, r.group)
}

// whole says that a return brings back all of the original message.
func (r *resultReader) whole() bool { return r.header.whole == "true" || r.header.whole == "1" }

func (r *resultReader) endTally() error {
	to := &r.groupCounts
	if r.inBatch {
		to = &r.partCounts
	}
	if len(to.states) == maxTallies {
		return ErrStructure.With("more than %d states are counted", maxTallies).At(r.scan.Line())
	}
	to.states = append(to.states, state{status: r.said(tallyStatus), count: r.said(tallyCount)})
	return nil
}

// tellBatch gives out what is said of the batch, before its items.
func (r *resultReader) tellBatch() error {
	if r.told || !r.inBatch {
		return nil
	}
	r.told = true
	r.part = verdict{status: r.said(partStatus), code: string(r.code), text: string(r.text)}
	r.partID, r.partMessage, r.partKind = r.said(partID), r.said(partMessage), r.said(partKind)
	r.partCounts.count, r.partCounts.sum = r.said(partCount), r.said(partSum)
	if !r.part.says() {
		return nil
	}
	err := r.give(bank.Result{
		Level: "batch", Batch: r.batch, BatchID: r.partID, MessageID: either(r.partMessage, r.message),
	}, r.part)
	if err != nil || !r.disagrees() {
		return err
	}
	return r.report([]bank.Problem{{
		Severity: bank.SeverityError, Code: "status", Line: r.scan.Line(), Path: fmt.Sprintf("batch %d", r.batch),
		Text: "the batch and the whole message are said to have come to opposite ends: " +
			"nothing is concluded for items without a status of their own",
	}})
}

// disagrees says that the batch and the message have come to opposite ends.
func (r *resultReader) disagrees() bool {
	if !r.inBatch || r.isPacs {
		return false
	}
	part, _, _ := r.of(r.part.status)
	all, _, _ := r.of(passed(r.of, r.group, r.verdict).status)
	return part.Final() && all.Final() && part != all
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (r *resultReader) endBatch() error {
	if err := r.tellBatch(); err != nil {
		return err
	}
	err := r.report(r.partCounts.check(fmt.Sprintf("batch %d", r.batch)))
	r.inBatch, r.item = false, 0
	r.batch++
	r.level = inMessage
	return err
}

func (r *resultReader) beginItem() error {
	if r.results%contextEvery == 0 {
		if err := r.ctx.Err(); err != nil {
			return err
		}
	}
	if err := r.tellBatch(); err != nil {
		return err
	}
	r.grouped, r.begun = true, true
	r.enter(inItem)
	clear(r.spans[answerMessage : answerCreditorAccount+1])
	return nil
}

// give completes a result with what its own level says, and emits it; a word that
// is not known is a problem.
func (r *resultReader) give(result bank.Result, v verdict) error {
	known, err := r.emitWith(result, v)
	if err != nil || known {
		return err
	}
	return r.report([]bank.Problem{{
		Severity: bank.SeverityWarning, Code: "status", Line: r.scan.Line(), Path: where(&result),
		Text: "the status is not known here; nothing is concluded from it",
	}})
}

// emitWith emits a result with a verdict, of its own level or of one above, and
// says whether its status is known.
func (r *resultReader) emitWith(result bank.Result, v verdict) (bool, error) {
	outcome, partial, known := r.of(v.status)
	if v.status == "" && !r.isPacs {
		outcome, known = bank.OutcomeUnknown, true
	}
	if partial && result.Level == "item" {
		outcome, known = bank.OutcomeUnknown, false
	}
	result.Outcome, result.Status, result.Code, result.Text = outcome, v.status, either(v.code, v.status), v.text
	result.Class = bank.ClassOf(outcome, result.Code)
	r.results++
	return known, r.emit(result)
}

// where names the place of a result.
func where(result *bank.Result) string {
	switch result.Level {
	case "file":
		return "message"
	case "batch":
		return fmt.Sprintf("batch %d", result.Batch)
	}
	return fmt.Sprintf("batch %d, item %d", result.Batch, result.Index)
}

func (r *resultReader) endItem() error {
	body := len(r.arena)
	r.arena = append(r.arena, r.text...)
	reasonEnd := len(r.arena)
	r.arena = append(r.arena, r.code...)
	arena := string(r.arena)
	at := func(f field) string { return arena[r.spans[f].from:r.spans[f].to] }
	own := verdict{status: at(answerStatus), code: arena[reasonEnd:], text: arena[body:reasonEnd]}
	result, err := r.itemResult(at)
	if err != nil {
		return err
	}
	v, above := own, r.above()
	switch {
	case r.isPacs && own.code == "" && own.text == "":
		v = r.group
	case !r.isPacs && own.status == "":
		if v = passed(r.of, above...); r.disagrees() {
			v = verdict{} //nolint:exhaustruct // nothing is known
		}
		if own.code != "" || own.text != "" {
			v.code, v.text = own.code, own.text
		}
	}
	r.groupCounts.meet(v.status, result.Amount)
	if r.inBatch {
		r.partCounts.meet(v.status, result.Amount)
	}
	r.item++
	r.level = inMessage
	if r.inBatch {
		r.level = inBatch
	}
	problems := r.doubts(&result, at)
	if outcome, _, _ := r.of(v.status); r.isPacs || outcome == bank.OutcomeSucceeded {
		result.ValueDate, problems = r.day(&result, at, problems)
	}
	problems = append(problems, r.contradicts(&result, own, above)...)
	tell := r.give
	if own.status == "" {
		// Its level has said already that the word is not known.
		tell = func(result bank.Result, v verdict) error { _, err := r.emitWith(result, v); return err }
	}
	if err := tell(result, v); err != nil {
		return err
	}
	return r.report(problems)
}

// above returns what the levels above an item say, the nearest first.
func (r *resultReader) above() []verdict {
	if r.inBatch {
		return []verdict{r.part, r.group, r.verdict}
	}
	return []verdict{r.group, r.verdict}
}

// itemResult reads what identifies the item.
func (r *resultReader) itemResult(at func(field) string) (bank.Result, error) {
	result := bank.Result{
		Level: "item", Batch: r.batch, Index: r.item, ItemID: endToEnd(at(answerEndToEnd)), BatchID: at(answerBatch),
		MessageID:     either(at(answerMessage), r.message),
		BankReference: either(at(answerReference), at(answerClearing)),
	}
	kind := either(at(answerKind), r.kind)
	if r.inBatch {
		result.BatchID = r.partID
		result.MessageID = either(at(answerMessage), either(r.partMessage, r.message))
		kind = either(at(answerKind), either(r.partKind, r.kind))
	}
	if result.ItemID == "" && !r.isPacs {
		// Between banks, an instruction id is theirs.
		result.ItemID = endToEnd(at(answerInstruction))
	}
	switch {
	case strings.HasPrefix(kind, "pain.001"), strings.HasPrefix(kind, "pacs.008"):
		result.Name, result.Account = at(answerCreditor), at(answerCreditorAccount)
	case strings.HasPrefix(kind, "pain.008"), strings.HasPrefix(kind, "pacs.003"):
		result.Name, result.Account = at(answerDebtor), at(answerDebtorAccount)
	}
	given := at(answerAmount)
	if given == "" {
		if r.isPacs {
			return result, ErrAmount.With("a return has no amount").At(r.scan.Line())
		}
		return result, nil
	}
	f, err := bank.ParseFigure(given)
	if err != nil || f.IsNegative() {
		return result, ErrAmount.With("the amount of an answer cannot be read").At(r.scan.Line())
	}
	result.Amount = &f
	return result, nil
}

// doubts are what an item says against itself.
func (r *resultReader) doubts(result *bank.Result, at func(field) string) []bank.Problem {
	paid := at(answerOriginal)
	if paid == "" || result.Amount == nil {
		return nil
	}
	if f, err := bank.ParseFigure(paid); err == nil && f.Compare(*result.Amount) == 0 {
		return nil
	}
	return []bank.Problem{{
		Severity: bank.SeverityWarning, Code: "return_amount", Line: r.scan.Line(), Path: where(result),
		Text: "the amount that came back is not the one that was paid",
	}}
}

// day reads the day on which the money moved.
func (r *resultReader) day(
	result *bank.Result, at func(field) string, problems []bank.Problem,
) (calendar.Day, []bank.Problem) {
	text := at(answerDay)
	if text == "" && r.isPacs {
		text = r.header.day
	}
	if text == "" {
		return calendar.Day{}, problems
	}
	if raw := []byte(text); len(raw) == 10 && bytes.Equal(raw, r.days.text[:]) {
		return r.days.day, problems
	}
	day, ok := parseDay([]byte(text))
	if !ok {
		return calendar.Day{}, append(problems, bank.Problem{
			Severity: bank.SeverityError, Code: "date", Line: r.scan.Line(), Path: where(result),
			Text: "the answer has a date that does not exist",
		})
	}
	if len(text) == 10 {
		copy(r.days.text[:], text)
		r.days.day = day
	}
	return day, problems
}

// contradicts compares the end that an item says it came to with the end that is
// said of all items. Whether the money moved is what matters most, so that either
// way is an error.
func (r *resultReader) contradicts(result *bank.Result, own verdict, above []verdict) []bank.Problem {
	if own.status == "" || r.isPacs {
		return nil
	}
	mine, _, _ := r.of(own.status)
	all, _, _ := r.of(passed(r.of, above...).status)
	if !mine.Final() || !all.Final() || mine == all {
		return nil
	}
	return []bank.Problem{{
		Severity: bank.SeverityError, Code: "status", Line: r.scan.Line(), Path: where(result),
		Text: "the item has " + mine.String() + ", though all items are said to have " + all.String(),
	}}
}

// finish compares the totals of the whole file.
func (r *resultReader) finish() error {
	if !r.headed {
		return ErrStructure.With("the message has no header")
	}
	if !r.isPacs {
		if strings.HasPrefix(r.format, "camt.029") {
			return nil
		}
		return r.report(r.groupCounts.check("message"))
	}
	if r.whole() && !r.wholeTold {
		if err := r.give(bank.Result{Level: "file", MessageID: r.message, Batch: r.batch}, r.group); err != nil {
			return err
		}
	}
	if r.whole() && r.groupCounts.met == 0 {
		return nil
	}
	sum := &r.groupCounts.amount
	problems := compare("message", r.header.count, r.header.sum, r.groupCounts.met, sum)
	if !fits(r.header.total, sum.value()) {
		problems = append(problems, contradiction("message", "control_total",
			fmt.Sprintf("the total of the returns is said to be %.40q, the amounts add up to %s",
				r.header.total, sum.value().StringFixed(2))))
	}
	return r.report(problems)
}

func (r *resultReader) report(problems []bank.Problem) error {
	for _, problem := range problems {
		r.problems++
		if err := r.emit(problem); err != nil {
			return err
		}
	}
	return nil
}
