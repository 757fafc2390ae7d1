package app

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// Nearly all of a busy server's heap is the window: parts of hundreds of kilobytes without a pointer in them, which the
// collector marks by looking at their headers alone. Go's usual rule, to collect when the heap has doubled, then costs
// a second window of memory and saves next to nothing: at 100 streams of 2.5 Mbit/s, whose windows of a minute are
// 2 GB, it lets another 2 GB of garbage lie about. So the room for garbage is what a second makes, however much is alive:
// three collections a second cost a server with 100 streams 0.06 core more than one did.
const (
	// smallRoom is the room for garbage at the least. What an idle server throws away, or one with ten streams or a
	// thousand viewers, is collected often enough with it.
	smallRoom = 24 << 20
	// largeRoom is, in per cent of what is alive, what the room stays under where that is more than smallRoom: a burst is
	// over before a collection knows of it.
	largeRoom = 12
	// mostPercent is Go's own rule, for a heap no larger than smallRoom; leastPercent keeps collections apart whatever
	// else is reckoned.
	mostPercent, leastPercent = 100, 2
	// gcEvery is how often the heap is looked at. Setting the percentage stops the world for some microseconds.
	gcEvery = 2 * time.Second
)

// gcPercent is the room for garbage over so many bytes, in per cent of them, where so many are allocated in a second. The
// percentage is one of all that a collection looks at, the live heap and the stacks above all: a thousand viewers over
// HTTP/2 have four thousand goroutines.
func gcPercent(live, perSecond uint64) int {
	if live == 0 {
		return mostPercent
	}
	room := max(smallRoom, min(perSecond, live*largeRoom/100))
	return int(min(max(room*100/live, leastPercent), mostPercent))
}

// keepHeap keeps the heap near what is alive in it until ctx ends. Where GOGC is set, whoever runs the server has
// decided, and it does nothing.
func keepHeap(ctx context.Context) error {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	before := debug.SetGCPercent(mostPercent)
	defer debug.SetGCPercent(before)
	// What the start needed, the bundler and its memory above all, goes back to the system at once: it is several
	// times what an idle server needs, and would go back only bit by bit.
	debug.FreeOSMemory()
	now := mostPercent
	samples := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"},
		{Name: "/gc/scan/globals:bytes"}}
	metrics.Read(samples)
	allocated, at := samples[0].Value.Uint64(), time.Now()
	ticker := time.NewTicker(gcEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		metrics.Read(samples)
		all, when := samples[0].Value.Uint64(), time.Now()
		perSecond := uint64(float64(all-allocated) / when.Sub(at).Seconds())
		allocated, at = all, when
		var live uint64
		for _, s := range samples[1:] {
			live += s.Value.Uint64()
		}
		// Steps of a quarter: what is alive is only known to within a collection anyway.
		if want := gcPercent(live, perSecond); want*5 < now*4 || want*4 > now*5 || want != now && (want == leastPercent || want == mostPercent) {
			debug.SetGCPercent(want)
			now = want
		}
	}
}
