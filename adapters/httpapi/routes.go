package httpapi

// routes assembles the whole API. Each subject stands in its own file.
func (s *Server) routes() {
	s.sessionRoutes()
	s.withholdingRoutes()
	s.registryRoutes()
	s.openingRoutes()
	s.transferRoutes()
	s.ledgerRoutes()
	s.statementRoutes()
	if s.extra != nil {
		s.extra(s)
	}
}
