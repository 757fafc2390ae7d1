package livetest

import (
	"bytes"
	"context"
	"io"
	"os/exec"
	"testing"
	"time"
)

func TestStampRoundTrip(t *testing.T) {
	for _, size := range [][2]int{{640, 360}, {320, 180}, {1280, 720}, {360, 640}, {112, 64}} {
		w, h := size[0], size[1]
		luma := make([]byte, w*h)
		for _, ms := range []int64{0, 1, 1<<24 - 1, 1 << 24, 1_790_000_123_456, 0x5a5a5a} {
			at := time.UnixMilli(ms)
			Stamp(luma, w, h, at)
			if got, ok := ReadStamp(luma, w, h); !ok || got != Code(at) {
				t.Errorf("%dx%d %d: read %d (%v), want %d", w, h, ms, got, ok, Code(at))
			}
		}
	}
}

func TestReadStampRefusesWhatIsNone(t *testing.T) {
	luma := make([]byte, 640*360)
	if _, ok := ReadStamp(luma, 640, 360); ok {
		t.Error("a black picture has a code")
	}
	Stamp(luma, 640, 360, time.UnixMilli(12345))
	for y := range 45 { // one cell turned over breaks the parity
		for x := 10 * 640 / 28; x < 11*640/28; x++ {
			luma[y*640+x] = 255 - luma[y*640+x]
		}
	}
	if _, ok := ReadStamp(luma, 640, 360); ok {
		t.Error("a picture with a wrong cell has a code")
	}
}

func TestSinceWraps(t *testing.T) {
	now := time.UnixMilli(5<<24 + 100)
	if d := Since(Code(now.Add(-time.Second)), now); d != time.Second {
		t.Errorf("got %v, want 1s over the wrap", d)
	}
}

// TestPictureSurvivesTheEncoder pushes through x264 and reads the clock from what comes out.
func TestPictureSurvivesTheEncoder(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	e, err := Push{Video: "h264", Audio: "aac", Size: "320x180", FPS: "15", Kbps: 200}.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Kill()
	dec := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-f", "mp4", "-i", "pipe:0", "-map", "0:v", "-frames:v", "10",
		"-f", "rawvideo", "-pix_fmt", "gray", "pipe:1")
	dec.Stdin = e.Out
	out, err := dec.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := dec.Start(); err != nil {
		t.Fatal(err)
	}
	last := uint32(0)
	picture := make([]byte, 320*180)
	for n := range 10 {
		if _, err := io.ReadFull(out, picture); err != nil {
			t.Fatalf("picture %d: %v; encoder: %s", n, err, e.Log())
		}
		code, ok := ReadStamp(picture, 320, 180)
		if !ok {
			t.Fatalf("picture %d has no clock", n)
		}
		if age := Since(code, time.Now()); age > 15*time.Second {
			t.Errorf("picture %d is %v old", n, age)
		}
		// The first pictures wait for ffmpeg to get going and then come in a bunch.
		if step := (code - last) & codeMask; n > 5 && (step < 10 || step > 500) {
			t.Errorf("picture %d comes %d ms after the one before, want about 67", n, step)
		}
		last = code
	}
	e.Kill()
	_ = dec.Wait() // its input was cut off: the exit code says nothing
}

func TestEncoderSaysWhyItFailed(t *testing.T) {
	e, err := Push{URL: "rtmp://127.0.0.1:1/live/x", Video: "h264"}.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	<-e.Done()
	if e.Err() == nil || !bytes.Contains([]byte(e.Err().Error()), []byte("refused")) {
		t.Errorf("got %v, want a refused connection", e.Err())
	}
}

func TestPushRefusesNonsense(t *testing.T) {
	for _, p := range []Push{{}, {Video: "h264", Size: "9x9"}, {Video: "h264", Size: "641x360"}, {Video: "h264", FPS: "0"}, {Video: "h264", FPS: "30/x"}} {
		if e, err := p.Start(t.Context()); err == nil {
			e.Kill()
			t.Errorf("%+v was accepted", p)
		}
	}
}
