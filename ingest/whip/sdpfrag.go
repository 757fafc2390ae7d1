package whip

import (
	"slices"
	"strings"

	"github.com/pion/sdp/v3"

	"livesrv/internal/fault"
)

// maxCandidates is how many ICE candidates a publisher may name in one session.
const maxCandidates = 64

// fragment is what a trickle-ice-sdpfrag says (RFC 8840 §9): the ICE session's credentials and candidates.
type fragment struct {
	ufrag, pwd string
	candidates []candidate
	// end says that there are no more candidates.
	end bool
}

// candidate is an a=candidate line of the media section mid.
type candidate struct {
	mid, line string
}

// parseFragment reads a fragment. Lines that it does not know are passed over, as RFC 8840 §9.1 wants.
// Errors: fault.Invalid; fault.TooMany for more candidates than a session may have.
func parseFragment(text string) (fragment, error) {
	var f fragment
	mid := ""
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		switch {
		case line == "":
			continue
		case len(line) < 2 || line[1] != '=':
			return fragment{}, fault.New(fault.Invalid, "the body is no SDP fragment").
				WithHint("send lines such as a=ice-ufrag:…, a=mid:0 and a=candidate:…")
		case line[0] == 'm':
			mid = ""
			continue
		case line[0] != 'a':
			continue
		}
		key, value, _ := strings.Cut(line[2:], ":")
		switch key {
		case "ice-ufrag":
			f.ufrag = first(f.ufrag, value)
		case "ice-pwd":
			f.pwd = first(f.pwd, value)
		case "mid":
			mid = value
		case "candidate":
			if len(f.candidates) == maxCandidates {
				return fragment{}, tooManyCandidates()
			}
			f.candidates = append(f.candidates, candidate{mid, line[2:]})
		case "end-of-candidates":
			f.end = true
		}
	}
	if !iceToken(f.ufrag, 4) || f.pwd != "" && !iceToken(f.pwd, 22) {
		return fragment{}, fault.New(fault.Invalid, "the fragment's ICE credentials are missing or not in order").
			WithHint("send a=ice-ufrag and a=ice-pwd of the offer with every fragment")
	}
	return f, nil
}

func tooManyCandidates() error {
	return fault.New(fault.TooMany, "a session may have %d ICE candidates", maxCandidates).
		WithHint("gather candidates for fewer network interfaces")
}

// first keeps what a fragment says first: sections of one bundle repeat it.
func first(old, now string) string {
	if old != "" {
		return old
	}
	return now
}

// iceToken says whether s is made of ice-chars and has a length that RFC 8839 §5.4 allows.
func iceToken(s string, least int) bool {
	if len(s) < least || len(s) > 256 {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '+', c == '/':
		default:
			return false
		}
	}
	return true
}

// fragmentOf is what a publisher needs of our new description after an ICE restart.
func fragmentOf(d *sdp.SessionDescription) string {
	var b strings.Builder
	line := func(key, value string) {
		b.WriteString("a=" + key)
		if value != "" {
			b.WriteString(":" + value)
		}
		b.WriteString("\r\n")
	}
	if len(d.MediaDescriptions) == 0 {
		return ""
	}
	m := d.MediaDescriptions[0]
	for _, key := range []string{"ice-ufrag", "ice-pwd"} {
		v, _ := attribute(d, m, key)
		line(key, v)
	}
	b.WriteString("m=" + m.MediaName.String() + "\r\n")
	mid, _ := m.Attribute("mid")
	line("mid", mid)
	for _, a := range m.Attributes {
		if a.Key == "candidate" {
			line(a.Key, a.Value)
		}
	}
	line("end-of-candidates", "")
	return b.String()
}

// restart puts other ICE credentials and candidates into an offer.
func (o *offer) restart(f fragment) {
	set := func(attrs []sdp.Attribute) []sdp.Attribute {
		return slices.DeleteFunc(attrs, func(a sdp.Attribute) bool {
			return a.Key == "ice-ufrag" || a.Key == "ice-pwd" || a.Key == "candidate" || a.Key == "end-of-candidates"
		})
	}
	o.desc.Origin.SessionVersion++
	o.desc.Attributes = set(o.desc.Attributes)
	for _, m := range o.desc.MediaDescriptions {
		m.Attributes = append(set(m.Attributes), sdp.NewAttribute("ice-ufrag", f.ufrag), sdp.NewAttribute("ice-pwd", f.pwd))
	}
}

// credentials are the offer's ICE credentials.
func (o *offer) credentials() (ufrag, pwd string) {
	m := o.desc.MediaDescriptions[0]
	ufrag, _ = attribute(o.desc, m, "ice-ufrag")
	pwd, _ = attribute(o.desc, m, "ice-pwd")
	return ufrag, pwd
}

// countCandidates is how many an offer names.
func (o *offer) countCandidates() int {
	n := 0
	for _, m := range o.desc.MediaDescriptions {
		for _, a := range m.Attributes {
			if a.Key == "candidate" {
				n++
			}
		}
	}
	return n
}
