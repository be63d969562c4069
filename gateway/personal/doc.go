// Package personal is what a year brings to members' personal accounts, and what they
// are told of it: interest by yearly runs, government's subsidies to contributions, the
// entitlement statement (权益记录单).
//
//	book of a year ──AskInterest──► run: a line a member, sums, digest     (provisional, then final, then corrections)
//	                                 │ decision interest_run by a second person
//	                                 └──► posted in chunks: control account against each member's interest
//
//	contributions of a year ──MakeSubsidies──► list: a line a member, a sum a level of government, due on a day
//	                                 │ money arrives on the fiscal special account, named level by level
//	                                 │ as a transfer or a part of it, or taken back by another maker
//	                                 │ decision subsidy_list, once each level arrived in full
//	                                 └──► posted in chunks: control account against each member's subsidy
//
// Interest of a year is reckoned from the book alone: what stood on an account at the
// year's beginning, interest of the years before included, and what moved it in the
// year, by the month in which the money was effective. It is effective on the year's
// last day, so that next year's beginning holds it, and accounted on the day of its
// booking. A run puts to each account what the year gives beyond what stands of it in the
// book: the first run all of it, the final one its difference to the provisional one, a
// correction what was booked late for the year, or what a rate that was superseded since
// makes of it. A run keeps the rate that it took, and its round, and is not approved once a
// rule that it rests on changed. A difference that takes back is a red line, and takes no
// more than the account's interest still holds.
//
// What was given back earns no subsidy of a list that is made after it, on whichever day it was given back, and takes
// nothing of what was paid beside it. What was credited before for a contribution that went back as wrong is taken back
// by a list that is made after it, of whichever year: in red, no more than the account holds of subsidies, so that each
// level owes the list its share of it less. A level that owes less than that, or a list that would ask for nothing,
// waits. The case that asks ends with the approval of the list that takes all of it back.
// What late money of a subsidy owes by its months is shown with its arrival, and stands in no account: no rule says by
// which money the local government makes it up, nor how it is parted among the members, so that nothing could be
// credited which the fund holds. When such money comes, it is a subsidy like another, named for a list.
//
// A line is written before it is decided. Nothing is reckoned again when it is posted,
// and a posting that was cut off goes on where it stopped.
package personal
