// Package reconcile is the proof that book and bank agree.
//
// It sees the bank's statements and the lines of the book, never a flow's own
// opinion of what happened. One account at a time:
//
//	statement file ─ intake (gate: whole or not at all) ─► statement, lines ─► job LinesTakenIn
//	                                                                 │
//	book lines not matched yet ──┐                                   ▼
//	statement lines not matched ─┴─ match, day by day ─► matches, breaks ─► report
//
// # Why day by day
//
// A run covers one day after the other: the bank's lines booked, and the book's
// lines accounted, up to that day. So a statement of a month and thirty
// statements of its days end in the same matches, whenever the runs happen;
// running again finds nothing new; and the report of any day can tell what was
// outstanding at its end.
//
// # Whose lump a line is
//
// A statement shows a terminal's day as one credit that names nothing of ours. The bank's
// notice of that money does, and bears the same reference, amount and value date: storage
// gives the line its name. So a notice is to be known before the line is matched, as it
// is where banks tell of money on the day it comes.
//
// # What is proved
//
//	bank's closing + what only the book has = book's closing + what only the bank has
//
// The lines that stand on one side only are the breaks. A break is opened when a
// line is first seen without its equal and closed when it has one; both are
// facts of their own, and a line stands in at most one open break. Nothing is
// booked for a break: a debit that nobody instructed is alarmed about at once, and
// a credit that looks like a payment coming back is proposed as one.
//
// # What becomes of a break
//
//	met: class, day, letter, incident ─► owned, noted, papers ─► proposed ─► approved by another person
//	     ▲                                                                        │
//	     └─ its lines stand in another break: owner, day,          a request to the flow that owns the
//	        notes and papers go on                                 money, a case for its office, a letter
//
// A break ends only when its lines have their equals: what is approved is asked for by
// the front door of the flow that books it, and the next run sees the entry.
package reconcile
