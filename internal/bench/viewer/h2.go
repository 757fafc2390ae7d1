package viewer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// The flow control windows that Chromium announces: a part never has to wait for an update.
const (
	streamWindow = 6 << 20
	connWindow   = 15 << 20
)

// playH2 is one session over HTTP/2: one connection with two streams open for each rendition, written to and read by one
// goroutine.
func playH2(ctx context.Context, cfg Config, u *url.URL, t *tally) error {
	nc, err := dial(ctx, cfg, u, "h2")
	if err != nil {
		return err
	}
	defer nc.Close()
	stop := context.AfterFunc(ctx, func() { nc.Close() })
	defer stop()
	p, first := begin(t, u, cfg.Delta)
	c := newH2Conn(nc, u)
	defer func() {
		if c.watching {
			t.watching.Add(-1)
		}
	}()
	if err := c.open(); err != nil {
		return err
	}
	if err := c.send(first, p.cookie, p.wantsBody(first)); err != nil {
		return err
	}
	for {
		a, r, err := c.next()
		if err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return err
		}
		if !c.watching && a.kind == askPart && r.status == 200 {
			c.watching = true
			t.watching.Add(1)
		}
		next, err := p.take(a, r)
		if err != nil {
			return err
		}
		if a.kind == askPlaylist && len(next) == 0 && p.ended() {
			return errEnded
		}
		for _, n := range next {
			if err := c.send(n, p.cookie, p.wantsBody(n)); err != nil {
				return err
			}
		}
	}
}

// h2Conn is one connection of HTTP/2.
type h2Conn struct {
	nc       net.Conn
	u        *url.URL
	out      *bufio.Writer
	fr       *http2.Framer
	dec      *hpack.Decoder
	enc      *hpack.Encoder
	block    headerBlock
	watching bool

	streams map[uint32]*h2Stream
	nextID  uint32
	// unacked are the bytes that the connection's window is short of.
	unacked uint32
	// reading is the stream whose headers are being decoded.
	reading *h2Stream
	head    []byte
}

// h2Stream is a request under way.
type h2Stream struct {
	ask  ask
	keep bool
	r    answer
	body []byte
}

// headerBlock collects what the HPACK encoder writes.
type headerBlock struct{ b []byte }

func (h *headerBlock) Write(b []byte) (int, error) {
	h.b = append(h.b, b...)
	return len(b), nil
}

func newH2Conn(nc net.Conn, u *url.URL) *h2Conn {
	c := &h2Conn{nc: nc, u: u, out: bufio.NewWriterSize(nc, 1<<10), streams: map[uint32]*h2Stream{}, nextID: 1}
	c.fr = http2.NewFramer(c.out, bufio.NewReaderSize(nc, 4<<10))
	c.fr.SetReuseFrames()
	c.fr.SetMaxReadFrameSize(16 << 10)
	c.enc = hpack.NewEncoder(&c.block)
	c.dec = hpack.NewDecoder(4<<10, c.field)
	return c
}

// field takes a header of the answer whose block is being decoded.
func (c *h2Conn) field(f hpack.HeaderField) {
	switch f.Name {
	case ":status":
		c.reading.r.status, _ = strconv.Atoi(f.Value) // 0 is no status that anybody accepts
	case "content-encoding":
		c.reading.r.zipped = f.Value == "gzip"
	case "location":
		c.reading.r.location = f.Value
	case "set-cookie":
		c.reading.r.cookies = append(c.reading.r.cookies, f.Value)
	}
}

func (c *h2Conn) open() error {
	if _, err := io.WriteString(c.out, http2.ClientPreface); err != nil {
		return err
	}
	if err := c.fr.WriteSettings(http2.Setting{ID: http2.SettingEnablePush, Val: 0},
		http2.Setting{ID: http2.SettingInitialWindowSize, Val: streamWindow}); err != nil {
		return err
	}
	return c.fr.WriteWindowUpdate(0, connWindow-65535)
}

