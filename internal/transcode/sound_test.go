package transcode

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"livesrv/internal/fault"
	"livesrv/internal/livetest"
	"livesrv/internal/media"
)

// near says whether sound is where it should be: lip sync may be off by 10 ms, and this is half of it.
const near = sampleRate * 5 / 1000

// inSync fails the test unless at least want bursts were heard, each where it belongs.
func inSync(t *testing.T, line []float64, want int) {
	t.Helper()
	errs := burstErrors(line)
	if len(errs) < want || slices.Max(errs) > near || slices.Min(errs) < -near {
		t.Errorf("bursts are off by %v samples, want at least %d bursts and at most %d samples", errs, want, near)
	}
}

// endToEnd fails the test where a frame does not begin where the one before ends; over a restart there may be a
// step of at most half the shortest Opus packet.
func endToEnd(t *testing.T, aus []*media.AccessUnit) {
	t.Helper()
	for i, au := range aus[1:] {
		if d := au.PTS - aus[i].PTS - aacFrame; d < -shortest/2 || d > shortest/2 {
			t.Errorf("frame %d of %d is off by %d samples at %d", i+1, len(aus), d, au.PTS)
		}
	}
}

// TestSync: in every mode that Opus has, packets of every length, sound comes out where it was and as soon as the
// encoder's look-ahead allows.
func TestSync(t *testing.T) {
	for name, args := range map[string]string{
		"music":       "-b:a 64k",
		"speech":      "-ac 1 -b:a 28k -application voip",
		"low delay":   "-b:a 96k -application lowdelay -frame_duration 2.5",
		"long packet": "-b:a 64k -frame_duration 120",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			aus := opusOf(t, livetest.Bursts+"3", args)
			d := newDeck(t, "ffmpeg")
			d.play(aus, nil)
			d.until(sampleRate * 11 / 4)
			out := d.out()
			endToEnd(t, out)
			if out[0].PTS != aus[0].PTS {
				t.Errorf("sound begins at %d, want %d", out[0].PTS, aus[0].PTS)
			}
			for _, line := range d.pcm() {
				inSync(t, line, 10)
			}
			d.prompt()
		})
	}
}

// prompt judges the delay. A frame cannot come before the two frames of sound behind it were written, and should
// then come at once: the middle of what the machine adds is to be under a frame, unless the child had to wait for a
// processor for half a second of these three.
func (d *deck) prompt() {
	d.t.Helper()
	var added []time.Duration
	for i, au := range d.out() {
		w := slices.IndexFunc(d.written, func(w writing) bool { return w.end >= au.PTS+3*aacFrame })
		if i < 30 || w < 0 {
			continue // while the child starts it catches up
		}
		added = append(added, d.times[i].Sub(d.written[w].at))
	}
	slices.Sort(added)
	middle, waited := added[len(added)/2], waitedFor(d.child(1))
	d.t.Logf("behind what the encoder needs, frames come after %s in the middle; it waited %s for a processor", middle, waited)
	if len(added) < 20 || added[0] < 0 || middle > media.Duration(aacFrame, sampleRate) && waited < time.Second/2 {
		d.t.Errorf("behind what the encoder needs, frames come after %v", added)
	}
}

// waitedFor is how long a process's threads have been ready to run and were not let, together; 0 where the system does not
// say.
func waitedFor(pid int) (d time.Duration) {
	all, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid)) // the pattern is one
	for _, name := range all {
		var ran, ready time.Duration
		if b, err := os.ReadFile(name); err == nil {
			_, _ = fmt.Sscan(string(b), &ran, &ready)
		}
		d += ready
	}
	return d
}

// TestTone: pitch and level of both channels are what they were; a tone of one channel is heard in both.
func TestTone(t *testing.T) {
	for name, c := range map[string]struct {
		lavfi, args string
		freq        [2]float64
	}{
		"stereo": {"aevalsrc=exprs=0.25*sin(2*PI*440*t)|0.25*sin(2*PI*1000*t):s=48000:d=2", "-b:a 96k", [2]float64{440, 1000}},
		"mono":   {"aevalsrc=exprs=0.25*sin(2*PI*700*t):s=48000:d=2", "-ac 1 -b:a 64k", [2]float64{700, 700}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeck(t, "ffmpeg")
			d.play(opusOf(t, c.lavfi, c.args), nil)
			d.until(sampleRate * 15 / 8)
			for ch, line := range d.pcm() {
				tone, all := level(line[sampleRate/2:sampleRate*7/4], c.freq[ch])
				want := 20 * math.Log10(0.25/math.Sqrt2)
				if math.Abs(tone-want) > 1 || all-tone > 0.5 {
					t.Errorf("channel %d: %.2f dB at %.0f Hz, %.2f dB in all, want %.2f dB", ch, tone, c.freq[ch], all, want)
				}
			}
		})
	}
}

