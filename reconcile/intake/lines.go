package intake

import (
	"crypto/sha256"
	"encoding/binary"
)

// identity is what makes two lines of an account the same, but for the ordinal:
// half a SHA-256 of day, direction, amount and reference. It keeps a statement
// of a million lines small in memory, and nobody finds two lines that share one.
type identity [16]byte

func identityOf(l Line) identity {
	buf := make([]byte, 0, 128)
	buf = binary.BigEndian.AppendUint64(buf, uint64(l.Amount)) //nolint:gosec // amounts are positive
	buf = append(buf, byte(l.Direction))                       //nolint:gosec // one of three
	buf = append(buf, l.BookingDate.Compact()...)
	buf = append(buf, l.BankReference...)
	sum := sha256.Sum256(buf)
	return identity(sum[:16])
}

// ordinals counts equal lines.
type ordinals map[identity]int32

func (o ordinals) next(id identity) int {
	o[id]++
	return int(o[id])
}
