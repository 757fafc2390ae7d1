package main

import (
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"livesrv/internal/livetest"
)

// asProgram in the environment makes the test binary be the program: for every process that a test starts.
const asProgram = "TEST_AS_PROGRAM"

// binary is the program for other processes: the same code, without another build.
func binary(t *testing.T) string {
	t.Helper()
	name, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// TestProcess runs the real program: it says where it is, answers its health check, refuses a port in use with the
// flag that changes it, and ends cleanly on a signal.
func TestProcess(t *testing.T) {
	name, dir := binary(t), t.TempDir()
	address := freeAddress(t)
	data := filepath.Join(dir, "data")
	args := []string{"--data", data, "--http", address, "--rtmp", "127.0.0.1:0", "--srt", "", "--rtsp", "",
		"--set", "admin.address=", "--set", "whip.udp_address=", "--set", "whip.tcp_address="}
	serve := exec.Command(name, append([]string{"serve"}, args...)...)
	serve.Dir = dir
	var out, errs livetest.Log
	serve.Stdout, serve.Stderr = &out, &errs
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = serve.Process.Kill() }) // of no effect once it has ended
	text := out.Wait(t, "rtmp  ", time.Minute)
	for _, want := range []string{"pages    http://" + address, "name      admin", "password  "} {
		if !strings.Contains(text, want) {
			t.Errorf("the start lacks %q:\n%s", want, text)
		}
	}
	errs.Wait(t, "msg=serving", time.Minute)

	health := exec.Command(name, append([]string{"health"}, args...)...)
	health.Dir = dir
	if b, err := health.CombinedOutput(); err != nil || string(b) != "ready\n" {
		t.Errorf("health: %v %s", err, b)
	}

	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	for _, busy := range []struct{ http, rtmp, rtmps, srt, rtsp, admin, port, fix string }{
		{address, "127.0.0.1:0", "", "", "", "", "HTTP", "--http :8081"},
		{"127.0.0.1:0", address, "", "", "", "", "RTMP", "--rtmp :1936"},
		{"127.0.0.1:0", "127.0.0.1:0", address, "", "", "", "RTMPS", "--set rtmp.tls_address=:1937"},
		{"127.0.0.1:0", "127.0.0.1:0", "", "", address, "", "RTSP", "--rtsp :8555"},
		{"127.0.0.1:0", "127.0.0.1:0", "", udp.LocalAddr().String(), "", "", "SRT", "--srt :8891"},
		{"127.0.0.1:0", "127.0.0.1:0", "", "", "", address, "admin", "--set admin.address=127.0.0.1:9091"},
	} {
		second := exec.Command(name, "serve", "--data", filepath.Join(dir, "other"), "--http", busy.http, "--rtmp", busy.rtmp,
			"--srt", busy.srt, "--rtsp", busy.rtsp, "--set", "admin.address="+busy.admin, "--set", "whip.udp_address=", "--set", "whip.tcp_address=",
			"--tls-self-signed")
		if busy.rtmps != "" { // the certificate is there from the first of them
			cert := filepath.Join(dir, "other", "self-signed")
			second.Args = append(second.Args, "--set", "rtmp.tls_address="+busy.rtmps, "--set", "rtmp.cert_file="+cert+".crt", "--set", "rtmp.key_file="+cert+".key")
		}
		second.Dir = dir
		b, err := second.CombinedOutput()
		if code := exitCode(err); code != exitFailed || !strings.Contains(string(b), "the "+busy.port+" port ") ||
			!strings.Contains(string(b), busy.fix) {
			t.Errorf("the %s port in use: code %d\n%s", busy.port, code, b)
		}
	}

	b, err := exec.Command(name, "serve", "--data", data, "--http", "127.0.0.1:0", "--rtmp", "127.0.0.1:0").CombinedOutput()
	if code := exitCode(err); code != exitFailed || !strings.Contains(string(b), "another livesrv runs with the data folder") ||
		!strings.Contains(string(b), "--data") {
		t.Errorf("a second server on one data folder: code %d\n%s", code, b)
	}

	if err := serve.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := serve.Wait(); err != nil {
		t.Errorf("ended with %v\n%s", err, errs.String())
	}
	if !strings.Contains(errs.String(), "msg=stopped") {
		t.Errorf("the log does not say that it stopped:\n%s", errs.String())
	}
}

// TestSecondSignal: whoever asks twice does not wait. A viewer who holds a request keeps the first stop waiting.
func TestSecondSignal(t *testing.T) {
	name, dir := binary(t), t.TempDir()
	address := freeAddress(t)
	serve := exec.Command(name, "serve", "--data", dir, "--http", address, "--rtmp", "127.0.0.1:0", "--srt", "", "--rtsp", "", "--set", "admin.address=",
		"--set", "whip.udp_address=", "--set", "whip.tcp_address=",
		"--set", "http.shutdown_grace=1m", "--set", "stop.timeout=2m")
	serve.Dir = dir
	var out, errs livetest.Log
	serve.Stdout, serve.Stderr = &out, &errs
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = serve.Process.Kill() })
	errs.Wait(t, "msg=serving", time.Minute)
	slow, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	if _, err := slow.Write([]byte("POST /api/session HTTP/1.1\r\nHost: x\r\nX-Livesrv: 1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := serve.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	errs.Wait(t, "msg=stopping", 30*time.Second)
	if err := serve.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	err = serve.Wait()
	if code := exitCode(err); code != 128+int(syscall.SIGINT) {
		t.Errorf("ended with code %d, %v", code, err)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestDemoProcess: Ctrl-C ends the demo and its temporary folder goes.
func TestDemoProcess(t *testing.T) {
	name, dir := binary(t), t.TempDir()
	run := exec.Command(name, "demo", "--http", "127.0.0.1:0", "--rtmp", "127.0.0.1:0", "--srt", "", "--rtsp", "", "--set", "admin.address=",
		"--set", "whip.udp_address=", "--set", "whip.tcp_address=")
	run.Dir, run.Env = dir, append(os.Environ(), "TMPDIR="+dir)
	var out, errs livetest.Log
	run.Stdout, run.Stderr = &out, &errs
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = run.Process.Kill() })
	text := out.Wait(t, "openapi.json", 3*time.Minute)
	url := regexp.MustCompile(`http://\S+`).FindString(text)
	// The multivariant playlist is there as soon as the clip plays; until the encoder has connected it is not.
	deadline := time.Now().Add(time.Minute)
	for playlist := ""; !strings.HasPrefix(playlist, "#EXTM3U"); {
		if time.Now().After(deadline) {
			t.Fatalf("the demo does not play: %s", playlist)
		}
		playlist = get(t, strings.Replace(url, "/s/demo", "/live/demo/index.m3u8", 1))
	}
	http.DefaultClient.CloseIdleConnections()
	if err := run.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := run.Wait(); err != nil {
		t.Errorf("ended with %v\n%s", err, errs.String())
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	if errs.String() != "" {
		t.Errorf("the demo had something to complain about:\n%s", errs.String())
	}
}

// freeAddress is a loopback address that was free a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func exitCode(err error) int {
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return e.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}
