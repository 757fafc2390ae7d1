package e2e

import (
	"math/rand/v2"
	"testing"
	"time"

	"livesrv/internal/livetest"
	"livesrv/packager"
)

// TestVaryingRate: pictures that come 15 to 60 times a second without any rule, keyframes anywhere, with and
// without B-pictures, in every length of part: no part is over its target or, but for the exempt ones, under
// 85 % of it, and no header ever changes (pain P1). A failing seed can be run again by its name.
func TestVaryingRate(t *testing.T) {
	t.Parallel()
	for _, seed := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"} {
		t.Run(seed, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewChaCha8([32]byte([]byte(seed + "--------------------------------")[:32])))
			steps := make([]int64, 50+r.IntN(200))
			for i := range steps {
				steps[i] = 1500 + r.Int64N(4501) // 1/60 to 1/15 s
			}
			synth := livetest.Synth{
				FPSNum: 24, Steps: steps, GOP: 10 + r.IntN(40), BFrames: r.IntN(4), AudioRate: []int{44100, 48000, 32000}[r.IntN(3)],
			}
			cfg := packager.DefaultConfig()
			cfg.PartDuration = []time.Duration{200, 250, 333, 500, 700, 1000}[r.IntN(6)] * time.Millisecond
			bubble(t, cfg, func(t *testing.T, l *line) {
				leave := l.publish(t, "demo", synth)
				defer leave()
				l.waitFor(t, "demo")
				judge(t, l.ctx, livetest.Options{URL: demoURL, HTTP: l.inProcess(), For: time.Minute, Slack: 250 * time.Millisecond})
			})
		})
	}
}
