package api

import (
	"bufio"
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
	"livesrv/internal/order"
)

// ItemDraft is one wish of a cart.
type ItemDraft struct {
	SKU      catalogue.SKUID `json:"sku" maxLength:"40"`
	Quantity int             `json:"quantity"`
}

// ContactDraft is how to reach the buyer.
type ContactDraft struct {
	Name  string `json:"name,omitempty" maxLength:"1000"`
	Phone string `json:"phone,omitempty" maxLength:"1000"`
	Email string `json:"email,omitempty" maxLength:"1000"`
}

// AddressDraft is where to deliver.
type AddressDraft struct {
	Line1    string `json:"line1,omitempty" maxLength:"1000"`
	Line2    string `json:"line2,omitempty" maxLength:"1000"`
	City     string `json:"city,omitempty" maxLength:"1000"`
	Region   string `json:"region,omitempty" maxLength:"1000"`
	Postcode string `json:"postcode,omitempty" maxLength:"1000"`
	Country  string `json:"country,omitempty" maxLength:"1000" doc:"ISO 3166-1 alpha-2"`
}

// OrderDraft is what a buyer sends.
type OrderDraft struct {
	Items   []ItemDraft      `json:"items" maxItems:"200"`
	Contact ContactDraft     `json:"contact"`
	Address AddressDraft     `json:"address,omitempty"`
	Note    string           `json:"note,omitempty" maxLength:"10000"`
	Way     string           `json:"way" maxLength:"64" doc:"One of the show's ways to pay"`
	Pin     string           `json:"pin,omitempty" maxLength:"40" doc:"The pin the buyer came from"`
	Expect  *catalogue.Money `json:"expect,omitempty" doc:"The total the buyer saw; when it is another now, there is no order but a conflict with the new quote"`
}

// Placed is an answer with a new order and the buyer's secret.
type Placed struct {
	Order order.Order `json:"order"`
	Token string      `json:"token" doc:"Lets the buyer read the order's status"`
}

// OrderAnswer is an answer with one order.
type OrderAnswer struct {
	Order order.Order `json:"order"`
}

// OrderList is an answer with orders.
type OrderList struct {
	Orders []order.Order `json:"orders" doc:"The newest first"`
	Next   order.ID      `json:"next" doc:"Send as after for the next page; empty on the last"`
}

type quoteDraft struct {
	ShowPath
	Body struct {
		Items []ItemDraft `json:"items" maxItems:"200"`
	}
}

type orderDraft struct {
	ShowPath
	Key  string `header:"Idempotency-Key" required:"true" maxLength:"255" doc:"The same key and body again are the same order. Make one for each intent to buy."`
	Body OrderDraft
}

// OrderPath is the input of operations on one order.
type OrderPath struct {
	Order order.ID `path:"order" maxLength:"40"`
}

type orderStatus struct {
	OrderPath
	Token string `query:"token" required:"true" maxLength:"200" doc:"From the answer to the order"`
}

// OrderFilter chooses orders.
type OrderFilter struct {
	Show   string   `query:"show" maxLength:"63"`
	Status []string `query:"status" enum:"awaiting_merchant,confirmed,cancelled,expired" doc:"Only these; may be several, by commas"`
}

// CancelDraft says why an order is cancelled.
type CancelDraft struct {
	Reason string `json:"reason,omitempty" maxLength:"1000" doc:"Kept with the order, for the merchant"`
}

type cancellation struct {
	OrderPath
	Body *CancelDraft
}

