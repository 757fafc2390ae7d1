package whip

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"livesrv/internal/media"
	"livesrv/internal/stream"
)

// Parameter sets of x264, constrained baseline: 640x360, 320x180 and 360x640.
var (
	sps640 = unhex("6742c01eda0280bfe5c044000003000400000300f23c58ba80")
	sps320 = unhex("6742c00dda05067e7c0440000003004000000f23c50aa8")
	sps360 = unhex("6742c01eda05c14797c044000003000400000300f23c58ba80")
	pps    = unhex("68ce0fc8")
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// heard is a publication that keeps what it is given.
type heard struct {
	tracks [][]media.Track
	aus    []*media.AccessUnit
}

func (h *heard) SetTracks(t []media.Track) error  { h.tracks = append(h.tracks, t); return nil }
func (h *heard) Write(au *media.AccessUnit) error { h.aus = append(h.aus, au); return nil }
func (h *heard) Report(code, message string)      {}
func (h *heard) pictures(track int) (pts []int64) {
	for _, au := range h.aus {
		if au.Track == track {
			pts = append(pts, au.PTS)
		}
	}
	return pts
}

// feed gives packets to one layer of a receiver.
type feed struct {
	r   *receiver
	l   *layer
	seq uint16
	now time.Time
}

func newFeed(pub publication, e expected) *feed {
	f := &feed{r: newReceiver(pub, DefaultConfig(), e), now: time.Unix(1_800_000_000, 0)}
	f.l = f.r.addLayer("", 1, h264Format{})
	return f
}

// send gives a packet, or loses it.
func (f *feed) send(t testing.TB, stamp uint32, marker bool, payload []byte, lose bool) {
	t.Helper()
	f.seq++
	f.now = f.now.Add(time.Millisecond)
	if lose {
		return
	}
	if err := f.r.video(f.l, packet{seq: f.seq, stamp: stamp, marker: marker, payload: payload, arrived: f.now}); err != nil {
		t.Fatal(err)
	}
}

func nal(typ byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i) | 1
	}
	b[0] = 0x60 | typ
	return b
}

func stap(nals ...[]byte) []byte {
	b := []byte{0x60 | h264Aggregation}
	for _, n := range nals {
		b = binary.BigEndian.AppendUint16(b, uint16(len(n)))
		b = append(b, n...)
	}
	return b
}

func fragments(n []byte, size int) (all [][]byte) {
	body := n[1:]
	for at := 0; at < len(body); at += size {
		head := n[0] & 0x1F
		if at == 0 {
			head |= 0x80
		}
		if at+size >= len(body) {
			head |= 0x40
		}
		all = append(all, append([]byte{n[0]&0x60 | h264Fragment, head}, body[at:min(at+size, len(body))]...))
	}
	return all
}

// TestPackings sends the same pictures in every packing that senders use (docs/hls.md P6, P7).
func TestPackings(t *testing.T) {
	idr, slice, second := nal(5, 3000), nal(1, 2000), nal(1, 700)
	whole := func(p ...[]byte) [][][]byte { return [][][]byte{p} }
	for name, c := range map[string]struct {
		// Packets by what shares a marker: of a keyframe, and of another picture.
		key, other [][][]byte
		noMarker   bool
		units      int // of the keyframe, parameter sets among them
		// spoilt is how many pictures it takes to learn the sender's ways.
		spoilt int
	}{
		"STAP-A and FU-A":             {key: whole(append([][]byte{stap(sps640, pps)}, fragments(idr, 1000)...)...), other: whole(fragments(slice, 900)...), units: 3},
		"single units":                {key: whole(sps640, pps, idr), other: whole(slice), units: 3},
		"parameter sets with markers": {key: [][][]byte{{sps640}, {pps}, fragments(idr, 1000)}, other: whole(slice), units: 3},
		"all in one STAP-A":           {key: whole(stap(sps640, pps, idr)), other: whole(stap(slice, second)), units: 3},
		"slices":                      {key: whole(sps640, pps, idr, nal(5, 900), nal(5, 800)), other: whole(slice, second), units: 5},
		"no markers":                  {key: whole(sps640, pps, idr), other: whole(slice), units: 3, noMarker: true},
		"a marker on every slice":     {key: [][][]byte{{sps640, pps, idr}, {nal(5, 900)}}, other: [][][]byte{{slice}, {second}}, units: 4, spoilt: 8},
	} {
		t.Run(name, func(t *testing.T) {
			pub := &heard{}
			f := newFeed(pub, expected{layers: 1})
			for n := range 25 {
				groups := c.other
				if n%8 == 0 {
					groups = c.key
				}
				for _, g := range groups {
					for i, p := range g {
						f.send(t, uint32(n*3000), i == len(g)-1 && !c.noMarker, p, false)
					}
				}
			}
			want := 25 - c.spoilt
			if c.noMarker || c.spoilt > 0 {
				want-- // the last is known to be whole only when another comes
			}
			if got := len(pub.aus) - min(c.spoilt, 1); got != want {
				t.Fatalf("%d pictures, want %d", got, want)
			}
			for i, au := range pub.aus[min(c.spoilt, 1):] {
				if key := (i+c.spoilt)%8 == 0; au.Key != key || key && len(au.Units) != c.units {
					t.Errorf("picture %d: key %v, %d units", i, au.Key, len(au.Units))
				}
			}
			if len(pub.tracks) != 1 {
				t.Errorf("tracks were told %d times", len(pub.tracks))
			}
		})
	}
}

