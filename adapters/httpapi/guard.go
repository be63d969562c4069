package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"log/slog"
	"mime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"twoline/adapters/httpapi/signature"
	"twoline/gateway/audit"
	"twoline/gateway/bank"
	"twoline/gateway/fault"
	"twoline/gateway/once"
)

// admit takes a request through every check before its handler runs:
//
//	who calls (signature or session) ─► may they (route table) ─► how often (limiter)
//	  ─► one Content-Type ─► strict JSON ─► single parameters ─► Idempotency-Key
//
// The returned Call names the caller as far as it is known, also on an error.
func (s *Server) admit(ctx context.Context, e *entry, fc *fiber.Ctx) (Call, error) {
	c := Call{RequestID: requestIDOf(ctx), unkept: new(bool)}
	if e.kind == kindUpload {
		c.body = s.uploadBodyOf(fc)
	}
	if !e.Who.anyone {
		if err := s.authenticate(ctx, e, fc, &c); err != nil {
			return c, err
		}
		if err := e.Who.allows(c); err != nil {
			return c, err
		}
	}
	if err := s.limit(ctx, e, fc, c); err != nil {
		return c, err
	}
	if err := checkParameters(fc); err != nil {
		return c, err
	}
	if err := checkBody(e, fc); err != nil {
		return c, err
	}
	if e.kind != kindCommand && e.kind != kindUpload {
		return c, nil
	}
	request, err := onceRequest(e, fc, c)
	c.Request = request
	return c, err
}

// authenticate finds out who calls. Any error refuses.
func (s *Server) authenticate(ctx context.Context, e *entry, fc *fiber.Ctx, c *Call) error {
	m := messageOf(e.door, fc)
	authorization := fc.Request().Header.PeekAll(fiber.HeaderAuthorization)
	signed := signature.Signed(m)
	switch {
	case signed && len(authorization) > 0, len(authorization) > 1:
		return errCredentials
	case signed:
		caller, err := s.verify(ctx, e, fc, m, c)
		c.Bank = caller
		return err
	case len(authorization) == 1:
		token, ok := bearer(string(authorization[0]))
		if !ok {
			return ErrUnauthenticated
		}
		officer, err := s.deps.Callers.OfficerOf(ctx, token, s.sessions)
		c.Officer, c.token = officer, token
		return err
	}
	return ErrUnauthenticated
}

// verify believes a signature, in the order of the signature package's page.
func (s *Server) verify(
	ctx context.Context, e *entry, fc *fiber.Ctx, m signature.Message, c *Call,
) (bank.Caller, error) {
	var nobody bank.Caller
	p, err := signature.Parse(m)
	if err != nil {
		return nobody, err
	}
	key, err := s.deps.Callers.BankKey(ctx, p.KeyID)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nobody, err
	}
	if key.ID != "" {
		c.claim = "key:" + key.ID
	}
	now := s.deps.Now()
	if err := p.Verify(verifier(key, now), now, s.config.Skew); err != nil {
		return nobody, err
	}
	if !strings.EqualFold(m.Authority, e.door.ownHost) {
		return nobody, errAuthority
	}
	if err := s.certified(fc, key.Bank); err != nil {
		return nobody, err
	}
	// An upload's digest is compared when its last byte has arrived.
	if p.ContentDigest != "" && e.kind != kindUpload {
		if err := signature.DigestOK(p.ContentDigest, sha256.Sum256(fc.Request().Body())); err != nil {
			return nobody, err
		}
	}
	if err := s.deps.Callers.UseNonce(ctx, key.ID, p.Nonce, p.KeepNonceUntil(s.config.Skew)); err != nil {
		return nobody, err
	}
	return bank.Caller{Code: key.Bank, KeyID: key.ID}, nil
}

// verifier makes the key that verifies, or the zero key where none may: the
// answer is then that of a wrong signature.
func verifier(k bank.Key, now time.Time) signature.Key {
	if !k.Usable(now) {
		return signature.Key{}
	}
	algorithm, err := signature.Standard().Find(k.Algorithm)
	if err != nil {
		return signature.Key{}
	}
	key, err := signature.NewVerifyingKey(k.ID, algorithm, k.Material)
	if err != nil {
		return signature.Key{}
	}
	return key
}

// messageOf shows the request to the signature as it stood on the wire.
func messageOf(d *door, fc *fiber.Ctx) signature.Message {
	r := fc.Request()
	path, query, _ := strings.Cut(string(r.Header.RequestURI()), "?")
	return signature.Message{
		Scheme: d.scheme, Method: string(r.Header.Method()), Authority: string(r.Header.Host()),
		Path: path, RawQuery: query, NoBody: hasNoBody(d, fc),
		Header: func(name string) []string {
			lines := r.Header.PeekAll(name)
			all := make([]string, len(lines))
			for i, line := range lines {
				all[i] = string(line)
			}
			return all
		},
	}
}

func hasNoBody(d *door, fc *fiber.Ctx) bool {
	if d.upload {
		return fc.Request().Header.ContentLength() == 0
	}
	return len(fc.Request().Body()) == 0
}

