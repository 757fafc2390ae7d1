package packager

import (
	"time"

	"livesrv/internal/fault"
	"livesrv/internal/media"
	"livesrv/packager/playlist"
)

const (
	// maxStart bounds what is kept while it is found out what a stream has.
	maxStart = 4096
	// startPatience is how long, by the media, a declared track may stay away before the presentation
	// goes on without it; videoPatience the same for pictures, which may begin with the next GOP.
	startPatience = rate
	videoPatience = 3 * rate
)

// starter keeps the first access units until it is known which tracks come, and how far apart pictures
// are: the headers that depend on it never change again.
type starter struct {
	held []*media.AccessUnit
	// since is when the first of them came in.
	since time.Time

	key, sound         bool
	firstDTS, lastDTS  int64
	firstLine, endLine int64
	// frame is the first audio frame.
	frame *media.AccessUnit
}

// add keeps an access unit of a packaged kind.
func (s *starter) add(au *media.AccessUnit, t media.Track, now time.Time) {
	if len(s.held) == 0 {
		s.since = now
	}
	if len(s.held) >= maxStart {
		return
	}
	if t.Codec.Kind() == media.Video {
		if !s.key && !au.Key {
			return
		}
		if !s.key {
			s.key, s.firstDTS = true, au.DTS
		}
		s.lastDTS = au.DTS
	} else {
		at := media.Rescale(au.PTS, t.ClockRate, rate)
		if !s.sound {
			s.sound, s.firstLine, s.frame = true, at, au
		}
		s.endLine = at
	}
	s.held = append(s.held, au)
}

// decided says whether enough is known of a stream that declares these kinds of track.
func (s *starter) decided(video, sound bool, target int64, now time.Time) bool {
	if len(s.held) == 0 {
		return false
	}
	if len(s.held) >= maxStart || now.Sub(s.since) >= media.Duration(videoPatience, rate) {
		return true
	}
	switch {
	case s.key:
		span := s.lastDTS - s.firstDTS
		return span >= target && (s.sound || !sound || span >= startPatience)
	case s.sound && !video:
		return s.endLine-s.firstLine >= target
	}
	return s.sound && s.endLine-s.firstLine >= videoPatience
}

// setTracks takes the stream's tracks: at the start, when a publisher returns, and when parameter sets
// change.
func (p *Presentation) setTracks(tracks []media.Track) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	p.declared = tracks
	for _, t := range tracks {
		if t.Codec == nil || t.Codec.RFC6381() == "" {
			p.refuse(fault.New(fault.Invalid, "the parameter sets of track %d are missing or cannot be read: it is left out", t.ID))
		}
	}
	if p.start != nil {
		// Nothing is packaged yet: what was kept may need other parameter sets.
		p.start = &starter{}
		return
	}
	video, sound := p.track(media.Video), p.track(media.Audio)
	same := func(now *media.Track, had bool, was media.Track) bool {
		if now == nil || !had {
			return now == nil && !had
		}
		return media.Equal(now.Codec, was.Codec) && now.ClockRate == was.ClockRate
	}
	c := p.cut
	if same(video, c.hasVideo, c.video) && same(sound, c.sound.active, c.sound.track) {
		if video != nil {
			c.video.ID = video.ID
		}
		if sound != nil {
			c.sound.track.ID = sound.ID
		}
		return
	}
	c.flush()
	p.publish(false)
	if (video != nil) == c.hasVideo && (sound != nil) == c.sound.active {
		p.configure(video, sound)
		return
	}
	p.start = &starter{}
}

// refuse says once what of the stream cannot be packaged.
func (p *Presentation) refuse(err error) {
	if p.refused != err.Error() {
		p.refused = err.Error()
		p.log.Warn("the stream cannot be packaged as it is", "error", err)
	}
}

// track is the first declared track of a kind.
func (p *Presentation) track(k media.Kind) *media.Track {
	for i := range p.declared {
		if c := p.declared[i].Codec; c != nil && c.Kind() == k && c.RFC6381() != "" {
			return &p.declared[i]
		}
	}
	return nil
}

