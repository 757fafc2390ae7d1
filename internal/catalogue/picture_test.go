package catalogue

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"livesrv/internal/fault"
)

// flag is a red picture with a blue upper left quarter.
func flagPicture(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{255, 0, 0, 255}
			if x < w/2 && y < h/2 {
				c = color.NRGBA{0, 0, 255, 255}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

func asPNG(img image.Image) []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, img)
	return b.Bytes()
}

func asJPEG(img image.Image) []byte {
	var b bytes.Buffer
	_ = jpeg.Encode(&b, img, nil)
	return b.Bytes()
}

func asGIF(img image.Image) []byte {
	var b bytes.Buffer
	_ = gif.Encode(&b, img, nil)
	return b.Bytes()
}

// tiff is an EXIF block with nothing but an orientation.
func tiff(order binary.AppendByteOrder, mark string, orientation uint16) []byte {
	b := []byte(mark)
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 1)
	b = order.AppendUint16(b, 0x0112)
	b = order.AppendUint16(b, 3)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(b, orientation)
	b = order.AppendUint16(b, 0)
	return order.AppendUint32(b, 0)
}

// withEXIF puts an EXIF block behind a JPEG's first marker.
func withEXIF(b []byte, block []byte) []byte {
	app1 := append([]byte("Exif\x00\x00"), block...)
	out := append([]byte{}, b[:2]...)
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(app1)+2))
	return append(append(out, app1...), b[2:]...)
}

// riff makes a WebP file of chunks.
func riff(chunks ...[]byte) []byte {
	body := []byte("WEBP")
	for _, c := range chunks {
		body = append(body, c...)
	}
	out := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body)))
	return append(out, body...)
}

func chunk(id string, data []byte) []byte {
	out := binary.LittleEndian.AppendUint32([]byte(id), uint32(len(data)))
	out = append(out, data...)
	if len(data)%2 == 1 {
		out = append(out, 0)
	}
	return out
}

func vp8x(flags byte, w, h int) []byte {
	return chunk("VP8X", []byte{flags, 0, 0, 0, byte(w - 1), byte((w - 1) >> 8), byte((w - 1) >> 16), byte(h - 1), byte((h - 1) >> 8), byte((h - 1) >> 16)})
}

func fixture(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "pictures", name))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// where says in which corner the blue is.
func where(tb testing.TB, b []byte) (corner string, w, h int) {
	tb.Helper()
	img, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		tb.Fatal(err)
	}
	w, h = img.Bounds().Dx(), img.Bounds().Dy()
	for name, p := range map[string]image.Point{"upper left": {w / 8, h / 8}, "upper right": {w * 7 / 8, h / 8}, "lower left": {w / 8, h * 7 / 8}, "lower right": {w * 7 / 8, h * 7 / 8}} {
		if r, _, b, _ := img.At(p.X, p.Y).RGBA(); b > r {
			corner += name
		}
	}
	return corner, w, h
}

func TestReadPicture(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   []byte
		w, h int
	}{
		"png":           {asPNG(flagPicture(60, 40)), 60, 40},
		"jpeg":          {asJPEG(flagPicture(60, 40)), 60, 40},
		"gif":           {asGIF(flagPicture(60, 40)), 60, 40},
		"webp":          {fixture(t, "lossy.webp"), 60, 40},
		"webp lossless": {fixture(t, "lossless.webp"), 60, 40},
		"wide":          {asPNG(flagPicture(2560, 100)), 1280, 50},
		"tall":          {asJPEG(flagPicture(100, 2000)), 64, 1280},
		"a line":        {asPNG(flagPicture(5000, 2)), 1280, 1},
		"a dot":         {asPNG(flagPicture(2, 2)), 2, 2},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := readPicture(c.in)
			if err != nil {
				t.Fatal(err)
			}
			corner, w, h := where(t, p.large)
			if w != c.w || h != c.h || p.width != w || p.height != h {
				t.Errorf("%d × %d, said to be %d × %d, want %d × %d", w, h, p.width, p.height, c.w, c.h)
			}
			if corner != "upper left" && h >= 8 {
				t.Errorf("blue is at %q", corner)
			}
			if _, w, h := where(t, p.thumb); max(w, h) > 320 || max(w, h) < min(320, max(c.w, c.h)) {
				t.Errorf("the thumb has %d × %d", w, h)
			}
		})
	}
}

