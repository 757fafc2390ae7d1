package whip

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/pion/webrtc/v4/pkg/media/h264reader"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"
)

// publisher is pion's own WebRTC, publishing a clip in a loop as a browser publishes a camera.
type publisher struct {
	k      *kit
	pc     *webrtc.PeerConnection
	line   *lossyLine
	answer string
	// location and etag are the session's.
	location, etag string
	ctx            context.Context
	group          sync.WaitGroup

	film film
	mu   sync.Mutex
	plis int
	skip bool          // to the next keyframe
	asks chan struct{} // has one where a keyframe was asked for
	late time.Duration // by which it sent something after its time, at most
}

// film is a clip: its codec, and per picture the bytes that pion's packetiser takes.
type film struct {
	codec    webrtc.RTPCodecCapability
	pictures []sample
	// pauses, if there are some, are how long no pictures come after every few, as where a screen is shared.
	pauses []time.Duration
}

type sample struct {
	data []byte
	key  bool
}

var h264Codec = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH264, ClockRate: 90000,
	SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"}

// lossyLine loses RTP and RTCP in both directions, by a seeded chance.
type lossyLine struct {
	net.PacketConn
	mu   sync.Mutex
	rnd  *rand.Rand
	loss float64
	lost int
	dead bool
}

func (l *lossyLine) loses(b []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return true
	}
	if len(b) == 0 || b[0]&0xC0 != 0x80 {
		return false
	}
	if l.rnd.Float64() >= l.loss {
		return false
	}
	l.lost++
	return true
}

// cut loses everything from now on, as a phone does in a tunnel.
func (l *lossyLine) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = true
}

func (l *lossyLine) WriteTo(b []byte, a net.Addr) (int, error) {
	if l.loses(b) {
		return len(b), nil
	}
	return l.PacketConn.WriteTo(b, a)
}

func (l *lossyLine) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, a, err := l.PacketConn.ReadFrom(b)
		if err != nil || !l.loses(b[:n]) {
			return n, a, err
		}
	}
}

// clipRate is the frame rate of clips.
const clipRate = 30

// pictures reads a clip of H.264.
func pictures(t testing.TB, path string) film {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := h264reader.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return filmOf(t, h264Codec, func() (nalUnit, error) {
		nal, err := r.NextNAL()
		if err != nil {
			return nalUnit{}, err
		}
		return nalUnit{nal.Data, nal.UnitType <= h264reader.NalUnitTypeCodedSliceIdr, nal.UnitType == h264reader.NalUnitTypeCodedSliceIdr}, nil
	})
}

// nalUnit is a NAL unit; picture says that it is a picture, of one slice, and key that it is a keyframe's.
type nalUnit struct {
	data         []byte
	picture, key bool
}

// filmOf gathers NAL units into pictures, each with what comes before it.
func filmOf(t testing.TB, codec webrtc.RTPCodecCapability, next func() (nalUnit, error)) film {
	t.Helper()
	all := film{codec: codec}
	var au sample
	for {
		nal, err := next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		au.data = append(append(au.data, 0, 0, 0, 1), nal.data...)
		if nal.picture {
			au.key = nal.key
			all.pictures = append(all.pictures, au)
			au = sample{}
		}
	}
}

// publish connects and publishes a clip with sound until the test ends.
func (k *kit) publish(name string, clip film, loss float64) *publisher {
	k.t.Helper()
	return k.publishOver(name, clip, loss, webrtc.NetworkTypeUDP4, nil)
}

// publishSound does so with a sound of its own.
func (k *kit) publishSound(name string, clip film, send func(*publisher, *webrtc.TrackLocalStaticSample)) *publisher {
	k.t.Helper()
	return k.publishOver(name, clip, 0, webrtc.NetworkTypeUDP4, send)
}

