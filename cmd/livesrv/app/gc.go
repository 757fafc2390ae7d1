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
// 2 GB, it lets another 2 GB of garbage lie about. So the room for garbage grows slower than the heap: it is a share of
// what is alive, as long as that is little, and a thirtieth of it where that is much: streams that keep much bring much,
// so that with windows of a minute a collection comes every two seconds, however many they are.
const (
	// smallRoom is the room for garbage however little is alive. What a server throws away, buffers of messages and
	// texts of playlists, is collected often enough with it: every two seconds at ten streams or a thousand viewers.
	smallRoom = 24 << 20
	// leastPercent of what is alive is the room of a large heap.
	leastPercent = 3
	// mostPercent is Go's own rule, for a heap no larger than smallRoom.
	mostPercent = 100
	// gcEvery is how often the heap is looked at. Setting the percentage stops the world for some microseconds.
	gcEvery = 2 * time.Second
)

// gcPercent is the room for garbage over so many bytes, in per cent of them. The percentage is one of all that a collection
// looks at, the live heap and the stacks above all: a thousand viewers over HTTP/2 have four thousand goroutines.
func gcPercent(live uint64) int {
	if live == 0 {
		return mostPercent
	}
	return int(min(max(smallRoom*100/live, leastPercent), mostPercent))
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
	scanned := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}}
	ticker := time.NewTicker(gcEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		metrics.Read(scanned)
		var live uint64
		for _, s := range scanned {
			live += s.Value.Uint64()
		}
		// Steps of a quarter: what is alive is only known to within a collection anyway.
		if want := gcPercent(live); want*5 < now*4 || want*4 > now*5 || want != now && (want == leastPercent || want == mostPercent) {
			debug.SetGCPercent(want)
			now = want
		}
	}
}
