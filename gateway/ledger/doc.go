// Package ledger is the book: chart, entry, posting, the two-line rule and the
// trial balance.
//
// An Entry is one voucher of one area and one scheme. Its postings balance in
// two sets, each by itself: the fund's set, and the memorandum set of personal
// accounts (8001 to 8004 against 8000). A posting's amount is never negative:
// direction is a Side, a correction is a red-letter mark that counts negative on
// its own side. Entries are written once; a mistake is put right by Reverse,
// which mirrors the whole entry in red and names it.
//
// The two-line rule is a table: which kind of entry may touch which role of
// account on which side, since when, and by which document. Check applies it in
// Go; the database holds the same rows and refuses every other combination, for
// any SQL that the application's role can send. Because each kind names so few
// roles, no combination of allowed lines joins income to expenditure:
//
//	payer ──► income 1002 ──sweep──► fiscal special 1003 ──allocation──► expenditure 1004 ──► pensioner
//	                      subsidy ───────►┘   (straight from treasury, never through 1002)
//
// A business day that is over is sealed: the balances of every account are struck
// from the postings, a digest covers its entries, and nothing is booked on it any
// more. A fund account's month is closed once all its days are sealed.
//
// Rules: 财社〔2017〕144号 articles 39 to 42 (from 2018-01-01), before it the
// provisional rule of 2011; books on a cash basis, 财会〔2017〕28号.
package ledger
