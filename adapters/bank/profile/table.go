package profile

import (
	"slices"

	"twoline/adapters/bank/layout"
)

const formatLines = "jsonl"

// rowFormats are the forms that a Layout describes.
func rowFormats() []string {
	return []string{string(layout.Delimited), string(layout.FixedWidth), string(layout.Sheet)}
}

// table is everything that a profile may hold. The parser and the schema are made
// from it; a key that is added here must be read in compile.go.
func table() *shape {
	return object("One bank's files of one direction.",
		need("profile", matching("The name under which a bank's row in the registry names its format.",
			"^[a-z][a-z0-9-]{1,31}$", "2 to 32 lower-case letters, digits and hyphens, a letter first")),
		need("direction", choice("What the files move: collection debits payers, payment pays out, opening has "+
			"accounts opened.", string(Collection), string(Payment), string(Opening))),
		need("title", object("What officers call the profile.",
			need("zh", textShape("The title in Chinese.", 1, 80)),
			need("en", textShape("The title in English.", 1, 120)))),
		allow("charset", oneOrMore("The charset of text files. Where several are given the bank's row in the registry "+
			"chooses one, and the first is the one of the examples.", 4,
			choice("A charset.", "gb18030", "gbk", "utf-8", "latin-1"))),
		allow("values", mapping("Texts of this bank that names and constants hold as {key}, such as our number there.",
			"^[a-z][a-z0-9_]{0,31}$", "a key of lower-case letters, digits and underscores", 32,
			textShape("The text.", 0, 120))),
		need("files", object("The files.",
			allow("request", requestShape()),
			allow("results", list("The bank's answers, each kind of file one.", 8, resultShape())))),
		allow("answers", answersShape("What the bank's codes and words mean, for results without their own.")),
		allow("beside", list("The totals that must travel beside every result file, as nothing in it proves them.", 2,
			choice("A total.", "count", "amount"))),
		need("examples", list("Files that prove the profile.", 16, object("One example.",
			need("file", matching("The example, beside the profile. Its name must be one that the profile knows.",
				pathPattern, pathSays)),
			need("records", matching("The canonical JSON Lines that the example is read to.", pathPattern, pathSays)),
			allow("bank", textShape("The code of the bank whose file it is, for {bank} in a constant.", 2, 32)),
			allow("bank_no", matching("The 12-digit number of that bank, where {bank_no} stands in a constant.",
				"^[0-9]{12}$", "12 digits")),
			allow("problems", flag("Its reading tells a problem of severity error, such as a total that does not "+
				"agree, and shall; without the key it proves nothing then."))))),
	)
}

const (
	pathPattern = `^[^/\\.][^/\\]*(/[^/\\.][^/\\]*){0,3}$`
	pathSays    = "a path below the profile's folder, with / between its names"
)

func nameShape(doc string) *shape { return textShape(doc, 1, maxName) }

func requestShape() *shape {
	s := object("The file that we send.",
		need("format", choice("The file's form.", append(rowFormats(), formatLines,
			"pain.001.001.03", "pain.001.001.09", "pain.008.001.02", "pain.008.001.08", "beps.380", "beps.382")...)),
		need("name", nameShape("Its name, with places such as {bank} {area} {date} {batch}.")),
		allow("row_limit", numberShape("The most rows that the bank takes in one file.", 1, maxRows)),
	)
	s.by = "format"
	s.variants = append(rowVariants(layout.Instructions),
		variant{values: []string{"pain.001.001.03", "pain.001.001.09"}, keys: creditTransferKeys()},
		variant{values: []string{"pain.008.001.02", "pain.008.001.08"}, keys: directDebitKeys()},
		variant{values: []string{"beps.380"}, keys: clearingKeys()},
		variant{values: []string{"beps.382"}, keys: clearingKeys(
			need("receive_type", textShape("The type of receipt, RcvTp.", 1, 4)))},
	)
	return s
}

