package viewer

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// tally adds up what all viewers see. Only what happens while measuring is set counts.
type tally struct {
	library   library
	stamp     func([]byte) (time.Time, bool)
	measuring atomic.Bool

	requests           [4]atomic.Uint64 // by kind
	bytes              atomic.Uint64
	missed, repeats    atomic.Uint64
	stalls, stalledFor atomic.Uint64
	watching           atomic.Int64

	mu      sync.Mutex
	parts   map[string]*partTimes
	errs    map[string]uint64
	lastErr error
	// target is PART-TARGET, which is the same in every playlist.
	target time.Duration
}

// partTimes are when a part came to those who waited for it.
type partTimes struct {
	first   time.Time
	sent    time.Time // when its last picture was sent, zero if unknown
	claimed bool
	// after are the arrivals after first, in microseconds; counted those that belong to the measurement.
	after   []int32
	counted bool
}

func newTally(stamp func([]byte) (time.Time, bool)) *tally {
	return &tally{stamp: stamp, parts: map[string]*partTimes{}, errs: map[string]uint64{}}
}

func (t *tally) answered(a ask, r answer) {
	if t.measuring.Load() {
		t.requests[a.kind].Add(1)
		t.bytes.Add(uint64(r.size))
	}
}

func (t *tally) hintMissed() {
	if t.measuring.Load() {
		t.missed.Add(1)
	}
}

// targets notes PART-TARGET.
func (t *tally) targets(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.target = d
}

// stale counts blocking reloads that brought nothing new.
func (t *tally) stale() {
	if t.measuring.Load() {
		t.repeats.Add(1)
	}
}

func (t *tally) stalled(d time.Duration) {
	if t.measuring.Load() {
		t.stalls.Add(1)
		t.stalledFor.Add(uint64(d))
	}
}

// wantsStamp says whether the bytes of a part should be looked at: those of the first viewer who gets it.
func (t *tally) wantsStamp(target string) bool {
	if t.stamp == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.times(target)
	claimed := p.claimed
	p.claimed = true
	return !claimed
}

func (t *tally) times(target string) *partTimes {
	p := t.parts[target]
	if p == nil {
		p = &partTimes{}
		t.parts[target] = p
	}
	return p
}

// part notes the arrival of a part that was waited for.
func (t *tally) part(a ask, r answer) {
	if !a.hinted {
		return
	}
	var sent time.Time
	if r.body != nil && t.stamp != nil {
		sent, _ = t.stamp(r.body)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.times(a.target)
	if !sent.IsZero() {
		p.sent = sent
	}
	if p.first.IsZero() || r.at.Before(p.first) {
		if !p.first.IsZero() {
			shift := int32(p.first.Sub(r.at).Microseconds())
			for i := range p.after {
				p.after[i] += shift
			}
		} else {
			p.counted = t.measuring.Load()
		}
		p.first = r.at
	}
	p.after = append(p.after, int32(min(r.at.Sub(p.first).Microseconds(), math.MaxInt32)))
}

// failed counts why a session ended.
func (t *tally) failed(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lastErr = err
	if t.measuring.Load() {
		t.errs[errorKind(err)]++
	}
}

func errorKind(err error) string {
	var status *statusError
	var op *net.OpError
	switch {
	case errors.As(err, &status):
		return "status " + strconv.Itoa(status.status)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "closed by the server"
	case errors.As(err, &op):
		return op.Op
	}
	return "protocol"
}

// Times are percentiles in milliseconds.
type Times struct {
	Median float64 `json:"p50"`
	P90    float64 `json:"p90"`
	P99    float64 `json:"p99"`
	Max    float64 `json:"max"`
	Count  int     `json:"count"`
}

func timesOf(micros []int32) Times {
	if len(micros) == 0 {
		return Times{}
	}
	slices.Sort(micros)
	at := func(q float64) float64 {
		// The nearest rank.
		i := int(math.Ceil(q*float64(len(micros)))) - 1
		return float64(micros[max(i, 0)]) / 1000
	}
	return Times{Median: at(0.5), P90: at(0.9), P99: at(0.99), Max: at(1), Count: len(micros)}
}

// Report is what the viewers saw while it was measured.
type Report struct {
	URL      string  `json:"url"`
	Protocol string  `json:"protocol"`
	Viewers  int     `json:"viewers"`
	Watching int     `json:"watching"` // at the end
	Seconds  float64 `json:"seconds"`
	// PartTarget is in milliseconds.
	PartTarget        float64 `json:"partTarget"`
	RequestsPerSecond float64 `json:"requestsPerSecond"`
	BytesPerSecond    float64 `json:"bytesPerSecond"`
	// Playlists and Parts are answers.
	Playlists uint64 `json:"playlists"`
	Parts     uint64 `json:"parts"`
	// Delay is from a part's arrival at the first of all viewers to its arrival at each.
	Delay Times `json:"delay"`
	// Age is how old the last picture of a part was when the viewer had the part; only where the publisher stamps
	// its pictures.
	Age Times `json:"age"`
	// Stalls are how often a playhead stood still, StallSeconds how long in all.
	Stalls       uint64  `json:"stalls"`
	StallSeconds float64 `json:"stallSeconds"`
	// HintsMissed are announced parts that did not come to be, Repeats reloads that brought nothing new.
	HintsMissed uint64 `json:"hintsMissed"`
	Repeats     uint64 `json:"repeats"`
	// Errors are sessions that broke, by kind.
	Errors map[string]uint64 `json:"errors"`
}

// ViewerSeconds is what costs are divided by.
func (r *Report) ViewerSeconds() float64 { return float64(r.Viewers) * r.Seconds }

func (t *tally) report(cfg Config, took time.Duration) *Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	var delays, ages []int32
	for _, p := range t.parts {
		if !p.counted {
			continue
		}
		delays = append(delays, p.after...)
		if p.sent.IsZero() {
			continue
		}
		late := int32(p.first.Sub(p.sent).Microseconds())
		for _, us := range p.after {
			ages = append(ages, us+late)
		}
	}
	all := uint64(0)
	for i := range t.requests {
		all += t.requests[i].Load()
	}
	secs := took.Seconds()
	r := &Report{
		URL: cfg.URL, Protocol: cfg.Protocol, Viewers: cfg.Viewers, Watching: int(t.watching.Load()), Seconds: secs,
		PartTarget:        float64(t.target.Microseconds()) / 1000,
		RequestsPerSecond: float64(all) / secs, BytesPerSecond: float64(t.bytes.Load()) / secs,
		Playlists: t.requests[askPlaylist].Load(), Parts: t.requests[askPart].Load(),
		Delay: timesOf(delays), Age: timesOf(ages),
		Stalls: t.stalls.Load(), StallSeconds: time.Duration(t.stalledFor.Load()).Seconds(),
		HintsMissed: t.missed.Load(), Repeats: t.repeats.Load(), Errors: map[string]uint64{},
	}
	for k, n := range t.errs {
		r.Errors[k] = n
	}
	return r
}
