// Package store keeps everything that must outlive the process, in SQLite: it implements the Stores that the rooms
// catalogue, show, order and account declare. One goroutine writes, many operations to a transaction; readers never
// wait for it. It decides nothing: what may change when is for the rooms to say.
package store

import (
	"context"
	"log/slog"

	"livesrv/internal/fault"
)

// Config of the store.
type Config struct {
	// Path of the database file. Default "livesrv.db" in the data folder: the app sets it.
	Path string `yaml:"path"`
}

// DefaultConfig gives the defaults.
func DefaultConfig() Config { return Config{Path: "livesrv.db"} }

// Validate says which value cannot be.
func (c Config) Validate() error {
	if c.Path == "" {
		return fault.New(fault.Invalid, "the database needs a file").At("path").WithHint("livesrv.db is the default")
	}
	return nil
}

// DB is the open database.
type DB struct {
	log *slog.Logger
}

// Open opens the file, makes it where there is none, brings its tables up to date, and starts the writer. Close ends it.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*DB, error) {
	return nil, fault.New(fault.Unavailable, "not yet")
}

// Close finishes what is queued, folds the log into the file and closes it.
func (db *DB) Close() error { return nil }

// Ping says whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return nil }

// Backup writes a whole, compact copy to path, which must not exist, while the server goes on.
func (db *DB) Backup(ctx context.Context, path string) error { return nil }
