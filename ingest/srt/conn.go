package srt

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	gosrt "github.com/datarhei/gosrt"

	"livesrv/ingest"
	"livesrv/internal/fault"
)

// Refusals of the handshake, each with its own reject reason.
var (
	errUnencrypted = fault.New(fault.Unauthorized, "the publisher does not encrypt, and srt.passphrase is set").
			WithHint("give the encoder the passphrase")
	errUnexpected = fault.New(fault.Invalid, "the publisher encrypts, and srt.passphrase is not set").
			WithHint("take the passphrase out of the encoder, or set srt.passphrase")
	errPassphrase = fault.New(fault.Unauthorized, "the passphrase is wrong").
			WithHint("copy srt.passphrase into the encoder")
	errOld = fault.New(fault.Invalid, "the publisher speaks SRT older than 1.3, which has no stream id").
		WithHint("update the encoder")
)

const (
	// readSize is at least the largest payload of a packet.
	readSize = 1500
	// maxBacklog bounds the media that waits for its time to be delivered: more is stamped wrongly.
	maxBacklog = 64 << 20
	// inspectEvery is how often that is looked at.
	inspectEvery = time.Second
)

// conn is one connection. One goroutine serves it; cut may come from any.
type conn struct {
	door   *ingest.Door
	cfg    Config
	req    gosrt.ConnRequest
	remote string
	visit  *ingest.Visit
	watch  *ingest.Watch

	mu   sync.Mutex
	sc   gosrt.Conn // nil before it is accepted
	over bool
}

// serve serves the connection to its end.
func (c *conn) serve(ctx context.Context) {
	c.watch = c.door.Watch(c.visit, c.cut)
	defer c.watch.Stop()
	stop := context.AfterFunc(ctx, func() { c.watch.Kick(fault.New(fault.Unavailable, "the server stops")) })
	defer stop()
	pub, err := c.enter(ctx)
	if err != nil {
		err = c.watch.Explain(err)
		c.req.Reject(reason(err))
		c.door.Refuse("srt", c.remote, err)
		return
	}
	err = c.watch.Explain(c.publish(pub))
	pub.Close(err)
}

// cut closes the connection, also one that is not there yet.
func (c *conn) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	if c.sc != nil {
		c.sc.Close()
	}
}

// enter asks the door, which needs the publisher's stream key, and accepts the connection.
func (c *conn) enter(ctx context.Context) (*ingest.Publication, error) {
	key, err := c.check()
	if err != nil {
		if errors.Is(err, errPassphrase) {
			c.door.WrongKey(c.remote) // or it could be guessed for ever, at a price to us
		}
		return nil, err
	}
	pub, err := c.door.Enter(ctx, ingest.Request{Protocol: "srt", Remote: c.remote, Visit: c.visit, Key: key, Kick: c.watch.Kick})
	if err != nil {
		if fault.KindOf(err) == fault.Internal {
			err = fault.New(fault.Unavailable, "the stream key could not be checked").WithHint("try again").Because(err)
		}
		return nil, err
	}
	if err := c.accept(); err != nil {
		pub.Close(err)
		return nil, err
	}
	return pub, nil
}

// check reads what the handshake says: version, encryption, stream id.
func (c *conn) check() (key string, err error) {
	switch {
	case c.req.Version() < 5:
		return "", errOld
	case c.cfg.Passphrase == "" && c.req.IsEncrypted():
		return "", errUnexpected
	case c.cfg.Passphrase != "" && !c.req.IsEncrypted():
		return "", errUnencrypted
	case c.cfg.Passphrase != "":
		if err := c.req.SetPassphrase(c.cfg.Passphrase); err != nil {
			return "", errPassphrase
		}
	}
	return parseStreamID(c.req.StreamId())
}

func (c *conn) accept() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return fault.New(fault.Unavailable, "the connection was ended before it began")
	}
	sc, err := c.req.Accept()
	if err != nil {
		return fault.New(fault.Unavailable, "the handshake failed").Because(err)
	}
	c.sc = sc
	return nil
}

// publish takes the media in. It returns nil when the publisher says goodbye.
func (c *conn) publish(pub *ingest.Publication) error {
	defer c.cut()
	c.watch.Publishing()
	p := newPublisher(pub, c.watch.Alive)
	if err := c.inspect(); err != nil {
		return err
	}
	inspected := time.Now()
	buf := make([]byte, readSize)
	for {
		n, err := c.sc.Read(buf)
		if errors.Is(err, io.EOF) {
			return p.flush()
		}
		if err != nil {
			return err
		}
		if err := p.feed(buf[:n]); err != nil {
			return err
		}
		if now := time.Now(); now.Sub(inspected) > inspectEvery {
			inspected = now
			if err := c.inspect(); err != nil {
				return err
			}
		}
	}
}

// inspect bounds what the publisher makes us hold: by asking for a great latency, or by packets that are
// to be delivered far from now.
func (c *conn) inspect() error {
	var st gosrt.Statistics
	c.sc.Stats(&st)
	if d := time.Duration(st.Instantaneous.MsRecvTsbPdDelay) * time.Millisecond; d > maxLatency {
		return fault.New(fault.TooLarge, "a latency of %s is more than the server holds", d).
			WithHint("set the encoder's latency to at most %s", maxLatency)
	}
	if st.Instantaneous.ByteRecvBuf > maxBacklog {
		return fault.New(fault.TooLarge, "%d MB of media wait for their time to come", st.Instantaneous.ByteRecvBuf>>20).
			WithHint("the encoder stamps its packets wrongly: start it again")
	}
	return nil
}
