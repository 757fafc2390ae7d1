package order_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"livesrv/internal/fault"
	"livesrv/internal/order"
)

func TestListExport(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	var ids []order.ID
	for i := range 4 {
		r := k.request(fmt.Sprintf("key-%05d", i), order.Item{SKU: k.shoes.SKUs[0].ID, Quantity: 1}, order.Item{SKU: k.shoes.SKUs[1].ID, Quantity: 1})
		r.Contact.Name, r.Note = "=HYPERLINK(\"http://evil\")", "@SUM(A1)\nline two"
		o, err := k.Place(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, o.ID)
	}
	if _, err := k.Confirm(ctx, ids[1]); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		f    order.Filter
		want []order.ID
	}{
		{order.Filter{}, []order.ID{ids[3], ids[2], ids[1], ids[0]}},
		{order.Filter{Limit: 2}, []order.ID{ids[3], ids[2]}},
		{order.Filter{Limit: 2, After: ids[2]}, []order.ID{ids[1], ids[0]}},
		{order.Filter{Statuses: []order.Status{order.Confirmed}}, []order.ID{ids[1]}},
		{order.Filter{Show: "other"}, nil},
		{order.Filter{Merchant: "mer_other"}, nil},
		{order.Filter{Merchant: k.merchant, Show: "s", Statuses: []order.Status{order.AwaitingMerchant}, After: ids[3]}, []order.ID{ids[2], ids[0]}},
	} {
		list, err := k.List(ctx, c.f)
		var got []order.ID
		for _, o := range list {
			got = append(got, o.ID)
		}
		if d := cmp.Diff(c.want, got); err != nil || d != "" {
			t.Errorf("%+v: %v\n%s", c.f, err, d)
		}
	}
	_, err := k.List(ctx, order.Filter{Limit: -1})
	refused(t, "limit", err, fault.Invalid, "limit")

	var out bytes.Buffer
	if err := k.ExportCSV(ctx, order.Filter{Merchant: k.merchant}, &out); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(out.String(), "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 9 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	column := map[string]int{}
	for i, h := range rows[0] {
		column[h] = i
	}
	for field, want := range map[string]string{
		"order": string(ids[3]), "title": "Shoes", "options": "M", "quantity": "1", "unit_price": "20.00", "order_total": "30.00", "currency": "EUR",
		"name": "'=HYPERLINK(\"http://evil\")", "phone": "'+49 151 1234567", "note": "'@SUM(A1)\nline two", "status": "awaiting_merchant",
	} {
		if got := rows[2][column[field]]; got != want {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
	}
}
