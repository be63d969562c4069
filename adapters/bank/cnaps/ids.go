package cnaps

import (
	"strconv"
	"strings"

	"twoline/gateway/party"
)

// TxIDs maps our item ids to the transaction ids of a message and back. An id
// without a counterpart is ErrTxID; any other error stops the file. Implementations
// need not be safe for concurrent use.
type TxIDs interface {
	// TxID returns 1 to 16 digits.
	TxID(itemID string) (string, error)
	// ItemID returns the item id of a transaction id.
	ItemID(txID string) (string, error)
}

const widthTxID = 16

// NumericTxIDs takes item ids of up to 16 digits as they are.
func NumericTxIDs() TxIDs { return numericIDs{} }

type numericIDs struct{}

func (numericIDs) TxID(itemID string) (string, error) {
	if !isTxID(itemID) {
		return "", ErrTxID
	}
	return itemID, nil
}

func (numericIDs) ItemID(txID string) (string, error) {
	if !isTxID(txID) {
		return "", ErrTxID
	}
	return txID, nil
}

func isTxID(s string) bool {
	return s != "" && len(s) <= widthTxID && strings.Trim(s, "0123456789") == ""
}

// AreaTxIDs maps the gateway's own ids of one area, which are the area's six digits
// times 10¹² plus a number: the number, filled up to 16 digits, goes to the bank.
// An id of another area is ErrTxID.
func AreaTxIDs(area party.Area) TxIDs { return areaIDs{base: int64(area) * idsOfArea} }

const idsOfArea = 1_000_000_000_000

type areaIDs struct{ base int64 }

func (a areaIDs) TxID(itemID string) (string, error) {
	id, err := strconv.ParseInt(itemID, 10, 64)
	if err != nil || strconv.FormatInt(id, 10) != itemID || id < a.base || id >= a.base+idsOfArea {
		return "", ErrTxID
	}
	number := strconv.FormatInt(id-a.base, 10)
	return strings.Repeat("0", widthTxID-len(number)) + number, nil
}

func (a areaIDs) ItemID(txID string) (string, error) {
	if !isTxID(txID) {
		return "", ErrTxID
	}
	number, err := strconv.ParseInt(txID, 10, 64)
	if err != nil || number >= idsOfArea {
		return "", ErrTxID
	}
	return strconv.FormatInt(a.base+number, 10), nil
}
