// Package bureau compares our book of a fund account with the finance bureau's
// journal of it: the second of the three sides that are held against each other
// every month.
//
//	their journal (CSV, xlsx) ─► Import: whole or not at all ─► lines, closings
//	                                                              │
//	our lines of the account ──────────┐                          ▼
//	                                   └─ match, month by month ─► Comparison
//
// The bureau sees lumps: a voucher is often the sum of a month's moves of one kind.
// Each month's lines meet what the months before left, by the engine that matches
// bank and book; what it leaves is tried as such a sum, where one sum only fits.
//
// Both sides are read once, month by month, in one order. Held are the lines that are
// open and those of one month, each side's at most as many as a journal may have, and of
// each no more than matching needs; what is named in the end is read again by its key.
//
// Nothing is kept of a comparison and nothing is booked for it: it is made anew from
// the same lines, and says the same.
package bureau
