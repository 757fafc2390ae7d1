package rtsp

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"livesrv/internal/livetest"
	"livesrv/internal/livetest/door"
	"livesrv/internal/media"
	"livesrv/internal/stream"
	"livesrv/packager"
	"livesrv/web/hls"
)

// line is between one publisher and a server: it passes the RTSP connection on, with ports of its own in the place of both
// sides', and loses some of the media's datagrams.
type line struct {
	t     *testing.T
	in    net.Listener
	k     *kit
	loss  float64
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
	rate        int // of the track's clock
	first       *uint32
	late        lateness // of what the publisher sends, by its timestamps; line.mu guards it
}

// lateness is by how much, at most, what has times of a clock comes later than the promptest of it.
type lateness struct {
	began       time.Time
	least, most time.Duration
}

func (l *lateness) note(at time.Duration) {
	if l.began.IsZero() {
		l.began = time.Now().Add(-at)
	}
	off := time.Since(l.began) - at
	l.least, l.most = min(l.least, off), max(l.most, off)
}

func (l *lateness) worst() time.Duration { return l.most - l.least }

func newLine(t *testing.T, k *kit, loss float64) *line {
	t.Helper()
	in, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{t: t, in: in, k: k, loss: loss}
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
	r.rate = [2]int{media.VideoClockRate, 48000}[len(l.routes)]
	l.routes = append(l.routes, r)
	l.mu.Unlock()
	l.group.Go(func() { l.relay(r, 0, l.loss) })
	l.group.Go(func() { l.relay(r, 1, 0) })
	return clientPorts.ReplaceAllString(text, "client_port="+ports(r.back))
}

func ports(pair [2]net.PacketConn) string {
	port := pair[0].LocalAddr().(*net.UDPAddr).Port
	return fmt.Sprintf("%d-%d", port, port+1)
}

func (l *line) relay(r *route, i int, loss float64) {
	rnd := rand.New(rand.NewPCG(uint64(r.rate), uint64(i)))
	for b := make([]byte, 2048); ; {
		n, _, err := r.front[i].ReadFrom(b)
		if err != nil {
			return
		}
		if i == 0 && n >= 12 {
			l.sent(r, binary.BigEndian.Uint32(b[4:]))
		}
		to := r.to[i].Load()
		if to == nil || rnd.Float64() < loss {
			l.lost.Add(1)
			continue
		}
		r.back[i].WriteTo(b[:n], to) //nolint:errcheck // as lost as any
	}
}

// sent notes that a packet with this timestamp has come from the publisher.
func (l *line) sent(r *route, stamp uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.first == nil {
		r.first = &stamp
	}
	r.late.note(media.Duration(int64(int32(stamp-*r.first)), r.rate))
}

// behind is how late the publisher has sent a track's packets, at most: on a machine that has other things to do it is not
// ours, nor is that a packet waited for us to read it.
func (l *line) behind(track int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.routes[track].late.worst()
}

