// Package disbursement is the money out: from who is entitled for a month to the
// pension that stands on a pensioner's account, or came back.
//
//	entitlement ─► roster ─► (screens) ─► pay run: DRAFT
//	   submit    ─► FROZEN    payees, amounts, batches, numbers and file bytes, in one transaction
//	   approve   ─► APPROVED  a second person, bound to the digest
//	   release   ─► RELEASED  a third person; screened again, funded in full, batches SENDING
//	   results   ─► per item: the benefit is booked with the answer that says it was paid
//	   return    ─► the money waits in suspense until it is paid again by a new item, which names the old one
//	             ─► CLOSED    every batch has its last answer
//
// A supplementary run of dues pays what is owed once beside the month's pension, each
// due under its own cause: the differences of months that were paid lower than they are
// decided today, by a list that two people stand for; the months of a stop; grants and
// balances for heirs, to their accounts. A list looks at months whose run was released; one
// that can still be withdrawn is drafted anew by what is decided then. A month and its dues
// together are never paid more than the most that was ever decided for it.
//
// Months that were paid higher than they are decided today are no dues and set off against none. A list
// that asks for it recovers them: once two people stand for it, what is too much is a recovery of the member
// (gateway/lifeevent), and the month counts as paid that much lower.
//
// A due that must not be paid after all is ended by two people, with a document and a reason. No run
// takes it up any more, and no list owes what it had again: where the sources are silent, it counts as
// settled until a month of it is decided anew. A due that a payment has is ended by what ends the
// payment; what an heir was granted ends with all dues of its claim.
//
// A hit of a screen at the release withdraws the run; its successor has the same
// rows less those hit and is approved anew. Nothing can be added to a frozen run.
// Nothing is sent twice: an item is paid again only as a new item, and only after
// the bank's own word that the first one failed or came back.
//
// Somebody whom the bank's payment did not reach may be paid by hand. Two people of the finance
// office say so of the last payment of the claim; the money leaves the same expenditure account,
// and from then on no run pays the claim, nobody gives it up or ends its due, and no heir has it.
//
//	the bank says that it paid     suspense / 1004, and what comes back meets it there, whatever the area's
//	                               rule for returns. A case asks until it is back: till then the person has
//	                               both, and the proof of the run does not hold.
//	it came back, to suspense      suspense / 1004: the money that waits is used up. So too where a reissue
//	                               out of suspense failed.
//	it failed, or came back in red the benefit, by component, against 1004, drawn from the account anew:
//	                               nothing of the claim was spent, and nothing waits.
//
// Where the bank may have paid what failed after all, the doubt is settled first. Where it says so
// later, a case possible_double_credit asks, and its debit stands as a break: the book takes in
// nothing for a payment that failed. Of a payment of which nobody knows nothing is paid by hand:
// evidence settles it. Nor is what nobody is owed any more: a due that two people ended, what an
// heir was granted, a month after the death.
//
// While the child-linked rule is in force, a child who must pay and does not stops the base pension
// of who was of age when the scheme began, and nothing else: the account's pension is the member's own
// money and is paid. What is stopped stands on the roster as a held line of its own; from the month on
// whose first day the rule is repealed the base pension is paid again, and nobody has to release
// anything. Months before that stay unpaid, until the stop is released and the area's back-pay policy
// says otherwise: later payment resumes without back pay. A payment that came back is paid again whole
// or not at all.
//
// A rule that nobody decided for a day is policy.ErrNoRule: no roster is made, no run is
// released and no screen left out for want of one. A return alone cannot be refused, for its
// money is back: it is booked to suspense, from where either rule can be followed later, and
// a case rule_missing names the rule.
//
// The daily look asks for the month's run in time and sees that it is released in
// time; it makes no run. The maker is the first of the three people that a payment
// needs: were the program a maker, two would be enough.
//
// Postings (domain of the two lines): a bank that settles net or itemised is
// debited for what succeeded, so a success books benefit against the expenditure
// account. A bank that settles gross takes the lump when it acknowledges the
// batch, so the lump goes to money in transit first; a success books against
// that, and what failed comes back from it. What is the member's own account is drawn
// from its parts in the order of the area's rule drawing_order, of the first day of the
// month paid.
package disbursement
