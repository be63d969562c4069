package simbank

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// ErrUnreachable is that the gateway gave no answer that decides anything; the
// same request, under its key, is made again by a later Step.
var ErrUnreachable = errors.New("the gateway gave no answer")

// RefusalError is the gateway's definite no to a request. It is never tried again.
type RefusalError struct {
	// Status is the HTTP status.
	Status int
	// Code, Detail, Field and Line are the problem's own words.
	Code, Detail, Field string
	Line                int
}

// Error returns status, code and sentence.
func (r *RefusalError) Error() string {
	return fmt.Sprintf("the gateway refused (%d %s): %s", r.Status, r.Code, r.Detail)
}

const (
	firstPause  = 200 * time.Millisecond
	longestWait = 30 * time.Second
	// maxAnswer bounds an answer that is read into memory.
	maxAnswer = 16 << 20
)

// client makes requests and repeats what has not been decided. It is safe for
// concurrent use.
type client struct {
	http     *http.Client
	seed     seed
	attempts int
	sleep    func(context.Context, time.Duration) error
}

// request is one logical request: whatever its number of attempts, its key and
// its bytes stay the same. Each attempt is signed anew by the transport.
type request struct {
	method, url, contentType, key string
	body                          []byte
}

// do returns the body of a success, a *RefusalError, or ErrUnreachable.
func (c *client) do(ctx context.Context, r request) ([]byte, error) {
	var answer []byte
	err := c.try(ctx, r, func(response *http.Response) (err error) {
		answer, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
		if err == nil && len(answer) > maxAnswer {
			return errors.New("the answer is longer than 16 MiB")
		}
		return err
	})
	return answer, err
}

// try makes attempts until one is decided. read gets each success; its error
// counts as a broken connection, so it starts afresh every time.
func (c *client) try(ctx context.Context, r request, read func(*http.Response) error) error {
	var last error
	for attempt := range c.attempts {
		wait, err := c.once(ctx, r, read)
		var refusal *RefusalError
		if err == nil || errors.As(err, &refusal) || ctx.Err() != nil {
			return err
		}
		last = err
		if attempt+1 == c.attempts {
			break
		}
		if err := c.sleep(ctx, c.pause(r, attempt, wait)); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w to %s %s: %w", ErrUnreachable, r.method, r.url, last)
}

// pause doubles with each attempt, up to as much again by the seed; what the
// gateway itself asked for comes first.
func (c *client) pause(r request, attempt int, asked time.Duration) time.Duration {
	if asked > 0 {
		return min(asked, longestWait)
	}
	base := min(firstPause<<attempt, longestWait/2)
	jitter := c.seed.below(int(base/time.Millisecond), "pause", r.key, r.url, number(attempt))
	return base + time.Duration(jitter)*time.Millisecond
}

func (c *client) once(ctx context.Context, r request, read func(*http.Response) error) (time.Duration, error) {
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	q, err := http.NewRequestWithContext(ctx, r.method, r.url, body)
	if err != nil {
		return 0, &RefusalError{Code: "bad_request", Detail: err.Error()}
	}
	if r.method == http.MethodPut && len(r.body) == 0 {
		// An empty file is announced like every other; net/http shows no body to whoever signs.
		sum := sha256.Sum256(nil)
		q.Header.Set("Content-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":")
	}
	if r.contentType != "" {
		q.Header.Set("Content-Type", r.contentType)
	}
	if r.key != "" {
		q.Header.Set("Idempotency-Key", r.key)
	}
	response, err := c.http.Do(q)
	if err != nil {
		return 0, err
	}
	if response.StatusCode/100 == 2 {
		return 0, errors.Join(read(response), response.Body.Close())
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return 0, err
	}
	return retryAfter(response), decided(response.StatusCode, text)
}

// decided turns an answer that is no success into a *RefusalError, or into an error
// that another try may end: a server's failure, a request that is still running,
// a rate, a time-out, a nonce that the HTTP client itself sent twice when a
// connection broke: every try is signed anew.
func decided(status int, text []byte) error {
	p := wireProblem{}
	if err := json.Unmarshal(text, &p); err != nil {
		p.Code = "http_" + number(status)
	}
	again := status >= 500 || status == http.StatusRequestTimeout || status == http.StatusTooManyRequests ||
		status == http.StatusConflict && p.Code == codeInProgress ||
		status == http.StatusUnauthorized && p.Code == codeNonceReplayed
	if again {
		return fmt.Errorf("status %d, %s", status, p.Code)
	}
	return &RefusalError{Status: status, Code: p.Code, Detail: p.Detail, Field: p.Field, Line: p.Line}
}

func retryAfter(r *http.Response) time.Duration {
	seconds, err := strconv.Atoi(r.Header.Get("Retry-After"))
	if err != nil || seconds < 0 || seconds > 3600 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// get asks for JSON.
func (c *client) get(ctx context.Context, url string, out any) error {
	body, err := c.do(ctx, request{method: http.MethodGet, url: url})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("read the answer to GET %s: %w", url, err)
	}
	return nil
}

// wait is the pause of a bank that nobody gave another.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
