package livetest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"livesrv/internal/livetest/m3u8"
)

// Options steer Check.
type Options struct {
	// URL is the multivariant playlist's.
	URL string
	// HTTP makes the requests; nil is a client of its own. It must not decompress by itself.
	HTTP *http.Client
	// For is how long every rendition is followed, from the moment its playlist is there; default 8 s.
	For time.Duration
	// Until ends it when it is closed, instead of For.
	Until <-chan struct{}
	// Slack is how much later than a rule says something may come, for a busy machine; default 500 ms.
	Slack time.Duration
	// Polite asks only what a good player asks, and leaves out what must be refused.
	Polite bool
	// Dependent allows segments and parts without a keyframe where the rules want one: the publisher's
	// keyframes are further apart than a segment may last.
	Dependent bool
	// Absent allows the publisher to be away: an update may come this much later than rule 10 says.
	Absent time.Duration
	// KeepSegments is how many whole segments of each rendition Report.Media holds, the last ones.
	KeepSegments int
}

// Finding is one breach of one rule, met on a running server.
type Finding struct {
	// Rule is the number in the list of HLS rules, or "P…" for one of its pains.
	Rule string
	// Where is the rendition and the URI or line.
	Where string
	Text  string
}

func (f Finding) String() string { return "rule " + f.Rule + ": " + f.Where + ": " + f.Text }

// Report is what Check saw.
type Report struct {
	Findings []Finding
	// Renditions are the media playlists' URIs in the multivariant playlist's order.
	Renditions []string
	// What was looked at.
	Playlists, Deltas, Parts, Segments, Emsgs, Discontinuities, Gaps int
	// Media maps a rendition's URI to its init segment and the last whole segments, as one file, for
	// other tools to read.
	Media map[string][]byte
	// MediaStart is the PROGRAM-DATE-TIME of the first of those segments.
	MediaStart map[string]time.Time
	// Cues are the event messages seen, by rendition URI, each distinct one once, in order.
	Cues map[string][]Cue
	// Dateranges are the dateranges seen, by rendition URI and ID, as last written.
	Dateranges map[string]map[string]m3u8.Daterange
	// Resumed is when the first rendition's playlist listed media again behind a gap or a discontinuity, each time.
	Resumed []time.Time
	// Ended says that a playlist came to its EXT-X-ENDLIST.
	Ended bool
}

// Cue is one event message with the place it was found at.
type Cue struct {
	Scheme, Value string
	ID            uint32
	// Media is its presentation time on the media timeline.
	Media time.Duration
	// Wall is the same moment by the PROGRAM-DATE-TIME of the segment that carried it.
	Wall    time.Time
	Message []byte
	// Part is the URI of the first part that carried it.
	Part string
	// PartStart is when that part starts on the media timeline.
	PartStart time.Duration
}

// maxPerRule bounds the findings kept for one rule: the first few say it all.
const maxPerRule = 8

// checker is one run of Check.
type checker struct {
	opt  Options
	base *url.URL

	mu     sync.Mutex
	report Report
	count  map[string]int
}

// Check follows every rendition of a live presentation the way a strict low-latency player would, and
// judges what it gets by the project's list of HLS rules. The error says that there was nothing to judge.
func Check(ctx context.Context, opt Options) (*Report, error) {
	if opt.For == 0 {
		opt.For = 8 * time.Second
	}
	if opt.Slack == 0 {
		opt.Slack = 500 * time.Millisecond
	}
	if opt.HTTP == nil {
		tr := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}
		defer tr.CloseIdleConnections()
		opt.HTTP = &http.Client{Transport: tr}
	}
	client := *opt.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	opt.HTTP = &client
	base, err := url.Parse(opt.URL)
	if err != nil {
		return nil, err
	}
	c := &checker{opt: opt, base: base, count: map[string]int{}, report: Report{
		Media: map[string][]byte{}, MediaStart: map[string]time.Time{}, Cues: map[string][]Cue{}, Dateranges: map[string]map[string]m3u8.Daterange{},
	}}
	mv, err := c.multivariant(ctx)
	if err != nil {
		return nil, err
	}
	var all []*follower
	for i, v := range mv.Variants {
		f := newFollower(c, v, i == 0)
		all = append(all, f)
		c.report.Renditions = append(c.report.Renditions, v.URI)
	}
	for _, f := range all {
		f.siblings = all
	}
	var wg sync.WaitGroup
	for _, f := range all {
		wg.Go(func() { f.run(ctx) })
	}
	wg.Wait()
	for _, f := range all {
		f.keep()
	}
	c.compareRenditions(all)
	c.bandwidth(ctx, all)
	return &c.report, ctx.Err()
}

