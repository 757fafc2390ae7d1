package main

import (
	"bytes"
	"context"
	"encoding/base64"
	be "encoding/binary"
	"hash/crc32"
	"io"
	"math/bits"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts/codecs"
	gosrt "github.com/datarhei/gosrt"
)

// TestProtocols pushes one show by RTSP and then by SRT: each goes on air under its name, the desk is told
// the addresses, and a timed ID3 tag in the transport stream becomes a cue in the playlist.
func TestProtocols(t *testing.T) {
	s := startServer(t)
	made := decode[showView](t, s.run(t, "", "show", "create", "live", "--currency", "EUR", "--json").fine(t))
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	at := s.Addrs()
	cmd := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=s=180x320:r=30",
		"-f", "lavfi", "-i", "sine=f=440:r=48000", "-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-bf", "0",
		"-c:a", "aac", "-f", "rtsp", "-rtsp_transport", "tcp", strings.Replace(at.RTSP, "KEY", made.StreamKey, 1))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.until(t, ctx, func(v showView) bool { return v.OnAir })
	if text := get(t, s.url+"/live/live/index.m3u8"); !strings.Contains(text, "avc1.") || !strings.Contains(text, "mp4a.40.2") {
		t.Errorf("the playlist of a show on air:\n%s", text)
	}
	if text := scrape(t, s); !strings.Contains(text, `livesrv_ingest_sessions{protocol="rtsp"} 1`) {
		t.Error("the metrics do not tell of RTSP")
	}
	_ = cmd.Process.Kill() // the context would do it later
	_ = cmd.Wait()
	s.until(t, ctx, func(v showView) bool { return !v.OnAir })

	u, err := url.Parse(at.SRT)
	if err != nil {
		t.Fatal(err)
	}
	c := gosrt.DefaultConfig()
	c.ConnectionTimeout = time.Minute
	c.StreamId = strings.Replace(u.Query().Get("streamid"), "KEY", made.StreamKey, 1)
	conn, err := gosrt.Dial("srt", u.Host, c)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	stop, done := make(chan struct{}), make(chan struct{})
	go func() { defer close(done); transmit(t, conn, stop) }()
	defer func() { close(stop); <-done }()
	s.until(t, ctx, func(v showView) bool { return v.OnAir })
	if text := scrape(t, s); !strings.Contains(text, `livesrv_ingest_sessions{protocol="srt"} 1`) {
		t.Error("the metrics do not tell of SRT")
	}
	cue := regexp.MustCompile(`#EXT-X-DATERANGE:ID="[^"]+",CLASS="dev\.livesrv\.data",.*X-LIVESRV-DATA="([^"]+)"`)
	for {
		if found := cue.FindStringSubmatch(get(t, s.url+"/live/live/v0/media.m3u8")); found != nil {
			if b, err := base64.RawURLEncoding.DecodeString(found[1]); err != nil || string(b) != `[{"id":"TXXX","description":"say","value":"hello"}]` {
				t.Errorf("the cue says %s (%v)", b, err)
			}
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal("the tag never became a cue")
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// transmit writes pictures in real time, and a tag every second, until it is stopped.
func transmit(t *testing.T, w io.Writer, stop <-chan struct{}) {
	sps := []byte{0x67, 0xf4, 0x00, 0x0d, 0x91, 0x96, 0x81, 0x41, 0x9f, 0x8d, 0xc0, 0x44, 0, 0, 3, 0, 4, 0, 0, 3, 0, 0xf0, 0x3c, 0x50, 0xaa, 0x80}
	tag := []byte("ID3\x04\x00\x00\x00\x00\x00\x14TXXX\x00\x00\x00\x0a\x00\x00\x03say\x00hello")
	v, m := &mpegts.Track{PID: 256, Codec: &codecs.H264{}}, &mpegts.Track{PID: 258, Codec: &codecs.KLV{Synchronous: true}}
	ts := &mpegts.Writer{W: id3Table{w}, Tracks: []*mpegts.Track{v, m}}
	if err := ts.Initialize(); err != nil {
		t.Error(err)
		return
	}
	for i := int64(0); ; i++ {
		select {
		case <-stop:
			return
		case <-time.After(40 * time.Millisecond):
		}
		au := [][]byte{{0x41, 0x9a, byte(i), 1}}
		if i%25 == 0 {
			au = [][]byte{sps, {0x68, 0xce, 0x0f, 0x19, 0x20}, {0x65, 0x88, 0x84, 0}}
		}
		if ts.WriteH264(v, i*3600, i*3600, au) != nil || i%25 == 10 && ts.WriteKLV(m, i*3600, tag) != nil {
			return // the server hung up
		}
	}
}

// id3Table makes a table of KLV, which the writer knows, into one of ID3, which it does not.
type id3Table struct{ w io.Writer }

func (x id3Table) Write(p []byte) (int, error) {
	for i := 0; i+188 <= len(p); i += 188 {
		if at := bytes.Index(p[i:i+188], []byte("KLVA")); at > 0 && p[i+4] == 0 {
			copy(p[i+at:], "ID3 ")
			n := 3 + int(be.BigEndian.Uint16(p[i+6:])&0xFFF)
			section := p[i+5 : i+5+n]
			be.BigEndian.PutUint32(section[n-4:], mpegCRC(section[:n-4]))
		}
	}
	return x.w.Write(p)
}

// mpegCRC is the checksum of MPEG tables: IEEE's polynomial with bits in the other order and not inverted.
func mpegCRC(b []byte) uint32 {
	turned := make([]byte, len(b))
	for i, x := range b {
		turned[i] = bits.Reverse8(x)
	}
	return bits.Reverse32(^crc32.ChecksumIEEE(turned))
}
