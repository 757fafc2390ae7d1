package ingest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"livesrv/internal/media"
)

// Codes of the publish doctor's findings. They are stable: pages translate by them.
const (
	GOPLong          = "gop_long"
	GOPIrregular     = "gop_irregular"
	NoKeyframe       = "no_keyframe"
	ReorderDeep      = "reorder_deep"
	ClockDrift       = "clock_drift"
	BitrateOverLine  = "bitrate_over_line"
	CodecUnsupported = "codec_unsupported"
	CodecRare        = "codec_rare"
	NoAudio          = "no_audio"
	MediaDamaged     = "media_damaged"
	BandwidthOver    = "bandwidth_over"
	SoundUnconverted = "sound_unconverted"
)

const (
	// roundLength is how much media the doctor looks at before it judges anew, in ticks of 90 kHz.
	roundLength = 2 * media.VideoClockRate
	// keptRounds is how many rounds the drift is measured over: two minutes.
	keptRounds = 60
	// keptGOPs is how many keyframe intervals are compared.
	keptGOPs = 6
	// silence is how much media may pass without a keyframe or without sound before that is a finding.
	silence = 10 * media.VideoClockRate
	// driftPPM is the clock error from which wall time can no longer be corrected slowly.
	driftPPM = 500
	// deepReorder is how many pictures may be shown later than they are decoded. Two B-frames, of which
	// x264 and OBS make one a reference of the other, come to 4.
	deepReorder = 4
)

// sight is what the doctor sees of an access unit: its size and its stamps as the publisher sent them.
type sight struct {
	track    int
	dts, pts int64
	arrived  time.Time
	size     int
	key      bool
}

// doctor watches one publication and says in words what is wrong with it. Times are in ticks of 90 kHz
// on the publisher's clock.
type doctor struct {
	longGOP int64
	rates   []int // clock rates by track
	video   int   // track, -1 for none
	audio   int
	rare    string    // what to say of codecs that not every browser plays, "" for none
	plain   string    // why Opus is not converted, "" where it is or need not be
	first   time.Time // arrival of the first access unit

	now       int64 // greatest DTS of the leading track
	begun     bool
	lastAudio int64
	lastKey   int64
	keyed     bool
	gops      []int64
	reorder   int64 // greatest PTS − DTS of the GOP under way

	round  round
	rounds []round // the last ones, oldest first

	bitrate   float64
	frameRate float64
	findings  []Finding
	seen      map[string]bool
}

// round is a stretch of media.
type round struct {
	from, until int64
	frames      int
	bytes       int
	begin, end  time.Time
	least       time.Duration // least delay of arrivals against stamps, from the doctor's zero
}

func newDoctor(cfg Config) doctor {
	return doctor{longGOP: media.Ticks(cfg.LongGOP, media.VideoClockRate), video: -1, audio: -1, seen: map[string]bool{}}
}

func (d *doctor) setTracks(tracks []media.Track, plain string) {
	d.rates, d.video, d.audio, d.rare, d.plain = d.rates[:0], -1, -1, "", plain
	for i, t := range tracks {
		d.rates = append(d.rates, t.ClockRate)
		switch {
		case t.Codec.Kind() == media.Video && d.video < 0:
			d.video = i
		case t.Codec.Kind() == media.Audio && d.audio < 0:
			d.audio = i
		}
		d.rare += rare(t.Codec)
	}
	d.rare = strings.TrimSpace(d.rare)
}

// rare says who cannot play a codec, and what to do; "" for a codec that every browser plays.
func rare(c media.Codec) string {
	switch c.(type) {
	case *media.H265:
		return " HEVC plays only where the viewer's device decodes it: others hear the show and see nothing. Set the encoder to H.264."
	case *media.AV1:
		return " AV1 plays only on the newest of Apple's devices: on others viewers hear the show and see nothing. Set the encoder to H.264."
	case *media.VP9:
		return " VP9 does not play on iPhones and in some Safaris: there viewers hear the show and see nothing. Set the encoder to H.264."
	case *media.MP3:
		return " MP3 sound does not play in Chrome and Edge, and there the picture stays away with it. Set the encoder's sound to AAC."
	}
	return ""
}

// leads says whether judgements are made along this track.
func (d *doctor) leads(track int) bool { return track == d.video || d.video < 0 && track == d.audio }

// see takes an access unit in and gives the findings that are new in this publication.
func (d *doctor) see(s sight) []Finding {
	dts := media.Rescale(s.dts, d.rates[s.track], media.VideoClockRate)
	if d.first.IsZero() {
		d.first = s.arrived
	}
	d.round.bytes += s.size
	if s.track == d.audio {
		d.lastAudio = max(dts, d.lastAudio)
	}
	if !d.leads(s.track) {
		return nil
	}
	if !d.begun || dts < d.now-media.VideoClockRate || dts > d.now+5*media.VideoClockRate {
		d.begin(dts, s.arrived)
	}
	d.now = max(d.now, dts)
	if s.track == d.video {
		d.picture(dts, media.Rescale(s.pts-s.dts, d.rates[s.track], media.VideoClockRate), s.key)
	}
	d.round.frames++
	d.round.least = min(d.round.least, d.delay(dts, s.arrived))
	if dts < d.round.from+roundLength {
		return nil
	}
	d.round.until, d.round.end = dts, s.arrived
	d.measure()
	return d.judge(s.arrived)
}