// send asks for something.
func (c *h2Conn) send(a ask, cookie string, keep bool) error {
	c.block.b = c.block.b[:0]
	accept := "identity"
	if !a.media() {
		accept = "gzip, deflate, br"
	}
	for _, f := range [...]hpack.HeaderField{
		{Name: ":method", Value: "GET"},
		{Name: ":scheme", Value: c.u.Scheme},
		{Name: ":authority", Value: c.u.Host},
		{Name: ":path", Value: a.target, Sensitive: true}, // never the same again: not for the table
		{Name: "user-agent", Value: "livesrv-bench/1.0 (virtual viewer; like a browser that plays low-latency HLS)"},
		{Name: "accept", Value: "*/*"},
		{Name: "accept-encoding", Value: accept},
		{Name: "accept-language", Value: "en-GB,en;q=0.9"},
		{Name: "origin", Value: "https://shop.example"},
		{Name: "referer", Value: "https://shop.example/"},
	} {
		if err := c.enc.WriteField(f); err != nil {
			return err
		}
	}
	if cookie != "" {
		if err := c.enc.WriteField(hpack.HeaderField{Name: "cookie", Value: cookie}); err != nil {
			return err
		}
	}
	id := c.nextID
	c.nextID += 2
	c.streams[id] = &h2Stream{ask: a, keep: keep}
	return c.fr.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: c.block.b, EndStream: true, EndHeaders: true})
}

// next reads until an answer is whole.
func (c *h2Conn) next() (ask, answer, error) {
	if err := c.nc.SetDeadline(time.Now().Add(quiet)); err != nil {
		return ask{}, answer{}, err
	}
	for {
		if err := c.out.Flush(); err != nil {
			return ask{}, answer{}, err
		}
		f, err := c.fr.ReadFrame()
		if err != nil {
			return ask{}, answer{}, err
		}
		s, err := c.frame(f)
		if err != nil {
			return ask{}, answer{}, err
		}
		if s != nil {
			s.r.at = time.Now()
			if s.keep && s.r.status == 200 {
				s.r.body = s.body
			}
			return s.ask, s.r, nil
		}
	}
}

var errFrame = errors.New("a frame of HTTP/2 is out of place")

// frame digests a frame and gives the stream that it ends.
func (c *h2Conn) frame(f http2.Frame) (*h2Stream, error) {
	h := f.Header()
	switch f := f.(type) {
	case *http2.HeadersFrame:
		s := c.streams[h.StreamID]
		if s == nil {
			return nil, errFrame
		}
		return c.headers(s, f.HeaderBlockFragment(), f.HeadersEnded(), f.StreamEnded())
	case *http2.ContinuationFrame:
		s := c.streams[h.StreamID]
		if s == nil {
			return nil, errFrame
		}
		return c.headers(s, f.HeaderBlockFragment(), f.HeadersEnded(), false)
	case *http2.DataFrame:
		return c.data(f)
	case *http2.SettingsFrame:
		if !f.IsAck() {
			return nil, c.fr.WriteSettingsAck()
		}
	case *http2.PingFrame:
		if !f.IsAck() {
			return nil, c.fr.WritePing(true, f.Data)
		}
	case *http2.RSTStreamFrame:
		return nil, fmt.Errorf("the stream was reset: %v", f.ErrCode)
	case *http2.GoAwayFrame:
		return nil, io.EOF
	}
	return nil, nil
}

func (c *h2Conn) headers(s *h2Stream, fragment []byte, ended, last bool) (*h2Stream, error) {
	c.head = append(c.head, fragment...)
	if len(c.head) > maxHead {
		return nil, errFrame
	}
	if !ended {
		return nil, nil
	}
	c.reading = s
	_, err := c.dec.Write(c.head)
	if err == nil {
		err = c.dec.Close()
	}
	c.head = c.head[:0]
	if err != nil || !last {
		return nil, err
	}
	return c.whole(s), nil
}

func (c *h2Conn) data(f *http2.DataFrame) (*h2Stream, error) {
	s := c.streams[f.StreamID]
	if s == nil {
		return nil, errFrame
	}
	s.r.size += len(f.Data())
	if s.r.size > streamWindow {
		return nil, errFrame
	}
	if s.keep {
		s.body = append(s.body, f.Data()...)
	}
	if c.unacked += f.Length; c.unacked > connWindow/2 {
		if err := c.fr.WriteWindowUpdate(0, c.unacked); err != nil {
			return nil, err
		}
		c.unacked = 0
	}
	if !f.StreamEnded() {
		return nil, nil
	}
	return c.whole(s), nil
}

func (c *h2Conn) whole(s *h2Stream) *h2Stream {
	for id, o := range c.streams {
		if o == s {
			delete(c.streams, id)
		}
	}
	return s
}
