package livetest

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// misuse asks what a good player would not, and checks that it is refused or borne as the rules say.
func (f *follower) misuse(ctx context.Context) {
	msn, _ := next(f.prev)
	f.badDirectives(ctx, msn)
	f.oldDirectives(ctx)
	f.missing(ctx, msn)
	f.methods(ctx)
	f.byteRange(ctx)
	f.changed = time.Now() // the detour must not count as a late update
}

func (f *follower) query(q string) *url.URL {
	u := *f.url
	u.RawQuery = q
	return &u
}

// badDirectives: rule 24 and numbers that are none.
func (f *follower) badDirectives(ctx context.Context, msn uint64) {
	for _, q := range []string{
		"_HLS_part=0", "_HLS_msn=", "_HLS_msn=x", "_HLS_msn=-1", "_HLS_msn=1e3", "_HLS_msn=99999999999999999999",
		fmt.Sprintf("_HLS_msn=%d&_HLS_part=-1", msn), fmt.Sprintf("_HLS_msn=%d&_HLS_part=x", msn),
		fmt.Sprintf("_HLS_msn=%d", msn+8), fmt.Sprintf("_HLS_msn=%d&_HLS_part=200", msn),
	} {
		r := f.c.get(ctx, f.query(q), classBlocking)
		if r.err == nil && r.status != http.StatusBadRequest && !f.overtaken(r, msn) {
			f.find("24", "%s answers %d, want 400", q, r.status)
		}
		if r.took > f.c.opt.Slack {
			f.find("24", "%s was refused after %v, not at once", q, r.took)
		}
	}
}

// overtaken says that r is a playlist in which segment msn is complete by now: a part past its end then means
// the next segment (rule 23), and the request was answered rightly.
func (f *follower) overtaken(r response, msn uint64) bool {
	if r.status != http.StatusOK {
		return false
	}
	now, _ := next(f.parse(r))
	return now > msn
}

// oldDirectives: rules 23, 26 and 27.
func (f *follower) oldDirectives(ctx context.Context) {
	first := f.prev.Sequence
	for _, q := range []string{
		fmt.Sprintf("_HLS_msn=%d", first), fmt.Sprintf("_HLS_msn=%d&_HLS_part=999", first), "_HLS_msn=1&_HLS_part=0",
		"_HLS_later=7&token=abc", "_HLS_msn=1&token=%zz;&_HLS_later",
	} {
		r := f.c.get(ctx, f.query(q), classBlocking)
		if !f.good(ctx, f.query(q), r) {
			continue
		}
		if r.took > f.c.opt.Slack {
			f.find("23", "%s was held for %v", q, r.took)
		}
		if m := f.parse(r); m.Skip != nil || !has(m, first, 0) {
			f.find("23", "%s did not bring the whole playlist", q)
		}
	}
}

// missing: rule 20's 404s, at once and with everything else that an answer must have.
func (f *follower) missing(ctx context.Context, msn uint64) {
	for _, uri := range []string{
		"nothing.m4s", fmt.Sprintf("%d.m4s", msn+50), fmt.Sprintf("%d.0.m4s", msn+50), "1.m4s", "1.0.m4s",
		"init-987654.mp4", "x.m3u8", "../nothing/media.m3u8", "../../no-such-show-here/index.m3u8",
	} {
		u := f.resolve(uri)
		r := f.c.get(ctx, u, classMedia)
		if r.err == nil && r.status != http.StatusNotFound {
			f.find("20", "%s answers %d, want 404", u.Path, r.status)
		}
		if r.took > f.c.opt.Slack {
			f.find("20", "%s was refused after %v, not at once", u.Path, r.took)
		}
		if v := r.header.Get("Cache-Control"); r.err == nil && v == "" {
			f.find("30", "the 404 of %s has no Cache-Control", u.Path)
		}
	}
}

// methods: HEAD is GET without the body, OPTIONS lets any page in, POST is refused.
func (f *follower) methods(ctx context.Context) {
	get := f.c.do(ctx, http.MethodGet, f.url, classPlain, nil)
	head := f.c.do(ctx, http.MethodHead, f.url, classPlain, nil)
	if head.err != nil || head.status != http.StatusOK || len(head.body) > 0 {
		f.find("P16", "HEAD answers %d with %d bytes (%v)", head.status, len(head.body), head.err)
	} else {
		for _, n := range []string{"Content-Type", "Cache-Control", "Content-Encoding"} {
			if get.header.Get(n) != head.header.Get(n) {
				f.find("P16", "HEAD has %s %q, GET %q", n, head.header.Get(n), get.header.Get(n))
			}
		}
	}
	pre := f.c.do(ctx, http.MethodOptions, f.url, classPlain, http.Header{
		"Access-Control-Request-Method": {"GET"}, "Access-Control-Request-Headers": {"range"},
	})
	if pre.err != nil || pre.status/100 != 2 || !strings.Contains(pre.header.Get("Access-Control-Allow-Methods"), "GET") ||
		pre.header.Get("Access-Control-Max-Age") == "" || !strings.Contains(strings.ToLower(pre.header.Get("Access-Control-Allow-Headers")), "range") {
		f.find("P16", "OPTIONS answers %d, %v", pre.status, pre.header)
	}
	post := f.c.do(ctx, http.MethodPost, f.url, classPlain, nil)
	if post.err == nil && (post.status != http.StatusMethodNotAllowed || post.header.Get("Allow") == "") {
		f.find("P16", "POST answers %d, Allow %q", post.status, post.header.Get("Allow"))
	}
	plain := f.c.do(ctx, http.MethodGet, f.query("_HLS_msn=1"), classAny, http.Header{"Accept-Encoding": {"gzip;q=0"}})
	if plain.err == nil && !bytes.HasPrefix(plain.body, []byte("#EXTM3U")) {
		f.find("29", "gzip was sent to a player that refuses it")
	}
}

// byteRange: a range of a segment is that part of it.
func (f *follower) byteRange(ctx context.Context) {
	if len(f.prev.Segments) == 0 || f.prev.Segments[len(f.prev.Segments)-1].Gap {
		return
	}
	u := f.resolve(f.prev.Segments[len(f.prev.Segments)-1].URI)
	all := f.c.get(ctx, u, classMedia)
	if !f.good(ctx, u, all) || len(all.body) < 100 {
		return
	}
	n := len(all.body)
	for spec, want := range map[string][]byte{
		"bytes=10-59": all.body[10:60], "bytes=-20": all.body[n-20:], fmt.Sprintf("bytes=%d-", n/2): all.body[n/2:], "bytes=0-": all.body,
	} {
		r := f.c.do(ctx, http.MethodGet, u, classMedia, http.Header{"Range": {spec}})
		if r.err == nil && (r.status != http.StatusPartialContent || !bytes.Equal(r.body, want) || r.header.Get("Content-Range") == "") {
			f.find("31", "%s of %s answers %d with %d bytes, want 206 with %d", spec, u.Path, r.status, len(r.body), len(want))
		}
	}
	r := f.c.do(ctx, http.MethodGet, u, classMedia, http.Header{"Range": {fmt.Sprintf("bytes=%d-", n)}})
	if r.err == nil && (r.status != http.StatusRequestedRangeNotSatisfiable || r.header.Get("Content-Range") != fmt.Sprintf("bytes */%d", n)) {
		f.find("31", "a range past the end answers %d, Content-Range %q", r.status, r.header.Get("Content-Range"))
	}
}
