//go:build !race

package hls

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestBlockedRequestsAllocateLittle: a thousand players that wait for one part are answered with
// at most two allocations each, those of the runtime's own waiting and the rendering of that part and its playlist included. (The race detector drops what is in pools at random.)
func TestBlockedRequestsAllocateLittle(t *testing.T) {
	const viewers = 1000
	for name, path := range map[string]string{"playlist": "media.m3u8?_HLS_msn=%d&_HLS_part=%d", "part": "%d.%d.m4s"} {
		synctest.Test(t, func(t *testing.T) {
			a, end := goOnAir(t, DefaultConfig(), withPicture)
			defer end()
			time.Sleep(10 * time.Second)
			synctest.Wait()
			round := func() (mallocs uint64) {
				msn, part, _ := a.edge(t)
				target := "/live/demo/v0/" + fmt.Sprintf(path, msn, part)
				var wg sync.WaitGroup
				start := make(chan struct{})
				for range viewers {
					w, r := &sink{h: http.Header{"Touched": nil}}, httptest.NewRequest("GET", target, nil)
					clear(w.h) // net/http's map has its first eight places, too
					r.Header.Set("Accept-Encoding", "gzip")
					wg.Go(func() {
						<-start
						a.ServeHTTP(w, r)
					})
				}
				synctest.Wait()
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				close(start)
				synctest.Wait()
				if n := a.Stats().Holds; n != viewers {
					t.Fatalf("%s: %d requests wait, want %d", name, n, viewers)
				}
				wg.Wait()
				runtime.ReadMemStats(&after)
				return after.Mallocs - before.Mallocs
			}
			round() // fills the pools
			// A garbage collection empties the pools; one round in a few has none.
			least := min(round(), round(), round())
			if n := float64(least) / viewers; n > 2 {
				t.Errorf("%s: %.2f allocations for each blocked request, want at most 2", name, n)
			}
		})
	}
}
