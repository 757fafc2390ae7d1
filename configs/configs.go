// Package configs holds the annotated configuration file, so that the binary can print it. The settings
// themselves, their defaults and their checks are each room's own; internal/config composes them.
package configs

import _ "embed"

// Sample is livesrv.yml: every setting with its meaning and default.
//
//go:embed livesrv.yml
var Sample []byte
