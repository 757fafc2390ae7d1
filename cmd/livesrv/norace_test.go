//go:build !race

package main

const withShadow = 1.0
