package account

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"livesrv/internal/fault"
)

var quiet = slog.New(slog.DiscardHandler)

// cheap keeps the tests quick; TestDefaultCost uses the real one.
var cheap = cost{8, 1, 1}

// memory is the Stores in maps. What SQL adds to their contract is tested in package store.
type memory struct {
	mu       sync.Mutex
	users    []User
	hashes   map[UserID]string
	sessions map[[32]byte]*session
	tokens   map[[32]byte]*Token
	touched  int
}

type session struct {
	user    UserID
	expires time.Time
}

var errNone = fault.New(fault.NotFound, "none")

func (m *memory) Users(context.Context) ([]User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]User(nil), m.users...), nil
}

func (m *memory) User(_ context.Context, id UserID, name string) (User, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, u := range m.users {
		if u.ID == id || id == "" && u.Name == name {
			return u, m.hashes[u.ID], nil
		}
	}
	return User{}, "", errNone
}

func (m *memory) AddUser(_ context.Context, u User, hash string, only bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range m.users {
		if only || o.Name == u.Name {
			return fault.New(fault.Conflict, "taken").At("name")
		}
	}
	m.users = append(m.users, u)
	m.hashes[u.ID] = hash
	return nil
}

func (m *memory) SetPassword(_ context.Context, id UserID, hash string, keep [32]byte, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hashes[id] = hash
	for h, s := range m.sessions {
		if s.user == id && h != keep {
			delete(m.sessions, h)
		}
	}
	return nil
}

func (m *memory) AddSession(_ context.Context, h [32]byte, u UserID, _, expires time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sessions[h] = &session{u, expires}
	return nil
}

func (m *memory) Session(ctx context.Context, h [32]byte) (User, time.Time, error) {
	m.mu.Lock()
	s := m.sessions[h]
	m.mu.Unlock()
	if s == nil {
		return User{}, time.Time{}, errNone
	}
	u, _, err := m.User(ctx, s.user, "")
	return u, s.expires, err
}

func (m *memory) TouchSession(_ context.Context, h [32]byte, expires time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.touched++
	m.sessions[h].expires = expires
	return nil
}

func (m *memory) EndSession(_ context.Context, h [32]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sessions, h)
	return nil
}

func (m *memory) AddToken(_ context.Context, t Token, h [32]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tokens[h] = &t
	return nil
}

func (m *memory) Token(ctx context.Context, h [32]byte) (Token, User, error) {
	m.mu.Lock()
	t := m.tokens[h]
	m.mu.Unlock()
	if t == nil {
		return Token{}, User{}, errNone
	}
	u, _, err := m.User(ctx, t.User, "")
	return *t, u, err
}

func (m *memory) Tokens(_ context.Context, u UserID) (out []Token, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range m.tokens {
		if u == "" || t.User == u {
			out = append(out, *t)
		}
	}
	return out, nil
}

func (m *memory) ChangeToken(_ context.Context, id TokenID, used time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for h, t := range m.tokens {
		if t.ID != id {
			continue
		}
		if used.IsZero() {
			delete(m.tokens, h)
		} else {
			m.touched++
			t.Used = &used
		}
		return nil
	}
	return errNone
}

type kit struct {
	*Service
	store *memory
	at    time.Time
}

