package rtmp

import (
	"testing"
	"time"

	"github.com/bluenviron/gortmplib/pkg/amf0"
	"github.com/google/go-cmp/cmp"

	"livesrv/internal/fault"
	"livesrv/internal/media"
	"livesrv/internal/stream"
)

func TestParseVideo(t *testing.T) {
	avc, hvc := []byte("avc1"), []byte("hvc1")
	cat := func(parts ...[]byte) (all []byte) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	for _, c := range []struct {
		name string
		in   []byte
		want tag
	}{
		{"empty", nil, tag{}},
		{"AVC keyframe", []byte{0x17, 1, 0, 0, 80, 9}, tag{kind: tagFrames, codec: fourAVC, key: true, cts: 80, body: []byte{9}}},
		{"AVC picture, negative composition time", []byte{0x27, 1, 0xFF, 0xFF, 0xFE, 9}, tag{kind: tagFrames, codec: fourAVC, cts: -2, body: []byte{9}}},
		{"AVC configuration", []byte{0x17, 0, 0, 0, 0, 1}, tag{kind: tagSequence, codec: fourAVC, key: true, body: []byte{1}}},
		{"AVC end", []byte{0x17, 2, 0, 0, 0}, tag{codec: fourAVC, key: true, body: []byte{}}},
		{"command", []byte{0x57, 0}, tag{codec: fourAVC}},
		{"HEVC by the old id", []byte{0x1C, 1, 0, 0, 0, 9}, tag{kind: tagFrames, codec: fourHEVC, key: true, body: []byte{9}}},
		{"VP6", []byte{0x14, 1}, tag{kind: tagFrames, codec: "VP6", key: true}},
		{"enhanced configuration", cat([]byte{0x90}, hvc, []byte{1}), tag{kind: tagSequence, codec: fourHEVC, key: true, body: []byte{1}}},
		{"enhanced picture", cat([]byte{0xA1}, avc, []byte{0, 0, 40, 9}), tag{kind: tagFrames, codec: fourAVC, cts: 40, body: []byte{9}}},
		{"enhanced picture without composition time", cat([]byte{0xA3}, hvc, []byte{9}), tag{kind: tagFrames, codec: fourHEVC, body: []byte{9}}},
		{"AV1 picture", cat([]byte{0x91}, []byte("av01"), []byte{9}), tag{kind: tagFrames, codec: fourAV1, key: true, body: []byte{9}}},
		{"metadata", cat([]byte{0x94}, hvc, []byte{9}), tag{codec: fourHEVC, key: true, body: []byte{9}}},
		{"nanoseconds", cat([]byte{0x97, 2, 0, 1, 0, 0x03}, hvc, []byte{9}), tag{kind: tagFrames, codec: fourHEVC, key: true, nanos: 256, body: []byte{9}}},
		{"one of many tracks", cat([]byte{0x96, 0x03}, hvc, []byte{0, 9}), tag{kind: tagFrames, codec: fourHEVC, key: true, body: []byte{9}}},
		{"another of many tracks", cat([]byte{0x96, 0x03}, hvc, []byte{1, 9}), tag{key: true}},
		{"many tracks", cat([]byte{0x96, 0x13}, hvc, []byte{1, 0, 0, 1, 8, 0, 0, 0, 1, 9}), tag{kind: tagFrames, codec: fourHEVC, key: true, body: []byte{9}}},
		{"many codecs", cat([]byte{0x96, 0x23}, avc, []byte{1, 0, 0, 1, 8}, hvc, []byte{0, 0, 0, 1, 9}), tag{kind: tagFrames, codec: fourHEVC, key: true, body: []byte{9}}},
		{"enhanced command", []byte{0xD0, 1}, tag{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseVideo(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got, cmp.AllowUnexported(tag{})); d != "" {
				t.Error(d)
			}
		})
	}
	for _, in := range [][]byte{{0x17}, {0x17, 1, 0, 0}, {0x90}, {0x90, 1, 2, 3}, {0xA1, 'a', 'v', 'c', '1', 0}, {0x97}, {0x97, 255}, {0x97, 5, 1},
		{0x96}, {0x96, 0x13, 'a', 'v', 'c', '1', 0}, {0x96, 0x13, 'a', 'v', 'c', '1', 0, 9, 9, 9}, {0x96, 0x23, 1, 2, 3, 4, 5}} {
		if got, err := parseVideo(in); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%x: %+v, %v", in, got, err)
		}
	}
}

