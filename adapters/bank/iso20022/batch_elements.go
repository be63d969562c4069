package iso20022

// What the texts of a file of instructions mean: of the file, of a batch, of an item.
const (
	orderID field = iota + 1
	orderCreated
	orderCount
	orderSum
	lotID
	lotCount
	lotSum
	lotDay
	lotAccount
	itemInstruction
	itemEndToEnd
	itemAmount
	itemEquivalent
	itemForeign
	itemBIC
	itemMember
	itemOtherAgent
	itemName
	itemAccount
	itemMandate
	itemIDNumber
	itemSocialNo
	identityID
	identityScheme
	itemUnstructured
	itemReference
	batchFields // how many there are
)

// The schemes of the external code sets by which a person's numbers are told apart.
const (
	schemeIDNumber = "NIDN"
	schemeSocialNo = "SOSE"
)

// batches is the tree of the known elements of pain.001 and pain.008, of every
// version in one. For a survey it leaves out what only the second reading needs.
func batches(survey bool) *element {
	return box("Document", creditTransfers(survey), directDebits(survey))
}

func orderHeader() *element {
	return box("GrpHdr", leaf("MsgId", orderID), leaf("CreDtTm", orderCreated),
		leaf("NbOfTxs", orderCount), leaf("CtrlSum", orderSum)).at(inHeader)
}

func lot(own, item *element, more ...*element) *element {
	return box("PmtInf", append([]*element{
		leaf("PmtInfId", lotID), leaf("NbOfTxs", lotCount), leaf("CtrlSum", lotSum), own,
		item.at(inItem).repeated(),
	}, more...)...).at(inBatch).repeated()
}

// identified is a party with the numbers that name a person.
func identified(name string, f field) *element {
	e := party(name, f)
	e.kids = append(e.kids, box("Id", box("PrvtId", box("Othr",
		leaf("Id", identityID), box("SchmeNm", leaf("Cd", identityScheme)),
	).at(inIdentity).repeated())))
	return e
}

// institution is a bank, by the ids that it may have.
func institution(name string) *element {
	return box(name, box("FinInstnId", leaf("BIC", itemBIC), leaf("BICFI", itemBIC),
		box("ClrSysMmbId", leaf("MmbId", itemMember)), box("Othr", leaf("Id", itemOtherAgent))))
}

func paymentID() *element {
	return box("PmtId", leaf("InstrId", itemInstruction), leaf("EndToEndId", itemEndToEnd))
}

func mandate() *element { return box("MndtRltdInf", leaf("MndtId", itemMandate)) }

func remittances() *element {
	return box("RmtInf", leaf("Ustrd", itemUnstructured).repeated(),
		box("Strd", box("CdtrRefInf", leaf("Ref", itemReference), leaf("CdtrRef", itemReference))).repeated())
}
