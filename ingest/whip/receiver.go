package whip

import (
	"slices"
	"time"

	"github.com/pion/rtcp"

	"livesrv/ingest"
	"livesrv/internal/fault"
	"livesrv/internal/media"
)

const (
	// keyAgain is how often a keyframe is asked for while one is needed, lazyAgain while the encoder is lazy.
	keyAgain  = time.Second
	lazyAgain = 1500 * time.Millisecond
	// keyApart is the least distance of two requests.
	keyApart = 300 * time.Millisecond
	// layerSilence is how long a layer of a simulcast may send nothing, while another does, before the stream
	// goes on without it, layerBack how long it must have sent again before it is taken back.
	layerSilence = 1500 * time.Millisecond
	layerBack    = time.Second
	// pictureStill is after which time without a packet the picture stands still.
	pictureStill = 100 * time.Millisecond
	// picturesPause is after which time without a picture they pause, as those of a shared screen do.
	picturesPause = 500 * time.Millisecond
	// configWait is how long media may come before anything of it can be decoded.
	configWait = 10 * time.Second
	// maxWaiting bounds the access units that wait for the tracks to be known, maxWaitingBytes their size.
	maxWaiting      = 2048
	maxWaitingBytes = 16 << 20
	// firstRoundTrip is what a round trip is taken for until one is measured; asking again is never faster
	// than leastRoundTrip.
	firstRoundTrip = 100 * time.Millisecond
	leastRoundTrip = 40 * time.Millisecond
)

// publication is where a publisher's media goes: *ingest.Publication.
type publication interface {
	SetTracks([]media.Track) error
	Write(*media.AccessUnit) error
	Report(code, message string)
}

// packet is one RTP packet of one track.
type packet struct {
	seq     uint16
	stamp   uint32
	marker  bool
	payload []byte
	arrived time.Time
}

// expected is what the offer promises.
type expected struct {
	layers int
	sound  bool
}

// receiver turns the packets of one session into tracks and access units. It is not safe for concurrent use.
type receiver struct {
	pub      publication
	cfg      Config
	expected expected
	syncer   syncer

	layers []*layer
	sound  *sound

	// told are the layers that the publication knows, in the order of their tracks; sounding that it knows the
	// sound, which is the track behind them.
	onAir    bool
	told     []*layer
	sounding bool
	waiting  []waitingUnit
	bytes    int
	since    time.Time // of the first media

	roundTrip time.Duration
	asked     time.Time // for keyframes
	lastMedia time.Time
}

// waitingUnit is an access unit whose track has no ID yet; layer is nil for sound.
type waitingUnit struct {
	au    *media.AccessUnit
	layer *layer
}

func newReceiver(pub publication, cfg Config, e expected) *receiver {
	return &receiver{pub: pub, cfg: cfg, expected: e, roundTrip: firstRoundTrip}
}

// addLayer adds a video track.
func (r *receiver) addLayer(rid string, ssrc uint32, f format) *layer {
	l := newLayer(rid, ssrc, f, r.syncer.add(media.VideoClockRate, false), r.cfg.JitterBuffer)
	r.layers = append(r.layers, l)
	return l
}

// addSound adds the audio track.
func (r *receiver) addSound(ssrc uint32) *sound {
	r.sound = newSound(ssrc, r.syncer.add(opusRate, true))
	return r.sound
}

// video takes a packet of a layer. Errors end the session: those of the publication.
func (r *receiver) video(l *layer, p packet) error {
	r.seen(p.arrived)
	if p.arrived.Sub(l.lastSeen) > layerSilence {
		l.since = p.arrived
	}
	l.lastSeen = p.arrived
	l.jitter.Push(p.seq, p, p.arrived)
	return r.drainLayer(l, p.arrived)
}

func (r *receiver) drainLayer(l *layer, now time.Time) error {
	for {
		p, broken, ok := l.jitter.Pop(now)
		if !ok {
			return nil
		}
		if err := l.take(p, broken, now, func(pic picture) error { return r.picture(l, pic) }); err != nil {
			return err
		}
	}
}

// audio takes a packet of the sound.
func (r *receiver) audio(p packet) error {
	r.seen(p.arrived)
	r.sound.lastSeen = p.arrived
	r.sound.jitter.Push(p.seq, p, p.arrived)
	return r.drainSound(p.arrived)
}

