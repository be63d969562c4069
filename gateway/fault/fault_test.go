package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"twoline/gateway/fault"
)

func TestIsComparesKindAndCode(t *testing.T) {
	t.Parallel()
	sentinel := fault.New(fault.Conflict, "pay_run_exists", "the month has a pay run")
	var none *fault.Error
	tests := []struct {
		name   string
		give   error
		target error
		want   bool
	}{
		{"itself", sentinel, sentinel, true},
		{"equal kind and code", fault.New(fault.Conflict, "pay_run_exists", "other words"), sentinel, true},
		{"decorated", sentinel.At(3).On("month").About("run-1").With("run %d", 1).Because(io.EOF), sentinel, true},
		{"wrapped", fmt.Errorf("create run: %w", sentinel.At(3)), sentinel, true},
		{"joined", errors.Join(io.EOF, sentinel), sentinel, true},
		{"as a cause", fault.New(fault.Internal, "internal", "x").Because(sentinel), sentinel, true},
		{"its cause", sentinel.Because(io.EOF), io.EOF, true},
		{"other code", fault.New(fault.Conflict, "batch_closed", "x"), sentinel, false},
		{"other kind", fault.New(fault.Invalid, "pay_run_exists", "x"), sentinel, false},
		{"equal text only", errors.New(sentinel.Error()), sentinel, false},
		{"text as target", sentinel, errors.New(sentinel.Error()), false},
		{"no target", sentinel, none, false},
		{"no error", nil, sentinel, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := errors.Is(tt.give, tt.target); got != tt.want {
				t.Errorf("Is(%v, %v) = %v, want %v", tt.give, tt.target, got, tt.want)
			}
		})
	}
}

func TestCopiesLeaveTheSentinelAlone(t *testing.T) {
	t.Parallel()
	sentinel := fault.New(fault.Invalid, "bad_amount", "amount is wrong")
	before := *sentinel
	changed := sentinel.At(17).On("amount").About("item-9").With("amount of line %d", 17).Because(io.EOF)
	if *sentinel != before {
		t.Errorf("the sentinel became %+v", *sentinel)
	}
	want := fault.Error{
		Kind: fault.Invalid, Code: "bad_amount", Text: "amount of line 17", Field: "amount", Line: 17,
		Subject: "item-9", Cause: io.EOF,
	}
	if *changed != want {
		t.Errorf("got %+v, want %+v", *changed, want)
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	e := fault.Newf(fault.Invalid, "bad_amount", "amount must be at most %d", 5)
	tests := []struct {
		give *fault.Error
		want string
	}{
		{e, "bad_amount: amount must be at most 5"},
		{e.At(2), "line 2: bad_amount: amount must be at most 5"},
		{e.On("amount"), "bad_amount: amount must be at most 5 (field amount)"},
		{e.At(2).On("amount").Because(io.EOF), "line 2: bad_amount: amount must be at most 5 (field amount): EOF"},
	}
	for _, tt := range tests {
		if got := tt.give.Error(); got != tt.want {
			t.Errorf("Error() = %q, want %q", got, tt.want)
		}
	}
}

func TestKindOfAndCodeOf(t *testing.T) {
	t.Parallel()
	inner := fault.New(fault.Unavailable, "database_down", "x")
	tests := []struct {
		name string
		give error
		kind fault.Kind
		code string
	}{
		{"foreign", context.Canceled, fault.Internal, "internal"},
		{"plain", inner, fault.Unavailable, "database_down"},
		{"wrapped", fmt.Errorf("a: %w", fmt.Errorf("b: %w", inner)), fault.Unavailable, "database_down"},
		{"the first wins", fault.New(fault.NotFound, "no_batch", "x").Because(inner), fault.NotFound, "no_batch"},
		{"empty is ours", &fault.Error{}, fault.Internal, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := fault.KindOf(tt.give); got != tt.kind {
				t.Errorf("KindOf = %v, want %v", got, tt.kind)
			}
			if got := fault.CodeOf(tt.give); got != tt.code {
				t.Errorf("CodeOf = %q, want %q", got, tt.code)
			}
		})
	}
}

func TestKindNames(t *testing.T) {
	t.Parallel()
	want := "internal invalid unauthenticated forbidden not_found conflict unprocessable too_large too_many unavailable"
	var names []string
	for k := fault.Internal; k <= fault.Unavailable; k++ {
		names = append(names, k.String())
	}
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if fault.Kind(-1).String() != "internal" || fault.Kind(99).String() != "internal" {
		t.Error("a kind outside the list must read as internal")
	}
}
