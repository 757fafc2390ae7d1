package app

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

// TestDirty: what is marked is told once, in order, and marking during the telling is not lost.
func TestDirty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirty[string]()
		d.mark("a", "b", "a")
		ctx, cancel := context.WithCancel(t.Context())
		var told []string
		done := make(chan struct{})
		go func() {
			defer close(done)
			d.each(ctx, func(k string) {
				if k == "b" {
					d.mark("a", "c")
				}
				told = append(told, k)
			})
		}()
		synctest.Wait()
		d.mark("d")
		synctest.Wait()
		cancel()
		<-done
		if diff := cmp.Diff([]string{"a", "b", "a", "c", "d"}, told); diff != "" {
			t.Error(diff)
		}
	})
}
