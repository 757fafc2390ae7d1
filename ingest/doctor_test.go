package ingest

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"livesrv/internal/media"
)

// patient is a simulated publication for the doctor alone.
type patient struct {
	d     doctor
	start time.Time
	fresh []Finding
}

func newPatient(ts []media.Track) *patient {
	p := &patient{d: newDoctor(DefaultConfig()), start: time.Unix(1000, 0)}
	p.d.setTracks(ts, "")
	return p
}

// picture is decoded and shown at the given milliseconds and arrives at its time.
func (p *patient) picture(dts, cts float64, key bool, arrives float64) {
	p.fresh = append(p.fresh, p.d.see(sight{
		track: 0, dts: int64(math.Round(dts)) * 90, pts: int64(math.Round(dts+cts)) * 90, key: key, size: 10_000,
		arrived: p.start.Add(time.Duration(arrives * float64(time.Millisecond))),
	})...)
}

func (p *patient) sound(ms float64) {
	p.fresh = append(p.fresh, p.d.see(sight{
		track: 1, dts: int64(ms * 48), pts: int64(ms * 48), key: true, size: 300,
		arrived: p.start.Add(time.Duration(ms * float64(time.Millisecond))),
	})...)
}

func (p *patient) codes() string {
	var codes []string
	for _, f := range p.d.findings {
		codes = append(codes, f.Code)
	}
	slices.Sort(codes)
	return strings.Join(codes, " ")
}

const frame = 1000.0 / 30

func TestDoctor(t *testing.T) {
	for _, c := range []struct {
		name    string
		play    func(p *patient, i int)
		minutes float64
		codes   string
		words   string
	}{
		{"healthy", func(p *patient, i int) {
			at := float64(i) * frame
			p.picture(at, 0, i%60 == 0, at)
			p.sound(at)
		}, 3, "", ""},
		{"healthy with jitter and two B-frames", func(p *patient, i int) {
			at := float64(i) * frame
			p.picture(at, 2*frame, i%60 == 0, at+float64(i*7919%200))
			p.sound(at)
		}, 3, "", ""},
		{"a keyframe every 5 seconds", func(p *patient, i int) {
			at := float64(i) * frame
			p.picture(at, 0, i%150 == 0, at)
			p.sound(at)
		}, 0.5, GOPLong, "up to 5.0 seconds apart"},
		{"scene cuts", func(p *patient, i int) {
			at := float64(i) * frame
			p.picture(at, 0, i%60 == 0 || i%60 == 13*(i/60%3), at)
			p.sound(at)
		}, 0.5, GOPIrregular, "irregularly"},
		{"one keyframe", func(p *patient, i int) {
			at := float64(i) * frame
			p.picture(at, 0, i == 0, at)
			p.sound(at)
		}, 0.5, NoKeyframe, "nobody can join"},
		{"deep reordering", func(p *patient, i int) {
			at := float64(i) * frame
			p.picture(at, float64(i%6)*frame, i%60 == 0, at)
			p.sound(at)
		}, 0.5, ReorderDeep, "over 5 pictures, which adds 166 ms"},
		{"a fast camera", func(p *patient, i int) {
			at := float64(i) * frame
			p.picture(at, 0, i%60 == 0, at*0.999+float64(i*7919%20))
			p.sound(at)
		}, 3, ClockDrift, "0.10 % too fast"},
		{"a slow camera", func(p *patient, i int) {
			at := float64(i) * frame
			p.picture(at, 0, i%60 == 0, at*1.001)
			p.sound(at)
		}, 2, ClockDrift, "0.10 % too slow"},
		{"a file without -re", func(p *patient, i int) {
			at := float64(i) * frame
			p.picture(at, 0, i%60 == 0, at/10)
			p.sound(at)
		}, 1, ClockDrift, "10.0 times as fast as real time"},
		{"a line that is too thin", func(p *patient, i int) {
			at := float64(i) * frame
			p.picture(at, 0, i%60 == 0, at*1.2)
			p.sound(at)
		}, 0.5, BitrateOverLine, "The line does not hold the bitrate: 2"},
		{"the microphone stops", func(p *patient, i int) {
			at := float64(i) * frame
			p.picture(at, 0, i%60 == 0, at)
			if at < 5000 {
				p.sound(at)
			}
		}, 0.5, NoAudio, "No sound has come"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPatient(tracks)
			for i := range int(c.minutes * 60 * 30) {
				c.play(p, i)
			}
			if got := p.codes(); got != c.codes {
				t.Fatalf("%q\n%+v", got, p.d.findings)
			}
			if c.codes == "" {
				if len(p.fresh) > 0 {
					t.Errorf("%+v", p.fresh)
				}
				return
			}
			if !strings.Contains(p.d.findings[0].Message, c.words) {
				t.Error(p.d.findings[0].Message)
			}
			if n := len(p.fresh); n != 1 {
				t.Errorf("said %d times: %+v", n, p.fresh)
			}
		})
	}
}

