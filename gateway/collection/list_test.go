package collection_test

import (
	"fmt"
	"slices"
	"testing"

	"twoline/gateway/collection"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/policy"
)

// Which account a list's money arrives on goes by who pays and who collects; everything
// that is not named here is refused.
func TestAListsMoneyArrivesWhereItMay(t *testing.T) {
	t.Parallel()
	kinds := []collection.ListKind{
		collection.GovernmentList, collection.CollectiveList, collection.SponsorList, collection.LandLostList,
		collection.RelativeList, collection.TaxList,
	}
	want := map[string]bool{
		"government fiscal_special agency": true, "government fiscal_special tax": true,
		"collective income agency": true, "collective fiscal_special tax": true,
		"sponsor income agency": true, "sponsor fiscal_special tax": true,
		"land_lost income agency": true, "land_lost fiscal_special agency": true, "land_lost fiscal_special tax": true,
		"relative income agency": true,
		"tax treasury tax":       true, "tax fiscal_special tax": true,
	}
	roles := []ledger.Role{
		ledger.Income, ledger.FiscalSpecial, ledger.Expenditure, ledger.Treasury, ledger.FixedDeposit,
	}
	for _, kind := range kinds {
		for _, role := range roles {
			for _, mode := range []policy.Mode{policy.Agency, policy.Tax} {
				name := fmt.Sprintf("%s %s %s", kind, role, mode)
				if err := kind.Accepts(role, mode); (err == nil) != want[name] {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
}

// Of lines of one member's year those that fit into the chosen amount are taken in their
// order, to the fen; what is above waits in suspense and is to be given back.
func TestLinesAboveTheChosenAmountAreToBeGivenBack(t *testing.T) {
	t.Parallel()
	line := func(order int64, amount, posted money.Amount) collection.Payable {
		return collection.Payable{ //nolint:exhaustruct // a line
			Order: order, Cause: order, Member: 7, Year: 2018, Amount: amount, Chosen: 10000, Posted: posted,
		}
	}
	a := collection.Agreement{ //nolint:exhaustruct // of a list
		Area: 610304, ID: 5, Subject: "list", SubjectID: 6, List: collection.TaxList, Scheme: ledger.Rural, Role: ledger.Treasury,
	}
	for name, give := range map[string]struct {
		lines  []collection.Payable
		refund []int64
	}{
		"exactly the chosen amount":   {[]collection.Payable{line(1, 6000, 0), line(2, 4000, 0)}, nil},
		"the second is a fen above":   {[]collection.Payable{line(1, 6000, 0), line(2, 4001, 0)}, []int64{2}},
		"a smaller one still fits":    {[]collection.Payable{line(1, 6000, 0), line(2, 4001, 0), line(3, 4000, 0)}, []int64{2}},
		"what was posted counts, too": {[]collection.Payable{line(1, 6000, 4001), line(2, 5999, 4001)}, []int64{1}},
	} {
		entries, refunds := collection.ListEntries(a, give.lines)
		var back []int64
		for _, r := range refunds {
			back = append(back, r.Cause)
		}
		if !slices.Equal(back, give.refund) || len(entries) != min(len(back), 1)+1 {
			t.Errorf("%s: given back are %v of %d entries, want %v", name, back, len(entries), give.refund)
		}
	}
	aid := a
	aid.List = collection.CollectiveList
	if _, refunds := collection.ListEntries(aid, []collection.Payable{line(1, 20000, 0)}); len(refunds) != 0 {
		t.Errorf("aid above the chosen amount is given back: %v", refunds)
	}
}