func (r *receiver) drainSound(now time.Time) error {
	for {
		p, _, ok := r.sound.jitter.Pop(now)
		if !ok {
			return nil
		}
		if err := r.sound.take(p, r.frame); err != nil {
			return err
		}
	}
}

func (r *receiver) seen(now time.Time) {
	r.lastMedia = now
	if r.since.IsZero() {
		r.since = now
	}
}

// picture takes a whole picture of a layer.
func (r *receiver) picture(l *layer, pic picture) error {
	au := &media.AccessUnit{PTS: pic.pts, DTS: pic.dts, Key: pic.key, Arrived: pic.arrived, Units: pic.units}
	if !r.onAir {
		r.wait(au, l)
		return r.settle(pic.arrived)
	}
	id := slices.Index(r.told, l)
	if id < 0 {
		// A layer comes, or comes back, with a keyframe.
		if !pic.key || l.since.After(pic.arrived.Add(-layerBack)) && len(r.told) > 0 {
			return nil
		}
		if err := r.tell(pic.arrived, l); err != nil {
			return err
		}
		id = slices.Index(r.told, l)
	} else if pic.key && r.changed(l, id) {
		if err := r.tell(pic.arrived, l); err != nil {
			return err
		}
		id = slices.Index(r.told, l)
	}
	if id < 0 {
		return nil
	}
	au.Track = id
	return r.pub.Write(au)
}

// changed says whether a layer's parameter sets are other than the publication was told.
func (r *receiver) changed(l *layer, id int) bool {
	return !media.Equal(r.told[id].saidCodec, l.codec)
}

// frame takes an Opus frame.
func (r *receiver) frame(b []byte, pts int64, arrived time.Time) error {
	au := &media.AccessUnit{PTS: pts, DTS: pts, Key: true, Arrived: arrived, Units: [][]byte{b}}
	if !r.onAir {
		r.wait(au, nil)
		return r.settle(arrived)
	}
	if !r.sounding {
		if err := r.tell(arrived, nil); err != nil {
			return err
		}
	}
	au.Track = len(r.told)
	return r.pub.Write(au)
}

func (r *receiver) wait(au *media.AccessUnit, l *layer) {
	r.waiting = append(r.waiting, waitingUnit{au, l})
	r.bytes += au.Size()
}

// settle puts the stream on air when all tracks are known, or enough time has passed.
func (r *receiver) settle(now time.Time) error {
	known := 0
	for _, l := range r.layers {
		if _, ok := l.decodable(); ok {
			known++
		}
	}
	sound := r.sound != nil && r.sound.begun
	overdue := now.Sub(r.since) >= r.cfg.TrackWait || len(r.waiting) >= maxWaiting || r.bytes >= maxWaitingBytes
	if (known < r.expected.layers || r.expected.sound && !sound) && !overdue || known == 0 && !sound {
		return nil
	}
	if known == 0 && r.expected.layers > 0 && now.Sub(r.since) < configWait && len(r.waiting) < maxWaiting {
		return nil // the picture comes later than a second track may: its keyframe is big
	}
	if err := r.tell(now, nil); err != nil {
		return err
	}
	waiting := r.waiting
	r.waiting, r.bytes = nil, 0
	for _, w := range waiting {
		id := len(r.told)
		if w.layer != nil {
			id = slices.Index(r.told, w.layer)
		} else if !r.sounding {
			continue
		}
		if id < 0 {
			continue
		}
		w.au.Track = id
		if err := r.pub.Write(w.au); err != nil {
			return err
		}
	}
	return nil
}

// tell gives the tracks to the publication: the layers that send, the largest picture first, then the sound.
// also is one that must be among them.
func (r *receiver) tell(now time.Time, also *layer) error {
	type sized struct {
		*layer
		pixels int
	}
	var all []sized
	for _, l := range r.layers {
		pixels, ok := l.decodable()
		if ok && (l == also || !r.onAir || slices.Contains(r.told, l)) && !r.silent(l, now) {
			all = append(all, sized{l, pixels})
		}
	}
	slices.SortStableFunc(all, func(a, b sized) int { return b.pixels - a.pixels })
	r.told = r.told[:0]
	var tracks []media.Track
	for i, l := range all {
		l.saidCodec = l.codec
		r.told = append(r.told, l.layer)
		tracks = append(tracks, media.Track{ID: i, Codec: l.codec, ClockRate: media.VideoClockRate})
	}
	r.sounding = r.sound != nil && r.sound.begun
	if r.sounding {
		// Two channels whatever is sent: a mono packet decodes into both.
		tracks = append(tracks, media.Track{ID: len(tracks), Codec: &media.Opus{ChannelCount: 2}, ClockRate: opusRate})
	}
	r.onAir = true
	return r.pub.SetTracks(tracks)
}

