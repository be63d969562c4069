package iso20022

import (
	"fmt"
	"strconv"

	"twoline/gateway/bank"
)

// maxTallies is how many different states a message may count.
const maxTallies = 64

// meaning says what a status means for an instruction; partial, that it says
// nothing of a single item. Neither holds of a word that is not known.
type meaning func(status string) (outcome bank.Outcome, partial, known bool)

// verdict is what one level of a file says of all that stands below it.
type verdict struct{ status, code, text string }

// says is that there is anything to give out.
func (v verdict) says() bool { return v.status != "" || v.code != "" || v.text != "" }

// passed returns what an item without a status of its own gets from the levels
// above it, the nearest first: the first that has a status, unless that is
// partial, as then nobody said what became of this item.
func passed(of meaning, above ...verdict) verdict {
	for _, v := range above {
		if v.status == "" {
			continue
		}
		if _, partial, _ := of(v.status); partial {
			return verdict{}
		}
		return v
	}
	return verdict{}
}

// counted is what a level claims of the number of its items, and what was met.
type counted struct {
	count, sum string
	states     []state
	met        int
	summed     int
	amount     total
}

// state is how many items are said to have a status, and how many were met.
type state struct {
	status, count string
	met           int
}

// meet counts one item.
func (c *counted) meet(status string, amount *bank.Figure) {
	c.met++
	if amount != nil {
		c.summed++
		c.amount.add(*amount)
	}
	for i := range c.states {
		if c.states[i].status == status {
			c.states[i].met++
		}
	}
}

// check compares: an answer need not list every item, but never more than there
// are.
func (c *counted) check(where string) []bank.Problem {
	var problems []bank.Problem
	wrong := func(format string, args ...any) {
		problems = append(problems, contradiction(where, "control_total", fmt.Sprintf(format, args...)))
	}
	all, ok := count(c.count)
	if c.count != "" && (!ok || c.met > all) {
		wrong("the number of transactions is said to be %.40q, %d are answered", c.count, c.met)
	}
	if ok && c.met == all && c.summed == c.met && !fits(c.sum, c.amount.value()) {
		wrong("the control sum is said to be %.40q, the amounts add up to %s", c.sum, c.amount.value().StringFixed(2))
	}
	said := 0
	for _, s := range c.states {
		n, valid := count(s.count)
		if !valid || s.met > n {
			wrong("%.40q transactions are said to be %.4s, %d are", s.count, s.status, s.met)
		}
		said += n
	}
	if ok && said > all {
		wrong("the states are of %d transactions, there are %d", said, all)
	}
	return problems
}

// count reads a number of transactions, at most fifteen digits.
func count(text string) (int, bool) {
	if text == "" || len(text) > 15 {
		return 0, false
	}
	n, err := strconv.ParseUint(text, 10, 63)
	return int(n), err == nil
}
