package cnaps

import "strings"

// Kind is one of the messages.
type Kind int

// The messages.
const (
	NoKind            Kind = 0
	Collection        Kind = 380
	CollectionReply   Kind = 381
	Payment           Kind = 382
	PaymentReply      Kind = 383
	BatchRefused      Kind = 388
	ConfirmationReply Kind = 389
)

func kinds() []Kind {
	return []Kind{Collection, CollectionReply, Payment, PaymentReply, BatchRefused, ConfirmationReply}
}

// String returns the name of contract and detection, such as "beps.380".
func (k Kind) String() string {
	switch k {
	case Collection:
		return "beps.380"
	case CollectionReply:
		return "beps.381"
	case Payment:
		return "beps.382"
	case PaymentReply:
		return "beps.383"
	case BatchRefused:
		return "beps.388"
	case ConfirmationReply:
		return "beps.389"
	case NoKind:
	}
	return ""
}

// version is the name that header and namespace carry.
func (k Kind) version() string { return k.String() + ".001.01" }

const namespace = "urn:cnaps:std:beps:2010:tech:xsd:"

// ParseKind reads String's names, with or without the version behind them.
func ParseKind(name string) (Kind, error) {
	for _, k := range kinds() {
		if name == k.String() || strings.HasPrefix(name, k.String()+".") {
			return k, nil
		}
	}
	return NoKind, ErrMessage
}

// kindOf finds the message by the name of its root.
func kindOf(element string) Kind {
	for _, k := range kinds() {
		if k.root() == element {
			return k
		}
	}
	return NoKind
}

// root is the element below Document.
func (k Kind) root() string {
	switch k {
	case Collection:
		return "BtchColltnChrgs"
	case CollectionReply:
		return "BtchColltnChrgsRspn"
	case Payment:
		return "BtchPmtByAgcy"
	case PaymentReply:
		return "BtchPmtByAgcyRspn"
	case BatchRefused:
		return "BizRjctNtce"
	case ConfirmationReply:
		return "BizConf"
	case NoKind:
	}
	return ""
}

// instructs says that the message holds instructions, not answers.
func (k Kind) instructs() bool { return k == Collection || k == Payment }

// detailed says that the message has one element for each item.
func (k Kind) detailed() bool { return k != BatchRefused && k != ConfirmationReply }
