//go:build linux && (386 || s390x)

package socket

import "syscall"

// setLowWater goes the usual way where setsockopt is no system call of its own.
func setLowWater(fd uintptr, n int) error {
	return syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVLOWAT, n)
}
