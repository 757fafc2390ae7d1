// Package app is the one place where the rooms are wired together: it makes each with its configuration and what it
// needs of the others, binds every port, runs them and ends them in order. It has no behaviour of its own beyond the
// few adapters between rooms; whatever can be said without naming two rooms belongs into one of them.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"livesrv/internal/account"
	"livesrv/internal/catalogue"
	"livesrv/internal/config"
	"livesrv/internal/fault"
	"livesrv/internal/show"
	"livesrv/internal/store"
)

// App is one server. Make it with New, bind it with Listen, fill it with Bootstrap, serve with Run; or Close it.
type App struct {
	cfg   config.Config
	log   *slog.Logger
	began time.Time
	build Build
	rooms
	admin  *admin
	first  FirstAdmin
	lock   *os.File // nil where there are no locks
	closed sync.Once
}

// FirstAdmin is the user that the first start makes; Password is "" at every later start.
type FirstAdmin struct{ Name, Password string }

// AdminName is the first user's name.
const AdminName = "admin"

// databaseName is the file in the data folder that holds everything.
const databaseName = "livesrv.db"

// New makes every room and opens the database in the data folder, which it makes where it is missing, and which is one
// server's at a time. It binds and runs nothing.
func New(ctx context.Context, cfg config.Config, b Build, log *slog.Logger) (*App, error) {
	if err := os.MkdirAll(cfg.Data.Dir, 0o700); err != nil {
		return nil, fault.New(fault.Invalid, "the data folder %s cannot be made", cfg.Data.Dir).
			WithHint("name another one with --data").Because(err)
	}
	lock, err := lockData(cfg.Data.Dir)
	if err != nil {
		return nil, err
	}
	a := &App{cfg: cfg, log: log.With("room", "app"), began: time.Now(), build: b, lock: lock}
	metrics := newMetrics(b)
	if err := a.rooms.make(ctx, cfg, b.Version, metrics, log); err != nil {
		a.Close()
		return nil, err
	}
	a.admin = newAdmin(cfg.Admin.Address, metrics, a.health)
	return a, nil
}

// databasePath is where the database lies.
func databasePath(cfg config.Config) string { return filepath.Join(cfg.Data.Dir, databaseName) }

// Listen binds every port: one that is in use is an error here, and names the flag that changes it.
func (a *App) Listen() error {
	for _, l := range []struct {
		what, address, fix string
		listen             func() error
	}{
		{"HTTP", a.cfg.HTTP.Address, "--http :8081", a.web.Listen},
		{"RTMP", a.cfg.RTMP.Address, "--rtmp :1936", a.rtmp.Listen},
		{"SRT", a.cfg.SRT.Address, "--srt :8891", a.srt.Listen},
		{"RTSP", a.cfg.RTSP.Address, "--rtsp :8555", a.rtsp.Listen},
		{"WHIP", whipAddress(a.cfg), "--set whip.udp_address=:8190 --set whip.tcp_address=:8190", a.whip.Listen},
		{"admin", a.cfg.Admin.Address, "--set admin.address=127.0.0.1:9091", a.admin.Listen},
	} {
		if err := l.listen(); err != nil {
			// Two servers have a second port.
			e, _ := errors.AsType[*fault.Error](err)
			switch {
			case e != nil && l.what == "RTSP" && e.Field == "udp_address":
				l.what, l.address, l.fix = "RTP", a.cfg.RTSP.UDPAddress, "--set rtsp.udp_address=:8002, or --set rtsp.udp_address= for TCP alone"
			case e != nil && l.what == "RTMP" && e.Field == "tls_address":
				l.what, l.address, l.fix = "RTMPS", a.cfg.RTMP.SecureAddress(), "--set rtmp.tls_address=:1937"
			}
			return busy(l.what, l.address, l.fix, err)
		}
	}
	return nil
}

// busy says which port is taken and how to take another.
func busy(what, address, fix string, err error) error {
	if _, ok := errors.AsType[*net.OpError](err); !ok {
		return err
	}
	return fault.New(fault.Unavailable, "the %s port %s cannot be used", what, address).
		WithHint("Is another program on it, perhaps another livesrv? Stop that one, or use another port: %s", fix).Because(err)
}

