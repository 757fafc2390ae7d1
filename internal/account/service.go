package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"log/slog"
	"strings"
	"time"

	"livesrv/internal/fault"
)

// Config of accounts.
type Config struct {
	// SessionTTL is how long a sign-in session lives after its last use. Default 720h (30 days), range 10m to 8760h.
	SessionTTL time.Duration `yaml:"session_ttl"`
}

// DefaultConfig gives the defaults.
func DefaultConfig() Config { return Config{SessionTTL: 720 * time.Hour} }

// Validate says which value is out of its range.
func (c Config) Validate() error {
	if c.SessionTTL < 10*time.Minute || c.SessionTTL > 8760*time.Hour {
		return fault.New(fault.Invalid, "%v is not from 10m to 8760h", c.SessionTTL).At("session_ttl").WithHint("720h is the default")
	}
	return nil
}

// UserStore keeps users and their password hashes.
type UserStore interface {
	Users(ctx context.Context) ([]User, error)
	// User finds by id or by name, whichever is not empty, and gives the password hash too; fault.NotFound.
	User(ctx context.Context, id UserID, name string) (User, string, error)
	// AddUser adds; with only set, only when there is no user yet. fault.Conflict when the name is taken or only fails.
	AddUser(ctx context.Context, u User, hash string, only bool) error
	// SetPassword writes the hash and ends all sessions of the user but the one with the hash keep; API tokens stay.
	// fault.NotFound.
	SetPassword(ctx context.Context, id UserID, hash string, keep [32]byte, at time.Time) error
}

// SessionStore keeps sign-in sessions by the SHA-256 of their token.
type SessionStore interface {
	AddSession(ctx context.Context, hash [32]byte, u UserID, at, expires time.Time) error
	// Session gives the user and the end; fault.NotFound.
	Session(ctx context.Context, hash [32]byte) (User, time.Time, error)
	TouchSession(ctx context.Context, hash [32]byte, expires time.Time) error
	EndSession(ctx context.Context, hash [32]byte) error
}

// TokenStore keeps API tokens by the SHA-256 of their secret.
type TokenStore interface {
	AddToken(ctx context.Context, t Token, hash [32]byte) error
	// Token gives the token and its user; fault.NotFound.
	Token(ctx context.Context, hash [32]byte) (Token, User, error)
	// Tokens of a user, oldest first; of all users when u is "".
	Tokens(ctx context.Context, u UserID) ([]Token, error)
	// ChangeToken sets the last use, or removes the token when used is zero; fault.NotFound.
	ChangeToken(ctx context.Context, id TokenID, used time.Time) error
}

// Deps are what accounts need of others.
type Deps struct {
	Users    UserStore
	Sessions SessionStore
	Tokens   TokenStore
	Log      *slog.Logger
	Now      func() time.Time // nil means time.Now
}

// Service is the room of accounts. Its methods may be called concurrently.
type Service struct {
	cfg    Config
	deps   Deps
	hasher *hasher
	limits *limits
}

// New makes a Service; it starts nothing.
func New(cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	deps.Log = deps.Log.With("room", "account")
	return &Service{cfg: cfg, deps: deps, hasher: newHasher(defaultCost), limits: newLimits()}, nil
}

// now is the time as it is kept: in milliseconds, UTC.
func (s *Service) now() time.Time { return s.deps.Now().UTC().Truncate(time.Millisecond) }

// Bootstrap makes the user "admin" with a random password when there is no user at all, and gives the password, to be
// shown once. created is false (and the password "") when there are users.
func (s *Service) Bootstrap(ctx context.Context, merchant string) (password string, created bool, err error) {
	users, err := s.deps.Users.Users(ctx)
	if err != nil || len(users) > 0 {
		return "", false, err
	}
	password = newPassword()
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return "", false, err
	}
	now := s.now()
	u := User{ID: newID[UserID]("usr"), Name: "admin", Role: Admin, Merchant: merchant, Created: now, Changed: now}
	err = s.deps.Users.AddUser(ctx, u, hash, true)
	if fault.KindOf(err) == fault.Conflict { // somebody was quicker
		return "", false, nil
	}
	return password, err == nil, err
}

