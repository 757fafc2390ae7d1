package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"go.uber.org/goleak"

	"livesrv/internal/fault"
	"livesrv/internal/media"
	"livesrv/internal/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type keys map[string]string

func (k keys) Admit(_ context.Context, key string) (Grant, error) {
	name, ok := k[key]
	if !ok {
		return Grant{}, fault.New(fault.Unauthorized, "the stream key is not known")
	}
	return Grant{Stream: name}, nil
}

type watcher struct {
	started, ended []Session
	errs           []error
}

func (w *watcher) SessionStarted(s Session) { w.started = append(w.started, s) }
func (w *watcher) SessionEnded(s Session, err error) {
	w.ended = append(w.ended, s)
	w.errs = append(w.errs, err)
}

var tracks = []media.Track{
	{ID: 0, ClockRate: 90000, Codec: &media.H264{
		SPS: []byte{0x67, 0xf4, 0x00, 0x0d, 0x91, 0x96, 0x81, 0x41, 0x9f, 0x8d, 0xc0, 0x44, 0, 0, 3, 0, 4, 0, 0, 3, 0, 0xf0, 0x3c, 0x50, 0xaa, 0x80},
		PPS: []byte{0x68, 0xce, 0x0f, 0x19, 0x20},
	}},
	{ID: 1, ClockRate: 48000, Codec: &media.AAC{Config: mpeg4audio.AudioSpecificConfig{
		Type: mpeg4audio.ObjectTypeAACLC, SampleRate: 48000, ChannelConfig: 2,
	}}},
}

type kit struct {
	t    testing.TB
	door *Door
	reg  *stream.Registry
	see  *watcher
	log  *bytes.Buffer
}

func newKit(t testing.TB, set func(*Config)) *kit {
	t.Helper()
	k := &kit{t: t, see: &watcher{}, log: &bytes.Buffer{}}
	log := slog.New(slog.NewTextHandler(k.log, nil))
	cfg := DefaultConfig()
	if set != nil {
		set(&cfg)
	}
	var err error
	if k.reg, err = stream.NewRegistry(stream.DefaultConfig(), log); err != nil {
		t.Fatal(err)
	}
	if k.door, err = NewDoor(cfg, keys{"a": "shoes", "b": "tea"}, k.reg, k.see, log); err != nil {
		t.Fatal(err)
	}
	return k
}

func (k *kit) enter(key string, kick func(error)) *Publication {
	k.t.Helper()
	p, err := k.door.Enter(k.t.Context(), Request{Protocol: "rtmp", Remote: "192.0.2.1:1", Key: key, Resolution: time.Millisecond, Kick: kick})
	if err != nil {
		k.t.Fatal(err)
	}
	return p
}

func (k *kit) write(p *Publication, track int, ms int64, key bool) error {
	unit := []byte{0x41, 1}
	if key {
		unit[0] = 0x65
	}
	rate := tracks[track].ClockRate
	ts := media.Rescale(ms, 1000, rate)
	return p.Write(&media.AccessUnit{Track: track, DTS: ts, PTS: ts, Units: [][]byte{unit}})
}

func TestPublication(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, nil)
		if _, err := k.door.Enter(t.Context(), Request{Key: "x"}); fault.KindOf(err) != fault.Unauthorized {
			t.Errorf("%v", err)
		}
		p := k.enter("a", nil)
		if p.Stream() != "shoes" {
			t.Error(p.Stream())
		}
		if err := k.write(p, 0, 0, true); fault.KindOf(err) != fault.Invalid {
			t.Errorf("media before tracks: %v", err)
		}
		if err := p.WriteData(stream.Data{}); err != nil {
			t.Errorf("a text before tracks: %v", err)
		}
		if err := p.SetTracks(tracks); err != nil {
			t.Fatal(err)
		}
		for i := range int64(150) {
			if err := errors.Join(k.write(p, 0, i*40, i%25 == 0), k.write(p, 1, i*40, true)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(40 * time.Millisecond)
		}
		s, ok := k.door.Session("shoes")
		if !ok || s.Health.FrameRate != 25 || s.Health.GOP != 1 || s.Health.Bytes != 600 || s.Health.Bitrate < 700 || len(s.Health.Findings) != 0 {
			t.Errorf("%+v", s)
		}
		if st := k.door.Stats(); st.Publishing["rtmp"] != 1 || st.Started != 1 || st.Bytes != 600 {
			t.Errorf("%+v", st)
		}
		if _, err := json.Marshal(k.door.Sessions()); err != nil {
			t.Error(err)
		}
		p.Close(nil)
		p.Close(nil)
		if err := k.write(p, 0, 0, true); fault.KindOf(err) != fault.Gone {
			t.Errorf("media after the end: %v", err)
		}
		if err := p.SetTracks(tracks); fault.KindOf(err) != fault.Gone {
			t.Errorf("tracks after the end: %v", err)
		}
		if err := p.WriteData(stream.Data{}); fault.KindOf(err) != fault.Gone {
			t.Errorf("a text after the end: %v", err)
		}
		if st := k.door.Stats(); st.Publishing["rtmp"] != 0 || st.Ended != 1 || st.Bytes != 600 {
			t.Errorf("%+v", st)
		}
		if len(k.see.started) != 1 || len(k.see.ended) != 1 || k.see.errs[0] != nil || k.see.ended[0].Health.GOP != 1 {
			t.Errorf("%+v", k.see)
		}
		for _, line := range []string{
			`msg="publish started" room=ingest session=` + s.ID + ` stream=shoes protocol=rtmp remote=192.0.2.1:1 tracks="H.264 320x180 30 fps + AAC 48 kHz stereo"`,
			`msg="publish measured"`, "frame_rate=25 gop_s=1", `msg="publish ended"`, `reason="publisher said goodbye"`,
		} {
			if !strings.Contains(k.log.String(), line) {
				t.Errorf("the log lacks %s:\n%s", line, k.log)
			}
		}
		k.reg.Remove("shoes")
	})
}

