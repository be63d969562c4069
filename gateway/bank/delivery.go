package bank

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// Parcel is the file of a frozen batch, on its way to a bank that takes files by
// folder.
type Parcel struct {
	Area party.Area
	// Batch is the id of a batch of the direction.
	Batch     int64
	Direction BatchDirection
	Bank      string
	Number    string
	Name      string
	Digest    [sha256.Size]byte
	Size      int64
	Count     int
	Amount    money.Amount
	// Held says that a stranger's file lay under the name, and that nobody has closed
	// the case: nothing is delivered until then.
	Held bool
	// Placing says that a process set out to give the file its name: the bank may have
	// seen it there. Recalled says that the batch was recalled.
	Placing, Recalled bool
}

// Subject names the batch in cases.
func (p Parcel) Subject() string {
	if p.Direction == Payment {
		return fmt.Sprintf("payment_batch:%d", p.Batch)
	}
	return fmt.Sprintf("batch:%d", p.Batch)
}

// Incoming is a file that a bank put into its folder, whole.
type Incoming struct {
	Name     string
	Size     int64
	Modified time.Time
	// Beside is what the bank wrote into the file's marker, or nothing.
	Beside []byte
}

// Staged is a file that was written durably under a name that the bank does not
// look at; empty is none.
type Staged string

// The refusals of folders.
var (
	// ErrInTheWay is a file with other content under the name of a parcel.
	ErrInTheWay = fault.New(fault.Conflict, "outbox_conflict",
		"another file lies under the name of a batch's file; nothing is written over it")
	// ErrSwept is a staged file that another process removed, which delivers itself.
	ErrSwept = fault.New(fault.Conflict, "delivery_swept", "another process delivers this batch")
	// ErrParcelDiffers is a batch whose rows no longer give the bytes that were frozen.
	ErrParcelDiffers = fault.New(fault.Internal, "parcel_differs",
		"the batch no longer gives the file whose digest was frozen")
	// ErrStillWritten is a file that changed while it was read.
	ErrStillWritten = fault.New(fault.Conflict, "file_still_written", "the file changed while it was read")
	// ErrNoBatch is a file whose name leads to no batch of its bank.
	ErrNoBatch = fault.New(fault.NotFound, "inbox_unknown", "the file's name leads to no batch of the bank")
	// ErrBeside is a marker that cannot be read.
	ErrBeside = fault.New(fault.Invalid, "marker_unreadable",
		"a marker is empty or holds the file's number of lines and their amount, separated by one blank")
)

// Courier brings files to one bank and its files back. Everything that it does can
// be done again, and by several processes at one moment.
type Courier interface {
	Outbox
	Inbox
}

// Outbox is where our files lie for a bank.
type Outbox interface {
	// Sweep removes what deliveries left that were broken off.
	Sweep() error
	// Stage writes the parcel beside its place and proves its digest. Where the same
	// content has its place already nothing is written; other content there is
	// ErrInTheWay.
	Stage(p Parcel, write func(io.Writer) error) (Staged, error)
	// Place gives a staged file its name, never over another one: ErrInTheWay; it is
	// ErrSwept where the staged file is gone. It returns when the name would survive a
	// crash of the machine.
	Place(p Parcel, s Staged) error
	// Discard removes a staged file.
	Discard(s Staged) error
	// InTheWay says whether something else lies under the parcel's name, and what.
	InTheWay(p Parcel) (digest [sha256.Size]byte, there bool, err error)
	// SetAside moves what lies under the parcel's name to quarantine.
	SetAside(p Parcel, digest [sha256.Size]byte) error
	// TakeBack moves the parcel's file to quarantine, and says whether it was still there.
	TakeBack(p Parcel) (bool, error)
}

// Inbox is where a bank's files lie for us.
type Inbox interface {
	// Ready lists files of the bank that are whole.
	Ready() ([]Incoming, error)
	// Read reads one of them; it is ErrStillWritten where it is another one by now, or gone.
	Read(f Incoming, fn func(io.Reader) error) error
	// Archive and Quarantine move one out of the inbox, with its digest in its name.
	Archive(f Incoming, digest [sha256.Size]byte) error
	Quarantine(f Incoming, digest [sha256.Size]byte) error
}

// ParcelStep is how far a parcel came.
type ParcelStep string

// The steps of a parcel.
const (
	// ParcelPlacing is committed before the file gets its name.
	ParcelPlacing ParcelStep = "placing"
	// ParcelTakenBack is a file that was still in its place and was removed.
	ParcelTakenBack ParcelStep = "taken_back"
	// ParcelGone is a file that was not in its place when it was to be removed.
	ParcelGone ParcelStep = "gone"
)

