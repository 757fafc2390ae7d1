package catalogue

import (
	"bytes"
	"encoding/binary"
)

// orientation reads the EXIF orientation of a JPEG or WebP file; 1 (upright) where there is none.
func orientation(b []byte) int {
	o := 1
	switch sniff(b) {
	case formatJPEG:
		o = jpegOrientation(b)
	case formatWebP:
		chunks(b, func(id string, data []byte) bool {
			if id != "EXIF" {
				return true
			}
			o = tiffOrientation(bytes.TrimPrefix(data, []byte("Exif\x00\x00")))
			return false
		})
	}
	return o
}

// jpegOrientation walks the marker segments up to the picture's data (ITU-T T.81 §B.1.1).
func jpegOrientation(b []byte) int {
	for b = b[2:]; len(b) >= 4 && b[0] == 0xff; {
		marker, n := b[1], int(binary.BigEndian.Uint16(b[2:]))
		if marker == 0xda || n < 2 || 2+n > len(b) {
			break
		}
		if data, ok := bytes.CutPrefix(b[4:2+n], []byte("Exif\x00\x00")); ok && marker == 0xe1 {
			return tiffOrientation(data)
		}
		b = b[2+n:]
	}
	return 1
}

// tiffOrientation reads tag 0x0112 of the first directory (TIFF 6.0 §2, Exif 2.3 §4.6.4).
func tiffOrientation(b []byte) int {
	if len(b) < 8 {
		return 1
	}
	var order binary.ByteOrder
	switch string(b[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := int64(order.Uint32(b[4:]))
	if at+2 > int64(len(b)) {
		return 1
	}
	entries := b[at+2:]
	for range order.Uint16(b[at:]) {
		if len(entries) < 12 {
			break
		}
		// Tag, type 3 (SHORT), count 1, value in the first two bytes.
		if order.Uint16(entries) == 0x0112 && order.Uint16(entries[2:]) == 3 {
			if o := int(order.Uint16(entries[8:])); o >= 1 && o <= 8 {
				return o
			}
			break
		}
		entries = entries[12:]
	}
	return 1
}
