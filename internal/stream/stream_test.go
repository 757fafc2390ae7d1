package stream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"livesrv/internal/fault"
	"livesrv/internal/media"
)

func TestRegistry(t *testing.T) {
	reg, err := NewRegistry(DefaultConfig(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	changed := reg.Changed()
	a := reg.Open("a")
	select {
	case <-changed:
	default:
		t.Error("a new stream is not told")
	}
	if reg.Open("a") != a || a.Name() != "a" {
		t.Error("a stream does not stay the same")
	}
	reg.Open("b")
	if _, ok := reg.Stream("c"); ok {
		t.Error("a stream that nobody opened")
	}
	if all := reg.Streams(); len(all) != 2 || all[0] != a {
		t.Errorf("%v", all)
	}
	r := a.Subscribe()
	w, err := a.Publish([]media.Track{h264Declared}, PublishOptions{})
	if err != nil {
		t.Fatal(err)
	}
	reg.Remove("a")
	if it := next(t, r); it.Tracks == nil {
		t.Errorf("%+v", it)
	}
	if _, err := r.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("after removal: %v", err)
	}
	if err := w.Write(&media.AccessUnit{Units: [][]byte{{0x65}}}); fault.KindOf(err) != fault.Gone {
		t.Errorf("write after removal: %v", err)
	}
	w.Close()
	if _, err := a.Publish([]media.Track{h264Declared}, PublishOptions{}); fault.KindOf(err) != fault.Gone {
		t.Errorf("publish after removal: %v", err)
	}
	if _, err := a.Subscribe().Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("subscribe after removal: %v", err)
	}
}

