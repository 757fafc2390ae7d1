package demo

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// testClip makes a clip of the given seconds with ffmpeg: a test picture and a tone.
func testClip(t *testing.T, seconds string, more ...string) *Clip {
	t.Helper()
	name := filepath.Join(t.TempDir(), "clip.mp4")
	args := append([]string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=s=180x320:r=30:d=" + seconds,
		"-f", "lavfi", "-i", "sine=f=440:r=48000:d=" + seconds, "-c:v", "libx264", "-preset", "ultrafast", "-g", "30",
		"-c:a", "aac", "-ac", "2", "-shortest"}, more...)
	if out, err := exec.Command("ffmpeg", append(args, name)...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg (make setup installs it): %v\n%s", err, out)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ReadClip(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestPlayerHasNoSeam plays several rounds: timestamps grow, audio lies end to end, both tracks stay together,
// and every round begins with the same picture.
func TestPlayerHasNoSeam(t *testing.T) {
	for name, clip := range map[string]*Clip{
		"no reordering": testClip(t, "2.5", "-bf", "0"),
		"B-frames":      testClip(t, "3", "-bf", "2"),
	} {
		t.Run(name, func(t *testing.T) {
			p := player{clip: clip}
			var video, audio time.Duration = -1, -1
			var pictures, frames, rounds int
			var last time.Duration
			for video < 4*clip.Length {
				u, newRound := p.next()
				if u.dts < last {
					t.Fatalf("a unit at %v comes after one at %v", u.dts, last)
				}
				last = u.dts
				if u.pts < u.dts {
					t.Fatalf("shown at %v before it is decoded at %v", u.pts, u.dts)
				}
				if !u.video {
					if want := clip.audioTime(int64(frames)) + clip.delay; u.dts != want {
						t.Fatalf("audio frame %d is at %v, want %v", frames, u.dts, want)
					}
					audio = u.dts
					frames++
					continue
				}
				if u.dts <= video {
					t.Fatalf("picture at %v after one at %v", u.dts, video)
				}
				video = u.dts
				if newRound {
					if want := time.Duration(rounds) * clip.Length; u.dts != want {
						t.Fatalf("round %d begins at %v, want %v", rounds, u.dts, want)
					}
					if !bytes.Equal(u.units[len(u.units)-1], clip.pictures[0].units[len(clip.pictures[0].units)-1]) {
						t.Fatal("a round begins with another picture")
					}
					rounds++
				}
				pictures++
				if audio >= 0 && (video-audio).Abs() > 100*time.Millisecond {
					t.Fatalf("video at %v and audio at %v are apart", video, audio)
				}
			}
			if rounds < 4 || pictures < 4*len(clip.pictures) {
				t.Errorf("%d rounds, %d pictures", rounds, pictures)
			}
		})
	}
}

// TestAudioRepeatsWithTheRound: the frame that sounds at a time of the round is the same in every round, give
// or take the one frame that a round's length need not be a multiple of.
func TestAudioRepeatsWithTheRound(t *testing.T) {
	clip := testClip(t, "2.5")
	for _, at := range []time.Duration{0, time.Second, 2 * time.Second} {
		if !bytes.Equal(clip.frameAt(at), clip.frameAt(at+3*clip.Length)) {
			t.Errorf("another frame at %v of a later round", at)
		}
	}
	if bytes.Equal(clip.frameAt(0), clip.frameAt(time.Second)) {
		t.Error("the same frame for different times")
	}
	if clip.Length != 2500*time.Millisecond {
		t.Errorf("a round lasts %v", clip.Length)
	}
}

// TestReadClipRefuses: what is no clip is an error and not a show without picture or sound.
func TestReadClipRefuses(t *testing.T) {
	for name, text := range map[string]string{"nothing": "", "no MP4": "this is a text and no film at all"} {
		if _, err := ReadClip(bytes.NewReader([]byte(text))); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	name := filepath.Join(t.TempDir(), "silent.mp4")
	if out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=64x64:d=1",
		"-c:v", "libx264", name).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, out)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := ReadClip(f); err == nil {
		t.Error("a clip without sound was accepted")
	}
}
