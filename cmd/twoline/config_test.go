package main

import (
	"net/netip"
	"testing"
)

// Metrics and what goes with them are reached from this machine only, until the
// operator says otherwise.
func TestS54_AllPortsAreLocalUnlessAsked(t *testing.T) {
	t.Parallel()
	c, err := readConfig(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	ports := map[uint16]bool{}
	for name, address := range map[string]string{
		"API": c.Listen, "upload": c.UploadListen, "operations": c.OpsListen,
	} {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !at.Addr().IsLoopback() || ports[at.Port()] {
			t.Errorf("%s listens on %s, %v", name, address, err)
		}
		ports[at.Port()] = true
	}
}
