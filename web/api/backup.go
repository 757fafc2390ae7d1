package api

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

func (a *API) registerBackup() {
	add(a, admin, nil, huma.Operation{Method: http.MethodPost, Path: "/api/backup", Tags: []string{"operation"},
		Summary: "Give a copy of the database", Description: "A whole SQLite file, as of one moment.",
		Responses: file("application/vnd.sqlite3", "The file")}, a.backup)
}

func (a *API) backup(ctx context.Context, _ *none) (*huma.StreamResponse, error) {
	dir, err := os.MkdirTemp(a.deps.TempDir, "livesrv-backup-")
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	path := filepath.Join(dir, "livesrv.db")
	if err := a.deps.Backup(ctx, path); err != nil {
		a.discard(dir)
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		a.discard(dir)
		return nil, fmt.Errorf("backup: %w", err)
	}
	c := callerOf(ctx)
	a.log.Info("backup", "user", c.id.User.Name)
	return &huma.StreamResponse{Body: func(huma.Context) {
		defer a.discard(dir)
		defer f.Close()
		now := a.deps.Now().UTC()
		_ = http.NewResponseController(c.writer).SetWriteDeadline(time.Now().Add(time.Hour))
		h := c.writer.Header()
		h.Set("Content-Type", "application/vnd.sqlite3")
		h.Set("Content-Disposition", `attachment; filename="livesrv-`+now.Format("2006-01-02-150405")+`.db"`)
		info, err := f.Stat()
		if err != nil {
			a.fail(c.writer, c.request, err)
			return
		}
		h.Set("Content-Length", strconv.FormatInt(info.Size(), 10)) // so that a copy that was cut does not look whole
		if _, err := f.WriteTo(c.writer); err != nil {
			a.log.Warn("the backup was not taken to its end", "error", err)
		}
	}}, nil
}

func (a *API) discard(dir string) {
	if err := os.RemoveAll(dir); err != nil {
		a.log.Warn("a backup's file is left behind", "path", dir, "error", err)
	}
}
