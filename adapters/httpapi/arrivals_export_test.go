package httpapi

// ArrivalRoutes registers the routes of arrivals.go where they are not yet.
func (s *Server) ArrivalRoutes() {
	for _, e := range s.table {
		if e.Path == "/v1/cases" {
			return
		}
	}
	s.arrivalRoutes()
}
