package rtsp

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"livesrv/internal/livetest"
)

// line is between one publisher and a server: it passes the RTSP connection on, with ports of its own in the place of both
// sides', and loses some of the media's datagrams.
type line struct {
	t     *testing.T
	in    net.Listener
	k     *kit
	lost  atomic.Int64
	group sync.WaitGroup
	mu    sync.Mutex
	open  []io.Closer
	// routes are the tracks' ways in the order of their SETUP.
	routes []*route
}

// route is a track's way: what the publisher sends to front goes from back to the server's ports.
type route struct {
	front, back [2]net.PacketConn
	publisher   string // its ports
	to          [2]atomic.Pointer[net.UDPAddr]
}

func newLine(t *testing.T, k *kit) *line {
	t.Helper()
	in, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{t: t, in: in, k: k}
	l.keep(in)
	l.group.Go(l.connect)
	t.Cleanup(func() {
		l.mu.Lock()
		for _, c := range l.open {
			c.Close()
		}
		l.mu.Unlock()
		l.group.Wait()
	})
	return l
}

func (l *line) keep(all ...io.Closer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = append(l.open, all...)
}

var (
	clientPorts = regexp.MustCompile(`client_port=(\d+-\d+)`)
	serverPorts = regexp.MustCompile(`server_port=(\d+)-(\d+)`)
)

// connect passes one connection on.
func (l *line) connect() {
	publisher, err := l.in.Accept()
	if err != nil {
		return
	}
	server, err := net.Dial("tcp", l.k.srv.Addr().String())
	if err != nil {
		l.t.Error(err)
		return
	}
	l.keep(publisher, server)
	l.group.Go(func() { pass(server, publisher, l.request) })
	answered := 0
	pass(publisher, server, func(text string) string {
		m := serverPorts.FindStringSubmatch(text)
		if m == nil {
			return text
		}
		l.mu.Lock()
		r := l.routes[answered]
		l.mu.Unlock()
		answered++
		for i := range r.to {
			port, _ := strconv.Atoi(m[i+1])
			r.to[i].Store(&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		}
		text = clientPorts.ReplaceAllString(text, "client_port="+r.publisher)
		return serverPorts.ReplaceAllString(text, "server_port="+ports(r.front))
	})
}

// pass passes lines on, each as change makes it.
func pass(to io.WriteCloser, from io.Reader, change func(string) string) {
	defer to.Close()
	for r := bufio.NewReader(from); ; {
		text, err := r.ReadString('\n')
		io.WriteString(to, change(text)) //nolint:errcheck // the other direction ends too
		if err != nil {
			return
		}
	}
}

// request opens a way for each SETUP.
func (l *line) request(text string) string {
	m := clientPorts.FindStringSubmatch(text)
	if m == nil {
		return text
	}
	r := &route{publisher: m[1]}
	for _, pair := range []*[2]net.PacketConn{&r.front, &r.back} {
		var err error
		if pair[0], pair[1], err = listenPair("127.0.0.1:0"); err != nil {
			l.t.Error(err)
			return text
		}
		l.keep(pair[0], pair[1])
	}
	l.mu.Lock()
	l.routes = append(l.routes, r)
	l.mu.Unlock()
	l.group.Go(func() { l.relay(r, 0, 0.02) })
	l.group.Go(func() { l.relay(r, 1, 0) })
	return clientPorts.ReplaceAllString(text, "client_port="+ports(r.back))
}

func ports(pair [2]net.PacketConn) string {
	port := pair[0].LocalAddr().(*net.UDPAddr).Port
	return fmt.Sprintf("%d-%d", port, port+1)
}

func (l *line) relay(r *route, i int, loss float64) {
	rnd := rand.New(rand.NewPCG(uint64(len(r.publisher)), uint64(i)))
	for b := make([]byte, 2048); ; {
		n, _, err := r.front[i].ReadFrom(b)
		if err != nil {
			return
		}
		to := r.to[i].Load()
		if to == nil || rnd.Float64() < loss {
			l.lost.Add(1)
			continue
		}
		r.back[i].WriteTo(b[:n], to) //nolint:errcheck // as lost as any
	}
}

// RTSP by UDP repeats nothing, and the library holds a track back behind a lost packet until 64 more have come, which are
// seconds of sound. A line that loses every fiftieth packet costs that, the stream goes on, and the publisher is told to
// take TCP.
func TestLossyLine(t *testing.T) {
	t.Parallel()
	k := start(t)
	l := newLine(t, k)
	r := k.Streams.Open("show").Subscribe()
	_, wait := k.ffmpegTo("udp", "rtsp://"+l.in.Addr().String()+"/live/key-show", slices.Concat(livetest.Picture("30"), livetest.Tone("48000"), livetest.X264("-c:a", "aac", "-t", "8"))...)
	got := k.Collect(r)
	if out, err := wait(); err != nil {
		t.Errorf("ffmpeg: %v %s", err, out)
	}
	if e := k.WaitLeft(); e.Err != nil {
		t.Errorf("the session ended with %v", e.Err)
	}
	k.WaitSaid("Send over TCP, which loses nothing")
	if len(got.Tracks) != 2 || l.lost.Load() < 3 || len(got.AUs[0]) < 150 || len(got.AUs[1]) < 40 {
		t.Fatalf("%d tracks, %d packets lost, %d pictures, %d frames of sound", len(got.Tracks), l.lost.Load(), len(got.AUs[0]), len(got.AUs[1]))
	}
	for i, aus := range got.AUs {
		for j := 1; j < len(aus); j++ {
			if d := aus[j].DTS - aus[j-1].DTS; d <= 0 {
				t.Errorf("track %d: access unit %d comes %d ticks after the one before", i, j, d)
			}
		}
	}
	t.Logf("%d packets lost, %d pictures and %d frames of sound came", l.lost.Load(), len(got.AUs[0]), len(got.AUs[1]))
}

// Connections that never come to a whole request, and rubbish on the media's ports, cost a good publisher nothing.
func TestFlood(t *testing.T) {
	t.Parallel()
	k := start(t)
	r := k.Streams.Open("good").Subscribe()
	_, wait := k.ffmpeg("tcp", "/live/key-good", slices.Concat(livetest.Picture("30"), livetest.Tone("48000"), livetest.X264("-c:a", "aac", "-t", "6"))...)
	k.WaitCame()
	udp, err := net.Dial("udp", k.srv.UDPAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	for n := range 300 {
		nc, err := net.Dial("tcp", k.srv.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		fmt.Fprint(nc, "ANNOUNCE rtsp://x/live/key-show RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 100000\r\n\r\nv=0"[:20+n%60]) //nolint:errcheck // it may be refused
		for range 20 {
			udp.Write(make([]byte, 1400)) //nolint:errcheck // as rubbish
		}
		time.Sleep(10 * time.Millisecond)
	}
	got := k.Collect(r)
	if out, err := wait(); err != nil {
		t.Errorf("ffmpeg: %v %s", err, out)
	}
	check(t, got, "H.264+AAC", 3000, false, 1024)
	if e := k.WaitLeft(); e.Session.Stream != "good" || e.Err != nil {
		t.Errorf("%+v", e)
	}
}
