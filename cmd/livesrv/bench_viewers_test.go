package main

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"livesrv/internal/bench/publisher"
	"livesrv/internal/bench/viewer"
)

// TestBench: the benches against one server.
func TestBench(t *testing.T) {
	s := startServer(t)
	t.Run("publishers", func(t *testing.T) { testPublishers(t, s) })
	playlist := s.pushTo(t, benchSlug(0))
	t.Run("viewers", func(t *testing.T) { testViewers(t, playlist) })
	t.Run("merchant", func(t *testing.T) { testMerchant(t, s, strings.Replace(playlist, "index.m3u8", "v0/media.m3u8", 1)) })
}

// pushTo pushes a stream to a show, which it makes where it is missing, until the test ends. It gives the show's
// multivariant playlist, once that is there.
func (s *server) pushTo(t *testing.T, slug string) string {
	t.Helper()
	key, err := s.api(t).benchKey(t.Context(), slug)
	if err != nil {
		t.Fatal(err)
	}
	cfg := publisher.DefaultConfig()
	cfg.Streams = []publisher.Target{{URL: s.Addrs().RTMP, Key: key}}
	cfg.VideoBits, cfg.Ramp, cfg.Duration = 400_000, 0, 0
	p, err := publisher.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the stream ended with: %v", err)
		}
	})
	deadline := time.Now().Add(time.Minute)
	for path := "/live/" + slug + "/index.m3u8"; ; time.Sleep(50 * time.Millisecond) {
		if s.ask(t, http.MethodGet, path, nil, "", nil) == http.StatusOK {
			return s.url + path
		}
		if time.Now().After(deadline) {
			t.Fatalf("there is no playlist: %v", p.FirstProblem())
		}
	}
}

// api is a client of the server until the test ends.
func (s *server) api(t *testing.T) *client {
	t.Helper()
	c, err := (&remote{server: s.url, token: s.token}).dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.http.CloseIdleConnections)
	return c
}

// testViewers: it watches the show of a server that is there, and says what that cost.
func testViewers(t *testing.T, url string) {
	r := decode[viewersReport](t, command(t, "", nil, "bench", "viewers", url, "--viewers", "3", "--ramp", "100ms", "--settle", "500ms", "--for", "1s", "--json").fine(t))
	if len(r.Results) != 1 || r.At.IsZero() || r.Setup != nil {
		t.Fatalf("%+v", r)
	}
	wantViewers(t, r.Results[0], "server", viewer.HTTP1)
	if c := r.Results[0].Cost; c == nil || c.RSS < 10<<20 || c.Cores <= 0 { // who listens on the port is this process
		t.Errorf("cost %+v", c)
	}
}

// wantViewers wants that three viewers have watched.
func wantViewers(t *testing.T, r viewersResult, server, protocol string) {
	t.Helper()
	if r.Server != server || r.Report == nil {
		t.Fatalf("%s, want %s: %+v", r.Server, server, r)
	}
	if r.PlaylistBytes < 100 || r.MachineBusy <= 0 || r.MachineBusy > 1 {
		t.Errorf("%s: playlists of %.0f bytes, the machine %.2f at work", server, r.PlaylistBytes, r.MachineBusy)
	}
	if r.Protocol != protocol || r.Viewers != 3 || r.Watching != 3 || r.Parts == 0 || r.Playlists == 0 || len(r.Errors) != 0 || r.Seconds < 1 || r.Delay.Count == 0 || r.Age.Count == 0 {
		t.Errorf("%s: %+v", server, *r.Report)
	}
}

