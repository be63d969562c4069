// Package cnaps reads and writes the batch collection and payment messages of
// China's small-value payment system (CNAPS2 BEPS) in the Records of gateway/bank:
//
//	beps.380  batch collection     instructions: BatchHead, BatchItem
//	beps.381  its reply            results of level item
//	beps.382  batch payment        instructions
//	beps.383  its reply            results of level item
//	beps.388  the batch is refused one result of level batch
//	beps.389  confirmation         one result of level file
//
// # Form
//
// A message has a header of exactly 130 bytes, {H: to }, a signature {S: to }, and
// an XML document in UTF-8. XML alone is read as well. A public schema does not
// exist: the element trees here are those of the message standard's text, every
// document is held against them on reading and on writing, and nothing was added.
// An element that they do not have is a Problem and is passed over, since a later
// edition may have it; one that is missing, repeated, out of its order, too long or
// of another form is an error with its path.
//
// # Rules
//
//   - Amounts are yuan with two decimals, in CNY.
//   - A set holds the accounts of one clearing bank. A writer refuses another, by
//     the first three digits of the branch number, which name the bank, or by
//     Options.SameBank; a reader tells it as a Problem.
//   - A writer computes count and sum from the items, and refuses a BatchHead that
//     says otherwise; a reader tells a total that does not agree as control_total.
//     The total of a reply may be that of all its items or of those that succeeded.
//   - A transaction id is 1 to 16 digits. TxIDs maps it to our item ids.
//   - An item of beps.380 needs its mandate number.
//
// # What a reply means
//
// Code is the reject code, else the state, as the file has it.
//
//	PR02 PR03 PR04 PR05   succeeded
//	PR08 PR09, RJnn       failed
//	PR11 PR12 PR89        pending
//	any other             unknown
//
// A success with a reject code is unknown, with a Problem. Where the system's own
// state of the reply (NPCPrcInf) is not a success, no item of it succeeded yet: it
// is pending, or unknown where the reply was refused.
//
// A beps.388 refuses its batch whatever its state says, unless that is a success or
// still open. The result of a beps.389 carries the confirmed message's id as
// BatchID; it says nothing of any single item.
//
// An item that is not in a reply when the reply is due has no outcome: it is asked
// for, never taken as failed.
//
// # Signatures
//
// Signing is behind Signer, since the keys are in the bank's own machine. The text
// that is signed is known for beps.380 only, from public programs of front ends:
// the fields named at SigningText, joined by |. For the other messages no source
// was found; Signer is given the exact bytes of the XML. Both must be verified with
// the bank before the first real message.
package cnaps
