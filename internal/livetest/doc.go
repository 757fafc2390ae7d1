// Package livetest is the test kit of the media line: a strict LL-HLS client that judges a running
// server rule by rule, an ffmpeg that pushes a picture with a readable clock in it, a synthetic
// publisher, and a check for leaked goroutines. Tests and the tools under internal/livetest/cmd import
// it, nothing else does. It holds no test itself of anything but its own parts.
//
// # The clock in the picture
//
// [Stamp] draws the wall clock into the top of every picture, as a strip of black and white cells that
// survives any sane encoder, so that a viewer can tell the glass-to-glass delay from one picture:
//
//	strip    the top eighth of the picture's height, over its whole width
//	cells    28 of equal width; cell i runs from x = i*W/28 to (i+1)*W/28
//	cell 0   white  ┐ say that a strip is there, and where black and white lie
//	cell 1   black  ┘
//	cell 2…25       24 bits, the highest first: Unix time in milliseconds, modulo 2^24; white is 1
//	cell 26         parity: white if the number of ones among the 24 is odd
//	cell 27         the inverse of cell 26
//
// To read it, scale or not: take the middle of each cell, x = (i+0.5)*W/28, y = H/16, and call it white
// where the luma is over the mean of cells 0 and 1. The code is valid if cell 0 is at least 64 of 255
// brighter than cell 1, cell 27 differs from cell 26 and the parity agrees. The delay at the moment t of
// reading is (t - code) modulo 2^24 milliseconds; 2^24 ms are 4.66 hours. In a browser: draw the video
// element to a canvas, getImageData of the strip, and use Date.now() on the same machine.
package livetest
