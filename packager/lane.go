package packager

import (
	"bytes"
	"math"
	"slices"
	"time"

	"livesrv/internal/media"
	"livesrv/packager/fmp4"
	"livesrv/packager/playlist"
)

// maxVariants is how many qualities of the picture are packaged: what a browser sends at most is three, and
// each costs its bit rate in memory again.
const maxVariants = 4

// The lanes: video with audio, the best quality first, and audio alone.
const (
	laneMuxed = 0
	laneSound = maxVariants
	maxLanes  = maxVariants + 1
)

var laneNames = [maxLanes]string{"v0", "v1", "v2", "v3", laneSound: "a0"}

// lane makes one rendition: it fills the open part, encodes it, lists it, and publishes snapshots. The
// cutter tells it where to cut; the presentation's lock guards it.
type lane struct {
	index  int
	shared *shared
	r      *Rendition
	head   playlist.Header

	// on says whether the rendition exists; pictures and sound what it carries at present.
	on, pictures, sound bool
	soundRate           int

	seq     uint32
	segs    []*segment
	first   int
	discSeq uint64
	open    segment
	// opened says that open has its start; disc that a discontinuity comes before the next segment.
	opened, disc bool
	init         int
	initBytes    []byte
	dirty        bool

	part fmp4.Part
	// start is where the open part begins, on the line.
	start int64
	// frameEnd and frameSum are in ticks of the audio track: the end of the last frame, the length of
	// the frames in the open part.
	frameEnd, frameSum int64
	hasKey             bool

	rates rates
}

// shared is what the lanes of a presentation have in common.
type shared struct {
	cfg Config
	// base is the file time of tick 0 of the stream, in whole seconds: file time is about Unix time, so
	// that a player does not notice a server's restart.
	base  int64
	cues  *cueList
	stats *Stats
	now   func() time.Time
	// target is PART-TARGET in ticks of the line.
	target int64
	// relist says that the multivariant playlist may have changed: reckoning it costs parsing parameter sets.
	relist bool
}

func newLane(index int, s *shared, h *holds) *lane {
	l := &lane{index: index, shared: s}
	l.r = &Rendition{name: laneNames[index], target: s.cfg.TargetDuration, holds: h}
	l.r.inits.Store(&map[int]Blob{})
	l.part.Runs = make([]fmp4.Run, 2)
	return l
}

// begin starts the rendition with its frozen header at the given segment.
func (l *lane) begin(head playlist.Header, msn uint64) {
	l.shared.relist = true
	l.on = true
	l.head = head
	l.open.msn = msn
	l.dirty = true
}

// setTracks makes the init segment of the tracks and says whether it differs from the one before.
func (l *lane) setTracks(tracks []fmp4.Track) (changed bool, err error) {
	b, err := fmp4.AppendInit(nil, tracks)
	if err != nil {
		return false, err
	}
	for _, t := range tracks {
		run := &l.part.Runs[0]
		if t.Codec.Kind() == media.Audio {
			run = &l.part.Runs[1]
			run.Audio = true
			l.soundRate = int(t.Timescale)
		}
		run.Track, run.Framing = t.ID, fmp4.FramingOf(t.Codec)
	}
	if bytes.Equal(b, l.initBytes) {
		return false, nil
	}
	if l.initBytes == nil {
		// A URI never means other bytes, not even after a restart: caches keep them.
		l.init = int(l.shared.now().Unix())
	} else {
		l.init++
	}
	l.initBytes = b
	all := make(map[int]Blob)
	for id, blob := range *l.r.inits.Load() {
		if len(l.segs) == 0 || id >= l.segs[0].init {
			all[id] = blob
		}
	}
	all[l.init] = Blob{Plain: b, TargetDuration: l.shared.cfg.TargetDuration}
	l.r.inits.Store(&all)
	return true, nil
}

// openSegment gives the next segment its start.
func (l *lane) openSegment(start int64, pdt time.Time, independent, gap bool) {
	l.open.start, l.open.pdt = start, pdt
	l.open.uri = segmentURI(l.open.msn)
	l.open.init, l.open.initURI = l.init, initURI(l.init)
	l.open.independent, l.open.gap = independent, gap
	// One that was opened and got no part is opened again: its discontinuity stays.
	l.open.disc, l.disc = l.open.disc || l.disc, false
	l.opened = true
	l.start = start
}

