package account

import (
	"fmt"
	"testing"
	"time"

	"livesrv/internal/fault"
)

func TestLimits(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	l := newLimits()
	// Four mistakes are free, the fifth costs a second, each further one doubles it, up to a quarter of an hour.
	for range 4 {
		l.failed("anna", "1.1.1.1", now)
	}
	if err := l.check("anna", "1.1.1.1", now); err != nil {
		t.Error(err)
	}
	for i, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second} {
		l.failed("anna", "1.1.1.1", now)
		refused(t, fmt.Sprint(i), l.check("anna", "1.1.1.1", now.Add(wait-time.Millisecond)), fault.TooMany, "")
		if err := l.check("anna", "1.1.1.1", now.Add(wait)); err != nil {
			t.Error(i, err)
		}
	}
	// Others are not disturbed: the same name from elsewhere, another name from there.
	if l.check("anna", "2.2.2.2", now) != nil || l.check("bert", "1.1.1.1", now) != nil {
		t.Error("one who mistypes locks others out")
	}
	for range 30 {
		l.failed("anna", "1.1.1.1", now)
	}
	refused(t, "another name from a guessing machine", l.check("bert", "1.1.1.1", now), fault.TooMany, "")
	if err := l.check("anna", "1.1.1.1", now.Add(15*time.Minute)); err != nil {
		t.Errorf("after a quarter of an hour: %v", err)
	}
	// Many machines on one name slow the name down for seconds, never lock it.
	for i := range 200 {
		l.failed("carl", fmt.Sprint(i), now)
	}
	refused(t, "from many machines", l.check("carl", "3.3.3.3", now), fault.TooMany, "")
	if err := l.check("carl", "3.3.3.3", now.Add(5*time.Second)); err != nil {
		t.Errorf("the owner is locked out: %v", err)
	}
	l.failed("dora", "4.4.4.4", now)
	l.succeeded("dora", "4.4.4.4")
	if _, ok := l.entries[limitKey{"dora", "4.4.4.4"}]; ok {
		t.Error("a success forgives nothing")
	}
}

// TestLimitsForget: what is old does not count, and memory is bounded.
func TestLimitsForget(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	l := newLimits()
	for range 4 {
		l.failed("anna", "1.1.1.1", now)
	}
	now = now.Add(forgetAfter + time.Second)
	l.failed("anna", "1.1.1.1", now)
	if err := l.check("anna", "1.1.1.1", now); err != nil {
		t.Errorf("half an hour later: %v", err)
	}
	for i := range 3 * maxEntries {
		l.failed(fmt.Sprint("n", i), fmt.Sprint("a", i), now)
	}
	if n := len(l.entries); n > maxEntries+3 {
		t.Errorf("%d entries", n)
	}
}
