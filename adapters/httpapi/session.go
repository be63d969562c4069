package httpapi

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/danielgtaylor/huma/v2"

	"twoline/gateway/approval"
	"twoline/gateway/fault"
)

// Session is a login that succeeded.
type Session struct {
	Token        string          `json:"token" doc:"Send it as Authorization: Bearer; it is shown once"`
	ExpiresAt    time.Time       `json:"expires_at" doc:"The session ends then, or earlier when idle"`
	IdleSeconds  int             `json:"idle_seconds" doc:"It ends after so many seconds without a request"`
	Login        string          `json:"login"`
	Organisation string          `json:"organisation"`
	Area         int             `json:"area" doc:"The pooling area; 0 for the system's administrators"`
	Duties       []approval.Duty `json:"duties" nullable:"false"`
}

type loginCommand struct {
	Body struct {
		Login    string `json:"login" minLength:"1" maxLength:"64"`
		Password string `json:"password" minLength:"1" maxLength:"256"`
	}
}

func (s *Server) sessionRoutes() {
	register(s, Route{
		Method: http.MethodPost, Path: "/v1/session", Summary: "Log in",
		Description: "Answers a bearer token. Five failures lock the login for 15 minutes; an unknown login, a wrong " +
			"password and a locked login are the same answer. Needs no Idempotency-Key.",
		Who: Anyone(), Status: http.StatusCreated,
	}, kindSession, func(*huma.Operation) {}, s.login)
	register(s, Route{
		Method: http.MethodDelete, Path: "/v1/session", Summary: "Log out",
		Description: "The session ends at once.", Who: LoggedIn(), Status: http.StatusNoContent,
	}, kindSession, func(*huma.Operation) {}, s.logout)
}

// login answers an unknown login after the work of a known one. A slot is held
// for each check, because each takes 64 MiB; who finds none within a moment is
// sent away before any attempt is counted.
func (s *Server) login(ctx context.Context, _ Call, in *loginCommand) (*body[Session], error) {
	wait := time.NewTimer(5 * time.Second)
	defer wait.Stop()
	select {
	case s.logins <- struct{}{}:
		defer func() { <-s.logins }()
	case <-wait.C:
		return nil, errRate.With("too many logins at this moment; try again")
	case <-ctx.Done():
		return nil, errDeadline.Because(ctx.Err())
	}
	hash, err := s.deps.Callers.BeginLogin(ctx, in.Body.Login, s.sessions)
	if err != nil && fault.KindOf(err) != fault.Unauthenticated {
		return nil, err
	}
	known := err == nil
	if !known {
		hash = s.decoy
	}
	match, err := s.compare(in.Body.Password, hash)
	if err != nil {
		return nil, fmt.Errorf("check a password: %w", err)
	}
	if !known || !match {
		return nil, errLogin
	}
	var token [32]byte
	_, _ = rand.Read(token[:]) // it never fails: crypto/rand ends the program instead
	officer, err := s.deps.Callers.OpenSession(ctx, in.Body.Login, sha256.Sum256(token[:]), s.sessions)
	if err != nil {
		if fault.KindOf(err) == fault.Unauthenticated {
			return nil, errLogin.Because(err)
		}
		return nil, err
	}
	duties := officer.Duties
	if duties == nil {
		duties = []approval.Duty{}
	}
	return &body[Session]{Session{
		Token:       base64.RawURLEncoding.EncodeToString(token[:]),
		ExpiresAt:   s.deps.Now().Add(s.sessions.Absolute).UTC().Truncate(time.Second),
		IdleSeconds: int(s.sessions.Idle / time.Second), Login: officer.Login,
		Organisation: string(officer.Organisation), Area: int(officer.Area), Duties: duties,
	}}, nil
}

func (s *Server) logout(ctx context.Context, c Call, _ *struct{}) (*struct{}, error) {
	return nil, s.deps.Callers.EndSession(ctx, c.token)
}

// theDecoy is what the password of an unknown login is compared with: the same
// work as that of a known one. Nobody sees it, so the process needs only one.
//
//nolint:gochecknoglobals // a hash takes a fifth of a second
var theDecoy = sync.OnceValues(func() (string, error) { return hashPassword("no officer has this password") })

// HashPassword makes what BeginLogin returns: argon2id with its parameters.
// It takes 64 MiB and a fifth of a second.
func HashPassword(password string) (string, error) { return hashPassword(password) }

func hashPassword(password string) (string, error) {
	hash, err := argon2id.CreateHash(password, argon2id.DefaultParams)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}
