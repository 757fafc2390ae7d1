package rtmp

import (
	"net"
	"runtime"
	"sync/atomic"
	"time"

	"livesrv/internal/socket"
)

// Being woken up for a message costs more than taking it in, and of the 77 messages a second of a usual publisher all but
// some four are of no use before the one that makes a part whole. So the session sleeps while nothing comes that anybody waits for, and
// what comes meanwhile waits in the kernel's buffer: not longer than it surely takes there, and never over the picture
// that is waited for.
//
// Where every picture is of use, audio frames are of none before the picture that follows them. So the kernel is told to
// wake us for no less than a picture: SO_RCVLOWAT is set above the size of one audio frame once pictures have been larger
// than that for quietAfter in a row, and while a long message is under way to what it lacks. A second or third frame wakes
// us, so sound alone is held up by no more than that, and so is a picture that is suddenly smaller than a frame, once. The
// end of the connection always wakes.
const (
	// quietAfter is two seconds of pictures.
	quietAfter = 64
	// wakeMost is the most that is waited for: far less than the kernel's buffer takes.
	wakeMost = 32 << 10
	// wakeStep is from how much on it pays to wait for the rest of a message.
	wakeStep = 8 << 10
	// maxAsleep is how much may come while the session sleeps. Linux makes the buffer large enough for it when the level
	// is set to it; where that cannot be set, blindAsleep is half of what it takes from a peer at first
	// (net.ipv4.tcp_rmem), before it has seen how fast we read.
	maxAsleep   = 128 << 10
	blindAsleep = 32 << 10
	// maxNap is how long the session sleeps at most: over TLS its end is noticed after that, and a pause in what comes
	// looks longer by it.
	maxNap = 400 * time.Millisecond
	// nap is what sleeping ends at multiples of: sessions that are woken together cost less.
	nap = 10 * time.Millisecond
)

// zero is what multiples of nap count from.
var zero = time.Now()

// waker is a connection as the chunk reader reads it. It decides, before a read that may sleep, what to be woken for.
type waker struct {
	net.Conn
	sock   *socket.Conn // the same connection, nil where it cannot be told what to wake us for
	chunks *chunkReader
	level  int // as set

	sound int // bytes of the largest audio message of late
	large int // pictures in a row that were larger than quiet

	// rest says how long nothing comes that anybody waits for; nil until there is a publication.
	rest func() time.Duration
	// empty says that the last read took all that had come.
	empty bool
	// since is when the bytes began to be counted that give the pace, pace bytes a second.
	since time.Time
	bytes int
	pace  float64

	ended atomic.Bool // by cut
}

func newWaker(nc net.Conn) *waker {
	w := &waker{Conn: nc, level: 1}
	if !socket.HasLowWater {
		return w
	}
	// A connection over TLS has no socket of its own: what it has decrypted already would not count.
	if sock, err := socket.New(nc); err == nil {
		w.Conn, w.sock = sock, sock
	}
	return w
}

// Read reads what there is.
func (w *waker) Read(b []byte) (int, error) {
	if w.rest != nil && w.empty && w.chunks.rest == 0 {
		if d := w.idle(); d > 0 {
			w.sleep(d)
		}
	}
	w.set(w.wanted())
	n, err := w.Conn.Read(b)
	w.empty = n < len(b)
	w.bytes += n
	return n, err
}

// sleep sleeps that long, or until much has come, the connection ends or is cut.
func (w *waker) sleep(d time.Duration) {
	w.set(maxAsleep)
	if w.sock == nil {
		time.Sleep(d)
		return
	}
	w.until(time.Now().Add(d))
	_ = w.sock.AwaitMore() // the read that follows meets the same error
	w.until(time.Time{})
}

// until lets reads wait until then, but for one that has been cut.
func (w *waker) until(t time.Time) {
	w.SetReadDeadline(t) //nolint:errcheck // a closed connection fails at the next read
	if w.ended.Load() {
		w.SetReadDeadline(time.Now()) //nolint:errcheck // as above
	}
}

// cut lets this read and all that follow fail. It may be called from any goroutine.
func (w *waker) cut() {
	w.ended.Store(true)
	w.SetReadDeadline(time.Now()) //nolint:errcheck // as above
}

// idle is how long to sleep now.
func (w *waker) idle() time.Duration {
	d := w.rest()
	if d == 0 {
		// Who was waited for may just be on his way to say what he waits for next.
		runtime.Gosched()
		d = w.rest()
	}
	now := time.Now()
	if passed := now.Sub(w.since); passed >= time.Second {
		w.pace = float64(w.bytes) / passed.Seconds()
		w.since, w.bytes = now, 0
	}
	if w.pace == 0 {
		return 0
	}
	room := float64(maxAsleep)
	if w.sock == nil {
		room = blindAsleep
	}
	d = min(d, maxNap, time.Duration(room/w.pace*float64(time.Second)))
	until := now.Add(d).Sub(zero).Truncate(nap)
	return until - now.Sub(zero)
}

// quiet is more than one audio message takes on the wire, with its headers. It comes in steps, because the sizes of
// frames vary and every change is a call into the kernel.
func (w *waker) quiet() int {
	const heads, step = 16, 64
	return (w.sound + w.sound/2 + heads + step - 1) / step * step
}

// saw notes a media message.
func (w *waker) saw(m message) {
	switch {
	case m.typ == typeAudio && len(m.body) > 32: // a configuration says nothing
		w.sound = max(len(m.body), w.sound-w.sound/64)
	case m.typ == typeVideo && w.sound > 0 && len(m.body) > w.quiet():
		w.large++
	case m.typ == typeVideo:
		w.large = 0
	}
}

// wanted is how many bytes are worth being woken for: never more than what surely comes without our doing.
func (w *waker) wanted() int {
	if rest := w.chunks.rest; rest > 0 {
		if rest >= wakeStep {
			return min(rest, wakeMost)
		}
		return min(rest, w.level)
	}
	if w.large < quietAfter {
		return 1
	}
	return min(w.quiet(), wakeMost)
}

// set tells the kernel, where that is another level.
func (w *waker) set(level int) {
	if level == w.level || w.sock == nil {
		return
	}
	if w.sock.SetLowWater(level) != nil {
		w.sock = nil // the read tells what is wrong with the connection
		return
	}
	w.level = level
}
