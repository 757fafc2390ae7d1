//go:build !386 && !s390x

package rtmp

import (
	"io"
	"os"
	"syscall"
	"unsafe"
)

// canWake: poll, and with it Go's network poller, heeds SO_RCVLOWAT on Linux (socket(7)). On the two architectures that
// are left out setsockopt is no call of its own.
const canWake = true

// Both calls go past Go's scheduler. A call that may wait tells it, and the first one after a moment in which nothing ran
// wakes the scheduler's watchman, who then looks every 20 µs whether the call has returned: at a hundred sessions, each
// woken some ten times a second, that was a fifth of what the server did. These two never wait: Go's sockets do not block.

func setLowWater(fd uintptr, n int) error {
	level := int32(n)
	_, _, errno := syscall.RawSyscall6(syscall.SYS_SETSOCKOPT, fd, syscall.SOL_SOCKET, syscall.SO_RCVLOWAT,
		uintptr(unsafe.Pointer(&level)), unsafe.Sizeof(level), 0)
	if errno != 0 {
		return os.NewSyscallError("setsockopt", errno)
	}
	return nil
}

// readNow reads what there is. done is false where nothing is there, and the connection goes on.
func readNow(fd uintptr, b []byte) (n int, done bool, err error) {
	if len(b) == 0 {
		return 0, true, nil
	}
	for {
		n, _, errno := syscall.RawSyscall(syscall.SYS_READ, fd, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
		switch {
		case errno == syscall.EINTR:
		case errno == syscall.EAGAIN:
			return 0, false, nil
		case errno != 0:
			return 0, true, os.NewSyscallError("read", errno)
		case n == 0:
			return 0, true, io.EOF
		default:
			return int(n), true, nil
		}
	}
}
