package stream

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"livesrv/internal/media"
)

var (
	idr   = []byte{0x65, 1}
	slice = []byte{0x41, 1}
	sei   = []byte{0x06, 1}
	aud   = []byte{0x09, 0xF0}
)

func TestStrip(t *testing.T) {
	avc := &media.H264{SPS: sps30, PPS: pps}
	hevc := &media.H265{VPS: vps265, SPS: sps265, PPS: pps265}
	av := &media.AV1{SequenceHeader: seqAV1}
	pps1 := []byte{0x68, 0x53, 0x38} // another id: ue(1)
	hIDR, hSlice := []byte{0x28, 1, 2}, []byte{0x02, 1, 2}
	obu, td := []byte{0x30, 1}, []byte{0x10}
	vp := &media.VP9{BitDepth: 8, Subsampling: 1, Matrix: 1, FullRange: true, Width: 320, Height: 180}
	vpSlice := []byte{0x86, 0, 0x40, 0x92}
	for _, c := range []struct {
		name  string
		codec media.Codec
		in    [][]byte
		out   [][]byte
		isKey bool
		now   media.Codec
	}{
		{"H.264 picture", avc, [][]byte{slice}, [][]byte{slice}, false, avc},
		{"H.264 keyframe with everything", avc, [][]byte{aud, sps30, pps, sei, idr}, [][]byte{sei, idr}, true, avc},
		{"H.264 other SPS", avc, [][]byte{sps640, pps, idr}, [][]byte{idr}, true, &media.H264{SPS: sps640, PPS: pps}},
		{"H.264 broken SPS", avc, [][]byte{{0x67, 1}, pps, idr}, [][]byte{idr}, true, avc},
		{"H.264 second PPS", avc, [][]byte{sps30, pps, pps1, idr}, [][]byte{pps1, idr}, true, avc},
		{"H.264 other PPS of the same id", avc, [][]byte{{0x68, 0xcf, 1}, idr}, [][]byte{idr}, true, &media.H264{SPS: sps30, PPS: []byte{0x68, 0xcf, 1}}},
		{"H.264 first parameter sets", &media.H264{}, [][]byte{sps30, pps, idr}, [][]byte{idr}, true, avc},
		{"H.264 empty units", avc, [][]byte{{}, idr, {}}, [][]byte{idr}, true, avc},
		{"HEVC keyframe", hevc, [][]byte{vps265, sps265, pps265, hIDR}, [][]byte{hIDR}, true, hevc},
		{"HEVC picture", hevc, [][]byte{{0x46, 1, 0x50}, hSlice}, [][]byte{hSlice}, false, hevc},
		{"HEVC first parameter sets", &media.H265{}, [][]byte{vps265, sps265, pps265, hIDR}, [][]byte{hIDR}, true, hevc},
		{"AV1 keyframe", av, [][]byte{td, seqAV1, obu}, [][]byte{seqAV1, obu}, true, av},
		{"AV1 header before a picture that is no keyframe", av, [][]byte{seqAV1, {0x30, 0x30}}, [][]byte{seqAV1, {0x30, 0x30}}, false, av},
		{"AV1 picture", av, [][]byte{td, obu}, [][]byte{obu}, false, av},
		{"AV1 first header", &media.AV1{}, [][]byte{seqAV1, obu}, [][]byte{seqAV1, obu}, true, av},
		{"VP9 first keyframe", &media.VP9{}, [][]byte{keyVP9}, [][]byte{keyVP9}, true, vp},
		{"VP9 keyframe", vp, [][]byte{keyVP9}, [][]byte{keyVP9}, true, vp},
		{"VP9 picture", vp, [][]byte{vpSlice}, [][]byte{vpSlice}, false, vp},
		{"no VP9", vp, [][]byte{{0x65, 1}}, [][]byte{}, false, vp},
		{"sound", &media.Opus{ChannelCount: 2}, [][]byte{{1}}, [][]byte{{1}}, true, &media.Opus{ChannelCount: 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, key, now := strip(c.codec, append([][]byte(nil), c.in...))
			if d := cmp.Diff(c.out, out); d != "" || key != c.isKey {
				t.Errorf("key %v\n%s", key, d)
			}
			if !media.Equal(now, c.now) {
				t.Errorf("codec %+v", now)
			}
			if media.Equal(c.codec, c.now) && c.now.Kind() == media.Video && now != c.codec {
				t.Error("an unchanged codec is a new one")
			}
		})
	}
}

