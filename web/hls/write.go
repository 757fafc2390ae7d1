package hls

import (
	"io"
	"net/http"
	"strconv"

	"livesrv/packager"
)

// What errors say. A player shows none of it; whoever looks with a browser or curl does.
var (
	msgMissing    = []byte("There is nothing under this address.\n")
	msgMethod     = []byte("Use GET.\n")
	msgDirectives = []byte("This is not a segment that can be waited for: _HLS_msn and _HLS_part must be whole numbers, " +
		"_HLS_part needs _HLS_msn, and both must lie at most a little ahead of the playlist.\n")
	msgBusy     = []byte("Not now. Ask again in a second.\n")
	msgInternal = []byte("Something went wrong here. It has been logged.\n")
	msgRange    = []byte("The range lies outside the file.\n")
)

// text answers a status with a shared message.
func (h *Handler) text(w http.ResponseWriter, status int, msg []byte) {
	switch {
	case status == http.StatusNotFound:
		h.counts.missing.Add(1)
	case status == http.StatusServiceUnavailable:
		h.counts.refused.Add(1)
	case status >= 500:
		h.counts.failed.Add(1)
	default:
		h.counts.invalid.Add(1)
	}
	hd := w.Header()
	hd[hType], hd[hLength] = typeText, h.sizes.of(len(msg))
	w.WriteHeader(status)
	h.send(w, msg)
}

// writePlaylist answers a playlist, compressed for whoever takes it (rule 29).
func (h *Handler) writePlaylist(w http.ResponseWriter, r *http.Request, b packager.Blob, age []string) {
	hd := w.Header()
	hd[hType], hd[hCache], hd[hPriority], hd[hVary] = typePlaylist, age, urgencyPlaylist, varyCoding
	body := b.Plain
	if b.Gzip != nil && acceptsGzip(r.Header[hAcceptEnc]) {
		hd[hCoding], body = gzipped, b.Gzip
	}
	hd[hLength] = h.sizes.of(len(body))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		h.send(w, body)
	}
}

// writeMedia answers bytes that never change: one, or where that is nil the parts of b one after the other.
func (h *Handler) writeMedia(w http.ResponseWriter, r *http.Request, urgency []string, b packager.Body, one []byte) {
	hd := w.Header()
	hd[hCache], hd[hPriority], hd[hAccept] = ages(b.TargetDuration).media, urgency, bytesUnit
	if spec := r.Header["Range"]; len(spec) == 1 && r.Method == http.MethodGet && r.Header["If-Range"] == nil {
		if h.writeRange(w, spec[0], b, one) {
			return
		}
	}
	hd[hLength], hd[hDate] = h.sizes.of(int(b.Size)), h.dates.now()
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodGet {
		return
	}
	if one != nil {
		h.send(w, one)
		return
	}
	for _, p := range b.Parts {
		if !h.send(w, p) {
			return
		}
	}
}

// writeRange answers a request for a range, false where it is to be answered as if there were none.
// There are no validators, so a range with If-Range never comes here (RFC 9110 §13.1.5).
func (h *Handler) writeRange(w http.ResponseWriter, spec string, b packager.Body, one []byte) bool {
	s, verdict := parseRange(spec, int(b.Size))
	hd := w.Header()
	size := strconv.FormatInt(b.Size, 10)
	switch verdict {
	case whole:
		return false
	case unsatisfiable:
		hd[hRange], hd[hCache] = []string{"bytes */" + size}, noStore
		h.text(w, http.StatusRequestedRangeNotSatisfiable, msgRange)
		return true
	}
	hd[hRange] = []string{"bytes " + strconv.Itoa(s.from) + "-" + strconv.Itoa(s.to-1) + "/" + size}
	hd[hLength] = []string{strconv.Itoa(s.to - s.from)}
	w.WriteHeader(http.StatusPartialContent)
	if one != nil {
		h.send(w, one[s.from:s.to])
		return true
	}
	for _, p := range b.Parts {
		from, to := max(0, s.from), min(len(p), s.to)
		if from < to && !h.send(w, p[from:to]) {
			return true
		}
		s.from, s.to = s.from-len(p), s.to-len(p)
	}
	return true
}

// send writes b; false says that the viewer has left. A large body goes to the socket as it is, and the
// last bytes leave when the handler returns, so nothing need be flushed by hand.
func (h *Handler) send(w io.Writer, b []byte) bool {
	n, err := w.Write(b)
	h.counts.bytes.Add(uint64(n))
	return err == nil
}
