package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"livesrv/internal/account"
	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
)

// who may call an operation.
type who uint8

const (
	anybody  who = iota
	member       // somebody signed in
	admin        // an admin
	stranger     // anybody, from our own pages only: it will set a cookie
)

// caller is what an operation knows of who calls it.
type caller struct {
	id      account.Identity // zero for anybody
	known   bool
	session string // the session's secret, "" where there is none
	request *http.Request
	writer  http.ResponseWriter
}

type callerKey struct{}

func callerOf(ctx context.Context) *caller {
	c, _ := ctx.Value(callerKey{}).(*caller)
	return c
}

// merchant is whose things the caller makes and lists.
func (c *caller) merchant() catalogue.MerchantID { return catalogue.MerchantID(c.id.User.Merchant) }

// owns reports whether the caller may see and change what belongs to m.
func (c *caller) owns(m catalogue.MerchantID) bool {
	return c.known && (c.id.Role == account.Admin || c.merchant() == m)
}

// scope is the merchant whose orders and shows the caller may list, "" for all.
func (c *caller) scope() catalogue.MerchantID {
	if c.id.Role == account.Admin {
		return ""
	}
	return c.merchant()
}

// guard lets callers through to an operation.
func (a *API) guard(w who, limit *limiter) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		r, rw := humago.Unwrap(hc)
		c, err := a.admit(r, w, limit)
		if err != nil {
			a.fail(rw, r, err)
			return
		}
		c.writer = rw
		next(huma.WithValue(huma.WithValue(hc, callerKey{}, c), apiKey{}, a))
	}
}

func (a *API) admit(r *http.Request, w who, limit *limiter) (*caller, error) {
	c := &caller{request: r}
	if limit != nil {
		if err := limit.admit(r); err != nil {
			return nil, err
		}
	}
	if cookie, err := r.Cookie(SessionCookie); err == nil {
		c.session = cookie.Value
	}
	switch w {
	case anybody:
		return c, nil
	case stranger:
		return c, a.ownPage(r)
	}
	id, cookie, err := a.deps.Access.identity(r)
	if err != nil {
		return nil, err
	}
	if cookie {
		if err := a.ownPage(r); err != nil {
			return nil, err
		}
	}
	c.id, c.known = id, true
	if w == admin && id.Role != account.Admin {
		return nil, fault.New(fault.Forbidden, "Only an admin may do this.").WithHint("Ask one, or sign in as one.")
	}
	return c, nil
}

// recognise says who calls an operation that is open to anybody but tells its own people more.
func (a *API) recognise(c *caller) {
	if id, _, err := a.deps.Access.identity(c.request); err == nil {
		c.id, c.known = id, true
	}
}

// ownPage refuses what a foreign page makes a signed-in browser send. Three locks: the cookie is SameSite=Lax; browsers
// say by Sec-Fetch-Site or Origin where a request comes from; and X-Livesrv is a header that a foreign page cannot send
// without a preflight, which is not granted.
func (a *API) ownPage(r *http.Request) error {
	if safe(r.Method) {
		return nil
	}
	if r.Header.Get("X-Livesrv") != "1" {
		return fault.New(fault.Forbidden, "The header X-Livesrv is missing.").At("X-Livesrv").
			WithHint(`Send "X-Livesrv: 1" with everything that changes something, or use an API token.`)
	}
	if err := a.crossOrigin.Check(r); err != nil {
		return fault.New(fault.Forbidden, "This comes from another site.").WithHint("Use the pages of this server.").Because(err)
	}
	return nil
}

func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// cors lets pages of the sites on a show's list read its state, price a cart and place an order, without cookies.
func (a *API) cors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := foreignOrigin(r)
		slug, open := openRoute(r.URL.Path)
		if open {
			w.Header().Add("Vary", "Origin")
		}
		if origin == "" {
			next.ServeHTTP(w, r)
			return
		}
		allowed := open && a.deps.Access.OriginAllowed(r.Context(), slug, origin)
		if allowed {
			h := w.Header()
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Expose-Headers", "Retry-After, X-Request-Id")
			if r.Method == http.MethodOptions {
				h.Set("Access-Control-Allow-Methods", "GET, POST")
				h.Set("Access-Control-Allow-Headers", "Content-Type, Idempotency-Key")
				h.Set("Access-Control-Max-Age", "600")
				w.WriteHeader(http.StatusNoContent)
				return
			}
			// Its visitors are nobody here, whatever their browser sends along.
			r.Header.Del("Cookie")
			r.Header.Del("Authorization")
		}
		if !allowed && open && !safe(r.Method) {
			a.fail(w, r, fault.New(fault.Forbidden, "This site may not sell from the show.").
				WithHint("Add %s to the show's list of sites.", originWords(origin)))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// openRoute reports whether path is for pages of other sites too, and of which show; "" where it is of none.
func openRoute(path string) (slug string, ok bool) {
	rest, ok := strings.CutPrefix(path, "/api/shows/")
	if !ok {
		order, ok := strings.CutPrefix(path, "/api/orders/")
		return "", ok && strings.HasSuffix(order, "/status")
	}
	slug, what, _ := strings.Cut(rest, "/")
	return slug, slug != "" && (what == "" || what == "state" || what == "quote" || what == "orders")
}

// foreignOrigin is the Origin of r's page when that is another site than the one asked, else "".
func foreignOrigin(r *http.Request) string {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return ""
	}
	if u, err := url.Parse(origin); err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host) {
		return ""
	}
	return origin
}

// originWords is the origin for a sentence, cut when it is not what one looks like.
func originWords(origin string) string {
	if len(origin) > 100 {
		return "it"
	}
	return origin
}
