package e2e

import (
	"testing"
	"time"

	"livesrv/internal/livetest"
	"livesrv/packager"
)

// TestLayers: a picture in three qualities is followed in all four renditions at once by the strict player:
// same numbers, boundaries, headers, dateranges and reports; also while a quality pauses, the best among them.
func TestLayers(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]func(layer int, picture int64) bool{
		"all there":           nil,
		"the best pauses":     func(l int, n int64) bool { return l == 0 && n > 250 && n < 450 },
		"the smallest pauses": func(l int, n int64) bool { return l == 2 && n%350 > 250 },
		"all pause":           func(l int, n int64) bool { return n > 250 && n < 450 },
		"two pause":           func(l int, n int64) bool { return l < 2 && n%400 > 280 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parts := []time.Duration{200 * time.Millisecond}
			if away == nil {
				parts = append(parts, 500*time.Millisecond)
			}
			for _, part := range parts {
				cfg := packager.DefaultConfig()
				cfg.PartDuration = part
				bubble(t, cfg, func(t *testing.T, l *line) {
					leave := l.publish(t, "demo", livetest.Synth{FPSNum: 30, AudioRate: 48000, Layers: 3, Away: away})
					defer leave()
					l.waitFor(t, "demo")
					p, _ := l.hub.Presentation("demo")
					for i, id := range []string{"pin_a", "pin_b"} {
						if _, err := p.PutCue(pin(id, time.Now().Add(time.Duration(6+10*i)*time.Second))); err != nil {
							t.Fatal(err)
						}
					}
					opt := livetest.Options{URL: demoURL, HTTP: l.inProcess(), For: 25 * time.Second, Slack: 100 * time.Millisecond}
					if away != nil {
						opt.Slack = 500 * time.Millisecond // what a pause is noticed by
					}
					rep := judge(t, l.ctx, opt)
					if len(rep.Renditions) != 4 || rep.Discontinuities > 0 || (rep.Gaps > 0) != (away != nil) {
						t.Errorf("%v, %d discontinuities, %d gaps", rep.Renditions, rep.Discontinuities, rep.Gaps)
					}
				})
			}
		})
	}
}
