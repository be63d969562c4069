package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// meters count by route pattern and status, never by caller or id.
type meters struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newMeters(r *prometheus.Registry) (*meters, error) {
	m := &meters{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "twoline_http_requests_total", Help: "Requests by route and status.",
		}, []string{"route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "twoline_http_request_seconds", Help: "Time to answer by route.", Buckets: prometheus.DefBuckets,
		}, []string{"route"}),
	}
	for _, c := range []prometheus.Collector{m.requests, m.duration} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("register the server's metrics: %w", err)
		}
	}
	return m, nil
}

// settle logs and counts a request that was answered.
func (s *Server) settle(ctx context.Context, d *door, c *fiber.Ctx, id string, started time.Time) {
	route := "none"
	if r := c.Route(); r != nil && r.Path != "/" {
		route = r.Method + " " + r.Path
	}
	took, status := s.deps.Now().Sub(started), c.Response().StatusCode()
	s.metrics.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	s.metrics.duration.WithLabelValues(route).Observe(took.Seconds())
	s.deps.Log.LogAttrs(ctx, slog.LevelInfo, "request answered", slog.String("request_id", id),
		slog.String("route", route), slog.Int("status", status), slog.Duration("took", took),
		slog.Bool("upload", d.upload))
}

// opsServer is for those who run the service: it listens where nobody else reaches.
func (s *Server) opsServer() *http.Server {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.deps.Metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"status":"alive"}`))
	})
	if s.config.Profiling {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return &http.Server{
		Handler: mux, ReadTimeout: s.config.ReadTimeout, ReadHeaderTimeout: s.config.ReadTimeout,
		WriteTimeout: 2 * time.Minute, IdleTimeout: s.config.IdleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(s.deps.Log.Handler(), slog.LevelWarn),
	}
}