// TestLostPacket wants a picture that lacks a packet, and all until the next keyframe, to stay away, and a keyframe to
// be asked for; and wants nothing to be lost where the packet comes when it is asked for.
func TestLostPacket(t *testing.T) {
	for _, repaired := range []bool{false, true} {
		pub := &heard{}
		f := newFeed(pub, expected{layers: 1})
		var asked []uint16
		plis := 0
		feedback := func() {
			for _, p := range f.r.feedback(f.now) {
				switch p := p.(type) {
				case *rtcp.TransportLayerNack:
					for _, n := range p.Nacks {
						asked = append(asked, n.PacketList()...)
					}
				case *rtcp.PictureLossIndication:
					plis++
				}
			}
		}
		lost := []byte{}
		for n := range 60 {
			payloads := fragments(nal(1, 3000), 1000)
			if n == 0 || n == 40 {
				payloads = append([][]byte{stap(sps640, pps)}, fragments(nal(5, 3000), 1000)...)
			}
			for i, p := range payloads {
				lose := n == 10 && i == 1
				if lose {
					lost = p
				}
				f.send(t, uint32(n*3000), i == len(payloads)-1, p, lose)
				feedback()
			}
			f.now = f.now.Add(30 * time.Millisecond)
			if err := f.r.tick(f.now); err != nil {
				t.Fatal(err)
			}
			if n == 11 && repaired {
				again := packet{seq: asked[0], stamp: 10 * 3000, payload: lost, arrived: f.now}
				if err := f.r.video(f.l, again); err != nil {
					t.Fatal(err)
				}
			}
		}
		got := pub.pictures(0)
		switch {
		case len(asked) == 0:
			t.Error("the packet was not asked for")
		case repaired && (len(got) != 60 || plis != 1):
			t.Errorf("repaired: %d pictures, %d keyframes asked for", len(got), plis)
		case !repaired && (len(got) != 30 || plis < 2 || len(asked) < 3):
			t.Errorf("lost: %d pictures, %d keyframes asked for, packets asked for: %v", len(got), plis, asked)
		}
	}
}

// TestReordered sends B-frames, which parameter sets may not announce: PTS stay, DTS grow and lie before them.
func TestReordered(t *testing.T) {
	pub := &heard{}
	f := newFeed(pub, expected{layers: 1})
	shown := []uint32{0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11, 15, 13, 14}
	for i, n := range shown {
		p := nal(1, 500)
		if i == 0 {
			p = stap(sps640, pps, nal(5, 900))
		}
		f.send(t, n*3000, true, p, false)
	}
	if len(pub.aus) != len(shown) {
		t.Fatalf("%d pictures", len(pub.aus))
	}
	for i, au := range pub.aus {
		if au.PTS != int64(shown[i])*3000 {
			t.Errorf("picture %d is shown at %d", i, au.PTS)
		}
		// The first picture that is late tells that there are such.
		if i > 2 && (au.DTS > au.PTS || au.DTS <= pub.aus[i-1].DTS) {
			t.Errorf("picture %d is decoded at %d after %d and shown at %d", i, au.DTS, pub.aus[i-1].DTS, au.PTS)
		}
	}
}

