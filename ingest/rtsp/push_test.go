package rtsp

import (
	"crypto/rand"
	"fmt"
	"io"
	"math"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"livesrv/ingest"
	"livesrv/internal/fault"
	"livesrv/internal/livetest"
	"livesrv/internal/livetest/door"
	"livesrv/internal/media"
)

func impatient(c *ingest.Config, _ *Config) {
	c.StartTimeout, c.ReadTimeout = time.Second, time.Second
}

func TestFFmpeg(t *testing.T) {
	for _, c := range []struct {
		name, transport string
		args            []string
		tracks          string
		length          float64
		reorder         bool
		frame           int64
	}{
		{"H.264 and AAC", "tcp", slices.Concat(livetest.Picture("30"), livetest.Tone("48000"), livetest.X264("-c:a", "aac", "-t", "3")), "H.264+AAC", 3000, false, 1024},
		{"by UDP", "udp", slices.Concat(livetest.Picture("30"), livetest.Tone("48000"), livetest.X264("-c:a", "aac", "-t", "3")), "H.264+AAC", 3000, false, 1024},
		{"B-frames, 44.1 kHz", "tcp", slices.Concat(livetest.Picture("25"), livetest.Tone("44100"), livetest.X264("-bf", "2", "-x264-params", "b-adapt=0:rc-lookahead=2:sync-lookahead=0", "-c:a", "aac", "-t", "3")), "H.264+AAC", 3600, true, 1024},
		{"HEVC and Opus", "tcp", slices.Concat(livetest.Picture("30"), livetest.Tone("48000"), []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=30:bframes=0",
			"-c:a", "libopus", "-t", "3"}), "HEVC+Opus", 3000, false, 960},
		{"LATM", "tcp", slices.Concat(livetest.Picture("30"), livetest.Tone("48000"), livetest.X264("-c:a", "aac", "-rtpflags", "latm", "-t", "3")), "H.264+AAC", 3000, false, 1024},
		{"VP9 and MP3", "udp", slices.Concat(livetest.Picture("30"), livetest.Tone("48000"), []string{"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "30",
			"-c:a", "libmp3lame", "-t", "3", "-strict", "experimental"}), "VP9+MP3", 3000, false, 1152},
		{"G.711 left out", "tcp", slices.Concat(livetest.Picture("30"), livetest.Tone("8000"), livetest.X264("-c:a", "pcm_alaw", "-t", "2")), "H.264", 3000, false, 0},
		{"MPEG audio layer 2 (MP2) left out", "tcp", slices.Concat(livetest.Picture("30"), livetest.Tone("48000"), livetest.X264("-c:a", "mp2", "-t", "2")), "H.264", 3000, false, 0},
		{"MP3 alone", "udp", slices.Concat(livetest.Tone("44100"), []string{"-c:a", "libmp3lame", "-t", "2"}), "MP3", 0, false, 1152},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := start(t)
			r := k.Streams.Open("show").Subscribe()
			_, wait := k.ffmpeg(c.transport, "/live/key-show", c.args...)
			got := k.Collect(r)
			if out, err := wait(); err != nil {
				t.Errorf("ffmpeg: %v %s", err, out)
			}
			if e := k.WaitLeft(); e.Err != nil || e.Session.Protocol != "rtsp" {
				t.Errorf("the session ended with %v: %+v", e.Err, e.Session)
			}
			check(t, got, c.tracks, c.length, c.reorder, c.frame)
			if what, out := strings.CutSuffix(c.name, " left out"); out && !strings.Contains(k.Said.String(), what+" is not supported and is left out") {
				t.Error("what was left out is not told right")
			}
			k.Untouched("show")
		})
	}
}

func check(t *testing.T, got *door.Received, tracks string, length float64, reorder bool, frame int64) {
	t.Helper()
	if s := got.Codecs(); s != tracks {
		t.Fatalf("tracks %s", s)
	}
	var end [2]float64
	for i, tr := range got.Tracks {
		aus := got.AUs[i]
		if len(aus) < 40 {
			t.Fatalf("%s: %d access units", tr.Codec.Name(), len(aus))
		}
		end[i] = float64(aus[len(aus)-1].PTS) / float64(tr.ClockRate)
		video := tr.Codec.Kind() == media.Video
		step, slack, from := float64(frame), 0.01, 1
		if video {
			step, slack, from = length, 1.01, 5
		}
		reordered := false
		for j := from; j < len(aus); j++ {
			d := float64(aus[j].DTS - aus[j-1].DTS)
			// Sound is pulled to the sender reports, by a tick now and then.
			if math.Abs(d-step) > slack && (video || math.Abs(d-step) > 2) {
				t.Fatalf("%s: access unit %d comes %v ticks after the one before, want %v", tr.Codec.Name(), j, d, step)
			}
			reordered = reordered || aus[j].PTS > aus[j].DTS
		}
		if video && reordered != reorder {
			t.Errorf("reordered: %v", reordered)
		}
	}
	// By the sender reports; AAC comes in packets of six frames, the last of which a goodbye may overtake.
	if len(got.Tracks) == 2 && math.Abs(end[0]-end[1]) > 0.3 {
		t.Errorf("picture ends at %.3f s, sound at %.3f s", end[0], end[1])
	}
}

