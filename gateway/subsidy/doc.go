// Package subsidy is government's money for base pensions (财政补助): what each level owes to
// a month, what arrived of it, and a warning while it can still come before pay day.
//
//	batches frozen for the month ── rules of who pays ──► receivable by level
//	booked subsidy for base pensions ──Name──► arrivals: so much for a month and a level
//	                                     └──Withdraw (another person)──► its money is named anew
//	receivable − brought forward − arrived ──► missing, or ahead: what is ahead carries to the next month
//	daily look ──► missing some working days before the hand-over: pension_subsidy_due
//	           ──► missing after it: pension_subsidy_late; both end when the money is there
//
// A month is what is paid in it: its regular run, and every supplementary run whose pay day
// lies in it. So a difference of earlier months, or months of a stop, are receivable when they
// are paid. What is paid again after it failed or came back is not: its money is there. Held
// pensions are not in a run and not receivable until they are paid. A month that has no frozen
// regular run is estimated by the last one that was approved.
//
// Who pays: of the minimum the levels by base_pension_payers, an addition its own level, what
// is paid beyond them the levels by base_pension_extra_payers. The allowance of land-lost
// farmers has a fund of its own, and is none of this.
//
// The money is due on the day on which the month is handed to the banks. What comes after its
// month was due is told with the interest that the same lateness costs a subsidy to
// contributions; nothing is booked for it.
package subsidy
