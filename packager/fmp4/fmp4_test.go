package fmp4

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	amp4 "github.com/abema/go-mp4"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	mfmp4 "github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"livesrv/internal/fault"
	"livesrv/internal/media"
)

var update = flag.Bool("update", false, "write golden files anew")

// Parameter sets that encoders made: 320x180 at 30 pictures per second.
var (
	avc  = &media.H264{SPS: unhex("6764000dacd941419f9f0110000003001000000303c0f1429960"), PPS: unhex("68ebe3cb22c0")}
	hevc = &media.H265{
		VPS: unhex("40010c01ffff01600000030090000003000003003c959809"),
		SPS: unhex("42010101600000030090000003000003003ca00a080b9f796566924caf016808000003000800000300f040"),
		PPS: unhex("4401c172b46240"),
	}
	aom = &media.AV1{SequenceHeader: []byte{8, 0, 0, 0, 66, 167, 191, 228, 96, 13, 0, 64}}
	vpx = &media.VP9{BitDepth: 8, Subsampling: 1, Matrix: 2, Width: 320, Height: 180}
	//lint:ignore SA1019 parsing fills it in, and the test compares with what was parsed
	lc     = &media.AAC{Config: mpeg4audio.AudioSpecificConfig{Type: mpeg4audio.ObjectTypeAACLC, SampleRate: 48000, ChannelConfig: 2, ChannelCount: 2}}
	celt   = &media.Opus{ChannelCount: 2}
	layer3 = &media.MP3{SampleRate: 44100, ChannelCount: 2}
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func inits() map[string][]Track {
	return map[string][]Track{
		"h264-aac": {{1, 90000, avc}, {2, 48000, lc}},
		"h265":     {{1, 90000, hevc}},
		"av1-opus": {{1, 90000, aom}, {2, 48000, celt}},
		"vp9-opus": {{1, 90000, vpx}, {2, 48000, celt}},
		"aac":      {{1, 48000, lc}},
		"mp3":      {{1, 44100, layer3}},
		"surround": {{1, 48000, &media.Opus{ChannelCount: 6}}},
	}
}

// tree writes the boxes that go-mp4 finds, with their fields.
func tree(t *testing.T, data []byte) string {
	t.Helper()
	var b strings.Builder
	_, err := amp4.ReadBoxStructure(bytes.NewReader(data), func(h *amp4.ReadHandle) (any, error) {
		indent := strings.Repeat("  ", len(h.Path)-1)
		if !h.BoxInfo.IsSupportedType() || h.BoxInfo.Type.String() == "mdat" {
			fmt.Fprintf(&b, "%s%s %d bytes\n", indent, h.BoxInfo.Type, h.BoxInfo.Size)
			return nil, nil
		}
		box, _, err := h.ReadPayload()
		if err != nil {
			return nil, err
		}
		text, err := amp4.Stringify(box, h.BoxInfo.Context)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s%s %s\n", indent, h.BoxInfo.Type, text)
		return h.Expand()
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("differs from %s (-want +got):\n%s", file, d)
	}
}

// TestInit compares the boxes with golden files and reads the codecs back.
func TestInit(t *testing.T) {
	for name, tracks := range inits() {
		t.Run(name, func(t *testing.T) {
			data, err := AppendInit([]byte("before"), tracks)
			if err != nil || string(data[:6]) != "before" {
				t.Fatal(err)
			}
			data = data[6:]
			golden(t, "init-"+name, tree(t, data))
			var in mfmp4.Init
			if err := in.Unmarshal(bytes.NewReader(data)); err != nil {
				t.Fatal(err)
			}
			for i, tr := range in.Tracks {
				if tr.ID != int(tracks[i].ID) || tr.TimeScale != tracks[i].Timescale {
					t.Errorf("track %+v", tr)
				}
				if d := cmp.Diff(foreign(tracks[i].Codec), tr.Codec); d != "" {
					t.Errorf("the codec does not come back: %s", d)
				}
			}
		})
	}
}

func foreign(c media.Codec) codecs.Codec {
	switch c := c.(type) {
	case *media.H264:
		return &codecs.H264{SPS: c.SPS, PPS: c.PPS}
	case *media.H265:
		return &codecs.H265{VPS: c.VPS, SPS: c.SPS, PPS: c.PPS}
	case *media.AV1:
		return &codecs.AV1{SequenceHeader: c.SequenceHeader}
	case *media.VP9:
		return &codecs.VP9{Width: c.Width, Height: c.Height, Profile: c.Profile, BitDepth: c.BitDepth, ChromaSubsampling: c.Subsampling, ColorRange: c.FullRange}
	case *media.AAC:
		return &codecs.MPEG4Audio{Config: c.Config}
	case *media.Opus:
		return &codecs.Opus{ChannelCount: c.ChannelCount}
	case *media.MP3:
		return &codecs.MPEG1Audio{SampleRate: c.SampleRate, ChannelCount: c.ChannelCount}
	}
	return nil
}

// TestRule13Brands: iso6 always, aid3 for emsg, cmfc where it is true.
func TestRule13Brands(t *testing.T) {
	for name, tracks := range inits() {
		data, err := AppendInit(nil, tracks)
		if err != nil {
			t.Fatal(err)
		}
		ftyp := data[:be.Uint32(data)]
		for brand, want := range map[string]bool{"iso6": true, "aid3": true, "cmfc": len(tracks) == 1} {
			if bytes.Contains(ftyp[16:], []byte(brand)) != want {
				t.Errorf("%s: brand %s in %q", name, brand, ftyp[16:])
			}
		}
	}
}

func TestInitRefuses(t *testing.T) {
	for name, c := range map[string]media.Codec{
		"no sps": &media.H264{PPS: avc.PPS}, "no pps": &media.H264{SPS: avc.SPS}, "cut sps": &media.H264{SPS: avc.SPS[:5], PPS: avc.PPS},
		"no vps": &media.H265{SPS: hevc.SPS, PPS: hevc.PPS}, "cut hevc": &media.H265{VPS: hevc.VPS, SPS: hevc.SPS[:9], PPS: hevc.PPS},
		"av1": &media.AV1{}, "vp9": &media.VP9{}, "opus": &media.Opus{}, "aac": &media.AAC{},
	} {
		if b, err := AppendInit([]byte("x"), []Track{{1, 90000, c}}); fault.KindOf(err) != fault.Invalid || string(b) != "x" {
			t.Errorf("%s: %v, %q", name, err, b)
		}
	}
}

func unit(n int, first byte) []byte {
	b := bytes.Repeat([]byte{7}, n)
	b[0] = first
	return b
}

// parts are one of each way in which a trun can be written.
func parts() map[string]*Part {
	au := func(key bool, units ...[]byte) *media.AccessUnit { return &media.AccessUnit{Key: key, Units: units} }
	key, delta, frame := au(true, unit(9, 6), unit(20, 0x65)), au(false, unit(5, 0x41)), au(true, unit(11, 1))
	sound := Run{Track: 2, Base: 1 << 40, Audio: true, Samples: []Sample{{frame, 1024, 0}, {frame, 1024, 0}}}
	drift := sound
	drift.Samples = []Sample{{frame, 1024, 0}, {frame, 1023, 0}}
	video := func(s ...Sample) Run { return Run{Track: 1, Base: 90000, Framing: NALU, Samples: s} }
	event := Event{Scheme: "https://aomedia.org/emsg/ID3", Timescale: 90000, Time: 1 << 40, Duration: DurationUnknown, ID: 7, Data: []byte("ID3")}
	return map[string]*Part{
		"plain":    {Sequence: 1, Runs: []Run{video(Sample{key, 3000, 0}, Sample{delta, 3000, 0}), sound}},
		"bframes":  {Sequence: 2, Runs: []Run{video(Sample{key, 3000, 6000}, Sample{delta, 3000, 12000}, Sample{delta, 3000, 3000}), sound}},
		"keys":     {Sequence: 3, Runs: []Run{video(Sample{key, 3000, 0}, Sample{delta, 2999, 0}, Sample{key, 3001, 0}), drift}},
		"negative": {Sequence: 4, Runs: []Run{video(Sample{delta, 3000, -90}, Sample{delta, 3000, 0})}},
		"events":   {Sequence: 5, Events: []Event{event, event}, Runs: []Run{video(Sample{delta, 3000, 0}), sound}},
		"sound":    {Sequence: 6, Runs: []Run{video(), sound}},
		"av1":      {Sequence: 7, Runs: []Run{{Track: 1, Framing: OBU, Samples: []Sample{{au(true, unit(300, 0x30), unit(4, 0x32), unit(5, 0x34)), 3000, 0}}}}},
	}
}

// TestPart compares the boxes with golden files and reads the samples back.
func TestPart(t *testing.T) {
	for name, p := range parts() {
		t.Run(name, func(t *testing.T) {
			size := p.Size()
			data := p.Append([]byte("x"))[1:]
			if len(data) != size {
				t.Fatalf("%d bytes, Size said %d", len(data), size)
			}
			golden(t, "part-"+name, tree(t, data))
			same(t, p, data)
		})
	}
}

// same reads a part back with another library.
func same(t interface {
	Helper()
	Fatalf(string, ...any)
}, p *Part, data []byte) {
	t.Helper()
	var got mfmp4.Parts
	if err := got.Unmarshal(data); err != nil || len(got) != 1 || got[0].SequenceNumber != p.Sequence {
		t.Fatalf("%v, %+v", err, got)
	}
	i := 0
	for _, r := range p.Runs {
		if len(r.Samples) == 0 {
			continue
		}
		tr := got[0].Tracks[i]
		i++
		if tr.ID != int(r.Track) || tr.BaseTime != r.Base || len(tr.Samples) != len(r.Samples) {
			t.Fatalf("track %+v", tr)
		}
		for j, s := range r.Samples {
			g := tr.Samples[j]
			if g.Duration != s.Duration || g.PTSOffset != s.Offset || !bytes.Equal(g.Payload, appendSample(nil, r.Framing, s.AU.Units)) {
				t.Fatalf("sample %d: %d %d, want %d %d", j, g.Duration, g.PTSOffset, s.Duration, s.Offset)
			}
		}
	}
	if i != len(got[0].Tracks) {
		t.Fatalf("%d tracks", len(got[0].Tracks))
	}
}

// TestPartRoundTrip: whatever the samples, they come back and Size is exact.
func TestPartRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &Part{Sequence: rapid.Uint32().Draw(t, "sequence")}
		for id := range rapid.IntRange(1, 2).Draw(t, "tracks") {
			r := Run{Track: uint32(id + 1), Base: uint64(rapid.Uint32().Draw(t, "base")) << 12, Audio: id == 1, Framing: Framing(rapid.IntRange(0, 2).Draw(t, "framing"))}
			for range rapid.IntRange(1, 5).Draw(t, "samples") {
				au := &media.AccessUnit{Key: r.Audio || rapid.Bool().Draw(t, "key")}
				for range rapid.IntRange(1, 3).Draw(t, "units") {
					u := rapid.SliceOfN(rapid.Byte(), 2, 200).Draw(t, "unit")
					au.Units = append(au.Units, u)
				}
				s := Sample{AU: au, Duration: rapid.Uint32Range(1, 90000).Draw(t, "duration")}
				if !r.Audio {
					s.Offset = rapid.Int32Range(-9000, 90000).Draw(t, "offset")
				}
				r.Samples = append(r.Samples, s)
			}
			p.Runs = append(p.Runs, r)
		}
		size := p.Size()
		data := p.Append(nil)
		if len(data) != size {
			t.Fatalf("%d bytes, Size said %d", len(data), size)
		}
		same(t, p, data)
	})
}

