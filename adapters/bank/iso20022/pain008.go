package iso20022

// directDebits is pain.008: collections into one account a batch.
func directDebits(survey bool) *element {
	item := box("DrctDbtTxInf", leaf("InstdAmt", itemAmount).inCurrency())
	if !survey {
		item = box("DrctDbtTxInf", paymentID(), leaf("InstdAmt", itemAmount).inCurrency(),
			box("DrctDbtTx", mandate()), institution("DbtrAgt"),
			identified("Dbtr", itemName), box("DbtrAcct", accountID(itemAccount)), remittances())
	}
	return box("CstmrDrctDbtInitn", orderHeader(),
		lot(leaf("ReqdColltnDt", lotDay), item, box("CdtrAcct", accountID(lotAccount)))).at(inMessage)
}
