package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/collection"
)

// Interruptions implements collection.Store.
func (s collectionStore) Interruptions(
	ctx context.Context, f collection.InterruptionFilter,
) (out []collection.Interruption, err error) {
	err = s.db.Read(ctx, func(t *tx) error {
		rows, err := t.Query(ctx, `
			select c.member_id, m.region, c.amount
			from `+chosenTier+` c join member m on m.area = c.area and m.id = c.member_id
			where c.area = $1 and c.year = $2 and m.scheme = $3 and c.member_id > $4
			  and coalesce((select sum(case when p.red then -p.amount else p.amount end) from posting p
				where p.area = c.area and p.member_id = c.member_id and p.role = 'contribution_individual'
				  and p.year = c.year), 0) <= 0
			  and not exists (select from counter_receipt r where r.area = c.area and r.member_id = c.member_id
				and r.year = c.year and `+notDealtWith("r")+`)
			  and not exists (select from withholding_item i `+finalOfItem+` a on true
				where i.area = c.area and i.member_id = c.member_id and i.year = c.year
				  and (a.outcome is null or (a.outcome = 'succeeded' and `+notDealtWith("i")+`)))
			  and not exists (select from contribution_line l where l.area = c.area and l.member_id = c.member_id
				and l.year = c.year and `+listInFlight("individual")+`)
			order by c.member_id limit $5`, f.Area, f.Year, f.Scheme, f.After, f.Limit)
		if err != nil {
			return fmt.Errorf("interrupted years of area %s: %w", f.Area, err)
		}
		out, err = collect(rows, "interrupted years", pgx.RowToStructByPos[collection.Interruption])
		return err
	})
	return out, err
}
