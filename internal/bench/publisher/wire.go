package publisher

import (
	"encoding/binary"
	"time"
)

// Messages go out as RTMP chunks made here (RTMP specification §5.3): a header written for each, and the picture's
// bytes as they lie in the clip. A library that builds every message anew would cost more than the server under test.

const (
	// chunkSize is what gortmplib's client has told the server.
	chunkSize = 65536
	// messageHead is the length of a chunk's header of format 0, with its basic header.
	messageHead = 12
	// tagHead is the length of FLV's header of an AVC picture: frame type and codec, packet type, composition time.
	tagHead = 5
	// videoHead is what a picture's message has before the slice: FLV's header, the stamp, the slice's length.
	videoHead = tagHead + 4 + seiSize + 4

	videoChunks, audioChunks = 6, 4 // chunk streams, as gortmplib has them
	typeAudio, typeVideo     = 8, 9
	// maxStamp is the last timestamp, in milliseconds, that fits into a header of three bytes.
	maxStamp = 0xFFFFFE
)

// MaxDuration is how long a stream may last: timestamps of three bytes suffice until then.
const MaxDuration = 4 * time.Hour

// chunked is a body, of whose message before bytes come first, with a header of format 3 before every chunk but the
// first.
func chunked(body []byte, before int) []byte {
	out := make([]byte, 0, len(body)+len(body)/chunkSize+1)
	room := chunkSize - before
	for len(body) > room {
		out = append(out, body[:room]...)
		out = append(out, 3<<6|videoChunks)
		body, room = body[room:], chunkSize
	}
	return append(out, body...)
}

// putMessageHead writes a header of format 0.
func putMessageHead(b []byte, chunks, typ byte, at time.Duration, size int) {
	b[0] = chunks
	putUint24(b[1:], min(uint32(at/time.Millisecond), maxStamp))
	putUint24(b[4:], uint32(size))
	b[7] = typ
	binary.LittleEndian.PutUint32(b[8:], 1) // the message stream
}

func putUint24(b []byte, v uint32) { b[0], b[1], b[2] = byte(v>>16), byte(v>>8), byte(v) }

// videoMessage is the room for what comes before a picture's slice, in its message and its first chunk.
type videoMessage [messageHead + videoHead]byte

func newVideoMessage() *videoMessage {
	m := new(videoMessage)
	b := m[messageHead:]
	b[1] = 1 // NAL units; no composition time
	binary.BigEndian.PutUint32(b[tagHead:], uint32(seiSize))
	copy(b[tagHead+4:], newSEI())
	return m
}

// set makes it that of a picture.
func (m *videoMessage) set(p *picture, at time.Duration, written time.Time) {
	putMessageHead(m[:], videoChunks, typeVideo, at, videoHead+p.size)
	b := m[messageHead:]
	b[0] = 2<<4 | 7 // FLV §E.4.3.1: inter frame, AVC
	if p.key {
		b[0] = 1<<4 | 7
	}
	setStamp(b[tagHead+4:], written)
	binary.BigEndian.PutUint32(b[tagHead+4+seiSize:], uint32(p.size))
}

// audioMessage is the room for what comes before an audio frame.
type audioMessage [messageHead + 2]byte

// set makes it that of a frame (FLV §E.4.2.1: AAC, 44 kHz, 16 bits, stereo, as the format wants it of all AAC; raw).
func (m *audioMessage) set(size int, at time.Duration) {
	putMessageHead(m[:], audioChunks, typeAudio, at, 2+size)
	m[messageHead], m[messageHead+1] = 0xAF, 1
}
