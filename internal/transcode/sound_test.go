package transcode

import (
	"testing"
	"time"
	"slices"
)

func TestExplore(t *testing.T) {
	for name, args := range map[string]string{
		"stereo": "-b:a 64k", "mono voip silk": "-ac 1 -b:a 12k -application voip", "hybrid": "-ac 1 -b:a 28k -application voip",
		"lowdelay 5": "-b:a 96k -application lowdelay -frame_duration 5", "60": "-b:a 64k -frame_duration 60", "120": "-b:a 64k -frame_duration 120", "2.5": "-b:a 96k -application lowdelay -frame_duration 2.5",
		"10":"-b:a 64k -frame_duration 10",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			aus := opusOf(t, bursts+"4", args)
			d := newDeck(t, "ffmpeg")
			d.play(aus, nil)
			last := aus[len(aus)-1].PTS
			d.until(last-7000)
			time.Sleep(100*time.Millisecond)
			out := d.out()
			var lats []time.Duration
			for i, au := range out {
				if i>20 { lats = append(lats, d.times[i].Sub(au.Arrived).Round(time.Millisecond)) }
			}
			slices.Sort(lats)
			line := d.pcm()
			t.Log(name, "toc", aus[20].Units[0][0]>>3, "first", out[0].PTS, "n", len(out), "errs", burstErrors(line[0]), burstErrors(line[1])[:3], "lat", lats[0], lats[len(lats)/2], lats[len(lats)-1], "tail", last-out[len(out)-1].PTS)
			for i := 1; i < len(out); i++ { if out[i].PTS-out[i-1].PTS != 1024 { t.Log("step", out[i].PTS-out[i-1].PTS) } }
		})
	}
}
