package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"livesrv/internal/fault"
)

// What a bench measures runs in processes of its own: a process's use of the processors is only known as a whole. A
// child says in one line of JSON where it is, and ends when its input does, so that none outlives a bench.

const (
	// childStart is how long a child may take to say where it is, childStop how long to end.
	childStart = 30 * time.Second
	childStop  = 15 * time.Second
)

// child is a process of this same program.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	ended chan error
}

// startChild runs this program with the arguments and reads where it is into ready.
func startChild(ctx context.Context, errs io.Writer, ready any, args ...string) (*child, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe, args...)
	cmd.Stderr = errs
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, stdin: stdin, ended: make(chan error, 1)}
	said := make(chan error, 1)
	go func() {
		out := bufio.NewReader(stdout)
		line, err := out.ReadBytes('\n')
		if err == nil {
			err = json.Unmarshal(line, ready)
		}
		said <- err
		_, _ = io.Copy(io.Discard, out)
		c.ended <- cmd.Wait()
	}()
	timer := time.NewTimer(childStart)
	defer timer.Stop()
	select {
	case err = <-said:
	case <-timer.C:
		err = errors.New("it took too long")
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		c.stop()
		return nil, fault.New(fault.Unavailable, "'livesrv %s %s' did not start", args[0], args[1]).
			WithHint("its own words are above").Because(err)
	}
	return c, nil
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// stop ends the child and waits for it.
func (c *child) stop() {
	c.stdin.Close()
	timer := time.NewTimer(childStop)
	defer timer.Stop()
	select {
	case <-c.ended:
	case <-timer.C:
		_ = c.cmd.Process.Kill()
		<-c.ended
	}
}

// sayReady tells the parent where a child is.
func sayReady(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", b)
	return err
}

// whileParent gives a context that ends when the input does.
func whileParent(ctx context.Context, in io.Reader) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	return ctx, cancel
}
