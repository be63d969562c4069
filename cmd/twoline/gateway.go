package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"twoline/adapters/bank/gb18030"
	"twoline/adapters/bank/openings"
	"twoline/adapters/bank/profile"
	"twoline/adapters/bank/sheet"
	"twoline/adapters/httpapi"
	"twoline/adapters/jobs"
	"twoline/adapters/paper"
	"twoline/adapters/postgres"
	"twoline/adapters/redis"
	"twoline/gateway/award"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/collection"
	"twoline/gateway/disbursement"
	"twoline/gateway/feedback"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/ledger"
	"twoline/gateway/lifeevent"
	"twoline/gateway/personal"
	"twoline/gateway/registry"
	papers "twoline/gateway/report"
	"twoline/gateway/subsidy"
	"twoline/reconcile"
	"twoline/reconcile/bureau"
	"twoline/reconcile/business"
)

// gateway is the service wired together: the one place that knows everybody.
type gateway struct {
	db         *postgres.DB
	jobs       *jobs.Engine
	collection *collection.Service
	counter    *collection.Counter
	payout     *disbursement.Service
	awards     *award.Service
	intake     *bank.Intake
	registry   *registry.Service
	transfers  *fundtransfer.Service
	ledger     *ledger.Service
	reconcile  *reconcile.Service
	casework   *casework.Service
	personal   *personal.Service
	subsidies  *subsidy.Service
	life       *lifeevent.Service
	bureau     *bureau.Service
	records    *business.Service
	delivery   *bank.Delivery
	channels   channels
	files      profile.Files
	server     *httpapi.Server
	// metrics is what the operations port shows.
	metrics *prometheus.Registry
	// workLook is how often background work is looked at from outside of it.
	workLook time.Duration
	// working is closed once background work has begun.
	working chan struct{}
	today   func() calendar.Day
	// redis is nil where none is configured.
	redis *redis.Client
	log   *slog.Logger
}

const maxUpload = 4 << 30

// wire builds the service. close it when it is not run.
func wire(ctx context.Context, c config, clock clocks, log *slog.Logger) (*gateway, error) {
	db, err := postgres.Open(ctx, postgres.Options{URL: c.DatabaseURL, Connections: 24, Now: clock.now})
	if err != nil {
		return nil, hinted{err, "is the database running, and did twoline migrate run on it?"}
	}
	g := &gateway{ //nolint:exhaustruct // wired below
		db: db, log: log, metrics: prometheus.NewRegistry(), workLook: time.Minute, today: clock.today,
		working: make(chan struct{}),
	}
	if err := g.wireFlows(c, clock); err != nil {
		g.close()
		return nil, err
	}
	if err := g.wireServer(ctx, c, clock); err != nil {
		g.close()
		return nil, err
	}
	return g, nil
}

