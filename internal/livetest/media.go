package livetest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"livesrv/internal/livetest/box"
	"livesrv/internal/livetest/m3u8"
	"livesrv/internal/media"
)

// clock is what is known of a rendition's media time.
type clock struct {
	// end is where each track's last sample ended, in its ticks. Empty before the first part and after a
	// gap or a discontinuity.
	end map[uint32]uint64
	// keyOffset is the composition offset of the segment's first picture, in its ticks: how much later the
	// line of showing is than the line of decoding.
	keyOffset *int32
	// shortest and longest are of the pictures so far.
	shortest, longest time.Duration
	// anchor and anchorPDT are the first segment start that was seen since then: PDT moves with media.
	anchor    time.Duration
	anchorPDT time.Time
	// said and real are the sums of EXTINF and of media since the anchor.
	said, real time.Duration
	// segment and part are what is being, or was last, looked at.
	segment uint64
	part    int
}

// segment digests segment s of playlist m: its new parts, and the whole once it is complete.
func (f *follower) segment(ctx context.Context, m *m3u8.Media, s *m3u8.Segment) {
	cl := &f.clock
	switch {
	case s.MSN < cl.segment, s.MSN == cl.segment && cl.part < 0:
		return // done with it
	case s.MSN > cl.segment:
		cl.segment, cl.part = s.MSN, 0
		if s.Discontinuity {
			f.c.note(func(r *Report) { r.Discontinuities++ })
			f.breaks()
		}
	}
	in := f.init(ctx, s)
	if in == nil || s.Gap {
		f.skipGap(s)
		return
	}
	for ; cl.part < len(s.Parts) && ctx.Err() == nil; cl.part++ {
		p := &s.Parts[cl.part]
		if p.Gap {
			f.c.note(func(r *Report) { r.Gaps++ })
			f.breaks()
			continue
		}
		f.resumes()
		body, ok := f.bodies[p.URI]
		if !ok {
			r := f.c.get(ctx, f.resolve(p.URI), classMedia)
			if !f.good(ctx, f.resolve(p.URI), r) {
				continue
			}
			body = r.body
			f.bodies[p.URI] = body
		}
		f.partBody(in, s, cl.part, body)
	}
	if s.URI != "" && ctx.Err() == nil {
		f.whole(ctx, m, s)
		cl.part = -1
	}
}

// skipGap passes over a segment that is known missing, or whose init segment could not be had.
func (f *follower) skipGap(s *m3u8.Segment) {
	if s.Gap {
		f.c.note(func(r *Report) { r.Gaps++ })
	}
	f.breaks()
	if s.URI != "" {
		f.clock.part = -1
	}
}

// breaks drops what is known of media time: it may go on anywhere now.
func (f *follower) breaks() { f.clock.end, f.clock.anchorPDT, f.absent = nil, time.Time{}, true }

// resumes notes when media is listed again.
func (f *follower) resumes() {
	if f.absent && f.first {
		f.c.note(func(r *Report) { r.Resumed = append(r.Resumed, f.changed) })
	}
	f.absent = false
}

// init fetches and checks the init segment that s needs, once.
func (f *follower) init(ctx context.Context, s *m3u8.Segment) *box.Init {
	if s.Map == nil {
		return nil
	}
	if in, ok := f.inits[s.Map.URI]; ok {
		return in
	}
	u := f.resolve(s.Map.URI)
	r := f.c.get(ctx, u, classMedia)
	if !f.good(ctx, u, r) {
		return nil
	}
	f.c.lifetime(u, r, f.target(), 6, 1)
	in, problems := box.ParseInit(r.body)
	f.boxes(s.Map.URI, problems)
	f.inits[s.Map.URI] = in
	f.initBytes[s.Map.URI] = r.body
	video := false
	for _, t := range in.Tracks {
		video = video || t.Video
	}
	if video != f.video {
		f.find("32", "%s has video: %v, its variant's CODECS say %v", s.Map.URI, video, f.video)
	}
	return in
}

