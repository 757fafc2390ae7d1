package h2

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// TestOrder: media first, and among its like who came first; one turn in restEvery is for the rest.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := NewTurns(1)
		turns.take(t.Context(), true)
		var mu sync.Mutex
		var got []string
		wait := func(name string, media bool) {
			go func() {
				turns.take(t.Context(), media)
				mu.Lock()
				got = append(got, name)
				mu.Unlock()
			}()
			synctest.Wait()
		}
		var want []string
		for i := range 3 {
			wait(fmt.Sprint("playlist ", i), false)
		}
		for i := range restEvery {
			name := fmt.Sprint("part ", i)
			wait(name, true)
			want = append(want, name)
		}
		want = slices.Insert(append(want, "playlist 1", "playlist 2"), restEvery-1, "playlist 0")
		for range want {
			turns.give()
			synctest.Wait()
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		if turns.free != 0 {
			t.Errorf("%d are free while the last has its turn", turns.free)
		}
		if turns.give(); turns.free != 1 {
			t.Errorf("%d are free, want 1", turns.free)
		}
	})
}

// TestLeaves: whoever leaves while waiting takes no turn, not even one that comes in that moment.
func TestLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 100 {
			turns := NewTurns(1)
			turns.take(t.Context(), true)
			ctx, leave := context.WithCancel(t.Context())
			for _, media := range []bool{true, false} {
				go func() {
					if turns.take(ctx, media) {
						turns.give()
					}
				}()
			}
			synctest.Wait()
			go turns.give()
			leave()
			synctest.Wait()
			if turns.free != 1 || len(turns.media)+len(turns.rest) > 0 {
				t.Fatalf("%d are free, want 1; %d wait", turns.free, len(turns.media)+len(turns.rest))
			}
		}
	})
}

// TestNoTurnIsLost: after a crowd on few turns all of them are free, and everybody had the whole.
func TestNoTurnIsLost(t *testing.T) {
	turns := NewTurns(2)
	c, url, _ := serveInTurn(t, sized, true, turns)
	var wg sync.WaitGroup
	for range 16 {
		own := &http.Transport{TLSClientConfig: c.Transport.(*http.Transport).TLSClientConfig.Clone(), ForceAttemptHTTP2: true}
		t.Cleanup(own.CloseIdleConnections)
		for range 2 { // at a time, on each connection
			wg.Go(func() {
				for i := range 10 {
					n := i * 9_000
					if got := fetch(t, &http.Client{Transport: own}, fmt.Sprintf("%s/%d", url, n)); !bytes.Equal(got, pattern(n)) {
						t.Errorf("%d bytes came as %d, or as others", n, len(got))
					}
				}
			})
		}
	}
	wg.Wait()
	for range 2 { // one may still be on its way back
		if !turns.take(t.Context(), true) {
			t.Fatal("a turn is lost")
		}
	}
}

// TestSlowViewersHoldNobodyUp: with one turn for all, an answer that its viewer does not take, and another on the same
// stuck connection, do not keep others waiting.
func TestSlowViewersHoldNobodyUp(t *testing.T) {
	asked := make(chan struct{}, 2)
	endless := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/endless" {
			sized(w, r)
			return
		}
		asked <- struct{}{}
		for {
			if _, err := w.Write(make([]byte, 100_000)); err != nil {
				return
			}
		}
	})
	c, address, _ := serveInTurn(t, endless, true, NewTurns(1))
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	conf := c.Transport.(*http.Transport).TLSClientConfig.Clone()
	conf.NextProtos = []string{http2.NextProtoTLS}
	slow, err := tls.Dial("tcp", u.Host, conf)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	if _, err := io.WriteString(slow, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	fr := http2.NewFramer(slow, nil)
	const most = 1<<31 - 1
	if err := fr.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: most}); err != nil {
		t.Fatal(err)
	}
	if err := fr.WriteWindowUpdate(0, most-65535); err != nil {
		t.Fatal(err)
	}
	var head bytes.Buffer
	enc := hpack.NewEncoder(&head)
	for id := uint32(1); id <= 3; id += 2 {
		head.Reset()
		for _, f := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", u.Host}, {":path", "/endless"}} {
			if err := enc.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}); err != nil {
				t.Fatal(err)
			}
		}
		if err := fr.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: head.Bytes(), EndStream: true, EndHeaders: true}); err != nil {
			t.Fatal(err)
		}
		<-asked
		for range 10 {
			if got := fetch(t, c, address+"/62000"); len(got) != 62_000 {
				t.Fatalf("%d bytes", len(got))
			}
		}
	}
}
