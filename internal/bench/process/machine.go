package process

import (
	"bytes"
	"os"
	"runtime"
	"time"

	"livesrv/internal/fault"
)

// Machine is what all processors have spent since the start, together.
type Machine struct {
	// Busy is time at work; Stolen what other machines on the same hardware took while this one wanted it; All is both and
	// idleness.
	Busy, Stolen, All time.Duration
}

// OfMachine gives what the machine has spent. Errors: Unavailable where there is no /proc.
func OfMachine() (Machine, error) {
	if runtime.GOOS != "linux" {
		return Machine{}, fault.New(fault.Unavailable, "what a machine does can be read on Linux alone")
	}
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return Machine{}, fault.New(fault.Unavailable, "what this machine does cannot be read").Because(err)
	}
	return machine(stat)
}

// machine reads the first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq and steal (proc(5)). What
// follows is in user and nice already.
func machine(stat []byte) (m Machine, err error) {
	line, _, _ := bytes.Cut(stat, []byte("\n"))
	for i := range 8 {
		n, err := field(line, i+1)
		if err != nil {
			return Machine{}, err
		}
		d := time.Duration(n) * tick
		switch i {
		case 3, 4: // idle, and waiting for a disk
		case 7:
			m.Stolen = d
		default:
			m.Busy += d
		}
		m.All += d
	}
	return m, nil
}

// Since is what has been spent since an earlier moment.
func (m Machine) Since(o Machine) Machine {
	return Machine{m.Busy - o.Busy, m.Stolen - o.Stolen, m.All - o.All}
}

// Share gives busy and stolen time as shares of all, from 0 to 1.
func (m Machine) Share() (busy, stolen float64) {
	if m.All <= 0 {
		return 0, 0
	}
	return float64(m.Busy) / float64(m.All), float64(m.Stolen) / float64(m.All)
}
