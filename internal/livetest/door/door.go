// Package door is the test kit that the ingest rooms share: a door that lets the keys "key-NAME" in, with what lies
// behind it and what tests ask of it: who came and went, what was logged, what came out of a stream. What is of one
// protocol alone is in the kit of its room.
package door

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"livesrv/ingest"
	"livesrv/internal/fault"
	"livesrv/internal/livetest"
	"livesrv/internal/media"
	"livesrv/internal/stream"
)

// patience is how long what must come may take.
const patience = 30 * time.Second

// Kit is a door and what is behind it.
type Kit struct {
	Door    *ingest.Door
	Streams *stream.Registry
	// Log is written by all of it; Said is what has been written.
	Log  *slog.Logger
	Said *livetest.Log
	// Came and Left get the publications that begin and end.
	Came chan ingest.Session
	Left chan End

	t testing.TB
}

// End is how a publication ended.
type End struct {
	Session ingest.Session
	Err     error
}

// gate admits the keys "key-NAME" to the stream NAME.
type gate struct{}

func (gate) Admit(_ context.Context, key string) (ingest.Grant, error) {
	name, ok := strings.CutPrefix(key, "key-")
	switch {
	case !ok || name == "":
		return ingest.Grant{}, fault.New(fault.Unauthorized, "the stream key is not known").WithHint("copy it from the console")
	case name == "ended":
		return ingest.Grant{}, fault.New(fault.Conflict, "the show has ended").WithHint("make a new show")
	}
	return ingest.Grant{Stream: name}, nil
}

// watcher tells a kit who came and went.
type watcher struct{ *Kit }

func (w watcher) SessionStarted(s ingest.Session)          { w.Came <- s }
func (w watcher) SessionEnded(s ingest.Session, err error) { w.Left <- End{s, err} }

// New makes a door. Its log is shown when the test has failed.
func New(t testing.TB, cfg ingest.Config) *Kit {
	t.Helper()
	k := &Kit{t: t, Said: &livetest.Log{}, Came: make(chan ingest.Session, 256), Left: make(chan End, 256)}
	k.Log = slog.New(slog.NewTextHandler(k.Said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	if k.Streams, err = stream.NewRegistry(stream.DefaultConfig(), k.Log); err != nil {
		t.Fatal(err)
	}
	if k.Door, err = ingest.NewDoor(cfg, gate{}, k.Streams, watcher{k}, k.Log); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(k.Said.String())
		}
	})
	return k
}

// Server takes connections for the door.
type Server interface {
	Listen() error
	Run(context.Context) error
}

// Serve runs a server until the test ends, and fails the test if connections are left then.
func (k *Kit) Serve(srv Server) {
	k.t.Helper()
	if err := srv.Listen(); err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() {
		if n := k.Door.Stats().Connections; n != 0 {
			k.t.Errorf("%d connections left", n)
		}
	})
	k.Run(srv.Run)
}

// Run runs something beside the test, until the test ends.
func (k *Kit) Run(run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	k.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			k.t.Error(err)
		}
	})
}

// WaitCame waits until a publication begins.
func (k *Kit) WaitCame() ingest.Session {
	k.t.Helper()
	return next(k.t, k.Came, "nobody came on air")
}

// WaitLeft waits until a publication ends.
func (k *Kit) WaitLeft() End {
	k.t.Helper()
	return next(k.t, k.Left, "no publication ended")
}

func next[T any](t testing.TB, from <-chan T, missed string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatal(missed)
		panic("unreachable")
	}
}

// WaitSaid waits until the log holds a text.
func (k *Kit) WaitSaid(text string) {
	k.t.Helper()
	k.Said.Wait(k.t, text, patience)
}

// Received is what came out of a stream.
type Received struct {
	Tracks []media.Track
	AUs    map[int][]*media.AccessUnit // by track
	Data   []*stream.Data
}

// Codecs names the codecs of the tracks in their order: "H.264+AAC".
func (r *Received) Codecs() string {
	names := make([]string, 0, len(r.Tracks))
	for _, tr := range r.Tracks {
		names = append(names, tr.Codec.Name())
	}
	return strings.Join(names, "+")
}

// Collect reads a stream until its publisher has gone, and closes the reader.
func (k *Kit) Collect(r *stream.Reader) *Received {
	k.t.Helper()
	return k.CollectEach(r, func([]media.Track, *media.AccessUnit) {})
}

// CollectEach does the same, and shows each access unit as it comes.
func (k *Kit) CollectEach(r *stream.Reader, show func([]media.Track, *media.AccessUnit)) *Received {
	k.t.Helper()
	got := &Received{AUs: map[int][]*media.AccessUnit{}}
	defer r.Close()
	k.Take(r, func(it stream.Item) bool {
		switch {
		case it.Tracks != nil:
			got.Tracks = it.Tracks
		case it.AU != nil:
			show(got.Tracks, it.AU)
			got.AUs[it.AU.Track] = append(got.AUs[it.AU.Track], it.AU)
		case it.Data != nil:
			got.Data = append(got.Data, it.Data)
		}
		return it.Absent
	})
	return got
}

// Take reads items until enough says so.
func (k *Kit) Take(r *stream.Reader, enough func(stream.Item) bool) {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), patience)
	defer cancel()
	for {
		it, err := r.Next(ctx)
		if err != nil {
			k.t.Fatalf("reading the stream: %v", err)
		}
		if enough(it) {
			return
		}
	}
}

// Untouched fails the test if a stream's timestamps had to be repaired.
func (k *Kit) Untouched(name string) {
	k.t.Helper()
	st, _ := k.Streams.Stream(name)
	if r := st.Stats().Repairs; r.Jumps+r.Reversals+r.Duplicates+r.DTSOverPTS+r.Gaps+r.Dropped > 0 {
		k.t.Errorf("repaired: %+v", r)
	}
}
