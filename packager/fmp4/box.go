// Package fmp4 writes the three kinds of bytes that a presentation serves: init segments (ftyp+moov),
// parts (moof+mdat) and event messages (emsg). Everything appends to the caller's buffer.
//
// It does not read files, cut media or choose timestamps: it is told what goes where. Boxes that are
// written for every part are composed by hand, without reflection and without a buffer in between.
//
// To add a codec: add its sample entry to entry.go and its framing to part.go.
package fmp4

import "encoding/binary"

var be = binary.BigEndian

// open begins a box and returns the place of its size, for end.
func open(b []byte, kind string) ([]byte, int) {
	at := len(b)
	b = append(b, 0, 0, 0, 0)
	return append(b, kind...), at
}

// openFull begins a box with version and flags.
func openFull(b []byte, kind string, version byte, flags uint32) ([]byte, int) {
	b, at := open(b, kind)
	return be.AppendUint32(b, uint32(version)<<24|flags), at
}

// end writes the size of the box that began at the given place.
func end(b []byte, at int) []byte {
	be.PutUint32(b[at:], uint32(len(b)-at))
	return b
}

func zeros(b []byte, n int) []byte {
	for range n {
		b = append(b, 0)
	}
	return b
}

// matrix is the unity matrix of mvhd and tkhd.
func matrix(b []byte) []byte {
	for _, v := range [9]uint32{0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000} {
		b = be.AppendUint32(b, v)
	}
	return b
}
