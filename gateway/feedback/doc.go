// Package feedback is what goes back down to townships and villages: who has paid or
// was paid, who not and why in plain words, how far it came by day, how many of last
// year's payers paid again, and how many heads were to be enrolled.
//
//	standing of every member ──► village: due = paid + in flight + Σ unpaid by reason
//	      │                           └──► township ──► total
//	      └──► list of names for publication: masked, and no reason that is the member's own affair
//	money by value date ──► progress: each day, and so far
//	last year's payers  ──► renewal rate; numerator and denominator stand beside it
//	targets (heads)     ──► sums over regions and years; a stated total that differs is a finding
//
// A pensioner stands for a month as the month's regular pension does, whatever else was paid
// beside it. Where that was held and is paid back since, the month is paid. Its amount counts
// differences made good for it, and nothing of what heirs are paid. Who was recalled from a
// bank is due still; who died before the month is not, nor who died, left or drew the pension
// before they paid the year.
//
// It reads what the flows booked and were answered, and decides nothing. Targets are
// heads of people newly enrolled over all schemes: they are compared with each other
// and never with money.
package feedback
