package iso20022

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"twoline/gateway/bank"
)

// The formats that a BatchWriter writes.
const (
	CreditTransfer2009 = "pain.001.001.03" //nolint:gosec // the name of a format
	CreditTransfer2019 = "pain.001.001.09" //nolint:gosec // the name of a format
	DirectDebit2009    = "pain.008.001.02"
	DirectDebit2019    = "pain.008.001.08"
)

// BatchOptions are what a bank's file of instructions says besides its records.
// What is empty is left out, unless it says otherwise.
type BatchOptions struct {
	// Format is one of the four; it must be given.
	Format string
	// MessageID names the file to the bank; where it is empty the FileHead's counts.
	MessageID string
	// Created is the instant of creation, written to the second with its offset;
	// where it is zero the FileHead's counts, which is an xs:dateTime.
	Created time.Time
	// Initiator sends the file; a name or an id must be given.
	Initiator Party
	// Owner is the name of the holder of our account.
	Owner string
	// Account is ours, where a batch does not name it.
	Account string
	// Agent keeps our account; it must be given.
	Agent Agent
	// ClearingSystem is the scheme of every clearing member id, such as CNAPS.
	ClearingSystem string
	// BatchBooking asks for one entry a batch, or for one an item.
	BatchBooking *bool
	// ServiceLevel, LocalInstrument and CategoryPurpose are of every batch, Purpose
	// of every item; SequenceType is of direct debits.
	ServiceLevel, LocalInstrument, CategoryPurpose, Purpose Code
	// SequenceType is FRST, RCUR, FNAL, OOFF, or since 2019 RPRE.
	SequenceType string
	// ChargeBearer is DEBT, CRED, SHAR or SLEV.
	ChargeBearer string
	// CreditorScheme is the id by which payers' banks know us as a creditor.
	CreditorScheme CreditorScheme
	// Currency of every amount; empty is CNY.
	Currency string
	// Identify writes a person's id number and social-security number beside the
	// name, as the schemes NIDN and SOSE: only for a bank that asks for them.
	Identify bool
	// MandateRequired refuses a direct debit without a mandate.
	MandateRequired bool
	// Lost is told each field that the message has no element for, once, as a
	// Problem of code "lost" that names the first record; the file is written
	// without it, unless Lost returns an error. Where Lost is nil it is ErrLoss.
	Lost func(bank.Problem) error
}

// Party is an organisation by its name, an id, or both.
type Party struct{ Name, ID string }

// Agent is a bank by its BIC, by its id in a clearing system, or by both.
type Agent struct{ BIC, MemberID string }

// Code is a code of an external code set, or the bank's own.
type Code struct{ Code, Own string }

// CreditorScheme is an id with the name of its scheme, such as SEPA.
type CreditorScheme struct{ ID, Scheme string }

// since2019 says that the format is of the versions of 2019.
func (o *BatchOptions) since2019() bool {
	return o.Format == CreditTransfer2019 || o.Format == DirectDebit2019
}

func (o *BatchOptions) direction() bank.BatchDirection {
	switch o.Format {
	case CreditTransfer2009, CreditTransfer2019:
		return bank.Payment
	case DirectDebit2009, DirectDebit2019:
		return bank.Collection
	}
	return bank.NoBatchDirection
}

// isBIC says that an id has the form of a BIC in the format's version.
func (o *BatchOptions) isBIC() func(string) bool {
	form := `\A[A-Z]{6}[A-Z2-9][A-NP-Z0-9]([A-Z0-9]{3})?\z`
	if o.since2019() {
		form = `\A[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?\z`
	}
	return regexp.MustCompile(form).MatchString
}

// check refuses options that no file can be written with.
func (w *BatchWriter) checkOptions() {
	o := &w.o
	if o.direction() == bank.NoBatchDirection {
		w.refuse("Format", "not one of %s, %s, %s, %s",
			CreditTransfer2009, CreditTransfer2019, DirectDebit2009, DirectDebit2019)
	}
	if o.Initiator == (Party{}) {
		w.refuse("InitgPty", "a name or an id must be given")
	}
	if o.Agent == (Agent{}) {
		w.refuse("Agent", "the BIC or the clearing member id of our bank must be given")
	}
	if o.Agent.BIC != "" && !w.isBIC(o.Agent.BIC) {
		w.refuse("Agent", "not a BIC")
	}
	if o.Owner == "" {
		w.refuse("Owner", "the name of our account's holder must be given")
	}
	sequences := []string{"", "FRST", "RCUR", "FNAL", "OOFF"}
	if o.since2019() {
		sequences = append(sequences, "RPRE")
	}
	w.among("SeqTp", o.SequenceType, sequences)
	w.among("ChrgBr", o.ChargeBearer, []string{"", "DEBT", "CRED", "SHAR", "SLEV"})
	if o.direction() == bank.Payment && (o.SequenceType != "" || o.CreditorScheme != (CreditorScheme{})) {
		w.refuse("SeqTp", "a sequence type and a creditor's scheme are of direct debits only")
	}
	if o.CreditorScheme.ID == "" && o.CreditorScheme.Scheme != "" {
		w.refuse("CdtrSchmeId", "a scheme needs its id")
	}
	for _, c := range []Code{o.ServiceLevel, o.LocalInstrument, o.CategoryPurpose, o.Purpose} {
		if c.Code != "" && c.Own != "" {
			w.refuse("Cd", "a code is of the external set or the bank's own, not both")
		}
	}
	w.currency(o.Currency)
}

func (w *BatchWriter) among(name, value string, allowed []string) {
	if slices.Contains(allowed, value) {
		return
	}
	w.refuse(name, "not one of %s", strings.Join(allowed[1:], ", "))
}
