package feed

import "encoding/json"

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

// Event is one thing that happened, written as {"type": Type, "<field>": value}. Make one by its constructor;
// the value is encoded when the event is published and must not change before.
type Event struct {
	Type     string
	field    string
	value    any
	fleeting bool // not kept for those who reconnect
}

// Pin says that a product is on screen from its start on; pin is the whole public pin.
func Pin(pin any) Event { return Event{Type: TypePin, field: "pin", value: pin} }

// Unpin says that a pin has got its end; pin is the whole public pin.
func Unpin(pin any) Event { return Event{Type: TypeUnpin, field: "pin", value: pin} }

// Product carries a whole public product after a change of price, stock or text.
func Product(product any) Event {
	return Event{Type: TypeProduct, field: "product", value: product}
}

// Show carries the whole public show after a change: scheduled, live, on air or not, ended.
func Show(show any) Event { return Event{Type: TypeShow, field: "show", value: show} }

// Lineup carries the products of a show in their new order.
func Lineup(products any) Event { return Event{Type: TypeLineup, field: "products", value: products} }

// Viewers says how many follow a show.
func Viewers(count int) Event {
	return Event{Type: TypeViewers, field: "count", value: count, fleeting: true}
}

// Order carries an order to its merchant's desk.
func Order(order any) Event { return Event{Type: TypeOrder, field: "order", value: order} }

// Stream carries the health of a show's stream to its merchant's desk.
func Stream(health any) Event {
	return Event{Type: TypeStream, field: "health", value: health, fleeting: true}
}

// MarshalJSON writes the event as browsers read it.
func (e Event) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"type": e.Type, e.field: e.value})
}
