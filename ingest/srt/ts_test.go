package srt

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts/codecs"
	"github.com/google/go-cmp/cmp"

	"livesrv/internal/fault"
	"livesrv/internal/media"
	"livesrv/internal/stream"
)

var (
	sps = []byte{0x67, 0xf4, 0x00, 0x0d, 0x91, 0x96, 0x81, 0x41, 0x9f, 0x8d, 0xc0, 0x44, 0, 0, 3, 0, 4, 0, 0, 3, 0, 0xf0, 0x3c, 0x50, 0xaa, 0x80}
	pps = []byte{0x68, 0xce, 0x0f, 0x19, 0x20}
)

// sink notes what a publisher hands on.
type sink struct {
	tracks [][]media.Track
	aus    []*media.AccessUnit
	data   []stream.Data
	said   map[string]string
	err    error
}

func (s *sink) SetTracks(t []media.Track) error  { s.tracks = append(s.tracks, t); return s.err }
func (s *sink) Write(au *media.AccessUnit) error { s.aus = append(s.aus, au); return s.err }
func (s *sink) WriteData(d stream.Data) error    { s.data = append(s.data, d); return s.err }
func (s *sink) Report(code, message string)      { s.said[code] = message }
func newSink() *sink                             { return &sink{said: map[string]string{}} }
func feed(p *publisher, ts []byte, piece int) error {
	for len(ts) > 0 {
		n := min(piece, len(ts))
		if err := p.feed(ts[:n]); err != nil {
			return err
		}
		ts = ts[n:]
	}
	return nil
}