// TestRotation turns the phone: the new size is told before its first picture.
func TestRotation(t *testing.T) {
	pub := &heard{}
	f := newFeed(pub, expected{layers: 1})
	for n := range 20 {
		p := nal(1, 500)
		if n == 0 {
			p = stap(sps640, pps, nal(5, 900))
		} else if n == 10 {
			p = stap(sps360, pps, nal(5, 900))
		}
		f.send(t, uint32(n*3000), true, p, false)
	}
	if len(pub.tracks) != 2 || len(pub.aus) != 20 {
		t.Fatalf("tracks were told %d times, %d pictures", len(pub.tracks), len(pub.aus))
	}
	if p, _ := media.PictureOf(pub.tracks[1][0].Codec); p.Width != 360 || p.Height != 640 {
		t.Errorf("turned to %dx%d", p.Width, p.Height)
	}
}

// TestLayers sends a simulcast whose largest layer comes late, falls silent and returns.
func TestLayers(t *testing.T) {
	pub := &heard{}
	r := newReceiver(pub, DefaultConfig(), expected{layers: 2, sound: true})
	now := time.Unix(1_800_000_000, 0)
	small, large := r.addLayer("l", 1, h264Format{}), r.addLayer("h", 2, h264Format{})
	r.addSound(3)
	shape := func() (s string) {
		for _, t := range pub.tracks[len(pub.tracks)-1] {
			p, _ := media.PictureOf(t.Codec)
			s += fmt.Sprintf("%s %d ", t.Codec.Name(), p.Width)
		}
		return s
	}
	asked := map[uint32]int{}
	for n := range 600 { // 20 s
		send := func(l *layer, sps []byte) {
			p := nal(1, 500)
			if n%15 == 0 {
				p = stap(sps, pps, nal(5, 900))
			}
			if err := r.video(l, packet{seq: uint16(n), stamp: uint32(n * 3000), marker: true, payload: p, arrived: now}); err != nil {
				t.Fatal(err)
			}
		}
		send(small, sps320)
		if n < 150 || n >= 300 {
			send(large, sps640)
		}
		if err := r.audio(packet{seq: uint16(n), stamp: uint32(n * 1600), payload: []byte{0xFC, 1, 2, 3}, arrived: now}); err != nil {
			t.Fatal(err)
		}
		if err := r.tick(now); err != nil {
			t.Fatal(err)
		}
		for _, p := range r.feedback(now) {
			if p, ok := p.(*rtcp.PictureLossIndication); ok {
				asked[p.MediaSSRC]++
			}
		}
		switch n {
		case 100, 450:
			if got := shape(); got != "H.264 640 H.264 320 Opus 0 " {
				t.Errorf("picture %d: %s", n, got)
			}
		case 250:
			if got := shape(); got != "H.264 320 Opus 0 " {
				t.Errorf("without the large layer: %s", got)
			}
		}
		now = now.Add(time.Second / 30)
	}
	if len(pub.tracks) != 3 {
		t.Errorf("tracks were told %d times", len(pub.tracks))
	}
	if asked[1] != asked[2] {
		t.Errorf("keyframes are not asked for from all layers alike: %v", asked)
	}
}

