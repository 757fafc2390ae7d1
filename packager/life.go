package packager

import (
	"time"
)

// absent ends what is under way: the publisher has gone.
func (p *Presentation) absent() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended || !p.hasOrigin {
		return
	}
	p.cut.flush(false)
	p.publish(false)
}

// tick tells of time passing. After Config.GapAfter without media the missing time is listed as gap, part
// by part at its own pace; after Config.EndAfter the presentation ends.
func (p *Presentation) tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended || p.lastIn.IsZero() {
		return
	}
	now := p.now()
	if p.start != nil && len(p.start.held) > 0 {
		p.tryStart(now)
	}
	if now.Sub(p.lastIn) >= p.cfg.EndAfter {
		p.end(now)
		return
	}
	if p.hasOrigin && now.Sub(p.lastOut) >= p.cfg.GapAfter {
		c := p.cut
		if !c.needKey {
			c.flush(false)
			p.log.Warn("nothing has come from the publisher: the playlist goes on with gaps", "after", p.cfg.GapAfter)
		}
		// What may still be on its way is left room for: the publisher's delay, and a part.
		c.gapTo(c.anchor.place(now.Add(-p.lag))-c.target, false)
	}
	p.publish(false)
}

// end writes EXT-X-ENDLIST. The caller holds the lock.
func (p *Presentation) end(now time.Time) {
	c := p.cut
	if p.hasOrigin && !c.needKey {
		c.flush(true)
	}
	if c.inSegment {
		c.closeGapSegment()
	}
	p.ended, p.endedAt = true, now
	p.start = nil
	p.publish(false)
	p.log.Info("the presentation has ended", "segments", p.stats.Segments)
}

// close ends the presentation now.
func (p *Presentation) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended {
		p.end(p.now())
	}
}

// onAir says whether media comes in. The caller holds the lock.
func (p *Presentation) onAir() bool { return !p.ended && !p.cut.needKey }

// onAir is what comes in of a publisher.
type onAir struct{ media, silent bool }

// turned says whether media, or the sound of it, has begun to come in, or stopped, since the last call.
func (p *Presentation) turned() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.told
	p.told = onAir{p.onAir(), p.silent()}
	return p.told != was
}

// over says whether the presentation has ended, and since when.
func (p *Presentation) over() (time.Time, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.endedAt, p.ended
}
