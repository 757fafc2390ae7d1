package transcode

import (
	"bytes"
	"log/slog"
	"sync"
)

const (
	// maxLine is how much of a line is kept, maxLines how many lines of one child are logged.
	maxLine  = 512
	maxLines = 50
)

// chatter takes what a child prints: each line goes to the log, and the last one is kept for whoever says how it
// ended.
type chatter struct {
	log *slog.Logger

	mu    sync.Mutex
	line  []byte
	last  string
	lines int
}

// Write takes everything and never fails.
func (c *chatter) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for rest := b; len(rest) > 0; {
		line, after, whole := bytes.Cut(rest, []byte{'\n'})
		c.line = append(c.line, line[:min(len(line), maxLine-len(c.line))]...)
		rest = after
		if whole {
			c.say()
		}
	}
	return len(b), nil
}

// say takes the line for whole. The caller holds c.mu.
func (c *chatter) say() {
	text := string(bytes.TrimSpace(c.line))
	c.line = c.line[:0]
	if text == "" {
		return
	}
	c.last = text
	if c.lines++; c.lines <= maxLines {
		c.log.Debug("ffmpeg says", "line", text)
	}
}

// end is the last line that was printed, "" for none.
func (c *chatter) end() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.say()
	return c.last
}