// written is a transport stream by mediacommon's writer: pictures of 40 ms and AAC from a time on.
func written(t testing.TB, from int64, pictures int) []byte {
	t.Helper()
	var b bytes.Buffer
	v := &mpegts.Track{PID: 256, Codec: &codecs.H264{}}
	a := &mpegts.Track{PID: 257, Codec: &codecs.MPEG4Audio{Config: mpeg4audio.AudioSpecificConfig{
		Type: mpeg4audio.ObjectTypeAACLC, SampleRate: 48000, ChannelConfig: 2, ChannelCount: 2}}}
	w := &mpegts.Writer{W: &b, Tracks: []*mpegts.Track{v, a}}
	must(t, w.Initialize())
	for i := range pictures {
		at := from + int64(i)*3600
		au := [][]byte{{0x41, byte(i), 1, 2, 3}}
		if i%10 == 0 {
			au = [][]byte{sps, pps, bytes.Repeat([]byte{0x65}, 1000)}
		}
		must(t, w.WriteH264(v, at+7200, at, au))
		must(t, w.WriteMPEG4Audio(a, at, [][]byte{{byte(i), 1}, {byte(i), 2}}))
	}
	return b.Bytes()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Whatever pieces a stream comes in, and over the wrap of its clock, the same comes out.
func TestTransportStream(t *testing.T) {
	const last = 1<<33 - 5*3600
	for _, piece := range []int{1, 100, 188, 1316, 1 << 20} {
		s := newSink()
		p := newPublisher(s, func() {})
		must(t, feed(p, written(t, last, 21), piece))
		must(t, p.flush())
		if len(s.tracks) != 1 || len(s.tracks[0]) != 2 || s.tracks[0][0].Codec.Name() != "H.264" || s.tracks[0][1].ClockRate != 48000 {
			t.Fatalf("%d bytes: %+v", piece, s.tracks)
		}
		var pictures, frames int
		for _, au := range s.aus {
			if au.Track == 0 {
				if want := int64(last + pictures*3600); au.DTS != want || au.PTS != want+7200 {
					t.Fatalf("picture %d at %d, want %d", pictures, au.DTS, want)
				}
				pictures++
				continue
			}
			if want := media.Rescale(int64(last+frames/2*3600), 90000, 48000) + int64(frames%2)*1024; au.PTS != want || au.Units[0][1] != byte(1+frames%2) {
				t.Fatalf("frame %d at %d, want %d", frames, au.PTS, want)
			}
			frames++
		}
		if pictures != 21 || frames != 42 {
			t.Errorf("%d bytes: %d pictures, %d frames", piece, pictures, frames)
		}
		if len(s.said) != 0 {
			t.Errorf("%v", s.said)
		}
	}
}

// Lost packets cost the pictures that they belong to, and no more.
func TestLostPackets(t *testing.T) {
	ts := written(t, 90000, 30)
	whole := newSink()
	must(t, feed(newPublisher(whole, func() {}), ts, 1316))
	lossy := newSink()
	p := newPublisher(lossy, func() {})
	n := len(ts) / packetSize
	for i := range n {
		if i == 30 || i == 41 || i == 42 { // never a table: it stands at the beginning
			continue
		}
		packet := bytes.Clone(ts[i*packetSize : (i+1)*packetSize])
		must(t, p.feed(packet))
		if i == 50 {
			must(t, p.feed(packet)) // sent twice
			must(t, p.feed([]byte("rubbish")))
		}
	}
	if lossy.said["media_damaged"] == "" {
		t.Error("the loss is not told")
	}
	if got, want := len(lossy.aus), len(whole.aus); got < want-6 || got >= want {
		t.Errorf("%d access units of %d", got, want)
	}
	for _, au := range lossy.aus {
		if !found(whole.aus, au) {
			t.Fatalf("an access unit at %d that was never sent", au.PTS)
		}
	}
}

func found(all []*media.AccessUnit, au *media.AccessUnit) bool {
	for _, x := range all {
		if x.Track == au.Track && x.PTS == au.PTS && cmp.Equal(x.Units, au.Units) {
			return true
		}
	}
	return false
}

// Other parameter sets in mid-stream are told of as new tracks.
func TestChangedParameterSets(t *testing.T) {
	other := bytes.Clone(sps)
	other[3] = 0x14
	ts := written(t, 0, 11)
	ts = append(ts, bytes.ReplaceAll(written(t, 11*3600, 11), sps, other)...)
	s := newSink()
	must(t, feed(newPublisher(s, func() {}), ts, 1316))
	if len(s.tracks) != 2 || !bytes.Equal(s.tracks[1][0].Codec.(*media.H264).SPS, other) {
		t.Errorf("%d times tracks", len(s.tracks))
	}
}

// A track that the table promises and that never comes holds nothing back for long; one that comes late
// joins.
func TestSilentTrack(t *testing.T) {
	ts := written(t, 0, 60)
	synctest.Test(t, func(t *testing.T) {
		s := newSink()
		p := newPublisher(s, func() {})
		for i := range len(ts) / packetSize {
			packet := ts[i*packetSize : (i+1)*packetSize]
			if packet[1]&0x1F == 1 && packet[2] == 1 && i < len(ts)/packetSize/2 {
				continue
			}
			time.Sleep(40 * time.Millisecond)
			must(t, p.feed(packet))
		}
		if len(s.tracks) != 2 || len(s.tracks[0]) != 1 || len(s.tracks[1]) != 2 || s.tracks[1][1].ID != 1 {
			t.Errorf("%+v", s.tracks)
		}
	})
}

func TestUnreadable(t *testing.T) {
	s := newSink()
	p := newPublisher(s, func() { t.Error("alive") })
	ts := bytes.ReplaceAll(written(t, 0, 300), []byte{0, 0, 0, 1, 9, 0xF0}, []byte{9, 9, 9, 9, 9, 9})
	ts = bytes.ReplaceAll(ts, []byte{0xFF, 0xF1}, []byte{9, 9})
	if err := feed(p, ts, 1316); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "in a row") {
		t.Errorf("ended with %v", err)
	}
}

// Unfinished packets hold no more than they may.
func TestEndlessPacket(t *testing.T) {
	p := newPublisher(newSink(), func() {})
	must(t, p.feed(written(t, 0, 1)))
	for i := range 100_000 {
		packet := make([]byte, packetSize)
		packet[0], packet[1], packet[3] = syncByte, 1, byte(0x10|i&15)
		must(t, p.feed(packet))
		if p.held > maxHeld {
			t.Fatal(p.held)
		}
	}
}

func FuzzTransportStream(f *testing.F) {
	f.Add(written(f, 1<<33-3600, 2))
	f.Add(withID3(f, tag(4, 0, text4("TIT2", "now")))[:6*packetSize])
	f.Add([]byte{syncByte, 0x40, 0, 0x10, 0, 0, 0xB0})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, piece := range []int{188, 97} {
			s := newSink()
			p := newPublisher(s, func() {})
			feed(p, b, piece) //nolint:errcheck // whatever it is, it must not panic
			if p.held < 0 || p.held > maxHeld || len(p.pids) > maxStreams {
				t.Fatal(p.held, len(p.pids))
			}
			for _, au := range s.aus {
				if au.Track < 0 || len(au.Units) == 0 {
					t.Fatalf("%+v", au)
				}
			}
		}
	})
}
