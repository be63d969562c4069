package registry

import (
	"context"
	"slices"

	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/party"
)

// memberRef names a member by id number, by social-security number, or by both; scheme tells apart the
// memberships of a person who has two, and is empty for the pension's.
type memberRef struct {
	id       party.IDNumber
	socialNo string
	scheme   ledger.Scheme
}

func (f *fields) memberRef() memberRef {
	var ref memberRef
	if f.optional("id_number") != "" {
		ref.id = f.idNumber()
	}
	if f.optional("social_no") != "" {
		ref.socialNo = f.socialNo()
	}
	if f.optional("scheme") != "" {
		ref.scheme = f.scheme()
	}
	if f.fault == nil && ref.id == (party.IDNumber{}) && ref.socialNo == "" {
		f.fault = ErrRequired.With("the member's id_number or social_no is needed").On("id_number")
	}
	return ref
}

// memberIndex finds the members that the rows of a chunk name.
type memberIndex struct {
	byID     map[party.IDNumber][]Member
	bySocial map[string][]Member
	ids      []int64
}

func indexMembers[R any](
	ctx context.Context, tx Tx, area party.Area, rows []R, ref func(R) memberRef,
) (memberIndex, error) {
	var ids []party.IDNumber
	var socialNos []string
	for _, r := range rows {
		if named := ref(r); named.socialNo != "" {
			socialNos = append(socialNos, named.socialNo)
		}
		if named := ref(r); named.id != (party.IDNumber{}) {
			ids = append(ids, named.id)
		}
	}
	stored, err := tx.Members(ctx, area, ids, socialNos)
	if err != nil {
		return memberIndex{}, err
	}
	x := memberIndex{
		byID: make(map[party.IDNumber][]Member, len(stored)), bySocial: make(map[string][]Member, len(stored)),
		ids: make([]int64, len(stored)),
	}
	for i, m := range stored {
		x.byID[m.IDNumber], x.bySocial[m.SocialNo] = append(x.byID[m.IDNumber], m), append(x.bySocial[m.SocialNo], m)
		x.ids[i] = m.ID
	}
	return x, nil
}

// find returns the member, or why there is none. Two numbers must name one person.
func (x memberIndex) find(ref memberRef) (Member, *fault.Error) {
	if ref.id == (party.IDNumber{}) {
		m, ok := membershipOf(x.bySocial[ref.socialNo], ref.scheme)
		if !ok {
			return m, ErrUnknown.With("no member of the area has this social-security number").On("social_no")
		}
		return m, nil
	}
	m, ok := membershipOf(x.byID[ref.id], ref.scheme)
	switch {
	case !ok && len(x.byID[ref.id]) > 0:
		return m, ErrUnknown.With("the person has no membership in this scheme").On("scheme")
	case !ok:
		return m, unknownMember()
	case ref.socialNo != "" && ref.socialNo != m.SocialNo:
		return m, ErrDiffers.With("this social-security number is not that of the member with the id number").
			On("social_no")
	}
	return m, nil
}

// membershipOf returns a person's membership in a scheme; of none it is the pension's, where there is one:
// the allowance of land-lost farmers is drawn beside it.
func membershipOf(list []Member, scheme ledger.Scheme) (Member, bool) {
	if scheme != "" {
		list = slices.DeleteFunc(slices.Clone(list), func(m Member) bool { return m.Scheme != scheme })
	}
	if len(list) == 0 {
		return Member{}, false //nolint:exhaustruct // none
	}
	if i := slices.IndexFunc(list, func(m Member) bool { return m.Scheme != ledger.LandLost }); i > 0 {
		return list[i], true
	}
	return list[0], true
}
