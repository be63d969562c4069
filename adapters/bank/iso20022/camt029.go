package iso20022

import "twoline/gateway/bank"

// resolution is camt.029: what became of our request to cancel payments.
func resolution() *element {
	batchItem := func() *element {
		return box("TxInfAndSts",
			answered("OrgnlGrpInf", answerMessage, answerKind), leaf("OrgnlInstrId", answerInstruction),
			leaf("OrgnlEndToEndId", answerEndToEnd), leaf("TxCxlSts", answerStatus), reason("CxlStsRsnInf"),
			leaf("OrgnlInstdAmt", answerAmount), leaf("OrgnlIntrBkSttlmAmt", answerAmount),
			leaf("OrgnlClrSysRef", answerClearing), original()).at(inItem).repeated()
	}
	group := answered("OrgnlGrpInfAndSts", groupMessage, groupKind)
	group.kids = append(group.kids, leaf("OrgnlNbOfTxs", groupCount), leaf("OrgnlCtrlSum", groupSum),
		leaf("GrpCxlSts", groupStatus), reason("CxlStsRsnInf"))
	batch := box("OrgnlPmtInfAndSts", leaf("OrgnlPmtInfId", partID),
		answered("OrgnlGrpInf", partMessage, partKind), leaf("OrgnlNbOfTxs", partCount),
		leaf("OrgnlCtrlSum", partSum), leaf("PmtInfCxlSts", partStatus), reason("CxlStsRsnInf"),
		tallyOf("NbOfTxsPerCxlSts"), batchItem()).at(inBatch).repeated()
	return box("RsltnOfInvstgtn",
		box("Assgnmt", leaf("Id", replyID), leaf("CreDtTm", replyCreated)).at(inHeader),
		box("Sts", leaf("Conf", replyStatus)).at(inVerdict),
		box("CxlDtls", group.at(inGroup), batch, batchItem()).at(inDetails).repeated(),
	).at(inMessage)
}

// cancelStatus says what the answer to a request to cancel means for the payment
// itself, and never for the request: a payment that was cancelled has failed, and
// one whose cancelling was refused stands, however it ended.
func cancelStatus(code string) (outcome bank.Outcome, partial, known bool) {
	switch code {
	case "CNCL", "ACCR":
		return bank.OutcomeFailed, false, true
	case "PACR", "PECR":
		return bank.OutcomePending, true, true
	case "PDCR":
		return bank.OutcomePending, false, true
	case "RJCR":
		return bank.OutcomeUnknown, false, true
	}
	return bank.OutcomeUnknown, false, false
}
