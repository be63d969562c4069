package httpapi

// Explained is one error code: where it is met, when, and what to do then.
type Explained struct {
	Code string `json:"code"`
	// Where it is met: in an answer, in a file's receipt or one of its lines, at
	// one of our commands, or in our log only.
	Where string `json:"where"            enum:"answer,file,command,log"`
	// Status is the HTTP status of the answers that carry it.
	Status int    `json:"status,omitempty" doc:"Of the answers that carry it"`
	When   string `json:"when"`
	Do     string `json:"do"`
}

// row is a code as it is written down; at is a status, or one of the places
// that are no answer.
type row struct {
	code     string
	at       int
	when, do string
}

const (
	// inFiles is for codes of receipts, of lines of files and of lists.
	inFiles = -1 - iota
	// inCommands is for codes that only our commands print.
	inCommands
	// inLog is for faults of ours: the answer says internal.
	inLog
)

// Catalogue is every error code of the gateway, in the order of the alphabet.
func Catalogue() []Explained {
	rows := explanations()
	all := make([]Explained, len(rows))
	for i, r := range rows {
		all[i] = Explained{Code: r.code, Where: "answer", Status: r.at, When: r.when, Do: r.do}
		if place, ok := map[int]string{inFiles: "file", inCommands: "command", inLog: "log"}[r.at]; ok {
			all[i].Where, all[i].Status = place, 0
		}
	}
	return all
}

