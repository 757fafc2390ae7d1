package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"livesrv/internal/fault"
)

// showView is a show as the API tells of it.
type showView struct {
	Slug      string    `json:"slug"`
	Title     string    `json:"title"`
	Status    string    `json:"status"`
	OnAir     bool      `json:"onAir"`
	StartsAt  time.Time `json:"startsAt"`
	Currency  string    `json:"currency"`
	StreamKey string    `json:"streamKey"`
}

func (s showView) row() []string {
	onAir := "-"
	if s.OnAir {
		onAir = "on air"
	}
	return []string{s.Slug, s.Status, onAir, s.StartsAt.Local().Format(time.DateTime), s.Title}
}

func newShow(con console) *cobra.Command {
	return newGroup("show", "Make, list, start, end and reopen shows",
		newShowCreate(con), newShowList(con), newShowStep(con, "start", "Make a scheduled show live"),
		newShowStep(con, "end", "End a show; its pins close and orders are taken a while longer"),
		newShowStep(con, "reopen", "Make an ended show live again"))
}

func newShowCreate(con console) *cobra.Command {
	var title, description, currency, starts, note string
	var ways, products, origins []string
	cmd := &cobra.Command{
		Use:   "create SHOW",
		Short: "Make a show; prints its stream key",
		Long: `Makes a show. SHOW names it in addresses and is the name of its stream: small letters, digits, hyphens. Prints
the stream key that the encoder needs.`,
		Example: `  livesrv show create spring --title "Spring sale" --currency EUR --starts 2027-03-20T19:00:00+01:00
  livesrv show create tea --title "Tea tasting" --currency JPY --product sencha --product gyokuro`,
		Args: words(1, 1),
	}
	f := cmd.Flags()
	f.StringVar(&title, "title", "", "what viewers read (default: the name)")
	f.StringVar(&description, "description", "", "a few sentences")
	f.StringVar(&currency, "currency", "", "`CODE` of ISO 4217 that prices are in, such as EUR (needed)")
	f.StringVar(&starts, "starts", "", "`TIME` it begins, as in 2027-03-20T19:00:00+01:00 (default now)")
	f.StringArrayVar(&ways, "way", nil, "way to pay: cash_on_delivery or bank_transfer; may be given again")
	f.StringVar(&note, "payment-note", "", "bank details for bank_transfer")
	f.StringArrayVar(&products, "product", nil, "`HANDLE` or id of a product of the line-up; may be given again")
	f.StringArrayVar(&origins, "embed-origin", nil, "`SITE` that may embed the show, as in https://shop.example; may be given again")
	asJSON := jsonFlag(cmd)
	return con.asks(cmd, func(c *client, args []string) error {
		if currency == "" {
			return usageError{fault.New(fault.Invalid, "--currency is missing").WithHint("three capital letters of ISO 4217, such as EUR")}
		}
		body := map[string]any{"slug": args[0], "title": title, "currency": strings.ToUpper(currency)}
		if title == "" {
			body["title"] = args[0]
		}
		set := func(key string, given bool, value any) {
			if given {
				body[key] = value
			}
		}
		if starts != "" {
			at, err := parseTime(starts)
			if err != nil {
				return usageError{err}
			}
			body["startsAt"] = at
		}
		ids, err := c.productIDs(cmd.Context(), products)
		if err != nil {
			return err
		}
		set("description", description != "", description)
		set("ways", len(ways) > 0, ways)
		set("paymentNote", note != "", note)
		set("embedOrigins", len(origins) > 0, origins)
		set("lineup", len(ids) > 0, ids)
		var answer showAnswer
		if err := c.call(cmd.Context(), http.MethodPost, "/api/shows", body, &answer); err != nil {
			return err
		}
		return printShow(con, answer, *asJSON, c.base)
	})
}

// showAnswer is the API's answer with one show.
type showAnswer struct {
	Show json.RawMessage `json:"show"`
}

// printShow prints one show as the server gave it.
func printShow(con console, answer showAnswer, asJSON bool, base string) error {
	if asJSON {
		return printJSON(con.out, answer.Show)
	}
	var s showView
	if err := json.Unmarshal(answer.Show, &s); err != nil {
		return err
	}
	fmt.Fprintf(con.out, "%s: %s (%s)\nwatch       %s/s/%s\n", s.Slug, oneLine(s.Title), s.Status, base, s.Slug)
	if s.StreamKey != "" {
		fmt.Fprintf(con.out, "stream key  %s\n", s.StreamKey)
	}
	return nil
}

func newShowList(con console) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List shows: live, then coming, then ended",
		Example: "  livesrv show list\n  livesrv show list --json",
		Args:    words(0, 0),
	}
	asJSON := jsonFlag(cmd)
	return con.asks(cmd, func(c *client, _ []string) error {
		return list(cmd.Context(), con, c, "/api/shows", "shows", *asJSON,
			[]string{"show", "status", "stream", "starts", "title"}, showView.row)
	})
}

func newShowStep(con console, step, short string) *cobra.Command {
	cmd := &cobra.Command{
		Use:     step + " SHOW",
		Short:   short,
		Example: "  livesrv show " + step + " spring",
		Args:    words(1, 1),
	}
	asJSON := jsonFlag(cmd)
	return con.asks(cmd, func(c *client, args []string) error {
		var answer showAnswer
		if err := c.call(cmd.Context(), http.MethodPost, "/api/shows/"+url.PathEscape(args[0])+"/"+step, nil, &answer); err != nil {
			return err
		}
		return printShow(con, answer, *asJSON, c.base)
	})
}
