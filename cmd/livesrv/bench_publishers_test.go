package main

import (
	"strings"
	"testing"
	"time"
)

// testPublishers: it makes the shows it needs and uses them again, pushes, and says what that cost the server.
func testPublishers(t *testing.T, s *server) {
	args := []string{"bench", "publishers", "--url", s.Addrs().RTMP, "--shows", "3", "--ramp", "300ms", "--for", "1700ms", "--bitrate", "400000"}
	r := decode[publishersResult](t, s.run(t, "", append(args, "--json")...).fine(t))
	if r.Connected != 3 || r.Streams != 3 || r.Open != 0 || len(r.Ended) != 0 || r.Problem != "" || r.Pictures < 100 || r.Frames < 150 {
		t.Errorf("%+v", r)
	}
	// Server and tool are one process here, which listens on the port.
	if r.Seconds < 0.5 || r.BytesPerSecond < 100_000 || r.Server == nil || r.Self == nil || r.Server.PID != r.Self.PID || r.Server.MaxRSS < 10<<20 {
		t.Errorf("%+v, server %+v", r, r.Server)
	}
	s.nobodyPublishes(t)
	text := s.run(t, "", append(args, "--sound", "0")...).fine(t)
	if !strings.Contains(text, "3 of 3") || !strings.Contains(text, "cores") {
		t.Errorf("%s", text)
	}
	if shows := s.run(t, "", "show", "list").fine(t); strings.Count(shows, "bench-") != 3 {
		t.Errorf("not three shows:\n%s", shows)
	}
	s.nobodyPublishes(t)
	s.run(t, "", "show", "end", "bench-2").fine(t)
	s.run(t, "", args...).fails(t, exitFailed, "bench-2 has ended")

	some := decode[publishersResult](t, s.run(t, "", "bench", "publishers", "--url", s.Addrs().RTMP, "--key", "no-such-key", "--shows", "1",
		"--ramp", "0", "--for", "1s", "--json").fine(t))
	if some.Connected != 1 || some.Ended["refused"] != 1 || !strings.Contains(some.Problem, "refused") {
		t.Errorf("%+v", some)
	}
	s.run(t, "", "bench", "publishers", "--url", s.Addrs().RTMP, "--key", "no-such-key", "--ramp", "0", "--for", "1s").fails(t, exitFailed, "refused")
}

// nobodyPublishes waits until the server has noticed that the last publisher has gone: until then its key is in use.
func (s *server) nobodyPublishes(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if metrics := scrape(t, s); strings.Contains(metrics, "livesrv_ingest_sessions_total") && !strings.Contains(metrics, "livesrv_ingest_sessions{") ||
			strings.Contains(metrics, "livesrv_ingest_sessions{protocol=\"rtmp\"} 0\n") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("somebody still publishes")
		}
	}
}

func TestBenchPublishersUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--url", "rtmp://live.example/live", "--key", "k"}, "--i-own-the-target"},
		{[]string{"--server", "http://live.example", "--shows", "1"}, "--i-own-the-target"},
		{nil, "there is no stream key"},
		{[]string{"--url", "http://127.0.0.1/live", "--key", "k"}, "no address for RTMP"},
		{[]string{"--key", "k", "--fps", "0"}, "out of range"},
		{[]string{"--key", "k", "--for", "0s"}, "--for"},
	} {
		command(t, "", nil, append([]string{"bench", "publishers"}, c.args...)...).fails(t, exitUsage, c.want)
	}
	keys := writeFile(t, "keys", "a\n\n b \n")
	p := publishers{con: console{}, keys: []string{"c"}, keysFrom: keys}
	if got, err := p.allKeys(t.Context()); err != nil || strings.Join(got, ",") != "c,a,b" {
		t.Errorf("%q, %v", got, err)
	}
}
