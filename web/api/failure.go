package api

import (
	"livesrv/internal/order"
)

// Failure is the body of every answer that is not a success.
type Failure struct {
	Error FailureBody `json:"error"`
}

// FailureBody says what went wrong, for people and for programs.
type FailureBody struct {
	Kind    string `json:"kind" doc:"What class of thing went wrong" enum:"internal,invalid,unauthorized,forbidden,not_found,conflict,gone,too_large,too_many,unavailable,sold_out"`
	Message string `json:"message" doc:"What went wrong, a sentence for people"`
	Hint    string `json:"hint,omitempty" doc:"What to do next"`
	Field   string `json:"field,omitempty" doc:"The input at fault, e.g. items[0].quantity"`
	ID      string `json:"id" doc:"Names this request in the server's log"`

	Shortage *order.Shortage `json:"shortage,omitempty" doc:"With sold_out: what is left of which SKU"`
	Quote    *order.Quote    `json:"quote,omitempty" doc:"With a conflict because the total has changed: the cart as it costs now"`
}