func TestTakeover(t *testing.T) {
	for _, c := range []struct {
		mode   string
		silent time.Duration
		taken  bool
	}{
		{Refuse, time.Second, false},
		{Refuse, 4 * time.Second, true}, // its line is dead
		{Newest, 0, true},
	} {
		t.Run(fmt.Sprint(c.mode, c.silent), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newKit(t, func(cfg *Config) { cfg.Takeover = c.mode })
				var kicked error
				first := k.enter("a", func(err error) { kicked = err })
				if err := errors.Join(first.SetTracks(tracks), k.write(first, 0, 0, true)); err != nil {
					t.Fatal(err)
				}
				other := k.enter("b", func(error) { t.Error("the wrong publisher was ended") })
				if err := errors.Join(other.SetTracks(tracks), k.write(other, 0, 0, true)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(c.silent)
				second, err := k.door.Enter(t.Context(), Request{Protocol: "rtmp", Remote: "192.0.2.2:1", Key: "a"})
				if !c.taken {
					if fault.KindOf(err) != fault.Conflict || kicked != nil {
						t.Errorf("%v, %v", err, kicked)
					}
					return
				}
				if err != nil || fault.KindOf(kicked) != fault.Conflict {
					t.Fatalf("%v, %v", err, kicked)
				}
				if err := k.write(first, 0, 40, true); fault.KindOf(err) != fault.Conflict {
					t.Errorf("the first goes on: %v", err)
				}
				if err := errors.Join(second.SetTracks(tracks), k.write(second, 0, 0, true)); err != nil {
					t.Fatal(err)
				}
				first.Close(nil)
				if s, ok := k.door.Session("shoes"); !ok || s.Remote != "192.0.2.2:1" {
					t.Errorf("%+v", s)
				}
				if st := k.door.Stats(); st.TakenOver != 1 || st.Started != 3 || st.Ended != 1 {
					t.Errorf("%+v", st)
				}
				// An encoder that was sending comes back by itself, and is told to wait.
				back := Request{Protocol: "rtmp", Remote: "192.0.2.1:2", Key: "a"}
				if _, err := k.door.Enter(t.Context(), back); fault.KindOf(err) != fault.Conflict {
					t.Errorf("the first takes the stream back: %v", err)
				}
				second.Close(nil)
				if again, err := k.door.Enter(t.Context(), back); err != nil {
					t.Errorf("the second has stopped, and the first is refused: %v", err)
				} else {
					again.Close(nil)
				}
			})
		})
	}
}

func TestEndFromOurSide(t *testing.T) {
	k := newKit(t, nil)
	var kicked error
	p := k.enter("a", func(err error) { kicked = err })
	if err := p.SetTracks(tracks); err != nil {
		t.Fatal(err)
	}
	if k.door.Expel("tea", 9, "a") || k.door.Expel("shoes", 9, "a") || kicked != nil {
		t.Errorf("%v was expelled", kicked)
	}
	why := fault.New(fault.Conflict, "the show has ended")
	if k.door.End("tea", 9, why) || !k.door.End("shoes", 9, why) || kicked != why || k.see.errs[0] != why {
		t.Errorf("%v, %v", kicked, k.see.errs)
	}
}

// record is a show whose key is replaced and which ends and begins; seen runs after each look at it.
type record struct {
	rev   int64
	key   string
	ended bool
	seen  func()
}