// bearer reads a session's token and returns its SHA-256, which is all that is stored.
func bearer(authorization string) ([32]byte, bool) {
	scheme, text, ok := strings.Cut(authorization, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return [32]byte{}, false
	}
	token, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(token) != 32 {
		return [32]byte{}, false
	}
	return sha256.Sum256(token), true
}

// checkParameters refuses a query parameter or a header of ours that stands
// twice: two readers may take different ones. A parameter is text, without the NUL
// that PostgreSQL stores in no text.
func checkParameters(fc *fiber.Ctx) error {
	seen := map[string]bool{}
	for key, value := range fc.Context().QueryArgs().All() {
		if seen[string(key)] {
			return errSingle
		}
		seen[string(key)] = true
		if !utf8.Valid(value) || bytes.IndexByte(value, 0) >= 0 {
			return errInput.With("a parameter holds bytes that are no text")
		}
	}
	for _, name := range []string{"Idempotency-Key", "Content-Digest"} {
		if len(fc.Request().Header.PeekAll(name)) > 1 {
			return errSingle
		}
	}
	return nil
}

// checkBody takes the Content-Types of the route, and for JSON only what every reader
// reads alike.
func checkBody(e *entry, fc *fiber.Ctx) error {
	if e.kind == kindUpload {
		return nil
	}
	content := fc.Request().Body()
	given := string(fc.Request().Header.ContentType())
	if len(content) == 0 && given == "" {
		return nil
	}
	media, params, err := mime.ParseMediaType(given)
	accepted := strings.Join(e.Accept, " or ")
	if err != nil || !slices.Contains(e.Accept, media) {
		return protocolProblem(fiber.StatusUnsupportedMediaType, errContentType.With("send %s", accepted))
	}
	if charset, ok := params["charset"]; len(params) > 1 || (len(params) == 1 && !ok) ||
		(ok && !strings.EqualFold(charset, "utf-8")) {
		return protocolProblem(fiber.StatusUnsupportedMediaType, errContentType.With("send %s in UTF-8", accepted))
	}
	if media == "application/json" && len(content) > 0 {
		return checkJSON(content)
	}
	return nil
}

// onceRequest identifies a command. The fingerprint covers all that decides the
// effect; of an upload's body it covers the announced digest.
func onceRequest(e *entry, fc *fiber.Ctx, c Call) (once.Request, error) {
	header := &fc.Request().Header
	r := once.Request{Caller: c.Name(), Route: e.name(), Key: string(header.Peek("Idempotency-Key"))}
	if err := once.CheckKey(r.Key); err != nil {
		return r, err
	}
	h := sha256.New()
	part := func(b []byte) {
		// Its length before each part: no other request has the same bytes in a row.
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(b))))
		h.Write(b)
	}
	part(header.Method())
	part(header.RequestURI())
	part(header.ContentType())
	if e.kind == kindUpload {
		sum, err := announcedDigest(fc)
		if err != nil {
			return r, err
		}
		part(sum)
	} else {
		part(fc.Request().Body())
	}
	copy(r.Fingerprint[:], h.Sum(nil))
	return r, nil
}

// report turns an error into the answer, and keeps for our log what the caller
// may not see.
func (s *Server) report(ctx context.Context, e *entry, err error) *Problem {
	p := problemOf(err, requestIDOf(ctx))
	level := slog.LevelInfo
	if p.Status >= fiber.StatusInternalServerError {
		level = slog.LevelError
	}
	s.deps.Log.LogAttrs(ctx, level, "request refused", slog.String("request_id", p.RequestID),
		slog.String("route", e.name()), slog.String("code", p.Code), slog.Any("error", err))
	return p
}

// auditRefusal writes down who was refused what. The refusal stands whether or
// not it can be written, so a failure is logged only.
func (s *Server) auditRefusal(ctx context.Context, e *entry, c Call, err error) {
	if _, ok := errors.AsType[*Problem](err); ok {
		return
	}
	switch fault.KindOf(err) { //nolint:exhaustive // only who and what
	case fault.Unauthenticated, fault.Forbidden, fault.NotFound:
	default:
		return
	}
	// Who shows no key of ours is in the log; rows for nobody would only fill the trail.
	actor := c.Name()
	if actor == "" {
		actor = c.claim
	}
	if actor == "" {
		return
	}
	row := audit.Row{
		Area: c.area(), Actor: actor, Person: c.Officer.Person, Action: e.name(), Object: objectOf(ctx),
		Result: audit.Refused, RequestID: c.RequestID, Detail: map[string]string{"code": fault.CodeOf(err)},
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := s.deps.Callers.Audit(ctx, row); err != nil {
		s.deps.Log.LogAttrs(ctx, slog.LevelError, "refusal not audited", slog.String("request_id", c.RequestID),
			slog.Any("error", err))
	}
}

func isFault(err error) bool {
	var f *fault.Error
	return errors.As(err, &f)
}
