package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"livesrv/internal/fault"
)

// tokenPrefix makes a token recognisable, to people and to scanners of leaked secrets.
const tokenPrefix = "lst_"

// maxTokens is how many tokens a user may have.
const maxTokens = 100

// NewToken makes an API token for a user; the secret ("lst_…") is shown this once. role may not exceed the user's;
// "" means the same. fault.Forbidden, fault.Invalid, fault.TooLarge.
func (s *Service) NewToken(ctx context.Context, id UserID, name string, role Role) (secret string, t Token, err error) {
	u, _, err := s.deps.Users.User(ctx, id, "")
	if err != nil {
		return "", Token{}, err
	}
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n < 1 || n > 64 || strings.ContainsFunc(name, unicode.IsControl) || !utf8.ValidString(name) {
		return "", Token{}, fault.New(fault.Invalid, "a token needs a name of 1 to 64 characters").At("name").WithHint("say what it is for")
	}
	if role == "" {
		role = u.Role
	}
	if role != Admin && role != Merchant {
		return "", Token{}, fault.New(fault.Invalid, "%q is not a role", role).At("role").WithHint("%s or %s", Admin, Merchant)
	}
	if role != least(role, u.Role) {
		return "", Token{}, fault.New(fault.Forbidden, "a token cannot do more than its user").At("role")
	}
	all, err := s.deps.Tokens.Tokens(ctx, id)
	if err != nil {
		return "", Token{}, err
	}
	if len(all) >= maxTokens {
		return "", Token{}, fault.New(fault.TooLarge, "there are %d tokens, which is the most", len(all)).WithHint("remove those that are not used")
	}
	secret = tokenPrefix + rand.Text()
	t = Token{ID: newID[TokenID]("tok"), User: id, Name: name, Role: role, Created: s.now()}
	if err := s.deps.Tokens.AddToken(ctx, t, sha256.Sum256([]byte(secret))); err != nil {
		return "", Token{}, err
	}
	s.deps.Log.Info("API token made", "user", u.Name, "token", t.ID, "role", string(role))
	return secret, t, nil
}

// least is the role that may do less.
func least(a, b Role) Role {
	if a == Admin {
		return b
	}
	return a
}

// Token says who an API token's secret belongs to; fault.Unauthorized.
func (s *Service) Token(ctx context.Context, secret string) (Identity, error) {
	wrong := fault.New(fault.Unauthorized, "this API token is not known, or no longer").WithHint("make a new one")
	if !strings.HasPrefix(secret, tokenPrefix) {
		return Identity{}, wrong
	}
	t, u, err := s.deps.Tokens.Token(ctx, sha256.Sum256([]byte(secret)))
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return Identity{}, wrong
	} else if err != nil {
		return Identity{}, err
	}
	// To the minute: a busy program must not cost a write per request.
	if now := s.now().Truncate(time.Minute); t.Used == nil || now.After(*t.Used) {
		if err := s.deps.Tokens.ChangeToken(ctx, t.ID, now); err != nil {
			s.deps.Log.Warn("a token's use was not recorded", "token", t.ID, "error", err)
		}
	}
	return Identity{User: u, Role: least(t.Role, u.Role), Token: t.ID}, nil
}

// Tokens lists the tokens of a user, oldest first.
func (s *Service) Tokens(ctx context.Context, u UserID) ([]Token, error) {
	return s.deps.Tokens.Tokens(ctx, u)
}

// RevokeToken removes a token of a user; fault.NotFound when it is not this user's.
func (s *Service) RevokeToken(ctx context.Context, u UserID, id TokenID) error {
	all, err := s.deps.Tokens.Tokens(ctx, u)
	if err != nil {
		return err
	}
	if u == "" || !slices.ContainsFunc(all, func(t Token) bool { return t.ID == id }) {
		return fault.New(fault.NotFound, "there is no such token")
	}
	return s.deps.Tokens.ChangeToken(ctx, id, time.Time{})
}
