package e2e

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"livesrv/internal/livetest"
	"livesrv/internal/livetest/m3u8"
	"livesrv/packager"
)

// id3 is a whole ID3v2.4 tag with one TXXX frame.
func id3(text string) []byte {
	body := append([]byte{3}, "dev.livesrv.pin\x00"+text...)
	syncsafe := func(n int) []byte {
		return []byte{byte(n >> 21 & 0x7f), byte(n >> 14 & 0x7f), byte(n >> 7 & 0x7f), byte(n & 0x7f)}
	}
	frame := append(append([]byte("TXXX"), syncsafe(len(body))...), 0, 0)
	frame = append(frame, body...)
	return append(append([]byte("ID3\x04\x00\x00"), syncsafe(len(frame))...), frame...)
}

func pin(id string, at time.Time) packager.Cue {
	return packager.Cue{
		ID: id, Class: "dev.livesrv.pin", Start: at, Attrs: []packager.Attr{{Name: "X-LIVESRV-CARD", Value: "eyJwIjoxfQ"}},
		Scheme: "https://aomedia.org/emsg/ID3", Payload: id3(`{"pin":"` + id + `"}`), EndPayload: id3(`{"pin":"` + id + `","off":true}`),
	}
}

// TestPinInBytes: a pin's daterange and emsg name one moment, the one that was asked for, in every
// rendition, in the part that holds that moment, and the unpin likewise.
func TestPinInBytes(t *testing.T) {
	t.Parallel()
	bubble(t, packager.DefaultConfig(), func(t *testing.T, l *line) {
		leave := l.publish(t, "demo", livetest.Synth{FPSNum: 30, BFrames: 2, AudioRate: 48000})
		defer leave()
		l.waitFor(t, "demo")
		p, _ := l.hub.Presentation("demo")
		pins := map[string]packager.Bound{}
		ends := map[string]time.Time{}
		put := func(id string, at time.Time) {
			b, err := p.PutCue(pin(id, at))
			if err != nil {
				t.Errorf("pin %s: %v", id, err)
			}
			pins[id] = b
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			time.Sleep(5210 * time.Millisecond)
			edge, ok := p.Edge()
			if !ok {
				t.Error("no edge")
			}
			put("pin_now", edge)                              // at the live edge
			put("pin_ahead", edge.Add(1730*time.Millisecond)) // a moment that is not packaged yet
			put("pin_seen", edge.Add(-3170*time.Millisecond)) // what a viewer sees, three seconds back
			time.Sleep(8 * time.Second)
			edge, _ = p.Edge()
			b, err := p.EndCue("pin_now", edge.Add(100*time.Millisecond))
			if err != nil {
				t.Errorf("unpin: %v", err)
			}
			ends["pin_now"] = b.End
		}()
		rep := judge(t, l.ctx, livetest.Options{URL: demoURL, HTTP: l.inProcess(), For: 30 * time.Second, Slack: 100 * time.Millisecond})
		<-done
		for _, r := range rep.Renditions {
			for id, bound := range pins {
				d, ok := rep.Dateranges[r][id]
				if !ok || !d.Start.Equal(bound.Start) {
					t.Errorf("%s: daterange %s is %+v, bound to %v", r, id, d, bound.Start)
				}
				if !d.End.Equal(ends[id]) {
					t.Errorf("%s: daterange %s ends %v, bound to %v", r, id, d.End, ends[id])
				}
				checkEvent(t, rep, r, id3(`{"pin":"`+id+`"}`), bound.Start)
			}
			checkEvent(t, rep, r, id3(`{"pin":"pin_now","off":true}`), ends["pin_now"])
		}
	})
}

// checkEvent finds the event with a message in a rendition and compares its time with the wall time.
func checkEvent(t *testing.T, rep *livetest.Report, rendition string, message []byte, at time.Time) {
	t.Helper()
	n := 0
	for _, c := range rep.Cues[rendition] {
		if !bytes.Equal(c.Message, message) {
			continue
		}
		n++
		if d := c.Wall.Sub(at).Abs(); d > 2*time.Millisecond {
			t.Errorf("%s: event %q at %v by its segment's date, want %v", rendition, message[20:], c.Wall, at)
		}
	}
	if n != 1 {
		t.Errorf("%s: %d distinct events %q, want 1", rendition, n, message[20:])
	}
}

// TestLateJoiner: whoever comes a minute later has the pinned card with the first playlist and with the
// first segment that it plays; whoever comes after the unpin and the window has no trace of it.
func TestLateJoiner(t *testing.T) {
	t.Parallel()
	bubble(t, packager.DefaultConfig(), func(t *testing.T, l *line) {
		leave := l.publish(t, "demo", livetest.Synth{FPSNum: 25, AudioRate: 44100})
		defer leave()
		l.waitFor(t, "demo")
		time.Sleep(4 * time.Second)
		p, _ := l.hub.Presentation("demo")
		edge, _ := p.Edge()
		if _, err := p.PutCue(pin("pin_late", edge)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(90 * time.Second) // its own segment has left the window
		for _, r := range []string{"v0", "a0"} {
			m := l.playlist(t, r)
			if len(m.Dateranges) != 1 || m.Dateranges[0].ID != "pin_late" || m3u8.Get(m.Dateranges[0].Attrs, "X-LIVESRV-CARD") != "eyJwIjoxfQ" {
				t.Errorf("%s: the late joiner's dateranges are %+v", r, m.Dateranges)
			}
			for _, s := range m.Segments[len(m.Segments)-3:] {
				_, b := l.fetch(t, "/live/demo/"+r+"/"+s.URI)
				if !startsWithEmsg(b) || !bytes.Contains(b, id3(`{"pin":"pin_late"}`)) {
					t.Errorf("%s: segment %d does not start with the event", r, s.MSN)
				}
			}
		}
		edge, _ = p.Edge()
		if _, err := p.EndCue("pin_late", edge); err != nil {
			t.Fatal(err)
		}
		time.Sleep(80 * time.Second)
		if m := l.playlist(t, "v0"); len(m.Dateranges) != 0 {
			t.Errorf("after the unpin and the window there is still %+v", m.Dateranges)
		}
	})
}

func startsWithEmsg(b []byte) bool {
	return len(b) > 8 && string(b[4:8]) == "emsg" && int(binary.BigEndian.Uint32(b)) < len(b)
}
