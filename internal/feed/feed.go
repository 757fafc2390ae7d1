// Package feed tells browsers what changes: pins, prices, stock, the state of a show, how many watch.
//
// Every show has a public topic that anybody may follow, and every merchant a desk for signed-in members
// only. A viewer reads the show's state once, with the Position that goes with it, and follows from there:
// what happened between the reading and the subscription is recovered from the topic's history, so that late
// join and reconnect are one path. Events carry whole values, never differences: seeing one twice is harmless.
//
// The feed is one-way. Nothing that a browser sends here reaches anybody else; what viewers and merchants do
// goes through package web/api. It knows no product, pin or order: payloads are whatever its callers hand it.
//
// Underneath is a centrifuge node with its in-memory broker; browsers use the npm package "centrifuge".
package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/centrifugal/centrifuge"

	"livesrv/internal/fault"
)

// Topic prefixes. What follows is a show's slug or a merchant's id.
const (
	showPrefix = "show:"
	deskPrefix = "desk:"
)

// shutdownGrace is how long connections may take to say goodbye when Run ends, before they are cut.
const shutdownGrace = 2 * time.Second

// User is a signed-in person or token, as far as the feed must know.
type User struct {
	ID       string
	Merchant string // whose desk the user may follow
	Admin    bool   // may follow every desk
}

// Access answers what the feed asks about a caller. The methods are called on the connection's goroutine and
// may read the database.
type Access interface {
	// User says who sends r; ok is false for a visitor without a valid session or token.
	User(r *http.Request) (u User, ok bool)
	// OriginAllowed says whether pages of origin ("https://shop.example") may follow show; an empty show
	// asks whether they may follow any show at all.
	OriginAllowed(ctx context.Context, show, origin string) bool
	// ShowExists bounds the number of topics: only shows that exist can be followed.
	ShowExists(ctx context.Context, show string) bool
}

// Deps are what a Feed needs from its surroundings.
type Deps struct {
	Access Access
	// Metrics registers and gathers centrifuge's own counters (a *prometheus.Registry). Required, because
	// the library would otherwise write to the process-wide registry.
	Metrics centrifuge.RegistererGatherer
	Log     *slog.Logger
}

// Feed is the realtime fan-out of one server. It is safe for concurrent use.
type Feed struct {
	cfg     Config
	node    *centrifuge.Node
	access  Access
	log     *slog.Logger
	conns   *conns
	handler http.Handler
	viewers viewers
	members members
	recheck time.Duration
	started chan struct{} // closed when Run is ready to publish
}

// Position is a place in a show's events: state read at a position is followed from it.
type Position struct {
	Offset uint64 `json:"offset" doc:"Number of the last event that the state includes"`
	Epoch  string `json:"epoch" doc:"Names the sequence that the offset counts in; it changes when the server starts anew"`
}

// New makes a feed; nothing runs before Run.
func New(cfg Config, deps Deps) (*Feed, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if deps.Access == nil || deps.Metrics == nil || deps.Log == nil {
		return nil, errors.New("feed: Access, Metrics and Log are required")
	}
	f := &Feed{
		cfg:    cfg,
		access: deps.Access,
		log:    deps.Log.With("room", "feed"),
		conns:  newConns(cfg.MaxConnections, cfg.MaxConnectionsPerAddress),
		// A sign-out or a deleted token ends its desk within this time.
		recheck: time.Minute,
		started: make(chan struct{}),
	}
	node, err := centrifuge.New(centrifuge.Config{
		Name:               "livesrv",
		LogLevel:           centrifuge.LogLevelInfo,
		LogHandler:         f.logEntry,
		ClientQueueMaxSize: cfg.QueueBytes,
		ClientChannelLimit: maxTopics,
		ChannelMaxLength:   maxTopicLength,
		// A connection that never says who it is may not stay.
		ClientStaleCloseDelay:       10 * time.Second,
		RecoveryMaxPublicationLimit: cfg.HistorySize,
		// Thousands reconnect at once when a phone mast comes back: read the history once for all of them.
		UseSingleFlight: true,
		HistoryMetaTTL:  max(24*time.Hour, 4*cfg.HistoryTTL),
		// The library summarises all metrics for its other nodes at this interval; we have no other nodes.
		NodeInfoMetricsAggregateInterval: 365 * 24 * time.Hour,
		Metrics:                          centrifuge.MetricsConfig{MetricsNamespace: "livesrv_feed", RegistererGatherer: deps.Metrics},
	})
	if err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	f.node = node
	node.OnConnecting(f.connecting)
	node.OnConnect(f.connected)
	f.handler = f.conns.limit(f.whenRunning(f.identify(centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		CheckOrigin:        f.originAllowed,
		MessageSizeLimit:   maxMessage,
		WriteTimeout:       5 * time.Second,
		UseWriteBufferPool: true,
		WriteBufferSize:    1024,
		ReadBufferSize:     1024,
	}))))
	return f, nil
}

