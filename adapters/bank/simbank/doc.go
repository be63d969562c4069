// Package simbank is a partner bank that is not one: it keeps customers' and
// the agency's accounts in a ledger of its own, polls the gateway like a bank's
// front end, debits, answers, credits, and issues statements. Tests take it as
// the oracle, the demonstration runs it in process, and cmd/banksim serves it to
// a bank's engineer.
//
// It shares no code with the gateway but the codecs, the records of a bank file,
// amounts and days: what it knows of money it knows independently. The signing
// of requests is handed in as the transport of its HTTP client.
//
// # A batch
//
//	TAKEN ─► ACKNOWLEDGED ─► DEBITED ─► ANSWERED
//
// Each arrow is one change under one lock, and Save may stand between any two:
// a bank that ends there goes on from there and debits nothing a second time.
// What is to be sent lies in a queue of finished messages, each with its
// Idempotency-Key; one leaves the queue when the gateway took or refused it.
//
// # Chance
//
// Nothing here is random. Every choice (who is rejected, which line is damaged,
// in which order) is computed from the seed and from what it is about, never from
// what was chosen before: the same seed and the same batches give the same
// answers, references and statements byte for byte, whatever was retried or
// restarted in between.
//
// # Days
//
// The bank's business day moves by NewDay, or by itself where Config.Today is
// given. Closing a day issues the statements of all fund accounts; the next
// morning credits what terminals and counters took. Money of a batch moves on the
// day it is debited, however late it is answered.
package simbank
