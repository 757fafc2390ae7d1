package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"livesrv/internal/fault"
)

// list asks for {name: [...]} and prints it as a table, or as the server gave it.
func list[T any](ctx context.Context, con console, c *client, path, name string, asJSON bool, head []string, row func(T) []string) error {
	var answer map[string]json.RawMessage
	if err := c.call(ctx, http.MethodGet, path, nil, &answer); err != nil {
		return err
	}
	var items []T
	if err := json.Unmarshal(answer[name], &items); err != nil {
		return fault.New(fault.Internal, "the server's list of %s is not understood", name).Because(err)
	}
	if asJSON {
		return printJSON(con.out, answer[name])
	}
	if len(items) == 0 {
		fmt.Fprintf(con.out, "no %s\n", name)
		return nil
	}
	rows := make([][]string, len(items))
	for i, item := range items {
		rows[i] = row(item)
	}
	return printTable(con.out, head, rows)
}

// parseTime reads a time as people write it: RFC 3339, or local time without a zone.
func parseTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999", "2006-01-02 15:04:05.999", "2006-01-02T15:04", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fault.New(fault.Invalid, "%q is no time", text).
		WithHint("write it as in 2027-03-20T19:00:00+01:00, or without the zone for this machine's")
}
