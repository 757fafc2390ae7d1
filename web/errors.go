package web

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"livesrv/internal/fault"
	"livesrv/web/api"
)

// statuses maps every kind of fault to its HTTP status. This is the only place that does.
var statuses = map[fault.Kind]int{
	fault.Internal:     http.StatusInternalServerError,
	fault.Invalid:      http.StatusBadRequest,
	fault.Unauthorized: http.StatusUnauthorized,
	fault.Forbidden:    http.StatusForbidden,
	fault.NotFound:     http.StatusNotFound,
	fault.Conflict:     http.StatusConflict,
	fault.Gone:         http.StatusGone,
	fault.TooLarge:     http.StatusRequestEntityTooLarge,
	fault.TooMany:      http.StatusTooManyRequests,
	fault.Unavailable:  http.StatusServiceUnavailable,
	fault.SoldOut:      http.StatusConflict,
}

// Status is the HTTP status of a kind.
func Status(k fault.Kind) int {
	if s, ok := statuses[k]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// Fail makes of err what its caller may see, and of what is our own failure a line in the log under the id
// that the caller is shown. Package web/api is given it, so that there is one way to fail.
func Fail(log *slog.Logger) func(ctx context.Context, err error) (status int, f api.Failure) {
	return func(ctx context.Context, err error) (int, api.Failure) {
		id := RequestID(ctx)
		var e *fault.Error
		if !errors.As(err, &e) || e.Kind == fault.Internal {
			e = unexpected(ctx, log, id, err)
		} else if e.Kind == fault.Unavailable {
			log.Warn("not available", "id", id, "error", err)
		} else if e.Err != nil {
			log.Debug("refused", "id", id, "error", err)
		}
		return Status(e.Kind), api.Failure{Error: api.FailureBody{
			Kind: e.Kind.String(), Message: e.Msg, Hint: e.Hint, Field: e.Field, ID: id,
		}}
	}
}

// unexpected is for what nobody gave a kind to.
func unexpected(ctx context.Context, log *slog.Logger, id string, err error) *fault.Error {
	switch {
	case errors.Is(err, context.Canceled):
		log.Debug("the caller left", "id", id, "error", err)
		return fault.New(fault.Unavailable, "The request was given up.").WithHint("Send it again.")
	case errors.Is(err, context.DeadlineExceeded):
		log.Warn("took too long", "id", id, "error", err)
		return fault.New(fault.Unavailable, "The server took too long.").WithHint("Try again in a moment.")
	}
	log.ErrorContext(ctx, "request failed", "id", id, "error", err)
	return fault.New(fault.Internal, "Something went wrong on our side.").
		WithHint("Try again. If it stays, tell the operator the id %s: the log has the cause under it.", id)
}

// writeError answers with err: as JSON, or as a sentence for a person who came with a browser's address bar.
func (s *Server) writeError(w http.ResponseWriter, r *http.Request, err error) {
	status, failure := Fail(s.log)(r.Context(), err)
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(strings.TrimSpace(failure.Error.Message+" "+failure.Error.Hint) + "\n"))
		return
	}
	h.Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(failure)
}
