// Package award computes what members are to be paid a month from the rules of their
// area and the facts of each, and says why.
//
//	members of a scheme, in order ─► facts: birth, years, payments in the book, opening, death, what stands
//	                                   │
//	      entitlement.Terms ──Decide──►│─► steps: from a month on, what stood and what is due, by which rows
//	                                   └─► refused: the facts contradict each other, or what stands
//	award run: made by a maker ─► a checker approves its digest ─► entitlement rows "award run N" ─► rosters
//
// An amount of a month is what the rules give on its first day. A step is written only
// where the month would be paid otherwise by the rows before it, so that a run made
// again finds nothing, and one made after a rule was superseded finds the difference alone.
// Each step keeps its rows as the run took them, with their rounds; a run whose entitlements
// or rules changed before it was approved is made again. A rise that was decided
// late begins in the month from which it holds, one step after another; what was paid
// meanwhile is another flow's to make good.
//
// Nothing before the first month of the scheme's book is touched: what was paid then,
// others paid. The account's pension is fixed at the start and never reckoned again: by the
// provisional rate where the final one was not known yet. The rule is account ÷ 139 for life,
// of what the account holds when the pension begins; a row does not keep by which rate it was
// fixed, and a difference of fen is paid out of the account all the same, or by the local
// government once it is used up. The explanation tells the fixed amount beside the reckoning.
//
// What the account was owed at the start still counts when it comes: a subsidy of government
// for a year up to that of the start, credited after it, is divided by itself and adds to the
// account's pension from the month after it was effective. Nothing is paid for the months
// before; the interest of its lateness the local government owes the fund. What the member
// pays after the start, and a subsidy for a later year, is listed for a person.
// A death ends both from the month after; nothing else ends a pension here, and facts
// from which no pension follows beside one that stands are listed for a person.
package award
