package livetest

import (
	"context"
	"os/exec"
	"testing"
	"time"
)

// FFmpeg starts ffmpeg with a test's own arguments, and returns what ends it as a power cut would and what waits
// for its end, 30 s at most, and gives what it printed. It is killed at the latest when the test ends. [Push] is for
// pictures with a clock in them.
func FFmpeg(t testing.TB, args ...string) (kill func(), wait func() (string, error)) {
	t.Helper()
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Fatal(ErrNoFFmpeg)
	}
	cmd := exec.Command(path, append([]string{"-hide_banner", "-loglevel", "error", "-nostdin"}, args...)...)
	var out Log
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		err = cmd.Wait()
	}()
	kill = func() { _ = cmd.Process.Kill() } // it may have ended already
	t.Cleanup(func() {
		kill()
		<-done
	})
	return kill, func() (string, error) {
		select {
		case <-done:
			return out.String(), err
		case <-time.After(30 * time.Second):
			kill()
			return out.String(), context.DeadlineExceeded
		}
	}
}

// Picture is the input of a small moving picture in real time.
func Picture(rate string) []string {
	return []string{"-re", "-f", "lavfi", "-i", "testsrc2=s=160x90:r=" + rate}
}

// Tone is the input of a sound in real time, at a rate in Hz.
func Tone(rate string) []string {
	return []string{"-re", "-f", "lavfi", "-i", "sine=f=440:r=" + rate}
}

// X264 encodes pictures with the least of work, without B-pictures and with a keyframe every 30; what is said later wins.
func X264(more ...string) []string {
	return append([]string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "30", "-bf", "0"}, more...)
}
