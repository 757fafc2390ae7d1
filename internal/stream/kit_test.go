package stream

import (
	"context"
	"encoding/hex"
	"log/slog"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"go.uber.org/goleak"

	"livesrv/internal/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// Parameter sets as x264, x265 and libaom write them, and the beginning of a keyframe of libvpx.
var (
	sps30   = unhex("67f4000d919681419f8dc044000003000400000300f03c50aa80")
	sps2997 = unhex("67f4000d919681419f8dc04400000fa40003a9803c50aa80")
	sps640  = unhex("67f4001e919680a02ff89c0440000003004000000f03c58ba8")
	pps     = unhex("68ce0f1920")
	vps265  = unhex("40010c01ffff0408000003009e0800000300003c959809")
	sps265  = unhex("4201010408000003009e0800000300003c9001410173e5cb2b349265780b7020200040000003004000000642")
	pps265  = unhex("4401c172860c4624")
	seqAV1  = unhex("08200000043cfeccdaf92021a004")
	keyVP9  = unhex("824983425013f00b360638241c184a00")
)

var (
	h264Declared = media.Track{ID: 0, Codec: &media.H264{SPS: sps30, PPS: pps}, ClockRate: 90000}
	av1Video     = media.Track{ID: 0, Codec: &media.AV1{SequenceHeader: seqAV1}, ClockRate: 90000}
)

func aac(id, rate int) media.Track {
	return media.Track{ID: id, ClockRate: rate, Codec: &media.AAC{Config: mpeg4audio.AudioSpecificConfig{
		Type: mpeg4audio.ObjectTypeAACLC, SampleRate: rate, ChannelConfig: 2,
	}}}
}

// feed is a publisher and a reader whose time is simulated: nothing waits.
type feed struct {
	t     testing.TB
	reg   *Registry
	s     *Stream
	w     *Writer
	r     *Reader
	start time.Time
	out   []Item

	count1 int
	last1  *media.AccessUnit
}

func newFeed(t testing.TB, tracks ...media.Track) *feed {
	t.Helper()
	reg, err := NewRegistry(DefaultConfig(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	f := &feed{t: t, reg: reg, s: reg.Open("show"), start: time.Now()}
	f.r = f.s.Subscribe()
	f.publish(tracks...)
	return f
}

func (f *feed) publish(tracks ...media.Track) {
	f.t.Helper()
	w, err := f.s.Publish(tracks, PublishOptions{Resolution: time.Millisecond})
	if err != nil {
		f.t.Fatal(err)
	}
	f.w = w
}

// picture writes a picture stamped in milliseconds that arrives at that time after the start.
func (f *feed) picture(dts, cts int64, key bool, arrives time.Duration) {
	f.t.Helper()
	au := &media.AccessUnit{DTS: dts * 90, PTS: (dts + cts) * 90, Key: key, Arrived: f.start.Add(arrives)}
	switch f.w.tracks[0].info.Codec.(type) {
	case *media.AV1:
		au.Units = [][]byte{{0x30, 1, 2, 3}}
		if key {
			au.Units = [][]byte{seqAV1, {0x30, 1, 2, 3}}
		}
	default:
		au.Units = [][]byte{{0x41, 1, 2, 3}}
		if key {
			au.Units = [][]byte{{0x65, 1, 2, 3}}
		}
	}
	if err := f.w.Write(au); err != nil {
		f.t.Fatal(err)
	}
	f.drain()
}

// sound writes an audio frame of the given track stamped in milliseconds.
func (f *feed) sound(track int, ms int64, arrives time.Duration) {
	f.t.Helper()
	rate := f.w.tracks[track].info.ClockRate
	ts := media.Rescale(ms, 1000, rate)
	err := f.w.Write(&media.AccessUnit{
		Track: track, DTS: ts, PTS: ts, Key: true, Arrived: f.start.Add(arrives), Units: [][]byte{{0xFC, 0, 1}},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.drain()
}

func (f *feed) drain() {
	for {
		it, ok, _ := f.r.pop()
		if !ok {
			return
		}
		f.out = append(f.out, it)
	}
}

// aus gives what came out of one track so far and checks what holds always.
func (f *feed) aus(track int) []*media.AccessUnit {
	f.t.Helper()
	var aus []*media.AccessUnit
	for _, it := range f.out {
		if it.AU != nil && it.AU.Track == track {
			aus = append(aus, it.AU)
		}
	}
	checkTimeline(f.t, aus)
	return aus
}

func checkTimeline(t testing.TB, aus []*media.AccessUnit) {
	t.Helper()
	for i, au := range aus {
		if au.PTS < au.DTS {
			t.Fatalf("access unit %d: PTS %d < DTS %d", i, au.PTS, au.DTS)
		}
		if au.DTS < 0 {
			t.Fatalf("access unit %d: DTS %d < 0", i, au.DTS)
		}
		if i > 0 && au.DTS <= aus[i-1].DTS {
			t.Fatalf("access unit %d: DTS %d after %d", i, au.DTS, aus[i-1].DTS)
		}
		if au.Wall.IsZero() {
			t.Fatalf("access unit %d has no wall time", i)
		}
	}
}

func next(t testing.TB, r *Reader) Item {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	it, err := r.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return it
}

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// trim forgets what came out, keeping the count of sound frames and the last of them: for long runs.
func (f *feed) trim() {
	for _, it := range f.out {
		if it.AU != nil && it.AU.Track == 1 {
			f.count1++
			f.last1 = it.AU
		}
	}
	f.out = f.out[:0]
}
