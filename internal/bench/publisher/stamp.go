package publisher

import (
	"bytes"
	"time"
)

// StampUUID marks the pictures' stamps: it is the uuid_iso_iec_11578 of their user_data_unregistered message. No byte
// of it is zero, so that the message needs no emulation prevention.
var StampUUID = [16]byte{0x6c, 0x69, 0x76, 0x65, 0x73, 0x72, 0x76, 0x2d, 0x62, 0x65, 0x6e, 0x63, 0x68, 0xd7, 0xa1, 0x91}

const (
	// stampDigits is the length of a stamp: Unix time in nanoseconds in hexadecimal digits.
	stampDigits = 16
	// seiSize is the length of the whole NAL unit.
	seiSize = 3 + len(StampUUID) + stampDigits + 1
)

// newSEI makes a NAL unit with a user_data_unregistered message (ITU-T H.264 §D.1.7: payload type 5) that setStamp
// writes the time into.
func newSEI() []byte {
	b := append(make([]byte, 0, seiSize), 6, 5, byte(len(StampUUID)+stampDigits))
	b = append(b, StampUUID[:]...)
	b = append(b, "0000000000000000"...)
	return append(b, 0x80) // rbsp_trailing_bits
}

// setStamp writes a time into a unit of newSEI. Times are digits and not a number, because a number can hold
// the bytes of a start code.
func setStamp(sei []byte, t time.Time) {
	const hex = "0123456789abcdef"
	n := uint64(t.UnixNano())
	digits := sei[3+len(StampUUID):][:stampDigits]
	for i := range digits {
		digits[i] = hex[n>>(60-4*i)&15]
	}
}

// LastStamp finds the last stamp in a part's bytes: when the last byte of its last picture, in the order of
// decoding, was written to the server. It searches from the end and allocates nothing.
func LastStamp(part []byte) (time.Time, bool) {
	for {
		at := bytes.LastIndex(part, StampUUID[:])
		if at < 0 {
			return time.Time{}, false
		}
		if t, ok := readStamp(part[at+len(StampUUID):]); ok {
			return t, true
		}
		part = part[:at+len(StampUUID)-1]
	}
}

// readStamp reads the digits that follow the UUID.
func readStamp(b []byte) (time.Time, bool) {
	if len(b) < stampDigits {
		return time.Time{}, false
	}
	var n uint64
	for _, d := range b[:stampDigits] {
		switch {
		case d >= '0' && d <= '9':
			n = n<<4 | uint64(d-'0')
		case d >= 'a' && d <= 'f':
			n = n<<4 | uint64(d-'a'+10)
		default:
			return time.Time{}, false
		}
	}
	return time.Unix(0, int64(n)), true
}
