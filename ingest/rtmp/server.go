package rtmp

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"sync"

	"livesrv/ingest"
	"livesrv/internal/fault"
)

// Server takes RTMP and RTMPS publishers in.
type Server struct {
	cfg  Config
	door *ingest.Door
	log  *slog.Logger
	tls  *tls.Config

	plain, secure net.Listener
}

// New makes a server that does not listen yet. Errors: a bad configuration, a certificate that cannot be read.
func New(cfg Config, door *ingest.Door, log *slog.Logger) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, door: door, log: log.With("room", "rtmp"), tls: cfg.TLS}
	if s.tls == nil && cfg.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(cfg.CertFile, cfg.KeyFile)
		if err != nil {
			return nil, fault.New(fault.Invalid, "the certificate cannot be used").At("cert_file").
				WithHint("give a PEM certificate with its chain, and its PEM key").Because(err)
		}
		s.tls = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	}
	return s, nil
}

// Listen binds the configured addresses.
func (s *Server) Listen() error {
	var err error
	if s.cfg.Address != "" {
		if s.plain, err = net.Listen("tcp", s.cfg.Address); err != nil {
			return fault.New(fault.Unavailable, "cannot listen for RTMP on %s", s.cfg.Address).At("address").
				WithHint("end what uses the port, or choose another").Because(err)
		}
	}
	if addr := s.cfg.SecureAddress(); addr != "" {
		if s.secure, err = net.Listen("tcp", addr); err != nil {
			if s.plain != nil {
				s.plain.Close()
			}
			return fault.New(fault.Unavailable, "cannot listen for RTMPS on %s", addr).At("tls_address").
				WithHint("end what uses the port, or choose another").Because(err)
		}
	}
	return nil
}

// Addr is where RTMP is taken in, nil where it is off. Valid after Listen.
func (s *Server) Addr() net.Addr { return addr(s.plain) }

// TLSAddr is where RTMPS is taken in, nil where it is off. Valid after Listen.
func (s *Server) TLSAddr() net.Addr { return addr(s.secure) }

func addr(l net.Listener) net.Addr {
	if l == nil {
		return nil
	}
	return l.Addr()
}

// Run serves until ctx ends, then closes every connection and returns when all are done.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	errs := make(chan error, 2)
	for _, l := range []net.Listener{s.plain, s.secure} {
		if l == nil {
			continue
		}
		wg.Go(func() {
			if err := s.accept(ctx, l, &wg); err != nil {
				errs <- err
				cancel()
			}
		})
	}
	<-ctx.Done()
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

// accept takes connections in until the listener is closed.
func (s *Server) accept(ctx context.Context, l net.Listener, wg *sync.WaitGroup) error {
	secure := l == s.secure
	in := s.door.Listener("rtmp", l)
	stop := context.AfterFunc(ctx, func() { in.Close() })
	defer stop()
	for {
		nc, err := in.Accept()
		switch {
		case err == nil:
			wg.Go(func() { s.serve(ctx, nc, secure) })
		case ctx.Err() != nil:
			return nil
		default:
			return fault.New(fault.Internal, "the listener was closed").Because(err)
		}
	}
}

func (s *Server) serve(ctx context.Context, nc net.Conn, secure bool) {
	defer nc.Close()
	stop := context.AfterFunc(ctx, func() { nc.Close() })
	defer stop()
	visit := ingest.VisitOf(nc)
	if secure {
		nc = tls.Server(nc, s.tls)
	}
	newConn(nc, visit, s.door, s.cfg).serve(ctx)
}
