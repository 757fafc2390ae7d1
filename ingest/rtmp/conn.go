package rtmp

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/bluenviron/gortmplib/pkg/amf0"
	"github.com/bluenviron/gortmplib/pkg/bytecounter"
	"github.com/bluenviron/gortmplib/pkg/handshake"
	gomessage "github.com/bluenviron/gortmplib/pkg/message"

	"livesrv/ingest"
	"livesrv/internal/fault"
)

const (
	// maxBefore bounds messages until the publisher is admitted: commands are small.
	maxBefore = maxData
	// maxCommands is how many commands a connection may send before it publishes.
	maxCommands = 64
	// writeTimeout is how long the peer may take to read our few bytes.
	writeTimeout = 5 * time.Second
	// lingerTime and lingerBytes bound how long a refused peer is heard out, so that it reads why.
	lingerTime  = 500 * time.Millisecond
	lingerBytes = 4 << 20
	// ackWindow is what peers are told to acknowledge after, bytes.
	ackWindow = 2_500_000
	// streamID is the one message stream, as gortmplib writes it (little endian on the wire).
	streamID = 0x1000000
)

// conn is one connection. One goroutine serves it.
type conn struct {
	nc     net.Conn
	visit  *ingest.Visit
	door   *ingest.Door
	cfg    Config
	remote string

	wake   *waker
	br     *bufio.Reader
	chunks *chunkReader
	out    *gomessage.Writer
	watch  *ingest.Watch
}

func newConn(nc net.Conn, visit *ingest.Visit, door *ingest.Door, cfg Config) *conn {
	c := &conn{nc: nc, visit: visit, door: door, cfg: cfg, remote: nc.RemoteAddr().String(), wake: newWaker(nc)}
	c.br = bufio.NewReaderSize(c.wake, readBuffer)
	c.chunks = newChunkReader(c.br, maxBefore, func(n uint32) error {
		return c.send(&gomessage.Acknowledge{Value: n})
	})
	c.wake.chunks = c.chunks
	bc := bytecounter.NewReadWriter(nc)
	c.out = gomessage.NewWriter(bc, bc.Writer, false)
	return c
}

// serve serves the connection to its end.
func (c *conn) serve(ctx context.Context) {
	defer c.nc.Close()
	c.watch = c.door.Watch(c.visit, c.wake.cut)
	defer c.watch.Stop()
	pub, err := c.enter(ctx)
	if err != nil {
		c.watch.Stop()
		c.door.Refuse("rtmp", c.remote, c.watch.Explain(err))
		if fault.KindOf(err) != fault.Internal {
			c.linger()
		}
		return
	}
	end := c.publish(pub)
	err = c.watch.Explain(end)
	c.watch.Stop()
	pub.Close(err)
	if c.sayWhy(end, err) {
		c.linger()
	}
}

// enter takes the connection from its first byte to an admitted publication.
func (c *conn) enter(ctx context.Context) (*ingest.Publication, error) {
	if err := c.handshake(); err != nil {
		return nil, err
	}
	app := ""
	connected := false
	for range maxCommands {
		cmd, err := c.command()
		if err != nil {
			return nil, err
		}
		if !connected && cmd.name != "connect" {
			return nil, fault.New(fault.Invalid, "%q came before connect", cmd.name)
		}
		switch cmd.name {
		case "connect":
			if app, err = c.connect(cmd); err != nil {
				return nil, err
			}
			connected = true
		case "createStream":
			if err := c.result(cmd, float64(1)); err != nil {
				return nil, err
			}
		case "publish":
			return c.admit(ctx, app, cmd)
		case "play", "play2":
			err := fault.New(fault.Invalid, "a player came: RTMP takes publishers in and plays nothing").
				WithHint("watch in a browser, or open the stream's HLS address")
			return nil, errors.Join(err, c.status(cmd, "error", "NetStream.Play.Failed", err.Msg))
		}
	}
	return nil, fault.New(fault.Invalid, "%d commands and none of them publishes", maxCommands)
}

