package livetest

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"
)

// Log is what a program writes while a test reads it: its log, or what a command prints. The zero value is empty
// and ready.
type Log struct {
	mu   sync.Mutex
	b    bytes.Buffer
	more chan struct{} // closed and replaced at each write; nil while nobody has waited
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.more != nil {
		close(l.more)
		l.more = nil
	}
	return l.b.Write(p)
}

// String is all that has been written.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Count is how often a text stands in it.
func (l *Log) Count(text string) int { return strings.Count(l.String(), text) }

// Wait waits until a text has been written, and gives all that has. It fails the test when the text does not come
// within the limit.
func (l *Log) Wait(t testing.TB, text string, limit time.Duration) string {
	t.Helper()
	return l.WaitCount(t, text, 1, limit)
}

// WaitCount is Wait for a text that is to stand there n times.
func (l *Log) WaitCount(t testing.TB, text string, n int, limit time.Duration) string {
	t.Helper()
	late := time.After(limit)
	for {
		all, more := l.read()
		if strings.Count(all, text) >= n {
			return all
		}
		select {
		case <-more:
		case <-late:
			t.Fatalf("%q did not come %d times within %v in:\n%s", text, n, limit, all)
		}
	}
}

// read gives what there is, and what is closed when there is more.
func (l *Log) read() (string, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.more == nil {
		l.more = make(chan struct{})
	}
	return l.b.String(), l.more
}