func (f *follower) target() time.Duration {
	if f.prev == nil {
		return 0
	}
	return f.prev.TargetDuration
}

func (f *follower) boxes(where string, problems []box.Problem) {
	for _, p := range problems {
		f.c.find(p.Rule, f.name+" "+where, "%s", p.Text)
	}
}

// partBody judges one part.
func (f *follower) partBody(in *box.Init, s *m3u8.Segment, n int, body []byte) {
	p := &s.Parts[n]
	f.c.note(func(r *Report) { r.Parts++ })
	frags, problems := box.ParseMedia(body, in)
	f.boxes(p.URI, problems)
	lead, leadTrack := leading(in, frags)
	if lead == nil || len(lead.Samples) == 0 {
		f.find("15", "%s has no samples of the leading track", p.URI)
		return
	}
	f.times(in, p.URI, frags)
	if n == 0 || f.clock.keyOffset == nil {
		o := lead.Samples[0].Offset
		f.clock.keyOffset = &o
	}
	// A PROGRAM-DATE-TIME is the date of the first sample's showing, not of its decoding (bis §4.4.4.6).
	start := media.Duration(int64(lead.Base)+int64(*f.clock.keyOffset), int(leadTrack.Timescale))
	length := duration(lead.Duration(), leadTrack)
	if d := (length - p.Duration).Abs(); d > 2*time.Millisecond {
		f.find("15", "%s lasts %v, its EXT-X-PART says %v", p.URI, length, p.Duration)
	}
	f.cadence(lead, leadTrack)
	f.keys(s, n, lead, leadTrack)
	if n == 0 {
		f.dateLine(s, start)
	}
	f.together(in, p, frags, start, length)
	for _, fr := range frags {
		for i := range fr.Emsgs {
			f.emsg(in, s, n, &fr.Emsgs[i], start, length)
		}
	}
}

// leading finds the run whose track decides where parts are cut: video, else the only one.
func leading(in *box.Init, frags []box.Fragment) (*box.Run, *box.Track) {
	var run *box.Run
	var track *box.Track
	for i := range frags {
		for j := range frags[i].Runs {
			r := &frags[i].Runs[j]
			t := in.Track(r.Track)
			if t == nil || t.Timescale == 0 || track != nil && (track.Video || !t.Video) {
				continue
			}
			run, track = r, t
		}
	}
	return run, track
}

func duration(ticks uint64, t *box.Track) time.Duration {
	return media.Duration(int64(ticks), int(t.Timescale))
}

// times checks that each track goes on where it ended (rule 13).
func (f *follower) times(in *box.Init, uri string, frags []box.Fragment) {
	if f.clock.end == nil {
		f.clock.end = map[uint32]uint64{}
	}
	for _, fr := range frags {
		for i := range fr.Runs {
			r := &fr.Runs[i]
			if end, ok := f.clock.end[r.Track]; ok && end != r.Base {
				f.find("13", "%s: track %d starts at %d, its samples ended at %d (timescale %d)", uri, r.Track, r.Base, end, in.Track(r.Track).Timescale)
			}
			f.clock.end[r.Track] = r.Base + r.Duration()
		}
	}
}

// keys checks where keyframes are (rule 16).
func (f *follower) keys(s *m3u8.Segment, n int, lead *box.Run, t *box.Track) {
	if !t.Video || len(lead.Samples) == 0 {
		return
	}
	p, sync := &s.Parts[n], false
	for _, x := range lead.Samples {
		sync = sync || x.Sync
	}
	if sync != p.Independent {
		f.find("16", "%s: INDEPENDENT is %v, it holds a keyframe: %v", p.URI, p.Independent, sync)
	}
	if n == 0 && !lead.Samples[0].Sync && !f.c.opt.Dependent {
		f.find("16", "segment %d does not start with a keyframe", s.MSN)
	}
}

// cadence notes how far the frame rate varies.
func (f *follower) cadence(lead *box.Run, t *box.Track) {
	cl := &f.clock
	for _, x := range lead.Samples {
		d := duration(uint64(x.Duration), t)
		if cl.shortest == 0 || d < cl.shortest {
			cl.shortest = d
		}
		cl.longest = max(cl.longest, d)
	}
}