// push takes an access unit.
func (p *Presentation) push(au *media.AccessUnit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	video, sound := p.track(media.Video), p.track(media.Audio)
	var t *media.Track
	switch {
	case video != nil && video.ID == au.Track:
		t = video
	case sound != nil && sound.ID == au.Track:
		t = sound
	default:
		p.stats.Dropped++ // a second track of its kind
		return
	}
	now := p.now()
	p.lastIn = now
	if !au.Wall.IsZero() {
		p.lag = min(max(0, now.Sub(au.Wall)), 5*time.Second)
	}
	if p.start != nil {
		p.start.add(au, *t, now)
		p.tryStart(now)
	} else {
		p.feed(au, t, video, sound)
	}
	if !p.cut.needKey {
		p.lastOut = now
	}
	// Most access units complete no part, and cues expire by the tick.
	if p.changed() {
		p.publish(false)
	}
}

// changed says whether there is anything that no snapshot has yet.
func (p *Presentation) changed() bool {
	for _, l := range p.cut.lanes {
		if l.on && l.dirty {
			return true
		}
	}
	return false
}

// feed gives an access unit to the cutter. One of a track that is not packaged yet brings it in.
func (p *Presentation) feed(au *media.AccessUnit, t, video, sound *media.Track) {
	c := p.cut
	if t == video {
		if !c.hasVideo {
			if !au.Key {
				p.stats.Dropped++
				return
			}
			c.flush()
			p.configure(video, p.ifActive(sound))
		}
		c.pushVideo(au)
		p.dropSilentSound(video, sound)
		return
	}
	if !c.sound.active {
		if c.pendingSet == nil {
			c.pendingSet = func() { p.configure(video, sound) }
		}
		return
	}
	c.pushSound(au)
}

func (p *Presentation) ifActive(sound *media.Track) *media.Track {
	if p.cut.sound.active {
		return sound
	}
	return nil
}

// dropSilentSound goes on without audio, from the next keyframe, when it has stopped: a player with a
// track that has no more samples stands still.
func (p *Presentation) dropSilentSound(video, sound *media.Track) {
	c := p.cut
	if sound == nil || !c.sound.active || c.pendingSet != nil || !c.hasFloor {
		return
	}
	heard := c.resumedAt
	if !c.sound.fresh {
		heard = max(heard, c.sound.endLine)
	}
	if c.floor-heard > 2*media.Ticks(p.cfg.GapAfter, rate) {
		c.pendingSet = func() { p.configure(video, nil) }
	}
}

// tryStart begins, when it is known what with.
func (p *Presentation) tryStart(now time.Time) {
	video, sound := p.track(media.Video), p.track(media.Audio)
	target := media.Ticks(p.cfg.PartDuration, rate)
	if p.hasOrigin {
		target = p.cut.target
	}
	if !p.start.decided(video != nil, sound != nil, target, now) {
		return
	}
	s := p.start
	p.start = nil
	if !s.key {
		video = nil
	}
	if !s.sound {
		sound = nil
	}
	if !p.hasOrigin {
		p.freeze(s, video, sound)
	}
	if !p.configure(video, sound) {
		return
	}
	allVideo, allSound := p.track(media.Video), p.track(media.Audio)
	for _, au := range s.held {
		t := allSound
		if allVideo != nil && au.Track == allVideo.ID {
			t = allVideo
		}
		if t == allVideo && video == nil || t == allSound && sound == nil {
			continue
		}
		p.feed(au, t, allVideo, allSound)
	}
}

