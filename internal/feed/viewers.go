package feed

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"
)

// viewers remembers the count last told to each show. Only countViewers touches it.
type viewers map[string]int

// countViewers tells every show how many follow it, when that has changed, until ctx ends.
func (f *Feed) countViewers(ctx context.Context) {
	tick := time.NewTicker(f.cfg.ViewersEvery)
	defer tick.Stop()
	f.viewers = viewers{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f.tellViewers()
		}
	}
}

func (f *Feed) tellViewers() {
	now := make(viewers, len(f.viewers))
	for _, topic := range f.node.Hub().Channels() {
		show, ok := strings.CutPrefix(topic, showPrefix)
		if !ok {
			continue
		}
		now[show] = f.Viewers(show)
		if now[show] == f.viewers[show] {
			continue
		}
		if err := f.Publish(show, Viewers(now[show])); err != nil {
			f.log.Warn("viewer count not sent", "show", show, "error", err)
		}
	}
	f.viewers = now // a show that nobody follows any more is forgotten
}

// members are the connections of people who are signed in. They are few.
type members struct {
	mu  sync.Mutex
	all map[*centrifuge.Client]struct{}
}

func (m *members) add(c *centrifuge.Client) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil {
		m.all = map[*centrifuge.Client]struct{}{}
	}
	m.all[c] = struct{}{}
}

func (m *members) remove(c *centrifuge.Client) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.all, c)
}

// following counts those that follow topic.
func (m *members) following(topic string) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for c := range m.all {
		if c.IsSubscribed(topic) {
			n++
		}
	}
	return n
}
