package main

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"twoline/adapters/httpapi/signature"
	"twoline/reconcile/cycle"
)

// auditCommand is what an auditor does far from the database.
type auditCommand struct {
	CheckProof checkProofCommand `cmd:"" name:"check-proof" help:"Check the signed cycle proof of a pay run. Needs no database."`
}

type checkProofCommand struct {
	File  string `arg:"" help:"The signed proof, as GET /v1/pay-runs/{id}/signed-proof gave it." type:"existingfile"`
	Key   string `required:"" help:"The gateway's public key for proofs, in PEM; it is asked for at GET /v1/proof-keys." type:"existingfile"`
	Files string `help:"A folder with files of batches and statements: their digests are held against the proof." type:"existingdir"`
	JSON  bool   `name:"json" help:"Print the verdict as JSON."`
}

// maxProofFile bounds a proof in bytes: every list of it is bounded.
const maxProofFile = 256 << 20

// Run checks, and says in plain words what it made sure of and what it could not.
func (cmd *checkProofCommand) Run(a *app) error {
	content, err := readBounded(cmd.File, maxProofFile)
	if err != nil {
		return err
	}
	pem, err := readBounded(cmd.Key, 16<<10)
	if err != nil {
		return err
	}
	key, err := cycle.ParsePublic(pem)
	if err != nil {
		return hinted{err, "--key names the public key; GET /v1/proof-keys or twoline admin proof-key shows it"}
	}
	given, err := digestsOf(cmd.Files)
	if err != nil {
		return err
	}
	v, err := cycle.Check(content, key, given)
	if err != nil {
		return hinted{err, "ask for the file again at GET /v1/pay-runs/{id}/signed-proof and keep its bytes as they are"}
	}
	if cmd.JSON {
		err = printJSON(a.std.out, v)
	} else {
		err = printVerdict(a.std.out, v)
	}
	if err == nil && !v.Accepted() {
		return errFound
	}
	return err
}

// readBounded reads a whole file that must not be longer than some bytes.
func readBounded(name string, most int64) ([]byte, error) {
	f, err := os.Open(name) //nolint:gosec // named on the command line
	if err != nil {
		return nil, errAdmin.With("%v", err)
	}
	defer f.Close() //nolint:errcheck // read only
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, errAdmin.With("read %s: %v", name, err)
	}
	if int64(len(b)) > most {
		return nil, errAdmin.With("%s is longer than %d bytes", name, most)
	}
	return b, nil
}

// digestsOf takes the SHA-256 of every file right in a folder.
func digestsOf(folder string) (cycle.Given, error) {
	given := cycle.Given{}
	if folder == "" {
		return given, nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, errAdmin.With("--files: %v", err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		f, err := os.Open(filepath.Join(folder, e.Name())) //nolint:gosec // the operator names the folder
		if err != nil {
			return nil, errAdmin.With("--files: %v", err)
		}
		sum := sha256.New()
		_, err = io.Copy(sum, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, errAdmin.With("--files: %s: %v", e.Name(), err)
		}
		given[e.Name()] = cycle.Digest(sum.Sum(nil))
	}
	return given, nil
}

func printVerdict(w io.Writer, v cycle.Verdict) error {
	var errs []error
	say := func(format string, args ...any) {
		_, err := fmt.Fprintf(w, format+"\n", args...)
		errs = append(errs, err)
	}
	r := v.Run
	say("pay run %s of area %s, %s %s, %s", r.ID, r.Area, r.Scheme, r.Month, r.Kind)
	for _, part := range []struct {
		word  string
		lines []string
	}{{"proved       ", v.Proved}, {"not proved   ", v.Unproved}, {"CONTRADICTION", v.Contradictions}} {
		for _, line := range part.lines {
			say("%s  %s", part.word, line)
		}
	}
	if v.Accepted() {
		say("the proof is accepted: %d things proved, %d that it could not", len(v.Proved), len(v.Unproved))
	} else {
		say("the proof is NOT accepted: %d contradictions", len(v.Contradictions))
	}
	return errors.Join(errs...)
}

type proofKeyCommand struct {
	Private string `required:"" help:"Where the private key goes; the service reads it by TWOLINE_PROOF_KEY_FILE. It must not exist yet."`
	Public  string `required:"" help:"Where the public key for the auditors goes. It must not exist yet."`
}

// Run makes the pair of keys by which proofs are signed and checked.
func (cmd *proofKeyCommand) Run(a *app) error {
	private, public, err := signature.NewKeyPair(rand.Reader)
	if err != nil {
		return err
	}
	key, err := cycle.ParseKey(private)
	if err != nil {
		return err
	}
	for _, one := range []struct {
		name    string
		content []byte
		mode    os.FileMode
	}{{cmd.Private, private, 0o600}, {cmd.Public, public, 0o644}} {
		f, err := os.OpenFile(one.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, one.mode)
		if err != nil {
			return hinted{errAdmin.With("%v", err), "a key is never written over; name a file that does not exist"}
		}
		_, err = f.Write(one.content)
		if err := errors.Join(err, f.Close()); err != nil {
			return errAdmin.With("write %s: %v", one.name, err)
		}
	}
	_, err = fmt.Fprintf(a.std.out, "key %s made\n%s", key.ID(), public)
	return err
}

// proofKey reads the key that signs proofs; nil is none.
func (c config) proofKey() (*cycle.Key, error) {
	if c.ProofKey == "" {
		return nil, nil //nolint:nilnil // no key is no error
	}
	key, err := cycle.ParseKey([]byte(c.ProofKey))
	if err != nil {
		return nil, hinted{errConfig.With("TWOLINE_PROOF_KEY: %v", err), "twoline admin proof-key makes one"}
	}
	return key, nil
}
