package delimited_test

import (
	"slices"

	"pgregory.net/rapid"

	"twoline/adapters/bank/layout"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

func drawText(t *rapid.T, name string) string {
	return rapid.StringOfN(rapid.RuneFrom([]rune("aZ09 王東億镕䶮·€")), 1, 6, -1).Draw(t, name)
}

func drawAmount(t *rapid.T) bank.Figure {
	return bank.FigureOf(money.Amount(rapid.Int64Range(0, 1_000_000_000).Draw(t, "amount")))
}

// drawFile draws the records that a file of a form gives when it is read.
func drawFile(t *rapid.T, form *layout.Layout) []bank.Record {
	has := func(name layout.FieldName) bool {
		return slices.ContainsFunc(form.Fields, func(f layout.Field) bool { return f.Name == name })
	}
	text := func(name layout.FieldName) string {
		if !has(name) {
			return ""
		}
		return drawText(t, string(name))
	}
	least := 1
	if form.EmptyAllowed && form.Content == layout.Results {
		least = 0
	}
	n := rapid.IntRange(least, 4).Draw(t, "rows")
	if form.Content == layout.Results {
		records := []bank.Record{bank.FileHead{Format: "delimited", Kind: "result"}}
		batch := text(layout.BatchID)
		for i := range n {
			v := drawResult(t, form, has, text, i)
			v.BatchID = batch // a file of two batches is a problem
			records = append(records, v)
		}
		return append(records, bank.End{Results: n})
	}
	head := bank.BatchHead{Direction: form.Direction, BatchID: text(layout.BatchID), Count: n}
	var items []bank.Record
	total := money.Total{}
	for i := range n {
		item := bank.BatchItem{
			Index: i, SocialNo: text(layout.SocialNo), Name: text(layout.Name),
			IDNumber: text(layout.IDNumber),
			Account:  text(layout.Account), Region: text(layout.Region), Text: text(layout.Text),
		}
		if has(layout.Amount) {
			item.Amount = drawAmount(t)
			a, _ := item.Amount.Amount()
			total.Add(a)
		}
		items = append(items, item)
	}
	if has(layout.Amount) {
		sum, err := total.Amount()
		if err != nil {
			t.Fatal(err)
		}
		head.Sum = bank.FigureOf(sum)
	}
	records := append([]bank.Record{bank.FileHead{Format: "delimited", Kind: "batch"}, head}, items...)
	return append(records, bank.End{Items: n})
}

func drawResult(
	t *rapid.T, form *layout.Layout, has func(layout.FieldName) bool, text func(layout.FieldName) string,
	i int,
) bank.Result {
	v := bank.Result{
		Index: i, Line: i + 1 + len(form.Header), Level: "item", ItemID: text(layout.ItemID),
		SocialNo: text(layout.SocialNo),
		Name:     text(layout.Name), IDNumber: text(layout.IDNumber),
		Account: text(layout.Account), Region: text(layout.Region), Text: text(layout.Text),
		ValueDate: calendar.Day{},
	}
	if has(layout.Amount) {
		f := drawAmount(t)
		v.Amount = &f
	}
	answer := layout.Answer{Outcome: bank.OutcomeUnknown, Class: bank.ClassUnknown}
	switch {
	case form.Answers.Fixed != nil:
		answer = *form.Answers.Fixed
	case has(layout.Code):
		codes := []string{"", "zz"}
		for code := range form.Answers.Codes {
			codes = append(codes, code)
		}
		slices.Sort(codes)
		v.Code = rapid.SampledFrom(codes[1:]).Draw(t, "code")
		if known, ok := form.Answers.Codes[v.Code]; ok {
			answer = known
		}
	default:
		p := rapid.SampledFrom(form.Answers.Phrases).Draw(t, "phrase")
		v.Text = drawText(t, "before") + p.Text
		for _, first := range form.Answers.Phrases {
			if first.Text == p.Text || len(first.Text) < len(p.Text) && containsText(p.Text, first.Text) {
				answer = first.Answer
				break
			}
		}
	}
	v.Outcome, v.Class = answer.Outcome, answer.Class
	return v
}

func containsText(s, part string) bool {
	for i := range s {
		if len(s)-i >= len(part) && s[i:i+len(part)] == part {
			return true
		}
	}
	return false
}
