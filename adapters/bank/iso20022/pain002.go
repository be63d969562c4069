package iso20022

import "twoline/gateway/bank"

// statusReport is pain.002: how far our payments or collections have come. A
// status may stand on the message, on a batch of it or on an item.
func statusReport() *element {
	item := box("TxInfAndSts",
		leaf("OrgnlPmtInfId", answerBatch), leaf("OrgnlInstrId", answerInstruction),
		leaf("OrgnlEndToEndId", answerEndToEnd), leaf("TxSts", answerStatus), reason("StsRsnInf"),
		leaf("AcctSvcrRef", answerReference), leaf("ClrSysRef", answerClearing), original(),
	).at(inItem).repeated()
	group := answered("OrgnlGrpInfAndSts", groupMessage, groupKind)
	group.kids = append(group.kids, leaf("OrgnlNbOfTxs", groupCount), leaf("OrgnlCtrlSum", groupSum),
		leaf("GrpSts", groupStatus), reason("StsRsnInf"), tallyOf("NbOfTxsPerSts"))
	return box("CstmrPmtStsRpt",
		box("GrpHdr", leaf("MsgId", replyID), leaf("CreDtTm", replyCreated)).at(inHeader),
		group.at(inGroup),
		box("OrgnlPmtInfAndSts", leaf("OrgnlPmtInfId", partID), leaf("OrgnlNbOfTxs", partCount),
			leaf("OrgnlCtrlSum", partSum), leaf("PmtInfSts", partStatus), reason("StsRsnInf"),
			tallyOf("NbOfTxsPerSts"), item).at(inBatch).repeated(),
	).at(inMessage)
}

// paymentStatus says what a status of pain.002 means; partial, that only the items
// say more. ACSC is the settlement on the debtor's side: it ends the item, which
// may still come back later by a return.
func paymentStatus(code string) (outcome bank.Outcome, partial, known bool) {
	switch code {
	case "ACSC", "ACCC":
		return bank.OutcomeSucceeded, false, true
	case "RJCT", "CANC":
		return bank.OutcomeFailed, false, true
	case "PART":
		return bank.OutcomePending, true, true
	case "RCVD", "ACTC", "ACCP", "ACWC", "ACSP", "ACFC", "ACWP", "ACPD", "BLCK", "PATC", "PDNG":
		return bank.OutcomePending, false, true
	}
	return bank.OutcomeUnknown, false, false
}
