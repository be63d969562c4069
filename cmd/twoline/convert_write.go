package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"twoline/adapters/bank/iso20022"
	"twoline/adapters/bank/jsonl"
	"twoline/adapters/bank/message"
	"twoline/adapters/bank/mt940"
	"twoline/adapters/bank/profile"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
)

// lines writes canonical JSON Lines and counts the places where the file
// contradicts itself.
func (in *input) lines(ctx context.Context, out io.Writer) (problems int, err error) {
	w := jsonl.NewWriter(out)
	err = in.records(ctx, func(r bank.Record) error {
		if p, ok := r.(bank.Problem); ok && p.Severity == bank.SeverityError {
			problems++
		}
		return w.Write(r)
	})
	if err != nil {
		return problems, err
	}
	return problems, w.Close()
}

// target is the form to write.
type target struct {
	format string
	// kind is what a file must be to be written so: batch or statement.
	kind string
	// by is the profile to write by, or nil.
	by *profile.Profile
	// write writes the records, which it may read several times.
	write func(ctx context.Context, out *os.File, records records) error
	// again reads what was written.
	again func(ctx context.Context, out *os.File, emit bank.Emit) error
}

// records gives every record of a file.
type records func(ctx context.Context, emit bank.Emit) error

// noName stands where a message must name somebody and nobody was named.
const noName = "NOTPROVIDED"

// target finds the form to write; nil is canonical JSON Lines.
func (cmd *convertCommand) target(in *input) (*target, error) {
	by, err := cmd.writtenBy(in)
	if err != nil {
		return nil, err
	}
	format := cmd.To
	if format == "" {
		format = message.JSONL
		if by != nil {
			format = by.RequestFormat()
		}
	}
	if by != nil && !message.IsOf(by.RequestFormat(), format) {
		return nil, errConvert.With("the profile writes %s, and not %s", by.RequestFormat(), format)
	}
	t := &target{format: format, kind: "batch", by: by} //nolint:exhaustruct // set below
	switch {
	case format == message.JSONL:
		return nil, nil //nolint:nilnil // as it says
	case by != nil:
		t.profile(cmd)
	case slices.Contains(rowFormats(), format):
		return nil, hinted{
			errConvert.With("%s needs the profile of the bank that it is for", format),
			"name a YAML file with --profile, or one of " + strings.Join(shippedNames(), ", "),
		}
	case message.IsOf(format, "beps.380"), message.IsOf(format, "beps.382"):
		return nil, hinted{
			errConvert.With("%s needs a profile that says who sends, and which clearing member keeps the account", format),
			"copy the shipped profile cnaps, put your own numbers in, and name it with --profile",
		}
	case message.IsOf(format, "pain.001"), message.IsOf(format, "pain.008"):
		return t, t.pain()
	case message.IsOf(format, "camt.053"):
		t.camt()
		if format != "camt.053" && format != iso20022.StatementFormat {
			return nil, errConvert.With("camt.053 is written as %s", iso20022.StatementFormat)
		}
	case format == "mt940":
		t.mt940(cmd)
	default:
		return nil, errConvert.With("no file is written as %s; there are jsonl, pain.001, pain.008, camt.053, mt940, "+
			"beps.380, beps.382, delimited, fixed-width and xlsx", format)
	}
	return t, nil
}

// writtenBy is the profile to write by: --to-profile, else --profile where the file
// was read without it.
func (cmd *convertCommand) writtenBy(in *input) (*profile.Profile, error) {
	switch {
	case cmd.ToProfile != "":
		return openProfile(cmd.ToProfile)
	case cmd.Profile != "" && in.by == nil:
		return openProfile(cmd.Profile)
	}
	return nil, nil //nolint:nilnil // none
}

func (t *target) profile(cmd *convertCommand) {
	own := cmd.own()
	t.write = func(ctx context.Context, out *os.File, all records) error {
		head, err := onlyBatch(ctx, all)
		if err != nil {
			return err
		}
		facts, err := cmd.facts(head)
		if err != nil {
			return err
		}
		//nolint:contextcheck // a message is laid out in memory: nothing waits
		return t.by.WriteRequest(out, own, profile.Batch{Head: head, Facts: facts}, func(yield func(bank.BatchItem) error) error {
			return all(ctx, func(r bank.Record) error {
				i, ok := r.(bank.BatchItem)
				if !ok {
					return nil
				}
				if i.Currency != "" && i.Currency != yuanCurrency {
					return errConvert.With("item %d is in %s, and the bank's files are in yuan", i.Index, i.Currency)
				}
				return yield(i)
			})
		})
	}
	t.again = func(ctx context.Context, out *os.File, emit bank.Emit) error {
		return t.by.ReadRequest(ctx, own, "", out, emit)
	}
}

