package httpapi

// routes assembles the whole API. Each subject stands in its own file.
func (s *Server) routes() {
	s.sessionRoutes()
	s.withholdingRoutes()
	s.arrivalRoutes()
	s.contributionListRoutes()
	s.contributionRefundRoutes()
	s.caseworkRoutes()
	s.awardRoutes()
	s.disbursementRoutes()
	s.dueRoutes()
	s.registryRoutes()
	s.policyRoutes()
	s.holdRoutes()
	s.changeRoutes()
	s.openingRoutes()
	s.lifeRoutes()
	s.transferRoutes()
	s.fundingRoutes()
	s.ledgerRoutes()
	s.interestRoutes()
	s.subsidyRoutes()
	s.pensionSubsidyRoutes()
	s.entitlementRoutes()
	// A route's words stand before another's parameters: the first that fits is taken.
	s.ruleRoutes()
	s.statementRoutes()
	s.breakRoutes()
	s.reportRoutes()
	s.feedbackRoutes()
	s.bureauRoutes()
	s.recordRoutes()
	s.periodRoutes()
	if s.extra != nil {
		s.extra(s)
	}
}
