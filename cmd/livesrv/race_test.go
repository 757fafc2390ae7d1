//go:build race

package main

// withShadow is how many times as much memory the program uses in these tests: the race detector keeps two and a half
// bytes about each one that the program has touched.
const withShadow = 3.5