// onlyBatch is the file's batch: a bank's file holds one.
func onlyBatch(ctx context.Context, all records) (head bank.BatchHead, err error) {
	n := 0
	err = all(ctx, func(r bank.Record) error {
		if h, ok := r.(bank.BatchHead); ok {
			head = h
			n++
		}
		return nil
	})
	if err == nil && n != 1 {
		err = errConvert.With("the file holds %d batches, and a bank's file one", n)
	}
	return head, err
}

// facts are what names and message ids of the bank carry.
func (cmd *convertCommand) facts(head bank.BatchHead) (profile.Facts, error) {
	f := profile.Facts{ //nolint:exhaustruct // the digest is of our own batches
		Bank: cmd.Bank, BankNo: "", Area: cmd.Area, Day: calendar.DayIn(time.Now()), Execution: head.ExecutionDate,
		Batch: head.BatchID, Count: &head.Count,
	}
	if a, ok := head.Sum.Amount(); ok {
		f.Amount = &a
	}
	if cmd.Date == "" {
		return f, nil
	}
	day, err := calendar.ParseDay(cmd.Date)
	if err != nil {
		return f, errConvert.With("--date: %v", err)
	}
	f.Day = day
	return f, nil
}

// pain writes pain.001 or pain.008 for nobody in particular.
func (t *target) pain() error {
	versions := map[string]string{
		"pain.001": iso20022.CreditTransfer2019, "pain.008": iso20022.DirectDebit2019,
		iso20022.CreditTransfer2019: iso20022.CreditTransfer2019, iso20022.CreditTransfer2009: iso20022.CreditTransfer2009,
		iso20022.DirectDebit2019: iso20022.DirectDebit2019, iso20022.DirectDebit2009: iso20022.DirectDebit2009,
	}
	version, ok := versions[t.format]
	if !ok {
		return errConvert.With("%s is not written; there are %s, %s, %s and %s", t.format, iso20022.CreditTransfer2009,
			iso20022.CreditTransfer2019, iso20022.DirectDebit2009, iso20022.DirectDebit2019)
	}
	t.write = func(ctx context.Context, out *os.File, all records) error {
		id, created, err := called(ctx, all)
		if err != nil {
			return err
		}
		lost := func(bank.Problem) error { return nil }          // what was lost is seen by reading it again
		return iso20022.WriteBatches(out, iso20022.BatchOptions{ //nolint:exhaustruct // nobody in particular
			Format: version, MessageID: id, Created: created, Initiator: iso20022.Party{Name: noName, ID: ""}, Owner: noName,
			Account: "", Agent: iso20022.Agent{BIC: "", MemberID: noName}, Lost: lost,
		}, func(emit bank.Emit) error { return all(ctx, emit) })
	}
	t.again = func(ctx context.Context, out *os.File, emit bank.Emit) error { return iso20022.Read(ctx, out, emit) }
	return nil
}

// called is what a file says of itself: its message id, else its batch's, and when
// it was made.
func called(ctx context.Context, all records) (id string, created time.Time, err error) {
	created = time.Now().In(calendar.Shanghai())
	err = all(ctx, func(r bank.Record) error {
		switch r := r.(type) {
		case bank.FileHead:
			id = r.MessageID
			if at, err := time.Parse(time.RFC3339, r.Created); err == nil {
				created = at
			}
		case bank.BatchHead:
			if id == "" {
				id = r.BatchID
			}
		default:
		}
		return nil
	})
	if id == "" {
		id = noName
	}
	return id, created, err
}

// dated gives statements without their days those of their entries, else the day on
// which the file was made: every form of a statement says the days of its balances.
func dated(ctx context.Context, all records, created time.Time) (records, error) {
	type days struct{ from, to calendar.Day }
	var known []days
	err := all(ctx, func(r bank.Record) error {
		switch r := r.(type) {
		case bank.StatementHead:
			known = append(known, days{from: r.From, to: r.To})
		case bank.StatementEntry:
			day := r.BookingDate
			if day.IsZero() {
				day = r.ValueDate
			}
			if k := &known[len(known)-1]; !day.IsZero() {
				if k.from.IsZero() || day.Before(k.from) {
					k.from = day
				}
				if k.to.IsZero() || k.to.Before(day) {
					k.to = day
				}
			}
		default:
		}
		return nil
	})
	return func(ctx context.Context, emit bank.Emit) error {
		n := -1
		return all(ctx, func(r bank.Record) error {
			h, ok := r.(bank.StatementHead)
			if !ok {
				return emit(r)
			}
			if n++; h.From.IsZero() {
				h.From = known[n].from
			}
			if h.To.IsZero() {
				h.To = known[n].to
			}
			if h.To.IsZero() {
				h.To = calendar.DayIn(created)
			}
			if h.From.IsZero() {
				h.From = h.To
			}
			return emit(h)
		})
	}, err
}

