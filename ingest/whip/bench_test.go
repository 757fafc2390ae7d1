package whip

import (
	"testing"
	"time"

	"livesrv/internal/media"
)

// nowhere is a publication that keeps nothing.
type nowhere struct{ aus int }

func (n *nowhere) SetTracks([]media.Track) error    { return nil }
func (n *nowhere) Write(au *media.AccessUnit) error { n.aus++; return nil }
func (n *nowhere) Report(string, string)            {}

// BenchmarkIngestSecond is a second of 2.5 Mbit/s, 30 pictures and 50 frames of sound, from RTP payloads through jitter
// buffer, depacketiser and clock to access units. Decryption is not in it.
func BenchmarkIngestSecond(b *testing.B) {
	pub := &nowhere{}
	f := newFeed(pub, expected{layers: 1, sound: true})
	f.r.addSound(2)
	key := append([][]byte{stap(sps640, pps)}, fragments(nal(5, 40_000), 1180)...)
	other := fragments(nal(1, (2_500_000/8-40_000-50*160)/29), 1180)
	frame := append([]byte{0xFC}, make([]byte, 159)...)
	var seq uint16
	second := uint32(0)
	b.ReportAllocs()
	for b.Loop() {
		for n := range uint32(150) {
			at := f.now.Add(time.Duration(n) * time.Second / 150)
			if n%5 == 0 {
				payloads := other
				if n == 0 {
					payloads = key
				}
				for i, p := range payloads {
					f.seq++
					// The session copies each payload out of its reading buffer.
					own := append(make([]byte, 0, len(p)), p...)
					if err := f.r.video(f.l, packet{seq: f.seq, stamp: second*90000 + n*600, marker: i == len(payloads)-1, payload: own, arrived: at}); err != nil {
						b.Fatal(err)
					}
					_ = f.r.feedback(at)
				}
			}
			if n%3 == 0 {
				seq++
				own := append(make([]byte, 0, len(frame)), frame...)
				if err := f.r.audio(packet{seq: seq, stamp: second*48000 + n*320, payload: own, arrived: at}); err != nil {
					b.Fatal(err)
				}
			}
		}
		second++
		f.now = f.now.Add(time.Second)
	}
	if pub.aus == 0 {
		b.Fatal("nothing came out")
	}
}
