package whip

import (
	"bufio"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"livesrv/ingest"
	"livesrv/internal/fault"
)

// An offer as Chromium writes it, shortened to what counts.
const chromium = `v=0
o=- 4611732184551474203 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9
c=IN IP4 0.0.0.0
a=ice-ufrag:nEQm
a=ice-pwd:4SuqbUhjcf6iLKgSm0ADh+ux
a=ice-options:trickle
a=fingerprint:sha-256 4A:79:94:16:44:3F:BD:05:41:5A:C7:20:F3:12:54:70:00:73:5D:33:00:2D:2C:80:9B:39:E1:9F:2D:A7:49:87
a=setup:actpass
a=mid:0
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendonly
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=rtpmap:9 G722/8000
m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 106 107 45 46 100 98 99
c=IN IP4 0.0.0.0
a=ice-ufrag:nEQm
a=ice-pwd:4SuqbUhjcf6iLKgSm0ADh+ux
a=ice-options:trickle
a=fingerprint:sha-256 4A:79:94:16:44:3F:BD:05:41:5A:C7:20:F3:12:54:70:00:73:5D:33:00:2D:2C:80:9B:39:E1:9F:2D:A7:49:87
a=setup:actpass
a=mid:1
a=extmap:13 urn:3gpp:video-orientation
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=sendonly
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:102 H264/90000
a=rtcp-fb:102 goog-remb
a=rtcp-fb:102 transport-cc
a=rtcp-fb:102 ccm fir
a=rtcp-fb:102 nack
a=rtcp-fb:102 nack pli
a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42001f
a=rtpmap:103 rtx/90000
a=fmtp:103 apt=102
a=rtpmap:106 H264/90000
a=rtcp-fb:106 transport-cc
a=rtcp-fb:106 nack
a=rtcp-fb:106 nack pli
a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtpmap:107 rtx/90000
a=fmtp:107 apt=106
a=rtpmap:45 AV1/90000
a=fmtp:45 level-idx=5;profile=0;tier=0
a=rtpmap:46 rtx/90000
a=fmtp:46 apt=45
a=rtpmap:100 VP9/90000
a=fmtp:100 profile-id=2
a=rtpmap:98 VP9/90000
a=rtcp-fb:98 nack pli
a=fmtp:98 profile-id=0
a=rtpmap:99 rtx/90000
a=fmtp:99 apt=98
a=rid:h send
a=rid:m send
a=rid:l send
a=simulcast:send h;m;l
`

// without strikes codecs out of the offer.
func without(names ...string) string {
	s := chromium
	for _, n := range names {
		s = strings.ReplaceAll(s, " "+n+"/", " X-"+n+"/")
	}
	return s
}

const goodFragment = "a=ice-ufrag:nEQm\r\na=ice-pwd:4SuqbUhjcf6iLKgSm0ADh+ux\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n" +
	"a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host\r\na=end-of-candidates\r\n"

