package h1

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// response is the http.ResponseWriter of one connection, used for one answer after the other.
type response struct {
	c      *conn
	header http.Header
	status int
	// left is what Content-Length says is still to come, -1 where the handler has not said.
	left int64
	// head is the head that has not been sent yet: it leaves with the first bytes of the body.
	head []byte
	err  error
}

func (w *response) reset() {
	clear(w.header)
	w.status, w.left, w.head, w.err = 0, -1, w.head[:0], nil
}

// Header is the answer's header, to be set before WriteHeader.
func (w *response) Header() http.Header { return w.header }

// WriteHeader fixes status and header.
func (w *response) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	w.status = status
	if v := w.header["Content-Length"]; len(v) == 1 {
		if n, err := strconv.ParseInt(v[0], 10, 64); err == nil && n >= 0 {
			w.left = n
		}
	}
	if w.c.s.draining.Load() {
		w.c.closing = true
	}
	if w.left < 0 {
		w.c.closing = true // "the length is then determined by the server's closing the connection" (RFC 9112 §6.3)
	}
	b := append(w.head[:0], "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	b = append(b, http.StatusText(status)...)
	if w.header["Date"] == nil {
		b = append(b, "\r\nDate: "...)
		b = append(b, w.c.s.now()...)
	}
	for name, values := range w.header {
		for _, v := range values {
			b = append(b, '\r', '\n')
			b = append(b, name...)
			b = append(b, ':', ' ')
			b = append(b, v...)
		}
	}
	if w.c.closing {
		b = append(b, "\r\nConnection: close"...)
	}
	w.head = append(b, "\r\n\r\n"...)
}

// Write sends bytes of the body, the first of them together with the head.
func (w *response) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.err != nil {
		return 0, w.err
	}
	if w.left >= 0 {
		if int64(len(b)) > w.left {
			w.err = http.ErrContentLength
			return 0, w.err
		}
		w.left -= int64(len(b))
	}
	var n int
	if n, w.err = w.c.send(w.head, b); w.err != nil {
		w.c.broken = true
	}
	w.head = w.head[:0]
	return n, w.err
}

// finish sends a head without a body, and says whether the connection can go on.
func (w *response) finish() bool {
	if w.status == 0 {
		// The handler said nothing: that is an empty answer.
		w.header["Content-Length"] = []string{"0"}
		w.WriteHeader(http.StatusOK)
	}
	if len(w.head) > 0 && w.err == nil {
		_, w.err = w.Write(nil)
	}
	return w.err == nil && w.left == 0 && !w.c.closing
}

// clock gives the Date header's value, formatted once a second.
type clock struct{ at atomic.Pointer[date] }

type date struct {
	second int64
	text   string
}

func (c *clock) now() string {
	t := time.Now()
	d := c.at.Load()
	if d == nil || d.second != t.Unix() {
		d = &date{t.Unix(), t.UTC().Format(http.TimeFormat)}
		c.at.Store(d)
	}
	return d.text
}
