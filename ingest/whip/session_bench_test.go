//go:build unix

package whip

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// benchServer is the variable that makes TestBenchServer a server.
const benchServer = "LIVESRV_WHIP_BENCH_SERVER"

// BenchmarkSessions is what a WHIP stream costs end to end: publishers of pion's send it 2.5 Mbit/s of picture and sound each,
// over loopback, through ICE, DTLS and SRTP, and the server packages it. The server is a process of its own, so that its
// share is known: cores/stream is that, pub-cores/stream the publishers'. An iteration is eight seconds of twenty streams.
func BenchmarkSessions(b *testing.B) {
	const streams, seconds = 20, 8
	server := exec.Command(os.Args[0], "-test.run=^TestBenchServer$", "-test.timeout=10m")
	server.Env = append(os.Environ(), benchServer+"=1")
	in, err := server.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { in.Close(); _ = server.Wait() })
	lines := bufio.NewScanner(out)
	said := func(word string) string {
		for lines.Scan() {
			if rest, ok := strings.CutPrefix(lines.Text(), word+" "); ok {
				return rest
			}
		}
		b.Fatal("the server has ended")
		return ""
	}
	k := &kit{t: b, http: &httptest.Server{URL: said("serving")}, srv: &Server{log: slog.New(slog.DiscardHandler)}}
	ask := func() (cpu time.Duration, pictures int) {
		fmt.Fprintln(in, "?")
		words := strings.Fields(said("used"))
		n, _ := strconv.ParseInt(words[0], 10, 64)
		pictures, _ = strconv.Atoi(words[1])
		return time.Duration(n), pictures
	}
	clip := film{codec: h264Codec}
	for n := range clipRate {
		nals := [][]byte{nal(1, (2_500_000/8-40_000-50*160)/(clipRate-1))}
		if n == 0 {
			nals = [][]byte{sps640, pps, nal(5, 40_000)}
		}
		s := sample{key: n == 0}
		for _, u := range nals {
			s.data = append(append(s.data, 0, 0, 0, 1), u...)
		}
		clip.pictures = append(clip.pictures, s)
	}
	for n := range streams {
		k.publish("bench-"+strconv.Itoa(n), clip, 0)
	}
	time.Sleep(3 * time.Second) // the start costs more
	var theirs, ours, passed time.Duration
	pictures := 0
	for b.Loop() {
		began, self := time.Now(), used()
		cpu, seen := ask()
		time.Sleep(seconds * time.Second)
		cpu2, seen2 := ask()
		theirs, ours, passed, pictures = theirs+cpu2-cpu, ours+used()-self, passed+time.Since(began), pictures+seen2-seen
	}
	if rate := float64(pictures) / passed.Seconds() / streams; rate < clipRate*0.95 {
		b.Fatalf("only %.1f pictures a second came through", rate)
	}
	b.ReportMetric(theirs.Seconds()/passed.Seconds()/streams, "cores/stream")
	b.ReportMetric(ours.Seconds()/passed.Seconds()/streams, "pub-cores/stream")
	b.ReportMetric(0, "ns/op") // it is always eight seconds
}

// used is what this process has used of the processor.
func used() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// TestBenchServer is the server of BenchmarkSessions. To every line it answers what it has used, and how many pictures
// have come.
func TestBenchServer(t *testing.T) {
	if os.Getenv(benchServer) == "" {
		t.Skip("BenchmarkSessions runs it")
	}
	k := start(t)
	fmt.Println("serving " + k.http.URL)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		pictures := 0
		for _, s := range k.Door.Sessions() {
			st, _ := k.Streams.Stream(s.Stream)
			for _, tr := range st.Stats().Tracks {
				if tr.Kind == "video" {
					pictures += int(tr.AUs)
				}
			}
		}
		fmt.Println("used", int64(used()), pictures)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}
