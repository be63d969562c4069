// Package policy holds the rules that an area or the nation decides, by
// effective date.
//
// Rules are data: a row names the area (0 for the nation), the rule, the first
// day on which it holds, its value and the document where it is written. What
// holds on a day is the area's own newest row up to that day; only where the area
// has none, the nation's newest row. So an area that once set a rule of its own
// keeps it until it changes it itself. A rule that nobody wrote is ErrNoRule,
// never a default: what a province or county must decide is not invented here.
//
//	rows ──New──► Rules ──At(day)──► View ──CollectionMode()…──► value, or ErrNoRule
package policy
