package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"livesrv/internal/fault"
)

func TestImageHeaders(t *testing.T) {
	h := handler(t, DefaultConfig(), handlers())
	w := get(h, "GET", "/images/img_1.jpg", nil)
	if got := w.Header().Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
		t.Error(got)
	}
	if got := w.Header().Get("Content-Type"); got != "image/jpeg" {
		t.Error(got)
	}
	again := get(h, "GET", "/images/img_1.jpg", func(r *http.Request) { r.Header.Set("If-None-Match", w.Header().Get("ETag")) })
	if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("known picture: %d, %d bytes", again.Code, again.Body.Len())
	}
	part := get(h, "GET", "/images/img_1.jpg", func(r *http.Request) { r.Header.Set("Range", "bytes=0-2") })
	if part.Code != http.StatusPartialContent || part.Body.String() != "img" {
		t.Errorf("range: %d %q", part.Code, part.Body)
	}
}

// All who ask for a picture at the same time share one reading, and one who leaves takes it from nobody.
func TestImageIsReadOnceForAll(t *testing.T) {
	var reads atomic.Int32
	begun, release := make(chan struct{}), make(chan struct{})
	i := newImages(func(ctx context.Context, id string, _ bool) ([]byte, error) {
		reads.Add(1)
		close(begun)
		<-release
		return []byte(id), ctx.Err()
	}, nil)
	leaving, leave := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = i.get(leaving, "a.jpg", "a", false) })
	<-begun
	leave()
	for range 10 {
		wg.Go(func() {
			if b, err := i.get(t.Context(), "a.jpg", "a", false); err != nil || string(b) != "a" {
				t.Errorf("%q %v", b, err)
			}
		})
	}
	close(release)
	wg.Wait()
	if n := reads.Load(); n != 1 {
		t.Errorf("read %d times", n)
	}
}

func TestImageCacheIsBounded(t *testing.T) {
	var reads int
	i := newImages(func(_ context.Context, id string, _ bool) ([]byte, error) {
		reads++
		return make([]byte, maxImageCache/8), nil
	}, nil)
	for n := range 20 {
		if _, err := i.get(t.Context(), fmt.Sprint(n), fmt.Sprint(n), false); err != nil {
			t.Fatal(err)
		}
		if i.size > maxImageCache || len(i.byName) != i.used.Len() {
			t.Fatalf("%d bytes, %d names, %d pictures", i.size, len(i.byName), i.used.Len())
		}
	}
	before := reads
	_, _ = i.get(t.Context(), "19", "19", false)
	_, _ = i.get(t.Context(), "0", "0", false)
	if reads != before+1 {
		t.Errorf("the newest was read again or the oldest kept: %d more reads", reads-before)
	}
}

func TestFailedImageIsNotKept(t *testing.T) {
	fail := true
	i := newImages(func(context.Context, string, bool) ([]byte, error) {
		if fail {
			return nil, errors.New("disk")
		}
		return []byte("x"), nil
	}, nil)
	if _, err := i.get(t.Context(), "a", "a", false); err == nil {
		t.Fatal("no error")
	}
	fail = false
	if b, err := i.get(t.Context(), "a", "a", false); err != nil || string(b) != "x" {
		t.Errorf("%q %v", b, err)
	}
}

func TestImageNames(t *testing.T) {
	i := newImages(func(context.Context, string, bool) ([]byte, error) { return nil, nil },
		func(w http.ResponseWriter, _ *http.Request, err error) {
			if fault.KindOf(err) != fault.NotFound {
				t.Errorf("%v", err)
			}
			w.WriteHeader(404)
		})
	for _, name := range []string{"", ".jpg", "-thumb.jpg", "A.jpg", "a b.jpg", "../a.jpg", "a.jpg.jpg", "a.gif"} {
		r := httptest.NewRequest("GET", "/images/x", nil)
		r.SetPathValue("name", name)
		w := httptest.NewRecorder()
		i.ServeHTTP(w, r)
		if w.Code != 404 {
			t.Errorf("%q: %d", name, w.Code)
		}
	}
}
