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

	"livesrv/ingest"
	"livesrv/ingest/rtmp"
	"livesrv/ingest/rtsp"
	"livesrv/ingest/srt"
	"livesrv/ingest/whip"
	"livesrv/internal/account"
	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
	"livesrv/internal/feed"
	"livesrv/internal/order"
	"livesrv/internal/stream"
	"livesrv/internal/transcode"
	"livesrv/packager"
	"livesrv/web"
	"livesrv/web/api"
	"livesrv/web/hls"
	"livesrv/web/ui"
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

// Shop names the shop.
type Shop struct {
	// Name is what the first merchant is called; it is made at the first start and can be changed later where
	// it is kept, in the database. Default "My shop", 1 to 100 bytes.
	Name string `yaml:"name"`
}

// Validate refuses shops without a name.
func (s Shop) Validate() error {
	if s.Name == "" || len(s.Name) > 100 {
		return fault.New(fault.Invalid, "must be 1 to 100 bytes long").At("name").WithHint("write the shop's name")
	}
	return nil
}

// Config is every setting there is: each section is the Config of the room that obeys it.
type Config struct {
	// Data is where the server keeps what must outlive it.
	Data Data `yaml:"data"`
	// Shop names the shop.
	Shop Shop `yaml:"shop"`
	// Log is how the server speaks to its operator.
	Log Log `yaml:"log"`
	// Stop is how the server ends.
	Stop Stop `yaml:"stop"`
	// Admin is the listener for the operator alone: Prometheus metrics at /metrics, health at /healthz, profiles
	// at /debug/pprof/. It has no password: whoever can connect may read it.
	Admin Admin `yaml:"admin"`

	// HTTP is the one port of pages, media, API and realtime feed.
	HTTP web.Config `yaml:"http"`
	// API says how often one address may ask for what costs something.
	API api.Config `yaml:"api"`
	// HLS bounds what waiting viewers may cost.
	HLS hls.Config `yaml:"hls"`
	// UI is what an operator may choose about the pages.
	UI ui.Config `yaml:"ui"`

	// RTMP is where encoders such as OBS push to.
	RTMP rtmp.Config `yaml:"rtmp"`
	// SRT is where encoders push to over lines that lose packets.
	SRT srt.Config `yaml:"srt"`
	// RTSP is where IP cameras and their like push to, or are fetched from.
	RTSP rtsp.Config `yaml:"rtsp"`
	// WHIP is where the media of browsers, phones and OBS 30 comes in.
	WHIP whip.Config `yaml:"whip"`
	// Ingest holds the rules for publishers, whatever protocol they speak.
	Ingest ingest.Config `yaml:"ingest"`
	// Transcode says which ffmpeg converts what not every player plays.
	Transcode transcode.Config `yaml:"transcode"`
	// Stream says how far a publisher's timestamps are trusted, and bounds queues.
	Stream stream.Config `yaml:"stream"`
	// Packager says how streams are cut into segments and parts, and how long they are kept.
	Packager packager.Config `yaml:"packager"`

	// Feed sizes the realtime feed to browsers.
	Feed feed.Config `yaml:"feed"`
	// Catalogue is about products and stock.
	Catalogue catalogue.Config `yaml:"catalogue"`
	// Order says how long orders wait and until when they are taken.
	Order order.Config `yaml:"order"`
	// Account is about people who sign in.
	Account account.Config `yaml:"account"`
}

// Default is the configuration of a server whose operator set nothing.
func Default() Config {
	return Config{
		Data:  Data{Dir: "data"},
		Shop:  Shop{Name: "My shop"},
		Log:   Log{Level: "info", Format: "text"},
		Stop:  Stop{Timeout: 10 * time.Second},
		Admin: Admin{Address: "127.0.0.1:9090"},

		HTTP: web.DefaultConfig(),
		API:  api.DefaultConfig(),
		HLS:  hls.DefaultConfig(),
		UI:   ui.DefaultConfig(),

		RTMP:      rtmp.DefaultConfig(),
		SRT:       srt.DefaultConfig(),
		RTSP:      rtsp.DefaultConfig(),
		WHIP:      whip.DefaultConfig(),
		Ingest:    ingest.DefaultConfig(),
		Transcode: transcode.DefaultConfig(),
		Stream:    stream.DefaultConfig(),
		Packager:  packager.DefaultConfig(),

		Feed:      feed.DefaultConfig(),
		Catalogue: catalogue.DefaultConfig(),
		Order:     order.DefaultConfig(),
		Account:   account.DefaultConfig(),
	}
}