// SignIn opens a session and gives its secret. from is the remote address, for the limits. fault.Unauthorized says
// neither whether the name or the password was wrong; fault.TooMany after repeated failures.
func (s *Service) SignIn(ctx context.Context, name, password, from string) (session string, u User, err error) {
	name = strings.ToLower(strings.TrimSpace(name))
	if err := s.limits.check(name, from, s.now()); err != nil {
		return "", User{}, err
	}
	u, hash, err := s.deps.Users.User(ctx, "", name)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return "", User{}, err
	}
	// For an unknown name a password is verified too (against nobody's), so that it takes the same time.
	ok, verr := s.hasher.verify(ctx, password, hash)
	if verr != nil {
		return "", User{}, verr
	}
	if !ok || err != nil {
		s.limits.failed(name, from, s.now())
		s.deps.Log.Warn("sign-in failed", "remote", from)
		return "", User{}, fault.New(fault.Unauthorized, "the name or the password is wrong")
	}
	s.limits.succeeded(name, from)
	session = rand.Text()
	now := s.now()
	if err := s.deps.Sessions.AddSession(ctx, sha256.Sum256([]byte(session)), u.ID, now, now.Add(s.cfg.SessionTTL)); err != nil {
		return "", User{}, err
	}
	s.deps.Log.Info("signed in", "user", u.Name, "remote", from)
	return session, u, nil
}

func errSession() error {
	return fault.New(fault.Unauthorized, "you are not signed in, or no longer").WithHint("sign in again")
}

// Session says who a session's secret belongs to and prolongs it; fault.Unauthorized.
func (s *Service) Session(ctx context.Context, session string) (Identity, error) {
	hash := sha256.Sum256([]byte(session))
	u, expires, err := s.deps.Sessions.Session(ctx, hash)
	now := s.now()
	switch {
	case fault.KindOf(err) == fault.NotFound || err == nil && !now.Before(expires):
		return Identity{}, errSession()
	case err != nil:
		return Identity{}, err
	}
	// A write per request would be wasted: it is prolonged when a twentieth of its life has gone.
	if next := now.Add(s.cfg.SessionTTL); next.Sub(expires) > s.cfg.SessionTTL/20 {
		if err := s.deps.Sessions.TouchSession(ctx, hash, next); err != nil {
			s.deps.Log.Warn("a session was not prolonged", "user", u.Name, "error", err)
		}
	}
	return Identity{User: u, Role: u.Role}, nil
}

// SignOut ends a session; an unknown one is no error.
func (s *Service) SignOut(ctx context.Context, session string) error {
	return s.deps.Sessions.EndSession(ctx, sha256.Sum256([]byte(session)))
}

// Users lists all users by name.
func (s *Service) Users(ctx context.Context) ([]User, error) { return s.deps.Users.Users(ctx) }

// UserByName finds a user; fault.NotFound.
func (s *Service) UserByName(ctx context.Context, name string) (User, error) {
	u, _, err := s.deps.Users.User(ctx, "", strings.ToLower(name))
	return u, err
}

// User finds a user by id; fault.NotFound.
func (s *Service) User(ctx context.Context, id UserID) (User, error) {
	u, _, err := s.deps.Users.User(ctx, id, "")
	return u, err
}

// AddUser adds a user; fault.Invalid names the field; fault.Conflict when the name is taken.
func (s *Service) AddUser(ctx context.Context, n NewUser) (User, error) {
	n.Name = strings.ToLower(strings.TrimSpace(n.Name))
	if l := len(n.Name); l < 2 || l > 64 || strings.Trim(n.Name, nameLetters) != "" || strings.Trim(n.Name[:1], "._@-") == "" {
		return User{}, fault.New(fault.Invalid, "%q is not a user's name", n.Name).At("name").
			WithHint("2 to 64 of a-z, 0-9, '.', '_', '@' and '-', beginning with a letter or a digit")
	}
	if n.Role != Admin && n.Role != Merchant {
		return User{}, fault.New(fault.Invalid, "%q is not a role", n.Role).At("role").WithHint("%s or %s", Admin, Merchant)
	}
	if n.Role == Merchant && n.Merchant == "" {
		return User{}, fault.New(fault.Invalid, "which merchant does this user belong to?").At("merchant")
	}
	if err := checkPassword(n.Password, n.Name); err != nil {
		return User{}, err
	}
	hash, err := s.hasher.hash(ctx, n.Password)
	if err != nil {
		return User{}, err
	}
	now := s.now()
	u := User{ID: newID[UserID]("usr"), Name: n.Name, Role: n.Role, Merchant: n.Merchant, Created: now, Changed: now}
	if err := s.deps.Users.AddUser(ctx, u, hash, false); err != nil {
		return User{}, err
	}
	s.deps.Log.Info("user added", "user", u.Name, "role", string(u.Role))
	return u, nil
}

const nameLetters = "abcdefghijklmnopqrstuvwxyz0123456789._@-"

// newID makes an id: the prefix, an underscore and 16 random letters and digits (80 bits).
func newID[T ~string](prefix string) T {
	return T(prefix + "_" + strings.ToLower(rand.Text()[:16]))
}
