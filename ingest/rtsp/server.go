package rtsp

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"sync"

	"github.com/bluenviron/gortsplib/v4"

	"livesrv/ingest"
	"livesrv/internal/fault"
)

// Server takes RTSP publishers in and fetches from cameras.
type Server struct {
	cfg     Config
	door    *ingest.Door
	log     *slog.Logger
	cameras []camera

	tcp       net.Listener
	rtp, rtcp net.PacketConn
	// ctx is Run's, for whoever comes while it runs.
	ctx context.Context
}

// New makes a server that does not listen yet. Errors: a bad configuration.
func New(cfg Config, door *ingest.Door, log *slog.Logger) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, door: door, log: log.With("room", "rtsp")}
	for _, text := range cfg.Pull {
		c, err := parsePull(text)
		if err != nil {
			return nil, err
		}
		s.cameras = append(s.cameras, c)
	}
	return s, nil
}

// Listen binds the configured addresses.
func (s *Server) Listen() error {
	if s.cfg.Address == "" {
		return nil
	}
	tcp, err := net.Listen("tcp", s.cfg.Address)
	if err != nil {
		return cannot("RTSP", s.cfg.Address, "address", err)
	}
	if s.cfg.UDPAddress != "" {
		if s.rtp, s.rtcp, err = listenPair(s.cfg.UDPAddress); err != nil {
			tcp.Close()
			return cannot("RTSP's media (RTP and RTCP, two ports)", s.cfg.UDPAddress, "udp_address", err)
		}
	}
	s.tcp = tcp
	return nil
}

func cannot(what, address, field string, err error) error {
	return fault.New(fault.Unavailable, "cannot listen for %s on %s", what, address).At(field).
		WithHint("end what uses the port, or choose another").Because(err)
}

// readBuffer is what the kernel keeps for us of all publishers' media together while we are not looking.
const readBuffer = 4 << 20

// listenPair binds an even port and the next one; port 0 finds a pair.
func listenPair(address string) (rtp, rtcp net.PacketConn, err error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, nil, err
	}
	for range 100 {
		if rtp, err = net.ListenPacket("udp", address); err != nil {
			return nil, nil, err
		}
		// The system may give less; then a burst may cost packets.
		_ = rtp.(*net.UDPConn).SetReadBuffer(readBuffer)
		n := rtp.LocalAddr().(*net.UDPAddr).Port
		if n%2 == 0 {
			if rtcp, err = net.ListenPacket("udp", net.JoinHostPort(host, strconv.Itoa(n+1))); err == nil {
				return rtp, rtcp, nil
			}
		}
		rtp.Close()
		if port != "0" {
			return nil, nil, err
		}
	}
	return nil, nil, errors.Join(errors.New("no two ports beside each other are free"), err)
}

// Addr is where RTSP is taken in, nil where it is off. Valid after Listen.
func (s *Server) Addr() net.Addr {
	if s.tcp == nil {
		return nil
	}
	return s.tcp.Addr()
}

// UDPAddr is where RTP comes by UDP, nil where it does not. Valid after Listen.
func (s *Server) UDPAddr() net.Addr {
	if s.rtp == nil {
		return nil
	}
	return s.rtp.LocalAddr()
}

// Run serves and pulls until ctx ends, then closes every connection and returns when all are done.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.ctx = ctx
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, c := range s.cameras {
		wg.Go(func() { newPull(s, c).run(ctx) })
	}
	if s.tcp == nil {
		<-ctx.Done()
		return nil
	}
	srv := s.library()
	if err := srv.Start(); err != nil {
		cancel()
		return fault.New(fault.Internal, "the RTSP server cannot start").Because(err)
	}
	ended := make(chan error, 1)
	wg.Go(func() { ended <- srv.Wait() })
	select {
	case <-ctx.Done():
		srv.Close()
		return nil
	case err := <-ended:
		cancel()
		return fault.New(fault.Internal, "the RTSP server failed").Because(err)
	}
}

// library makes gortsplib's server over what is bound already.
func (s *Server) library() *gortsplib.Server {
	in := s.door.Listener("rtsp", s.tcp)
	srv := &gortsplib.Server{
		Handler:      handler{s},
		RTSPAddress:  s.tcp.Addr().String(),
		ReadTimeout:  2 * s.door.ReadTimeout(), // the watch is stricter, and says why
		WriteTimeout: s.door.ReadTimeout(),
		Listen:       func(string, string) (net.Listener, error) { return in, nil },
	}
	if s.rtp != nil {
		srv.UDPRTPAddress, srv.UDPRTCPAddress = s.rtp.LocalAddr().String(), s.rtcp.LocalAddr().String()
		bound := []net.PacketConn{s.rtp, s.rtcp}
		srv.ListenPacket = func(string, string) (net.PacketConn, error) {
			pc := bound[0]
			bound = bound[1:]
			return pc, nil
		}
	}
	return srv
}
