//go:build !linux || 386 || s390x

package rtmp

import "errors"

const canWake = false

func setLowWater(uintptr, int) error { return errors.ErrUnsupported }

func readNow(uintptr, []byte) (int, bool, error) { return 0, true, errors.ErrUnsupported }
