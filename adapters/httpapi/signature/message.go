package signature

import (
	"net/http"
	"strings"
)

// maxField bounds every part of a request that is signed, in bytes.
const maxField = 8 << 10

// Message is the part of a request that a signature sees. It is a plain value,
// so that any server or client can fill it from what it has on the wire.
type Message struct {
	// Scheme is "https" or "http" and decides which port is the default one;
	// empty is "https". Behind a proxy that ends TLS it is the public scheme.
	Scheme string
	// Method is the request's method as sent.
	Method string
	// Authority is the Host field, or :authority; host and optional port.
	Authority string
	// Path is the path as sent, percent-encoding untouched; empty is "/".
	Path string
	// RawQuery is the query as sent, without its question mark.
	RawQuery string
	// NoBody says that the request carries no content. Left false, the request
	// must carry Content-Digest: forgetting to set it refuses, never admits.
	NoBody bool
	// Header returns every line of one field in order. It is asked in lower
	// case and must find a field however it is written. Nil is no fields.
	Header func(name string) []string
}

// OfRequest describes a net/http request, received by a server or about to be
// sent by a client. The scheme of a received request follows from its TLS
// state; behind a proxy set Message.Scheme afterwards.
func OfRequest(r *http.Request) Message {
	m := Message{
		Scheme: "http", Method: r.Method, Authority: r.Host, Path: "", RawQuery: "",
		NoBody: r.Body == nil || r.Body == http.NoBody, Header: r.Header.Values,
	}
	if r.RequestURI != "" { // received: the target as it stood on the wire
		if r.TLS != nil {
			m.Scheme = "https"
		}
		m.Path, m.RawQuery = SplitTarget(r.RequestURI)
		return m
	}
	if m.Method == "" {
		m.Method = http.MethodGet
	}
	if m.Authority == "" {
		m.Authority = r.URL.Host
	}
	m.Scheme, m.Path, m.RawQuery = strings.ToLower(r.URL.Scheme), r.URL.EscapedPath(), r.URL.RawQuery
	if r.URL.Opaque != "" {
		m.Path = "opaque" // no slash, so refused: such a target goes out in a form of its own
	}
	return m
}

// Signed says whether a request carries any part of a signature, so that a
// server can tell a bank's request from an officer's session.
func Signed(m Message) bool {
	return len(m.lines("signature-input")) > 0 || len(m.lines("signature")) > 0
}

// SplitTarget cuts a request target, as it stood on the wire, into Path and
// RawQuery of a Message; an absolute target loses its scheme and authority.
func SplitTarget(target string) (path, query string) {
	path, query, _ = strings.Cut(target, "?")
	if strings.HasPrefix(path, "/") {
		return path, query
	}
	_, rest, absolute := strings.Cut(path, "://")
	if !absolute {
		return path, query
	}
	i := strings.IndexByte(rest, '/')
	if i < 0 {
		return "", query
	}
	return rest[i:], query
}

// component is one line of the signature base: a covered part and its value.
type component struct{ name, value string }

// components lists what a signature of this message covers, in the profile's
// order, with values ready for the signature base.
func (m Message) components() ([]component, error) {
	authority, ok := normalAuthority(m.Scheme, m.Authority)
	if !ok {
		return nil, ErrMalformed.With("the authority is not a host with an optional port")
	}
	path := m.Path
	if path == "" {
		path = "/"
	}
	if !isToken(m.Method) || path[0] != '/' || !isTarget(path, "#?") || !isTarget(m.RawQuery, "#") {
		return nil, ErrMalformed.With("method, path or query holds what the profile does not allow")
	}
	list := make([]component, 0, 7)
	list = append(list,
		component{"@method", m.Method}, component{"@authority", authority},
		component{"@path", path}, component{"@query", "?" + m.RawQuery})
	for _, name := range [...]string{"content-type", "content-digest", "idempotency-key"} {
		lines := m.lines(name)
		if len(lines) == 0 {
			continue
		}
		if len(lines) > 1 && name != "content-type" {
			return nil, ErrDuplicate.With("%s may stand only once", name)
		}
		value, err := joinLines(lines)
		if err != nil {
			return nil, err
		}
		list = append(list, component{name, value})
	}
	return list, nil
}

// contentDigest returns the message's Content-Digest, already known to carry a
// sha-256, or "" where the message neither has nor needs one.
func contentDigest(m Message, list []component) (string, error) {
	for _, c := range list {
		if c.name != "content-digest" {
			continue
		}
		_, err := sha256Of(c.value)
		return c.value, err
	}
	if m.NoBody {
		return "", nil
	}
	return "", ErrMalformed.With("a request with a body needs Content-Digest")
}

func (m Message) lines(name string) []string {
	if m.Header == nil {
		return nil
	}
	return m.Header(name)
}

// joinLines makes one value of a field's lines: each trimmed, joined by a
// comma and a space. Anything but printable ASCII is refused, and with it a
// folded line, because a reader that unfolds would see other text than we sign.
func joinLines(lines []string) (string, error) {
	trimmed := make([]string, len(lines))
	size := 0
	for i, line := range lines {
		line = strings.Trim(line, " \t")
		size += len(line) + 2
		if line == "" || size > maxField+2 || !isPrintable(line) {
			return "", ErrMalformed.With("a signed field is empty, too long or not printable ASCII on one line")
		}
		trimmed[i] = line
	}
	return strings.Join(trimmed, ", "), nil
}

// normalAuthority lowers the host and drops the scheme's default port, as RFC
// 9421 section 2.2.3 asks.
func normalAuthority(scheme, authority string) (string, bool) {
	standard := "443"
	switch scheme {
	case "", "https":
	case "http":
		standard = "80"
	default:
		return "", false
	}
	if len(authority) > 261 { // a name of 255, a colon, a port of 5
		return "", false
	}
	host, port := strings.ToLower(authority), ""
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host, port = host[:i], host[i+1:]
	}
	if !isHost(host) || len(port) > 5 || strings.Trim(port, "0123456789") != "" {
		return "", false
	}
	if port == "" || port == standard {
		return host, true
	}
	return host + ":" + port, true
}

// isHost takes a lower-case name, an IPv4 address or a bracketed IPv6 address.
func isHost(host string) bool {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		return ok && inner != "" && strings.Trim(inner, "0123456789abcdef:.") == ""
	}
	for i := range len(host) {
		c := host[i]
		if !isAlphanumeric(c) && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return host != ""
}

func isToken(s string) bool {
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && strings.IndexByte("!#$%&'*+-.^_`|~", s[i]) < 0 {
			return false
		}
	}
	return s != "" && len(s) <= 32
}

// isTarget takes visible ASCII without the given separators: a line end here
// could forge a line of the signature base.
func isTarget(s, separators string) bool {
	return len(s) <= maxField && isVisible(s) && !strings.ContainsAny(s, separators)
}

func isVisible(s string) bool { return isPrintable(s) && strings.IndexByte(s, ' ') < 0 }

func isPrintable(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
