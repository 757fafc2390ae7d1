package whip

import (
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media/h265reader"
	"github.com/pion/webrtc/v4/pkg/media/ivfreader"

	"livesrv/internal/livetest"
	"livesrv/internal/media"
)

// TestCodecs publishes what is not H.264 by pion to a strict player, and lets ffmpeg decode what comes out.
func TestCodecs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		film   func(testing.TB) film
		codecs string
	}{
		"HEVC": {hevc, "hvc1.1.6.L60.90,opus"},
		"VP9": {func(t testing.TB) film {
			return inIVF(t, webrtc.MimeTypeVP9, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")
		}, "vp09.00.20.08,opus"},
		"AV1": {func(t testing.TB) film {
			return inIVF(t, webrtc.MimeTypeAV1, "-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8")
		}, "av01.0.00M.08,opus"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := start(t)
			p := k.publish("market", c.film(t), 0.01)
			if s := k.WaitCame(); len(s.Tracks) != 2 || s.Tracks[0].Codec != name || s.Tracks[0].Width != 320 {
				t.Errorf("tracks: %v", s.Tracks)
			}
			rep := k.judge("market", livetest.Options{For: 6 * time.Second, KeepSegments: 3})
			decode(t, rep)
			pres, _ := k.hub.Presentation("market")
			if multi, err := pres.Multivariant(t.Context()); err != nil || !strings.Contains(string(multi.Plain), `CODECS="`+c.codecs+`"`) {
				t.Errorf("%v: no %s in\n%s", err, c.codecs, multi.Plain)
			}
			if rep.Discontinuities > 0 || rep.Segments < 4 {
				t.Errorf("%d discontinuities in %d segments", rep.Discontinuities, rep.Segments)
			}
			if status, _, text := k.request("DELETE", p.location, nil, ""); status != 200 {
				t.Errorf("DELETE answered %d: %s", status, text)
			}
			if e := k.WaitLeft(); e.Session.Health.FrameRate < clipRate*0.8 {
				t.Errorf("%.1f pictures a second came through, repairs %+v", e.Session.Health.FrameRate, e.Session.Health.Repairs)
			}
		})
	}
}

// small are ffmpeg's arguments for a moving picture of 320x180 with a keyframe every second.
var small = strings.Fields("-f lavfi -i testsrc2=size=320x180:rate=30:duration=3 -pix_fmt yuv420p -g 30 -b:v 500k")

// hevc is a clip of HEVC.
func hevc(t testing.TB) film {
	t.Helper()
	f, err := os.Open(ffmpeg(t, "clip.hevc", append(slices.Clone(small), "-c:v", "libx265", "-preset", "ultrafast",
		"-x265-params", "log-level=none:keyint=30:min-keyint=30:scenecut=0:bframes=0:repeat-headers=1:info=0", "-f", "hevc")...))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := h265reader.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return filmOf(t, webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH265, ClockRate: 90000}, func() (nalUnit, error) {
		nal, err := r.NextNAL()
		if err != nil {
			return nalUnit{}, err
		}
		typ := nal.Data[0] >> 1 & 0x3F
		return nalUnit{nal.Data, typ < 32, typ >= 16}, nil
	})
}

// inIVF is a clip of VP9 or AV1. The keyframes are where they were asked for.
func inIVF(t testing.TB, mime string, args ...string) film {
	t.Helper()
	f, err := os.Open(ffmpeg(t, "clip.ivf", append(append(slices.Clone(small), args...), "-lag-in-frames", "0", "-f", "ivf")...))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, _, err := ivfreader.NewWith(f)
	if err != nil {
		t.Fatal(err)
	}
	all := film{codec: webrtc.RTPCodecCapability{MimeType: mime, ClockRate: 90000}}
	for {
		b, _, err := r.ParseNextFrame()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all.pictures = append(all.pictures, sample{b, len(all.pictures)%clipRate == 0})
	}
}

// TestVP9Payloads takes pictures apart as pion packetises them, with and without flexible mode, and what senders of
// layers add to the payload descriptor.
func TestVP9Payloads(t *testing.T) {
	key, inter := unhex("824983425013f00b360638241c184a00"), unhex("86004092f121400000907f91e44e8e35")
	packed := func(flexible bool, frame []byte) [][]byte {
		p := &codecs.VP9Payloader{FlexibleMode: flexible, InitialPictureIDFn: func() uint16 { return 200 }}
		return p.Payload(16, frame)
	}
	with := func(head string, frame []byte) []byte { return append(unhex(head), frame...) }
	layers := appendIndex(append(append([]byte{}, key...), inter...), []int{len(key), len(inter)})
	for _, c := range []struct {
		name string
		in   [][]byte
		out  []byte // nil where it is refused
	}{
		{"fixed", packed(false, key), key},
		{"flexible", packed(true, inter), inter},
		{"no picture ID", [][]byte{with("0c", inter)}, inter},
		{"short picture ID, layer indices", [][]byte{with("ac 05 20 09", inter)}, inter},
		{"references", [][]byte{with("dc 85 05 03 05 06", inter)}, inter},
		{"scalability structure", [][]byte{with("8e 05 38 0140 00b4 0280 0168 02 14 01 08 01 02", key)}, key},
		{"two spatial layers", [][]byte{with("ae 05 00 09 30 0140 00b4 0280 0168", key), with("ac 05 02 09", inter)}, layers},
		{"no beginning", packed(false, key)[1:], nil},
		{"no end", packed(false, key)[:1], nil},
		{"begun twice", [][]byte{packed(false, key)[0], packed(false, key)[0]}, nil},
		{"nothing behind the descriptor", [][]byte{unhex("8c05")}, nil},
		{"a cut structure", [][]byte{unhex("8e05 38 0140")}, nil},
		{"no VP9", [][]byte{with("0c", []byte{1, 2, 3, 4})}, nil},
		{"nine layers", slices.Repeat([][]byte{with("0c", inter)}, 9), nil},
	} {
		units, err := vp9Format{}.units(c.in)
		if (err == nil) != (c.out != nil) || err == nil && (len(units) != 1 || string(units[0]) != string(c.out)) {
			t.Errorf("%s: %x %v", c.name, units, err)
		}
	}
	isKey, whole, codec := vp9Format{}.look(nil, [][]byte{key})
	if p, ok := media.PictureOf(codec); !isKey || !whole || !ok || p.Width != 320 || p.Height != 180 {
		t.Errorf("key %v, %+v", isKey, codec)
	}
	if isKey, _, again := (vp9Format{}).look(codec, [][]byte{key}); !isKey || again != codec {
		t.Error("the same again is a new codec")
	}
	if isKey, _, again := (vp9Format{}).look(codec, [][]byte{inter}); isKey || again != codec {
		t.Error("a picture that refers to others is a keyframe or a new codec")
	}
}
