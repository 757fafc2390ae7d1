package api

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"

	"livesrv/internal/account"
	"livesrv/internal/fault"
	"livesrv/internal/feed"
	"livesrv/internal/show"
)

// SessionCookie is the name of the cookie that holds a sign-in session.
const SessionCookie = "livesrv_session"

// maxKnownShows bounds what Access remembers of shows.
const maxKnownShows = 1024

// AccessDeps are what Access asks.
type AccessDeps struct {
	Accounts *account.Service
	Shows    *show.Service
	Log      *slog.Logger
}

// Access answers who somebody is and which sites may show what. The API, the realtime feed (it is the feed's
// Access) and the pages' policies share one, so that they cannot disagree.
type Access struct {
	deps AccessDeps
	log  *slog.Logger

	mu    sync.Mutex
	gen   uint64 // grows with every change of a show
	known map[show.Slug][]string
	any   []string // sites that may show some show; nil when not known
}

// NewAccess makes an Access.
func NewAccess(deps AccessDeps) *Access {
	return &Access{deps: deps, log: deps.Log.With("room", "api"), known: map[show.Slug][]string{}}
}

// identity is who sends r: by an API token ("Authorization: Bearer lst_…") or a session's cookie. cookie says which.
// fault.Unauthorized when it is nobody.
func (a *Access) identity(r *http.Request) (id account.Identity, cookie bool, err error) {
	if h := r.Header.Get("Authorization"); h != "" {
		scheme, secret, _ := strings.Cut(h, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return id, false, fault.New(fault.Unauthorized, "This kind of authorization is not known.").
				WithHint(`Send an API token as "Authorization: Bearer lst_…".`).At("Authorization")
		}
		id, err = a.deps.Accounts.Token(r.Context(), strings.TrimSpace(secret))
		return id, false, err
	}
	c, err := r.Cookie(SessionCookie)
	if err != nil || c.Value == "" {
		return id, true, fault.New(fault.Unauthorized, "You are not signed in.").WithHint("Sign in, or send an API token.")
	}
	id, err = a.deps.Accounts.Session(r.Context(), c.Value)
	return id, true, err
}

// User implements feed.Access.
func (a *Access) User(r *http.Request) (feed.User, bool) {
	id, _, err := a.identity(r)
	if err != nil {
		if fault.KindOf(err) != fault.Unauthorized {
			a.log.Warn("a caller of the feed could not be identified", "error", err)
		}
		return feed.User{}, false
	}
	return feed.User{ID: string(id.User.ID), Merchant: id.User.Merchant, Admin: id.Role == account.Admin}, true
}

// ShowExists implements feed.Access.
func (a *Access) ShowExists(ctx context.Context, slug string) bool {
	_, err := a.EmbedOrigins(ctx, slug)
	return err == nil
}

// OriginAllowed implements feed.Access: pages of origin may follow, quote and buy in show; with an empty show, in
// some show.
func (a *Access) OriginAllowed(ctx context.Context, slug, origin string) bool {
	var list []string
	var err error
	if slug == "" {
		list, err = a.anyOrigins(ctx)
	} else {
		list, err = a.EmbedOrigins(ctx, slug)
	}
	if err != nil {
		if fault.KindOf(err) != fault.NotFound {
			a.log.Warn("the sites of a show could not be read", "show", slug, "error", err)
		}
		return false
	}
	return slices.ContainsFunc(list, func(o string) bool { return strings.EqualFold(o, origin) })
}

// EmbedOrigins are the sites that may show a show; fault.NotFound where there is no such show.
func (a *Access) EmbedOrigins(ctx context.Context, slug string) ([]string, error) {
	key := show.Slug(slug)
	a.mu.Lock()
	list, ok := a.known[key]
	gen := a.gen
	a.mu.Unlock()
	if ok {
		return list, nil
	}
	s, err := a.deps.Shows.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if gen == a.gen { // else it may be of before the change
		if len(a.known) >= maxKnownShows {
			clear(a.known)
		}
		a.known[key] = s.EmbedOrigins
	}
	return s.EmbedOrigins, nil
}

func (a *Access) anyOrigins(ctx context.Context) ([]string, error) {
	a.mu.Lock()
	list, gen := a.any, a.gen
	a.mu.Unlock()
	if list != nil {
		return list, nil
	}
	shows, err := a.deps.Shows.List(ctx, show.Filter{Limit: 500}) // live and coming ones first
	if err != nil {
		return nil, err
	}
	list = []string{}
	for _, s := range shows {
		list = append(list, s.EmbedOrigins...)
	}
	slices.Sort(list)
	list = slices.Compact(list)
	a.mu.Lock()
	defer a.mu.Unlock()
	if gen == a.gen {
		a.any = list
	}
	return list, nil
}

// showChanged forgets what was known of a show.
func (a *Access) showChanged(slug show.Slug) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.gen++
	delete(a.known, slug)
	a.any = nil
}