func (g *gateway) wireFlows(c config, clock clocks) error {
	days, err := calendar.Official()
	if err != nil {
		return fmt.Errorf("working days: %w", err)
	}
	own, err := c.profiles()
	if err != nil {
		return err
	}
	files := profile.New(own...)
	g.files = files
	var formats []registry.Format
	for _, name := range files.Names() {
		formats = append(formats, registry.Format(name))
	}
	g.intake = bank.NewIntake(g.db.Receipts(), maxUpload)
	g.collection = collection.New(collection.Parts{
		Store: g.db.Collection(), Intake: g.intake, Writer: files, Reader: files, Days: days, Today: clock.today,
	})
	g.counter = collection.NewCounter(g.collection)
	g.payout = disbursement.New(disbursement.Parts{
		Store: g.db.Disbursement(), Intake: g.intake, Writer: files, Reader: files, Days: days, Today: clock.today,
	})
	g.awards = award.New(g.db.Awards(), clock.today)
	g.registry = registry.New(registry.Config{
		Store: g.db.Registry(), Today: clock.today, Files: openings.New(own...), Intake: g.intake,
		Formats:  formats,
		Charsets: map[string]registry.Decoder{"gb18030": decoder(gb18030.GB18030), "gbk": decoder(gb18030.GBK)},
		Sheet:    sheet.Registry,
	})
	g.reconcile = reconcile.New(reconcile.Parts{
		Store: g.db.Reconcile(), Decoder: files, Days: days, Today: clock.today, Log: g.log,
	})
	g.casework = casework.New(g.db.Casework(), clock.today)
	g.personal = personal.New(g.db.Personal(), clock.today)
	g.subsidies = subsidy.New(g.db.Subsidies(), days, clock.today)
	g.life = lifeevent.New(g.db.Life(), clock.today)
	g.bureau = bureau.New(bureau.Parts{Store: g.db.Bureau(), Tables: g.registry, Today: clock.today})
	g.records = business.New(g.db.Records(), days, clock.today)
	g.ledger = ledger.NewService(g.db.Ledger(), clock.today)
	g.transfers = fundtransfer.NewService(g.db.FundTransfers(), clock.today)
	if err := g.wireFolders(c, files); err != nil {
		return err
	}
	return g.wireJobs(c, clock)
}

// decoder reads a charset as UTF-8.
func decoder(charset gb18030.Charset) registry.Decoder {
	return gb18030.New(charset).NewReader
}

func (g *gateway) wireJobs(c config, clock clocks) error {
	h := jobs.NewHandlers()
	jobs.On(h, g.takeIn)
	jobs.On(h, func(ctx context.Context, j collection.AgreementReached) error {
		return g.collection.Post(ctx, j.Area, j.Agreement)
	})
	jobs.On(h, func(ctx context.Context, j personal.InterestApproved) error {
		return g.personal.PostInterest(ctx, j.Area, j.Run)
	})
	jobs.On(h, func(ctx context.Context, j personal.SubsidiesApproved) error {
		return g.personal.PostSubsidies(ctx, j.Area, j.Run)
	})
	jobs.On(h, g.arriveFromStatement)
	jobs.On(h, func(ctx context.Context, j reconcile.MatchDue) error {
		return g.reconcile.Match(ctx, reconcile.Account{Area: j.Area, ID: j.FundAccount})
	})
	h.Daily(g.daily)
	g.wireLooks(h, c)
	engine, err := jobs.New(jobs.Options{
		Pool: g.db.Pool(), Schema: postgres.JobSchema, Workers: 2, Today: clock.today, Log: g.log,
	}, h)
	if err != nil {
		return err
	}
	g.jobs = engine
	g.db.UseJobs(engine)
	if err := g.metrics.Register(engine.Meter()); err != nil {
		return fmt.Errorf("register the metrics of background work: %w", err)
	}
	return nil
}

// takeIn gives a received file to the flow that it is for.
func (g *gateway) takeIn(ctx context.Context, j bank.ReceiptArrived) error {
	switch j.What {
	case bank.ReceiptResultFile:
		return g.collection.TakeInResultFile(ctx, j.Area, j.Receipt)
	case bank.ReceiptPaymentResultFile:
		return g.payout.TakeInResultFile(ctx, j.Area, j.Receipt)
	case bank.ReceiptOpeningResult:
		return g.registry.TakeIn(ctx, j.Area, j.Receipt)
	case bank.ReceiptStatement:
		return g.reconcile.TakeIn(ctx, j.Area, j.Receipt)
	case bank.ReceiptEvidence:
		return g.collection.TakeInEvidence(ctx, j.Area, j.Receipt)
	case bank.ReceiptPaymentEvidence:
		return g.payout.TakeInEvidence(ctx, j.Area, j.Receipt)
	case bank.ReceiptResults, bank.ReceiptPaymentResults, bank.ReceiptReturns, bank.ReceiptImport:
	}
	return fmt.Errorf("receipt %d: nobody takes in %q", j.Receipt, j.What)
}

