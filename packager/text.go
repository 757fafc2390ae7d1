package packager

import (
	"bytes"
	"strconv"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// The names of a rendition's resources, relative to its playlist.

const playlistName = "media.m3u8"

func partURI(msn uint64, n int) string {
	var a [32]byte
	b := strconv.AppendUint(a[:0], msn, 10)
	b = append(b, '.')
	b = strconv.AppendInt(b, int64(n), 10)
	return string(append(b, ".m4s"...))
}

func segmentURI(msn uint64) string {
	var a [32]byte
	return string(append(strconv.AppendUint(a[:0], msn, 10), ".m4s"...))
}

func initURI(id int) string { return "init-" + strconv.Itoa(id) + ".mp4" }

// gzips keeps compressors: one is about 800 KB of tables.
var gzips = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(nil, 5)
	if err != nil {
		panic(err) // the level is a constant
	}
	return w
}}

// compress: playlists are served compressed (App 10.1). Once per snapshot and form, not per viewer.
func compress(b []byte) []byte {
	w := gzips.Get().(*gzip.Writer)
	defer gzips.Put(w)
	out := bytes.NewBuffer(make([]byte, 0, len(b)/3+64))
	w.Reset(out)
	// A bytes.Buffer takes everything.
	_, _ = w.Write(b)
	_ = w.Close()
	return bytes.Clone(out.Bytes())
}