// begin starts over: the first access unit, or the publisher's clock jumped.
func (d *doctor) begin(dts int64, arrived time.Time) {
	d.begun = true
	d.now, d.lastKey, d.lastAudio = dts, dts, dts
	d.keyed, d.gops, d.rounds = false, d.gops[:0], d.rounds[:0]
	d.open(dts, arrived)
}

func (d *doctor) open(dts int64, arrived time.Time) {
	d.round = round{from: dts, begin: arrived, least: d.delay(dts, arrived)}
}

// delay is how late an access unit arrives, from an arbitrary zero.
func (d *doctor) delay(dts int64, arrived time.Time) time.Duration {
	return arrived.Sub(d.first) - media.Duration(dts, media.VideoClockRate)
}

func (d *doctor) picture(dts, cts int64, key bool) {
	d.reorder = max(d.reorder, cts)
	if !key {
		return
	}
	if d.keyed && dts > d.lastKey {
		d.gops = append(d.gops, dts-d.lastKey)
		if len(d.gops) > keptGOPs {
			d.gops = slices.Delete(d.gops, 0, 1)
		}
	}
	d.keyed, d.lastKey = true, dts
}

// measure closes the round under way.
func (d *doctor) measure() {
	r := d.round
	if span := r.until - r.from; span > 0 {
		// The picture that opened the round is the one that closed the last: frames counts one too many.
		d.frameRate = float64(r.frames-1) * media.VideoClockRate / float64(span)
	}
	if span := r.end.Sub(r.begin).Seconds(); span > 0.1 {
		rate := float64(r.bytes) * 8 / span
		if d.bitrate > 0 {
			rate = d.bitrate/2 + rate/2
		}
		d.bitrate = rate
	}
	d.rounds = append(d.rounds, r)
	if len(d.rounds) > keptRounds {
		d.rounds = slices.Delete(d.rounds, 0, 1)
	}
	d.open(r.until, r.end)
	d.round.frames = 1
}

// judge brings the findings up to date and gives the new ones.
func (d *doctor) judge(now time.Time) []Finding {
	var fresh []Finding
	say := func(code string, found bool, message func() string) {
		if !found {
			d.findings = slices.DeleteFunc(d.findings, func(f Finding) bool { return f.Code == code })
			return
		}
		if f, isNew := d.report(code, message(), now); isNew {
			fresh = append(fresh, f)
		}
	}
	if d.video >= 0 {
		d.judgePictures(say)
	}
	d.judgeLine(say)
	say(CodecRare, d.rare != "", func() string { return d.rare })
	say(SoundUnconverted, d.plain != "", func() string { return d.plain })
	lacks := d.now-d.lastAudio > silence
	say(NoAudio, d.audio < 0 || lacks, func() string {
		if d.audio < 0 {
			return "There is no sound in the stream. Check that the encoder has an audio source."
		}
		return "No sound has come for 10 seconds. Check the microphone and the encoder's mixer."
	})
	return fresh
}

type sayFunc func(code string, found bool, message func() string)

func (d *doctor) judgePictures(say sayFunc) {
	var longest, shortest int64
	if len(d.gops) > 0 {
		longest, shortest = slices.Max(d.gops), slices.Min(d.gops)
	}
	const second = float64(media.VideoClockRate)
	none := d.now-d.lastKey > silence
	say(NoKeyframe, none, func() string {
		return fmt.Sprintf("No keyframe has come for %.0f seconds: nobody can join. Set the encoder's keyframe interval to 2 seconds.",
			float64(d.now-d.lastKey)/second)
	})
	long := longest > d.longGOP+d.longGOP/20
	say(GOPLong, long && !none, func() string {
		return fmt.Sprintf("Keyframes come up to %.1f seconds apart: viewers start late. Set the encoder's keyframe interval to 2 seconds or 1.",
			float64(longest)/second)
	})
	irregular := len(d.gops) >= 4 && longest-shortest > media.VideoClockRate/2 && longest > shortest*5/4
	say(GOPIrregular, irregular, func() string {
		return fmt.Sprintf("Keyframes come irregularly, %.1f to %.1f seconds apart. Set a fixed keyframe interval and switch scene-cut detection off.",
			float64(shortest)/second, float64(longest)/second)
	})
	pictures := float64(d.reorder) * d.frameRate / second
	say(ReorderDeep, pictures > deepReorder+0.5, func() string {
		return fmt.Sprintf("B-frames are reordered over %.0f pictures, which adds %.0f ms of delay. Set the encoder to at most 2 B-frames, or to its low-latency tuning.",
			pictures, float64(d.reorder)*1000/second)
	})
	if d.now-d.lastKey < roundLength {
		d.reorder = 0
	}
}