// publishOver does so over UDP or TCP.
func (k *kit) publishOver(name string, clip film, loss float64, network webrtc.NetworkType, sendSound func(*publisher, *webrtc.TrackLocalStaticSample)) *publisher {
	k.t.Helper()
	t := k.t
	if sendSound == nil {
		frames := tone(t)
		sendSound = func(p *publisher, track *webrtc.TrackLocalStaticSample) { p.sendSound(track, frames) }
	}
	p := &publisher{k: k, film: clip, asks: make(chan struct{}, 1)}
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.line = &lossyLine{PacketConn: conn, rnd: rand.New(rand.NewPCG(1, uint64(loss*1000))), loss: loss}
	var setting webrtc.SettingEngine
	mux := webrtc.NewICEUDPMux(logFactory{k.srv.log}.NewLogger("publisher"), p.line)
	setting.SetICEUDPMux(mux)
	setting.SetIncludeLoopbackCandidate(true)
	setting.SetNetworkTypes([]webrtc.NetworkType{network})
	setting.LoggerFactory = logFactory{k.srv.log}
	// It offers what it sends, and nothing that is preferred to it.
	var engine webrtc.MediaEngine
	if err := errors.Join(engine.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: offered(clip.codec), PayloadType: 96}, webrtc.RTPCodecTypeVideo),
		engine.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: opusCodec, PayloadType: 111}, webrtc.RTPCodecTypeAudio)); err != nil {
		t.Fatal(err)
	}
	var registry interceptor.Registry
	if err := webrtc.RegisterDefaultInterceptors(&engine, &registry); err != nil {
		t.Fatal(err)
	}
	api := webrtc.NewAPI(webrtc.WithSettingEngine(setting), webrtc.WithMediaEngine(&engine), webrtc.WithInterceptorRegistry(&registry))
	if p.pc, err = api.NewPeerConnection(webrtc.Configuration{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.ctx = ctx
	t.Cleanup(func() {
		cancel()
		_ = p.pc.GracefulClose()
		_ = mux.Close()
		_ = conn.Close()
		p.group.Wait()
	})
	send := p.sends(clip)
	audio := p.track(opusCodec, "audio")
	connected := make(chan struct{})
	connect := sync.OnceFunc(func() { close(connected) })
	p.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			connect()
		}
	})
	p.offer(name)
	p.group.Go(func() {
		select {
		case <-connected:
			p.group.Go(func() { sendSound(p, audio) })
			send()
		case <-ctx.Done():
		}
	})
	return p
}

var opusCodec = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}

// offered is a codec with the feedback that browsers give.
func offered(c webrtc.RTPCodecCapability) webrtc.RTPCodecCapability {
	c.RTCPFeedback = []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}}
	return c
}

// losses is how many packets the line has lost.
func (l *lossyLine) losses() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// asked is how often a keyframe was asked for.
func (p *publisher) asked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.plis
}

// behind is how late it was with anything, at most: what the machine did meanwhile is not the server's.
func (p *publisher) behind() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.late
}

// wanted says whether a keyframe was asked for and has not been sent.
func (p *publisher) wanted() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.skip
}

// track adds a track.
func (p *publisher) track(c webrtc.RTPCodecCapability, id string) *webrtc.TrackLocalStaticSample {
	p.k.t.Helper()
	track, err := webrtc.NewTrackLocalStaticSample(c, id, "publisher")
	if err != nil {
		p.k.t.Fatal(err)
	}
	p.add(track)
	return track
}

// sends adds the video track and says how its pictures are sent.
func (p *publisher) sends(clip film) (send func()) {
	p.k.t.Helper()
	if clip.pauses == nil {
		video := p.track(clip.codec, "video")
		return func() { p.sendPictures(video, clipRate) }
	}
	video, err := webrtc.NewTrackLocalStaticRTP(clip.codec, "video", "publisher")
	if err != nil {
		p.k.t.Fatal(err)
	}
	p.add(video)
	return func() { p.share(video) }
}

// add adds a track and reads what is asked of it.
func (p *publisher) add(track webrtc.TrackLocal) {
	p.k.t.Helper()
	sender, err := p.pc.AddTrack(track)
	if err != nil {
		p.k.t.Fatal(err)
	}
	p.group.Go(func() {
		for {
			packets, _, err := sender.ReadRTCP()
			if err != nil {
				return
			}
			for _, q := range packets {
				if _, ok := q.(*rtcp.PictureLossIndication); ok {
					p.mu.Lock()
					p.plis++
					p.skip = true
					p.mu.Unlock()
					select {
					case p.asks <- struct{}{}:
					default:
					}
				}
			}
		}
	})
}

// offer exchanges descriptions with the server.
func (p *publisher) offer(name string) {
	t := p.k.t
	t.Helper()
	offer, err := p.pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	status, h, text := p.k.request("POST", "/whip", map[string]string{"Content-Type": "application/sdp", "Authorization": "Bearer key-" + name},
		strings.ReplaceAll(p.pc.LocalDescription().SDP, "a=sendrecv", "a=sendonly"))
	if status != 201 {
		t.Fatalf("POST answered %d: %s", status, text)
	}
	p.answer, p.location, p.etag = text, h.Get("Location"), h.Get("ETag")
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: text}); err != nil {
		t.Fatal(err)
	}
}

