package bank_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"twoline/gateway/bank"
)

func TestKeyUsable(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	tests := []struct {
		name string
		give bank.Key
		want bool
	}{
		{"unknown", bank.Key{}, false},
		{"begun", bank.Key{ID: "k", NotBefore: at}, true},
		{"not begun", bank.Key{ID: "k", NotBefore: at.Add(1)}, false},
		{"revoked at this moment", bank.Key{ID: "k", NotBefore: at, RevokedAt: at}, false},
		{"revoked later", bank.Key{ID: "k", NotBefore: at, RevokedAt: at.Add(1)}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.give.Usable(at); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestKeyPrintsNoMaterial(t *testing.T) {
	t.Parallel()
	k := bank.Key{ID: "psbc-1", Bank: "psbc", Material: []byte("sesame")}
	printed := fmt.Sprintf("%v %+v %#v %s %x %d %v", k, k, k, k, k, k, struct{ K bank.Key }{k})
	for _, material := range []string{"sesame", "736573616d65", "115 101"} {
		if strings.Contains(printed, material) {
			t.Errorf("printed %s", printed)
		}
	}
}
