// Package match decides which lines of a bank's statement and which lines of
// the book are the same movement of money. It is pure, and linear in the lines.
//
// A line is used once. The passes go from what is certain to what is likely, each
// over what the passes before left, and each can be switched off by the account's
// Rules:
//
//	book_reversal        an entry of the book and its reversal in red: the bank never saw either
//	reference            the bank's line echoes our id: direction and amount are equal
//	bank_reference       both carry one bank reference, where the line echoes no id of ours
//	shared_…             as many equal lines of one reference on both sides
//	return_reference     the line carries the bank's reference of the payment that the book gives back
//	batch_total          lumps of a batch and all of its open lines in the book
//	batch_part           a lump and the lines of one entry, one cause or one value day
//	batch_net            the one lump of a batch and its payments less its returns
//	batch_branches       a lump and the only few lines of its batch that sum to it
//	batch_items          the bank's items of a batch and the book's lump
//	bank_reversal        a line and the bank's correction of it: neither is any item's
//	amount_day_unique    equal direction, amount and value day, alone on both sides
//	amount_window_unique the same within Rules.Days; a line whose text says so is "interest"
//	subset_sum           a line and the only few that sum to it, all of one id, one bank
//	                     reference or one counterparty, at most twelve lines a side
//
// After a pass has found something it begins again at the references, until no pass
// finds anything: matching again with the same lines finds nothing new.
//
//	book ──► AddBook ──┐                    ┌─► Matches ─► stored
//	                   ├─► passes ─► Match ─┼─► Left ────► the next day's Matcher
//	bank ─► AddStatement                    └─► Breaks ──► every other line, once
//
// # What is never matched
//
// Two lines that both carry a reference match only by it. Rules of amount serve
// lines of the bank without an id of ours; where both sides know the counterparty's
// account, or else its name, it must agree. What has more than one candidate is left
// open with all of them: it is never guessed which comes first. Only lines that are
// equal in reference, direction and amount are taken in their order, since which is
// which makes no difference.
//
// A line whose text says that it is a charge is no part of a batch and has no equal:
// the fund pays no fees. One that says interest takes no line of the book with an id
// of its own by amount. One that echoes an id is a payment, whatever its text says.
//
// A line that names a batch which the book has held is of that batch: it matches
// nothing outside it by amount. A lump that equals one which was matched, of a batch
// of which nothing is open, is a duplicate, unless the past says that the batch is
// still to move as much.
//
// So is a line without an id that has the bank's reference, direction and amount of
// a line which was matched by a reference or an amount, whether that one echoed an
// id or not, unless the book holds as many open equals of the bank's reference. Lines
// that echo an id are told by it alone, since a bank may give a whole batch one
// reference.
//
// A correction by the bank takes the nearest line before it of its reference, else
// the next after it: of the id that both echo, of the bank's reference where one of
// them echoes none, or, of lumps, of the batch. Only a correction that carries no
// reference at all takes the only line that it can be by amount and days. None takes
// a line that the book has a claim on: one that carries the id of an item of ours
// which the book does not hold yet waits for the book, and the only candidate by
// amount of a line of the book is that line's.
// Thus of a line, its correction and a second line, the book's item takes the first
// and the correction the second, in whatever order they come.
//
// Within the tolerance a match may be made by a reference or of a batch's total only,
// where each side is the other's only one; Match.Difference says by how much.
//
// # Order of arrival
//
// References, and lumps that are a whole or a known part, are matched at once, and
// what is alone with its amount on one value day at the end of the day on which both
// sides hold it. All else rests upon there being no other candidate within
// Rules.Days, so it waits, where Through was called, until so many days after its
// lines are complete on both sides; until then the lines are in a break whose reason
// is waiting, or in the one that they would be in without the rule, and no less
// certain pass takes them. Given
//
//   - the book's lines in any order, entries whole, each not after the day through
//     which its side was said to be complete,
//   - statements in order of their days, as the intake gate holds them,
//   - lines of one truth that come within Rules.Days of each other, and
//   - lines without a reference, or with one bank's reference that the book does not
//     know, that differ by counterparty where they do not differ by amount,
//
// matching day by day as lines come, with Left in between, ends in the same matches
// and breaks as matching all of them at once. Nothing is ever taken back: a line that
// comes later, or has a better claim on what amount and day alone have matched, finds
// it matched and stays in a break. The order in which the book's lines are added to
// one Matcher never matters.
//
// # Cost
//
// A line of the book takes 64 bytes and its texts, one of the bank that no reference
// matched 48, and one that a reference matched and that carries the bank's own 8.
// Both sides are looked up in tables by their references; what rules of
// amount ask is counted, so that it costs the same however many lines are alike.
package match