// frame is the error that rule 14 allows: one picture where the frame rate varies, so that a part may end
// in the middle of one; nothing to speak of where it does not.
func (c *clock) frame() time.Duration {
	if c.longest-c.shortest < 3*time.Millisecond {
		return 0
	}
	return c.longest
}

// dateLine checks that PROGRAM-DATE-TIME moves as media time does, give or take the slow correction of
// the stream's clock, 500 ppm (rule 12).
func (f *follower) dateLine(s *m3u8.Segment, start time.Duration) {
	cl := &f.clock
	if cl.anchorPDT.IsZero() {
		cl.anchor, cl.anchorPDT, cl.said, cl.real = start, s.PDT, 0, 0
		return
	}
	byMedia, byDate := start-cl.anchor, s.PDT.Sub(cl.anchorPDT)
	if d := (byMedia - byDate).Abs(); d > 2*time.Millisecond+byMedia.Abs()/2000+cl.frame() {
		f.find("12", "segment %d is %v after the first by media time and %v by PROGRAM-DATE-TIME", s.MSN, byMedia, byDate)
	}
}

// together checks that sound and picture of one part belong together (pain P8).
func (f *follower) together(in *box.Init, p *m3u8.Part, frags []box.Fragment, start, length time.Duration) {
	for _, fr := range frags {
		for i := range fr.Runs {
			r := &fr.Runs[i]
			t := in.Track(r.Track)
			if t == nil || t.Timescale == 0 {
				continue
			}
			at := duration(r.Base, t)
			if at < start-250*time.Millisecond || at > start+length+250*time.Millisecond {
				f.find("P8", "%s: track %d starts at %v, the leading one at %v", p.URI, r.Track, at, start)
			}
		}
	}
}

// whole fetches a complete segment and compares it with its parts (rules 14, 16 and 17).
func (f *follower) whole(ctx context.Context, m *m3u8.Media, s *m3u8.Segment) {
	u := f.resolve(s.URI)
	r := f.c.get(ctx, u, classMedia)
	if !f.good(ctx, u, r) {
		return
	}
	f.c.lifetime(u, r, m.TargetDuration, 6, 1)
	var parts []byte
	independent, complete := false, len(s.Parts) > 0
	for _, p := range s.Parts {
		b, ok := f.bodies[p.URI]
		complete = complete && ok
		independent = independent || p.Independent
		parts = append(parts, b...)
		delete(f.bodies, p.URI)
	}
	if complete && !bytes.Equal(parts, r.body) {
		f.find("17", "%s has %d bytes that are not its parts' %d", s.URI, len(r.body), len(parts))
	}
	if f.video && !independent && len(s.Parts) > 0 && !f.c.opt.Dependent {
		f.find("16", "segment %d has no independent part", s.MSN)
	}
	f.measure(s, len(r.body))
	f.c.note(func(rep *Report) { rep.Segments++ })
	if n := f.c.opt.KeepSegments; n > 0 {
		f.last = append(f.last, keptSegment{*s, r.body})
		f.last = f.last[max(0, len(f.last)-n):]
	}
}

// keptSegment is one that may go into Report.Media.
type keptSegment struct {
	m3u8.Segment
	body []byte
}

// keep puts the last segments that share an init segment into the report.
func (f *follower) keep() {
	for i, s := range f.last {
		if i == 0 || *s.Map != *f.last[i-1].Map {
			f.c.report.Media[f.name] = bytes.Clone(f.initBytes[s.Map.URI])
			f.c.report.MediaStart[f.name] = s.PDT
		}
		f.c.report.Media[f.name] = append(f.c.report.Media[f.name], s.body...)
	}
}

