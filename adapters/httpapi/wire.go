package httpapi

import (
	"encoding/base64"
	"errors"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// Yuan is money on the wire: a string of yuan with two decimals, never a number.
type Yuan struct{ money.Amount }

// Schema describes the string.
func (Yuan) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeString, Pattern: `^(0|[1-9][0-9]{0,12})\.[0-9]{2}$`,
		PatternDescription: "yuan with two decimals, such as 183.10",
		Description:        "Yuan with two decimals", Examples: []any{"183.10"},
	}
}

// NewYuan shows an amount.
func NewYuan(a money.Amount) Yuan { return Yuan{a} }

// Day is a date on the wire: 2026-11-25.
type Day struct{ calendar.Day }

// Schema describes the string.
func (Day) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeString, Format: "date", Description: "A business day in Asia/Shanghai",
		Examples: []any{"2026-11-25"},
	}
}

// NewDay shows a day.
func NewDay(d calendar.Day) Day { return Day{d} }

// ID is the id of a fact on the wire: a decimal string, because readers of JSON
// round large numbers.
type ID struct{ n int64 }

// NewID shows an id.
func NewID(n int64) ID { return ID{n} }

// Int64 is the id.
func (i ID) Int64() int64 { return i.n }

// IsZero says that there is no id; such a field is left out with omitzero.
func (i ID) IsZero() bool { return i.n == 0 }

// String writes the decimal digits.
func (i ID) String() string { return strconv.FormatInt(i.n, 10) }

// MarshalText writes the decimal digits.
func (i ID) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

var errID = errors.New("an id is a decimal number of up to 19 digits")

// UnmarshalText reads what MarshalText writes, and nothing else.
func (i *ID) UnmarshalText(b []byte) error {
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || n <= 0 || strconv.FormatInt(n, 10) != string(b) {
		return errID
	}
	i.n = n
	return nil
}

// Schema describes the string.
func (ID) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeString, Pattern: `^[1-9][0-9]{0,18}$`, PatternDescription: "a decimal id",
		Description: "A decimal id", Examples: []any{"100042"},
	}
}

// Paging is what a paged Query embeds.
type Paging struct {
	Cursor string `query:"cursor" doc:"next_cursor of the page before" maxLength:"200"`
	Limit  int    `query:"limit" doc:"Most items of a page" minimum:"1" maximum:"1000" default:"100"`
}

// After is the id after which the page begins: 0 for the first page. A cursor
// that we did not give is an error of the request.
func (p Paging) After() (int64, error) {
	if p.Cursor == "" {
		return 0, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(p.Cursor)
	if err != nil {
		return 0, errCursor
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || n <= 0 {
		return 0, errCursor
	}
	return n, nil
}

// cursorOf is the cursor of the page that follows an id.
func cursorOf(id int64) string {
	return base64.RawURLEncoding.EncodeToString(strconv.AppendInt(nil, id, 10))
}

// Page is one page of a list. The last one has no next_cursor.
type Page[T any] struct {
	Items      []T    `json:"items" nullable:"false"`
	NextCursor string `json:"next_cursor,omitempty" doc:"Ask for the next page with it; absent on the last page"`
}

// NewPage makes a page of values that were asked for with Limit+1: the one more
// only says that there is a next page. idOf names the order.
func NewPage[V, T any](values []V, limit int, idOf func(V) int64, view func(V) T) Page[T] {
	p := Page[T]{Items: make([]T, 0, min(len(values), limit)), NextCursor: ""}
	for i, v := range values {
		if i == limit {
			last := idOf(values[i-1])
			p.NextCursor = cursorOf(last)
			break
		}
		p.Items = append(p.Items, view(v))
	}
	return p
}
