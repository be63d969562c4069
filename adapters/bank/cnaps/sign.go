package cnaps

import (
	"context"
	"strings"
)

// Signer signs messages and proves signatures, by the bank's own machine. Sign
// returns the raw signature, which goes into the message as base64; Verify returns
// an error where signature is not that of message. message is the text of
// SigningText for beps.380, else the exact bytes of the XML; see the package's note
// on signatures. The slices must not be kept.
type Signer interface {
	Sign(ctx context.Context, kind Kind, message []byte) (signature []byte, err error)
	Verify(ctx context.Context, kind Kind, message, signature []byte) error
}

// signedText gathers what is signed of a message, and nothing where that is the
// XML itself.
type signedText struct {
	kind Kind
	// wanted says that somebody signs or proves; else nothing is gathered.
	wanted bool
	parts  strings.Builder
}

// head adds the fields that stand once: MsgId, CreDtTm, the four parties, BEPS, Rmk,
// BtchNb, RtrLtd, the clearing bank, our member and branch, name, account, currency
// and sum, CtgyPurp, DbtrNb.
func (s *signedText) head(v *values) {
	s.add(v, messageID, created, senderDirect, sender, receiverDirect, receiver, system, remark, batchNumber,
		returnDays, clearing, ownMember, ownBranch, ownName, ownAccount, totalAmount, category, totalCount)
}

// item adds the fields of one item: Purp, TxId, name, account, BrnchId, currency and
// amount, EndToEndId, ChckFlg.
func (s *signedText) item(v *values) {
	s.add(v, purpose, transactionID, name, account, branch, amount, mandate, itemCheck)
}

func (s *signedText) add(v *values, fields ...field) {
	if !s.wanted || s.kind != Collection {
		return
	}
	for _, f := range fields {
		if s.parts.Len() > 0 {
			s.parts.WriteByte('|')
		}
		if f == amount || f == totalAmount {
			s.parts.WriteString(currency)
		}
		s.parts.WriteString(v[f])
	}
}
