package rtmp

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/bluenviron/gortmplib/pkg/bytecounter"
	"github.com/bluenviron/gortmplib/pkg/rawmessage"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"livesrv/internal/fault"
)

func readAll(t testing.TB, wire []byte, limit int) ([]message, error) {
	t.Helper()
	return readThrough(bufio.NewReaderSize(bytes.NewReader(wire), readBuffer), limit)
}

func readThrough(br *bufio.Reader, limit int) ([]message, error) {
	r := newChunkReader(br, limit, func(uint32) error { return nil })
	var all []message
	for {
		m, err := r.next()
		if err != nil {
			return all, err
		}
		all = append(all, m)
	}
}

// What gortmplib writes is read back, whatever the chunk size, the timestamps and how much of it is there at once.
func TestChunksRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var wire bytes.Buffer
		w := rawmessage.NewWriter(&wire, bytecounter.NewWriter(io.Discard), false)
		if size := rapid.Uint32Range(1, 2000).Draw(rt, "chunk size"); size != firstChunkSize {
			if err := w.Write(&rawmessage.Message{ChunkStreamID: 2, Type: typeSetChunkSize, Body: []byte{0, 0, byte(size >> 8), byte(size)}}); err != nil {
				rt.Fatal(err)
			}
			w.SetChunkSize(size)
		}
		var want []message
		stamp := uint32(0)
		for i := range rapid.IntRange(1, 30).Draw(rt, "messages") {
			stamp += rapid.SampledFrom([]uint32{0, 20, 33, 33, 33, 1 << 24, 1 << 31}).Draw(rt, "delta")
			m := message{
				typ:   rapid.SampledFrom([]byte{typeAudio, typeVideo, typeData}).Draw(rt, "type"),
				stamp: stamp,
				// Bytes that are no extended timestamp.
				body: bytes.Repeat([]byte{byte(7 + i)}, rapid.IntRange(1, 3000).Draw(rt, "length")),
			}
			want = append(want, m)
			err := w.Write(&rawmessage.Message{
				ChunkStreamID: m.typ, Timestamp: time.Duration(stamp) * time.Millisecond, Type: m.typ, MessageStreamID: 1, Body: m.body,
			})
			if err != nil {
				rt.Fatal(err)
			}
		}
		br := bufio.NewReaderSize(&wire, rapid.SampledFrom([]int{64, 1024, 4096, readBuffer}).Draw(rt, "buffer"))
		got, err := readThrough(br, 1<<20)
		if err != io.EOF {
			rt.Fatalf("%v", err)
		}
		if !slices.EqualFunc(want, got, func(a, b message) bool {
			return a.typ == b.typ && a.stamp == b.stamp && bytes.Equal(a.body, b.body)
		}) {
			rt.Fatalf("%d messages differ from the %d that were written", len(got), len(want))
		}
	})
}