func newKit(t *testing.T) *kit {
	t.Helper()
	k := &kit{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	k.store = &memory{hashes: map[UserID]string{}, sessions: map[[32]byte]*session{}, tokens: map[[32]byte]*Token{}}
	s, err := New(DefaultConfig(), Deps{Users: k.store, Sessions: k.store, Tokens: k.store, Log: quiet, Now: func() time.Time { return k.at }})
	if err != nil {
		t.Fatal(err)
	}
	s.hasher = newHasher(cheap)
	k.Service = s
	return k
}

func (k *kit) add(t *testing.T, name string, r Role) User {
	t.Helper()
	u, err := k.AddUser(context.Background(), NewUser{Name: name, Role: r, Merchant: "mer_1", Password: "correct horse " + name})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func refused(t *testing.T, what string, err error, kind fault.Kind, field string) {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != kind || f.Field != field {
		t.Errorf("%s: %v, want %v at %q", what, err, kind, field)
	}
}

func TestBootstrap(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	password, created, err := k.Bootstrap(ctx, "mer_1")
	if err != nil || !created || len(password) != 23 {
		t.Fatal(password, created, err)
	}
	secret, u, err := k.SignIn(ctx, "Admin", password, "1.1.1.1")
	if err != nil || u.Role != Admin || u.Merchant != "mer_1" {
		t.Fatalf("%+v, %v", u, err)
	}
	if p, created, err := k.Bootstrap(ctx, "mer_1"); err != nil || created || p != "" {
		t.Error(p, created, err)
	}
	if err := k.ChangePassword(ctx, u.ID, password, "a better password", secret); err != nil {
		t.Error(err)
	}
	_, _, err = k.SignIn(ctx, "admin", password, "1.1.1.1")
	refused(t, "the old password", err, fault.Unauthorized, "")
	for h, s := range k.store.hashes {
		if strings.Contains(s, "better") || !strings.HasPrefix(s, "$argon2id$v=19$") {
			t.Errorf("%s is kept as %q", h, s)
		}
	}
}

func TestSession(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	u := k.add(t, "anna", Merchant)
	secret, _, err := k.SignIn(ctx, " ANNA ", "correct horse anna", "1.1.1.1")
	if err != nil {
		t.Fatal(err)
	}
	if id, err := k.Session(ctx, secret); err != nil || id.User != u || id.Role != Merchant || id.Token != "" {
		t.Errorf("%+v, %v", id, err)
	}
	if _, ok := k.store.sessions[sha256.Sum256([]byte(secret))]; !ok {
		t.Error("the session is not kept by its hash")
	}
	// Used every 20 days it lives on; a use a minute later costs no write.
	for range 3 {
		k.at = k.at.Add(20 * 24 * time.Hour)
		if _, err := k.Session(ctx, secret); err != nil {
			t.Fatal(err)
		}
	}
	writes := k.store.touched
	k.at = k.at.Add(time.Minute)
	if _, err := k.Session(ctx, secret); err != nil || k.store.touched != writes || writes != 3 {
		t.Errorf("%d writes, then %d, %v", writes, k.store.touched, err)
	}
	second, _, err := k.SignIn(ctx, "anna", "correct horse anna", "1.1.1.1")
	if err != nil {
		t.Fatal(err)
	}
	if err := k.ChangePassword(ctx, u.ID, "correct horse anna", "battery staple anna", second); err != nil {
		t.Fatal(err)
	}
	_, err = k.Session(ctx, secret)
	refused(t, "a session of the old password", err, fault.Unauthorized, "")
	if _, err := k.Session(ctx, second); err != nil {
		t.Error(err)
	}
	if err := k.SetPassword(ctx, u.ID, "battery staple anna 2"); err != nil {
		t.Fatal(err)
	}
	_, err = k.Session(ctx, second)
	refused(t, "after the admin's change", err, fault.Unauthorized, "")
	third, _, err := k.SignIn(ctx, "anna", "battery staple anna 2", "1.1.1.1")
	if err != nil {
		t.Fatal(err)
	}
	k.at = k.at.Add(30 * 24 * time.Hour)
	_, err = k.Session(ctx, third)
	refused(t, "after 30 days", err, fault.Unauthorized, "")
	if err := k.SignOut(ctx, third); err != nil {
		t.Error(err)
	}
	if err := k.SignOut(ctx, "unknown"); err != nil {
		t.Error(err)
	}
	err = k.ChangePassword(ctx, u.ID, "wrong", "battery staple 3", "")
	refused(t, "a wrong old password", err, fault.Unauthorized, "old")
}

func TestAddUser(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	k.add(t, "anna", Admin)
	_, err := k.AddUser(ctx, NewUser{Name: "Anna", Role: Admin, Password: "correct horse"})
	refused(t, "the same name", err, fault.Conflict, "name")
	for _, c := range []struct {
		field string
		n     NewUser
	}{
		{"name", NewUser{Name: "a", Role: Admin, Password: "correct horse"}},
		{"name", NewUser{Name: "", Role: Admin, Password: "correct horse"}},
		{"name", NewUser{Name: "-anna", Role: Admin, Password: "correct horse"}},
		{"name", NewUser{Name: "an na", Role: Admin, Password: "correct horse"}},
		{"role", NewUser{Name: "bert", Role: "owner", Password: "correct horse"}},
		{"merchant", NewUser{Name: "bert", Role: Merchant, Password: "correct horse"}},
		{"password", NewUser{Name: "bert", Role: Admin, Password: "short"}},
		{"password", NewUser{Name: "bert", Role: Admin, Password: strings.Repeat("x", 257)}},
		{"password", NewUser{Name: "bertbertbert", Role: Admin, Password: "bertbertbert1"}},
	} {
		_, err := k.AddUser(ctx, c.n)
		refused(t, c.n.Name, err, fault.Invalid, c.field)
	}
	if u, err := k.UserByName(ctx, "ANNA"); err != nil || u.Name != "anna" {
		t.Error(u, err)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	admin, merchant := k.add(t, "anna", Admin), k.add(t, "bert", Merchant)
	secret, tok, err := k.NewToken(ctx, admin.ID, " till ", Merchant)
	if err != nil || !strings.HasPrefix(secret, "lst_") || tok.Name != "till" || tok.Used != nil {
		t.Fatalf("%+v, %v", tok, err)
	}
	id, err := k.Token(ctx, secret)
	if err != nil || id.User.ID != admin.ID || id.Role != Merchant || id.Token != tok.ID {
		t.Errorf("%+v, %v", id, err)
	}
	k.at = k.at.Add(59 * time.Second)
	if _, err := k.Token(ctx, secret); err != nil || k.store.touched != 1 {
		t.Errorf("%d writes, %v", k.store.touched, err)
	}
	k.at = k.at.Add(time.Minute)
	if _, err := k.Token(ctx, secret); err != nil || k.store.touched != 2 {
		t.Errorf("%d writes, %v", k.store.touched, err)
	}
	_, _, err = k.NewToken(ctx, merchant.ID, "x", Admin)
	refused(t, "more than its user", err, fault.Forbidden, "role")
	_, _, err = k.NewToken(ctx, merchant.ID, "", "")
	refused(t, "no name", err, fault.Invalid, "name")
	_, _, err = k.NewToken(ctx, merchant.ID, "x", "owner")
	refused(t, "no such role", err, fault.Invalid, "role")
	err = k.RevokeToken(ctx, merchant.ID, tok.ID)
	refused(t, "another's token", err, fault.NotFound, "")
	for _, wrong := range []string{"", "lst_", "lst_x", "x" + secret, secret[4:]} {
		_, err = k.Token(ctx, wrong)
		refused(t, wrong, err, fault.Unauthorized, "")
	}
	if err := k.RevokeToken(ctx, admin.ID, tok.ID); err != nil {
		t.Error(err)
	}
	_, err = k.Token(ctx, secret)
	refused(t, "a revoked token", err, fault.Unauthorized, "")
	for i := range maxTokens {
		if _, _, err := k.NewToken(ctx, merchant.ID, "x", ""); err != nil {
			t.Fatal(i, err)
		}
	}
	_, _, err = k.NewToken(ctx, merchant.ID, "x", "")
	refused(t, "too many", err, fault.TooLarge, "")
}

// TestUnknownCosts: an unknown name is answered like a wrong password, after as much work.
func TestUnknownCosts(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	k.add(t, "anna", Admin)
	k.hasher = newHasher(cost{16 * 1024, 1, 1})
	_ = k.hasher.nobody()
	if err := k.SetPassword(ctx, k.store.users[0].ID, "correct horse 2"); err != nil {
		t.Fatal(err)
	}
	took := func(name string) time.Duration {
		begin := time.Now()
		_, _, err := k.SignIn(ctx, name, "wrong password", time.Now().String())
		took := time.Since(begin)
		refused(t, name, err, fault.Unauthorized, "")
		if err.Error() != "the name or the password is wrong" {
			t.Error(err)
		}
		return took
	}
	// In turns, and the least of some: what else the machine does is not of interest.
	known, unknown := time.Hour, time.Hour
	for i := 0; i < 5 || unknown < known/4 && i < 30; i++ {
		known, unknown = min(known, took("anna")), min(unknown, took("nobody"))
	}
	if unknown < known/4 {
		t.Errorf("a known name takes %v, an unknown one %v", known, unknown)
	}
}

func TestDefaultCost(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	h := newHasher(defaultCost)
	s, err := h.hash(ctx, "correct horse")
	if err != nil || !strings.HasPrefix(s, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatal(s, err)
	}
	for p, want := range map[string]bool{"correct horse": true, "correct horsf": false, "": false} {
		if ok, err := h.verify(ctx, p, s); err != nil || ok != want {
			t.Errorf("%q: %v, %v", p, ok, err)
		}
	}
	for _, bad := range []string{"x", "$argon2i$v=19$m=8,t=1,p=1$YQ$YQ", "$argon2id$v=19$m=8,t=0,p=1$YWFhYWFhYWFhYWFhYWFhYQ$YWFhYWFhYWFhYWFhYWFhYQ",
		"$argon2id$v=19$m=99999999,t=1,p=1$YWFh$YWFhYWFhYWFhYWFhYWFhYQ", "$argon2id$v=19$m=8,t=1,p=1$YWFh$YQ"} {
		if ok, err := h.verify(ctx, "p", bad); ok || err == nil {
			t.Errorf("%q: %v, %v", bad, ok, err)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	h.slots <- struct{}{}
	h.slots <- struct{}{}
	if _, err := h.hash(ctx, "p"); !errors.Is(err, context.Canceled) {
		t.Errorf("no slot and no patience: %v", err)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	refused(t, "0", Config{}.Validate(), fault.Invalid, "session_ttl")
	if err := DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
}
