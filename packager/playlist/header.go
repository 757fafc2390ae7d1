package playlist

import (
	"strconv"
	"time"
)

// Header is what stands before the first segment. All but the two sequence numbers is frozen for the
// life of a playlist (bis §6.2.1).
type Header struct {
	// Version is EXT-X-VERSION: 6 for EXT-X-MAP, 9 for EXT-X-SKIP, 10 for one that skips dateranges (bis §8).
	Version int
	// TargetDuration is in whole seconds.
	TargetDuration int
	// PartTarget is the longest part, 0 where there are none.
	PartTarget time.Duration
	Control    ServerControl
	// MediaSequence is the number of the first segment, skipped ones counted.
	MediaSequence uint64
	// DiscontinuitySequence is always written (App 8.17).
	DiscontinuitySequence uint64
}

// ServerControl is EXT-X-SERVER-CONTROL; "identical in all renditions" (bis §6.2.4).
type ServerControl struct {
	// CanBlock offers blocking reload.
	CanBlock bool
	// HoldBack and PartHoldBack are how far from the live edge players start, at least three target
	// durations and three part targets; 0 leaves them out.
	HoldBack, PartHoldBack time.Duration
	// CanSkipUntil is the skip boundary, at least six target durations; 0 offers no delta updates.
	CanSkipUntil time.Duration
	// CanSkipDateRanges offers _HLS_skip=v2.
	CanSkipDateRanges bool
}

// Append appends the header.
func (h *Header) Append(b []byte) []byte {
	b = append(b, "#EXTM3U\n#EXT-X-VERSION:"...)
	b = strconv.AppendInt(b, int64(h.Version), 10)
	b = append(b, "\n#EXT-X-TARGETDURATION:"...)
	b = strconv.AppendInt(b, int64(h.TargetDuration), 10)
	b = append(b, '\n')
	b = h.Control.append(b)
	if h.PartTarget > 0 {
		b = append(b, "#EXT-X-PART-INF:PART-TARGET="...)
		b = append(seconds(b, h.PartTarget), '\n')
	}
	b = append(b, "#EXT-X-MEDIA-SEQUENCE:"...)
	b = strconv.AppendUint(b, h.MediaSequence, 10)
	b = append(b, "\n#EXT-X-DISCONTINUITY-SEQUENCE:"...)
	b = strconv.AppendUint(b, h.DiscontinuitySequence, 10)
	return append(b, '\n')
}

func (c *ServerControl) append(b []byte) []byte {
	if *c == (ServerControl{}) {
		return b
	}
	b = append(b, "#EXT-X-SERVER-CONTROL:"...)
	if c.CanBlock {
		b = append(attr(b, "CAN-BLOCK-RELOAD"), "YES"...)
	}
	if c.CanSkipUntil > 0 {
		b = seconds(attr(b, "CAN-SKIP-UNTIL"), c.CanSkipUntil)
		if c.CanSkipDateRanges {
			b = append(attr(b, "CAN-SKIP-DATERANGES"), "YES"...)
		}
	}
	if c.HoldBack > 0 {
		b = seconds(attr(b, "HOLD-BACK"), c.HoldBack)
	}
	if c.PartHoldBack > 0 {
		b = seconds(attr(b, "PART-HOLD-BACK"), c.PartHoldBack)
	}
	return append(b, '\n')
}
