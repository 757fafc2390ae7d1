package ingest

import (
	"context"
	"crypto/rand"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"livesrv/internal/fault"
	"livesrv/internal/media"
	"livesrv/internal/stream"
)

// Door admits publishers and holds their sessions. It is safe for concurrent use.
type Door struct {
	cfg      Config
	gate     Gate
	streams  *stream.Registry
	observer Observer
	log      *slog.Logger
	visitors *visitors
	// lines counts the connections that only carry the media of publishers who have knocked.
	lines    *visitors
	refusals *refusals
	// bandwidth is what each address may send.
	bandwidth *bandwidth
	// converter is set once, before the first publisher; nil for none.
	converter Converter

	mu sync.Mutex
	// pubs are the publications under way by stream name.
	pubs map[string]*Publication
	stat Stats
}

// Stats are counters since the start, for metrics.
type Stats struct {
	// Publishing is how many publications are under way, by protocol; Connections how many connections
	// there are, admitted or not.
	Publishing  map[string]int
	Connections int
	// Started and Ended count publications; TakenOver those that another publisher ended.
	Started, Ended, TakenOver uint64
	// Refused counts connections that never came to publish, by fault kind.
	Refused map[string]uint64
	// Bytes is the media received, Findings how often the publish doctor found something, by code.
	Bytes    uint64
	Findings map[string]uint64
}

// NewDoor makes a Door. observer may be nil. It fails only on a bad configuration.
func NewDoor(cfg Config, gate Gate, streams *stream.Registry, observer Observer, log *slog.Logger) (*Door, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	log = log.With("room", "ingest")
	return &Door{
		cfg:       cfg,
		gate:      gate,
		streams:   streams,
		observer:  observer,
		log:       log,
		visitors:  newVisitors(cfg),
		lines:     newLines(cfg),
		refusals:  newRefusals(log),
		bandwidth: newBandwidth(cfg),
		pubs:      map[string]*Publication{},
		stat:      Stats{Findings: map[string]uint64{}},
	}, nil
}

// StartTimeout is how long a connection may take until it publishes.
func (d *Door) StartTimeout() time.Duration { return d.cfg.StartTimeout }

// ReadTimeout is how long a publisher may send nothing.
func (d *Door) ReadTimeout() time.Duration { return d.cfg.ReadTimeout }

// Knock counts a connection from remote ("host:port") in until it leaves. It waits to be admitted by Enter, and may have
// to give way to others until then: its Watch ends it.
// Errors: fault.TooMany, of connections from one address or of wrong keys.
func (d *Door) Knock(remote string) (*Visit, error) { return d.visitors.enter(remote) }

// WrongKey counts a secret of the protocol's own, tried from remote, as a wrong stream key.
func (d *Door) WrongKey(remote string) { d.visitors.wrongKey(remote) }

// Refuse counts and logs a connection that never came to publish, with the reason. Call it once.
func (d *Door) Refuse(protocol, remote string, err error) { d.refusals.add(protocol, remote, err) }

// Request is a publisher who wants in.
type Request struct {
	// Protocol is its name in lower case: rtmp. Remote is the publisher's "host:port".
	Protocol, Remote string
	// Visit is the publisher's connection as the door counts it.
	Visit *Visit
	// Key is the stream key.
	Key string
	// Resolution is the step of the protocol's timestamps; see stream.PublishOptions.
	Resolution time.Duration
	// Yields says that this publisher takes no stream over from another one, whatever the configuration:
	// it was not a person who began to send.
	Yields bool
	// Kick ends the connection when the publication is ended from our side, by another publisher or by
	// the operator. It may be called from any goroutine, at most once, and must not wait.
	Kick func(reason error)
}

