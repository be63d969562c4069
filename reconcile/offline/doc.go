// Package offline reconciles files: the statements of one fund account against an
// exported book, with the engine of the live service and without its database.
//
//	book.csv ─────────────────────────► Reconciler.Book ──┐
//	statements (records of any format) ► Survey, Statement ┴─► Finish ─► Report
//
// # What is one line
//
// A line of the bank is a booked entry of a statement; it is named by its place
// among all entries of all files, from 0. A line of the book is a row of the CSV;
// it is named by its posting_id.
//
// An entry whose details all carry an id and sum to it is looked up detail by
// detail, and stays one line: it is matched with everything that its details are
// matched with, or it stands in one break with all of it.
//
// # What only the live service knows
//
// A bank's notices are in no file. An entry that names neither a batch nor an item, and of
// which a notice would tell the batch or the terminal's day, is an entry without a name here:
// only the rules of amount serve it, and no notice tells that an entry is its money again.
//
// # Several files
//
// Files may be given in any order; their statements are taken in the order of
// their days. A statement that stands in two files word by word counts once. What
// does not add up, or does not follow what was before it, is told as a problem:
// the lines are matched all the same, and the report says that the arithmetic does
// not hold.
//
// # What is refused
//
// Statements of two accounts, another currency than yuan, an amount with more than
// two decimals, an entry without a day or a direction, a file that was not read to
// its end; a book with an unknown column, a posting twice, or a row that cannot be
// read: with file, line and what was expected.
package offline
