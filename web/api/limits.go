package api

import (
	"math"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"

	"golang.org/x/time/rate"

	"livesrv/internal/fault"
)

// maxAddresses is how many addresses a limiter remembers; over it the idle ones are forgotten first.
const maxAddresses = 20_000

// limiter bounds how often one address may do something.
type limiter struct {
	perMinute int

	mu        sync.Mutex
	byAddress map[netip.Prefix]*rate.Limiter
}

func newLimiter(perMinute int) *limiter {
	return &limiter{perMinute: perMinute, byAddress: map[netip.Prefix]*rate.Limiter{}}
}

// admit counts r; fault.TooMany when its address has had its share.
func (l *limiter) admit(r *http.Request) error {
	if l.of(addressOf(r)).Allow() {
		return nil
	}
	return &limitError{fault.New(fault.TooMany, "This address asks too often.").WithHint("Wait %s s and try again.", l.retryAfter()), l.retryAfter()}
}

func (l *limiter) retryAfter() string { return strconv.Itoa(int(math.Ceil(60 / float64(l.perMinute)))) }

func (l *limiter) of(p netip.Prefix) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if one, ok := l.byAddress[p]; ok {
		return one
	}
	if len(l.byAddress) >= maxAddresses {
		l.forget()
	}
	one := rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), l.perMinute)
	l.byAddress[p] = one
	return one
}

// forget makes room: an address that has its whole share again is as good as unknown. When a flood from many
// addresses leaves few such, others lose their count: the map must not grow. It makes room for many at once, because it
// looks at all.
func (l *limiter) forget() {
	for p, one := range l.byAddress {
		if one.Tokens() >= float64(l.perMinute) {
			delete(l.byAddress, p)
		}
	}
	for p := range l.byAddress {
		if len(l.byAddress) <= maxAddresses*3/4 {
			return
		}
		delete(l.byAddress, p)
	}
}

// addressOf is the sender's network: the address, or for IPv6 the /64 that one line has.
func addressOf(r *http.Request) netip.Prefix {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}
	}
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// limitError is a refusal that says when to come back.
type limitError struct {
	err     *fault.Error
	seconds string
}

func (e *limitError) Error() string { return e.err.Error() }
func (e *limitError) Unwrap() error { return e.err }