// pictured says whether packets of a picture come just now.
func (r *receiver) pictured(now time.Time) bool {
	return slices.ContainsFunc(r.layers, func(l *layer) bool { return now.Sub(l.lastSeen) < pictureStill })
}

// silent says whether a layer sends nothing although another one does.
func (r *receiver) silent(l *layer, now time.Time) bool {
	if now.Sub(l.lastSeen) < layerSilence {
		return false
	}
	for _, o := range r.layers {
		if o != l && o.keyed && now.Sub(o.lastSeen) < layerSilence/2 {
			return true
		}
	}
	return false
}

// report takes a sender report.
func (r *receiver) report(sr *rtcp.SenderReport) {
	for _, l := range r.layers {
		if l.ssrc == sr.SSRC {
			l.clock.sent(sr.NTPTime, sr.RTPTime)
			return
		}
	}
	if r.sound != nil && r.sound.ssrc == sr.SSRC {
		r.sound.clock.sent(sr.NTPTime, sr.RTPTime)
	}
}

// tick does what time alone brings about: lost packets are given up, silent layers left out.
func (r *receiver) tick(now time.Time) error {
	for _, l := range r.layers {
		if err := r.drainLayer(l, now); err != nil {
			return err
		}
	}
	if r.sound != nil {
		if err := r.drainSound(now); err != nil {
			return err
		}
		// Where the picture stands still too, the line is to blame, and what was sent comes yet.
		if r.sounding && r.pictured(now) {
			if err := r.sound.fill(now, r.frame); err != nil {
				return err
			}
		}
	}
	if !r.onAir {
		if !r.since.IsZero() && now.Sub(r.since) > configWait && len(r.waiting) == 0 {
			return fault.New(fault.Invalid, "nothing that comes can be decoded").WithHint("use H.264 and Opus")
		}
		if len(r.waiting) > 0 {
			return r.settle(now)
		}
		return nil
	}
	silent := 0
	for _, l := range r.told {
		if r.silent(l, now) {
			silent++
		}
	}
	if silent > 0 && silent < len(r.told) {
		r.pub.Report(ingest.BitrateOverLine, "The publisher has stopped sending its largest pictures: its line does not hold them.")
		return r.tell(now, nil)
	}
	return nil
}

// feedback is what the publisher is to be told now: which packets to send again, and that keyframes are needed.
func (r *receiver) feedback(now time.Time) []rtcp.Packet {
	var out []rtcp.Packet
	for _, l := range r.layers {
		if seqs := l.jitter.Wanted(now, max(r.roundTrip, leastRoundTrip)); seqs != nil {
			out = append(out, &rtcp.TransportLayerNack{MediaSSRC: l.ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(seqs)})
		}
	}
	if !r.needsKeyframes(now) {
		return out
	}
	r.asked = now
	for _, l := range r.layers {
		out = append(out, &rtcp.PictureLossIndication{MediaSSRC: l.ssrc})
	}
	return out
}

func (r *receiver) needsKeyframes(now time.Time) bool {
	passed := now.Sub(r.asked)
	if passed < keyApart {
		return false
	}
	for _, l := range r.layers {
		if now.Sub(l.lastSeen) > layerSilence {
			continue
		}
		if l.needsKey && (passed >= keyAgain || l.freshLoss(r.asked)) || l.lazy() && passed >= lazyAgain {
			return true
		}
	}
	return passed >= keyAgain && r.pausing(now)
}

// pausing says whether sound goes on while pictures do not, since one that was no keyframe. A keyframe can stand in for
// what does not come without the picture going back in time, and it lets what comes then be shown at once.
func (r *receiver) pausing(now time.Time) bool {
	if r.sound == nil || now.Sub(r.sound.lastSeen) >= picturesPause {
		return false
	}
	dependent := false
	for _, l := range r.layers {
		if !l.keyed || now.Sub(l.shown) < picturesPause {
			return false
		}
		dependent = dependent || l.lastPTS != l.lastKey
	}
	return dependent
}