// arriveFromStatement hands the credits of a statement that name a batch to the
// flow that waits for the money.
func (g *gateway) arriveFromStatement(ctx context.Context, j reconcile.LinesTakenIn) error {
	const page = 200
	for after := int64(0); ; {
		credits, err := g.reconcile.BatchCredits(ctx, j.Area, j.Statement, after, page)
		if err != nil || len(credits) == 0 {
			return err
		}
		arrivals := make([]collection.Arrival, len(credits))
		for i, c := range credits {
			arrivals[i] = collection.Arrival{ //nolint:exhaustruct // a batch's credit
				FundAccount: c.FundAccount, Amount: c.Amount, BankReference: c.BankReference, ValueDate: c.ValueDate,
				Batch: c.Batch, GivenBack: c.GivenBack,
			}
		}
		err = g.collection.ArriveFromStatement(ctx, j.Area, credits[0].Bank, arrivals)
		if err != nil || len(credits) < page {
			return err
		}
		after = credits[len(credits)-1].Line
	}
}

// rates hold a caller to what a county's year needs many times over; terminals
// of a whole province pay one by one.
func rates() redis.Rates {
	return redis.Rates{
		Default: redis.Rate{PerMinute: 6_000, Burst: 1_000},
		Routes:  map[string]redis.Rate{"POST /v1/contributions": {PerMinute: 1_200_000, Burst: 40_000}},
	}
}

// close gives back what wire opened.
func (g *gateway) close() {
	if g.redis != nil {
		_ = g.redis.Close() // a hint has nothing to lose
	}
	g.channels.close()
	g.db.Close()
}

func (g *gateway) wireServer(ctx context.Context, c config, clock clocks) error {
	deps := httpapi.Dependencies{ //nolint:exhaustruct // what is absent is left out
		Log: g.log, Now: clock.now, Callers: g.db.Callers(), Collection: g.collection, Counter: g.counter, Intake: g.intake,
		Disbursement: g.payout, Registry: g.registry, Transfers: g.transfers, Ledger: g.ledger, Reconcile: g.reconcile,
		Reports: papers.NewService(g.db.Reports()), Papers: paper.NewPress().New,
	}
	if c.RedisURL != "" {
		client, err := redis.Open(ctx, redis.Options{ //nolint:exhaustruct // the adapter's defaults
			URL: c.RedisURL, Secret: []byte(c.HintSecret), Log: g.log, Now: clock.now,
		})
		if err != nil {
			return fmt.Errorf("configure Redis: %w", err)
		}
		g.redis = client
		limiter, err := client.Limiter(rates())
		if err != nil {
			return fmt.Errorf("configure rate limits: %w", err)
		}
		deps.Hint, deps.Limiter = client.Hint(), limiter
	}
	deps.Bureau, deps.Records, deps.Personal, deps.Awards, deps.Life, deps.Feedback = g.bureau, g.records, g.personal, g.awards, g.life, feedback.New(g.db.Feedback())
	deps.Subsidies = g.subsidies
	deps.Casework, deps.Checks, deps.Metrics = g.casework, g.checks(c), g.metrics
	var err error
	if deps.ProofKey, err = c.proofKey(); err != nil {
		return err
	}
	secure, err := c.tls()
	if err != nil {
		return err
	}
	//nolint:contextcheck // the server's requests bring contexts of their own
	server, err := httpapi.New(httpapi.Config{ //nolint:exhaustruct // the adapter's defaults
		PublicURL: c.PublicURL, UploadURL: c.UploadURL, Version: version, MaxUpload: maxUpload,
		TLS: secure,
	}, deps)
	if err != nil {
		return fmt.Errorf("wire the API: %w", err)
	}
	g.server = server
	return nil
}

