// Package arch holds no code of the program: its test keeps the rooms apart. It reads every Go file's
// imports and fails on an arrow that the table in ARCHITECTURE.md does not draw, on a package that is in
// no room, and on files and functions that have outgrown their room. It does not look at what code does.
//
// To add a room, add a line to the table in rooms_test.go and the same line to ARCHITECTURE.md; the test
// compares the two.
package arch
