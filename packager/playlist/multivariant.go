package playlist

import "strconv"

// Multivariant is a multivariant playlist.
type Multivariant struct {
	// IndependentSegments claims that every segment of every variant begins with an independent frame.
	IndependentSegments bool
	Variants            []Variant
}

// Variant is EXT-X-STREAM-INF with its URI.
type Variant struct {
	URI string
	// Bandwidth is the peak and AverageBandwidth the average segment bit rate, in bits per second.
	Bandwidth, AverageBandwidth int64
	// Codecs lists every codec of the variant, separated by commas (RFC 6381).
	Codecs string
	// Width and Height are in pixels, 0 for audio.
	Width, Height int
	// FrameRate is in pictures per second, 0 for audio.
	FrameRate float64
}

// multivariantVersion: nothing in the multivariant playlist asks for a version, but its renditions use
// EXT-X-MAP (6), and a player that is too old should know before it loads them.
const multivariantVersion = 6

// Append appends the playlist's text.
func (m *Multivariant) Append(b []byte) []byte {
	b = append(b, "#EXTM3U\n#EXT-X-VERSION:"...)
	b = strconv.AppendInt(b, multivariantVersion, 10)
	b = append(b, '\n')
	if m.IndependentSegments {
		b = append(b, "#EXT-X-INDEPENDENT-SEGMENTS\n"...)
	}
	for i := range m.Variants {
		b = m.Variants[i].append(b)
	}
	return b
}

// append: "BANDWIDTH, AVERAGE-BANDWIDTH, CODECS, RESOLUTION and FRAME-RATE MUST be there" (App 9.1, 9.2,
// 9.14, 9.15).
func (v *Variant) append(b []byte) []byte {
	b = append(b, "#EXT-X-STREAM-INF:"...)
	b = strconv.AppendInt(attr(b, "BANDWIDTH"), v.Bandwidth, 10)
	b = strconv.AppendInt(attr(b, "AVERAGE-BANDWIDTH"), v.AverageBandwidth, 10)
	b = quoted(b, "CODECS", v.Codecs)
	if v.Width > 0 && v.Height > 0 {
		b = strconv.AppendInt(attr(b, "RESOLUTION"), int64(v.Width), 10)
		b = append(b, 'x')
		b = strconv.AppendInt(b, int64(v.Height), 10)
	}
	if v.FrameRate > 0 {
		b = strconv.AppendFloat(attr(b, "FRAME-RATE"), v.FrameRate, 'f', 3, 64)
	}
	b = append(b, '\n')
	b = append(b, v.URI...)
	return append(b, '\n')
}
