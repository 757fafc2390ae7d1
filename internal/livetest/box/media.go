package box

// Flags of tfhd and trun (ISO/IEC 14496-12 §8.8.7, §8.8.8).
const (
	tfhdBaseOffset  = 0x000001
	tfhdDescription = 0x000002
	tfhdDuration    = 0x000008
	tfhdSize        = 0x000010
	tfhdFlags       = 0x000020
	tfhdBaseIsMoof  = 0x020000

	trunOffset     = 0x001
	trunFirstFlags = 0x004
	trunDuration   = 0x100
	trunSize       = 0x200
	trunFlags      = 0x400
	trunComposing  = 0x800

	sampleIsNonSync = 0x10000

	// maxSamples bounds one run: a minute of picture or sound is far below it.
	maxSamples = 1 << 16
)

// fragments is the state of ParseMedia.
type fragments struct {
	parser
	file []byte
	in   *Init
	list []Fragment
	// emsgs wait for their moof.
	emsgs []Emsg
	// open says that the last moof still lacks its mdat.
	open    bool
	pending []pendingRun
}

// pendingRun is a run whose data is cut out once its mdat is known.
type pendingRun struct{ run, start, size int }

// ParseMedia reads a part or a segment: one or more fragments, each of emsg boxes, moof and mdat.
func ParseMedia(b []byte, in *Init) ([]Fragment, []Problem) {
	p := &fragments{file: b, in: in}
	p.walk(b, 0, func(name string, body []byte, at int) {
		switch name {
		case "styp", "prft", "sidx":
		case "emsg":
			e := p.emsg(body)
			if p.open {
				// Rule 45: at segment level before moof.
				p.bad("45", "emsg %d stands between moof and mdat", e.ID)
			}
			p.emsgs = append(p.emsgs, e)
		case "moof":
			if p.open {
				p.bad("13", "two moof without an mdat between them")
			}
			p.moof(body, at)
		case "mdat":
			p.mdatBox(body, at)
		default:
			p.bad("13", "unexpected box %q", name)
		}
	})
	if p.open || len(p.list) == 0 {
		p.bad("13", "media without a moof and its mdat")
	}
	if len(p.emsgs) > 0 {
		p.bad("45", "%d emsg behind the last moof", len(p.emsgs))
	}
	return p.list, p.problems
}

func (p *fragments) emsg(b []byte) Emsg {
	c := &cursor{b: b}
	var e Emsg
	e.Version, _ = c.full()
	if e.Version != 1 {
		p.bad("43", "emsg of version %d, want 1", e.Version)
		return e
	}
	e.Timescale, e.Time, e.Duration, e.ID = c.u32(), c.u64(), c.u32(), c.u32()
	e.Scheme, e.Value, e.Message = c.text(), c.text(), c.b
	if c.short {
		p.bad("43", "emsg is cut short")
	}
	return e
}

func (p *fragments) moof(b []byte, at int) {
	f := Fragment{Emsgs: p.emsgs}
	p.emsgs, p.open, p.pending = nil, true, nil
	p.list = append(p.list, f)
	p.walk(b, 0, func(name string, body []byte, _ int) {
		if name == "traf" {
			p.traf(&p.list[len(p.list)-1], body, at)
		}
	})
	if len(p.list[len(p.list)-1].Runs) == 0 {
		p.bad("13", "moof without a traf")
	}
}

func (p *fragments) traf(f *Fragment, b []byte, moof int) {
	var run Run
	var def Track
	tfdt := false
	next := 0
	p.walk(b, 0, func(name string, body []byte, _ int) {
		c := &cursor{b: body}
		switch name {
		case "tfhd":
			run.Track, def = p.tfhd(c)
		case "tfdt":
			v, _ := c.full()
			run.Base, tfdt = c.uint(v), true
		case "trun":
			start, size := p.trun(&run, c, def, moof, next)
			next = start + size
			p.pending = append(p.pending, pendingRun{len(f.Runs), start, size})
		}
	})
	if !tfdt {
		p.bad("13", "traf of track %d has no tfdt", run.Track)
	}
	if len(run.Samples) == 0 {
		p.bad("13", "traf of track %d has no sample", run.Track)
	}
	f.Runs = append(f.Runs, run)
}

func (p *fragments) tfhd(c *cursor) (id uint32, def Track) {
	_, flags := c.full()
	id = c.u32()
	if t := p.in.Track(id); t != nil {
		def = *t
	} else {
		p.bad("13", "traf of track %d, which the init segment does not have", id)
	}
	if flags&tfhdBaseOffset != 0 || flags&tfhdBaseIsMoof == 0 {
		p.bad("13", "tfhd of track %d is not movie-fragment-relative", id)
	}
	for _, o := range []struct {
		flag uint32
		to   *uint32
	}{{tfhdDescription, new(uint32)}, {tfhdDuration, &def.duration}, {tfhdSize, &def.size}, {tfhdFlags, &def.flags}} {
		if flags&o.flag != 0 {
			*o.to = c.u32()
		}
	}
	return id, def
}

// trun appends the run's samples and returns where their bytes start in the file and how many they are.
func (p *fragments) trun(run *Run, c *cursor, def Track, moof, start int) (at, size int) {
	_, flags := c.full()
	n := c.u32()
	if flags&trunOffset != 0 {
		start = moof + int(int32(c.u32()))
	}
	if n > maxSamples {
		p.bad("13", "trun of track %d has %d samples", run.Track, n)
		return start, 0
	}
	first := def.flags
	if flags&trunFirstFlags != 0 {
		first = c.u32()
	}
	for i := uint32(0); i < n && !c.short; i++ {
		s := Sample{Duration: def.duration, Size: def.size}
		fl := def.flags
		if i == 0 {
			fl = first
		}
		if flags&trunDuration != 0 {
			s.Duration = c.u32()
		}
		if flags&trunSize != 0 {
			s.Size = c.u32()
		}
		if flags&trunFlags != 0 {
			fl = c.u32()
		}
		if flags&trunComposing != 0 {
			s.Offset = int32(c.u32())
		}
		s.Sync = fl&sampleIsNonSync == 0
		if s.Duration == 0 {
			p.bad("13", "track %d: sample %d of a run has no duration", run.Track, i)
		}
		size += int(s.Size)
		run.Samples = append(run.Samples, s)
	}
	if c.short {
		p.bad("13", "trun of track %d is cut short", run.Track)
	}
	return start, size
}

// mdatBox gives the runs their bytes and checks that they fill the mdat without hole or overlap.
func (p *fragments) mdatBox(body []byte, at int) {
	if !p.open {
		p.bad("13", "mdat without a moof before it")
		return
	}
	p.open = false
	total := 0
	end := at + 8 + len(body)
	f := &p.list[len(p.list)-1]
	for _, r := range p.pending {
		total += r.size
		if r.start < at+8 || r.start+r.size > end {
			p.bad("13", "a run's bytes [%d,%d) lie outside its mdat [%d,%d)", r.start, r.start+r.size, at+8, end)
			continue
		}
		f.Runs[r.run].Data = append(f.Runs[r.run].Data, p.file[r.start:r.start+r.size]...)
	}
	if total != len(body) {
		p.bad("13", "the runs hold %d bytes, the mdat %d", total, len(body))
	}
}
