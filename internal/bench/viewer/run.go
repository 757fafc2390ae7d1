package viewer

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/url"
	"sync"
	"time"

	"livesrv/internal/fault"
)

// The pauses after which a viewer whose session broke comes again, as a player would.
const (
	firstPause = 500 * time.Millisecond
	longest    = 8 * time.Second
	dialLimit  = 10 * time.Second
	// quiet is how long an answer may take: a server holds a request at most three target durations of ten seconds.
	quiet = 45 * time.Second
)

// Progress is what there is to say while it runs.
type Progress struct {
	// Watching is how many have their first part; Measuring says that it counts.
	Watching  int
	Measuring bool
	Stalls    uint64
	Bytes     uint64
}

// Run plays until the configured time is over or ctx ends, which is an error. say, if not nil, is called twice a second.
// Errors: an invalid configuration; fault.Unavailable when nobody came to watch.
func Run(ctx context.Context, cfg Config, say func(Progress)) (*Report, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	us, err := cfg.parse()
	if err != nil {
		return nil, err
	}
	t := newTally(cfg.Stamp)
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { crowd(ctx, cfg, us, t, &wg) })

	if say != nil {
		wg.Go(func() { tell(ctx, t, say) })
	}
	if err := sleep(ctx, cfg.Ramp+cfg.Settle); err != nil {
		return nil, err
	}
	if t.watching.Load() == 0 {
		return nil, nobody(t)
	}
	if cfg.Window != nil {
		cfg.Window(true)
	}
	began := time.Now()
	t.measuring.Store(true)
	err = sleep(ctx, cfg.Duration)
	t.measuring.Store(false)
	took := time.Since(began)
	if cfg.Window != nil {
		cfg.Window(false)
	}
	if err != nil {
		return nil, err
	}
	return t.report(cfg, took), nil
}

// nobody says why there is nothing to measure.
func nobody(t *tally) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return fault.New(fault.Unavailable, "no viewer got to see anything").
		WithHint("is the show on air, and the address a multivariant playlist?").Because(t.lastErr)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func tell(ctx context.Context, t *tally, say func(Progress)) {
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			say(Progress{Watching: int(t.watching.Load()), Measuring: t.measuring.Load(), Stalls: t.stalls.Load(), Bytes: t.received()})
		}
	}
}

// crowd lets viewers in one after the other over the ramp, and to each stream in its turn.
func crowd(ctx context.Context, cfg Config, us []*url.URL, t *tally, wg *sync.WaitGroup) {
	start := time.Now()
	for i := range cfg.Viewers {
		at := cfg.Ramp * time.Duration(i) / time.Duration(cfg.Viewers)
		if d := time.Until(start.Add(at)); d > 0 {
			if sleep(ctx, d) != nil {
				return
			}
		}
		wg.Go(func() { watch(ctx, cfg, us[i%len(us)], t) })
	}
}

// watch is one viewer, who comes again when a session breaks.
func watch(ctx context.Context, cfg Config, u *url.URL, t *tally) {
	play := playH1
	if cfg.Protocol == HTTP2 {
		play = playH2
	}
	for pause := firstPause; ; pause = min(2*pause, longest) {
		began := time.Now()
		err := play(ctx, cfg, u, t)
		if ctx.Err() != nil || errors.Is(err, errEnded) {
			return
		}
		t.failed(err)
		if time.Since(began) > longest {
			pause = firstPause
		}
		// A crowd whose server went away must not come back as one.
		if sleep(ctx, pause/2+rand.N(pause/2)) != nil {
			return
		}
	}
}

// errEnded is how a session ends whose playlist has ended.
var errEnded = errors.New("the presentation has ended")
