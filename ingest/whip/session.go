package whip

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"livesrv/ingest"
	"livesrv/internal/fault"
)

const (
	// tickEvery is how often a session looks at the time; packets that come make it look too.
	tickEvery = 50 * time.Millisecond
	// statsEvery is how often the round trip is asked for.
	statsEvery = time.Second
	// mtu is the greatest packet that is read.
	mtu = 1600
)

// session is one publisher's WebRTC session. Its methods may be called from any goroutine.
type session struct {
	id   string
	door *ingest.Door
	log  *slog.Logger
	pc   *webrtc.PeerConnection
	pub  *ingest.Publication
	born time.Time

	// negotiation guards the exchange of descriptions.
	negotiation sync.Mutex
	offer       *offer
	etag        string
	candidates  int

	// mu guards the receiver and what came of it.
	mu        sync.Mutex
	receiver  *receiver
	connected bool

	once    sync.Once
	reason  error
	done    chan struct{} // closed when the session is to end
	readers sync.WaitGroup
}

func newSession(door *ingest.Door, pub *ingest.Publication, cfg Config, pc *webrtc.PeerConnection, o *offer, log *slog.Logger) *session {
	s := &session{
		id: strings.ToLower(rand.Text()), door: door, pub: pub, pc: pc, offer: o, log: log, born: time.Now(),
		receiver: newReceiver(pub, cfg, expected{layers: o.layers, sound: o.sound}), done: make(chan struct{}),
		candidates: o.countCandidates(),
	}
	pc.OnTrack(s.track)
	pc.OnConnectionStateChange(s.state)
	return s
}

// end lets the session end: reason says why, nil that the publisher said goodbye. It does not wait.
func (s *session) end(reason error) {
	s.once.Do(func() {
		s.reason = reason
		close(s.done)
	})
}

// run serves the session to its end. stop ends it from outside.
func (s *session) run(stop context.Context) {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	measured := time.Now()
	for ended := false; !ended; {
		select {
		case <-s.done:
			ended = true
		case <-stop.Done():
			s.end(fault.New(fault.Unavailable, "the server is stopping"))
		case now := <-tick.C:
			if now.Sub(measured) >= statsEvery {
				measured = now
				s.measure()
			}
			s.handle(func(r *receiver) error { return r.tick(now) }, now)
			if err := s.overdue(now); err != nil {
				s.end(err)
			}
		}
	}
	// Nothing waits for the publisher here: what the peer should still hear is sent once.
	_ = s.pc.GracefulClose()
	s.readers.Wait()
	s.pub.Close(s.reason)
}

// overdue says that the publisher takes too long, to connect or to send.
func (s *session) overdue(now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.receiver.lastMedia
	switch {
	case last.IsZero() && now.Sub(s.born) > s.door.StartTimeout() && !s.connected:
		return fault.New(fault.Unavailable, "no WebRTC connection came about within %s", s.door.StartTimeout()).
			WithHint("open the UDP and TCP port of whip.udp_address and whip.tcp_address, and set whip.public_addresses behind a router")
	case last.IsZero() && now.Sub(s.born) > s.door.StartTimeout()+s.door.ReadTimeout(),
		!last.IsZero() && now.Sub(last) > s.door.ReadTimeout():
		return fault.New(fault.Unavailable, "no media came for %s", s.door.ReadTimeout())
	}
	return nil
}

// state follows the connection. A lost one may come back: until it has failed the session waits.
func (s *session) state(state webrtc.PeerConnectionState) {
	switch state {
	case webrtc.PeerConnectionStateConnected:
		s.mu.Lock()
		s.connected = true
		s.mu.Unlock()
	case webrtc.PeerConnectionStateFailed:
		s.end(fault.New(fault.Unavailable, "the connection was lost"))
	case webrtc.PeerConnectionStateClosed:
		s.end(nil)
	default:
	}
}

// track is called for each track, and for each layer of a simulcast, when its first packet has come.
func (s *session) track(remote *webrtc.TrackRemote, from *webrtc.RTPReceiver) {
	var take func(packet) error
	s.mu.Lock()
	r := s.receiver
	switch {
	case remote.Kind() == webrtc.RTPCodecTypeAudio && r.sound == nil:
		r.addSound(uint32(remote.SSRC()))
		take = r.audio
	case remote.Kind() == webrtc.RTPCodecTypeVideo && len(r.layers) < s.offer.layers:
		l := r.addLayer(remote.RID(), uint32(remote.SSRC()), s.offer.format)
		take = func(p packet) error { return r.video(l, p) }
	}
	s.mu.Unlock()
	if take == nil {
		return // more than was offered
	}
	s.readers.Go(func() { s.read(remote, take) })
	s.readers.Go(func() { s.reports(remote, from) })
}

