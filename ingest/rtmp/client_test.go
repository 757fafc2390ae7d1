package rtmp

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortmplib"
	"github.com/bluenviron/gortmplib/pkg/amf0"
	"github.com/bluenviron/gortmplib/pkg/codecs"
	gomessage "github.com/bluenviron/gortmplib/pkg/message"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"
	"github.com/google/go-cmp/cmp"

	"livesrv/ingest"
	"livesrv/internal/fault"
	"livesrv/internal/livetest"
	"livesrv/internal/media"
	"livesrv/internal/stream"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

var (
	sps    = unhex("67f4000d919681419f8dc044000003000400000300f03c50aa80")
	sps640 = unhex("67f4001e919680a02ff89c0440000003004000000f03c58ba8")
	pps    = unhex("68ce0f1920")
	vps265 = unhex("40010c01ffff0408000003009e0800000300003c959809")
	sps265 = unhex("420101040800000300" + "9e0800000300003c9001410173e5cb2b349265780b7020200040000003004000000642")
	pps265 = unhex("4401c172860c4624")
	seqAV1 = unhex("08200000043cfeccdaf92021a004")
)

// dialRTMP publishes with gortmplib's client.
func (k *kit) dialRTMP(path string) *gortmplib.Client {
	k.t.Helper()
	c, err := k.tryRTMP(k.url(path), nil)
	if err != nil {
		k.t.Fatal(err)
	}
	return c
}

func (k *kit) tryRTMP(address string, config *tls.Config) (*gortmplib.Client, error) {
	k.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		k.t.Fatal(err)
	}
	c := &gortmplib.Client{URL: u, Publish: true, TLSConfig: config}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := c.Initialize(ctx); err != nil {
		return nil, err
	}
	k.t.Cleanup(c.Close)
	return c, nil
}

