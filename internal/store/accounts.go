package store

import (
	"context"
	"database/sql"
	"time"

	"livesrv/internal/account"
	"livesrv/internal/fault"
)

// Accounts implements the Stores of package account.
type Accounts struct{ db *DB }

// Accounts gives the accounts' part of the database.
func (db *DB) Accounts() *Accounts { return &Accounts{db} }

var (
	_ account.UserStore    = (*Accounts)(nil)
	_ account.SessionStore = (*Accounts)(nil)
	_ account.TokenStore   = (*Accounts)(nil)
)

const userColumns = "u.id, u.name, u.role, u.merchant, u.created, u.changed"

// user is the places to scan userColumns to.
func user(u *account.User) []any {
	return []any{&u.ID, &u.Name, &u.Role, &u.Merchant, when{&u.Created}, when{&u.Changed}}
}

// Users implements account.UserStore.
func (a *Accounts) Users(ctx context.Context) (out []account.User, err error) {
	err = a.db.view(ctx, func(q querier) error {
		return each(q, func(r *sql.Rows) error {
			var u account.User
			err := r.Scan(user(&u)...)
			out = append(out, u)
			return err
		}, "SELECT "+userColumns+" FROM users u ORDER BY u.name")
	})
	return out, err
}

// User implements account.UserStore.
func (a *Accounts) User(ctx context.Context, id account.UserID, name string) (u account.User, pw string, err error) {
	err = a.db.view(ctx, func(q querier) error {
		found, err := one(q, "SELECT "+userColumns+", u.hash FROM users u WHERE u.id = ? OR (? = '' AND u.name = ?)",
			[]any{id, id, name}, append(user(&u), &pw)...)
		if err == nil && !found {
			return fault.New(fault.NotFound, "there is no such user")
		}
		return err
	})
	return u, pw, err
}

// AddUser implements account.UserStore.
func (a *Accounts) AddUser(ctx context.Context, u account.User, pw string, only bool) error {
	return a.db.writer.do(ctx, func(t *tx) error {
		n, err := t.exec(`INSERT INTO users (id, name, role, merchant, hash, created, changed)
			SELECT ?, ?, ?, ?, ?, ?, ? WHERE ? OR NOT EXISTS (SELECT 1 FROM users)`,
			u.ID, u.Name, u.Role, u.Merchant, pw, ms(u.Created), ms(u.Changed), !only)
		switch {
		case taken(err):
			return fault.New(fault.Conflict, "there is a user %q already", u.Name).At("name").WithHint("choose another name")
		case err == nil && n == 0:
			return fault.New(fault.Conflict, "there are users already")
		}
		return err
	})
}

// SetPassword implements account.UserStore.
func (a *Accounts) SetPassword(ctx context.Context, id account.UserID, pw string, keep [32]byte, at time.Time) error {
	return a.db.writer.do(ctx, func(t *tx) error {
		n, err := t.exec("UPDATE users SET hash = ?, changed = ? WHERE id = ?", pw, ms(at), id)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.NotFound, "there is no such user")
		}
		_, err = t.exec("DELETE FROM sessions WHERE usr = ? AND hash <> ?", id, keep[:])
		return err
	})
}

// AddSession implements account.SessionStore. It clears away sessions that are over.
func (a *Accounts) AddSession(ctx context.Context, h [32]byte, u account.UserID, at, expires time.Time) error {
	return a.db.writer.do(ctx, func(t *tx) error {
		if _, err := t.exec("DELETE FROM sessions WHERE expires <= ?", ms(at)); err != nil {
			return err
		}
		_, err := t.exec("INSERT INTO sessions (hash, usr, created, expires) VALUES (?, ?, ?, ?)", h[:], u, ms(at), ms(expires))
		return err
	})
}

// Session implements account.SessionStore.
func (a *Accounts) Session(ctx context.Context, h [32]byte) (u account.User, expires time.Time, err error) {
	err = a.db.view(ctx, func(q querier) error {
		found, err := one(q, "SELECT "+userColumns+", s.expires FROM sessions s JOIN users u ON u.id = s.usr WHERE s.hash = ?",
			[]any{h[:]}, append(user(&u), when{&expires})...)
		if err == nil && !found {
			return fault.New(fault.NotFound, "there is no such session")
		}
		return err
	})
	return u, expires, err
}

// TouchSession implements account.SessionStore.
func (a *Accounts) TouchSession(ctx context.Context, h [32]byte, expires time.Time) error {
	return a.db.writer.do(ctx, func(t *tx) error {
		_, err := t.exec("UPDATE sessions SET expires = ? WHERE hash = ?", ms(expires), h[:])
		return err
	})
}

// EndSession implements account.SessionStore.
func (a *Accounts) EndSession(ctx context.Context, h [32]byte) error {
	return a.db.writer.do(ctx, func(t *tx) error {
		_, err := t.exec("DELETE FROM sessions WHERE hash = ?", h[:])
		return err
	})
}

// AddToken implements account.TokenStore.
func (a *Accounts) AddToken(ctx context.Context, tok account.Token, h [32]byte) error {
	return a.db.writer.do(ctx, func(t *tx) error {
		_, err := t.exec("INSERT INTO tokens (id, usr, name, role, hash, created, used) VALUES (?, ?, ?, ?, ?, ?, ?)",
			tok.ID, tok.User, tok.Name, tok.Role, h[:], ms(tok.Created), msp(tok.Used))
		return err
	})
}

const tokenColumns = "t.id, t.usr, t.name, t.role, t.created, t.used"

func token(t *account.Token) []any {
	return []any{&t.ID, &t.User, &t.Name, &t.Role, when{&t.Created}, whenp{&t.Used}}
}

// Token implements account.TokenStore.
func (a *Accounts) Token(ctx context.Context, h [32]byte) (tok account.Token, u account.User, err error) {
	err = a.db.view(ctx, func(q querier) error {
		found, err := one(q, "SELECT "+tokenColumns+", "+userColumns+" FROM tokens t JOIN users u ON u.id = t.usr WHERE t.hash = ?",
			[]any{h[:]}, append(token(&tok), user(&u)...)...)
		if err == nil && !found {
			return fault.New(fault.NotFound, "there is no such token")
		}
		return err
	})
	return tok, u, err
}

// Tokens implements account.TokenStore.
func (a *Accounts) Tokens(ctx context.Context, u account.UserID) (out []account.Token, err error) {
	err = a.db.view(ctx, func(q querier) error {
		return each(q, func(r *sql.Rows) error {
			var t account.Token
			err := r.Scan(token(&t)...)
			out = append(out, t)
			return err
		}, "SELECT "+tokenColumns+" FROM tokens t WHERE ? = '' OR t.usr = ? ORDER BY t.created, t.id", u, u)
	})
	return out, err
}

// ChangeToken implements account.TokenStore.
func (a *Accounts) ChangeToken(ctx context.Context, id account.TokenID, used time.Time) error {
	return a.db.writer.do(ctx, func(t *tx) (err error) {
		var n int64
		if used.IsZero() {
			n, err = t.exec("DELETE FROM tokens WHERE id = ?", id)
		} else {
			n, err = t.exec("UPDATE tokens SET used = ? WHERE id = ?", ms(used), id)
		}
		if err == nil && n == 0 {
			return fault.New(fault.NotFound, "there is no such token")
		}
		return err
	})
}