func (r *record) Admit(_ context.Context, key string) (Grant, error) {
	defer func(seen func()) { seen() }(r.seen)
	switch {
	case key != r.key:
		return Grant{}, fault.New(fault.Unauthorized, "the stream key is not known")
	case r.ended:
		return Grant{}, fault.New(fault.Conflict, "the show has ended")
	}
	return Grant{Stream: "shoes", Rev: r.rev}, nil
}

// Who came in by a key that was replaced, or to a show that has ended, is put out. Notices of changes may come late and in
// any order: those of an older record than the one that let a publisher in do him no harm.
func TestNoticesOutOfOrder(t *testing.T) {
	ended := fault.New(fault.Gone, "the show has ended")
	first, second := record{rev: 7, key: "a"}, record{rev: 8, key: "b"}
	for name, c := range map[string]struct {
		in   record
		tell func(*Door) bool
		want fault.Kind // Internal for a publication that stays
	}{
		"replaced":                       {first, func(d *Door) bool { return d.Expel("shoes", 8, "b") }, fault.Unauthorized},
		"replaced, told late":            {second, func(d *Door) bool { return d.Expel("shoes", 7, "a") }, fault.Internal},
		"told of its own record":         {second, func(d *Door) bool { return d.Expel("shoes", 8, "b") }, fault.Internal},
		"changed, not the key":           {first, func(d *Door) bool { return d.Expel("shoes", 8, "a") }, fault.Internal},
		"ended":                          {first, func(d *Door) bool { return d.End("shoes", 8, ended) }, fault.Gone},
		"ended and reopened, told late":  {second, func(d *Door) bool { return d.End("shoes", 7, ended) }, fault.Internal},
		"replaced, another show's":       {first, func(d *Door) bool { return d.Expel("tea", 8, "b") }, fault.Internal},
		"replaced, both notices swapped": {second, func(d *Door) bool { return d.Expel("shoes", 8, "b") || d.Expel("shoes", 7, "a") }, fault.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, nil)
			c.in.seen = func() {}
			k.door.gate = &c.in
			var kicked error
			k.enter(c.in.key, func(err error) { kicked = err })
			if out := c.tell(k.door); out != (kicked != nil) || out != (c.want != fault.Internal) || out && fault.KindOf(kicked) != c.want {
				t.Errorf("%v; ended with %v", out, kicked)
			}
			if again := c.tell(k.door); again {
				t.Error("ended twice")
			}
		})
	}
}

// A key that is replaced, and a show that is ended, between the look at the record and the publication lets nobody in: the
// notice found nobody to put out.
func TestChangedOnTheWayIn(t *testing.T) {
	for name, change := range map[string]func(*record){
		"replaced": func(r *record) { r.rev, r.key = r.rev+1, "b" },
		"ended":    func(r *record) { r.rev, r.ended = r.rev+1, true },
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, nil)
			r := &record{rev: 1, key: "a"}
			r.seen = func() {
				r.seen = func() {}
				change(r)
				if k.door.Expel("shoes", r.rev, r.key) {
					t.Error("there was a publication already")
				}
			}
			k.door.gate = r
			if p, err := k.door.Enter(t.Context(), Request{Protocol: "rtmp", Remote: "192.0.2.1:1", Key: "a"}); err == nil {
				t.Errorf("%s came in", p.Stream())
			}
			if all := k.door.Sessions(); len(all) != 0 {
				t.Errorf("%+v", all)
			}
		})
	}
}

func TestAddressesAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, func(c *Config) { c.MaxSessionsPerAddress, c.WrongKeysPerMinute = 2, 3 })
		knock := func(remote string, want fault.Kind) *Visit {
			t.Helper()
			visit, err := k.door.Knock(remote)
			if (err != nil || want != fault.Internal) && fault.KindOf(err) != want {
				t.Errorf("%s: %v", remote, err)
			}
			return visit
		}
		first := knock("192.0.2.1:1", fault.Internal)
		knock("192.0.2.1:2", fault.Internal)
		knock("[::ffff:192.0.2.1]:3", fault.TooMany)
		first.Leave()
		first.Leave()
		knock("192.0.2.1:3", fault.Internal)
		knock("[2001:db8::1]:1", fault.Internal)
		knock("[2001:db8::2]:1", fault.Internal)
		knock("[2001:db8::3]:1", fault.TooMany) // one network
		for range 3 {
			knock("127.0.0.1:1", fault.Internal) // the machine itself
		}
		for range 3 {
			k.door.Enter(t.Context(), Request{Remote: "192.0.2.9:1", Key: "x"}) //nolint:errcheck // it fails
		}
		knock("192.0.2.9:1", fault.TooMany)
		for range 3 {
			k.door.WrongKey("192.0.2.8:1")
		}
		knock("192.0.2.8:1", fault.TooMany)
		time.Sleep(time.Minute)
		knock("192.0.2.9:1", fault.Internal)
	})
}

