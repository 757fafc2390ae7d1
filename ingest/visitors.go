package ingest

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"livesrv/internal/fault"
)

// visitors counts connections and wrong keys by address. Places for those who have shown no stream key yet are counted
// apart from those of publishers, and are never refused: where they run out, the network that holds most of them gives one
// back. Its memory is bounded: an address is forgotten when its last connection is gone and its last wrong key is a minute
// old.
type visitors struct {
	cfg Config
	now func() time.Time

	mu sync.Mutex
	// open are the connections that there are, by address, total all of them, admitted those of publishers.
	open            map[netip.Prefix]int
	total, admitted int
	// waiting are the connections that are not admitted yet by the network they came from, in the order in which they
	// came; places is how many of them there may be, taken how many there are, came how many have come.
	waiting       map[netip.Prefix][]*Visit
	places, taken int
	came          uint64
	wrong         map[netip.Prefix]wrongKeys
}

// leastPlaces is how many connections may wait to be admitted at least; it is as many as there may be publishers.
const leastPlaces = 100

// Visit is one connection that the door counts, until it leaves. nil is one that does not count: we made it ourselves.
type Visit struct {
	all *visitors
	// address is what the connection counts for, network what gives way together.
	address, network netip.Prefix
	turn             uint64

	// Under the lock of all: whether it waits to be admitted, is admitted, has left; why it gave way, and what ends it.
	waiting, admitted, left bool
	out                     error
	end                     func(reason error)
}

type wrongKeys struct {
	n     int
	since time.Time
}

// maxWrongAddresses bounds the memory for addresses that tried wrong keys.
const maxWrongAddresses = 10_000

func newVisitors(cfg Config) *visitors {
	return &visitors{
		cfg: cfg, now: time.Now, open: map[netip.Prefix]int{}, waiting: map[netip.Prefix][]*Visit{},
		places: max(cfg.MaxSessions, leastPlaces), wrong: map[netip.Prefix]wrongKeys{},
	}
}

// linesEach is how many connections for its media a publisher may have: a browser tries one from each address that it has
// to each that we have.
const linesEach = 4

func newLines(cfg Config) *visitors {
	cfg.MaxSessions *= linesEach
	cfg.MaxSessionsPerAddress *= linesEach
	return newVisitors(cfg)
}

// network is what counts as one address, and whether it is free of limits: the machine itself is.
func network(remote string) (p netip.Prefix, free bool) {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Prefix{}, false
	}
	a := ap.Addr().Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ = a.Prefix(bits)
	return p, a.IsLoopback()
}

// site is the network that an address belongs to: who has one IPv6 address has many, and who has a network of 64 bits may
// have all of the 48 bits that a site is given.
func site(address netip.Prefix) netip.Prefix {
	if address.Addr().Is6() {
		address, _ = address.Addr().Prefix(48)
	}
	return address
}

// enter counts a connection in. It waits to be admitted; another may have to give way for it.
func (v *visitors) enter(remote string) (*Visit, error) {
	address, free := network(remote)
	visit := &Visit{all: v, address: address, network: site(address), waiting: true}
	v.mu.Lock()
	if !free {
		if err := v.refuses(address); err != nil {
			v.mu.Unlock()
			return nil, err
		}
	}
	v.total++
	v.open[address]++
	v.came++
	visit.turn = v.came
	v.waiting[visit.network] = append(v.waiting[visit.network], visit)
	v.taken++
	var end func(error)
	var reason error
	if v.taken > v.places {
		end, reason = v.giveWay()
	}
	v.mu.Unlock()
	if end != nil {
		end(reason)
	}
	return visit, nil
}

// refuses says why an address may not have one more connection. The caller holds v.mu.
func (v *visitors) refuses(address netip.Prefix) error {
	if v.open[address] >= v.cfg.MaxSessionsPerAddress {
		return fault.New(fault.TooMany, "too many connections from one address").
			WithHint("raise ingest.max_sessions_per_address")
	}
	if w := v.wrong[address]; w.n >= v.cfg.WrongKeysPerMinute && v.now().Sub(w.since) < time.Minute {
		return fault.New(fault.TooMany, "too many wrong stream keys from one address").
			WithHint("wait a minute, and copy the stream key anew")
	}
	return nil
}

// giveWay takes its place from the connection that has waited longest of the network that has most of them, and gives
// what ends it. A publisher is admitted within a few round trips: whoever holds many places for long is none. The caller
// holds v.mu.
func (v *visitors) giveWay() (end func(error), reason error) {
	var most []*Visit
	for _, all := range v.waiting {
		if len(all) > len(most) || len(all) == len(most) && all[0].turn < most[0].turn {
			most = all
		}
	}
	first := most[0]
	v.settle(first)
	first.out = fault.New(fault.TooMany, "too many connections wait to be admitted, and this one has shown no stream key").
		WithHint("send the stream key at once; where many publishers come together, raise ingest.max_sessions")
	return first.end, first.out
}

// settle takes a connection off those that wait. The caller holds v.mu.
func (v *visitors) settle(visit *Visit) {
	if !visit.waiting {
		return
	}
	visit.waiting = false
	v.taken--
	rest := slices.DeleteFunc(v.waiting[visit.network], func(o *Visit) bool { return o == visit })
	if len(rest) == 0 {
		delete(v.waiting, visit.network)
		return
	}
	v.waiting[visit.network] = rest
}

// admit gives the connection a publisher's place. Errors: fault.TooMany where there is none, and where it gave way.
func (visit *Visit) admit() error {
	if visit == nil {
		return nil
	}
	v := visit.all
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case visit.out != nil:
		return visit.out
	case visit.admitted:
		return nil
	case v.admitted >= v.cfg.MaxSessions:
		return fault.New(fault.TooMany, "the server has all the publishers it may have").
			WithHint("raise ingest.max_sessions")
	}
	v.settle(visit)
	visit.admitted = true
	v.admitted++
	return nil
}

// endBy says what ends the connection where it has to give way, also where it has already.
func (visit *Visit) endBy(end func(reason error)) {
	if visit == nil {
		return
	}
	v := visit.all
	v.mu.Lock()
	visit.end = end
	out := visit.out
	v.mu.Unlock()
	if out != nil {
		end(out)
	}
}

// Leave takes the connection off the count: it has ended. Leaving twice is harmless.
func (visit *Visit) Leave() {
	if visit == nil {
		return
	}
	v := visit.all
	v.mu.Lock()
	defer v.mu.Unlock()
	if visit.left {
		return
	}
	visit.left = true
	v.settle(visit)
	if visit.admitted {
		v.admitted--
	}
	v.total--
	if v.open[visit.address]--; v.open[visit.address] == 0 {
		delete(v.open, visit.address)
	}
}

func (v *visitors) wrongKey(remote string) {
	net, free := network(remote)
	if free {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	w, known := v.wrong[net]
	if now.Sub(w.since) >= time.Minute {
		w = wrongKeys{since: now}
	}
	if !known && len(v.wrong) >= maxWrongAddresses {
		for k, o := range v.wrong {
			if now.Sub(o.since) >= time.Minute {
				delete(v.wrong, k)
			}
		}
		if len(v.wrong) >= maxWrongAddresses {
			return
		}
	}
	w.n++
	v.wrong[net] = w
}

func (v *visitors) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.total
}
