package demo

import (
	"testing"

	"livesrv/internal/livetest"
)

func TestMain(m *testing.M) { livetest.Main(m) }
