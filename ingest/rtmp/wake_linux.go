package rtmp

import "syscall"

// canWake: poll, and with it Go's network poller, heeds SO_RCVLOWAT on Linux (socket(7)).
const canWake = true

func setLowWater(fd uintptr, n int) error {
	return syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVLOWAT, n)
}
