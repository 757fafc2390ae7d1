package rtmp

import (
	"fmt"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg1audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"

	"livesrv/ingest"
	"livesrv/internal/fault"
	"livesrv/internal/media"
	"livesrv/internal/stream"
)

const (
	ticksPerMS = media.VideoClockRate / 1000
	// maxDamaged is how many unreadable media messages in a row end a session.
	maxDamaged = 100
	// configWait is how long media may come before any decoder configuration.
	configWait = 10 * time.Second
	// maxWaiting bounds the access units that wait for the tracks to be known.
	maxWaiting = 2048
)

// publication is where a publisher's media goes: *ingest.Publication.
type publication interface {
	SetTracks([]media.Track) error
	Write(*media.AccessUnit) error
	WriteData(stream.Data) error
	Report(code, message string)
}

// publisher turns the messages of one session into tracks and access units.
type publisher struct {
	pub  publication
	cfg  Config
	wall func() time.Time

	clock   int64 // last timestamp in milliseconds, unwrapped
	ticking bool
	damaged int

	video, audio slot
	tracks       []media.Track
	// told says that the publication knows the tracks; until then access units wait.
	told         bool
	waiting      []*media.AccessUnit
	waitingBytes int
	since        time.Time // of the first media
	announced    bool      // the metadata said what comes
}

// slot is one of the two tracks that RTMP has.
type slot struct {
	id         int // the track's ID once it has one, else -1
	codec      media.Codec
	lengthSize int // of NAL units
	// announced is what the metadata says, unsupported that something comes which cannot be used.
	announced, unsupported bool
	rate                   int
}

func newPublisher(pub publication, cfg Config) *publisher {
	return &publisher{pub: pub, cfg: cfg, wall: time.Now, video: slot{id: -1}, audio: slot{id: -1}}
}

// handle takes one message. Errors end the session: those of the publication, and fault.Invalid when
// nothing that comes can be read.
func (p *publisher) handle(m message) error {
	switch m.typ {
	case typeVideo, typeAudio:
		return p.media(m)
	case typeData, typeDataAMF3:
		return p.data(m)
	}
	return nil
}

func (p *publisher) media(m message) error {
	now := p.wall()
	if p.since.IsZero() {
		p.since = now
	}
	ms := p.unwrap(m.stamp)
	parse, take := parseVideo, p.takeVideo
	if m.typ == typeAudio {
		parse, take = parseAudio, p.takeAudio
	}
	t, err := parse(m.body)
	if err == nil {
		err = take(t, ms, now)
	}
	if fault.KindOf(err) == fault.Invalid {
		return p.damage(err)
	}
	if err != nil {
		return err
	}
	p.damaged = 0
	return p.settle(now)
}

// damage skips an unreadable message.
func (p *publisher) damage(err error) error {
	p.damaged++
	if p.damaged >= maxDamaged {
		return fault.New(fault.Invalid, "%d media messages in a row cannot be read", p.damaged).Because(err)
	}
	p.pub.Report(ingest.MediaDamaged, "Some of what the encoder sends cannot be read and is left out.")
	return nil
}

// unwrap extends a timestamp of 32 bits, which wraps after 49.7 days, and follows it back and forth.
func (p *publisher) unwrap(stamp uint32) int64 {
	if !p.ticking {
		p.ticking = true
		p.clock = int64(stamp)
		return p.clock
	}
	p.clock += int64(int32(stamp - uint32(p.clock)))
	return p.clock
}

func (p *publisher) takeVideo(t tag, ms int64, now time.Time) error {
	switch t.kind {
	case tagSequence:
		return p.videoConfig(t)
	case tagFrames:
	default:
		return nil
	}
	switch t.codec {
	case fourAVC, fourHEVC, fourAV1, fourVP9:
	default:
		return p.refuseCodec(&p.video, "video", t.codec)
	}
	if p.video.codec == nil {
		return nil // nothing can be decoded before the configuration
	}
	a := &accessUnit{}
	a.Units = a.room[:0]
	ok := false
	switch t.codec {
	case fourAV1:
		a.Units, ok = splitOBUs(a.Units, t.body)
	case fourVP9:
		a.Units, ok = append(a.Units, t.body), len(t.body) > 0
	default:
		a.Units, ok = splitNALs(a.Units, t.body, p.video.lengthSize)
	}
	if !ok {
		return fault.New(fault.Invalid, "a picture cannot be taken apart")
	}
	if len(a.Units) == 0 {
		return nil
	}
	a.DTS = ms*ticksPerMS + t.nanos*ticksPerMS/1_000_000
	a.PTS = a.DTS + t.cts*ticksPerMS
	a.Key, a.Arrived = t.key, now
	return p.write(&p.video, &a.AccessUnit)
}

