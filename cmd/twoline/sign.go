package main

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"twoline/adapters/httpapi/signature"
	"twoline/gateway/fault"
)

// signCommand signs one request and prints its headers, one a line, so that a
// script can pass them to curl with -H @file.
type signCommand struct {
	KeyID          string        `required:"" name:"key-id" help:"The id that the gateway knows the key by."`
	KeyFile        string        `required:"" name:"key-file" help:"PEM private key (ed25519), or one base64 line (hmac)."`
	Method         string        `default:"GET" help:"The request's method."`
	URL            string        `required:"" name:"url" help:"The whole URL as it will be sent."`
	Body           string        `help:"File that holds the body; - is standard input."`
	ContentType    string        `default:"application/json" help:"Content-Type of the body."`
	IdempotencyKey string        `name:"idempotency-key" help:"Needed by every POST, PUT and PATCH."`
	Lifetime       time.Duration `default:"60s" help:"How long the signature is good; at most 300s."`
}

var errSign = fault.New(fault.Invalid, "sign", "the request cannot be signed")

// Run prints the headers.
func (cmd *signCommand) Run(a *app) error {
	content, err := os.ReadFile(cmd.KeyFile)
	if err != nil {
		return errSign.With("--key-file: %v", err)
	}
	key, err := signature.ParseKeyFile(cmd.KeyID, content)
	if err != nil {
		return err
	}
	u, err := url.Parse(cmd.URL)
	if err != nil || u.Host == "" {
		return errSign.With("--url needs a scheme and a host, such as https://pay.example.cn/v1/arrivals")
	}
	r, err := http.NewRequestWithContext(a.ctx, cmd.Method, cmd.URL, http.NoBody)
	if err != nil {
		return errSign.With("--method or --url: %v", err)
	}
	if cmd.IdempotencyKey != "" {
		r.Header.Set("Idempotency-Key", cmd.IdempotencyKey)
	}
	m := signature.OfRequest(r)
	if cmd.Body != "" {
		digest, err := cmd.digest(a)
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", cmd.ContentType)
		r.Header.Set("Content-Digest", digest)
		m.NoBody = false
	}
	nonce, err := signature.NewNonce(rand.Reader)
	if err != nil {
		return fmt.Errorf("make nonce: %w", err)
	}
	now := wallClocks().now()
	headers, err := signature.Sign(m, key, signature.Params{Created: now, Expires: now.Add(cmd.Lifetime), Nonce: nonce})
	if err != nil {
		return err
	}
	headers.Apply(r.Header)
	var errs []error
	for _, name := range []string{
		"Content-Type", "Content-Digest", "Idempotency-Key", "Signature-Input", "Signature",
	} {
		if v := r.Header.Get(name); v != "" {
			_, err := fmt.Fprintf(a.std.out, "%s: %s\n", name, v)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (cmd *signCommand) digest(a *app) (string, error) {
	body := a.std.in
	if cmd.Body != "-" {
		f, err := os.Open(cmd.Body)
		if err != nil {
			return "", errSign.With("--body: %v", err)
		}
		defer f.Close() //nolint:errcheck // read only
		body = f
	}
	h := sha256.New()
	if _, err := io.Copy(h, body); err != nil {
		return "", fmt.Errorf("read body: %w", err)
	}
	return signature.ContentDigest([sha256.Size]byte(h.Sum(nil))), nil
}