// Parameter sets that change in mid-stream are told before the picture that needs them; repeated ones
// are not (docs/hls.md P6).
func TestTracksItemOnlyWhenParameterSetsChange(t *testing.T) {
	f := newFeed(t, h264Declared)
	write := func(i int64, units ...[]byte) {
		au := &media.AccessUnit{DTS: i * 3000, PTS: i * 3000, Arrived: f.start.Add(ms(i * 33)), Units: units}
		if err := f.w.Write(au); err != nil {
			t.Fatal(err)
		}
	}
	write(0, sps30, pps, idr)
	write(1, slice)
	write(2, sps30, pps, idr)
	write(3, sps640, pps, idr)
	write(4, sps640, pps)
	if err := f.w.SetTracks([]media.Track{{Codec: &media.H264{SPS: sps640, PPS: pps}, ClockRate: 90000}}); err != nil {
		t.Fatal(err)
	}
	if err := f.w.SetTracks([]media.Track{{Codec: &media.H264{SPS: sps30, PPS: pps}, ClockRate: 90000}, aac(1, 48000)}); err != nil {
		t.Fatal(err)
	}
	write(5, slice)
	write(6, idr)
	f.drain()
	var got []string
	for _, it := range f.out {
		switch {
		case it.AU != nil:
			got = append(got, "au")
		case bytes.Equal(it.Tracks[0].Codec.(*media.H264).SPS, sps30):
			got = append(got, "30")
		default:
			got = append(got, "640")
		}
	}
	if d := cmp.Diff([]string{"30", "au", "au", "au", "640", "au", "30", "au"}, got); d != "" {
		t.Error(d)
	}
	if r := f.s.Stats().Repairs; r.ParameterSets != 2 || r.Undecodable != 1 {
		t.Errorf("%+v", r)
	}
}

func TestTracksWaitForParameterSets(t *testing.T) {
	f := newFeed(t, media.Track{Codec: &media.H264{}, ClockRate: 90000}, aac(1, 48000))
	if f.s.OnAir() {
		t.Error("on air without parameter sets")
	}
	f.sound(1, 0, 0)
	f.picture(10, 0, true, ms(10))
	if len(f.out) != 0 {
		t.Fatalf("%+v", f.out)
	}
	if err := f.w.Write(&media.AccessUnit{DTS: 50 * 90, PTS: 50 * 90, Units: [][]byte{sps30, pps, idr}, Arrived: f.start.Add(ms(50))}); err != nil {
		t.Fatal(err)
	}
	f.drain()
	if len(f.out) != 2 || len(f.out[0].Tracks) != 2 || f.out[1].AU == nil || f.out[1].AU.DTS != 0 {
		t.Fatalf("%+v", f.out)
	}
}

func FuzzStrip(f *testing.F) {
	f.Add(byte(0), []byte{0x67, 1}, []byte{0x68, 1}, []byte{0x65, 1})
	f.Add(byte(1), vps265, sps265, pps265)
	f.Add(byte(2), seqAV1, []byte{0x30, 1}, []byte{})
	f.Add(byte(3), keyVP9, []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, which byte, a, b, c []byte) {
		codec := []media.Codec{&media.H264{SPS: sps30, PPS: pps}, &media.H265{VPS: vps265, SPS: sps265, PPS: pps265}, &media.AV1{SequenceHeader: seqAV1},
			&media.VP9{Width: 320, Height: 180}}[which%4]
		units := [][]byte{a, b, c}
		if which%4 == 3 {
			units = units[:1]
		}
		kept, _, now := strip(codec, units)
		if len(kept) > 3 || !usable(now) {
			t.Fatalf("%v %v", kept, now)
		}
	})
}
