package rtmp

import "livesrv/internal/fault"

// What a tag carries.
type tagKind uint8

const (
	tagOther    tagKind = iota // metadata, end of sequence, commands, another track: nothing for us
	tagSequence                // decoder configuration
	tagFrames                  // a picture or audio frames
)

// Codecs by the code of Enhanced RTMP; legacy ids are translated.
const (
	fourAVC  = "avc1"
	fourHEVC = "hvc1"
	fourAV1  = "av01"
	fourVP9  = "vp09"
	fourAAC  = "mp4a"
	fourMP3  = ".mp3"
	fourOpus = "Opus"
)

// tag is the header of a video or audio message and the body after it.
type tag struct {
	kind  tagKind
	codec string // four characters, or the name of what is not supported
	key   bool
	cts   int64 // composition time in milliseconds, video only
	nanos int64 // what the timestamp leaves out, in nanoseconds
	body  []byte
}

var errTag = fault.New(fault.Invalid, "a media message is too short")

// Codecs of the FLV specification (§E.4.2.1, §E.4.3.1) that are not supported, by name.
var (
	oldVideo = map[byte]string{2: "Sorenson H.263", 3: "Screen Video", 4: "VP6", 5: "VP6 with alpha", 6: "Screen Video 2"}
	oldAudio = map[byte]string{0: "linear PCM", 1: "ADPCM", 3: "linear PCM", 4: "Nellymoser 16 kHz", 5: "Nellymoser 8 kHz",
		6: "Nellymoser", 7: "G.711 A-law", 8: "G.711 mu-law", 11: "Speex"}
)

// parseVideo reads a video message's header: FLV §E.4.3.1, or Enhanced RTMP v2 'Enhanced video'.
func parseVideo(b []byte) (tag, error) {
	if len(b) < 1 {
		return tag{}, nil
	}
	if b[0]&0x80 != 0 {
		return parseEnhanced(b, b[0]>>4&7, true)
	}
	frameType, id := b[0]>>4, b[0]&0x0F
	t := tag{key: frameType == 1}
	switch id {
	case 7:
		t.codec = fourAVC
	case 12: // not in the specification, but what encoders sent for HEVC and AV1 before it
		t.codec = fourHEVC
	case 13:
		t.codec = fourAV1
	default:
		t.codec = named(oldVideo, id)
		t.kind = tagFrames
		return t, nil
	}
	if frameType == 5 { // a command for players
		return t, nil
	}
	if len(b) < 5 {
		return tag{}, errTag
	}
	t.cts, t.body = int24(b[2:]), b[5:]
	switch b[1] {
	case 0:
		t.kind = tagSequence
	case 1:
		t.kind = tagFrames
	}
	return t, nil
}

// parseAudio reads an audio message's header: FLV §E.4.2.1, or Enhanced RTMP v2 'Enhanced audio'.
func parseAudio(b []byte) (tag, error) {
	if len(b) < 1 {
		return tag{}, nil
	}
	t := tag{kind: tagFrames, key: true}
	switch id := b[0] >> 4; id {
	case 9:
		return parseEnhanced(b, 1, false)
	case 2, 14:
		t.codec, t.body = fourMP3, b[1:]
	case 10:
		if len(b) < 2 {
			return tag{}, errTag
		}
		t.codec, t.body = fourAAC, b[2:]
		if b[1] == 0 {
			t.kind = tagSequence
		}
	default:
		t.codec = named(oldAudio, id)
	}
	return t, nil
}

func named(names map[byte]string, id byte) string {
	if n := names[id]; n != "" {
		return n
	}
	return "unknown"
}

// Packet types of Enhanced RTMP; video and audio number the first four alike.
const (
	packetSequenceStart = 0
	packetCodedFrames   = 1
	packetFramesX       = 3 // video: coded frames whose composition time is 0
	packetModEx         = 7
	multitrackVideo     = 6
	multitrackAudio     = 5
	manyTracks          = 1
	manyCodecs          = 2
)

// parseEnhanced reads the header that video and audio share since Enhanced RTMP v2. Of several tracks the
// one with the id 0 is taken.
func parseEnhanced(b []byte, frameType byte, video bool) (tag, error) {
	t := tag{key: frameType == 1}
	packet, b := b[0]&0x0F, b[1:]
	var err error
	for packet == packetModEx {
		if packet, b, err = modifier(b, &t); err != nil {
			return tag{}, err
		}
	}
	if video && frameType == 5 { // a command for players: no FourCC follows
		return t, nil
	}
	multi := video && packet == multitrackVideo || !video && packet == multitrackAudio
	if multi {
		if packet, b, err = firstTrack(b); err != nil || b == nil {
			return t, err
		}
	}
	if len(b) < 4 {
		return tag{}, errTag
	}
	t.codec, b = string(b[:4]), b[4:]
	switch {
	case packet == packetSequenceStart:
		t.kind = tagSequence
	case packet == packetCodedFrames, video && packet == packetFramesX:
		t.kind = tagFrames
	}
	if video && packet == packetCodedFrames && (t.codec == fourAVC || t.codec == fourHEVC) {
		if len(b) < 3 {
			return tag{}, errTag
		}
		t.cts, b = int24(b), b[3:]
	}
	t.body = b
	return t, nil
}

// modifier reads one ModEx prefix and gives the packet type after it.
func modifier(b []byte, t *tag) (packet byte, rest []byte, err error) {
	if len(b) < 1 {
		return 0, nil, errTag
	}
	size := int(b[0]) + 1
	b = b[1:]
	if size == 256 {
		if len(b) < 2 {
			return 0, nil, errTag
		}
		size = int(b[0])<<8 | int(b[1]) + 1
		b = b[2:]
	}
	if len(b) < size+1 {
		return 0, nil, errTag
	}
	data, next := b[:size], b[size]
	if next>>4 == 0 && size >= 3 { // TimestampOffsetNano
		t.nanos = int64(data[0])<<16 | int64(data[1])<<8 | int64(data[2])
	}
	return next & 0x0F, b[size+1:], nil
}

// firstTrack finds the track with the id 0 in a multitrack packet and gives its packet type and its bytes
// from the FourCC on; nil where it is not there.
func firstTrack(b []byte) (packet byte, rest []byte, err error) {
	if len(b) < 5 {
		return 0, nil, errTag
	}
	kind, packet := b[0]>>4, b[0]&0x0F
	b = b[1:]
	var codec []byte
	if kind != manyCodecs {
		codec, b = b[:4:4], b[4:]
	}
	for len(b) > 0 {
		if kind == manyCodecs {
			if len(b) < 4 {
				return 0, nil, errTag
			}
			codec, b = b[:4:4], b[4:]
		}
		if len(b) < 1 {
			return 0, nil, errTag
		}
		id, size := b[0], len(b)-1
		b = b[1:]
		if kind == manyTracks || kind == manyCodecs {
			if len(b) < 3 {
				return 0, nil, errTag
			}
			size, b = int(b[0])<<16|int(b[1])<<8|int(b[2]), b[3:]
			if size > len(b) {
				return 0, nil, errTag
			}
		}
		if id == 0 {
			return packet, append(codec, b[:size]...), nil
		}
		b = b[size:]
	}
	return packet, nil, nil
}

// int24 is a signed number of 24 bits.
func int24(b []byte) int64 {
	return int64(int32(uint32(b[0])<<24|uint32(b[1])<<16|uint32(b[2])<<8) >> 8)
}
