// Package media holds the nouns of the media line: tracks, the closed sum of codecs, access units and
// integer tick arithmetic. It moves no bytes and starts nothing; containers are in packager/fmp4, time
// repair is in internal/stream.
//
// To add a codec: add a type to codec.go, its boxes to packager/fmp4, and its parsing to the ingest that
// speaks it. Nothing else switches on codecs.
package media

import (
	"math/bits"
	"time"
)

// VideoClockRate is the clock rate of every video track, in ticks per second.
const VideoClockRate = 90000

// Track is one elementary stream: one codec on one clock.
type Track struct {
	// ID is the track's index within its stream, from 0.
	ID int
	// Codec carries the parameter sets that are needed before decoding.
	Codec Codec
	// ClockRate is in ticks per second: 90000 for video, the sample rate for audio.
	ClockRate int
}

// AccessUnit is all the bytes of one picture or of one audio frame.
//
// An AccessUnit is immutable once handed to a stream: every reader shares it.
type AccessUnit struct {
	// Track is the Track.ID it belongs to.
	Track int
	// PTS and DTS are in ticks of the track's clock. What a protocol delivers counts from the
	// publisher's own zero; what a stream delivers is on the stream's one continuous timeline.
	PTS, DTS int64
	// Wall is the capture time of PTS as the stream estimates it; zero before the stream has stamped it.
	Wall time.Time
	// Arrived is when the last byte came in, for delay measurements.
	Arrived time.Time
	// Key says that decoding can start here. Always true for audio.
	Key bool
	// Units are NAL units without start codes or lengths (H.264, HEVC), OBUs without temporal
	// delimiters (AV1), or exactly one frame: a VP9 frame or superframe, an audio frame.
	Units [][]byte
}

// Size is the number of payload bytes.
func (u *AccessUnit) Size() int {
	n := 0
	for _, b := range u.Units {
		n += len(b)
	}
	return n
}

// Rescale converts v ticks at rate from into ticks at rate to, rounding to the nearest (half away from
// zero). It cannot overflow on the way; the result must fit into an int64. from and to are > 0.
func Rescale(v int64, from, to int) int64 {
	if from == to {
		return v
	}
	neg := v < 0
	if neg {
		v = -v
	}
	hi, lo := bits.Mul64(uint64(v), uint64(to))
	lo, carry := bits.Add64(lo, uint64(from)/2, 0)
	q, _ := bits.Div64(hi+carry, lo, uint64(from))
	if neg {
		return -int64(q)
	}
	return int64(q)
}

// Ticks converts a duration into ticks at the given rate, rounding to the nearest.
func Ticks(d time.Duration, rate int) int64 { return Rescale(int64(d), int(time.Second), rate) }

// Duration converts ticks at the given rate into a duration, rounding to the nearest nanosecond.
func Duration(ticks int64, rate int) time.Duration {
	return time.Duration(Rescale(ticks, rate, int(time.Second)))
}
