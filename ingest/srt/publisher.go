package srt

import (
	"fmt"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg1audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts/substructs"

	"livesrv/ingest"
	"livesrv/internal/fault"
	"livesrv/internal/media"
	"livesrv/internal/stream"
)

const (
	// trackWait is how long to wait for a track that the programme announces and that says nothing.
	trackWait = time.Second
	// maxDamaged is how many PES packets in a row that cannot be read end a session.
	maxDamaged = 200
	// opusRate is the one clock of Opus.
	opusRate = 48000
)

// publication is where a publisher's media goes: *ingest.Publication.
type publication interface {
	ingest.Sink
	WriteData(stream.Data) error
	Report(code, message string)
}

// publisher turns a transport stream into tracks and access units: the first picture and the first sound
// of the first programme.
type publisher struct {
	*demuxer
	pub    publication
	intake *ingest.Intake
	alive  func()
	wall   func() time.Time

	tracks  map[uint16]*track
	video   int // slots, -1 for none yet
	audio   int
	damaged int
}

// track is an elementary stream that is taken in.
type track struct {
	entry
	slot int
	latm *mpeg4audio.StreamMuxConfig
}

// newPublisher makes one; alive is called for every access unit.
func newPublisher(pub publication, alive func()) *publisher {
	p := &publisher{
		demuxer: newDemuxer(), pub: pub, intake: ingest.NewIntake(pub, trackWait), alive: alive, wall: time.Now,
		tracks: map[uint16]*track{}, video: -1, audio: -1,
	}
	p.programme, p.packet, p.lost = p.takeProgramme, p.takePacket, p.reportLoss
	return p
}

// reportLoss says that packets were lost on the way, or came in a state that nobody can read.
func (p *publisher) reportLoss() {
	p.pub.Report(ingest.MediaDamaged, "Some of what the encoder sends is lost or cannot be read, and is left out. A greater SRT latency gives lost packets time to come again.")
}

// takeProgramme chooses the streams that are taken in.
func (p *publisher) takeProgramme(all []entry) error {
	before := p.tracks
	p.tracks = map[uint16]*track{}
	var video, audio bool
	strange := ""
	for _, e := range all {
		kind, name := kindOf(e)
		switch kind {
		case kindVideo, kindAudio:
			taken, slot := &video, &p.video
			if kind == kindAudio {
				taken, slot = &audio, &p.audio
			}
			if *taken {
				continue // a second picture or language: there is room for one of each
			}
			*taken = true
			if *slot < 0 {
				*slot = p.intake.Expect()
			}
			t := before[e.pid]
			if t == nil || t.typ != e.typ {
				t = &track{slot: *slot}
			}
			t.entry = e
			p.tracks[e.pid] = t
		case kindID3:
			p.tracks[e.pid] = &track{entry: e, slot: -1}
		case kindStrange:
			strange = name
		}
	}
	if strange != "" && !(video && audio) {
		p.refuseCodec(strange)
	}
	return nil
}

func (p *publisher) refuseCodec(name string) {
	p.pub.Report(ingest.CodecUnsupported, fmt.Sprintf(
		"%s is not supported and is left out. Use H.264 or HEVC with AAC, Opus or MP3.", name))
}

// kinds of elementary stream.
const (
	kindOther = iota
	kindVideo
	kindAudio
	kindID3
	kindStrange
)

// kindOf says what an elementary stream is for, with the name of one that cannot be taken.
func kindOf(e entry) (kind int, name string) {
	switch e.typ {
	case typeH264, typeH265:
		return kindVideo, ""
	case typeADTS, typeLATM, typeMPEG1Audio, typeMPEG2Audio:
		return kindAudio, ""
	case typeMPEG1Video, typeMPEG2Video:
		return kindStrange, "MPEG-2 video"
	case typeMPEG4Video:
		return kindStrange, "MPEG-4 part 2 video"
	case typeAC3:
		return kindStrange, "AC-3 sound"
	case typeEAC3:
		return kindStrange, "E-AC-3 sound"
	case typeMetadata:
		if isID3(e) {
			return kindID3, ""
		}
	case typePrivate:
		switch {
		case e.registered("Opus"):
			return kindAudio, ""
		case e.registered("ID3 "), isID3(e):
			return kindID3, ""
		case e.registered("AC-3"), e.registered("EAC3"):
			return kindStrange, "AC-3 sound"
		case e.registered("AV01"):
			return kindStrange, "AV1 in MPEG-TS"
		}
	}
	return kindOther, ""
}

