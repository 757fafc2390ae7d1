package transcode

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"livesrv/internal/fault"
	"livesrv/internal/media"
)

const (
	// firstPause is how long to wait before a child is started again; it grows fourfold, three times, with every
	// one that did not live for longLife. After maxFruitless children in a row without a frame the conversion
	// gives up.
	firstPause   = 50 * time.Millisecond
	longLife     = 10 * time.Second
	maxFruitless = 4
	// stuckAfter is how long a child may be behind without giving a frame, startWithin how long it may take to
	// give the first.
	stuckAfter  = 2 * time.Second
	startWithin = 5 * time.Second
)

// Sound is one Opus track on its way to AAC. It is safe for concurrent use.
type Sound struct {
	c       *Converter
	track   int
	log     *slog.Logger
	deliver func(*media.AccessUnit)
	end     context.CancelFunc
	// fresh wakes who feeds the child.
	fresh chan struct{}

	mu     sync.Mutex
	ledger ledger
	failed error
	// behind is since when more is under way than should be, heard when the child last gave a frame.
	behind, heard time.Time
	// dropped, damaged and late count packets: those the child was too slow for, those that no decoder takes, and
	// those whose sound was here before.
	dropped, damaged, late uint64
	// said is how many of dropped the log knows of, saidAt since when.
	said   uint64
	saidAt time.Time
}

// Track is the AAC track that comes out.
func (s *Sound) Track() media.Track { return aacTrack(s.track) }

// Write takes a packet of the Opus track, and takes au over. It never waits: what the child is too slow for is
// dropped. Error: why the conversion has given up; au is then still the caller's.
func (s *Sound) Write(au *media.AccessUnit) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return s.failed
	}
	if len(au.Units) == 0 {
		return nil
	}
	length, ok := opusLength(au.Units[0])
	if !ok {
		s.damaged++
		return nil
	}
	late, dropped := s.ledger.add(packet{pts: au.PTS, length: length, arrived: au.Arrived, data: au.Units[0]})
	if late {
		s.late++
		return nil
	}
	if dropped > 0 {
		s.drop(uint64(dropped))
	}
	s.judge(time.Now())
	select {
	case s.fresh <- struct{}{}:
	default:
	}
	return nil
}

// drop counts packets that had to go and says so once a second. The caller holds s.mu.
func (s *Sound) drop(n uint64) {
	s.dropped += n
	s.c.count(func(st *Stats) { st.Dropped += n })
	if now := time.Now(); now.Sub(s.saidAt) >= time.Second {
		s.log.Warn("ffmpeg is too slow: sound was dropped", "packets", s.dropped-s.said)
		s.said, s.saidAt = s.dropped, now
	}
}

// judge notes since when the child is behind. The caller holds s.mu.
func (s *Sound) judge(now time.Time) {
	switch over := s.ledger.underWay() > behindAt; {
	case !over:
		s.behind = time.Time{}
	case s.behind.IsZero():
		s.behind = now
	}
}

// stuck says whether the child is to be given up.
func (s *Sound) stuck(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.behind.IsZero() && now.Sub(s.behind) > stuckAfter && now.Sub(s.heard) > stuckAfter
}

// Close ends the conversion and kills its child. It does not wait: a frame may still be delivered meanwhile. Closing
// twice is harmless.
func (s *Sound) Close() { s.end() }

// supervise runs one child after the other until ctx ends or it is no use.
func (s *Sound) supervise(ctx context.Context) {
	defer s.end()
	tries, fruitless := 0, 0
	for {
		began := time.Now()
		frames, err := s.run(ctx)
		if ctx.Err() != nil {
			s.farewell()
			return
		}
		if time.Since(began) > longLife {
			tries = 0
		}
		if fruitless++; frames > 0 {
			fruitless = 0
		}
		if fruitless >= maxFruitless {
			s.giveUp(err)
			return
		}
		s.c.count(func(st *Stats) { st.Restarts++ })
		s.log.Warn("ffmpeg ended and is started again", "error", err, "frames", frames)
		select {
		case <-ctx.Done():
		case <-time.After(firstPause << (2 * min(tries, 3))):
		}
		tries++
	}
}

func (s *Sound) giveUp(err error) {
	s.c.count(func(st *Stats) { st.GivenUp++ })
	s.log.Error("ffmpeg makes no AAC of the sound: no more tries for this publication", "error", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = fault.New(fault.Unavailable, "ffmpeg makes no AAC of the sound").
		WithHint("see the server's log for what ffmpeg says").Because(err)
}

func (s *Sound) farewell() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log.Debug("conversion ended", "dropped", s.dropped, "damaged", s.damaged, "late", s.late)
}

// restart gives the headers for a new child.
func (s *Sound) restart(o *ogg) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.heard = now.Add(startWithin - stuckAfter)
	b := s.ledger.restart(o, nil)
	s.behind = time.Time{}
	s.judge(now)
	return b
}

// feed appends what the child may have.
func (s *Sound) feed(o *ogg, b []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ledger.feed(o, b)
}

// take delivers a frame that the child gave.
func (s *Sound) take(frame []byte) {
	s.mu.Lock()
	now := time.Now()
	pts, arrived, keep := s.ledger.came()
	s.heard = now
	s.judge(now)
	s.mu.Unlock()
	select {
	case s.fresh <- struct{}{}: // there may be room for more
	default:
	}
	if keep {
		s.deliver(&media.AccessUnit{Track: s.track, PTS: pts, DTS: pts, Arrived: arrived, Key: true, Units: [][]byte{frame}})
	}
}
