// Package entitlement tells what a member's personal account holds and what pension
// it gives, from the rules of the area and the facts of the member.
//
//	policy.Rules ──New──► Terms ──Account(history, month)──► four parts, interest by year
//	                        │
//	                        └──Pension(member, month)──► Statement
//
//	member: birth, years, payments
//	   age + years + scheme's start ─► conditions hold on a day ─► pension from the month after
//	   account up to the month before ÷ divisor, rounded ─► account pension, for life
//	   minimum + additions of the month asked ─► base     ┐
//	   years from the N-th on, age reached ─► extras      ├─► total
//	   account pension                                    ┘
//	Statement ──Because()──► for each figure the row, its document and the sum
//
// Terms are the rules read once; a member is then cheap, so that a county or a
// province can be reckoned with the functions that answer for one. A rule that is
// needed and that nobody decided is policy.ErrNoRule; one that is not needed may
// be absent.
//
// Sums are exact: an account's interest of a year is one fraction of whole numbers,
// rounded once as the area's rule says. The interest of a year is
//
//	I = B0·r + Σ Ci·r·(12−mi)/12 − Σ Pj·r·(12−nj)/12
//
// with what was there at the year's beginning, what was posted in month mi and what
// was drawn in month nj. A year that is not over is reckoned to the month asked, with
// its number in the place of 12.
package entitlement