func TestConfigSaysWhatIsWrong(t *testing.T) {
	for field, c := range map[string]func(*Config){
		"reader_queue":   func(c *Config) { c.ReaderQueue = 10 },
		"jump_tolerance": func(c *Config) { c.JumpTolerance = time.Hour },
		"audio_gap":      func(c *Config) { c.AudioGap = 0 },
	} {
		cfg := DefaultConfig()
		c(&cfg)
		_, err := NewRegistry(cfg, slog.New(slog.DiscardHandler))
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Field != field || f.Hint == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestOneWriterAtATime(t *testing.T) {
	f := newFeed(t, h264Declared)
	if _, err := f.s.Publish([]media.Track{h264Declared}, PublishOptions{}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("second publisher: %v", err)
	}
	for name, tracks := range map[string][]media.Track{
		"none":     nil,
		"wrong id": {{ID: 1, Codec: &media.Opus{ChannelCount: 2}, ClockRate: 48000}},
		"no codec": {{ClockRate: 48000}},
		"no clock": {{Codec: &media.Opus{ChannelCount: 2}}},
		"too many": make([]media.Track, 17),
	} {
		if _, err := f.reg.Open(name).Publish(tracks, PublishOptions{}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFirstReaderGetsTheGOPThatIsUnderWay(t *testing.T) {
	f := newFeed(t, h264Declared, aac(1, 48000))
	f.r.Close()
	f.play(0, 3500, truly)
	r := f.s.Subscribe()
	if it := next(t, r); len(it.Tracks) != 2 {
		t.Fatalf("%+v", it)
	}
	it := next(t, r)
	if it.AU == nil || !it.AU.Key || it.AU.Track != 0 || it.AU.DTS/900 != 179990/900 {
		t.Fatalf("%+v", it.AU)
	}
	late := f.s.Subscribe()
	f.play(3500, 4500, truly)
	next(t, late)
	if it := next(t, late); it.AU == nil || !it.AU.Key || it.AU.Track != 0 || it.AU.DTS/900 != 359990/900 {
		t.Fatalf("%+v", it.AU)
	}
}

// A publisher who returns finds its place by wall time: 30 s of absence are 30 s of timeline.
func TestAbsence(t *testing.T) {
	f := newFeed(t, h264Declared, aac(1, 48000))
	f.play(0, 10_000, truly)
	f.w.Close()
	f.w.Close()
	if f.s.OnAir() {
		t.Error("on air without a publisher")
	}
	f.publish(h264Declared, aac(1, 48000))
	if !f.s.OnAir() {
		t.Error("not on air")
	}
	f.play(40_000, 50_000, func(_ int, ms int64) int64 { return ms - 40_000 })
	f.drain()
	var kinds []string
	for _, it := range f.out {
		switch {
		case it.Tracks != nil:
			kinds = append(kinds, "tracks")
		case it.Absent:
			kinds = append(kinds, "absent")
		}
	}
	if d := cmp.Diff([]string{"tracks", "absent", "tracks"}, kinds); d != "" {
		t.Error(d)
	}
	for track, rate := range []int64{90000, 48000} {
		aus := f.aus(track)
		for _, au := range aus {
			if off := au.Wall.Sub(au.Arrived); off.Abs() > 30*time.Millisecond {
				t.Fatalf("track %d at %d: wall time %v off", track, au.DTS, off)
			}
		}
		if off := aus[len(aus)-1].DTS - 50*rate; max(off, -off) > rate/10 {
			t.Errorf("track %d ends %d ticks off", track, off)
		}
	}
	f.w.Close()
	late := f.s.Subscribe()
	if it := next(t, late); it.Tracks == nil {
		t.Errorf("%+v", it)
	}
	if it := next(t, late); !it.Absent {
		t.Errorf("%+v", it)
	}
}

// A publisher that pushes faster than real time, goes and comes back must not run into itself.
func TestReturnAfterRunningAhead(t *testing.T) {
	f := newFeed(t, h264Declared, aac(1, 44100))
	for i := range int64(300) {
		f.picture(i*1000/30, 0, i%30 == 0, ms(i))
		f.sound(1, i*1024*10/441, ms(i))
	}
	f.w.Close()
	f.publish(h264Declared, aac(1, 44100))
	for i := range int64(300) {
		f.picture(i*1000/30, 0, i%30 == 0, ms(300+i))
		f.sound(1, i*1024*10/441, ms(300+i))
	}
	if n := len(f.aus(0)); n != 600 {
		t.Errorf("%d pictures", n)
	}
	f.aus(1)
}

func TestWallTimeFollowsASlowCamera(t *testing.T) {
	f := newFeed(t, h264Declared)
	for i := range int64(30 * 1800) {
		f.picture(i*1000/30, 0, i%60 == 0, time.Duration(float64(i)*1e9/30*1.0002))
		f.out = f.out[:max(0, len(f.out)-1)]
	}
	st := f.s.Stats()
	if st.WallCorrected < 300*time.Millisecond || st.WallError.Abs() > 40*time.Millisecond {
		t.Errorf("corrected %v, error %v", st.WallCorrected, st.WallError)
	}
}

func TestSlowReaderLosesWholeGOPs(t *testing.T) {
	var logged bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		cfg := DefaultConfig()
		cfg.ReaderQueue = 300
		reg, err := NewRegistry(cfg, slog.New(slog.NewTextHandler(&logged, nil)))
		if err != nil {
			t.Fatal(err)
		}
		f := &feed{t: t, reg: reg, s: reg.Open("show"), start: time.Now()}
		slow := f.s.Subscribe()
		f.r = f.s.Subscribe()
		f.publish(h264Declared, aac(1, 48000))
		f.play(0, 60_000, truly)
		if n := len(f.aus(0)); n != 1800 {
			t.Fatalf("the quick reader has %d of 1800 pictures", n)
		}
		f.w.Close()
		if it := next(t, slow); len(it.Tracks) != 2 {
			t.Fatalf("%+v", it)
		}
		first := next(t, slow).AU
		if first == nil || !first.Key || first.Track != 0 || first.DTS < 50*90000 {
			t.Fatalf("the slow reader goes on with %+v", first)
		}
		lost, gops := slow.Lost()
		st := f.s.Stats()
		if lost == 0 || gops == 0 || st.LostAUs != lost || st.LostGOPs != gops {
			t.Errorf("lost %d, %d; %+v", lost, gops, st)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		reg.Remove("show")
	})
	if n := strings.Count(logged.String(), "too slow"); n != 2 {
		t.Errorf("logged %d times:\n%s", n, logged.String())
	}
}

func TestReaderWithoutKeyframesWaitsForOne(t *testing.T) {
	f := newFeed(t, h264Declared)
	slow := f.s.Subscribe()
	for i := range int64(5000) {
		f.picture(i*1000/30, 0, i == 0 || i == 4900, ms(i*1000/30))
	}
	next(t, slow)
	if au := next(t, slow).AU; au == nil || !au.Key || au.DTS/900 != (4900*3000-10)/900 {
		t.Fatalf("%+v", au)
	}
}

// A reader that sleeps is woken by pictures; sound alone wakes it in small batches, so that it goes on
// while the picture stands still.
func TestSoundWakesInBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(t, h264Declared, aac(1, 48000))
		r := f.s.Subscribe()
		next(t, r)
		f.picture(0, 0, true, 0)
		next(t, r)
		got := make(chan Item)
		go func() {
			defer close(got)
			for {
				it, err := r.Next(t.Context())
				if err != nil {
					return
				}
				got <- it
			}
		}()
		synctest.Wait()
		for i := range int64(2 * batch) {
			f.sound(1, i*1024/48, 0)
			synctest.Wait()
			select {
			case <-got:
				if i < batch-1 {
					t.Errorf("woken by frame %d", i)
				}
				for range min(i, batch-1) {
					<-got
				}
			default:
				if i == batch-1 {
					t.Error("not woken by a batch")
				}
			}
		}
		r.Close()
		for range got { //nolint:revive // what is left
		}
	})
}

// TestExpect: a reader that has no use for single pictures is woken for as many as it wants, for a keyframe, for what is
// no picture, and in time when they do not come; and it loses none.
func TestExpect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(t, h264Declared)
		r := f.s.Subscribe()
		next(t, r)
		f.picture(0, 0, true, 0)
		next(t, r)
		r.Expect(3, 0, time.Second)
		got := make(chan Item, 16)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				it, err := r.Next(t.Context())
				if err != nil {
					return
				}
				got <- it
			}
		}()
		at := int64(0)
		woken := func(why string, want int, act func()) {
			t.Helper()
			act()
			synctest.Wait()
			if len(got) != want {
				t.Errorf("%s: %d items, want %d", why, len(got), want)
			}
			for len(got) > 0 {
				<-got
			}
		}
		picture := func(key bool) func() {
			return func() { at += 3000; f.picture(at, 0, key, 0) }
		}
		synctest.Wait()
		for range 2 {
			woken("the first", 0, picture(false))
			woken("the second", 0, picture(false))
			woken("the third", 3, picture(false))
		}
		woken("one before a keyframe", 0, picture(false))
		woken("a keyframe", 2, picture(true))
		woken("one that waits", 0, picture(false))
		woken("and waits", 0, func() { time.Sleep(999 * time.Millisecond) })
		woken("long enough", 1, func() { time.Sleep(time.Millisecond) })
		woken("one before the end", 0, picture(false))
		woken("the end", 2, func() { f.w.Close() })
		r.Close()
		<-done
	})
}