// A publisher is cut off and comes back, by the other transport.
func TestKilledPublisherAndItsReturn(t *testing.T) {
	for first, then := range map[string]string{"tcp": "udp", "udp": "tcp"} {
		t.Run(first, func(t *testing.T) {
			t.Parallel()
			k := start(t, impatient)
			args := slices.Concat(livetest.Picture("30"), livetest.Tone("48000"), livetest.X264("-c:a", "aac"))
			kill, wait := k.ffmpeg(first, "/live/key-show", args...)
			k.WaitCame()
			k.WaitSaid("publish measured")
			kill()
			wait() //nolint:errcheck // it was killed
			if e := k.WaitLeft(); fault.KindOf(e.Err) != fault.Gone {
				t.Errorf("ended with %v", e.Err)
			}
			k.ffmpeg(then, "/live/key-show", args...)
			if s := k.WaitCame(); s.Stream != "show" || len(s.Tracks) != 2 || s.Tracks[0].Width != 160 {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestTakeover(t *testing.T) {
	k := start(t, func(c *ingest.Config, _ *Config) { c.Takeover = ingest.Newest })
	_, first := k.ffmpeg("udp", "/live/key-show", slices.Concat(livetest.Picture("30"), livetest.X264())...)
	one := k.WaitCame()
	k.ffmpeg("tcp", "/live/key-show", slices.Concat(livetest.Picture("30"), livetest.X264())...)
	k.WaitCame()
	if e := k.WaitLeft(); e.Session.ID != one.ID || fault.KindOf(e.Err) != fault.Conflict {
		t.Errorf("%+v", e)
	}
	if _, err := first(); err == nil {
		t.Error("the first publisher goes on")
	}
}

const offer = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:streamid=0\r\n"

func request(method, url, more, body string) string {
	return fmt.Sprintf("%s %s RTSP/1.0\r\nCSeq: 1\r\n%sContent-Length: %d\r\n\r\n%s", method, url, more, len(body), body)
}

// Rubbish on the port, and whoever may not come in, is told why, and disturbs nobody.
func TestRefusals(t *testing.T) {
	k := start(t, impatient)
	_, wait := k.ffmpeg("udp", "/live/key-good", slices.Concat(livetest.Picture("30"), livetest.Tone("48000"), livetest.X264("-c:a", "aac", "-t", "6"))...)
	good := k.WaitCame()
	random := make([]byte, 20_000)
	rand.Read(random) //nolint:errcheck // never fails
	announce := func(path, body string) string {
		return request("ANNOUNCE", k.url(path), "Content-Type: application/sdp\r\n", body)
	}
	for _, c := range []struct{ name, send, answer, said string }{
		{"a player", request("DESCRIBE", k.url("/live/key-good"), "", ""), "405", "a player came"},
		{"a player without DESCRIBE", request("SETUP", k.url("/live/key-good/trackID=0"), "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n", ""), "405", "a player came"},
		{"wrong key", announce("/live/nobody", offer), "403", "the stream key is not known"},
		{"ended", announce("/live/key-ended", offer), "403", "the show has ended"},
		{"taken", announce("/live/key-good", offer), "403", "somebody is publishing"},
		{"no key", announce("/live", offer), "404", "not /live/ and a stream key"},
		{"a codec without a clock", announce("/live/key-show", strings.Replace(offer, "a=rtpmap:96 H264/90000\r\n", "", 1)), "400", "the encoder may not know how to send another codec"},
		{"other codecs", announce("/live/key-other", strings.Replace(offer, "H264", "VP8", 1)), "400", "nothing that is announced can be taken"},
		{"no SDP", announce("/live/key-show", "hello"), "400", "the description of what comes cannot be read"},
		{"announced and no more", announce("/live/key-show", offer), "200", "nothing whole came in time"},
		{"random bytes", string(random), "", ""},
		{"nothing", "", "", "nothing whole came in time"},
		{"half a request", "OPTIONS rtsp://x/ RTSP/1.0\r\nCS", "", "nothing whole came in time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			nc, err := net.Dial("tcp", k.srv.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			nc.Write([]byte(c.send))                             //nolint:errcheck // the server may have hung up
			nc.SetReadDeadline(time.Now().Add(20 * time.Second)) //nolint:errcheck // the read says so
			b, err := io.ReadAll(nc)
			if err != nil && strings.Contains(err.Error(), "timeout") {
				t.Error("the server never hung up")
			}
			if !strings.HasPrefix(string(b), strings.TrimSpace("RTSP/1.0 "+c.answer)) && c.answer != "" {
				t.Errorf("answered with %q", b)
			}
			k.WaitSaid(c.said)
		})
	}
	if e := k.WaitLeft(); e.Session.ID != good.ID || e.Err != nil {
		t.Errorf("the good publisher was disturbed: %+v", e)
	}
	if out, err := wait(); err != nil {
		t.Error(err, out)
	}
}

func TestListenOnATakenPort(t *testing.T) {
	k := start(t)
	for _, set := range []func(*Config){
		func(c *Config) { c.Address = k.srv.Addr().String() },
		func(c *Config) { c.UDPAddress = k.srv.UDPAddr().String() },
	} {
		cfg := Config{Address: "127.0.0.1:0", UDPAddress: "127.0.0.1:0"}
		set(&cfg)
		srv, err := New(cfg, k.Door, k.srv.log)
		if err != nil {
			t.Fatal(err)
		}
		if err := srv.Listen(); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%v", err)
		}
	}
}