// read reads a track's packets until the session ends.
func (s *session) read(remote *webrtc.TrackRemote, take func(packet) error) {
	b := make([]byte, mtu)
	codec := uint8(s.payloadType(remote.Kind()))
	for {
		n, _, err := remote.Read(b)
		if err != nil {
			return // the connection has ended; state says why
		}
		var h rtp.Header
		body, err := h.Unmarshal(b[:n])
		if err != nil || h.PayloadType != codec {
			continue
		}
		end := n
		if h.Padding && n > body {
			end = max(n-int(b[n-1]), body)
		}
		now := time.Now()
		p := packet{seq: h.SequenceNumber, stamp: h.Timestamp, marker: h.Marker, arrived: now}
		if end > body {
			p.payload = append(make([]byte, 0, end-body), b[body:end]...)
		}
		s.handle(func(*receiver) error { return take(p) }, now)
	}
}

// payloadType is that of the accepted codec.
func (s *session) payloadType(kind webrtc.RTPCodecType) webrtc.PayloadType {
	return s.offer.codecs[kind][0].PayloadType
}

// handle lets the receiver do something and sends what it has to say.
func (s *session) handle(do func(*receiver) error, now time.Time) {
	s.mu.Lock()
	err := do(s.receiver)
	out := s.receiver.feedback(now)
	s.mu.Unlock()
	if err != nil {
		s.end(err)
		return
	}
	if len(out) > 0 {
		// Lost feedback is given again.
		_ = s.pc.WriteRTCP(out)
	}
}

// reports reads a track's RTCP until the session ends.
func (s *session) reports(remote *webrtc.TrackRemote, from *webrtc.RTPReceiver) {
	b := make([]byte, mtu)
	for {
		var n int
		var err error
		if rid := remote.RID(); rid != "" {
			n, _, err = from.ReadSimulcast(b, rid)
		} else {
			n, _, err = from.Read(b)
		}
		if err != nil {
			return
		}
		all, err := rtcp.Unmarshal(b[:n])
		if err != nil {
			continue
		}
		s.mu.Lock()
		for _, p := range all {
			if sr, ok := p.(*rtcp.SenderReport); ok {
				s.receiver.report(sr)
			}
		}
		s.mu.Unlock()
	}
}

// measure asks ICE for the round trip.
func (s *session) measure() {
	receivers := s.pc.GetReceivers()
	if len(receivers) == 0 || receivers[0].Transport() == nil {
		return
	}
	stats, ok := receivers[0].Transport().ICETransport().GetSelectedCandidatePairStats()
	if !ok || stats.CurrentRoundTripTime <= 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.receiver.roundTrip = time.Duration(stats.CurrentRoundTripTime * float64(time.Second))
}

// newETag names an ICE session.
func newETag() string { return `"` + strings.ToLower(rand.Text()[:16]) + `"` }

// answer takes the offer as it stands, of the first exchange or of an ICE restart, and gives the answer with all
// of our candidates. The caller holds negotiation.
func (s *session) answer(ctx context.Context) (string, error) {
	text, err := s.offer.String()
	if err != nil {
		return "", err
	}
	if err := s.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: text}); err != nil {
		return "", badOffer("its parts contradict each other").Because(err)
	}
	gathered := webrtc.GatheringCompletePromise(s.pc)
	answer, err := s.pc.CreateAnswer(nil)
	if err != nil {
		return "", badOffer("it cannot be answered").Because(err)
	}
	if err := s.pc.SetLocalDescription(answer); err != nil {
		return "", err
	}
	select {
	case <-gathered:
	case <-s.done:
		return "", fault.New(fault.Gone, "the session has ended")
	case <-ctx.Done():
		return "", ctx.Err()
	}
	s.etag = newETag()
	return s.pc.LocalDescription().SDP, nil
}

// trickle adds candidates. The caller holds negotiation.
func (s *session) trickle(f fragment) error {
	if s.candidates+len(f.candidates) > maxCandidates {
		return tooManyCandidates()
	}
	s.candidates += len(f.candidates)
	for _, c := range f.candidates {
		mid := c.mid
		// A candidate that cannot be read or is of no use to us is no reason to end anything.
		if err := s.pc.AddICECandidate(webrtc.ICECandidateInit{Candidate: c.line, SDPMid: &mid}); err != nil {
			s.log.Debug("an ICE candidate was left out", "session", s.id, "error", err)
		}
	}
	return nil
}

// handoff ends a session that may not be there yet.
type handoff struct {
	mu      sync.Mutex
	session *session
	reason  error
}

func (h *handoff) kick(reason error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reason = reason
	if h.session != nil {
		h.session.end(reason)
	}
}

func (h *handoff) to(s *session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.session = s
	if h.reason != nil {
		s.end(h.reason)
	}
}