func TestChunkHeaders(t *testing.T) {
	for _, c := range []struct {
		name string
		wire []byte
		want []message
		kind fault.Kind // of the error; Internal for the end of the bytes
	}{
		{"one byte of id", []byte{0x04, 0, 0, 5, 0, 0, 1, 8, 1, 0, 0, 0, 0xAA}, []message{{8, 5, []byte{0xAA}}}, fault.Internal},
		{"two bytes of id", []byte{0x00, 200, 0, 0, 5, 0, 0, 1, 8, 1, 0, 0, 0, 0xAA}, []message{{8, 5, []byte{0xAA}}}, fault.Internal},
		{"three bytes of id", []byte{0x01, 200, 3, 0, 0, 5, 0, 0, 1, 8, 1, 0, 0, 0, 0xAA}, []message{{8, 5, []byte{0xAA}}}, fault.Internal},
		{"all four formats", []byte{
			0x04, 0, 0, 5, 0, 0, 1, 8, 1, 0, 0, 0, 1,
			0x44, 0, 0, 20, 0, 0, 2, 9, 2, 3,
			0x84, 0, 0, 30, 4, 5,
			0xC4, 6, 7,
		}, []message{{8, 5, []byte{1}}, {9, 25, []byte{2, 3}}, {9, 55, []byte{4, 5}}, {9, 85, []byte{6, 7}}}, fault.Internal},
		{"empty message", []byte{0x04, 0, 0, 5, 0, 0, 0, 8, 1, 0, 0, 0}, []message{{8, 5, []byte{}}}, fault.Internal},
		{"interleaved", []byte{
			2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 2, // chunks of two bytes
			0x04, 0, 0, 5, 0, 0, 4, 8, 1, 0, 0, 0, 1, 2,
			0x06, 0, 0, 6, 0, 0, 3, 9, 1, 0, 0, 0, 5, 6,
			0xC4, 3, 4,
			0xC6, 7,
		}, []message{{8, 5, []byte{1, 2, 3, 4}}, {9, 6, []byte{5, 6, 7}}}, fault.Internal},
		{"aborted", []byte{
			0x04, 0, 0, 5, 0, 0, 200, 8, 1, 0, 0, 0,
		}, nil, fault.Internal},
		{"extended stamp that is not repeated", append([]byte{
			2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 4,
			0x04, 0xFF, 0xFF, 0xFF, 0, 0, 12, 8, 1, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4,
		}, 0xC4, 5, 6, 7, 8, 0xC4, 9, 10, 11, 12), []message{{8, 1 << 24, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}}, fault.Internal},
		{"chunk size 0", []byte{2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0}, nil, fault.Invalid},
		{"chunk size over 31 bits", []byte{2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0x80, 0, 0, 0}, nil, fault.Invalid},
		{"short control message", []byte{2, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 9}, nil, fault.Invalid},
		{"continues what never began", []byte{0xC4}, nil, fault.Invalid},
		{"begins in the middle", []byte{
			2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 1,
			0x04, 0, 0, 5, 0, 0, 4, 8, 1, 0, 0, 0, 1,
			0x04, 0, 0, 5, 0, 0, 4, 8, 1, 0, 0, 0, 1,
		}, nil, fault.Invalid},
		{"too large", []byte{0x04, 0, 0, 5, 0xFF, 0xFF, 0xFF, 9, 1, 0, 0, 0}, nil, fault.TooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readAll(t, c.wire, 1<<16)
			if fault.KindOf(err) != c.kind {
				t.Errorf("%v", err)
			}
			if d := cmp.Diff(c.want, got, cmp.AllowUnexported(message{})); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestAbort(t *testing.T) {
	wire := []byte{
		2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 1,
		0x04, 0, 0, 5, 0, 0, 2, 8, 1, 0, 0, 0, 1, // half a message
		2, 0, 0, 0, 0, 0, 4, 2, 0, 0, 0, 0, 0, 0xC2, 0, 0xC2, 0, 0xC2, 4, // is aborted
		0x04, 0, 0, 9, 0, 0, 1, 8, 1, 0, 0, 0, 7,
	}
	got, err := readAll(t, wire, 1<<16)
	if err != io.EOF {
		t.Fatal(err)
	}
	if d := cmp.Diff([]message{{8, 9, []byte{7}}}, got, cmp.AllowUnexported(message{})); d != "" {
		t.Error(d)
	}
}

// A peer may have the limit on the way in all, not on every chunk stream.
func TestHalfSentMessagesAreBounded(t *testing.T) {
	var wire []byte
	for id := byte(3); id < 20; id++ {
		wire = append(wire, id, 0, 0, 0, 0, 0x80, 0, 9, 1, 0, 0, 0)
		wire = append(wire, make([]byte, firstChunkSize)...)
	}
	_, err := readAll(t, wire, 1<<16)
	if fault.KindOf(err) != fault.TooLarge {
		t.Errorf("%v", err)
	}
	wire = nil
	for id := range byte(maxChunkStreams + 1) {
		wire = append(wire, 0, id, 0, 0, 0, 0, 0, 1, 9, 1, 0, 0, 0, 1)
	}
	if _, err := readAll(t, wire, 1<<16); fault.KindOf(err) != fault.Invalid {
		t.Errorf("%v", err)
	}
}

func TestAcknowledgements(t *testing.T) {
	wire := []byte{2, 0, 0, 0, 0, 0, 4, typeWindowAckSize, 0, 0, 0, 0, 0, 0, 0, 50}
	for range 10 {
		wire = append(wire, 0x04, 0, 0, 5, 0, 0, 20, 8, 1, 0, 0, 0)
		wire = append(wire, make([]byte, 20)...)
	}
	var acks []uint32
	r := newChunkReader(bufio.NewReader(bytes.NewReader(wire)), 1000, func(n uint32) error {
		acks = append(acks, n)
		return nil
	})
	for {
		if _, err := r.next(); err != nil {
			break
		}
	}
	if len(acks) < 4 || acks[0] < 50 || acks[len(acks)-1] > uint32(len(wire)) {
		t.Errorf("%v of %d", acks, len(wire))
	}
}

func FuzzChunks(f *testing.F) {
	f.Add([]byte{0x04, 0, 0, 5, 0, 0, 1, 8, 1, 0, 0, 0, 0xAA})
	f.Add([]byte{2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0x04, 0xFF, 0xFF, 0xFF, 0, 0, 12, 8, 1, 0, 0, 0, 1, 0, 0, 0, 1, 2, 0xC4, 3, 4})
	f.Fuzz(func(t *testing.T, wire []byte) {
		const limit = 1000
		r := newChunkReader(bufio.NewReader(bytes.NewReader(wire)), limit, func(uint32) error { return nil })
		total := 0
		for {
			m, err := r.next()
			held := 0
			for _, cs := range r.streams {
				held += len(cs.body)
			}
			if held != r.pending || held > limit || len(r.streams) > maxChunkStreams {
				t.Fatalf("%d bytes held, %d counted", held, r.pending)
			}
			if err != nil {
				break
			}
			total += len(m.body)
		}
		if total > len(wire) || r.received > uint64(len(wire)) {
			t.Fatalf("%d bytes of %d", total, len(wire))
		}
	})
}

func BenchmarkChunks(b *testing.B) {
	var wire bytes.Buffer
	w := rawmessage.NewWriter(&wire, bytecounter.NewWriter(io.Discard), false)
	if err := w.Write(&rawmessage.Message{ChunkStreamID: 2, Type: typeSetChunkSize, Body: []byte{0, 0, 0x10, 0}}); err != nil {
		b.Fatal(err)
	}
	w.SetChunkSize(4096)
	const messages = 100
	for i := range messages {
		if err := w.Write(&rawmessage.Message{ChunkStreamID: 6, Timestamp: time.Duration(i) * 33 * time.Millisecond, Type: typeVideo, MessageStreamID: 1, Body: make([]byte, 10_000)}); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(wire.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if all, _ := readAll(b, wire.Bytes(), 1<<20); len(all) != messages {
			b.Fatal(len(all))
		}
	}
}
