package transcode

import (
	"os"
	"syscall"
)

// attributes puts the child into a process group of its own, so that an interrupt from the terminal is ours alone
// and sound goes on until the server has ended what it must, and lets the kernel kill it should we die.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// killAll kills the child and what it may have started, as a wrapper script does.
func killAll(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }
