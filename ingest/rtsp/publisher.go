package rtsp

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"livesrv/ingest"
	"livesrv/internal/fault"
	"livesrv/internal/media"
)

const (
	// trackWait is how long to wait for a track that was announced and that says nothing.
	trackWait = time.Second
	// maxDamaged is how many packets in a row that cannot be read end a session.
	maxDamaged = 1000
	// patience is how long a packet is waited for that others have overtaken, ring how many others there may be, a
	// power of two.
	patience = 50 * time.Millisecond
	ring     = 1024
	// askApart is the least distance of two requests for a keyframe.
	askApart = 500 * time.Millisecond
)

// taken are the codecs that can be, for whoever sends another.
const taken = "H.264, HEVC, AV1 or VP9 with AAC, Opus or MP3"

// publication is where a publisher's media goes: *ingest.Publication.
type publication interface {
	ingest.Sink
	Report(code, message string)
}

// publisher turns the RTP packets of one session into tracks and access units: the first picture and the
// first sound that can be taken. Packets of several tracks may come from several goroutines.
type publisher struct {
	pub   publication
	alive func()
	kick  func(error)
	// ask sends an RTCP packet to the publisher. It is set before the first packet comes.
	ask func(*description.Media, rtcp.Packet)

	mu      sync.Mutex
	intake  *ingest.Intake
	line    timeline
	tracks  map[*description.Media]*track
	damaged int
	lossy   bool
}

// track is one that is taken.
type track struct {
	depacketiser
	media *description.Media
	slot  int
	clock *trackClock

	source uint32
	begun  bool
	order  ingest.Jitter[arrival]
	// spoilt is the stamp of a picture that lacks its beginning, if spoils says that there is one.
	spoils bool
	spoilt uint32
	asked  time.Time
}

// arrival is a packet and when it came.
type arrival struct {
	pkt *rtp.Packet
	at  time.Time
}

// tap stands in a description in the place of a format that is taken. gortsplib holds a track back behind a lost packet
// until 64 more have come, which are a second of pictures at a small bitrate and eight of sound; but before it puts a packet
// in order it asks the packet's format about it, and there it is taken.
type tap struct {
	format.Format
	take func(*rtp.Packet)
}

// PTSEqualsDTS implements format.Format.
func (t tap) PTSEqualsDTS(pkt *rtp.Packet) bool {
	t.take(pkt)
	return t.Format.PTSEqualsDTS(pkt)
}

// depacketiser collects the packets of one format.
type depacketiser interface {
	// codec is what is known beforehand: nil where the packets say it.
	codec() (c media.Codec, rate int)
	// take takes a packet at a place on the timeline. It gives the access units that are whole with it,
	// and the codec as it is now. Errors: fault.Invalid for what cannot be read.
	take(pkt *rtp.Packet, at int64) (aus []*media.AccessUnit, c media.Codec, rate int, err error)
}

// picture is a depacketiser of pictures.
type picture interface {
	// lose forgets the picture under way, of which something is lost.
	lose()
	// begins says whether a picture certainly begins with a payload.
	begins(payload []byte) bool
}

// newPublisher chooses among what is described, and puts a tap on it; alive is called for every access unit, kick
// with what ends the session: an error of the publication, and fault.Invalid when nothing that comes can be read.
// Errors: fault.Invalid where there is nothing that can be taken.
func newPublisher(pub publication, desc *description.Session, alive func(), kick func(error)) (*publisher, error) {
	p := &publisher{
		pub: pub, alive: alive, kick: kick, ask: func(*description.Media, rtcp.Packet) {},
		intake: ingest.NewIntake(pub, trackWait), tracks: map[*description.Media]*track{},
	}
	var video, audio bool
	strange := ""
	for _, m := range desc.Medias {
		if m.IsBackChannel || m.Type != description.MediaTypeVideo && m.Type != description.MediaTypeAudio {
			continue
		}
		for i, f := range m.Formats {
			taken := &video
			if m.Type != description.MediaTypeVideo {
				taken = &audio
			}
			d := depacketise(f)
			if d == nil {
				strange = nameOf(f)
				continue
			}
			if *taken {
				continue // there is room for one picture and one sound
			}
			*taken = true
			t := &track{depacketiser: d, media: m, slot: p.intake.Expect(), clock: p.line.track(clockRate(f), m.Type == description.MediaTypeVideo)}
			if c, rate := d.codec(); c != nil {
				if err := p.intake.SetCodec(t.slot, c, rate); err != nil {
					return nil, err
				}
			}
			p.tracks[m] = t
			m.Formats[i] = tap{f, func(pkt *rtp.Packet) {
				if err := p.handle(t, pkt); err != nil {
					p.kick(err)
				}
			}}
		}
	}
	switch {
	case len(p.tracks) == 0:
		return nil, fault.New(fault.Invalid, "nothing that is announced can be taken").
			WithHint("use %s", taken)
	case strange != "" && !(video && audio):
		p.leaveOut(strange)
	}
	return p, nil
}

