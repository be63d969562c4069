package registry

import "twoline/gateway/fault"

// The refusals of a whole request.
var (
	ErrKind = fault.New(fault.NotFound, "unknown_kind", "no such kind of import")
	ErrArea = fault.New(fault.Forbidden, "area_forbidden", "an import belongs to the officer's own area")
	// ErrNoArea is for an officer of the system, who must name the area.
	ErrNoArea  = fault.New(fault.Invalid, "area_required", "name the area that the file belongs to")
	ErrHeader  = fault.New(fault.Invalid, "header", "the first line must name the columns")
	ErrCSV     = fault.New(fault.Invalid, "csv", "the file is not CSV as RFC 4180 defines it")
	ErrCharset = fault.New(fault.Invalid, "charset", "the bytes are not text of the charset that was named")
	ErrRecord  = fault.New(fault.TooLarge, "line_too_long", "a line is longer than 64 KiB")
	// ErrWorkbook is a file that is no workbook, or one that could harm its reader.
	ErrWorkbook     = fault.New(fault.Invalid, "workbook_refused", "the file is no xlsx workbook that is read here")
	ErrWorkbookSize = fault.New(fault.TooLarge, "workbook_too_large", "the workbook unpacks to more than is read here")
	// ErrRefused is the refusal of a whole file for its lines; see RefusedFileError.
	ErrRefused = fault.New(fault.Unprocessable, "import_refused", "nothing of the file was imported")
	// ErrContended is returned where another request stored the same rows at the same moment.
	ErrContended = fault.New(fault.Unavailable, "import_contended",
		"another request registered some of these rows at the same moment; try again")
)

// The refusals of a line or field.
var (
	ErrFields   = fault.New(fault.Invalid, "fields", "the line has not as many fields as the header")
	ErrField    = fault.New(fault.Invalid, "invalid_field", "the field is not valid")
	ErrRequired = fault.New(fault.Invalid, "required", "the field must not be empty")
	// ErrCell is a workbook's cell that holds what its column's text cannot be made of.
	ErrCell     = fault.New(fault.Invalid, "cell", "the cell does not hold what its column needs")
	ErrDiffers  = fault.New(fault.Conflict, "differs", "a row with this key is registered with other content")
	ErrTaken    = fault.New(fault.Conflict, "taken", "this value belongs to another row already")
	ErrUnknown  = fault.New(fault.Unprocessable, "not_registered", "the field names something that is not registered")
	ErrParent   = fault.New(fault.Unprocessable, "no_parent", "the region above this one is not registered")
	ErrOutside  = fault.New(fault.Unprocessable, "other_area", "the field belongs to another area")
	ErrAge      = fault.New(fault.Unprocessable, "under_age", "nobody joins before the age of 16")
	ErrFuture   = fault.New(fault.Unprocessable, "future", "the day lies after today")
	ErrPayout   = fault.New(fault.Conflict, "payout_exists", "the member has another active account for benefits")
	ErrMandate  = fault.New(fault.Conflict, "mandate_exists", "the member has another mandate that holds")
	ErrTierPaid = fault.New(fault.Conflict, "tier_paid",
		"something was paid for the year, or is on its way: the amount of the year stands")
	// ErrMemberLeft is of a choice after the membership ended, or for a year before the member came back.
	ErrMemberLeft = fault.New(fault.Unprocessable, "member_left",
		"the membership ended before this day, or the year lies before the member's return")
	ErrTier     = fault.New(fault.Unprocessable, "no_tier", "the amount is none of the area's tiers of that year")
	ErrTwoLines = fault.New(fault.Conflict, "account_shared_by_lines",
		"one bank account cannot serve two of the fund's lines or schemes")
	ErrTaxArea = fault.New(fault.Unprocessable, "tax_collects",
		"where the tax authority collects, there is no income account")
	ErrBookOpened = fault.New(fault.Unprocessable, "before_book", "the day lies before the book of the scheme begins")
	ErrNoBook     = fault.New(fault.Unprocessable, "no_book",
		"the scheme has no book: register its first fund account")
	ErrSealed = fault.New(fault.Conflict, "book_sealed", "the go-live day of the book is sealed already")
)

// The refusals of go-live balances, account openings and of a bank's requests.
var (
	ErrFundAccount = fault.New(fault.NotFound, "fund_account_not_found", "no such fund account")
	ErrOpened      = fault.New(fault.Conflict, "opening_exists",
		"the opening balance of this account is booked already")
	ErrOpeningDay = fault.New(fault.Unprocessable, "opening_day",
		"an opening balance is that of the day before the account's book begins")
	ErrBalances  = fault.New(fault.Invalid, "opening_balances", "the opening balances are incomplete")
	ErrBank      = fault.New(fault.NotFound, "bank_not_found", "no such bank in this area")
	ErrOpening   = fault.New(fault.NotFound, "account_opening_not_found", "no such account opening")
	ErrNothing   = fault.New(fault.Unprocessable, "no_members", "no member here lacks an account")
	ErrCustomer  = fault.New(fault.NotFound, "customer_not_found", "no customer of this bank has this id number")
	ErrNoMandate = fault.New(fault.NotFound, "mandate_not_found", "no such mandate of this bank")
	ErrEnded     = fault.New(fault.Conflict, "mandate_ended", "the mandate ended on another day already")
	ErrEndDay    = fault.New(fault.Unprocessable, "mandate_end_day",
		"a mandate ends between the day it was signed and today")
)

// codeShared is the remark on an imported line whose account serves another member
// too: an alarm, and not blocked.
const codeShared = "account_shared"

// RefusedFileError says that nothing of a file was imported, and why, line by line.
type RefusedFileError struct {
	Report Report
	fault  *fault.Error
}

// Error returns the refusal with its first line.
func (e *RefusedFileError) Error() string { return e.fault.Error() }

// Unwrap returns ErrRefused with the first refused line and field.
func (e *RefusedFileError) Unwrap() error { return e.fault }
