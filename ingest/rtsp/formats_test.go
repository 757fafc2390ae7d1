package rtsp

import (
	"bytes"
	"testing"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/sdp"
	"github.com/pion/rtp"

	"livesrv/ingest"
	"livesrv/internal/media"
)

// sink notes what a publisher hands on.
type sink struct {
	tracks []media.Track
	aus    []*media.AccessUnit
	said   map[string]string
}

func (s *sink) SetTracks(t []media.Track) error  { s.tracks = t; return nil }
func (s *sink) Write(au *media.AccessUnit) error { s.aus = append(s.aus, au); return nil }
func (s *sink) Report(code, message string)      { s.said[code] = message }

// sequence is an AV1 sequence header, without its size field.
var sequence = []byte{8, 0, 0, 0, 66, 167, 191, 228, 96, 13, 0, 64}

// AV1 says what it is in its own units, which may carry their size or not.
func TestAV1(t *testing.T) {
	sized := append([]byte{sequence[0] | 2, byte(len(sequence) - 1)}, sequence[1:]...)
	for name, h := range map[string][]byte{"plain": sequence, "sized": sized} {
		f := &format.AV1{PayloadTyp: 96}
		s := &sink{said: map[string]string{}}
		desc := &description.Session{Medias: []*description.Media{{Type: description.MediaTypeVideo, Formats: []format.Format{f}}}}
		if _, err := newPublisher(s, desc, func() {}, unkicked(t)); err != nil {
			t.Fatal(err)
		}
		enc, err := f.CreateEncoder()
		if err != nil {
			t.Fatal(err)
		}
		for i, tu := range [][][]byte{{h, {0x30, 1, 2, 3}}, {{0x30, 4, 5}}} {
			pkts, err := enc.Encode(tu)
			if err != nil {
				t.Fatal(err)
			}
			for _, pkt := range pkts {
				pkt.Timestamp = uint32(i) * 3000
				desc.Medias[0].Formats[0].PTSEqualsDTS(pkt) // as gortsplib does
			}
		}
		if len(s.tracks) != 1 || len(s.aus) != 2 || s.aus[1].PTS != 3000 || !bytes.Equal(s.aus[0].Units[0], sequence) {
			t.Errorf("%s: %+v %+v", name, s.tracks, s.aus)
		}
	}
}

// HE-AAC counts the samples that are heard, which are twice those of its frames.
func TestHEAAC(t *testing.T) {
	desc := described(t, "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/48000/2\r\n"+
		"a=fmtp:97 streamtype=5;mode=AAC-hbr;config=2b118800;SizeLength=13;IndexLength=3;IndexDeltaLength=3\r\n")
	s := &sink{said: map[string]string{}}
	p, err := newPublisher(s, desc, func() {}, unkicked(t))
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint16(5) {
		pkt := &rtp.Packet{Header: rtp.Header{SequenceNumber: i, Timestamp: uint32(i) * 2048, Marker: true}, Payload: []byte{0, 16, 0, 16, 0x21, byte(i)}}
		if err := p.handle(p.tracks[desc.Medias[0]], pkt); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.tracks) != 1 || s.tracks[0].ClockRate != 24000 || s.tracks[0].Codec.RFC6381() != "mp4a.40.5" || len(s.aus) != 5 {
		t.Fatalf("%+v, %d frames", s.tracks, len(s.aus))
	}
	for i, au := range s.aus {
		if au.PTS != int64(i)*1024 {
			t.Errorf("frame %d at %d", i, au.PTS)
		}
	}
}

// described is what an SDP with some media says.
func described(t testing.TB, medias string) *description.Session {
	t.Helper()
	var sd sdp.SessionDescription
	var desc description.Session
	if err := sd.Unmarshal([]byte("v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" + medias)); err != nil {
		t.Fatal(err)
	}
	if err := desc.Unmarshal(&sd); err != nil {
		t.Fatal(err)
	}
	return &desc
}

// What cannot be taken is said once, and the rest goes on.
func TestOtherCodecs(t *testing.T) {
	s := &sink{said: map[string]string{}}
	h := &format.H264{PayloadTyp: 96, SPS: sps, PPS: pps, PacketizationMode: 1}
	desc := &description.Session{Medias: []*description.Media{
		{Type: description.MediaTypeVideo, Formats: []format.Format{h}},
		{Type: description.MediaTypeAudio, Formats: []format.Format{&format.G711{MULaw: true, SampleRate: 8000, ChannelCount: 1}}},
	}}
	p, err := newPublisher(s, desc, func() {}, unkicked(t))
	if err != nil || len(p.tracks) != 1 || s.said[ingest.CodecUnsupported] == "" {
		t.Errorf("%v %v", err, s.said)
	}
}

func FuzzUnsized(f *testing.F) {
	f.Add([]byte{0x0A, 2, 1, 2})
	f.Add([]byte{0x0E, 0, 1, 7})
	f.Add([]byte{0x0A, 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		if out := unsized(bytes.Clone(b)); len(out) > len(b) {
			t.Fatal(out)
		}
	})
}

// FuzzPackets feeds one publisher whatever packets: nothing may panic, and every access unit is of a track.
func FuzzPackets(f *testing.F) {
	f.Add([]byte("\x65\x88\x84\x00"), []byte("\x00\x10\x00\x20abcd"))
	f.Add([]byte("\x7c\x85abc"), []byte("\x47\xfc\x00\xb0\xa4\x23abc"))
	f.Add([]byte("\x78\x00\x02ab"), []byte{})
	const text = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z/QADZGWgUGfjcBEAAADAAQAAAMA8DxQqoA=,aM4PGSA=\r\n" +
		"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/48000/2\r\na=fmtp:97 streamtype=5;mode=AAC-hbr;config=1190;SizeLength=13;IndexLength=3;IndexDeltaLength=3\r\n"
	f.Fuzz(func(t *testing.T, video, audio []byte) {
		desc := described(t, text)
		s := &sink{said: map[string]string{}}
		p, err := newPublisher(s, desc, func() {}, func(error) {})
		if err != nil {
			t.Fatal(err)
		}
		for i := range uint16(4) {
			for j, b := range [][]byte{video, audio} {
				pkt := &rtp.Packet{Header: rtp.Header{SequenceNumber: i, Timestamp: uint32(i) * 3000, Marker: i%2 == 0}, Payload: bytes.Clone(b)}
				if err := p.handle(p.tracks[desc.Medias[j]], pkt); err != nil {
					return
				}
			}
		}
		for _, au := range s.aus {
			if au.Track >= len(s.tracks) || len(au.Units) == 0 {
				t.Fatalf("%+v", au)
			}
		}
	})
}
