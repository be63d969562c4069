// Package jsonl reads and writes canonical JSON Lines: one Record of
// gateway/bank an object, one object a line, in the order of the file.
//
// The first field of a line is "type". Absent facts are left out. Money is a
// string of yuan with the decimals that the file has, at least two. A file
// begins with "file" and counts as read only when its "end" was read and its
// counts agree.
//
//	file       format kind message_id created
//	statement  index account currency number page opening closing balanced | from to
//	entry      statement index amount direction status booking_date value_date bank_reference
//	           end_to_end_id batch_id reversal details text | counterparty counterparty_account
//	detail     statement entry index amount direction end_to_end_id counterparty counterparty_account
//	           return_code text
//	batch      index direction batch_id count sum execution_date account
//	item       batch index item_id amount currency name account bank mandate text
//	           | id_number social_no region
//	result     batch index item_id level outcome class code text amount
//	           | line batch_id social_no name id_number account region bank_reference value_date
//	           status message_id
//	problem    severity code line path text
//	end        entries items results problems
//
// What stands after the bar is ours on top of the published form: it follows
// from files that carry more, and may be left out.
//
// The writer is canonical: equal records make equal bytes. The reader takes any
// order of fields after "type" and blanks between tokens, since a bank's own
// JSON library decides these; it refuses everything else that the writer would
// not write: unknown types and fields, a field twice, null, nested values,
// numbers that are not plain, text that is not UTF-8, amounts and dates in
// another form, records out of order, lines over MaxLine bytes, and anything
// after "end".
package jsonl
