// Package fault is the one shape of an error that may be shown to a caller: a kind from a closed list,
// a sentence for the caller, a next step, and the cause, which is for the log alone. It does not log and
// knows no protocol: package web maps kinds to HTTP statuses, each ingest maps them to its own refusals.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what class of thing went wrong. The list is closed: web/errors.go maps every one of them.
type Kind uint8

// The kinds.
const (
	Internal     Kind = iota // our own failure; the caller learns nothing but an id
	Invalid                  // the request can never work as written
	Unauthorized             // who are you?
	Forbidden                // we know you; you may not
	NotFound                 // no such thing, or none that you may see
	Conflict                 // the thing is in a state that does not allow this
	Gone                     // it was here and will not come back
	TooLarge                 // over a size or count limit
	TooMany                  // over a rate limit; try later
	Unavailable              // not now; trying again may work
	SoldOut                  // not enough stock for what was asked
)

var names = [...]string{"internal", "invalid", "unauthorized", "forbidden", "not_found", "conflict", "gone",
	"too_large", "too_many", "unavailable", "sold_out"}

// String is the kind's stable name, as the API's error body and the logs carry it.
func (k Kind) String() string {
	if int(k) < len(names) {
		return names[k]
	}
	return "internal"
}

// Error is an error a caller may see. Msg says what and where in a whole sentence without internals;
// Hint says what to do next; Err is the cause and goes to the log only.
type Error struct {
	Kind Kind
	Msg  string
	Hint string
	// Field names the offending input where there is one ("items[0].quantity"), else "".
	Field string
	Err   error
}

func (e *Error) Error() string {
	s := e.Msg
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes an Error of kind k with a sentence for the caller.
func New(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Msg: fmt.Sprintf(format, args...)}
}

// WithHint sets the next step and returns e.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// At names the input at fault and returns e.
func (e *Error) At(field string) *Error {
	e.Field = field
	return e
}

// Because sets the cause, for the log, and returns e.
func (e *Error) Because(err error) *Error {
	e.Err = err
	return e
}

// KindOf is the kind of the first Error in err's chain, Internal where there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}
