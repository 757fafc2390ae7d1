package packager

import (
	"math/bits"
	"slices"
	"time"

	"livesrv/internal/fault"
	"livesrv/internal/media"
	"livesrv/packager/fmp4"
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

	// keyed has a bit for each variant whose keyframe has come.
	keyed              uint
	sound              bool
	firstDTS, lastDTS  int64
	firstLine, endLine int64
	// frame is the first audio frame.
	frame *media.AccessUnit
}

// add keeps an access unit of a packaged kind: a picture of the given variant, or audio at -1.
func (s *starter) add(au *media.AccessUnit, variant int, t *media.Track, now time.Time) {
	if len(s.held) == 0 {
		s.since = now
	}
	if len(s.held) >= maxStart {
		return
	}
	if variant >= 0 {
		bit := uint(1) << variant
		if s.keyed&bit == 0 && !au.Key {
			return
		}
		if s.keyed == 0 {
			s.firstDTS, s.lastDTS = au.DTS, au.DTS
		}
		s.keyed |= bit
		s.lastDTS = max(s.lastDTS, au.DTS)
	} else {
		at := media.Rescale(au.PTS, t.ClockRate, rate)
		if !s.sound {
			s.sound, s.firstLine, s.frame = true, at, au
		}
		s.endLine = at
	}
	s.held = append(s.held, au)
}

