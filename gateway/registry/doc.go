// Package registry knows who and what the money belongs to: areas, regions,
// partner banks, fund accounts, members, instruments, mandates and chosen tiers.
//
// Registries come in as CSV files or xlsx workbooks, one kind a file. Every line is answered: it
// is imported, or repeated (the same row is known already and nothing changes),
// or refused with a code, the column and a sentence. A known key with other
// content is refused, never overwritten and never merged: changing a member's
// account is another command, with a maker and a checker. What the next line may
// rest on is what stands in the database or earlier in the same file.
//
// A person is a member once, but for land-lost farmers: who draws their allowance beside a pension has a
// second membership, of that scheme, under the same numbers and name. Each has its own account, amounts, holds
// and payments, because the allowance is of another fund; a proof of life counts for both, and a death is told
// of both. A file or list that does not name the scheme means the pension's. A wrong death notice is taken back
// of each by itself, and a case asks for the other.
//
// A yearly amount alone may be chosen anew: a choice of a later day takes the place of the one
// before while nothing of the year is paid, in flight or credited. Every choice is kept.
//
//	file ─► decode ─► header ─► chunk of lines ─► parse ─► compare with what is known ─► store ─► report
//	            │          │                        │              │
//	            └──────────┴── whole file refused   └── line refused or repeated
//
// A workbook's rows become the lines that its CSV would have: days as YYYY-MM-DD,
// amounts with two decimals. A number's cell in a column of names, words or of what
// identifies refuses its line: digits may be lost already.
//
// Who is paid rests on three more registries: what a member is entitled to by
// component and month, deaths that were reported, and holds. A hold ends, and an
// instrument gives way to another account, only by two people of the agency's
// business desk: one asks, the other approves the digest of what was asked; the
// agency's finance office and the finance bureau can do neither. Nothing is
// deleted: a decision on the same month comes after the one before, a wrong death
// notice is taken back by a row of its own and by two people, an instrument that
// ended stays.
//
//	hold ─► release: submitted ─► approved (the hold ended) | rejected | withdrawn
//	instrument ─► change: submitted ─► approved (it ended, another opened) | rejected | withdrawn
//
// Rules of an area are imported before its first fund account. From then on two people
// change them: a maker asks for a list, whole or not at all, and the rows are rules with
// the approval of a second person, whose decision each of them names.
//
//	rows ─► list: submitted ─► approved (rules from their days on) | rejected | withdrawn
//
// Go-live brings two more facts, each once: the balance of a fund account on the
// day before its book begins, and a member's personal account. Both are booked
// as entries of kind opening when two people have decided them (gateway/casework):
// finance each balance, beside the bank's statement of that day; the business desk
// the personal accounts of a file, by their sums and the digests of file and lines.
// Accounts are opened in bulk at a bank in batches of at most 500 rows; the bank
// answers in file order and brings the numbers.
package registry
