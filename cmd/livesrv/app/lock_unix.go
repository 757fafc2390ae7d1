//go:build unix

package app

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"livesrv/internal/fault"
)

// lockName is the file in the data folder that its server holds. It stays when the server has ended: what counts is the
// lock on it, which the system takes back however the server ends.
const lockName = "livesrv.lock"

// lockData makes the data folder this server's until the file is closed: two servers would each keep line-ups, pins and
// stream keys of their own over one database. Commands that only open the database do not ask for it.
func lockData(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the data folder %s cannot be written to", dir).
			WithHint("it must belong to the user that runs livesrv; or name another one with --data").Because(err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case err == nil:
		return f, nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		f.Close()
		return nil, fault.New(fault.Unavailable, "another livesrv runs with the data folder %s", dir).
			WithHint("stop that one, or give this one a folder of its own with --data")
	}
	// A file system that knows no locks, as some on a network: that is no reason not to serve.
	return f, nil
}
