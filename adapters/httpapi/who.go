package httpapi

import (
	"slices"

	"twoline/gateway/approval"
)

// Who says who may call a route. The zero value is nobody, and is refused at
// registration.
type Who struct {
	banks  bool
	anyone bool
	logged bool
	rules  []duty
}

// duty is one duty in one of some organisations; no organisations means none.
type duty struct {
	duty approval.Duty
	in   []approval.Organisation
}

// Banks are callers with a registered key.
func Banks() Who { return Who{banks: true, anyone: false, logged: false, rules: nil} }

// Officers hold the duty in one of the organisations.
func Officers(d approval.Duty, in ...approval.Organisation) Who {
	if len(in) == 0 {
		panic("a duty is held in an organisation: name at least one")
	}
	return Who{banks: false, anyone: false, logged: false, rules: []duty{{d, in}}}
}

// LoggedIn is every officer with a session, whatever the duties.
func LoggedIn() Who { return Who{banks: false, anyone: false, logged: true, rules: nil} }

// Anyone needs no credentials; credentials are not looked at.
func Anyone() Who { return Who{banks: false, anyone: true, logged: false, rules: nil} }

// Or joins two answers.
func (w Who) Or(other Who) Who {
	return Who{
		banks: w.banks || other.banks, anyone: w.anyone || other.anyone, logged: w.logged || other.logged,
		rules: append(slices.Clone(w.rules), other.rules...),
	}
}

// names lists the callers for the documentation.
func (w Who) names() []string {
	var all []string
	if w.anyone {
		all = append(all, "anyone")
	}
	if w.banks {
		all = append(all, "banks")
	}
	if w.logged {
		all = append(all, "officers with a session")
	}
	for _, r := range w.rules {
		for _, o := range r.in {
			all = append(all, string(r.duty)+" in "+string(o))
		}
	}
	return all
}

func (w Who) empty() bool { return !w.banks && !w.anyone && !w.logged && len(w.rules) == 0 }

// allows refuses a known caller that the route does not name.
func (w Who) allows(c Call) error {
	if c.IsBank() {
		if w.banks {
			return nil
		}
		return errWrongCaller
	}
	if w.logged {
		return nil
	}
	for _, r := range w.rules {
		if c.Officer.Has(r.duty, r.in...) {
			return nil
		}
	}
	if len(w.rules) == 0 {
		return errWrongCaller
	}
	return approval.ErrDuty
}