// TestHoles: packets that are lost, late or no packets leave silence, and the rest where it was; a pause moves the
// timeline.
func TestHoles(t *testing.T) {
	t.Parallel()
	aus := opusOf(t, livetest.Bursts+"3", "-b:a 64k")
	pause := int64(5 * sampleRate)
	var kept []*media.AccessUnit
	for i, au := range aus {
		switch {
		case i == 40, i > 50 && i < 54, i > 60 && i < 80: // lost: one, a few, and as many as DTX leaves out
			continue
		case i == 85:
			au.Units = [][]byte{{31<<3 | 1, 1, 2, 3}} // two frames of one and a half bytes
		case i > 110:
			au.PTS += pause
		}
		kept = append(kept, au)
		if i == 90 {
			kept = append(kept, aus[88]) // again
		}
	}
	d := newDeck(t, "ffmpeg")
	start := time.Now()
	for _, au := range kept {
		at := au.PTS
		if at > pause {
			at -= pause
		}
		time.Sleep(time.Until(start.Add(media.Duration(at, sampleRate))))
		if err := d.sound.Write(&media.AccessUnit{Track: 1, PTS: au.PTS, Arrived: time.Now(), Units: au.Units}); err != nil {
			t.Fatal(err)
		}
	}
	d.until(pause + sampleRate*11/4)
	out := d.out()
	i := slices.IndexFunc(out, func(au *media.AccessUnit) bool { return au.PTS > pause })
	endToEnd(t, out[:i])
	endToEnd(t, out[i:])
	line := d.pcm()[0]
	inSync(t, line[:sampleRate*9/4], 6)
	inSync(t, line[pause:], 2)
	if d.sound.damaged != 1 || d.sound.late != 1 {
		t.Errorf("%d damaged and %d late, want one of each", d.sound.damaged, d.sound.late)
	}
}

var started = regexp.MustCompile(`"ffmpeg started" pid=(\d+)`)

// child is the process id of the last child, once that many have been started.
func (d *deck) child(many int) int {
	d.t.Helper()
	all := started.FindAllStringSubmatch(d.logs.WaitCount(d.t, `"ffmpeg started"`, many, time.Minute), -1)
	pid, _ := strconv.Atoi(all[len(all)-1][1])
	return pid
}

// TestKilled: the child is killed and killed again, and nobody hears it.
func TestKilled(t *testing.T) {
	t.Parallel()
	aus := opusOf(t, livetest.Bursts+"4", "-b:a 64k")
	d := newDeck(t, "ffmpeg")
	var killed []int
	d.play(aus, func(i int) {
		if i == 70 || i == 133 {
			pid := d.child(len(killed) + 1)
			killed = append(killed, pid)
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Error(err)
			}
		}
	})
	d.until(sampleRate * 15 / 4)
	endToEnd(t, d.out())
	inSync(t, d.pcm()[0], 14)
	if killed[0] == killed[1] || d.conv.Stats().Restarts != 2 {
		t.Errorf("killed %v, restarted %d times", killed, d.conv.Stats().Restarts)
	}
	if !strings.Contains(d.logs.String(), `"ffmpeg ended and is started again" error="signal: killed`) {
		t.Error("the log does not say that the child was killed")
	}
}

