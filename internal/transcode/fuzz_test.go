package transcode

import (
	"bytes"
	"testing"
)

// frameOf is a frame as ffmpeg writes it.
func frameOf(payload ...byte) []byte {
	size := adtsHeader + len(payload)
	return append([]byte{0xff, 0xf1, adtsSame, 0x80 | byte(size>>11), byte(size >> 3), byte(size<<5) | 0x1f, 0xfc}, payload...)
}

var adtsCases = map[string]struct {
	in     []byte
	frames int
	bad    bool
}{
	"nothing":       {},
	"half a header": {in: frameOf(1)[:5]},
	"half a frame":  {in: frameOf(1, 2, 3)[:9]},
	"one":           {in: frameOf(1, 2), frames: 1},
	"two and more":  {in: append(append(frameOf(1), frameOf(2)...), 0xff), frames: 2},
	"with a sum":    {in: []byte{0xff, 0xf0, adtsSame, 0x80, 10 >> 3, 10<<5&0xff | 0x1f, 0xfc, 0, 0, 7}, frames: 1},
	"no syncword":   {in: []byte("not audio at all"), bad: true},
	"empty":         {in: frameOf(), bad: true},
	"too small":     {in: []byte{0xff, 0xf1, adtsSame, 0x80, 0, 0x3f, 0xfc, 0}, bad: true},
	"44.1 kHz":      {in: []byte{0xff, 0xf1, 1<<6 | 4<<2, 0x80, 1, 0x1f, 0xfc, 0}, bad: true},
	"mono":          {in: []byte{0xff, 0xf1, adtsSame, 0x40, 1, 0x1f, 0xfc, 0}, bad: true},
	"after a frame": {in: append(frameOf(1), "rubbish"...), frames: 1, bad: true},
}

func readAll(in []byte, step int) (frames [][]byte, err error) {
	var a adts
	for len(in) > 0 {
		n := min(step, len(in))
		a.push(in[:n])
		in = in[n:]
		for {
			f, err := a.next()
			if err != nil {
				return frames, err
			}
			if f == nil {
				break
			}
			frames = append(frames, f)
		}
	}
	return frames, nil
}

func TestADTS(t *testing.T) {
	for name, c := range adtsCases {
		frames, err := readAll(c.in, 1<<20)
		if len(frames) != c.frames || (err != nil) != c.bad {
			t.Errorf("%s: %d frames, %v", name, len(frames), err)
		}
	}
}

func FuzzADTS(f *testing.F) {
	for _, c := range adtsCases {
		f.Add(c.in, 3)
	}
	f.Fuzz(func(t *testing.T, in []byte, step int) {
		whole, err := readAll(in, 1<<20)
		pieces, err2 := readAll(in, max(step, 1))
		if len(whole) != len(pieces) || (err == nil) != (err2 == nil) {
			t.Fatalf("whole %d frames, %v; in pieces %d frames, %v", len(whole), err, len(pieces), err2)
		}
		for i := range whole {
			if !bytes.Equal(whole[i], pieces[i]) || len(whole[i]) == 0 || len(whole[i]) > 1<<13 {
				t.Fatalf("frame %d has %d bytes", i, len(whole[i]))
			}
		}
	})
}

var opusCases = map[string]struct {
	in      []byte
	samples int64
	ok      bool
}{
	"nothing":                     {},
	"silence":                     {in: silences[0].packet, samples: 960, ok: true},
	"lost":                        {in: []byte{31 << 3}, samples: 960, ok: true},
	"2.5 ms":                      {in: silences[3].packet, samples: 120, ok: true},
	"60 ms of SILK":               {in: []byte{3 << 3, 1}, samples: 2880, ok: true},
	"a frame too long":            {in: append([]byte{31 << 3}, make([]byte, 1276)...)},
	"two equal":                   {in: []byte{31<<3 | 1, 1, 2}, samples: 1920, ok: true},
	"two unequal as equal":        {in: []byte{31<<3 | 1, 1, 2, 3}},
	"two":                         {in: []byte{31<<3 | 2, 1, 9, 8, 7}, samples: 1920, ok: true},
	"two, the first too long":     {in: []byte{31<<3 | 2, 4, 9, 8, 7}},
	"two, no length":              {in: []byte{31<<3 | 2}},
	"two, half a length":          {in: []byte{31<<3 | 2, 252}},
	"two, a length of two":        {in: append([]byte{31<<3 | 2, 252, 0}, make([]byte, 252)...), samples: 1920, ok: true},
	"many, no count":              {in: []byte{31<<3 | 3}},
	"many, none":                  {in: []byte{31<<3 | 3, 0}},
	"many, three of one":          {in: []byte{31<<3 | 3, 3, 1, 2, 3}, samples: 2880, ok: true},
	"many, unequal":               {in: []byte{31<<3 | 3, 3, 1, 2}},
	"many, over 120 ms":           {in: []byte{31<<3 | 3, 7, 1, 2, 3, 4, 5, 6, 7}},
	"many, padded":                {in: []byte{31<<3 | 3, 0x42, 2, 1, 1, 0, 0}, samples: 1920, ok: true},
	"many, more padding than all": {in: []byte{31<<3 | 3, 0x42, 255, 1}},
	"many, no padding":            {in: []byte{31<<3 | 3, 0x42}},
	"many, of their own lengths":  {in: []byte{31<<3 | 3, 0x82, 1, 9, 8, 7}, samples: 1920, ok: true},
	"many, lengths too long":      {in: []byte{31<<3 | 3, 0x82, 9, 9, 8, 7}},
	"many, lengths missing":       {in: []byte{31<<3 | 3, 0x83, 0}},
}

func TestOpusLength(t *testing.T) {
	for name, c := range opusCases {
		if n, ok := opusLength(c.in); ok != c.ok || ok && n != c.samples {
			t.Errorf("%s: %d, %v", name, n, ok)
		}
	}
}

func FuzzOpusLength(f *testing.F) {
	for _, c := range opusCases {
		f.Add(c.in)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if n, ok := opusLength(in); ok && (n < shortest || n > maxOpusLength || n%shortest != 0) {
			t.Fatalf("%d samples", n)
		}
	})
}