// Connections without a stream key have places of their own. Where those run out, the network that holds most of them gives
// one back, and whoever has just come is not pushed out by those who wait for nothing.
func TestWaitingGivesWay(t *testing.T) {
	k := newKit(t, func(c *Config) { c.MaxSessions = 1 })
	var out []string
	knock := func(remote string) *Visit {
		t.Helper()
		visit, err := k.door.Knock(remote)
		if err != nil {
			t.Fatal(err)
		}
		k.door.Watch(visit, func() { out = append(out, remote) })
		return visit
	}
	enter := func(v *Visit, key string) (*Publication, error) {
		return k.door.Enter(t.Context(), Request{Protocol: "rtmp", Remote: "198.51.100.1:1", Visit: v, Key: key})
	}
	all := make([]*Visit, leastPlaces)
	for i := range all {
		all[i] = knock(fmt.Sprintf("192.0.2.%d:%d", i/2, i%2))
	}
	first, second := knock("198.51.100.1:1"), knock("198.51.100.2:1")
	if want := []string{"192.0.2.0:0", "192.0.2.1:0"}; !slices.Equal(out, want) {
		t.Errorf("%v gave way, want %v", out, want)
	}
	if _, err := enter(all[0], "a"); fault.KindOf(err) != fault.TooMany {
		t.Errorf("one who gave way was let in: %v", err)
	}
	out = nil
	for i := range 10 * leastPlaces { // every one of another network of 64 bits
		all = append(all, knock(fmt.Sprintf("[2001:db8:0:%x::1]:1", i)))
	}
	if n := slices.IndexFunc(out, func(remote string) bool { return strings.HasPrefix(remote, "[") }); n < 0 || n > 4 ||
		slices.ContainsFunc(out[n:], func(remote string) bool { return !strings.HasPrefix(remote, "[") }) {
		t.Errorf("%d others gave way to one network, %v", n, out[:10])
	}
	pub, err := enter(first, "a")
	if err != nil {
		t.Fatalf("the publisher was kept out: %v", err)
	}
	if _, err := enter(second, "b"); fault.KindOf(err) != fault.TooMany {
		t.Errorf("one publisher too many: %v", err)
	}
	pub.Close(nil)
	first.Leave()
	if pub, err = enter(second, "b"); err != nil {
		t.Errorf("the only publisher was kept out: %v", err)
	} else {
		pub.Close(nil)
	}
	for _, v := range append(all, second) {
		v.Leave()
	}
	if v := k.door.visitors; v.total+v.admitted+v.taken+len(v.open)+len(v.waiting) != 0 {
		t.Errorf("left behind: %+v", v)
	}
}

func TestRefusalsAreLoggedOnceEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, nil)
		for range 100 {
			k.door.Refuse("rtmp", "192.0.2.1:1", fault.New(fault.Invalid, "what came is not RTMP").WithHint("go away"))
		}
		time.Sleep(time.Second)
		k.door.Refuse("rtmp", "192.0.2.1:1", fault.New(fault.TooMany, "too many"))
		if n := strings.Count(k.log.String(), "publisher refused"); n != refusalLines+1 {
			t.Errorf("%d lines", n)
		}
		if !strings.Contains(k.log.String(), `hint="go away"`) || !strings.Contains(k.log.String(), "not_logged_before=90") {
			t.Error(k.log.String())
		}
		if st := k.door.Stats(); st.Refused["invalid"] != 100 || st.Refused["too_many"] != 1 {
			t.Errorf("%v", st.Refused)
		}
	})
}

func TestConfigSaysWhatIsWrong(t *testing.T) {
	for field, set := range map[string]func(*Config){
		"takeover":                 func(c *Config) { c.Takeover = "oldest" },
		"silent_after":             func(c *Config) { c.SilentAfter = 0 },
		"start_timeout":            func(c *Config) { c.StartTimeout = time.Hour },
		"read_timeout":             func(c *Config) { c.ReadTimeout = time.Millisecond },
		"long_gop":                 func(c *Config) { c.LongGOP = time.Hour },
		"max_sessions":             func(c *Config) { c.MaxSessions = 0 },
		"max_sessions_per_address": func(c *Config) { c.MaxSessionsPerAddress = -1 },
		"wrong_keys_per_minute":    func(c *Config) { c.WrongKeysPerMinute = 0 },
	} {
		cfg := DefaultConfig()
		set(&cfg)
		_, err := NewDoor(cfg, nil, nil, nil, slog.New(slog.DiscardHandler))
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Field != field || f.Hint == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
}
