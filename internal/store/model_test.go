package store_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
	"livesrv/internal/order"
	"livesrv/internal/order/manual"
)

// model is what stock and orders should be.
type model struct {
	stock  map[catalogue.SKUID]int
	orders map[order.ID]*modelOrder
	keys   []string // of placed orders
	ids    []order.ID
}

type modelOrder struct {
	items   map[catalogue.SKUID]int
	status  order.Status
	expires time.Time
}

// TestStockModel lets chance place, repeat, confirm, cancel, expire and restock, and compares the shop with a model
// after every step: no piece is made, lost or promised twice.
func TestStockModel(t *testing.T) {
	if err := flag.Set("rapid.checks", "8"); err != nil { // each step is a commit to a disk
		t.Fatal(err)
	}
	ctx := context.Background()
	s := tempShop(t)
	ps := s.sell(t, 0, 0, 0)
	now, run := noon, 0
	o := s.db.Orders()
	orders, err := order.New(order.DefaultConfig(), order.Deps{Shows: s.db.Shows(), Products: s.db.Catalogue(), Book: o, Ledger: o, Sums: o,
		Providers: manual.Ways(), Log: quiet, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		run++
		m := &model{stock: map[catalogue.SKUID]int{}, orders: map[order.ID]*modelOrder{}}
		var skus []catalogue.SKUID
		for _, p := range ps {
			id := p.SKUs[0].ID
			skus = append(skus, id)
			m.stock[id] = 3
			if _, err := s.catalogue.SetStock(ctx, id, 3); err != nil {
				t.Fatal(err)
			}
		}
		step := 0
		t.Repeat(map[string]func(*rapid.T){
			"place": func(t *rapid.T) {
				step++
				r := request(fmt.Sprintf("run-%d-step-%d", run, step))
				items := rapid.MapOfN(rapid.SampledFrom(skus), rapid.IntRange(1, 3), 1, 3).Draw(t, "items")
				for sku, n := range items {
					r.Items = append(r.Items, order.Item{SKU: sku, Quantity: n})
				}
				m.place(t, orders, r, items, now)
			},
			"repeat": func(t *rapid.T) {
				if len(m.ids) == 0 {
					t.Skip()
				}
				i := rapid.IntRange(0, len(m.ids)-1).Draw(t, "order")
				r := request(m.keys[i])
				r.Items = []order.Item{{SKU: skus[0], Quantity: 99}}
				if _, err := orders.Place(ctx, r); fault.KindOf(err) != fault.Conflict {
					t.Fatalf("a used key took another order: %v", err)
				}
			},
			"settle": func(t *rapid.T) {
				if len(m.ids) == 0 {
					t.Skip()
				}
				id := rapid.SampledFrom(m.ids).Draw(t, "order")
				to, f := order.Confirmed, orders.Confirm
				if rapid.Bool().Draw(t, "cancel") {
					to, f = order.Cancelled, cancelled(orders)
				}
				_, err := f(ctx, id)
				mo := m.orders[id]
				if mo.status == order.AwaitingMerchant || (mo.status == order.Confirmed && to == order.Cancelled) {
					m.settle(mo, to)
				}
				if (err == nil) != (mo.status == to) {
					t.Fatalf("%s is %s; asked for %s: %v", id, mo.status, to, err)
				}
			},
			"expire": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "hours")) * time.Hour)
				if _, err := orders.Sweep(ctx); err != nil {
					t.Fatal(err)
				}
				for _, mo := range m.orders {
					if mo.status == order.AwaitingMerchant && !mo.expires.After(now) {
						m.settle(mo, order.Expired)
					}
				}
			},
			"restock": func(t *rapid.T) {
				id, n := rapid.SampledFrom(skus).Draw(t, "sku"), rapid.IntRange(-4, 4).Draw(t, "by")
				_, err := s.catalogue.AdjustStock(ctx, id, n)
				if (err == nil) != (m.stock[id]+n >= 0) {
					t.Fatalf("%d by %d: %v", m.stock[id], n, err)
				}
				if err == nil {
					m.stock[id] += n
				}
			},
			"": func(t *rapid.T) { m.compare(t, s, orders) },
		})
		for _, id := range m.ids { // leave nothing that would expire into the next run
			_, _ = orders.Confirm(ctx, id)
		}
	})
}

// cancelled is Cancel without a reason.
func cancelled(s *order.Service) func(context.Context, order.ID) (order.Order, error) {
	return func(ctx context.Context, id order.ID) (order.Order, error) { return s.Cancel(ctx, id, "") }
}

func (m *model) place(t *rapid.T, orders *order.Service, r order.Request, items map[catalogue.SKUID]int, now time.Time) {
	o, err := orders.Place(context.Background(), r)
	var short bool
	for sku, n := range items {
		short = short || m.stock[sku] < n
	}
	if e, ok := errors.AsType[*order.SoldOutError](err); ok && (e.Left != m.stock[e.SKU] || e.Asked != items[e.SKU]) {
		t.Fatalf("sold out: %+v, the model has %d", e, m.stock[e.SKU])
	} else if short != ok || (err == nil) == short {
		t.Fatalf("%v of %v: %v", items, m.stock, err)
	}
	if err != nil {
		return
	}
	for sku, n := range items {
		m.stock[sku] -= n
	}
	m.orders[o.ID] = &modelOrder{items, order.AwaitingMerchant, now.Add(48 * time.Hour)}
	m.ids, m.keys = append(m.ids, o.ID), append(m.keys, r.IdempotencyKey)
}

func (m *model) settle(o *modelOrder, to order.Status) {
	o.status = to
	if to == order.Confirmed {
		return
	}
	for sku, n := range o.items {
		m.stock[sku] += n
	}
}

func (m *model) compare(t *rapid.T, s *shop, orders *order.Service) {
	ps, err := s.catalogue.Products(context.Background(), s.merchant, catalogue.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range ps {
		if sku := p.SKUs[0]; sku.Stock != m.stock[sku.ID] {
			t.Fatalf("stock of %s is %d, the model has %d", sku.ID, sku.Stock, m.stock[sku.ID])
		}
	}
	list, err := orders.List(context.Background(), order.Filter{Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, o := range list {
		if want := m.orders[o.ID]; want != nil {
			if found++; o.Status != want.status {
				t.Fatalf("order %s is %s, the model has %s", o.ID, o.Status, want.status)
			}
		}
	}
	if found != len(m.orders) {
		t.Fatalf("%d orders, the model has %d", found, len(m.orders))
	}
}
