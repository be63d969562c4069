package cnaps

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"twoline/gateway/calendar"
)

const (
	// HeaderSize is the size of a header with its brackets, in bytes.
	HeaderSize = 130
	// maxSignature bounds {S: to }.
	maxSignature = 64 << 10
)

// Header is the header of a message, {H: to }.
type Header struct {
	// Sender and Receiver are of at most 14 characters; their systems are of at
	// most 4, "BEPS" where they are empty.
	Sender, SenderSystem, Receiver, ReceiverSystem string
	Day                                            calendar.Day
	// Time is HHMMSS.
	Time string
	// Type is the message's name with its version; a Writer sets it.
	Type string
	// ID and Reference are of at most 20 characters.
	ID, Reference string
	// Priority is 1 most urgent, 2 urgent, 3 ordinary; 0 is written as 3.
	Priority int
	// Down says that the message comes from the system; else it goes up to it.
	Down bool
	// Reserve is of at most 9 characters.
	Reserve string
}

// place is one field of the header.
type place struct {
	name string
	size int
}

// places are the fields between {H: and } in their order.
func places() []place {
	return []place{
		{"version", 2},
		{"OrigSender", 14},
		{"OrigSenderSID", 4},
		{"OrigReceiver", 14},
		{"OrigReceiverSID", 4},
		{"date", 8},
		{"time", 6},
		{"StructType", 3},
		{"MesgType", 20},
		{"MesgID", 20},
		{"MesgRefID", 20},
		{"priority", 1},
		{"direction", 1},
		{"reserve", 9},
	}
}

// bytes writes the header for a kind of message.
func (h Header) bytes(k Kind) ([]byte, error) {
	priority, direction := "3", "U"
	if h.Priority != 0 {
		priority = strconv.Itoa(h.Priority)
	}
	if h.Down {
		direction = "D"
	}
	fields := []string{
		"02", h.Sender, h.SenderSystem, h.Receiver, h.ReceiverSystem, h.Day.Compact(), h.Time, "XML", k.version(),
		h.ID, h.Reference, priority, direction, h.Reserve,
	}
	for i := range fields {
		if (i == 2 || i == 4) && fields[i] == "" {
			fields[i] = "BEPS"
		}
	}
	b := append(make([]byte, 0, HeaderSize), "{H:"...)
	for i, p := range places() {
		f := fields[i]
		if len(f) > p.size || strings.IndexFunc(f, func(r rune) bool { return r <= ' ' || r > '~' || r == '}' }) >= 0 {
			return nil, ErrHeader.With("at most %d characters of plain text without blanks", p.size).On(p.name)
		}
		b = append(append(b, f...), strings.Repeat(" ", p.size-len(f))...)
	}
	b = append(b, '}')
	_, _, err := parseHeader(b)
	return b, err
}

// parseHeader reads the header and the kind of message that it names.
func parseHeader(b []byte) (Header, Kind, error) {
	var h Header //nolint:exhaustruct // filled below
	if len(b) != HeaderSize || !bytes.HasPrefix(b, []byte("{H:")) || b[HeaderSize-1] != '}' {
		return h, NoKind, ErrHeader
	}
	fields := make(map[string]string)
	rest := b[3 : HeaderSize-1]
	for _, p := range places() {
		fields[p.name] = strings.TrimRight(string(rest[:p.size]), " ")
		rest = rest[p.size:]
	}
	for _, c := range b {
		if c < ' ' || c > '~' {
			return h, NoKind, ErrHeader.With("a character that is not plain text")
		}
	}
	kind, err := ParseKind(fields["MesgType"])
	if err != nil {
		return h, NoKind, err
	}
	day, dayErr := calendar.ParseCompact(fields["date"])
	_, timeErr := time.Parse("150405", fields["time"])
	switch {
	case fields["version"] != "02":
		return h, NoKind, ErrHeader.With("only version 02 is known").On("version")
	case fields["StructType"] != "XML":
		return h, NoKind, ErrHeader.With("only XML is known").On("StructType")
	case dayErr != nil:
		return h, NoKind, ErrHeader.With("a day that does not exist").On("date")
	case timeErr != nil || len(fields["time"]) != 6:
		return h, NoKind, ErrHeader.With("a time that does not exist").On("time")
	case fields["priority"] < "1" || fields["priority"] > "3":
		return h, NoKind, ErrHeader.With("the priority is 1, 2 or 3").On("priority")
	case fields["direction"] != "U" && fields["direction"] != "D":
		return h, NoKind, ErrHeader.With("the direction is U or D").On("direction")
	}
	return Header{
		Sender: fields["OrigSender"], SenderSystem: fields["OrigSenderSID"], Receiver: fields["OrigReceiver"],
		ReceiverSystem: fields["OrigReceiverSID"], Day: day, Time: fields["time"], Type: fields["MesgType"],
		ID: fields["MesgID"], Reference: fields["MesgRefID"], Priority: int(fields["priority"][0] - '0'),
		Down: fields["direction"] == "D", Reserve: fields["reserve"],
	}, kind, nil
}

// wire is what stands before the XML.
type wire struct {
	header    *Header
	kind      Kind
	signature []byte
	signed    bool
	// lines counts the line ends passed.
	lines int
}

// readWire takes header and signature off a message that has them.
func readWire(r *bufio.Reader) (wire, error) {
	var w wire //nolint:exhaustruct // filled below
	if mark, err := r.Peek(3); err != nil && !errors.Is(err, io.EOF) {
		return w, ErrRead.Because(err)
	} else if string(mark) != "{H:" {
		return w, nil
	}
	head := make([]byte, HeaderSize)
	if _, err := io.ReadFull(r, head); err != nil {
		return w, cut(err)
	}
	h, kind, err := parseHeader(head)
	if err != nil {
		return w, err
	}
	w.header, w.kind = &h, kind
	w.lines += skipLineEnds(r)
	if mark, err := r.Peek(3); err != nil || string(mark) != "{S:" {
		return w, nil //nolint:nilerr // the XML's reader tells that the file ends here
	}
	signature, err := upToBracket(r)
	if err != nil {
		return w, err
	}
	w.lines += bytes.Count(signature, []byte{'\n'})
	w.signature, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(signature)), ""))
	if err != nil {
		return w, ErrSignature.With("the signature is not base64")
	}
	w.signed = true
	w.lines += skipLineEnds(r)
	return w, nil
}

func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrHeader.With("the file ends in its header")
	}
	return ErrRead.Because(err)
}

// upToBracket reads {S: to } and returns what is between.
func upToBracket(r *bufio.Reader) ([]byte, error) {
	var b []byte
	for {
		c, err := r.ReadByte()
		switch {
		case err != nil:
			return nil, cut(err)
		case c == '}':
			return b[len("{S:"):], nil
		case len(b) == maxSignature:
			return nil, ErrHeader.With("a signature without its end")
		}
		b = append(b, c)
	}
}

func skipLineEnds(r *bufio.Reader) int {
	lines := 0
	for {
		b, err := r.Peek(1)
		if err != nil || b[0] != '\r' && b[0] != '\n' {
			return lines
		}
		if b[0] == '\n' {
			lines++
		}
		if _, err := r.Discard(1); err != nil {
			return lines
		}
	}
}

// CreatedAt is the text of an instant as CreDtTm carries it, in China's time.
func CreatedAt(t time.Time) string { return t.In(calendar.Shanghai()).Format("2006-01-02T15:04:05") }
