package cnaps

import (
	"strings"
	"time"
	"unicode/utf8"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
)

// field is what the text of an element means to us.
type field int8

const (
	nothing field = iota
	messageID
	created
	senderDirect
	sender
	receiverDirect
	receiver
	system
	remark
	batchNumber
	transmitted
	transmittedOut
	transmittedIn
	returnDays
	receiveType
	contract
	checkFlag
	ownName
	ownAccount
	ownMember
	ownBranch
	clearing
	totalAmount
	category
	totalCount
	originalMessage
	originalParty
	originalType
	originalBatch
	originalDay
	originalDays
	originalAmount
	originalCount
	processState
	processCode
	processInfo
	nettedOn
	nettedRound
	settledOn
	receivedAt
	sentAt
	replyAmount
	replyCount
	replyType
	// What follows stands in each item.
	state
	rejectCode
	rejectInfo
	processor
	purpose
	transactionID
	name
	account
	branch
	amount
	mandate
	itemCheck
	originalPurpose
	information
	fields // how many there are
)

// form is how the text of an element must look.
type form int8

const (
	group form = iota
	text
	numeric
	day
	instant
	money
	check
	systems
)

// element is one element of a message's tree.
type element struct {
	name     string
	field    field
	form     form
	limit    int
	optional bool
	// items says that the element stands once for each item.
	items bool
	kids  []*element
}

func leaf(name string, f field, kind form, limit int) *element {
	return &element{name: name, field: f, form: kind, limit: limit} //nolint:exhaustruct // a leaf that must stand
}

func box(name string, kids ...*element) *element {
	return &element{name: name, form: group, kids: kids} //nolint:exhaustruct // a group that must stand
}

func (e *element) maybe() *element { e.optional = true; return e }

func (e *element) each() *element { e.items = true; return e }

// tree is the element tree of a message, below Document.
func tree(k Kind) *element {
	root := box(k.root(), groupHeader())
	switch k {
	case Collection:
		root.kids = append(root.kids, collection())
	case Payment:
		root.kids = append(root.kids, payment())
	case CollectionReply:
		root.kids = append(root.kids, original(k), processing(), collectionReply())
	case PaymentReply:
		root.kids = append(root.kids, original(k), processing(), paymentReply())
	case BatchRefused:
		root.kids = append(root.kids, original(k), box("BizRjctNtceInf", response(), info()))
	case ConfirmationReply:
		root.kids = append(root.kids, box("OrgnlGrpHdr", leaf("OrgnlMsgId", originalMessage, text, 35),
			leaf("OrgnlInstgPty", originalParty, text, 14), leaf("OrgnlMT", originalType, text, 35)),
			box("BizConfInf", response(), info()))
	case NoKind:
	}
	return root
}

func groupHeader() *element {
	return box("GrpHdr",
		leaf("MsgId", messageID, text, 35), leaf("CreDtTm", created, instant, 0),
		box("InstgPty", leaf("InstgDrctPty", senderDirect, text, 14), leaf("InstgPty", sender, text, 14)),
		box("InstdPty", leaf("InstdDrctPty", receiverDirect, text, 14), leaf("InstdPty", receiver, text, 14)),
		leaf("SysCd", system, systems, 0), leaf("Rmk", remark, text, 256).maybe(),
	)
}

func memberID(f field) *element { return box("FIId", box("ClrSysMmbId", leaf("MmbId", f, text, 14))) }

func ownBranchID() *element { return box("BrnchId", leaf("Id", ownBranch, text, 14)) }

func accountID(name string, f field) *element {
	return box(name, box("Id", box("Othr", leaf("Id", f, text, 32))))
}

func partyName(name string, f field) *element { return box(name, leaf("Nm", f, text, 60)) }

func categoryOf() *element { return box("PmtTpInf", box("CtgyPurp", leaf("Prtry", category, text, 4))) }

func info() *element { return leaf("AddtlInf", information, text, 256).maybe() }

func collection() *element {
	return box("BtchColltnChrgsInf",
		leaf("BtchNb", batchNumber, numeric, 8), leaf("TrnsmtDt", transmitted, day, 0).maybe(),
		leaf("RtrLtd", returnDays, numeric, 2),
		box("DbtrAgt", memberID(clearing)), box("CdtrAgt", memberID(ownMember), ownBranchID()),
		partyName("Cdtr", ownName), accountID("CdtrAcct", ownAccount),
		leaf("TtlAmt", totalAmount, money, 0), categoryOf(), leaf("DbtrNb", totalCount, numeric, 8),
		box("DbtrDtls",
			box("Purp", leaf("Prtry", purpose, text, 5)), leaf("TxId", transactionID, numeric, 16),
			partyName("Dbtr", name), accountID("DbtrAcct", account), leaf("BrnchId", branch, text, 14),
			leaf("Amt", amount, money, 0), leaf("EndToEndId", mandate, text, 60).maybe(),
			leaf("ChckFlg", itemCheck, check, 0), info(),
		).each(),
	)
}

