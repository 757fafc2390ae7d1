// Package store keeps everything that must outlive the process, in SQLite: it implements the Stores that the rooms
// catalogue, show, order and account declare. One goroutine writes, many operations to a transaction; readers never
// wait for it. It decides nothing: what may change when is for the rooms to say.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"livesrv/internal/fault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Config of the store.
type Config struct {
	// Path of the database file. Its folder must exist. Default "livesrv.db".
	Path string `yaml:"path"`
}

// DefaultConfig gives the defaults.
func DefaultConfig() Config { return Config{Path: "livesrv.db"} }

// Validate says which value cannot be.
func (c Config) Validate() error {
	if c.Path == "" || strings.Contains(c.Path, ":memory:") {
		return fault.New(fault.Invalid, "%q is not the path of a file", c.Path).At("path").
			WithHint("livesrv.db is the default; everything is kept in this file")
	}
	return nil
}

// DB is the open database. Its methods may be called concurrently.
type DB struct {
	path    string
	log     *slog.Logger
	read    *sql.DB
	write   *sql.DB
	readers chan *conn // those that are free
	writer  *writer
	once    sync.Once // of Close
	closed  error
}

// dsn writes the data source name. The pragmas are in it so that every connection of the pool has them.
//
// synchronous=FULL: in WAL mode NORMAL may lose the last commits when the power fails (sqlite.org/pragma.html), and a
// buyer who was told 'ordered' must have an order. The group commit pays for it once per batch.
func dsn(path string, pragmas ...string) string {
	q := url.Values{}
	for _, p := range append([]string{
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "temp_store(MEMORY)",
	}, pragmas...) {
		q.Add("_pragma", p)
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// Open opens the file, makes it where there is none (readable by its owner alone: it holds stream keys and addresses),
// brings its tables up to date and starts the writer. Close ends it.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*DB, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	path, err := filepath.Abs(cfg.Path)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the path %q cannot be used", cfg.Path).At("path").Because(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "the database file %s cannot be opened", path).At("path").
			WithHint("make its folder and give it to the user that runs livesrv").Because(err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("close %s: %w", path, err)
	}
	db := &DB{path: path, log: log.With("room", "store")}
	if err := db.open(ctx); err != nil {
		return nil, errors.Join(err, db.closePools())
	}
	return db, nil
}

func (db *DB) open(ctx context.Context) (err error) {
	if db.write, err = sql.Open("sqlite", dsn(db.path)); err != nil {
		return err
	}
	db.write.SetMaxOpenConns(1)
	if err := db.migrate(ctx); err != nil {
		return fault.New(fault.Unavailable, "the database %s cannot be read or brought up to date", db.path).
			WithHint("check that it is a livesrv database, that its disk has room, and that this version is not older than the one that wrote it").
			Because(err)
	}
	if db.read, err = sql.Open("sqlite", dsn(db.path, "query_only(1)")); err != nil {
		return err
	}
	n := max(4, 2*runtime.GOMAXPROCS(0))
	db.read.SetMaxOpenConns(n)
	db.readers = make(chan *conn, n)
	for range n {
		c, err := newConn(ctx, db.read)
		if err != nil {
			return err
		}
		db.readers <- c
	}
	c, err := newConn(ctx, db.write)
	if err != nil {
		return err
	}
	db.writer = newWriter(c, db.log)
	go db.writer.run()
	return nil
}

func (db *DB) migrate(ctx context.Context) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db.write, dir, goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return err
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if current > target {
		return fmt.Errorf("tables are of version %d, this program knows %d", current, target)
	}
	done, err := p.Up(ctx)
	for _, m := range done {
		db.log.Info("brought the database up to date", "migration", filepath.Base(m.Source.Path), "took", m.Duration)
	}
	return err
}

// Close finishes what is queued and what is being read, folds the log into the file and closes it. What comes later is
// refused. Again: nothing.
func (db *DB) Close() error {
	db.once.Do(func() { db.closed = db.close() })
	return db.closed
}

func (db *DB) close() error {
	var errs []error
	db.writer.refuse()
	for range cap(db.readers) { // before the writer ends: a reader would keep the log from being folded
		errs = append(errs, (<-db.readers).close())
	}
	return errors.Join(append(errs, db.writer.end(), db.closePools())...)
}

func (db *DB) closePools() error {
	var errs []error
	for _, p := range []*sql.DB{db.read, db.write} {
		if p != nil {
			errs = append(errs, p.Close())
		}
	}
	return errors.Join(errs...)
}

// Ping says whether the database takes a write: the whole way through the writer.
func (db *DB) Ping(ctx context.Context) error {
	return db.writer.do(ctx, func(*tx) error { return nil })
}

// Backup writes a whole, compact copy to path, which must not exist, while the server goes on.
// The copy is as of one moment: VACUUM INTO reads in a single transaction.
func (db *DB) Backup(ctx context.Context, path string) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return fault.New(fault.Conflict, "%s is there already", path).WithHint("name a file that does not exist")
	}
	part := path + ".part"
	// VACUUM INTO takes an empty file that exists: so it is its owner's alone from the first byte.
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fault.New(fault.Unavailable, "the backup %s cannot be written", part).
			WithHint("is its folder there and writable, and no other backup under way?").Because(err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(part)
		}
	}()
	defer f.Close()
	// A connection of its own: the readers' may not write at all, not even into another file.
	own, err := sql.Open("sqlite", dsn(db.path))
	if err != nil {
		return err
	}
	defer own.Close()
	if _, err := own.ExecContext(ctx, "VACUUM INTO ?", part); err != nil {
		return fault.New(fault.Unavailable, "the backup failed").WithHint("is there room on the disk of %s?", path).Because(err)
	}
	if err := f.Sync(); err != nil {
		return fault.New(fault.Unavailable, "the backup could not be written to the disk").Because(err)
	}
	return os.Rename(part, path)
}
