package ingest

import (
	"net/netip"
	"sync"
	"time"

	"livesrv/internal/fault"
)

// visitors counts connections and wrong keys by address. Its memory is bounded: an address is forgotten
// when its last connection is gone and its last wrong key is a minute old.
type visitors struct {
	cfg Config
	now func() time.Time

	mu    sync.Mutex
	total int
	open  map[netip.Prefix]int
	wrong map[netip.Prefix]wrongKeys
}

type wrongKeys struct {
	n     int
	since time.Time
}

// maxWrongAddresses bounds the memory for addresses that tried wrong keys.
const maxWrongAddresses = 10_000

func newVisitors(cfg Config) *visitors {
	return &visitors{cfg: cfg, now: time.Now, open: map[netip.Prefix]int{}, wrong: map[netip.Prefix]wrongKeys{}}
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

func (v *visitors) enter(remote string) (leave func(), err error) {
	net, free := network(remote)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.total >= v.cfg.MaxSessions {
		return nil, fault.New(fault.TooMany, "the server has all the publishers it may have").
			WithHint("raise ingest.max_sessions")
	}
	if !free {
		if v.open[net] >= v.cfg.MaxSessionsPerAddress {
			return nil, fault.New(fault.TooMany, "too many connections from one address").
				WithHint("raise ingest.max_sessions_per_address")
		}
		if w := v.wrong[net]; w.n >= v.cfg.WrongKeysPerMinute && v.now().Sub(w.since) < time.Minute {
			return nil, fault.New(fault.TooMany, "too many wrong stream keys from one address").
				WithHint("wait a minute, and copy the stream key anew")
		}
	}
	v.total++
	v.open[net]++
	return sync.OnceFunc(func() { v.leave(net) }), nil
}

func (v *visitors) leave(net netip.Prefix) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.total--
	if v.open[net]--; v.open[net] == 0 {
		delete(v.open, net)
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
