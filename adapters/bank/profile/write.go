package profile

import (
	"io"
	"strings"
	"unicode/utf8"

	"twoline/adapters/bank/jsonl"
	"twoline/adapters/bank/layout"
	"twoline/gateway/bank"
	"twoline/gateway/party"
)

// Batch is what a request says besides its items.
type Batch struct {
	Head bank.BatchHead
	// Facts are what its name says, and what constants of the bank's files hold.
	Facts Facts
}

// WriteRequest writes a batch in the bank's own form; the same batch gives the same
// bytes at any time. items gives every item to yield, in order. What the form
// cannot hold is refused, never cut or replaced.
func (p *Profile) WriteRequest(
	w io.Writer, b Bank, batch Batch, items func(yield func(bank.BatchItem) error) error,
) error {
	if p.request == nil {
		return ErrNoRequest
	}
	if p.request.rows == nil {
		return p.writeMessage(w, batch, items)
	}
	charset, err := p.charset(b)
	if err != nil {
		return err
	}
	facts := batch.Facts
	facts.Bank, facts.BankNo = b.Code, b.BankNo
	out, err := newRowWriter(w, fit(p.request.rows, charset, facts))
	if err != nil {
		return err
	}
	if err := out.WriteBatch(batch.Head); err != nil {
		return err
	}
	if err := items(out.WriteItem); err != nil {
		return err
	}
	_, err = out.Close()
	return err
}

// writeMessage writes what is no rows of fields.
func (p *Profile) writeMessage(
	w io.Writer, batch Batch, items func(yield func(bank.BatchItem) error) error,
) error {
	switch {
	case p.request.format == formatLines:
		return writeLines(w, batch, items)
	case strings.HasPrefix(p.request.format, "beps."):
		return p.writeClearing(w, batch, items)
	}
	return p.writePain(w, batch, items)
}

func writeLines(w io.Writer, batch Batch, items func(yield func(bank.BatchItem) error) error) error {
	out := jsonl.NewWriter(w)
	created := ""
	if day := batch.Facts.Day; !day.IsZero() {
		created = day.String()
	}
	err := out.Write(bank.FileHead{Format: "jsonl", Kind: "batch", MessageID: batch.Head.BatchID, Created: created})
	if err != nil {
		return err
	}
	if err := out.Write(batch.Head); err != nil {
		return err
	}
	n := 0
	err = items(func(i bank.BatchItem) error {
		n++
		return out.Write(i)
	})
	if err != nil {
		return err
	}
	if err := out.Write(bank.End{Entries: 0, Items: n, Results: 0, Problems: 0}); err != nil {
		return err
	}
	return out.Close()
}

// CheckItem says why the bank's file cannot carry an item, or nil: a value that the
// bank demands is missing or of another form, a character that its charset lacks, a
// separator, or more bytes than a field has. Amounts are not looked at.
func (p *Profile) CheckItem(b Bank, i bank.BatchItem) error {
	if p.request == nil {
		return ErrNoRequest
	}
	texts := map[layout.FieldName]string{ //nolint:exhaustive // what is known before the batch is
		layout.Name: i.Name, layout.IDNumber: i.IDNumber, layout.Account: i.Account, layout.Mandate: i.Mandate,
		layout.SocialNo: i.SocialNo, layout.Region: i.Region, layout.Bank: i.Bank, layout.Currency: i.Currency,
	}
	if p.request.rows == nil {
		return p.request.holds(i)
	}
	for k := range p.request.rows.Fields {
		f := &p.request.rows.Fields[k]
		text, ok := texts[f.Name]
		if !ok {
			continue
		}
		if err := f.Accepts(text); err != nil {
			return err
		}
		if f.Name == layout.Currency || text == "" {
			continue // its values are the layout's
		}
		if err := p.checkText(b, f.Name, text); err != nil {
			return err
		}
	}
	return nil
}

// holds says why a message cannot carry an item: what it demands, and how long its
// fields are.
func (f *file) holds(i bank.BatchItem) error {
	name, account, mandate := 140, 34, 35
	switch {
	case f.format == formatLines:
		return nil
	case strings.HasPrefix(f.format, "beps."):
		name, account, mandate = 60, 32, 60
		if f.format == "beps.380" && i.Mandate == "" {
			return layout.ErrField.With("the bank demands a value").On("mandate")
		}
	}
	for _, v := range []struct {
		field, text string
		most        int
	}{{"name", i.Name, name}, {"account", i.Account, account}, {"mandate", i.Mandate, mandate}} {
		switch {
		case v.text == "" && v.field != "mandate":
			return layout.ErrField.With("the bank demands a value").On(v.field)
		case utf8.RuneCountInString(v.text) > v.most || layout.HasControl(v.text):
			return layout.ErrField.With("the bank takes at most %d characters on one line", v.most).On(v.field)
		}
	}
	return nil
}

// CheckName says why the bank's file cannot carry a person's name, or nil: a
// character that its charset lacks, a separator, or more bytes than the field has.
func (p *Profile) CheckName(b Bank, name party.Name) error {
	return p.checkText(b, layout.Name, name.Plain())
}

// CheckText is CheckName for any text that stands in the field text.
func (p *Profile) CheckText(b Bank, text string) error { return p.checkText(b, layout.Text, text) }

func (p *Profile) checkText(b Bank, field layout.FieldName, text string) error {
	if p.request == nil || p.request.rows == nil {
		return nil
	}
	charset, err := p.charset(b)
	if err != nil {
		return err
	}
	if charset == "" {
		charset = layout.UTF8 // a sheet carries every character
	}
	width, err := p.widthIn(charset, text)
	if err != nil {
		return ErrCharset.With("the bank takes %s, which lacks a character of the text", charset).Because(err)
	}
	rows := p.request.rows
	if layout.HasControl(text) || rows.Separator != 0 && strings.IndexByte(text, byte(rows.Separator)) >= 0 {
		return layout.ErrField.With("the text holds what separates fields or lines").On(string(field))
	}
	for _, f := range rows.Fields {
		most := f.MaxBytes
		if f.Width > 0 && (most == 0 || f.Width < most) {
			most = f.Width
		}
		if f.Name == field && most > 0 && width > most && !f.Cut {
			return layout.ErrField.With("the bank takes at most %d bytes, and the text has %d", most, width).
				On(string(field))
		}
	}
	return nil
}
