package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"livesrv/internal/fault"
)

// pinView is a pin as the API tells of it.
type pinView struct {
	ID      string     `json:"id"`
	Show    string     `json:"show"`
	Product string     `json:"product"`
	Start   time.Time  `json:"start"`
	End     *time.Time `json:"end"`
	MediaMS *int64     `json:"mediaMs"`
}

// productView is as much of a product as commands show.
type productView struct {
	ID     string `json:"id"`
	Handle string `json:"handle"`
	Title  string `json:"title"`
}

// productIDs turns handles into ids; ids stay as they are.
func (c *client) productIDs(ctx context.Context, names []string) ([]string, error) {
	ids := make([]string, len(names))
	for i, name := range names {
		if strings.HasPrefix(name, "prd_") {
			ids[i] = name
			continue
		}
		p, err := c.product(ctx, name)
		if err != nil {
			return nil, err
		}
		ids[i] = p.ID
	}
	return ids, nil
}

// product finds a product by its handle.
func (c *client) product(ctx context.Context, handle string) (productView, error) {
	var answer struct {
		Products []productView `json:"products"`
	}
	q := request{method: http.MethodGet, path: "/api/products", query: url.Values{"q": {handle}, "limit": {"500"}}}
	if err := c.do(ctx, q, &answer); err != nil {
		return productView{}, err
	}
	for _, p := range answer.Products {
		if p.Handle == handle {
			return p, nil
		}
	}
	return productView{}, fault.New(fault.NotFound, "there is no product %q", handle).
		WithHint("'livesrv product export' lists every handle")
}

func newPin(con console) *cobra.Command {
	var sku, at string
	var ago time.Duration
	cmd := &cobra.Command{
		Use:   "pin SHOW PRODUCT",
		Short: "Put a product on screen at its moment of the picture",
		Long: `Puts a product's card on screen: now, at a wall time (--at), or a while ago (--ago), such as what a viewer who is
two seconds behind sees now. PRODUCT is a handle or an id. Up to three products can be on screen at once. Prints
the pin and the time of the picture it was bound to.`,
		Example: `  livesrv pin demo moon-teapot
  livesrv pin demo moon-teapot --ago 2s
  livesrv pin demo moon-teapot --at 2027-03-20T19:03:12.500+01:00 --json`,
		Args: words(2, 2),
	}
	cmd.Flags().StringVar(&sku, "sku", "", "id of the choice to show first")
	cmd.Flags().StringVar(&at, "at", "", "wall `TIME` of the picture")
	cmd.Flags().DurationVar(&ago, "ago", 0, "how long ago the picture was taken, such as 2s")
	cmd.MarkFlagsMutuallyExclusive("at", "ago")
	asJSON := jsonFlag(cmd)
	return con.asks(cmd, func(c *client, args []string) error {
		body := map[string]any{}
		if sku != "" {
			body["sku"] = sku
		}
		if at != "" {
			when, err := parseTime(at)
			if err != nil {
				return usageError{err}
			}
			body["at"] = when
		} else if ago != 0 {
			body["at"] = time.Now().Add(-ago)
		}
		ids, err := c.productIDs(cmd.Context(), args[1:])
		if err != nil {
			return err
		}
		body["product"] = ids[0]
		var raw json.RawMessage
		if err := c.call(cmd.Context(), http.MethodPost, "/api/shows/"+url.PathEscape(args[0])+"/pins", body, &raw); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(con.out, raw)
		}
		var answer struct {
			Pin pinView `json:"pin"`
		}
		if err := json.Unmarshal(raw, &answer); err != nil {
			return err
		}
		p := answer.Pin
		fmt.Fprintf(con.out, "%s is on screen from %s", p.ID, p.Start.Local().Format("15:04:05.000"))
		if p.MediaMS != nil {
			fmt.Fprintf(con.out, ", %s into the stream", time.Duration(*p.MediaMS)*time.Millisecond)
		}
		fmt.Fprintln(con.out)
		return nil
	})
}

func newUnpin(con console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "unpin SHOW [PIN|PRODUCT]",
		Short: "Take a product off the screen, or all of them",
		Long: `Takes a pin off the screen now. It is named by its id (pin_…) or by the product's handle or id. Without one,
everything that is on screen goes.`,
		Example: "  livesrv unpin demo moon-teapot\n  livesrv unpin demo pin_0123456789abcdef\n  livesrv unpin demo",
		Args:    words(1, 2),
	}
	asJSON := jsonFlag(cmd)
	return con.asks(cmd, func(c *client, args []string) error {
		base := "/api/shows/" + url.PathEscape(args[0]) + "/pins"
		if len(args) == 2 {
			id, err := c.pinID(cmd.Context(), base, args[1])
			if err != nil {
				return err
			}
			base += "/" + url.PathEscape(id)
		}
		var raw json.RawMessage
		if err := c.call(cmd.Context(), http.MethodDelete, base, nil, &raw); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(con.out, raw)
		}
		if len(args) == 2 {
			fmt.Fprintf(con.out, "%s is off the screen\n", args[1])
		} else {
			fmt.Fprintln(con.out, "nothing is on screen any more")
		}
		return nil
	})
}

// pinID finds the open pin that a person means: by its own id, or by its product.
func (c *client) pinID(ctx context.Context, path, name string) (string, error) {
	if strings.HasPrefix(name, "pin_") {
		return name, nil
	}
	ids, err := c.productIDs(ctx, []string{name})
	if err != nil {
		return "", err
	}
	var answer struct {
		Pins []pinView `json:"pins"`
	}
	if err := c.call(ctx, http.MethodGet, path+"?open=true", nil, &answer); err != nil {
		return "", err
	}
	for _, p := range answer.Pins {
		if p.Product == ids[0] && p.End == nil {
			return p.ID, nil
		}
	}
	return "", fault.New(fault.NotFound, "%s is not on screen", name).WithHint("nothing to do, or name another show")
}