func (t *target) camt() {
	t.kind = "statement"
	t.write = func(ctx context.Context, out *os.File, all records) error {
		id, created, err := called(ctx, all)
		if err == nil {
			all, err = dated(ctx, all, created)
		}
		if err != nil {
			return err
		}
		w := iso20022.NewWriter(out)
		err = all(ctx, func(r bank.Record) error {
			if h, ok := r.(bank.FileHead); ok {
				h.MessageID = id
				if _, err := time.Parse(time.RFC3339, h.Created); err != nil {
					h.Created = created.Format(time.RFC3339)
				}
				r = h
			}
			return w.Write(r)
		})
		if err != nil {
			return err
		}
		return w.Close()
	}
	t.again = func(ctx context.Context, out *os.File, emit bank.Emit) error { return iso20022.Read(ctx, out, emit) }
}

func (t *target) mt940(cmd *convertCommand) {
	t.kind = "statement"
	charset, _ := mt940.ParseCharset(cmd.Charset)
	t.write = func(ctx context.Context, out *os.File, all records) error {
		_, created, err := called(ctx, all)
		if err == nil {
			all, err = dated(ctx, all, created)
		}
		if err != nil {
			return err
		}
		w := mt940.NewWriter(out, mt940.WriterOptions{
			Charset: charset, Lost: func(bank.Problem) error { return nil }, // seen by reading it again
		})
		if err := all(ctx, w.Write); err != nil {
			return err
		}
		return w.Close()
	}
	t.again = func(ctx context.Context, out *os.File, emit bank.Emit) error {
		return mt940.Read(ctx, out, mt940.Options{Charset: charset}, emit)
	}
}

// write writes the other form beside, reads it again, says what it does not hold,
// and only then gives it out: nothing half-written is seen.
func (cmd *convertCommand) write(a *app, in *input, t *target) error {
	problems, err := in.fit(a.ctx, t)
	if err != nil {
		return err
	}
	out, err := spoolFile("twoline-converted-*")
	if err != nil {
		return err
	}
	defer out.Close() //nolint:errcheck // its bytes were given out
	if err := t.write(a.ctx, out, in.records); err != nil {
		return errConvert.With("%s as %s: %v", in.name, t.format, err)
	}
	start := func() error {
		_, err := out.Seek(0, io.SeekStart)
		return err //nolint:wrapcheck // a file of ours
	}
	if err := start(); err != nil {
		return err
	}
	lost, err := compare(a.ctx, in.records, func(ctx context.Context, emit bank.Emit) error {
		if err := start(); err != nil {
			return err
		}
		return t.again(ctx, out, emit)
	})
	if err != nil {
		return errConvert.With("%s as %s: what was written does not hold the same: %v", in.name, t.format, err)
	}
	if err := errors.Join(start(), copyOut(a.std.out, out)); err != nil {
		return err
	}
	if err := cmd.tellLost(a, t, lost); err != nil {
		return err
	}
	if problems > 0 || cmd.Strict && len(lost) > 0 {
		return errFound
	}
	return nil
}

func copyOut(to io.Writer, from io.Reader) error {
	w := bufio.NewWriterSize(to, 1<<16)
	_, err := io.Copy(w, from)
	return errors.Join(err, w.Flush())
}

// fit refuses a file of another kind than the target's, and instructions that
// contradict themselves: their totals would be corrected in silence. It counts where
// a statement does, which is written as it stands.
func (in *input) fit(ctx context.Context, t *target) (problems int, err error) {
	err = in.records(ctx, func(r bank.Record) error {
		switch r := r.(type) {
		case bank.FileHead:
			if r.Kind != t.kind {
				return errConvert.With("%s holds a %s, and %s a %s", in.name, r.Kind, t.format, t.kind)
			}
		case bank.Problem:
			if r.Severity != bank.SeverityError {
				return nil
			}
			if t.kind == "batch" {
				return fmt.Errorf("%w: %s contradicts itself: %s", errContradicts, in.name, r.Text)
			}
			problems++
		default:
		}
		return nil
	})
	if err != nil && !errors.Is(err, errConvert) && !errors.Is(err, errContradicts) {
		err = errConvert.With("%s: %v", in.name, err)
	}
	return problems, err
}

// tellLost says on standard error what the new form does not hold.
func (cmd *convertCommand) tellLost(a *app, t *target, lost []loss) error {
	if cmd.JSON {
		return printJSON(a.std.err, struct {
			Lost []loss `json:"lost"`
		}{append([]loss{}, lost...)})
	}
	for _, l := range lost {
		if _, err := fmt.Fprintf(a.std.err, "%s does not hold %s\n", t.format, l); err != nil {
			return err //nolint:wrapcheck // the terminal's
		}
	}
	return nil
}
