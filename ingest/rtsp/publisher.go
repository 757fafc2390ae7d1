package rtsp

import (
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
)

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

	mu      sync.Mutex
	intake  *ingest.Intake
	line    timeline
	tracks  map[format.Format]*track
	damaged int
	lossy   bool
}

// track is one that is taken.
type track struct {
	depacketiser
	slot  int
	clock *trackClock
}

// depacketiser collects the packets of one format.
type depacketiser interface {
	// codec is what is known beforehand: nil where the packets say it.
	codec() (c media.Codec, rate int)
	// take takes a packet at a place on the timeline. It gives the access units that are whole with it,
	// and the codec as it is now. Errors: fault.Invalid for what cannot be read.
	take(pkt *rtp.Packet, at int64) (aus []*media.AccessUnit, c media.Codec, rate int, err error)
}

// newPublisher chooses among what is described; alive is called for every access unit. Errors:
// fault.Invalid where there is nothing that can be taken.
func newPublisher(pub publication, desc *description.Session, alive func()) (*publisher, error) {
	p := &publisher{pub: pub, alive: alive, intake: ingest.NewIntake(pub, trackWait), tracks: map[format.Format]*track{}}
	var video, audio bool
	strange := ""
	for _, m := range desc.Medias {
		if m.IsBackChannel || m.Type != description.MediaTypeVideo && m.Type != description.MediaTypeAudio {
			continue
		}
		for _, f := range m.Formats {
			taken := &video
			if m.Type != description.MediaTypeVideo {
				taken = &audio
			}
			d := depacketise(f)
			if d == nil {
				strange = f.Codec()
				continue
			}
			if *taken {
				continue // there is room for one picture and one sound
			}
			*taken = true
			t := &track{depacketiser: d, slot: p.intake.Expect(), clock: p.line.track(f.ClockRate(), m.Type == description.MediaTypeVideo)}
			if c, rate := d.codec(); c != nil {
				if err := p.intake.SetCodec(t.slot, c, rate); err != nil {
					return nil, err
				}
			}
			p.tracks[f] = t
		}
	}
	switch {
	case len(p.tracks) == 0:
		return nil, fault.New(fault.Invalid, "nothing that is announced can be taken").
			WithHint("use H.264, HEVC or AV1 with AAC, Opus or MP3")
	case strange != "" && !(video && audio):
		pub.Report(ingest.CodecUnsupported, fmt.Sprintf(
			"The codec %s is not supported and is left out. Use H.264, HEVC or AV1 with AAC, Opus or MP3.", strange))
	}
	return p, nil
}

// told takes an RTCP packet of a media.
func (p *publisher) told(m *description.Media, pkt rtcp.Packet) {
	sr, ok := pkt.(*rtcp.SenderReport)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range m.Formats {
		if t := p.tracks[f]; t != nil {
			t.clock.report = newReport(sr.SSRC, sr.RTPTime, sr.NTPTime)
		}
	}
}

// handle takes an RTP packet. Errors end the session: those of the publication, and fault.Invalid when nothing that comes can be read.
func (p *publisher) handle(f format.Format, pkt *rtp.Packet) error {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.tracks[f]
	if t == nil {
		return nil
	}
	aus, c, rate, err := t.take(pkt, t.clock.place(pkt.SSRC, pkt.Timestamp, now))
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
		au.Arrived = now
		p.damaged = 0
		p.alive()
		if err := p.intake.Write(t.slot, au); err != nil {
			return err
		}
	}
	return nil
}

// lost says that packets were lost on the way.
func (p *publisher) lost() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.lossy {
		p.lossy = true
		p.pub.Report(ingest.MediaDamaged, "Some of what the encoder sends is lost on the way. Send over TCP, which loses nothing.")
	}
}
