// Package floor is what a server of low-latency HLS must cost at the least when it is written with net/http: a handler
// that writes finished bytes at the moment at which they are there, and nothing else. Benches run it beside livesrv, in
// the same run, so that a figure means something on any machine.
//
// It gets the bytes from the server that it is compared with: the first request for an address is asked there, blocking
// as that blocks, and all who ask for the same wait for the one answer. So it writes the same bytes at the same moments,
// without any of the headers, checks, limits and counters of a real server. It is for benches alone: it checks nothing.
package floor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// fresh is how long an answer lasts whose address does not say which state of the playlist it is.
	fresh = 200 * time.Millisecond
	// kept bounds the answers that are remembered: some minutes of two requests a part.
	kept = 8192
	// most bounds an answer.
	most = 64 << 20
	// patience is how long the origin may hold a request.
	patience = time.Minute
)

// Config says what is mirrored.
type Config struct {
	// Origin is scheme and host of the server: "https://127.0.0.1:8080".
	Origin string
	// Address is where to listen, "127.0.0.1:0".
	Address string
	// Client fetches from the origin.
	Client *http.Client
	// Certificate makes it speak TLS, with HTTP/2.
	Certificate *tls.Certificate
}

// Server is one floor. Make it with New, bind it with Listen, serve with Run.
type Server struct {
	cfg Config
	ln  net.Listener

	mu    sync.Mutex
	all   map[string]*entry
	order []string
}

// entry is one address of the origin.
type entry struct {
	done   chan struct{}
	asked  time.Time
	status int
	header http.Header
	body   []byte
}

// New makes a floor that listens nowhere yet.
func New(cfg Config) (*Server, error) {
	if cfg.Client == nil || !strings.HasPrefix(cfg.Origin, "http") {
		return nil, errors.New("floor: an origin and a way to it are required")
	}
	return &Server{cfg: cfg, all: map[string]*entry{}}, nil
}

// Listen binds the address.
func (s *Server) Listen() (err error) {
	s.ln, err = net.Listen("tcp", s.cfg.Address)
	return err
}

// Addr is where it listens, after Listen.
func (s *Server) Addr() net.Addr { return s.ln.Addr() }

// Run serves until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	srv := &http.Server{Handler: s, ErrorLog: log.New(io.Discard, "", 0)}
	stop := context.AfterFunc(ctx, func() { srv.Close() })
	defer stop()
	var err error
	if s.cfg.Certificate == nil {
		err = srv.Serve(s.ln)
	} else {
		srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*s.cfg.Certificate}, MinVersion: tls.VersionTLS12}
		err = srv.ServeTLS(s.ln, "", "")
	}
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("floor: %w", err)
}

// ServeHTTP is the floor.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := s.find(r.RequestURI, r.URL.RawQuery == "" && strings.HasSuffix(r.URL.Path, ".m3u8"))
	select {
	case <-e.done:
	case <-r.Context().Done():
		return
	}
	h := w.Header()
	for name, value := range e.header {
		h[name] = value
	}
	w.WriteHeader(e.status)
	_, _ = w.Write(e.body)
}

// find gives the entry of an address, which the first who asks makes.
func (s *Server) find(target string, changing bool) *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.all[target]; e != nil && (!changing || time.Since(e.asked) < fresh) {
		return e
	}
	e := &entry{done: make(chan struct{}), asked: time.Now()}
	if s.all[target] == nil {
		s.order = append(s.order, target)
	}
	s.all[target] = e
	if len(s.order) > kept {
		delete(s.all, s.order[0])
		s.order = s.order[1:]
	}
	go s.fetch(target, e)
	return e
}

// fetch asks the origin.
func (s *Server) fetch(target string, e *entry) {
	defer close(e.done)
	e.status = http.StatusBadGateway
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.cfg.Origin+target, nil)
	if err != nil {
		return
	}
	req.Header.Set("Accept-Encoding", "gzip") // the playlists' bytes as they come
	res, err := s.cfg.Client.Do(req)
	if err != nil {
		return
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, most))
	if err != nil {
		return
	}
	e.status, e.body = res.StatusCode, body
	e.header = http.Header{"Content-Type": res.Header["Content-Type"], "Content-Length": {strconv.Itoa(len(body))}}
	if c := res.Header["Content-Encoding"]; c != nil {
		e.header["Content-Encoding"] = c
	}
}
