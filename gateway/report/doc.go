// Package report is the papers that the book of a month is carried away on: the
// fund statement (基金收支表), the vouchers for the finance bureau's software
// (记账凭证), the day journal of an account (日记账), the trial balance (试算平衡表).
//
//	sealed days of the book ─┬─► vouchers: one an entry, its lines summed by account
//	                         ├─► fund statement: opening + income - expenditure = closing,
//	                         │   and each account of the two lines by what moved it
//	                         └─► journal: one account, one line an entry
//	                                     │
//	                                     ▼
//	                             Sheet (CSV, xlsx, PDF)
//
// A paper is made of sealed days, on which nothing is booked any more: the same
// month gives the same paper, byte for byte. A month that is still open is put on
// paper only where it is asked for as such, and the paper says so (未结账). Vouchers and
// the trial balance say whether the month is closed (已结账), which it is later than
// sealed: they change by this word, once.
//
// A paper holds no personal data: what was booked for persons stands as sums.
// Where it states a balance, the balance was struck by the seal, and what moved in
// between was added up from the postings; a paper on which the two do not meet is
// refused.
package report