// DeliveryTx is what deliveries need of a transaction.
type DeliveryTx interface {
	// LockParcel returns the state of the parcel's batch and holds it to the end.
	LockParcel(ctx context.Context, p Parcel) (BatchState, error)
	// Withheld says that people settled an item of the batch as not executed: its file
	// must not reach the bank any more.
	Withheld(ctx context.Context, p Parcel) (bool, error)
	// KeepStep keeps how far the parcel came, once.
	KeepStep(ctx context.Context, p Parcel, s ParcelStep) error
	// ParcelSent moves the batch from sending to sent.
	ParcelSent(ctx context.Context, p Parcel, actor, evidence string) error
	// OpenParcelCase opens a case; one of the same kind and subject stays as it is.
	OpenParcelCase(ctx context.Context, area party.Area, c DeliveryCase) error
	CloseParcelCase(ctx context.Context, area party.Area, c DeliveryCase, by string) error
}

// DeliveryCase is something about a folder that a person must look at.
type DeliveryCase struct {
	Kind, Subject, Bank, Text string
}

// DeliveryStore runs transactions and answers queries.
type DeliveryStore interface {
	InTx(ctx context.Context, fn func(DeliveryTx) error) error
	// Waiting returns the bank's parcels in state sending that may go out, oldest first.
	Waiting(ctx context.Context, bank string) ([]Parcel, error)
	// Unwanted returns the bank's parcels that it is not to have any more, because they
	// were recalled or an item of theirs was settled as not executed, and that nobody has
	// looked for yet; oldest first, at most a hundred.
	Unwanted(ctx context.Context, bank string) ([]Parcel, error)
	// ParcelOf returns the one batch of the bank that a name speaks of, or ErrNoBatch
	// where there is none or more than one.
	ParcelOf(ctx context.Context, bank string, n Named) (Parcel, error)
	// Formats returns the formats that areas registered the bank with.
	Formats(ctx context.Context, bank string) ([]string, error)
	// HomeArea returns the first area that the bank serves.
	HomeArea(ctx context.Context, bank string) (party.Area, error)
}

// Named is what the name of a bank's file says of a batch.
type Named struct {
	// Number is the batch's number or its last digits.
	Number string
	// Areas are those that it may belong to; empty is any. One of several batches is
	// taken where it alone is of one of them.
	Areas []party.Area
	// Direction and Day narrow the choice where they are not zero: Day is the one on
	// which the batch was made.
	Direction BatchDirection
	Day       calendar.Day
}

// FolderLook is the job that looks at a bank's folder.
type FolderLook struct {
	Bank string `json:"bank" river:"unique"`
}

// Kind names the job.
func (FolderLook) Kind() string { return "folder_look" }

// WaitsOnce says that one waiting look at a folder is enough.
func (FolderLook) WaitsOnce() {}

// Delivery carries files between batches and the folders of banks.
//
//	batch SENDING ─► staged, durable ─► placing ─► its name in the folder ─► batch SENT
//	file in the folder, whole ─► receipt (as by the API) ─► archive, or quarantine
//
// The name is given under the batch's lock, just before the move to SENT: a recall
// comes before it or after it, and a process that slept meanwhile finds the batch
// moved on. A crash in between leaves the file with the frozen digest in its place,
// which is adopted. That it was about to get its name is committed before, so that a
// file that a recall does not find is known to have been there, or not.
type Delivery struct {
	parts DeliveryParts
}

// DeliveryParts are what a Delivery is made of.
type DeliveryParts struct {
	Store  DeliveryStore
	Intake *Intake
	// Couriers are those of the banks that take files by folder, by the banks' code.
	Couriers map[string]Courier
	// Write writes the batch's file, the same bytes at any time.
	Write func(ctx context.Context, w io.Writer, p Parcel) error
	// Recognise says by the rules of a format what a bank's name of a file speaks of; nil
	// knows no such rules.
	Recognise func(format, name string) (Named, bool)
	Log       *slog.Logger
}

// NewDelivery returns a Delivery.
func NewDelivery(p DeliveryParts) *Delivery { return &Delivery{parts: p} }

// Look delivers what waits for a bank and takes in what it sent. It may be broken
// off at any point and run again.
func (d *Delivery) Look(ctx context.Context, bank string) error {
	courier, ok := d.parts.Couriers[bank]
	if !ok {
		return nil // a process of another configuration asked for it
	}
	return errors.Join(d.deliver(ctx, bank, courier), d.collect(ctx, bank, courier))
}

