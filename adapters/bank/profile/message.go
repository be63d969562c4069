package profile

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"twoline/adapters/bank/cnaps"
	"twoline/adapters/bank/iso20022"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/party"
)

// begin is the first instant of a day, the one that messages are created at: the
// same batch gives the same bytes.
func begin(d calendar.Day) time.Time {
	return time.Date(d.Year(), time.Month(d.Month().Number()), d.DayOfMonth(), 0, 0, 0, 0, calendar.Shanghai())
}

// writePain writes a pain.001 or pain.008.
func (p *Profile) writePain(
	w io.Writer, batch Batch, items func(yield func(bank.BatchItem) error) error,
) error {
	options := p.request.painOptions()
	options.MessageID = p.request.messageID.write(batch.Facts)
	if day := batch.Facts.Day; !day.IsZero() {
		options.Created = begin(day)
	}
	out := iso20022.NewBatchWriter(w, options, iso20022.Totals{Count: batch.Head.Count, Sum: batch.Head.Sum})
	if err := out.Write(batch.Head); err != nil {
		return err
	}
	left := p.request.options.get("leave_out").texts()
	err := items(func(i bank.BatchItem) error {
		for _, field := range left {
			leaveOut(&i, field)
		}
		return out.Write(i)
	})
	if err != nil {
		return err
	}
	return out.Close()
}

// leaveOut takes a fact from an item that the profile's message has no element for.
func leaveOut(i *bank.BatchItem, field string) {
	switch field {
	case "mandate":
		i.Mandate = ""
	case "region":
		i.Region = ""
	case "id_number":
		i.IDNumber = ""
	case "social_no":
		i.SocialNo = ""
	}
}

// painOptions are the profile's, but for what differs from batch to batch.
func (f *file) painOptions() iso20022.BatchOptions {
	v := f.options
	sender, agent := v.get("initiating_party"), v.get("account_bank")
	code := func(name string) iso20022.Code { return iso20022.Code{Code: v.get(name).str(), Own: ""} }
	o := iso20022.BatchOptions{ //nolint:exhaustruct // the message's id and instant are the batch's
		Format:          f.format,
		Initiator:       iso20022.Party{Name: sender.get("name").str(), ID: sender.get("id").str()},
		Owner:           v.get("account_holder").str(),
		Agent:           iso20022.Agent{BIC: agent.get("bic").str(), MemberID: agent.get("member").str()},
		ClearingSystem:  v.get("clearing_system").str(),
		ServiceLevel:    code("service_level"),
		LocalInstrument: code("local_instrument"),
		CategoryPurpose: code("category_purpose"),
		Purpose:         code("purpose"),
		SequenceType:    v.get("sequence_type").str(),
		ChargeBearer:    v.get("charge_bearer").str(),
		CreditorScheme: iso20022.CreditorScheme{
			ID: v.get("creditor").get("id").str(), Scheme: v.get("creditor").get("scheme").str(),
		},
		Identify:        v.get("identify").yes(),
		MandateRequired: v.get("mandate_required").yes(),
	}
	if booking := v.get("batch_booking"); booking != nil {
		o.BatchBooking = &booking.flag
	}
	return o
}

// writeClearing writes a beps.380 or beps.382, without the wire's header and
// signature: these are the member bank's front end's.
func (p *Profile) writeClearing(
	w io.Writer, batch Batch, items func(yield func(bank.BatchItem) error) error,
) error {
	v, facts := p.request.options, batch.Facts
	kind, err := cnaps.ParseKind(p.request.format)
	if err != nil {
		return err
	}
	set := p.request.clearingSet(facts)
	out := cnaps.NewWriter(w, cnaps.WriterOptions{ //nolint:exhaustruct // no wire
		Kind: kind, Set: set, TxIDs: txIDs(facts.Area),
	})
	head := bank.FileHead{
		Format: p.request.format, Kind: "batch", MessageID: p.request.messageID.write(facts),
		Created: cnaps.CreatedAt(begin(facts.Day)),
	}
	if err := out.Write(head); err != nil {
		return err
	}
	left := v.get("leave_out").texts()
	if slices.Contains(left, "execution_date") {
		batch.Head.ExecutionDate = calendar.Day{}
	}
	if err := out.Write(batch.Head); err != nil {
		return err
	}
	err = items(func(i bank.BatchItem) error {
		for _, field := range left {
			leaveOut(&i, field)
		}
		if i.Bank == "" && v.get("clearing_as_branch").yes() {
			i.Bank = set.Clearing
		}
		return out.Write(i)
	})
	if err != nil {
		return err
	}
	return out.Close(context.Background())
}

// clearingSet is what a message says once.
func (f *file) clearingSet(facts Facts) cnaps.Set {
	v := f.options
	set := cnaps.Set{ //nolint:exhaustruct // what replies have
		SenderDirect: v.get("sender").get("direct").str(), Sender: v.get("sender").get("party").str(),
		ReceiverDirect: v.get("receiver").get("direct").str(), Receiver: v.get("receiver").get("party").str(),
		ReturnDays: fmt.Sprintf("%02d", v.get("reply_days").int()), Transmitted: facts.Day,
		ReceiveType: v.get("receive_type").str(), CheckFlag: v.get("check_flag").str(),
		Category: v.get("category").str(), Purpose: v.get("purpose").str(),
		OwnName: v.get("account_holder").str(), OwnMember: v.get("account_bank").get("member").str(),
		OwnBranch: v.get("account_bank").get("branch").str(), Clearing: v.get("clearing").str(),
	}
	if set.Clearing == "" {
		set.Clearing = facts.Clearing
	}
	return set
}

// txIDs maps our item ids to the 16 digits of the clearing system.
func txIDs(area string) cnaps.TxIDs {
	a, err := party.ParseArea(area)
	if err != nil {
		return cnaps.NumericTxIDs()
	}
	return cnaps.AreaTxIDs(a)
}

// readClearing reads a message of the clearing system. A reply to a message that
// another party sent is another bank's.
func (p *Profile) readClearing(ctx context.Context, area string, r io.Reader, emit bank.Emit) error {
	sender := ""
	if p.request != nil {
		sender = p.request.options.get("sender").get("party").str()
	}
	return cnaps.Read(ctx, r, cnaps.Options{ //nolint:exhaustruct // signatures are the front end's
		TxIDs: txIDs(area),
		Set: func(s cnaps.Set) error {
			if answered := s.Original.Party; answered != "" && sender != "" && answered != sender {
				return ErrOtherBank.With("the reply is to a message of %s, and ours are of %s", clip(answered), sender)
			}
			return nil
		},
	}, emit)
}