func resultShape() *shape {
	s := object("One kind of file that the bank answers with.",
		allow("part", matching("What tells it from the other files of one answer, such as S and F.",
			"^[A-Z][A-Z0-9_]{0,15}$", "1 to 16 capital letters, digits and underscores")),
		need("format", choice("The file's form.", append(rowFormats(), formatLines,
			"pain.002", "camt.054", "pacs.004", "beps.381", "beps.383", "beps.388", "beps.389")...)),
		need("name", oneOrMore("The names that it comes under.", 8, nameShape("A name, with places; {any} and "+
			"{digits} stand for what the bank puts there."))),
	)
	s.by = "format"
	s.variants = rowVariants(layout.Results)
	return s
}

// rowVariants are the forms that are rows of fields.
func rowVariants(content layout.Content) []variant {
	fields, totals := requestFields(), totalFields()
	if content == layout.Results {
		fields, totals = resultFields(), append(totalFields(), "succeeded_count", "succeeded_sum", "failed_count",
			"failed_sum")
	}
	title := textShape("The title of its column.", 1, 60)
	sides := []key{allow("align", alignShape()), allow("pad", padShape())}
	filled := append(slices.Clone(sides), allow("title", title), allow("width", widthShape()))
	fixed := append(slices.Clone(sides), allow("title", title), need("width", widthShape()))
	cell := []key{need("title", title), allow("optional", flag("The column may be missing."))}
	separated := append(amountKeys(), need("line_end", choice("What ends a line that we write. Both are read.",
		"lf", "crlf")), allow("prefix", textShape("What every line of a record begins with.", 1, 20)))
	delimited := append(slices.Clone(separated),
		need("separator", matching("What stands between fields: one character, tab, or blanks for one or more blanks.",
			`^(blanks|tab|[!-~])$`, "one character, tab or blanks")),
		allow("trailing_separator", flag("A separator also ends every line.")),
		allow("padded", flag("Fields are filled with blanks, which are cut off.")))
	sheet := append(amountKeys(),
		allow("sheet_name", textShape("The sheet; without it only one may hold anything.", 1, 31)),
		allow("heading_within", numberShape("How many rows are searched for the row of titles.", 1, 200)),
		allow("total_phrases", list("What begins a cell of the row of totals, such as 合计.", 8,
			textShape("The words.", 1, 20))))
	variants := []variant{
		{values: []string{string(layout.Delimited)}, keys: append(delimited, rowKeys(fields, totals, filled)...)},
		{values: []string{string(layout.FixedWidth)}, keys: append(separated, rowKeys(fields, totals, fixed)...)},
		{values: []string{string(layout.Sheet)}, keys: append(sheet, rowKeys(fields, nil, cell)...)},
	}
	if content != layout.Results {
		return variants
	}
	for i := range variants {
		variants[i].keys = append(variants[i].keys,
			allow("row_limit", numberShape("The most rows that one file has.", 1, maxRows)),
			allow("empty_allowed", flag("A file without rows is an answer, such as the failures of a good day.")),
			allow("answers", answersShape("What its codes and words mean, in place of those of the whole profile.")))
	}
	for i, own := range [][]key{filled, fixed} {
		variants[i].keys = append(variants[i].keys, allow("reject", object(
			"The one line that comes in place of results when the bank refuses all.",
			need("fields", list("The fields of the line.", maxFields, fieldShape(rejectFields(), own))),
			need("level", choice("What is refused.", "file", "batch")),
			need("answers", answersShape("What its codes and words mean: never a success. A code of the rows' answers "+
				"goes before fixed; one that says success there, or is all zeros, is unknown and a problem.")))))
	}
	return variants
}

const (
	maxFields = 64
	maxRows   = 1_000_000
	unitNone  = "none"
)

func amountKeys() []key {
	units := []string{string(layout.Yuan), string(layout.Fen), string(layout.Li)}
	return []key{
		need("unit", choice("The unit of amounts: yuan with two decimals, fen (0.01), li (0.001). There is no "+
			"default: a wrong unit is the dearest mistake. none is for files without amounts.",
			append(units, unitNone)...)),
		allow("totals_unit", choice("The unit of sums in header and trailer, where it is another one.", units...)),
		allow("dates", choice("How we write days: 20261125, 2026-11-25, 2026/11/25 or 2026年11月25日. All are read.",
			string(layout.Compact), string(layout.Dashed), string(layout.Slashed), string(layout.Characters))),
	}
}

