package catalogue

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"

	"livesrv/internal/fault"
)

// The bounds of a picture that comes in, and the sizes of what is kept.
const (
	MaxImageBytes = 10 << 20
	maxPixels     = 40_000_000
	maxSide       = 20_000
	largeSide     = 1280
	thumbSide     = 320
)

// format is a kind of picture.
type format struct {
	name   string
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

var (
	formatJPEG = &format{"JPEG", jpeg.DecodeConfig, jpeg.Decode}
	formatPNG  = &format{"PNG", png.DecodeConfig, png.Decode}
	formatGIF  = &format{"GIF", gif.DecodeConfig, gif.Decode} // the first picture of an animation
	formatWebP = &format{"WebP", webpConfig, webp.Decode}
)

// sniff tells the format by the first bytes, whatever the sender says it is; nil for anything else.
func sniff(b []byte) *format {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return formatJPEG
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return formatPNG
	case bytes.HasPrefix(b, []byte("GIF87a")), bytes.HasPrefix(b, []byte("GIF89a")):
		return formatGIF
	case len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return formatWebP
	}
	return nil
}

// picture is what is kept of one.
type picture struct {
	large, thumb  []byte
	width, height int
}

// readPicture decodes a picture and encodes it anew, so that nothing of the file survives but what it shows: no place
// where it was taken, nothing hidden behind its end.
func readPicture(b []byte) (picture, error) {
	if len(b) > MaxImageBytes {
		return picture{}, fault.New(fault.TooLarge, "the picture is over %d MB", MaxImageBytes>>20).WithHint("send a smaller one; 1280 pixels are enough")
	}
	f := sniff(b)
	if f == nil {
		return picture{}, fault.New(fault.Invalid, "this is not a JPEG, PNG, GIF or WebP picture").WithHint("convert it to JPEG; phones call HEIC 'high efficiency', which can be turned off")
	}
	broken := func(err error) error {
		return fault.New(fault.Invalid, "the %s picture is damaged", f.name).WithHint("save it again, or as JPEG").Because(err)
	}
	// The size is read before anything of that size is allocated.
	c, err := f.config(bytes.NewReader(b))
	if err != nil {
		return picture{}, broken(err)
	}
	if c.Width < 1 || c.Height < 1 {
		return picture{}, broken(nil)
	}
	if c.Width > maxSide || c.Height > maxSide || c.Width*c.Height > maxPixels {
		return picture{}, fault.New(fault.TooLarge, "the picture has %d × %d pixels; %d megapixels are the most", c.Width, c.Height, maxPixels/1_000_000).
			WithHint("make it smaller; 1280 pixels are enough")
	}
	src, err := f.decode(bytes.NewReader(b))
	if err != nil {
		return picture{}, broken(err)
	}
	o := orientation(b)
	var p picture
	large := turn(shrink(src, largeSide), o)
	p.width, p.height = large.Rect.Dx(), large.Rect.Dy()
	if p.large, err = encode(large, 85); err != nil {
		return picture{}, err
	}
	p.thumb, err = encode(shrink(large, thumbSide), 80)
	return p, err
}

func encode(img image.Image, quality int) ([]byte, error) {
	var out bytes.Buffer
	err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality})
	return out.Bytes(), err
}

// shrink fits a picture into a square of side pixels, on white where it is transparent. It never enlarges.
func shrink(src image.Image, side int) *image.RGBA {
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	if longer := max(w, h); longer > side {
		w, h = max(1, (w*side+longer/2)/longer), max(1, (h*side+longer/2)/longer)
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(dst, dst.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	if w == src.Bounds().Dx() && h == src.Bounds().Dy() {
		draw.Draw(dst, dst.Rect, src, src.Bounds().Min, draw.Over)
	} else {
		draw.CatmullRom.Scale(dst, dst.Rect, src, src.Bounds(), draw.Over, nil)
	}
	return dst
}

// turn shows a picture upright. The eight orientations are those of the EXIF tag 0x0112.
func turn(src *image.RGBA, orientation int) *image.RGBA {
	if orientation < 2 || orientation > 8 {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation >= 5 {
		dst = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			var u, v int
			switch orientation {
			case 2: // mirrored left to right
				u, v = w-1-x, y
			case 3: // upside down
				u, v = w-1-x, h-1-y
			case 4: // mirrored top to bottom
				u, v = x, h-1-y
			case 5: // mirrored along the diagonal
				u, v = y, x
			case 6: // to be turned right
				u, v = h-1-y, x
			case 7: // mirrored along the other diagonal
				u, v = h-1-y, w-1-x
			case 8: // to be turned left
				u, v = y, w-1-x
			}
			dst.SetRGBA(u, v, src.RGBAAt(x, y))
		}
	}
	return dst
}

// webpConfig is webp.DecodeConfig that believes the picture itself and not only the canvas around it: the decoder
// allocates what the inner header says.
func webpConfig(r io.Reader) (image.Config, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return image.Config{}, err
	}
	c, err := webp.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return c, err
	}
	chunks(b, func(id string, data []byte) bool {
		w, h := 0, 0
		switch {
		case id == "VP8 " && len(data) >= 10: // RFC 6386 §9.1: 14 bits of width and height after the start code
			w, h = int(binary.LittleEndian.Uint16(data[6:])&0x3fff), int(binary.LittleEndian.Uint16(data[8:])&0x3fff)
		case id == "VP8L" && len(data) >= 5: // RFC 9649 §3.4: 14 bits of each minus one after the signature
			bits := binary.LittleEndian.Uint32(data[1:])
			w, h = int(bits&0x3fff)+1, int(bits>>14&0x3fff)+1
		}
		c.Width, c.Height = max(c.Width, w), max(c.Height, h)
		return true
	})
	return c, nil
}

// chunks walks the chunks of a WebP file until f returns false.
func chunks(b []byte, f func(id string, data []byte) bool) {
	for b = b[12:]; len(b) >= 8; {
		n := int(binary.LittleEndian.Uint32(b[4:]))
		data := b[8:]
		if n < 0 || n > len(data) {
			n = len(data)
		}
		if !f(string(b[:4]), data[:n]) {
			return
		}
		b = data[min(n+n&1, len(data)):]
	}
}
