package account

import (
	"context"
	"log/slog"
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
	// SetPassword writes the hash; with endSessions all sessions but keep end, and all API tokens stay.
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
	cfg  Config
	deps Deps
}

// New makes a Service; it starts nothing.
func New(cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	return &Service{cfg: cfg, deps: deps}, nil
}

var errSoon = fault.New(fault.Unavailable, "not yet")

// Bootstrap makes the user "admin" with a random password when there is no user at all, and gives the password, to be
// shown once. created is false (and the password "") when there are users.
func (s *Service) Bootstrap(ctx context.Context, merchant string) (password string, created bool, err error) {
	return "", false, errSoon
}

// SignIn opens a session and gives its secret. from is the remote address, for the limits. fault.Unauthorized says
// neither whether the name or the password was wrong; fault.TooMany after repeated failures.
func (s *Service) SignIn(ctx context.Context, name, password, from string) (session string, u User, err error) {
	return "", User{}, errSoon
}

// Session says who a session's secret belongs to and prolongs it; fault.Unauthorized.
func (s *Service) Session(ctx context.Context, session string) (Identity, error) {
	return Identity{}, errSoon
}

// SignOut ends a session; an unknown one is no error.
func (s *Service) SignOut(ctx context.Context, session string) error { return errSoon }

// ChangePassword sets a user's own password; all its sessions but keep end. fault.Unauthorized when old is wrong.
func (s *Service) ChangePassword(ctx context.Context, id UserID, old, new, keep string) error {
	return errSoon
}

// SetPassword sets a password for an admin; all sessions of the user end.
func (s *Service) SetPassword(ctx context.Context, id UserID, new string) error { return errSoon }

// Users lists all users by name.
func (s *Service) Users(ctx context.Context) ([]User, error) { return nil, errSoon }

// UserByName finds a user; fault.NotFound.
func (s *Service) UserByName(ctx context.Context, name string) (User, error) {
	return User{}, errSoon
}

// AddUser adds a user; fault.Invalid names the field; fault.Conflict when the name is taken.
func (s *Service) AddUser(ctx context.Context, n NewUser) (User, error) { return User{}, errSoon }

// NewToken makes an API token for a user; the secret ("lst_…") is shown this once. role may not exceed the user's;
// "" means the same.
func (s *Service) NewToken(ctx context.Context, u UserID, name string, role Role) (secret string, t Token, err error) {
	return "", Token{}, errSoon
}

// Token says who an API token's secret belongs to; fault.Unauthorized.
func (s *Service) Token(ctx context.Context, secret string) (Identity, error) {
	return Identity{}, errSoon
}

// Tokens lists the tokens of a user, oldest first.
func (s *Service) Tokens(ctx context.Context, u UserID) ([]Token, error) { return nil, errSoon }

// RevokeToken removes a token of a user; fault.NotFound when it is not this user's.
func (s *Service) RevokeToken(ctx context.Context, u UserID, id TokenID) error { return errSoon }