// Bootstrap makes the first merchant and the first admin where there are none, and puts right what a restart left
// behind.
func (a *App) Bootstrap(ctx context.Context) error {
	m, err := a.catalogue.DefaultMerchant(ctx, a.cfg.Shop.Name)
	if err != nil {
		return fmt.Errorf("make the first merchant: %w", err)
	}
	a.merchant = m.ID
	password, created, err := a.accounts.Bootstrap(ctx, string(m.ID))
	if err != nil {
		return fmt.Errorf("make the first admin: %w", err)
	}
	if created {
		a.first = FirstAdmin{Name: AdminName, Password: password}
	}
	if err := a.shows.Resume(ctx); err != nil {
		return fmt.Errorf("resume the shows: %w", err)
	}
	return nil
}

// FirstAdmin is the user that Bootstrap made, if it made one.
func (a *App) FirstAdmin() FirstAdmin { return a.first }

// OpenAccounts opens the accounts of a data folder, whether or not its server runs: for who can sign in no more. close
// must be called in the end.
func OpenAccounts(ctx context.Context, dir string, log *slog.Logger) (accounts *account.Service, close func() error, err error) {
	path := filepath.Join(dir, databaseName)
	if _, err := os.Stat(path); err != nil {
		return nil, nil, fault.New(fault.Invalid, "%s holds no database", dir).WithHint("name the data folder of a server of this machine").Because(err)
	}
	db, err := store.Open(ctx, store.Config{Path: path}, log)
	if err != nil {
		return nil, nil, err
	}
	accounts, err = account.New(account.DefaultConfig(), account.Deps{
		Users: db.Accounts(), Sessions: db.Accounts(), Tokens: db.Accounts(), Log: log})
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return accounts, db.Close, nil
}

// Catalogue, Shows and Accounts are rooms for whoever fills the server from inside, as the demo does.
func (a *App) Catalogue() *catalogue.Service { return a.catalogue }

// Shows is the room of shows.
func (a *App) Shows() *show.Service { return a.shows }

// Accounts is the room of accounts.
func (a *App) Accounts() *account.Service { return a.accounts }

// Merchant is the first merchant, after Bootstrap.
func (a *App) Merchant() catalogue.MerchantID { return a.merchant }

// Run serves until ctx ends or a room fails, then ends everything within Stop.Timeout, the database last.
func (a *App) Run(ctx context.Context) error {
	defer a.Close()
	a.log.Info("serving", "version", a.build.Version, "http", a.Addrs().URL, "rtmp", a.Addrs().RTMP, "srt", a.Addrs().SRT, "rtsp", a.Addrs().RTSP, "data", a.cfg.Data.Dir)
	g, run := errgroup.WithContext(ctx)
	for name, room := range map[string]func(context.Context) error{
		"admin": a.admin.Run, "web": a.web.Run, "rtmp": a.rtmp.Run, "srt": a.srt.Run, "rtsp": a.rtsp.Run, "whip": a.whip.Run,
		"transcode": a.transcode.Run, "hub": a.hub.Run, "feed": a.feed.Run, "orders": a.orders.Run, "shows": a.shows.Run, "news": a.news.Run,
		"heap": keepHeap,
	} {
		g.Go(func() error {
			if err := room(run); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
	}
	ended := make(chan error, 1)
	go func() { ended <- g.Wait() }()
	select {
	case err := <-ended: // a room failed
		return err
	case <-run.Done():
	}
	a.log.Info("stopping", "within", a.cfg.Stop.Timeout)
	select {
	case err := <-ended:
		if ctx.Err() != nil {
			a.log.Info("stopped", "uptime", time.Since(a.began).Round(time.Second))
		}
		return err
	case <-time.After(a.cfg.Stop.Timeout):
		return fault.New(fault.Internal, "not everything ended within %s", a.cfg.Stop.Timeout).WithHint("stop.timeout is how long it may take")
	}
}

// Started is closed when a running server can do everything that it is there for.
func (a *App) Started() <-chan struct{} { return a.feed.Started() }

// Close ends what New opened. Run closes by itself.
func (a *App) Close() {
	a.closed.Do(func() {
		if a.db != nil { // nil where New failed before it was open
			if err := a.db.Close(); err != nil {
				a.log.Error("the database was not closed in order", "error", err)
			}
		}
		a.lock.Close() // nil has nothing to close
	})
}

// health is what the admin listener says.
func (a *App) health(ctx context.Context) Health {
	h := Health{OK: true, Version: a.build.Version, Uptime: int64(time.Since(a.began).Seconds()), OnAir: []string{}}
	for _, s := range a.streams.Streams() {
		if s.OnAir() {
			h.OnAir = append(h.OnAir, s.Name())
		}
	}
	if err := a.ready(ctx); err != nil {
		h.OK, h.Problem = false, err.Error()
	}
	return h
}