// handshake looks at the first byte itself: it tells RTMP from the protocols that come to a wrong port.
func (c *conn) handshake() error {
	first, err := c.br.Peek(1)
	if err != nil {
		return err
	}
	switch b := first[0]; {
	case b == 3:
	case b == 0x16:
		return fault.New(fault.Invalid, "TLS came to the port for RTMP").WithHint("use the address for rtmps, or rtmp:// here")
	case b >= 'A' && b <= 'Z':
		return fault.New(fault.Invalid, "HTTP came to the port for RTMP").WithHint("use the address for HTTP")
	case b == 6 || b == 8:
		return fault.New(fault.Invalid, "RTMPE is not supported").WithHint("use rtmps:// to encrypt")
	default:
		return fault.New(fault.Invalid, "what came is not RTMP")
	}
	c.nc.SetWriteDeadline(time.Now().Add(writeTimeout)) //nolint:errcheck // a closed connection fails at the next write
	_, _, err = handshake.DoServer(struct {
		io.Reader
		io.Writer
	}{c.br, c.nc}, false)
	return err
}

// command is an AMF command.
type command struct {
	name string
	id   int
	args amf0.Data
}

// text is an argument that should be a string.
func (c command) text(i int) string {
	if i >= len(c.args) {
		return ""
	}
	s, _ := c.args[i].(string)
	return s
}

// command waits for the next command; other messages are passed over.
func (c *conn) command() (command, error) {
	for range maxCommands * 4 {
		m, err := c.chunks.next()
		if err != nil {
			return command{}, err
		}
		if m.typ == typeCommand || m.typ == typeCommandAMF3 {
			return parseCommand(m)
		}
		if err := c.userControl(m); err != nil {
			return command{}, err
		}
	}
	return command{}, fault.New(fault.Invalid, "no command came")
}

func parseCommand(m message) (command, error) {
	d, err := parseAMF(m.typ, m.body)
	if err != nil {
		return command{}, err
	}
	if len(d) < 2 {
		return command{}, fault.New(fault.Invalid, "a command is too short")
	}
	name, ok := d[0].(string)
	id, ok2 := d[1].(float64)
	if !ok || !ok2 {
		return command{}, fault.New(fault.Invalid, "a command has no name or no number")
	}
	return command{name: name, id: int(id), args: d[2:]}, nil
}

// userControl answers a ping (§7.1.7).
func (c *conn) userControl(m message) error {
	if m.typ != typeUserControl || len(m.body) < 6 || m.body[0] != 0 || m.body[1] != 6 {
		return nil
	}
	t := uint32(m.body[2])<<24 | uint32(m.body[3])<<16 | uint32(m.body[4])<<8 | uint32(m.body[5])
	return c.send(&gomessage.UserControlPingResponse{ServerTime: t})
}

// connect answers the connect command and gives the path of the address, without the query.
func (c *conn) connect(cmd command) (path string, err error) {
	if len(cmd.args) == 0 {
		return "", fault.New(fault.Invalid, "the connect command is empty")
	}
	o, _ := fields(cmd.args[0])
	app, _ := o.GetString("app")
	path = cleanPath(app)
	if first, _, _ := strings.Cut(path, "/"); first != c.cfg.App {
		err := fault.New(fault.NotFound, "the address ends in /%.40s, not in /%s", path, c.cfg.App).
			WithHint("publish to rtmp://HOST/%s with the stream key", c.cfg.App)
		return "", errors.Join(err, c.reject(cmd, err.Msg+": "+err.Hint))
	}
	for _, m := range []gomessage.Message{
		&gomessage.SetWindowAckSize{Value: ackWindow},
		&gomessage.SetPeerBandwidth{Value: ackWindow, Type: 2},
		&gomessage.SetChunkSize{Value: 65536},
		&gomessage.CommandAMF0{
			ChunkStreamID: 3, Name: "_result", CommandID: cmd.id,
			Arguments: []any{
				amf0.Object{
					{Key: "fmsVer", Value: "FMS/3,0,1,123"},
					{Key: "capabilities", Value: float64(31)},
				},
				amf0.Object{
					{Key: "level", Value: "status"},
					{Key: "code", Value: "NetConnection.Connect.Success"},
					{Key: "description", Value: "Connection succeeded."},
					{Key: "objectEncoding", Value: float64(0)},
				},
			},
		},
	} {
		if err := c.send(m); err != nil {
			return "", err
		}
	}
	return path, nil
}