// TestOBU: every OBU gets a size field, and one that has it already is left alone.
func TestOBU(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"plain":     {"3001020304", "32 04 01020304"},
		"extension": {"34f801", "36f8 01 01"},
		"sized":     {"32 02 0102", "32 02 0102"},
		"empty":     {"10", "12 00"},
	} {
		in, want := unhex(c.in), unhex(c.want)
		if got := appendOBU(nil, in); !bytes.Equal(got, want) || len(in)+obuExtra(in) != len(want) {
			t.Errorf("%s: %x, want %x, extra %d", name, got, want, obuExtra(in))
		}
	}
	long := unit(300, 0x30)
	if got := appendOBU(nil, long); len(got) != len(long)+obuExtra(long) || got[1] != 0x80|299&0x7F || got[2] != 2 {
		t.Errorf("%x", got[:4])
	}
}

// BenchmarkPart writes parts of 30 pictures a second at 2.5 Mbit/s with their sound, one of them with three pins' events.
func BenchmarkPart(b *testing.B) {
	for _, c := range []struct{ pictures, events int }{{6, 0}, {15, 0}, {15, 3}} {
		b.Run(fmt.Sprintf("pictures=%d/events=%d", c.pictures, c.events), func(b *testing.B) {
			p := Part{Sequence: 1, Runs: []Run{{Track: 1, Framing: NALU, Base: 1 << 40}, {Track: 2, Audio: true, Base: 1 << 39}}}
			for range c.pictures {
				p.Runs[0].Samples = append(p.Runs[0].Samples, Sample{&media.AccessUnit{Units: [][]byte{unit(10_400, 0x41)}}, 3000, 0})
			}
			for range c.pictures * 48000 / 30 / 1024 {
				p.Runs[1].Samples = append(p.Runs[1].Samples, Sample{&media.AccessUnit{Key: true, Units: [][]byte{unit(341, 0x21)}}, 1024, 0})
			}
			for range c.events {
				p.Events = append(p.Events, benchEvent)
			}
			buf := make([]byte, 0, p.Size())
			b.ReportAllocs()
			b.SetBytes(int64(p.Size()))
			for b.Loop() {
				buf = p.Append(buf[:0])
			}
		})
	}
}

// benchEvent is a pin's, with a payload as long as an ID3 tag with a card.
var benchEvent = Event{Scheme: "https://aomedia.org/emsg/ID3", Timescale: 90000, Time: 1 << 40, Duration: DurationUnknown, ID: 1, Data: make([]byte, 110)}

func BenchmarkEvent(b *testing.B) {
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buf = benchEvent.Append(buf[:0])
	}
}

func BenchmarkInit(b *testing.B) {
	tracks := inits()["h264-aac"]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := AppendInit(nil, tracks); err != nil {
			b.Fatal(err)
		}
	}
}
