package web

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"

	"livesrv/internal/fault"
)

type requestIDKey struct{}

// RequestID is the id under which the log knows the request of ctx, "" outside of one. It is the id that
// callers are shown when something fails.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// identify gives every request an id and keeps a panic in one request from being more than that.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()[:12]
		r = r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id))
		rec := &response{ResponseWriter: w}
		rec.Header().Set("X-Request-Id", id)
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(cause) // asked for: the connection is cut so that the caller sees a broken answer
			}
			s.log.Error("panic in a request", "id", id, "method", r.Method, "path", r.URL.Path,
				"panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
			if rec.status != 0 {
				panic(http.ErrAbortHandler)
			}
			s.writeError(rec, r, fault.New(fault.Internal, "").Because(fmt.Errorf("panic: %v", cause)))
		}()
		next.ServeHTTP(rec, r)
	})
}

// response remembers what was answered. It hides nothing of the writer below: http.ResponseController reaches
// through it.
type response struct {
	http.ResponseWriter
	status int // 0 until the header is written
	bytes  int64
}

func (w *response) WriteHeader(status int) {
	// 1xx are hints before the answer. 101 is the answer: the connection becomes something else.
	if w.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush sends what is buffered.
func (w *response) Flush() {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

// Hijack hands the connection over.
func (w *response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil {
		w.status = http.StatusSwitchingProtocols
	}
	return conn, rw, err
}
