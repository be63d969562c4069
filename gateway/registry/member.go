package registry

import (
	"context"

	"twoline/gateway/fault"
	"twoline/gateway/party"
)

// memberRef names a member by id number, by social-security number, or by both.
type memberRef struct {
	id       party.IDNumber
	socialNo string
}

func (f *fields) memberRef() memberRef {
	var ref memberRef
	if f.optional("id_number") != "" {
		ref.id = f.idNumber()
	}
	if f.optional("social_no") != "" {
		ref.socialNo = f.socialNo()
	}
	if f.fault == nil && ref == (memberRef{}) {
		f.fault = ErrRequired.With("the member's id_number or social_no is needed").On("id_number")
	}
	return ref
}

// memberIndex finds the members that the rows of a chunk name.
type memberIndex struct {
	byID     map[party.IDNumber]Member
	bySocial map[string]Member
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
		byID: make(map[party.IDNumber]Member, len(stored)), bySocial: make(map[string]Member, len(stored)),
		ids: make([]int64, len(stored)),
	}
	for i, m := range stored {
		x.byID[m.IDNumber], x.bySocial[m.SocialNo], x.ids[i] = m, m, m.ID
	}
	return x, nil
}

// find returns the member, or why there is none. Two numbers must name one person.
func (x memberIndex) find(ref memberRef) (Member, *fault.Error) {
	if ref.id == (party.IDNumber{}) {
		m, ok := x.bySocial[ref.socialNo]
		if !ok {
			return m, ErrUnknown.With("no member of the area has this social-security number").On("social_no")
		}
		return m, nil
	}
	m, ok := x.byID[ref.id]
	switch {
	case !ok:
		return m, unknownMember()
	case ref.socialNo != "" && ref.socialNo != m.SocialNo:
		return m, ErrDiffers.With("this social-security number is not that of the member with the id number").
			On("social_no")
	}
	return m, nil
}
