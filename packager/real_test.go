package packager

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
	mfmp4 "github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"

	"livesrv/internal/media"
)

// encode makes real media with ffmpeg and gives its tracks and access units in the order of their DTS.
func encode(t *testing.T, args string) ([]media.Track, []*media.AccessUnit) {
	t.Helper()
	for _, tool := range []string{"ffmpeg", "ffprobe"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("this test needs %s (Debian: apt-get install ffmpeg)", tool)
		}
	}
	file := filepath.Join(t.TempDir(), "in.mp4")
	all := append(strings.Fields("-v error -nostdin -y "+args), "-movflags", "frag_keyframe+empty_moov+default_base_moof", "-f", "mp4", file)
	if out, err := exec.Command("ffmpeg", all...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, out)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var in mfmp4.Init
	if err := in.Unmarshal(bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	var parts mfmp4.Parts
	if err := parts.Unmarshal(data); err != nil {
		t.Fatal(err)
	}
	tracks := make([]media.Track, 0, len(in.Tracks))
	ids := map[int]int{}
	for i, tr := range in.Tracks {
		ids[tr.ID] = i
		tracks = append(tracks, media.Track{ID: i, ClockRate: int(tr.TimeScale), Codec: codecOf(t, tr.Codec)})
		if tracks[i].Codec.Kind() == media.Video {
			tracks[i].ClockRate = rate
		}
	}
	var aus []*media.AccessUnit
	for _, p := range parts {
		for _, pt := range p.Tracks {
			i := ids[pt.ID]
			scale := int(in.Tracks[i].TimeScale)
			at := int64(pt.BaseTime)
			for n, s := range pt.Samples {
				if tracks[i].Codec.Kind() == media.Audio && n == 0 && len(pt.Samples) > 1 && s.Duration > pt.Samples[1].Duration {
					at += int64(s.Duration) // ffmpeg stretches the first frame to the first picture
					continue
				}
				au := &media.AccessUnit{Track: i, Units: units(t, tracks[i].Codec, s)}
				au.Key = isKey(tracks[i].Codec, au.Units)
				au.DTS = media.Rescale(at, scale, tracks[i].ClockRate)
				au.PTS = media.Rescale(at+int64(s.PTSOffset), scale, tracks[i].ClockRate)
				au.Wall = epoch.Add(media.Duration(au.PTS, tracks[i].ClockRate))
				aus = append(aus, au)
				at += int64(s.Duration)
			}
		}
	}
	slices.SortStableFunc(aus, func(a, b *media.AccessUnit) int {
		return int(media.Rescale(a.DTS, tracks[a.Track].ClockRate, rate) - media.Rescale(b.DTS, tracks[b.Track].ClockRate, rate))
	})
	return tracks, aus
}

func codecOf(t *testing.T, c codecs.Codec) media.Codec {
	switch c := c.(type) {
	case *codecs.H264:
		return &media.H264{SPS: c.SPS, PPS: c.PPS}
	case *codecs.H265:
		return &media.H265{VPS: c.VPS, SPS: c.SPS, PPS: c.PPS}
	case *codecs.AV1:
		return &media.AV1{SequenceHeader: c.SequenceHeader}
	case *codecs.VP9:
		return &media.VP9{Profile: c.Profile, BitDepth: c.BitDepth, Subsampling: c.ChromaSubsampling, Matrix: 2, FullRange: c.ColorRange, Width: c.Width, Height: c.Height}
	case *codecs.MPEG4Audio:
		return &media.AAC{Config: c.Config}
	case *codecs.Opus:
		return &media.Opus{ChannelCount: c.ChannelCount}
	case *codecs.MPEG1Audio:
		return &media.MP3{SampleRate: c.SampleRate, ChannelCount: c.ChannelCount}
	}
	t.Fatalf("no such codec: %T", c)
	return nil
}