// checks are what /readyz and check-config ask.
func (g *gateway) checks(c config) []httpapi.Check {
	list := []httpapi.Check{
		{Name: "postgresql", Required: true, Probe: g.db.Reachable},
		{Name: "schema", Required: true, Probe: g.db.SchemaCurrent},
		{Name: "durability", Required: !c.AllowUnsafe, Probe: g.db.DurabilityProved},
		{Name: "profiles", Required: true, Probe: g.formatsKnown},
	}
	if g.redis != nil {
		list = append(list, httpapi.Check{Name: "redis", Required: false, Probe: g.redis.Ready})
	}
	return list
}

// formatsKnown says whether every registered bank's format and charset have a profile
// here: without it no file of the bank can be written or read.
func (g *gateway) formatsKnown(ctx context.Context) error {
	if err := g.db.SchemaCurrent(ctx); err != nil {
		return err
	}
	forms, err := g.db.BankForms(ctx)
	if err != nil {
		return err
	}
	for _, f := range forms {
		err := g.files.Takes(f.Format, f.Charset)
		switch {
		case errors.Is(err, bank.ErrNoForm):
			return hinted{
				fmt.Errorf("bank %s: %w", f.Bank, err),
				"put its profile into the folder that TWOLINE_PROFILES names; there are " +
					strings.Join(g.files.Names(), ", "),
			}
		case err != nil:
			return hinted{
				fmt.Errorf("bank %s: %w", f.Bank, err),
				"add the charset to the bank's profile, or register the bank with one that its profile names",
			}
		}
	}
	return nil
}

// listen opens the three addresses of a configuration.
func listen(ctx context.Context, c config) (httpapi.Listeners, error) {
	var l httpapi.Listeners
	var lc net.ListenConfig
	for _, one := range []struct {
		address string
		into    *net.Listener
	}{{c.Listen, &l.API}, {c.UploadListen, &l.Upload}, {c.OpsListen, &l.Ops}} {
		listener, err := lc.Listen(ctx, "tcp", one.address)
		if err != nil {
			closeListeners(l)
			return httpapi.Listeners{}, hinted{fmt.Errorf("listen on %s: %w", one.address, err), //nolint:exhaustruct // none
				"another process has the address, or TWOLINE_LISTEN, TWOLINE_UPLOAD_LISTEN, TWOLINE_OPS_LISTEN are wrong"}
		}
		*one.into = listener
	}
	return l, nil
}

func closeListeners(l httpapi.Listeners) {
	for _, one := range []net.Listener{l.API, l.Upload, l.Ops} {
		if one != nil {
			_ = one.Close() // nothing was accepted yet
		}
	}
}

// run serves until ctx ends, then ends what runs, and closes everything.
func (g *gateway) run(ctx context.Context, l httpapi.Listeners) error {
	defer g.close()
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	if err := g.jobs.Start(work); err != nil {
		closeListeners(l)
		return err
	}
	close(g.working)
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return g.server.Serve(groupCtx, l) })
	counted := make(chan struct{})
	go func() {
		defer close(counted)
		g.counter.Run(work)
	}()
	pushed := make(chan struct{})
	go func() {
		defer close(pushed)
		g.push(work)
	}()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		g.watchWork(work)
	}()
	err := group.Wait()
	g.channels.stop()
	stopJobs, cancel := context.WithTimeout(context.WithoutCancel(ctx), 8*time.Second)
	defer cancel()
	err = errors.Join(err, g.jobs.Stop(stopJobs))
	stopWork()
	<-counted
	<-watched
	<-pushed
	return err
}

// watchWork looks for background work that is stuck. It is no job: two jobs that
// hang, or a queue that nobody works off, must not silence it.
func (g *gateway) watchWork(ctx context.Context) {
	tick := time.NewTicker(g.workLook)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := g.db.WatchWork(ctx, g.today()); err != nil && ctx.Err() == nil {
			g.log.WarnContext(ctx, "background work could not be looked at", slog.Any("error", err))
		}
	}
}
