package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"livesrv/internal/account"
	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
	"livesrv/internal/feed"
	"livesrv/internal/order"
	"livesrv/internal/show"
)

// IngestAddress is where an encoder sends a show to.
type IngestAddress struct {
	Protocol string `json:"protocol" doc:"rtmp, rtmps, …"`
	URL      string `json:"url"`
}

// Deps are what the API needs of the rooms and of the application.
type Deps struct {
	Access    *Access
	Accounts  *account.Service
	Catalogue *catalogue.Service
	Shows     *show.Service
	Orders    *order.Service
	Feed      *feed.Feed
	// Fail makes of an error its status and body; package web has the one that is.
	Fail func(ctx context.Context, err error) (status int, f Failure)
	// Ingest says where to send a show with this stream key.
	Ingest func(slug, key string) []IngestAddress
	// Health says how a show's stream is doing, nil while nobody publishes. It is given to the desk as it is.
	Health func(slug string) any
	// Backup writes a copy of the database to path, which must not exist.
	Backup func(ctx context.Context, path string) error
	// TempDir is where a backup is put before it is sent; "" means the system's folder.
	TempDir string
	Version string // of the program, for the description
	Log     *slog.Logger
	Now     func() time.Time // nil means time.Now
}

// API is the JSON API. Its methods may be called concurrently.
type API struct {
	deps        Deps
	log         *slog.Logger
	huma        huma.API
	mux         *http.ServeMux
	handler     http.Handler
	crossOrigin *http.CrossOriginProtection
	states      *states
	totals      *totals
	signIns     *limiter
	orders      *limiter
	quotes      *limiter
	description []byte // the OpenAPI document
}

// New makes the API; it starts nothing.
func New(cfg Config, deps Deps) (*API, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if deps.Access == nil || deps.Accounts == nil || deps.Catalogue == nil || deps.Shows == nil || deps.Orders == nil ||
		deps.Feed == nil || deps.Fail == nil || deps.Ingest == nil || deps.Health == nil || deps.Backup == nil || deps.Log == nil {
		return nil, errors.New("api: a dependency is missing")
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	a := &API{
		deps: deps, log: deps.Log.With("room", "api"), mux: http.NewServeMux(),
		crossOrigin: http.NewCrossOriginProtection(),
		signIns:     newLimiter(cfg.SignInPerMinute), orders: newLimiter(cfg.OrdersPerMinute), quotes: newLimiter(cfg.QuotesPerMinute),
	}
	a.states = newStates(a.renderState, deps.Now)
	a.totals = newTotals(deps.Orders)
	a.huma = humago.New(a.mux, a.config())
	for _, register := range []func(){a.registerShows, a.registerPins, a.registerDesk, a.registerOrders, a.registerProducts,
		a.registerFiles, a.registerSession, a.registerAccounts, a.registerBackup} {
		register()
	}
	if err := a.describe(); err != nil {
		return nil, err
	}
	a.mux.HandleFunc("/api/", a.nowhere)
	a.handler = a.cors(a.mux)
	return a, nil
}

// Handler serves everything under /api/. It expects the sender's true address in RemoteAddr.
func (a *API) Handler() http.Handler { return a.handler }

// ShowChanged, PinChanged, ProductChanged and OrderChanged are told of every committed change, before the browsers are
// told of it: what was rendered before is then not given any more. They do nothing that takes time.
func (a *API) ShowChanged(s show.Show) {
	a.deps.Access.showChanged(s.Slug)
	a.states.showChanged(s.Slug)
}

// PinChanged is for pins what ShowChanged is for shows.
func (a *API) PinChanged(p show.Pin) { a.states.showChanged(p.Show) }

// ProductChanged is for products what ShowChanged is for shows.
func (a *API) ProductChanged(id catalogue.ProductID) { a.states.productChanged(id) }

// OrderChanged is for orders what ShowChanged is for shows.
func (a *API) OrderChanged(o order.Order) { a.totals.changed(o.Show) }

// maxJSON is the default limit of a JSON body.
const maxJSON = 1 << 20

// add registers an operation that who may call, as often as limit allows (nil: as often as they like).
func add[I, O any](a *API, w who, limit *limiter, op huma.Operation, f func(context.Context, *I) (*O, error)) {
	op.OperationID = strings.ToLower(op.Method) + strings.NewReplacer("/api", "", "/", "-", "{", "", "}", "").Replace(op.Path)
	op.Middlewares = append(op.Middlewares, a.guard(w, limit))
	if w == member || w == admin {
		op.Security = []map[string][]string{{"session": {}}, {"token": {}}}
	}
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = maxJSON
	}
	if op.BodyReadTimeout == 0 {
		op.BodyReadTimeout = 20 * time.Second
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := f(ctx, in)
		if err != nil {
			return nil, a.refuse(ctx, err)
		}
		return out, nil
	})
}

// body is an answer with nothing but a body.
type body[T any] struct {
	Body T
}

func answer[T any](v T) *body[T] { return &body[T]{Body: v} }

// none is an input or an answer with nothing in it.
type none struct{}

// jsonFormat writes a whole answer at once: a value that cannot be encoded is then an error and not half an answer,
// and a caller who has left is none.
var jsonFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			return err
		}
		_, _ = w.Write(b.Bytes())
		return nil
	},
	Unmarshal: json.Unmarshal,
}

// nowhere answers for addresses and methods that the API does not have.
func (a *API) nowhere(w http.ResponseWriter, r *http.Request) {
	var has []string
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = m
		if _, pattern := a.mux.Handler(other); pattern != "/api/" && pattern != "" {
			has = append(has, m)
		}
	}
	if len(has) > 0 {
		w.Header().Set("Allow", strings.Join(has, ", "))
		e := a.refuse(r.Context(), fault.New(fault.Invalid, "%s does not know this method.", r.URL.Path).WithHint("It knows %s.", strings.Join(has, ", ")))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusMethodNotAllowed)
		_ = json.NewEncoder(w).Encode(e)
		return
	}
	a.fail(w, r, fault.New(fault.NotFound, "There is nothing at this address.").WithHint("/api/openapi.json lists what there is."))
}
