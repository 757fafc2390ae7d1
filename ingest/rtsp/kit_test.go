package rtsp

import (
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

// start runs a server on a free port until the test ends.
func start(t testing.TB, settings ...func(*ingest.Config, *Config)) *kit {
	t.Helper()
	icfg, cfg := ingest.DefaultConfig(), DefaultConfig()
	cfg.Address, cfg.UDPAddress = "127.0.0.1:0", "127.0.0.1:0"
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

func (k *kit) url(path string) string { return "rtsp://" + k.srv.Addr().String() + path }

// ffmpeg starts a push and returns what ends it (SIGKILL) and what waits for its end.
func (k *kit) ffmpeg(transport, path string, args ...string) (kill func(), wait func() (string, error)) {
	k.t.Helper()
	return k.ffmpegTo(transport, k.url(path), args...)
}

// ffmpegTo pushes to another address than the server's.
func (k *kit) ffmpegTo(transport, address string, args ...string) (kill func(), wait func() (string, error)) {
	k.t.Helper()
	return livetest.FFmpeg(k.t, slices.Concat(args, []string{"-f", "rtsp", "-rtsp_transport", transport, address})...)
}

// unkicked fails the test where a publisher is to be ended.
func unkicked(t *testing.T) func(error) {
	return func(err error) { t.Errorf("ended: %v", err) }
}
