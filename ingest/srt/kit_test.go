package srt

import (
	"slices"
	"testing"
	"time"

	gosrt "github.com/datarhei/gosrt"
	"go.uber.org/goleak"

	"livesrv/ingest"
	"livesrv/internal/livetest"
	"livesrv/internal/livetest/door"
)

func TestMain(m *testing.M) {
	livetest.AtOnce(8)
	// The library's caller, which only tests use, leaves goroutines behind when it is refused or hung up on.
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/datarhei/gosrt.Dial.func1"), goleak.IgnoreAnyFunction("github.com/datarhei/gosrt.Dial.func3"))
}

type kit struct {
	*door.Kit
	t   testing.TB
	srv *Server
}

// start runs a server on a free port until the test ends.
func start(t testing.TB, settings ...func(*ingest.Config, *Config)) *kit {
	t.Helper()
	icfg, cfg := ingest.DefaultConfig(), DefaultConfig()
	cfg.Address = "127.0.0.1:0"
	for _, set := range settings {
		set(&icfg, &cfg)
	}
	k := &kit{Kit: door.New(t, icfg), t: t}
	var err error
	if k.srv, err = New(cfg, k.Door, k.Log); err != nil {
		t.Fatal(err)
	}
	k.Serve(k.srv)
	return k
}

func (k *kit) url(query string) string { return "srt://" + k.srv.Addr().String() + "?" + query }

// ffmpeg starts a push and returns what ends it (SIGKILL) and what waits for its end.
func (k *kit) ffmpeg(url string, args ...string) (kill func(), wait func() (string, error)) {
	k.t.Helper()
	return livetest.FFmpeg(k.t, slices.Concat(args, []string{"-f", "mpegts", url})...)
}

// dial connects as gosrt's caller.
func (k *kit) dial(id string, set func(*gosrt.Config)) (gosrt.Conn, error) {
	k.t.Helper()
	c := gosrt.DefaultConfig()
	c.StreamId, c.ConnectionTimeout = id, 30*time.Second
	if set != nil {
		set(&c)
	}
	sc, err := gosrt.Dial("srt", k.srv.Addr().String(), c)
	if err == nil {
		k.t.Cleanup(func() { sc.Close() })
	}
	return sc, err
}
