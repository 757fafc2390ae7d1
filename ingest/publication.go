package ingest

import (
	"fmt"
	"log/slog"
	"maps"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"livesrv/internal/fault"
	"livesrv/internal/media"
	"livesrv/internal/stream"
)

// Publication is one admitted publisher. Its methods are for the one goroutine that serves the
// connection, except that Session may be called from any.
type Publication struct {
	door *Door
	req  Request
	name string
	rev  int64 // of the record that let it in
	id   string
	log  *slog.Logger
	// bytes is the media received so far, last when the last of it came, counted from started.
	bytes   atomic.Uint64
	last    atomic.Int64
	started time.Time
	share   *share // of its address's bandwidth
	// ousted are those from whom the stream was taken while they were sending: their encoders come back by
	// themselves, and must not take it back. Under the door's lock.
	ousted map[string]bool

	mu      sync.Mutex
	w       *stream.Writer
	tracks  []TrackInfo
	conv    *conversion // of the Opus track, nil for none
	broken  error       // why the stream took no more of what was converted
	doctor  doctor
	repairs stream.Repairs // those of the stream before this publication
	ended   bool
	why     error
	said    bool // the measured figures have been logged
}

func newPublication(d *Door, r Request, g Grant) *Publication {
	id := sessionID()
	return &Publication{
		door:    d,
		req:     r,
		name:    g.Stream,
		rev:     g.Rev,
		id:      id,
		log:     d.log.With("session", id, "stream", g.Stream, "protocol", r.Protocol, "remote", r.Remote),
		started: time.Now(),
		share:   d.bandwidth.join(r.Remote),
		doctor:  newDoctor(d.cfg),
	}
}

// stillSending is the silence up to which a publisher counts as alive when its stream is taken over.
const stillSending = time.Second

// ousts notes from whom the stream is taken. What is taken from a dead line is taken from nobody.
func (p *Publication) ousts(old *Publication) {
	if old.silentFor(stillSending) {
		return
	}
	p.ousted = maps.Clone(old.ousted)
	if p.ousted == nil {
		p.ousted = map[string]bool{}
	}
	if len(p.ousted) < maxOusted {
		p.ousted[source(old.req)] = true
	}
}

// maxOusted bounds what is remembered of one stream's publishers.
const maxOusted = 64

// source tells publishers apart, as far as that can be told over a reconnection.
func source(r Request) string {
	host, _, err := net.SplitHostPort(r.Remote)
	if err != nil {
		host = r.Remote
	}
	return r.Protocol + " " + host
}

// Stream is the name of the stream that the publisher was admitted to.
func (p *Publication) Stream() string { return p.name }

// SetTracks says what the publisher sends. The first call puts the stream on air; later ones change it.
// Errors: as of stream.Publish and Writer.SetTracks, and the reason why the publication has ended.
func (p *Publication) SetTracks(tracks []media.Track) error {
	p.mu.Lock()
	if p.ended {
		defer p.mu.Unlock()
		return p.why
	}
	first := p.w == nil
	out, plain := p.convert(tracks)
	if err := p.put(out); err != nil {
		p.mu.Unlock()
		return err
	}
	p.tracks = p.describeTracks(out)
	p.doctor.setTracks(tracks, plain)
	s := p.session()
	p.mu.Unlock()
	if !first {
		p.log.Info("publisher changed its tracks", "tracks", describe(s.Tracks))
		return nil
	}
	p.door.started()
	p.log.Info("publish started", "tracks", describe(s.Tracks))
	if p.door.observer != nil {
		p.door.observer.SessionStarted(s)
	}
	return nil
}

// put opens the writer or changes its tracks. The caller holds p.mu.
func (p *Publication) put(tracks []media.Track) error {
	if p.w != nil {
		return p.w.SetTracks(tracks)
	}
	s := p.door.streams.Open(p.name)
	before := s.Stats().Repairs
	w, err := s.Publish(tracks, stream.PublishOptions{Resolution: p.req.Resolution})
	if err != nil {
		return err
	}
	p.w, p.repairs = w, before
	return nil
}

