package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"twoline/adapters/bank/exchange"
	"twoline/adapters/bank/profile"
	"twoline/adapters/httpapi"
	"twoline/adapters/jobs"
	"twoline/gateway/bank"
	"twoline/gateway/collection"
	"twoline/gateway/disbursement"
	"twoline/gateway/fault"
	"twoline/gateway/party"
)

const (
	// pollInterval is how often a bank's folder is looked at where nothing else is set. A
	// file without a marker is taken in when two looks found it the same.
	pollInterval = 5 * time.Second
	// settleTime is how far apart these two must be: a look that follows another one at
	// once tells nothing.
	settleTime = 4 * time.Second
	// pushInterval is how often our own database is asked for files that wait; they need
	// not wait for the next look.
	pushInterval = time.Second
	// lookTime is the longest that one look at one bank takes.
	lookTime = 9 * time.Minute
)

// channels are the ways to banks that take files by folder, by the banks' code.
type channels struct {
	folders map[string]*exchange.Folder
	// remotes are those that are reached by SFTP.
	remotes map[string]*exchange.Remote
}

// wireFolders opens the folders of the banks that have one. Those on this machine are
// proved at once; servers when they are first needed, so that one that is down holds
// up nobody.
func (g *gateway) wireFolders(c config, files profile.Files) error {
	poll := c.poll()
	g.channels = channels{folders: map[string]*exchange.Folder{}, remotes: map[string]*exchange.Remote{}}
	options := func(code string) exchange.Options {
		return exchange.Options{
			Markers: slices.Contains(c.Markers, code), Settle: min(settleTime, poll), Now: time.Now, MaxFile: maxUpload,
		}
	}
	for code, path := range c.Folders {
		disk, err := exchange.OpenDisk(path)
		if err == nil {
			g.channels.folders[code], err = exchange.Open(disk, options(code))
		}
		if err != nil {
			return hinted{
				fmt.Errorf("folder of bank %s: %w", code, err),
				"the service needs to write there, on one file system that knows links; see TWOLINE_BANK_FOLDERS",
			}
		}
	}
	for code, server := range c.Servers {
		remote, err := exchange.NewRemote(server)
		if err != nil {
			return fmt.Errorf("SFTP server of bank %s: %w", code, err)
		}
		g.channels.remotes[code], g.channels.folders[code] = remote, exchange.OpenLater(remote, options(code))
	}
	couriers := make(map[string]bank.Courier, len(g.channels.folders))
	for code, folder := range g.channels.folders {
		couriers[code] = folder
	}
	g.delivery = bank.NewDelivery(bank.DeliveryParts{
		Store: g.db.Delivery(), Intake: g.intake, Couriers: couriers, Write: g.writeParcel, Recognise: recognise(files),
		Log: g.log,
	})
	return nil
}

// recognise says what a bank's name of a file speaks of, by the profiles of its format.
func recognise(files profile.Files) func(format, name string) (bank.Named, bool) {
	return func(format, name string) (n bank.Named, ok bool) {
		for _, way := range []struct {
			of    profile.Direction
			moves bank.BatchDirection
		}{{profile.Collection, bank.Collection}, {profile.Payment, bank.Payment}} {
			r, fits := files.Recognise(format, way.of, name)
			if !fits || r.Request {
				continue
			}
			if ok { // the names of both directions look alike
				n.Direction = bank.NoBatchDirection
				continue
			}
			ok, n = true, bank.Named{Number: r.Facts.Batch, Areas: nil, Direction: way.moves, Day: r.Facts.Day}
			if area, err := party.ParseArea(r.Facts.Area); err == nil {
				n.Areas = []party.Area{area}
			}
		}
		return n, ok
	}
}

// poll is how often folders are looked at.
func (c config) poll() time.Duration {
	if c.Poll == 0 {
		return pollInterval
	}
	return c.Poll
}

