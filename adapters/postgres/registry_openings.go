package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/registry"
)

// AccountOpenings implements registry.OpeningTx.
func (t *tx) AccountOpenings(ctx context.Context, f registry.OpeningFilter) ([]registry.AccountOpening, error) {
	rows, err := t.Query(ctx, `
		select area, id, bank, item_count, file_name, file_digest, created_on from account_opening
		where ($1 = '' or bank = $1) and ($2 = 0 or area = $2) and id > $3 order by id limit $4`,
		f.Bank, int32(f.Area), f.After, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("list account openings: %w", err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (o registry.AccountOpening, err error) {
		var digest []byte
		err = row.Scan(&o.Area, &o.ID, &o.Bank, &o.Count, &o.FileName, &digest, &o.CreatedOn)
		copy(o.FileDigest[:], digest)
		return o, err
	})
	if err != nil {
		return nil, fmt.Errorf("list account openings: %w", err)
	}
	return out, nil
}