// Write hands an access unit on. It takes au over.
// Errors: the reason why the publication has ended; fault.Invalid before SetTracks and for unknown tracks.
func (p *Publication) Write(au *media.AccessUnit) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return p.why
	}
	if p.w == nil {
		return fault.New(fault.Invalid, "media came before its tracks")
	}
	if au.Arrived.IsZero() {
		au.Arrived = time.Now()
	}
	if err := p.within(au.Size()); err != nil {
		return err
	}
	seen := sight{track: au.Track, dts: au.DTS, pts: au.PTS, arrived: au.Arrived, size: au.Size()}
	if err := p.pass(au); err != nil {
		return err
	}
	seen.key = au.Key
	p.last.Store(int64(seen.arrived.Sub(p.started)))
	p.bytes.Add(uint64(seen.size))
	for _, f := range p.doctor.see(seen) {
		p.found(f)
	}
	if !p.said && p.doctor.measured() {
		p.said = true
		p.log.Info("publish measured", p.doctor.figures()...)
	}
	return nil
}

// within holds the publisher to what its address may send. The caller holds p.mu.
func (p *Publication) within(size int) error {
	near, err := p.share.take(size)
	if near {
		if f, fresh := p.doctor.report(BandwidthOver, fmt.Sprintf(
			"More comes from your address than the %d Mbit/s that the server takes. Lower the encoder's bitrate, or the stream will be ended.",
			p.door.cfg.MaxMbitPerAddress), time.Now()); fresh {
			p.found(f)
		}
	}
	return err
}

// WriteData hands a timed text on.
func (p *Publication) WriteData(d stream.Data) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return p.why
	}
	if p.w == nil {
		return nil
	}
	if err := p.within(len(d.Payload)); err != nil {
		return err
	}
	return p.w.WriteData(d)
}

// Rest is how long nothing will come that anybody has use for: a protocol whose bytes wait for it in order, as RTMP's do
// in the socket, may leave them there for so long. See stream.Writer.Rest.
func (p *Publication) Rest() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.w == nil || p.ended || p.conv != nil {
		return 0
	}
	return p.w.Rest()
}

// Report adds a finding that only the protocol can make, such as an unsupported codec.
func (p *Publication) Report(code, message string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f, fresh := p.doctor.report(code, message, time.Now()); fresh {
		p.found(f)
	}
}

// found logs and counts a finding that is new in this publication.
func (p *Publication) found(f Finding) {
	p.door.found(f.Code)
	p.log.Warn("publish doctor: "+f.Message, "finding", f.Code)
}

// Close ends the publication. err says why, nil that the publisher said goodbye. Closing twice is harmless.
func (p *Publication) Close(err error) { p.finish(err) }

// end ends the publication from our side, and its connection.
func (p *Publication) end(why error) {
	if p.finish(why) && p.req.Kick != nil {
		p.req.Kick(why)
	}
}

func (p *Publication) finish(why error) bool {
	p.mu.Lock()
	if p.ended {
		p.mu.Unlock()
		return false
	}
	p.ended, p.why = true, why
	if p.why == nil {
		p.why = fault.New(fault.Gone, "the publication has ended")
	}
	p.endConversion()
	onAir := p.w != nil
	if onAir {
		p.w.Close()
	}
	s := p.session()
	figures := p.doctor.figures()
	p.mu.Unlock()
	p.share.leave()
	p.door.left(p, onAir)
	reason := "publisher said goodbye"
	if why != nil {
		reason = why.Error()
	}
	attrs := append([]any{"reason", reason, "after", time.Since(s.Started).Round(time.Millisecond), "bytes", s.Health.Bytes,
		"tracks", describe(s.Tracks), "repairs", s.Health.Repairs}, figures...)
	if !onAir {
		p.log.Warn("publisher left before it sent anything", "reason", reason)
		return true
	}
	p.log.Info("publish ended", attrs...)
	if p.door.observer != nil {
		p.door.observer.SessionEnded(s, why)
	}
	return true
}

// silentFor says whether nothing has come for that long.
func (p *Publication) silentFor(d time.Duration) bool {
	return time.Since(p.started)-time.Duration(p.last.Load()) >= d
}

// Session is a snapshot of what is known.
func (p *Publication) Session() Session {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.session()
}

func (p *Publication) session() Session {
	s := Session{
		ID: p.id, Protocol: p.req.Protocol, Remote: p.req.Remote, Stream: p.name, Started: p.started,
		Tracks: p.tracks, Health: p.doctor.health(),
	}
	s.Health.Bytes = p.bytes.Load()
	if p.w != nil {
		if st, ok := p.door.streams.Stream(p.name); ok {
			s.Health.Repairs = st.Stats().Repairs.Since(p.repairs)
		}
	}
	return s
}
