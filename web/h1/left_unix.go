//go:build unix

package h1

import (
	"errors"
	"net"
	"syscall"
)

// hasLeft says whether the other end has closed the connection. It looks without taking anything.
func hasLeft(nc *net.TCPConn) bool {
	raw, err := nc.SyscallConn()
	if err != nil {
		return true
	}
	left := false
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		again := errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR)
		left = err == nil && n == 0 || err != nil && !again
	})
	return left || err != nil
}
