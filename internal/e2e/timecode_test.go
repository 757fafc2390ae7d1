package e2e

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"livesrv/internal/livetest"
)

// TestTimecodeCommand: the tool that browser tests start says when it is ready, pushes what it was told to,
// ends on an interrupt with 0, and says what is wrong where it cannot push.
func TestTimecodeCommand(t *testing.T) {
	t.Parallel()
	tool := filepath.Join(t.TempDir(), "timecode")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", tool, "livesrv/internal/livetest/cmd/timecode").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s := newStation(t, quick())
	cmd := exec.CommandContext(t.Context(), tool, "--url", s.push+"demo", "--size", "320x180", "--fps", "25", "--gop", "25")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "{\"ready\":true}\n" {
		t.Fatalf("it says %q (%v)", line, err)
	}
	s.waitFor(t, "demo")
	judge(t, t.Context(), livetest.Options{URL: s.play + "demo/index.m3u8", For: 3 * time.Second, Slack: busy, Polite: true})
	_, body := s.fetch(t, "/live/demo/index.m3u8")
	for _, want := range []string{"RESOLUTION=320x180", "FRAME-RATE=25.000", "mp4a.40.2"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("interrupted: %v", err)
	}
	for want, args := range map[int][]string{1: {"--url", "rtmp://127.0.0.1:1/live/x"}, 2: {"--fps", "25"}} {
		bad := exec.CommandContext(t.Context(), tool, args...)
		if said, err := bad.CombinedOutput(); bad.ProcessState.ExitCode() != want || len(said) == 0 {
			t.Errorf("%v: %v, want exit code %d; it said %q", args, err, want, said)
		}
	}
}