// decided says whether enough is known of a stream that declares so many variants, and perhaps audio.
func (s *starter) decided(variants int, sound bool, target int64, now time.Time) bool {
	if len(s.held) == 0 {
		return false
	}
	if len(s.held) >= maxStart || now.Sub(s.since) >= media.Duration(videoPatience, rate) {
		return true
	}
	switch {
	case s.keyed != 0:
		span := s.lastDTS - s.firstDTS
		all := bits.OnesCount(s.keyed) == variants && (s.sound || !sound)
		return span >= target && (all || span >= startPatience)
	case s.sound && variants == 0:
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
	p.declare(tracks)
	if p.start != nil {
		// Nothing is packaged yet: what was kept may need other parameter sets.
		p.start = &starter{}
		return
	}
	c, voice := p.cut, p.voice()
	if len(p.videos) > 0 != c.hasVideo || (voice != nil) != c.sound.active {
		c.flush(false)
		p.publish(false)
		p.start = &starter{}
		return
	}
	sound := voice == nil || sameTrack(*voice, c.sound.track)
	c.sound.away = p.sound == nil || c.sound.away && !c.needKey
	var kept, changed []*variant
	for i, v := range c.variants {
		if v.declares(p.video(i)) {
			kept = append(kept, v)
		} else {
			changed = append(changed, v)
		}
	}
	switch {
	case sound && len(changed) == 0:
	case sound && len(kept) > 0 && !slices.Contains(changed, c.lead):
		p.changeFollowers(changed)
	case len(changed) == 0 && c.hasVideo && !c.needKey && c.sound.silence != nil:
		c.sound.away = true
		c.pendingSet = p.takeSound
	default:
		if !sound {
			kept = nil
		}
		c.flush(false, kept...)
		p.publish(false)
		p.configure(p.videos, voice)
	}
}

// declare sorts out of the stream's tracks what is packaged: the first audio track, and video tracks, which
// come in descending quality.
func (p *Presentation) declare(tracks []media.Track) {
	p.videos, p.sound = nil, nil
	for i, t := range tracks {
		switch {
		case t.Codec == nil || t.Codec.RFC6381() == "":
			p.refuse(fault.New(fault.Invalid, "the parameter sets of track %d are missing or cannot be read: it is left out", t.ID))
		case t.Codec.Kind() == media.Audio && p.sound == nil:
			p.sound = &tracks[i]
		case t.Codec.Kind() == media.Video && len(p.videos) < maxVariants:
			p.videos = append(p.videos, t)
		}
	}
	p.cut.arrange(p.videos)
}

func sameTrack(a, b media.Track) bool {
	return a.ClockRate == b.ClockRate && media.Equal(a.Codec, b.Codec)
}

// changeFollowers takes other tracks for variants that do not lead: they have a gap up to the next segment,
// the others go on.
func (p *Presentation) changeFollowers(changed []*variant) {
	c := p.cut
	if c.needKey {
		for _, v := range changed {
			v.forget(false)
		}
		p.configure(p.videos, p.voice())
		return
	}
	for i, v := range c.variants {
		if !slices.Contains(changed, v) {
			continue
		}
		if v.live() {
			v.leave()
		}
		v.forget(false)
		v.stale, v.coming = true, media.Track{}
		if t := p.video(i); t != nil {
			v.coming = *t
		}
	}
	c.pendingSet = func() { p.configure(p.videos, p.voice()) }
	p.publish(false)
}

// takeSound packages the publisher's sound from the next keyframe on, where it is another than before or there was none.
func (p *Presentation) takeSound() {
	p.cut.sound.away = p.sound == nil
	p.configure(p.videos, p.voice())
}

// refuse says once what of the stream cannot be packaged.
func (p *Presentation) refuse(err error) {
	if p.refused != err.Error() {
		p.refused = err.Error()
		p.log.Warn("the stream cannot be packaged as it is", "error", err)
	}
}

// video is the track of a variant, nil where there is none.
func (p *Presentation) video(variant int) *media.Track {
	if variant < len(p.videos) {
		return &p.videos[variant]
	}
	return nil
}

// variant is which variant a video track is; -1 for none.
func (p *Presentation) variant(track int) int {
	for i := range p.videos {
		if p.videos[i].ID == track {
			return i
		}
	}
	return -1
}

// push takes an access unit.
func (p *Presentation) push(au *media.AccessUnit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	i := p.variant(au.Track)
	if i < 0 && (p.sound == nil || p.sound.ID != au.Track) {
		p.stats.Dropped++ // a second audio track, or a quality too many
		return
	}
	now := p.now()
	p.lastIn = now
	if !au.Wall.IsZero() {
		p.lag = min(max(0, now.Sub(au.Wall)), 5*time.Second)
	}
	if p.start != nil {
		p.start.add(au, i, p.sound, now)
		p.tryStart(now)
	} else {
		p.feed(au, i)
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

// feed gives an access unit to the cutter: a picture of the given variant, or audio at -1. One of a kind that
// is not packaged yet brings it in.
func (p *Presentation) feed(au *media.AccessUnit, variant int) {
	c := p.cut
	if variant >= 0 {
		if !c.hasVideo {
			if !au.Key {
				p.stats.Dropped++
				return
			}
			c.flush(false)
			p.configure(p.videos, p.voice())
		}
		c.pushVideo(c.variants[variant], au)
		p.dropSilentSound()
		return
	}
	fits := c.sound.active && sameTrack(*p.sound, c.sound.track)
	if (!fits || !c.alone.on) && c.pendingSet == nil {
		c.pendingSet = p.takeSound
	}
	if !fits {
		p.stats.Dropped++
		return
	}
	c.pushSound(au)
}

// dropSilentSound goes on without audio of a codec that has no silence, from the next keyframe, when it has
// stopped: a player with a track that has no more samples stands still.
func (p *Presentation) dropSilentSound() {
	c := p.cut
	if p.sound == nil || !c.sound.active || c.sound.silence != nil || c.pendingSet != nil || !c.lead.hasFloor {
		return
	}
	heard := c.resumedAt
	if !c.sound.fresh {
		heard = max(heard, c.sound.endLine)
	}
	if c.lead.floor-heard > 2*media.Ticks(p.cfg.GapAfter, rate) {
		c.pendingSet = func() { p.configure(p.videos, nil) }
	}
}

// tryStart begins, when it is known what with.
func (p *Presentation) tryStart(now time.Time) {
	target := media.Ticks(p.cfg.PartDuration, rate)
	if p.hasOrigin {
		target = p.cut.target
	}
	if !p.start.decided(len(p.videos), p.sound != nil, target, now) {
		return
	}
	s := p.start
	p.start = nil
	videos, sound := p.videos, p.sound
	if s.keyed == 0 {
		videos = nil
	}
	switch p.cut.sound.away = !s.sound; {
	case s.sound:
	case videos != nil:
		sound = p.standIn()
	default:
		sound = nil
	}
	if !p.hasOrigin {
		p.freeze(s, videos, sound)
	}
	if !p.configure(videos, sound) {
		return
	}
	for _, au := range s.held {
		i := p.variant(au.Track)
		if i >= 0 && len(videos) == 0 || i < 0 && sound == nil {
			continue
		}
		p.feed(au, i)
	}
}

// freeze chooses what will never change: PART-TARGET, the origin of file time, the first media sequence
// number.
func (p *Presentation) freeze(s *starter, videos []media.Track, sound *media.Track) {
	var lengths []time.Duration
	var first *media.AccessUnit
	var pts int64
	for _, v := range videos {
		var cad cadence
		last, has := int64(0), false
		for _, au := range s.held {
			if au.Track != v.ID {
				continue
			}
			if has && au.DTS > last {
				cad.add(au.DTS - last)
			}
			last, has = au.DTS, true
			if first == nil {
				first, pts = au, au.PTS
			}
		}
		if cad.n > 0 {
			lengths = append(lengths, media.Duration(cad.interval(), rate))
		}
	}
	if sound != nil {
		lengths = append(lengths, media.Duration(frameTicks(*sound, s.frame), sound.ClockRate))
		if first == nil {
			first, pts = s.frame, media.Rescale(s.frame.PTS, sound.ClockRate, rate)
		}
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
func (p *Presentation) configure(videos []media.Track, sound *media.Track) bool {
	c := p.cut
	c.relist = true
	c.hasVideo = len(videos) > 0
	for i, v := range c.variants {
		if v.on = i < len(videos); v.on {
			v.setTrack(videos[i])
		}
		v.stale = false
	}
	switch {
	case sound == nil:
		c.sound.restart()
		c.sound.active = false
	case !c.sound.active || !sameTrack(*sound, c.sound.track):
		c.sound.reset(*sound)
		edge, _ := c.edge()
		c.resumedAt = max(c.resumedAt, edge)
	}
	changed := false
	for i, v := range c.variants {
		diff, err := p.configureLane(v.lane, c.files(v), sound != nil)
		if err != nil && (i == 0 || !c.hasVideo) {
			p.start = &starter{}
			return false
		}
		// Without a variant that cannot be packaged the others go on.
		v.on = v.on && err == nil
		changed = changed || diff
	}
	diff, err := p.configureLane(c.alone, c.files(nil), sound != nil)
	if err != nil {
		p.start = &starter{}
		return false
	}
	if c.sound.active && !c.sound.away && !c.alone.on {
		p.begin(c.alone)
		c.alone.start, _ = c.edge() // what is before is not for it
	}
	if changed || diff {
		// "DISCONTINUITY MUST be there when tracks or parameter sets change", in all renditions (bis §4.4.4.3,
		// §6.2.4).
		if !c.lanes[0].disc || !c.lanes[0].on {
			p.stats.Discontinuities++
		}
		for _, l := range c.lanes {
			l.disc = l.on
		}
	}
	return true
}

// configureLane gives a lane the tracks of its init segment, none where it has no media any more. It says
// whether the init segment is another one than before.
func (p *Presentation) configureLane(l *lane, files []fmp4.Track, sound bool) (changed bool, err error) {
	if len(files) == 0 {
		l.pictures, l.sound = false, false
		return false, nil
	}
	diff, err := l.setTracks(files)
	if err != nil {
		p.refuse(err)
		return false, err
	}
	l.pictures, l.sound = l.index != laneSound, sound
	if len(l.open.parts) == 0 {
		// A segment that is listed keeps its map, even of gap alone.
		l.open.init, l.open.initURI = l.init, initURI(l.init)
	}
	l.dirty = l.on
	return diff && l.on, nil
}

// begin starts a lane, in step with the numbers of those that are there.
func (p *Presentation) begin(l *lane) {
	msn := p.firstMSN()
	if g := p.guide(); g != nil {
		msn, l.discSeq = g.open.msn, g.discSeq
		for _, s := range g.segs[g.first:] {
			if s.disc {
				l.discSeq++
			}
		}
		switch begun := len(g.open.parts) > 0; {
		case begun && g.open.disc:
			l.discSeq++
		case !begun:
			l.disc = g.disc || g.open.disc
		}
	}
	l.begin(p.header(), msn)
}
