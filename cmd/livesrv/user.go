package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"livesrv/cmd/livesrv/app"
	"livesrv/internal/fault"
)

// userView is a user as the API tells of it.
type userView struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Role     string    `json:"role"`
	Merchant string    `json:"merchant"`
	Created  time.Time `json:"created"`
}

func (u userView) row() []string {
	return []string{u.Name, u.Role, u.Merchant, u.Created.Local().Format(time.DateTime)}
}

func newUser(con console) *cobra.Command {
	return newGroup("user", "Add and list users, set passwords", newUserAdd(con), newUserList(con), newUserPasswd(con))
}

func newUserAdd(con console) *cobra.Command {
	var role, merchant string
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a user who may sign in",
		Long: `Adds a user. The password is asked for at a terminal, or read from the first line of the standard input. A
merchant sees the shows, products and orders of one merchant; an admin sees everything. Needs an admin's token.`,
		Example: "  livesrv user add anna\n  pass show shop/anna | livesrv user add anna --role merchant",
		Args:    words(1, 1),
	}
	cmd.Flags().StringVar(&role, "role", "merchant", "admin or merchant")
	cmd.Flags().StringVar(&merchant, "merchant", "", "`ID` of the merchant (default: that of the token)")
	asJSON := jsonFlag(cmd)
	return con.asks(cmd, func(c *client, args []string) error {
		password, err := newPasswords(con).askNew("Password for " + args[0])
		if err != nil {
			return err
		}
		body := map[string]any{"name": args[0], "role": role, "password": password}
		if merchant != "" {
			body["merchant"] = merchant
		}
		var raw json.RawMessage
		if err := c.call(cmd.Context(), http.MethodPost, "/api/users", body, &raw); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(con.out, raw)
		}
		fmt.Fprintf(con.out, "%s may sign in as %s at %s/console\n", args[0], role, c.base)
		return nil
	})
}

func newUserList(con console) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List users",
		Example: "  livesrv user list",
		Args:    words(0, 0),
	}
	asJSON := jsonFlag(cmd)
	return con.asks(cmd, func(c *client, _ []string) error {
		return list(cmd.Context(), con, c, "/api/users", "users", *asJSON, []string{"name", "role", "merchant", "added"}, userView.row)
	})
}

func newUserPasswd(con console) *cobra.Command {
	r := remote{con: con}
	var data string
	cmd := &cobra.Command{
		Use:   "passwd NAME",
		Short: "Set a user's password; ends the user's sessions",
		Long: `Sets a password, asked for at a terminal or read from the first line of the standard input. The user's sign-in
sessions end; API tokens stay. Needs an admin's token; who has lost every way in names the data folder with --data, on
the machine of the server, whether it runs or not.`,
		Example: "  livesrv user passwd anna\n  livesrv user passwd admin --data /var/lib/livesrv",
		Args:    words(1, 1),
	}
	cmd.Flags().StringVar(&data, "data", "", "data `FOLDER` of a server on this machine, instead of a token")
	r.flags(cmd)
	cmd.MarkFlagsMutuallyExclusive("data", "server")
	cmd.MarkFlagsMutuallyExclusive("data", "token")
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		set := func(password string) error { return r.setPassword(cmd.Context(), args[0], password) }
		if data != "" {
			set = func(password string) error { return setPasswordAt(cmd.Context(), con, data, args[0], password) }
		}
		password, err := newPasswords(con).askNew("New password for " + args[0])
		if err != nil {
			return err
		}
		if err := set(password); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(con.out, map[string]any{"user": args[0], "changed": true})
		}
		fmt.Fprintf(con.out, "%s has a new password\n", args[0])
		return nil
	}
	return cmd
}

// setPassword sets a password through the API.
func (r *remote) setPassword(ctx context.Context, name, password string) error {
	c, err := r.dial()
	if err != nil {
		return err
	}
	var answer struct {
		Users []userView `json:"users"`
	}
	if err := c.call(ctx, http.MethodGet, "/api/users", nil, &answer); err != nil {
		return err
	}
	for _, u := range answer.Users {
		if u.Name == name {
			return c.call(ctx, http.MethodPost, "/api/users/"+url.PathEscape(u.ID)+"/password", map[string]string{"password": password}, nil)
		}
	}
	return fault.New(fault.NotFound, "there is no user %q", name).WithHint("'livesrv user list' shows them")
}

// setPasswordAt sets a password in the database of a data folder.
func setPasswordAt(ctx context.Context, con console, dir, name, password string) (err error) {
	log := slog.New(slog.NewTextHandler(con.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	accounts, done, err := app.OpenAccounts(ctx, dir, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	u, err := accounts.UserByName(ctx, name)
	if err != nil {
		return err
	}
	return accounts.SetPassword(ctx, u.ID, password)
}