// TestRest: a publisher's bytes may wait for as long as no reader has use for them, and not over the picture that one
// waits for.
func TestRest(t *testing.T) {
	f := newFeed(t, h264Declared)
	at := int64(0)
	rests := func(want time.Duration) {
		t.Helper()
		if got := f.w.Rest(); got != want {
			t.Errorf("after %d ms it may rest %v, not %v", at, got, want)
		}
	}
	picture := func() {
		f.picture(at, 0, at == 0, ms(at))
		at += 40
	}
	picture()
	rests(0)
	r := f.s.Subscribe()
	f.r.Close()
	for r.n > 0 {
		next(t, r)
	}
	f.picture(at, 0, true, ms(at))
	at += 40
	for r.n > 0 {
		next(t, r)
	}
	r.Expect(4, ms(40), time.Second)
	rests(ms(120))
	picture()
	rests(ms(80))
	other := f.s.Subscribe()
	rests(0)
	other.Expect(3, ms(40), time.Second) // it sees nothing before a keyframe
	rests(ms(80))
	picture()
	rests(ms(40))
	picture()
	rests(0)
	picture()
	rests(0) // what was waited for is here, and nobody has said what is waited for next
	other.Close()
	r.Close()
	rests(0)
	f.w.Close()
	rests(0)
}

// A queue is bounded by bytes as well: eight pictures of 8 MiB are enough.
func TestHugePicturesAreBounded(t *testing.T) {
	f := newFeed(t, h264Declared)
	slow := f.s.Subscribe()
	huge := make([]byte, 8<<20)
	huge[0] = 0x65
	for i := range int64(30) {
		if err := f.w.Write(&media.AccessUnit{DTS: i * 3000, PTS: i * 3000, Units: [][]byte{huge}, Arrived: f.start.Add(ms(i * 33))}); err != nil {
			t.Fatal(err)
		}
		f.drain()
		if slow.bytes > maxQueuedBytes+len(huge) {
			t.Fatalf("%d bytes queued", slow.bytes)
		}
	}
	if lost, _ := slow.Lost(); lost == 0 {
		t.Error("nothing lost")
	}
	for slow.n > 0 {
		slow.pop()
	}
	if slow.bytes != 0 {
		t.Errorf("%d bytes counted in an empty queue", slow.bytes)
	}
}

