//go:build !386 && !s390x

package socket

import (
	"os"
	"syscall"
	"unsafe"
)

func setLowWater(fd uintptr, n int) error {
	level := int32(n)
	_, _, errno := syscall.RawSyscall6(syscall.SYS_SETSOCKOPT, fd, syscall.SOL_SOCKET, syscall.SO_RCVLOWAT,
		uintptr(unsafe.Pointer(&level)), unsafe.Sizeof(level), 0)
	if errno != 0 {
		return os.NewSyscallError("setsockopt", errno)
	}
	return nil
}
