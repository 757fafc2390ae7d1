package rtmp

import (
	"log/slog"
	"net"
	"slices"
	"testing"

	"livesrv/ingest"
	"livesrv/internal/livetest"
	"livesrv/internal/livetest/door"
)

func TestMain(m *testing.M) {
	livetest.AtOnce(8)
	livetest.Main(m)
}

type kit struct {
	*door.Kit
	t   testing.TB
	srv *Server
}

type setting func(*ingest.Config, *Config)

// start runs a server on a free port until the test ends.
func start(t testing.TB, settings ...setting) *kit {
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

func (k *kit) url(path string) string { return "rtmp://" + k.srv.Addr().String() + path }

// ffmpeg starts a push and returns what ends it (SIGKILL) and what waits for its end.
func (k *kit) ffmpeg(url string, args ...string) (kill func(), wait func() (string, error)) {
	k.t.Helper()
	return livetest.FFmpeg(k.t, slices.Concat(args, []string{"-f", "flv", url})...)
}

func (k *kit) dial() net.Conn {
	k.t.Helper()
	nc, err := net.Dial("tcp", k.srv.Addr().String())
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { nc.Close() })
	return nc
}

func newest(c *ingest.Config, _ *Config) { c.Takeover = ingest.Newest }

func testLog() *slog.Logger { return slog.New(slog.DiscardHandler) }
