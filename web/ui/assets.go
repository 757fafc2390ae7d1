package ui

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
)

// asset is one file as it goes over the wire. plain is always there; the others only where they are smaller.
type asset struct {
	body   []byte
	gzip   []byte
	brotli []byte
	kind   string
	etag   string
}

// assets is the set of files under /assets/. It is filled while the site is built and read-only after.
type assets struct {
	files map[string]*asset
}

func newAssets() *assets { return &assets{files: map[string]*asset{}} }

// put keeps a file whose path already carries a hash.
func (a *assets) put(p string, body []byte, kind string) {
	a.files[p] = &asset{body: body, kind: kind, etag: etag(body)}
}

// add keeps a file under a name made of its own and its hash, and says the path.
func (a *assets) add(name string, body []byte, kind string) string {
	ext := path.Ext(name)
	p := "/assets/" + strings.TrimSuffix(path.Base(name), ext) + "-" + digest(body)[:8] + ext
	a.put(p, body, kind)
	return p
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:])
}

func etag(b []byte) string { return `"` + digest(b)[:16] + `"` }

// compress makes the compressed copies, each file on its own goroutine.
func (a *assets) compress() {
	var wg sync.WaitGroup
	for p, f := range a.files {
		if !strings.HasSuffix(p, ".map") {
			wg.Go(f.compress)
		}
	}
	wg.Wait()
}

func (f *asset) compress() {
	var g bytes.Buffer
	// The level is valid and a bytes.Buffer never fails.
	zw, _ := gzip.NewWriterLevel(&g, gzip.BestCompression)
	_, _ = zw.Write(f.body)
	_ = zw.Close()
	if g.Len() < len(f.body) {
		f.gzip = g.Bytes()
	}
	var b bytes.Buffer
	// Quality 5: within 4 % of quality 9 for these files at an eighth of its time, which is spent at each start.
	bw := brotli.NewWriterOptions(&b, brotli.WriterOptions{Quality: 5, LGWin: 20})
	_, _ = bw.Write(f.body)
	_ = bw.Close()
	if b.Len() < len(f.body) {
		f.brotli = b.Bytes()
	}
}

func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := a.files[r.URL.Path]
	if f == nil {
		w.Header().Set("Cache-Control", "no-store")
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	f.serve(w, r)
}

// serve writes the smallest copy that the browser accepts.
func (f *asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Vary", "Accept-Encoding")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	h.Set("ETag", f.etag)
	if strings.Contains(r.Header.Get("If-None-Match"), f.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.body
	switch accept := r.Header.Get("Accept-Encoding"); {
	case f.brotli != nil && accepts(accept, "br"):
		body = f.brotli
		h.Set("Content-Encoding", "br")
	case f.gzip != nil && accepts(accept, "gzip"):
		body = f.gzip
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // the browser may leave at any time
	}
}

// accepts says whether an Accept-Encoding list names the coding without refusing it (q=0).
func accepts(list, coding string) bool {
	for item := range strings.SplitSeq(list, ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(item), ";")
		if strings.EqualFold(strings.TrimSpace(name), coding) {
			q = strings.ReplaceAll(q, " ", "")
			return !strings.HasPrefix(q, "q=0") || strings.Trim(q, "q=0.") != ""
		}
	}
	return false
}