// multivariant fetches and judges the multivariant playlist.
func (c *checker) multivariant(ctx context.Context) (*m3u8.Multivariant, error) {
	r := c.get(ctx, c.base, classPlain)
	if r.err != nil {
		return nil, r.err
	}
	if r.status != http.StatusOK {
		return nil, fmt.Errorf("%s answers %d: %s", c.base, r.status, r.body)
	}
	mv, problems := m3u8.ParseMultivariant(r.body)
	for _, p := range problems {
		if p.Rule == "33" && c.opt.Dependent {
			continue // then it must not promise that every segment is independent
		}
		c.find(p.Rule, fmt.Sprintf("%s line %d", c.base.Path, p.Line), "%s", p.Text)
	}
	if len(mv.Variants) == 0 {
		return nil, errors.New("the multivariant playlist has no variant: " + string(r.body))
	}
	return mv, nil
}

// find records a finding.
func (c *checker) find(rule, where, format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.count[rule]++; c.count[rule] > maxPerRule {
		return
	}
	c.report.Findings = append(c.report.Findings, Finding{rule, where, fmt.Sprintf(format, args...)})
}

// note updates the report's counters.
func (c *checker) note(f func(*Report)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.report)
}

// compareRenditions checks what must be the same everywhere (rules 6, 19, 40 and 44).
func (c *checker) compareRenditions(all []*follower) {
	a := all[0]
	if a.prev == nil {
		return
	}
	for _, b := range all[1:] {
		if b.prev == nil {
			continue
		}
		if a.prev.TargetDuration != b.prev.TargetDuration {
			c.find("6", b.name, "target duration %v, but %v in %s", b.prev.TargetDuration, a.prev.TargetDuration, a.name)
		}
		if a.prev.Control != nil && b.prev.Control != nil && a.prev.Control.Raw != b.prev.Control.Raw {
			c.find("19", b.name, "EXT-X-SERVER-CONTROL %q, but %q in %s", b.prev.Control.Raw, a.prev.Control.Raw, a.name)
		}
		if a.prev.DiscontinuitySequence != b.prev.DiscontinuitySequence && a.prev.Sequence == b.prev.Sequence {
			c.find("11", b.name, "discontinuity sequence %d, but %d in %s", b.prev.DiscontinuitySequence, a.prev.DiscontinuitySequence, a.name)
		}
		c.sameCues(a, b)
		c.sameCues(b, a)
	}
}

// sameCues reports cues of a that b lacks, but for those too young to be everywhere.
func (c *checker) sameCues(a, b *follower) {
	for id, d := range c.report.Dateranges[a.name] {
		if _, ok := c.report.Dateranges[b.name][id]; !ok && time.Since(a.rangeSeen[id]) > time.Second+c.opt.Slack {
			c.find("40", b.name, "daterange %s (%s) stands in %s only", id, d.Start, a.name)
		}
	}
	for k, cue := range a.cues {
		if _, ok := b.cues[k]; !ok && time.Since(a.cueSeen[k]) > 2*time.Second+c.opt.Slack {
			c.find("44", b.name, "emsg %d at %v is in %s only", cue.ID, cue.Media, a.name)
		}
	}
}

// bandwidth compares what the multivariant playlist says now with what was measured (rules 14 and 32).
func (c *checker) bandwidth(ctx context.Context, all []*follower) {
	mv, err := c.multivariant(ctx)
	if err != nil {
		if ctx.Err() == nil && !c.report.Ended {
			c.find("27", c.base.Path, "the multivariant playlist went away: %v", err)
		}
		return
	}
	if c.opt.Dependent && mv.IndependentSegments {
		c.find("33", c.base.Path, "promises independent segments although there were others")
	}
	for _, v := range mv.Variants {
		i := slices.IndexFunc(all, func(f *follower) bool { return f.name == v.URI })
		if i < 0 || all[i].mediaTime < 4*time.Second {
			continue
		}
		f := all[i]
		var said, average float64
		fmt.Sscan(m3u8.Get(v.Attrs, "BANDWIDTH"), &said)
		fmt.Sscan(m3u8.Get(v.Attrs, "AVERAGE-BANDWIDTH"), &average)
		if said*1.1 < f.peak {
			c.find("32", v.URI, "BANDWIDTH=%.0f, but a segment had %.0f bit/s", said, f.peak)
		}
		mean := float64(f.mediaBytes) * 8 / f.mediaTime.Seconds()
		if average < mean*0.75 || average > mean*1.33 {
			c.find("32", v.URI, "AVERAGE-BANDWIDTH=%.0f, measured %.0f bit/s", average, mean)
		}
	}
}
