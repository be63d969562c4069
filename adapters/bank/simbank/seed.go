package simbank

import "strconv"

// seed makes every choice of the bank from what the choice is about.
type seed uint64

// draw is a number that depends on nothing but the seed and the words.
func (s seed) draw(words ...string) uint64 {
	h := uint64(14695981039346656037)
	mix := func(b byte) { h = (h ^ uint64(b)) * 1099511628211 }
	for _, w := range words {
		for i := range len(w) {
			mix(w[i])
		}
		// Words of other lengths must not run into each other.
		mix(0xFF)
	}
	return scramble(h ^ scramble(uint64(s)))
}

// scramble spreads every bit of x over all bits (the finaliser of splitmix64).
func scramble(x uint64) uint64 {
	x += 0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// below is a number from 0 to n-1; n is positive.
func (s seed) below(n int, words ...string) int {
	return int(s.draw(words...) % uint64(n)) //nolint:gosec // n is positive and the rest smaller than it
}

// happens says yes in so many of a thousand cases.
func (s seed) happens(permille int, words ...string) bool {
	return permille > 0 && s.below(1000, words...) < permille
}

// shuffle puts n things into an order that the words decide.
func (s seed) shuffle(n int, swap func(i, j int), words ...string) {
	state := s.draw(words...)
	for i := n - 1; i > 0; i-- {
		state = scramble(state)
		swap(i, int(state%uint64(i+1))) //nolint:gosec // not above i
	}
}

func number(n int) string { return strconv.Itoa(n) }
