package hls

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// Header values are slices made once and shared by all responses: assigning one to a header map
// allocates nothing. Each has no room to spare, so a middleware that appends to one gets a copy.
var (
	// Rule 31.
	typePlaylist = []string{"application/vnd.apple.mpegurl"}
	typeInit     = []string{"video/mp4"}
	typeSegment  = []string{"video/iso.segment"}
	typeText     = []string{"text/plain; charset=utf-8"}

	gzipped    = []string{"gzip"}
	varyCoding = []string{"Accept-Encoding"}
	bytesUnit  = []string{"bytes"}

	// Rule 28 and RFC 9218: playlists before media, and among media sound before picture, so that a
	// higher bitrate never has the higher priority.
	urgencyPlaylist = []string{"u=1"}
	urgencySound    = []string{"u=2"}
	urgencyPicture  = []string{"u=3"}

	// Any page may read a stream: there is no cookie and no other credential that a page could borrow.
	anyOrigin = []string{"*"}
	// What a player's script needs to see: Age and Date to know how old a cached playlist is.
	exposed        = []string{"Age, Content-Encoding, Content-Length, Content-Range, Date"}
	allowedMethods = []string{"GET, HEAD, OPTIONS"}
	allowedHeaders = []string{"*, Range"}
	preflightAge   = []string{"86400"}

	retrySoon = []string{"1"}
	// A 'not now' in a shared cache would turn one viewer's bad moment into everybody's.
	noStore = []string{"no-store"}
)

// RequestHeaders are those that the handler looks at.
var RequestHeaders = []string{hAcceptEnc, "Range", "If-Range"}

// The canonical header names that we set by hand.
const (
	hAccept    = "Accept-Ranges"
	hCache     = "Cache-Control"
	hCoding    = "Content-Encoding"
	hLength    = "Content-Length"
	hPriority  = "Priority"
	hRange     = "Content-Range"
	hRetry     = "Retry-After"
	hType      = "Content-Type"
	hVary      = "Vary"
	hOrigin    = "Access-Control-Allow-Origin"
	hExpose    = "Access-Control-Expose-Headers"
	hMethods   = "Access-Control-Allow-Methods"
	hHeaders   = "Access-Control-Allow-Headers"
	hMaxAge    = "Access-Control-Max-Age"
	hAllow     = "Allow"
	hDate      = "Date"
	hAcceptEnc = "Accept-Encoding"
)

// lifetimes are the Cache-Control values of rule 30, counted in target durations (TD).
type lifetimes struct {
	blocking        []string // a playlist asked for by _HLS_msn: 6 TD
	blockingMissing []string // its 404: 4 TD
	plain           []string // a playlist asked for without: TD/2
	plainMissing    []string // its 404: 1 TD
	media           []string // media: 6 TD; its bytes never change, so nothing need be asked again
	mediaMissing    []string // its 404: 1 TD
}

// lifetimesOf is made once for every target duration there can be, in whole seconds; packager.Config
// allows 1 to 10.
var lifetimesOf = func() (all [maxTarget + 1]lifetimes) {
	for i := range all {
		all[i] = newLifetimes(time.Duration(i) * time.Second)
	}
	return all
}()

const (
	maxTarget = 10
	// usualTarget stands in where there is no presentation that would have a target duration.
	usualTarget = 4
)

// nobodys are the lifetimes of answers that are about no presentation.
var nobodys = &lifetimesOf[usualTarget]

// ages are the lifetimes for a target duration.
func ages(target time.Duration) *lifetimes {
	if n := int(target / time.Second); n > 0 && n <= maxTarget {
		return &lifetimesOf[n]
	}
	return nobodys
}

func newLifetimes(td time.Duration) lifetimes {
	age := func(d time.Duration, more string) []string {
		// Whole seconds, and never 0: some caches take that for 'do not coalesce'.
		return []string{"public, max-age=" + strconv.Itoa(max(1, int(d/time.Second))) + more}
	}
	return lifetimes{
		blocking:        age(6*td, ""),
		blockingMissing: age(4*td, ""),
		plain:           age(td/2, ""),
		plainMissing:    age(td, ""),
		media:           age(6*td, ", immutable"),
		mediaMissing:    age(td, ""),
	}
}

// open sets what every response carries, whatever its status (pain P16). No answer has more than eight
// headers: a ninth would make the header map grow, which costs more than all the rest here.
func open(h http.Header) {
	h[hOrigin] = anyOrigin
	h[hExpose] = exposed
}

// dates gives the Date header's value, formatted once a second: HTTP/2's server formats one for every answer that has
// none. Playlists and ranges have eight headers without it.
type dates struct{ at atomic.Pointer[second] }

type second struct {
	unix  int64
	value []string
}

func (d *dates) now() []string {
	t := time.Now()
	s := d.at.Load()
	if s == nil || s.unix != t.Unix() {
		s = &second{t.Unix(), []string{t.UTC().Format(http.TimeFormat)}}
		d.at.Store(s)
	}
	return s.value
}

// lengths remembers Content-Length values. Thousands of viewers fetch the same few bodies, so nearly
// every response finds its value here and formats nothing. It is a direct-mapped table: a body of
// another size with the same slot takes the slot over.
type lengths struct{ slots [1024]atomic.Pointer[length] }

type length struct {
	n     int
	value []string
}

func (l *lengths) of(n int) []string {
	slot := &l.slots[uint(n)%uint(len(l.slots))]
	if have := slot.Load(); have != nil && have.n == n {
		return have.value
	}
	made := &length{n, []string{strconv.Itoa(n)}}
	slot.Store(made)
	return made.value
}
