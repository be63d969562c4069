package cnaps

import (
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
)

const (
	currency = "CNY"
	// MaxBody is how large a message may be that is signed or written.
	MaxBody = 32 << 20
)

// Set is what a message says once and the records have no room for. A Writer takes
// it from the bank's profile, a reader gives it to Options.Set.
type Set struct {
	// SenderDirect and Sender are the direct member and the party that send,
	// ReceiverDirect and Receiver those that receive.
	SenderDirect, Sender, ReceiverDirect, Receiver string
	Remark                                         string
	// ReturnDays is after how many days the reply is due (RtrLtd), two digits.
	ReturnDays string
	// Transmitted is TrnsmtDt of beps.380 and TrnsmtSndrDt of beps.382.
	Transmitted, TransmittedIn calendar.Day
	// ReceiveType and Contract stand in beps.382 only.
	ReceiveType, Contract string
	// CheckFlag is CE01 or CE02.
	CheckFlag string
	// Category and Purpose are the business type and kind, of four and five places.
	Category, Purpose string
	// OwnName, OwnMember and OwnBranch are those of our account; its number is
	// BatchHead.Account, or OwnAccount in a reply.
	OwnName, OwnAccount, OwnMember, OwnBranch string
	// Clearing is the clearing bank of all accounts of the set.
	Clearing string
	// Branch is the branch of every account of a reply that is written: a Result
	// has no room for it.
	Branch string
	// Original is what a reply answers.
	Original Original
	// Processing is the system's own state of a reply; its State is empty where
	// the reply has none.
	Processing Processing
}

// Original names the message that a reply answers.
type Original struct {
	Message, Party string
	// Type stands in beps.389 only, Day and ReturnDays in beps.381 only.
	Type       string
	Batch      string
	Day        calendar.Day
	ReturnDays string
	Total      bank.Figure
	Count      int
}

// Processing is NPCPrcInf.
type Processing struct {
	State, Code, Text string
	NettedOn          calendar.Day
	Round             string
	SettledOn         calendar.Day
	// ReceivedAt and SentAt are ISODateTime as they stand.
	ReceivedAt, SentAt string
}

// Options say what a file does not say of itself. The zero value reads any message,
// with ids as they are and signatures not proved.
type Options struct {
	// TxIDs maps transaction ids; nil is NumericTxIDs.
	TxIDs TxIDs
	// Signer proves the signature, and a message without one is refused; nil leaves
	// signatures alone.
	Signer Signer
	// SameBank says that a branch belongs to a clearing bank; nil compares the
	// first three digits.
	SameBank func(branch, clearing string) bool
	// Head is given the header of a message that has one, Set what stands once.
	Head func(Header) error
	Set  func(Set) error
}

func (o *Options) txIDs() TxIDs {
	if o.TxIDs == nil {
		return NumericTxIDs()
	}
	return o.TxIDs
}

func sameBank(branch, clearing string) bool {
	const bankDigits = 3
	return len(branch) >= bankDigits && len(clearing) >= bankDigits && branch[:bankDigits] == clearing[:bankDigits]
}

// values are the texts of a message's fields.
type values [fields]string

func dayText(v string) calendar.Day {
	d, err := calendar.ParseDay(v)
	if err != nil {
		return calendar.Day{}
	}
	return d
}

// set gathers a Set of what was read.
func (v *values) set() Set {
	s := Set{ //nolint:exhaustruct // the rest follows
		SenderDirect: v[senderDirect], Sender: v[sender], ReceiverDirect: v[receiverDirect], Receiver: v[receiver],
		Remark: v[remark], ReturnDays: v[returnDays], Transmitted: dayText(v[transmitted] + v[transmittedOut]),
		TransmittedIn: dayText(v[transmittedIn]), ReceiveType: v[receiveType], Contract: v[contract],
		CheckFlag: v[checkFlag], Category: v[category] + v[replyType], OwnName: v[ownName],
		OwnAccount: v[ownAccount], OwnMember: v[ownMember], OwnBranch: v[ownBranch], Clearing: v[clearing],
		Original: Original{ //nolint:exhaustruct // the rest follows
			Message: v[originalMessage], Party: v[originalParty], Type: v[originalType], Batch: v[originalBatch],
			Day: dayText(v[originalDay]), ReturnDays: v[originalDays], Count: number(v[originalCount]),
		},
		Processing: Processing{
			State: v[processState], Code: v[processCode], Text: v[processInfo], NettedOn: dayText(v[nettedOn]),
			Round: v[nettedRound], SettledOn: dayText(v[settledOn]), ReceivedAt: v[receivedAt], SentAt: v[sentAt],
		},
	}
	s.Original.Total, _ = figure(v[originalAmount])
	return s
}

// number reads digits that were checked before.
func number(v string) int {
	n := 0
	for i := range len(v) {
		n = n*10 + int(v[i]-'0')
	}
	return n
}
