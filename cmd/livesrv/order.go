package main

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"livesrv/internal/catalogue"
)

// orderView is an order as the API tells of it.
type orderView struct {
	ID      string          `json:"id"`
	Number  string          `json:"number"`
	Show    string          `json:"show"`
	Status  string          `json:"status"`
	Total   catalogue.Money `json:"total"`
	Created time.Time       `json:"created"`
	Contact struct {
		Name  string `json:"name"`
		Phone string `json:"phone"`
		Email string `json:"email"`
	} `json:"contact"`
	Lines []struct {
		Title    string   `json:"title"`
		Options  []string `json:"options"`
		Quantity int      `json:"quantity"`
	} `json:"lines"`
}

func (o orderView) row() []string {
	var what []string
	for _, l := range o.Lines {
		text := strings.TrimSpace(l.Title + " " + strings.Join(l.Options, "/"))
		what = append(what, number(l.Quantity)+" × "+text)
	}
	return []string{o.Number, o.Created.Local().Format(time.DateTime), o.Status, o.Show, o.Total.String(),
		o.Contact.Name, cmp.Or(o.Contact.Phone, o.Contact.Email), strings.Join(what, ", ")}
}

func newOrder(con console) *cobra.Command {
	return newGroup("order", "List and export orders", newOrderList(con), newOrderExport(con))
}

func newOrderList(con console) *cobra.Command {
	var show, status, after string
	var limit int
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List orders, newest first",
		Example: "  livesrv order list --status awaiting_merchant\n  livesrv order list --show spring --limit 500 --json",
		Args:    words(0, 0),
	}
	cmd.Flags().StringVar(&show, "show", "", "only those of this show")
	cmd.Flags().StringVar(&status, "status", "", "only awaiting_merchant, confirmed, cancelled or expired")
	cmd.Flags().StringVar(&after, "after", "", "`ORDER` id that the page before ended with")
	cmd.Flags().IntVar(&limit, "limit", 100, "how many, at most 500")
	asJSON := jsonFlag(cmd)
	return con.asks(cmd, func(c *client, _ []string) error {
		q := url.Values{"limit": {number(limit)}}
		for name, value := range map[string]string{"show": show, "status": status, "after": after} {
			if value != "" {
				q.Set(name, value)
			}
		}
		return list(cmd.Context(), con, c, "/api/orders?"+q.Encode(), "orders", *asJSON,
			[]string{"number", "placed", "status", "show", "total", "name", "contact", "what"}, orderView.row)
	})
}

func newOrderExport(con console) *cobra.Command {
	var show, status string
	cmd := newDownload(con, download{
		use:     "export",
		short:   "Write orders as CSV",
		example: "  livesrv order export --show spring > orders.csv\n  livesrv order export --output orders.csv",
		method:  http.MethodGet,
		path:    "/api/orders/export",
		query: func() url.Values {
			q := url.Values{}
			if show != "" {
				q.Set("show", show)
			}
			if status != "" {
				q.Set("status", status)
			}
			return q
		},
	})
	cmd.Flags().StringVar(&show, "show", "", "only those of this show")
	cmd.Flags().StringVar(&status, "status", "", "only awaiting_merchant, confirmed, cancelled or expired")
	return cmd
}
