package whip

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"livesrv/internal/fault"
)

// maxLayers is how many layers a simulcast may have.
const maxLayers = 4

// offer is a publisher's SDP offer, reduced to what is accepted of it: one codec for the picture, one for the sound.
type offer struct {
	desc *sdp.SessionDescription
	// codecs are the accepted ones, that for repeated packets among them, with the publisher's payload types.
	codecs map[webrtc.RTPCodecType][]webrtc.RTPCodecParameters
	// format is that of the picture, nil where none is offered.
	format format
	// layers is how many there are of the picture.
	layers int
	sound  bool
}

// errUnsupported is an offer that is in order and holds nothing that can be used.
type errUnsupported struct{ error }

func (e errUnsupported) Unwrap() error { return e.error }

func badOffer(format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, "the SDP offer cannot be used: "+format, args...).WithHint("send the offer of a WHIP client as it is")
}

// videoCodecs are the codecs that HLS carries, the most widely played first.
var videoCodecs = []struct {
	name   string
	mime   string
	format format
}{
	{"H264", webrtc.MimeTypeH264, h264Format{}},
	{"H265", webrtc.MimeTypeH265, h265Format{}},
	{"VP9", webrtc.MimeTypeVP9, vp9Format{}},
	{"AV1", webrtc.MimeTypeAV1, av1Format{}},
}

// parseOffer reads an offer. Errors: fault.Invalid for what is no offer, errUnsupported for one without a codec
// that HLS can carry.
func parseOffer(text []byte) (*offer, error) {
	o := &offer{desc: &sdp.SessionDescription{}, codecs: map[webrtc.RTPCodecType][]webrtc.RTPCodecParameters{}}
	if err := o.desc.Unmarshal(text); err != nil {
		return nil, badOffer("it is no SDP").Because(err)
	}
	seen := map[string]bool{}
	for _, m := range o.desc.MediaDescriptions {
		kind := m.MediaName.Media
		if kind != "audio" && kind != "video" {
			return nil, errUnsupported{fault.New(fault.Invalid, "the offer asks for %q, and only sound and picture are taken in", kind).
				WithHint("publish without data channels")}
		}
		if seen[kind] {
			return nil, errUnsupported{fault.New(fault.Invalid, "the offer has more than one %s track", kind).
				WithHint("publish one picture and one sound; simulcast layers go into one track")}
		}
		seen[kind] = true
		if err := checkMedia(o.desc, m); err != nil {
			return nil, err
		}
		take := o.takeVideo
		if kind == "audio" {
			take = o.takeAudio
		}
		if err := take(m); err != nil {
			return nil, err
		}
	}
	if len(seen) == 0 {
		return nil, badOffer("it has neither picture nor sound")
	}
	return o, nil
}

// checkMedia refuses sections that cannot be answered.
func checkMedia(d *sdp.SessionDescription, m *sdp.MediaDescription) error {
	for _, direction := range []string{"recvonly", "inactive"} {
		if _, ok := m.Attribute(direction); ok {
			return badOffer("its %s is %s, and a publisher sends", m.MediaName.Media, direction)
		}
	}
	for _, key := range []string{"ice-ufrag", "ice-pwd", "fingerprint"} {
		if v, ok := attribute(d, m, key); !ok || v == "" {
			return badOffer("it has no a=%s", key)
		}
	}
	if mid, _ := m.Attribute("mid"); mid == "" {
		return badOffer("its %s has no a=mid", m.MediaName.Media)
	}
	return nil
}

// attribute is one of a section or of the whole.
func attribute(d *sdp.SessionDescription, m *sdp.MediaDescription, key string) (string, bool) {
	if v, ok := m.Attribute(key); ok {
		return v, true
	}
	return d.Attribute(key)
}

// payload is one format of a media section.
type payload struct {
	id       webrtc.PayloadType
	name     string
	clock    uint32
	channels uint16
	fmtp     string
	feedback []webrtc.RTCPFeedback
}