// Enter admits a publisher: its key opens a stream that nobody else has, or takes it over. From then on
// the stream is this publication's until Close; it is on air from the first SetTracks on.
// Errors: the Gate's; fault.Conflict where the stream is taken; fault.TooMany of publishers.
func (d *Door) Enter(ctx context.Context, r Request) (*Publication, error) {
	grant, err := d.admit(ctx, r)
	if err == nil {
		err = r.Visit.admit()
	}
	if err != nil {
		return nil, err
	}
	p := newPublication(d, r, grant)
	d.mu.Lock()
	old := d.pubs[grant.Stream]
	if old != nil && (r.Yields || d.cfg.Takeover == Refuse) && !old.silentFor(d.cfg.SilentAfter) {
		d.mu.Unlock()
		return nil, fault.New(fault.Conflict, "somebody is publishing with this stream key already").
			WithHint("stop the other encoder, or set ingest.takeover to newest")
	}
	if old != nil && old.ousted[source(r)] && !old.silentFor(d.cfg.SilentAfter) {
		d.mu.Unlock()
		return nil, fault.New(fault.Conflict, "another publisher has taken the stream over").
			WithHint("stop that one first: two encoders that connect again by themselves would take the stream from each other for ever")
	}
	if old != nil {
		p.ousts(old)
	}
	d.pubs[grant.Stream] = p
	if old != nil {
		d.stat.TakenOver++
	}
	d.mu.Unlock()
	if old != nil {
		old.end(fault.New(fault.Conflict, "another publisher has taken the stream over"))
	}
	// A key that was replaced, or a show that was ended, since it was looked up has met no publication to end.
	if _, err := d.admit(ctx, r); err != nil {
		p.Close(err)
		return nil, err
	}
	return p, nil
}

// admit asks the gate.
func (d *Door) admit(ctx context.Context, r Request) (Grant, error) {
	grant, err := d.gate.Admit(ctx, r.Key)
	if k := fault.KindOf(err); err != nil && (k == fault.Unauthorized || k == fault.NotFound) {
		d.visitors.wrongKey(r.Remote)
	}
	return grant, err
}

// End ends the publication of a stream from our side, as when its show ends; rev is the revision of the record that says
// so, and one that a newer record let in stays. It says whether there was one.
func (d *Door) End(name string, rev int64, reason error) bool {
	p := d.before(name, rev)
	if p == nil {
		return false
	}
	p.end(reason)
	return true
}

// before is the publication of a stream if a record older than rev let it in.
func (d *Door) before(name string, rev int64) *Publication {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p := d.pubs[name]; p != nil && p.rev < rev {
		return p
	}
	return nil
}

// Expel ends the publication of a stream that came in by another key than the one that the record of revision rev has, as
// when a key that had got into wrong hands was replaced; one that a newer record let in stays. It says whether there was
// one.
func (d *Door) Expel(name string, rev int64, key string) bool {
	p := d.before(name, rev)
	if p == nil || p.req.Key == key {
		return false
	}
	p.end(fault.New(fault.Unauthorized, "the stream key has been replaced").WithHint("copy the new one from the show's pin desk"))
	return true
}

// Sessions are the publications under way, by stream name.
func (d *Door) Sessions() []Session {
	d.mu.Lock()
	pubs := slices.Collect(maps.Values(d.pubs))
	d.mu.Unlock()
	all := make([]Session, len(pubs))
	for i, p := range pubs {
		all[i] = p.Session()
	}
	slices.SortFunc(all, func(a, b Session) int { return strings.Compare(a.Stream, b.Stream) })
	return all
}

// Session is the publication of a stream, if there is one.
func (d *Door) Session(name string) (Session, bool) {
	d.mu.Lock()
	p := d.pubs[name]
	d.mu.Unlock()
	if p == nil {
		return Session{}, false
	}
	return p.Session(), true
}

// Stats gives a snapshot of the counters.
func (d *Door) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	st := d.stat
	st.Findings = maps.Clone(d.stat.Findings)
	st.Publishing = map[string]int{}
	for _, p := range d.pubs {
		if p.bytes.Load() > 0 {
			st.Publishing[p.req.Protocol]++
		}
		st.Bytes += p.bytes.Load()
	}
	st.Connections = d.visitors.count()
	st.Refused = d.refusals.counts()
	return st
}

// left takes a publication off the list.
func (d *Door) left(p *Publication, wasOnAir bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.pubs[p.name] == p {
		delete(d.pubs, p.name)
	}
	d.stat.Bytes += p.bytes.Swap(0)
	if wasOnAir {
		d.stat.Ended++
	}
}

func (d *Door) started() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stat.Started++
}

func (d *Door) found(code string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stat.Findings[code]++
}

// sessionID is short enough to read out and random enough not to repeat.
func sessionID() string { return strings.ToLower(rand.Text()[:10]) }

func infos(tracks []media.Track) []TrackInfo {
	all := make([]TrackInfo, len(tracks))
	for i, t := range tracks {
		all[i] = trackInfo(t)
	}
	return all
}
