package transcode

import (
	"context"
	"errors"
	"log/slog"
	"os/exec"
	"sync"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"livesrv/internal/fault"
	"livesrv/internal/media"
)

// Converter starts conversions and ends them all in the end. It is safe for concurrent use.
type Converter struct {
	cfg  Config
	path string
	// missing is why there is no ffmpeg, nil where there is one.
	missing error
	log     *slog.Logger

	ctx   context.Context
	end   context.CancelFunc
	group sync.WaitGroup

	mu    sync.Mutex
	ended bool
	stat  Stats
}

// Stats are counters since the start, for metrics.
type Stats struct {
	// Running is how many conversions are under way.
	Running int
	// Restarts counts children that died or were stuck and were started again, GivenUp conversions that ended
	// because children died one after the other.
	Restarts, GivenUp uint64
	// Dropped counts Opus packets that the child was too slow for.
	Dropped uint64
}

// New looks ffmpeg up and starts nothing. That there is none is no error: it is said in the log, here and now,
// and by AAC. It fails only on a bad configuration.
func New(cfg Config, log *slog.Logger) (*Converter, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	c := &Converter{cfg: cfg, log: log.With("room", "transcode")}
	c.ctx, c.end = context.WithCancel(context.Background())
	c.path, c.missing = Find(cfg)
	if e, ok := errors.AsType[*fault.Error](c.missing); ok && cfg.FFmpeg != "" {
		c.log.Warn("sound that comes as Opus stays Opus, which Safari and iPhones may not play: "+e.Msg, "error", e.Err, "hint", e.Hint)
	}
	return c, nil
}

// Find is where the configured ffmpeg is. Errors: fault.Unavailable where there is none, or is to be none.
func Find(cfg Config) (path string, err error) {
	if cfg.FFmpeg == "" {
		return "", fault.New(fault.Unavailable, "ffmpeg is switched off").WithHint("set transcode.ffmpeg to ffmpeg")
	}
	path, err = exec.LookPath(cfg.FFmpeg)
	if err != nil {
		return "", fault.New(fault.Unavailable, "ffmpeg was not found").
			WithHint("install ffmpeg and start the server again, or say where it is in transcode.ffmpeg").Because(err)
	}
	return path, nil
}

// Run ends every conversion when ctx ends and returns when all children are gone.
func (c *Converter) Run(ctx context.Context) error {
	<-ctx.Done()
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	c.end()
	c.group.Wait()
	return nil
}

// Stats gives a snapshot of the counters.
func (c *Converter) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stat
}

func (c *Converter) count(f func(*Stats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.stat)
}

// AAC starts the conversion of an Opus track into AAC-LC in stereo at 48 kHz. deliver gets the access units, with
// the track's ID, from one goroutine and in order; what it does must not wait for Write, nor long for anything. log
// is to name the publication.
// Errors: fault.Unavailable without ffmpeg and once Run has ended; fault.Invalid for other codecs, and for Opus of
// more than two channels, whose streams the packets do not name.
func (c *Converter) AAC(from media.Track, log *slog.Logger, deliver func(*media.AccessUnit)) (*Sound, error) {
	if c.missing != nil {
		return nil, c.missing
	}
	o, ok := from.Codec.(*media.Opus)
	if !ok || o.ChannelCount > 2 || from.ClockRate != sampleRate {
		return nil, fault.New(fault.Invalid, "only Opus of one or two channels is converted").
			WithHint("send the sound in stereo")
	}
	s := &Sound{c: c, track: from.ID, log: log, deliver: deliver, fresh: make(chan struct{}, 1)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return nil, fault.New(fault.Unavailable, "the server is stopping").WithHint("start it again")
	}
	ctx, end := context.WithCancel(c.ctx)
	s.end = end
	c.stat.Running++
	c.group.Go(func() {
		s.supervise(ctx)
		c.count(func(st *Stats) { st.Running-- })
	})
	return s, nil
}

// aacTrack is the track that comes out.
func aacTrack(id int) media.Track {
	return media.Track{ID: id, ClockRate: sampleRate, Codec: &media.AAC{Config: mpeg4audio.AudioSpecificConfig{
		Type: mpeg4audio.ObjectTypeAACLC, SampleRate: sampleRate, ChannelConfig: 2,
	}}}
}
