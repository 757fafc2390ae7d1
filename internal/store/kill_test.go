package store_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"livesrv/internal/order"
)

const childEnv = "LIVESRV_STORE_TEST_CHILD"

func childPath() string { return os.Getenv(childEnv) }

// runChild sells as fast as it can and prints the id of every order that was acknowledged, until it is killed.
func runChild(path string) {
	s, err := newShop(path)
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	ps, err := s.trySell(100_000, 100_000)
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			for i := range 10_000 {
				o, err := s.orders.Place(context.Background(), request(fmt.Sprintf("idempotency-%d-%d", w, i), ps[0].SKUs[0].ID, ps[1].SKUs[0].ID))
				mu.Lock()
				if err != nil {
					fmt.Println("error", err)
				} else {
					fmt.Println(o.ID)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// TestKill kills a process in the middle of selling: every order it acknowledged is there, stock and orders agree, and
// the database is sound.
func TestKill(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "shop.db")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var acknowledged []order.ID
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "error") {
			t.Error(lines.Text())
		}
		if acknowledged = append(acknowledged, order.ID(lines.Text())); len(acknowledged) == 100 {
			if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // killed
	if len(acknowledged) < 100 {
		t.Fatalf("the child ended after %d orders", len(acknowledged))
	}

	s := openShop(t, path)
	ctx := context.Background()
	acknowledged = acknowledged[:100] // the last line after these may have been cut
	for _, id := range acknowledged {
		if _, err := s.orders.Get(ctx, id); err != nil {
			t.Errorf("order %s was acknowledged and is lost: %v", id, err)
		}
	}
	sold, after := 0, order.ID("")
	for {
		page, err := s.orders.List(ctx, order.Filter{Limit: 500, After: after})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, o := range page {
			if len(o.Lines) != 2 {
				t.Errorf("order %s has %d lines", o.ID, len(o.Lines))
			}
		}
		sold, after = sold+len(page), page[len(page)-1].ID
	}
	sh, err := s.shows.Get(ctx, "s")
	if err != nil {
		t.Fatal(err)
	}
	ps, err := s.catalogue.ProductsByID(ctx, sh.Lineup)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range ps {
		if got := p.SKUs[0].Stock + sold; got != 100_000 {
			t.Errorf("%s: stock %d and %d sold are %d, not 100000", p.Title, p.SKUs[0].Stock, sold, got)
		}
	}
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	var verdict string
	if err := raw.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity check: %q, %v", verdict, err)
	}
	t.Logf("%d orders in the database, 100 acknowledgements read", sold)
}
