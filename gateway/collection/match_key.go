package collection

import "twoline/gateway/party"

// matchKey folds a name as a bank wrote it; one that is no name folds to "".
func matchKey(s string) string {
	n, err := party.NewName(s)
	if err != nil {
		return ""
	}
	return n.MatchKey()
}
