package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"livesrv/internal/fault"
)

// passwords asks for passwords: at a terminal without showing them, else one a line from the standard input.
type passwords struct {
	con   console
	lines *bufio.Reader
}

func newPasswords(con console) *passwords {
	return &passwords{con, bufio.NewReader(io.LimitReader(con.in, 1<<16))}
}

// ask asks for one password.
func (p *passwords) ask(prompt string) (string, error) {
	fmt.Fprint(p.con.err, prompt+": ")
	if f, ok := p.con.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		b, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(p.con.err)
		return string(b), err
	}
	fmt.Fprintln(p.con.err)
	line, err := p.lines.ReadString('\n')
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", fault.New(fault.Invalid, "no password was given").
			WithHint("type it, or send it to the standard input, one a line").Because(eof(err))
	}
	return line, nil
}

// askNew asks for a new password, at a terminal twice.
func (p *passwords) askNew(prompt string) (string, error) {
	first, err := p.ask(prompt)
	if err != nil || !terminal(p.con.in) {
		return first, err
	}
	again, err := p.ask("The same again")
	if err == nil && again != first {
		err = fault.New(fault.Invalid, "the two are not the same").WithHint("try again")
	}
	return first, err
}

// eof keeps the usual end of the input out of messages.
func eof(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}