func TestNextEndsWithItsContext(t *testing.T) {
	f := newFeed(t, h264Declared)
	r := f.s.Subscribe()
	next(t, r)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := r.Next(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
	cancel()
	wg.Wait()
	wg.Go(func() {
		if _, err := r.Next(t.Context()); !errors.Is(err, io.EOF) {
			t.Errorf("%v", err)
		}
	})
	r.Close()
	wg.Wait()
	if n := f.s.Stats().Readers; n != 1 {
		t.Errorf("%d readers", n)
	}
}

func TestManyReadersAndOnePublisher(t *testing.T) {
	f := newFeed(t, h264Declared)
	var wg sync.WaitGroup
	for range 8 {
		r := f.s.Subscribe()
		wg.Go(func() {
			last := int64(-1)
			for {
				it, err := r.Next(t.Context())
				if err != nil {
					return
				}
				if it.AU != nil {
					if it.AU.DTS <= last {
						t.Errorf("DTS %d after %d", it.AU.DTS, last)
					}
					last = it.AU.DTS
				}
			}
		})
	}
	for i := range int64(3000) {
		f.picture(i*1000/30, 0, i%60 == 0, ms(i*1000/30))
		if i%100 == 0 {
			f.s.Stats()
			f.s.Subscribe().Close()
		}
	}
	f.reg.Remove("show")
	wg.Wait()
}

func TestDataTakesTheTimeline(t *testing.T) {
	f := newFeed(t, h264Declared)
	f.play0(60_000, 1000)
	for _, c := range []struct{ pts, want int64 }{
		{60_500 * 90, 500 * 90},
		{0, 967 * 90}, // not stamped: means the last picture
	} {
		if err := f.w.WriteData(Data{Name: "onTextData", PTS: c.pts, Payload: []byte(`{"text":"x"}`)}); err != nil {
			t.Fatal(err)
		}
		f.drain()
		d := f.out[len(f.out)-1].Data
		if d == nil || max(d.PTS-c.want, c.want-d.PTS) > 4000 || d.Wall.Sub(f.start) != media.Duration(d.PTS, 90000) {
			t.Errorf("%d: %+v", c.pts, d)
		}
	}
	f.w.Close()
	if err := f.w.WriteData(Data{}); fault.KindOf(err) != fault.Gone {
		t.Errorf("%v", err)
	}
}

// play0 sends pictures alone for that many milliseconds, stamped from offset on.
func (f *feed) play0(offset, until int64) {
	for i := range until * 30 / 1000 {
		f.picture(offset+i*1000/30, 0, i%60 == 0, ms(i*1000/30))
	}
}

func TestWriteRefusesWhatIsNoAccessUnit(t *testing.T) {
	f := newFeed(t, h264Declared)
	for _, au := range []*media.AccessUnit{{Track: 1, Units: [][]byte{{1}}}, {Track: -1, Units: [][]byte{{1}}}, {}} {
		if err := f.w.Write(au); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", au, err)
		}
	}
	f.picture(0, 0, false, 0)
	if n := len(f.aus(0)); n != 0 {
		t.Errorf("%d pictures before the first keyframe", n)
	}
}

// Passing an access unit on costs no allocation, whatever the number of readers.
func TestWriteAllocatesNothing(t *testing.T) {
	f := newFeed(t, h264Declared)
	for range 3 {
		r := f.s.Subscribe()
		defer r.Close()
		defer func() {
			for {
				if _, ok, _ := r.pop(); !ok {
					return
				}
			}
		}()
	}
	const n = 1000
	aus := make([]media.AccessUnit, n+10)
	units := make([][1][]byte, n+10)
	for i := range aus {
		units[i][0] = []byte{0x41, 1}
		if i%60 == 0 {
			units[i][0][0] = 0x65
		}
		aus[i] = media.AccessUnit{DTS: int64(i) * 3000, PTS: int64(i) * 3000, Arrived: f.start.Add(ms(int64(i) * 33)), Units: units[i][:]}
	}
	i := 0
	write := func() {
		if err := f.w.Write(&aus[i]); err != nil {
			t.Fatal(err)
		}
		i++
		f.r.pop()
	}
	for range 200 { // lets the queues grow to their size
		write()
	}
	if allocs := testing.AllocsPerRun(500, write); allocs > 0.1 {
		t.Errorf("%v allocations for each access unit", allocs)
	}
}