// TestAnswer wants of the offer one codec each, H.264 before others, and no orientation extension.
func TestAnswer(t *testing.T) {
	k := start(t, func(_ *ingest.Config, c *Config) {
		c.ICEServers = []string{"stun:stun.example.net", "turn:turn.example.net?transport=udp"}
		c.TURNUsername, c.TURNCredential = "anchor", `se"cret`
		c.PublicAddresses = []string{"203.0.113.7"}
	})
	header := map[string]string{"Content-Type": "application/sdp", "Authorization": "Bearer key-a"}
	status, h, text := k.request("POST", "/whip", header, chromium)
	if status != 201 || !strings.HasPrefix(h.Get("Location"), "/whip/") || len(h.Get("Location")) < 26 || h.Get("ETag") == "" ||
		h.Get("Content-Type") != "application/sdp" {
		t.Fatalf("%d %v\n%s", status, h, text)
	}
	want := []string{`<stun:stun.example.net>; rel="ice-server"`,
		`<turn:turn.example.net?transport=udp>; rel="ice-server"; username="anchor"; credential="se\"cret"; credential-type="password"`}
	if !slices.Equal(h["Link"], want) {
		t.Errorf("Link: %q", h["Link"])
	}
	for _, has := range []string{"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", "m=video 9 UDP/TLS/RTP/SAVPF 106 107\r\n", "a=fmtp:111 minptime=10;useinbandfec=1;stereo=1;usedtx=0\r\n",
		"a=rtcp-fb:106 nack pli\r\n", "a=rtcp-fb:106 transport-cc\r\n", "a=simulcast:recv h;m;l\r\n", "a=recvonly", "127.0.0.1", "203.0.113.7", "tcptype passive"} {
		if !strings.Contains(text, has) {
			t.Errorf("the answer lacks %q:\n%s", has, text)
		}
	}
	for _, no := range []string{"video-orientation", "sprop-stereo", "VP8", "VP9", "AV1", "a=rtpmap:102"} {
		if strings.Contains(text, no) {
			t.Errorf("the answer has %q", no)
		}
	}
	header["Authorization"] = "Bearer key-b"
	if status, _, text = k.request("POST", "/whip", header, without("H264")); status != 201 || !strings.Contains(text, "m=video 9 UDP/TLS/RTP/SAVPF 98 99\r\n") {
		t.Errorf("without H.264: %d %s", status, text)
	}
	header["Authorization"] = "Bearer key-c"
	if status, _, text = k.request("POST", "/whip", header, without("H264", "VP9")); status != 201 || !strings.Contains(text, "AV1") {
		t.Errorf("without H.264 and VP9: %d %s", status, text)
	}
}