func writer(t *testing.T, c *gortmplib.Client, list ...codecs.Codec) (*gortmplib.Writer, []*gortmplib.Track) {
	t.Helper()
	var tracks []*gortmplib.Track
	for _, codec := range list {
		tracks = append(tracks, &gortmplib.Track{Codec: codec})
	}
	w := &gortmplib.Writer{Conn: c, Tracks: tracks}
	if err := w.Initialize(); err != nil {
		t.Fatal(err)
	}
	return w, tracks
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func stereo() *codecs.MPEG4Audio {
	return &codecs.MPEG4Audio{Config: &mpeg4audio.AudioSpecificConfig{
		Type: mpeg4audio.ObjectTypeAACLC, SampleRate: 48000, ChannelConfig: 2,
	}}
}

// What ffmpeg 5 cannot send: HEVC, AV1 and Opus by Enhanced RTMP.
func TestEnhancedCodecs(t *testing.T) {
	k := start(t)
	r := k.Streams.Open("hevc").Subscribe()
	c := k.dialRTMP("/live/key-hevc")
	w, tr := writer(t, c, &codecs.H265{VPS: vps265, SPS: sps265, PPS: pps265},
		&codecs.Opus{IDHeader: &opus.IDHeader{Version: 1, ChannelCount: 2, InputSampleRate: 48000}})
	for i := range 10 {
		unit := []byte{0x02, 1, 2}
		if i == 0 {
			unit = []byte{0x28, 1, 2}
		}
		at := time.Duration(i) * 40 * time.Millisecond
		must(t, w.WriteH265(tr[0], at+80*time.Millisecond, at, [][]byte{vps265, sps265, pps265, unit}), w.WriteOpus(tr[1], at, []byte{0xFC, 1, 2}))
	}
	go c.Close()
	got := k.Collect(r)
	if n, m := len(got.AUs[0]), len(got.AUs[1]); n != 10 || m != 10 {
		t.Fatalf("%d pictures, %d packets", n, m)
	}
	want := []media.Track{
		{ID: 0, Codec: &media.H265{VPS: vps265, SPS: sps265, PPS: pps265}, ClockRate: 90000},
		{ID: 1, Codec: &media.Opus{ChannelCount: 2}, ClockRate: 48000},
	}
	if d := cmp.Diff(want, got.Tracks); d != "" {
		t.Error(d)
	}
	au := got.AUs[0][0]
	if !au.Key || au.PTS-au.DTS != 7200 || len(au.Units) != 1 || au.Units[0][0] != 0x28 {
		t.Errorf("%+v", au)
	}
}

// gortmplib sends a made-up sequence header first, as encoders do that do not know theirs: the one in
// the first keyframe counts.
func TestAV1(t *testing.T) {
	k := start(t)
	r := k.Streams.Open("av1").Subscribe()
	c := k.dialRTMP("/live/key-av1")
	w, tr := writer(t, c, &codecs.AV1{}, stereo())
	for i := range 10 {
		tu := [][]byte{{0x10}, {0x30, 1, 2, 3}}
		if i%5 == 0 {
			tu = [][]byte{{0x10}, seqAV1, {0x30, 1, 2, 3}}
		}
		at := time.Duration(i) * 40 * time.Millisecond
		must(t, w.WriteAV1(tr[0], at, tu), w.WriteMPEG4Audio(tr[1], at, []byte{1, 2}))
	}
	go c.Close()
	got := k.Collect(r)
	if d := cmp.Diff(&media.AV1{SequenceHeader: seqAV1}, got.Tracks[0].Codec); d != "" {
		t.Error(d)
	}
	if len(got.AUs[0]) != 10 {
		t.Fatalf("%d pictures", len(got.AUs[0]))
	}
	if d := cmp.Diff([][]byte{seqAV1, {0x30, 1, 2, 3}}, got.AUs[0][5].Units); d != "" || !got.AUs[0][5].Key {
		t.Error(d)
	}
}

// VP9 says in its keyframes what other codecs say in a sequence header.
func TestVP9(t *testing.T) {
	k := start(t)
	r := k.Streams.Open("vp9").Subscribe()
	c := k.dialRTMP("/live/key-vp9")
	w, tr := writer(t, c, &codecs.VP9{}, stereo())
	for i := range 10 {
		frame := []byte{0x86, 0, 0x40, 0x92}
		if i%5 == 0 {
			frame = unhex("824983425013f00b360638241c184a00")
		}
		at := time.Duration(i) * 40 * time.Millisecond
		must(t, w.WriteVP9(tr[0], at, frame), w.WriteMPEG4Audio(tr[1], at, []byte{1, 2}))
	}
	go c.Close()
	got := k.Collect(r)
	if d := cmp.Diff(&media.VP9{BitDepth: 8, Subsampling: 1, Matrix: 1, FullRange: true, Width: 320, Height: 180}, got.Tracks[0].Codec); d != "" {
		t.Error(d)
	}
	if n := len(got.AUs[0]); n != 10 || !got.AUs[0][5].Key || got.AUs[0][6].Key {
		t.Errorf("%d pictures", n)
	}
}

// A publisher whose show ends is told so before the line is closed.
func TestShowEnds(t *testing.T) {
	k := start(t)
	c := k.dialRTMP("/live/key-show")
	w, tr := writer(t, c, &codecs.H264{SPS: sps, PPS: pps})
	must(t, w.WriteH264(tr[0], 0, 0, [][]byte{{0x65, 1}}))
	k.WaitCame()
	k.Door.End("show", 1, fault.New(fault.Gone, "the show has ended"))
	for {
		m, err := c.Read()
		if err != nil {
			t.Fatalf("the line was closed without a word: %v", err)
		}
		if cmd, ok := m.(*gomessage.CommandAMF0); ok && strings.Contains(fmt.Sprint(cmd.Arguments), "the show has ended") {
			return
		}
	}
}

// A sequence header in mid-stream changes the tracks before the next picture; the same one again does not.
func TestSequenceHeaderInMidStream(t *testing.T) {
	k := start(t)
	r := k.Streams.Open("show").Subscribe()
	defer r.Close()
	c := k.dialRTMP("/live/key-show")
	w, tr := writer(t, c, &codecs.H264{SPS: sps, PPS: pps})
	must(t, w.WriteH264(tr[0], 0, 0, [][]byte{{0x65, 1}}))
	writer(t, c, &codecs.H264{SPS: sps, PPS: pps})
	must(t, w.WriteH264(tr[0], 40*time.Millisecond, 40*time.Millisecond, [][]byte{{0x41, 1}}))
	w2, tr2 := writer(t, c, &codecs.H264{SPS: sps640, PPS: pps})
	must(t, w2.WriteH264(tr2[0], 80*time.Millisecond, 80*time.Millisecond, [][]byte{{0x65, 1}}))
	var widths []int
	pictures := 0
	k.Take(r, func(it stream.Item) bool {
		if it.Tracks != nil {
			p, _ := media.PictureOf(it.Tracks[0].Codec)
			widths = append(widths, p.Width)
		}
		if it.AU != nil {
			pictures++
		}
		return pictures == 3
	})
	if d := cmp.Diff([]int{320, 640}, widths); d != "" {
		t.Error(d)
	}
}

// Timed texts of three kinds become JSON on the stream's timeline; what is no text harms nothing.
func TestTimedTexts(t *testing.T) {
	k := start(t)
	r := k.Streams.Open("show").Subscribe()
	c := k.dialRTMP("/live/key-show")
	w, tr := writer(t, c, &codecs.H264{SPS: sps, PPS: pps})
	text := func(payload ...any) {
		must(t, c.Write(&gomessage.DataAMF0{ChunkStreamID: 4, MessageStreamID: 0x1000000, Payload: payload}))
	}
	for i := range 30 {
		at := time.Duration(i) * 40 * time.Millisecond
		unit := []byte{0x41, 1}
		if i == 0 {
			unit[0] = 0x65
		}
		must(t, w.WriteH264(tr[0], at, at, [][]byte{unit}))
		if i == 20 {
			text("onTextData", amf0.Object{{Key: "text", Value: "the red one"}})
			text("@setDataFrame", "onCuePoint", amf0.ECMAArray{{Key: "name", Value: "pin"}, {Key: "time", Value: 0.8}})
			text("onFI", amf0.StrictArray{true, nil, amf0.Undefined{}}, "x")
			text("onSomethingElse", "y")
			text(1.0)
		}
	}
	go c.Close()
	got := k.Collect(r)
	var names []string
	for _, d := range got.Data {
		names = append(names, d.Name+" "+string(d.Payload))
		if off := d.PTS - 20*3600; max(off, -off) > 3600 || d.Wall.IsZero() {
			t.Errorf("%s at %d", d.Name, d.PTS)
		}
	}
	want := []string{`onTextData {"text":"the red one"}`, `onCuePoint {"name":"pin","time":0.8}`, `onFI [[true,null,null],"x"]`}
	if d := cmp.Diff(want, names); d != "" {
		t.Error(d)
	}
}

func TestKeyInEveryPlace(t *testing.T) {
	k := start(t)
	for i, path := range []string{"/live/key-show", "/live#key-show", "/live/key-show?user=x", "/live#key-show?user=x", "/live/#/key-show"} {
		c := k.dialRTMP(path)
		w, tr := writer(t, c, &codecs.H264{SPS: sps, PPS: pps})
		must(t, w.WriteH264(tr[0], 0, 0, [][]byte{{0x65, 1}}))
		if s := k.WaitCame(); s.Stream != "show" {
			t.Errorf("%d: %+v", i, s)
		}
		c.Close()
		k.WaitLeft()
	}
}

// Whoever is refused is told why in RTMP's own words, and the log has one line.
func TestRefusals(t *testing.T) {
	k := start(t)
	for _, c := range []struct{ path, said, logged string }{
		{"/live/wrong", "the stream key is not known", "the stream key is not known"},
		{"/live", "the stream key is not known", "the stream key is not known"},
		{"/live/key-ended", "the show has ended: make a new show", "the show has ended"},
		{"/app/key-show", "", "the address ends in /app/key-show, not in /live"},
	} {
		before := k.Said.Count("publisher refused")
		_, err := k.tryRTMP(k.url(c.path), nil)
		if err == nil || !strings.Contains(err.Error(), c.said) {
			t.Errorf("%s: %v", c.path, err)
		}
		// The publisher may read why before the log says so.
		if said := k.Said.WaitCount(t, "publisher refused", before+1, 30*time.Second); strings.Count(said, "publisher refused") != before+1 || !strings.Contains(said, c.logged) {
			t.Errorf("%s: the log says\n%s", c.path, said)
		}
	}
	if st := k.Door.Stats(); st.Refused["unauthorized"] != 2 || st.Refused["conflict"] != 1 || st.Refused["not_found"] != 1 {
		t.Errorf("%+v", st.Refused)
	}
}

func TestPlayersAreRefused(t *testing.T) {
	k := start(t)
	u, _ := url.Parse(k.url("/live/key-show"))
	c := &gortmplib.Client{URL: u}
	if err := c.Initialize(t.Context()); err == nil || !strings.Contains(err.Error(), "plays nothing") {
		t.Errorf("%v", err)
	}
	k.WaitSaid("a player came")
}

func TestUnsupportedCodecIsSaidAndLeftOut(t *testing.T) {
	k := start(t)
	c := k.dialRTMP("/live/key-show")
	w, tr := writer(t, c, &codecs.H264{SPS: sps, PPS: pps}, &codecs.G711{MULaw: true, ChannelCount: 1})
	must(t, w.WriteG711(tr[1], 0, []byte{1, 2}), w.WriteH264(tr[0], 0, 0, [][]byte{{0x65, 1}}))
	s := k.WaitCame()
	if len(s.Tracks) != 1 || s.Tracks[0].Codec != "H.264" {
		t.Errorf("%+v", s.Tracks)
	}
	k.WaitSaid(ingest.CodecUnsupported)
	if !strings.Contains(k.Said.String(), "G.711 mu-law") {
		t.Error("the log does not name the codec")
	}
}

// Video that comes without any metadata is on air after the wait, sound that comes later joins it.
func TestTracksWithoutMetadata(t *testing.T) {
	k := start(t, func(_ *ingest.Config, c *Config) { c.TrackWait = 100 * time.Millisecond })
	r := k.Streams.Open("show").Subscribe()
	defer r.Close()
	c := k.dialRTMP("/live/key-show")
	raw := func(m gomessage.Message) { must(t, c.Write(m)) }
	w := &gortmplib.Writer{Conn: noMetadata{c}, Tracks: []*gortmplib.Track{{Codec: &codecs.H264{SPS: sps, PPS: pps}}}}
	must(t, w.Initialize())
	picture := func(at time.Duration) {
		must(t, w.WriteH264(w.Tracks[0], at, at, [][]byte{{0x65, 1}}))
	}
	picture(0)
	time.Sleep(120 * time.Millisecond) // the wait is over at the first message after it
	picture(120 * time.Millisecond)
	pictures, sounds := 0, 0
	var tracks []int
	k.Take(r, func(it stream.Item) bool {
		if it.AU != nil {
			pictures++
		}
		return pictures == 2
	})
	raw(&gomessage.Audio{ChunkStreamID: 4, MessageStreamID: 0x1000000, DTS: 160 * time.Millisecond, Codec: gomessage.CodecMPEG4Audio, AACType: gomessage.AudioAACTypeConfig, AACConfig: stereo().Config})
	raw(&gomessage.Audio{ChunkStreamID: 4, MessageStreamID: 0x1000000, DTS: 160 * time.Millisecond, Codec: gomessage.CodecMPEG4Audio, AACType: gomessage.AudioAACTypeAU, AU: []byte{1, 2}})
	k.Take(r, func(it stream.Item) bool {
		if it.Tracks != nil {
			tracks = append(tracks, len(it.Tracks))
		}
		if it.AU != nil && it.AU.Track == 1 {
			sounds++
		}
		return sounds == 1
	})
	if d := cmp.Diff([]int{2}, tracks); d != "" {
		t.Error(d)
	}
}

// noMetadata leaves data messages out.
type noMetadata struct{ gortmplib.Conn }

func (c noMetadata) Write(m gomessage.Message) error {
	if _, ok := m.(*gomessage.DataAMF0); ok {
		return nil
	}
	return c.Conn.Write(m)
}

func TestRTMPS(t *testing.T) {
	cert, key, pool := selfSigned(t)
	k := start(t, func(_ *ingest.Config, c *Config) {
		c.TLSAddress, c.CertFile, c.KeyFile = "127.0.0.1:0", cert, key
	})
	r := k.Streams.Open("show").Subscribe()
	address := "rtmps://" + k.srv.TLSAddr().String() + "/live/key-show"
	c, err := k.tryRTMP(address, &tls.Config{RootCAs: pool})
	must(t, err)
	w, tr := writer(t, c, &codecs.H264{SPS: sps, PPS: pps}, stereo())
	for i := range 10 {
		at := time.Duration(i) * 40 * time.Millisecond
		must(t, w.WriteH264(tr[0], at, at, [][]byte{append([]byte{0x65}, bytes.Repeat([]byte{1}, 100_000)...)}), w.WriteMPEG4Audio(tr[1], at, []byte{1}))
	}
	go c.Close()
	got := k.Collect(r)
	if len(got.AUs[0]) != 10 || len(got.AUs[0][3].Units[0]) != 100_001 {
		t.Errorf("%d pictures", len(got.AUs[0]))
	}
	k.WaitLeft()
	_, wait := k.ffmpeg(address, slices.Concat(livetest.Picture("30"), livetest.Tone("48000"), livetest.X264("-c:a", "aac", "-t", "1"))...)
	if out, err := wait(); err != nil {
		t.Errorf("ffmpeg: %v %s", err, out)
	}
	if _, err := k.tryRTMP(k.url("/live/wrong"), nil); err == nil {
		t.Error("a wrong key was taken")
	}
	nc, err := tls.Dial("tcp", k.srv.Addr().String(), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // it must fail
	if err == nil {
		nc.Close()
		t.Error("the plain port speaks TLS")
	}
	k.WaitSaid("TLS came to the port for RTMP")
}

// selfSigned writes a certificate for 127.0.0.1.
func selfSigned(t *testing.T) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "livesrv"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	must(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	pool = x509.NewCertPool()
	pool.AddCert(cert)
	return certFile, keyFile, pool
}
