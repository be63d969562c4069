package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/lifeevent"
	"twoline/gateway/party"
)

// sentenceStands is SQL that says of sentence s that two people stand for it and for none in
// its place.
const sentenceStands = `exists (select from sentence_approved g where g.area = s.area and g.sentence_id = s.id)
	and not exists (select from sentence_approved g where g.area = s.area and g.replaces = s.id)`

// sentenceMonths is SQL for the range of sentence s that holds the first days of the months for which nothing is owed;
// byMonth says of a cause that it pays for its own month.
const (
	sentenceMonths = `daterange(s.began_on, s.ended_on, '(]')`
	byMonth        = ` in ('regular', 'child_linked')`
)

// notOwedSQL are CTEs of area $1: who was sentenced and for which months nothing is owed, and who
// left the country for good or gave the nationality up, from which month on and until they came back.
const notOwedSQL = `
	sentenced as materialized (
		select s.member_id, (date_trunc('month', s.began_on) + interval '1 month')::date as first,
			coalesce(date_trunc('month', s.ended_on)::date, 'infinity') as through
		from sentence s where s.area = $1 and ` + sentenceStands + `),
	departed as materialized (
		select d.member_id, (date_trunc('month', d.left_on) + interval '1 month')::date as first,
			coalesce((select (r.from_month - interval '1 month')::date from member_end e
				join member_returned r on r.area = e.area and r.member_id = e.member_id and r.nth = e.nth
				where e.area = d.area and e.member_id = d.member_id and e.source_id = d.id), 'infinity') as through
		from member_departed g join member_departure d on d.area = g.area and d.id = g.departure_id where g.area = $1)`

// AddSentence implements lifeevent.SentenceTx.
func (t lifeTx) AddSentence(ctx context.Context, s lifeevent.Sentence) (id int64, err error) {
	var known, stands bool
	err = t.QueryRow(ctx, `
		select exists (select from member where area = $1 and id = $2), $3 = 0::bigint or exists (
			select from sentence s where s.area = $1 and s.member_id = $2 and s.id = $3 and `+sentenceStands+`)`,
		s.Area, s.Member, s.Replaces).Scan(&known, &stands)
	switch {
	case err != nil:
		return 0, fmt.Errorf("look for the sentences of member %d: %w", s.Member, err)
	case !known:
		return 0, lifeevent.ErrMember
	case !stands:
		return 0, lifeevent.ErrSentenceGone
	}
	err = t.QueryRow(ctx, `
		insert into sentence (area, member_id, began_on, ended_on, document, replaces, made_by, made_at, business_day)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id`,
		s.Area, s.Member, s.BeganOn, dayIfAny(s.EndedOn), s.Document, idOrNull(s.Replaces), s.MadeBy, t.at, s.MadeOn).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("keep a sentence of member %d: %w", s.Member, err)
	}
	return id, nil
}

func dayIfAny(d calendar.Day) *calendar.Day {
	if d.IsZero() {
		return nil
	}
	return &d
}

// Sentences implements lifeevent.SentenceTx.
func (t lifeTx) Sentences(ctx context.Context, f lifeevent.SentenceFilter) ([]lifeevent.Sentence, error) {
	rows, err := t.Query(ctx, `
		select s.area, s.id, s.member_id, s.began_on, s.ended_on, s.document, coalesce(s.replaces, 0), s.made_by, s.made_at,
			s.business_day, coalesce(q.id, 0), coalesce(q.state, ''), m.social_no, m.name
		from sentence s
		join member m on m.area = s.area and m.id = s.member_id
		left join lateral (select q.id, q.state from decision_request q where q.area = s.area and q.kind = 'recovery'
			and q.subject_id = s.id order by q.id desc limit 1) q on true
		where s.area = $1 and ($2 = 0::bigint or s.id = $2) and ($3 = 0::bigint or s.member_id = $3) and s.id > $4
		order by s.id limit $5`, f.Area, f.ID, f.Member, f.After, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("read sentences: %w", err)
	}
	return collect(rows, "sentences", func(row pgx.CollectableRow) (s lifeevent.Sentence, err error) {
		var name string
		var ended *calendar.Day
		err = row.Scan(&s.Area, &s.ID, &s.Member, &s.BeganOn, &ended, &s.Document, &s.Replaces, &s.MadeBy, &s.MadeAt,
			&s.MadeOn, &s.Decision, &s.State, &s.SocialNo, &name)
		s.EndedOn = dayOrNone(ended)
		s.Name, _, _ = party.Stored(name, "", "")
		return s, err
	})
}

// EnterSentence implements lifeevent.SentenceTx. No run of the area is drafted or released meanwhile.
func (t lifeTx) EnterSentence(
	ctx context.Context, s lifeevent.Sentence, today calendar.Day, decision int64,
) error {
	if err := registryTx(t).holdAllRuns(ctx, s.Area); err != nil {
		return err
	}
	_, err := t.Exec(ctx, `
		insert into sentence_approved (area, sentence_id, replaces, decision_id, approved_at, business_day)
		values ($1, $2, $3, $4, $5, $6)`, s.Area, s.ID, idOrNull(s.Replaces), decision, t.at, today)
	if isUnique(err, "sentence_replaced_once") {
		return lifeevent.ErrSentenceGone.Because(err)
	}
	if err != nil {
		return fmt.Errorf("keep that sentence %d was approved: %w", s.ID, err)
	}
	return nil
}
