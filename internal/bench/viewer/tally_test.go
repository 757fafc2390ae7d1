package viewer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"testing"
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
	var c clock
	for _, ms := range []int{0, 10, 20} {
		if stood := c.add(at(ms), part); stood != 0 {
			t.Errorf("stood %v before it played", stood)
		}
	}
	c.play(at(100)) // 1.5 s are there: to 1600
	c.play(at(900)) // of no effect
	for _, s := range []struct{ at, stood, end int }{
		{600, 0, 2100},
		{2100, 0, 2600}, // at the last moment
		{2800, 200, 3300},
		{2900, 0, 3800},
		{4800, 1000, 5300},
	} {
		if stood := c.add(at(s.at), part); stood != time.Duration(s.stood)*time.Millisecond || !c.end.Equal(at(s.end)) {
			t.Errorf("at %d: stood %v, plays to %v", s.at, stood, c.end.Sub(zero))
		}
	}
}

func TestTimes(t *testing.T) {
	hundred := make([]int32, 100)
	for i := range hundred {
		hundred[i] = int32(100-i) * 1000 // 1 to 100 ms, the wrong way round
	}
	for _, c := range []struct {
		micros []int32
		want   Times
	}{
		{nil, Times{}},
		{[]int32{1500}, Times{1.5, 1.5, 1.5, 1.5, 1}},
		{[]int32{3000, 1000, 2000}, Times{2, 3, 3, 3, 3}},
		{[]int32{2000, 1000}, Times{1, 2, 2, 2, 2}},
		{hundred, Times{50, 90, 99, 100, 100}},
	} {
		if got := timesOf(slices.Clone(c.micros)); got != c.want {
			t.Errorf("%d values: %+v, want %+v", len(c.micros), got, c.want)
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
	p, _ := begin(tl, "/", false)
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
	r := tl.report(Config{Viewers: 4}, time.Second)
	if want := (Times{10, 40, 40, 40, 4}); r.Delay != want {
		t.Errorf("delay %+v, want %+v", r.Delay, want)
	}
	if want := (Times{100, 130, 130, 130, 4}); r.Age != want {
		t.Errorf("age %+v, want %+v", r.Age, want)
	}
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
	got := tl.report(Config{}, time.Second).Errors
	for kind, n := range map[string]uint64{"status 404": 1, "closed by the server": 2, "timeout": 2, "dial": 1, "protocol": 1} {
		if got[kind] != n {
			t.Errorf("%q: %d, want %d", kind, got[kind], n)
		}
	}
}

func TestValidate(t *testing.T) {
	good := Config{URL: "http://127.0.0.1/live/a/index.m3u8", Viewers: 1, Protocol: HTTP1, Duration: time.Second}
	for _, c := range []struct {
		field  string
		change func(*Config)
	}{
		{"", func(*Config) {}},
		{"", func(c *Config) { c.URL, c.Protocol, c.Viewers = "https://live.example/i.m3u8", HTTP2, MostViewers }},
		{"url", func(c *Config) { c.URL = "" }},
		{"url", func(c *Config) { c.URL = "rtmp://127.0.0.1/live" }},
		{"url", func(c *Config) { c.URL = "http://[::1" }},
		{"url", func(c *Config) { c.URL = "/live/a/index.m3u8" }},
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