// RTSP by UDP repeats nothing. A line that loses packets costs the pictures that they belong to, the sound that was in
// them, and no more delay than patience and the distance of two packets. Time goes on as it did, for a strict player too,
// and the publisher is told to take TCP.
func TestLossyLine(t *testing.T) {
	for _, loss := range []float64{0, 0.02, 0.05} {
		t.Run(fmt.Sprint(loss), func(t *testing.T) {
			t.Parallel()
			k := start(t)
			l := newLine(t, k, loss)
			r := k.Streams.Open("show").Subscribe()
			_, wait := k.ffmpegTo("udp", "rtsp://"+l.in.Addr().String()+"/live/key-show", slices.Concat(livetest.Picture("30"), livetest.Tone("48000"), livetest.X264("-x264-params", "slices=2", "-c:a", "aac", "-t", "8"))...)
			judged := judge(k, "show", livetest.Options{For: 6 * time.Second})
			got, late := collectLate(k, r)
			if out, err := wait(); err != nil {
				t.Errorf("ffmpeg: %v %s", err, out)
			}
			if e := k.WaitLeft(); e.Err != nil {
				t.Errorf("the session ended with %v", e.Err)
			}
			if len(got.Tracks) != 2 {
				t.Fatalf("%d tracks", len(got.Tracks))
			}
			pictures, frames := got.AUs[0], got.AUs[1]
			behind := []time.Duration{l.behind(0), l.behind(1)}
			t.Logf("%d packets lost; %d pictures, at most %v late; %d frames of sound, at most %v late; sent up to %v late",
				l.lost.Load(), len(pictures), late[0].worst(), len(frames), late[1].worst(), behind)
			if loss == 0 {
				check(t, got, "H.264+AAC", 3000, false, 1024)
			} else {
				k.WaitSaid("Send over TCP, which loses nothing")
			}
			if loss > 0 && l.lost.Load() < 3 || len(pictures) < 205-int(l.lost.Load()) || len(frames) < 360-6*int(l.lost.Load()) {
				t.Errorf("%d packets lost, %d pictures, %d frames of sound", l.lost.Load(), len(pictures), len(frames))
			}
			for i, max := range []time.Duration{patience + 600*time.Millisecond, patience + 800*time.Millisecond} { // AAC comes in packets of 128 ms
				if d := late[i].worst(); d > behind[i]+max {
					t.Errorf("track %d: an access unit is %v late, its packet was sent %v late", i, d, behind[i])
				}
			}
			for j, au := range pictures {
				if n := slicesOf(au); n != 2 {
					t.Errorf("picture %d has %d slices of 2", j, n)
				}
				if j > 0 && au.DTS <= pictures[j-1].DTS {
					t.Errorf("picture %d comes %d ticks after the one before", j, au.DTS-pictures[j-1].DTS)
				}
			}
			rep := <-judged
			for _, f := range rep.Findings {
				switch {
				case f.Rule == "P8" && loss > 0:
					// Of sound that comes in packets of 128 ms a loss is known late: what follows goes into the next part.
				case slices.Contains([]string{"10", "20", "23", "24", "P8"}, f.Rule) && max(behind[0], behind[1]) > 300*time.Millisecond:
					t.Logf("the publisher was late itself: %v", f)
				default:
					t.Error(f)
				}
			}
			t.Logf("a player got %d parts, %d segments, %d gaps, %d discontinuities", rep.Parts, rep.Segments, rep.Gaps, rep.Discontinuities)
			for j := 1; j < len(frames); j++ {
				if d := frames[j].DTS - frames[j-1].DTS; d <= 0 {
					t.Errorf("frame %d comes %d ticks after the one before", j, d)
				}
			}
		})
	}
}

// judge follows a stream as a strict player.
func judge(k *kit, name string, opt livetest.Options) <-chan *livetest.Report {
	k.t.Helper()
	pcfg := packager.DefaultConfig()
	pcfg.SegmentDuration, pcfg.TargetDuration, pcfg.Window = time.Second, 4*time.Second, 24*time.Second
	opened := make(chan *packager.Presentation, 1)
	hub, err := packager.NewHub(pcfg, packager.Deps{Streams: k.Streams, Log: k.Log, Opened: func(p *packager.Presentation) { opened <- p }})
	if err != nil {
		k.t.Fatal(err)
	}
	media, err := hls.New(hls.DefaultConfig(), hub, k.Log)
	if err != nil {
		k.t.Fatal(err)
	}
	k.Run(hub.Run)
	judged := make(chan *livetest.Report, 1)
	go func() {
		ctx := k.t.Context()
		select {
		case p := <-opened:
			p.Multivariant(ctx) //nolint:errcheck // the player finds out
		case <-ctx.Done():
		}
		opt.URL, opt.HTTP = "http://direct/live/"+name+"/index.m3u8", &http.Client{Transport: livetest.Direct{Handler: media}}
		rep, err := livetest.Check(ctx, opt)
		if err != nil {
			rep = &livetest.Report{Findings: []livetest.Finding{{Rule: "?", Text: err.Error()}}}
		}
		judged <- rep
	}()
	return judged
}

// collectLate collects what comes, and how much later each track's access units came, at most, than the promptest did.
func collectLate(k *kit, r *stream.Reader) (got *door.Received, late [2]lateness) {
	got = k.CollectEach(r, func(tracks []media.Track, au *media.AccessUnit) {
		late[au.Track].note(media.Duration(au.PTS, tracks[au.Track].ClockRate))
	})
	return got, late
}

// slicesOf is how many slices of H.264 a picture has.
func slicesOf(au *media.AccessUnit) (n int) {
	for _, u := range au.Units {
		if typ := u[0] & 0x1F; typ == 1 || typ == 5 {
			n++
		}
	}
	return n
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
