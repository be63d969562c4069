package exchange_test

import (
	"testing"
	"time"

	"twoline/adapters/bank/banktest"
	"twoline/adapters/bank/exchange"
	"twoline/gateway/bank"
)

// One contract, over each way
// to a folder.
func TestEveryChannelKeepsTheContract(t *testing.T) {
	t.Parallel()
	for _, markers := range []bool{false, true} {
		name := map[bool]string{false: "folder", true: "folder with markers"}[markers]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			banktest.Exercise(t, func() bank.Courier { return p.folder(t, exchange.Options{Markers: markers}) },
				banktest.Local{Path: p.path, Markers: markers})
		})
	}
	for name, deny := range map[string][]string{
		"SFTP": nil,
		// A server with the protocol's own words only.
		"plain SFTP":              {"hardlink", "posix-rename", "fsync", "statvfs", "fstatvfs", "lsetstat", "limits"},
		"plain SFTP with markers": {"hardlink", "posix-rename", "fsync"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := banktest.Serve(t, banktest.ServerOptions{Deny: deny})
			markers := name == "plain SFTP with markers"
			banktest.Exercise(t, func() bank.Courier { return remoteFolder(t, s, exchange.Options{Markers: markers}) },
				banktest.Local{Path: s.Path, Markers: markers})
		})
	}
}

// describe is how a client finds a server.
func describe(s *banktest.Server) exchange.Server {
	return exchange.Server{
		Address: s.Address, User: s.User, Path: s.Path, Key: s.Key, KnownHosts: s.KnownHosts, Now: time.Now,
	}
}

func remote(t *testing.T, s exchange.Server) *exchange.Remote {
	t.Helper()
	r, err := exchange.NewRemote(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func remoteFolder(t *testing.T, s *banktest.Server, o exchange.Options) *exchange.Folder {
	t.Helper()
	f, err := exchange.Open(remote(t, describe(s)), o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
