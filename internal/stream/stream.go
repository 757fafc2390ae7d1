package stream

import (
	"log/slog"
	"math/bits"
	"slices"
	"sync"
	"time"

	"livesrv/internal/fault"
	"livesrv/internal/media"
)

// maxTracks bounds the tracks of one stream: a picture in a few sizes and a few languages of sound.
const maxTracks = 16

// Stream is one live feed. It is safe for concurrent use.
type Stream struct {
	name  string
	cfg   Config
	limit int
	log   *slog.Logger

	mu      sync.Mutex
	removed bool
	writer  *Writer
	// tracks is what readers were last told, nil before the first publisher was ready.
	tracks  []media.Track
	lead    lead
	absent  bool
	readers []*Reader
	// held is the current GOP while nobody reads, so that a packager that follows the registry does not
	// miss the first keyframe.
	held      []Item
	heldBytes int
	line      timeline
	stat      counters
	loss      lossLog
}

func newStream(name string, cfg Config, log *slog.Logger) *Stream {
	s := &Stream{
		name:  name,
		cfg:   cfg,
		limit: 1 << bits.Len(uint(cfg.ReaderQueue-1)),
		log:   log.With("stream", name),
	}
	s.loss.log = s.log
	s.line.jump = media.Ticks(cfg.JumpTolerance, media.VideoClockRate)
	return s
}

// Name is the stream's name in the registry.
func (s *Stream) Name() string { return s.name }

// OnAir says whether a publisher is here and its tracks are known.
func (s *Stream) OnAir() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writer != nil && s.writer.ready
}

// PublishOptions say what is known of a publisher's timestamps.
type PublishOptions struct {
	// Resolution is the step of the protocol's timestamps where it is coarser than the clock: 1 ms for
	// RTMP, whose 30 pictures a second come 33, 33 and 34 ms apart. Video of a constant frame rate is put
	// back on its grid, never by more than one and a half of it. 0 takes stamps as they are.
	Resolution time.Duration
}

// Publish makes the one Writer of the stream. Tracks have the IDs 0, 1, 2 … and at least one codec; the
// parameter sets of a video track may still be missing and come in band.
// Errors: Conflict while there is a Writer, Gone when the stream was removed, Invalid for unusable tracks.
func (s *Stream) Publish(tracks []media.Track, opts PublishOptions) (*Writer, error) {
	if err := checkTracks(tracks); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.removed {
		return nil, fault.New(fault.Gone, "the stream has been removed")
	}
	if s.writer != nil {
		return nil, fault.New(fault.Conflict, "somebody is publishing to this stream already")
	}
	w := &Writer{s: s, opts: opts}
	w.setTracks(tracks)
	s.writer = w
	s.stat.publications++
	s.line.open()
	w.announce()
	return w, nil
}

// Subscribe makes a reader. It gets the current tracks first, then, from the next keyframe on, everything.
func (s *Stream) Subscribe() *Reader {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := newReader(s)
	if s.removed {
		r.end()
		return r
	}
	if s.tracks != nil {
		r.push(Item{Tracks: s.tracks}, s.lead, s.limit)
	}
	for _, it := range s.held {
		r.push(it, s.lead, s.limit)
	}
	s.forget()
	if s.absent {
		r.push(Item{Absent: true}, s.lead, s.limit)
	}
	s.readers = append(s.readers, r)
	return r
}

func (s *Stream) unsubscribe(r *Reader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.readers, r); i >= 0 {
		s.readers = slices.Delete(s.readers, i, i+1)
	}
}

// remove ends the readers and the writer. The registry has forgotten the stream already.
func (s *Stream) remove() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removed = true
	s.writer = nil
	s.forget()
	for _, r := range s.readers {
		r.end()
	}
	s.readers = nil
	s.loss.stop()
}

// send gives an item to every reader. The caller holds s.mu.
func (s *Stream) send(it Item) {
	if len(s.readers) == 0 {
		s.hold(it)
		return
	}
	var aus, gops uint64
	for _, r := range s.readers {
		a, g := r.push(it, s.lead, s.limit)
		aus += a
		gops += g
	}
	if aus > 0 {
		s.stat.lostAUs += aus
		s.stat.lostGOPs += gops
		s.loss.add(aus, gops)
	}
}

// hold keeps the GOP that is under way for the first reader. The caller holds s.mu.
func (s *Stream) hold(it Item) {
	switch {
	case it.Tracks != nil || it.Absent:
		// Said by Subscribe; pictures of other parameter sets or of a publisher who has gone are of no use.
		s.forget()
		return
	case it.AU != nil && s.lead.begins(it.AU):
		if s.newGOP(it.AU) || len(s.held) >= s.limit/4 {
			s.forget()
		}
	case len(s.held) == 0, len(s.held) >= s.limit/2, s.heldBytes > maxQueuedBytes/4:
		s.forget()
		return
	}
	s.held = append(s.held, it)
	if it.AU != nil {
		s.heldBytes += it.AU.Size()
	}
}

// newGOP says whether a keyframe is of another instant than those that the held GOP begins with: the layers of
// one picture have theirs one after the other.
func (s *Stream) newGOP(au *media.AccessUnit) bool {
	return isVideo(s.tracks, au.Track) && (len(s.held) == 0 || au.DTS-s.held[0].AU.DTS > media.VideoClockRate/4)
}

// forget drops what is held for the first reader.
func (s *Stream) forget() { s.held, s.heldBytes = nil, 0 }

func isVideo(tracks []media.Track, id int) bool {
	return id < len(tracks) && tracks[id].Codec.Kind() == media.Video
}

func checkTracks(tracks []media.Track) error {
	if len(tracks) == 0 {
		return fault.New(fault.Invalid, "there is no track to publish")
	}
	if len(tracks) > maxTracks {
		return fault.New(fault.Invalid, "%d tracks are too many", len(tracks)).WithHint("publish at most %d", maxTracks)
	}
	for i, t := range tracks {
		if t.ID != i || t.Codec == nil || t.ClockRate <= 0 {
			return fault.New(fault.Invalid, "track %d has no codec, no clock rate or the wrong id", i)
		}
	}
	return nil
}

// lead says which tracks' keyframes decide where GOPs begin: all video tracks', else the first one's.
type lead struct {
	// first is the first of them, the best layer of a picture; all has a bit for each: the best may be silent.
	first int
	all   uint32
}

func (l lead) has(track int) bool { return l.all>>track&1 != 0 }

func (l lead) begins(au *media.AccessUnit) bool { return au.Key && l.has(au.Track) }

func leading(tracks []media.Track) lead {
	var l lead
	for i := range tracks {
		if isVideo(tracks, i) {
			if l.all == 0 {
				l.first = i
			}
			l.all |= 1 << i
		}
	}
	if l.all == 0 {
		l.all = 1
	}
	return l
}
