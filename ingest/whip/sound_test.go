package whip

import (
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	pion "github.com/pion/webrtc/v4/pkg/media"

	"livesrv/internal/livetest"
	"livesrv/internal/media"
)

// TestSoundIsHeardWhenItWasMade sends what libopus makes of a source, stamped as WebRTC stamps it, beside pictures of
// the same moments: the decoder gives each sound at its picture.
func TestSoundIsHeardWhenItWasMade(t *testing.T) {
	sent, err := livetest.Opus(t.Context(), livetest.Bursts+"1", "-application voip")
	if err != nil {
		t.Fatal(err)
	}
	pub := &heard{}
	f := newFeed(pub, expected{layers: 1, sound: true})
	f.r.addSound(2)
	const picture, sound = 77_000, 1<<32 - 20_000 // the clocks begin anywhere
	began := f.now
	for n := range sent {
		f.now = began.Add(time.Duration(n) * 20 * time.Millisecond)
		p := nal(1, 100)
		if n == 0 {
			p = stap(sps640, pps, nal(5, 100))
		}
		f.send(t, uint32(picture+n*1800), true, p, false)
		if err := f.r.audio(packet{seq: uint16(n), stamp: sound + uint32(n*960), payload: sent[n].Units[0], arrived: f.now}); err != nil {
			t.Fatal(err)
		}
	}
	first, at := pub.pictures(0), pub.pictures(1)
	if len(at) != len(sent) {
		t.Fatalf("%d frames of %d", len(at), len(sent))
	}
	for n := range at {
		if got, want := at[n]-media.Rescale(first[0], media.VideoClockRate, opusRate), sent[n].PTS; got != want {
			t.Fatalf("frame %d is %d ticks behind the first picture, a container would say %d", n, got, want)
		}
	}
}

// TestSilenceIsNotSent publishes with Opus's discontinuous transmission, which the answer does not ask for: in silence
// one small packet in 400 ms. Viewers' sound goes on without a hole.
func TestSilenceIsNotSent(t *testing.T) {
	t.Parallel()
	k := start(t)
	frames := tone(t)
	k.publishSound("market", pictures(t, clip(t, "320x180", 2)), func(p *publisher, track *webrtc.TrackLocalStaticSample) {
		length := func(n int) time.Duration {
			if n%80 < 60 {
				return 20 * time.Millisecond
			}
			return 400 * time.Millisecond
		}
		began := time.Now()
		at := time.Duration(0)
		for n := 0; p.until(began, at); n++ {
			b := frames[n%len(frames)]
			if length(n) > 20*time.Millisecond {
				b = b[:1]
			}
			if track.WriteSample(pion.Sample{Data: b, Duration: length(n)}) != nil {
				return
			}
			at += length(n)
		}
	})
	k.WaitCame()
	rep := k.judge("market", livetest.Options{For: 10 * time.Second, KeepSegments: 6})
	decode(t, rep)
	s, _ := k.Door.Session("market")
	if r := s.Health.Repairs; r.Gaps > 0 || rep.Gaps > 0 || rep.Discontinuities > 0 {
		t.Errorf("repairs %+v, %d gaps, %d discontinuities", r, rep.Gaps, rep.Discontinuities)
	}
}