const (
	actorFolder = "job"

	caseUnwritable = "outbox_unwritable"
	caseInTheWay   = "outbox_conflict"
	caseUnknown    = "inbox_unknown"
	caseTaken      = "recalled_batch_taken"

	// maxName bounds the names that a receipt keeps, in bytes.
	maxName = 200
)

func (d *Delivery) deliver(ctx context.Context, bank string, courier Courier) error {
	if err := courier.Sweep(); err != nil {
		return fmt.Errorf("sweep the folder of %s: %w", bank, err)
	}
	waiting, err := d.parts.Store.Waiting(ctx, bank)
	if err != nil {
		return err
	}
	// One batch's trouble stops no other.
	var errs []error
	for _, p := range waiting {
		step := d.send
		if p.Held {
			step = d.setAside
		}
		if err := step(ctx, courier, p); err != nil && !errors.Is(err, ErrSwept) {
			errs = append(errs, fmt.Errorf("deliver batch %s to %s: %w", p.Number, p.Bank, d.keep(ctx, p, err)))
		}
	}
	return errors.Join(append(errs, d.takeBack(ctx, bank, courier))...)
}

// takeBack removes the files of batches that the bank is not to have any more. A
// recalled one that is gone from its place may be with the bank: a case asks whether
// it pays, and nobody of the batch is paid again before that is known.
func (d *Delivery) takeBack(ctx context.Context, bank string, courier Courier) error {
	unwanted, err := d.parts.Store.Unwanted(ctx, bank)
	if err != nil {
		return err
	}
	for _, p := range unwanted {
		there, err := courier.TakeBack(p)
		if err != nil {
			return fmt.Errorf("take back the file of batch %s: %w", p.Number, err)
		}
		step := ParcelGone
		if there {
			step = ParcelTakenBack
		}
		err = d.parts.Store.InTx(ctx, func(tx DeliveryTx) error {
			if err := tx.KeepStep(ctx, p, step); err != nil || there || !p.Placing || !p.Recalled {
				return err
			}
			return tx.OpenParcelCase(ctx, p.Area, DeliveryCase{
				Kind: caseTaken, Subject: p.Subject(), Bank: p.Bank,
				Text: "batch " + p.Number + " was recalled, and its file was gone from the bank's folder; " +
					"find out whether the bank has it and pays anything of it",
			})
		})
		if err != nil {
			return fmt.Errorf("keep what became of the file of batch %s: %w", p.Number, err)
		}
		d.parts.Log.WarnContext(ctx, "the file of a batch that the bank is not to have was looked for",
			slog.String("bank", p.Bank), slog.String("batch", p.Number), slog.String("found", string(step)))
	}
	return nil
}

// send brings one parcel to its place.
func (d *Delivery) send(ctx context.Context, courier Courier, p Parcel) error {
	staged, err := courier.Stage(p, func(w io.Writer) error { return d.parts.Write(ctx, w, p) })
	if errors.Is(err, ErrInTheWay) {
		return d.setAside(ctx, courier, p)
	}
	if err != nil {
		return err
	}
	if !p.Placing {
		err := d.parts.Store.InTx(ctx, func(tx DeliveryTx) error { return tx.KeepStep(ctx, p, ParcelPlacing) })
		if err != nil {
			return errors.Join(err, courier.Discard(staged))
		}
	}
	err = d.parts.Store.InTx(ctx, func(tx DeliveryTx) error {
		state, err := tx.LockParcel(ctx, p)
		if err != nil || state != BatchSending {
			return err // it was recalled, or answered, or another process was first
		}
		if withheld, err := tx.Withheld(ctx, p); err != nil || withheld {
			return err
		}
		if err := courier.Place(p, staged); err != nil {
			return err
		}
		evidence := "file in the bank's folder with digest " + hex.EncodeToString(p.Digest[:])
		if err := tx.ParcelSent(ctx, p, actorFolder, evidence); err != nil {
			return err
		}
		unwritable := DeliveryCase{Kind: caseUnwritable, Subject: p.Subject(), Bank: p.Bank, Text: "delivered"}
		return tx.CloseParcelCase(ctx, p.Area, unwritable, actorFolder)
	})
	if errors.Is(err, ErrInTheWay) {
		err = d.setAside(ctx, courier, p)
	}
	return errors.Join(err, courier.Discard(staged))
}

