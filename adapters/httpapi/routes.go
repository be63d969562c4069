package httpapi

// routes assembles the whole API. Each subject stands in its own file.
func (s *Server) routes() {
	s.sessionRoutes()
	s.withholdingRoutes()
	s.arrivalRoutes()
	s.caseworkRoutes()
	s.disbursementRoutes()
	s.registryRoutes()
	s.holdRoutes()
	s.changeRoutes()
	s.openingRoutes()
	s.transferRoutes()
	s.fundingRoutes()
	s.ledgerRoutes()
	s.statementRoutes()
	s.reportRoutes()
	if s.extra != nil {
		s.extra(s)
	}
}