func TestParseAudio(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []byte
		want tag
	}{
		{"AAC configuration", []byte{0xAF, 0, 0x12, 0x10}, tag{kind: tagSequence, codec: fourAAC, key: true, body: []byte{0x12, 0x10}}},
		{"AAC frame", []byte{0xAF, 1, 9}, tag{kind: tagFrames, codec: fourAAC, key: true, body: []byte{9}}},
		{"MP3", []byte{0x2F, 9}, tag{kind: tagFrames, codec: fourMP3, key: true, body: []byte{9}}},
		{"Speex", []byte{0xB2, 9}, tag{kind: tagFrames, codec: "Speex", key: true}},
		{"Opus configuration", []byte{0x90, 'O', 'p', 'u', 's', 9}, tag{kind: tagSequence, codec: fourOpus, key: true, body: []byte{9}}},
		{"Opus packet", []byte{0x91, 'O', 'p', 'u', 's', 9}, tag{kind: tagFrames, codec: fourOpus, key: true, body: []byte{9}}},
		{"channel layout", []byte{0x94, 'O', 'p', 'u', 's', 9}, tag{codec: fourOpus, key: true, body: []byte{9}}},
		{"one of many tracks", []byte{0x95, 0x01, 'O', 'p', 'u', 's', 0, 9}, tag{kind: tagFrames, codec: fourOpus, key: true, body: []byte{9}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseAudio(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got, cmp.AllowUnexported(tag{})); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestRecords(t *testing.T) {
	avcC := append([]byte{1, 0xf4, 0, 0x0d, 0xff, 0xe1, 0, byte(len(sps))}, sps...)
	avcC = append(append(avcC, 1, 0, byte(len(pps))), pps...)
	c, size, err := parseAVC(avcC)
	must(t, err)
	if !media.Equal(c, &media.H264{SPS: sps, PPS: pps}) || size != 4 {
		t.Errorf("%+v, %d", c, size)
	}
	hvcC := append(make([]byte, 21), 0xFD, 3)
	for typ, set := range map[byte][]byte{32: vps265, 33: sps265, 34: pps265} {
		hvcC = append(append(hvcC, 0x80|typ, 0, 1, 0, byte(len(set))), set...)
	}
	h, size, err := parseHEVC(hvcC)
	must(t, err)
	if !media.Equal(h, &media.H265{VPS: vps265, SPS: sps265, PPS: pps265}) || size != 2 {
		t.Errorf("%+v, %d", h, size)
	}
	av1C := append([]byte{0x81, 0, 0, 0, 0x0A, byte(len(seqAV1) - 1)}, seqAV1[1:]...)
	a, err := parseAV1(av1C)
	must(t, err)
	if !media.Equal(a, &media.AV1{SequenceHeader: seqAV1}) {
		t.Errorf("%+v", a)
	}
	if a, err = parseAV1([]byte{0x81, 0, 0, 0}); err != nil || a.SequenceHeader != nil {
		t.Errorf("%+v, %v", a, err)
	}
	for i := range avcC {
		if _, _, err := parseAVC(avcC[:i]); fault.KindOf(err) != fault.Invalid {
			t.Errorf("AVC cut at %d: %v", i, err)
		}
	}
	for i := range hvcC {
		if _, _, err := parseHEVC(hvcC[:i]); fault.KindOf(err) != fault.Invalid {
			t.Errorf("HEVC cut at %d: %v", i, err)
		}
	}
}

func TestSplit(t *testing.T) {
	units, ok := splitNALs(nil, []byte{0, 0, 0, 2, 7, 8, 0, 0, 0, 0, 0, 0, 0, 1, 9}, 4)
	if d := cmp.Diff([][]byte{{7, 8}, {9}}, units); d != "" || !ok {
		t.Error(d)
	}
	if _, ok := splitNALs(nil, []byte{3, 7, 8}, 1); ok {
		t.Error("a unit longer than its message")
	}
	// Size fields of one and two bytes, an extension, and an OBU that reaches to the end.
	units, ok = splitOBUs(nil, []byte{0x12, 0, 0x0A, 2, 7, 8, 0x32, 0x82, 0x00, 5, 6, 0x36, 0x40, 1, 9, 0x30, 4, 5})
	want := [][]byte{{0x10}, {0x08, 7, 8}, {0x30, 5, 6}, {0x34, 0x40, 9}, {0x30, 4, 5}}
	if d := cmp.Diff(want, units); d != "" || !ok {
		t.Error(d)
	}
	for _, in := range [][]byte{{0x0A}, {0x0A, 5, 1}, {0x8A, 0}, {0x0E}, {0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}} {
		if _, ok := splitOBUs(nil, append([]byte(nil), in...)); ok {
			t.Errorf("%x was taken", in)
		}
	}
}

func TestDataJSONSaysWhatItCan(t *testing.T) {
	deep := any(true)
	for range 100 {
		deep = amf0.StrictArray{deep}
	}
	for _, c := range []struct {
		in   amf0.Data
		want string
	}{
		{amf0.Data{"x"}, `"x"`},
		{amf0.Data{}, `[]`},
		{amf0.Data{1.5, nil, amf0.Undefined{}}, `[1.5,null,null]`},
		{amf0.Data{amf0.Object{{Key: "a", Value: amf0.ECMAArray{{Key: "b", Value: true}}}}}, `{"a":{"b":true}}`},
		{amf0.Data{deep}, `[[[[[[[[[[[[[[[[null]]]]]]]]]]]]]]]]`},
	} {
		got, err := dataJSON(c.in)
		if err != nil || string(got) != c.want {
			t.Errorf("%v: %s, %v", c.in, got, err)
		}
	}
	if _, err := parseAMF(typeData, make([]byte, maxData+1)); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("%v", err)
	}
}

// sink takes what a publisher makes and checks what holds for any bytes.
type sink struct {
	t      testing.TB
	tracks []media.Track
	aus    int
}

func (s *sink) SetTracks(tracks []media.Track) error {
	s.tracks = tracks
	for i, tr := range tracks {
		if tr.ID != i || tr.ClockRate <= 0 || tr.Codec == nil {
			s.t.Fatalf("%+v", tr)
		}
	}
	return nil
}

func (s *sink) Write(au *media.AccessUnit) error {
	if au.Track >= len(s.tracks) || len(au.Units) == 0 || au.Arrived.IsZero() {
		s.t.Fatalf("%+v", au)
	}
	for _, u := range au.Units {
		if len(u) == 0 {
			s.t.Fatal("an empty unit")
		}
	}
	s.aus++
	return nil
}
func (s *sink) WriteData(stream.Data) error { return nil }
func (s *sink) Report(string, string)       {}

// Whatever a publisher sends, no byte of it is read past its end and what comes out is sound.
func FuzzPublisher(f *testing.F) {
	avcC := append([]byte{0x17, 0, 0, 0, 0, 1, 0xf4, 0, 0x0d, 0xff, 0xe1, 0, byte(len(sps))}, sps...)
	avcC = append(append(avcC, 1, 0, byte(len(pps))), pps...)
	f.Add(byte(typeVideo), uint32(0), avcC, byte(typeVideo), uint32(1), []byte{0x17, 1, 0, 0, 0, 0, 0, 0, 1, 0x65}, byte(typeAudio), []byte{0xAF, 0, 0x11, 0x90})
	f.Add(byte(typeAudio), uint32(0), []byte{0xAF, 0, 0x11, 0x90}, byte(typeAudio), uint32(1<<31), []byte{0xAF, 1, 9}, byte(typeData), []byte{2, 0, 10, 'o', 'n', 'T', 'e', 'x', 't', 'D', 'a', 't', 'a', 5})
	f.Add(byte(typeVideo), uint32(0), append([]byte{0x90, 'a', 'v', '0', '1', 0x81, 0, 0, 0, 0x0A, byte(len(seqAV1) - 1)}, seqAV1[1:]...), byte(typeVideo), uint32(40), []byte{0x91, 'a', 'v', '0', '1', 0x32, 1, 9}, byte(typeAudio), []byte{0x91, 'O', 'p', 'u', 's', 0xFC})
	f.Add(byte(typeAudio), uint32(0), []byte{0x2F, 0xFF, 0xFB, 0x90, 0x64, 0, 0}, byte(typeDataAMF3), uint32(0), []byte{0, 2, 0, 10, 'o', 'n', 'M', 'e', 't', 'a', 'D', 'a', 't', 'a', 8, 0, 0, 0, 0, 0, 0, 9}, byte(typeVideo), []byte{0x96, 0x13, 'h', 'v', 'c', '1', 0, 0, 0, 1, 9})
	f.Fuzz(func(t *testing.T, t1 byte, s1 uint32, b1 []byte, t2 byte, s2 uint32, b2 []byte, t3 byte, b3 []byte) {
		now := time.Unix(0, 0)
		cfg := DefaultConfig()
		p := newPublisher(&sink{t: t}, cfg)
		p.wall = func() time.Time { now = now.Add(600 * time.Millisecond); return now }
		for _, m := range []message{{t1, s1, b1}, {t2, s2, b2}, {t3, s2 + 40, b3}} {
			if err := p.handle(message{m.typ, m.stamp, append([]byte(nil), m.body...)}); err != nil && fault.KindOf(err) == fault.Internal {
				t.Fatal(err)
			}
		}
	})
}

func TestTimestampsUnwrap(t *testing.T) {
	p := newPublisher(&sink{t: t}, DefaultConfig())
	want := int64(1<<32 - 100)
	for _, step := range []int64{0, 40, 40, 40, -20, 40, 36_000_000, -36_000_000, 40} {
		want += step
		if got := p.unwrap(uint32(want)); got != want {
			t.Fatalf("%d, want %d", got, want)
		}
	}
}
