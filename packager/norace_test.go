//go:build !race

package packager

const raceEnabled = false
