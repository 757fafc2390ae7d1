package feed

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/centrifugal/centrifuge"
)

// caller is what is known of a connection from its handshake, kept in the connection's context.
type caller struct {
	user   User
	member bool          // user is set
	origin string        // of the page, "" when it is our own page or no browser
	again  *http.Request // the handshake, to ask about the user again
}

type callerKey struct{}

func callerOf(ctx context.Context) *caller {
	c, ok := ctx.Value(callerKey{}).(*caller)
	if !ok {
		return &caller{}
	}
	return c
}

// identify puts the caller into the handshake's context before the library takes it over.
func (f *Feed) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &caller{origin: foreignOrigin(r)}
		// A foreign page gets the public view whatever cookies the browser sends along: its visitors are
		// viewers, and a merchant's session must not be usable from there.
		if c.origin == "" {
			if c.user, c.member = f.access.User(r); c.member {
				c.again = (&http.Request{Method: r.Method, URL: r.URL, Header: r.Header.Clone(), RemoteAddr: r.RemoteAddr}).
					WithContext(context.WithoutCancel(r.Context()))
			}
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	})
}

// foreignOrigin is the Origin of r's page when that is another site than the one asked, else "".
func foreignOrigin(r *http.Request) string {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return ""
	}
	u, err := url.Parse(origin)
	if err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host) {
		return ""
	}
	return origin
}

func (f *Feed) originAllowed(r *http.Request) bool {
	origin := foreignOrigin(r)
	return origin == "" || f.access.OriginAllowed(r.Context(), "", origin)
}

func (f *Feed) connecting(ctx context.Context, _ centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
	c := callerOf(ctx)
	cred := &centrifuge.Credentials{}
	if c.member {
		cred.UserID = c.user.ID
		cred.ExpireAt = time.Now().Add(f.recheck).Unix()
	}
	return centrifuge.ConnectReply{Credentials: cred}, nil
}

// connected attaches the handlers a connection has. Publishing, presence, history and calls have none, so the
// library refuses them.
func (f *Feed) connected(client *centrifuge.Client) {
	c := callerOf(client.Context())
	if c.member {
		f.members.add(client)
		client.OnDisconnect(func(centrifuge.DisconnectEvent) { f.members.remove(client) })
	}
	client.OnSubscribe(func(e centrifuge.SubscribeEvent, reply centrifuge.SubscribeCallback) {
		if err := f.maySubscribe(client.Context(), c, e.Channel); err != nil {
			reply(centrifuge.SubscribeReply{}, err)
			return
		}
		reply(centrifuge.SubscribeReply{Options: centrifuge.SubscribeOptions{EnableRecovery: true, EnablePositioning: true}}, nil)
	})
	client.OnRefresh(func(_ centrifuge.RefreshEvent, reply centrifuge.RefreshCallback) {
		if c.again != nil {
			if u, ok := f.access.User(c.again); ok && u == c.user {
				reply(centrifuge.RefreshReply{ExpireAt: time.Now().Add(f.recheck).Unix()}, nil)
				return
			}
		}
		reply(centrifuge.RefreshReply{Expired: true}, nil)
	})
}

func (f *Feed) maySubscribe(ctx context.Context, c *caller, topic string) error {
	if show, ok := strings.CutPrefix(topic, showPrefix); ok {
		if c.origin != "" && !f.access.OriginAllowed(ctx, show, c.origin) {
			return centrifuge.ErrorPermissionDenied
		}
		if !f.access.ShowExists(ctx, show) {
			return centrifuge.ErrorUnknownChannel
		}
		return nil
	}
	if merchant, ok := strings.CutPrefix(topic, deskPrefix); ok && merchant != "" {
		if c.member && (c.user.Admin || c.user.Merchant == merchant) {
			return nil
		}
		return centrifuge.ErrorPermissionDenied
	}
	return centrifuge.ErrorUnknownChannel
}
