//go:build race

package main

// withShadow is how many times as much memory the program may use in these tests: the race detector keeps notes about what
// the program has touched. 1.8 of the bound was measured as 'make race' compiles, 2.4 with -race alone on a busy machine.
const withShadow = 2.6
