// Package iso20022 reads the ISO 20022 messages between a bank and its customer
// into the Records of gateway/bank, and writes those that we send:
//
//	message   what it is                             read         written
//	camt.053  statement, camt.052 report,            .01 to .08   .053.001.08
//	          camt.054 notification                  and beyond
//	pain.001  payments                               .03 to .12   .03, .09
//	pain.008  collections                            .02, .08     .02, .08
//	pain.002  status of payments and collections     .03 to .11
//	pacs.004  returns of payments                    .02, .09
//	camt.029  answers to a recall                    .03, .09
//
// The variants of the Swiss and German banks (.03.ch.02, 003.03 and their like) are
// read as well.
//
// # Reading
//
// Elements are told by their local names: the namespace only says the version,
// and real files have it missing, wrong or prefixed. Unknown elements are
// skipped, but the whole document must be well-formed, and an element that
// counts may stand only once in its place. What is broken (tags, a missing or
// unreadable amount, a missing direction) is an error and nothing of the file
// counts. What contradicts itself (a balance, a total, a date that does not
// exist) is a bank.Problem, and reading goes on.
//
// The head of a statement or of a batch stands before its entries or items and
// says what they add up to, so such a file is read twice: a survey first, then
// the records. The source must therefore be able to seek; another is held in
// memory, up to MaxHeld bytes. Answers are read once, from any source. Memory
// stays bounded for a file of any size, and for an entry with any number of
// details.
//
// # What becomes what in a statement
//
//   - Opening is the balance OPBD, else PRCD; Closing is CLBD and nothing else.
//   - Only booked entries move the balance. An entry of a future date is pending.
//   - CdtDbtInd is the real direction; RvslInd only marks.
//   - BatchID is Btch/PmtInfId, else the PmtInfId that all details share.
//   - EndToEndID of an entry, and its counterparty, are those of its only
//     detail; NOTPROVIDED is absent. BankReference is AcctSvcrRef, of the entry
//     or of its only detail.
//   - The counterparty is the debtor of a credit and the creditor of a debit;
//     returns and reversals keep the parties of what they return.
//   - A detail's amount is its own Amt, else TxAmt, else InstdAmt, else absent:
//     the entry's amount is never spread over details.
//   - Currency is the account's, else the one that all amounts of the statement
//     carry. Dates are the local dates that the file writes.
//
// # What becomes what in a batch
//
//   - Count and Sum of a batch are those of its items; what the batch or the
//     message claims instead is a Problem, control_total. The sum is of the
//     numbers, whatever their currency, as a control sum is.
//   - ItemID is EndToEndId, else InstrId. Bank is the BIC, else the clearing
//     member id, else another id. NOTPROVIDED is absent.
//   - Amount is InstdAmt, else the worth of an amount in another currency, with a
//     Problem that says so.
//   - IDNumber and SocialNo are a person's ids of the schemes NIDN and SOSE.
//
// # What becomes what in an answer
//
// A status stands on the message, a batch or an item; each that says anything
// gives a Result of the level file, batch or item. An item without a status gets
// that of its batch, else of its message, with the reason where it has none of its
// own. A partial status (PART) passes nothing down, as then nobody said what became
// of the item: its outcome is unknown. Nothing is concluded for items that are not
// listed.
//
//	ACSC ACCC                                    succeeded
//	RJCT CANC                                    failed
//	RCVD ACTC ACCP ACWC ACFC ACSP ACWP ACPD
//	PATC BLCK PDNG, and PART above the items     pending
//	any other word, and none                     unknown
//
// Status is the bank's word, Code the reason's code or else that word; the class is
// bank.ClassOf. ACSC is the settlement on the debtor's side: a return may still
// follow. Further reasons and texts stand in Text.
//
// A return is a failed Result of the money that came back, with the reason of the
// item, else of the group.
//
// The answer to a recall speaks of the payment and never of the recall: cancelled
// (CNCL, ACCR) is failed, and of a class that is not sent again by itself; refused
// (RJCR) is unknown, as the payment stands however it ended; PDCR is pending.
//
// # Writing
//
// Writers take records in their order and refuse what the schema cannot hold; they
// never cut a reference or a name. Writer writes a statement. The pension bureau's
// own fields that camt has no element for (such as problems) are not written.
// WriteBatches and BatchWriter write payments and collections: totals are computed,
// a caller's total that differs is refused, and a field that the message has no
// element for is told or refused. The same records and options give the same bytes.
package iso20022
