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
// Nothing is kept of a comparison and nothing is booked for it: it is made anew from
// the same lines, and says the same.
package bureau
