package transcode

import (
	"errors"
)

// adts takes a stream of ADTS frames apart (ISO/IEC 14496-3 §1.A.3.2). It takes what ffmpeg was told to make, AAC-LC
// in stereo at 48 kHz, and refuses everything else: then the child is not what it should be.
type adts struct {
	buf []byte
}

const (
	adtsHeader = 7
	adtsSum    = 2
	// adtsSame are the header bits that never change: AAC-LC, 48 kHz, stereo.
	adtsSame = 1<<6 | 3<<2
)

var errNotADTS = errors.New("what came out is no ADTS with AAC-LC in stereo at 48 kHz")

// push adds bytes that came.
func (a *adts) push(b []byte) { a.buf = append(a.buf, b...) }

// next gives the next whole frame without its header, nil where more bytes are needed. The frame is the caller's.
func (a *adts) next() ([]byte, error) {
	b := a.buf
	if len(b) < adtsHeader {
		return nil, nil
	}
	// Syncword, layer 0; profile, rate and the highest channel bit; the other channel bits; one block in the frame.
	if b[0] != 0xff || b[1]&0xf6 != 0xf0 || b[2]&0xfd != adtsSame || b[3]&0xc0 != 0x80 || b[6]&3 != 0 {
		return nil, errNotADTS
	}
	head := adtsHeader
	if b[1]&1 == 0 {
		head += adtsSum
	}
	size := int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5])>>5
	if size <= head {
		return nil, errNotADTS
	}
	if len(b) < size {
		return nil, nil
	}
	frame := append([]byte(nil), b[head:size]...)
	a.buf = append(b[:0], b[size:]...)
	return frame, nil
}
