package viewer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"livesrv/internal/fault"
	"livesrv/internal/livetest"
)

func TestMain(m *testing.M) { livetest.Main(m) }

// TestClock: what comes before the playhead gets there is no stall, what comes after it is one of that length.
func TestClock(t *testing.T) {
	const part = 500 * time.Millisecond
	zero := time.Unix(1_000_000, 0)
	at := func(ms int) time.Time { return zero.Add(time.Duration(ms) * time.Millisecond) }
	c := clock{n: 1}
	c.play(0, at(0)) // nothing is there to play
	for _, ms := range []int{0, 10, 20} {
		if stood, _ := c.add(0, at(ms), part); stood != 0 {
			t.Errorf("stood %v before it played", stood)
		}
	}
	c.play(0, at(100)) // 1.5 s are there: to 1600
	c.play(0, at(900)) // of no effect
	for _, s := range []struct{ at, stood, end int }{
		{600, 0, 2100},
		{2100, 0, 2600}, // at the last moment
		{2800, 200, 3300},
		{2900, 0, 3800},
		{4800, 1000, 5300},
	} {
		stood, anew := c.add(0, at(s.at), part)
		if end := c.began.Add(c.have[0]); stood != time.Duration(s.stood)*time.Millisecond || anew != (s.stood > 0) || !end.Equal(at(s.end)) {
			t.Errorf("at %d: stood %v, plays to %v", s.at, stood, end.Sub(zero))
		}
	}
}

// TestClockOfTwo: the playhead waits for picture and sound, and where both are late that is one stall.
func TestClockOfTwo(t *testing.T) {
	const part = 500 * time.Millisecond
	zero := time.Unix(1_000_000, 0)
	c := clock{n: 2}
	c.add(0, zero, part)
	c.play(0, zero)
	if c.playing {
		t.Error("it plays without sound")
	}
	c.add(1, zero, part)
	c.play(1, zero)
	if !c.playing {
		t.Error("it does not play")
	}
	for _, s := range []struct {
		of, at, stood int
		anew          bool
	}{
		{0, 400, 0, false}, {1, 600, 100, true}, // the sound is late
		{1, 700, 0, false}, {0, 1200, 100, true}, // the picture is
		{0, 1900, 200, true}, {1, 2000, 100, false}, // both are, and the sound more
		{1, 2100, 0, false}, {0, 2300, 0, false},
		{0, 2850, 0, false}, {1, 3100, 100, true},
	} {
		stood, anew := c.add(s.of, zero.Add(time.Duration(s.at)*time.Millisecond), part)
		if stood != time.Duration(s.stood)*time.Millisecond || anew != s.anew {
			t.Errorf("%d at %d: stood %v, anew %t", s.of, s.at, stood, anew)
		}
	}
}

// TestDelay: delays are from the earliest arrival, whoever is the first to say when theirs was; ages from the stamp.
func TestDelay(t *testing.T) {
	zero := time.Unix(1_000_000, 0)
	ms := func(n int) time.Time { return zero.Add(time.Duration(n) * time.Millisecond) }
	tl := newTally(func(part []byte) (time.Time, bool) { return ms(int(part[0])), true })
	part := ask{kind: askPart, target: "/p", hinted: true}

	tl.part(ask{kind: askPart, target: "/before", hinted: true}, answer{at: ms(0)}) // not measured yet
	tl.measuring.Store(true)
	p, _ := begin(tl, &url.URL{}, false)
	if listed := (ask{kind: askPart, target: "/p"}); p.wantsBody(listed) {
		t.Error("a part that was not waited for is looked at, and then nobody looks at it whose time counts")
	}
	if !p.wantsBody(part) || p.wantsBody(part) {
		t.Error("a part is looked at once")
	}
	for _, a := range []struct {
		at   int
		body []byte
	}{{130, nil}, {120, []byte{20}}, {150, nil}, {110, nil}} {
		tl.part(part, answer{at: ms(a.at), body: a.body})
	}
	tl.part(ask{kind: askPart, target: "/p"}, answer{at: ms(500)}) // was not waited for
	r := tl.report(Config{URLs: []string{"/"}, Viewers: 4}, time.Second)
	wantTimes(t, "delay", r.Delay, Times{10, 40, 40, 40, 4})
	wantTimes(t, "age", r.Age, Times{100, 130, 130, 130, 4})
}

// wantTimes wants percentiles to a thousandth.
func wantTimes(t *testing.T, what string, got, want Times) {
	t.Helper()
	near := func(got, want float64) bool { return got <= want && got >= want*0.999 }
	if !near(got.Median, want.Median) || !near(got.P90, want.P90) || !near(got.P99, want.P99) || got.Max != want.Max || got.Count != want.Count {
		t.Errorf("%s: %+v, want %+v", what, got, want)
	}
}

