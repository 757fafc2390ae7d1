// Package process reads what a process of this machine has used: CPU time and resident memory. It reads /proc, so it
// works on Linux alone and says so elsewhere. It watches nothing and changes nothing.
package process

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"livesrv/internal/fault"
)

// tick is the unit of CPU times in /proc: USER_HZ, which Linux has fixed at 100 for all that reads it from outside
// the kernel.
const tick = time.Second / 100

// Usage is what a process has used.
type Usage struct {
	// CPU is the time its threads have run, in user and system mode together, since it began; to 10 ms.
	CPU time.Duration
	// RSS is its resident memory at this moment, in bytes.
	RSS int64
}

// Of gives the usage of a process. Errors: Unavailable where there is no /proc, NotFound for no such process.
func Of(pid int) (Usage, error) {
	if runtime.GOOS != "linux" {
		return Usage{}, fault.New(fault.Unavailable, "what a process uses can be read on Linux alone")
	}
	dir := "/proc/" + strconv.Itoa(pid)
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return Usage{}, fault.New(fault.NotFound, "there is no process %d", pid).Because(err)
	}
	statm, err := os.ReadFile(dir + "/statm")
	if err != nil {
		return Usage{}, fault.New(fault.NotFound, "there is no process %d", pid).Because(err)
	}
	cpu, err := cpuTime(stat)
	if err != nil {
		return Usage{}, err
	}
	pages, err := field(statm, 1)
	if err != nil {
		return Usage{}, err
	}
	return Usage{CPU: cpu, RSS: pages * int64(os.Getpagesize())}, nil
}

// Self gives the usage of this process. Errors: as of Of.
func Self() (Usage, error) { return Of(os.Getpid()) }

// cpuTime reads utime and stime, fields 14 and 15 of /proc/PID/stat (proc(5)). The second field is the program's name
// in parentheses, in which anything may stand; the others follow its last one.
func cpuTime(stat []byte) (time.Duration, error) {
	rest := stat[bytes.LastIndexByte(stat, ')')+1:]
	user, err := field(rest, 11)
	if err != nil {
		return 0, err
	}
	system, err := field(rest, 12)
	if err != nil {
		return 0, err
	}
	return time.Duration(user+system) * tick, nil
}

// field is the n-th word of a line, from 0, as a number.
func field(line []byte, n int) (int64, error) {
	words := strings.Fields(string(line))
	if n >= len(words) {
		return 0, fmt.Errorf("/proc says less than expected: %q", line)
	}
	v, err := strconv.ParseInt(words[n], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("/proc has no number where one is expected: %w", err)
	}
	return v, nil
}
