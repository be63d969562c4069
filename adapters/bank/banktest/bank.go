package banktest

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/money"
)

// Habit is how a bank answers; whichever it has, what it says is one truth.
type Habit string

// The habits.
const (
	// Prompt answers a batch whole on its day.
	Prompt Habit = "prompt"
	// Repeating sends every answer twice.
	Repeating Habit = "repeating"
	// Late answers a day later, and not before.
	Late Habit = "late"
	// Partial answers a part at once and the rest a day later.
	Partial Habit = "partial"
)

// Side is the bank's side of the API, with what a gateway heard of it.
type Side interface {
	// Offer puts a batch of so many items before the bank, some of which must fail.
	Offer(t *testing.T, items int) Order
	// Work has the bank do all that it would do now, and NextDay ends its day.
	Work(t *testing.T)
	NextDay(t *testing.T)
	// Acknowledged is how often the batch was acknowledged, with its count, sum and digest.
	Acknowledged(t *testing.T) int
	// Told is what the bank said of items, in order.
	Told(t *testing.T) []Told
	// Announced is the sum of the credits that the bank announced, each reference once.
	Announced(t *testing.T) money.Amount
	// Statements are those of the agency's account, in order.
	Statements(t *testing.T) []Statement
}

// Order is what a batch asks: amounts by item, and those that cannot succeed.
type Order struct {
	Items map[string]money.Amount
	Fail  map[string]bool
}

// Told is one answer on an item.
type Told struct {
	Item      string
	Succeeded bool
	Amount    money.Amount
}

// Statement is a day of an account.
type Statement struct{ Opening, Credits, Debits, Closing money.Amount }

// ExerciseBank proves a bank's side. open returns a bank of a habit that has taken
// nothing yet.
func ExerciseBank(t *testing.T, open func(*testing.T, Habit) Side) {
	t.Helper()
	for _, habit := range []Habit{Prompt, Repeating, Late, Partial} {
		t.Run(string(habit), func(t *testing.T) {
			t.Parallel()
			side := open(t, habit)
			const items = 12
			order := side.Offer(t, items)
			if len(order.Items) != items || len(order.Fail) == 0 || len(order.Fail) == items {
				t.Fatalf("a batch of %d items, %d of which must fail", len(order.Items), len(order.Fail))
			}
			side.Work(t)
			if n := side.Acknowledged(t); n != 1 {
				t.Errorf("acknowledged %d times", n)
			}
			first := len(outcomes(t, order, side.Told(t)))
			if want := map[Habit]bool{
				Prompt: first == items, Repeating: first == items, Late: first == 0,
				Partial: 0 < first && first < items,
			}; !want[habit] {
				t.Errorf("%d of %d items are answered on the first day", first, items)
			}
			for range 3 {
				side.NextDay(t)
				side.Work(t)
			}
			proveAnswers(t, order, side.Told(t), habit)
			proveMoney(t, order, side)
			if n := side.Acknowledged(t); n != 1 {
				t.Errorf("acknowledged %d times", n)
			}
		})
	}
}

// outcomes are the items that were answered, each with what was said first. An item
// that is answered twice is answered alike.
func outcomes(t *testing.T, order Order, told []Told) map[string]bool {
	t.Helper()
	out := make(map[string]bool)
	for _, a := range told {
		said, before := out[a.Item]
		if before && said != a.Succeeded {
			t.Errorf("item %s was answered in two ways", a.Item)
		}
		if amount, ours := order.Items[a.Item]; !ours || a.Amount != amount {
			t.Errorf("item %s was answered with %s, it is %s", a.Item, a.Amount, amount)
		}
		if !before {
			out[a.Item] = a.Succeeded
		}
	}
	return out
}

// proveAnswers asks for one answer on each item, or two alike of a bank that repeats.
func proveAnswers(t *testing.T, order Order, told []Told, habit Habit) {
	t.Helper()
	want := make(map[string]bool, len(order.Items))
	for item := range order.Items {
		want[item] = !order.Fail[item]
	}
	if diff := cmp.Diff(want, outcomes(t, order, told)); diff != "" {
		t.Errorf("items that succeeded (-want +got):\n%s", diff)
	}
	times := make(map[string]int)
	for _, a := range told {
		times[a.Item]++
	}
	each := map[Habit]int{Prompt: 1, Repeating: 2, Late: 1, Partial: 1}[habit]
	for _, item := range slices.Sorted(maps.Keys(times)) {
		if times[item] != each {
			t.Errorf("item %s was answered %d times", item, times[item])
		}
	}
}

// proveMoney compares answers, notices and statements: three views of one thing.
func proveMoney(t *testing.T, order Order, side Side) {
	t.Helper()
	var succeeded, credited money.Amount
	for item, amount := range order.Items {
		if !order.Fail[item] {
			succeeded += amount
		}
	}
	statements := side.Statements(t)
	if len(statements) < 3 {
		t.Fatalf("%d statements of three days that ended", len(statements))
	}
	for n, s := range statements {
		if s.Opening+s.Credits-s.Debits != s.Closing {
			t.Errorf("statement %d does not add up: %+v", n+1, s)
		}
		if n > 0 && s.Opening != statements[n-1].Closing {
			t.Errorf("statement %d opens with %s after %s", n+1, s.Opening, statements[n-1].Closing)
		}
		credited += s.Credits - s.Debits
	}
	if announced := side.Announced(t); announced != succeeded || credited != succeeded {
		t.Errorf("items of %s succeeded, %s was announced, %s stands in the statements", succeeded, announced, credited)
	}
}
