package rtsp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"

	"livesrv/ingest"
	"livesrv/internal/fault"
	"livesrv/internal/livetest"
)

var (
	sps = []byte{0x67, 0xf4, 0x00, 0x0d, 0x91, 0x96, 0x81, 0x41, 0x9f, 0x8d, 0xc0, 0x44, 0, 0, 3, 0, 4, 0, 0, 3, 0, 0xf0, 0x3c, 0x50, 0xaa, 0x80}
	pps = []byte{0x68, 0xce, 0x0f, 0x19, 0x20}
)

// webcam is an IP camera: an RTSP server that wants a password, with one stream.
type webcam struct {
	t      *testing.T
	srv    *gortsplib.Server
	stream *gortsplib.ServerStream
	media  *description.Media
	stop   chan struct{}
	wg     sync.WaitGroup
}

func (w *webcam) auth(c *gortsplib.ServerConn, r *base.Request) (*base.Response, error) {
	if c.VerifyCredentials(r, "admin", "hush") {
		return &base.Response{StatusCode: base.StatusOK}, nil
	}
	return &base.Response{StatusCode: base.StatusUnauthorized}, liberrors.ErrServerAuth{}
}

func (w *webcam) OnDescribe(ctx *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	res, err := w.auth(ctx.Conn, ctx.Request)
	return res, w.stream, err
}

func (w *webcam) OnSetup(*gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return &base.Response{StatusCode: base.StatusOK}, w.stream, nil
}

func (w *webcam) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// newWebcam runs one at an address until it is unplugged. Its parameter sets are in the description alone.
func newWebcam(t *testing.T, address string, certs ...tls.Certificate) *webcam {
	t.Helper()
	f := &format.H264{PayloadTyp: 96, SPS: sps, PPS: pps, PacketizationMode: 1}
	w := &webcam{t: t, media: &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{f}}, stop: make(chan struct{})}
	w.srv = &gortsplib.Server{Handler: w, RTSPAddress: address}
	if certs != nil {
		w.srv.TLSConfig = &tls.Config{Certificates: certs, MinVersion: tls.VersionTLS12}
	}
	if err := w.srv.Start(); err != nil {
		t.Fatal(err)
	}
	w.stream = &gortsplib.ServerStream{Server: w.srv, Desc: &description.Session{Medias: []*description.Media{w.media}}}
	if err := w.stream.Initialize(); err != nil {
		t.Fatal(err)
	}
	enc, err := f.CreateEncoder()
	if err != nil {
		t.Fatal(err)
	}
	w.wg.Go(func() {
		for i := uint32(0); ; i++ {
			select {
			case <-w.stop:
				return
			case <-time.After(40 * time.Millisecond):
			}
			unit := []byte{0x41, 0x9a, byte(i), 1, 2}
			if i%25 == 0 {
				unit = []byte{0x65, 0x88, 0x84, 0, 1}
			}
			pkts, err := enc.Encode([][]byte{unit})
			if err != nil {
				t.Error(err)
				return
			}
			for _, p := range pkts {
				p.Timestamp = i*3600 + 0xFFFFFF00   // it wraps at once
				w.stream.WritePacketRTP(w.media, p) //nolint:errcheck // it may be gone
			}
		}
	})
	return w
}