func TestPrintViewers(t *testing.T) {
	report := viewer.Report{Protocol: viewer.HTTP2, Streams: 2, Viewers: 10, Watching: 9, PartTarget: 500, Delay: viewer.Times{Median: 1, P90: 2, P99: 3, Max: 4, Count: 5},
		Errors: map[string]uint64{"timeout": 2}}
	r := viewersReport{Setup: &viewersSetup{Part: 200 * time.Millisecond, Window: time.Minute, Bitrate: 2_500_000, Shows: 1, Pins: 5, Filled: true}, Results: []viewersResult{
		{Server: "livesrv", Report: &report, Cost: &serverCost{Cores: 0.5, ViewerMillis: 3, RSS: 64 << 20, WindowBytes: 40 << 20}, MachineStolen: 0.07},
		{Server: "floor", Report: &report, Cost: &serverCost{Cores: 0.2, ViewerMillis: 2}},
	}}
	var both, one strings.Builder
	if err := printViewers(&both, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"streams: 1 of 2.50 Mbit/s; parts of 200ms; window 1m0s, full; 5 pins", "livesrv", "floor", "9 of 10", "1.0 2.0 3.0 4.0 ms",
		"timeout: 2", "64 MiB", "32.00 MiB, 20.00 of them its window", "7 % stolen", "livesrv costs 1.50 times the floor."} {
		if !strings.Contains(both.String(), want) {
			t.Errorf("%q is missing:\n%s", want, both.String())
		}
	}
	r.Results, r.Setup = r.Results[:1], nil
	r.Results[0].Cost = nil
	if err := printViewers(&one, r); err != nil {
		t.Fatal(err)
	}
	if text := one.String(); strings.Contains(text, "floor") || strings.Contains(text, "window") || strings.Count(text, "not known") != 4 { // the age and what it cost
		t.Errorf("%s", text)
	}
}

func TestBenchViewersUsage(t *testing.T) {
	const here = "http://127.0.0.1:1/live/a/index.m3u8"
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"https://live.example/live/a/index.m3u8"}, "--i-own-the-target"},
		{[]string{"http://192.0.2.1:8080/live/a/index.m3u8"}, "192.0.2.1 is not this machine"},
		{[]string{"/live/a/index.m3u8"}, "no host"},
		{[]string{"http://%zz/"}, "no address"},
		{[]string{"rtmp://127.0.0.1/live"}, "not the address of a multivariant playlist"},
		{[]string{here, "--viewers", "0"}, "0 viewers are out of range"},
		{[]string{here, "--protocol", "h3"}, "no protocol"},
		{[]string{here, "--protocol", "h2"}, "over TLS"},
		{[]string{here, "--for", "10ms"}, "no time to measure in"},
		{[]string{here, "http://127.0.0.1:2/live/a/index.m3u8"}, "not on one server"},
		{[]string{here, "http://192.0.2.1/live/a/index.m3u8"}, "192.0.2.1 is not this machine"},
		{[]string{here, "--pins", "1"}, "for the server that the bench makes itself"},
		{[]string{here, "--settle", "-1s"}, "no time to measure in"},
		{[]string{"--shows", "0"}, "0 shows are out of range"},
		{[]string{"--pins", "501"}, "501 pins are out of range"},
		{[]string{"--window", "0s"}, "no window"},
		{[]string{here, "--part", "200ms"}, "for the server that the bench makes itself"},
		{[]string{here, "--floor=false"}, "for the server that the bench makes itself"},
		{[]string{"--ca", "self-signed.crt"}, "named by its URL"},
		{[]string{"--server-pid", "1"}, "named by its URL"},
		{[]string{"--i-own-the-target"}, "named by its URL"},
		// Of these no server is started.
		{[]string{"--viewers", "-1"}, "-1 viewers are out of range"},
		{[]string{"--viewers", "many"}, "viewers"},
		{[]string{"--protocol", "h2", "--for", "0s"}, "no time to measure in"},
		{[]string{"--protocol", "h3"}, "no protocol"},
	} {
		command(t, "", nil, append([]string{"bench", "viewers"}, c.args...)...).fails(t, exitUsage, c.want)
	}
	command(t, "", nil, "bench", "viewers", here, "--ca", writeFile(t, "ca.pem", "no certificate")).fails(t, exitFailed, "holds no certificate")
	command(t, "", nil, "bench", "viewers", here, "--viewers", "1", "--ramp", "1ms", "--settle", "100ms", "--for", "1s").fails(t, exitFailed, "no viewer got to see anything")
}

