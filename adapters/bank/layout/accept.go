package layout

// Accepts says why a field of a file that is written cannot hold a text, or nil: it
// is empty and must not be, or breaks the field's own rule. Its length and charset
// are the writer's.
func (f *Field) Accepts(text string) error {
	if text == "" && f.Required {
		return ErrField.With("the bank demands a value").On(string(f.Name))
	}
	if err := f.Check.passes(text); err != nil {
		return ErrField.With("the bank demands another form").On(string(f.Name)).Because(err)
	}
	return nil
}
