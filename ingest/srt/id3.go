package srt

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// maxTag bounds a tag in bytes, maxFrames the frames that are read of it, maxPayload what becomes of it.
	maxTag     = 32 << 10
	maxFrames  = 64
	maxPayload = 60 << 10
)

// frame is one frame of an ID3 tag as pages get it. Text frames have a value, TXXX and the like a
// description too; PRIV has an owner; what is not text is data, in base64.
type frame struct {
	ID          string  `json:"id"`
	Owner       string  `json:"owner,omitempty"`
	Description string  `json:"description,omitempty"`
	Value       *string `json:"value,omitempty"`
	Data        []byte  `json:"data,omitempty"`
}

// parseID3 reads the ID3v2.3 or 2.4 tag that b begins with into JSON, a list of its frames. size is that
// of the tag, 0 where there is none; payload is nil where nothing in it can be read or it is too large.
func parseID3(b []byte) (payload []byte, size int) {
	if len(b) < 10 || string(b[:3]) != "ID3" {
		return nil, 0
	}
	major, flags := b[3], b[5]
	n, ok := synchsafe(b[6:10])
	if size = 10 + n; !ok || size > len(b) || size > maxTag {
		return nil, 0
	}
	if flags&0x10 != 0 && size+10 <= len(b) { // a footer repeats the header
		defer func() { size += 10 }()
	}
	body := b[10:size]
	if major != 3 && major != 4 {
		return nil, size
	}
	if flags&0x80 != 0 && major == 3 {
		body = resync(body)
	}
	if flags&0x40 != 0 {
		if body, ok = skipExtended(body, major); !ok {
			return nil, size
		}
	}
	frames := readFrames(body, major)
	if len(frames) == 0 {
		return nil, size
	}
	payload, err := json.Marshal(frames)
	if err != nil || len(payload) > maxPayload {
		return nil, size
	}
	return payload, size
}

// skipExtended skips the extended header: its size counts itself in 2.4 and not in 2.3 (§3.2).
func skipExtended(b []byte, major byte) ([]byte, bool) {
	if len(b) < 4 {
		return nil, false
	}
	n, ok := synchsafe(b)
	if major == 3 {
		n, ok = int(min(binary.BigEndian.Uint32(b), maxTag))+4, true
	}
	if !ok || n < 4 || n > len(b) {
		return nil, false
	}
	return b[n:], true
}

func readFrames(b []byte, major byte) []frame {
	var all []frame
	for len(b) >= 10 && len(all) < maxFrames && isFrameID(b[:4]) {
		n := int(min(binary.BigEndian.Uint32(b[4:]), maxTag))
		if major == 4 {
			safe, ok := synchsafe(b[4:8])
			if !ok {
				return all
			}
			n = safe
		}
		if n > len(b)-10 {
			return all
		}
		id, flags, body := string(b[:4]), b[9], b[10:10+n]
		b = b[10+n:]
		if body, ok := plainBody(body, flags, major); ok && len(body) > 0 {
			if f, ok := readFrame(id, body); ok {
				all = append(all, f)
			}
		}
	}
	return all
}

// plainBody undoes what a frame's format flags say (2.4 §4.1.2, 2.3 §3.3.1); ok is false for compressed
// and encrypted ones.
func plainBody(b []byte, flags, major byte) (plain []byte, ok bool) {
	if major == 3 {
		return b, flags&0xC0 == 0
	}
	if flags&0x0C != 0 {
		return nil, false
	}
	if flags&0x40 != 0 { // a group's number
		b = b[min(1, len(b)):]
	}
	if flags&0x01 != 0 { // the length without unsynchronisation
		b = b[min(4, len(b)):]
	}
	if flags&0x02 != 0 {
		b = resync(b)
	}
	return b, true
}

func readFrame(id string, b []byte) (f frame, ok bool) {
	f.ID = id
	text := func(s string) { f.Value = &s }
	switch {
	case id == "TXXX" || id == "WXXX":
		description, rest := cutText(b[0], b[1:])
		f.Description = decode(b[0], description)
		if id == "WXXX" { // an address is always in Latin
			text(decode(0, rest))
		} else {
			text(decode(b[0], rest))
		}
	case id == "COMM" || id == "USLT":
		if len(b) < 4 {
			return f, false
		}
		description, rest := cutText(b[0], b[4:])
		f.Description = decode(b[0], description)
		text(decode(b[0], rest))
	case id[0] == 'T':
		text(decode(b[0], b[1:]))
	case id[0] == 'W':
		text(decode(0, b))
	case id == "PRIV" || id == "UFID":
		owner, rest, found := bytes.Cut(b, []byte{0})
		if !found {
			return f, false
		}
		f.Owner, f.Data = decode(0, owner), rest
	default:
		f.Data = b
	}
	return f, true
}

// cutText splits at the first terminator of an encoding.
func cutText(encoding byte, b []byte) (before, after []byte) {
	if encoding != 1 && encoding != 2 {
		before, after, _ = bytes.Cut(b, []byte{0})
		return before, after
	}
	for i := 0; i+1 < len(b); i += 2 {
		if b[i] == 0 && b[i+1] == 0 {
			return b[:i], b[i+2:]
		}
	}
	return b, nil
}

// decode reads a text in an encoding (§4). Several strings in one frame come apart by line breaks.
func decode(encoding byte, b []byte) string {
	var s string
	switch encoding {
	case 0:
		r := make([]rune, len(b))
		for i, x := range b {
			r[i] = rune(x)
		}
		s = string(r)
	case 1, 2:
		var order binary.ByteOrder = binary.BigEndian
		if encoding == 1 && len(b) >= 2 {
			if b[0] == 0xFF && b[1] == 0xFE {
				order = binary.LittleEndian
			}
			b = b[2:]
		}
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = order.Uint16(b[2*i:])
		}
		s = string(utf16.Decode(units))
	default:
		s = string(b)
		if !utf8.ValidString(s) {
			s = strings.ToValidUTF8(s, "\uFFFD")
		}
	}
	return strings.ReplaceAll(strings.TrimRight(s, "\x00"), "\x00", "\n")
}

// resync takes the zeros out that unsynchronisation put after bytes of 0xFF (2.4 §6.1).
func resync(b []byte) []byte { return bytes.ReplaceAll(b, []byte{0xFF, 0}, []byte{0xFF}) }

// synchsafe reads four bytes of seven bits.
func synchsafe(b []byte) (n int, ok bool) {
	for _, x := range b[:4] {
		if x&0x80 != 0 {
			return 0, false
		}
		n = n<<7 | int(x)
	}
	return n, true
}

func isFrameID(b []byte) bool {
	for _, x := range b {
		if (x < 'A' || x > 'Z') && (x < '0' || x > '9') {
			return false
		}
	}
	return true
}
