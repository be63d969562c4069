package cnaps

import (
	"fmt"
	"strings"
)

// TreeText writes a message's tree in the notation of testdata/trees.txt.
func TreeText(k Kind) string {
	var b strings.Builder
	var walk func(e *element, depth int)
	walk = func(e *element, depth int) {
		often := "1..1"
		if e.optional {
			often = "0..1"
		}
		if e.items {
			often = "1..n"
		}
		line := strings.Repeat("  ", depth) + e.name + " [" + often + "]"
		switch e.form {
		case text:
			line += fmt.Sprintf(" Max%dText", e.limit)
		case numeric:
			line += fmt.Sprintf(" Max%dNumericText", e.limit)
		case day:
			line += " ISODate"
		case instant:
			line += " ISODateTime"
		case money:
			line += " ActiveCurrencyAndAmount @Ccy"
		case check:
			line += " ChckFlgCode1 {CE01,CE02}"
		case systems:
			line += " SystemCode1 {SAPS,HVPS,BEPS,CCMS,PMIS,IBPS,NCIS,ECDS,FXPS,NETS,PBCS}"
		case group:
		}
		b.WriteString(line + "\n")
		for _, kid := range e.kids {
			walk(kid, depth+1)
		}
	}
	walk(tree(k), 1)
	return b.String()
}
