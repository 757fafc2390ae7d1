// Package id3 writes ID3v2.4 tags: the payload that players expect inside an emsg box. It knows the one
// frame they read as text, TXXX, and no other.
package id3

// headerSize is that of a tag's header and of a frame's header alike (ID3v2.4 structure §3.1, §4).
const headerSize = 10

// utf8Text is the text encoding byte for UTF-8, terminated with 0x00 (ID3v2.4 structure §4).
const utf8Text = 0x03

// MaxText bounds description and value together, in bytes; sizes are 28-bit in the format, a cue is small.
const MaxText = 64 << 10

// AppendText appends a tag of one TXXX frame (description, value; both UTF-8 without NUL) to b and returns
// it. The sum of their lengths must not exceed MaxText.
func AppendText(b []byte, description, value string) []byte {
	body := 1 + len(description) + 1 + len(value)
	b = append(b, 'I', 'D', '3', 4, 0, 0)
	b = appendSynchsafe(b, headerSize+body)
	b = append(b, 'T', 'X', 'X', 'X')
	// In 2.4, unlike 2.3, a frame's size is synchsafe too (§4).
	b = appendSynchsafe(b, body)
	b = append(b, 0, 0, utf8Text)
	b = append(b, description...)
	b = append(b, 0)
	return append(b, value...)
}

// appendSynchsafe writes n in four bytes of seven bits, so that no byte looks like an MPEG sync (§6.2).
func appendSynchsafe(b []byte, n int) []byte {
	return append(b, byte(n>>21)&0x7f, byte(n>>14)&0x7f, byte(n>>7)&0x7f, byte(n)&0x7f)
}
