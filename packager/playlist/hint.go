package playlist

import "strconv"

// Hint is EXT-X-PRELOAD-HINT: the part that comes next, and its init segment where that is new.
type Hint struct {
	Part string
	// Map is "" unless the next part uses another init segment than the last (App B.1).
	Map string
}

// Append appends one tag per type.
func (h *Hint) Append(b []byte) []byte {
	if h.Map != "" {
		b = append(b, "#EXT-X-PRELOAD-HINT:TYPE=MAP"...)
		b = append(quoted(b, "URI", h.Map), '\n')
	}
	b = append(b, "#EXT-X-PRELOAD-HINT:TYPE=PART"...)
	return append(quoted(b, "URI", h.Part), '\n')
}

// Report is EXT-X-RENDITION-REPORT: how far another rendition is.
type Report struct {
	// URI is relative to this playlist.
	URI string
	// MSN and Part are the last ones of that rendition.
	MSN  uint64
	Part int
}

// Append appends the tag.
func (r *Report) Append(b []byte) []byte {
	b = append(b, "#EXT-X-RENDITION-REPORT:"...)
	b = quoted(b, "URI", r.URI)
	b = strconv.AppendUint(attr(b, "LAST-MSN"), r.MSN, 10)
	b = strconv.AppendInt(attr(b, "LAST-PART"), int64(r.Part), 10)
	return append(b, '\n')
}
