package whip

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"slices"
	"sync"

	"github.com/pion/webrtc/v4"

	"livesrv/ingest"
	"livesrv/internal/fault"
)

// Deps are what a Server needs from its surroundings.
type Deps struct {
	Door *ingest.Door
	// Status is the HTTP status of a kind of fault.
	Status func(fault.Kind) int
	Log    *slog.Logger
}

// Server takes WHIP publishers in. It is an http.Handler for /whip and everything below it; the media comes over its
// own ports.
type Server struct {
	cfg    Config
	door   *ingest.Door
	status func(fault.Kind) int
	log    *slog.Logger
	cert   webrtc.Certificate
	links  []string // Link headers
	ports  *ports   // nil where it is off or not bound

	mu sync.Mutex
	// running is the context of sessions, nil while there can be none.
	running  context.Context
	sessions map[string]*session
	// left is closed, and replaced, when a session has ended.
	left chan struct{}
	// past are the sessions that we ended, the oldest first.
	past []pastSession
}

// pastSession is a session that we ended, and why: its publisher may ask.
type pastSession struct {
	id     string
	reason error
}

// maxPast is how many of them are remembered.
const maxPast = 256

// New makes a server that does not listen yet. Errors: a bad configuration.
func New(cfg Config, deps Deps) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	// Publishers learn its fingerprint with every answer: it need not outlive the server.
	cert, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return nil, err
	}
	return &Server{
		cfg: cfg, door: deps.Door, status: deps.Status, log: deps.Log.With("room", "whip"), cert: *cert, links: links(cfg),
		sessions: map[string]*session{}, left: make(chan struct{}),
	}, nil
}

// Listen binds the media's ports.
func (s *Server) Listen() error {
	if !s.cfg.enabled() {
		return nil
	}
	p, err := listen(s.cfg, s.door, s.cert, s.log)
	s.ports = p
	return err
}

// UDPAddr is where media comes in by UDP, nil where that is off. Valid after Listen.
func (s *Server) UDPAddr() net.Addr {
	if s.ports == nil {
		return nil
	}
	return udpAddr(s.ports.udp)
}

// TCPAddr is where media comes in by TCP, nil where that is off. Valid after Listen.
func (s *Server) TCPAddr() net.Addr {
	if s.ports == nil {
		return nil
	}
	return tcpAddr(s.ports.tcp)
}

// Enabled says whether publishers can come. Valid after Listen.
func (s *Server) Enabled() bool { return s.ports != nil }

// Run serves until ctx ends, then ends every session and returns when all are done.
func (s *Server) Run(ctx context.Context) error {
	s.mu.Lock()
	s.running = ctx
	s.mu.Unlock()
	<-ctx.Done()
	for {
		s.mu.Lock()
		n, left := len(s.sessions), s.left
		s.mu.Unlock()
		if n == 0 {
			break
		}
		<-left
	}
	if s.ports != nil {
		s.ports.close()
	}
	return nil
}

// start runs a session until it ends, then calls ended. It fails where the server is not running.
func (s *Server) start(sn *session, ended func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil || s.running.Err() != nil {
		return fault.New(fault.Unavailable, "the server is not running").WithHint("try again in a moment")
	}
	ctx := s.running
	s.sessions[sn.id] = sn
	go func() {
		sn.run(ctx)
		ended()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.sessions, sn.id)
		if sn.reason != nil {
			s.past = append(s.past[max(0, len(s.past)+1-maxPast):], pastSession{sn.id, sn.reason})
		}
		close(s.left)
		s.left = make(chan struct{})
	}()
	return nil
}

// session is the one with that id. Errors: why it ended, where we ended it and the publisher is not to come back by
// itself: fault.Conflict for another publisher who took over, fault.Gone for a show that ended, fault.Unauthorized for a
// key that was replaced; else fault.NotFound.
func (s *Server) session(id string) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var reason error
	if sn, ok := s.sessions[id]; ok {
		select {
		case <-sn.done:
			reason = sn.reason
		default:
			return sn, nil
		}
	} else if i := slices.IndexFunc(s.past, func(p pastSession) bool { return p.id == id }); i >= 0 {
		reason = s.past[i].reason
	}
	f, ok := errors.AsType[*fault.Error](reason)
	if !ok {
		return nil, fault.New(fault.NotFound, "there is no such session").WithHint("publish anew with a POST to /whip")
	}
	switch f.Kind {
	case fault.Conflict, fault.Gone, fault.Unauthorized, fault.Forbidden:
		return nil, f
	}
	return nil, fault.New(fault.NotFound, "the session has ended: %s", f.Msg).WithHint("publish anew with a POST to /whip")
}