// setAside takes a stranger's file out of the bank's sight. The batch is held until
// the case is closed: the bank may have read the file already. The case comes
// first, so that a crash between the two forgets nothing.
func (d *Delivery) setAside(ctx context.Context, courier Courier, p Parcel) error {
	digest, there, err := courier.InTheWay(p)
	if err != nil || !there {
		return err
	}
	err = d.parts.Store.InTx(ctx, func(tx DeliveryTx) error {
		return tx.OpenParcelCase(ctx, p.Area, DeliveryCase{
			Kind: caseInTheWay, Subject: fmt.Sprintf("outbox_file:%d:%x", p.Batch, digest[:8]), Bank: p.Bank,
			Text: "a file of other content lay under the name of batch " + p.Number + " in the bank's folder and was " +
				"set aside; find out who wrote it and whether the bank read it before the batch goes out",
		})
	})
	if err != nil {
		return err
	}
	if err := courier.SetAside(p, digest); err != nil {
		return err
	}
	d.parts.Log.ErrorContext(ctx, "a stranger's file lay under the name of a batch's file and was set aside",
		slog.String("bank", p.Bank), slog.String("batch", p.Number),
		slog.String("digest", hex.EncodeToString(digest[:])))
	return nil
}

// keep opens a case for a parcel that could not be delivered and returns why; the
// next look tries again.
func (d *Delivery) keep(ctx context.Context, p Parcel, cause error) error {
	if fault.KindOf(cause) == fault.Unavailable || ctx.Err() != nil {
		return cause
	}
	err := d.parts.Store.InTx(ctx, func(tx DeliveryTx) error {
		return tx.OpenParcelCase(ctx, p.Area, DeliveryCase{
			Kind: caseUnwritable, Subject: p.Subject(), Bank: p.Bank,
			Text: "the file of batch " + p.Number + " could not be delivered and is tried again: " + cause.Error(),
		})
	})
	return errors.Join(cause, err)
}

func (d *Delivery) collect(ctx context.Context, bank string, courier Courier) error {
	ready, err := courier.Ready()
	if err != nil {
		return fmt.Errorf("look into the inbox of %s: %w", bank, err)
	}
	var errs []error
	for _, f := range ready {
		if err := d.receive(ctx, bank, courier, f); err != nil && !errors.Is(err, ErrStillWritten) {
			errs = append(errs, fmt.Errorf("take in a file of %s: %w", bank, err))
		}
	}
	return errors.Join(errs...)
}

// receive gives a bank's file to the intake and moves it away. Broken off in
// between, the file comes again as the same request, and has the same answer.
func (d *Delivery) receive(ctx context.Context, bank string, courier Courier, f Incoming) error {
	digest, err := digestOf(courier, f)
	if fault.KindOf(err) == fault.TooLarge {
		// Its bytes were not all read: its name stands for it.
		return d.refuse(ctx, bank, courier, f, sha256.Sum256([]byte(f.Name)), err)
	}
	if err != nil {
		return err
	}
	p, err := d.answered(ctx, bank, f.Name)
	count, amount, unread := besideOf(f.Beside)
	if err == nil {
		err = unread
	}
	if errors.Is(err, ErrNoBatch) || errors.Is(err, ErrBeside) {
		return d.refuse(ctx, bank, courier, f, digest, err)
	}
	if err != nil {
		return err
	}
	head := Receipt{ //nolint:exhaustruct // the intake fills in the rest
		Area: p.Area, Bank: bank, Kind: ReceiptResultFile, Subject: p.Batch, Name: f.Name, Part: PartOf(f.Name),
		Count: count, Amount: amount, ReceivedBy: "bank:" + bank,
	}
	if p.Direction == Payment {
		head.Kind = ReceiptPaymentResultFile
	}
	answer := once.Answer{} //nolint:exhaustruct // none
	err = courier.Read(f, func(body io.Reader) (err error) {
		answer, err = d.parts.Intake.Receive(ctx, arrivalOf(bank, f, digest), renderState, head, body,
			func(sum [sha256.Size]byte) error {
				if sum != digest {
					return ErrStillWritten
				}
				return nil
			})
		return err
	})
	if err != nil {
		return err
	}
	if ReceiptState(answer.Body) == Quarantined {
		return courier.Quarantine(f, digest)
	}
	return courier.Archive(f, digest)
}

