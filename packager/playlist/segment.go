package playlist

import "time"

// Segment is one media segment with what is said of it.
type Segment struct {
	// Discontinuity writes EXT-X-DISCONTINUITY before it.
	Discontinuity bool
	// Map is the URI of its init segment where that differs from the one before, else "".
	Map string
	// DateTime is the wall time of its first sample, to the millisecond; always written (App B.1).
	DateTime time.Time
	// Gap says that there is no media.
	Gap bool
	// Parts are listed for the last three target durations only.
	Parts    []Part
	Duration time.Duration
	URI      string
}

// Part is one partial segment.
type Part struct {
	Duration time.Duration
	URI      string
	// Independent says that it has an independent frame; Gap that there is no media.
	Independent, Gap bool
}

// Append appends a complete segment.
func (s *Segment) Append(b []byte) []byte {
	b = s.AppendOpen(b)
	if s.Gap {
		b = append(b, "#EXT-X-GAP\n"...)
	}
	b = append(b, "#EXTINF:"...)
	b = append(seconds(b, s.Duration), ",\n"...)
	b = append(b, s.URI...)
	return append(b, '\n')
}

// AppendOpen appends what is known of a segment that is still being made. "DISCONTINUITY, MAP and
// PROGRAM-DATE-TIME of a segment go before its first EXT-X-PART" (bis §4.4.4.9).
func (s *Segment) AppendOpen(b []byte) []byte {
	b = s.AppendHead(b)
	for i := range s.Parts {
		b = s.Parts[i].Append(b)
	}
	return b
}

// AppendHead appends what stands before a segment's first part.
func (s *Segment) AppendHead(b []byte) []byte {
	if s.Discontinuity {
		b = AppendDiscontinuity(b)
	}
	if s.Map != "" {
		b = AppendMap(b, s.Map)
	}
	b = append(b, "#EXT-X-PROGRAM-DATE-TIME:"...)
	return append(dateTime(b, s.DateTime), '\n')
}

// AppendDiscontinuity appends EXT-X-DISCONTINUITY.
func AppendDiscontinuity(b []byte) []byte { return append(b, "#EXT-X-DISCONTINUITY\n"...) }

// AppendMap appends EXT-X-MAP.
func AppendMap(b []byte, uri string) []byte {
	b = append(b, "#EXT-X-MAP:"...)
	return append(quoted(b, "URI", uri), '\n')
}

// Append appends EXT-X-PART.
func (p *Part) Append(b []byte) []byte {
	b = append(b, "#EXT-X-PART:"...)
	b = seconds(attr(b, "DURATION"), p.Duration)
	b = quoted(b, "URI", p.URI)
	if p.Independent {
		b = append(b, ",INDEPENDENT=YES"...)
	}
	if p.Gap {
		b = append(b, ",GAP=YES"...)
	}
	return append(b, '\n')
}