// TestArrivalsAreBounded: parts that nobody can wait for any more are counted and forgotten, with the same figures.
func TestArrivalsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tl := newTally(func([]byte) (time.Time, bool) { return time.Now().Add(-50 * time.Millisecond), true })
		tl.measuring.Store(true)
		most, missed := 0, 0
		for i := range 5 * 3600 { // an hour of parts
			part := ask{kind: askPart, target: "/" + strconv.Itoa(i), hinted: true}
			tl.wantsStamp(part.target)
			if i%100 == 0 { // a hint that does not come true
				missed++
				time.Sleep(200 * time.Millisecond)
				continue
			}
			for v := range 3 {
				a := answer{at: time.Now().Add(time.Duration(v) * 10 * time.Millisecond)}
				if v == 0 {
					a.body = []byte{0}
				}
				tl.part(part, a)
			}
			most = max(most, len(tl.parts.parts))
			time.Sleep(200 * time.Millisecond)
		}
		if limit := int(2*quiet/(200*time.Millisecond)) + 2; most > limit || len(tl.parts.order) != len(tl.parts.parts) {
			t.Errorf("up to %d parts are remembered, %d in order, want %d", most, len(tl.parts.order), limit)
		}
		r := tl.report(Config{URLs: []string{"/"}, Viewers: 3}, time.Hour)
		n := 3 * (5*3600 - missed)
		wantTimes(t, "delay", r.Delay, Times{10, 20, 20, 20, n})
		wantTimes(t, "age", r.Age, Times{60, 70, 70, 70, n})
	})
}

// TestErrorKinds: sessions that broke are counted by why, while it is measured.
func TestErrorKinds(t *testing.T) {
	tl := newTally(nil)
	tl.failed(io.EOF)
	tl.measuring.Store(true)
	for _, err := range []error{
		&statusError{"/x", 404}, fmt.Errorf("reading: %w", io.EOF), io.ErrUnexpectedEOF, os.ErrDeadlineExceeded, context.DeadlineExceeded,
		&net.OpError{Op: "dial", Err: os.ErrPermission}, errHead,
	} {
		tl.failed(err)
	}
	got := tl.report(Config{URLs: []string{"/"}}, time.Second).Errors
	for kind, n := range map[string]uint64{"status 404": 1, "closed by the server": 2, "timeout": 2, "dial": 1, "protocol": 1} {
		if got[kind] != n {
			t.Errorf("%q: %d, want %d", kind, got[kind], n)
		}
	}
}

func TestValidate(t *testing.T) {
	good := Config{URLs: []string{"http://127.0.0.1/live/a/index.m3u8"}, Viewers: 1, Protocol: HTTP1, Duration: time.Second}
	for _, c := range []struct {
		field  string
		change func(*Config)
	}{
		{"", func(*Config) {}},
		{"", func(c *Config) { c.URLs[0], c.Protocol, c.Viewers = "https://live.example/i.m3u8", HTTP2, MostViewers }},
		{"", func(c *Config) { c.URLs = append(c.URLs, "http://127.0.0.1/live/b/index.m3u8") }},
		{"url", func(c *Config) { c.URLs = append(c.URLs, "http://127.0.0.1:8080/live/a/index.m3u8") }},
		{"url", func(c *Config) { c.URLs = append(c.URLs, "https://127.0.0.1/live/a/index.m3u8") }},
		{"url", func(c *Config) { c.URLs = nil }},
		{"url", func(c *Config) { c.URLs[0] = "" }},
		{"url", func(c *Config) { c.URLs[0] = "rtmp://127.0.0.1/live" }},
		{"url", func(c *Config) { c.URLs[0] = "http://[::1" }},
		{"url", func(c *Config) { c.URLs[0] = "/live/a/index.m3u8" }},
		{"viewers", func(c *Config) { c.Viewers = 0 }},
		{"viewers", func(c *Config) { c.Viewers = MostViewers + 1 }},
		{"protocol", func(c *Config) { c.Protocol = "h3" }},
		{"protocol", func(c *Config) { c.Protocol = HTTP2 }},
		{"for", func(c *Config) { c.Duration = 0 }},
		{"for", func(c *Config) { c.Ramp = -1 }},
		{"for", func(c *Config) { c.Settle = -1 }},
		{"for", func(c *Config) { c.Ramp = 24 * time.Hour }},
	} {
		cfg := good
		cfg.URLs = slices.Clone(good.URLs)
		c.change(&cfg)
		err := cfg.Validate()
		if c.field == "" {
			if err != nil {
				t.Errorf("%+v: %v", cfg, err)
			}
			continue
		}
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.Invalid || f.Field != c.field {
			t.Errorf("%+v: %v, want one at %q", cfg, err, c.field)
		}
	}
}