// measure adds up durations and bytes (rule 14).
func (f *follower) measure(s *m3u8.Segment, size int) {
	if f.clock.end == nil || s.Duration == 0 {
		return
	}
	f.mediaBytes += size
	f.mediaTime += s.Duration
	if s.Duration >= f.target()/2 {
		f.peak = max(f.peak, float64(size)*8/s.Duration.Seconds())
	}
	in := f.inits[s.Map.URI]
	var lead *box.Track
	for i := range in.Tracks {
		if t := &in.Tracks[i]; lead == nil || t.Video && !lead.Video {
			lead = t
		}
	}
	cl := &f.clock
	cl.said += s.Duration
	end := int64(cl.end[lead.ID])
	if cl.keyOffset != nil {
		end += int64(*cl.keyOffset)
	}
	cl.real = media.Duration(end, int(lead.Timescale)) - cl.anchor
	if d := (cl.said - cl.real).Abs(); d > 10*time.Millisecond+cl.frame() {
		f.find("14", "after segment %d the EXTINFs add up to %v, the media to %v", s.MSN, cl.said, cl.real)
	}
}

// cueKey is what makes two event messages one (rule 44).
type cueKey string

// emsg judges one event message (rules 43 to 46).
func (f *follower) emsg(in *box.Init, s *m3u8.Segment, n int, e *box.Emsg, start, length time.Duration) {
	uri := s.Parts[n].URI
	f.c.note(func(r *Report) { r.Emsgs++ })
	if e.Scheme != "https://aomedia.org/emsg/ID3" {
		f.find("43", "%s: emsg scheme %q", uri, e.Scheme)
	}
	if len(e.Message) < 10 || string(e.Message[:3]) != "ID3" || e.Message[3] != 4 || !wholeTag(e.Message) {
		f.find("43", "%s: message_data is not one whole ID3v2.4 tag: % x", uri, e.Message[:min(10, len(e.Message))])
	}
	match := e.Timescale > 0
	if match {
		match = false
		for _, t := range in.Tracks {
			match = match || t.Timescale == e.Timescale
		}
	}
	if !match {
		f.find("44", "%s: emsg timescale %d is no track's", uri, e.Timescale)
		return
	}
	at := media.Duration(int64(e.Time), int(e.Timescale))
	k := cueKey(fmt.Sprintf("%s %s %d", e.Scheme, e.Value, e.ID))
	if was, ok := f.cues[k]; ok {
		if was.Media != at || !bytes.Equal(was.Message, e.Message) {
			f.find("44", "%s: emsg %d was at %v and is at %v, or its message changed", uri, e.ID, was.Media, at)
		}
		return
	}
	base := start
	for i := range n {
		base -= s.Parts[i].Duration
	}
	wall := s.PDT.Add(at - base)
	// A first sight of it lies within its part, but for one that began before we came, or that was set to
	// a moment that viewers had before them already and whose daterange says so.
	followed := !f.clock.anchorPDT.IsZero() && at > f.clock.anchor
	if at > start+length || at < start && followed && !f.dated(wall) {
		f.find("44", "%s: emsg %d at %v lies outside its part [%v, %v)", uri, e.ID, at, start, start+length)
	}
	c := Cue{Scheme: e.Scheme, Value: e.Value, ID: e.ID, Media: at, Wall: wall,
		Message: bytes.Clone(e.Message), Part: uri, PartStart: start}
	f.cues[k], f.cueSeen[k] = c, time.Now()
	f.c.note(func(r *Report) { r.Cues[f.name] = append(r.Cues[f.name], c) })
}

// dated says whether a daterange starts or ends at t.
func (f *follower) dated(t time.Time) bool {
	near := func(d time.Time) bool { return d.Sub(t).Abs() <= 2*time.Millisecond }
	return slices.ContainsFunc(f.prev.Dateranges, func(d m3u8.Daterange) bool { return near(d.Start) || near(d.End) })
}

// wholeTag says whether the ID3 header's size field covers exactly the rest.
func wholeTag(b []byte) bool {
	size := 0
	for _, x := range b[6:10] {
		if x > 0x7f {
			return false
		}
		size = size<<7 | int(x)
	}
	return size+10 == len(b)
}
