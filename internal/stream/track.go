package stream

import (
	"livesrv/internal/media"
)

// track is one track of the present publication on its way to the timeline.
type track struct {
	info   media.Track
	mapper mapper
	video  videoPacer
	audio  audioPacer

	// keyed says that decoding has begun: a keyframe came after the track's parameter sets.
	keyed bool

	aus, keys, bytes uint64
	repairs          Repairs
}

// newTrack begins no earlier than floor, in ref ticks.
func newTrack(info media.Track, opts PublishOptions, cfg Config, floor int64) *track {
	t := &track{info: info}
	if info.Codec.Kind() == media.Video {
		t.video = newVideoPacer(opts, info.Codec, floor)
	} else {
		t.audio = audioPacer{
			rate: info.ClockRate,
			gap:  cfg.AudioGap.Microseconds(),
			next: media.Rescale(floor, refRate, info.ClockRate),
		}
	}
	return t
}

// end is where the track's last access unit ends, in ref ticks.
func (t *track) end() int64 {
	if t.info.Codec.Kind() == media.Video {
		if !t.video.begun {
			return 0
		}
		return t.video.dts + t.video.delay + t.video.length()
	}
	return media.Rescale(t.audio.next, t.audio.rate, refRate)
}

// stamp puts an access unit on the timeline. keep is false where it is one audio frame too many.
func (t *track) stamp(au *media.AccessUnit, l *timeline, all []*track) (keep bool) {
	src := media.Rescale(au.DTS, t.info.ClockRate, refRate)
	if !l.begun {
		l.begin(src, au.Arrived)
	}
	if t.info.Codec.Kind() == media.Video {
		at, sure := t.mapper.place(l, src, t.video.length(), true, au.Arrived, all, &t.repairs)
		if sure {
			l.clock.observe(at, au.Arrived)
		}
		cts := media.Rescale(au.PTS-au.DTS, t.info.ClockRate, refRate)
		dts, pts := t.video.pace(at, cts, sure, &t.repairs)
		au.DTS = media.Rescale(dts, refRate, t.info.ClockRate)
		au.PTS = media.Rescale(pts, refRate, t.info.ClockRate)
		au.Wall = l.clock.wall(pts)
		return true
	}
	n := frameLength(t.info.Codec, au.Units[0], t.audio.last)
	at, _ := t.mapper.place(l, src, media.Rescale(n, t.audio.rate, refRate), false, au.Arrived, all, &t.repairs)
	l.clock.observe(at, au.Arrived)
	retry := func() (int64, bool) {
		return t.mapper.adopt(src, media.Rescale(t.audio.next, t.audio.rate, refRate), all)
	}
	au.DTS, keep = t.audio.pace(at, n, retry, &t.repairs)
	au.PTS = au.DTS
	au.Wall = l.clock.wall(media.Rescale(au.DTS, t.audio.rate, refRate))
	return keep
}
