package fmp4

// In a sample "each OBU SHALL have the obu_has_size_field set to 1" but for the last (AV1 in ISOBMFF
// §2.4); ingest delivers OBUs without it. An OBU that has one already goes through as it is.

const (
	obuExtension = 0x04
	obuHasSize   = 0x02
)

// obuHead is the number of header bytes, 0 for an OBU that is to be written as it is.
func obuHead(u []byte) int {
	switch {
	case len(u) == 0 || u[0]&obuHasSize != 0:
		return 0
	case u[0]&obuExtension != 0:
		return min(2, len(u))
	}
	return 1
}

// obuExtra is the number of bytes that appendOBU adds.
func obuExtra(u []byte) int {
	head := obuHead(u)
	if head == 0 {
		return 0
	}
	n := 1
	for v := len(u) - head; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}

func appendOBU(b, u []byte) []byte {
	head := obuHead(u)
	if head == 0 {
		return append(b, u...)
	}
	b = append(b, u[0]|obuHasSize)
	b = append(b, u[1:head]...)
	v := len(u) - head
	for ; v >= 0x80; v >>= 7 {
		b = append(b, byte(v)|0x80)
	}
	b = append(b, byte(v))
	return append(b, u[head:]...)
}
