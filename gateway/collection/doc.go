// Package collection is the money in: what members owe, what banks are asked to
// debit, what they answer, what arrived, and the one posting that all of it ends in.
//
//	1 dues            chosen tier − posted − receipts − in flight
//	2 run             batches per bank, split by row limit and clearing bank; numbers from a committed counter
//	3 batch           frozen items; the bank fetches it, acknowledges count, amount and digest
//	4 answers         every line is kept as received; the final one of an item is its outcome, once
//	5 arrival         money on the fund account, by notice or from the statement
//	6 agreement       outcomes and arrivals of the batch sum to the same: only now anything is posted
//	7 posting         one entry a chunk: fund line and account line of an item in the same transaction
//	8 feedback        paid, unpaid and why; the next run takes up what may be tried again
//
// An item has no status: without a final answer it is pending, and while it is
// pending or unknown its due is in flight, so that it can never be sent twice.
// Money that no answer explains within the area's working days goes to suspense
// and is recognised from there when the answers come (domain rules: 新农保经办规程
// articles 12 and 13; debit in full or not at all). Money that was told for no batch
// is named for its own later, by the bank or its statement; an officer corrects one
// that was told wrong, until an agreement took the money.
//
// A village terminal's day is the same with receipts in place of answers: the
// day is closed, and posted when the bank's credit equals the sum of its receipts.
//
// What others pay for members comes as a list, approved by two people: its lines are in
// flight from then on, and the same agreement posts them when the money that officers
// or the bank's notices named for the list sums to it to the fen.
//
//	list ─► approved ─► money named ─► agreed ─► posted, a chunk a transaction
//	            └─────► ended without money: owed again
//
// A line of a list for the dead or for who left is refused, and a run leaves them out and counts
// them. What a bank took for them all the same, or a list whose money came too late brings, waits
// in suspense for its payer.
//
// A tax list imports whole, or, as its maker says, without what names nobody or a member who chose no amount:
// such a line's money waits in suspense with a case, until two people credit it to the member who is named for it,
// or have the tax authority give it back.
//
// What is above the chosen amount, was taken by mistake, after its mandate ended, after the
// death or for who left, or was paid in the employee scheme too, goes back out of the account that it came to,
// whoever collects today: from an income account by the channel that it came by, once swept out of what
// that account collects next, or, where two people want it, at once by an expenditure account; what the tax
// authority took, by the treasury; what others paid straight to the fiscal special account, by the finance
// bureau, to who paid it. Each is booked when its document is approved. What an expenditure account paid and the bank
// gives back waits in suspense, once two people said so by the number on the statement, and is paid again from there:
// to the heirs of who died meanwhile.
//
//	refund ─(two people)─► paid ─ money back from the bank ─(two people)─► due again, in a new payment
package collection