// isID3 says whether a metadata descriptor promises ID3 (Apple's timed metadata for HLS, §2.3).
func isID3(e entry) bool {
	var m substructs.MetadataDescriptor
	b, ok := e.descriptor(tagMetadata)
	return ok && m.Unmarshal(b) == nil && m.MetadataFormat == 0xFF && m.MetadataFormatIdentifier == 'I'<<24|'D'<<16|'3'<<8|' '
}

// takePacket makes access units of a PES packet. Errors are the publication's, and fault.Invalid when
// nothing that comes can be read.
func (p *publisher) takePacket(k pes) error {
	t := p.tracks[k.pid]
	if t == nil {
		return nil
	}
	err := p.takeTrack(t, k)
	if fault.KindOf(err) == fault.Invalid {
		if p.damaged++; p.damaged >= maxDamaged {
			return fault.New(fault.Invalid, "%d packets in a row cannot be read", p.damaged).Because(err)
		}
		p.pub.Report(ingest.MediaDamaged, "Some of what the encoder sends cannot be read and is left out.")
		return nil
	}
	if err == nil {
		p.damaged = 0
		p.alive()
	}
	return err
}

func (p *publisher) takeTrack(t *track, k pes) error {
	if t.slot < 0 {
		return p.takeID3(k)
	}
	switch t.typ {
	case typeH264, typeH265:
		return p.takePicture(t, k)
	case typeADTS:
		return p.takeADTS(t, k)
	case typeLATM:
		return p.takeLATM(t, k)
	case typePrivate:
		return p.takeOpus(t, k)
	}
	return p.takeMPEG(t, k)
}

func (p *publisher) takePicture(t *track, k pes) error {
	var units h264.AnnexB
	if err := units.Unmarshal(k.data); err != nil {
		return fault.New(fault.Invalid, "a picture cannot be taken apart").Because(err)
	}
	old := p.intake.Codec(t.slot)
	c := ingest.ParameterSets(old, t.typ == typeH265, units)
	if c == nil {
		return nil // nothing can be decoded before the parameter sets
	}
	if c != old {
		if err := p.intake.SetCodec(t.slot, c, media.VideoClockRate); err != nil {
			return err
		}
	}
	return p.intake.Write(t.slot, &media.AccessUnit{Units: units, DTS: k.dts, PTS: k.pts, Arrived: p.wall()})
}

// sound hands on a frame that begins n ticks of its own clock after the packet's stamp.
func (p *publisher) sound(t *track, k pes, c media.Codec, rate int, n int64, frame []byte) error {
	if err := p.intake.SetCodec(t.slot, c, rate); err != nil {
		return err
	}
	at := media.Rescale(k.pts, media.VideoClockRate, rate) + n
	return p.intake.Write(t.slot, &media.AccessUnit{Units: [][]byte{frame}, DTS: at, PTS: at, Key: true, Arrived: p.wall()})
}

func (p *publisher) takeADTS(t *track, k pes) error {
	var frames mpeg4audio.ADTSPackets
	err := frames.Unmarshal(k.data)
	for i, f := range frames {
		c := mpeg4audio.AudioSpecificConfig{Type: f.Type, SampleRate: f.SampleRate, ChannelConfig: f.ChannelConfig}
		if err := p.sound(t, k, &media.AAC{Config: c}, f.SampleRate, int64(i)*mpeg4audio.SamplesPerAccessUnit, f.AU); err != nil {
			return err
		}
	}
	if err != nil {
		return fault.New(fault.Invalid, "AAC cannot be taken apart").Because(err)
	}
	return nil
}

