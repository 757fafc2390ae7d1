package main

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"livesrv/internal/fault"
)

// tokenView is an API token as the API tells of it.
type tokenView struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Role    string     `json:"role"`
	Created time.Time  `json:"created"`
	Used    *time.Time `json:"lastUsed"`
}

func (t tokenView) row() []string {
	used := "never"
	if t.Used != nil {
		used = t.Used.Local().Format(time.DateTime)
	}
	return []string{t.ID, t.Name, t.Role, t.Created.Local().Format(time.DateTime), used}
}

func newToken(con console) *cobra.Command {
	return newGroup("token", "Make, list and revoke API tokens", newTokenCreate(con), newTokenList(con), newTokenRevoke(con))
}

func newTokenCreate(con console) *cobra.Command {
	var user, role string
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Make an API token for these commands or your programs",
		Long: `Makes an API token and prints it, this once. Who has no token yet signs in with --user; the password is asked for
at a terminal or read from the first line of the standard input.`,
		Example: `  livesrv token create laptop --user admin
  export LIVESRV_TOKEN=$(livesrv token create cron --user admin --role merchant < password.txt)`,
		Args: words(1, 1),
	}
	cmd.Flags().StringVar(&user, "user", "", "sign in as this user instead of with a token")
	cmd.Flags().StringVar(&role, "role", "", "admin or merchant, at most the user's own (default: the same)")
	asJSON := jsonFlag(cmd)
	return con.asks(cmd, func(c *client, args []string) error {
		q := request{method: http.MethodPost, path: "/api/tokens"}
		if user != "" {
			cookie, err := c.signIn(cmd, con, user)
			if err != nil {
				return err
			}
			q.header = http.Header{"Cookie": {cookie}}
			c.token = ""
			defer func() { // the session was for this alone
				out := request{method: http.MethodDelete, path: "/api/session", header: q.header}
				if err := c.do(cmd.Context(), out, nil); err != nil {
					fmt.Fprintf(con.err, "the sign-in session was left open: %s\n", describe(err))
				}
			}()
		}
		body := map[string]any{"name": args[0]}
		if role != "" {
			body["role"] = role
		}
		if err := q.json(body); err != nil {
			return err
		}
		var made struct {
			Secret string    `json:"secret"`
			Token  tokenView `json:"token"`
		}
		if err := c.do(cmd.Context(), q, &made); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(con.out, made)
		}
		fmt.Fprintln(con.out, made.Secret)
		return nil
	})
}

// signIn opens a session and gives its cookie.
func (c *client) signIn(cmd *cobra.Command, con console, user string) (string, error) {
	password, err := newPasswords(con).ask("Password of " + user)
	if err != nil {
		return "", err
	}
	q := request{method: http.MethodPost, path: "/api/session"}
	if err := q.json(map[string]string{"name": user, "password": password}); err != nil {
		return "", err
	}
	res, err := c.send(cmd.Context(), q)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	for _, cookie := range res.Cookies() {
		return cookie.Name + "=" + cookie.Value, nil
	}
	return "", fault.New(fault.Internal, "the server opened no session").WithHint("Are server and command of the same version?")
}

func newTokenList(con console) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List your API tokens",
		Example: "  livesrv token list",
		Args:    words(0, 0),
	}
	asJSON := jsonFlag(cmd)
	return con.asks(cmd, func(c *client, _ []string) error {
		return list(cmd.Context(), con, c, "/api/tokens", "tokens", *asJSON, []string{"id", "name", "role", "made", "last used"}, tokenView.row)
	})
}

func newTokenRevoke(con console) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "revoke TOKEN-ID",
		Short:   "Make an API token worthless",
		Example: "  livesrv token revoke tok_0123456789abcdef",
		Args:    words(1, 1),
	}
	asJSON := jsonFlag(cmd)
	return con.asks(cmd, func(c *client, args []string) error {
		if err := c.call(cmd.Context(), http.MethodDelete, "/api/tokens/"+url.PathEscape(args[0]), nil, nil); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(con.out, map[string]any{"id": args[0], "revoked": true})
		}
		fmt.Fprintf(con.out, "%s is revoked\n", args[0])
		return nil
	})
}
