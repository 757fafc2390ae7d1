package stream

import (
	"slices"
	"time"

	"livesrv/internal/fault"
	"livesrv/internal/media"
)

// Writer is the publisher's end of a stream. One goroutine uses it; Close may come from any.
type Writer struct {
	s      *Stream
	opts   PublishOptions
	tracks []*track
	// ready says that all tracks can be decoded and readers know them, started that the first keyframe of
	// a leading track has come: before it nothing can be decoded.
	ready, started bool
}

// Write repairs an access unit's timestamps, strips its parameter sets, sets Key from its bytes and hands
// it to the readers. It takes au over: the caller must not touch it again. It never waits for a reader.
// Errors: Gone after Close or when the stream was removed, Invalid for a track that does not exist.
// A bad timestamp is no error.
func (w *Writer) Write(au *media.AccessUnit) error {
	s := w.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := w.open(); err != nil {
		return err
	}
	if au.Track < 0 || au.Track >= len(w.tracks) || len(au.Units) == 0 {
		return fault.New(fault.Invalid, "an access unit is empty or of track %d, which does not exist", au.Track)
	}
	if au.Arrived.IsZero() {
		au.Arrived = time.Now()
	}
	t := w.tracks[au.Track]
	var codec media.Codec
	au.Units, au.Key, codec = strip(t.info.Codec, au.Units)
	if codec != t.info.Codec {
		w.change(t, codec)
		w.announce()
	}
	if len(au.Units) == 0 {
		return nil
	}
	w.started = w.started || w.ready && s.lead.begins(au)
	t.keyed = t.keyed || au.Key
	if !w.started || !t.keyed {
		t.repairs.Undecodable++
		return nil
	}
	if !t.stamp(au, &s.line, w.tracks) {
		return nil
	}
	t.count(au)
	s.send(Item{AU: au})
	return nil
}

// Rest is how long nothing will come that a reader has use for, going by what all of them expect: the publisher's bytes
// may wait that long where they are, if everything that came until one picture ago has been written. 0 where somebody
// waits for what comes next, and where nobody reads: what is held for the first reader is held up to date.
func (w *Writer) Rest() time.Duration {
	s := w.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writer != w || len(s.readers) == 0 {
		return 0
	}
	d := s.readers[0].rest()
	for _, r := range s.readers[1:] {
		d = min(d, r.rest())
	}
	return d
}

// WriteData hands a timed text to the readers. It takes d.Payload over. Errors: Gone as for Write.
func (w *Writer) WriteData(d Data) error {
	s := w.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := w.open(); err != nil {
		return err
	}
	if !w.started {
		return nil
	}
	m := w.leader()
	at := d.PTS + m.shift
	// Some publishers do not stamp their texts: what lies far from the picture means the picture.
	if off := at - m.out; max(off, -off) > 3*refRate {
		at = m.out
	}
	d.PTS = max(at, 0)
	d.Wall = s.line.clock.wall(d.PTS)
	s.stat.data++
	s.send(Item{Data: &d})
	return nil
}

// leader is the mapper of the best leading track that has begun. The caller holds s.mu.
func (w *Writer) leader() *mapper {
	for i, t := range w.tracks {
		if w.s.lead.has(i) && t.mapper.begun {
			return &t.mapper
		}
	}
	return &w.tracks[w.s.lead.first].mapper
}

// SetTracks changes the tracks in mid-stream: other parameter sets, or a track more or less. Equal
// tracks change nothing. Errors: Gone as for Write, Invalid as for Publish.
func (w *Writer) SetTracks(tracks []media.Track) error {
	if err := checkTracks(tracks); err != nil {
		return err
	}
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	if err := w.open(); err != nil {
		return err
	}
	w.setTracks(tracks)
	w.announce()
	return nil
}

// Tracks are the present tracks, with the parameter sets that have come in band.
func (w *Writer) Tracks() []media.Track {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	infos := make([]media.Track, len(w.tracks))
	for i, t := range w.tracks {
		infos[i] = t.info
	}
	return infos
}

// Close ends the publication. Readers learn that the publisher is absent. Closing twice is harmless.
func (w *Writer) Close() {
	s := w.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writer != w {
		return
	}
	s.writer = nil
	s.line.close(w.tracks)
	s.stat.closed(w.tracks)
	if s.tracks != nil && !s.absent {
		s.absent = true
		s.send(Item{Absent: true})
	}
}

// open says whether this is still the stream's writer. The caller holds s.mu.
func (w *Writer) open() error {
	if w.s.writer != w {
		return fault.New(fault.Gone, "the publication has ended")
	}
	return nil
}

// setTracks takes the tracks over, keeping the timestamps' state of those that stay what they were. The
// caller holds s.mu.
func (w *Writer) setTracks(infos []media.Track) {
	now := make([]*track, len(infos))
	for i, info := range infos {
		floor := w.s.line.end
		if i < len(w.tracks) {
			old := w.tracks[i]
			if old.info.Codec.Kind() == info.Codec.Kind() && old.info.ClockRate == info.ClockRate {
				now[i] = old
				if !media.Equal(old.info.Codec, info.Codec) {
					w.change(old, info.Codec)
				}
				continue
			}
			floor = max(floor, old.end())
			w.s.stat.past.add(old.repairs)
		}
		now[i] = newTrack(info, w.opts, w.s.cfg, floor)
	}
	for _, gone := range w.tracks[min(len(now), len(w.tracks)):] {
		w.s.line.end = max(w.s.line.end, gone.end())
		w.s.stat.past.add(gone.repairs)
	}
	w.tracks = now
}

// change gives a track other parameter sets. The caller holds s.mu.
func (w *Writer) change(t *track, c media.Codec) {
	if usable(t.info.Codec) {
		t.repairs.ParameterSets++
	}
	t.info.Codec, t.keyed = c, false
	if c.Kind() == media.Video && t.video.res > 0 {
		t.video.grid.declare(c)
	}
}

// announce tells the readers of the tracks, once all of them can be decoded and where they differ from
// what readers know. The caller holds s.mu.
func (w *Writer) announce() {
	infos := make([]media.Track, len(w.tracks))
	for i, t := range w.tracks {
		if !usable(t.info.Codec) {
			return
		}
		infos[i] = t.info
	}
	s := w.s
	if w.ready && sameTracks(s.tracks, infos) {
		return
	}
	w.ready = true
	s.tracks, s.lead, s.absent = infos, leading(infos), false
	s.send(Item{Tracks: infos})
}

func sameTracks(a, b []media.Track) bool {
	return slices.EqualFunc(a, b, func(x, y media.Track) bool {
		return x.ClockRate == y.ClockRate && media.Equal(x.Codec, y.Codec)
	})
}

func (t *track) count(au *media.AccessUnit) {
	t.aus++
	t.bytes += uint64(au.Size())
	if au.Key {
		t.keys++
	}
}
