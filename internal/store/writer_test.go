package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
)

func tempDB(tb testing.TB) *DB {
	tb.Helper()
	db, err := Open(context.Background(), Config{Path: filepath.Join(tb.TempDir(), "a.db")}, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

func addMerchant(t *tx, id string) error {
	_, err := t.exec("INSERT INTO merchants (id, name, created) VALUES (?, '', 0)", id)
	return err
}

func merchants(tb testing.TB, db *DB) map[catalogue.MerchantID]bool {
	tb.Helper()
	ms, err := db.Catalogue().Merchants(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
	out := map[catalogue.MerchantID]bool{}
	for _, m := range ms {
		out[m.ID] = true
	}
	return out
}

// stall keeps the writer busy until the returned function is called, so that what is sent meanwhile is one batch.
func stall(db *DB) (release func()) {
	begun, wait := make(chan struct{}), make(chan struct{})
	go func() {
		_ = db.writer.do(context.Background(), func(*tx) error { close(begun); <-wait; return nil })
	}()
	<-begun
	return func() { close(wait) }
}

// queued returns when so many operations wait; nothing but the queue's length tells.
func queued(db *DB, n int) {
	for len(db.writer.queue) < n {
		runtime.Gosched()
	}
}

// TestBatch: in one transaction some operations fail in every way, and the others are kept.
func TestBatch(t *testing.T) {
	t.Parallel()
	db := tempDB(t)
	release := stall(db)
	sorry := errors.New("sorry")
	cancelled, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			ctx, id := context.Background(), fmt.Sprint("m", i)
			if i%5 == 4 {
				ctx = cancelled
			}
			err := db.writer.do(ctx, func(tx *tx) error {
				if err := addMerchant(tx, id); err != nil {
					return err
				}
				switch i % 5 {
				case 1:
					return sorry
				case 2:
					return addMerchant(tx, id) // a second time: SQL's own refusal
				case 3:
					panic("oh")
				}
				return nil
			})
			switch i % 5 {
			case 0:
				if err != nil {
					t.Error(i, err)
				}
			case 1:
				if !errors.Is(err, sorry) {
					t.Error(i, err)
				}
			case 2:
				if !taken(err) {
					t.Error(i, err)
				}
			case 3:
				if err == nil {
					t.Error(i, "a panic was success")
				}
			case 4:
				if !errors.Is(err, context.Canceled) {
					t.Error(i, err)
				}
			}
		})
	}
	queued(db, 40)
	cancel()
	release()
	wg.Wait()
	got := merchants(t, db)
	if len(got) != 8 {
		t.Errorf("%d kept, want 8: %v", len(got), got)
	}
	for i := 0; i < 40; i += 5 {
		if !got[catalogue.MerchantID(fmt.Sprint("m", i))] {
			t.Errorf("m%d is lost", i)
		}
	}
}

// TestBrokenBatch: when the transaction itself breaks, everybody in it is told, nothing of it is kept, and the writer
// goes on.
func TestBrokenBatch(t *testing.T) {
	t.Parallel()
	db := tempDB(t)
	release := stall(db)
	errs := make(chan error, 2)
	go func() { errs <- db.writer.do(context.Background(), func(t *tx) error { return addMerchant(t, "a") }) }()
	queued(db, 1)
	go func() {
		errs <- db.writer.do(context.Background(), func(t *tx) error {
			_, err := t.exec("ROLLBACK") // what SQLite does by itself when the disk is full
			return err
		})
	}()
	queued(db, 2)
	release()
	for range 2 {
		if err := <-errs; fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%v, want unavailable", err)
		}
	}
	if got := merchants(t, db); len(got) != 0 {
		t.Errorf("kept %v", got)
	}
	if err := db.writer.do(context.Background(), func(t *tx) error { return addMerchant(t, "b") }); err != nil {
		t.Error(err)
	}
	if got := merchants(t, db); !got["b"] {
		t.Errorf("kept %v", got)
	}
}

// TestClose: what is queued is finished, what comes later is refused, and the file alone is the whole database.
func TestClose(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "a b?#%.db") // a name that a URL would bend
	db, err := Open(ctx, Config{Path: path}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	release := stall(db)
	errs := make(chan error, 300)
	for i := range 300 { // more than one batch
		go func() {
			errs <- db.writer.do(ctx, func(t *tx) error { return addMerchant(t, fmt.Sprint("m", i)) })
		}()
	}
	queued(db, 300)
	closed := make(chan error, 1)
	go func() { closed <- db.Close() }()
	<-db.writer.closing
	if err := db.Ping(ctx); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a write while closing: %v", err)
	}
	release()
	for range 300 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if err := db.Ping(ctx); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a write after closing: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	db, err = Open(ctx, Config{Path: path}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if got := merchants(t, db); len(got) != 300 {
		t.Errorf("%d kept of 300", len(got))
	}
}

// BenchmarkWriter is the price of one small operation when 64 goroutines write at once.
func BenchmarkWriter(b *testing.B) {
	db := tempDB(b)
	if err := db.writer.do(context.Background(), func(t *tx) error { return addMerchant(t, "m") }); err != nil {
		b.Fatal(err)
	}
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := db.writer.do(context.Background(), func(t *tx) error {
				_, err := t.exec("UPDATE merchants SET created = created + 1 WHERE id = 'm'")
				return err
			}); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
}
