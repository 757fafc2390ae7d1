package box

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// b makes a box of a name and bodies.
func b(name string, bodies ...[]byte) []byte {
	all := slices.Concat(bodies...)
	out := binary.BigEndian.AppendUint32(nil, uint32(8+len(all)))
	return append(append(out, name...), all...)
}

// n makes 32-bit fields.
func n(v ...uint32) []byte {
	var out []byte
	for _, x := range v {
		out = binary.BigEndian.AppendUint32(out, x)
	}
	return out
}

// shape are the places where a test can break an otherwise good file.
type shape struct {
	brand, entry                        string
	mvhd, tkhd, stsz                    uint32
	tfhdFlags                           uint32
	noTfdt, noTrex, lateEmsg, noMdat    bool
	emsgVersion                         uint32
	offset                              uint32
	sampleDuration, extra, trackInMedia uint32
}

func goodShape() shape {
	return shape{brand: "iso6", entry: "avc1", tfhdFlags: tfhdBaseIsMoof, emsgVersion: 1 << 24, sampleDuration: 3000, trackInMedia: 1}
}

func (s shape) init() []byte {
	stbl := b("stbl", b("stsd", n(0, 1), b(s.entry, make([]byte, 78))), b("stts", n(0, 0)), b("stsz", n(0, 0, s.stsz)))
	mdia := b("mdia", b("mdhd", n(0, 0, 0, 90000, 0, 0)), b("hdlr", n(0, 0), []byte("vide"), n(0, 0, 0)), b("minf", stbl))
	trak := b("trak", b("tkhd", n(0, 0, 0, 1, 0, s.tkhd)), mdia)
	mvex := b("mvex", b("trex", n(0, 1, 1, 0, 0, 0x10000)))
	if s.noTrex {
		mvex = nil
	}
	return append(b("ftyp", []byte(s.brand), n(0), []byte(s.brand)), b("moov", b("mvhd", n(0, 0, 0, 1000, s.mvhd)), trak, mvex)...)
}

func (s shape) media() []byte {
	emsg := b("emsg", n(s.emsgVersion, 90000, 0, 4500, 0xffffffff, 7), []byte("urn:x\x00\x00ID3"))
	var tfdt []byte
	if !s.noTfdt {
		tfdt = b("tfdt", n(1<<24, 0, 1000))
	}
	make1 := func(offset uint32) []byte {
		trun := b("trun", n(trunOffset|trunFirstFlags|trunDuration|trunSize, 2, offset, 0x2000000, s.sampleDuration, 5, 3000, 6))
		return b("moof", b("mfhd", n(0, 1)), b("traf", b("tfhd", n(s.tfhdFlags, s.trackInMedia)), tfdt, trun))
	}
	moof := make1(uint32(len(make1(0))) + 8 + s.offset)
	mdat := b("mdat", []byte("abcdefghijk"), make([]byte, s.extra))
	switch {
	case s.noMdat:
		return append(emsg, moof...)
	case s.lateEmsg:
		return slices.Concat(moof, emsg, mdat)
	}
	return slices.Concat(emsg, moof, mdat)
}

func TestGoodFile(t *testing.T) {
	s := goodShape()
	in, problems := ParseInit(s.init())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if tr := in.Track(1); tr == nil || tr.Timescale != 90000 || !tr.Video || tr.Entry != "avc1" {
		t.Fatalf("tracks read as %+v", in.Tracks)
	}
	frags, problems := ParseMedia(s.media(), in)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	r := frags[0].Runs[0]
	if r.Base != 1000 || r.Duration() != 6000 || string(r.Data) != "abcdefghijk" || !r.Samples[0].Sync || r.Samples[1].Sync {
		t.Errorf("run read as %+v", r)
	}
	if e := frags[0].Emsgs[0]; e.Time != 4500 || e.ID != 7 || e.Scheme != "urn:x" || !bytes.Equal(e.Message, []byte("ID3")) {
		t.Errorf("emsg read as %+v", e)
	}
}

func TestBreaches(t *testing.T) {
	for _, c := range []struct {
		rule, text string
		breach     func(*shape)
	}{
		{"13", "brands", func(s *shape) { s.brand = "iso5" }},
		{"13", "mvhd", func(s *shape) { s.mvhd = 5 }},
		{"13", "tkhd", func(s *shape) { s.tkhd = 5 }},
		{"13", "stsz", func(s *shape) { s.stsz = 1 }},
		{"13", "trex", func(s *shape) { s.noTrex = true }},
		{"32", "avc3", func(s *shape) { s.entry = "avc3" }},
		{"13", "movie-fragment-relative", func(s *shape) { s.tfhdFlags = 0 }},
		{"13", "tfdt", func(s *shape) { s.noTfdt = true }},
		{"13", "outside its mdat", func(s *shape) { s.offset = 4 }},
		{"13", "the mdat", func(s *shape) { s.extra = 3 }},
		{"13", "without a moof and its mdat", func(s *shape) { s.noMdat = true }},
		{"13", "no duration", func(s *shape) { s.sampleDuration = 0 }},
		{"13", "does not have", func(s *shape) { s.trackInMedia = 9 }},
		{"45", "between moof and mdat", func(s *shape) { s.lateEmsg = true }},
		{"43", "version 0", func(s *shape) { s.emsgVersion = 0 }},
	} {
		s := goodShape()
		c.breach(&s)
		in, problems := ParseInit(s.init())
		_, more := ParseMedia(s.media(), in)
		problems = append(problems, more...)
		if !slices.ContainsFunc(problems, func(p Problem) bool { return p.Rule == c.rule && strings.Contains(p.Text, c.text) }) {
			t.Errorf("rule %s (%s) was not noticed: %v", c.rule, c.text, problems)
		}
	}
}

// FuzzParse: no bytes make the readers fail or run away.
func FuzzParse(f *testing.F) {
	s := goodShape()
	f.Add(s.init(), s.media())
	s.tfhdFlags |= tfhdDuration | tfhdSize | tfhdFlags
	f.Add(s.init(), s.media())
	f.Fuzz(func(t *testing.T, init, media []byte) {
		in, _ := ParseInit(init)
		frags, problems := ParseMedia(media, in)
		size := 0
		for _, fr := range frags {
			for _, r := range fr.Runs {
				size += len(r.Data)
			}
		}
		if size > len(media) && len(problems) == 0 {
			t.Errorf("%d bytes of samples in %d bytes of media are no problem", size, len(media))
		}
	})
}
