package rtmp

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"livesrv/ingest"
	"livesrv/internal/socket"
)

// wireMessage is a message in one chunk of format 0.
func wireMessage(typ byte, size int) []byte {
	b := append([]byte{4, 0, 0, 0, byte(size >> 16), byte(size >> 8), byte(size), typ}, 1, 0, 0, 0)
	return append(b, bytes.Repeat([]byte{0xa5}, size)...)
}

// connect gives the two ends of a connection that the door has let in, until the test ends.
func connect(t *testing.T, door *ingest.Door) (nc, client net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln = door.Listener("rtmp", ln)
	defer ln.Close()
	if client, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	if nc, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	return nc, client
}

// TestWaker: a lone audio frame waits for what comes after it once pictures have been large for a while, and nothing
// else ever does.
func TestWaker(t *testing.T) {
	if !socket.HasLowWater {
		t.Skip("the level cannot be set here")
	}
	nc, client := connect(t, start(t).Door)
	w := newWaker(nc)
	if w.sock == nil {
		t.Fatal("the socket of a connection that the door let in cannot be set")
	}
	w.chunks = newChunkReader(bufio.NewReaderSize(w, readBuffer), 1<<20, nil)
	types, ended := make(chan byte, 1024), make(chan error, 1)
	go func() {
		for {
			m, err := w.chunks.next()
			if err != nil {
				ended <- err
				return
			}
			w.saw(m)
			types <- m.typ
		}
	}()
	write := func(b []byte) {
		t.Helper()
		if _, err := client.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	comes := func(typ byte) {
		t.Helper()
		select {
		case got := <-types:
			if got != typ {
				t.Fatalf("a message of type %d came, not of %d", got, typ)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("no message of type %d came", typ)
		}
	}
	sound, picture, small := wireMessage(typeAudio, 300), wireMessage(typeVideo, 5000), wireMessage(typeVideo, 100)
	write(append(wireMessage(typeSetChunkSize, 4)[:12], binary.BigEndian.AppendUint32(nil, 1<<20)...))
	large := func(n int) {
		t.Helper()
		for range n {
			write(sound)
			write(picture)
			comes(typeAudio)
			comes(typeVideo)
		}
	}

	large(quietAfter)
	write(sound)
	select {
	case typ := <-types:
		t.Errorf("a message of type %d woke the reader by itself", typ)
	case <-time.After(100 * time.Millisecond):
	}
	write(picture[:3000])
	comes(typeAudio)
	write(picture[3000 : len(picture)-1])
	write(picture[len(picture)-1:])
	comes(typeVideo)
	write(append(bytes.Clone(sound), sound...)) // no pictures any more
	comes(typeAudio)
	comes(typeAudio)
	long := wireMessage(typeVideo, 100_000)
	for len(long) > 0 {
		n := min(1448, len(long))
		write(long[:n])
		long = long[n:]
	}
	comes(typeVideo)

	// Small pictures are not kept waiting a second time.
	write(append(append(bytes.Clone(small), sound...), sound...))
	comes(typeVideo)
	comes(typeAudio)
	comes(typeAudio)
	write(small)
	comes(typeVideo)
	write(sound)
	comes(typeAudio)

	// The end wakes whatever the level.
	large(quietAfter)
	write(sound)
	client.Close()
	comes(typeAudio)
	if err := <-ended; err != io.EOF {
		t.Errorf("ended with %v", err)
	}
}

// TestNap: what comes while nobody waits for it is read later, all at once, and what is waited for at once.
func TestNap(t *testing.T) {
	nc, client := connect(t, start(t).Door)
	const needless = 300 * time.Millisecond
	var wanted time.Time // nothing is, before
	w := newWaker(nc)
	w.pace, w.since = 100_000, time.Now()
	w.rest = func() time.Duration { return max(0, time.Until(wanted)) }
	b := make([]byte, 64)
	read := func(want string) {
		t.Helper()
		n, err := w.Read(b)
		if err != nil || string(b[:n]) != want {
			t.Fatalf("%q, %v came, not %q", b[:n], err, want)
		}
	}
	w.chunks = newChunkReader(bufio.NewReader(w), 1<<20, nil)
	write := func(s string) {
		t.Helper()
		if _, err := io.WriteString(client, s); err != nil {
			t.Fatal(err)
		}
	}
	write("a")
	read("a")
	wanted = time.Now().Add(needless)
	write("b")
	write("c")
	read("bc")
	if early := time.Until(wanted); early > 2*nap {
		t.Errorf("woken %v before anything was wanted", early)
	}

	// More than has room in the buffer is read to its end before the next nap.
	long := string(bytes.Repeat([]byte{'d'}, 3*len(b)))
	wanted = time.Now()
	write(long + "e")
	read(long[:len(b)])
	wanted = time.Now().Add(time.Hour)
	read(long[:len(b)])
	read(long[:len(b)])
	read("e")

	// Nobody sleeps for long, nor in the middle of a message.
	began := time.Now()
	write("f")
	read("f")
	if d := time.Since(began); d < maxNap-2*nap {
		t.Errorf("slept %v with nothing to do for an hour", d)
	}
	least := time.Hour // of some: what else the machine does is not of interest
	for range 10 {
		wanted = time.Now().Add(time.Hour)
		w.chunks.rest = 2
		write("g")
		began = time.Now()
		read("g")
		w.chunks.rest = 0
		wanted = began
		write("h")
		read("h")
		if least = min(least, time.Since(began)); least < needless {
			return
		}
	}
	t.Errorf("slept %v over what was wanted", least)
}

// TestNapEnds: the end of a connection, from either side, ends a nap at once.
func TestNapEnds(t *testing.T) {
	if !socket.HasLowWater {
		t.Skip("the level cannot be set here")
	}
	k := start(t)
	for _, end := range []func(*waker, net.Conn){
		func(_ *waker, client net.Conn) { client.Close() },
		func(w *waker, _ net.Conn) { w.cut() },
	} {
		nc, client := connect(t, k.Door)
		w := newWaker(nc)
		w.chunks = newChunkReader(bufio.NewReader(w), 1<<20, nil)
		woken := make(chan error, 1)
		go func() {
			w.sleep(time.Hour)
			_, err := w.Read(make([]byte, 1))
			woken <- err
		}()
		end(w, client)
		select {
		case err := <-woken:
			if err == nil {
				t.Error("read something")
			}
		case <-time.After(30 * time.Second):
			t.Error("slept on")
		}
	}
}
