package iso20022

// creditTransfers is pain.001: payments out of one account a batch.
func creditTransfers(survey bool) *element {
	amounts := box("Amt", leaf("InstdAmt", itemAmount).inCurrency(),
		box("EqvtAmt", leaf("Amt", itemEquivalent).inCurrency(), leaf("CcyOfTrf", itemForeign)))
	item := box("CdtTrfTxInf", amounts)
	if !survey {
		item = box("CdtTrfTxInf", paymentID(), amounts, mandate(), institution("CdtrAgt"),
			identified("Cdtr", itemName), box("CdtrAcct", accountID(itemAccount)), remittances())
	}
	// From version .08 on the day is a choice of a date and an instant.
	day := box("ReqdExctnDt", leaf("Dt", lotDay), leaf("DtTm", lotDay)).of(lotDay)
	return box("CstmrCdtTrfInitn", orderHeader(),
		lot(day, item, box("DbtrAcct", accountID(lotAccount)))).at(inMessage)
}