// answered finds the batch that a file's name speaks of.
func (d *Delivery) answered(ctx context.Context, bank, name string) (Parcel, error) {
	none := Parcel{} //nolint:exhaustruct // none
	if len(name) > maxName || !utf8.ValidString(name) {
		return none, ErrNoBatch
	}
	formats, err := d.parts.Store.Formats(ctx, bank)
	if err != nil {
		return none, err
	}
	for _, format := range formats {
		if d.parts.Recognise == nil {
			break
		}
		n, ok := d.parts.Recognise(format, name)
		if !ok || n.Number == "" {
			continue
		}
		if len(n.Areas) == 0 {
			n.Areas = numberIn(name).Areas
		}
		if p, err := d.parts.Store.ParcelOf(ctx, bank, n); !errors.Is(err, ErrNoBatch) {
			return p, err
		}
	}
	n := numberIn(name)
	if n.Number == "" {
		return none, ErrNoBatch
	}
	return d.parts.Store.ParcelOf(ctx, bank, n)
}

// refuse sets a file aside that nobody can take in.
func (d *Delivery) refuse(
	ctx context.Context, bank string, courier Courier, f Incoming, digest [sha256.Size]byte, cause error,
) error {
	area, err := d.parts.Store.HomeArea(ctx, bank)
	if err != nil {
		return err
	}
	err = d.parts.Store.InTx(ctx, func(tx DeliveryTx) error {
		return tx.OpenParcelCase(ctx, area, DeliveryCase{
			Kind: caseUnknown, Subject: fmt.Sprintf("inbox_file:%s:%x", bank, digest[:8]), Bank: bank,
			Text: fmt.Sprintf("file %q was set aside: %v", f.Name, cause),
		})
	})
	if err != nil {
		return err
	}
	return courier.Quarantine(f, digest)
}

func digestOf(courier Courier, f Incoming) (digest [sha256.Size]byte, err error) {
	hash := sha256.New()
	err = courier.Read(f, func(r io.Reader) error {
		_, err := io.Copy(hash, r)
		return err
	})
	hash.Sum(digest[:0])
	return digest, err
}

// arrivalOf is the request that a file in a folder stands for: its name and bytes.
func arrivalOf(bank string, f Incoming, digest [sha256.Size]byte) once.Request {
	sum := sha256.Sum256(append([]byte(f.Name+"\x00"+string(f.Beside)+"\x00"), digest[:]...))
	return once.Request{
		Caller: "bank:" + bank, Route: "folder", Key: hex.EncodeToString(sum[:]), Fingerprint: sum,
	}
}

// renderState keeps what the receipt came to, which says where its file goes.
func renderState(result any) (once.Answer, error) {
	answer := once.Answer{Status: 202, ContentType: "text/plain", Body: nil, Replayed: false}
	r, ok := result.(Receipt)
	if !ok {
		return answer, errors.New("the intake answers with another thing than a receipt")
	}
	answer.Body = []byte(r.State)
	return answer, nil
}

// numberIn finds a batch's number in the name of an answer: the last of its words of
// eight digits. Words of six digits are areas. Words end where digits do.
func numberIn(name string) (n Named) {
	words := strings.FieldsFunc(name, func(r rune) bool { return r < '0' || r > '9' })
	for _, w := range words {
		switch len(w) {
		case 8:
			n.Number = w
		case 6:
			if area, err := party.ParseArea(w); err == nil {
				n.Areas = append(n.Areas, area)
			}
		}
	}
	return n
}

// besideOf reads the totals of a marker: "12 1200.00". An empty one has none.
func besideOf(marker []byte) (*int, *money.Amount, error) {
	text := string(bytes.TrimSpace(marker))
	if text == "" {
		return nil, nil, nil
	}
	lines, sum, ok := strings.Cut(text, " ")
	if !ok || len(lines) == 0 || len(lines) > 7 || strings.Trim(lines, "0123456789") != "" {
		return nil, nil, ErrBeside
	}
	count := 0
	for _, d := range []byte(lines) {
		count = count*10 + int(d-'0')
	}
	amount, err := money.Parse(sum)
	if err != nil {
		return nil, nil, ErrBeside
	}
	return &count, &amount, nil
}

// PartOf tells the two files of an answer apart by the end of the name before its
// suffix: "S" for _S, "F" for _F, else nothing.
func PartOf(name string) string {
	stem := strings.ToUpper(name)
	if i := strings.LastIndexByte(stem, '.'); i > 0 {
		stem = stem[:i]
	}
	switch {
	case strings.HasSuffix(stem, "_S"):
		return "S"
	case strings.HasSuffix(stem, "_F"):
		return "F"
	}
	return ""
}
