package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// querier reads: the writer's tx or a reader's snapshot.
type querier interface {
	query(query string, args ...any) (*sql.Rows, error)
}

// snapshot is a read transaction: everything read through it is as of one moment.
type snapshot struct {
	*conn
	ctx context.Context
}

func (s snapshot) query(query string, args ...any) (*sql.Rows, error) {
	return s.conn.query(s.ctx, query, args...)
}

// view runs f on a snapshot, on the first reader that is free.
func (db *DB) view(ctx context.Context, f func(querier) error) error {
	var c *conn
	select {
	case c = <-db.readers:
	case <-ctx.Done():
		return ctx.Err()
	case <-db.writer.closing:
		return errClosed()
	}
	defer func() {
		// Nothing was written. Without the caller's context, which may have ended.
		_, _ = c.exec("ROLLBACK")
		db.readers <- c // there is room: it came from there
	}()
	if _, err := c.exec("BEGIN"); err != nil {
		return err
	}
	return f(snapshot{c, ctx})
}

// conn is a connection that keeps its statements prepared: their texts are constants, so there are only so many.
type conn struct {
	sql   *sql.Conn
	stmts map[string]*sql.Stmt
}

func newConn(ctx context.Context, pool *sql.DB) (*conn, error) {
	c, err := pool.Conn(ctx)
	return &conn{c, map[string]*sql.Stmt{}}, err
}

func (c *conn) prepare(query string) (*sql.Stmt, error) {
	if s, ok := c.stmts[query]; ok {
		return s, nil
	}
	s, err := c.sql.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", query, err)
	}
	c.stmts[query] = s
	return s, nil
}

// exec runs a statement and gives the number of rows it changed.
func (c *conn) exec(query string, args ...any) (int64, error) {
	s, err := c.prepare(query)
	if err != nil {
		return 0, err
	}
	r, err := s.Exec(args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", query, err)
	}
	return r.RowsAffected()
}

func (c *conn) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

func (c *conn) close() (err error) {
	for _, s := range c.stmts {
		err = errors.Join(err, s.Close())
	}
	return errors.Join(err, c.sql.Close())
}

// each runs a query and calls scan for every row.
func each(q querier, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := q.query(query, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fmt.Errorf("%s: %w", query, err)
		}
	}
	return rows.Err()
}

// one is each for at most one row; found says whether there was one.
func one(q querier, query string, args []any, dest ...any) (found bool, err error) {
	err = each(q, func(r *sql.Rows) error {
		if found {
			return errors.New("more than one row")
		}
		found = true
		return r.Scan(dest...)
	}, query, args...)
	return found, err
}

// taken says whether err is a broken UNIQUE or PRIMARY KEY rule.
func taken(err error) bool {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// list is a JSON array of strings in a column, whatever string type it has in Go. Nil is written as [] and read as an empty list.
type list[T ~string] struct{ of *[]T }

func (l list[T]) Scan(v any) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("a list is not text but %T", v)
	}
	*l.of = []T{}
	if s == "[]" {
		return nil
	}
	return json.Unmarshal([]byte(s), l.of)
}

// text writes a list as a JSON array.
func text[T ~string](l []T) string {
	if len(l) == 0 {
		return "[]"
	}
	b, _ := json.Marshal(l) // strings cannot fail
	return string(b)
}

// ms writes a time; times are kept in milliseconds, UTC.
func ms(t time.Time) int64 { return t.UnixMilli() }

// msp writes a time that may not be there.
func msp(t *time.Time) any {
	if t == nil {
		return nil
	}
	return t.UnixMilli()
}

// when reads a time.
type when struct{ of *time.Time }

func (w when) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("a time is not an integer but %T", v)
	}
	*w.of = time.UnixMilli(n).UTC()
	return nil
}

// whenp reads a time that may not be there.
type whenp struct{ of **time.Time }

func (w whenp) Scan(v any) error {
	*w.of = nil
	if v == nil {
		return nil
	}
	t := new(time.Time)
	*w.of = t
	return when{t}.Scan(v)
}

// hash is what a secret is found by: the database never compares the secret itself, so the time a look-up takes tells
// nothing of it.
func hash(secret string) []byte {
	h := sha256.Sum256([]byte(secret))
	return h[:]
}
