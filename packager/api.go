package packager

import "time"

// Blob is one resource as every viewer gets it. Its bytes are shared: read only.
type Blob struct {
	// Plain is the resource as it is; Gzip the same compressed, nil for media.
	Plain, Gzip []byte
	// TargetDuration is the playlist's, for the cache times of docs/hls.md rule 30.
	TargetDuration time.Duration
	// Ended says that the presentation has ended: the playlist will not change any more.
	Ended bool
}

// Body is a segment: its parts, to be written one after the other. Shared: read only.
type Body struct {
	Parts [][]byte
	Size  int64
	// TargetDuration is the playlist's, for cache times.
	TargetDuration time.Duration
}

// SkipMode is what _HLS_skip asks for.
type SkipMode uint8

// The skip modes: a whole playlist, a delta update (_HLS_skip=YES), one that also leaves out old
// dateranges (_HLS_skip=v2).
const (
	SkipNone SkipMode = iota
	SkipV1
	SkipV2
)

// Query is what a playlist request asks for: the delivery directives of docs/hls.md, rules 22 to 27.
type Query struct {
	// HasMSN and HasPart say whether _HLS_msn and _HLS_part were given.
	HasMSN, HasPart bool
	MSN             uint64
	Part            int
	Skip            SkipMode
}

// Blocking says whether the request may be held, and thus which cache time its answer has.
func (q Query) Blocking() bool { return q.HasMSN }

// Attr is one X- attribute of a cue's DATERANGE; its value is written as a quoted string.
type Attr struct {
	// Name begins with X- and has upper-case letters, digits and hyphens only.
	Name string
	// Value is not empty and has no line break, no quotation mark and no "{$".
	Value string
}

// Cue is a timed item for playlist and media. What it means is the caller's.
type Cue struct {
	// ID is unique within the presentation and never reused; not numeric. Class groups cues of a kind.
	ID, Class string
	// Start is the wall time it begins at; to the millisecond. End is zero while it is open.
	Start, End time.Time
	// Attrs are written in the order given.
	Attrs []Attr
	// Scheme is the emsg scheme_id_uri; "" writes no emsg.
	Scheme string
	// Payload is the message_data from Start on, EndPayload that of the one event at the end; nil writes none.
	Payload, EndPayload []byte
}

// Bound is a cue's place, as playlist and media have it.
type Bound struct {
	// Start and End are as written in the playlist; End is zero while the cue is open.
	Start, End time.Time
	// Media is Start on the presentation timeline, 0 at its first sample; negative for a start before it.
	Media time.Duration
	// Placed says that there is media, and Media thus means something.
	Placed bool
}

// Stats are a presentation's counters and gauges.
type Stats struct {
	// OnAir says whether media is coming in; Ended that the playlists have ended.
	OnAir, Ended bool
	// Silent says that the pictures which come in have no sound of the publisher's: silence stands in for it.
	Silent bool
	// Parts and Segments count what was published, over all renditions; GapSegments those that are gaps.
	Parts, Segments, GapSegments uint64
	// NotIndependent counts segments, in each rendition, that had to be cut where there is no keyframe.
	NotIndependent uint64
	// Discontinuities counts changes of tracks or parameter sets.
	Discontinuities uint64
	// Retimed counts pictures whose DTS was taken back to keep a part within its bounds.
	Retimed uint64
	// Dropped counts access units that could not be placed: before the first keyframe or after a gap.
	Dropped uint64
	// Bytes is what the retained parts hold, over all renditions.
	Bytes int64
	// Cues is the number of cues kept.
	Cues int
	// PartTarget is PART-TARGET as frozen, 0 before the first part.
	PartTarget time.Duration
	// FrameRate is the measured rate of the leading variant's pictures, 0 without any.
	FrameRate float64
	// Edge is the wall time of the live edge, zero before the first part.
	Edge time.Time
}
