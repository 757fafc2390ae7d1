//go:build !linux

package socket

import (
	"errors"
	"net"
)

// HasLowWater says whether SetLowWater does something.
const HasLowWater = false

// Conn is a TCP connection. Make it with New.
type Conn struct{ net.Conn }

// New takes a connection.
func New(nc net.Conn) (*Conn, error) { return &Conn{nc}, nil }

// WriteBoth writes two pieces one after the other, in one call where they fit.
func (c *Conn) WriteBoth(head, body []byte) (int, error) {
	bufs := net.Buffers{head, body}
	n, err := bufs.WriteTo(c.Conn)
	return int(n), err
}

// SetLowWater is for Linux alone.
func (c *Conn) SetLowWater(int) error { return errors.ErrUnsupported }

// AwaitMore is for Linux alone.
func (c *Conn) AwaitMore() error { return errors.ErrUnsupported }
