package rtmp

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"

	"livesrv/internal/fault"
)

// Message types of the RTMP specification §5.4, §6.2 and §7.1.
const (
	typeSetChunkSize  = 1
	typeAbort         = 2
	typeAcknowledge   = 3
	typeUserControl   = 4
	typeWindowAckSize = 5
	typePeerBandwidth = 6
	typeAudio         = 8
	typeVideo         = 9
	typeDataAMF3      = 15
	typeCommandAMF3   = 17
	typeData          = 18
	typeCommand       = 20
)

const (
	// maxChunkStreams is how many chunk streams a publisher may use; encoders use three to six.
	maxChunkStreams = 32
	// firstChunkSize is what both sides begin with (§5.4.1).
	firstChunkSize = 128
	// readBuffer takes in one read what has come while the session slept, at usual bit rates.
	readBuffer = 64 << 10
)

// message is one RTMP message. The body is its reader's to keep.
type message struct {
	typ   byte
	stamp uint32 // milliseconds, wraps
	body  []byte
}

// chunkReader puts messages together from chunks (§5.3). What it holds is bounded: at most limit bytes
// of messages that are under way, and maxChunkStreams headers.
type chunkReader struct {
	br      *bufio.Reader
	size    int
	limit   int
	pending int // declared bytes of the messages under way
	streams map[uint32]*chunkStream
	rest    int // bytes that the message lacks whose body came last, 0 between messages

	// received counts bytes, for acknowledgements; ack is called when the peer's window is full.
	received, acked uint64
	window          uint64
	ack             func(sequence uint32) error
}

// chunkStream remembers the last header of one chunk stream.
type chunkStream struct {
	known    bool
	typ      byte
	stamp    uint32
	delta    uint32
	length   int
	extended bool
	body     []byte
	filled   int
	open     bool // a message is under way
}

func newChunkReader(br *bufio.Reader, limit int, ack func(uint32) error) *chunkReader {
	return &chunkReader{br: br, size: firstChunkSize, limit: limit, streams: map[uint32]*chunkStream{}, ack: ack}
}

// setLimit changes the bound of message bytes; what is under way already stays.
func (r *chunkReader) setLimit(n int) { r.limit = n }

// next gives the next message that is not about chunks themselves. Errors: fault.Invalid for what cannot
// be RTMP, fault.TooLarge over the limit, else those of the connection.
func (r *chunkReader) next() (message, error) {
	for {
		m, ok, err := r.chunk()
		if err != nil {
			return message{}, err
		}
		if err := r.acknowledge(); err != nil {
			return message{}, err
		}
		if !ok {
			continue
		}
		switch m.typ {
		case typeSetChunkSize, typeAbort, typeWindowAckSize:
			if err := r.control(m); err != nil {
				return message{}, err
			}
		default:
			return m, nil
		}
	}
}

// control obeys the messages that change how chunks are read (§5.4).
func (r *chunkReader) control(m message) error {
	if len(m.body) < 4 {
		return fault.New(fault.Invalid, "a control message is too short")
	}
	v := binary.BigEndian.Uint32(m.body)
	switch m.typ {
	case typeSetChunkSize:
		// §5.4.1: 1 to 0x7FFFFFFF, larger than a message has no effect.
		if v == 0 || v > 1<<31-1 {
			return fault.New(fault.Invalid, "a chunk size of %d is out of range", v)
		}
		r.size = int(min(v, 1<<24))
	case typeAbort:
		if cs := r.streams[v]; cs != nil {
			r.drop(cs)
		}
	case typeWindowAckSize:
		r.window = uint64(v)
	}
	return nil
}

func (r *chunkReader) drop(cs *chunkStream) {
	if cs.open {
		r.pending -= cs.length
		r.rest = 0
	}
	cs.body, cs.filled, cs.open = nil, 0, false
}

func (r *chunkReader) acknowledge() error {
	if r.window == 0 || r.received-r.acked < r.window {
		return nil
	}
	r.acked = r.received
	return r.ack(uint32(r.received))
}

// chunk reads one chunk; ok is true where it completes a message.
func (r *chunkReader) chunk() (m message, ok bool, err error) {
	format, id, err := r.basicHeader()
	if err != nil {
		return message{}, false, err
	}
	cs := r.streams[id]
	if cs == nil {
		if len(r.streams) >= maxChunkStreams {
			return message{}, false, fault.New(fault.Invalid, "more than %d chunk streams", maxChunkStreams)
		}
		cs = &chunkStream{}
		r.streams[id] = cs
	}
	if err := r.header(cs, format); err != nil {
		return message{}, false, err
	}
	if !cs.open {
		if err := r.begin(cs); err != nil {
			return message{}, false, err
		}
	}
	n := min(r.size, cs.length-cs.filled)
	if err := r.fill(cs, n); err != nil {
		return message{}, false, err
	}
	if cs.filled < cs.length {
		return message{}, false, nil
	}
	m = message{typ: cs.typ, stamp: cs.stamp, body: cs.body}
	r.drop(cs)
	return m, true, nil
}

