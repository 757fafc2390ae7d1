package hls

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"

	"livesrv/internal/fault"
	"livesrv/packager"
)

// Source is where presentations come from; packager.Hub is one.
type Source interface {
	// Presentation finds a show's presentation. A miss must allocate nothing.
	Presentation(name string) (*packager.Presentation, bool)
}

// Handler serves everything under Prefix.
type Handler struct {
	src    Source
	log    *slog.Logger
	holds  *holds
	sizes  lengths
	dates  dates
	counts counters
}

// counters are what Stats reads.
type counters struct {
	playlists, parts, segments, inits, missing, invalid, refused, failed, left, bytes atomic.Uint64
}

// Stats are counters since the start, and one gauge.
type Stats struct {
	// Playlists, Parts, Segments and Inits are answers with 200 or 206.
	Playlists, Parts, Segments, Inits uint64
	// Missing were answered 404, Invalid 400, 405 or 416, Refused 503, Failed 500.
	Missing, Invalid, Refused, Failed uint64
	// Left are waiting viewers who went away before their answer; Refused counts them too.
	Left uint64
	// Bytes of bodies handed to the network.
	Bytes uint64
	// Holds is how many requests wait for media at this moment.
	Holds int
}

// New makes a handler. It starts nothing.
func New(cfg Config, src Source, log *slog.Logger) (*Handler, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Handler{src: src, log: log.With("room", "hls"), holds: newHolds(cfg.HoldsPerShow, cfg.Holds)}, nil
}

// Stats reads the counters.
func (h *Handler) Stats() Stats {
	c := &h.counts
	return Stats{
		Playlists: c.playlists.Load(), Parts: c.parts.Load(), Segments: c.segments.Load(), Inits: c.inits.Load(),
		Missing: c.missing.Load(), Invalid: c.invalid.Load(), Refused: c.refused.Load(), Failed: c.failed.Load(), Left: c.left.Load(),
		Bytes: c.bytes.Load(), Holds: h.holds.now(),
	}
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	open(w.Header())
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		preflight(w)
		return
	default:
		w.Header()[hAllow] = allowedMethods
		w.Header()[hCache] = noStore
		h.text(w, http.StatusMethodNotAllowed, msgMethod)
		return
	}
	t := parsePath(r.URL.Path)
	if t.kind == unknown {
		h.notFound(w, nobodys.plainMissing)
		return
	}
	p, ok := h.src.Presentation(t.show)
	if !ok {
		h.notFound(w, nobodys.plainMissing)
		return
	}
	if t.kind == multivariant {
		h.multivariant(w, r, p)
		return
	}
	ren, ok := p.Rendition(t.rendition)
	if !ok {
		h.notFound(w, nobodys.plainMissing)
		return
	}
	switch t.kind {
	case playlist:
		h.playlist(w, r, p, ren)
	case initSegment:
		h.init(w, r, ren, t)
	case part:
		h.part(w, r, p, ren, t)
	case segment:
		h.segment(w, r, p, ren, t)
	}
}

// preflight answers a browser that asks before it fetches; the answer holds for a day.
func preflight(w http.ResponseWriter) {
	hd := w.Header()
	hd[hMethods], hd[hHeaders], hd[hMaxAge] = allowedMethods, allowedHeaders, preflightAge
	hd[hAllow] = allowedMethods
	w.WriteHeader(http.StatusNoContent)
}

func (h *Handler) multivariant(w http.ResponseWriter, r *http.Request, p *packager.Presentation) {
	b, err := p.Multivariant(atOnce)
	if mustWait(err) {
		b, err = h.waitMultivariant(r.Context(), p)
	}
	if err != nil {
		h.fail(w, r, err, ages(b.TargetDuration).plainMissing)
		return
	}
	h.counts.playlists.Add(1)
	h.writePlaylist(w, r, b, ages(b.TargetDuration).plain)
}