//nolint:funlen // one table
func explanations() []row {
	return []row{
		{
			"account_before_opening", inFiles, "the pension began before the account was taken over at go-live",
			"import the account pension that was paid then as an entitlement",
		},
		{
			"account_empty", 422,
			"nothing of the dead member's personal account is left for heirs",
			"claim the funeral grant alone",
		},
		{"account_number", inFiles, "the account number has a wrong form or check digit", "correct the number"},
		{"account_opening_not_found", 404, "the account opening does not exist for this caller", "check the id"},
		{
			"account_shared", inFiles,
			"the line was imported, and its account serves another member too; a case is open",
			"compare the account with the papers of both; a mistake is put right by its own import",
		},
		{
			"account_shared_by_lines", inFiles,
			"one bank account was named for two lines of the fund, or two schemes",
			"name an account of its own for each",
		},
		{
			"account_sum_changed", 409, "the account holds another sum than was confirmed, or a part below zero",
			"do the step sum_confirmed again",
		},
		{
			"account_typed_differs", 409, "the number typed from the document is not the one that was submitted",
			"compare both with the document; reject the change where it is wrong",
		},
		{"account_unchanged", 422, "the new account is the one that stands there", "name the corrected account"},
		{
			"acknowledgement_differs", 422, "count, amount or digest is not the batch's",
			"fetch the batch again and compare before acknowledging",
		},
		{"already_booked", 409, "the fact stands in the book already", "nothing: it is done"},
		{"already_decided", 409, "somebody decided this before", "read its state"},
		{
			"ambiguous_item", inFiles, "the line names a person whom several payments of the batch fit",
			"name the item by its item_id",
		},
		{"amount", inFiles, "an amount of the file is not a plain decimal number without a sign", "correct the file"},
		{
			"amount_differs", inFiles,
			"the amount is not the one that was sent: money moves in full or not at all",
			"move the amount of the item or nothing, and answer with it",
		},
		{"amount_missing", inFiles, "a success names no amount", "name the amount that was moved"},
		{"amount_zero", 422, "the amount is zero", "send an amount above zero"},
		{
			"answered_before", inFiles, "another answer on this row was recorded before",
			"compare with your first answer; call us where it was wrong",
		},
		{"area_forbidden", 403, "the officer works for another area", "use an officer of the area"},
		{"area_required", 400, "the file's area is not known", "name it"},
		{
			"arrival_fixed", 409, "its batch agreed with the money, or it is a terminal's day",
			"name a batch for money that is open",
		},
		{"arrival_not_found", 404, "the arrival does not exist for this caller", "check the id"},
		{
			"arrival_role", 422, "money was reported on an account that contributions do not arrive on",
			"report credits of income, treasury and fiscal special accounts only",
		},
		{"attachment_not_found", 404, "the break has no such paper", "read the break: its papers have ids"},
		{
			"attachment_size", 422, "a paper has no bytes, or more than 4 MiB",
			"scan it smaller, or attach it in parts",
		},
		{
			"attachment_type", 422, "the bytes are not of the media type that was named, or not of one that is kept",
			"attach a PDF, PNG, JPEG, xlsx, plain text or CSV and name its type",
		},
		{
			"authority_unknown", 401, "the signature covers another address than the one that was reached",
			"sign the address you send to",
		},
		{
			"award_month", 422, "the month lies before the scheme's book or is more than one ahead",
			"name a month of the book, at most the next one",
		},
		{"award_no_book", 422, "the area keeps no book of the scheme", "register the scheme's first fund account"},
		{"award_order", 400, "scheme or month is missing", "name both"},
		{"award_run_not_found", 404, "the award run does not exist for this caller", "check the id"},
		{
			"award_run_stale", 409, "entitlements, or rules that it rests on, changed after the award run was made",
			"withdraw or reject the decision, and make the run again",
		},
		{
			"back_pay_undecided", 422,
			"a hold that stopped months was to end, and no rule says whether they are paid back",
			"import the rule back_pay with its document, and approve the release again",
		},
		{"bad_request", 400, "the bytes are not an acceptable HTTP request", "correct the client"},
		{
			"bank_file_too_large", inFiles, "a file in a bank's folder is larger than any that is read",
			"have the bank split it, and take it away",
		},
		{"bank_key_exists", inCommands, "a key with this id is registered", "choose another id"},
		{"bank_key_unknown", inCommands, "no such key is registered", "check the id"},
		{
			"bank_login_refused", inCommands, "a bank's server does not take our key or password",
			"have the bank register the public key for the user",
		},
		{"bank_not_found", 404, "the area registered no such bank", "check code and area"},
		{
			"bank_reference_reused", 409, "the bank reference was reported before with other content",
			"send the first content again, or a new reference",
		},
		{"bank_unknown", inCommands, "no area has registered this bank", "register the bank first"},
		{"bank_unreachable", inCommands, "a bank's server does not answer in time", "check address and network; it is tried again"},
		{
			"batch_acknowledged", 409, "the bank has acknowledged the batch, or answered on it",
			"wait for its results; what fails or comes back can be paid again",
		},
		{"batch_not_found", 404, "the batch does not exist for this caller", "check the id"},
		{
			"batch_state", 409, "the batch's state does not allow this now",
			"read the batch: its status says whether it waits for an acknowledgement, for results or for nothing",
		},
		{
			"batch_withdrawn", inFiles, "the payment belongs to a batch that was recalled",
			"tell the agency at once whether any of it was paid",
		},
		{
			"batch_withheld", 409, "an item of the batch was settled as not executed: the batch is not handed out any more",
			"answer what was fetched before; what is still owed comes in a later batch",
		},
		{"before_book", inFiles, "the day lies before the book of the scheme begins", "correct the day"},
		{
			"body_too_large", 413, "the body is larger than the route takes",
			"send less, or a file on the upload address",
		},
		{
			"book_sealed", 409, "the business day of the booking, or the go-live day of the scheme's book, is sealed",
			"send it again on the next business day; what is missing of go-live is a movement of a later day",
		},
		{
			"book_unreadable", inCommands, "the exported book cannot be read, or a line of it",
			"correct the line and the column that the text names",
		},
		{
			"break_being_booked", 409, "a request that books a line of the break lives",
			"book the transfer that subject names, or reject or withdraw it, then propose anew",
		},
		{
			"break_closed", 409, "the break was closed, or its lines stand in another one",
			"read the break that continues it; nothing is entered about a closed one",
		},
		{"break_not_found", 404, "the break does not exist for this caller", "check the id"},
		{
			"break_over_age", 409, "a break of the month is older than the area's rule break_age_days lets it be",
			"resolve the break that subject names",
		},
		{
			"break_owner", 422,
			"the owner is no officer of agency finance or the finance bureau of the area who works on breaks",
			"name the login of one who does",
		},
		{
			"break_work_invalid", 400, "a note, a day, a paper's name or a proposal is not one that can be entered",
			"correct the field",
		},
		{
			"bureau_arithmetic", 422, "the closing balances of the bureau and the lines between them do not add up",
			"send the missing lines together, or the corrected balance",
		},
		{
			"bureau_closing", inFiles,
			"a closing balance stands with a voucher or an amount, or on another day than a month's last",
			"give it a line of its own, of the month's last day",
		},
		{
			"bureau_direction", inFiles, "a line of the bureau's journal is no debit and no credit, or both",
			"give direction and amount, or one of the columns debit and credit",
		},
		{"bureau_journal_long", 413, "the journal has more than 200000 lines", "send it by month"},
		{
			"bureau_journal_missing", 404,
			"the bureau's journal of the account and month was not imported, or no closing balance up to it",
			"import it as bureau_journal, with the closing balance of the month",
		},
		{"caller_not_allowed", 403, "the route is for another kind of caller", "call it as that caller"},
		{
			"case_closed", 409,
			"the case was closed before",
			"nothing: it is done",
		},
		{
			"case_ends_itself", 409,
			"the case ends by the event that it waits for, or by a decision about its file or items",
			"do what its text says",
		},
		{
			"case_not_found", 404,
			"the case does not exist for this caller",
			"check the id",
		},
		{
			"case_of_no_recall", 409, "only a recalled batch can have been executed after all",
			"leave decision out, or say settled",
		},
		{
			"cell", inFiles, "a workbook's cell holds a number, a yes or no or an error where its column needs something else",
			"make the column text and enter the value again",
		},
		{
			"certificate_differs", 401, "the connection's client certificate is another bank's than the key's",
			"connect with the bank's own certificate",
		},
		{
			"certificate_required", 401, "a bank's request came over a connection without a client certificate",
			"connect with the bank's certificate",
		},
		{"change_not_found", 404, "nobody asked for a change of the instrument", "ask for one first"},
		{
			"change_open", 409, "a change of the instrument waits for its checker",
			"let it be approved or rejected, or withdraw it",
		},
		{
			"charset", 400, "the bytes are not text of the charset that was named",
			"name the right charset or correct the file",
		},
		{"charset_bytes", inFiles, "bytes are not text in the declared charset", "correct the file"},
		{
			"charset_rune", inFiles, "a character cannot be written in the bank's charset",
			"correct the name, or ask the bank for a wider charset",
		},
		{
			"clearing_bank", inFiles, "a set holds accounts of more than one clearing bank",
			"split the set by clearing bank",
		},
		{"closing", 503, "the process is stopping", "send it again with the same Idempotency-Key"},
		{"cnaps_loss", inFiles, "the CNAPS2 message has no element for a value", "leave the value out by the profile"},
		{
			"collected_by_agency", 422, "a list of the tax authority where the agency collects",
			"name the kind of the payer",
		},
		{"collected_by_tax", 422, "the tax authority collects in this area from the day on", "collect nothing here"},
		{
			"collection_mode", 422, "who collects in this area does not allow the movement",
			"choose the movement that its mode has",
		},
		{
			"contended", 503, "another request on the same rows was faster",
			"send it again with the same Idempotency-Key",
		},
		{"content_encoding_refused", 415, "the body has a Content-Encoding", "send the plain bytes"},
		{
			"content_type_refused", 415, "the body has another Content-Type than the route takes",
			"send the type that the document names",
		},
		{
			"contradicts_outcome", inFiles, "the item has the opposite final answer already; nothing was changed",
			"compare your two answers and tell the agency which is true; never move the money again",
		},
		{
			"control_total", 422, "count or amount does not agree with the lines",
			"let count be the number of lines and amount the sum of those that have one; nothing was taken",
		},
		{"credentials_ambiguous", 401, "the request has a signature and a bearer token", "send one of them"},
		{"csv", 400, "the file is not CSV as RFC 4180 defines it", "correct the file"},
		{"customer_not_found", 404, "the bank has no customer with this id number", "check the number"},
		{
			"cutoff_passed", 422, "the area's last day for contributions of the year passed",
			"run no withholding: who still pays makes the year up at the counter",
		},
		{
			"database_unavailable", 503, "the database cannot serve the request now",
			"send it again with the same Idempotency-Key",
		},
		{"day_open", inCommands, "the business day is not over", "wait until it is"},
		{
			"day_out_of_range", 422, "the day lies in the future or before the books began",
			"name a day from the beginning of the account's book up to today in Asia/Shanghai",
		},
		{
			"deadline_exceeded", 503, "the work did not end in time; it may have had its effect",
			"send it again with the same Idempotency-Key",
		},
		{"death_notice_not_found", 404, "the death notice does not exist for this caller", "check the id"},
		{
			"decision_invalid", 400,
			"a field of the decision is missing or does not belong to it",
			"correct the field",
		},
		{
			"decision_not_found", 404,
			"the decision does not exist for this caller",
			"check the id",
		},
		{
			"decision_open", 409,
			"a decision about the same fact waits for its checker",
			"approve, reject or withdraw that one first",
		},
		{
			"delivery_swept", inFiles, "two processes were about to put the same file into a bank's folder",
			"nothing: one of them delivers it",
		},
		{
			"departure_invalid", 400, "a field of the departure is missing or does not fit",
			"correct the field that is named",
		},
		{
			"deposit_differs", 422, "a fixed deposit is drawn whole, after the day it was placed",
			"draw all of it, later",
		},
		{"deposit_drawn", 409, "the fixed deposit was drawn before", "nothing: it is done"},
		{"deposit_unknown", 422, "the account holds no such fixed deposit", "check the deposit"},
		{
			"differs", inFiles, "a row with this key is registered with other content",
			"correct the row, or change the registered one by its own route",
		},
		{
			"digest_differs", 409, "the content changed since it was shown",
			"look at it again and approve its new digest",
		},
		{
			"digest_mismatch", 401, "the body is not the one that Content-Digest names",
			"take sha-256 over the bytes as they go over the wire, and send these bytes",
		},
		{"digest_required", 400, "an upload came without Content-Digest", "add sha-256 of the bytes"},
		{
			"disbursement_batch_not_found", 404,
			"the batch of payments does not exist for this caller, or was not released",
			"check the id",
		},
		{
			"draws_pension", 422, "a pension is paid to the member from before the day of the payment",
			"take no money; a pension that is wrong is corrected by an award run",
		},
		{
			"due_cause", 409, "the due pays an account out after a departure",
			"nothing: the account is the member's",
		},
		{"due_ended", 409, "the right to the due ended before", "nothing: no run pays it"},
		{"due_list_not_found", 404, "the list of differences does not exist in the area", "check the id"},
		{
			"due_list_open", 409, "a list of differences of the scheme waits for its checker",
			"decide that one first",
		},
		{
			"due_list_stale", 409, "what was paid or decided has changed since the list was made",
			"reject the decision and ask for the list anew",
		},
		{"due_not_found", 404, "the due does not exist for this caller", "check the id"},
		{
			"due_taken", 409, "a payment has the due",
			"withdraw its run, give up what came back, or claim back what was paid",
		},
		{
			"duplicate_line", inFiles, "another line of the same file or request answers the item",
			"keep one line for each item",
		},
		{"duplicate_parameter", 400, "a query parameter or single header stands twice", "send it once"},
		{"duty_conflict", 403, "the officer's duties do not allow the action", "let an officer with the duty do it"},
		{
			"effective_in_future", 422, "the value date lies in the future",
			"enter it on the day the money moves, or later",
		},
		{
			"element_repeated", inFiles, "an element of the file that counts once stands twice",
			"ask the bank for a correct file",
		},
		{
			"element_value", inFiles, "the value of an element is not what the message standard demands",
			"correct the element that the text names",
		},
		{"empty_file", inFiles, "the file has no rows", "send a file with rows"},
		{
			"entry_malformed", inLog, "we made an incomplete entry; nothing was booked",
			"name the request_id when you ask us",
		},
		{
			"entry_unbalanced", inLog, "we made an entry that does not balance; nothing was booked",
			"name the request_id when you ask us",
		},
		{
			"estate_claim", 400,
			"an heir's claim is not complete, or its account is another person's",
			"correct the field",
		},
		{
			"estate_granted", 409,
			"the funeral grant or the balance was granted to an heir before",
			"read the claims of the member",
		},
		{
			"evidence_incomplete", 422,
			"the evidence does not say what an answer of the bank would have to say",
			"name the bank's number and value date of a success, the code of a failure",
		},
		{
			"evidence_invalid", 400,
			"there are no lines of evidence, or more than 1 000",
			"send between 1 and 1 000 lines",
		},
		{
			"feedback_subject", 400, "neither a year of contributions nor a month of pensions was named, or both were",
			"name one of the two",
		},
		{"fields", inFiles, "a line has not as many fields as the header", "correct the line"},
		{
			"file_changed", inLog, "a frozen file no longer has its digest; nothing was sent",
			"name the request_id when you ask us",
		},
		{"file_field", inFiles, "a value cannot stand in the bank's file", "correct the value"},
		{
			"file_malformed", inFiles, "the structure of the file is broken; nothing of it was booked",
			"send the file as your profile describes it, under a new name",
		},
		{
			"file_not_aside", 409,
			"the file is not set aside, or its content was taken in meanwhile",
			"read the receipt",
		},
		{
			"file_not_whole", 422,
			"not all bytes of the file arrived, or others than were signed",
			"have the bank send it again",
		},
		{
			"file_part_unknown", inFiles, "the file's name does not say which part it is",
			"end the name in _S or _F before its suffix",
		},
		{
			"file_quarantined", inFiles, "the file contradicts itself; nothing of it was booked",
			"send a correct file under a new name",
		},
		{
			"file_still_written", inFiles, "a file in a bank's folder grew while it was read",
			"nothing: it is read again once it rests",
		},
		{"file_too_large", inFiles, "the file is larger than the address takes", "split it"},
		{
			"format_differs", inCommands, "the file is of another format than the one that was named",
			"name its format, or none",
		},
		{
			"format_not_told", inFiles, "the first bytes of the file do not say what it is",
			"send a format that is supported, or name it",
		},
		{
			"format_unknown", inFiles, "no profile describes the bank's format",
			"put its profile into the folder of TWOLINE_PROFILES",
		},
		{"fund_account_not_found", 404, "the fund account does not exist for this caller", "check the id"},
		{
			"fund_statement", inLog, "a month's movements do not lead from its opening to its closing balances",
			"run twoline verify and name the request_id to us at once",
		},
		{
			"funding_request_differs", 422, "the allocation does not go to the account of the funding request",
			"name the request of that account, or none",
		},
		{
			"funding_request_exceeded", 422, "the allocation is more than the funding request still asks for",
			"allocate at most what is open, or name no request",
		},
		{
			"funding_request_invalid", 422, "the funding request lacks a field, or has one that cannot be",
			"correct the field that is named",
		},
		{"funding_request_not_found", 404, "the funding request does not exist for this caller", "check the id"},
		{
			"funds_short", 409,
			"an expenditure account does not hold what the run takes from it; no part of it was released",
			"let the finance bureau allocate what is missing, then release it",
		},
		{
			"funeral_grant_late", 422,
			"the funeral grant was claimed later than the rule of the day of the death allows",
			"claim the balance alone",
		},
		{"future", 422, "the day lies after today", "correct the day"},
		{
			"grant_under_way", 409,
			"a pay run has what an heir was granted by the death that the notice reports",
			"withdraw the run that subject names, or wait until the bank has answered it",
		},
		{
			"hand_payment_day", 422, "a payment by hand lies ahead, or before the payment that it was made instead of",
			"name the day on which the statement shows it",
		},
		{
			"handover_late", 422, "the day on which the bank should hold money and list has passed",
			"release it with a reason",
		},
		{"header", 400, "the first line does not name the columns", "add the header of the import's description"},
		{"headers_too_large", 431, "the header fields are larger than 16 KiB", "send fewer or shorter ones"},
		{
			"heading", inFiles, "the sheet has no row with the headings that are expected",
			"put the headings in one row",
		},
		{"hold_not_found", 404, "the hold does not exist for this caller", "check the id"},
		{
			"hold_released", 409, "two people released the hold",
			"nothing: it has ended; to hold again import a hold of another text or month",
		},
		{
			"host_key_refused", inFiles, "a bank's server shows another key than the pinned one; nothing was sent to it",
			"ask the bank whether it has a new key before you pin another",
		},
		{
			"idempotency_in_progress", 409, "the first request with the key is still running",
			"wait, for Retry-After where given, and send it again",
		},
		{
			"idempotency_key_required", 400, "the Idempotency-Key is missing, or not 8 to 64 visible characters",
			"make one for each intent and keep it for retries",
		},
		{
			"idempotency_key_reused", 422, "the key was used for a request with other content",
			"use a new key for a new intent",
		},
		{
			"import_contended", 503, "another request registered some of the rows",
			"send it again with the same Idempotency-Key",
		},
		{
			"import_refused", 422, "some lines were refused, so nothing was imported",
			"correct the lines that the answer names",
		},
		{
			"inbox_unknown", inFiles, "a file in a bank's folder names no batch of that bank",
			"see the case of the same name; send it under the name of its batch",
		},
		{"income_not_swept", 409, "the income account holds money at its month's end", "sweep it first"},
		{
			"instrument_ended", 409, "the instrument has ended",
			"ask GET /v1/members/{id}/instruments for the one that took its place",
		},
		{"instrument_not_found", 404, "the instrument does not exist for this caller", "check the id"},
		{"insufficient_balance", 422, "the account does not hold the amount", "move less, or fund the account first"},
		{
			"interest_no_accounts", 409, "no account of the scheme held money in the year",
			"check scheme and year",
		},
		{
			"interest_nothing_to_correct", 409, "the year has no run at this rate that could be corrected",
			"make the run itself: leave correction out",
		},
		{
			"interest_run_invalid", 400, "an interest run cannot be made so",
			"correct the field",
		},
		{
			"interest_run_made", 409, "the year has its run at this rate, or at the final one",
			"name what a correction rests on, where something came into the book after the run",
		},
		{
			"interest_run_not_found", 404, "the interest run does not exist for this caller",
			"check the id",
		},
		{
			"interest_run_open", 409, "a run of the scheme waits for its decision, or is being posted",
			"decide it, or wait until it is posted",
		},
		{
			"interest_run_stale", 409, "a rule that the run rests on changed after it was made",
			"reject the decision, and make the run again",
		},
		{
			"interest_year_before", 409, "accounts held money at the year's beginning, and the year before has no interest run",
			"make the run of the year before",
		},
		{
			"internal", 500, "the gateway failed; the work may or may not be done",
			"name the request_id when you ask us; a retry with the same key is safe",
		},
		{"invalid_cursor", 400, "the cursor is not one of ours", "use next_cursor as it was given"},
		{"invalid_field", 400, "a field is not valid", "correct the field that is named"},
		{
			"invalid_json", 400, "the body is not JSON that all readers read alike",
			"send UTF-8, each name once, nothing after the value",
		},
		{"invalid_request", 400, "a field is missing, unknown or of another form", "correct the field that is named"},
		{
			"item_awaited", 409,
			"the bank was not yet asked about the item, so its answer may still come",
			"wait for the query of the third working day",
		},
		{
			"item_decided", 409,
			"the item has its final answer",
			"read where it stands",
		},
		{
			"item_failed", inFiles, "the payment failed, so there was nothing to give back",
			"compare with your first answer on it",
		},
		{"item_not_found", 404, "the item does not exist for this caller", "check the id or the bank reference"},
		{"jsonl_end", inFiles, "the file has no end line, or one that does not agree", "send the whole file"},
		{"jsonl_field", inFiles, "a field is unknown, repeated, missing or of another form", "correct the line"},
		{"jsonl_line", inFiles, "a line is longer than 1 MiB", "shorten it"},
		{"jsonl_order", inFiles, "a record does not follow the one before it", "put the records into file order"},
		{"jsonl_syntax", inFiles, "a line is not one flat JSON object in UTF-8", "correct the line"},
		{"layout", inCommands, "the configured layout of a bank's file cannot be used", "correct the profile"},
		{
			"letter_alive", 409, "a letter asks the bank for the same money, and its answer is not due yet",
			"wait for the answer to the letter that subject names; once its day has passed another one may be drawn",
		},
		{
			"letter_lines", 422, "the break has more lines than one letter names",
			"ask the bank about parts of it outside the gateway, and note its answer",
		},
		{
			"letter_not_found", 404, "no letter was drawn up about the break, or not this one",
			"propose a claim: its approval draws one",
		},
		{"line_too_long", 413, "a line is longer than 64 KiB", "shorten it"},
		{
			"list_account", 422, "money of such a list does not arrive on the account named",
			"name the income account, or the fiscal special or treasury account where the money passes no income account",
		},
		{
			"list_closed", 409, "the contribution list is not approved, ended, or agreed with its money",
			"read the list",
		},
		{
			"list_invalid", 422, "the contribution list or a line of it is not complete",
			"correct what the field or the line names",
		},
		{
			"list_not_found", 404, "the contribution list does not exist for this caller",
			"check the id",
		},
		{
			"list_refused", 422, "lines cannot stand, and with them the whole list",
			"correct the lines that the answer names, or leave them out",
		},
		{
			"listed_before", inFiles, "another list of the payer and document pays the same for the member and year",
			"leave the line out, or name the document of the second payment",
		},
		{
			"login_refused", 401, "login or password is wrong, or the login is locked",
			"try again after 15 minutes, or ask the security administrator",
		},
		{
			"make_up_on_request", 422, "a run for a year that is over: a missed year is made up on request",
			"take the payment at the counter, or by a list",
		},
		{
			"malformed_rows", inFiles, "rows of the file are malformed, so it is refused whole",
			"correct the rows that the answer names",
		},
		{"mandate_end_day", 422, "the end lies before the signing or after today", "correct the day"},
		{"mandate_ended", 409, "the mandate ended on another day already", "nothing: it has ended"},
		{"mandate_exists", 409, "the member has another mandate that holds", "end that one first"},
		{
			"mandate_form", 400, "the fields are not those of the action",
			"sign takes id_number, account_no and signed_on; cancel takes ended_on",
		},
		{"mandate_not_found", 404, "the mandate does not exist for this bank", "check the number"},
		{
			"marker_unreadable", inFiles, "the marker beside a file does not hold its number of lines and their amount",
			"write the marker again: count, one blank, amount",
		},
		{
			"match_not_found", 404, "the account has no such match of the day", "list its matches: settled_on is the day",
		},
		{"match_rules", 400, "the rules of matching are not usable", "correct the field that the text names"},
		{
			"match_rules_past", 409, "the account is matched through the day that rules are to hold from",
			"choose a later day",
		},
		{
			"match_strong", inFiles,
			"the line's number and name are a member's: the death is noted, or the member is held",
			"nothing, where the list is right; a wrong notice is taken back by two people",
		},
		{
			"match_taken_back", inFiles,
			"number and name are a member's, and this notice of the office was taken back: nothing is done, and a case asks a person",
			"ask the office; where it is right, report the death by another source",
		},
		{
			"match_weak", inFiles,
			"only a part of the line fits a member; nothing was stopped, and a case is open",
			"look at the case; import a death or hold where it is the member",
		},
		{
			"member_dead", 409, "the member was reported dead",
			"the balance is the heirs': POST /v1/estate-claims",
		},
		{
			"member_died", 422, "the member had died before the day of the payment",
			"take no money, or give it back; a notice that is wrong is taken back by two people of the agency",
		},
		{
			"member_facts", 400, "a fact of the member cannot be, or contradicts another",
			"correct the field that the text names",
		},
		{
			"member_left", 422, "the membership had ended before the day of the payment or the choice",
			"take no money, or give it back, and leave the line out; who came back is a member again by POST /v1/member-returns, " +
				"and not for years before; GET /v1/member-transfers and /v1/member-departures say why it ended",
		},
		{
			"member_not_found", 404, "the member does not exist for this caller",
			"check the id; members of other areas and banks are not found either",
		},
		{
			"member_return_invalid", 400, "a field of the return is missing or does not fit",
			"correct the field that is named",
		},
		{
			"member_transfer_invalid", 400, "a field of the transfer or the step is missing or does not fit",
			"correct the field that is named",
		},
		{
			"member_transfer_known", 409, "this document of this office moved a member before",
			"read the transfer that it made",
		},
		{
			"member_transfer_not_found", 404, "the transfer does not exist for this caller",
			"check the id",
		},
		{
			"member_transfer_step", 409, "the step does not follow where the transfer stands",
			"read the transfer: step says where it stands",
		},
		{
			"membership_ended", 409, "the member left the scheme before",
			"nothing is to be done; who comes back is a member again by POST /v1/member-returns",
		},
		{
			"membership_stands", 409, "the member did not leave, or is back already",
			"nothing is to be done",
		},
		{"message_cut_off", inFiles, "the message ends in the middle", "send the whole file again"},
		{
			"message_header", inFiles, "the header of the message is not 130 characters of its fields",
			"send the message with its whole header",
		},
		{
			"message_structure", inFiles, "an element of the message is missing, repeated or out of its order",
			"send a message of the standard's form",
		},
		{"message_too_large", inFiles, "the message is larger than can be held", "split it"},
		{"method_not_allowed", 405, "the address does not take this method", "use one of Allow"},
		{
			"money_on_the_way", 409, "an item, payment, refund or due of the member is not booked yet; detail names it",
			"wait until it is booked, or end it",
		},
		{
			"month_in_future", 422, "the month is more than one ahead",
			"pay it in the month before it, in itself or later",
		},
		{"month_not_begun", 400, "the month has not begun", "name one that has"},
		{"mt940_loss", inCommands, "MT940 cannot hold a value", "take camt.053, or a charset that has the characters"},
		{"no_book", inFiles, "the scheme has no book in the area", "register its first fund account"},
		{
			"no_death", 409,
			"no death of this member stands reported",
			"import the death first",
		},
		{
			"no_difference", 422, "every month that was paid was paid as it is decided today",
			"nothing is to be done; where a rise is missing, import or compute it first",
		},
		{
			"no_expenditure_account", 422, "no bank has an expenditure account of the scheme in the area",
			"register one",
		},
		{
			"no_funeral_grant", 422,
			"the area grants none for this death, or it went to what was paid after it",
			"claim the balance alone",
		},
		{"no_members", 422, "no member of the selection lacks an account", "nothing: there is nothing to open"},
		{"no_parent", inFiles, "the region above the line's is not registered", "register it first"},
		{
			"no_request", inFiles, "the bank's profile describes no file that we could send",
			"give the bank a profile with a request",
		},
		{
			"no_results", inCommands, "the profile describes no result file that we could write",
			"take another part, or another profile",
		},
		{
			"no_rule", 422, "no rule is known for the area and day",
			"the agency has to enter the area's rule with its document",
		},
		{
			"no_statement", inFiles, "the file is a message of another kind than a statement",
			"send the statement; instructions and results have routes of their own",
		},
		{
			"no_such_route", 404, "the address has no such route; uploads have an address of their own",
			"compare with /openapi.json",
		},
		{"no_tier", inFiles, "the amount is none of the area's tiers of the year", "choose a tier"},
		{"nonce_replayed", 401, "the nonce was used before", "sign every request anew, also a retry"},
		{
			"not_comparable", inFiles,
			"the line has neither an id number nor a day of birth",
			"ask the office for the number",
		},
		{"not_ended", inFiles, "the file was not read to its end", "send it again"},
		{"not_found", 404, "what is named does not exist for this caller", "check the id"},
		{
			"not_posted", 422, "no contribution of the item stands in the book, or it is claimed back",
			"read the item",
		},
		{"not_registered", inFiles, "the field names something that is not registered", "register it first"},
		{
			"nothing_due", 422, "no member has a due that may be collected now",
			"nothing: all have paid, are being debited, have no mandate or are held",
		},
		{
			"nothing_owed", 422, "no month up to that of the death is owed to the dead, or an heir was granted it before",
			"GET /v1/benefit-dues?standing=estate says what is owed; claim the rest without dues",
		},
		{
			"nothing_to_pay", 422, "nobody is entitled, or everybody who is is held or paid already",
			"see the holds of a roster",
		},
		{
			"notice_withdrawn", inFiles, "the line repeats a death notice that was taken back as wrong",
			"leave the line out; where the death is true after all, name another source",
		},
		{"officer_exists", inCommands, "the login is taken", "choose another"},
		{"officer_unknown", inCommands, "there is no such login", "check the login"},
		{"opening_balances", 400, "the opening balances are incomplete", "give every account of the book"},
		{"opening_day", 422, "the balance is not that of the day before the book begins", "correct the day"},
		{"opening_exists", 409, "the account's opening balance is booked", "nothing: it is done"},
		{"other_area", inFiles, "the field belongs to another area", "correct the field"},
		{"other_bank", inFiles, "the file is another bank's", "put it where its own bank's files belong"},
		{
			"outbox_conflict", inFiles, "another file lies in a bank's folder under the name of a batch",
			"see the case of the same name; find out who put it there",
		},
		{
			"over_aid", inFiles, "collective aid and sponsorship of the member's year would exceed the highest tier",
			"lower the amount, or leave the line out",
		},
		{
			"over_due", 422, "the payment exceeds what the member still owes for the year",
			"ask GET /v1/dues and take at most its open amount",
		},
		{
			"paid_again", 409, "a later batch pays people of the recalled one again",
			"recall the later batch first, or claim one of the payments back",
		},
		{
			"paid_by_hand", 409, "the pension was paid by hand already, or the bank's number stands on another payment by hand",
			"compare with GET /v1/items; a third payment is to be claimed back",
		},
		{
			"paper_too_long", 422, "a workbook has no room for so many rows, or a PDF would have more than 500 pages",
			"take the table as csv or xlsx, of a shorter time, or of a village instead of a township",
		},
		{
			"parcel_differs", inLog, "a batch no longer gives the file that was frozen; nothing was sent",
			"name the request_id when you ask us",
		},
		{"part", inFiles, "a file of account openings names neither part S nor part F", "name the part"},
		{
			"party_differs", inFiles, "account, name or id number is not the one that was sent",
			"check whose account it was, then answer the right item",
		},
		{
			"path_not_canonical", 400, "the path has a second spelling",
			"write it without percent-encoding, as in /openapi.json",
		},
		{
			"pay_run_exists", 409, "the month has a regular pay run that was neither refused nor withdrawn",
			"go on with the run that subject names, or make a supplementary one",
		},
		{
			"pay_run_invalid", 400, "scheme, month or kind of the run is missing or unknown",
			"correct the field that is named",
		},
		{"pay_run_not_found", 404, "the pay run does not exist for this caller", "check the id"},
		{
			"pay_run_state", 409, "the run's state does not allow the step",
			"read the run: its state says which step is next",
		},
		{
			"payment_after_pension", 422, "a payment is dated in or after the first month of the pension",
			"correct its date: who draws a pension pays no more; a subsidy counts for years up to that of the start",
		},
		{
			"payment_field", inFiles, "a value does not fit the payment message, or one that it demands is missing",
			"correct the value that the text names",
		},
		{
			"payment_item_not_found", 404, "the payment does not exist for this caller",
			"check the id or the bank reference",
		},
		{
			"payment_loss", inFiles, "the payment message has no element for a value",
			"leave the value out by the profile, or take another format",
		},
		{
			"payment_not_due", 409, "nobody is owed any more what the payment was of, so that nobody was paid it by hand",
			"the text says why; have the person give the money back",
		},
		{
			"payment_not_made", 409, "nobody knows yet what became of the payment that one by hand stands instead of",
			"settle it by evidence, or settle the case that says that the bank may have paid after all",
		},
		{
			"payment_not_reissuable", 422,
			"a payment of item_ids did not fail or come back, or is paid again by another one",
			"leave it out; GET /v1/items says where it stands",
		},
		{
			"payment_paid_again", 409, "another payment pays the same pension again",
			"recall its batch, or claim one of the payments back",
		},
		{"payout_exists", inFiles, "the member has another active account for benefits", "end that one first"},
		{
			"pension_in_payment", 422, "a pension is paid already, and moving moves nothing from it and nothing to it",
			"leave the member where the pension is paid; money that came goes back: step return_asked",
		},
		{
			"pension_subsidy_invalid", 400, "this cannot be named or asked for of government's money for base pensions",
			"correct the field",
		},
		{
			"pension_subsidy_not_found", 404, "the arrival does not exist for this caller",
			"read /v1/pension-subsidies for those that stand",
		},
		{
			"pension_subsidy_over", 409, "the transfer has not so much money left to be named",
			"name less, or have what was named wrongly taken back",
		},
		{
			"pension_subsidy_transfer", 422, "the transfer is no booked subsidy for base pensions",
			"book it with the purpose base_pension first",
		},
		{"pension_subsidy_withdrawn", 409, "the arrival was taken back already", "nothing: its money can be named anew"},
		{"period_closed", 409, "the account's month is closed", "book in the open month"},
		{
			"period_differs", 409, "the adjusted balances of bank and book differ",
			"look at the reconciliation statement and find the line that is missing",
		},
		{
			"period_not_covered", 409, "the bank's statements do not reach the month's last day",
			"take in the statements that are missing",
		},
		{
			"period_not_matched", 409,
			"the account is not matched through the month's last day, or was before its book was sealed",
			"POST /v1/reconciliations/{account}/{date}/run for the last day",
		},
		{"period_not_sealed", 409, "a day of the month is not sealed", "wait until all are"},
		{"period_out_of_order", 409, "an earlier month of the account is open", "close that one first"},
		{
			"period_quarantine", 409, "a statement of the month is set aside, and nobody decided about it",
			"POST /v1/quarantine/{id}/decision for the receipt that subject names; a second person approves",
		},
		{
			"person_known", inCommands, "a person of this name is known, and whether it is the same one was not said",
			"give the person's number, or say that it is another one (--namesake)",
		},
		{
			"policies_refused", 422, "some rows of a list of rules are refused, so nothing is asked for",
			"correct the rows that the answer names",
		},
		{
			"policy_absent", inFiles, "a row supersedes a rule, and none of the area begins on that day",
			"name the first day of the rule that was wrong, or leave supersedes out",
		},
		{
			"policy_below_nation", inFiles, "an area's minimum base pension is below the nation's of the same day",
			"give at least the nation's amount, or no row of the area: the nation's holds then",
		},
		{
			"policy_decided", inFiles, "rules are imported into an area whose books are open",
			"ask for them with POST /v1/policies, so that a second person approves them",
		},
		{"policy_rows", inLog, "our rows of rules contradict themselves", "name the request_id when you ask us"},
		{
			"policy_stands", inFiles, "the rule stands from that day on as the row says", "leave the row out",
		},
		{
			"policy_twice", inFiles, "two rows of a list decide one rule for one day, or one yearly rate for one year",
			"leave one of them out",
		},
		{
			"profile", inCommands, "a profile of a bank's files cannot be used",
			"mend what stands at the lines that are named",
		},
		{
			"proof_key", inCommands,
			"the file holds no ed25519 key in PEM, private where one signs and public where one checks",
			"make a pair with twoline admin proof-key",
		},
		{
			"proof_not_signed", 422, "this gateway has no key for proofs",
			"have its operator make one with twoline admin proof-key; or take the proof without a signature",
		},
		{
			"proof_unreadable", inCommands, "the file is no signed proof",
			"ask for it again and keep its bytes as they are",
		},
		{
			"rate_limited", 429, "too many requests of this caller on this route",
			"wait as many seconds as Retry-After says",
		},
		{"read_interrupted", inFiles, "the file could not be read to its end", "send it again"},
		{"receipt_not_found", 404, "the receipt does not exist for this caller", "check the id"},
		{
			"reconcile_conservation", inLog, "a line was counted twice or not at all when bank and book were matched",
			"report it: the report is withheld",
		},
		{"record_order", inFiles, "a record stands where it does not belong", "correct the file"},
		{
			"recovery_letter", 409,
			"what is open of the recovery is asked of nobody, so that there is nothing to write",
			"plan the recovery, and have the plan approved",
		},
		{
			"recovery_not_found", 404,
			"the recovery case does not exist for this caller",
			"check the id",
		},
		{
			"recovery_plan", 422,
			"the plan does not settle what is open, or nothing is",
			"read the case: its offer says what is asked",
		},
		{
			"recovery_receipt", 422,
			"the money is not what is open of the case, or is on another account",
			"compare with the case and the bank's statement",
		},
		{
			"recovery_reference", 409,
			"the bank's credit settled a recovery before, or is booked or told as other money",
			"compare the receipt with the statement and with the bank's notices",
		},
		{
			"recovery_unplanned", 409,
			"what was paid after the death is not settled, or a payment is with a bank",
			"plan the recovery, or wait for the bank's answer",
		},
		{
			"recovery_void", 409,
			"the notice that the case rests on was taken back",
			"nothing is to be recovered",
		},
		{
			"reference_malformed", inFiles, "the bank reference is missing or longer than 64 bytes",
			"name the credit as the statement shows it",
		},
		{
			"refund_credit_known", 409, "the bank's number stands on other money that officers took, or the bank told of it otherwise",
			"read the number on the statement again",
		},
		{
			"refund_not_creditable", 422, "the refund is not of a tax list's line that names nobody or a member without a choice",
			"leave credited_to out, or name the member of the line",
		},
		{
			"refund_not_found", 404, "the refund does not exist for this caller",
			"check the id",
		},
		{
			"refund_not_sent", 409, "no expenditure account paid the refund, or its money came back before",
			"look at the refund's status and way",
		},
		{
			"refund_paid", 409, "the money was given back",
			"nothing: it is done",
		},
		{
			"refund_return_day", 422, "value_date is before the payment, or lies ahead",
			"take the day from the statement",
		},
		{
			"refund_road", 422, "paid_from is no expenditure account of the scheme, or the money was not swept, or it came back to such an account",
			"leave paid_from out, or name the scheme's expenditure account",
		},
		{
			"refund_swept", 409, "the account that the money came to does not hold it any more: it was swept or handed over",
			"pay it once the account holds as much again, before that moves on, or name an expenditure account in paid_from",
		},
		{
			"refund_unfunded", 409, "the expenditure account holds less than the refund",
			"have the money allocated from the fiscal special account, then ask again",
		},
		{"release_not_found", 404, "nobody asked for a release of the hold", "ask for one first"},
		{
			"release_open", 409, "a release of the hold waits for its checker",
			"let it be approved or rejected, or withdraw it",
		},
		{
			"reported_dead", inFiles,
			"the member is reported dead on a day before the certification",
			"take a wrong notice back, then import the line again",
		},
		{"request_timeout", 408, "the request did not arrive in time", "send it again, faster"},
		{"required", inFiles, "a field of the line is empty", "fill it"},
		{"resolution_not_found", 404, "nothing was proposed about the break", "propose how it ends first"},
		{
			"resolution_open", 409, "a proposal about the break waits for its checker",
			"let it be approved or rejected, or withdraw it",
		},
		{
			"resolution_unfit", 422,
			"the break cannot end in this way, or the flow that owns the money refuses its line",
			"read the break: its proposals say what fits",
		},
		{
			"return_not_found", 404, "the returned payment does not exist for this caller",
			"check the id; it stands with the person's payments",
		},
		{
			"return_state", 409,
			"the money does not wait: it was paid again, is being paid again, or went back already",
			"read the person's payments",
		},
		{
			"return_waits", 409,
			"a pension of a month up to that of the death came back, and waits in suspense",
			"give the return up that subject names; then the heirs are owed the month",
		},
		{
			"returned_before", inFiles, "the payment came back before, as another credit",
			"tell which of the two is true; a payment comes back once",
		},
		{"roster_line_not_found", 404, "the roster has no such line", "list its lines"},
		{"roster_not_found", 404, "the roster does not exist for this caller", "check the id"},
		{
			"roster_stale", 409, "another run pays people of this roster since it was made",
			"withdraw the run and draft it anew",
		},
		{"row_differs", inFiles, "name or id number is not that of the opening's row", "correct the row"},
		{"row_limit", inFiles, "the file has more rows than the bank allows", "split it"},
		{
			"row_order", inFiles, "a row is not in the opening, or not in its order",
			"send the rows in the order of the file we gave",
		},
		{
			"same_person", 403, "one person would act twice as maker, checker or releaser",
			"let another person do it, not another login",
		},
		{
			"sentence_invalid", 400, "a field of the sentence is missing or does not fit",
			"correct the field that is named",
		},
		{
			"sentence_not_found", 404, "no such sentence of the member stands, or another one took its place",
			"read the member's sentences with GET /v1/sentences",
		},
		{"session_ended", 401, "the session is over, unknown or its login is disabled", "log in again"},
		{"sftp_setup", inCommands, "a bank's server cannot be used as it is described", "correct what the sentence names"},
		{"sheet", inFiles, "the workbook has no such sheet", "name the sheet as the profile says"},
		{
			"signature", inFiles, "the message is not signed, or not by this signer",
			"have the bank sign it with the key that was agreed",
		},
		{
			"signature_coverage", 401, "sig1 does not cover the profile's components in their order",
			"cover @method @authority @path @query, then content-type content-digest idempotency-key where sent",
		},
		{"signature_duplicate", 401, "a label, digest or single field of the signature stands twice", "send it once"},
		{
			"signature_expired", 401, "the signature is outside its window of time",
			"set the clock; created is now, expires at most 300 s later; sign every try anew",
		},
		{"signature_key_invalid", inCommands, "the key cannot be used with its algorithm", "check the key file"},
		{
			"signature_malformed", 401, "Signature or Signature-Input does not follow the profile",
			"compare with what twoline sign prints and with the test vectors beside it",
		},
		{
			"signature_refused", 401, "the key is unknown or revoked, or the signature does not hold",
			"check keyid, that the key is registered and not revoked, and the bytes that were signed",
		},
		{"signature_skew", inLog, "our allowance for clocks is misconfigured", "name the request_id when you ask us"},
		{
			"signature_transport", inCommands, "the client cannot sign the request as it stands",
			"correct the client's request",
		},
		{"source_changed", inFiles, "the file changed while it was read", "leave it alone and try again"},
		{"statement_account", inFiles, "the statement is of another account", "send it to the account it is of"},
		{
			"statement_amount", inFiles, "an amount is negative, too large or has more than two decimals",
			"ask the bank for a correct statement",
		},
		{
			"statement_arithmetic", inFiles, "opening, entries and closing do not add up",
			"ask the bank for a correct statement",
		},
		{
			"statement_balance", inFiles, "the opening or closing balance is missing",
			"ask the bank for a complete statement",
		},
		{"statement_contradicts", inFiles, "the file contradicts itself", "ask the bank for a correct statement"},
		{"statement_currency", inFiles, "the statement is not in yuan", "send the account's statement in CNY"},
		{
			"statement_days", inFiles, "the statement's days contradict its entries",
			"ask the bank for a correct statement",
		},
		{
			"statement_early", inFiles, "the statement begins before the account's books do",
			"send days of the book only",
		},
		{"statement_entry", inFiles, "an entry lacks its direction or date", "ask the bank for a correct statement"},
		{"statement_field", inFiles, "a value does not fit a camt.053 statement", "correct the value"},
		{"statement_future", inFiles, "the statement covers days that are not over", "send it after the day's end"},
		{
			"statement_gap", inFiles, "days are missing before the statement",
			"send those; the statement is then taken in by itself",
		},
		{
			"statement_kind", inFiles, "the file is a notice or a report of the day",
			"send the statement of the whole day (camt.053, MT940)",
		},
		{"statement_not_covered", 404, "no statement of the account covers the day", "send the statement first"},
		{
			"statement_opening", inFiles, "the opening balance is not the closing balance before it",
			"ask the bank which of the two is right",
		},
		{
			"statement_overlap", inFiles, "the statement differs from what was taken in for the same days",
			"ask the bank which of the two is right",
		},
		{"statement_page", inFiles, "a page of the statement is missing", "send all pages"},
		{"statement_receipt", inFiles, "the receipt is not of a statement with its account and day", "check the id"},
		{
			"statement_structure", inFiles, "an element that every statement has is missing or empty",
			"ask the bank for a correct file",
		},
		{"statement_too_large", inFiles, "the statement is larger than the source allows", "split it by days"},
		{"statement_unfinished", inFiles, "the file was not read to its end", "send it again"},
		{"statement_unreadable", inFiles, "the file cannot be read as a statement", "send a supported format"},
		{
			"subsidy_arrival_not_found", 404, "the list has no such arrival",
			"read /v1/subsidies for those that stand",
		},
		{"subsidy_arrival_withdrawn", 409, "the arrival was taken back already", "nothing: its money can be named anew"},
		{
			"subsidy_level_paid", 409, "the level does not owe so much to the list",
			"name less, and what is left of the transfer for another level or list",
		},
		{
			"subsidy_nobody", 409, "nobody paid for the year in the year beyond those of earlier lists",
			"nothing: there is no list to make",
		},
		{
			"subsidy_not_arrived", 409, "a level's money for the list did not arrive in full",
			"name its transfers, or wait for them",
		},
		{
			"subsidy_run_invalid", 400, "a list of subsidies cannot be made so, or the level owes nothing to it",
			"correct the field",
		},
		{
			"subsidy_run_not_found", 404, "the list of subsidies does not exist for this caller",
			"check the id",
		},
		{
			"subsidy_run_open", 409, "money arrived for a list of the year that is not credited yet, or it waits for its decision",
			"have it credited first, or have its money taken back",
		},
		{
			"subsidy_run_replaced", 409, "the list is credited, waits for its decision, or a later one took its place",
			"read /v1/subsidies for the list that counts",
		},
		{
			"subsidy_run_stale", 409, "a contribution of the list was given back, or a rule of it changed, after it was made",
			"reject the decision, have the list's money taken back, and make the list again",
		},
		{
			"subsidy_transfer", 422, "the transfer is no booked subsidy for contributions of the list's scheme",
			"book it with the purpose contribution first",
		},
		{
			"subsidy_transfer_named", 409, "the transfer has not so much money left to be named",
			"name less, or have what was named wrongly taken back; /v1/subsidies says for what it is named",
		},
		{"sum_overflow", inFiles, "the sum of the file's amounts is out of range", "split the file"},
		{"taken", 409, "the value belongs to another row", "name another value, or the row that it belongs to"},
		{"tax_collects", inFiles, "the tax authority collects, so there is no income account", "name none"},
		{"terminal_day_closed", 409, "the terminal's day is closed", "report the receipt on a day that is open"},
		{
			"terminal_day_empty", 409, "no receipt of the terminal's day is known",
			"report the receipts, then the credit",
		},
		{"text", inFiles, "a text is not UTF-8", "correct the file"},
		{"text_not_encodable", inFiles, "the bank's charset cannot carry the text", "correct the text"},
		{
			"tier_not_chosen", 422, "the member chose no amount for the year",
			"nothing can be taken until the agency has registered the member's choice",
		},
		{
			"tier_paid", inFiles, "something was paid for the year, or is on its way, when another amount was chosen",
			"the year's amount stands; the next year's can be chosen",
		},
		{
			"tolerated_unsigned", 409,
			"matches differ within tolerance, and who closes the month did not state by how much",
			"state the sum as tolerated_differences",
		},
		{"too_many_lines", 413, "the request has more than 10 000 lines", "send a file on the upload address"},
		{"too_many_rows", inFiles, "the file has more rows than an opening may have", "split it"},
		{"transaction_id", inFiles, "an id has no counterpart of at most 16 digits", "send back the id that was sent"},
		{
			"transfer_credit_known", 409, "the bank's credit is a transfer's or a recovery's already, or is told as other money",
			"compare the numbers with the bank's statement",
		},
		{
			"transfer_invalid", 422, "the transfer lacks a field of its kind, or has one of another kind",
			"give or leave out the field that is named",
		},
		{
			"transfer_money", 422, "the fund account is not one that pays or takes this transfer, or it holds too little",
			"name the expenditure account of the member's scheme, or allocate to it",
		},
		{
			"trial_balance", inLog, "debits and credits of the book differ",
			"stop booking and name the request_id to us at once",
		},
		{
			"two_line_violation", 422, "the two-line rule does not allow the movement",
			"use the account and the kind that it allows",
		},
		{"unauthenticated", 401, "the request has neither signature nor session", "sign it, or log in"},
		{"under_age", inFiles, "the member is younger than 16", "correct the id number or the day"},
		{
			"unknown_answer", inFiles, "a row's answer is none of the profile's",
			"correct the row; a code that the bank added has to be added to its profile",
		},
		{
			"unknown_item", inFiles, "the batch has no such item, or the line names another batch",
			"compare item_id and batch with the file we gave you",
		},
		{"unknown_kind", 404, "there is no such kind of import", "use a kind of the description"},
		{
			"unknown_message", inFiles, "the file is not camt.052, camt.053 or camt.054",
			"send one of these, or name its format",
		},
		{
			"unreadable", inFiles, "the file cannot be read in the format that the bank registered",
			"send the registered format",
		},
		{
			"upload_differs", inLog, "what lies on a bank's server is not what was sent; it was given no name",
			"nothing: it is sent again, and a case stays open until it arrived",
		},
		{"upload_incomplete", 400, "the upload ended or fell silent before its announced length", "send it again"},
		{
			"value_date_out_of_range", inFiles, "the value date lies ahead, or before the payment was made out",
			"name the day on which the money moved",
		},
		{
			"voucher_reused", 409, "a list of the treasury voucher waits or is approved",
			"compare with that list; end it where its money never came",
		},
		{
			"workbook", inFiles,
			"the workbook cannot be read safely: encrypted, with macros, larger than allowed or broken",
			"save it as a plain xlsx file and send it again",
		},
		{
			"workbook_part", inFiles, "a part of the workbook is larger than allowed or not what it says",
			"save it as a plain xlsx file and send it again",
		},
		{
			"workbook_refused", 400, "the file is no xlsx workbook, or one that cannot be read safely",
			"save it as a plain xlsx file without macros and password, or as CSV",
		},
		{
			"workbook_too_large", 413, "the workbook unpacks to more than is read here", "send the rows in several files",
		},
		{
			"working_days_unknown", 422, "the State Council's notice of the year is not loaded, so no pay day is known",
			"wait for the release that has it",
		},
		{
			"write_off_forbidden", 422,
			"the break holds more than the area's rule write_off_limit or 1.00, or more than two lines that differ",
			"claim it from the bank, or carry a credit to suspense",
		},
		{"xml_depth", inFiles, "elements are nested too deep", "correct the file"},
		{"xml_doctype", inFiles, "the file has a DOCTYPE", "send it without"},
		{"xml_malformed", inFiles, "the file is not well-formed XML", "correct the file"},
		{"xml_token", inFiles, "one element's text or tag is too long", "correct the file"},
		{"year_not_begun", 422, "money for a year that has not begun", "ask again from its 1 January on"},
		{
			"year_not_over", 409, "the year is not over",
			"ask after its 31 December",
		},
	}
}