// TestHour sends an hour through receiver and stream with 1 % loss and a sound clock that is 200 ppm fast, and wants
// picture and sound within 45 ms of each other at its end.
func TestHour(t *testing.T) {
	reg, err := stream.NewRegistry(stream.DefaultConfig(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	pub := &streamed{s: reg.Open("hour")}
	reader := pub.s.Subscribe()
	defer reader.Close()
	nothing, cancel := context.WithCancel(t.Context())
	cancel()
	r := newReceiver(pub, DefaultConfig(), expected{layers: 1, sound: true})
	l := r.addLayer("", 1, h264Format{})
	r.addSound(2)
	camera := source{rate: 90000, base: 1<<32 - 90000*600}
	microphone := source{rate: 48000, ppm: 200, base: 1<<32 - 48000*60}
	rnd := rand.New(rand.NewPCG(3, 1))
	began := time.Unix(1_800_000_000, 0)
	var worst, lastSkew time.Duration
	var soundAt, soundCaptured time.Duration
	key, pictures, lost := true, 0, 0
	length := time.Hour
	if testing.Short() {
		length = 10 * time.Minute
	}
	var vseq, aseq uint16
	for n := 0; time.Duration(n)*20*time.Millisecond < length; n++ {
		at := time.Duration(n) * 20 * time.Millisecond
		now := began.Add(at + 40*time.Millisecond + time.Duration(rnd.ExpFloat64()*float64(5*time.Millisecond)))
		aseq++
		// A frame of 20 ms whose bytes say when it was recorded.
		frame := binary.BigEndian.AppendUint64([]byte{0xFC}, uint64(at))
		if rnd.Float64() >= 0.01 {
			if err := r.audio(packet{seq: aseq, stamp: microphone.stamp(at), payload: frame, arrived: now}); err != nil {
				t.Fatal(err)
			}
		}
		if n%2 == 0 { // 25 pictures a second
			vseq++
			slice := append(nal(1, 20), marked(at)...)
			if key {
				slice = stap(sps640, pps, append(nal(5, 20), marked(at)...))
			}
			if rnd.Float64() >= 0.01 {
				key = false
				if err := r.video(l, packet{seq: vseq, stamp: camera.stamp(at), marker: true, payload: slice, arrived: now}); err != nil {
					t.Fatal(err)
				}
			} else {
				lost++
			}
		}
		if n%100 == 50 {
			r.report(&rtcp.SenderReport{SSRC: 1, NTPTime: ntp(began.Add(at)), RTPTime: camera.stamp(at)})
			r.report(&rtcp.SenderReport{SSRC: 2, NTPTime: ntp(began.Add(at)), RTPTime: microphone.stamp(at)})
		}
		for _, p := range r.feedback(now) {
			if _, ok := p.(*rtcp.PictureLossIndication); ok {
				key = true
			}
		}
		for {
			it, err := reader.Next(nothing)
			if err != nil {
				break // all is read
			}
			if it.AU == nil {
				continue
			}
			if it.AU.Track == 1 {
				if b := it.AU.Units[0]; len(b) == 9 {
					soundAt, soundCaptured = media.Duration(it.AU.PTS+opusDelay, 48000), time.Duration(binary.BigEndian.Uint64(b[1:]))
				}
				continue
			}
			pictures++
			u := it.AU.Units[len(it.AU.Units)-1]
			lastSkew = media.Duration(it.AU.PTS, 90000) - soundAt - (unmarked(u[20:]) - soundCaptured)
			if at > time.Minute {
				worst = max(worst, lastSkew.Abs())
			}
		}
	}
	t.Logf("%d pictures, %d packets lost, at most %v apart, %v at the end, %d frames of sound concealed", pictures, lost,
		worst.Round(time.Microsecond), lastSkew.Round(time.Microsecond), r.sound.concealed)
	if worst > 45*time.Millisecond || lost == 0 || pictures < int(length/(60*time.Millisecond)) || r.sound.concealed == 0 {
		t.Error("picture and sound are not together")
	}
}

// marked writes a time so that no start code can be in it.
func marked(at time.Duration) []byte {
	var b []byte
	for n := uint64(at / time.Millisecond); len(b) < 8; n >>= 4 {
		b = append(b, 0x80|byte(n&15))
	}
	return b
}

func unmarked(b []byte) (at time.Duration) {
	for i := range slices.Backward(b[:8]) {
		at = at<<4 | time.Duration(b[i]&15)
	}
	return at * time.Millisecond
}

// streamed publishes straight to a stream.
type streamed struct {
	s *stream.Stream
	w *stream.Writer
}

func (p *streamed) SetTracks(tracks []media.Track) (err error) {
	if p.w != nil {
		return p.w.SetTracks(tracks)
	}
	p.w, err = p.s.Publish(tracks, stream.PublishOptions{})
	return err
}
func (p *streamed) Write(au *media.AccessUnit) error { return p.w.Write(au) }
func (p *streamed) Report(string, string)            {}
