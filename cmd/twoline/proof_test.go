package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"twoline/gateway/calendar"
	"twoline/reconcile/cycle"
)

// signProof is the script's command proof: it signs a proof of one pensioner's month,
// whose batch is the named file. With lie it says of the same month that two were paid.
func signProof(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 && (len(args) != 4 || args[3] != "lie") {
		ts.Fatalf("usage: proof KEY BATCH-FILE NAME [lie]")
	}
	key, err := cycle.ParseKey([]byte(ts.ReadFile(args[0])))
	ts.Check(err)
	file := sha256.Sum256([]byte(ts.ReadFile(args[1])))
	d := oneMonth(hex.EncodeToString(file[:]))
	if len(args) == 4 {
		d.Figures.Paid.Count = 2
	}
	signed, err := key.Sign(d)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), signed, 0o600))
}

// oneMonth is a run that paid one pensioner and rests on one batch and one statement.
func oneMonth(digest string) cycle.Document {
	day := calendar.MustDay("2011-03-25")
	one := cycle.Tally{Count: 1, Amount: 55_00}
	d := cycle.Document{
		Type: cycle.DocumentType, Version: cycle.DocumentVersion, IssuedAt: "2011-04-01T09:00:00+08:00",
		Run: cycle.Run{
			ID: "7", Area: "610304", Scheme: "rural", Month: day.Month(), Kind: "regular", State: "closed", PayDay: day,
			ReleasedOn: day, Digest: digest,
		},
		Figures: cycle.Figures{
			Entitled: one, Approved: one, Sent: one, Succeeded: one, Paid: one, Settled: one.Amount, BankDebits: one.Amount,
		},
		Statement: cycle.Statement{
			Standing: cycle.Proved, Through: day, MatchedThrough: day,
			Debits: cycle.Cleared{Items: 1, Lines: 1, Amount: one.Amount},
		},
		Holds: true, Breaks: []string{}, Lists: []cycle.List{},
		RestsOn: cycle.RestsOn{
			Batches: []cycle.Batch{{
				ID: "8", Account: "13", Number: "00000001", Bank: "psbc", Items: one, Digest: digest, FileName: "P.TXT",
				FileDigest: digest,
			}},
			Statements: []cycle.StatementFile{{
				Account: "13", Number: "1", From: day, To: day, Opening: 100_00, Closing: 45_00, Receipt: "31",
				FileName: "S1.XML", FileDigest: digest,
			}},
			Days: []cycle.Day{{Scheme: "rural", Day: day, Digest: digest}},
		},
	}
	for _, step := range cycle.Steps() {
		d.Lists = append(d.Lists, cycle.NewRoll(step).List())
	}
	return d
}
