package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"livesrv/internal/fault"
)

// cost is what hashing a password costs.
type cost struct {
	memory uint32 // KiB
	passes uint32
	lanes  uint8
}

// defaultCost is OWASP's first recommendation for argon2id (Password Storage Cheat Sheet): 19 MiB, 2 passes, 1 lane.
var defaultCost = cost{19 * 1024, 2, 1}

// maxHashing bounds how many passwords are hashed at once, and with it the memory a burst of sign-ins takes.
const maxHashing = 2

type hasher struct {
	cost   cost
	slots  chan struct{}
	nobody func() string // the hash that unknown users are verified against
}

func newHasher(c cost) *hasher {
	h := &hasher{cost: c, slots: make(chan struct{}, maxHashing)}
	h.nobody = sync.OnceValue(func() string { return h.encode(rand.Text()) })
	return h
}

// take waits for a slot.
func (h *hasher) take(ctx context.Context) error {
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hash gives the password's hash in the PHC string format.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	if err := h.take(ctx); err != nil {
		return "", err
	}
	defer func() { <-h.slots }()
	return h.encode(password), nil
}

func (h *hasher) encode(password string) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	sum := argon2.IDKey([]byte(password), salt, h.cost.passes, h.cost.memory, h.cost.lanes, 32)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.cost.memory, h.cost.passes, h.cost.lanes,
		b64.EncodeToString(salt), b64.EncodeToString(sum))
}

// verify says whether the password has this hash. An empty hash, an unknown user's, costs the same and is never right.
func (h *hasher) verify(ctx context.Context, password, encoded string) (bool, error) {
	if err := h.take(ctx); err != nil {
		return false, err
	}
	defer func() { <-h.slots }()
	known := encoded != ""
	if !known {
		encoded = h.nobody()
	}
	c, salt, want, err := decode(encoded)
	if err != nil {
		return false, err
	}
	got := argon2.IDKey([]byte(password), salt, c.passes, c.memory, c.lanes, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1 && known, nil
}

func decode(s string) (c cost, salt, sum []byte, err error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, fmt.Errorf("not an argon2id hash")
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.passes, &c.lanes); err != nil {
		return c, nil, nil, fmt.Errorf("argon2id parameters: %w", err)
	}
	if c.memory < 8 || c.memory > 1<<20 || c.passes < 1 || c.passes > 64 || c.lanes < 1 {
		return c, nil, nil, fmt.Errorf("argon2id parameters out of range: %+v", c)
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return c, nil, nil, fmt.Errorf("argon2id salt: %w", err)
	}
	if sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err == nil && len(sum) < 16 {
		err = fmt.Errorf("argon2id sum of %d bytes", len(sum))
	}
	return c, salt, sum, err
}

// newPassword makes a password that can be copied by hand: four groups of five, 100 bits.
func newPassword() string {
	t := strings.ToLower(rand.Text())
	return t[:5] + "-" + t[5:10] + "-" + t[10:15] + "-" + t[15:20]
}

func checkPassword(p, name string) error {
	if len(p) < 10 || len(p) > 256 || !utf8.ValidString(p) {
		return fault.New(fault.Invalid, "a password has 10 to 256 bytes").At("password").WithHint("a few words in a row are easy to remember and hard to guess")
	}
	if strings.Contains(strings.ToLower(p), name) && len(p) < len(name)+8 {
		return fault.New(fault.Invalid, "the password is nearly the name").At("password").WithHint("choose one that has nothing to do with the name")
	}
	return nil
}

// ChangePassword sets a user's own password; all its sessions but keep end. fault.Unauthorized when old is wrong.
func (s *Service) ChangePassword(ctx context.Context, id UserID, old, new, keep string) error {
	u, hash, err := s.deps.Users.User(ctx, id, "")
	if err != nil {
		return err
	}
	// A stolen session must not be a way to try passwords at leisure.
	if err := s.limits.check(u.Name, "session", s.now()); err != nil {
		return err
	}
	ok, err := s.hasher.verify(ctx, old, hash)
	if err != nil {
		return err
	}
	if !ok {
		s.limits.failed(u.Name, "session", s.now())
		return fault.New(fault.Unauthorized, "the present password is wrong").At("old")
	}
	s.limits.succeeded(u.Name, "session")
	return s.setPassword(ctx, u, new, sha256.Sum256([]byte(keep)))
}

// SetPassword sets a password for an admin; all sessions of the user end.
func (s *Service) SetPassword(ctx context.Context, id UserID, new string) error {
	u, _, err := s.deps.Users.User(ctx, id, "")
	if err != nil {
		return err
	}
	return s.setPassword(ctx, u, new, [32]byte{})
}

func (s *Service) setPassword(ctx context.Context, u User, password string, keep [32]byte) error {
	if err := checkPassword(password, u.Name); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	if err := s.deps.Users.SetPassword(ctx, u.ID, hash, keep, s.now()); err != nil {
		return err
	}
	s.deps.Log.Info("password changed", "user", u.Name)
	return nil
}
