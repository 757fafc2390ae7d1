//go:build race

package packager

const raceEnabled = true
