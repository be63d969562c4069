// Package fundtransfer moves money along the two lines: between the fund's own
// accounts, and in and out of the fund where no member is concerned.
//
// A transfer is made by one person and checked by another. Its digest covers
// everything that it says; the checker approves that digest, and the approval and
// the booking are one transaction, so that what was approved is what was booked,
// once.
//
//	submitted ──approve──► booked      an approval of the digest, and an entry caused by the transfer
//	    ├───────reject───► rejected    a rejection by another person
//	    └───────withdraw─► withdrawn   by the maker's own person
//
// Which kinds there are, and which accounts each may touch, is the two-line rule
// of package ledger, asked when a transfer is submitted and again when it is
// booked; the database holds the same rule. Who may do it follows the money: the
// agency's finance office moves what leaves the income and the expenditure account,
// the finance bureau what leaves or enters the fiscal special account, its fixed
// deposits and the treasury (财社〔2017〕144号 articles 39 to 42).
//
// The agency asks for an allocation by a funding request, which books nothing; an
// allocation may name the request that it serves, and takes no more than that
// still asks for. Working cash comes as a loan to the fiscal special account and
// goes on by an allocation: no money reaches the expenditure account past it.
//
// A transfer is accounted on the business day of its booking and effective on the
// day that the money moved at the bank. No transfer takes more from an account
// than it holds: bookings that take money out wait for each other per account.
package fundtransfer