// restart restarts ICE over a PATCH, as a phone does that has changed networks.
func (p *publisher) restart() {
	t := p.k.t
	t.Helper()
	offer, err := p.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: true})
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	local, err := p.pc.LocalDescription().Unmarshal()
	if err != nil {
		t.Fatal(err)
	}
	status, h, text := p.k.request("PATCH", p.location, map[string]string{"Content-Type": typeFragment, "If-Match": "*"}, fragmentOf(local))
	if status != 200 {
		t.Fatalf("PATCH answered %d: %s", status, text)
	}
	p.etag = h.Get("ETag")
	theirs, err := parseFragment(text)
	if err != nil {
		t.Fatal(err)
	}
	answer := offerOf(t, p.answer)
	answer.restart(theirs)
	for _, m := range answer.desc.MediaDescriptions {
		for _, c := range theirs.candidates {
			m.Attributes = append(m.Attributes, sdp.NewAttribute("candidate", strings.TrimPrefix(c.line, "candidate:")))
		}
	}
	sdp, err := answer.String()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}); err != nil {
		t.Fatal(err)
	}
}

// offerOf holds a description for restart.
func offerOf(t testing.TB, text string) *offer {
	t.Helper()
	o := &offer{desc: &sdp.SessionDescription{}}
	if err := o.desc.UnmarshalString(text); err != nil {
		t.Fatal(err)
	}
	return o
}

func (p *publisher) sendPictures(track *webrtc.TrackLocalStaticSample, fps int) {
	every := time.Second / time.Duration(fps)
	began := time.Now()
	for n, sent := 0, 0; p.until(began, every*time.Duration(sent)); n, sent = n+1, sent+1 {
		if err := track.WriteSample(media.Sample{Data: p.picture(&n), Duration: every}); err != nil {
			return
		}
	}
}

// share sends a few pictures, none for a while, and so on; meanwhile a keyframe at once where one is asked for, as Chromium
// does.
func (p *publisher) share(track *webrtc.TrackLocalStaticRTP) {
	const few = 5
	packets := rtp.NewPacketizer(1200, 96, 0, &codecs.H264Payloader{}, rtp.NewRandomSequencer(), 90000)
	began, at, n := time.Now(), time.Duration(0), 0
	write := func() bool {
		stamp := uint32(time.Since(began).Milliseconds() * 90)
		for _, pkt := range packets.Packetize(p.picture(&n), 0) {
			pkt.Timestamp = stamp
			if err := track.WriteRTP(pkt); err != nil {
				return false
			}
		}
		n++
		return true
	}
	for sent := 0; p.until(began, at); sent++ {
		if !write() {
			return
		}
		at = time.Since(began) + time.Second/clipRate
		if sent%few != few-1 {
			continue
		}
		at += p.film.pauses[sent/few%len(p.film.pauses)]
		over := time.After(time.Until(began.Add(at)))
		for paused := true; paused; {
			select {
			case <-p.asks:
				// It takes a moment, and may have been answered by a picture that was due.
				paused = p.until(began, time.Since(began)+time.Second/clipRate) && (!p.wanted() || write())
			case <-over:
				paused = false
			case <-p.ctx.Done():
				return
			}
		}
	}
}

// until waits for a moment after began, and says false when the publisher is to end. A camera skips nothing: what
// comes late on a busy machine is caught up with.
func (p *publisher) until(began time.Time, at time.Duration) bool {
	select {
	case <-p.ctx.Done():
		return false
	case <-time.After(time.Until(began.Add(at))):
		p.mu.Lock()
		defer p.mu.Unlock()
		p.late = max(p.late, time.Since(began.Add(at)))
		return true
	}
}

// picture is the n-th, or, where a keyframe was asked for, the next that is one.
func (p *publisher) picture(n *int) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.film.pictures
	for p.skip && !all[*n%len(all)].key {
		*n++
	}
	p.skip = false
	return all[*n%len(all)].data
}

// tone is a second of Opus in frames of 20 ms.
func tone(t testing.TB) [][]byte {
	t.Helper()
	f, err := os.Open(ffmpeg(t, "tone.ogg", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=1", "-ac", "2",
		"-c:a", "libopus", "-b:a", "64k", "-frame_duration", "20", "-page_duration", "20000"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, _, err := oggreader.NewWith(f)
	if err != nil {
		t.Fatal(err)
	}
	var frames [][]byte
	for {
		page, _, err := r.ParseNextPage()
		if errors.Is(err, io.EOF) {
			return frames
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(page), "OpusTags") {
			frames = append(frames, page)
		}
	}
}

func (p *publisher) sendSound(track *webrtc.TrackLocalStaticSample, frames [][]byte) {
	began := time.Now()
	for n := 0; p.until(began, 20*time.Millisecond*time.Duration(n)); n++ {
		if err := track.WriteSample(media.Sample{Data: frames[n%len(frames)], Duration: 20 * time.Millisecond}); err != nil {
			return
		}
	}
}
