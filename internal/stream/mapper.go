package stream

import "time"

// mapper takes one track's stamps to the stream's timeline. All in ref ticks.
type mapper struct {
	begun bool
	// shift is added to a stamp; previous is the one before, for a clock that comes back.
	shift, previous int64
	changed         bool
	// src and out are the last access unit's stamp and place, arrived when it came.
	src, out int64
	arrived  time.Time
	// turned holds the stamp of an access unit that turned back, until the next one tells whether it was
	// one bad stamp or the clock.
	turned   int64
	suspects bool
}

// place maps a stamp. nominal is the usual distance of two access units of this track; others are the
// mappers of the publication's other tracks, whose shifts are tried first, so that tracks whose clock
// jumped together stay together. strict says that stamps must strictly increase (video). sure is false
// where the stamp is of no use: out is then the place of the access unit before.
func (m *mapper) place(l *timeline, src, nominal int64, strict bool, arrived time.Time, others []*track, r *Repairs) (out int64, sure bool) {
	if !m.begun {
		m.begun = true
		m.shift = l.base
		for _, t := range others {
			if o := &t.mapper; o != m && o.begun {
				m.shift = o.shift
				break
			}
		}
		return m.accept(src, arrived), true
	}
	d := src - m.src
	switch {
	case d > l.jump && m.ranAhead(l, src, arrived), d < -l.jump:
		r.Jumps++
		m.reanchor(l, src, nominal, arrived, others)
	case strict && d == 0:
		r.Duplicates++
		m.arrived = arrived
		return m.out, false
	case strict && d < 0:
		r.Reversals++
		confirmed := m.suspects && src > m.turned
		before := m.turned
		m.suspects, m.turned = true, src
		if !confirmed {
			m.arrived = arrived
			return m.out, false
		}
		m.reanchor(l, src, src-before, arrived, others)
	}
	return m.accept(src, arrived), true
}

func (m *mapper) accept(src int64, arrived time.Time) int64 {
	m.suspects = false
	m.src, m.out, m.arrived = src, src+m.shift, arrived
	return m.out
}

// ranAhead tells a jump of the publisher's clock from a gap in its media: after a gap the access unit
// also arrives later, a clock that jumped runs ahead of the arrivals at a stroke.
func (m *mapper) ranAhead(l *timeline, src int64, arrived time.Time) bool {
	lead := l.clock.lead(src+m.shift, arrived)
	return lead > l.jump && lead-l.clock.lead(m.out, m.arrived) > l.jump
}

// reanchor finds the shift that goes on from here: another track's, the one before, or a new one that
// continues at the usual distance, or after the pause that the arrivals show.
func (m *mapper) reanchor(l *timeline, src, nominal int64, arrived time.Time, others []*track) {
	pause := l.clock.at(arrived) - l.clock.at(m.arrived)
	if pause < l.jump {
		pause = 0
	}
	fits := func(shift int64) bool {
		d := src + shift - m.out
		return d > 0 && d <= l.jump+pause
	}
	old := m.shift
	for _, t := range others {
		if o := &t.mapper; o != m && o.begun && o.shift != old && fits(o.shift) {
			m.set(o.shift)
			return
		}
	}
	if m.changed && m.previous != old && fits(m.previous) {
		m.set(m.previous)
		return
	}
	m.set(m.out + max(nominal, 1) + pause - src)
}

func (m *mapper) set(shift int64) {
	m.previous, m.changed = m.shift, true
	m.shift = shift
}

// adopt takes another track's shift where it brings the last stamp at least twice as near to where it is
// expected: the two clocks turned back together, by too little to be seen as a jump.
func (m *mapper) adopt(src, expected int64, others []*track) (out int64, ok bool) {
	off := func(shift int64) int64 {
		d := src + shift - expected
		return max(d, -d)
	}
	for _, t := range others {
		if o := &t.mapper; o != m && o.begun && o.shift != m.shift && off(o.shift)*2 < off(m.shift) {
			m.set(o.shift)
			m.out = src + m.shift
			return m.out, true
		}
	}
	return 0, false
}