// payloads reads the formats of a section in the publisher's order of preference.
func payloads(m *sdp.MediaDescription) []payload {
	var all []payload
	for _, f := range m.MediaName.Formats {
		id, err := strconv.ParseUint(f, 10, 7)
		if err != nil {
			continue
		}
		p := payload{id: webrtc.PayloadType(id)}
		for _, a := range m.Attributes {
			first, rest, _ := strings.Cut(a.Value, " ")
			switch {
			case a.Key == "rtpmap" && first == f:
				p.rtpmap(rest)
			case a.Key == "fmtp" && first == f:
				p.fmtp = rest
			case a.Key == "rtcp-fb" && (first == f || first == "*"):
				typ, param, _ := strings.Cut(rest, " ")
				p.feedback = append(p.feedback, webrtc.RTCPFeedback{Type: typ, Parameter: param})
			}
		}
		all = append(all, p)
	}
	return all
}

// rtpmap reads "H264/90000" and "opus/48000/2".
func (p *payload) rtpmap(s string) {
	parts := strings.Split(s, "/")
	p.name = strings.ToUpper(parts[0])
	if len(parts) > 1 {
		n, _ := strconv.ParseUint(parts[1], 10, 32)
		p.clock = uint32(n)
	}
	if len(parts) > 2 {
		n, _ := strconv.ParseUint(parts[2], 10, 16)
		p.channels = uint16(n)
	}
}

// param is a parameter of the format, "" where it is not given.
func (p *payload) param(key string) string {
	for pair := range strings.SplitSeq(p.fmtp, ";") {
		if k, v, _ := strings.Cut(strings.TrimSpace(pair), "="); strings.EqualFold(k, key) {
			return v
		}
	}
	return ""
}

// startBitrate lets libwebrtc, which alone knows the parameter, begin with so many kbit/s instead of 300: it would
// come up to the camera's size in steps, and each step is a discontinuity for viewers. Where the line is worse
// than that, congestion control finds out within a second.
const startBitrate = "x-google-start-bitrate=1500"

// complete writes out the parameters of H.264 that may be left out (RFC 6184 §8.1).
func (p *payload) complete() {
	for _, d := range []struct{ key, value string }{{"packetization-mode", "0"}, {"profile-level-id", "42000a"}} {
		if p.param(d.key) == "" {
			p.fmtp = strings.Trim(p.fmtp+";"+d.key+"="+d.value, ";")
		}
	}
}

// feedback is what we can ask of a publisher about its picture.
var feedback = []webrtc.RTCPFeedback{{Type: "transport-cc"}, {Type: "nack"}, {Type: "nack", Parameter: "pli"}}

// takeVideo chooses the codec of the picture and strikes the others out.
func (o *offer) takeVideo(m *sdp.MediaDescription) error {
	all := payloads(m)
	for _, c := range videoCodecs {
		best := -1
		for i, p := range all {
			if p.name != c.name || p.clock != 90000 || !decodable(p) {
				continue
			}
			// Among those of one codec the publisher knows best; but one NAL unit in a packet is the lesser way.
			if best < 0 || c.name == "H264" && all[best].param("packetization-mode") != "1" && p.param("packetization-mode") == "1" {
				best = i
			}
		}
		if best < 0 {
			continue
		}
		p := all[best]
		if c.name == "H264" {
			p.complete()
		}
		p.fmtp = strings.Trim(p.fmtp+";"+startBitrate, ";")
		o.format = c.format
		codecs := []webrtc.RTPCodecParameters{{
			RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: c.mime, ClockRate: 90000, SDPFmtpLine: p.fmtp, RTCPFeedback: common(p.feedback)},
			PayloadType:        p.id,
		}}
		for _, r := range all {
			if r.name == "RTX" && r.param("apt") == strconv.Itoa(int(p.id)) {
				codecs = append(codecs, webrtc.RTPCodecParameters{
					RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: r.fmtp},
					PayloadType:        r.id,
				})
				break
			}
		}
		o.codecs[webrtc.RTPCodecTypeVideo] = codecs
		keep(m, codecs)
		return o.simulcast(m)
	}
	return errUnsupported{fault.New(fault.Invalid, "HLS cannot carry the picture's codec: the offer has only %s", names(all)).
		WithHint("set the publisher to H.264, or to HEVC, VP9 or AV1; VP8 has no place in HLS")}
}

