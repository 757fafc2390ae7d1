package livetest

import (
	"testing"
	"time"

	"livesrv/internal/media"
)

func TestSynthTimeline(t *testing.T) {
	for name, s := range map[string]Synth{
		"30 fps and sound":    {FPSNum: 30, AudioRate: 48000},
		"two B-pictures":      {FPSNum: 30, BFrames: 2, GOP: 60, AudioRate: 44100},
		"short B-GOP":         {FPSNum: 25, BFrames: 3, GOP: 11},
		"23.976":              {FPSNum: 24000, FPSDen: 1001, GOP: 48},
		"wandering rate":      {FPSNum: 30, Steps: []int64{1500, 6000, 3003, 3000, 2997, 4500}, BFrames: 2, AudioRate: 48000},
		"sound alone":         {AudioRate: 44100},
		"one picture per GOP": {FPSNum: 15, GOP: 1},
		"three layers":        {FPSNum: 30, Layers: 3, AudioRate: 48000},
		"a layer that pauses": {FPSNum: 30, Layers: 3, Away: func(l int, n int64) bool { return l == 0 && n%100 > 60 }},
	} {
		tracks := s.Tracks()
		dts := map[int]int64{}
		shown := map[[2]int64]bool{}
		last := time.Duration(-1)
		keys := 0
		for n := range 600 {
			if s.At() < last {
				t.Fatalf("%s: access unit %d goes back", name, n)
			}
			last = s.At()
			au := s.Next()
			tr := tracks[au.Track]
			if d, ok := dts[au.Track]; ok && au.DTS <= d {
				t.Fatalf("%s: DTS %d after %d", name, au.DTS, d)
			}
			dts[au.Track] = au.DTS
			if au.PTS < au.DTS {
				t.Fatalf("%s: PTS %d before DTS %d", name, au.PTS, au.DTS)
			}
			if tr.Codec.Kind() == media.Video {
				at := [2]int64{int64(au.Track), au.PTS}
				if shown[at] {
					t.Fatalf("%s: two pictures at PTS %d", name, au.PTS)
				}
				shown[at] = true
				if au.Key {
					keys++
				}
			}
		}
		if _, ok := media.PictureOf(tracks[0].Codec); !ok && s.FPSNum > 0 {
			t.Errorf("%s: the parameter sets are unusable", name)
		}
		if s.FPSNum > 0 && keys < 4 {
			t.Errorf("%s: %d keyframes in 600 access units", name, keys)
		}
	}
}
