package viewer

import (
	"io"
	"net"
	"syscall"
	"unsafe"
)

const canTruncate = true

// truncate lets the kernel throw n bytes away without copying them: "the TCP code discards received bytes with
// MSG_TRUNC rather than passing them back in a buffer" (tcp(7)).
func truncate(c *net.TCPConn, n int) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Read(func(fd uintptr) bool {
		for n > 0 {
			// The address is never written to, but it has to be one.
			var nowhere byte
			m, _, errno := syscall.Syscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&nowhere)), uintptr(n), syscall.MSG_TRUNC, 0, 0)
			switch {
			case errno == syscall.EAGAIN:
				return false
			case errno == syscall.EINTR:
			case errno != 0:
				failed = errno
				return true
			case m == 0:
				failed = io.ErrUnexpectedEOF
				return true
			default:
				n -= int(m)
			}
		}
		return true
	})
	if failed != nil {
		return failed
	}
	return err
}