// fill reads n bytes of a message's body.
func (r *chunkReader) fill(cs *chunkStream, n int) error {
	r.rest = cs.length - cs.filled
	for end := cs.filled + n; cs.filled < end; {
		k, err := r.br.Read(cs.body[cs.filled:end])
		r.received += uint64(k)
		cs.filled += k
		r.rest -= k
		if err == io.EOF {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// basicHeader reads format and chunk stream id (§5.3.1.1).
func (r *chunkReader) basicHeader() (format byte, id uint32, err error) {
	b, err := r.br.ReadByte()
	if err != nil {
		return 0, 0, err
	}
	r.received++
	format, id = b>>6, uint32(b&0x3F)
	if id > 1 {
		return format, id, nil
	}
	more, err := r.peek(int(id) + 1)
	if err != nil {
		return 0, 0, err
	}
	low := uint32(more[0]) + 64
	if id == 1 {
		low += uint32(more[1]) << 8
	}
	r.skip(int(id) + 1)
	return format, low, nil
}

// header reads the message header of a chunk (§5.3.1.2) and the extended timestamp (§5.3.1.3).
func (r *chunkReader) header(cs *chunkStream, format byte) error {
	if format != 3 && cs.open {
		return fault.New(fault.Invalid, "a message begins before the one under way has ended")
	}
	if format != 0 && !cs.known {
		return fault.New(fault.Invalid, "a chunk continues what never began")
	}
	size := [...]int{11, 7, 3, 0}[format]
	h, err := r.peek(size)
	if err != nil {
		return err
	}
	var stamp uint32
	if format < 3 {
		stamp = uint32(h[0])<<16 | uint32(h[1])<<8 | uint32(h[2])
		cs.extended = stamp == 0xFFFFFF
	}
	if format < 2 {
		cs.length = int(h[3])<<16 | int(h[4])<<8 | int(h[5])
		cs.typ = h[6]
	}
	r.skip(size)
	if cs.extended {
		if stamp, err = r.extendedStamp(cs, format, stamp); err != nil {
			return err
		}
	}
	switch {
	case format == 0:
		cs.stamp, cs.delta, cs.known = stamp, 0, true
	case format < 3:
		cs.stamp += stamp
		cs.delta = stamp
	case !cs.open:
		cs.stamp += cs.delta
	}
	return nil
}

// extendedStamp reads the four bytes that follow a header whose timestamp is 0xFFFFFF. On chunks of format
// 3 most encoders repeat them, as §5.3.1.3 says, gortmplib writes zeros, and some write nothing: they are
// taken only where they look like one of the first two.
func (r *chunkReader) extendedStamp(cs *chunkStream, format byte, stamp uint32) (uint32, error) {
	b, err := r.peek(4)
	if err != nil {
		if format == 3 && cs.length-cs.filled < 4 {
			return stamp, nil
		}
		return 0, err
	}
	v := binary.BigEndian.Uint32(b)
	if format == 3 && v != cs.stamp && v != cs.delta && v != 0 {
		return stamp, nil
	}
	r.skip(4)
	return v, nil
}

// begin makes room for a message.
func (r *chunkReader) begin(cs *chunkStream) error {
	if cs.length > r.limit || r.pending+cs.length > r.limit {
		return fault.New(fault.TooLarge, "a message of %d bytes is over the limit of %d", cs.length, r.limit)
	}
	r.pending += cs.length
	cs.filled, cs.open = 0, true
	if cs.length > min(r.size, r.br.Buffered()) {
		cs.body = make([]byte, cs.length)
		return nil
	}
	// It is here in one chunk, as most are after a nap: a copy needs no room that has been cleared first.
	b, err := r.br.Peek(cs.length)
	if err != nil {
		return err
	}
	cs.body, cs.filled = bytes.Clone(b), cs.length
	r.skip(cs.length)
	return nil
}

func (r *chunkReader) peek(n int) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	b, err := r.br.Peek(n)
	if err == io.EOF && len(b) > 0 {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}

func (r *chunkReader) skip(n int) {
	k, _ := r.br.Discard(n)
	r.received += uint64(k)
}
