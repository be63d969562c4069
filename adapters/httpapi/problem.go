package httpapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/valyala/fasthttp"

	"twoline/gateway/collection"
	"twoline/gateway/fault"
	"twoline/gateway/registry"
)

const problemType = "application/problem+json"

// Problem is the body of every refusal (RFC 9457).
type Problem struct { //nolint:errname // the name that RFC 9457 gives it
	Type      string `json:"type" doc:"Where the code is explained" example:"/docs/errors#idempotency_key_reused"`
	Title     string `json:"title" doc:"The status in words" example:"Unprocessable Entity"`
	Status    int    `json:"status" doc:"The HTTP status" example:"422"`
	Code      string `json:"code" doc:"Stable; test this and nothing else" example:"idempotency_key_reused"`
	Detail    string `json:"detail" doc:"A sentence for people"`
	Field     string `json:"field,omitempty" doc:"The offending field" example:"results[3].amount"`
	Line      int    `json:"line,omitempty" doc:"The offending line, counted from 1"`
	Subject   string `json:"subject,omitempty" doc:"The id that the caller needs next"`
	RequestID string `json:"request_id" doc:"Name it when you ask us about this answer"`
	// Lines are those of a file that was refused for them.
	Lines []ImportLine `json:"lines,omitempty" doc:"Of a refused import or list: its lines' answers, at most 1 000"`

	retryAfter int
	allow      string
	cause      error
}

// Error returns code and sentence.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType replaces JSON by the type of problems.
func (p *Problem) ContentType(string) string { return problemType }

// GetHeaders returns the fields that go with the status.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter > 0 {
		h.Set(fasthttp.HeaderRetryAfter, strconv.Itoa(p.retryAfter))
	}
	if p.allow != "" {
		h.Set(fasthttp.HeaderAllow, p.allow)
	}
	if p.Status == http.StatusUnauthorized {
		h.Set(fasthttp.HeaderWWWAuthenticate, `Signature, Bearer realm="twoline"`)
	}
	return h
}

// statusOf is the one place where a kind of fault becomes a status.
func statusOf(kind fault.Kind) int {
	switch kind {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Unprocessable:
		return http.StatusUnprocessableEntity
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.TooMany:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.Internal:
		return http.StatusInternalServerError
	}
	return http.StatusInternalServerError
}

// problemOf turns any error into what the caller may know of it. The text of an
// internal error, and every cause, stays with us.
func problemOf(err error, requestID string) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		c := *p
		c.RequestID = requestID
		return &c
	}
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind == fault.Internal {
		f = errInternal.Because(err)
	}
	status := statusOf(f.Kind)
	var lines []ImportLine
	if refused, ok := errors.AsType[*registry.RefusedFileError](err); ok {
		lines = viewLines(refused.Report)
	}
	if refused, ok := errors.AsType[*collection.RefusedLinesError](err); ok {
		lines = viewRefusedLines(refused)
	}
	return &Problem{
		Type: typeOf(f.Code), Title: http.StatusText(status), Status: status, Code: f.Code, Detail: f.Text,
		Field: f.Field, Line: f.Line, Subject: f.Subject, RequestID: requestID,
		Lines: lines, retryAfter: f.RetryAfter, allow: "", cause: err,
	}
}

func typeOf(code string) string { return "/docs/errors#" + code }

// protocolProblem answers what HTTP itself refuses, with a status of its own.
func protocolProblem(status int, e *fault.Error) *Problem {
	p := problemOf(e, "")
	p.Status, p.Title = status, http.StatusText(status)
	return p
}

// write sends the problem in place of whatever was answered before.
func (p *Problem) write(c *fasthttp.RequestCtx) {
	text, err := json.Marshal(p)
	if err != nil {
		text = nil // a struct of strings and numbers
	}
	header := &c.Response.Header
	for name, values := range p.GetHeaders() {
		header.Set(name, values[0])
	}
	c.Response.SetStatusCode(p.Status)
	c.Response.SetBody(text)
	header.SetContentType(problemType)
}

// adoptHuma makes huma speak in our problems and compare field names by case.
// Both are variables of its package, so they are set once for the process,
// before the first API is made.
func adoptHuma() {
	huma.ValidateStrictCasing = true
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return humaProblem("", status, message, errs)
	}
	huma.NewErrorWithContext = func(c huma.Context, status int, message string, errs ...error) huma.StatusError {
		return humaProblem(requestIDOf(c.Context()), status, message, errs)
	}
}

//nolint:gochecknoglobals // the process has one huma package
var theHuma sync.Once

// humaProblem keeps of huma's errors the place and the rule, never the value.
func humaProblem(requestID string, status int, message string, errs []error) *Problem {
	for _, err := range errs {
		var p *Problem
		var f *fault.Error
		if errors.As(err, &p) || errors.As(err, &f) {
			return problemOf(err, requestID)
		}
	}
	switch status {
	case http.StatusRequestEntityTooLarge:
		return problemOf(errBodyTooLarge, requestID)
	case http.StatusUnsupportedMediaType:
		return withRequest(protocolProblem(status, errContentType), requestID)
	}
	if status >= http.StatusInternalServerError {
		return problemOf(errors.Join(append(errs, errors.New(message))...), requestID)
	}
	refusal := errInput
	for _, err := range errs {
		var d huma.ErrorDetailer
		if errors.As(err, &d) {
			refusal = explain(d.ErrorDetail())
			break
		}
	}
	if len(errs) == 0 && message == "request body is required" {
		refusal = errInput.With("the request needs a body")
	}
	return problemOf(refusal, requestID)
}

func withRequest(p *Problem, id string) *Problem {
	p.RequestID = id
	return p
}

// explain names the field, and the line where the field stands in a list.
func explain(d *huma.ErrorDetail) *fault.Error {
	place := strings.TrimPrefix(strings.TrimPrefix(d.Location, "body"), ".")
	for _, prefix := range []string{"query.", "path.", "header."} {
		place = strings.TrimPrefix(place, prefix)
	}
	text := d.Message
	if text == "unexpected property" {
		text = "this field is not known"
	}
	if !isFieldPath(place) {
		// The name itself came from the caller and may be anybody's data.
		place = ""
	}
	e := errInput.With("%s", text).On(place)
	if line, ok := lineOf(place); ok {
		e = e.At(line)
	}
	return e
}

func isFieldPath(s string) bool {
	if len(s) > 120 {
		return false
	}
	ok, _ := regexp.MatchString(`^[a-zA-Z_][a-zA-Z_-]*(\[\d{1,5}\])?(\.[a-zA-Z_][a-zA-Z_-]*(\[\d{1,5}\])?)*$`, s)
	return ok
}

func lineOf(place string) (int, bool) {
	open, shut := strings.IndexByte(place, '['), strings.IndexByte(place, ']')
	if open < 0 || shut < open {
		return 0, false
	}
	n, err := strconv.Atoi(place[open+1 : shut])
	return n + 1, err == nil
}
