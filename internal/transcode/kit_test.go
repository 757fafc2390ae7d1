package transcode

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"math"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"livesrv/internal/livetest"
	"livesrv/internal/media"
)

func TestMain(m *testing.M) { livetest.Main(m) }

// need fails the test on a machine without ffmpeg.
func need(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Fatal("this test needs ffmpeg (Debian: apt-get install ffmpeg)")
	}
}

// opusOf encodes what lavfi makes.
func opusOf(t testing.TB, lavfi, args string) []*media.AccessUnit {
	t.Helper()
	aus, err := livetest.Opus(t.Context(), lavfi, args)
	if err != nil {
		t.Fatal(err)
	}
	return aus
}

// deck is a conversion with what came out of it.
type deck struct {
	t     testing.TB
	conv  *Converter
	sound *Sound
	logs  *livetest.Log
	stop  func()

	// written is what play wrote, longest how long Write took at most.
	written []writing
	longest time.Duration

	mu    sync.Mutex
	aus   []*media.AccessUnit
	times []time.Time
	came  chan struct{}
}

// writing is where a packet ends, and when it was written.
type writing struct {
	end int64
	at  time.Time
}

var opusTrack = media.Track{ID: 1, ClockRate: 48000, Codec: &media.Opus{ChannelCount: 2}}

// newDeck starts a conversion by the given program.
func newDeck(t testing.TB, program string) *deck {
	t.Helper()
	l := &livetest.Log{}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(l.String())
		}
	})
	d := newDeckTo(t, l, program)
	d.logs = l
	return d
}

// newDeckTo logs to w.
func newDeckTo(t testing.TB, w io.Writer, program string) *deck {
	t.Helper()
	d := &deck{t: t, came: make(chan struct{}, 1)}
	log := slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cfg := DefaultConfig()
	cfg.FFmpeg = program
	var err error
	if d.conv, err = New(cfg, log); err != nil {
		t.Fatal(err)
	}
	d.stop = running(t, d.conv)
	if d.sound, err = d.conv.AAC(opusTrack, log, d.take); err != nil {
		t.Fatal(err)
	}
	return d
}

// running runs a converter until the test ends or the function that it gives is called.
func running(t testing.TB, c *Converter) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.Run(ctx)
	}()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	return stop
}

func (d *deck) take(au *media.AccessUnit) {
	d.mu.Lock()
	d.aus = append(d.aus, au)
	d.times = append(d.times, time.Now())
	d.mu.Unlock()
	select {
	case d.came <- struct{}{}:
	default:
	}
}

// out is what came so far.
func (d *deck) out() []*media.AccessUnit {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.aus[:len(d.aus):len(d.aus)]
}

// play writes access units at their own pace and calls each before the unit of its index.
func (d *deck) play(aus []*media.AccessUnit, each func(i int)) {
	d.t.Helper()
	start := time.Now()
	for i, au := range aus {
		time.Sleep(time.Until(start.Add(media.Duration(au.PTS-aus[0].PTS, sampleRate))))
		if each != nil {
			each(i)
		}
		au := *au
		au.Arrived = time.Now()
		length, _ := opusLength(au.Units[0])
		d.written = append(d.written, writing{au.PTS + length, au.Arrived})
		if err := d.sound.Write(&au); err != nil {
			d.t.Fatal(err)
		}
		d.longest = max(d.longest, time.Since(au.Arrived))
	}
}

// until waits for sound up to the given PTS.
func (d *deck) until(pts int64) {
	d.t.Helper()
	timeout := time.After(time.Minute)
	for {
		if out := d.out(); len(out) > 0 && out[len(out)-1].PTS+aacFrame >= pts {
			return
		}
		select {
		case <-d.came:
		case <-timeout:
			d.t.Fatalf("no sound came up to %d", pts)
		}
	}
}

// pcm decodes what came out and lays it on the line of its stamps, both channels, from sample 0 on.
func (d *deck) pcm() [2][]float64 {
	d.t.Helper()
	aus := d.out()
	var b []byte
	for _, au := range aus {
		size := len(au.Units[0]) + adtsHeader
		b = append(b, 0xff, 0xf1, adtsSame, 0x80|byte(size>>11), byte(size>>3), byte(size<<5)|0x1f, 0xfc)
		b = append(b, au.Units[0]...)
	}
	cmd := exec.CommandContext(d.t.Context(), "ffmpeg", strings.Fields("-v error -nostdin -f aac -i pipe:0 -f f32le -ac 2 pipe:1")...)
	cmd.Stdin = bytes.NewReader(b)
	out, err := cmd.Output()
	if err != nil || len(out) != len(aus)*aacFrame*8 {
		d.t.Fatalf("%d frames decode to %d bytes: %v", len(aus), len(out), err)
	}
	var line [2][]float64
	for i, au := range aus {
		for n := range int64(aacFrame) {
			at := au.PTS + n
			if at < 0 {
				continue
			}
			for ch := range 2 {
				for int64(len(line[ch])) <= at {
					line[ch] = append(line[ch], 0)
				}
				bits := binary.LittleEndian.Uint32(out[(i*aacFrame+int(n))*8+ch*4:])
				line[ch][at] = float64(math.Float32frombits(bits))
			}
		}
	}
	return line
}

// burstErrors finds the bursts and gives by how many samples each is later than it should be.
func burstErrors(line []float64) (errs []int) {
	const every, long = sampleRate / 4, sampleRate / 50
	for at := every; at+every/2 < len(line); at += every {
		// The centre of the energy is that of the burst.
		var sum, moment float64
		for i := at - every/4; i < at+every/4; i++ {
			e := line[i] * line[i]
			sum += e
			moment += e * float64(i)
		}
		if sum < 1 {
			continue // none here
		}
		errs = append(errs, int(math.Round(moment/sum))-at-long/2)
	}
	return errs
}

// level is the RMS of a tone at freq Hz in dB, by Goertzel's filter, and of everything.
func level(line []float64, freq float64) (tone, all float64) {
	var re, im, sum float64
	for i, x := range line {
		re += x * math.Cos(2*math.Pi*freq*float64(i)/sampleRate)
		im += x * math.Sin(2*math.Pi*freq*float64(i)/sampleRate)
		sum += x * x
	}
	n := float64(len(line))
	return 20 * math.Log10(math.Hypot(re, im)/n*math.Sqrt2), 10 * math.Log10(sum/n)
}