// TestDawdler wants an offer that does not come in whole to be given up.
func TestDawdler(t *testing.T) {
	k := start(t, func(c *ingest.Config, _ *Config) { c.StartTimeout = time.Second })
	nc, err := net.Dial("tcp", k.http.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if _, err := io.WriteString(nc, "POST /whip HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key-a\r\nContent-Type: application/sdp\r\nContent-Length: 2000\r\n\r\nv=0\r\n"); err != nil {
		t.Fatal(err)
	}
	_ = nc.SetReadDeadline(time.Now().Add(30 * time.Second))
	res, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 503 {
		t.Errorf("answered %d", res.StatusCode)
	}
	k.WaitSaid("nothing whole came in time")
}

// TestRefusals wants each refusal to have its status, a sentence with a next step, and the headers pages need.
func TestRefusals(t *testing.T) {
	k := start(t, func(c *ingest.Config, _ *Config) { c.SilentAfter = time.Minute })
	post := map[string]string{"Content-Type": "application/sdp", "Authorization": "Bearer key-a"}
	with := func(key, value string) map[string]string {
		h := maps.Clone(post)
		h[key] = value
		return h
	}
	for name, c := range map[string]struct {
		method, path string
		header       map[string]string
		body         string
		status       int
		says         string
	}{
		"no key":         {"POST", "/whip", map[string]string{"Content-Type": "application/sdp"}, chromium, 401, "Authorization: Bearer"},
		"wrong key":      {"POST", "/whip", with("Authorization", "Bearer nonsense"), chromium, 401, "Copy it from the console"},
		"wrong type":     {"POST", "/whip", with("Content-Type", "application/json"), chromium, 415, "application/sdp"},
		"no SDP":         {"POST", "/whip", post, "hello", 400, "Send the offer"},
		"too large":      {"POST", "/whip", post, strings.Repeat("a=x\r\n", 20000), 413, "65536"},
		"VP8 only":       {"POST", "/whip", post, without("H264", "VP9", "AV1"), 422, "VP8 has no place in HLS"},
		"no Opus":        {"POST", "/whip", post, without("opus"), 422, "Opus"},
		"data channel":   {"POST", "/whip", post, strings.Replace(chromium, "m=audio", "m=application", 1), 422, "data channels"},
		"two pictures":   {"POST", "/whip", post, strings.Replace(chromium, "m=audio", "m=video", 1), 422, "H.264"},
		"a player":       {"POST", "/whip", post, strings.ReplaceAll(chromium, "a=sendonly", "a=recvonly"), 400, "a publisher sends"},
		"no ICE":         {"POST", "/whip", post, strings.ReplaceAll(chromium, "a=ice-ufrag", "a=x"), 400, "ice-ufrag"},
		"no fingerprint": {"POST", "/whip", post, strings.ReplaceAll(chromium, "a=fingerprint", "a=x"), 400, "fingerprint"},
		"candidates":     {"POST", "/whip", post, chromium + strings.Repeat("a=candidate:1 1 udp 1 127.0.0.1 9 typ host\n", 65), 429, "64"},
		"GET":            {"GET", "/whip", nil, "", 405, "POST"},
		"no session":     {"DELETE", "/whip/nobody", nil, "", 404, "POST to /whip"},
	} {
		t.Run(name, func(t *testing.T) {
			status, h, text := k.request(c.method, c.path, c.header, c.body)
			if status != c.status || !strings.Contains(text, c.says) {
				t.Errorf("%d %s", status, text)
			}
			if h.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(h.Get("Access-Control-Expose-Headers"), "Location, ETag, Link") {
				t.Errorf("headers %v", h)
			}
			if status == 401 && h.Get("WWW-Authenticate") == "" {
				t.Error("401 without WWW-Authenticate")
			}
		})
	}
	if n := k.Door.Stats().Refused[fault.Unauthorized.String()]; n != 2 {
		t.Errorf("%d refusals of keys were counted", n)
	}
	if status, _, text := k.request("POST", "/whip", post, chromium); status != 201 {
		t.Fatalf("%d %s", status, text)
	}
	if status, _, text := k.request("POST", "/whip", post, chromium); status != 409 {
		t.Errorf("a second publisher: %d %s", status, text)
	}
	status, h, _ := k.request("OPTIONS", "/whip", map[string]string{"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}, "")
	if status != 204 || h.Get("Accept-Post") != "application/sdp" || !strings.Contains(h.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("OPTIONS: %d %v", status, h)
	}
}

// TestPatch wants preconditions as RFC 9725 §4.3 has them.
func TestPatch(t *testing.T) {
	k := start(t)
	_, h, _ := k.request("POST", "/whip", map[string]string{"Content-Type": "application/sdp", "Authorization": "Bearer key-a"}, chromium)
	path, etag := h.Get("Location"), h.Get("ETag")
	other := strings.NewReplacer("nEQm", "fresh", "4SuqbUhjcf6iLKgSm0ADh+ux", "aaaaaaaaaaaaaaaaaaaaaaaa").Replace(goodFragment)
	for _, c := range []struct {
		name, match, body string
		status            int
		kind              string
	}{
		{"no precondition", "", goodFragment, 428, typeFragment},
		{"another session's", `"nonsense"`, goodFragment, 412, typeFragment},
		{"wrong type", etag, goodFragment, 415, "application/sdp"},
		{"candidates", etag, goodFragment, 204, typeFragment},
		{"of another ICE session", etag, other, 412, typeFragment},
		{"no credentials", etag, "m=audio 9 X 0\r\n", 400, typeFragment},
		{"rubbish", etag, "<html>", 400, typeFragment},
		{"too many", etag, goodFragment + strings.Repeat("a=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n", 70), 429, typeFragment},
		{"not a restart", "*", goodFragment, 204, typeFragment},
	} {
		header := map[string]string{"Content-Type": c.kind}
		if c.match != "" {
			header["If-Match"] = c.match
		}
		if status, _, text := k.request("PATCH", path, header, c.body); status != c.status {
			t.Errorf("%s: %d %s", c.name, status, text)
		}
	}
	status, h, text := k.request("PATCH", path, map[string]string{"Content-Type": typeFragment, "If-Match": "*"}, other)
	if status != 200 || h.Get("ETag") == etag || h.Get("ETag") == "" || !strings.Contains(text, "a=ice-ufrag:") || !strings.Contains(text, "a=candidate:") {
		t.Errorf("restart: %d %v\n%s", status, h, text)
	}
	if status, _, _ := k.request("PATCH", path, map[string]string{"Content-Type": typeFragment, "If-Match": etag}, goodFragment); status != 412 {
		t.Errorf("the old ETag after a restart: %d", status)
	}
	if status, _, _ := k.request("DELETE", path, nil, ""); status != 200 {
		t.Errorf("DELETE: %d", status)
	}
}

// TestNobodyComes wants a session whose publisher never connects to end by itself.
func TestNobodyComes(t *testing.T) {
	k := start(t, func(c *ingest.Config, _ *Config) { c.StartTimeout = time.Second })
	_, h, _ := k.request("POST", "/whip", map[string]string{"Content-Type": "application/sdp", "Authorization": "Bearer key-a"}, chromium)
	deadline := time.Now().Add(30 * time.Second)
	for k.Door.Stats().Connections > 0 {
		if time.Now().After(deadline) {
			t.Fatal("the session stays")
		}
		time.Sleep(20 * time.Millisecond)
	}
	if status, _, _ := k.request("DELETE", h.Get("Location"), nil, ""); status != 404 {
		t.Errorf("DELETE afterwards: %d", status)
	}
	if !strings.Contains(k.Said.String(), "whip.public_addresses") && !strings.Contains(k.Said.String(), "no WebRTC connection came about") {
		t.Error("the log does not say why")
	}
}

// FuzzFragment wants fragments to be read or refused, and what is read to be within bounds.
func FuzzFragment(f *testing.F) {
	for _, s := range []string{goodFragment, "", "a=ice-ufrag:abcd", "m=audio\na=mid:", "a=candidate:\r\n\r\n", strings.ReplaceAll(goodFragment, "\r", "")} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		g, err := parseFragment(s)
		if err == nil && (len(g.candidates) > maxCandidates || len(g.ufrag) < 4 || strings.ContainsAny(g.ufrag+g.pwd, "\r\n ")) {
			t.Errorf("%+v", g)
		}
	})
}

// FuzzOffer wants offers to be read or refused, and what is accepted to be one that pion can be given.
func FuzzOffer(f *testing.F) {
	for _, s := range []string{chromium, without("H264"), without("H264", "AV1"), without("H264", "VP9"), strings.ReplaceAll(chromium, "102", "*"), "v=0", ""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := parseOffer(b)
		if err != nil {
			return
		}
		if o.layers > maxLayers || !o.sound && o.format == nil {
			t.Errorf("%+v", o)
		}
		o.restart(fragment{ufrag: "abcd", pwd: "aaaaaaaaaaaaaaaaaaaaaaaa"})
		if u, _ := o.credentials(); u != "abcd" {
			t.Errorf("after a restart the user fragment is %q", u)
		}
		if _, err := o.String(); err != nil {
			t.Error(err)
		}
	})
}

// FuzzUnits wants payloads to be taken apart or refused without a panic.
func FuzzUnits(f *testing.F) {
	f.Add(byte(0), stap(sps640, pps), nal(5, 40))
	f.Add(byte(0), fragments(nal(1, 100), 60)[0], fragments(nal(1, 100), 60)[1])
	f.Add(byte(1), []byte{0x62, 1, 0x93, 1, 2, 3}, []byte{0x62, 1, 0x53, 4})
	f.Add(byte(2), []byte{0x10, 0x0A, 1, 2}, []byte{0x50, 0x32, 9})
	f.Add(byte(3), unhex("ae050009300140 00b40280016882498342501000000000"), unhex("ac05020986004092f121"))
	formats := []format{h264Format{}, h265Format{}, av1Format{}, vp9Format{}}
	f.Fuzz(func(t *testing.T, which byte, a, b []byte) {
		fm := formats[int(which)%len(formats)]
		units, err := fm.units([][]byte{a, b})
		if err != nil {
			return
		}
		for _, u := range units {
			if len(u) == 0 {
				t.Fatal("an empty unit")
			}
		}
		fm.look(nil, units)
	})
}