func (w *webcam) unplug() {
	close(w.stop)
	w.wg.Wait()
	w.stream.Close()
	w.srv.Close()
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A camera that is away at first is pulled when it comes, and again when it comes back; its password is
// told to nobody.
func TestPull(t *testing.T) {
	address := freePort(t)
	k := start(t, func(_ *ingest.Config, c *Config) {
		c.Pull = []string{"key-show rtsp://admin:hush@" + address + "/stream1?token=hush tcp"}
	})
	k.WaitSaid("camera not pulled")
	w := newWebcam(t, address)
	s := k.WaitCame()
	if s.Protocol != "rtsp" || s.Stream != "show" || s.Remote != address || len(s.Tracks) != 1 || s.Tracks[0].Width == 0 {
		t.Errorf("%+v", s)
	}
	r := k.Streams.Open("show").Subscribe()
	w.unplug()
	if e := k.WaitLeft(); fault.KindOf(e.Err) != fault.Unavailable {
		t.Errorf("ended with %v", e.Err)
	}
	got := k.Collect(r)
	if len(got.Tracks) != 1 {
		t.Errorf("%+v", got.Tracks)
	}
	w = newWebcam(t, address)
	k.WaitCame()
	// An anchor who comes by the same key is refused, as by any other publisher.
	_, wait := k.ffmpeg("tcp", "/live/key-show", slices.Concat(livetest.Picture("30"), livetest.X264("-t", "1"))...)
	if _, err := wait(); err == nil {
		t.Error("the camera was disturbed")
	}
	w.unplug()
	k.WaitLeft()
	if strings.Contains(k.Said.String(), "hush") {
		t.Error("the password is in the log")
	}
}

// A camera yields to a person, whatever the configuration.
func TestPullYields(t *testing.T) {
	address := freePort(t)
	w := newWebcam(t, address)
	defer w.unplug()
	k := start(t, func(i *ingest.Config, c *Config) {
		i.Takeover = ingest.Newest
		c.Pull = []string{"key-show rtsp://admin:hush@" + address + "/stream1 tcp"}
	})
	camera := k.WaitCame()
	k.ffmpeg("tcp", "/live/key-show", slices.Concat(livetest.Picture("30"), livetest.X264())...)
	person := k.WaitCame()
	if e := k.WaitLeft(); e.Session.ID != camera.ID || fault.KindOf(e.Err) != fault.Conflict {
		t.Errorf("%+v", e)
	}
	k.WaitSaid("somebody is publishing")
	if s, ok := k.Door.Session("show"); !ok || s.ID != person.ID {
		t.Error("the camera took the show back")
	}
}

// A camera over TLS whose certificate is its own is trusted by its fingerprint, which the log names.
func TestPullByTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"camera"}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	address := freePort(t)
	w := newWebcam(t, address, tls.Certificate{Certificate: [][]byte{cert}, PrivateKey: key})
	defer w.unplug()
	pull := func(more string) *kit {
		return start(t, func(_ *ingest.Config, c *Config) {
			c.Pull = []string{"key-show rtsps://admin:hush@" + address + "/stream1 tcp" + more}
		})
	}
	print := fmt.Sprintf("sha256:%x", sha256.Sum256(cert))
	pull("").WaitSaid(print)
	pull(" sha256:" + strings.Repeat("ab", 32)).WaitSaid("another certificate")
	if s := pull(" " + print).WaitCame(); s.Stream != "show" || s.Protocol != "rtsp" {
		t.Errorf("%+v", s)
	}
}

func TestParsePull(t *testing.T) {
	for text, ok := range map[string]bool{
		"key rtsp://cam/": true, "key rtsp://u:p@cam:554/a?b=c tcp": true, "key rtsps://cam/ auto": true, "key rtsps://cam/ sha256:" + strings.Repeat("0A", 32): true,
		"key rtsp://u:hush@cam/ sha256:" + strings.Repeat("0A", 32): false, "key rtsps://u:hush@cam/ sha256:0A": false, "  key   rtsp://cam/x udp ": true,
		"": false, "key": false, "rtsp://u:hush@cam/": false, "key http://u:hush@cam/": false, "key rtsp://u:hush@cam/ smoke": false,
		"key rtsp://u:hush@cam/ tcp more": false, "key rtsp://": false,
	} {
		c := DefaultConfig()
		c.Pull = []string{text}
		err := c.Validate()
		if (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
		var e *fault.Error
		if err != nil && (!errors.As(err, &e) || strings.Contains(err.Error()+e.Hint, "hush")) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
