package cnaps

import "twoline/gateway/fault"

// Errors of a message. Each names its line or the path of its element.
var (
	ErrMessage = fault.New(fault.Invalid, "unknown_message",
		"the file is not one of beps.380 to beps.383, beps.388, beps.389")
	ErrHeader = fault.New(fault.Invalid, "message_header",
		"the header must be {H:, 126 characters of its fields, and }")
	ErrStructure = fault.New(fault.Invalid, "message_structure",
		"an element is missing, repeated or out of its order")
	ErrValue = fault.New(fault.Invalid, "element_value",
		"the value of an element is not what the message standard demands")
	ErrSignature = fault.New(fault.Unauthenticated, "signature", "the message is not signed, or not by this signer")
	ErrTooLarge  = fault.New(fault.TooLarge, "message_too_large", "the message is larger than can be held")
	ErrRead      = fault.New(fault.Unavailable, "read_interrupted", "the file could not be read to its end")
	// ErrTxID is returned by TxIDs for an id that has no counterpart.
	ErrTxID = fault.New(fault.Unprocessable, "transaction_id", "the id has no counterpart of at most 16 digits")
)

// Errors of writing.
var (
	// ErrLoss is a fact that the message has no element for.
	ErrLoss = fault.New(fault.Unprocessable, "cnaps_loss", "the message has no element for this value")
	// ErrOrder is a record that does not follow the one before it.
	ErrOrder = fault.New(fault.Invalid, "record_order", "the record does not belong here")
	// ErrMixed is an item of another clearing bank than that of the set.
	ErrMixed = fault.New(fault.Unprocessable, "clearing_bank", "a set holds accounts of one clearing bank")
	// ErrControlTotal is a BatchHead whose count or sum is not that of its items.
	ErrControlTotal = fault.New(fault.Unprocessable, "control_total", "count or sum does not agree with the items")
)
