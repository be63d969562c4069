package approval_test

import (
	"testing"

	"twoline/gateway/approval"
)

func TestWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		give       string
		line, note bool
	}{
		{"", true, true},
		{"银行来函〔2026〕7号 第2页", true, true},
		{"姓名\u3000𠮷", true, true}, // a full-width blank, a character beyond the basic plane
		{"a\nb", false, true},
		{"a\tb", false, false},
		{" a", false, false},
		{"a\u200b", false, false},
		{"a\u0000", false, false},
		{"a\ufffd", false, false},
		{"a\xff", false, false},
	} {
		if line, note := approval.IsLine(c.give, 20), approval.IsNote(c.give, 20); line != c.line ||
			note != c.note {
			t.Errorf("%q is a line %t, a note %t", c.give, line, note)
		}
	}
	if approval.IsLine("123456", 5) || !approval.IsLine("零二三四五", 5) || approval.IsNote("1\n3456", 5) {
		t.Error("characters are counted, not bytes")
	}
}
