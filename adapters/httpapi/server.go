package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"

	"twoline/gateway/approval"
	"twoline/gateway/award"
	"twoline/gateway/bank"
	"twoline/gateway/casework"
	"twoline/gateway/collection"
	"twoline/gateway/disbursement"
	"twoline/gateway/feedback"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/ledger"
	"twoline/gateway/lifeevent"
	"twoline/gateway/personal"
	"twoline/gateway/registry"
	"twoline/gateway/report"
	"twoline/gateway/subsidy"
	"twoline/reconcile"
	"twoline/reconcile/bureau"
	"twoline/reconcile/business"
	"twoline/reconcile/cycle"
)

// Config is how the server behaves. The zero value is a usable default.
type Config struct {
	// PublicURL and UploadURL are what callers dial and sign, without a path, such
	// as "https://pay.example.cn". Empty means the listener's own address.
	PublicURL, UploadURL string
	// TLS is nil where a proxy before the gateway speaks it.
	TLS *TLS
	// Version is shown in the OpenAPI document and nowhere else.
	Version string
	// ReadTimeout bounds a whole request of the API, WriteTimeout an answer,
	// IdleTimeout a silent connection. An upload may be silent for ReadTimeout
	// between two reads. 0 is 30 s, 60 s and 60 s.
	ReadTimeout, WriteTimeout, IdleTimeout time.Duration
	// MaxUpload bounds an upload in bytes; 0 is 4 GiB.
	MaxUpload int64
	// Skew is how far a bank's clock may run ahead; 0 is 60 s, the most 300 s.
	Skew time.Duration
	// TrustedProxies are the addresses whose X-Forwarded-For is believed.
	TrustedProxies []string
	// ParallelLogins bounds password checks at one moment: each takes 64 MiB. 0 is 2.
	ParallelLogins int
	// Rate is how many requests a caller may make on one route in a minute, counted
	// here where no Limiter is set or it fails; 0 is 6 000.
	Rate int
	// Profiling adds /debug/pprof to the operations port.
	Profiling bool
	// Grace is how long Serve waits for running requests when it stops; 0 is 20 s.
	Grace time.Duration
}

// Dependencies are what the server calls. Log, Now and Callers are needed; a
// flow's Service that is nil leaves its routes out.
type Dependencies struct {
	Log *slog.Logger
	// Now is the wall clock: signatures, sessions.
	Now func() time.Time
	// Callers knows banks' keys, officers and sessions, and writes the audit trail.
	Callers Callers
	// Checks are what /readyz asks.
	Checks []Check
	// Hint saves work for requests that were answered before; nil is none.
	Hint Hint
	// Limiter counts over all processes; nil leaves each to its own count.
	Limiter Limiter
	// Collection is the money in, Counter its payments at counters and terminals,
	// Intake the files that banks send.
	Collection *collection.Service
	Counter    *collection.Counter
	Intake     *bank.Intake
	// Disbursement is the money out.
	Disbursement *disbursement.Service
	// Awards is what members are entitled to by the rules.
	Awards *award.Service
	// Transfers are the moves along the two lines, Ledger the book of the fund's accounts.
	Transfers *fundtransfer.Service
	Ledger    *ledger.Service
	// Reconcile is the proof that bank and book agree.
	Reconcile *reconcile.Service
	// Reports are the papers of a month, Papers how their tables become files.
	Reports *report.Service
	Papers  Papers
	// Feedback is what goes back down to townships and villages.
	Feedback *feedback.Service
	// Casework is what people decide: files set aside, silent items, cases.
	Casework *casework.Service
	// Personal is what years bring to members' personal accounts.
	Personal *personal.Service
	// Subsidies is government's money for base pensions.
	Subsidies *subsidy.Service
	// Registry is who and what the money belongs to.
	Registry *registry.Service
	// Life is what happens in members' lives: proofs of life, recoveries, heirs.
	Life *lifeevent.Service
	// Bureau compares with the finance bureau's journal, Records the records of the
	// business with the book.
	Bureau  *bureau.Service
	Records *business.Service
	// ProofKey signs cycle proofs; nil is none, and the signed form is refused.
	ProofKey *cycle.Key
	// Metrics is where the server counts and what /metrics shows; nil is a new one.
	Metrics *prometheus.Registry
}

// Listeners are where the server listens. Ops may be nil.
type Listeners struct{ API, Upload, Ops net.Listener }

// Server is the gateway's door. Make it with New, run it once with Serve.
type Server struct {
	config   Config
	deps     Dependencies
	sessions approval.SessionPolicy
	spec     *huma.OpenAPI
	document func() ([]byte, error)
	api      *door
	upload   *door
	table    []*entry
	logins   chan struct{}
	decoy    string
	// compare says whether a password is that of a hash.
	compare func(password, hash string) (bool, error)
	own     *localLimiter
	// followers has a place for each stream.
	followers chan struct{}
	metrics   *meters
	extra     func(*Server)
}

