// Package match decides which lines of a bank's statement and which lines of
// the book are the same movement of money. It is pure, and linear in the lines.
//
// A line is used once. The passes go from what is certain to what is likely,
// each over what the passes before left:
//
//	reversals   an entry of the book and its reversal in red: the bank never saw either
//	references  the bank's line names our item, or both carry one bank reference:
//	            direction and amount must be equal
//	batches     the bank's lines name a batch: together they are all of its open
//	            book lines, or one of them is those of one cause, entry or day
//	amount_day  a line on either side without a counterpart of its own reference:
//	            equal direction, amount and value day, one candidate on each side
//
// The last two are repeated until nothing more is found, so that matching again
// with the same lines finds nothing new. Two lines that both carry a reference
// match only by it. What has more than one candidate is left open with all of
// them: it is never guessed which comes first.
//
// Every line that is left stands in exactly one Break.
package match
