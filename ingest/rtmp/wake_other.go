//go:build !linux

package rtmp

import "errors"

const canWake = false

func setLowWater(uintptr, int) error { return errors.ErrUnsupported }
