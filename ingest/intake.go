package ingest

import (
	"bytes"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"

	"livesrv/internal/media"
)

const (
	// maxWaiting and maxWaitingBytes bound the access units that wait for the tracks to be known.
	maxWaiting      = 2048
	maxWaitingBytes = 16 << 20
)

// Sink is where an Intake's media goes: a *Publication.
type Sink interface {
	SetTracks([]media.Track) error
	Write(*media.AccessUnit) error
}

// Intake gathers the tracks of a publisher whose protocol makes them known one by one: what comes waits, a
// while, until all that is expected can be decoded. A track keeps its ID for the whole publication.
type Intake struct {
	sink Sink
	wait time.Duration

	slots        []slot
	tracks       []media.Track
	told         bool
	waiting      []*media.AccessUnit // with slots in place of track IDs
	waitingBytes int
	since        time.Time // of the first media
}

// slot is one elementary stream of the publisher.
type slot struct {
	id      int // the track's, -1 until it has one
	codec   media.Codec
	rate    int
	without bool // nothing that can be used will come
}

// NewIntake makes one that waits no longer than wait after the first media.
func NewIntake(sink Sink, wait time.Duration) *Intake {
	return &Intake{sink: sink, wait: wait}
}

// Expect says that one more track is to come, and gives its slot.
func (in *Intake) Expect() int {
	in.slots = append(in.slots, slot{id: -1})
	return len(in.slots) - 1
}

// Without says that a slot's track cannot be used, or comes no more: nobody waits for it.
func (in *Intake) Without(slot int) { in.slots[slot].without = true }

// Codec is what a slot's track is, nil while that is not known.
func (in *Intake) Codec(slot int) media.Codec { return in.slots[slot].codec }

// SetCodec says what a slot's track is, or has become. What says the same again changes nothing.
func (in *Intake) SetCodec(slot int, c media.Codec, rate int) error {
	s := &in.slots[slot]
	if s.codec != nil && s.rate == rate && media.Equal(s.codec, c) {
		return nil
	}
	s.codec, s.rate, s.without = c, rate, false
	if !in.told {
		return nil
	}
	return in.tell()
}

// Write hands an access unit of a slot on; au.Track is set here. What comes before its track is known is
// left out.
func (in *Intake) Write(slot int, au *media.AccessUnit) error {
	if in.slots[slot].codec == nil {
		return nil
	}
	if in.told {
		au.Track = in.slots[slot].id
		return in.sink.Write(au)
	}
	if in.since.IsZero() {
		in.since = time.Now()
	}
	au.Track = slot
	in.waiting = append(in.waiting, au)
	in.waitingBytes += au.Size()
	return in.settle()
}

// settle decides whether all tracks are known, or enough has been waited.
func (in *Intake) settle() error {
	if time.Since(in.since) < in.wait && len(in.waiting) < maxWaiting && in.waitingBytes < maxWaitingBytes {
		for _, s := range in.slots {
			if s.codec == nil && !s.without {
				return nil
			}
		}
	}
	in.told = true
	if err := in.tell(); err != nil {
		return err
	}
	for _, au := range in.waiting {
		au.Track = in.slots[au.Track].id
		if err := in.sink.Write(au); err != nil {
			return err
		}
	}
	in.waiting = nil
	return nil
}

// tell gives the tracks to the publication.
func (in *Intake) tell() error {
	for i := range in.slots {
		s := &in.slots[i]
		if s.codec == nil {
			continue
		}
		if s.id < 0 {
			s.id = len(in.tracks)
			in.tracks = append(in.tracks, media.Track{})
		}
		in.tracks[s.id] = media.Track{ID: s.id, Codec: s.codec, ClockRate: s.rate}
	}
	return in.sink.SetTracks(append([]media.Track(nil), in.tracks...))
}

// ParameterSets is the H.264 or HEVC codec as the NAL units of a picture describe it: old where they carry
// no parameter sets or the same again, and old too, which may be nil, while a set is missing.
func ParameterSets(old media.Codec, hevc bool, units [][]byte) media.Codec {
	var vps, sps, pps []byte
	for _, u := range units {
		if len(u) < 2 {
			continue
		}
		to := &vps
		if hevc {
			switch h265.NALUType(u[0] >> 1 & 0x3F) {
			case h265.NALUType_VPS_NUT:
			case h265.NALUType_SPS_NUT:
				to = &sps
			case h265.NALUType_PPS_NUT:
				to = &pps
			default:
				continue
			}
		} else {
			switch h264.NALUType(u[0] & 0x1F) {
			case h264.NALUTypeSPS:
				to = &sps
			case h264.NALUTypePPS:
				to = &pps
			default:
				continue
			}
		}
		if *to == nil { // a picture parameter set with another id stays with its pictures
			*to = u
		}
	}
	if vps == nil && sps == nil && pps == nil {
		return old
	}
	var now media.Codec
	if hevc {
		o, _ := old.(*media.H265)
		if o == nil {
			o = &media.H265{}
		}
		now = &media.H265{VPS: newest(vps, o.VPS), SPS: newest(sps, o.SPS), PPS: newest(pps, o.PPS)}
	} else {
		o, _ := old.(*media.H264)
		if o == nil {
			o = &media.H264{}
		}
		now = &media.H264{SPS: newest(sps, o.SPS), PPS: newest(pps, o.PPS)}
	}
	if _, ok := media.PictureOf(now); !ok || !complete(now) || old != nil && media.Equal(old, now) {
		return old
	}
	return now
}

// newest is a copy of a parameter set, or the one there was.
func newest(now, old []byte) []byte {
	if now == nil || bytes.Equal(now, old) {
		return old
	}
	return bytes.Clone(now)
}

func complete(c media.Codec) bool {
	switch c := c.(type) {
	case *media.H264:
		return len(c.SPS) > 0 && len(c.PPS) > 0
	case *media.H265:
		return len(c.VPS) > 0 && len(c.SPS) > 0 && len(c.PPS) > 0
	}
	return true
}
