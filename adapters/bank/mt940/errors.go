package mt940

import "twoline/gateway/fault"

// Errors of a file. Each names the line it was found at.
var (
	ErrMessage = fault.New(fault.Invalid, "unknown_message", "the file is not an MT940 or MT942 message")
	ErrCut     = fault.New(fault.Invalid, "message_cut_off", "the file ends inside a message, before its -}")
	ErrField   = fault.New(fault.Invalid, "statement_field", "a field is not written as its tag demands")
	ErrAmount  = fault.New(fault.Invalid, "amount",
		"an amount is digits with one comma, and without points or a sign")
	ErrCharset  = fault.New(fault.Invalid, "charset", "the file is not text in its charset")
	ErrTooLarge = fault.New(fault.TooLarge, "statement_too_large", "the statement is larger than can be read")
	ErrRead     = fault.New(fault.Unavailable, "read_interrupted", "the file could not be read to its end")
	ErrChanged  = fault.New(fault.Conflict, "source_changed", "the file changed while it was read")
)

// Errors of writing.
var (
	// ErrLoss is a fact that MT940 has no room for.
	ErrLoss = fault.New(fault.Unprocessable, "mt940_loss", "MT940 cannot hold this value")
	// ErrOrder is a record that does not follow the one before it.
	ErrOrder = fault.New(fault.Invalid, "record_order", "the record does not belong here")
)
