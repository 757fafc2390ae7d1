package catalogue

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"

	"livesrv/internal/fault"
)

// The bounds of an import's pictures: how many are fetched, and how often a machine may fail before it is left alone.
const (
	maxFetches  = 5000
	maxFailures = 3
)

// pictures is what an import remembers of its fetches.
type pictures struct {
	mu      sync.Mutex
	fetches int
	failed  map[string]int // by host
}

// addPictures takes the pictures that the rows of a product name, and says whether anything changed (or would).
// What goes wrong with a picture is a warning: the product is there without it.
func (im *importer) addPictures(ctx context.Context, g *group, p Product) bool {
	if !im.sheet.has[fImage] && !im.sheet.has[fSKUImage] {
		return false
	}
	known := map[string]ImageID{}
	for _, img := range p.Images {
		known[string(img.ID)] = img.ID
	}
	if len(p.Images) > 0 {
		sources, err := im.deps.Images.ImageSources(ctx, p.ID)
		if err != nil {
			g.lines[0].warn("its pictures could not be looked up")
			return false
		}
		for source, id := range sources {
			known[source] = id
		}
	}
	changed := false
	shown := map[SKUID]ImageID{}
	for _, l := range g.lines {
		if l.Result == Refused {
			continue
		}
		if im.picture(ctx, l, p.ID, l.cells[fImage], l.cells[fAlt], known) {
			changed = true
		}
		if cell := l.cells[fSKUImage]; cell != "" && l.sku != "" {
			if im.picture(ctx, l, p.ID, cell, "", known) {
				changed = true
			}
			if id := known[cell]; id != "" {
				shown[l.sku] = id
			}
		}
	}
	return im.label(ctx, g, p, known, shown) || changed
}

// picture makes sure that a picture is known, and says whether it was (or in a dry run, would be) added.
func (im *importer) picture(ctx context.Context, l *line, p ProductID, source, alt string, known map[string]ImageID) bool {
	_, ok := known[source]
	switch {
	case source == "" || ok:
		return false
	case strings.HasPrefix(source, "img_"):
		l.warn("the product has no picture " + source + "; upload it")
		return false
	case im.opts.NoFetch:
		l.warn("its picture was left alone, as asked")
		return false
	case im.opts.DryRun:
		known[source] = ""
		l.took("image")
		return true
	}
	b, err := im.fetch(ctx, source)
	if err == nil {
		var img Image
		if _, img, err = im.addImage(ctx, p, b, alt, source); err == nil {
			known[source] = img.ID
			l.took("image")
			return true
		}
	}
	text := "its picture could not be taken"
	if f, ok := errors.AsType[*fault.Error](err); ok {
		text += ": " + f.Msg
	}
	l.warn(text)
	return false
}

// fetch is the Fetcher with the import's own bounds.
func (im *importer) fetch(ctx context.Context, source string) ([]byte, error) {
	host := ""
	if u, err := url.Parse(source); err == nil {
		host = u.Host
	}
	pics := im.pictures
	pics.mu.Lock()
	pics.fetches++
	fetches, failed := pics.fetches, pics.failed[host]
	pics.mu.Unlock()
	if fetches > maxFetches {
		return nil, fault.New(fault.TooLarge, "an import fetches %d pictures at most; import the file again for the rest", maxFetches)
	}
	if failed >= maxFailures {
		return nil, fault.New(fault.Unavailable, "%s has failed %d times and was left alone", host, failed)
	}
	b, err := im.deps.Fetcher.Fetch(ctx, source, MaxImageBytes)
	pics.mu.Lock()
	defer pics.mu.Unlock()
	if fault.KindOf(err) == fault.Unavailable {
		pics.failed[host]++
	} else if err == nil {
		pics.failed[host] = 0
	}
	return b, err
}

// label writes which picture shows which choice, and the pictures' words, where the file says otherwise.
func (im *importer) label(ctx context.Context, g *group, p Product, known map[string]ImageID, shown map[SKUID]ImageID) bool {
	merge := func(p *Product) error {
		changed := false
		for _, l := range g.lines {
			if l.Result == Refused {
				continue
			}
			id, alt := known[l.cells[fImage]], l.cells[fAlt]
			i := slices.IndexFunc(p.Images, func(img Image) bool { return img.ID == id })
			if i >= 0 && im.sheet.has[fAlt] && p.Images[i].Alt != alt {
				p.Images[i].Alt, changed = alt, true
				l.took("image_alt")
			}
			j := slices.IndexFunc(p.SKUs, func(s SKU) bool { return s.ID == l.sku })
			if img := shown[l.sku]; j >= 0 && img != "" && p.SKUs[j].Image != img {
				p.SKUs[j].Image, changed = img, true
				l.took("sku_image")
			}
		}
		if !changed {
			return ErrSame
		}
		return nil
	}
	if im.opts.DryRun {
		p.Images, p.SKUs = slices.Clone(p.Images), slices.Clone(p.SKUs)
		return merge(&p) == nil
	}
	if len(known) == 0 {
		return false
	}
	wrote := false
	_, err := im.change(ctx, p.ID, func(p *Product) error {
		err := merge(p)
		wrote = err == nil
		return err
	})
	if err != nil {
		g.lines[0].warn("its pictures could not be put in place")
		return false
	}
	return wrote
}
