package app

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// The realtime library's metrics exporter has no way to be stopped: one goroutine a server, for ever asleep.
		goleak.IgnoreAnyFunction("github.com/FZambia/eagle.(*Eagle).aggregate"))
}
