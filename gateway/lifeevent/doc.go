// Package lifeevent is what happens to a member beside paying and being paid: they
// prove that they live, stop and resume, move, leave and die.
//
//	certified ──12 months──► overdue ──daily look──► hold certification_overdue
//	    ▲                                                 │ certified, released by two people
//	    └──────────── resumed, months back by rule ◄──────┘
//
//	registered twice ─daily look─► case and hold duplicate_identity of the second ─► released by two people
//	another pension ─► hold other_pension ─► base pensions of months with both ─┐
//	departure, two people ─► base pensions of months after ──────────────────────┤
//	sentence, two people ─► pensions of its months ─────────────────────────────┤
//	death notice ─► pension ends the month after ─► what was paid for later months: recovery case
//	     │                                              │ plan of two people: from the account, from the grant,
//	     │                                              ▼ asked in instalments ─► receipts, booked
//	     └─► claim of an heir, two people ─► funeral grant, what is left of the account, and months
//	         that were owed to the dead, each once
//
//	move out: asked ─► letter ─► sum confirmed ─(two people)─► whole account sent, membership ended ─► done
//	          └─ money back from the bank ─(two people)─► the account lives again, membership and pension with it
//	move in:  asked ─► letter ─► money, to the fen ─(two people)─► fund and account, in one entry
//	who left and comes back ─(two people)─► membership again, account and years from zero
//	who emigrates ─(two people)─► membership ended ─► the account, once, by a run of dues
//
//	list of another office ─► strong: name and id number agree, acted upon
//	                          weak: a case for a person, and never acted upon by itself
//
// Whether an area pays back, grants and inherits is data (gateway/policy); a rule that is
// missing for a day is policy.ErrNoRule. What only two people may decide comes by
// gateway/casework, which asks this package what may be decided and what it does.
//
// Where the sources are silent, this is what holds here. Whether who is overdue is held is the
// rule certification_screen; who was overdue when the screen began is held from its first month
// on. A pension's first month counts as a certification, because its award rests on the member's
// own papers. How long a certification holds is the rule certification_cycle of the day on which
// the cycle ends: by the nation's, through 2017 whoever certified in a year is due again by the
// end of the next; from 2018 on, twelve months after the last certification, to the day. A month
// that a stop held back is paid by its own due, or never: no pay run takes it up beside. What a payment after the
// death drew from the personal account is the heirs' money paid early, so that it is
// taken from the balance first and needs no booking. An offset beyond it draws the
// account down in the memorandum set alone: the money left the fund already, as another
// benefit. A balance less its subsidy leaves the subsidy's amount on the account. Months that are
// owed to the dead go to the heirs as what they were, base and account pension: no run pays them
// to the dead any more. Their account pension is drawn from the account, so that the balance is
// without it; where the balance went first, what was decided later of the account went with it. A base
// pension of the month of the death that is decided higher later raises a grant that counts base
// pensions: an heir claims the difference, by the rule of the day of the death.
// A death of an earlier month that is reported after a grant holds what is unpaid of that, and a case
// says so: two people end the claim by one of its dues, and it is claimed anew by the earlier day.
// What heirs were paid of months after it is part of the recovery; a grant that was paid is not given
// twice, and whether it was too much is for the officers of the case to say.
//
// A member with another pension keeps that one. Its first month is the earlier of the hold's
// and the day that a strong match tells; where the list has no day, it is the month of the
// list. What the member drew of the own account stays the member's, so that only base
// pensions come back, first out of the account but its subsidy. Months after the death
// are the death's. A hold that two people ended before a plan was approved was wrong, and voids
// the case; after it the case stands, because the other pension may have ended.
//
// Nothing is owed for months after that in which a sentence began, through the one in which it
// ended: rosters and releases screen them, without a hold that somebody would have to end. What was paid
// before the sentence was known comes back, all of it, and what the payments drew stands in the account again. Who left
// for good keeps what was drawn of the own account too: base pensions come back.
//
// What was paid above an amount that was lowered later comes back when two people say so by a list of
// differences; all of it is asked while the member lives.
//
// Each step of a move has the working days of the rule transfer_step_days, and a late one is a
// case. Money that is not what was announced stays open as a case, or goes back by the income
// account that took it. Who draws a pension does not change its place by moving, out or in, and
// since July 2014 does not move between this and the employee scheme either; money that comes for
// such a member, for the dead or for who left, goes back in the same way. Nothing is chosen, paid
// or brought for a membership that ended. Money of a move out that the bank gives back comes
// whole; until two people let the account live again it stands as a difference with the bank. The
// months between are owed, since the member never left; interest is not, for the money was not
// here. Who comes back after the account went begins anew: nothing is asked for a year before
// that of the return, no paid year counts from before, and a pension begins at the earliest in
// the month after; what a transfer brings back counts. The dead do not come back. A balance of
// the rural scheme before 2009 is a marked part of the individual one, and counts with it.
package lifeevent
