package bank_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"twoline/gateway/bank"
)

func outcomes() []bank.Outcome {
	return []bank.Outcome{bank.OutcomeUnknown, bank.OutcomePending, bank.OutcomeSucceeded, bank.OutcomeFailed}
}

func TestOutcomeNames(t *testing.T) {
	t.Parallel()
	for _, o := range outcomes() {
		got, err := bank.ParseOutcome(o.String())
		if err != nil || got != o {
			t.Errorf("ParseOutcome(%q) = %v, %v", o, got, err)
		}
		text, err := json.Marshal(o)
		var back bank.Outcome
		if err != nil || json.Unmarshal(text, &back) != nil || back != o || string(text) != `"`+o.String()+`"` {
			t.Errorf("%v is encoded %s and comes back as %v, %v", o, text, back, err)
		}
	}
	for _, give := range []string{"", "Succeeded", "SUCCEEDED", "success", "failed ", "2", "\x00", "张三"} {
		got, err := bank.ParseOutcome(give)
		if !errors.Is(err, bank.ErrOutcome) || got != bank.OutcomeUnknown {
			t.Errorf("ParseOutcome(%q) = %v, %v; want ErrOutcome", give, got, err)
		}
		if give == "张三" && strings.Contains(err.Error(), give) {
			t.Error("the error repeats what came from outside")
		}
		o := bank.OutcomePending
		if o.UnmarshalText([]byte(give)) == nil || o != bank.OutcomePending {
			t.Errorf("UnmarshalText(%q) left %v", give, o)
		}
	}
	if bank.Outcome(99).String() != "unknown" || bank.Outcome(99).Final() {
		t.Error("an outcome outside the list is unknown")
	}
	var zero bank.Outcome
	if zero != bank.OutcomeUnknown {
		t.Error("what nobody said must be unknown")
	}
}

func TestOutcomeFinal(t *testing.T) {
	t.Parallel()
	for o, want := range map[bank.Outcome]bool{
		bank.OutcomeUnknown: false, bank.OutcomePending: false, bank.OutcomeSucceeded: true, bank.OutcomeFailed: true,
	} {
		if o.Final() != want {
			t.Errorf("%v.Final() = %v, want %v", o, !want, want)
		}
	}
}

func classes() map[bank.Class]string {
	return map[bank.Class]string{
		bank.ClassSuccess:    "", // no code of a failure means success
		bank.ClassRetryFunds: "AM04 AG07 RJ03 3008 B1",
		bank.ClassFixAccount: "AC01 AC02 AC03 AC04 AC05 AC07 AC12 AC13 AC14 AG01 AG02 AM02 AM14 " +
			"BE01 BE05 BE06 BE20 RC01 RJ01 RJ02 RJ04 RJ08 3004 3009 3018 3030 3031 3039 3065 3069 B2",
		bank.ClassFixMandate:     "MD01 MD02 MD06 CN01 RJ06 RJ07 3045 3046 3047",
		bank.ClassBlocked:        "AC06 MD07 RR04 3017 3057",
		bank.ClassRetryTechnical: "DT01 DT05 TM01 RJ05 AB01 ED05 NOAS",
		bank.ClassDuplicate:      "AM05 DU01 DU02 DU03 DU04 DU05 3051",
		// Our own bug, a free text, a return, or the very words of success on a failure: a person decides.
		bank.ClassUnknown: "AM09 AM10 AM18 AM19 AM20 FF01 FOCR MS02 MS03 NARR SL01 RJ09 RJ90 PR02 PR09 " +
			"3056 3999 B0 B3 0000 4000 00 90000 AAAAAAA ACSC am04 ZZZZ",
	}
}

func TestClassOfEveryCode(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for want, codes := range classes() {
		for code := range strings.FieldsSeq(codes) {
			if seen[code] {
				t.Errorf("code %s stands twice", code)
			}
			seen[code] = true
			if got := bank.ClassOf(bank.OutcomeFailed, code); got != want {
				t.Errorf("ClassOf(failed, %s) = %s, want %s", code, got, want)
			}
			for _, o := range []bank.Outcome{bank.OutcomeUnknown, bank.OutcomePending, 99, -1} {
				if got := bank.ClassOf(o, code); got != bank.ClassUnknown {
					t.Errorf("ClassOf(%v, %s) = %s, want UNKNOWN", o, code, got)
				}
			}
			if got := bank.ClassOf(bank.OutcomeSucceeded, code); got != bank.ClassSuccess {
				t.Errorf("ClassOf(succeeded, %s) = %s", code, got)
			}
		}
	}
	for _, code := range []string{"", " ", " AM04", "AM04 "} {
		if got := bank.ClassOf(bank.OutcomeFailed, code); got != bank.ClassUnknown {
			t.Errorf("ClassOf(failed, %q) = %s, want UNKNOWN", code, got)
		}
	}
}

func TestClassOfIsSuccessOnlyForSuccess(t *testing.T) {
	t.Parallel()
	var known []string
	for _, codes := range classes() {
		known = append(known, strings.Fields(codes)...)
	}
	slices.Sort(known)
	rapid.Check(t, func(t *rapid.T) {
		outcome := bank.Outcome(rapid.IntRange(-3, 9).Draw(t, "outcome"))
		code := rapid.OneOf(rapid.SampledFrom(known), rapid.String()).Draw(t, "code")
		got := bank.ClassOf(outcome, code)
		if (got == bank.ClassSuccess) != (outcome == bank.OutcomeSucceeded) {
			t.Fatalf("ClassOf(%v, %q) = %s", outcome, code, got)
		}
		if outcome != bank.OutcomeFailed && got.RetriedByNextRun() {
			t.Fatalf("ClassOf(%v, %q) = %s would be sent again", outcome, code, got)
		}
	})
}

func TestRetriedByNextRun(t *testing.T) {
	t.Parallel()
	for class, want := range map[bank.Class]bool{
		bank.ClassSuccess: false, bank.ClassRetryFunds: true, bank.ClassFixAccount: false, bank.ClassFixMandate: false,
		bank.ClassBlocked: false, bank.ClassRetryTechnical: true, bank.ClassDuplicate: false, bank.ClassUnknown: false,
		"": false, "SOMETHING": false,
	} {
		if got := class.RetriedByNextRun(); got != want {
			t.Errorf("%q.RetriedByNextRun() = %v, want %v", class, got, want)
		}
	}
}
