// Package intake is the gate that every statement of a fund account passes
// before a line of it is believed.
//
// A file is taken whole or not at all. It is taken where every statement in it
//
//   - is of the account it was sent for, in yuan, with amounts of two decimals;
//   - adds up: opening + booked credits − booked debits = closing, and each
//     page opens with what the page before it left, pages running 1, 2, 3 …;
//   - opens with what the statement before it closed with, the first of an
//     account with the go-live balance, or with nothing where there is none;
//   - leaves no day out: see Days below;
//   - agrees line by line with what was taken in before, on the days that both cover.
//
// Only booked entries move balances; pending and information entries are
// counted and left out.
//
// # Days
//
// A statement covers the days from its first to its last, named in its head; a
// day among them without an entry is a day without movement. A head without
// days covers from the day after the statement before it (or from its earliest
// entry, where that is earlier) to its last entry, the file's last statement to
// the day it was sent for.
//
// Days that no statement covers are a gap, and a gap is refused, with one
// exception: where the opening balance is the closing balance before the gap,
// and either every missing day is no working day or the bank's own statement
// numbers run on (17, then 18), then the bank made no statement because nothing
// moved, and the days count as covered. Equal balances alone prove nothing: a
// credit and a debit may have crossed in the missing days.
//
// # Lines
//
// A bank re-uses its references, so a line is known by account, booking date,
// reference, direction, amount and an ordinal that counts equal ones within the
// day. Statements cover whole days, so the ordinal is the same in every file
// that holds the day.
package intake
