package iso20022

// What the texts of a file of answers mean: of the file, of our message that is
// answered, of a batch of it, of an item, of a reason.
const (
	replyID field = iota + 1
	replyCreated
	replyCount
	replySum
	replyTotal
	replyDay
	replyWhole
	replyStatus
	groupMessage
	groupKind
	groupCount
	groupSum
	groupStatus
	partID
	partMessage
	partKind
	partCount
	partSum
	partStatus
	answerMessage
	answerKind
	answerBatch
	answerInstruction
	answerEndToEnd
	answerStatus
	answerReference
	answerClearing
	answerAmount
	answerOriginal
	answerDay
	answerDebtor
	answerDebtorAccount
	answerCreditor
	answerCreditorAccount
	reasonCode
	reasonText
	tallyCount
	tallyStatus
	resultFields // how many there are
)

// answers is the tree of the known elements of the messages that answer, of
// every version in one.
func answers() *element {
	return box("Document", statusReport(), paymentReturn(), resolution())
}

// reason is why a status is what it is; there may be several.
func reason(name string) *element {
	return box(name, box("Rsn", leaf("Cd", reasonCode), leaf("Prtry", reasonCode)),
		leaf("AddtlInf", reasonText).repeated()).at(inReason).repeated()
}

// tally says how many items have a status.
func tallyOf(name string) *element {
	return box(name, leaf("DtldNbOfTxs", tallyCount), leaf("DtldSts", tallyStatus)).at(inTally).repeated()
}

// original is what an answer echoes of the instruction itself.
func original() *element {
	return box("OrgnlTxRef",
		leaf("IntrBkSttlmAmt", answerAmount),
		box("Amt", leaf("InstdAmt", answerAmount), box("EqvtAmt", leaf("Amt", answerAmount))),
		leaf("IntrBkSttlmDt", answerDay),
		party("Dbtr", answerDebtor), box("DbtrAcct", accountID(answerDebtorAccount)),
		party("Cdtr", answerCreditor), box("CdtrAcct", accountID(answerCreditorAccount)))
}

// answered names our message that an answer is for.
func answered(name string, id, kind field) *element {
	return box(name, leaf("OrgnlMsgId", id), leaf("OrgnlMsgNmId", kind))
}
