package process

import (
	"net"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"livesrv/internal/fault"
)

// TestSelf: what is worked and what is held shows.
func TestSelf(t *testing.T) {
	before, err := Self()
	if runtime.GOOS != "linux" {
		if fault.KindOf(err) != fault.Unavailable {
			t.Fatalf("without /proc: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	held := make([]byte, 64<<20)
	for i := 0; i < len(held); i += 512 {
		held[i] = byte(i)
	}
	var after Usage
	// The clock of /proc moves on when this process has worked for 10 ms, however long that takes.
	for sum := 0; after.CPU <= before.CPU; sum++ {
		for i := range held {
			sum += int(held[i])
		}
		if after, err = Self(); err != nil {
			t.Fatal(err)
		}
	}
	if grown := after.RSS - before.RSS; grown < 48<<20 {
		t.Errorf("64 MiB more are held, and %d bytes show", grown)
	}
	runtime.KeepAlive(held)
}

func TestOf(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	u, err := Of(cmd.Process.Pid)
	if err != nil || u.CPU > 10*time.Second {
		t.Errorf("a process that sleeps: %+v, %v", u, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if _, err := Of(cmd.Process.Pid); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a process that has ended: %v", err)
	}
}

func TestCPUTime(t *testing.T) {
	for _, c := range []struct {
		stat string
		want time.Duration
		ok   bool
	}{
		{"42 (livesrv) S 1 42 42 0 -1 4194560 1 0 0 0 150 25 0 0 20 0 9 0 1 1 1", 1750 * time.Millisecond, true},
		{"42 (a) R 9 (b)) S 1 42 42 0 -1 4194560 1 0 0 0 1 1 0 0 20", 20 * time.Millisecond, true},
		{"42 (x) S 1", 0, false},
		{"42 (x) S 1 42 42 0 -1 4194560 1 0 0 0 many 25 0", 0, false},
		{"", 0, false},
	} {
		got, err := cpuTime([]byte(c.stat))
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("%q: %v, %v", c.stat, got, err)
		}
	}
}

func TestMachine(t *testing.T) {
	for _, c := range []struct {
		stat string
		want Machine
		ok   bool
	}{
		{"cpu  100 20 30 400 50 6 7 80 9 1\ncpu0 1 2 3\n", Machine{1630 * time.Millisecond, 800 * time.Millisecond, 6930 * time.Millisecond}, true},
		{"cpu  100 20 30 400 50 6 7\n", Machine{}, false},
		{"cpu  100 20 30 400 50 6 7 many\n", Machine{}, false},
		{"", Machine{}, false},
	} {
		got, err := machine([]byte(c.stat))
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("%q: %+v, %v", c.stat, got, err)
		}
	}
	if busy, stolen := (Machine{3, 1, 10}).Since(Machine{1, 0, 2}).Share(); busy != 0.25 || stolen != 0.125 {
		t.Errorf("%v busy, %v stolen", busy, stolen)
	}
	if busy, stolen := (Machine{}).Share(); busy != 0 || stolen != 0 {
		t.Errorf("in no time %v busy, %v stolen", busy, stolen)
	}
	if m, err := OfMachine(); runtime.GOOS == "linux" && (err != nil || m.Busy <= 0 || m.All < m.Busy) {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestListening(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		ln, err := net.Listen("tcp", address)
		if err != nil {
			t.Logf("%s: %v", address, err)
			continue
		}
		port := ln.Addr().(*net.TCPAddr).Port
		if pid, ok := Listening(port); !ok || pid != os.Getpid() {
			t.Errorf("%s: process %d, %v", ln.Addr(), pid, ok)
		}
		ln.Close()
		if pid, ok := Listening(port); ok {
			t.Errorf("%s has been closed, and process %d listens", ln.Addr(), pid)
		}
	}
}

func TestListener(t *testing.T) {
	const here = "   0: 0100007F:078F 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 31337 1 0000000000000000 100 0 0 10 0"
	for _, c := range []struct {
		line  string
		port  int
		inode string
	}{
		{here, 1935, "31337"},
		{here, 1936, ""},
		{"   1: 0100007F:078F 0100007F:A0C4 01 00000000:00000000 00:00000000 00000000  1000        0 4711 1", 1935, ""},
		{"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode", 1935, ""},
		{"   0: 0100007F 00000000:0000 0A 0 0 0 0 0 1", 1935, ""},
		{"", 0, ""},
	} {
		if got, ok := listener(c.line, c.port); got != c.inode || ok != (c.inode != "") {
			t.Errorf("port %d: %q, %v in %q", c.port, got, ok, c.line)
		}
	}
}
