//go:build !linux

package transcode

import (
	"os"
	"syscall"
)

// attributes changes nothing: should we die, the child ends when its input does.
func attributes() *syscall.SysProcAttr { return nil }

// killAll kills the child.
func killAll(p *os.Process) { _ = p.Kill() }
