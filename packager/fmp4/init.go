package fmp4

import (
	"livesrv/internal/fault"
	"livesrv/internal/media"
)

// Track is one track of an init segment.
type Track struct {
	// ID is the track's id in the file, from 1.
	ID uint32
	// Timescale is in ticks per second.
	Timescale uint32
	// Codec carries the parameter sets.
	Codec media.Codec
}

// AppendInit appends an init segment for the tracks. It fails with fault.Invalid where a track's
// parameter sets are missing or cannot be read; dst is returned unchanged then.
func AppendInit(dst []byte, tracks []Track) ([]byte, error) {
	b := appendFtyp(dst, tracks)
	b, moov := open(b, "moov")
	b = appendMvhd(b, tracks)
	for _, t := range tracks {
		var err error
		if b, err = appendTrak(b, t); err != nil {
			return dst, err
		}
	}
	b, mvex := open(b, "mvex")
	for _, t := range tracks {
		var at int
		b, at = openFull(b, "trex", 0, 0)
		b = be.AppendUint32(b, t.ID)
		b = be.AppendUint32(b, 1) // default_sample_description_index
		b = zeros(b, 12)          // duration, size and flags come with every fragment
		b = end(b, at)
	}
	b = end(b, mvex)
	return end(b, moov), nil
}

// appendFtyp: "the compatible brands of ftyp … 'iso6' or later" (bis §3.1.2), 'aid3' says that ID3 comes
// in emsg boxes, 'cmfc' claims CMAF and is only true of a file with one track.
func appendFtyp(b []byte, tracks []Track) []byte {
	b, at := open(b, "ftyp")
	b = append(b, "iso6"...)
	b = be.AppendUint32(b, 1)
	b = append(b, "iso6mp41aid3"...)
	if len(tracks) == 1 {
		b = append(b, "cmfc"...)
	}
	for _, t := range tracks {
		if _, ok := t.Codec.(*media.AV1); ok {
			b = append(b, "av01"...) // AV1 in ISOBMFF §2.1
		}
	}
	return end(b, at)
}

// appendMvhd: "the duration fields of mvhd and tkhd MUST be 0" (bis §3.1.2).
func appendMvhd(b []byte, tracks []Track) []byte {
	next := uint32(1)
	for _, t := range tracks {
		next = max(next, t.ID+1)
	}
	b, at := openFull(b, "mvhd", 0, 0)
	b = zeros(b, 8)
	b = be.AppendUint32(b, 1000)
	b = be.AppendUint32(b, 0)
	b = be.AppendUint32(b, 0x10000)
	b = be.AppendUint16(b, 0x100)
	b = zeros(b, 10)
	b = matrix(b)
	b = zeros(b, 24)
	b = be.AppendUint32(b, next)
	return end(b, at)
}

func appendTrak(b []byte, t Track) ([]byte, error) {
	video := t.Codec.Kind() == media.Video
	var shape shape
	if video {
		var ok bool
		if shape, ok = shapeOf(t.Codec); !ok {
			return b, unusable(t.Codec)
		}
	}
	b, trak := open(b, "trak")
	b = appendTkhd(b, t.ID, video, shape)
	b, mdia := open(b, "mdia")
	b, at := openFull(b, "mdhd", 0, 0)
	b = zeros(b, 8)
	b = be.AppendUint32(b, t.Timescale)
	b = be.AppendUint32(b, 0)
	b = be.AppendUint16(b, 0x55C4) // "und"
	b = be.AppendUint16(b, 0)
	b = end(b, at)
	handler, name := "soun", "SoundHandler\x00"
	if video {
		handler, name = "vide", "VideoHandler\x00"
	}
	b, at = openFull(b, "hdlr", 0, 0)
	b = be.AppendUint32(b, 0)
	b = append(b, handler...)
	b = zeros(b, 12)
	b = append(b, name...)
	b = end(b, at)
	b, minf := open(b, "minf")
	if video {
		b, at = openFull(b, "vmhd", 0, 1)
		b = zeros(b, 8)
	} else {
		b, at = openFull(b, "smhd", 0, 0)
		b = zeros(b, 4)
	}
	b = end(b, at)
	b = appendDinf(b)
	b, err := appendStbl(b, t, shape)
	if err != nil {
		return b, err
	}
	b = end(b, minf)
	b = end(b, mdia)
	return end(b, trak), nil
}

func appendTkhd(b []byte, id uint32, video bool, s shape) []byte {
	b, at := openFull(b, "tkhd", 0, 3) // enabled, in movie
	b = zeros(b, 8)
	b = be.AppendUint32(b, id)
	b = zeros(b, 4+4+8+2)
	if video {
		b = zeros(b, 4)
	} else {
		b = be.AppendUint16(b, 1)     // alternate group
		b = be.AppendUint16(b, 0x100) // volume
	}
	b = zeros(b, 2)
	b = matrix(b)
	b = be.AppendUint32(b, uint32(s.displayWidth())<<16)
	b = be.AppendUint32(b, uint32(s.height)<<16)
	return end(b, at)
}

func appendDinf(b []byte) []byte {
	b, dinf := open(b, "dinf")
	b, dref := openFull(b, "dref", 0, 0)
	b = be.AppendUint32(b, 1)
	b, at := openFull(b, "url ", 0, 1) // in the same file
	b = end(b, at)
	b = end(b, dref)
	return end(b, dinf)
}

// appendStbl: "the init section has no sample data" (bis §3.1.2): every table is empty.
func appendStbl(b []byte, t Track, s shape) ([]byte, error) {
	b, stbl := open(b, "stbl")
	b, stsd := openFull(b, "stsd", 0, 0)
	b = be.AppendUint32(b, 1)
	b, err := appendEntry(b, t, s)
	if err != nil {
		return b, err
	}
	b = end(b, stsd)
	for _, kind := range []string{"stts", "stsc", "stsz", "stco"} {
		var at int
		b, at = openFull(b, kind, 0, 0)
		b = zeros(b, 4)
		if kind == "stsz" {
			b = zeros(b, 4)
		}
		b = end(b, at)
	}
	return end(b, stbl), nil
}

func unusable(c media.Codec) error {
	return fault.New(fault.Invalid, "the %s parameter sets are missing or cannot be read", c.Name())
}