// addPicture adds a picture that lasts dur ticks. dts is on the line of DTS.
func (l *lane) addPicture(au *media.AccessUnit, dts, dur int64) {
	run := &l.part.Runs[0]
	if len(run.Samples) == 0 {
		run.Base = uint64(max(0, dts+l.shared.base*rate))
	}
	run.Samples = append(run.Samples, fmp4.Sample{AU: au, Duration: uint32(dur), Offset: int32(au.PTS - dts)})
	l.hasKey = l.hasKey || au.Key
}

// addFrame adds an audio frame. A hole before it is closed by the frame before, if that is still here.
func (l *lane) addFrame(f *frame) {
	run := &l.part.Runs[1]
	if n := len(run.Samples); n == 0 {
		run.Base = uint64(max(0, f.pos+l.shared.base*int64(l.soundRate)))
		l.frameSum = 0
	} else if hole := f.pos - l.frameEnd; hole > 0 {
		run.Samples[n-1].Duration += uint32(hole)
		l.frameSum += hole
	}
	run.Samples = append(run.Samples, fmp4.Sample{AU: f.au, Duration: uint32(f.dur)})
	l.frameEnd = f.pos + f.dur
	l.frameSum += f.dur
}

// empty says whether the open part has nothing yet.
func (l *lane) empty() bool {
	return len(l.part.Runs[0].Samples) == 0 && len(l.part.Runs[1].Samples) == 0
}

// closePart encodes the open part, which ends at the given place on the line and lasts dur.
func (l *lane) closePart(end int64, dur time.Duration) {
	l.part.Events = l.shared.cues.events(l, l.part.Events[:0], l.start, end, len(l.open.parts) == 0)
	l.seq++
	l.part.Sequence = l.seq
	data := l.part.Append(make([]byte, 0, l.part.Size()))
	l.list(part{data: data, dur: dur, independent: l.hasKey || !l.pictures})
	clear(l.part.Events)
	l.emptyPart()
	l.start = end
}

// closeGap lists a part without media.
func (l *lane) closeGap(end int64, dur time.Duration) {
	l.list(part{dur: dur, gap: true})
	l.start = end
}

// gap lists gap parts: whole ones up to the given place, and what is left over if asked.
func (l *lane) gap(to int64, rest bool) {
	for target := l.shared.target; l.start+target <= to || rest && l.start < to; {
		end := min(l.start+target, to)
		l.closeGap(end, media.Duration(end-l.start, rate))
	}
}

func (l *lane) list(p part) {
	n := len(l.open.parts)
	l.shared.relist = l.shared.relist || n == 0 || !p.gap && l.open.parts[n-1].gap
	p.uri = partURI(l.open.msn, n)
	l.open.parts = append(l.open.parts, p)
	l.shared.stats.Parts++
	l.shared.stats.Bytes += int64(len(p.data))
	l.rates.part(len(p.data), p.dur)
	l.dirty = true
}

// closeSegment completes the open segment and lets the window slide. The next one has a number already.
func (l *lane) closeSegment() {
	l.shared.relist = true
	g := l.open
	l.open = segment{msn: g.msn + 1, init: l.init, initURI: initURI(l.init)}
	l.opened = false
	l.dirty = true
	g.gap = !slices.ContainsFunc(g.parts, func(p part) bool { return !p.gap })
	g.complete()
	// A fresh array: snapshots share the old one, and what slides out of the new one can be freed.
	l.segs = append(slices.Grow(slices.Clone(l.segs), 1), &g)
	l.shared.stats.Segments++
	if g.gap {
		l.shared.stats.GapSegments++
	}
	l.slide()
	if !g.gap {
		l.rates.segment(l.segs[l.first:], l.shared.cfg.TargetDuration)
	}
}

// reopen takes back the open segment, of which nothing is published, and says how many access units were in it.
func (l *lane) reopen() (dropped int) {
	if !l.opened {
		return 0
	}
	for i := range l.part.Runs {
		dropped += len(l.part.Runs[i].Samples)
	}
	l.disc = l.open.disc
	l.open = segment{msn: l.open.msn, init: l.init, initURI: initURI(l.init)}
	l.opened = false
	l.emptyPart()
	return dropped
}

// emptyPart makes room for the next part's samples.
func (l *lane) emptyPart() {
	for i := range l.part.Runs {
		run := &l.part.Runs[i]
		clear(run.Samples)
		run.Samples = run.Samples[:0]
	}
	l.hasKey = false
}

