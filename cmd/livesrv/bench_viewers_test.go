package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"livesrv/internal/bench/publisher"
	"livesrv/internal/bench/viewer"
)

// pushTo makes a show and pushes a stream to it until the test ends. It gives the show's multivariant playlist, once
// that is there.
func (s *server) pushTo(t *testing.T, slug string) string {
	t.Helper()
	keys, err := benchShows(t.Context(), s.App, 1)
	if err != nil {
		t.Fatal(err)
	}
	cfg := publisher.DefaultConfig()
	cfg.Streams = []publisher.Target{{URL: s.Addrs().RTMP, Key: keys[0]}}
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

// TestBenchViewers: it watches the show of a server that is there, and says what that cost.
func TestBenchViewers(t *testing.T) {
	s := startServer(t)
	url := s.pushTo(t, benchSlug(0))
	r := decode[viewersReport](t, command(t, "", nil, "bench", "viewers", url, "--viewers", "3", "--ramp", "100ms", "--for", "1s", "--json").fine(t))
	if len(r.Results) != 1 || r.At.IsZero() {
		t.Fatalf("%+v", r)
	}
	wantViewers(t, r.Results[0], "livesrv", viewer.HTTP1)
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
	if r.Protocol != protocol || r.Viewers != 3 || r.Watching != 3 || r.Parts == 0 || r.Playlists == 0 || len(r.Errors) != 0 || r.Seconds < 1 || r.Delay.Count == 0 || r.Age.Count == 0 {
		t.Errorf("%s: %+v", server, *r.Report)
	}
}

func TestPrintViewers(t *testing.T) {
	report := viewer.Report{Protocol: viewer.HTTP2, Viewers: 10, Watching: 9, PartTarget: 500, Delay: viewer.Times{Median: 1, P90: 2, P99: 3, Max: 4, Count: 5},
		Errors: map[string]uint64{"timeout": 2}}
	results := []viewersResult{
		{Server: "livesrv", Report: &report, Cost: &serverCost{Cores: 0.5, ViewerMillis: 3, RSS: 64 << 20}},
		{Server: "floor", Report: &report, Cost: &serverCost{Cores: 0.2, ViewerMillis: 2}},
	}
	var both, one strings.Builder
	if err := printViewers(&both, results); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"livesrv", "floor", "9 of 10", "1.0 2.0 3.0 4.0 ms", "timeout: 2", "64 MiB", "livesrv costs 1.50 times the floor."} {
		if !strings.Contains(both.String(), want) {
			t.Errorf("%q is missing:\n%s", want, both.String())
		}
	}
	results[0].Cost = nil
	if err := printViewers(&one, results[:1]); err != nil {
		t.Fatal(err)
	}
	if text := one.String(); strings.Contains(text, "floor") || strings.Count(text, "not known") != 4 { // the age and what it cost
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
		{[]string{here, here}, "bench viewers"},
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
	command(t, "", nil, "bench", "viewers", here, "--viewers", "1", "--ramp", "1ms", "--for", "1s").fails(t, exitFailed, "no viewer got to see anything")
}

// TestBenchViewersProcess: without a URL the real program makes a server, a stream and a floor, measures both, and
// leaves neither processes nor files.
func TestBenchViewersProcess(t *testing.T) {
	name, dir := binary(t), t.TempDir()
	run := exec.Command(name, "bench", "viewers", "--viewers", "3", "--for", "1s", "--ramp", "100ms", "--part", "200ms", "--json")
	run.Dir, run.Env = dir, append(os.Environ(), "TMPDIR="+dir)
	var out, errs strings.Builder
	// The children have the same error output, and Run waits until the last of them has closed it.
	run.Stdout, run.Stderr, run.WaitDelay = &out, &errs, 2*childStop
	if err := run.Run(); err != nil {
		t.Fatalf("ended with %v\n%s%s", err, out.String(), errs.String())
	}
	var r viewersReport
	if err := json.Unmarshal([]byte(out.String()), &r); err != nil || len(r.Results) != 2 {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for i, server := range []string{"livesrv", "floor"} {
		wantViewers(t, r.Results[i], server, viewer.HTTP1)
		if c := r.Results[i].Cost; c == nil || c.RSS == 0 || r.Results[i].PartTarget < 200 || r.Results[i].PartTarget > 250 {
			t.Errorf("%s: cost %+v, part target %v", server, c, r.Results[i].PartTarget)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