// testMerchant: as many pins as asked for are in the playlist, of which no more stand than a server allows.
func testMerchant(t *testing.T, s *server, playlist string) {
	m, err := newMerchant(t.Context(), s.api(t), []string{benchSlug(0)}, 5, 200*time.Millisecond)
	if err != nil || m.every != 100*time.Millisecond {
		t.Fatalf("%v, one every %v", err, m.every)
	}
	if err := m.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	ranges := func() (all, ended int) {
		text := fetch(t, playlist)
		return strings.Count(text, "#EXT-X-DATERANGE"), strings.Count(text, "END-DATE")
	}
	if all, ended := ranges(); all != 3 || ended != 0 {
		t.Errorf("%d pins, %d have ended", all, ended)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.run(ctx) }()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if all, ended := ranges(); all >= 6 && ended == all-3 { // between the one that goes and the one that comes two stand
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no pins follow")
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// benchProcess runs 'bench viewers' as a process of its own, and wants that it leaves neither processes nor files.
func benchProcess(t *testing.T, name string, args ...string) viewersReport {
	t.Helper()
	dir := t.TempDir()
	run := exec.Command(name, append([]string{"bench", "viewers", "--json"}, args...)...)
	run.Dir, run.Env = dir, append(os.Environ(), "TMPDIR="+dir)
	var out, errs strings.Builder
	// The children have the same error output, and Run waits until the last of them has closed it.
	run.Stdout, run.Stderr, run.WaitDelay = &out, &errs, 2*childStop
	if err := run.Run(); err != nil {
		t.Fatalf("ended with %v\n%s%s", err, out.String(), errs.String())
	}
	r := decode[viewersReport](t, out.String())
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	return r
}

// TestBenchViewersProcess: without a URL the real program makes a server, streams, pins and a floor, and measures both.
func TestBenchViewersProcess(t *testing.T) {
	t.Parallel() // it waits most of the time
	name := binary(t)
	t.Run("floor", func(t *testing.T) {
		t.Parallel()
		r := benchProcess(t, name, "--viewers", "3", "--for", "1s", "--ramp", "100ms", "--settle", "500ms", "--part", "200ms",
			"--window", "30s", "--shows", "2", "--pins", "3", "--floor")
		if want := (viewersSetup{Part: 200 * time.Millisecond, Window: 30 * time.Second, Bitrate: 2_500_000, Shows: 2, Pins: 3}); r.Setup == nil || *r.Setup != want {
			t.Errorf("setup %+v, want %+v", r.Setup, want)
		}
		if len(r.Results) != 2 {
			t.Fatalf("%+v", r)
		}
		// Two streams of more than a second each.
		if c := r.Results[0].Cost; r.Results[0].Streams != 2 || c == nil || c.WindowBytes < 600_000 || c.RSS < c.WindowBytes {
			t.Errorf("%d streams, cost %+v", r.Results[0].Streams, c)
		}
		for i, server := range []string{"livesrv", "floor"} {
			wantViewers(t, r.Results[i], server, viewer.HTTP1)
			if c := r.Results[i].Cost; c == nil || c.RSS == 0 || r.Results[i].PartTarget < 200 || r.Results[i].PartTarget > 250 {
				t.Errorf("%s: cost %+v, part target %v", server, c, r.Results[i].PartTarget)
			}
		}
	})
	// What is kept of a stream is its window, and little else, also where somebody watches each.
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		if runtime.GOOS != "linux" {
			t.Skip("what a process uses can be read on Linux alone")
		}
		const streams = 100
		r := benchProcess(t, name, "--shows", number(streams), "--viewers", number(streams), "--bitrate", "1500000", "--window", "12s", "--fill",
			"--settle", "4s", "--ramp", "1s", "--for", "1s")
		if len(r.Results) != 1 || r.Results[0].Cost == nil {
			t.Fatalf("%+v", r)
		}
		got := r.Results[0]
		each, window := float64(got.Cost.RSS)/streams, float64(got.Cost.WindowBytes)/streams
		t.Logf("%.2f MiB a stream, %.2f of them its window", each/(1<<20), window/(1<<20))
		// The window itself is held against what was sent, so that the bound is not one on nothing.
		if got.Watching != streams || window < 12*1_500_000/8 || window > 30*1_500_000/8 || each > withShadow*(1.3*window+1<<20) {
			t.Errorf("%d watch; %.2f MiB a stream where its window is %.2f", got.Watching, each/(1<<20), window/(1<<20))
		}
	})
}
