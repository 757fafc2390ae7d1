package livetest

import (
	"math/bits"
	"time"
)

const (
	cells     = 28
	codeBits  = 24
	codeMask  = 1<<codeBits - 1
	lumaBlack = 16
	lumaWhite = 235
)

// Code is the clock value that Stamp draws for t.
func Code(t time.Time) uint32 { return uint32(t.UnixMilli()) & codeMask }

// Since is how long before t a picture with this code was stamped.
func Since(code uint32, t time.Time) time.Duration {
	return time.Duration((Code(t)-code)&codeMask) * time.Millisecond
}

// Stamp draws t's code into an 8-bit luma plane of w by h pixels without padding.
func Stamp(luma []byte, w, h int, t time.Time) {
	code := Code(t)
	parity := uint32(bits.OnesCount32(code)) & 1
	row := luma[:w]
	for i := range cells {
		var white bool
		switch {
		case i < 2:
			white = i == 0
		case i < 2+codeBits:
			white = code>>(codeBits+1-i)&1 == 1
		case i == 26:
			white = parity == 1
		default:
			white = parity == 0
		}
		v := byte(lumaBlack)
		if white {
			v = lumaWhite
		}
		for x := i * w / cells; x < (i+1)*w/cells; x++ {
			row[x] = v
		}
	}
	for y := 1; y < h/8; y++ {
		copy(luma[y*w:(y+1)*w], row)
	}
}

// ReadStamp reads a code back from a luma plane of w by h pixels without padding.
func ReadStamp(luma []byte, w, h int) (code uint32, ok bool) {
	at := func(i int) int { return int(luma[h/16*w+(2*i+1)*w/(2*cells)]) }
	white, black := at(0), at(1)
	if white-black < 64 {
		return 0, false
	}
	bit := func(i int) uint32 {
		if 2*at(i) > white+black {
			return 1
		}
		return 0
	}
	for i := range codeBits {
		code = code<<1 | bit(2+i)
	}
	parity := uint32(bits.OnesCount32(code)) & 1
	return code, bit(26) == parity && bit(27) != parity
}

// scene paints yuv420p pictures: a calm gradient, a square on its way around, and the clock on top.
type scene struct {
	w, h       int
	back, next []byte
}

func newScene(w, h int) *scene {
	s := &scene{w: w, h: h, back: make([]byte, w*h*3/2), next: make([]byte, w*h*3/2)}
	for y := range h {
		for x := range w {
			s.back[y*w+x] = byte(40 + 120*x/w + 40*y/h)
		}
	}
	chroma := s.back[w*h:]
	for i := range chroma {
		chroma[i] = byte(108 + 40*(i%(w/2))/(w/2))
	}
	return s
}

// paint returns picture n, stamped with t. The bytes are valid until the next call.
func (s *scene) paint(n int, t time.Time) []byte {
	copy(s.next, s.back)
	side := s.h / 5
	x0, y0 := (n*s.w/120)%(s.w-side), s.h/2+(n*s.h/200)%(s.h/2-side)
	for y := y0; y < y0+side; y++ {
		row := s.next[y*s.w+x0 : y*s.w+x0+side]
		for x := range row {
			row[x] = byte(lumaWhite - 60*((x/4+y/4)%2))
		}
	}
	Stamp(s.next, s.w, s.h, t)
	return s.next
}
