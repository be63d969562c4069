package httpapi

import (
	"sort"
	"time"

	"github.com/gofiber/fiber/v2"

	"twoline/gateway/approval"
)

// NewWithRoutes makes a server with further routes, for tests of the door.
func NewWithRoutes(c Config, d Dependencies, extra func(*Server)) (*Server, error) {
	return newServer(c, d, extra)
}

// OnPasswordCheck calls fn with each hash that a password is compared with. It has to be
// set before the server serves.
func (s *Server) OnPasswordCheck(fn func(hash string)) {
	compare := s.compare
	s.compare = func(password, hash string) (bool, error) {
		fn(hash)
		return compare(password, hash)
	}
}

// Check says what New would refuse of a configuration.
func (c Config) Check() error {
	_, err := c.withDefaults()
	return err
}

// CheckJSON is the strict reader's check.
func CheckJSON(b []byte) error { return checkJSON(b) }

// RouteInfo is one row of the route table, for the generated tests.
type RouteInfo struct {
	Method, Path       string
	Upload, Service    bool
	Anyone, Banks, Any bool
	Keyed              bool
	Allows             func(approval.Duty, approval.Organisation) bool
}

// Table lists the registered routes.
func (s *Server) Table() []RouteInfo {
	var all []RouteInfo
	for _, e := range s.table {
		all = append(all, RouteInfo{
			Method: e.Method, Path: e.Path, Upload: e.kind == kindUpload, Service: e.kind == kindService,
			Anyone: e.Who.anyone, Banks: e.Who.banks, Any: e.Who.logged,
			Keyed: e.kind == kindCommand || e.kind == kindUpload,
			Allows: func(d approval.Duty, o approval.Organisation) bool {
				who := approval.Officer{Login: "x", Organisation: o, Duties: []approval.Duty{d}}
				return e.Who.allows(Call{Officer: who}) == nil
			},
		})
	}
	return all
}

// Routed lists what the routers would serve: "METHOD /path".
func (s *Server) Routed() []string {
	var all []string
	for _, d := range []*door{s.api, s.upload} {
		for _, r := range d.app.GetRoutes(true) {
			all = append(all, r.Method+" "+r.Path)
		}
	}
	sort.Strings(all)
	return all
}

// FiberPath is a route's path as the router writes it.
func FiberPath(p string) string { return fiberPath(p) }

// ForgetIdleWorkers ends the workers of a listener that waited so long for a connection.
func (s *Server) ForgetIdleWorkers(after time.Duration) {
	for _, d := range []*door{s.api, s.upload} {
		d.app.Server().MaxIdleWorkerDuration = after
	}
}

// AddHidden puts a route into the router that the route table does not know.
func (s *Server) AddHidden(path string) {
	s.api.app.Get(path, func(c *fiber.Ctx) error { return c.SendString("hidden") })
}