// leaveOut says that a codec is not taken.
func (p *publisher) leaveOut(name string) {
	p.pub.Report(ingest.CodecUnsupported, fmt.Sprintf("%s is not supported and is left out. Use %s.", name, taken))
}

// told takes an RTCP packet of a media.
func (p *publisher) told(m *description.Media, pkt rtcp.Packet) {
	sr, ok := pkt.(*rtcp.SenderReport)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.tracks[m]; t != nil {
		t.clock.report = newReport(sr.SSRC, sr.RTPTime, sr.NTPTime)
	}
}

// handle takes an RTP packet of a track as it comes, and whatever of all tracks is in order now, or has waited for long
// enough: the picture's packets come more often than the sound's. Errors are those that end the session.
func (p *publisher) handle(t *track, pkt *rtp.Packet) error {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !t.begun {
		t.begun, t.source, t.order = true, pkt.SSRC, ingest.NewJitter[arrival](ring, patience)
	}
	if pkt.SSRC != t.source {
		return nil // forged, or of a stream that was not announced
	}
	t.order.Push(pkt.SequenceNumber, arrival{pkt, now}, now)
	for _, t := range p.tracks {
		for {
			a, broken, ok := t.order.Pop(now)
			if !ok {
				break
			}
			if broken {
				p.lose(t, a.pkt, now)
			}
			if err := p.take(t, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// take takes the packet that is next in order.
func (p *publisher) take(t *track, a arrival) error {
	at := t.clock.place(a.pkt.SSRC, a.pkt.Timestamp, a.at)
	if t.spoils && a.pkt.Timestamp == t.spoilt {
		return nil
	}
	t.spoils = false
	aus, c, rate, err := t.depacketiser.take(a.pkt, at)
	if u, ok := errors.AsType[unsupported](err); ok {
		if p.intake.Codec(t.slot) == nil {
			p.intake.Without(t.slot)
		}
		p.leaveOut(string(u))
		return nil
	}
	if err != nil {
		if p.damaged++; p.damaged >= maxDamaged {
			return fault.New(fault.Invalid, "%d packets in a row cannot be read", p.damaged).Because(err)
		}
		p.pub.Report(ingest.MediaDamaged, "Some of what the encoder sends cannot be read and is left out.")
		return nil
	}
	if c != nil {
		if err := p.intake.SetCodec(t.slot, c, rate); err != nil {
			return err
		}
	}
	for _, au := range aus {
		au.Arrived = a.at
		p.damaged = 0
		p.alive()
		if err := p.intake.Write(t.slot, au); err != nil {
			return err
		}
	}
	return nil
}

// lose says that packets before this one are lost. Pictures that are not whole are left out. Those that refer to them are
// not, other than by WHIP, which soon gets a keyframe when it asks for one: few publishers by RTSP hear that, and where
// nothing is shown up to the next one of theirs, the segments have no picture in them.
func (p *publisher) lose(t *track, next *rtp.Packet, now time.Time) {
	if !p.lossy {
		p.lossy = true
		p.pub.Report(ingest.MediaDamaged, "Some of what the encoder sends is lost on the way. Send over TCP, which loses nothing.")
	}
	d, ok := t.depacketiser.(picture)
	if !ok {
		return
	}
	d.lose()
	t.spoils, t.spoilt = !d.begins(next.Payload), next.Timestamp
	if now.Sub(t.asked) >= askApart {
		t.asked = now
		p.ask(t.media, &rtcp.PictureLossIndication{MediaSSRC: next.SSRC})
	}
}