// rowKeys are the fields of a row, and the rows before and after.
func rowKeys(fields, totals []string, own []key) []key {
	rows := func(doc string) *shape {
		return list(doc, 8, object("One row.",
			allow("fields", list("The fields of the row, in their order.", maxFields, fieldShape(totals, own))),
			allow("titles", flag("The row holds the titles of the fields.")),
			allow("prefix", textShape("What the line begins with.", 1, 20))))
	}
	all := need("fields", list("The fields of a row, in their order.", maxFields, fieldShape(fields, own)))
	if totals == nil {
		return []key{all} // a sheet has a row of titles and one of totals
	}
	return []key{
		all,
		allow("header", rows("The rows before the first.")),
		allow("trailer", rows("The rows after the last.")),
	}
}

func fieldShape(names []string, own []key) *shape {
	return object("One field.", append([]key{
		need("name", choice("What the field is.", names...)),
		allow("text", textShape("What a constant holds; {key} stands for a value, {bank} and {bank_no} for the "+
			"bank's code and number.", 1, 120)),
		allow("required", flag("An empty field is refused.")),
		allow("max_bytes", numberShape("The most bytes that it takes in the file's charset.", 1, 4096)),
		allow("cut", flag("We may cut what is too long, at the border of a character; otherwise it is refused.")),
		allow("default", textShape("What stands for an empty value, both ways.", 1, 120)),
		allow("values", mapping("What the bank writes for our value. What is not listed is refused.", "", "", 200,
			textShape("The bank's.", 1, 60))),
		allow("check", choice("A rule that what is not empty must keep.", string(layout.CheckDigits),
			string(layout.CheckIDNumber), string(layout.CheckCard), string(layout.CheckBankNo))),
	}, own...)...)
}

func widthShape() *shape {
	return numberShape("How many bytes it takes in the file's charset.", 1, 4096)
}

func alignShape() *shape {
	return choice("The side on which it stands; right for numbers and left for all else where the key is absent.",
		string(layout.Left), string(layout.Right))
}

func padShape() *shape {
	return matching("What fills the rest: 0 for numbers and a blank for all else where the key is absent.", "^[ -~]$",
		"one ASCII character")
}

// The fields, by where they may stand.
func requestFields() []string {
	return []string{
		"sequence", "item_id", "social_no", "name", "id_number", "amount", "currency", "batch_id", "account",
		"own_account", "bank", "mandate", "region", "text", "execution_date", "constant", "ignored",
	}
}

func resultFields() []string {
	return []string{
		"sequence", "item_id", "social_no", "name", "id_number", "amount", "moved_amount", "batch_id", "account",
		"region", "text", "bank_reference", "value_date", "code", "reason", "constant", "ignored",
	}
}

func totalFields() []string {
	return []string{"count", "sum", "execution_date", "batch_id", "account", "constant", "ignored"}
}

func rejectFields() []string {
	return []string{"batch_id", "code", "reason", "text", "bank_reference", "constant", "ignored"}
}

// answersShape is what codes and words mean.
func answersShape(doc string) *shape {
	words := make([]string, 0, len(verdicts()))
	for _, v := range verdicts() {
		words = append(words, v.word)
	}
	word := choice("SUCCESS: the money moved. RETRY_FUNDS, FIX_ACCOUNT, FIX_MANDATE, BLOCKED, RETRY_TECHNICAL, "+
		"DUPLICATE: it did not move, and who must act. FAILED: it did not move; the reason's phrase says who must "+
		"act, or a person decides. PENDING: the bank still works on it. UNKNOWN: it is asked about, and never sent "+
		"again.", words...)
	return object(doc,
		allow("fixed", word),
		allow("codes", mapping("By the bank's code; an unlisted one is unknown.", "", "", 500, word)),
		allow("phrases", list("By words, in the reason, and in a code that is not among the codes. A SUCCESS is its "+
			"words and nothing else in the cell: 成功 does not fit 不成功. Others fit wherever they stand. Where words of "+
			"different meaning fit, the row is unknown, unless all are failures and the shorter words are part of the "+
			"longer; none is unknown too.", 64,
			object("Words of one meaning.",
				need("is", word),
				need("texts", list("The words.", 64, textShape("Words of the cell; of a SUCCESS all.", 1, 60)))))))
}

