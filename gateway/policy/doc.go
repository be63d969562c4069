// Package policy holds the rules that an area or the nation decides, by
// effective date.
//
// Rules are data: a row names the area (0 for the nation), the rule, the first
// day on which it holds, its value and the document where it is written. What
// holds on a day is the area's own newest row up to that day; only where the area
// has none, the nation's newest row. So an area that once set a rule of its own
// keeps it until it changes it itself. The minimum base pension alone is a least amount: the higher
// of the area's and the nation's holds on each day, so that no area stays below a later national
// rise. A rule that nobody wrote is ErrNoRule,
// never a default: what a province or county must decide is not invented here.
// A rule by which nothing is granted says so with a value of its own, none.
//
// A row that was wrong from its first day is never edited: another row of the same area,
// rule and day takes its place with the next round, by a decision of its own, and the
// highest round is the one that New is given. What was computed by an earlier round names
// it, and the past is judged by what was known then.
//
//	rows ──New──► Rules ──At(day)──► View ──CollectionMode()…──► value, or ErrNoRule
//	                │
//	                ├──Row(rule, day)──► the row that holds, with its document, or ErrNoRule
//	                └──Timeline(rule)──► the rows that hold one after another
//
// An interest rate holds for one calendar year and not until the next row: what is
// not published yet is unknown, and last year's rate is not taken for it.
package policy
