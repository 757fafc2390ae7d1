package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"livesrv/internal/fault"
)

// download describes a command that saves what the server sends.
type download struct {
	use, short, long, example string
	method, path              string
	query                     func() url.Values // nil for none
	// file is the default name to save under; "" writes to the standard output.
	file string
}

func newDownload(con console, d download) *cobra.Command {
	var output string
	cmd := &cobra.Command{Use: d.use, Short: d.short, Long: d.long, Example: d.example, Args: words(0, 0)}
	cmd.Flags().StringVarP(&output, "output", "o", d.file, "`FILE` to write, - for the standard output; an existing one is not touched")
	return con.asks(cmd, func(c *client, _ []string) error {
		q := request{method: d.method, path: d.path}
		if d.query != nil {
			q.query = d.query()
		}
		res, err := c.send(cmd.Context(), q)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if output == "" || output == "-" {
			_, err := io.Copy(con.out, res.Body)
			return cut(err)
		}
		return save(con, res, output)
	})
}

// save writes an answer to a new file: beside it first, so that a file by that name is always whole.
func save(con console, res *http.Response, name string) error {
	if _, err := os.Lstat(name); err == nil {
		return fault.New(fault.Conflict, "%s is there already", name).WithHint("name another file with --output")
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".livesrv-*")
	if err != nil {
		return fault.New(fault.Invalid, "%s cannot be written", name).Because(err)
	}
	defer os.Remove(tmp.Name()) // after the rename there is none
	p := progress{w: con.err, verb: "received"}
	_, err = io.Copy(tmp, io.TeeReader(res.Body, &p))
	p.end()
	if err != nil {
		_ = tmp.Close()
		return cut(err)
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), name); err != nil {
		return err
	}
	fmt.Fprintf(con.err, "wrote %s\n", name)
	return nil
}

// cut explains a transfer that did not come to its end.
func cut(err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Unavailable, "the transfer was cut short").WithHint("try again").Because(err)
}

func newBackup(con console) *cobra.Command {
	return newDownload(con, download{
		use:   "backup",
		short: "Save a whole copy of the database while the server goes on",
		long: `Saves a compact copy of the database, pictures included, as one file. To restore, stop the server, put the file
in the place of livesrv.db in the data folder (and remove livesrv.db-wal and livesrv.db-shm there), start it.
Needs the token of an admin.`,
		example: "  livesrv backup\n  livesrv backup --output /backups/shop-$(date +%F).db",
		method:  http.MethodPost,
		path:    "/api/backup",
		file:    "livesrv-backup.db",
	})
}