// Handler serves the websocket; mount it at /realtime. The writer it is given must be an http.Hijacker.
func (f *Feed) Handler() http.Handler { return f.handler }

// Run serves until ctx ends, then says goodbye to every connection and waits for them. It may be called once.
func (f *Feed) Run(ctx context.Context) error {
	if err := f.node.Run(); err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	close(f.started)
	f.countViewers(ctx)

	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	// The close frame tells browsers to come back, so a restart is a blink. Who does not answer is cut.
	if err := f.node.Shutdown(grace); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		f.log.Warn("shutdown of the realtime feed", "error", err)
	}
	f.conns.drain(grace)
	return nil
}

// Publish sends e to everybody who follows show, in order, and keeps it for those who reconnect. A viewers
// event is not kept: the next one replaces it. Before Run nobody can follow and no Position is given, so an
// event then has nobody to miss it.
func (f *Feed) Publish(show string, e Event) error {
	return f.publish(showPrefix+show, e)
}

// PublishDesk sends e to the signed-in members of merchant.
func (f *Feed) PublishDesk(merchant string, e Event) error {
	return f.publish(deskPrefix+merchant, e)
}

func (f *Feed) publish(topic string, e Event) error {
	if !f.running() {
		return nil
	}
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("feed: encode %s event: %w", e.Type, err)
	}
	var opts []centrifuge.PublishOption
	if !e.fleeting {
		opts = append(opts, centrifuge.WithHistory(f.cfg.HistorySize, f.cfg.HistoryTTL))
	}
	if _, err := f.node.Publish(topic, data, opts...); err != nil {
		return fmt.Errorf("feed: publish %s event: %w", e.Type, err)
	}
	return nil
}

// Position is the place in show's events right now. Read it before the state it shall go with: an event that
// comes between the two is then delivered again, which is harmless, and never lost.
func (f *Feed) Position(show string) (Position, error) { return f.position(showPrefix + show) }

// DeskPosition is Position for the desk of merchant.
func (f *Feed) DeskPosition(merchant string) (Position, error) {
	return f.position(deskPrefix + merchant)
}

// DeskTopic is the topic that merchant's desk follows.
func DeskTopic(merchant string) string { return deskPrefix + merchant }

func (f *Feed) position(topic string) (Position, error) {
	if !f.running() {
		return Position{}, errNotFollowed()
	}
	h, err := f.node.History(topic, centrifuge.WithLimit(0))
	if err != nil {
		return Position{}, errNotFollowed().Because(err)
	}
	return Position{Offset: h.Offset, Epoch: h.Epoch}, nil
}

func errNotFollowed() *fault.Error {
	return fault.New(fault.Unavailable, "The live feed cannot be followed right now.").WithHint("Try again in a few seconds.")
}

// Started is closed when Run has begun: from then on the feed can be followed.
func (f *Feed) Started() <-chan struct{} { return f.started }

func (f *Feed) running() bool {
	select {
	case <-f.started:
		return true
	default:
		return false
	}
}

func (f *Feed) whenRunning(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !f.running() {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "The server is starting.", http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Viewers is how many connections follow show, those of signed-in members left out: a desk is no audience.
func (f *Feed) Viewers(show string) int {
	topic := showPrefix + show
	return max(0, f.node.Hub().NumSubscribers(topic)-f.members.following(topic))
}

// Connections is how many sockets are open, for metrics.
func (f *Feed) Connections() int { return f.conns.open() }

// logEntry brings the library's log into ours. What a stranger can provoke stays at debug.
func (f *Feed) logEntry(e centrifuge.LogEntry) {
	level := slog.LevelDebug
	switch e.Level {
	case centrifuge.LogLevelWarn:
		level = slog.LevelWarn
	case centrifuge.LogLevelError:
		level = slog.LevelError
	}
	if !f.log.Enabled(context.Background(), level) {
		return
	}
	args := make([]any, 0, 2*len(e.Fields))
	for k, v := range e.Fields {
		args = append(args, k, v)
	}
	f.log.Log(context.Background(), level, "centrifuge: "+strings.TrimSpace(e.Message), args...)
}