// accessUnit keeps the units of a usual picture in the same piece of memory.
type accessUnit struct {
	media.AccessUnit
	room [6][]byte
}

func (p *publisher) videoConfig(t tag) error {
	var c media.Codec
	var err error
	size := 4
	switch t.codec {
	case fourAVC:
		c, size, err = parseAVC(t.body)
	case fourHEVC:
		c, size, err = parseHEVC(t.body)
	case fourAV1:
		c, err = parseAV1(t.body)
	case fourVP9:
		// Its record has no size of the picture. The first keyframe has everything.
		if _, ok := p.video.codec.(*media.VP9); ok {
			return nil
		}
		c = &media.VP9{}
	default:
		return p.refuseCodec(&p.video, "video", t.codec)
	}
	if err != nil {
		return err
	}
	p.video.lengthSize = size
	return p.config(&p.video, c, media.VideoClockRate)
}

func (p *publisher) takeAudio(t tag, ms int64, now time.Time) error {
	if t.kind == tagOther {
		return nil
	}
	var err error
	switch t.codec {
	case fourAAC:
		if t.kind == tagSequence {
			return p.aacConfig(t.body)
		}
	case fourOpus:
		err = p.opusConfig(t)
	case fourMP3:
		err = p.mp3Config(t)
	default:
		return p.refuseCodec(&p.audio, "audio", t.codec)
	}
	if err != nil || t.kind != tagFrames || p.audio.codec == nil || len(t.body) == 0 {
		return err
	}
	a := &accessUnit{}
	a.Units = append(a.room[:0], t.body)
	a.DTS = media.Rescale(ms*1_000_000+t.nanos, 1_000_000_000, p.audio.rate)
	a.PTS = a.DTS
	a.Key, a.Arrived = true, now
	return p.write(&p.audio, &a.AccessUnit)
}

func (p *publisher) aacConfig(b []byte) error {
	if len(b) == 0 {
		return nil // some encoders send an empty one before the true one
	}
	var c mpeg4audio.AudioSpecificConfig
	if err := c.Unmarshal(b); err != nil || c.SampleRate <= 0 {
		return p.refuseCodec(&p.audio, "audio", "this kind of AAC")
	}
	return p.config(&p.audio, &media.AAC{Config: c}, c.SampleRate)
}

// opusConfig takes the channels from the identification header, or, where none came, from the first
// packet's table of contents (RFC 6716 §3.1).
func (p *publisher) opusConfig(t tag) error {
	channels := 0
	if t.kind == tagSequence {
		var h opus.IDHeader
		if err := h.Unmarshal(t.body); err != nil || h.ChannelCount == 0 {
			return fault.New(fault.Invalid, "the Opus header cannot be read").Because(err)
		}
		channels = int(h.ChannelCount)
	} else if _, ok := p.audio.codec.(*media.Opus); !ok && len(t.body) > 0 {
		channels = int(t.body[0]>>2&1) + 1
	}
	if channels == 0 {
		return nil
	}
	return p.config(&p.audio, &media.Opus{ChannelCount: channels}, 48000)
}

func (p *publisher) mp3Config(t tag) error {
	if t.kind != tagFrames || len(t.body) == 0 {
		return nil
	}
	var h mpeg1audio.FrameHeader
	if err := h.Unmarshal(t.body); err != nil || h.Layer != 3 {
		return fault.New(fault.Invalid, "an MP3 frame cannot be read").Because(err)
	}
	channels := 2
	if h.ChannelMode == mpeg1audio.ChannelModeMono {
		channels = 1
	}
	c := media.MP3{SampleRate: h.SampleRate, ChannelCount: channels}
	if old, ok := p.audio.codec.(*media.MP3); ok && *old == c {
		return nil
	}
	return p.config(&p.audio, &c, h.SampleRate)
}

