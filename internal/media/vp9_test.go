package media

import (
	"encoding/hex"
	"testing"
)

// How libvpx begins keyframes of 320x180 in profiles 0, 1 and 2, and the picture after one.
const (
	vp9Key0  = "824983425013f00b360638241c184a00"
	vp9Key1  = "a249834250027e0166c0c70483830940"
	vp9Key2  = "924983422809f8059b031c120e0c2c00"
	vp9Inter = "86004092f121400000907f91e44e8e35"
)

func vp9Bytes(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// layered is a superframe of frames.
func layered(frames ...[]byte) (b []byte) {
	marker := byte(0xC0 | 1<<3 | len(frames) - 1)
	index := []byte{marker}
	for _, f := range frames {
		b = append(b, f...)
		index = append(index, byte(len(f)), byte(len(f)>>8))
	}
	return append(append(b, index...), marker)
}

func TestReadVP9(t *testing.T) {
	small := VP9{Profile: 0, BitDepth: 8, Subsampling: 1, Matrix: 1, FullRange: true, Width: 320, Height: 180}
	with := func(change func(*VP9)) *VP9 {
		c := small
		change(&c)
		return &c
	}
	key, inter := vp9Bytes(t, vp9Key0), vp9Bytes(t, vp9Inter)
	// An upper layer: refers to the one below, found_ref is 0 three times, 639 and 359 in 16 bits each.
	upper := []byte{0x86, 0x00, 0x40, 0x00, 0x01, 0x3F, 0x80, 0xB3, 0x80, 0, 0, 0}
	for _, c := range []struct {
		name  string
		in    []byte
		codec *VP9
		ok    bool
		says  string
	}{
		{"profile 0", key, &small, true, "vp09.00.20.08"},
		{"profile 1", vp9Bytes(t, vp9Key1), with(func(c *VP9) { c.Profile, c.Subsampling = 1, 3 }), true, "vp09.01.20.08"},
		{"profile 2", vp9Bytes(t, vp9Key2), with(func(c *VP9) { c.Profile, c.BitDepth = 2, 10 }), true, "vp09.02.20.10"},
		{"a picture that refers to others", inter, nil, true, ""},
		{"two spatial layers", layered(key, upper), with(func(c *VP9) { c.Width, c.Height = 640, 360 }), true, "vp09.00.30.08"},
		{"a hidden frame and one of the same size", layered(key, inter), &small, true, "vp09.00.20.08"},
		{"layers of a picture that refers to others", layered(inter, upper), nil, true, ""},
		{"an index that does not fit", append(key[:len(key):len(key)], 0xC9), &small, true, "vp09.00.20.08"},
		{"cut", key[:6], nil, false, ""},
		{"nothing", nil, nil, false, ""},
		{"H.264", []byte{0x65, 1, 2, 3}, nil, false, ""},
	} {
		got, isKey, ok := ReadVP9(c.in)
		if ok != c.ok || isKey != (c.codec != nil) {
			t.Errorf("%s: key %v, ok %v", c.name, isKey, ok)
			continue
		}
		if c.codec != nil && (!Equal(got, c.codec) || got.RFC6381() != c.says) {
			t.Errorf("%s: %+v %s", c.name, got, got.RFC6381())
		}
	}
	if s := (&VP9{}).RFC6381(); s != "" {
		t.Errorf("before the first keyframe: %s", s)
	}
}

func TestVP9Level(t *testing.T) {
	for level, size := range map[uint8][2]int{10: {160, 80}, 21: {426, 240}, 30: {640, 360}, 31: {960, 540}, 40: {1280, 720}, 41: {1920, 1080}, 51: {3840, 2160}, 62: {16000, 9000}} {
		if got := (&VP9{Width: size[0], Height: size[1]}).Level(); got != level {
			t.Errorf("%v: level %d, want %d", size, got, level)
		}
	}
}

// FuzzReadVP9 wants every frame to be read or refused, and what is read to have a size.
func FuzzReadVP9(f *testing.F) {
	key, inter := vp9Bytes(f, vp9Key0), vp9Bytes(f, vp9Inter)
	for _, b := range [][]byte{key, inter, vp9Bytes(f, vp9Key1), vp9Bytes(f, vp9Key2), layered(key, inter), {0xC0, 0xC0}, {}} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, key, ok := ReadVP9(b)
		if key != (c != nil) || key && !ok {
			t.Fatal(c, key, ok)
		}
		if c == nil {
			return
		}
		if p, sized := PictureOf(c); !sized || p.Width < 1 || p.Height < 1 || c.RFC6381() == "" {
			t.Fatalf("%+v", c)
		}
	})
}
