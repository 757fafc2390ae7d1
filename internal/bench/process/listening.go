package process

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// listening is the state of a listening socket in /proc/net/tcp.
const listening = "0A"

// Listening finds the process that listens on a TCP port of this machine. It finds none where there is no /proc, and
// where the process is another user's.
func Listening(port int) (pid int, ok bool) {
	sockets := map[string]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(table)
		if err != nil {
			continue
		}
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			if inode, found := listener(lines.Text(), port); found {
				sockets["socket:["+inode+"]"] = true
			}
		}
		f.Close()
	}
	if len(sockets) == 0 {
		return 0, false
	}
	fds, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return 0, false
	}
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err != nil || !sockets[to] {
			continue
		}
		pid, err := strconv.Atoi(strings.Split(fd, "/")[2])
		return pid, err == nil
	}
	return 0, false
}

// listener reads a line of /proc/net/tcp: the inode of the socket where that listens on the port. The local address,
// with the port in hexadecimal, is the second word, the state the fourth, the inode the tenth (proc(5)).
func listener(line string, port int) (inode string, ok bool) {
	words := strings.Fields(line)
	if len(words) < 10 || words[3] != listening {
		return "", false
	}
	_, hex, found := strings.Cut(words[1], ":")
	at, err := strconv.ParseUint(hex, 16, 16)
	if !found || err != nil || int(at) != port {
		return "", false
	}
	return words[9], true
}
