package transcode

import (
	"bytes"
	"testing"
	"time"

	"pgregory.net/rapid"

	"livesrv/internal/livetest"
)

// TestLedger plays publisher and child: whatever is lost, repeated or dropped, and however often the child dies,
// every frame's time is that of the sound in it, frames never overlap, and what is kept is bounded.
func TestLedger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l ledger
		var o ogg
		pts := rapid.Int64Range(-1<<40, 1<<40).Draw(t, "first")
		l.restart(&o, nil)
		var ends []int64 // of frames, in order
		for range rapid.IntRange(1, 400).Draw(t, "steps") {
			switch rapid.IntRange(0, 19).Draw(t, "what") {
			case 0:
				pts += 960 * rapid.Int64Range(1, 20).Draw(t, "lost")
			case 1:
				pts += sampleRate * rapid.Int64Range(2, 100).Draw(t, "pause")
			case 2:
				l.restart(&o, nil)
			case 3, 4, 5, 6: // the child is slow
			default:
				l.feed(&o, nil)
				for l.fed >= (l.frames+2)*aacFrame { // it looks two frames ahead
					from, at := (l.frames-1)*aacFrame, l.sent
					if at > 0 {
						at = 0
						for at+1 < l.sent && l.packets[at+1].at <= from {
							at++
						}
					}
					var want int64
					if len(l.packets) > 0 {
						want = l.packets[at].pts + from - l.packets[at].at
					}
					got, _, keep := l.came()
					if !keep {
						continue
					}
					if got != want {
						t.Fatalf("a frame is at %d, its sound at %d", got, want)
					}
					ends = append(ends, got+aacFrame)
				}
			}
			l.add(packet{pts: pts, length: 960, arrived: time.Unix(0, pts), data: []byte{31 << 3}})
			pts += 960
			if l.waiting > maxWaiting || len(l.packets)*960 > maxWaiting+maxInFlight+preRoll+3*sampleRate {
				t.Fatalf("%d packets are kept, %d samples wait", len(l.packets), l.waiting)
			}
			var waiting int64
			for _, p := range l.packets[l.sent:] {
				waiting += p.length
			}
			if waiting != l.waiting {
				t.Fatalf("%d samples wait, counted as %d", waiting, l.waiting)
			}
		}
		for i := 1; i < len(ends); i++ {
			// Where the timeline jumps, or sound was dropped, one frame holds both sides of it.
			if d := ends[i] - ends[i-1]; d < aacFrame-2*shortest {
				t.Fatalf("frame %d begins %d samples before the one before ends", i, aacFrame-d)
			}
		}
	})
}

// TestLedgerRestart: the next child's first frame of use begins where the last one's ended.
func TestLedgerRestart(t *testing.T) {
	for first := range int64(64) {
		var l ledger
		var o ogg
		l.restart(&o, nil)
		for i := range int64(40) {
			l.add(packet{pts: first*17 + i*960, length: 960})
		}
		l.feed(&o, nil)
		for range 9 + first%7 {
			l.came()
		}
		end := l.end
		l.restart(&o, nil)
		l.feed(&o, nil)
		for n := 0; ; n++ {
			if pts, _, keep := l.came(); keep {
				if d := pts - end; d < -shortest/2 || d > shortest/2 {
					t.Errorf("goes on at %d, %d samples off", pts, d)
				}
				break
			}
			if n > 20 {
				t.Fatal("no frame is kept")
			}
		}
	}
}

func TestLedgerDrops(t *testing.T) {
	var l ledger
	for i := range int64(30) {
		l.add(packet{pts: i * 960, length: 960, data: make([]byte, maxPacket)})
	}
	if l.bytes > maxWaitingBytes || l.packets[0].pts == 0 {
		t.Errorf("%d bytes wait", l.bytes)
	}
	if late, _ := l.add(packet{pts: 20 * 960, length: 960}); !late {
		t.Error("a packet from before was taken")
	}
	if late, _ := l.add(packet{pts: -100 * sampleRate, length: 960}); late {
		t.Error("a clock that jumped back was not followed")
	}
}

// TestOgg: what is written is read as it was.
func TestOgg(t *testing.T) {
	var o ogg
	b := o.headers(nil)
	want := [][]byte{{1}, bytes.Repeat([]byte{2}, 254), bytes.Repeat([]byte{3}, 255), bytes.Repeat([]byte{4}, 510), bytes.Repeat([]byte{5}, maxPacket)}
	for i, p := range want {
		b = o.packet(b, int64(i+1)*960, p)
	}
	got, err := livetest.OggPackets(b)
	if err != nil || len(got) != len(want)+2 || string(got[0][:8]) != "OpusHead" || string(got[1][:8]) != "OpusTags" {
		t.Fatalf("%d packets, %v", len(got), err)
	}
	for i, p := range want {
		if !bytes.Equal(got[i+2], p) {
			t.Errorf("packet %d differs", i)
		}
	}
	// The check value of this polynomial without reflection, initial value and final one, as catalogues of CRCs list it.
	if s := oggSum([]byte("123456789")); s != 0x89a1897f {
		t.Errorf("sum %08x", s)
	}
}
