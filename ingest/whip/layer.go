package whip

import (
	"slices"
	"time"

	"livesrv/ingest"
	"livesrv/internal/media"
)

const (
	// videoRing and soundRing are the jitter buffers' sizes in packets, powers of two: three seconds of
	// 4 Mbit/s, and five seconds of sound.
	videoRing = 1024
	soundRing = 256
	// maxPicture bounds a picture's packets in bytes.
	maxPicture = 8 << 20
	// maxDepth is how many pictures a publisher may reorder (H.264 and HEVC allow 16, nobody uses more than 4).
	maxDepth = 4
	// keyDistance is the distance of keyframes in 90 kHz ticks from which an encoder is lazy and is asked. One
	// that had to be asked is asked askAhead earlier from then on: it takes a moment to answer.
	keyDistance = 2 * media.VideoClockRate
	askAhead    = media.VideoClockRate / 8
)

// picture is one access unit of a layer.
type picture struct {
	units   [][]byte
	pts     int64
	dts     int64
	key     bool
	arrived time.Time
}

// layer is one video track as it comes in: the only one, or one layer of a simulcast.
type layer struct {
	rid    string
	ssrc   uint32
	format format
	clock  *trackClock
	jitter ingest.Jitter[packet]

	// The picture under way: its payloads, their stamp, when the first came. closed says that it was handed on
	// at its marker bit.
	payloads [][]byte
	size     int
	stamp    uint32
	first    time.Time
	open     bool
	closed   bool
	damaged  bool
	// byStamp says that markers do not tell pictures apart: this publisher sets one on every slice.
	byStamp bool
	// before are parameter sets that came as a picture of their own and belong to the next.
	before [][]byte

	codec media.Codec
	// saidCodec is what the publication was told.
	saidCodec media.Codec
	// depth is how many pictures may be decoded before one that is shown earlier; recent are the PTS of as many,
	// in order.
	depth  int
	recent []int64
	step   int64
	// needsKey says that what comes cannot be decoded before the next keyframe.
	needsKey bool
	needed   time.Time // since when
	now      time.Time // of the packet that is being taken
	keyed    bool
	isLazy   bool
	lastKey  int64 // PTS
	lastPTS  int64
	lastSeen time.Time
	// shown is when the last picture came that was passed on.
	shown time.Time
	// since is when it came back after a silence.
	since time.Time

	dropped uint64 // pictures that were not passed on
}

func newLayer(rid string, ssrc uint32, f format, clock *trackClock, patience time.Duration) *layer {
	return &layer{rid: rid, ssrc: ssrc, format: f, clock: clock, jitter: ingest.NewJitter[packet](videoRing, patience), needsKey: true}
}

// take gathers a packet that is next in order and calls emit for each picture that is whole. broken says
// that packets before it are lost.
func (l *layer) take(p packet, broken bool, now time.Time, emit func(picture) error) error {
	l.now = now
	if broken {
		// Whichever picture the lost packets belonged to, nothing before the next keyframe can be trusted.
		l.lose()
		l.damaged = true
	}
	if len(p.payload) == 0 {
		return nil // padding, by which senders probe the line
	}
	if (l.open || l.closed) && p.stamp != l.stamp {
		if err := l.finish(emit); err != nil {
			return err
		}
		l.closed = false
		l.damaged = broken
	}
	if l.closed && !broken {
		// More of a picture whose marker has come: it was incomplete as it was handed on.
		l.byStamp, l.damaged = true, true
	}
	if !l.open {
		l.open, l.closed, l.stamp, l.first = true, false, p.stamp, p.arrived
	}
	l.payloads = append(l.payloads, p.payload)
	if l.size += len(p.payload); l.size > maxPicture {
		l.damaged = true
		l.payloads, l.size = l.payloads[:0], 0
	}
	if !p.marker || l.byStamp {
		return nil
	}
	return l.finish(emit)
}

// lose drops the picture under way and waits for a keyframe.
func (l *layer) lose() {
	if !l.needsKey {
		l.needsKey, l.needed = true, l.now
	}
	l.before = nil
	l.reset()
}

func (l *layer) reset() {
	clear(l.payloads)
	l.payloads, l.size, l.open = l.payloads[:0], 0, false
}

// finish takes the picture under way apart and hands it on if it can be decoded.
func (l *layer) finish(emit func(picture) error) error {
	if !l.open {
		return nil
	}
	damaged := l.damaged
	l.damaged = false
	stamp, first := l.stamp, l.first
	var units [][]byte
	if !damaged {
		var err error
		units, err = l.format.units(l.payloads)
		damaged = err != nil
	}
	l.reset()
	pts := l.clock.place(stamp, first)
	if damaged {
		l.dropped++
		l.lose()
		return nil
	}
	if len(units) == 0 {
		return nil
	}
	key, whole, codec := l.format.look(l.codec, units)
	if codec != l.codec {
		l.codec = codec
		if p, ok := media.PictureOf(codec); ok && p.Reorder > l.depth {
			l.depth = min(p.Reorder, maxDepth)
		}
	}
	if !whole {
		if len(l.before)+len(units) <= maxUnits {
			l.before = append(l.before, units...)
		}
		return nil
	}
	l.closed = true
	if l.before != nil {
		units = append(l.before, units...)
		l.before = nil
	}
	dts := l.decodeTime(pts)
	l.lastPTS = pts
	if key {
		l.needsKey, l.keyed, l.lastKey = false, true, pts
	}
	if l.needsKey {
		l.dropped++
		return nil
	}
	l.shown = l.now
	return emit(picture{units: units, pts: pts, dts: dts, key: key, arrived: first})
}

// decodeTime is when a picture is to be decoded. RTP carries only when it is shown; pictures come in the order of
// decoding. Where depth pictures may overtake one, the n-th picture's DTS is the PTS that is depth places back in the
// order of showing: it is known by then, and so nothing waits. A publisher that reorders more than its parameter sets
// say is believed what it does; the stream puts right the one picture that is stamped too late by it.
func (l *layer) decodeTime(pts int64) int64 {
	if n := len(l.recent); n > 0 {
		if d := pts - l.recent[n-1]; d > 0 {
			l.step = min(d, media.VideoClockRate/5)
		} else if d <= -media.VideoClockRate {
			l.recent = l.recent[:0] // the publisher's clock was set
		} else if d < 0 {
			behind := 1
			for behind < n && pts < l.recent[n-1-behind] {
				behind++
			}
			l.depth = min(max(l.depth, behind), maxDepth)
		}
	}
	i, _ := slices.BinarySearch(l.recent, pts)
	l.recent = slices.Insert(l.recent, i, pts)
	if over := len(l.recent) - l.depth - 1; over > 0 {
		l.recent = slices.Delete(l.recent, 0, over)
	}
	missing := int64(l.depth + 1 - len(l.recent))
	return l.recent[0] - missing*l.step
}

// decodable says whether the layer's parameter sets are known, and its size.
func (l *layer) decodable() (pixels int, ok bool) {
	if l.codec == nil {
		return 0, false
	}
	p, ok := media.PictureOf(l.codec)
	return p.Width * p.Height, ok && l.keyed
}

// freshLoss says that a keyframe has come to be needed since it was last asked for.
func (l *layer) freshLoss(asked time.Time) bool { return l.needsKey && l.needed.After(asked) }

// lazy says that the last keyframe is too long ago on the publisher's own clock.
func (l *layer) lazy() bool {
	passed := l.lastPTS - l.lastKey
	l.isLazy = l.isLazy || l.keyed && passed >= keyDistance
	return l.isLazy && passed >= keyDistance-askAhead
}