// TestStuck: a child that does nothing any more is replaced; the publisher never waits for it.
func TestStuck(t *testing.T) {
	t.Parallel()
	aus := opusOf(t, livetest.Bursts+"6", "-b:a 64k")
	d := newDeck(t, "ffmpeg")
	stopped := 0
	d.play(aus, func(i int) {
		if i == 50 {
			stopped = d.child(1)
			if err := syscall.Kill(stopped, syscall.SIGSTOP); err != nil {
				t.Error(err)
			}
		}
	})
	if d.longest > time.Second {
		t.Errorf("Write took %s", d.longest)
	}
	d.until(sampleRate * 23 / 4)
	if !strings.Contains(d.logs.String(), errStuck.Error()) || d.child(2) == stopped || alive(stopped) {
		t.Error("the stuck child was not replaced")
	}
	inSync(t, d.pcm()[0], 14)
}

// alive says whether there is such a process, a zombie too.
func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

// TestSlow: what a child is too slow for is dropped and counted, and the log says it once a second. The slowest child is
// one that has not been started.
func TestSlow(t *testing.T) {
	t.Parallel()
	var logs livetest.Log
	log := slog.New(slog.NewTextHandler(&logs, nil))
	conv, err := New(DefaultConfig(), log)
	if err != nil {
		t.Fatal(err)
	}
	sound := &Sound{c: conv, log: log, fresh: make(chan struct{}, 1)}
	for i := range int64(200) {
		if err := sound.Write(&media.AccessUnit{PTS: i * 960, Units: [][]byte{silences[0].packet}}); err != nil {
			t.Fatal(err)
		}
	}
	if n := conv.Stats().Dropped; n != 50 || sound.dropped != 50 {
		t.Errorf("%d packets of 4 s were dropped, want those over 3 s", n)
	}
	if n := logs.Count("ffmpeg is too slow"); n != 1 {
		t.Errorf("the log says so %d times, want once", n)
	}
}

// TestGivesUp: a program that makes nothing is tried a few times.
func TestGivesUp(t *testing.T) {
	t.Parallel()
	for program, says := range map[string]string{"false": "exit status 1", "/proc/self/exe": "flag provided but not defined"} {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			d := newDeck(t, program)
			var err error
			for deadline := time.Now().Add(time.Minute); err == nil && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
				err = d.sound.Write(&media.AccessUnit{Units: [][]byte{silences[0].packet}})
			}
			if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.Unavailable || f.Hint == "" {
				t.Errorf("%v", err)
			}
			d.stop()
			if st := d.conv.Stats(); st.GivenUp != 1 || st.Restarts != maxFruitless-1 || st.Running != 0 {
				t.Errorf("%+v", st)
			}
			if !strings.Contains(d.logs.String(), says) {
				t.Errorf("the log does not give the reason, %q", says)
			}
		})
	}
}

func TestMissing(t *testing.T) {
	for program, want := range map[string]string{"no-such-ffmpeg": "ffmpeg was not found", "": "ffmpeg is switched off"} {
		var l livetest.Log
		c, err := New(Config{FFmpeg: program, AudioKbps: 128}, slog.New(slog.NewTextHandler(&l, nil)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = c.AAC(opusTrack, slog.Default(), nil); fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", program, err)
		}
		if said := strings.Contains(l.String(), "Safari"); said != (program != "") {
			t.Errorf("%q: the log says %q", program, l.String())
		}
	}
}

func TestRefused(t *testing.T) {
	need(t)
	if _, err := New(Config{FFmpeg: "ffmpeg", AudioKbps: 8}, slog.Default()); fault.KindOf(err) != fault.Invalid {
		t.Errorf("8 kbit/s: %v", err)
	}
	d := newDeck(t, "ffmpeg")
	for _, c := range []media.Codec{&media.Opus{ChannelCount: 6}, &media.MP3{SampleRate: 48000, ChannelCount: 2}} {
		if _, err := d.conv.AAC(media.Track{ClockRate: 48000, Codec: c}, slog.Default(), d.take); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%T: %v", c, err)
		}
	}
	d.stop()
	if _, err := d.conv.AAC(opusTrack, slog.Default(), d.take); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("after the end: %v", err)
	}
}

// children are the processes that are ours, zombies too.
func children(t *testing.T) (pids []string) {
	t.Helper()
	all, err := os.ReadDir("/proc")
	if err != nil {
		t.Skip("no /proc here")
	}
	for _, e := range all {
		stat, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		if f := strings.Fields(rest); len(f) > 1 && f[1] == strconv.Itoa(os.Getpid()) {
			pids = append(pids, e.Name())
		}
	}
	return pids
}