func (h *Handler) playlist(w http.ResponseWriter, r *http.Request, p *packager.Presentation, ren *packager.Rendition) {
	q, ok := parseQuery(r.URL.RawQuery)
	if !ok {
		w.Header()[hCache] = noStore
		h.text(w, http.StatusBadRequest, msgDirectives)
		return
	}
	b, err := ren.Playlist(atOnce, q)
	if mustWait(err) {
		b, err = h.waitPlaylist(r.Context(), p, ren, q)
	}
	of := ages(b.TargetDuration)
	age, missing := of.plain, of.plainMissing
	if q.Blocking() {
		age, missing = of.blocking, of.blockingMissing
	}
	if err != nil {
		h.fail(w, r, err, missing)
		return
	}
	h.counts.playlists.Add(1)
	h.writePlaylist(w, r, b, age)
}

func (h *Handler) init(w http.ResponseWriter, r *http.Request, ren *packager.Rendition, t target) {
	b, ok := ren.Init(t.number)
	if !ok {
		h.notFound(w, ages(b.TargetDuration).mediaMissing)
		return
	}
	h.counts.inits.Add(1)
	w.Header()[hType] = typeInit
	h.writeMedia(w, r, urgency(t), packager.Body{Size: int64(len(b.Plain)), TargetDuration: b.TargetDuration}, b.Plain)
}

func (h *Handler) part(w http.ResponseWriter, r *http.Request, p *packager.Presentation, ren *packager.Rendition, t target) {
	b, err := ren.Part(atOnce, t.msn, t.number)
	if mustWait(err) {
		b, err = h.waitPart(r.Context(), p, ren, t)
	}
	if err != nil {
		h.fail(w, r, err, ages(b.TargetDuration).mediaMissing)
		return
	}
	h.counts.parts.Add(1)
	w.Header()[hType] = typeSegment
	h.writeMedia(w, r, urgency(t), packager.Body{Size: int64(len(b.Plain)), TargetDuration: b.TargetDuration}, b.Plain)
}

func (h *Handler) segment(w http.ResponseWriter, r *http.Request, p *packager.Presentation, ren *packager.Rendition, t target) {
	b, err := ren.Segment(atOnce, t.msn)
	if mustWait(err) {
		b, err = h.waitSegment(r.Context(), p, ren, t)
	}
	if err != nil {
		h.fail(w, r, err, ages(b.TargetDuration).mediaMissing)
		return
	}
	h.counts.segments.Add(1)
	w.Header()[hType] = typeSegment
	h.writeMedia(w, r, urgency(t), b, nil)
}

// urgency is the priority of a rendition's media: sound, which is named a…, before picture.
func urgency(t target) []string {
	if t.rendition[0] == 'a' {
		return urgencySound
	}
	return urgencyPicture
}

// fail answers an error of the packager. missing is the lifetime of a 404.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error, missing []string) {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		if r.Context().Err() != nil {
			h.counts.left.Add(1)
		}
		// Whoever left does not see this. Where the server is going down, an answer without a status
		// would be an empty playlist with 200.
		h.unavailable(w)
		return
	}
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Gone:
		h.notFound(w, missing)
	case fault.Invalid:
		w.Header()[hCache] = noStore
		h.text(w, http.StatusBadRequest, msgDirectives)
	case fault.Unavailable, fault.TooMany:
		h.unavailable(w)
	default:
		h.log.Error("a request failed", "path", r.URL.Path, "error", err)
		w.Header()[hCache] = noStore
		h.text(w, http.StatusInternalServerError, msgInternal)
	}
}

func (h *Handler) unavailable(w http.ResponseWriter) {
	w.Header()[hRetry], w.Header()[hCache] = retrySoon, noStore
	h.text(w, http.StatusServiceUnavailable, msgBusy)
}

func (h *Handler) notFound(w http.ResponseWriter, age []string) {
	w.Header()[hCache] = age
	h.text(w, http.StatusNotFound, msgMissing)
}
