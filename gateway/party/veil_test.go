package party_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twoline/gateway/party"
)

const (
	plainName    = "慕容雪村"
	plainID      = "11010519491231002X"
	plainAccount = "4532015112830366"
)

type member struct {
	Name    party.Name
	ID      party.IDNumber
	Account party.AccountNo
}

// hidden holds the values where fmt cannot call their methods.
type hidden struct {
	name    party.Name
	id      *party.IDNumber
	account any
	list    []party.Name
	byName  map[party.Name]party.AccountNo
}

func samples() (member, hidden) {
	name, id, account := party.Stored(plainName, plainID, plainAccount)
	return member{Name: name, ID: id, Account: account}, hidden{
		name: name, id: &id, account: account, list: []party.Name{name},
		byName: map[party.Name]party.AccountNo{name: account},
	}
}

func leaks(text string) bool {
	for _, secret := range []string{plainName, plainName[3:], plainID[6:14], plainAccount[4:12]} {
		if strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) ||
			strings.Contains(text, fmt.Sprintf("%X", secret)) || strings.Contains(text, fmt.Sprintf("% x", secret)) ||
			strings.Contains(text, strings.Trim(fmt.Sprintf("%+q", secret), `"`)) {
			return true
		}
	}
	return false
}

func TestNothingPrintsInClear(t *testing.T) {
	t.Parallel()
	m, h := samples()
	values := map[string]any{
		"name": m.Name, "id": m.ID, "account": m.Account, "pointer": &m.Name, "struct": m, "pointer to struct": &m,
		"slice": []member{m}, "map": map[party.Name]party.IDNumber{m.Name: m.ID},
		"unexported": h, "pointer to unexported": &h,
	}
	verbs := []string{
		"%v", "%+v", "%#v", "%s", "%q", "%+q", "%#q", "%x", "%X", "% x", "%#x", "%d", "%o", "%b", "%t", "%e", "%g",
		"%c", "%U", "%T", "%30v", "%-30s", "%.2s", "%z", "%!",
	}
	for name, value := range values {
		for _, verb := range verbs {
			if got := fmt.Sprintf(verb, value); leaks(got) {
				t.Errorf("%s printed with %s shows %s", name, verb, got)
			}
		}
		if got := fmt.Sprint(value) + fmt.Sprintln(value) + fmt.Errorf("x %v", value).Error(); leaks(got) {
			t.Errorf("%s printed shows %s", name, got)
		}
	}
}

func TestMaskedForms(t *testing.T) {
	t.Parallel()
	m, _ := samples()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		if got, want := fmt.Sprintf(verb, m.Name), "慕**"; got != want {
			t.Errorf("name with %s = %q, want %q", verb, got, want)
		}
		if got, want := fmt.Sprintf(verb, m.ID), "110105********002X"; got != want {
			t.Errorf("id number with %s = %q, want %q", verb, got, want)
		}
		if got, want := fmt.Sprintf(verb, m.Account), "****0366"; got != want {
			t.Errorf("account with %s = %q, want %q", verb, got, want)
		}
	}
	for plain, want := range map[string]string{
		"": "", "12345": "****5", "123456789": "****789", plainAccount: "****0366",
	} {
		if _, _, account := party.Stored("", "", plain); account.String() != want {
			t.Errorf("account %q prints %q, want %q", plain, account, want)
		}
	}
	for plain, want := range map[string]string{"": "", "123": "***", "110105491231002": "***************"} {
		if _, id, _ := party.Stored("", plain, ""); id.String() != want {
			t.Errorf("id number %q prints %q, want %q", plain, id, want)
		}
	}
	if got := (party.Name{}).String(); got != "" {
		t.Errorf("no name prints %q", got)
	}
}

func TestNothingIsLoggedOrEncodedInClear(t *testing.T) {
	t.Parallel()
	m, h := samples()
	var out bytes.Buffer
	for _, log := range []*slog.Logger{
		slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil)),
	} {
		log.Info("member", slog.Any("name", m.Name), slog.Any("id", &m.ID), slog.Any("member", m),
			slog.Any("hidden", h), slog.Any("list", []party.AccountNo{m.Account}),
			slog.Group("g", slog.Any("id", m.ID)))
	}
	text, err := json.Marshal(map[string]any{"m": m, "h": h, "k": map[party.Name]party.IDNumber{m.Name: m.ID}})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)
	markup, err := xml.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(markup)
	page := template.Must(template.New("").Parse("{{.}} {{.Name}} {{printf `%#v` .ID}}"))
	if err := page.Execute(&out, m); err != nil {
		t.Fatal(err)
	}
	other := m
	other.Name, _, _ = party.Stored("慕容雪庄", "", "")
	out.WriteString(cmp.Diff(m, other))
	if leaks(out.String()) {
		t.Errorf("a person is written in clear:\n%s", out.String())
	}
	if !strings.Contains(out.String(), "慕**") || !strings.Contains(out.String(), "****0366") {
		t.Errorf("the masked forms are missing:\n%s", out.String())
	}
}

func TestStoredValuesComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b"), rapid.String().Draw(t, "c")
		name, id, account := party.Stored(a, b, c)
		if name.Plain() != a || id.Plain() != b || account.Plain() != c {
			t.Fatalf("stored %q, %q, %q came back as %q, %q, %q", a, b, c, name.Plain(), id.Plain(), account.Plain())
		}
		sameName, sameID, sameAccount := party.Stored(a, b, c)
		if name != sameName || id != sameID || account != sameAccount ||
			!name.Equal(sameName) || !id.Equal(sameID) || !account.Equal(sameAccount) {
			t.Fatal("equal values do not compare equal")
		}
		otherName, otherID, otherAccount := party.Stored(a+"x", b+"x", c+"x")
		if name.Equal(otherName) || id.Equal(otherID) || account.Equal(otherAccount) {
			t.Fatal("different values compare equal")
		}
		_, _, _ = name.String(), id.String(), account.String()
	})
}
