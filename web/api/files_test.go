package api_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"livesrv/internal/store"
)

func picture(t *testing.T) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 400, 200))
	for i := range m.Pix {
		m.Pix[i] = byte(i)
	}
	m.Set(0, 0, color.White)
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPictures(t *testing.T) {
	w := open(t)
	w.sell(10)
	path := "/api/products/{product}/images?alt=Blue"
	asPNG := map[string]string{"Content-Type": "image/png"}
	w.do(call{as: "owner", method: "POST", path: path, headers: asPNG, body: picture(t), want: 201, has: `"alt":"Blue","width":400,"height":200`,
		save: map[string]string{"image": "image.id", "url": "image.url", "thumb": "image.thumb"}})
	for _, name := range []string{"url", "thumb"} {
		resp, text := w.do(call{method: "GET", path: w.vars[name], want: 200})
		if resp.Header.Get("Content-Type") != "image/jpeg" || !strings.HasPrefix(text, "\xff\xd8") {
			t.Errorf("%s: %s", w.vars[name], resp.Header.Get("Content-Type"))
		}
	}
	w.do(call{method: "GET", path: "/api/shows/tea/state", want: 200, has: `"url":"{url}"`})
	w.do(call{name: "no picture", as: "owner", method: "POST", path: path, headers: asPNG, body: "<svg onload=alert(1)>", want: 400, kind: "invalid"})
	w.do(call{name: "too large", as: "owner", method: "POST", path: path, headers: asPNG, body: picture(t) + strings.Repeat("x", 11<<20), want: 413, kind: "too_large", has: "10 MB"})
	w.do(call{as: "owner", method: "DELETE", path: "/api/products/{product}/images/{image}", want: 200, has: `"images":[]`})
	w.do(call{as: "owner", method: "DELETE", path: "/api/products/{product}/images/{image}", want: 404, kind: "not_found"})
}

func TestImportAndExport(t *testing.T) {
	w := open(t)
	w.sell(10)
	resp, text := w.do(call{as: "owner", method: "GET", path: "/api/products/export", want: 200, has: "Teapot"})
	if got := resp.Header.Get("Content-Type"); got != "text/csv; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
	if got := resp.Header.Get("Content-Disposition"); !strings.HasPrefix(got, `attachment; filename="products-`) {
		t.Errorf("Content-Disposition %q", got)
	}
	asCSV := map[string]string{"Content-Type": "text/csv"}
	w.do(call{name: "back again", as: "owner", method: "POST", path: "/api/products/import", headers: asCSV, body: text, want: 200, has: `"created":0,"updated":0,"unchanged":1,"refused":0`})
	w.do(call{name: "somebody else's, dry", as: "other", method: "POST", path: "/api/products/import?dryRun=true", headers: asCSV, body: text, want: 200, has: `"dryRun":true,"created":1`})
	w.do(call{as: "other", method: "GET", path: "/api/products", want: 200, has: `"products":[]`})
	w.do(call{name: "no CSV of ours", as: "owner", method: "POST", path: "/api/products/import", headers: asCSV, body: "a,b\n1,2\n", want: 400, kind: "invalid"})
	w.do(call{name: "empty", as: "owner", method: "POST", path: "/api/products/import", headers: asCSV, body: " ", want: 400, kind: "invalid"})
}

// A file that is too large is refused with the limit.
func TestImportIsBounded(t *testing.T) {
	w := open(t)
	_, header := w.do(call{as: "owner", method: "GET", path: "/api/products/export", want: 200})
	body := io.MultiReader(strings.NewReader(header), io.LimitReader(&endless{}, 40<<20))
	req, err := http.NewRequestWithContext(t.Context(), "POST", w.url+"/api/products/import?dryRun=true", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.tokens["owner"])
	req.Header.Set("Content-Type", "text/csv")
	resp, err := w.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("%s %s %v", resp.Status, b, err)
	}
}

// endless is one row that never ends.
type endless struct{}

func (*endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestBackup(t *testing.T) {
	w := open(t)
	w.sell(7)
	resp, text := w.do(call{as: "admin", method: "POST", path: "/api/backup", want: 200})
	if got := resp.Header.Get("Content-Disposition"); !strings.HasPrefix(got, `attachment; filename="livesrv-`) {
		t.Errorf("Content-Disposition %q", got)
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), store.Config{Path: path}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := db.Shows().Show(t.Context(), "tea")
	if err != nil || s.Title != "Tea time" {
		t.Errorf("the copy has %+v, %v", s, err)
	}
}