// decodable refuses formats of a known codec that nobody could decode: interleaved H.264, other AV1 and VP9
// profiles than browsers' and H.265 in more than one RTP stream.
func decodable(p payload) bool {
	switch p.name {
	case "H264":
		return p.param("packetization-mode") != "2"
	case "H265":
		mode := p.param("tx-mode")
		return mode == "" || strings.EqualFold(mode, "SRST")
	case "AV1":
		profile := p.param("profile")
		return profile == "" || profile == "0"
	case "VP9":
		profile := p.param("profile-id")
		return profile == "" || profile == "0"
	}
	return true
}

// common are the kinds of feedback that both sides know.
func common(offered []webrtc.RTCPFeedback) []webrtc.RTCPFeedback {
	var both []webrtc.RTCPFeedback
	for _, f := range feedback {
		if slices.Contains(offered, f) {
			both = append(both, f)
		}
	}
	return both
}

// names lists what an offer has, for people.
func names(all []payload) string {
	var words []string
	for _, p := range all {
		switch p.name {
		case "", "RTX", "RED", "ULPFEC", "FLEXFEC-03", "CN", "TELEPHONE-EVENT":
			continue
		}
		if !slices.Contains(words, p.name) && len(words) < 8 {
			words = append(words, p.name)
		}
	}
	if len(words) == 0 {
		return "none that is known"
	}
	return strings.Join(words, ", ")
}

// simulcast counts the layers.
func (o *offer) simulcast(m *sdp.MediaDescription) error {
	o.layers = 1
	if _, ok := m.Attribute("simulcast"); !ok {
		return nil
	}
	rids := 0
	for _, a := range m.Attributes {
		if a.Key == "rid" {
			rids++
		}
	}
	if rids > maxLayers {
		return errUnsupported{fault.New(fault.Invalid, "the offer has %d simulcast layers", rids).WithHint("send at most %d", maxLayers)}
	}
	o.layers = max(rids, 1)
	return nil
}

// opusParameters ask for stereo, without which browsers send one channel, for redundancy inside packets, and for
// packets in silence too: what is not sent has to be made up for.
const opusParameters = "minptime=10;useinbandfec=1;stereo=1;usedtx=0"

// takeAudio takes Opus.
func (o *offer) takeAudio(m *sdp.MediaDescription) error {
	all := payloads(m)
	for _, p := range all {
		if p.name != "OPUS" || p.clock != 48000 || p.channels != 2 {
			continue
		}
		o.sound = true
		fb := []webrtc.RTCPFeedback{}
		if slices.Contains(p.feedback, feedback[0]) {
			fb = append(fb, feedback[0])
		}
		codecs := []webrtc.RTPCodecParameters{{
			RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: opusParameters, RTCPFeedback: fb},
			PayloadType:        p.id,
		}}
		o.codecs[webrtc.RTPCodecTypeAudio] = codecs
		keep(m, codecs)
		return nil
	}
	return errUnsupported{fault.New(fault.Invalid, "the sound's codec cannot be used: the offer has only %s", names(all)).
		WithHint("set the publisher to Opus")}
}

// keep strikes every format out of a section but these, and writes their parameters as they are to be answered.
func keep(m *sdp.MediaDescription, codecs []webrtc.RTPCodecParameters) {
	m.MediaName.Formats = nil
	byID := map[string]string{}
	for _, c := range codecs {
		id := strconv.Itoa(int(c.PayloadType))
		m.MediaName.Formats = append(m.MediaName.Formats, id)
		byID[id] = c.SDPFmtpLine
	}
	kept := m.Attributes[:0]
	for _, a := range m.Attributes {
		switch a.Key {
		case "rtpmap", "rtcp-fb":
			id, _, _ := strings.Cut(a.Value, " ")
			if _, ok := byID[id]; !ok && id != "*" {
				continue
			}
		case "fmtp":
			continue
		}
		kept = append(kept, a)
	}
	for _, c := range codecs {
		if c.SDPFmtpLine != "" {
			kept = append(kept, sdp.NewAttribute("fmtp", fmt.Sprintf("%d %s", c.PayloadType, c.SDPFmtpLine)))
		}
	}
	m.Attributes = kept
}

// String is the reduced offer as SDP.
func (o *offer) String() (string, error) {
	b, err := o.desc.Marshal()
	return string(b), err
}
