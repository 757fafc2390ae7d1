package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"golang.org/x/term"
)

// progress counts bytes that pass and says how many, on a terminal a few times a second.
type progress struct {
	w     io.Writer
	verb  string
	bytes int64
	said  time.Time
	shown bool
}

// Write counts.
func (p *progress) Write(b []byte) (int, error) {
	p.bytes += int64(len(b))
	if now := time.Now(); terminal(p.w) && now.Sub(p.said) > 200*time.Millisecond {
		p.said, p.shown = now, true
		fmt.Fprintf(p.w, "\r%s %s ", p.verb, size(p.bytes))
	}
	return len(b), nil
}

// everySaid is how often a text is said to a file or a pipe, where every one of them stays.
const everySaid = 10 * time.Second

// say puts a text in the place of the one before.
func (p *progress) say(text string) {
	if terminal(p.w) {
		p.shown = true
		fmt.Fprintf(p.w, "\r\x1b[K%s ", text)
		return
	}
	if now := time.Now(); now.Sub(p.said) >= everySaid {
		p.said = now
		fmt.Fprintln(p.w, text)
	}
}

// end leaves a clean line behind.
func (p *progress) end() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

// terminal reports whether a person watches.
func terminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n < 1_000:
		return fmt.Sprintf("%d B", n)
	case n < 1_000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 1_000_000_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.2f GB", float64(n)/1e9)
}

func number(n int) string { return strconv.Itoa(n) }
