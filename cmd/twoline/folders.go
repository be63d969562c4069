package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"twoline/adapters/bank/exchange"
	"twoline/gateway/bank"
	"twoline/gateway/collection"
	"twoline/gateway/disbursement"
)

// folderInterval is how often a bank's folder is looked at. A file without a marker
// is taken in when two looks found it the same.
const folderInterval = 5 * time.Second

// wireFolders opens the folders of the banks that have one, and proves that they can
// be used.
func (g *gateway) wireFolders(c config) error {
	couriers := make(map[string]bank.Courier, len(c.Folders))
	for code, path := range c.Folders {
		disk, err := exchange.OpenDisk(path)
		if err == nil {
			couriers[code], err = exchange.Open(disk, exchange.Options{Markers: slices.Contains(c.Markers, code)})
		}
		if err != nil {
			return hinted{
				fmt.Errorf("folder of bank %s: %w", code, err),
				"the service needs to write there, on one file system that knows links; see TWOLINE_BANK_FOLDERS",
			}
		}
	}
	g.delivery = bank.NewDelivery(bank.DeliveryParts{
		Store: g.db.Delivery(), Intake: g.intake, Couriers: couriers, Write: g.writeParcel, Log: g.log,
	})
	return nil
}

// writeParcel has the batch's flow write its file.
func (g *gateway) writeParcel(ctx context.Context, w io.Writer, p bank.Parcel) error {
	if p.Direction == bank.Payment {
		b, err := g.payout.Batch(ctx, disbursement.BatchFilter{Area: p.Area, ID: p.Batch}) //nolint:exhaustruct // one
		if err != nil {
			return err
		}
		return g.payout.WriteFile(ctx, w, b)
	}
	b, err := g.collection.Batch(ctx, collection.BatchFilter{Area: p.Area, ID: p.Batch}) //nolint:exhaustruct // one
	if err != nil {
		return err
	}
	return g.collection.WriteFile(ctx, w, b)
}
