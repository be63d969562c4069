// Package cycle is the paper on which a pay run's cycle is proved: one page for
// people, and one file that is signed and can be checked far from any database.
//
//	figures of the book ──┐
//	figures of the bank ──┼─► Document ─┬─► Sheet (one page)
//	lists by name ────────┤             └─► canonical JSON ─► signature ─► File
//	what it rests on ─────┘                                                  │
//	                                           Check(file, public key) ◄─────┘
//
// The file is canonical: object keys in the order of their bytes, no blanks, amounts
// as strings of yuan. Check refuses any other spelling of the same facts, so that
// there is one file for one proof and no byte of it is free.
//
// Check believes nothing but the key. It recomputes every equation from the figures,
// every list from its names, and the digests of the files that it is given; a proof
// that was signed and contradicts itself is found like one that was changed.
package cycle
