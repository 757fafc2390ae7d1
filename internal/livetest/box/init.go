package box

import (
	"slices"
)

// ParseInit reads an init segment and checks it (rule 13).
func ParseInit(b []byte) (*Init, []Problem) {
	p, in := &parser{}, &Init{}
	var order []string
	p.walk(b, 0, func(name string, body []byte, _ int) {
		order = append(order, name)
		switch name {
		case "ftyp":
			p.ftyp(in, body)
		case "moov":
			p.moov(in, body)
		case "moof", "mdat", "sidx", "styp":
			p.bad("13", "init segment holds %s", name)
		}
	})
	if len(order) < 2 || order[0] != "ftyp" || !slices.Contains(order, "moov") {
		p.bad("13", "init segment is %v, want ftyp then moov", order)
	}
	if len(in.Tracks) == 0 {
		p.bad("13", "init segment has no track")
	}
	return in, p.problems
}

func (p *parser) ftyp(in *Init, b []byte) {
	for i := 0; i+4 <= len(b); i += 4 {
		if i != 4 { // the minor version
			in.Brands = append(in.Brands, string(b[i:i+4]))
		}
	}
	// "iso6" or higher (bis §3.1.2); the CMAF brands stand on iso6 and above.
	ok := false
	for _, want := range []string{"iso6", "iso7", "iso8", "iso9", "cmfc", "cmf2"} {
		ok = ok || slices.Contains(in.Brands, want)
	}
	if !ok {
		p.bad("13", "ftyp brands %q name nothing from iso6 on", in.Brands)
	}
}

func (p *parser) moov(in *Init, b []byte) {
	trex := map[uint32][3]uint32{}
	p.walk(b, 0, func(name string, body []byte, _ int) {
		switch name {
		case "mvhd":
			c := &cursor{b: body}
			v, _ := c.full()
			c.uint(v)
			c.uint(v)
			c.u32()
			if d := c.uint(v); d != 0 || c.short {
				p.bad("13", "mvhd duration is %d, want 0", d)
			}
		case "trak":
			in.Tracks = append(in.Tracks, p.trak(body))
		case "mvex":
			p.walk(body, 0, func(name string, body []byte, _ int) {
				if name == "trex" {
					c := &cursor{b: body}
					c.full()
					id := c.u32()
					c.u32()
					trex[id] = [3]uint32{c.u32(), c.u32(), c.u32()}
				}
			})
		}
	})
	for i := range in.Tracks {
		t := &in.Tracks[i]
		d, ok := trex[t.ID]
		if !ok {
			p.bad("13", "track %d has no trex", t.ID)
		}
		t.duration, t.size, t.flags = d[0], d[1], d[2]
	}
}

func (p *parser) trak(b []byte) Track {
	var t Track
	p.walk(b, 0, func(name string, body []byte, _ int) {
		switch name {
		case "tkhd":
			c := &cursor{b: body}
			v, _ := c.full()
			c.uint(v)
			c.uint(v)
			t.ID = c.u32()
			c.u32()
			if d := c.uint(v); d != 0 || c.short || t.ID == 0 {
				p.bad("13", "tkhd of track %d has duration %d, want 0", t.ID, d)
			}
		case "mdia":
			p.mdia(&t, body)
		}
	})
	if t.Timescale == 0 || t.Entry == "" {
		p.bad("13", "track %d has timescale %d and sample entry %q", t.ID, t.Timescale, t.Entry)
	}
	return t
}

func (p *parser) mdia(t *Track, b []byte) {
	p.walk(b, 0, func(name string, body []byte, _ int) {
		c := &cursor{b: body}
		switch name {
		case "mdhd":
			v, _ := c.full()
			c.uint(v)
			c.uint(v)
			t.Timescale = c.u32()
		case "hdlr":
			c.full()
			c.u32()
			t.Video = string(c.take(4)) == "vide"
		case "minf":
			p.walk(body, 0, func(name string, body []byte, _ int) {
				if name == "stbl" {
					p.walk(body, 0, func(name string, body []byte, _ int) { p.stbl(t, name, body) })
				}
			})
		}
	})
}

// stbl reads the sample entry and checks that no sample is described (bis §3.1.2).
func (p *parser) stbl(t *Track, name string, b []byte) {
	c := &cursor{b: b}
	c.full()
	switch name {
	case "stsd":
		if n := c.u32(); n != 1 {
			p.bad("13", "track %d has %d sample entries, want 1", t.ID, n)
		}
		p.walk(c.b, 0, func(name string, _ []byte, _ int) { t.Entry = name })
		// Parameter sets live in the sample entry (rule 32), which avc3 and hev1 do not promise.
		if t.Entry == "avc3" || t.Entry == "hev1" {
			p.bad("32", "sample entry %s", t.Entry)
		}
	case "stsz":
		c.u32()
		if n := c.u32(); n != 0 {
			p.bad("13", "stsz tells of %d samples in the init segment", n)
		}
	case "stts", "stsc", "stco":
		if n := c.u32(); n != 0 {
			p.bad("13", "%s has %d entries in the init segment", name, n)
		}
	}
}
