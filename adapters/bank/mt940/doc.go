// Package mt940 reads SWIFT customer statements (MT940) and interim reports
// (MT942) into the Records of gateway/bank, and writes MT940 from them.
//
// # Reading
//
// A file is any number of messages, bare or in a SWIFT envelope, with CRLF or LF,
// for one account or several. The head of a statement stands before its entries
// and says whether they add up, so a file is read twice; a source that cannot seek
// is held in memory, up to MaxHeld bytes. Memory stays bounded.
//
// Pages that follow one another (:62M: then :60M: of the same account, the same
// number and the next page, in one :20: block or in several) are one statement,
// and its balance is proved over all of them. A page without its neighbour is a
// Problem of severity error; a warning where the page shows that the M of its bank
// means no page: a page 1 that begins with :60M:, or a last page without entries and
// with one balance at both its ends.
//
// A file that was cut off is an error or has the Problem message_cut_off: its last
// line has no end, or its last message has neither :62F: (:90D: or :90C: in an MT942)
// nor a line -. A file that was cut between two messages cannot be told from a shorter
// one; nor can one that lost no more than its last line -.
//
// What is broken (an amount, a mark, a balance that cannot be read, a message that
// is cut off) is an error with its line, and nothing of the file counts. What
// contradicts itself (balance, control_total, date, currency, page) is a
// bank.Problem, and reading goes on.
//
// # What becomes what
//
//   - RC takes back a credit and is a debit, RD is a credit; both are reversals.
//     EC and ED are expected: they are pending and move no balance.
//   - The entry date has no year: it is the one nearest to the value date.
//   - Every amount must have its comma and every :61: its transaction type. An amount
//     of :61: without a comma is a Problem where the type behind it shows its end.
//   - A missing :62F: leaves Closing absent where the message is ended; behind :64: or
//     :65: that is told as balance_missing. :64: and :65: are not in the records
//     and are not looked at; nor is a :86: that belongs to no entry.
//   - A continuation line of :86: may look like a tag. Only tags that can follow
//     there end the text, and those that begin a message only where another tag
//     follows at once. A message ends with a line that is - and nothing else, or -}.
//   - The structure ?20 gives the text (?20 to ?29 and ?60 to ?63, or ?00 where they
//     are empty), the counterparty (?32, ?33) and its account (?31); EREF+ in it is
//     the end-to-end id and KREF+ the batch. The structure /EREF/ gives /NAME/,
//     /IBAN/ and /REMI/. Other text stays as it is, a line end for each line end,
//     but lines of full width, which were cut, are joined.
//   - The customer's reference of :61: is the end-to-end id where :86: has none;
//     NONREF and NOTPROVIDED are absent. What follows // is BankReference. A
//     supplementary line goes behind the text.
//   - Account is the text of :25: as it stands.
//
// # Charsets
//
// The default is UTF-8, or Latin-1 for the whole file where it is not UTF-8, which the
// warning charset_guessed tells. Any other charset must be named: it cannot be told
// from the bytes.
//
// # Writing
//
// Writer refuses what MT940 cannot hold, or tells it where the caller takes the
// loss; it never cuts and never replaces a character. A line of a text that begins
// with : or - goes behind a blank, which the reader drops; one that is a tag or an end
// is refused. Every entry that it writes was read back to the same facts first.
package mt940
