package httpapi

// routes assembles the whole API. Each subject stands in its own file.
func (s *Server) routes() {
	s.sessionRoutes()
	s.withholdingRoutes()
	s.arrivalRoutes()
	s.caseworkRoutes()
	s.disbursementRoutes()
	s.dueRoutes()
	s.registryRoutes()
	s.holdRoutes()
	s.changeRoutes()
	s.openingRoutes()
	s.transferRoutes()
	s.fundingRoutes()
	s.ledgerRoutes()
	// A route's words stand before another's parameters: the first that fits is taken.
	s.ruleRoutes()
	s.statementRoutes()
	s.breakRoutes()
	s.reportRoutes()
	s.bureauRoutes()
	s.recordRoutes()
	s.periodRoutes()
	if s.extra != nil {
		s.extra(s)
	}
}