func payment() *element {
	return box("BtchPmtByAgcyInf",
		leaf("BtchNb", batchNumber, numeric, 8), leaf("TrnsmtSndrDt", transmittedOut, day, 0).maybe(),
		leaf("TrnsmtRcvrDt", transmittedIn, day, 0).maybe(), leaf("RtrLtd", returnDays, numeric, 2),
		leaf("RcvTp", receiveType, text, 4), leaf("EndToEndId", contract, text, 60).maybe(),
		leaf("ChckFlg", checkFlag, check, 0),
		partyName("Dbtr", ownName), accountID("DbtrAcct", ownAccount),
		box("DbtrAgt", memberID(ownMember), ownBranchID()), box("CdtrAgt", memberID(clearing)),
		leaf("TtlAmt", totalAmount, money, 0), categoryOf(), leaf("CdtrNb", totalCount, numeric, 8),
		box("CdtrDtls",
			box("Purp", leaf("Prtry", purpose, text, 5)), leaf("TxId", transactionID, numeric, 16),
			leaf("BrnchId", branch, text, 14), partyName("Cdtr", name), accountID("CdtrAcct", account),
			leaf("Amt", amount, money, 0), info(),
		).each(),
	)
}

func original(k Kind) *element {
	e := box("OrgnlMsgInf", leaf("OrgnlMsgId", originalMessage, text, 35),
		leaf("OrgnlInstgPty", originalParty, text, 14), leaf("OrgnlBtchNb", originalBatch, numeric, 8))
	if k == CollectionReply {
		e.kids = append(e.kids, leaf("OrgnlTrnsmtDt", originalDay, day, 0),
			leaf("OrgnlRtrLtd", originalDays, numeric, 2))
	}
	if k != BatchRefused {
		e.kids = append(e.kids, leaf("OrgnlTtlAmt", originalAmount, money, 0),
			leaf("OrgnlTtlNb", originalCount, numeric, 8))
	}
	return e
}

func processing() *element {
	return box("NPCPrcInf",
		leaf("PrcSts", processState, text, 4), leaf("PrcCd", processCode, text, 8),
		leaf("RjctInf", processInfo, text, 105).maybe(), leaf("NetgDt", nettedOn, day, 0).maybe(),
		leaf("NetgRnd", nettedRound, numeric, 2).maybe(), leaf("SttlmDt", settledOn, day, 0).maybe(),
		leaf("RcvTm", receivedAt, instant, 0).maybe(), leaf("TrnsmtTm", sentAt, instant, 0).maybe(),
	).maybe()
}

func response() *element {
	return box("RspnInf", leaf("Sts", state, text, 4), leaf("RjctCd", rejectCode, text, 4).maybe(),
		leaf("RjctInf", rejectInfo, text, 105).maybe(), leaf("PrcPty", processor, text, 14).maybe())
}

func collectionReply() *element {
	return box("BtchColltnChrgsRspnInf",
		leaf("RcvgTtlAmt", replyAmount, money, 0), leaf("RcvgTtlNb", replyCount, numeric, 8),
		leaf("OrgnlTxTpCd", replyType, text, 4), box("CdtrAgt", ownBranchID()),
		partyName("Cdtr", ownName), accountID("CdtrAcct", ownAccount),
		box("RcvgDtls", response(), leaf("TxId", transactionID, numeric, 16), partyName("Dbtr", name),
			accountID("DbtrAcct", account), leaf("BrnchId", branch, text, 14), leaf("Amt", amount, money, 0),
			leaf("OrgnlCtgyPurpCd", originalPurpose, text, 5), info(),
		).each(),
	)
}

func paymentReply() *element {
	return box("BtchPmtByAgcyRspnInf",
		leaf("SndgTtlAmt", replyAmount, money, 0), leaf("SndgTtlNb", replyCount, numeric, 8),
		box("DbtrAgt", ownBranchID()), partyName("Dbtr", ownName), accountID("DbtrAcct", ownAccount),
		box("SndgDtls", response(), leaf("TxId", transactionID, numeric, 16), partyName("Cdtr", name),
			accountID("CdtrAcct", account), leaf("BrnchId", branch, text, 14), leaf("Amt", amount, money, 0), info(),
		).each(),
	)
}

// valid says what a text must be, or nothing where it is that.
func (e *element) valid(value string) string {
	switch e.form {
	case text:
		switch {
		case utf8.RuneCountInString(value) > e.limit:
			return "longer than the standard allows"
		case strings.ContainsRune(value, utf8.RuneError):
			return "a character was lost before the file came here"
		}
	case numeric:
		if len(value) > e.limit || strings.Trim(value, "0123456789") != "" {
			return "not a number of so many digits at most"
		}
	case day:
		if _, err := calendar.ParseDay(value); err != nil {
			return "not a day that exists, such as 2026-11-25"
		}
	case instant:
		if !isInstant(value) {
			return "not an instant such as 2026-11-25T08:30:00"
		}
	case money:
		if _, ok := figure(value); !ok {
			return "not an amount of yuan with at most two decimals"
		}
	case check:
		if value != "CE01" && value != "CE02" {
			return "neither CE01 nor CE02"
		}
	case systems:
		switch value {
		case "SAPS", "HVPS", "BEPS", "CCMS", "PMIS", "IBPS", "NCIS", "ECDS", "FXPS", "NETS", "PBCS":
		default:
			return "not a system of CNAPS"
		}
	case group:
	}
	return ""
}

// isInstant says that a text is an ISODateTime.
func isInstant(value string) bool {
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", time.RFC3339Nano} {
		if _, err := time.Parse(layout, value); err == nil {
			return true
		}
	}
	return false
}

// figure reads yuan: no sign, and two decimals at most.
func figure(value string) (bank.Figure, bool) {
	if value == "" || value[0] == '+' || value[0] == '-' {
		return bank.Figure{}, false
	}
	f, err := bank.ParseFigure(value)
	if err != nil {
		return bank.Figure{}, false
	}
	a, ok := f.Amount()
	return bank.FigureOf(a), ok
}