// door is one listener's application.
type door struct {
	app     *fiber.App
	api     huma.API
	upload  bool
	public  string
	scheme  string
	ownHost string
	conns   *connections
}

// New makes a server with all its routes. It panics on a route that does not
// say who may call it: that is a mistake of ours and never of a configuration.
func New(config Config, deps Dependencies) (*Server, error) { return newServer(config, deps, nil) }

func newServer(config Config, deps Dependencies, extra func(*Server)) (*Server, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	if deps.Log == nil || deps.Now == nil || deps.Callers == nil {
		return nil, errors.New("http server: Log, Now and Callers are needed")
	}
	if deps.Metrics == nil {
		deps.Metrics = prometheus.NewRegistry()
	}
	theHuma.Do(adoptHuma)
	s := &Server{
		config: config, deps: deps, sessions: approval.DefaultSessionPolicy(), spec: newSpec(config.Version),
		document: nil, api: nil, upload: nil, table: nil, logins: make(chan struct{}, config.ParallelLogins),
		decoy: "", compare: argon2id.ComparePasswordAndHash, own: newLocalLimiter(config.Rate),
		followers: make(chan struct{}, maxFollowers), metrics: nil, extra: extra,
	}
	if s.metrics, err = newMeters(deps.Metrics); err != nil {
		return nil, err
	}
	if s.decoy, err = theDecoy(); err != nil {
		return nil, err
	}
	s.api, s.upload = s.newDoor(false), s.newDoor(true)
	s.serviceRoutes()
	s.routes()
	return s, nil
}

func (c Config) withDefaults() (Config, error) {
	setDefault(&c.Version, "0")
	setDefault(&c.ReadTimeout, 30*time.Second)
	setDefault(&c.WriteTimeout, time.Minute)
	setDefault(&c.IdleTimeout, time.Minute)
	setDefault(&c.MaxUpload, 4<<30)
	setDefault(&c.Skew, time.Minute)
	setDefault(&c.ParallelLogins, 2)
	setDefault(&c.Rate, 6000)
	setDefault(&c.Grace, 20*time.Second)
	for _, public := range []string{c.PublicURL, c.UploadURL} {
		if public == "" {
			continue
		}
		u, err := url.Parse(public)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") ||
			(u.Path != "" && u.Path != "/") {
			return c, fmt.Errorf("http server: %q is not a URL of scheme and host", public)
		}
	}
	if c.TLS != nil {
		if err := c.TLS.check(); err != nil {
			return c, err
		}
	}
	if c.Skew < 0 || c.Skew > 300*time.Second {
		return c, fmt.Errorf("http server: skew %s is outside 0 to 300 s", c.Skew)
	}
	return c, nil
}

// scheme is what the listeners speak.
func (c Config) scheme() string {
	if c.TLS != nil {
		return "https"
	}
	return "http"
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (s *Server) newDoor(upload bool) *door {
	d := &door{
		app: fiber.New(s.fiberConfig(upload)), api: nil, upload: upload, public: "", scheme: "", ownHost: "",
		conns: newConnections(),
	}
	d.app.Server().ConnState = d.conns.note
	d.app.Use(func(c *fiber.Ctx) error { return s.edge(d, c) })
	d.api = huma.NewAPI(humaConfig(s.spec), &fiberAdapter{d.app})
	return d
}

// Serve answers until ctx ends, then lets running requests end within
// Config.Grace. It closes the listeners.
func (s *Server) Serve(ctx context.Context, l Listeners) error {
	if l.API == nil || l.Upload == nil {
		return errors.New("http server: the API and the upload listener are needed")
	}
	l.API, l.Upload = s.config.TLS.listener(l.API), s.config.TLS.listener(l.Upload)
	s.api.open(s.config.PublicURL, s.config.scheme(), l.API)
	s.upload.open(s.config.UploadURL, s.config.scheme(), l.Upload)
	s.fixSpec()
	failed := make(chan error, 3)
	for d, listener := range map[*door]net.Listener{s.api: l.API, s.upload: l.Upload} {
		handler := d.app.Handler()
		d.app.Server().Handler = s.gate(d, handler)
		go func() { failed <- d.app.Server().Serve(listener) }()
	}
	ops := s.opsServer()
	if l.Ops != nil {
		go func() {
			if err := ops.Serve(l.Ops); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		}()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.Grace)
	defer cancel()
	s.api.conns.close()
	s.upload.conns.close()
	err = errors.Join(err, s.api.app.Server().ShutdownWithContext(grace),
		s.upload.app.Server().ShutdownWithContext(grace), ops.Shutdown(grace))
	if err != nil {
		return fmt.Errorf("http server: %w", err)
	}
	return nil
}

// open fixes the address that callers dial and sign.
func (d *door) open(public, scheme string, l net.Listener) {
	if public == "" {
		public = scheme + "://" + l.Addr().String()
	}
	d.public = public
	// The URL was checked with the configuration.
	if u, err := url.Parse(public); err == nil {
		d.scheme, d.ownHost = u.Scheme, u.Host
	}
}
