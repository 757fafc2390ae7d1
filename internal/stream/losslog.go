package stream

import (
	"log/slog"
	"sync"
	"time"
)

// lossLog says that readers are too slow: at once, and then once a second with the count since.
type lossLog struct {
	log *slog.Logger

	mu        sync.Mutex
	aus, gops uint64
	timer     *time.Timer
}

func (l *lossLog) add(aus, gops uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.aus += aus
	l.gops += gops
	if l.timer == nil {
		l.say()
		l.timer = time.AfterFunc(time.Second, l.tick)
	}
}

func (l *lossLog) tick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer == nil {
		return
	}
	if l.aus == 0 {
		l.timer = nil
		return
	}
	l.say()
	l.timer.Reset(time.Second)
}

// say logs and forgets what was counted. The caller holds l.mu.
func (l *lossLog) say() {
	l.log.Warn("a reader is too slow and lost pictures", "access_units", l.aus, "stretches", l.gops)
	l.aus, l.gops = 0, 0
}

func (l *lossLog) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
}