// admit asks the door whether the key may publish and tells the publisher the answer.
func (c *conn) admit(ctx context.Context, path string, cmd command) (*ingest.Publication, error) {
	key := streamKey(path, cmd.text(1))
	pub, err := c.door.Enter(ctx, ingest.Request{
		Protocol: "rtmp", Remote: c.remote, Visit: c.visit, Key: key, Resolution: time.Millisecond, Kick: c.watch.Kick,
	})
	if err != nil {
		e, ok := errors.AsType[*fault.Error](err)
		if !ok || e.Kind == fault.Internal {
			e = fault.New(fault.Unavailable, "the stream key could not be checked").WithHint("try again").Because(err)
		}
		return nil, errors.Join(e, c.status(cmd, "error", "NetStream.Publish.BadName", strings.TrimSuffix(e.Msg+": "+e.Hint, ": ")))
	}
	if err := c.status(cmd, "status", "NetStream.Publish.Start", "Publishing."); err != nil {
		pub.Close(err)
		return nil, err
	}
	return pub, nil
}

// cleanPath is an app or a stream name without its query and outer slashes.
func cleanPath(s string) string {
	s, _, _ = strings.Cut(s, "?")
	return strings.Trim(s, "/")
}

// streamKey is what follows the app, in the path of the address or as the name to publish.
func streamKey(path, name string) string {
	_, inPath, _ := strings.Cut(path, "/")
	return strings.Trim(inPath+"/"+cleanPath(name), "/")
}

// publish takes the media in. It returns nil when the publisher says goodbye.
func (c *conn) publish(pub *ingest.Publication) error {
	c.chunks.setLimit(c.cfg.MaxMessage)
	p := newPublisher(pub, c.cfg)
	c.wake.rest = pub.Rest
	c.watch.Publishing()
	for {
		// Only whole messages count: a peer that sends one byte every now and then is silent.
		m, err := c.chunks.next()
		if err != nil {
			return err
		}
		c.watch.Alive()
		switch m.typ {
		case typeCommand, typeCommandAMF3:
			cmd, err := parseCommand(m)
			if err != nil {
				return err
			}
			switch cmd.name {
			case "FCUnpublish", "deleteStream", "closeStream":
				return nil
			}
		case typeUserControl:
			err = c.userControl(m)
		default:
			c.wake.saw(m)
			err = p.handle(m)
		}
		if err != nil {
			return err
		}
	}
}

// sayWhy tells a publisher who is on air that it was we who ended it, and says whether it was: we cut the line, or end,
// with which publishing ended, did not come from it. A picture that comes just then is refused before the line is cut.
func (c *conn) sayWhy(end, why error) bool {
	e, ok := errors.AsType[*fault.Error](why)
	if !ok || !c.watch.Kicked() && fault.KindOf(end) == fault.Internal {
		return false
	}
	return c.status(command{}, "error", "NetStream.Publish.BadName", e.Msg) == nil
}

// linger ends our side and hears the peer out for a moment: a connection that is closed over unread bytes
// is reset, and the peer would not read why.
func (c *conn) linger() {
	if half, ok := c.nc.(interface{ CloseWrite() error }); ok {
		half.CloseWrite() //nolint:errcheck // it goes either way
	}
	c.nc.SetReadDeadline(time.Now().Add(lingerTime)) //nolint:errcheck // as above
	io.CopyN(io.Discard, c.nc, lingerBytes)          //nolint:errcheck // as above
}

func (c *conn) send(m gomessage.Message) error {
	c.nc.SetWriteDeadline(time.Now().Add(writeTimeout)) //nolint:errcheck // a closed connection fails at the next write
	return c.out.Write(m)
}

func (c *conn) result(cmd command, values ...any) error {
	return c.send(&gomessage.CommandAMF0{ChunkStreamID: 3, Name: "_result", CommandID: cmd.id, Arguments: append(amf0.Data{nil}, values...)})
}

// reject refuses a connect command.
func (c *conn) reject(cmd command, why string) error {
	return c.send(&gomessage.CommandAMF0{
		ChunkStreamID: 3, Name: "_error", CommandID: cmd.id,
		Arguments: []any{nil, amf0.Object{
			{Key: "level", Value: "error"},
			{Key: "code", Value: "NetConnection.Connect.Rejected"},
			{Key: "description", Value: why},
		}},
	})
}

// status tells the publisher how its stream stands.
func (c *conn) status(cmd command, level, code, text string) error {
	return c.send(&gomessage.CommandAMF0{
		ChunkStreamID: 5, MessageStreamID: streamID, Name: "onStatus", CommandID: cmd.id,
		Arguments: []any{nil, amf0.Object{
			{Key: "level", Value: level},
			{Key: "code", Value: code},
			{Key: "description", Value: text},
		}},
	})
}
