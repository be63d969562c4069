package delimited_test

import (
	"slices"

	"pgregory.net/rapid"

	"twoline/adapters/bank/delimited"
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

// drawFile draws the records that a file of a layout gives when it is read.
func drawFile(t *rapid.T, layout *delimited.Layout) []bank.Record {
	has := func(name delimited.FieldName) bool {
		return slices.ContainsFunc(layout.Fields, func(f delimited.Field) bool { return f.Name == name })
	}
	text := func(name delimited.FieldName) string {
		if !has(name) {
			return ""
		}
		return drawText(t, string(name))
	}
	least := 1
	if layout.EmptyAllowed && layout.Content == delimited.Results {
		least = 0
	}
	n := rapid.IntRange(least, 4).Draw(t, "rows")
	if layout.Content == delimited.Results {
		records := []bank.Record{bank.FileHead{Format: "delimited", Kind: "result"}}
		for i := range n {
			records = append(records, drawResult(t, layout, has, text, i))
		}
		return append(records, bank.End{Results: n})
	}
	head := bank.BatchHead{Direction: layout.Direction, BatchID: text(delimited.BatchID), Count: n}
	var items []bank.Record
	total := money.Total{}
	for i := range n {
		item := bank.BatchItem{
			Index: i, SocialNo: text(delimited.SocialNo), Name: text(delimited.Name),
			IDNumber: text(delimited.IDNumber),
			Account:  text(delimited.Account), Region: text(delimited.Region), Text: text(delimited.Text),
		}
		if has(delimited.Amount) {
			item.Amount = drawAmount(t)
			a, _ := item.Amount.Amount()
			total.Add(a)
		}
		items = append(items, item)
	}
	if has(delimited.Amount) {
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
	t *rapid.T, layout *delimited.Layout, has func(delimited.FieldName) bool, text func(delimited.FieldName) string,
	i int,
) bank.Result {
	v := bank.Result{
		Index: i, Line: i + 1 + len(layout.Header), Level: "item", ItemID: text(delimited.ItemID),
		SocialNo: text(delimited.SocialNo),
		Name:     text(delimited.Name), IDNumber: text(delimited.IDNumber), BatchID: text(delimited.BatchID),
		Account: text(delimited.Account), Region: text(delimited.Region), Text: text(delimited.Text),
		ValueDate: calendar.Day{},
	}
	if has(delimited.Amount) {
		f := drawAmount(t)
		v.Amount = &f
	}
	answer := delimited.Answer{Outcome: bank.OutcomeUnknown, Class: bank.ClassUnknown}
	switch {
	case layout.Answers.Fixed != nil:
		answer = *layout.Answers.Fixed
	case has(delimited.Code):
		codes := []string{"", "zz"}
		for code := range layout.Answers.Codes {
			codes = append(codes, code)
		}
		slices.Sort(codes)
		v.Code = rapid.SampledFrom(codes[1:]).Draw(t, "code")
		if known, ok := layout.Answers.Codes[v.Code]; ok {
			answer = known
		}
	default:
		p := rapid.SampledFrom(layout.Answers.Phrases).Draw(t, "phrase")
		v.Text = drawText(t, "before") + p.Text
		for _, first := range layout.Answers.Phrases {
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
