package signature

// Base builds a signature base from any components, so that tests can compare
// it with examples of RFC 9421 that cover more than this profile does.
func Base(lines [][2]string, params string) []byte {
	list := make([]component, len(lines))
	for i, line := range lines {
		list[i] = component{name: line[0], value: line[1]}
	}
	return signatureBase(list, params)
}

// Components returns the names and values that a message's signature covers.
func Components(m Message) ([][2]string, error) {
	list, err := m.components()
	if err != nil {
		return nil, err
	}
	lines := make([][2]string, len(list))
	for i, c := range list {
		lines[i] = [2]string{c.name, c.value}
	}
	return lines, nil
}

// BaseOf returns the signature base of a presented signature.
func BaseOf(p *Presented) string { return string(p.base) }
