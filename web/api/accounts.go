package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"livesrv/internal/account"
	"livesrv/internal/fault"
)

// TokenList is an answer with API tokens.
type TokenList struct {
	Tokens []account.Token `json:"tokens"`
}

// NewToken is an answer with a new API token and its secret.
type NewToken struct {
	Secret string        `json:"secret" doc:"Shown this once"`
	Token  account.Token `json:"token"`
}

// UserAnswer is an answer with one user.
type UserAnswer struct {
	User UserView `json:"user"`
}

// UserList is an answer with users.
type UserList struct {
	Users []UserView `json:"users"`
}

type tokenDraft struct {
	Body struct {
		Name string       `json:"name" maxLength:"200" doc:"What it is for"`
		Role account.Role `json:"role,omitempty" enum:"admin,merchant" doc:"Default: that of its user"`
	}
}

type tokenPath struct {
	Token account.TokenID `path:"token" maxLength:"40"`
}

type userDraft struct {
	Body struct {
		Name     string       `json:"name" maxLength:"200"`
		Role     account.Role `json:"role,omitempty" enum:"admin,merchant" default:"merchant"`
		Merchant string       `json:"merchant,omitempty" maxLength:"40" doc:"Default: the caller's"`
		Password string       `json:"password" maxLength:"1000" doc:"10 to 256 bytes"`
	}
}

type userPassword struct {
	User account.UserID `path:"user" maxLength:"40"`
	Body struct {
		Password string `json:"password" maxLength:"1000" doc:"10 to 256 bytes"`
	}
}

func (a *API) registerAccounts() {
	tags := []string{"account"}
	add(a, member, nil, huma.Operation{Method: http.MethodGet, Path: "/api/tokens", Tags: tags, Summary: "List one's own API tokens"}, a.listTokens)
	add(a, member, nil, huma.Operation{Method: http.MethodPost, Path: "/api/tokens", DefaultStatus: http.StatusCreated, Tags: tags, Summary: "Make an API token"}, a.createToken)
	add(a, member, nil, huma.Operation{Method: http.MethodDelete, Path: "/api/tokens/{token}", Tags: tags, Summary: "Revoke an API token"}, a.revokeToken)
	add(a, admin, nil, huma.Operation{Method: http.MethodGet, Path: "/api/users", Tags: tags, Summary: "List users"}, a.listUsers)
	add(a, admin, nil, huma.Operation{Method: http.MethodPost, Path: "/api/users", DefaultStatus: http.StatusCreated, Tags: tags, Summary: "Add a user"}, a.createUser)
	add(a, admin, nil, huma.Operation{Method: http.MethodPost, Path: "/api/users/{user}/password", Tags: tags, Summary: "Set a user's password",
		Description: "All sessions of the user end."}, a.setPassword)
}

func (a *API) listTokens(ctx context.Context, _ *none) (*body[TokenList], error) {
	tokens, err := a.deps.Accounts.Tokens(ctx, callerOf(ctx).id.User.ID)
	if err != nil {
		return nil, err
	}
	return answer(TokenList{list(tokens)}), nil
}

func (a *API) createToken(ctx context.Context, in *tokenDraft) (*body[NewToken], error) {
	id := callerOf(ctx).id
	role := in.Body.Role
	if role == "" {
		role = id.Role
	}
	// A token makes none that may do more than itself.
	if role == account.Admin && id.Role != account.Admin {
		return nil, fault.New(fault.Forbidden, "A token may not do more than its maker.").At("role").WithHint("Leave role out.")
	}
	secret, t, err := a.deps.Accounts.NewToken(ctx, id.User.ID, in.Body.Name, role)
	if err != nil {
		return nil, err
	}
	return answer(NewToken{Secret: secret, Token: t}), nil
}

func (a *API) revokeToken(ctx context.Context, in *tokenPath) (*none, error) {
	return nil, a.deps.Accounts.RevokeToken(ctx, callerOf(ctx).id.User.ID, in.Token)
}

func (a *API) listUsers(ctx context.Context, _ *none) (*body[UserList], error) {
	users, err := a.deps.Accounts.Users(ctx)
	if err != nil {
		return nil, err
	}
	merchants, err := a.deps.Catalogue.Merchants(ctx)
	if err != nil {
		return nil, err
	}
	out := UserList{Users: make([]UserView, len(users))}
	for i, u := range users {
		out.Users[i] = userView(u, merchants)
	}
	return answer(out), nil
}

func (a *API) createUser(ctx context.Context, in *userDraft) (*body[UserAnswer], error) {
	merchants, err := a.deps.Catalogue.Merchants(ctx)
	if err != nil {
		return nil, err
	}
	n := account.NewUser{Name: in.Body.Name, Role: in.Body.Role, Merchant: in.Body.Merchant, Password: in.Body.Password}
	if n.Merchant == "" {
		n.Merchant = string(callerOf(ctx).merchant())
	}
	known := false
	for _, m := range merchants {
		known = known || string(m.ID) == n.Merchant
	}
	if !known {
		return nil, fault.New(fault.Invalid, "There is no merchant %q.", n.Merchant).At("merchant").WithHint("Leave it out for your own.")
	}
	u, err := a.deps.Accounts.AddUser(ctx, n)
	if err != nil {
		return nil, err
	}
	return answer(UserAnswer{userView(u, merchants)}), nil
}

func (a *API) setPassword(ctx context.Context, in *userPassword) (*none, error) {
	return nil, a.deps.Accounts.SetPassword(ctx, in.User, in.Body.Password)
}