func (p *publisher) takeLATM(t *track, k pes) error {
	var s mpeg4audio.AudioSyncStream
	if err := s.Unmarshal(k.data); err != nil {
		return fault.New(fault.Invalid, "AAC in LATM cannot be taken apart").Because(err)
	}
	n := int64(0)
	for _, b := range s.AudioMuxElements {
		el := mpeg4audio.AudioMuxElement{MuxConfigPresent: true, StreamMuxConfig: t.latm}
		if err := el.Unmarshal(b); err != nil {
			return fault.New(fault.Invalid, "AAC in LATM cannot be taken apart").Because(err)
		}
		t.latm = el.StreamMuxConfig
		if len(t.latm.Programs) == 0 || len(t.latm.Programs[0].Layers) == 0 || t.latm.Programs[0].Layers[0].AudioSpecificConfig == nil {
			return fault.New(fault.Invalid, "AAC in LATM comes without its configuration")
		}
		c := *t.latm.Programs[0].Layers[0].AudioSpecificConfig
		if c.SampleRate <= 0 {
			return fault.New(fault.Invalid, "AAC in LATM has no sample rate")
		}
		for _, sub := range el.Payloads {
			if len(sub) == 0 || len(sub[0]) == 0 || len(sub[0][0]) == 0 {
				continue
			}
			if err := p.sound(t, k, &media.AAC{Config: c}, c.SampleRate, n, sub[0][0]); err != nil {
				return err
			}
			n += mpeg4audio.SamplesPerAccessUnit
		}
	}
	return nil
}

// takeOpus reads opus_access_units (ETSI TS Opus 0.1.3-draft, table 6-6).
func (p *publisher) takeOpus(t *track, k pes) error {
	channels := opusChannels(t.entry)
	if channels < 1 || channels > 2 {
		if p.intake.Codec(t.slot) == nil {
			p.intake.Without(t.slot)
		}
		p.refuseCodec(fmt.Sprintf("Opus with %d channels", channels))
		return nil
	}
	n := int64(0)
	for b := k.data; len(b) > 0; {
		var au substructs.OpusAccessUnit
		size, err := au.Unmarshal(b)
		if err != nil || size <= 0 {
			return fault.New(fault.Invalid, "Opus cannot be taken apart").Because(err)
		}
		b = b[size:]
		if len(au.Packet) == 0 {
			continue
		}
		if err := p.sound(t, k, &media.Opus{ChannelCount: channels}, opusRate, n, au.Packet); err != nil {
			return err
		}
		n += opusLength(au.Packet)
	}
	return nil
}

func (p *publisher) takeMPEG(t *track, k pes) error {
	n := int64(0)
	for b := k.data; len(b) > 0; {
		var h mpeg1audio.FrameHeader
		if err := h.Unmarshal(b); err != nil || h.FrameLen() <= 0 || h.FrameLen() > len(b) {
			return fault.New(fault.Invalid, "MPEG audio cannot be taken apart").Because(err)
		}
		if h.Layer != 3 {
			if p.intake.Codec(t.slot) == nil {
				p.intake.Without(t.slot)
			}
			p.refuseCodec(fmt.Sprintf("MPEG audio layer %d (MP2)", h.Layer))
			return nil
		}
		channels := 2
		if h.ChannelMode == mpeg1audio.ChannelModeMono {
			channels = 1
		}
		size := h.FrameLen()
		if err := p.sound(t, k, &media.MP3{SampleRate: h.SampleRate, ChannelCount: channels}, h.SampleRate, n, b[:size]); err != nil {
			return err
		}
		n += int64(h.SampleCount())
		b = b[size:]
	}
	return nil
}

// takeID3 makes a timed text of each tag. A tag that cannot be read is of no consequence.
func (p *publisher) takeID3(k pes) error {
	b := k.data
	// The carriage in metadata access units puts five bytes before each (ISO/IEC 13818-1 §2.12.4).
	if len(b) > 8 && string(b[:3]) != "ID3" && string(b[5:8]) == "ID3" {
		b = b[5:]
	}
	for len(b) > 0 {
		payload, size := parseID3(b)
		if size == 0 {
			return nil
		}
		b = b[size:]
		if payload == nil {
			continue
		}
		if err := p.pub.WriteData(stream.Data{Name: "id3", PTS: k.pts, Payload: payload}); err != nil {
			return err
		}
	}
	return nil
}

// opusChannels reads the Opus audio descriptor, an extension with the tag 0x80.
func opusChannels(e entry) int {
	b, ok := e.descriptor(tagExtension)
	var d substructs.OpusAudioDescriptor
	if !ok || len(b) < 2 || b[0] != 0x80 || d.Unmarshal(b[1:]) != nil {
		return 2
	}
	return d.ChannelCount()
}

// opusLength is how long a packet lasts, in ticks of 48 kHz; 20 ms where it does not say.
func opusLength(packet []byte) int64 {
	if n := opus.PacketDuration2(packet); n > 0 && n <= 5760 {
		return n
	}
	return 960
}