// units takes a sample apart as ingest would deliver it: without parameter sets in the band.
func units(t *testing.T, c media.Codec, s *mfmp4.Sample) [][]byte {
	var all [][]byte
	var err error
	switch c.(type) {
	case *media.H264:
		err = (*h264.AVCC)(&all).Unmarshal(s.Payload)
		all = slices.DeleteFunc(all, func(u []byte) bool { k := u[0] & 31; return k == 7 || k == 8 || k == 9 })
	case *media.H265:
		err = (*h264.AVCC)(&all).Unmarshal(s.Payload)
		all = slices.DeleteFunc(all, func(u []byte) bool { k := u[0] >> 1 & 63; return k >= 32 && k <= 35 })
	case *media.AV1:
		return obus(t, s.Payload)
	default:
		return [][]byte{s.Payload}
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// obus takes a temporal unit apart into OBUs without size fields, and without the delimiter.
func obus(t *testing.T, b []byte) (all [][]byte) {
	for len(b) > 0 {
		head := 1
		if b[0]&4 != 0 {
			head = 2
		}
		size, n := len(b)-head, 0
		if b[0]&2 != 0 {
			v, k := binary.Uvarint(b[head:])
			size, n = int(v), k
		}
		if n < 0 || head+n+size > len(b) {
			t.Fatal("a broken OBU")
		}
		u := append([]byte{b[0] &^ 2}, b[1:head]...)
		u = append(u, b[head+n:head+n+size]...)
		if b[0]>>3&15 != 2 {
			all = append(all, u)
		}
		b = b[head+n+size:]
	}
	return all
}

func isKey(c media.Codec, units [][]byte) bool {
	switch c.(type) {
	case *media.H264:
		return h264.IsRandomAccess(units)
	case *media.H265:
		return h265.IsRandomAccess(units)
	case *media.AV1:
		return av1.IsRandomAccess2(units)
	case *media.VP9:
		_, key, _ := media.ReadVP9(units[0])
		return key
	}
	return true
}

// TestRealMedia packages what encoders make, and has ffprobe read every rendition: without a word of
// complaint, with every access unit at its own time.
func TestRealMedia(t *testing.T) {
	const picture = "-f lavfi -i testsrc2=s=320x180:r=RATE:d=5 "
	const tone = "-f lavfi -i sine=frequency=440:sample_rate=SR:d=5 -ac 2 "
	for _, c := range []struct{ name, args, codecs string }{
		{"h264", picture + tone + "-c:v libx264 -preset ultrafast -g 60 -c:a aac", "avc1.42C00D,mp4a.40.2"},
		{"h264 b-frames", picture + tone + "-c:v libx264 -bf 3 -g 60 -c:a aac", "avc1.64000D,mp4a.40.2"},
		{"h264 29.97 44.1", strings.ReplaceAll(strings.ReplaceAll(picture+tone, "RATE", "30000/1001"), "SR", "44100") + "-c:v libx264 -bf 2 -g 60 -c:a aac", "avc1.64000D,mp4a.40.2"},
		{"h264 alone", picture + "-c:v libx264 -bf 2 -g 60", "avc1.64000D,mp4a.40.2"},
		{"hevc", picture + tone + "-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=60:bframes=2:open-gop=0 -tag:v hvc1 -c:a aac", "hvc1.1.6.L60.90,mp4a.40.2"},
		{"av1", picture + tone + "-c:v libsvtav1 -preset 12 -g 60 -c:a aac", "av01.0.00M.08,mp4a.40.2"},
		{"vp9", picture + tone + "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 60 -c:a aac", "vp09.00.20.08,mp4a.40.2"},
		{"opus", picture + tone + "-c:v libx264 -preset ultrafast -g 60 -c:a libopus", "avc1.42C00D,opus"},
		{"mp3", picture + tone + "-c:v libx264 -preset ultrafast -g 60 -c:a libmp3lame", "avc1.42C00D,mp4a.40.34"},
		{"aac 48 alone", tone + "-c:a aac", "mp4a.40.2"},
		{"aac 44.1 alone", strings.ReplaceAll(tone, "SR", "44100") + "-c:a aac", "mp4a.40.2"},
		{"mp3 alone", tone + "-c:a libmp3lame", "mp4a.40.34"},
		{"opus alone", tone + "-c:a libopus", "opus"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tracks, aus := encode(t, strings.NewReplacer("RATE", "30", "SR", "48000").Replace(c.args))
			s := newSynth(DefaultConfig())
			s.p.setTracks(tracks)
			for _, au := range aus {
				s.at(media.Rescale(au.DTS, tracks[au.Track].ClockRate, rate))
				s.p.push(au)
			}
			s.p.close()
			multi, err := s.p.Multivariant(context.Background())
			if err != nil || !strings.Contains(string(multi.Plain), `CODECS="`+c.codecs+`"`) {
				t.Errorf("%v: no %s in\n%s", err, c.codecs, multi.Plain)
			}
			for i := range laneNames {
				if r, ok := s.p.Rendition(laneNames[i]); ok {
					probe(t, s.p, r, tracks, aus)
				}
			}
		})
	}
}

// whole is all that a rendition has, as one file.
func whole(t *testing.T, r *Rendition) []byte {
	t.Helper()
	snap := r.snap.Load()
	init, ok := r.Init(snap.segs[0].init)
	if !ok {
		t.Fatal("no init segment")
	}
	file := slices.Clone(init.Plain)
	for _, g := range snap.segs {
		for _, b := range g.bodies {
			file = append(file, b...)
		}
	}
	return file
}

// probe reads a rendition with ffprobe and compares every packet's time with the access units'.
func probe(t *testing.T, p *Presentation, r *Rendition, tracks []media.Track, aus []*media.AccessUnit) {
	t.Helper()
	snap := r.snap.Load()
	name := filepath.Join(t.TempDir(), "out.mp4")
	if err := os.WriteFile(name, whole(t, r), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("ffprobe", "-v", "warning", "-of", "json", "-show_packets", "-show_streams", name)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil || complaints.Len() > 0 {
		t.Errorf("%s: ffprobe: %v: %s", r.Name(), err, complaints.String())
	}
	var got struct {
		Packets []struct {
			Kind string `json:"codec_type"`
			PTS  string `json:"pts_time"`
			Size string
		}
		Streams []struct {
			Kind string `json:"codec_type"`
		}
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string][]float64{}
	for _, au := range aus {
		k := tracks[au.Track].Codec.Kind()
		if k == media.Video && r.Name() == "a0" {
			continue
		}
		want[k.String()] = append(want[k.String()], float64(p.cut.base)+media.Duration(au.PTS, tracks[au.Track].ClockRate).Seconds())
	}
	have := map[string][]float64{}
	for _, pk := range got.Packets {
		v, err := strconv.ParseFloat(pk.PTS, 64)
		if err != nil {
			t.Fatal(err)
		}
		have[pk.Kind] = append(have[pk.Kind], v)
	}
	streams := len(want)
	if r.Name() != "a0" {
		streams = 2 // silence, where there is no sound
	}
	if len(got.Streams) != streams {
		t.Errorf("%s: %d streams, want %d", r.Name(), len(got.Streams), streams)
	}
	for kind, w := range want {
		h := have[kind]
		slices.Sort(w)
		slices.Sort(h)
		// Audio outside of the pictures is left out, at the beginning and at the end.
		if slack := len(w) - len(h); slack < 0 || slack > 8 || kind == "video" && slack != 0 {
			t.Errorf("%s: %d %s packets, want %d", r.Name(), len(h), kind, len(w))
			continue
		}
		off := slices.IndexFunc(w, func(v float64) bool { return len(h) > 0 && v > h[0]-0.001 })
		for i, v := range h {
			if off < 0 || i+off >= len(w) || v-w[i+off] > 0.0005 || w[i+off]-v > 0.0005 {
				t.Fatalf("%s: %s packet %d is shown at %f, want %f", r.Name(), kind, i, v, w[min(i+max(off, 0), len(w)-1)])
			}
		}
	}
	var listed time.Duration
	for _, g := range snap.segs {
		listed += g.dur
	}
	if listed < 4900*time.Millisecond {
		t.Errorf("%s: %v listed", r.Name(), listed)
	}
}

// TestRealLayers packages one picture in three sizes, as three encoders make it, and has ffmpeg decode every
// variant.
func TestRealLayers(t *testing.T) {
	t.Parallel()
	const source = "-f lavfi -i testsrc2=s=1280x720:r=30:d=6 -f lavfi -i sine=frequency=440:sample_rate=48000:d=6 -ac 2 -c:v libx264 -preset ultrafast -bf 0 -sc_threshold 0 -g 60 -c:a aac "
	var tracks []media.Track
	var all []*media.AccessUnit
	var sound media.Track
	layers := make([][]*media.AccessUnit, 3)
	for i, scale := range []string{"1280:720", "640:360", "320:180"} {
		set, aus := encode(t, source+"-vf scale="+scale)
		for n := range set {
			if set[n].Codec.Kind() == media.Video {
				set[n].ID = i
				tracks = append(tracks, set[n])
			} else {
				sound = set[n]
			}
		}
		for _, au := range aus {
			video := set[au.Track].Codec.Kind() == media.Video
			if video {
				au.Track = 0
				layers[i] = append(layers[i], au)
			}
			if !video && i == 0 {
				for l := range layers {
					layers[l] = append(layers[l], &media.AccessUnit{Track: 1, PTS: au.PTS, DTS: au.DTS})
				}
			}
			if video || i == 0 {
				pushed := *au
				if pushed.Track = i; !video {
					pushed.Track = 3
				}
				all = append(all, &pushed)
			}
		}
	}
	sound.ID = 3
	tracks = append(tracks, sound)
	slices.SortStableFunc(all, func(a, b *media.AccessUnit) int {
		return int(media.Rescale(a.DTS, tracks[a.Track].ClockRate, rate) - media.Rescale(b.DTS, tracks[b.Track].ClockRate, rate))
	})
	s := newSynth(DefaultConfig())
	s.p.setTracks(tracks)
	for _, au := range all {
		s.at(media.Rescale(au.DTS, tracks[au.Track].ClockRate, rate))
		s.p.push(au)
	}
	s.p.close()
	multi, err := s.p.Multivariant(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, size := range []string{"1280x720", "640x360", "320x180"} {
		if !strings.Contains(string(multi.Plain), "RESOLUTION="+size+",FRAME-RATE=30.000\n"+laneNames[i]+"/media.m3u8") {
			t.Errorf("%s is not %s in\n%s", laneNames[i], size, multi.Plain)
		}
		r, ok := s.p.Rendition(laneNames[i])
		if !ok {
			t.Fatalf("no %s", laneNames[i])
		}
		probe(t, s.p, r, []media.Track{tracks[i], sound}, layers[i])
		cmd := exec.Command("ffmpeg", "-v", "warning", "-i", "-", "-f", "null", "-")
		cmd.Stdin = bytes.NewReader(whole(t, r))
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: ffmpeg: %v: %s", laneNames[i], err, out)
		}
	}
	if st := s.p.Stats(); st.NotIndependent != 0 || st.GapSegments != 0 || st.Dropped != 0 {
		t.Errorf("%+v", st)
	}
}