// wireLooks has every bank's folder looked at, each by a worker of its own.
func (g *gateway) wireLooks(h *jobs.Handlers, c config) {
	if banks := len(g.channels.folders); banks > 0 {
		h.Apart(bank.FolderLook{Bank: ""}.Kind(), banks)
	}
	jobs.On(h, func(ctx context.Context, j bank.FolderLook) error { return g.lookAt(ctx, j.Bank) })
	for code := range g.channels.folders {
		h.Often(c.poll(), bank.FolderLook{Bank: code})
	}
}

// lookAt looks at one bank's folder within its time.
func (g *gateway) lookAt(ctx context.Context, code string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, lookTime,
		fmt.Errorf("the look took longer than %s: %w", lookTime, context.DeadlineExceeded))
	defer cancel()
	if remote := g.channels.remotes[code]; remote != nil {
		// The courier knows no context; its connection does.
		defer context.AfterFunc(ctx, func() { remote.Break(context.Cause(ctx)) })()
	}
	err := g.delivery.Look(ctx, code)
	if errors.Is(err, exchange.ErrHostKey) {
		err = errors.Join(err, g.alarm(ctx, code, err))
	}
	return err
}

// alarm opens a case of a server that shows another key than the bank's: somebody has
// to ask the bank before anything goes there again.
func (g *gateway) alarm(ctx context.Context, code string, cause error) error {
	refused, _ := errors.AsType[*fault.Error](cause)
	g.log.ErrorContext(ctx, "a bank's server shows another key than the pinned one; nothing was sent to it",
		slog.String("bank", code), slog.String("key", refused.Subject))
	store := g.db.Delivery()
	area, err := store.HomeArea(ctx, code)
	if err != nil {
		return err
	}
	return store.InTx(ctx, func(tx bank.DeliveryTx) error {
		return tx.OpenParcelCase(ctx, area, bank.DeliveryCase{
			Kind: "host_key_refused", Subject: "host_key:" + code + ":" + refused.Subject, Bank: code, Text: refused.Text,
		})
	})
}

// push has files go out soon after their release, however seldom the banks' folders
// are looked at. It ends with the context.
func (g *gateway) push(ctx context.Context) {
	tick := time.NewTicker(pushInterval)
	defer tick.Stop()
	codes := slices.Sorted(maps.Keys(g.channels.folders))
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, code := range codes {
			if err := g.pushTo(ctx, code); err != nil && ctx.Err() == nil {
				g.log.WarnContext(ctx, "waiting files could not be looked for", slog.String("bank", code),
					slog.Any("error", err))
			}
		}
	}
}

// pushTo asks for a look at a bank that a file waits for. One that waits or is being
// worked on already is enough.
func (g *gateway) pushTo(ctx context.Context, code string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	waiting, err := g.db.Delivery().Waiting(ctx, code)
	if err != nil || !slices.ContainsFunc(waiting, func(p bank.Parcel) bool { return !p.Held }) {
		return err
	}
	return pgx.BeginFunc(ctx, g.db.Pool(), func(tx pgx.Tx) error {
		return g.jobs.Enqueue(ctx, tx, bank.FolderLook{Bank: code})
	})
}

// channelChecks prove each bank's folder: connection, keys and rights.
func (g *gateway) channelChecks() []httpapi.Check {
	var list []httpapi.Check
	for _, code := range slices.Sorted(maps.Keys(g.channels.folders)) {
		list = append(list, httpapi.Check{Name: "bank " + code, Required: true, Probe: func(context.Context) error {
			err := g.channels.folders[code].Prove()
			switch {
			case errors.Is(err, exchange.ErrUnreachable):
				return hinted{err, "is the address right, and does the bank let this machine's address in?"}
			case errors.Is(err, exchange.ErrLogin):
				return hinted{err, "have the bank register the public key for this user"}
			case errors.Is(err, exchange.ErrHostKey):
				return hinted{err, "do not change the file of known hosts before the bank has confirmed its new key"}
			}
			return err
		}})
	}
	return list
}

// stop ends what runs on servers: it goes on with the next start, and a bank that is
// slow does not keep the service from ending.
func (c channels) stop() {
	for _, r := range c.remotes {
		r.Break(errStopping)
	}
}

var errStopping = errors.New("the service is stopping")

// close ends the connections.
func (c channels) close() {
	for _, r := range c.remotes {
		r.Close()
	}
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
