package srt

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"

	gosrt "github.com/datarhei/gosrt"

	"livesrv/ingest"
	"livesrv/internal/fault"
)

// Server takes SRT publishers in.
type Server struct {
	cfg  Config
	door *ingest.Door
	log  *slog.Logger

	listener gosrt.Listener
}

// New makes a server that does not listen yet. Errors: a bad configuration.
func New(cfg Config, door *ingest.Door, log *slog.Logger) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Server{cfg: cfg, door: door, log: log.With("room", "srt")}, nil
}

// Listen binds the configured address, if there is one.
func (s *Server) Listen() error {
	if s.cfg.Address == "" {
		return nil
	}
	// gosrt shares its port with whoever has it already, and one of the two would hear nothing.
	probe, err := net.ListenPacket("udp", s.cfg.Address)
	if err != nil {
		return s.cannot(err)
	}
	probe.Close()
	c := gosrt.DefaultConfig()
	c.ReceiverLatency, c.PeerLatency = s.cfg.Latency, s.cfg.Latency
	// Whoever is silent is ended by the door's watch; this only bounds what is left of a lost peer.
	c.PeerIdleTimeout = 2 * s.door.ReadTimeout()
	if s.listener, err = gosrt.Listen("srt", s.cfg.Address, c); err != nil {
		return s.cannot(err)
	}
	return nil
}

func (s *Server) cannot(err error) error {
	return fault.New(fault.Unavailable, "cannot listen for SRT on %s", s.cfg.Address).At("address").
		WithHint("end what uses the port, or choose another").Because(err)
}

// Addr is where SRT is taken in, nil where it is off. Valid after Listen.
func (s *Server) Addr() net.Addr {
	if s.listener == nil {
		return nil
	}
	return s.listener.Addr()
}

// Run serves until ctx ends, then closes every connection and returns when all are done.
func (s *Server) Run(ctx context.Context) error {
	if s.listener == nil {
		<-ctx.Done()
		return nil
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, s.listener.Close)
	defer stop()
	for {
		req, err := s.listener.Accept2()
		switch {
		case err == nil:
			s.knock(ctx, req, &wg)
		case ctx.Err() != nil:
			return nil
		default:
			return fault.New(fault.Internal, "the SRT listener failed").Because(err)
		}
	}
}

// knock takes a connection whose handshake is done but for the answer: its address is known to be its own.
func (s *Server) knock(ctx context.Context, req gosrt.ConnRequest, wg *sync.WaitGroup) {
	remote := req.RemoteAddr().String()
	visit, err := s.door.Knock(remote)
	if err != nil {
		req.Reject(reason(err))
		s.door.Refuse("srt", remote, err)
		return
	}
	wg.Go(func() {
		defer visit.Leave()
		c := &conn{door: s.door, cfg: s.cfg, req: req, remote: remote, visit: visit}
		c.serve(ctx)
	})
}

// reason is the reject reason that says an error best to the publisher.
func reason(err error) gosrt.RejectionReason {
	switch {
	case errors.Is(err, errPlayer):
		return gosrt.REJX_BAD_MODE
	case errors.Is(err, errUnencrypted), errors.Is(err, errUnexpected):
		return gosrt.REJ_UNSECURE
	case errors.Is(err, errPassphrase):
		return gosrt.REJ_BADSECRET
	case errors.Is(err, errOld):
		return gosrt.REJ_VERSION
	}
	switch fault.KindOf(err) {
	case fault.Invalid:
		return gosrt.REJX_BAD_REQUEST
	case fault.Unauthorized:
		return gosrt.REJX_UNAUTHORIZED
	case fault.Forbidden:
		return gosrt.REJX_FORBIDDEN
	case fault.NotFound, fault.Gone:
		return gosrt.REJX_NOTFOUND
	case fault.Conflict:
		return gosrt.REJX_CONFLICT
	case fault.TooMany, fault.TooLarge:
		return gosrt.REJX_OVERLOAD
	case fault.Unavailable:
		return gosrt.REJX_DOWN
	}
	return gosrt.REJX_ISE
}
