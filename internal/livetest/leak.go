package livetest

import (
	"testing"

	"go.uber.org/goleak"
)

// Main runs a package's tests and fails them if a goroutine is left. Call it from TestMain:
//
//	func TestMain(m *testing.M) { livetest.Main(m) }
func Main(m *testing.M) { goleak.VerifyTestMain(m) }

// NoLeak fails t if, when t and its clean-ups before this one end, goroutines run that did not before.
func NoLeak(t testing.TB) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}