// freeze chooses what will never change: PART-TARGET, the origin of file time, the first media sequence
// number.
func (p *Presentation) freeze(s *starter, video, sound *media.Track) {
	var lengths []time.Duration
	var first *media.AccessUnit
	var pts int64
	var cad cadence
	last, has := int64(0), false
	for _, au := range s.held {
		switch {
		case video != nil && au.Track == video.ID:
			if has && au.DTS > last {
				cad.add(au.DTS - last)
			}
			last, has = au.DTS, true
			if first == nil {
				first, pts = au, au.PTS
			}
		case video == nil && sound != nil && first == nil:
			first, pts = au, media.Rescale(au.PTS, sound.ClockRate, rate)
		}
	}
	if video != nil && cad.n > 0 {
		lengths = append(lengths, media.Duration(cad.interval(), rate))
	}
	if sound != nil {
		lengths = append(lengths, media.Duration(frameTicks(*sound, s.frame), sound.ClockRate))
	}
	target := partTarget(p.cfg.PartDuration, lengths...)
	if target != p.cfg.PartDuration {
		p.log.Info("PART-TARGET was raised: the frame rate allows no part near the configured one",
			"part_duration", p.cfg.PartDuration, "part_target", target)
	}
	p.cut.target = media.Ticks(target, rate)
	wall := p.now()
	if first != nil && !first.Wall.IsZero() {
		wall = first.Wall
	}
	p.origin, p.hasOrigin = pts, true
	p.cut.base = wall.Add(-media.Duration(pts, rate)).Unix()
	p.cut.anchor = lineAt{pts, wall.Round(time.Millisecond)}
}

// header is frozen with the first part (docs/hls.md P1).
func (p *Presentation) header() playlist.Header {
	target := media.Duration(p.cut.target, rate)
	td := p.cfg.TargetDuration
	return playlist.Header{
		TargetDuration: int(td / time.Second),
		PartTarget:     target,
		Control: playlist.ServerControl{
			CanBlock:          true,
			HoldBack:          3 * td,
			PartHoldBack:      3 * target, // "at least three times" (App 14.3)
			CanSkipUntil:      6 * td,     // "at least six target durations" (bis §4.4.3.8)
			CanSkipDateRanges: true,
		},
	}
}

// firstMSN begins a presentation's numbers so that they go on after a restart of the server, and so that
// no URI is ever used twice: two numbers for every segment duration since 1970, twice as many as segments
// can use up, because a segment may be three quarters as long.
func (p *Presentation) firstMSN() uint64 {
	return uint64(p.now().UnixMilli()) / uint64(p.cfg.SegmentDuration.Milliseconds()/2)
}

// configure packages these tracks from the next segment on; nil is none. It says whether that can be done.
func (p *Presentation) configure(video, sound *media.Track) bool {
	c := p.cut
	c.hasVideo = video != nil
	if video != nil {
		if c.video.Codec == nil || !media.Equal(c.video.Codec, video.Codec) {
			c.hasComp = false
			pic, _ := media.PictureOf(video.Codec)
			c.declared = pic.FrameRate
		}
		c.video = *video
	}
	switch {
	case sound == nil:
		c.sound.restart()
		c.sound.active = false
	default:
		c.sound.reset(*sound)
		c.resumedAt = max(c.resumedAt, c.floor)
	}
	muxed, alone := c.fileTracks()
	changed := false
	for i, tracks := range [2][]int{laneMuxed: {len(muxed)}, laneSound: {len(alone)}} {
		l := c.lanes[i]
		files := alone
		if i == laneMuxed {
			files = muxed
		}
		if tracks[0] == 0 {
			l.pictures, l.sound = false, false
			continue
		}
		had := l.initBytes != nil
		diff, err := l.setTracks(files)
		if err != nil {
			p.refuse(err)
			p.start = &starter{}
			return false
		}
		changed = changed || diff && had
		l.pictures, l.sound = i == laneMuxed, sound != nil
		if !l.on {
			msn := p.firstMSN()
			if g := p.guide(); g != nil {
				// A rendition that comes later keeps in step with the numbers of the other.
				msn, l.discSeq = g.open.msn, g.discSeq
				for _, s := range g.segs[g.first:] {
					if s.disc {
						l.discSeq++
					}
				}
			}
			l.begin(p.header(), msn)
		}
		l.open.init, l.open.initURI = l.init, initURI(l.init)
		l.dirty = true
	}
	if changed {
		// "DISCONTINUITY MUST be there when tracks or parameter sets change", in all renditions (bis §4.4.4.3,
		// §6.2.4).
		p.stats.Discontinuities++
		for _, l := range c.lanes {
			l.disc = l.on
		}
	}
	return true
}
