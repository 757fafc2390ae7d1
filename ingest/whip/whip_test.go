package whip

import (
	"fmt"
	"testing"
	"time"

	"livesrv/internal/livetest"
)

// TestLoss publishes over lines that lose packets to a strict player.
func TestLoss(t *testing.T) {
	path := clip(t, "640x360", 30, 4)
	for _, loss := range []float64{0, 0.02, 0.05} {
		t.Run(fmt.Sprintf("%.0f%%", loss*100), func(t *testing.T) {
			t.Parallel()
			k := start(t)
			p := k.publish("market", path, 30, loss)
			s := k.began()
			if len(s.Tracks) != 2 || s.Tracks[0].Codec != "H.264" || s.Tracks[0].Width != 640 || s.Tracks[1].Codec != "Opus" {
				t.Errorf("tracks: %v", s.Tracks)
			}
			k.judge("market", livetest.Options{For: 8 * time.Second})
			if status, _, text := k.request("DELETE", p.location, nil, ""); status != 200 {
				t.Errorf("DELETE answered %d: %s", status, text)
			}
			if e := k.over(); e.err != nil {
				t.Errorf("the session ended with %v", e.err)
			} else {
				t.Logf("%+v", e.s.Health)
			}
		})
	}
}
