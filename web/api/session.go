package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"livesrv/internal/fault"
)

// cookieAge is how long a browser keeps the session's cookie. The session itself may end before.
const cookieAge = 400 * 24 * time.Hour // RFC 6265bis §5.5: no browser keeps one longer

// SessionAnswer says who is signed in.
type SessionAnswer struct {
	User UserView `json:"user"`
}

type signIn struct {
	Body struct {
		Name     string `json:"name" maxLength:"200"`
		Password string `json:"password" maxLength:"1000"`
	}
}

type signedIn struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      SessionAnswer
}

type signedOut struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

type passwordChange struct {
	Body struct {
		Current  string `json:"current" maxLength:"1000"`
		Password string `json:"password" maxLength:"1000" doc:"10 to 256 bytes"`
	}
}

func (a *API) registerSession() {
	tags := []string{"account"}
	add(a, stranger, a.signIns, huma.Operation{Method: http.MethodPost, Path: "/api/session", Tags: tags, MaxBodyBytes: 16 << 10,
		Summary: "Sign in", Description: "Sets the session's cookie."}, a.signIn)
	add(a, member, nil, huma.Operation{Method: http.MethodGet, Path: "/api/session", Tags: tags, Summary: "Say who is signed in"}, a.whoami)
	add(a, stranger, nil, huma.Operation{Method: http.MethodDelete, Path: "/api/session", Tags: tags, Summary: "Sign out"}, a.signOut)
	add(a, member, a.signIns, huma.Operation{Method: http.MethodPost, Path: "/api/session/password", Tags: tags, MaxBodyBytes: 16 << 10,
		Summary: "Change one's own password", Description: "All other sessions end."}, a.changePassword)
}

// cookie is the session's. It is for our own pages alone, and over HTTPS only where this request came by HTTPS.
func cookie(r *http.Request, value string, age time.Duration) http.Cookie {
	c := http.Cookie{Name: SessionCookie, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https", MaxAge: int(age.Seconds())}
	if age <= 0 {
		c.MaxAge = -1
	}
	return c
}

func (a *API) signIn(ctx context.Context, in *signIn) (*signedIn, error) {
	c := callerOf(ctx)
	session, u, err := a.deps.Accounts.SignIn(ctx, in.Body.Name, in.Body.Password, addressOf(c.request).Addr().String())
	if err != nil {
		return nil, err
	}
	merchants, err := a.deps.Catalogue.Merchants(ctx)
	if err != nil {
		return nil, err
	}
	return &signedIn{SetCookie: cookie(c.request, session, cookieAge), Body: SessionAnswer{userView(u, merchants)}}, nil
}

func (a *API) whoami(ctx context.Context, _ *none) (*body[SessionAnswer], error) {
	merchants, err := a.deps.Catalogue.Merchants(ctx)
	if err != nil {
		return nil, err
	}
	id := callerOf(ctx).id
	id.User.Role = id.Role
	return answer(SessionAnswer{userView(id.User, merchants)}), nil
}

func (a *API) signOut(ctx context.Context, _ *none) (*signedOut, error) {
	c := callerOf(ctx)
	if c.session != "" {
		if err := a.deps.Accounts.SignOut(ctx, c.session); err != nil {
			return nil, err
		}
	}
	return &signedOut{SetCookie: cookie(c.request, "", 0)}, nil
}

func (a *API) changePassword(ctx context.Context, in *passwordChange) (*none, error) {
	c := callerOf(ctx)
	if c.id.Token != "" {
		return nil, fault.New(fault.Forbidden, "A password cannot be changed with an API token.").WithHint("Sign in.")
	}
	err := a.deps.Accounts.ChangePassword(ctx, c.id.User.ID, in.Body.Current, in.Body.Password, c.session)
	if fault.KindOf(err) == fault.Unauthorized {
		// Not 'who are you?': the session is fine and must not be taken for ended.
		return nil, fault.New(fault.Invalid, "The current password is wrong.").At("current").WithHint("Type the password you signed in with.").Because(err)
	}
	return nil, err
}
