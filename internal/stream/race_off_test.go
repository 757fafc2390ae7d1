//go:build !race

package stream

// daysRun is how many of the fifty days TestFiftyDays lives through.
const daysRun = 50
