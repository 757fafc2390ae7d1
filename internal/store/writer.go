package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"

	"livesrv/internal/fault"
)

// The bounds of the writer: operations in one transaction, and operations waiting for one.
const (
	maxBatch = 256
	maxQueue = 4096
)

// operation is one caller's change. done has room for its one answer.
type operation struct {
	ctx  context.Context
	f    func(*tx) error
	done chan error
}

// writer is the group commit: one goroutine on one connection takes what is queued, up to maxBatch operations, runs
// each inside its own SAVEPOINT, and commits them together, so that the price of a synchronous commit is shared. One
// operation's failure undoes that operation alone. Nobody is answered before the commit is on the disk.
type writer struct {
	tx      *tx
	log     *slog.Logger
	queue   chan operation
	closing chan struct{}
	once    sync.Once
	ended   chan struct{}
	err     error // of the closing; set before ended is closed
}

func newWriter(c *conn, log *slog.Logger) *writer {
	return &writer{
		tx: &tx{c}, log: log,
		queue:   make(chan operation, maxQueue),
		closing: make(chan struct{}),
		ended:   make(chan struct{}),
	}
}

func errClosed() error {
	return fault.New(fault.Unavailable, "the server is shutting down").WithHint("try again in a moment")
}

// do runs f in the next transaction and returns after its commit. A ctx that ends while f still waits in the queue
// takes it out; once f has begun its result is waited for, so the caller always knows what became of it.
func (w *writer) do(ctx context.Context, f func(*tx) error) error {
	op := operation{ctx: ctx, f: f, done: make(chan error, 1)}
	select {
	case <-w.closing:
		return errClosed()
	default:
	}
	select {
	case w.queue <- op:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.closing:
		return errClosed()
	}
	select {
	case err := <-op.done:
		return err
	case <-w.ended:
	}
	select { // ended: either answered before, or never taken
	case err := <-op.done:
		return err
	default:
		return errClosed()
	}
}

// refuse takes no more operations; end waits until those that are queued are done.
func (w *writer) refuse() { w.once.Do(func() { close(w.closing) }) }

func (w *writer) end() error {
	<-w.ended
	return w.err
}

func (w *writer) run() {
	defer close(w.ended)
	batch := make([]operation, 0, maxBatch)
	for {
		select {
		case op := <-w.queue:
			batch = w.fill(append(batch[:0], op))
			w.commit(batch)
			clear(batch)
		case <-w.closing:
			for batch = w.fill(batch[:0]); len(batch) > 0; batch = w.fill(batch[:0]) {
				w.commit(batch)
			}
			w.err = w.shut()
			return
		}
	}
}

// fill takes what is waiting, and waits for nothing.
func (w *writer) fill(batch []operation) []operation {
	for len(batch) < maxBatch {
		select {
		case op := <-w.queue:
			batch = append(batch, op)
		default:
			return batch
		}
	}
	return batch
}

// commit runs a batch in one transaction and answers every operation.
func (w *writer) commit(batch []operation) {
	results := make([]error, len(batch))
	err := w.transact(batch, results)
	if err != nil {
		w.log.Error("a transaction failed; its operations are undone", "operations", len(batch), "error", err)
		err = fault.New(fault.Unavailable, "the change could not be saved").WithHint("try again; the server's log has the cause").Because(err)
	}
	for i, op := range batch {
		if err != nil && results[i] == nil {
			results[i] = err
		}
		op.done <- results[i]
	}
}

// transact fills results; an error means that nothing of the batch was kept.
//
// The statements run without any caller's context: a cancelled one would interrupt the statement, and SQLite answers an
// interrupted write by rolling back the whole transaction (sqlite.org/c3ref/interrupt.html), everybody's.
func (w *writer) transact(batch []operation, results []error) (err error) {
	if _, err := w.tx.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			// After some errors SQLite has rolled back by itself and this says so; either way no transaction is left.
			_, _ = w.tx.exec("ROLLBACK")
		}
	}()
	for i, op := range batch {
		if results[i] = op.ctx.Err(); results[i] != nil {
			continue
		}
		if _, err := w.tx.exec("SAVEPOINT op"); err != nil {
			return err
		}
		if results[i] = w.call(op.f); results[i] != nil {
			if _, err := w.tx.exec("ROLLBACK TO op"); err != nil {
				return errors.Join(results[i], err)
			}
		}
		if _, err := w.tx.exec("RELEASE op"); err != nil {
			return err
		}
	}
	_, err = w.tx.exec("COMMIT")
	return err
}

// call keeps a fault in one operation from taking the writer, and with it the shop, down.
func (w *writer) call(f func(*tx) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			w.log.Error("an operation panicked; it is undone", "panic", r, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic in an operation: %v", r)
		}
	}()
	return f(w.tx)
}

// shut folds the write-ahead log into the file, so that the file alone is the whole database.
func (w *writer) shut() error {
	_, err := w.tx.exec("PRAGMA wal_checkpoint(TRUNCATE)")
	return errors.Join(err, w.tx.close())
}

// tx is what an operation changes the database with: the writer's connection, inside its transaction.
type tx struct{ *conn }

// query implements querier.
func (t *tx) query(query string, args ...any) (*sql.Rows, error) {
	return t.conn.query(context.Background(), query, args...)
}