func TestDoctorWithoutSound(t *testing.T) {
	p := newPatient(tracks[:1])
	for i := range 300 {
		p.picture(float64(i)*frame, 0, i%60 == 0, float64(i)*frame)
	}
	if p.codes() != NoAudio || !strings.Contains(p.d.findings[0].Message, "no sound in the stream") {
		t.Errorf("%+v", p.d.findings)
	}
}

// Who sends what many viewers cannot play is told who that is, and what to send.
func TestDoctorKnowsWhatBrowsersPlay(t *testing.T) {
	aac := tracks[1].Codec
	for _, c := range []struct {
		video, audio media.Codec
		words        []string
	}{
		{&media.H264{}, aac, nil},
		{&media.H264{}, &media.Opus{}, nil},
		{&media.H264{}, &media.MP3{}, []string{"MP3", "AAC"}},
		{&media.H265{}, aac, []string{"HEVC", "H.264"}},
		{&media.VP9{}, &media.Opus{}, []string{"VP9", "iPhones", "H.264"}},
		{&media.AV1{}, &media.MP3{}, []string{"AV1", "H.264", "MP3"}},
	} {
		p := newPatient([]media.Track{{Codec: c.video, ClockRate: 90000}, {ID: 1, Codec: c.audio, ClockRate: 48000}})
		for i := range 300 {
			p.picture(float64(i)*frame, 0, i%60 == 0, float64(i)*frame)
			p.sound(float64(i) * frame)
		}
		if (p.codes() == CodecRare) != (c.words != nil) {
			t.Fatalf("%s and %s: %+v", c.video.Name(), c.audio.Name(), p.d.findings)
		}
		for _, w := range c.words {
			if !strings.Contains(p.fresh[0].Message, w) || len(p.fresh) != 1 {
				t.Errorf("%q lacks %q", p.fresh[0].Message, w)
			}
		}
	}
}

func TestDoctorForgivesAndForgets(t *testing.T) {
	p := newPatient(tracks)
	at := 0.0
	for i := range 60 * 30 {
		at = float64(i) * frame
		p.picture(at, 0, i < 900 && i%150 == 0 || i >= 900 && i%30 == 0, at)
		p.sound(at)
		if i == 800 && p.codes() != GOPLong {
			t.Errorf("%q", p.codes())
		}
	}
	if p.codes() != "" {
		t.Errorf("%q", p.codes())
	}
	// The line fails for a while and recovers.
	late := 0.0
	for i := range 60 * 30 {
		at += frame
		if i < 600 {
			late += 6
		} else {
			late = max(0, late-30)
		}
		p.picture(at, 0, i%30 == 0, at+late)
		p.sound(at)
		if i == 500 && p.codes() != BitrateOverLine {
			t.Errorf("%q", p.codes())
		}
	}
	if p.codes() != "" {
		t.Errorf("%q", p.codes())
	}
}

// A clock that jumps is the stream's business; the doctor begins anew and finds nothing wrong.
func TestDoctorSurvivesJumps(t *testing.T) {
	p := newPatient(tracks)
	for i := range 60 * 30 {
		at := float64(i) * frame
		off := float64(i/600) * -7_000_000
		p.picture(at+off+36_000_000, 0, i%60 == 0, at)
		p.sound(at + off + 36_000_000)
	}
	if p.codes() != "" {
		t.Errorf("%+v", p.d.findings)
	}
}

func TestReportIsFreshOnce(t *testing.T) {
	p := newPatient(tracks)
	_, first := p.d.report(CodecUnsupported, "x", p.start)
	f, second := p.d.report(CodecUnsupported, "y", p.start.Add(time.Second))
	if !first || second || f.Since != p.start || len(p.d.findings) != 1 || p.d.findings[0].Message != "y" {
		t.Errorf("%v %v %+v", first, second, f)
	}
}
