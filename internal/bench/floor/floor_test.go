package floor

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"livesrv/internal/livetest"
)

func TestMain(m *testing.M) { livetest.Main(m) }

// origin counts what it is asked, and holds what is asked below /held/ until it is told.
type origin struct {
	*httptest.Server
	asked atomic.Int64
	held  chan struct{} // closed to let go
	seen  chan struct{} // a request has come that is held
}

func newOrigin(t *testing.T) *origin {
	t.Helper()
	o := &origin{held: make(chan struct{}), seen: make(chan struct{}, 100)}
	mux := http.NewServeMux()
	mux.HandleFunc("/live/", func(w http.ResponseWriter, r *http.Request) {
		n := o.asked.Add(1)
		w.Header().Set("Content-Type", "video/mp4")
		w.Header().Set("X-Of-The-Server", "not of the floor")
		fmt.Fprintf(w, "%s the %d.", r.RequestURI, n)
	})
	mux.HandleFunc("/zipped/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", r.Header.Get("Accept-Encoding"))
		_, _ = w.Write([]byte{0x1f, 0x8b, 0, 0xff}) // passed on as it is, whole or not
	})
	mux.HandleFunc("/held/", func(w http.ResponseWriter, _ *http.Request) {
		o.asked.Add(1)
		o.seen <- struct{}{}
		<-o.held
		_, _ = w.Write(bytes.Repeat([]byte("part"), 50_000))
	})
	o.Server = httptest.NewServer(mux)
	t.Cleanup(o.Close)
	return o
}

// run serves a floor until the test ends, which it does without an error.
func run(t *testing.T, o *origin) (url string, c *http.Client) {
	t.Helper()
	s, err := New(Config{Origin: o.URL, Address: "127.0.0.1:0", Client: o.Client()})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("ended with %v", err)
		}
	})
	return "http://" + s.Addr().String(), &http.Client{Transport: transport}
}

func get(t *testing.T, c *http.Client, url string) (*http.Response, string) {
	t.Helper()
	res, err := c.Get(url)
	if err != nil {
		t.Error(err)
		return &http.Response{}, ""
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return res, string(b)
}

// TestSameBytes: the status, the bytes and their coding are the origin's, the rest is not.
func TestSameBytes(t *testing.T) {
	o := newOrigin(t)
	url, c := run(t, o)
	for range 2 {
		res, body := get(t, c, url+"/live/a/v.m3u8?_HLS_msn=4&_HLS_part=1")
		if body != "/live/a/v.m3u8?_HLS_msn=4&_HLS_part=1 the 1." || res.Header.Get("Content-Type") != "video/mp4" || res.Header.Get("X-Of-The-Server") != "" {
			t.Errorf("%q %v", body, res.Header)
		}
	}
	if res, body := get(t, c, url+"/zipped/a.m3u8"); body != "\x1f\x8b\x00\xff" || res.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("%q %v", body, res.Header)
	}
	if res, _ := get(t, c, url+"/nowhere"); res.StatusCode != http.StatusNotFound {
		t.Errorf("status %d", res.StatusCode)
	}
	o.Close()
	if res, _ := get(t, c, url+"/live/late.mp4"); res.StatusCode != http.StatusBadGateway {
		t.Errorf("without an origin: status %d", res.StatusCode)
	}
}

// TestManyWait: all who ask for what is not there yet wait for one request to the origin.
func TestManyWait(t *testing.T) {
	o := newOrigin(t)
	url, c := run(t, o)
	var wg sync.WaitGroup
	var whole atomic.Int64
	ask := func() {
		if res, body := get(t, c, url+"/held/part.mp4"); res.StatusCode == http.StatusOK && len(body) == 200_000 {
			whole.Add(1)
		}
	}
	wg.Go(ask)
	<-o.seen
	for range 19 {
		wg.Go(ask)
	}
	// One of them gives up, which is nothing to the others.
	impatient, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(impatient, http.MethodGet, url+"/held/part.mp4", nil)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(100*time.Millisecond, cancel)
	if res, err := c.Do(req); err == nil {
		res.Body.Close()
		t.Error("it did not wait")
	}
	close(o.held)
	wg.Wait()
	if whole.Load() != 20 || o.asked.Load() != 1 {
		t.Errorf("%d of 20 got it, of %d requests to the origin", whole.Load(), o.asked.Load())
	}
}

// TestPlaylistIsRefreshed: an address that does not name a state of the playlist is asked for again after a while.
func TestPlaylistIsRefreshed(t *testing.T) {
	o := newOrigin(t)
	url, c := run(t, o)
	_, first := get(t, c, url+"/live/v.m3u8")
	time.Sleep(fresh + 10*time.Millisecond)
	_, second := get(t, c, url+"/live/v.m3u8")
	if first != "/live/v.m3u8 the 1." || second != "/live/v.m3u8 the 2." {
		t.Errorf("%q, then %q", first, second)
	}
	_, part := get(t, c, url+"/live/p.mp4")
	time.Sleep(fresh + 10*time.Millisecond)
	if _, again := get(t, c, url+"/live/p.mp4"); again != part {
		t.Errorf("a part was asked for again: %q, then %q", part, again)
	}
}

// TestKept: what is remembered is bounded.
func TestKept(t *testing.T) {
	o := newOrigin(t)
	s, err := New(Config{Origin: o.URL, Client: o.Client()})
	if err != nil {
		t.Fatal(err)
	}
	for i := range kept {
		s.order = append(s.order, fmt.Sprint(i))
		s.all[fmt.Sprint(i)] = &entry{}
	}
	for range 2 {
		<-s.find("/live/new.m3u8", true).done
		time.Sleep(fresh + 10*time.Millisecond) // the second does not count twice
	}
	if len(s.all) != kept || len(s.order) != kept || s.all["0"] != nil || s.all["1"] == nil {
		t.Errorf("%d kept, %d in order", len(s.all), len(s.order))
	}
}

func TestNew(t *testing.T) {
	for _, cfg := range []Config{{}, {Origin: "http://127.0.0.1"}, {Origin: "127.0.0.1", Client: http.DefaultClient}} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%+v was taken", cfg)
		}
	}
	s, err := New(Config{Origin: "http://127.0.0.1", Client: http.DefaultClient, Address: "256.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(); err == nil {
		t.Error("listens at an address that there is not")
	}
}
