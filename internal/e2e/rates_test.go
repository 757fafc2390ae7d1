package e2e

import (
	"testing"
	"time"

	"livesrv/internal/livetest"
	"livesrv/packager"
)

// TestEveryRate plays a minute of each frame rate, GOP and sound that matters, on a clock of its own, and
// lets the strict player judge every part, segment and playlist of both renditions.
func TestEveryRate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		synth     livetest.Synth
		part      time.Duration
		dependent bool
	}{
		"15":                       {synth: livetest.Synth{FPSNum: 15, AudioRate: 44100}},
		"23.976":                   {synth: livetest.Synth{FPSNum: 24000, FPSDen: 1001, GOP: 48, AudioRate: 48000}},
		"24, B-pictures":           {synth: livetest.Synth{FPSNum: 24, BFrames: 2, AudioRate: 48000}},
		"25, one-second GOP":       {synth: livetest.Synth{FPSNum: 25, GOP: 25, AudioRate: 44100}},
		"29.97":                    {synth: livetest.Synth{FPSNum: 30000, FPSDen: 1001, GOP: 60, AudioRate: 44100}},
		"30, three B-pictures":     {synth: livetest.Synth{FPSNum: 30, BFrames: 3, AudioRate: 48000}},
		"30, 200 ms parts":         {synth: livetest.Synth{FPSNum: 30, AudioRate: 48000}, part: 200 * time.Millisecond},
		"30, 100 ms parts":         {synth: livetest.Synth{FPSNum: 30, AudioRate: 48000}, part: 100 * time.Millisecond},
		"30, 1 s parts":            {synth: livetest.Synth{FPSNum: 30, AudioRate: 44100}, part: time.Second},
		"25, B-pictures, 200 ms":   {synth: livetest.Synth{FPSNum: 25, BFrames: 2, AudioRate: 44100}, part: 200 * time.Millisecond},
		"50":                       {synth: livetest.Synth{FPSNum: 50, AudioRate: 48000}},
		"59.94":                    {synth: livetest.Synth{FPSNum: 60000, FPSDen: 1001, GOP: 120, AudioRate: 48000}},
		"60, B-pictures":           {synth: livetest.Synth{FPSNum: 60, BFrames: 2, AudioRate: 44100}},
		"no sound":                 {synth: livetest.Synth{FPSNum: 30}},
		"sound alone":              {synth: livetest.Synth{AudioRate: 48000}},
		"sound alone, 44.1":        {synth: livetest.Synth{AudioRate: 44100}, part: 200 * time.Millisecond},
		"GOP of ten seconds":       {synth: livetest.Synth{FPSNum: 30, GOP: 300, AudioRate: 48000}, dependent: true},
		"GOP of 2.5 s":             {synth: livetest.Synth{FPSNum: 30, GOP: 75, AudioRate: 48000}},
		"every picture a keyframe": {synth: livetest.Synth{FPSNum: 30, GOP: 1, AudioRate: 48000}},
		"odd GOP, B-pictures":      {synth: livetest.Synth{FPSNum: 30, GOP: 47, BFrames: 2, AudioRate: 44100}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := packager.DefaultConfig()
			cfg.Window = 36 * time.Second // so that segments leave it, and deltas skip some, within the minute
			if c.part > 0 {
				cfg.PartDuration = c.part
			}
			bubble(t, cfg, func(t *testing.T, l *line) {
				leave := l.publish(t, "demo", c.synth)
				defer leave()
				l.waitFor(t, "demo")
				rep := judge(t, l.ctx, livetest.Options{
					URL: "http://livesrv/live/demo/index.m3u8", HTTP: l.inProcess(), For: time.Minute,
					Slack: 100 * time.Millisecond, Dependent: c.dependent,
				})
				if rep.Segments < 28 || rep.Parts < 100 || rep.Deltas < 10 {
					t.Errorf("too little was seen: %+v", rep)
				}
			})
		})
	}
}
