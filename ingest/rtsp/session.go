package rtsp

import (
	"errors"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"livesrv/ingest"
	"livesrv/internal/fault"
)

// maxKey bounds a stream key.
const maxKey = 256

var errPlayer = fault.New(fault.Forbidden, "a player came: RTSP takes publishers in and plays nothing").
	WithHint("watch in a browser, or open the stream's HLS address")

// peer is one connection and, once it publishes, its session.
type peer struct {
	conn  *gortsplib.ServerConn
	watch *ingest.Watch

	mu      sync.Mutex
	session *gortsplib.ServerSession
	pub     *ingest.Publication
	media   *publisher
	refused error
}

// cut closes the connection, and the session, which by UDP would go on without it.
func (p *peer) cut() {
	p.conn.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.session != nil {
		p.session.Close()
	}
}

// handler is told by gortsplib what publishers do.
type handler struct{ s *Server }

func peerOf(c *gortsplib.ServerConn) *peer { p, _ := c.UserData().(*peer); return p }

// OnConnOpen is called before anything is read.
func (h handler) OnConnOpen(ctx *gortsplib.ServerHandlerOnConnOpenCtx) {
	p := &peer{conn: ctx.Conn}
	p.watch = h.s.door.Watch(ingest.VisitOf(ctx.Conn.NetConn()), p.cut)
	ctx.Conn.SetUserData(p)
}

// OnConnClose is called when a connection has ended. A publisher's session ends with it.
func (h handler) OnConnClose(ctx *gortsplib.ServerHandlerOnConnCloseCtx) {
	p := peerOf(ctx.Conn)
	p.mu.Lock()
	session, refused := p.session, p.refused
	p.mu.Unlock()
	if session != nil {
		session.Close()
		return
	}
	p.watch.Stop()
	if refused == nil {
		refused = p.watch.Explain(unread(ctx.Error))
	}
	h.s.door.Refuse("rtsp", ctx.Conn.NetConn().RemoteAddr().String(), refused)
}

// unread says what of a request could not be read, where that is known.
func unread(err error) error {
	if sdp, ok := errors.AsType[liberrors.ErrServerSDPInvalid](err); ok {
		return fault.New(fault.Invalid, "the description of what comes cannot be read").
			WithHint("use %s; the encoder may not know how to send another codec by RTSP", taken).Because(sdp)
	}
	return err
}

// OnDescribe is how players begin.
func (h handler) OnDescribe(ctx *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	res, err := refuse(peerOf(ctx.Conn), errPlayer)
	return res, nil, err
}

