package web

import (
	"bytes"
	"container/list"
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"livesrv/internal/fault"
)

// maxImageCache is how many bytes of pictures are kept in memory. When a show begins everybody loads the same few.
const maxImageCache = 64 << 20

// images serves /images/{id}.jpg and /images/{id}-thumb.jpg from memory, reading each picture once for all who
// ask for it at the same time.
type images struct {
	load func(ctx context.Context, id string, thumb bool) ([]byte, error)
	fail func(w http.ResponseWriter, r *http.Request, err error)

	mu      sync.Mutex
	byName  map[string]*list.Element // of *picture
	used    *list.List               // the last used in front
	size    int
	loading map[string]*picture
}

type picture struct {
	name  string
	done  chan struct{} // closed when bytes and err are set
	bytes []byte
	err   error
}

func newImages(load func(context.Context, string, bool) ([]byte, error), fail func(http.ResponseWriter, *http.Request, error)) *images {
	return &images{load: load, fail: fail, byName: map[string]*list.Element{}, used: list.New(), loading: map[string]*picture{}}
}

func (i *images) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	id, ok := strings.CutSuffix(name, ".jpg")
	id, thumb := strings.CutSuffix(id, "-thumb")
	if !ok || !saneID(id) {
		i.fail(w, r, errNoPicture())
		return
	}
	b, err := i.get(r.Context(), name, id, thumb)
	if err != nil {
		i.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", `"`+name+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}

func errNoPicture() error { return fault.New(fault.NotFound, "There is no such picture.") }

func (i *images) get(ctx context.Context, name, id string, thumb bool) ([]byte, error) {
	i.mu.Lock()
	if e, ok := i.byName[name]; ok {
		i.used.MoveToFront(e)
		i.mu.Unlock()
		return e.Value.(*picture).bytes, nil
	}
	p, ok := i.loading[name]
	if !ok {
		p = &picture{name: name, done: make(chan struct{})}
		i.loading[name] = p
		i.mu.Unlock()
		i.read(ctx, p, id, thumb)
		return p.bytes, p.err
	}
	i.mu.Unlock()
	select {
	case <-p.done:
		return p.bytes, p.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// read loads p for everybody who waits for it: that the first of them leaves must not fail the others.
func (i *images) read(ctx context.Context, p *picture, id string, thumb bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	p.err = fault.New(fault.Unavailable, "The picture could not be read.")
	defer func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		delete(i.loading, p.name)
		close(p.done)
		if p.err != nil || len(p.bytes) > maxImageCache/4 {
			return
		}
		i.byName[p.name] = i.used.PushFront(p)
		for i.size += len(p.bytes); i.size > maxImageCache; {
			oldest := i.used.Remove(i.used.Back()).(*picture)
			delete(i.byName, oldest.name)
			i.size -= len(oldest.bytes)
		}
	}()
	p.bytes, p.err = i.load(ctx, id, thumb)
}

func saneID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}
