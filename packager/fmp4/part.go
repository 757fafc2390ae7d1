package fmp4

import (
	"livesrv/internal/media"
)

// Framing is how the units of an access unit are joined into a sample.
type Framing uint8

// The framings: the bytes as they are (audio, VP9), NAL units behind four-byte lengths, OBUs with size fields.
const (
	Raw Framing = iota
	NALU
	OBU
)

// FramingOf is the framing of a codec's samples.
func FramingOf(c media.Codec) Framing {
	switch c.(type) {
	case *media.H264, *media.H265:
		return NALU
	case *media.AV1:
		return OBU
	}
	return Raw
}

// Sample is one row of a trun.
type Sample struct {
	// AU has the bytes and the sync flag.
	AU *media.AccessUnit
	// Duration is in ticks of the track.
	Duration uint32
	// Offset is PTS − DTS in ticks of the track.
	Offset int32
}

// Run is what a part has of one track.
type Run struct {
	// Track is the track's id in the init segment.
	Track uint32
	// Base is the DTS of the first sample, in ticks of the track.
	Base uint64
	// Framing is the track's.
	Framing Framing
	// Audio says that every sample is a sync sample.
	Audio   bool
	Samples []Sample

	size int // of all samples, set by Part.Size
}

// Part is one moof with its mdat, and the event messages before it (emsgspec: at segment level, before
// moof). A run without samples is left out.
type Part struct {
	// Sequence counts the movie fragments of a rendition from 1.
	Sequence uint32
	Events   []Event
	Runs     []Run
}

// Sample flags of ISO/IEC 14496-12 §8.8.3.1: depends on no other; depends on others and is no sync sample.
const (
	flagsSync    = 0x02000000
	flagsNonSync = 0x01010000
)

const (
	tfhdDuration, tfhdFlags, tfhdBaseIsMoof                           = 0x08, 0x20, 0x020000
	trunData, trunFirst, trunDuration, trunSize, trunFlags, trunShift = 0x01, 0x04, 0x100, 0x200, 0x400, 0x800
)

// layout is how a run is written: what its tfhd says once and what its trun says of every sample.
type layout struct {
	trun     uint32
	version  byte
	duration uint32 // tfhd's default
	flags    uint32 // tfhd's default
}

func (r *Run) layout() layout {
	l := layout{trun: trunData | trunSize, duration: r.Samples[0].Duration, flags: flagsSync}
	if !r.Audio {
		l.flags = flagsNonSync
	}
	for i := range r.Samples {
		s := &r.Samples[i]
		if s.Duration != l.duration {
			l.trun |= trunDuration
		}
		if s.Offset != 0 {
			l.trun |= trunShift
			if s.Offset < 0 {
				l.version = 1 // only version 1 has signed offsets
			}
		}
		if !r.Audio && s.AU.Key {
			if i == 0 {
				l.trun |= trunFirst
			} else {
				l.trun |= trunFlags
			}
		}
	}
	if l.trun&trunFlags != 0 {
		l.trun &^= trunFirst // both at once are not allowed
	}
	return l
}

func (l layout) size(n int) int {
	row := 4
	for _, f := range [...]uint32{trunDuration, trunFlags, trunShift} {
		if l.trun&f != 0 {
			row += 4
		}
	}
	size := 8 + 24 + 20 + 20 + row*n // traf, tfhd, tfdt, trun
	if l.trun&trunFirst != 0 {
		size += 4
	}
	return size
}

// Size is the number of bytes that Append will append.
func (p *Part) Size() int {
	size := 8 + 16 + 8 // moof, mfhd, mdat
	for i := range p.Events {
		size += p.Events[i].size()
	}
	for i := range p.Runs {
		r := &p.Runs[i]
		if len(r.Samples) == 0 {
			continue
		}
		size += r.layout().size(len(r.Samples))
		r.size = 0
		for j := range r.Samples {
			r.size += sampleSize(r.Framing, r.Samples[j].AU.Units)
		}
		size += r.size
	}
	return size
}

// Append appends the part. Size must have been called after the last change.
func (p *Part) Append(b []byte) []byte {
	for i := range p.Events {
		b = p.Events[i].Append(b)
	}
	moof := len(b)
	size := 8 + 16
	for i := range p.Runs {
		if r := &p.Runs[i]; len(r.Samples) > 0 {
			size += r.layout().size(len(r.Samples))
		}
	}
	b = be.AppendUint32(b, uint32(size))
	b = append(b, "moof"...)
	b = be.AppendUint32(b, 16)
	b = append(b, "mfhd"...)
	b = be.AppendUint32(b, 0)
	b = be.AppendUint32(b, p.Sequence)
	data := size + 8
	for i := range p.Runs {
		if r := &p.Runs[i]; len(r.Samples) > 0 {
			b = r.appendTraf(b, data)
			data += r.size
		}
	}
	b = be.AppendUint32(b, uint32(moof+data-len(b)))
	b = append(b, "mdat"...)
	for i := range p.Runs {
		r := &p.Runs[i]
		for j := range r.Samples {
			b = appendSample(b, r.Framing, r.Samples[j].AU.Units)
		}
	}
	return b
}

// appendTraf: "movie-fragment-relative addressing, a tfdt in every traf" (bis §3.1.2).
func (r *Run) appendTraf(b []byte, data int) []byte {
	l := r.layout()
	b = be.AppendUint32(b, uint32(l.size(len(r.Samples))))
	b = append(b, "traf"...)
	b = be.AppendUint32(b, 24)
	b = append(b, "tfhd"...)
	b = be.AppendUint32(b, tfhdDuration|tfhdFlags|tfhdBaseIsMoof)
	b = be.AppendUint32(b, r.Track)
	b = be.AppendUint32(b, l.duration)
	b = be.AppendUint32(b, l.flags)
	b = be.AppendUint32(b, 20)
	b = append(b, "tfdt"...)
	b = be.AppendUint32(b, 1<<24)
	b = be.AppendUint64(b, r.Base)
	b = be.AppendUint32(b, uint32(l.size(len(r.Samples))-8-24-20))
	b = append(b, "trun"...)
	b = be.AppendUint32(b, uint32(l.version)<<24|l.trun)
	b = be.AppendUint32(b, uint32(len(r.Samples)))
	b = be.AppendUint32(b, uint32(data))
	if l.trun&trunFirst != 0 {
		b = be.AppendUint32(b, flagsSync)
	}
	for i := range r.Samples {
		s := &r.Samples[i]
		if l.trun&trunDuration != 0 {
			b = be.AppendUint32(b, s.Duration)
		}
		b = be.AppendUint32(b, uint32(sampleSize(r.Framing, s.AU.Units)))
		if l.trun&trunFlags != 0 {
			flags := uint32(flagsNonSync)
			if s.AU.Key {
				flags = flagsSync
			}
			b = be.AppendUint32(b, flags)
		}
		if l.trun&trunShift != 0 {
			b = be.AppendUint32(b, uint32(s.Offset))
		}
	}
	return b
}

func sampleSize(f Framing, units [][]byte) int {
	n := 0
	for _, u := range units {
		n += len(u)
		switch f {
		case NALU:
			n += 4
		case OBU:
			n += obuExtra(u)
		}
	}
	return n
}

func appendSample(b []byte, f Framing, units [][]byte) []byte {
	for _, u := range units {
		switch f {
		case NALU:
			b = be.AppendUint32(b, uint32(len(u)))
			b = append(b, u...)
		case OBU:
			b = appendOBU(b, u)
		default:
			b = append(b, u...)
		}
	}
	return b
}
