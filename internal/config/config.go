// Package config reads what an operator may set: one YAML file, LIVESRV_… environment variables and flags,
// in that order of growing strength, over the defaults that each room declares itself. It is strict: a key
// nobody knows, a value that does not fit and a value out of range are refused with the key, where it was
// written and what to do. It reads once at start; what changes while the server runs (shows, keys, pins,
// products) lives in the database and not here. Only package cmd/livesrv may import it: rooms know their
// own Config and nothing of files.
//
// To add a setting, add a field with a yaml tag, a doc comment and a default to the room's own Config, and
// run 'go test ./internal/config -update' to write it into configs/livesrv.yml.
package config

import (
	"log/slog"
	"net"
	"time"

	"livesrv/internal/fault"
)

// Data says where the server keeps what must outlive it.
type Data struct {
	// Dir is the folder of the database, and of everything else that is kept. It is made where it is
	// missing. Default data, below the working directory.
	Dir string `yaml:"dir"`
}

// Validate refuses a server that would forget everything.
func (d Data) Validate() error {
	if d.Dir == "" {
		return fault.New(fault.Invalid, "is empty").At("dir").WithHint("name a folder, such as ./data")
	}
	return nil
}

// Log says how the server speaks to its operator.
type Log struct {
	// Level is the least important message that is written: debug, info, warn or error. Default info.
	Level string `yaml:"level"`
	// Format is text (for people and journald) or json (one object a line, for collectors). Default text.
	Format string `yaml:"format"`
}

// Slog is the level as log/slog knows it.
func (l Log) Slog() slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.Level)); err != nil {
		return slog.LevelInfo
	}
	return level
}

// Validate refuses levels and formats that do not exist.
func (l Log) Validate() error {
	switch l.Level {
	case "debug", "info", "warn", "error":
	default:
		return fault.New(fault.Invalid, "%q is no log level", l.Level).At("level").
			WithHint("write debug, info, warn or error")
	}
	switch l.Format {
	case "text", "json":
	default:
		return fault.New(fault.Invalid, "%q is no log format", l.Format).At("format").WithHint("write text or json")
	}
	return nil
}

// Admin is the listener for the operator alone: Prometheus metrics at /metrics, health at /healthz,
// profiles at /debug/pprof/. It has no password: whoever can connect may read it.
type Admin struct {
	// Address is where the admin listener listens. Default 127.0.0.1:9090, this machine alone; "" turns it
	// off. Give it a wider address only behind a firewall.
	Address string `yaml:"address"`
}

// Validate refuses addresses that cannot be listened on.
func (a Admin) Validate() error {
	if a.Address == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(a.Address); err != nil {
		return fault.New(fault.Invalid, "%q is no address to listen on", a.Address).At("address").
			WithHint("write host:port, such as 127.0.0.1:9090")
	}
	return nil
}

// Stop says how the server ends.
type Stop struct {
	// Timeout bounds a graceful stop: requests in progress and sessions get this long to end after SIGINT
	// or SIGTERM before they are cut. Default 10s, range 1s to 5m. A second signal ends the server at once.
	Timeout time.Duration `yaml:"timeout"`
}

// Validate refuses stops that are no time to end in or that no supervisor waits for.
func (s Stop) Validate() error {
	if s.Timeout < time.Second || s.Timeout > 5*time.Minute {
		return fault.New(fault.Invalid, "%s is out of range", s.Timeout).At("timeout").
			WithHint("write a duration between 1s and 5m")
	}
	return nil
}

// Config is every setting there is.
type Config struct {
	Data  Data  `yaml:"data"`
	Log   Log   `yaml:"log"`
	Admin Admin `yaml:"admin"`
	Stop  Stop  `yaml:"stop"`
}

// Default is the configuration of a server whose operator set nothing.
func Default() Config {
	return Config{
		Data:  Data{Dir: "data"},
		Log:   Log{Level: "info", Format: "text"},
		Admin: Admin{Address: "127.0.0.1:9090"},
		Stop:  Stop{Timeout: 10 * time.Second},
	}
}
