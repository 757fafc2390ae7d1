package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

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
	r := remote{con: con}
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
	r.flags(cmd)
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := r.dial()
		if err != nil {
			return err
		}
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
	}
	return cmd
}

func newUserList(con console) *cobra.Command {
	r := remote{con: con}
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List users",
		Example: "  livesrv user list",
		Args:    words(0, 0),
	}
	r.flags(cmd)
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := r.dial()
		if err != nil {
			return err
		}
		return list(cmd.Context(), con, c, "/api/users", "users", *asJSON, []string{"name", "role", "merchant", "added"}, userView.row)
	}
	return cmd
}

func newUserPasswd(con console) *cobra.Command {
	r := remote{con: con}
	cmd := &cobra.Command{
		Use:   "passwd NAME",
		Short: "Set a user's password; ends the user's sessions",
		Long: `Sets a password, asked for at a terminal or read from the first line of the standard input. The user's sign-in
sessions end; API tokens stay. Needs an admin's token.`,
		Example: "  livesrv user passwd anna",
		Args:    words(1, 1),
	}
	r.flags(cmd)
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := r.dial()
		if err != nil {
			return err
		}
		var answer struct {
			Users []userView `json:"users"`
		}
		if err := c.call(cmd.Context(), http.MethodGet, "/api/users", nil, &answer); err != nil {
			return err
		}
		for _, u := range answer.Users {
			if u.Name != args[0] {
				continue
			}
			password, err := newPasswords(con).askNew("New password for " + u.Name)
			if err != nil {
				return err
			}
			path := "/api/users/" + url.PathEscape(u.ID) + "/password"
			if err := c.call(cmd.Context(), http.MethodPost, path, map[string]string{"password": password}, nil); err != nil {
				return err
			}
			if *asJSON {
				return printJSON(con.out, map[string]any{"user": u.Name, "changed": true})
			}
			fmt.Fprintf(con.out, "%s has a new password\n", u.Name)
			return nil
		}
		return fault.New(fault.NotFound, "there is no user %q", args[0]).WithHint("'livesrv user list' shows them")
	}
	return cmd
}