// TestOrientation: blue is upper left in the file; where it must be shown is from the EXIF standard's table.
func TestOrientation(t *testing.T) {
	t.Parallel()
	corners := map[uint16]string{1: "upper left", 2: "upper right", 3: "lower right", 4: "lower left", 5: "upper left", 6: "upper right", 7: "lower right", 8: "lower left"}
	for o, want := range corners {
		for name, in := range map[string][]byte{
			"jpeg little": withEXIF(asJPEG(flagPicture(80, 40)), tiff(binary.LittleEndian, "II*\x00", o)),
			"jpeg big":    withEXIF(asJPEG(flagPicture(80, 40)), tiff(binary.BigEndian, "MM\x00*", o)),
			"webp": riff(vp8x(8, 60, 40), fixture(t, "lossless.webp")[12:],
				chunk("EXIF", tiff(binary.LittleEndian, "II*\x00", o))),
		} {
			p, err := readPicture(in)
			if err != nil {
				t.Fatal(name, err)
			}
			corner, w, h := where(t, p.large)
			if corner != want || (w < h) != (o >= 5) {
				t.Errorf("%s, orientation %d: blue is %q in %d × %d, want %q", name, o, corner, w, h, want)
			}
			if bytes.Contains(p.large, []byte("Exif")) {
				t.Errorf("%s: the EXIF block survived", name)
			}
		}
	}
}

func TestTransparent(t *testing.T) {
	t.Parallel()
	for _, w := range []int{50, 1400} { // drawn as it is, and scaled
		p, err := readPicture(asPNG(image.NewNRGBA(image.Rect(0, 0, w, 50))))
		if err != nil {
			t.Fatal(err)
		}
		img, err := jpeg.Decode(bytes.NewReader(p.large))
		if err != nil {
			t.Fatal(err)
		}
		if r, g, b, _ := img.At(20, 20).RGBA(); r>>8 < 250 || g>>8 < 250 || b>>8 < 250 {
			t.Errorf("width %d: transparent became %d %d %d, not white", w, r>>8, g>>8, b>>8)
		}
	}
}

// bombPNG says it is huge in its header; its checksum is right.
func bombPNG(w, h uint32) []byte {
	b := asPNG(flagPicture(1, 1))
	binary.BigEndian.PutUint32(b[16:], w)
	binary.BigEndian.PutUint32(b[20:], h)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

func TestBadPictures(t *testing.T) {
	t.Parallel()
	// VP8L: signature, then 14 bits each of width-1 and height-1: a canvas of 1 × 1 around a picture of 16384 × 16384.
	hidden := riff(vp8x(0, 1, 1), chunk("VP8L", []byte{0x2f, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0}))
	for name, c := range map[string]struct {
		in   []byte
		kind fault.Kind
	}{
		"nothing":     {nil, fault.Invalid},
		"text":        {[]byte("<svg onload=alert(1)>"), fault.Invalid},
		"html in gif": {[]byte("GIF89a\x01\x00\x01\x00<script>"), fault.Invalid},
		"cut jpeg":    {asJPEG(flagPicture(60, 40))[:100], fault.Invalid},
		"cut png":     {asPNG(flagPicture(60, 40))[:50], fault.Invalid},
		"png bomb":    {bombPNG(50_000, 50_000), fault.TooLarge},
		"long bomb":   {bombPNG(30_000, 1), fault.TooLarge},
		"webp bomb":   {hidden, fault.TooLarge},
		"heavy":       {make([]byte, MaxImageBytes+1), fault.TooLarge},
	} {
		if _, err := readPicture(c.in); err == nil || fault.KindOf(err) != c.kind {
			t.Errorf("%s: %v, want %v", name, err, c.kind)
		}
	}
}

// FuzzReadPicture: foreign bytes are decoded within the bounds or refused as the sender's fault, never with a panic.
func FuzzReadPicture(f *testing.F) {
	for _, b := range [][]byte{
		asPNG(flagPicture(6, 4)), asJPEG(flagPicture(6, 4)), asGIF(flagPicture(6, 4)), bombPNG(50_000, 50_000),
		withEXIF(asJPEG(flagPicture(8, 4)), tiff(binary.LittleEndian, "II*\x00", 6)),
		riff(vp8x(0, 1, 1), chunk("VP8L", []byte{0x2f, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0})),
		fixture(f, "lossy.webp"), fixture(f, "lossless.webp"),
	} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if o := 1; sniff(b) != nil {
			if o = orientation(b); o < 1 || o > 8 {
				t.Errorf("orientation %d", o)
			}
		}
		if f := sniff(b); f != nil { // keep the fuzzer off pictures that take long
			if c, err := f.config(bytes.NewReader(b)); err == nil && c.Width*c.Height > 1<<20 && c.Width*c.Height <= maxPixels {
				t.Skip()
			}
		}
		p, err := readPicture(b)
		if err != nil {
			if k := fault.KindOf(err); k != fault.Invalid && k != fault.TooLarge {
				t.Errorf("%v: %v", k, err)
			}
			return
		}
		if p.width < 1 || p.height < 1 || max(p.width, p.height) > largeSide || sniff(p.large) != formatJPEG || sniff(p.thumb) != formatJPEG {
			t.Errorf("kept %d × %d", p.width, p.height)
		}
	})
}

func BenchmarkReadPicture(b *testing.B) {
	in := asJPEG(flagPicture(4000, 3000)) // a phone's
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readPicture(in); err != nil {
			b.Fatal(err)
		}
	}
}
