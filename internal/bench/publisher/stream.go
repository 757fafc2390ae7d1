package publisher

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/bluenviron/gortmplib"
	"github.com/bluenviron/gortmplib/pkg/codecs"
	"github.com/bluenviron/gortmplib/pkg/message"
)

const (
	// connectTimeout is for dialling, the handshake and the server's word on the key.
	connectTimeout = 10 * time.Second
	// writeTimeout is how long the server may take nothing.
	writeTimeout = 5 * time.Second
	// dialTries is how often a connection is tried: many at once can be more than a server's backlog takes.
	dialTries = 3
)

// stream is one stream from its start to its end.
func (b *Bench) stream(ctx context.Context, t Target, start time.Time) {
	if !sleep(ctx, time.Until(start)) {
		return
	}
	client, end, err := b.connect(ctx, t)
	if err != nil {
		if ctx.Err() == nil {
			b.end(end, err)
		}
		return
	}
	b.connected.Add(1)
	b.open.Add(1)
	defer b.open.Add(-1)
	read := make(chan struct{})
	alive, stop := context.WithCancel(ctx)
	go func() {
		defer close(read)
		defer stop()
		// Acknowledgements come; nobody reading would stop the server in the end.
		for {
			if _, err := client.Read(); err != nil {
				return
			}
		}
	}()
	s := sender{b: b, nc: client.NetConn(), video: newVideoMessage(), timer: time.NewTimer(0)}
	err = s.run(alive)
	s.timer.Stop()
	switch {
	case ctx.Err() != nil: // the bench was stopped
	case err == nil: // its time was over
		_ = client.Write(&message.CommandAMF0{ // a farewell: the connection goes either way
			ChunkStreamID: 3, Name: "deleteStream", CommandID: 5, Arguments: []any{nil, float64(1)},
		})
	case errors.Is(err, os.ErrDeadlineExceeded):
		b.end(Stuck, err)
	default:
		b.end(Closed, err)
	}
	client.Close()
	<-read
}

// connect opens a connection up to the announcement of the tracks.
func (b *Bench) connect(ctx context.Context, t Target) (*gortmplib.Client, End, error) {
	u, err := url.Parse(t.URL)
	if err != nil {
		return nil, Unreachable, err
	}
	u.Fragment = t.Key // where the client library looks for it
	var client *gortmplib.Client
	for try := range dialTries {
		client = &gortmplib.Client{URL: u, Publish: true}
		connecting, cancel := context.WithTimeout(ctx, connectTimeout)
		err = client.Initialize(connecting)
		cancel()
		if err == nil {
			break
		}
		if _, ok := errors.AsType[net.Error](err); !ok || !sleep(ctx, time.Duration(try+1)*100*time.Millisecond) {
			break
		}
	}
	switch {
	case err != nil && strings.Contains(err.Error(), "bad result"): // the only word that the library has for it
		return nil, Refused, err
	case err != nil:
		return nil, Unreachable, err
	}
	w := &gortmplib.Writer{Conn: client, Tracks: []*gortmplib.Track{{Codec: &codecs.H264{SPS: clipSPS, PPS: clipPPS}}}}
	if b.clip.frame != nil {
		w.Tracks = append(w.Tracks, &gortmplib.Track{Codec: &codecs.MPEG4Audio{Config: clipSound}})
	}
	if err = client.NetConn().SetWriteDeadline(time.Now().Add(connectTimeout)); err == nil {
		err = w.Initialize()
	}
	if err != nil {
		client.Close()
		return nil, Closed, err
	}
	return client, "", nil
}

// sender writes a clip to one connection, in real time.
type sender struct {
	b     *Bench
	nc    net.Conn
	timer *time.Timer

	video *videoMessage
	audio audioMessage
	// bufs is what is written at once, bufArray its room: WriteTo eats it up.
	bufs     net.Buffers
	bufArray [2][]byte
	deadline time.Time // of the connection's writes
}

// run sends until the stream's time is over, which is no error.
func (s *sender) run(ctx context.Context) error {
	c, start := s.b.clip, time.Now()
	for pictures, frames := int64(0), int64(0); ; {
		at := time.Duration(pictures) * c.interval
		sound := c.frame != nil && soundTime(frames) < at
		if sound {
			at = soundTime(frames)
		}
		due := start.Add(at)
		if due.After(s.b.until) {
			return nil
		}
		if !s.wait(ctx, due) {
			return ctx.Err()
		}
		var n int64
		var err error
		if sound {
			s.audio.set(len(c.frame), at)
			n, err = s.write(due, s.audio[:], c.frame)
			frames++
		} else {
			p := &c.pictures[pictures%int64(len(c.pictures))]
			s.video.set(p, at, time.Now())
			n, err = s.write(due, s.video[:], p.wire)
			pictures++
		}
		s.b.bytes.Add(uint64(n))
		if err != nil {
			return err
		}
		if sound {
			s.b.frames.Add(1)
		} else {
			s.b.pictures.Add(1)
		}
	}
}

// wait waits for a moment; false where ctx has ended.
func (s *sender) wait(ctx context.Context, until time.Time) bool {
	d := time.Until(until)
	if d <= 0 {
		return ctx.Err() == nil
	}
	s.timer.Reset(d)
	select {
	case <-ctx.Done():
		return false
	case <-s.timer.C:
		return true
	}
}

// write writes head and body at once and judges how late that was.
func (s *sender) write(due time.Time, head, body []byte) (int64, error) {
	began := time.Now()
	// The deadline is set anew when half of it has passed: setting it costs as much as writing.
	if s.deadline.Sub(began) < writeTimeout {
		s.deadline = began.Add(2 * writeTimeout)
		if err := s.nc.SetWriteDeadline(s.deadline); err != nil {
			return 0, err
		}
	}
	s.bufArray[0], s.bufArray[1] = head, body
	s.bufs = s.bufArray[:]
	n, err := s.bufs.WriteTo(s.nc)
	ended := time.Now()
	late := ended.Sub(due)
	if late > s.b.cfg.Late {
		s.b.late.Add(1)
		if ended.Sub(began) > s.b.cfg.Late {
			s.b.blocked.Add(1)
		}
	}
	for worst := s.b.worst.Load(); int64(late) > worst && !s.b.worst.CompareAndSwap(worst, int64(late)); {
		worst = s.b.worst.Load()
	}
	return n, err
}

// sleep waits; false where ctx has ended.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