// OnAnnounce is how publishers begin: the address has the stream key.
func (h handler) OnAnnounce(ctx *gortsplib.ServerHandlerOnAnnounceCtx) (*base.Response, error) {
	p := peerOf(ctx.Conn)
	key, err := streamKey(ctx.Path)
	if err != nil {
		return refuse(p, err)
	}
	nc := ctx.Conn.NetConn()
	pub, err := h.s.door.Enter(h.s.ctx, ingest.Request{
		Protocol: "rtsp", Remote: nc.RemoteAddr().String(), Visit: ingest.VisitOf(nc), Key: key, Kick: p.watch.Kick,
	})
	if err != nil {
		if fault.KindOf(err) == fault.Internal {
			err = fault.New(fault.Unavailable, "the stream key could not be checked").WithHint("try again").Because(err)
		}
		return refuse(p, err)
	}
	media, err := newPublisher(pub, ctx.Description, p.watch.Alive, p.watch.Kick)
	if err != nil {
		pub.Close(err)
		return refuse(p, err)
	}
	p.mu.Lock()
	p.session, p.pub, p.media = ctx.Session, pub, media
	p.mu.Unlock()
	ctx.Session.SetUserData(p)
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// OnSetup is for each track.
func (h handler) OnSetup(ctx *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	if ctx.Session.State() != gortsplib.ServerSessionStatePreRecord {
		res, err := refuse(peerOf(ctx.Conn), errPlayer)
		return res, nil, err
	}
	return &base.Response{StatusCode: base.StatusOK}, nil, nil
}

// OnRecord is when the media begins.
func (h handler) OnRecord(ctx *gortsplib.ServerHandlerOnRecordCtx) (*base.Response, error) {
	p, ok := ctx.Session.UserData().(*peer)
	if !ok {
		return &base.Response{StatusCode: base.StatusMethodNotValidInThisState}, errors.New("RECORD before ANNOUNCE")
	}
	ctx.Session.OnPacketRTCPAny(p.media.told)
	ctx.Session.OnPacketRTPAny(func(*description.Media, format.Format, *rtp.Packet) {})               // the tap has them already
	p.media.ask = func(m *description.Media, pkt rtcp.Packet) { ctx.Session.WritePacketRTCP(m, pkt) } //nolint:errcheck // it may as well be lost
	p.watch.Publishing()
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// OnPacketsLost is told of gaps in the sequence numbers, which the publisher finds earlier.
func (h handler) OnPacketsLost(*gortsplib.ServerHandlerOnPacketsLostCtx) {}

// OnDecodeError is told of packets that cannot be read; the publisher counts what matters.
func (h handler) OnDecodeError(*gortsplib.ServerHandlerOnDecodeErrorCtx) {}

// OnSessionClose ends the publication.
func (h handler) OnSessionClose(ctx *gortsplib.ServerHandlerOnSessionCloseCtx) {
	p, ok := ctx.Session.UserData().(*peer)
	if !ok {
		return
	}
	err := p.watch.Explain(h.ended(ctx.Error))
	p.watch.Stop()
	p.pub.Close(err)
	p.conn.Close()
}

// ended puts gortsplib's reasons into the words of the others.
func (h handler) ended(err error) error {
	switch err.(type) {
	case liberrors.ErrServerSessionTornDown:
		return nil
	case liberrors.ErrServerSessionNotInUse:
		return io.EOF
	case liberrors.ErrServerSessionTimedOut:
		return os.ErrDeadlineExceeded
	case liberrors.ErrServerTerminated: // closed by us, for the server's end or for its connection's
		if h.s.ctx.Err() != nil {
			return fault.New(fault.Unavailable, "the server stops")
		}
		return io.EOF
	}
	return err
}

// refuse tells the publisher why it may not, and ends the connection.
func refuse(p *peer, err error) (*base.Response, error) {
	p.mu.Lock()
	p.refused = err
	p.mu.Unlock()
	res := &base.Response{StatusCode: status(err)}
	if e, ok := errors.AsType[*fault.Error](err); ok {
		res.StatusMessage = strings.TrimSuffix(e.Msg+": "+e.Hint, ": ")
	}
	return res, err
}

// status is the one that says an error best (RFC 2326 §7.1.1).
func status(err error) base.StatusCode {
	if errors.Is(err, errPlayer) {
		return base.StatusMethodNotAllowed
	}
	switch fault.KindOf(err) {
	case fault.Invalid:
		return base.StatusBadRequest
	case fault.Unauthorized:
		// 401 would make encoders ask for a name and a password, which there are not.
		return base.StatusForbidden
	case fault.Forbidden, fault.Conflict:
		return base.StatusForbidden
	case fault.NotFound:
		return base.StatusNotFound
	case fault.Gone:
		return base.StatusGone
	case fault.TooMany, fault.TooLarge:
		return base.StatusNotEnoughBandwidth
	}
	return base.StatusServiceUnavailable
}

// streamKey is what follows /live/ in the path of an address.
func streamKey(path string) (string, error) {
	key, ok := strings.CutPrefix(strings.Trim(path, "/"), "live/")
	if !ok || key == "" || len(key) > maxKey {
		return "", fault.New(fault.NotFound, "the address is not /live/ and a stream key").
			WithHint("publish to rtsp://HOST/live/KEY")
	}
	return key, nil
}