func (d *doctor) judgeLine(say sayFunc) {
	lag, growing := d.lag(), d.growing()
	over := lag > 1500*time.Millisecond && growing || d.has(BitrateOverLine) && lag > 500*time.Millisecond
	say(BitrateOverLine, over, func() string {
		return fmt.Sprintf("The line does not hold the bitrate: %.0f kbit/s get through and pictures arrive %.1f seconds late. Lower the encoder's bitrate, or move closer to the router.",
			d.bitrate/1000, lag.Seconds())
	})
	drift, known := d.drift()
	say(ClockDrift, known && math.Abs(drift) > driftPPM && !over, func() string {
		if drift > 20_000 {
			return fmt.Sprintf("The publisher sends %.1f times as fast as real time. A live source must send at its own pace (ffmpeg: -re).", 1+drift/1e6)
		}
		word := "fast"
		if drift < 0 {
			word = "slow"
		}
		return fmt.Sprintf("The publisher's clock runs %.2f %% too %s: picture and wall time drift apart. Use the frame rate that the camera really has.",
			math.Abs(drift)/1e4, word)
	})
}

// lag is how much later media arrives now than at best in the rounds that are kept.
func (d *doctor) lag() time.Duration {
	if len(d.rounds) == 0 {
		return 0
	}
	best := d.rounds[0].least
	for _, r := range d.rounds {
		best = min(best, r.least)
	}
	return d.rounds[len(d.rounds)-1].least - best
}

// growing says whether each of the last rounds came later than the one before.
func (d *doctor) growing() bool {
	n := len(d.rounds)
	if n < 4 {
		return false
	}
	for i := n - 3; i < n; i++ {
		if d.rounds[i].least-d.rounds[i-1].least < 50*time.Millisecond {
			return false
		}
	}
	return true
}

// drift is how fast the publisher's clock runs against ours, in ppm, known after a minute; a clock that is
// wildly off is known after ten seconds.
func (d *doctor) drift() (ppm float64, known bool) {
	n := len(d.rounds)
	if n < 5 {
		return 0, false
	}
	third := max(n/3, 1)
	least := func(rs []round) (at int64, delay time.Duration) {
		at, delay = rs[0].from, rs[0].least
		for _, r := range rs[1:] {
			if r.least < delay {
				at, delay = r.from, r.least
			}
		}
		return at, delay
	}
	t0, d0 := least(d.rounds[:third])
	t1, d1 := least(d.rounds[n-third:])
	passed := media.Duration(t1-t0, media.VideoClockRate) + d1 - d0
	if passed <= 0 {
		return 0, false
	}
	ppm = -float64(d1-d0) / float64(passed) * 1e6
	return ppm, n >= 30 || math.Abs(ppm) > 20_000
}

func (d *doctor) has(code string) bool {
	return slices.ContainsFunc(d.findings, func(f Finding) bool { return f.Code == code })
}

// report notes a finding; fresh is true the first time in this publication.
func (d *doctor) report(code, message string, now time.Time) (f Finding, fresh bool) {
	f = Finding{Code: code, Message: message, Since: now}
	if i := slices.IndexFunc(d.findings, func(f Finding) bool { return f.Code == code }); i >= 0 {
		f.Since = d.findings[i].Since
		d.findings[i] = f
		return f, false
	}
	d.findings = append(d.findings, f)
	fresh = !d.seen[code]
	d.seen[code] = true
	return f, fresh
}

// measured says whether the figures are worth a log line: two keyframe intervals, or ten seconds.
func (d *doctor) measured() bool {
	return len(d.rounds) > 0 && (len(d.gops) >= 2 || len(d.rounds) >= 5)
}

func (d *doctor) health() Health {
	drift, _ := d.drift()
	h := Health{
		Bitrate:  int(d.bitrate),
		GOP:      d.gop(),
		Lag:      d.lag().Seconds(),
		Drift:    math.Round(drift),
		Findings: slices.Clone(d.findings),
	}
	if d.video >= 0 {
		h.FrameRate = math.Round(d.frameRate*100) / 100
	}
	return h
}

func (d *doctor) gop() float64 {
	if len(d.gops) == 0 {
		return 0
	}
	return math.Round(float64(d.gops[len(d.gops)-1])/media.VideoClockRate*100) / 100
}

// figures are the measurements as log attributes.
func (d *doctor) figures() []any {
	attrs := []any{"kbit_per_s", int(d.bitrate / 1000)}
	if d.video >= 0 {
		attrs = append(attrs, "frame_rate", math.Round(d.frameRate*100)/100, "gop_s", d.gop())
	}
	return attrs
}
