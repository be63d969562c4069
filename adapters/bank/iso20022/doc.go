// Package iso20022 reads bank statements, reports and notifications (camt.053,
// camt.052, camt.054; versions .01 to .08 and beyond) into the Records of
// gateway/bank, and writes camt.053.001.08 from them.
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
// The statement's head stands before its entries and says whether they add up,
// so a file is read twice: a survey first, then the records. The source must
// therefore be able to seek; another is held in memory, up to MaxHeld bytes.
// Memory stays bounded for a file of any size, and for an entry with any number
// of details.
//
// # What becomes what
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
// # Writing
//
// Writer takes records in their order and refuses what the schema cannot hold;
// it never cuts a reference or a name. The pension bureau's own fields that camt
// has no element for (such as problems) are not written.
package iso20022