type orderPage struct {
	OrderFilter
	After order.ID `query:"after" maxLength:"40"`
	Limit int      `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

func (a *API) registerOrders() {
	viewer, tags := []string{"viewer", "orders"}, []string{"orders"}
	add(a, anybody, a.quotes, huma.Operation{Method: http.MethodPost, Path: "/api/shows/{show}/quote", Tags: viewer, MaxBodyBytes: 64 << 10,
		Summary: "Price a cart", Description: "Keeps nothing. What is short is told in unavailable."}, a.quote)
	add(a, anybody, a.orders, huma.Operation{Method: http.MethodPost, Path: "/api/shows/{show}/orders", Tags: viewer, MaxBodyBytes: 64 << 10,
		DefaultStatus: http.StatusCreated, Summary: "Place an order",
		Description: "Takes the stock of every line, or of none. sold_out says of which there is not enough."}, a.place)
	add(a, anybody, a.quotes, huma.Operation{Method: http.MethodGet, Path: "/api/orders/{order}/status", Tags: viewer, Summary: "Read one's own order"}, a.orderStatus)
	add(a, member, nil, huma.Operation{Method: http.MethodGet, Path: "/api/orders", Tags: tags, Summary: "List orders"}, a.listOrders)
	add(a, member, nil, huma.Operation{Method: http.MethodGet, Path: "/api/orders/export", Tags: tags, Summary: "Give orders as CSV, a row for each line",
		Responses: file("text/csv", "CSV")}, a.exportOrders)
	add(a, member, nil, huma.Operation{Method: http.MethodGet, Path: "/api/orders/{order}", Tags: tags, Summary: "Read an order"}, a.getOrder)
	add(a, member, nil, huma.Operation{Method: http.MethodPost, Path: "/api/orders/{order}/confirm", Tags: tags, Summary: "Accept an order"}, a.confirm)
	add(a, member, nil, huma.Operation{Method: http.MethodPost, Path: "/api/orders/{order}/cancel", Tags: tags,
		Summary: "End an order that waits or was confirmed, and give its stock back"}, a.cancel)
}

func items(drafts []ItemDraft) []order.Item {
	out := make([]order.Item, len(drafts))
	for i, d := range drafts {
		out[i] = order.Item(d)
	}
	return out
}

func (a *API) quote(ctx context.Context, in *quoteDraft) (*body[QuoteView], error) {
	q, err := a.deps.Orders.Quote(ctx, string(in.Show), items(in.Body.Items))
	if err != nil {
		return nil, err
	}
	return answer(quoteView(q)), nil
}

func (a *API) place(ctx context.Context, in *orderDraft) (*body[Placed], error) {
	d := in.Body
	o, err := a.deps.Orders.Place(ctx, order.Request{
		Show: string(in.Show), Items: items(d.Items), Contact: order.Contact(d.Contact), Address: order.Address(d.Address),
		Note: d.Note, Way: d.Way, Pin: d.Pin, Expect: d.Expect, IdempotencyKey: in.Key,
	})
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Field == "idempotencyKey" {
		return nil, fault.New(e.Kind, "%s", e.Msg).WithHint("%s", e.Hint).At("Idempotency-Key").Because(err) // as it is named here
	}
	if err != nil {
		return nil, err
	}
	return answer(Placed{Order: Order(o), Token: o.Token}), nil
}

func (a *API) orderStatus(ctx context.Context, in *orderStatus) (*body[BuyerOrder], error) {
	o, err := a.deps.Orders.ByToken(ctx, in.Order, in.Token)
	if err != nil {
		return nil, err
	}
	return answer(buyerOrder(o)), nil
}

func (a *API) listOrders(ctx context.Context, in *orderPage) (*body[OrderList], error) {
	orders, err := a.deps.Orders.List(ctx, order.Filter{Merchant: callerOf(ctx).scope(), Show: in.Show, Statuses: named[order.Status](in.Status), After: in.After, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out := OrderList{Orders: make([]order.Order, len(orders))}
	for i, o := range orders {
		out.Orders[i] = Order(o)
	}
	if len(orders) == in.Limit {
		out.Next = orders[len(orders)-1].ID
	}
	return answer(out), nil
}

// ownedOrder gives an order of the caller's; another merchant's is as good as none.
func (a *API) ownedOrder(ctx context.Context, id order.ID) (order.Order, error) {
	o, err := a.deps.Orders.Get(ctx, id)
	if err != nil {
		return o, err
	}
	if !callerOf(ctx).owns(o.Merchant) {
		return o, fault.New(fault.NotFound, "You have no order %q.", id).WithHint("GET /api/orders lists yours.")
	}
	return o, nil
}

func (a *API) getOrder(ctx context.Context, in *OrderPath) (*body[OrderAnswer], error) {
	o, err := a.ownedOrder(ctx, in.Order)
	if err != nil {
		return nil, err
	}
	return answer(OrderAnswer{Order(o)}), nil
}

func (a *API) confirm(ctx context.Context, in *OrderPath) (*body[OrderAnswer], error) {
	return a.settle(ctx, in.Order, a.deps.Orders.Confirm)
}

func (a *API) cancel(ctx context.Context, in *cancellation) (*body[OrderAnswer], error) {
	return a.settle(ctx, in.Order, func(ctx context.Context, id order.ID) (order.Order, error) {
		reason := ""
		if in.Body != nil {
			reason = in.Body.Reason
		}
		return a.deps.Orders.Cancel(ctx, id, reason)
	})
}

func (a *API) settle(ctx context.Context, id order.ID, f func(context.Context, order.ID) (order.Order, error)) (*body[OrderAnswer], error) {
	if _, err := a.ownedOrder(ctx, id); err != nil {
		return nil, err
	}
	o, err := f(ctx, id)
	if err != nil {
		return nil, err
	}
	return answer(OrderAnswer{Order(o)}), nil
}

func (a *API) exportOrders(ctx context.Context, in *OrderFilter) (*huma.StreamResponse, error) {
	f := order.Filter{Merchant: callerOf(ctx).scope(), Show: in.Show, Statuses: named[order.Status](in.Status)}
	return a.csv(ctx, "orders", func(w *bufio.Writer) error { return a.deps.Orders.ExportCSV(ctx, f, w) })
}
