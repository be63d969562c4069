package iso20022

// field is what the text of an element means to us.
type field int8

const (
	nothing field = iota
	messageID
	created
	messagePage
	number
	legalNumber
	page
	fromDate
	toDate
	account
	accountCurrency
	balanceCode
	balanceAmount
	balanceDirection
	sumCount
	sumCredits
	sumCreditCount
	sumDebits
	sumDebitCount
	amount
	direction
	reversal
	status
	bookingDate
	valueDate
	bankReference
	batchID
	batchCount
	charges
	entryText
	detailReference
	endToEndID
	detailBatchID
	detailAmount
	transactionAmount
	instructedAmount
	detailDirection
	debtorName
	debtorAccount
	creditorName
	creditorAccount
	remittance
	creditorReference
	returnCode
	additionalText
	fields // how many there are
)

// place is an element whose begin or end has a meaning of its own.
type place int8

const (
	nowhere place = iota
	inMessage
	inHeader
	inStatement
	inBalance
	inEntry
	inDetails
	inDetail
	inReturn
	inBatch
	inItem
	inIdentity
	inGroup
	inReason
	inTally
	inVerdict
)

// element is one known element and what it may hold.
type element struct {
	name  string
	field field
	place place
	// many says that the element may be repeated in its parent.
	many bool
	// money says that it carries its currency, hops that a content may pass over it.
	money, hops bool
	kids        []*element
}

func leaf(name string, f field) *element { return &element{name: name, field: f} }

func box(name string, kids ...*element) *element { return &element{name: name, kids: kids} }

func (e *element) at(p place) *element { e.place = p; return e }

func (e *element) repeated() *element { e.many = true; return e }

func (e *element) inCurrency() *element { e.money = true; return e }

func (e *element) hopped() *element { e.hops = true; return e }

func (e *element) of(f field) *element { e.field = f; return e }

// find returns the kid with a name and its index, or nil. The search begins at
// from: kids are listed in the order of the schema, so the next one is near.
func (e *element) find(name []byte, from int) (*element, int) {
	for i := from; i < len(e.kids); i++ {
		if string(name) == e.kids[i].name {
			return e.kids[i], i
		}
	}
	for i := range e.kids[:min(from, len(e.kids))] {
		if string(name) == e.kids[i].name {
			return e.kids[i], i
		}
	}
	return nil, 0
}

// statements is the tree of the known elements of statements, of every version in
// one: names that a version does not have do no harm.
func statements() *element {
	var messages []*element
	for _, name := range []string{"BkToCstmrStmt", "BkToCstmrAcctRpt", "BkToCstmrDbtCdtNtfctn"} {
		for _, suffix := range []string{"", "V01"} {
			messages = append(messages, message(name+suffix))
		}
	}
	return box("Document", messages...)
}

func message(name string) *element {
	m := box(name, box("GrpHdr",
		leaf("MsgId", messageID), leaf("CreDtTm", created), box("MsgPgntn", leaf("PgNb", messagePage)),
	).at(inHeader)).at(inMessage)
	for _, statement := range []string{"Stmt", "Rpt", "Ntfctn"} {
		m.kids = append(m.kids, box(statement,
			leaf("ElctrncSeqNb", number), leaf("LglSeqNb", legalNumber),
			box(statement+"Pgntn", leaf("PgNb", page)),
			box("FrToDt", leaf("FrDtTm", fromDate), leaf("FrDt", fromDate),
				leaf("ToDtTm", toDate), leaf("ToDt", toDate)),
			box("Acct", accountID(account), leaf("Ccy", accountCurrency)),
			balance().at(inBalance).repeated(), summary(), entry().at(inEntry).repeated(),
		).at(inStatement).repeated())
	}
	return m
}

func accountID(f field) *element {
	return box("Id", leaf("IBAN", f), leaf("BBAN", f), leaf("UPIC", f),
		box("PrtryAcct", leaf("Id", f)), box("Othr", leaf("Id", f)))
}

func balance() *element {
	return box("Bal", box("Tp", leaf("Cd", balanceCode), box("CdOrPrtry", leaf("Cd", balanceCode))),
		leaf("Amt", balanceAmount).inCurrency(), leaf("CdtDbtInd", balanceDirection))
}

func summary() *element {
	return box("TxsSummry", box("TtlNtries", leaf("NbOfNtries", sumCount)),
		box("TtlCdtNtries", leaf("NbOfNtries", sumCreditCount), leaf("Sum", sumCredits)),
		box("TtlDbtNtries", leaf("NbOfNtries", sumDebitCount), leaf("Sum", sumDebits)))
}

func entry() *element {
	batch := func() *element { return box("Btch", leaf("PmtInfId", batchID), leaf("NbOfTxs", batchCount)) }
	return box("Ntry",
		leaf("Amt", amount).inCurrency(), leaf("CdtDbtInd", direction), leaf("RvslInd", reversal),
		box("Sts", leaf("Cd", status), leaf("Prtry", status)).of(status),
		box("BookgDt", leaf("Dt", bookingDate), leaf("DtTm", bookingDate)),
		box("ValDt", leaf("Dt", valueDate), leaf("DtTm", valueDate)),
		leaf("AcctSvcrRef", bankReference), leaf("Chrgs", charges).repeated(), batch(),
		box("NtryDtls", batch(), detail()).at(inDetails).repeated(), detail(), leaf("AddtlNtryInf", entryText))
}

func detail() *element {
	return box("TxDtls",
		box("Refs", leaf("AcctSvcrRef", detailReference), leaf("PmtInfId", detailBatchID),
			leaf("EndToEndId", endToEndID)),
		leaf("Amt", detailAmount).inCurrency(), leaf("CdtDbtInd", detailDirection),
		box("AmtDtls", box("InstdAmt", leaf("Amt", instructedAmount).inCurrency()),
			box("TxAmt", leaf("Amt", transactionAmount).inCurrency())),
		leaf("Chrgs", charges).repeated(),
		box("RltdPties",
			party("Dbtr", debtorName), box("DbtrAcct", accountID(debtorAccount)),
			party("Cdtr", creditorName), box("CdtrAcct", accountID(creditorAccount))),
		box("RmtInf", leaf("Ustrd", remittance).repeated(),
			box("Strd", box("CdtrRefInf",
				leaf("Ref", creditorReference), leaf("CdtrRef", creditorReference))).repeated()),
		box("RtrInf", box("Rsn", leaf("Cd", returnCode), leaf("Prtry", returnCode))).at(inReturn),
		leaf("AddtlTxInf", additionalText),
	).at(inDetail).repeated().hopped()
}

func party(name string, f field) *element {
	return box(name, leaf("Nm", f), box("Pty", leaf("Nm", f)), box("Agt", box("FinInstnId", leaf("Nm", f))))
}
