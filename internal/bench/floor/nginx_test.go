package floor_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"livesrv/internal/bench/process"
)

// BenchmarkNginx is a yardstick for the machine: what nginx takes to send the same bytes as files, one worker, nobody
// waiting, 200 viewers at 2.5 Mbit/s and 128 kbit/s of sound. One iteration is one part, in real time: with
// -benchtime 50x all viewers ask for the part and the playlist at once, fifty times. "apart" has a playlist and parts of
// the sound as well, which doubles the requests.
func BenchmarkNginx(b *testing.B) {
	if _, err := exec.LookPath("nginx"); err != nil {
		b.Skip("nginx is not installed")
	}
	for _, of := range []struct {
		name  string
		part  time.Duration
		apart bool
	}{
		{"parts=200ms/muxed", 200 * time.Millisecond, false}, {"parts=200ms/apart", 200 * time.Millisecond, true},
		{"parts=500ms/muxed", 500 * time.Millisecond, false}, {"parts=500ms/apart", 500 * time.Millisecond, true},
	} {
		b.Run(of.name, func(b *testing.B) {
			const viewers, picture, sound, list = 200, 2_500_000 / 8, 128_000 / 8, 605
			share := func(perSecond int) int { return int(float64(perSecond) * of.part.Seconds()) }
			files := map[string]int{"v.m4s": share(picture + sound), "v.m3u8": list}
			if of.apart {
				files = map[string]int{"v.m4s": share(picture), "v.m3u8": list, "a.m4s": share(sound), "a.m3u8": list}
			}
			address, pid := serveFiles(b, files)
			ask := make([]func() error, 0, viewers*len(files))
			for name := range files {
				for range viewers {
					ask = append(ask, keepAlive(b, address, name))
				}
			}
			ticker := time.NewTicker(of.part)
			defer ticker.Stop()
			before, err := process.Of(pid)
			if err != nil {
				b.Fatal(err)
			}
			start := time.Now()
			for b.Loop() {
				<-ticker.C
				var all sync.WaitGroup
				for _, get := range ask {
					all.Go(func() {
						if err := get(); err != nil {
							b.Error(err)
						}
					})
				}
				all.Wait()
			}
			seconds := time.Since(start).Seconds()
			after, err := process.Of(pid)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64((after.CPU-before.CPU).Microseconds())/1000/seconds/viewers, "ms/viewer-s")
		})
	}
}

// keepAlive connects, and returns what gets a file once more over the connection.
func keepAlive(b *testing.B, address, name string) func() error {
	nc, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { nc.Close() })
	r := bufio.NewReader(nc)
	request := fmt.Appendf(nil, "GET /%s HTTP/1.1\r\nHost: %s\r\nAccept-Encoding: gzip\r\n\r\n", name, address)
	return func() error {
		if _, err := nc.Write(request); err != nil {
			return err
		}
		answer, err := http.ReadResponse(r, nil)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s, %w", name, answer.Status, err)
		}
		return nil
	}
}

// serveFiles runs nginx over files of the given sizes.
func serveFiles(b *testing.B, sizes map[string]int) (address string, pid int) {
	dir := b.TempDir()
	for name, n := range sizes {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, n), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	free, err := net.Listen("tcp", "127.0.0.1:0") // nginx cannot choose a port and say which
	if err != nil {
		b.Fatal(err)
	}
	address = free.Addr().String()
	free.Close()
	config := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; open_file_cache max=100;
  server { listen %[2]s; root %[1]s; }
}`, dir, address)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command("nginx", "-c", config, "-e", "stderr")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended already: then it has said why
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) { // it says nothing when it listens
		nc, err := net.Dial("tcp", address)
		if err == nil {
			nc.Close()
			return address, cmd.Process.Pid
		}
		if time.Now().After(deadline) {
			b.Fatal(err)
		}
	}
}
