// Package account knows the people who may sign in: users with a role and an argon2id password, their sign-in
// sessions, and API tokens for programs. It decides who somebody is; what they may see is for the caller to decide by
// Role and Merchant. Stream keys belong to shows and are not here.
package account

import "time"

// The typed ids: a prefix and 16 random characters.
type (
	UserID  string // "usr_…"
	TokenID string // "tok_…"
)

// Role of a user or a token.
type Role string

// The roles. An admin sees everything; a merchant what belongs to its merchant.
const (
	Admin    Role = "admin"
	Merchant Role = "merchant"
)

// User is a person who may sign in.
type User struct {
	ID       UserID    `json:"id"`
	Name     string    `json:"name"` // [a-z0-9][a-z0-9._@-]{1,63}, unique
	Role     Role      `json:"role"`
	Merchant string    `json:"merchant,omitempty"` // the catalogue.MerchantID it belongs to; for an admin its default
	Created  time.Time `json:"created"`
	Changed  time.Time `json:"passwordChanged"`
}

// Identity is who a request comes from.
type Identity struct {
	User  User
	Role  Role    // of the token where one was used, else the user's
	Token TokenID // "" for a sign-in session
}

// Token is an API token without its secret.
type Token struct {
	ID      TokenID    `json:"id"`
	User    UserID     `json:"user"`
	Name    string     `json:"name"`
	Role    Role       `json:"role"`
	Created time.Time  `json:"created"`
	Used    *time.Time `json:"lastUsed"` // to the minute
}

// NewUser is a user to add.
type NewUser struct {
	Name     string
	Role     Role
	Merchant string // needed for the role merchant
	Password string // 10 to 256 bytes
}