// slide takes the oldest segments off the list while the rest still fills the window, and lets go of
// those that left it long enough ago: "available until first appearance plus its own duration plus that
// of the longest playlist" (bis §6.2.2).
func (l *lane) slide() {
	var listed time.Duration
	for _, g := range l.segs[l.first:] {
		listed += g.dur
	}
	for l.first < len(l.segs)-1 && listed-l.segs[l.first].dur >= l.shared.cfg.Window {
		listed -= l.segs[l.first].dur
		if l.segs[l.first].disc {
			l.discSeq++
		}
		l.segs[l.first].left = l.shared.now()
		l.first++
	}
	grace := l.shared.cfg.TargetDuration + l.shared.cfg.SegmentDuration
	var kept time.Duration
	drop := 0
	for i := l.first - 1; i >= 0; i-- {
		// After a gap several leave the list at once.
		if kept >= grace && l.shared.now().Sub(l.segs[i].left) >= l.shared.cfg.TargetDuration {
			drop = i + 1
			break
		}
		kept += l.segs[i].dur
	}
	for i := range drop {
		l.shared.stats.Bytes -= l.segs[i].size
	}
	clear(l.segs[:drop]) // nobody else has this array yet
	l.segs = l.segs[drop:]
	l.first -= drop
}

// publish makes a snapshot of what is there and wakes who waits for it. A quiet one leaves them waiting:
// it has other cues, but nothing that anybody is held for.
func (l *lane) publish(reports []playlist.Report, ended, quiet bool) {
	old := l.r.snap.Load()
	s := &snapshot{
		head:    &l.head,
		segs:    l.segs,
		first:   l.first,
		open:    l.open,
		discSeq: l.discSeq,
		ranges:  l.shared.cues.ranges,
		removed: l.shared.cues.removed,
		reports: reports,
		at:      l.shared.now(),
		ended:   ended,
	}
	if quiet && old != nil {
		s.next, s.media = old.next, old.media
		l.r.snap.Store(s)
		return
	}
	s.next, s.media = make(chan struct{}), make(chan struct{})
	l.dirty = false
	l.r.snap.Store(s)
	if old != nil {
		// Who waits for media goes first: when a thousand are woken at once, the last waits for all before it, and it is
		// the picture that a viewer sees late.
		close(old.media)
		close(old.next)
	}
}

// listed says whether there is anything to list.
func (l *lane) listed() bool { return len(l.segs) > 0 || len(l.open.parts) > 0 }

// hasMedia says whether not everything that is listed is gap.
func (l *lane) hasMedia() bool {
	for i := len(l.segs) - 1; i >= l.first; i-- {
		if !l.segs[i].gap {
			return true
		}
	}
	return slices.ContainsFunc(l.open.parts, func(p part) bool { return !p.gap })
}

// report says how far the rendition is, for the other's playlist.
func (l *lane) report() playlist.Report {
	r := playlist.Report{URI: "../" + l.r.name + "/" + playlistName, MSN: l.open.msn, Part: len(l.open.parts) - 1}
	if r.Part < 0 && len(l.segs) > 0 {
		last := l.segs[len(l.segs)-1]
		r.MSN, r.Part = last.msn, len(last.parts)-1
	}
	return r
}

// rates measures the bit rates that a variant must declare.
type rates struct {
	peak, average float64
	bits          float64
	secs          float64
}

// part counts a part; it stands in for segments until there is one.
func (r *rates) part(size int, d time.Duration) {
	r.bits += float64(size) * 8
	r.secs += d.Seconds()
}

// segment measures again after a segment: "the peak is the largest bit rate of any contiguous set of
// segments between 0.5 and 1.5 target durations" (bis §4.1); it never goes back.
func (r *rates) segment(segs []*segment, target time.Duration) {
	var bits, secs float64
	for i := range segs {
		if segs[i].gap {
			continue
		}
		bits += float64(segs[i].size) * 8
		secs += segs[i].dur.Seconds()
		var b, s float64
		for j := i; j < len(segs) && !segs[j].gap && s <= 1.5*target.Seconds(); j++ {
			b += float64(segs[j].size) * 8
			s += segs[j].dur.Seconds()
			if s >= 0.5*target.Seconds() && s <= 1.5*target.Seconds() {
				r.peak = max(r.peak, b/s)
			}
		}
	}
	if secs > 0 {
		r.average = bits / secs
	}
}

// declared gives BANDWIDTH and AVERAGE-BANDWIDTH in bits per second.
func (r *rates) declared() (peak, average int64) {
	a := r.average
	if a == 0 && r.secs > 0 {
		a = r.bits / r.secs
	}
	return int64(math.Ceil(max(r.peak, a, 1))), int64(math.Ceil(max(a, 1)))
}
