package transcode

import (
	"bufio"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"livesrv/internal/media"
)

// TestMany starts and ends fifty conversions at once, some before their child has done anything, and leaves no
// process behind. It does not run beside other tests.
func TestMany(t *testing.T) {
	need(t)
	c, err := New(DefaultConfig(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	stop := running(t, c)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			came := make(chan struct{}, 1000)
			s, err := c.AAC(opusTrack, slog.New(slog.DiscardHandler), func(*media.AccessUnit) { came <- struct{}{} })
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			for k := range int64(20) {
				if err := s.Write(&media.AccessUnit{PTS: k * 960, Units: [][]byte{silences[0].packet}}); err != nil {
					t.Error(err)
				}
			}
			if i%2 == 0 {
				<-came
			}
		})
	}
	wg.Wait()
	stop()
	if left := children(t); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
	if st := c.Stats(); st != (Stats{}) {
		t.Errorf("%+v", st)
	}
}

// TestOrphan: should the server be killed, the kernel kills its children, stuck ones too.
func TestOrphan(t *testing.T) {
	need(t)
	const servant = "TRANSCODE_TEST_SERVANT"
	if os.Getenv(servant) != "" {
		newDeckTo(t, os.Stdout, "ffmpeg")
		time.Sleep(time.Minute)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestOrphan$")
	cmd.Env = append(os.Environ(), servant+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := 0
	for lines := bufio.NewScanner(out); pid == 0 && lines.Scan(); {
		if m := started.FindStringSubmatch(lines.Text()); m != nil {
			pid, _ = strconv.Atoi(m[1])
		}
	}
	if pid == 0 {
		t.Fatal("the other server started no child")
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	gone := func() bool { // whoever inherits it may be slow to bury it
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		return err != nil || strings.Contains(string(stat), ") Z ")
	}
	for deadline := time.Now().Add(30 * time.Second); !gone(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatal("the child outlives its server")
		}
	}
}
