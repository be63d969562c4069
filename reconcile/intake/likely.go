package intake

import (
	"context"
	"fmt"
	"strings"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// seenLine is what is kept of every line of a statement until it adds up. Its
// place is its number.
type seenLine struct {
	signed money.Amount
	day    calendar.Day
	// twin says that an equal line, with the same reference, stands before it.
	twin bool
}

func (s seenLine) String() string {
	if s.signed < 0 {
		return fmt.Sprintf("a debit of %s on %s", -s.signed, s.day)
	}
	return fmt.Sprintf("a credit of %s on %s", s.signed, s.day)
}

// maxLikely is how many lines are named where several explain a difference alike.
const maxLikely = 3

// suspicion is one way in which a line explains a difference.
type suspicion struct {
	explains func(l seenLine, difference money.Amount) bool
	// says follows the line's description.
	says string
}

// suspicions lists the ways from what is most telling to what is least. The
// difference is what the stated balance holds beyond the lines.
func suspicions() []suspicion {
	return []suspicion{
		{func(l seenLine, d money.Amount) bool { return l.twin && l.signed == -d }, "stands there twice"},
		{func(l seenLine, d money.Amount) bool { return 2*l.signed == -d }, "has the wrong direction"},
		{func(l seenLine, d money.Amount) bool { return l.signed == -d }, "is one too many"},
		{func(l seenLine, d money.Amount) bool { return l.signed == d }, "stands there once instead of twice"},
		{func(l seenLine, d money.Amount) bool { return swappedTo(l.signed, d) != 0 }, "has two digits swapped"},
		{func(l seenLine, d money.Amount) bool { return shifted(l.signed, d) }, "has its point in the wrong place"},
	}
}

// likely names what most likely makes the difference between what the lines give
// and what is stated, and the number of the line where it is one alone.
func (c *open) likely(difference, got, stated money.Amount) (string, int) {
	for _, s := range suspicions() {
		text, line := c.suspects(s, difference)
		if text != "" {
			return text, line
		}
	}
	if swappedTo(got, difference) != 0 {
		return fmt.Sprintf("no line explains it, but the balance itself may have two digits swapped: %s for %s",
			stated, got), 0
	}
	missing := "credit"
	if difference < 0 {
		missing, difference = "debit", -difference
	}
	return fmt.Sprintf("no line explains it alone: perhaps a %s of %s is missing", missing, difference), 0
}

// suspects names the lines that explain a difference in one way.
func (c *open) suspects(s suspicion, difference money.Amount) (string, int) {
	var named []string
	first, count := 0, 0
	for i, l := range c.seen[c.proved:] {
		if !s.explains(l, difference) {
			continue
		}
		count++
		if count > maxLikely {
			continue
		}
		number := c.proved + i + 1
		if count == 1 {
			first = number
		}
		named = append(named, fmt.Sprintf("line %d (%s)", number, l))
	}
	switch {
	case count == 0:
		return "", 0
	case count == 1:
		text := fmt.Sprintf("perhaps %s %s", named[0], s.says)
		if to := swappedTo(c.seen[first-1].signed, difference); to != 0 && s.says == "has two digits swapped" {
			text += fmt.Sprintf(": %s", max(to, -to))
		}
		return text, first
	case count > maxLikely:
		named = append(named, fmt.Sprintf("%d others", count-maxLikely))
	}
	return fmt.Sprintf("perhaps one of these %s: %s", s.says, strings.Join(named, ", ")), 0
}

// swappedTo returns what the amount is with two neighbouring digits swapped, where
// that makes the difference, or 0.
func swappedTo(signed, difference money.Amount) money.Amount {
	if difference%9 != 0 {
		return 0
	}
	for low := money.Amount(1); low*10 <= max(signed, -signed); low *= 10 {
		right, left := signed/low%10, signed/(low*10)%10
		if swapped := signed + (right-left)*9*low; left != right && swapped-signed == difference {
			return swapped
		}
	}
	return 0
}

// shifted says that the amount ten times or a tenth makes the difference.
func shifted(signed, difference money.Amount) bool {
	return signed*9 == difference || (signed%10 == 0 && signed/10-signed == difference)
}

// likelyBefore names what most likely makes the difference between the balance with
// which a statement opens and the one after the day before it.
func (g *Gate) likelyBefore(
	ctx context.Context, c *open, at calendar.Day, difference money.Amount,
) (string, error) {
	past, err := g.expect.Past.DayLines(ctx, at)
	if err != nil {
		return "", err
	}
	for _, l := range past {
		var said string
		switch signed := l.Signed(); {
		case signed == -difference:
			said = "is not in its opening"
		case signed == difference:
			said = "is in its opening twice"
		case 2*signed == -difference:
			said = "is in its opening with the other direction"
		default:
			continue
		}
		return fmt.Sprintf("perhaps %s, taken in before (statement line %d), %s", described("the", l.Line), l.ID,
			said), nil
	}
	for i, l := range c.seen {
		if l.signed == difference {
			return fmt.Sprintf("perhaps its line %d (%s) is in its opening already", i+1, l), nil
		}
	}
	return "perhaps a statement between the two is missing", nil
}
