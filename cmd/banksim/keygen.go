package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"twoline/adapters/httpapi/signature"
)

type keygenCommand struct {
	Out    string `help:"Write PREFIX.key and, for a key pair, PREFIX.pub." default:"banksim" placeholder:"PREFIX"`
	Secret bool   `help:"Make a shared secret (hmac-sha256) instead of a key pair (ed25519)."`
	JSON   bool   `help:"Print the report as JSON."                                                name:"json"`
}

// Help says what to do with the files.
func (*keygenCommand) Help() string {
	return `PREFIX.key signs and stays with you. PREFIX.pub, or a shared secret, goes to the gateway,
whose administrator registers it (twoline admin bank-key) and tells you the key id. Files that
exist are never overwritten.`
}

type keygenReport struct {
	Algorithm string `json:"algorithm"`
	KeyFile   string `json:"key_file"`
	PublicKey string `json:"public_key_file,omitempty"`
}

// Run makes the files.
func (cmd *keygenCommand) Run(a *app) error {
	out := keygenReport{Algorithm: signature.NameEd25519, KeyFile: cmd.Out + ".key", PublicKey: cmd.Out + ".pub"}
	private, public, err := signature.NewKeyPair(rand.Reader)
	if cmd.Secret {
		out.Algorithm, out.PublicKey, public = signature.NameHMACSHA256, "", nil
		private, err = signature.NewSecret(rand.Reader)
	}
	if err != nil {
		return err
	}
	if err := writeNew(out.KeyFile, private, 0o600); err != nil {
		return err
	}
	if out.PublicKey != "" {
		if err := writeNew(out.PublicKey, public, 0o644); err != nil {
			return errors.Join(err, os.Remove(out.KeyFile))
		}
	}
	if cmd.JSON {
		return json.NewEncoder(a.std.out).Encode(out)
	}
	next := out.PublicKey
	if next == "" {
		next = out.KeyFile
	}
	_, err = fmt.Fprintf(a.std.out, "%s: keep it\n%s: have the gateway register it (%s)\n",
		out.KeyFile, next, out.Algorithm)
	return err
}

// writeNew writes a file that must not exist.
func writeNew(name string, content []byte, mode os.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode) //nolint:gosec // the caller names the file
	if err != nil {
		return hinted{fmt.Errorf("write key: %w", err), "choose another --out; a key is never overwritten"}
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}
