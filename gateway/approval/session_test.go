package approval_test

import (
	"testing"
	"time"

	"twoline/gateway/approval"
)

func TestSessionPolicyEnded(t *testing.T) {
	t.Parallel()
	created := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	tests := []struct {
		name      string
		seen, now time.Duration
		want      bool
	}{
		{"just opened", 0, 0, false},
		{"last idle moment", 0, 30*time.Minute - 1, false},
		{"idle", 0, 30 * time.Minute, true},
		{"in use", 11 * time.Hour, 11*time.Hour + 29*time.Minute, false},
		{"last moment of all", 12*time.Hour - time.Minute, 12*time.Hour - 1, false},
		{"over", 12*time.Hour - time.Minute, 12 * time.Hour, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := approval.DefaultSessionPolicy().Ended(created, created.Add(tt.seen), created.Add(tt.now))
			if got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
