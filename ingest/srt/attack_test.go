package srt

import (
	"crypto/rand"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gosrt "github.com/datarhei/gosrt"

	"livesrv/ingest"
	"livesrv/internal/fault"
	"livesrv/internal/livetest"
)

func impatient(c *ingest.Config, _ *Config) {
	c.StartTimeout, c.ReadTimeout = time.Second, time.Second
}

func newest(c *ingest.Config, _ *Config) { c.Takeover = ingest.Newest }

func secret(_ *ingest.Config, c *Config) { c.Passphrase = "correct-horse" }

// Whoever may not come in reads why from the reject reason.
func TestRefusals(t *testing.T) {
	open, closed, full := start(t), start(t, secret), start(t, func(c *ingest.Config, _ *Config) { c.MaxSessions = 1 })
	if _, err := full.dial("publish:key-first", nil); err != nil {
		t.Fatal(err)
	}
	phrase := func(p string) func(*gosrt.Config) {
		return func(c *gosrt.Config) { c.Passphrase = p }
	}
	if _, err := open.dial("publish:key-taken", nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, id string
		at       *kit
		set      func(*gosrt.Config)
		code     gosrt.RejectionReason
		said     string
	}{
		{"wrong key", "publish:nobody", open, nil, gosrt.REJX_UNAUTHORIZED, "the stream key is not known"},
		{"ended", "publish:key-ended", open, nil, gosrt.REJX_CONFLICT, "the show has ended"},
		{"taken", "publish:key-taken", open, nil, gosrt.REJX_CONFLICT, "somebody is publishing"},
		{"player", "play:key-show", open, nil, gosrt.REJX_BAD_MODE, "a player came"},
		{"player by default", "#!::r=key-show", open, nil, gosrt.REJX_BAD_MODE, "a player came"},
		{"no key", "", open, nil, gosrt.REJX_BAD_REQUEST, "no stream key"},
		{"unexpected passphrase", "publish:key-show", open, phrase("correct-horse"), gosrt.REJ_UNSECURE, "srt.passphrase is not set"},
		{"no passphrase", "publish:key-show", closed, nil, gosrt.REJ_UNSECURE, "does not encrypt"},
		{"wrong passphrase", "publish:key-show", closed, phrase("wrong-horse-x"), gosrt.REJ_BADSECRET, "the passphrase is wrong"},
		{"full", "publish:key-show", full, nil, gosrt.REJX_OVERLOAD, "all the publishers it may have"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.at.dial(c.id, c.set)
			if err == nil || !strings.Contains(err.Error(), "("+strconv.FormatUint(uint64(c.code), 32)+")") { // as the library writes it
				t.Errorf("refused with %v, want %d", err, c.code)
			}
			c.at.WaitSaid(c.said)
			if strings.Contains(c.at.Said.String(), "correct-horse") {
				t.Error("a passphrase is in the log")
			}
		})
	}
}

// Rubbish on the port, by strangers and by whoever has a key, disturbs nobody.
func TestGarbage(t *testing.T) {
	k := start(t, impatient)
	_, wait := k.ffmpeg(k.url("streamid=publish:key-good"), slices.Concat(livetest.Picture("30"), livetest.Tone("48000"), livetest.X264("-c:a", "aac", "-t", "5"))...)
	good := k.WaitCame()
	random := make([]byte, 1400)
	udp, err := net.Dial("udp", k.srv.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	for i := range 2000 {
		rand.Read(random) //nolint:errcheck // never fails
		if i%2 == 0 {     // as if it were a handshake
			copy(random, []byte{0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, byte(4 + i%4/2)})
		}
		if _, err := udp.Write(random[:i%1400+1]); err != nil {
			t.Fatal(err)
		}
		if i%20 == 0 { // faster, and the system drops the good one's packets too
			time.Sleep(time.Millisecond)
		}
	}
	// One who comes in and sends nothing that can be read is out when the time is up.
	sc, err := k.dial("publish:key-bad", nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 300 {
		rand.Read(random) //nolint:errcheck // never fails
		if _, err := sc.Write(random[:1316]); err != nil {
			break
		}
	}
	k.WaitSaid("publisher left before it sent anything")
	// And one who stays silent.
	if _, err := k.dial("publish:key-silent", nil); err != nil {
		t.Fatal(err)
	}
	if e := k.WaitLeft(); e.Session.ID != good.ID || e.Err != nil {
		t.Errorf("the good publisher was disturbed: %+v", e)
	}
	if out, err := wait(); err != nil {
		t.Error(err, out)
	}
}

func TestGreatLatency(t *testing.T) {
	k := start(t)
	sc, err := k.dial("publish:key-show", func(c *gosrt.Config) { c.PeerLatency = 30 * time.Second })
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				sc.Write(make([]byte, 188)) //nolint:errcheck // the server hangs up
			}
		}
	}()
	k.WaitSaid("more than the server holds")
}

func TestStopWithEverybodyConnected(t *testing.T) {
	k := start(t)
	if _, err := k.dial("publish:key-show", nil); err != nil {
		t.Fatal(err)
	}
	k.ffmpeg(k.url("streamid=publish:key-two"), slices.Concat(livetest.Picture("30"), livetest.X264())...)
	k.WaitCame()
	// The test's end stops the server and checks that nothing is left.
}

func TestListenOnATakenPort(t *testing.T) {
	k := start(t)
	cfg := DefaultConfig()
	cfg.Address = k.srv.Addr().String()
	srv, err := New(cfg, k.Door, k.srv.log)
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Listen(); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("%v", err)
	}
}
