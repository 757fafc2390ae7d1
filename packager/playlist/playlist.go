// Package playlist turns playlist values into M3U8 text and back: media playlists with every tag of
// low-latency HLS, delta updates, and multivariant playlists.
//
// It knows the syntax and the order of tags, one file per group of tags. It does not decide what is
// listed, keeps no state and waits for nothing; package packager does. Everything appends to the
// caller's buffer. Parse reads what this package writes, for tests and tools; it is not a parser for
// playlists of others.
package playlist

import (
	"strconv"
	"time"
)

// Media is a media playlist as values. Its Append writes tags in this order: header, dateranges, skip,
// segments, the open segment's parts, preload hint, rendition reports, end.
type Media struct {
	Header
	DateRanges []DateRange
	// Skip makes this a delta update.
	Skip     *Skip
	Segments []Segment
	// Open is the segment that is being made: it has parts, no duration and no URI yet.
	Open    *Segment
	Hint    *Hint
	Reports []Report
	// End writes EXT-X-ENDLIST.
	End bool
}

// Append appends the playlist's text.
func (m *Media) Append(b []byte) []byte {
	b = m.Header.Append(b)
	for i := range m.DateRanges {
		b = m.DateRanges[i].Append(b)
	}
	if m.Skip != nil {
		b = m.Skip.Append(b)
	}
	for i := range m.Segments {
		b = m.Segments[i].Append(b)
	}
	if m.Open != nil {
		b = m.Open.AppendOpen(b)
	}
	if m.Hint != nil {
		b = m.Hint.Append(b)
	}
	for i := range m.Reports {
		b = m.Reports[i].Append(b)
	}
	if m.End {
		b = AppendEnd(b)
	}
	return b
}

// AppendEnd appends EXT-X-ENDLIST.
func AppendEnd(b []byte) []byte { return append(b, "#EXT-X-ENDLIST\n"...) }

// seconds appends a duration as decimal seconds, rounded to the microsecond, with at least three and no
// needless decimals. Rounding never reorders two durations, so a part that is not over its target is not
// over it in the text either.
func seconds(b []byte, d time.Duration) []byte {
	us := (int64(d) + 500) / 1000
	b = strconv.AppendInt(b, us/1e6, 10)
	frac := us % 1e6
	b = append(b, '.')
	for div := int64(1e5); div > 0; div /= 10 {
		if frac == 0 && div < 1e3 {
			break
		}
		b = append(b, byte('0'+frac/div))
		frac %= div
	}
	return b
}

// DateTimeLayout is how times are written: to the millisecond, in UTC (bis §4.4.4.6 and §4.4.5.1 ask for
// a zone and milliseconds).
const DateTimeLayout = "2006-01-02T15:04:05.000Z"

func dateTime(b []byte, t time.Time) []byte { return t.UTC().AppendFormat(b, DateTimeLayout) }