func (p *publisher) refuseCodec(s *slot, kind, codec string) error {
	if !s.unsupported {
		s.unsupported = true
		p.pub.Report(ingest.CodecUnsupported, fmt.Sprintf(
			"The %s codec %q is not supported and is left out. Use H.264, HEVC, AV1 or VP9 with AAC, Opus or MP3.", kind, codec))
	}
	return nil
}

// config takes a decoder configuration; one that says the same again changes nothing.
func (p *publisher) config(s *slot, c media.Codec, rate int) error {
	if s.codec != nil && media.Equal(s.codec, c) {
		return nil
	}
	s.codec, s.rate = c, rate
	if !p.told {
		return nil
	}
	return p.tell()
}

// tell gives the tracks to the publication. A track keeps its ID for the whole session.
func (p *publisher) tell() error {
	for _, s := range []*slot{&p.video, &p.audio} {
		if s.codec == nil {
			continue
		}
		if s.id < 0 {
			s.id = len(p.tracks)
			p.tracks = append(p.tracks, media.Track{})
		}
		p.tracks[s.id] = media.Track{ID: s.id, Codec: s.codec, ClockRate: s.rate}
	}
	return p.pub.SetTracks(append([]media.Track(nil), p.tracks...))
}

// write hands an access unit on, or lets it wait for the tracks.
func (p *publisher) write(s *slot, au *media.AccessUnit) error {
	if p.told {
		au.Track = s.id
		return p.pub.Write(au)
	}
	// The ID is not known yet; the slot is.
	au.Track = 0
	if s == &p.audio {
		au.Track = 1
	}
	p.waiting = append(p.waiting, au)
	p.waitingBytes += au.Size()
	return nil
}

// settle decides whether all tracks are known: both have come, or the metadata promises no other, or
// enough time has passed.
func (p *publisher) settle(now time.Time) error {
	if p.told {
		return nil
	}
	if p.video.codec == nil && p.audio.codec == nil {
		if now.Sub(p.since) > configWait {
			return fault.New(fault.Invalid, "nothing that comes can be decoded").
				WithHint("use H.264, HEVC, AV1 or VP9 with AAC, Opus or MP3")
		}
		return nil
	}
	missing := func(s *slot) bool {
		return s.codec == nil && !s.unsupported && (s.announced || !p.announced)
	}
	overdue := now.Sub(p.since) >= p.cfg.TrackWait || len(p.waiting) >= maxWaiting || p.waitingBytes >= p.cfg.MaxMessage
	if (missing(&p.video) || missing(&p.audio)) && !overdue {
		return nil
	}
	p.told = true
	if err := p.tell(); err != nil {
		return err
	}
	ids := [2]int{p.video.id, p.audio.id}
	for _, au := range p.waiting {
		au.Track = ids[au.Track]
		if err := p.pub.Write(au); err != nil {
			return err
		}
	}
	p.waiting = nil
	return nil
}

// data takes a data message: metadata says what comes, timed texts go to the stream. What cannot be read
// is of no consequence.
func (p *publisher) data(m message) error {
	d, err := parseAMF(m.typ, m.body)
	if err != nil {
		return nil //nolint:nilerr // a text that nobody can read ends no session
	}
	name, values := dataName(d)
	switch name {
	case "onMetaData":
		p.metadata(values)
	case "onTextData", "onCuePoint", "onFI":
		payload, err := dataJSON(values)
		if err != nil || !p.ticking {
			return nil //nolint:nilerr // as above
		}
		// Many encoders do not stamp their texts: 0 then means now.
		ms := p.clock
		if m.stamp != 0 {
			ms += int64(int32(m.stamp - uint32(p.clock)))
		}
		return p.pub.WriteData(stream.Data{Name: name, PTS: ms * ticksPerMS, Payload: payload})
	}
	return nil
}

// metadata reads which tracks onMetaData promises. Encoders that say nothing about codecs promise nothing.
func (p *publisher) metadata(values []any) {
	if len(values) == 0 {
		return
	}
	o, ok := fields(values[0])
	if !ok {
		return
	}
	promised := func(key string) (said, some bool) {
		v, ok := o.Get(key)
		if !ok {
			return false, false
		}
		switch v := v.(type) {
		case float64:
			return true, v != 0
		case string:
			return true, v != ""
		}
		return true, false
	}
	saidVideo, video := promised("videocodecid")
	saidAudio, audio := promised("audiocodecid")
	if saidVideo || saidAudio {
		p.announced, p.video.announced, p.audio.announced = true, video, audio
	}
}
