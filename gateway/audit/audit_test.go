package audit_test

import (
	"testing"

	"twoline/gateway/audit"
)

func TestOrigin(t *testing.T) {
	t.Parallel()
	if _, ok := audit.Origin(t.Context()); ok {
		t.Error("work that nobody asked for has an origin")
	}
	ctx := audit.WithOrigin(t.Context(), audit.Row{Actor: "bank:psbc", RequestID: "r1"})
	got, ok := audit.Origin(ctx)
	if !ok || got.Actor != "bank:psbc" || got.RequestID != "r1" {
		t.Errorf("origin is %v, %v", got, ok)
	}
}