// messageKeys are what ISO 20022 messages say about us and our bank.
func messageKeys(lost ...string) []key {
	code := func(doc string) *shape { return matching(doc, "^[A-Z]{4}$", "4 capital letters, such as PENS") }
	return []key{
		need("message_id", textShape("The message's id, with the places of a name; the bank must never see one "+
			"twice.", 1, 100)),
		need("initiating_party", object("Who sends the message.",
			need("name", textShape("The name.", 1, 140)),
			allow("id", textShape("Our id at the bank.", 1, 35)))),
		need("account_holder", textShape("The holder of the fund's account, as the bank knows it.", 1, 140)),
		need("account_bank", object("The bank that keeps the fund's account, by one of these or both.",
			allow("bic", matching("Its BIC.", "^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$",
				"a BIC of 8 or 11 characters")),
			allow("member", textShape("Its number in the clearing system.", 1, 35)))),
		allow("clearing_system", textShape("The clearing system whose numbers banks have, such as CNAPS.", 1, 5)),
		allow("charge_bearer", choice("Who pays the charges.", "SLEV", "SHAR", "DEBT", "CRED")),
		allow("batch_booking", flag("The bank books the batch as one entry (true) or each item (false).")),
		allow("service_level", code("The service level of the batch.")),
		allow("category_purpose", code("The category purpose of the batch.")),
		allow("purpose", code("The purpose of every item.")),
		allow("identify", flag("Id and social-security numbers stand beside the names.")),
		allow("leave_out", list("What we know of an item, and the message has no element for. What is not listed here "+
			"is refused and not lost in silence.", len(lost), choice("A field.", lost...))),
	}
}

func creditTransferKeys() []key { return messageKeys("mandate", "region", "id_number", "social_no") }

func directDebitKeys() []key {
	return append(messageKeys("region", "id_number", "social_no"),
		allow("creditor", object("Our identification as a creditor.",
			need("id", textShape("The id.", 1, 35)),
			allow("scheme", textShape("Its scheme, such as SEPA.", 1, 35)))),
		allow("local_instrument", textShape("The local instrument, such as CORE.", 1, 35)),
		allow("sequence_type", choice("The place of a debit in its mandate.", "FRST", "RCUR", "FNAL", "OOFF", "RPRE")),
		allow("mandate_required", flag("A debit without a mandate is refused.")))
}

// clearingKeys are what the CNAPS messages of batch collection and payment say.
func clearingKeys(own ...key) []key {
	member := func(doc string) *shape { return matching(doc, "^[0-9]{12,14}$", "12 to 14 digits") }
	ends := func(doc string) *shape {
		return object(doc, need("direct", member("The direct member.")), need("party", member("The party.")))
	}
	lost := []string{"execution_date", "region", "id_number", "social_no", "mandate"}
	return append([]key{
		need("message_id", textShape("The message's id, with the places of a name; the bank must never see one "+
			"twice.", 1, 100)),
		need("sender", ends("Who sends for us.")),
		need("receiver", ends("Who receives.")),
		need("account_holder", textShape("The holder of the fund's account, as the bank knows it.", 1, 60)),
		need("account_bank", object("Where the fund's account is kept.",
			need("member", member("The clearing member.")), need("branch", member("The branch.")))),
		need("category", textShape("The type of business, such as A100.", 1, 4)),
		need("purpose", matching("The business of every item.", "^[0-9]{5}$", "5 digits, such as 00603 or 05103")),
		need("reply_days", numberShape("After how many days the reply is due.", 0, 99)),
		need("check_flag", choice("Whether names are compared.", "CE01", "CE02")),
		allow("clearing", member("The clearing bank of all accounts; the batch's own where the key is absent.")),
		allow("clearing_as_branch", flag("An item without a bank number gets that of the clearing bank.")),
		allow("leave_out", list("What we know, and the message has no element for. What is not listed here is refused "+
			"and not lost in silence.", len(lost), choice("A field.", lost...))),
	}, own...)
}
