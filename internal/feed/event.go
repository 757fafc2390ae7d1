package feed

import (
	"encoding/json"
	"maps"
)

// The closed list of event types, as browsers read them in "type".
const (
	TypePin     = "pin"
	TypeUnpin   = "unpin"
	TypeProduct = "product"
	TypeShow    = "show"
	TypeLineup  = "lineup"
	TypeViewers = "viewers"
	TypeOrder   = "order"
	TypeStream  = "stream"
)

// Event is one thing that happened, written as {"type": Type, …}. Make one by its constructor; the values are
// encoded when the event is published and must not change before.
type Event struct {
	Type     string
	fields   map[string]any
	fleeting bool // not kept for those who reconnect
}

func event(typ, field string, value any) Event {
	return Event{Type: typ, fields: map[string]any{field: value}}
}

// Pin says that a product is on screen from its start on; pin is the whole public pin.
func Pin(pin any) Event { return event(TypePin, "pin", pin) }

// Unpin says that a pin has got its end; pin is the whole public pin.
func Unpin(pin any) Event { return event(TypeUnpin, "pin", pin) }

// Product carries a whole product after a change of price, stock or text: the public one to a show, the
// merchant's own one to a desk.
func Product(product any) Event { return event(TypeProduct, "product", product) }

// Show carries the whole public show after a change: scheduled, live, on air or not, ended.
func Show(show any) Event { return event(TypeShow, "show", show) }

// Lineup carries the products of a show in their new order.
func Lineup(products any) Event { return event(TypeLineup, "products", products) }

// Viewers says how many follow a show.
func Viewers(count int) Event {
	e := event(TypeViewers, "count", count)
	e.fleeting = true
	return e
}

// Order carries an order to its merchant's desk.
func Order(order any) Event { return event(TypeOrder, "order", order) }

// Stream carries the health of a show's stream to its merchant's desk; nil when there is none.
func Stream(show string, stream any) Event {
	return Event{Type: TypeStream, fields: map[string]any{"show": show, "stream": stream}, fleeting: true}
}

// MarshalJSON writes the event as browsers read it.
func (e Event) MarshalJSON() ([]byte, error) {
	m := make(map[string]any, len(e.fields)+1)
	maps.Copy(m, e.fields)
	m["type"] = e.Type
	return json.Marshal(m)
}
