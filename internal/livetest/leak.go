package livetest

import (
	"flag"
	"strconv"
	"testing"

	"go.uber.org/goleak"
)

// Main runs a package's tests and fails them if a goroutine is left. Call it from TestMain:
//
//	func TestMain(m *testing.M) { livetest.Main(m) }
func Main(m *testing.M) { goleak.VerifyTestMain(m) }

// AtOnce lets n tests that are Parallel run at a time, unless the flag -parallel says otherwise: for packages whose
// tests wait most of their time for encoders that push in real time. Call it from TestMain, before the tests run.
func AtOnce(n int) {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if said {
		return
	}
	if err := flag.Set("test.parallel", strconv.Itoa(n)); err != nil {
		panic(err)
	}
}

// NoLeak fails t if, when t and its clean-ups before this one end, goroutines run that did not before.
func NoLeak(t testing.TB) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}
