package ingest

import (
	"net/netip"
	"sync"
	"time"

	"livesrv/internal/fault"
)

// burst is how long an address may send at any rate, counted in media at the limit: a line that stalled
// delivers what has piled up, and a keyframe comes at once.
const burst = 10 * time.Second

// bandwidth bounds the media that the publishers of one address send together. Where it is too much, the
// one who sends the most has to go: a bad publisher does not end a good one behind the same router.
type bandwidth struct {
	mbit int
	rate float64 // bytes a second
	now  func() time.Time

	mu    sync.Mutex
	lines map[netip.Prefix]*line
}

// line is one address's bucket: left are the bytes that may come at once.
type line struct {
	b    *bandwidth
	net  netip.Prefix
	left float64
	at   time.Time
	all  map[*share]bool
}

// share is one publisher's part of a line.
type share struct {
	line *line
	// sent is what it sent of late: half of it is forgotten every burst.
	sent float64
	at   time.Time
}

func newBandwidth(cfg Config) *bandwidth {
	return &bandwidth{
		mbit: cfg.MaxMbitPerAddress, rate: float64(cfg.MaxMbitPerAddress) * 1e6 / 8, now: time.Now, lines: map[netip.Prefix]*line{},
	}
}

func (b *bandwidth) full() float64 { return b.rate * burst.Seconds() }

// join opens a publisher's share; nil is without a limit. leave gives it back.
func (b *bandwidth) join(remote string) *share {
	net, free := network(remote)
	if free {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.lines[net]
	if l == nil {
		l = &line{b: b, net: net, left: b.full(), at: b.now(), all: map[*share]bool{}}
		b.lines[net] = l
	}
	s := &share{line: l, at: b.now()}
	l.all[s] = true
	return s
}

func (s *share) leave() {
	if s == nil {
		return
	}
	b := s.line.b
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(s.line.all, s)
	if len(s.line.all) == 0 {
		delete(b.lines, s.line.net)
	}
}

// take counts n bytes. near says that more than half of what may come at once has come. The error is
// fault.TooMany for the publisher who has to go.
func (s *share) take(n int) (near bool, err error) {
	if s == nil {
		return false, nil
	}
	b, l := s.line.b, s.line
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	l.left = min(l.left+b.rate*now.Sub(l.at).Seconds(), b.full()) - float64(n)
	l.at = now
	s.forget(now)
	s.sent += float64(n)
	if l.left >= 0 {
		return l.left < b.full()/2, nil
	}
	l.left = 0
	for other := range l.all {
		other.forget(now)
		if other.sent > s.sent {
			return true, nil
		}
	}
	return true, fault.New(fault.TooMany, "more than %d Mbit/s come from one address", b.mbit).
		WithHint("lower the encoder's bitrate, or raise ingest.max_mbit_per_address")
}

func (s *share) forget(now time.Time) {
	for ; now.Sub(s.at) >= burst; s.at = s.at.Add(burst) {
		if s.sent /= 2; s.sent < 1 {
			s.at = now
			return
		}
	}
}
