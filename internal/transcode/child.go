package transcode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"
)

// args is the command line. What is left out is left out on purpose: see the package comment on delay. probesize and
// analyzeduration shorten the start alone. Timestamps are the pages', and exact: async fills what could not be
// decoded, so that frames can be counted.
func (c *Converter) args() []string {
	return []string{
		"-hide_banner", "-nostats", "-nostdin", "-loglevel", "warning",
		"-threads", "1", "-probesize", "32", "-analyzeduration", "0", "-f", "ogg", "-i", "pipe:0",
		"-map", "0:a:0", "-af", "aresample=async=1:min_hard_comp=0.002:first_pts=0", "-ac", "2", "-ar", strconv.Itoa(sampleRate),
		"-c:a", "aac", "-profile:a", "aac_low", "-b:a", strconv.Itoa(c.cfg.AudioKbps) + "k",
		"-flush_packets", "1", "-f", "adts", "pipe:1",
	}
}

// errStuck is what a child is killed for.
var errStuck = errors.New("no sound came out of it any more")

// run runs one child until it ends, is stuck or ctx ends, and says how many frames it gave. The child is gone when
// run returns.
func (s *Sound) run(ctx context.Context) (frames int, err error) {
	cmd := exec.Command(s.c.path, s.c.args()...)
	cmd.SysProcAttr = attributes()
	said := &chatter{log: s.log}
	cmd.Stderr = said
	cmd.WaitDelay = time.Second
	in, out, err := start(cmd)
	if err != nil {
		return 0, err
	}
	s.log.Debug("ffmpeg started", "pid", cmd.Process.Pid)
	kill := sync.OnceFunc(func() { // once, and before Wait: after it the number may be another's
		killAll(cmd.Process)
		_ = in.Close()
	})
	unwatch := context.AfterFunc(ctx, kill)
	defer unwatch()
	var o ogg
	head := s.restart(&o)
	fed, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(fed)
		s.feedChild(in, &o, head, ended)
	}()
	frames, err = s.readChild(ctx, out)
	kill()
	close(ended)
	<-fed
	_ = out.Close()
	if why := cmd.Wait(); err == nil || errors.Is(err, io.EOF) {
		err = why
	}
	if last := said.end(); last != "" {
		err = fmt.Errorf("%w: %s", err, last)
	}
	return frames, err
}

// start starts the child with a pipe at either end. Pipes of ours: they have deadlines.
func start(cmd *exec.Cmd) (in, out *os.File, err error) {
	var theirIn, theirOut *os.File
	if theirIn, in, err = os.Pipe(); err != nil {
		return nil, nil, err
	}
	defer theirIn.Close()
	if out, theirOut, err = os.Pipe(); err != nil {
		return nil, nil, errors.Join(err, in.Close())
	}
	defer theirOut.Close()
	cmd.Stdin, cmd.Stdout = theirIn, theirOut
	if err = cmd.Start(); err != nil {
		return nil, nil, errors.Join(err, in.Close(), out.Close())
	}
	return in, out, nil
}

// feedChild writes what the child may have until it has ended.
func (s *Sound) feedChild(in *os.File, o *ogg, b []byte, ended <-chan struct{}) {
	for ; ; b = b[:0] {
		if b = s.feed(o, b); len(b) > 0 {
			if _, err := in.Write(b); err != nil {
				return // the reader sees why
			}
			continue
		}
		select {
		case <-s.fresh:
		case <-ended:
			return
		}
	}
}

// readChild delivers what the child gives.
func (s *Sound) readChild(ctx context.Context, out *os.File) (frames int, err error) {
	var frame []byte
	var in adts
	chunk := make([]byte, 16<<10)
	for {
		if err := out.SetReadDeadline(time.Now().Add(stuckAfter / 8)); err != nil {
			return frames, err
		}
		n, err := out.Read(chunk)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			if s.stuck(time.Now()) {
				return frames, errStuck
			}
			continue
		}
		if err != nil {
			return frames, err
		}
		in.push(chunk[:n])
		for {
			if frame, err = in.next(); err != nil {
				return frames, err
			}
			if frame == nil || ctx.Err() != nil {
				break
			}
			frames++
			s.take(frame)
		}
	}
}
