package livetest

import (
	"bytes"
	"io"
	"net/http"
)

// Direct is a transport that hands requests to a handler in the same process, without a network. It works
// inside a testing/synctest bubble, where an hour of streaming takes a moment. A handler sees the
// request's context end as it would when a viewer leaves.
type Direct struct{ Handler http.Handler }

// RoundTrip runs the handler and returns what it wrote, once it is done.
func (d Direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := &direct{header: http.Header{}, head: r.Method == http.MethodHead}
	d.Handler.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.sent.Get("Date") == "" {
		w.sent.Set("Date", "Sun, 22 Nov 2026 19:00:00 GMT") // net/http's server sets it
	}
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: r,
	}, nil
}

// direct is a ResponseWriter that keeps what is written.
type direct struct {
	header, sent http.Header
	status       int
	head         bool
	body         bytes.Buffer
}

func (w *direct) Header() http.Header { return w.header }

func (w *direct) WriteHeader(status int) {
	if w.status == 0 {
		w.status, w.sent = status, w.header.Clone()
	}
}

func (w *direct) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.head {
		return 0, http.ErrBodyNotAllowed
	}
	return w.body.Write(b)
}
