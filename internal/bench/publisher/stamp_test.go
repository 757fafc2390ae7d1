package publisher

import (
	"bytes"
	"testing"
	"time"
)

// stamped is bytes with stamps of these seconds in them, each followed by filler.
func stamped(seconds ...int64) []byte {
	b := bytes.Repeat([]byte("moof"), 20)
	for _, s := range seconds {
		sei := newSEI()
		setStamp(sei, time.Unix(s, 5))
		b = append(append(b, sei...), bytes.Repeat([]byte{0xa5}, 3000)...)
	}
	return b
}

var stampCases = []struct {
	name string
	part []byte
	want int64 // seconds, -1 for none
}{
	{"none", bytes.Repeat([]byte("mdat"), 100), -1},
	{"empty", nil, -1},
	{"one", stamped(1_700_000_000), 1_700_000_000},
	{"the last of three", stamped(1_700_000_000, 1_800_000_000, 1_600_000_000), 1_600_000_000},
	{"cut off", append(stamped(1_700_000_000), StampUUID[:]...), 1_700_000_000},
	{"no digits", append(append(stamped(1_700_000_000), StampUUID[:]...), "0123456789ABCDEF"...), 1_700_000_000},
	{"at the very end", stamped(1_700_000_000)[:80+seiSize], 1_700_000_000},
	{"the UUID alone", StampUUID[:], -1},
}

func TestLastStamp(t *testing.T) {
	for _, c := range stampCases {
		at, ok := LastStamp(c.part)
		if ok != (c.want >= 0) || ok && !at.Equal(time.Unix(c.want, 5)) {
			t.Errorf("%s: %v %v", c.name, at, ok)
		}
	}
	part := stamped(1_700_000_000)
	if n := testing.AllocsPerRun(100, func() { LastStamp(part) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestSEI: the unit is what H.264 says of one, and has no start code inside whatever the time.
func TestSEI(t *testing.T) {
	sei := newSEI()
	for _, at := range []time.Time{time.Unix(0, 0), time.Unix(0, 0x0000010203000001), time.Unix(0, -1), time.Now()} {
		setStamp(sei, at)
		if len(sei) != seiSize || sei[0] != 6 || sei[1] != 5 || int(sei[2]) != len(sei)-4 || sei[len(sei)-1] != 0x80 {
			t.Errorf("% x", sei)
		}
		if bytes.Contains(sei, []byte{0, 0}) {
			t.Errorf("a start code in % x", sei)
		}
		if got, ok := LastStamp(sei); !ok || !got.Equal(at) {
			t.Errorf("%v became %v", at, got)
		}
	}
}

// FuzzLastStamp compares with a search from the front.
func FuzzLastStamp(f *testing.F) {
	for _, c := range stampCases {
		f.Add(c.part)
	}
	f.Fuzz(func(t *testing.T, part []byte) {
		var want time.Time
		found := false
		for at := range part {
			if !bytes.HasPrefix(part[at:], StampUUID[:]) {
				continue
			}
			if s, ok := readStamp(part[at+len(StampUUID):]); ok {
				want, found = s, true
			}
		}
		if got, ok := LastStamp(part); ok != found || !got.Equal(want) {
			t.Errorf("%v %v, want %v %v", got, ok, want, found)
		}
	})
}

func BenchmarkLastStamp(b *testing.B) {
	part := stamped(1, 2, 3, 4, 5, 6)
	b.SetBytes(int64(len(part)))
	b.ReportAllocs()
	for b.Loop() {
		LastStamp(part)
	}
}
