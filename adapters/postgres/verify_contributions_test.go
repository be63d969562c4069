package postgres_test

import (
	"slices"
	"testing"

	"twoline/gateway/collection"
)

// Who edits a list, its money, a claim or what went back as the database's owner is named
// by the proof.
func TestEditedContributionsAreNamed(t *testing.T) {
	t.Parallel()
	w := contributed(t)
	w.proved(t)
	for edit, want := range map[string]struct{ undo, breached string }{
		`update contribution_list set amount = amount + 1 where kind = 'relative'`: {
			`update contribution_list set amount = amount - 1 where kind = 'relative'`, "lists",
		},
		`update contribution_list set payer = payer || 'x'`: {
			`update contribution_list set payer = left(payer, -1)`, "lists",
		},
		`update contribution_list set fund_account = 13 where document = 'aid'`: {
			`update contribution_list set fund_account = 11 where document = 'aid'`, "lists",
		},
		`update contribution_line set amount = amount + 1 where line = 1`: {
			`update contribution_line set amount = amount - 1 where line = 1`, "I5",
		},
		`update contribution_line set member_id = 1003 where line = 2`: {
			`update contribution_line set member_id = 1002 where line = 2`, "lists",
		},
		`update contribution_line set category = 'x' where line = 2`: {
			`update contribution_line set category = 'severely_disabled' where line = 2`, "lists",
		},
		`update contribution_list_money set named_at = named_at - interval '1 day'`: {
			`update contribution_list_money set named_at = named_at + interval '1 day'`, "lists",
		},
		`update contribution_list_approved set approved_at = approved_at - interval '1 hour'`: {
			`update contribution_list_approved set approved_at = approved_at + interval '1 hour'`, "I27",
		},
		`update contribution_list_ended set ended_at = ended_at - interval '1 day'`: {
			`update contribution_list_ended set ended_at = ended_at + interval '1 day'`, "lists",
		},
		`update contribution_claim set amount = amount + 1`: {
			`update contribution_claim set amount = amount - 1`, "lists",
		},
		`update contribution_claim set part = 'collective'`: {
			`update contribution_claim set part = 'individual'`, "lists",
		},
		`update refund_paid set amount = amount + 1`: {
			`update refund_paid set amount = amount - 1`, "lists",
		},
		`update refund_paid set paid_at = paid_at + interval '1 hour'`: {
			`update refund_paid set paid_at = paid_at - interval '1 hour'`, "I5",
		},
	} {
		for _, table := range contributionTables() {
			w.sql(t, `alter table `+table+` disable trigger all`)
		}
		w.sql(t, edit)
		if got := verify(t, w.db).Breached(); !slices.Contains(got, want.breached) {
			t.Errorf("%s: breached are %v, want %s", edit, got, want.breached)
		}
		w.sql(t, want.undo)
	}
}

// contributed is a world of lists: one posted whose first line went back, one that ended.
func contributed(t *testing.T) *payerWorld {
	t.Helper()
	w := newRefundWorld(t, 3)
	paid := w.claim(t, w.lineID(t, w.relatives(t, 10000, 10000), 1))
	asked, err := w.askRefund(paid.ID)
	if err == nil {
		err = w.approve(asked.Decision, w.financeSecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	ended := w.list(collection.CollectiveList, 11, 500)
	ended.Year, ended.Document = 2018, "aid"
	ended = w.approved(t, ended)
	var out collection.ContributionList
	_, err = w.service.EndList(t.Context(), w.request("POST end", "", ended.ID), result(&out), w.maker,
		collection.ListEnding{List: ended.ID, Reason: "no money"})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// contributionTables are the tables of which only lists of others' payments write.
func contributionTables() []string {
	return []string{
		"contribution_list", "contribution_line", "contribution_list_approved", "contribution_list_ended",
		"contribution_list_money", "contribution_claim", "refund_paid", "refund_road", "refund_returned",
	}
}

// Random edits of what stands behind others' payments are seen as those of everything else.
func TestL9_RandomEditsOfContributionsAreDetected(t *testing.T) {
	t.Parallel()
	w := contributed(t)
	tamper(t, w.db, newTamperer(t, w.d.OwnerURL, 11, contributionTables()), 25)
}
