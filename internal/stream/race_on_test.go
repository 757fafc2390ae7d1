//go:build race

package stream

// daysRun is how many of the fifty days TestFiftyDays lives through: under the race detector only the last ones,
// with the wrap of the clock in them.
const daysRun = 5
