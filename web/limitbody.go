package web

import (
	"net/http"
	"time"
)

// maxAPIBody is over everything the API takes; each of its routes has its own, smaller limit.
const maxAPIBody = 64 << 20

// maxWHIPBody is over what WHIP takes, which is small and bounded there.
const maxWHIPBody = 1 << 20

// bodyTimeout is how long a body may take to come in. Routes for big files ask for more.
const bodyTimeout = 30 * time.Second

// limitBody bounds what a request may send, in bytes and in time.
func limitBody(limit int64, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			// A writer that knows no deadlines is a test's.
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
			r.Body = http.MaxBytesReader(w, r.Body, limit)
		}
		next.ServeHTTP(w, r)
	})
}
