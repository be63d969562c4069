package iso20022

import "twoline/gateway/bank"

// paymentReturn is pacs.004: payments that came back after they had been settled.
func paymentReturn() *element {
	group := answered("OrgnlGrpInf", groupMessage, groupKind)
	group.kids = append(group.kids, reason("RtrRsnInf"))
	item := box("TxInf",
		leaf("RtrId", answerReference), answered("OrgnlGrpInf", answerMessage, answerKind),
		leaf("OrgnlInstrId", answerInstruction), leaf("OrgnlEndToEndId", answerEndToEnd),
		leaf("OrgnlIntrBkSttlmAmt", answerOriginal), leaf("RtrdIntrBkSttlmAmt", answerAmount),
		leaf("IntrBkSttlmDt", answerDay), reason("RtrRsnInf"), returned(),
	).at(inItem).repeated()
	return box("PmtRtr",
		box("GrpHdr", leaf("MsgId", replyID), leaf("CreDtTm", replyCreated), leaf("NbOfTxs", replyCount),
			leaf("CtrlSum", replySum), leaf("GrpRtr", replyWhole), leaf("TtlRtrdIntrBkSttlmAmt", replyTotal),
			leaf("IntrBkSttlmDt", replyDay)).at(inHeader),
		group.at(inGroup), item,
	).at(inMessage)
}

// returned is the parties of what came back; its amounts and day are the return's own.
func returned() *element {
	return box("OrgnlTxRef",
		party("Dbtr", answerDebtor), box("DbtrAcct", accountID(answerDebtorAccount)),
		party("Cdtr", answerCreditor), box("CdtrAcct", accountID(answerCreditorAccount)))
}

// returnStatus is what a return means for the payment: its money did not stay.
// The message has no word for it.
func returnStatus(string) (outcome bank.Outcome, partial, known bool) {
	return bank.OutcomeFailed, false, true
}
