package id3

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAppendText(t *testing.T) {
	got := AppendText([]byte("x"), "d", "value")
	want := []byte("xID3\x04\x00\x00\x00\x00\x00\x12TXXX\x00\x00\x00\x08\x00\x00\x03d\x00value")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
}

// TestSizes reads the sizes back where seven bits are no longer eight.
func TestSizes(t *testing.T) {
	for _, n := range []int{0, 100, 115, 116, 127, 128, 16383, 16384, MaxText - 1} {
		tag := AppendText(nil, "d", strings.Repeat("ä", n/2))
		if got, want := synchsafe(tag[6:10]), len(tag)-headerSize; got != want {
			t.Errorf("%d bytes: tag size %d, want %d", n, got, want)
		}
		if got, want := synchsafe(tag[14:18]), len(tag)-2*headerSize; got != want {
			t.Errorf("%d bytes: frame size %d, want %d", n, got, want)
		}
		if bytes.ContainsAny(tag[6:10], "\xff") {
			t.Errorf("%d bytes: sync byte in the size", n)
		}
	}
}

func synchsafe(b []byte) int {
	n := 0
	for _, x := range b {
		n = n<<7 | int(x)
	}
	return n
}

func BenchmarkAppendText(b *testing.B) {
	buf := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendText(buf[:0], "dev.livesrv.pin", `{"pin":"pin_0123456789abcdef","product":"prd_0123456789abcdef"}`)
	}
}
