package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"livesrv/internal/fault"
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
	Quote    *QuoteView      `json:"quote,omitempty" doc:"With a conflict because the total has changed: the cart as it costs now"`
}

// refusal is Failure as huma wants it: an error with a status and headers.
type refusal struct {
	Body    FailureBody `json:"error"`
	status  int
	headers http.Header
}

func (e *refusal) Error() string           { return e.Body.Message }
func (e *refusal) GetStatus() int          { return e.status }
func (e *refusal) GetHeaders() http.Header { return e.headers }

// refuse makes of any error what the caller is answered.
func (a *API) refuse(ctx context.Context, err error) *refusal {
	status, f := a.deps.Fail(ctx, err)
	out := &refusal{Body: f.Error, status: status}
	if e, ok := errors.AsType[*order.SoldOutError](err); ok {
		out.Body.Shortage = &e.Shortage
	}
	if e, ok := errors.AsType[*order.ChangedError](err); ok {
		q := quoteView(e.Quote)
		out.Body.Quote = &q
	}
	switch {
	case status == http.StatusUnauthorized:
		// RFC 9110 §11.6.1: a server generating a 401 response MUST send a WWW-Authenticate header field.
		out.headers = http.Header{"Www-Authenticate": {`Bearer realm="livesrv"`}}
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		seconds := "2"
		if e, ok := errors.AsType[*limitError](err); ok {
			seconds = e.seconds
		}
		out.headers = http.Header{"Retry-After": {seconds}}
	}
	return out
}

// fail answers with err where huma is not in between.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	e := a.refuse(r.Context(), err)
	h := w.Header()
	for name, values := range e.headers {
		h[name] = values
	}
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(e.status)
	_ = json.NewEncoder(w).Encode(e) // the caller may be gone
}

type apiKey struct{}

func init() {
	// Lists are never null here.
	huma.DefaultArrayNullable = false
	// The type of this example is what the description documents as the body of an error.
	huma.NewError = func(status int, msg string, _ ...error) huma.StatusError {
		return &refusal{status: status, Body: FailureBody{Kind: fault.Internal.String(), Message: msg}}
	}
	// huma's own complaints about a request, in our words.
	huma.NewErrorWithContext = func(hc huma.Context, status int, msg string, errs ...error) huma.StatusError {
		a, ok := hc.Context().Value(apiKey{}).(*API)
		if !ok {
			return huma.NewError(status, msg)
		}
		return a.refuse(hc.Context(), complaint(hc, status, msg, errs))
	}
}

// complaint makes a fault of what huma found wrong with a request.
func complaint(hc huma.Context, status int, msg string, errs []error) error {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return fault.New(fault.TooLarge, "The body is over %s.", megabytes(hc.Operation().MaxBodyBytes))
	case http.StatusRequestTimeout:
		return fault.New(fault.Invalid, "The body did not arrive in time.").WithHint("Send it again on a better line.")
	case http.StatusInternalServerError, http.StatusNotAcceptable:
		return fmt.Errorf("huma: %s: %w", msg, errors.Join(errs...))
	}
	if len(errs) == 0 {
		return fault.New(fault.Invalid, "The request cannot be read: %s.", msg).WithHint("/api/openapi.json describes what is expected.")
	}
	first := wrong(errs[0])
	if len(errs) > 1 {
		var more []string
		for _, e := range errs[1:min(len(errs), 5)] {
			more = append(more, wrong(e).Msg)
		}
		return first.WithHint("%s Also: %s", first.Hint, strings.Join(more, " "))
	}
	return first
}

var missing = regexp.MustCompile(`^expected required property (\S+) to be present$`)

// wrong says of one input what is wrong and what would be right.
func wrong(err error) *fault.Error {
	d, ok := err.(huma.ErrorDetailer)
	if !ok {
		return fault.New(fault.Invalid, "The request cannot be read.").Because(err)
	}
	detail := d.ErrorDetail()
	where, field, _ := strings.Cut(detail.Location, ".")
	if field == "" && strings.HasPrefix(where, "body[") {
		field = strings.TrimPrefix(where, "body")
	}
	e := fault.New(fault.Invalid, "")
	switch m := missing.FindStringSubmatch(detail.Message); {
	case m != nil:
		field = strings.TrimPrefix(field+"."+m[1], ".")
		e.Msg, e.Hint = field+" is missing.", "Add it and send the request again."
	case strings.HasPrefix(detail.Message, "required ") && strings.HasSuffix(detail.Message, "parameter is missing"):
		e.Msg, e.Hint = fmt.Sprintf("The %s parameter %s is missing.", where, field), "Add it and send the request again."
	case detail.Message == "unexpected property":
		e.Msg, e.Hint = field+" is not known here.", "Remove it, or check its spelling against /api/openapi.json."
	case field == "":
		e.Msg, e.Hint = "The body cannot be read: "+detail.Message+".", "Send JSON as /api/openapi.json describes it."
	default:
		e.Msg, e.Hint = fmt.Sprintf("%s is not right: %s.", field, detail.Message), "Correct it and send the request again."
	}
	return e.At(field)
}

func megabytes(n int64) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MB", n>>20)
	}
	return fmt.Sprintf("%d KB", n>>10)
}
