// Package simbank is a partner bank that is not one: it keeps customers' and
// the agency's accounts in a ledger of its own, polls the gateway like a bank's
// front end, debits and pays, answers, credits, and issues statements. Tests take
// it as the oracle, the demonstration runs it in process, and cmd/banksim serves
// it to a bank's engineer.
//
// It shares no code with the gateway but the codecs, the records of a bank file,
// amounts and days: what it knows of money it knows independently. The signing
// of requests is handed in as the transport of its HTTP client.
//
// # A batch
//
//	withholding   TAKEN ─► ACKNOWLEDGED ─► DEBITED ─► ANSWERED
//	disbursement  TAKEN ─► ACKNOWLEDGED ─► PAID    ─► ANSWERED (─► some come back)
//
// Each arrow is one change under one lock, and Save may stand between any two:
// a bank that ends there goes on from there and debits nothing a second time.
// What is to be sent lies in a queue of finished messages, each with its
// Idempotency-Key; one leaves the queue when the gateway took or refused it.
//
// # A payment
//
// A disbursement batch waits, acknowledged, for its pay day; it is paid with the
// value of that day, or of the day it was taken where the pay day had passed. The
// expenditure account must hold the whole batch, or nothing of it is paid, all of
// it is answered as pending, and its value is that of the day the money is there.
//
//	net       the sum of what succeeded leaves the account on the pay day
//	gross     the whole lump leaves it when the batch is acknowledged; what failed
//	          comes back as one credit on the pay day
//	itemised  each success leaves it by itself
//
// A closed or frozen account and another holder's are rejected. An account that is
// not activated is credited like any other. A payment that will come back (by a
// rate, or since its account is dormant) is answered as succeeded; its money stays
// in transit until, days later, the expenditure account that it left by is credited
// with it, item by item, and the gateway is told. Where a file has no item ids, the
// bank asks for them then.
//
// # Forms
//
// Batches come and answers go as JSON, as canonical JSON Lines, as a rural
// cooperative's files, or in the form of any shipped profile that has both: Formats
// lists them. There the bank reads and writes by the profile, under its names and in
// its charset, and answers with a code of the profile's own table that means what it
// wants to say: a failure for which the table has no code becomes one that a person
// looks at, and what it has no word for at all is left out. With RefuseWhole it does
// nothing of a batch and says so in one line, where the form has such a line.
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
// day it is debited or paid, however late it is answered. What was due on a day
// that the bank did not open is done on the next one.
package simbank
