package show_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
	"livesrv/internal/show"
	"livesrv/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

// line is a Timeline: it moves pins to the next half second, as a packager may, and remembers them.
type line struct {
	mu     sync.Mutex
	origin time.Time
	pins   map[show.PinID]show.Pin
	fail   error
	noEdge bool
}

func (l *line) Pin(_ context.Context, p show.Pin) (time.Time, time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return time.Time{}, 0, l.fail
	}
	l.pins[p.ID] = p
	if l.noEdge {
		return p.Start, -1, nil
	}
	start := p.Start.Round(500 * time.Millisecond)
	return start, start.Sub(l.origin), nil
}

func (l *line) Unpin(_ context.Context, p show.Pin) (time.Time, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pins[p.ID] = p
	return p.End.Round(500 * time.Millisecond), l.fail
}

// ear is Events.
type ear struct {
	mu    sync.Mutex
	shows []show.Show
	pins  []show.Pin
}

func (e *ear) ShowChanged(s show.Show) { e.mu.Lock(); e.shows = append(e.shows, s); e.mu.Unlock() }
func (e *ear) PinChanged(p show.Pin)   { e.mu.Lock(); e.pins = append(e.pins, p); e.mu.Unlock() }

type kit struct {
	*show.Service
	catalogue *catalogue.Service
	merchant  catalogue.MerchantID
	line      *line
	ear       *ear
	mu        sync.Mutex
	at        time.Time
}

func (k *kit) now() time.Time { k.mu.Lock(); defer k.mu.Unlock(); return k.at }

func (k *kit) pass(d time.Duration) { k.mu.Lock(); k.at = k.at.Add(d); k.mu.Unlock() }

func newKit(t *testing.T) *kit {
	t.Helper()
	ctx := context.Background()
	db, err := store.Open(ctx, store.Config{Path: filepath.Join(t.TempDir(), "shop.db")}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	k := &kit{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), ear: &ear{}}
	k.line = &line{origin: k.at, pins: map[show.PinID]show.Pin{}}
	c, sh := db.Catalogue(), db.Shows()
	if k.catalogue, err = catalogue.New(catalogue.DefaultConfig(), catalogue.Deps{Merchants: c, Products: c, Prices: c, Images: c, Log: quiet}); err != nil {
		t.Fatal(err)
	}
	m, err := k.catalogue.DefaultMerchant(ctx, "Shop")
	if err != nil {
		t.Fatal(err)
	}
	k.merchant = m.ID
	if k.Service, err = show.New(show.DefaultConfig(), show.Deps{Store: sh, Keys: sh, Pins: sh, Products: k.catalogue, Log: quiet, Now: k.now}); err != nil {
		t.Fatal(err)
	}
	k.SetTimeline(k.line)
	k.SetEvents(k.ear)
	return k
}

// product makes one with choices at these prices.
func (k *kit) product(t *testing.T, title, currency string, prices ...int64) catalogue.Product {
	t.Helper()
	d := catalogue.Draft{Title: title, Options: []string{"Size"}}
	for i, p := range prices {
		d.SKUs = append(d.SKUs, catalogue.SKUDraft{Options: []string{string(rune('S' + i))}, Price: catalogue.Money{Amount: p, Currency: currency}})
	}
	p, err := k.catalogue.Create(context.Background(), k.merchant, d)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// live makes a live show on air with n products.
func (k *kit) live(t *testing.T, n int) (show.Show, []catalogue.Product) {
	t.Helper()
	ctx := context.Background()
	var ps []catalogue.Product
	var ids []catalogue.ProductID
	for i := range n {
		ps = append(ps, k.product(t, "Product "+string(rune('A'+i)), "EUR", 2000, 1500, 1800))
		ids = append(ids, ps[i].ID)
	}
	s, err := k.Create(ctx, show.Draft{Merchant: k.merchant, Title: "Autumn Shoes, Live!", Currency: "EUR", Lineup: ids})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Start(ctx, s.Slug); err != nil {
		t.Fatal(err)
	}
	if s, err = k.SetOnAir(ctx, s.Slug, true, false); err != nil {
		t.Fatal(err)
	}
	return s, ps
}

func refused(t *testing.T, what string, err error, kind fault.Kind, field string) {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != kind || f.Field != field {
		t.Errorf("%s: %v, want %v at %q", what, err, kind, field)
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	s, err := k.Create(ctx, show.Draft{Merchant: k.merchant, Title: " Autumn Shoes, Live! ", Currency: "EUR"})
	if err != nil {
		t.Fatal(err)
	}
	if s.Slug != "autumn-shoes-live" || s.Status != show.Scheduled || len(s.StreamKey) < 20 || s.Ways[0] != show.CashOnDelivery || !s.StartsAt.Equal(k.now()) {
		t.Errorf("%+v", s)
	}
	_, err = k.Create(ctx, show.Draft{Merchant: k.merchant, Title: "Autumn shoes live", Currency: "EUR"})
	refused(t, "the same slug", err, fault.Conflict, "slug")
	_, err = k.Create(ctx, show.Draft{Slug: "b", Merchant: k.merchant, Title: "B", Currency: "EUR", StreamKey: s.StreamKey})
	refused(t, "the same key", err, fault.Conflict, "streamKey")
	if s, err := k.Create(ctx, show.Draft{Merchant: k.merchant, Title: "秋天", Currency: "CNY"}); err != nil || !strings.HasPrefix(string(s.Slug), "show-") {
		t.Errorf("%q, %v", s.Slug, err)
	}
	yen := k.product(t, "Yen", "JPY", 100)
	euro := k.product(t, "Euro", "EUR", 100)
	for field, change := range map[string]func(*show.Draft){
		"title":           func(d *show.Draft) { d.Title = "" },
		"slug":            func(d *show.Draft) { d.Slug = "../x" },
		"merchant":        func(d *show.Draft) { d.Merchant = "" },
		"currency":        func(d *show.Draft) { d.Currency = "EURO" },
		"streamKey":       func(d *show.Draft) { d.StreamKey = "short" },
		"description":     func(d *show.Draft) { d.Description = "a\x00" },
		"ways[0]":         func(d *show.Draft) { d.Ways = []string{"gold"} },
		"ways[1]":         func(d *show.Draft) { d.Ways = []string{show.BankTransfer, show.BankTransfer} },
		"embedOrigins[0]": func(d *show.Draft) { d.EmbedOrigins = []string{"https://a.example/path"} },
		"embedOrigins[1]": func(d *show.Draft) { d.EmbedOrigins = []string{"https://a.example", "https://b.example; script-src *"} },
		"products[0]":     func(d *show.Draft) { d.Lineup = []catalogue.ProductID{"prd_none"} },
		"products[1]":     func(d *show.Draft) { d.Lineup = []catalogue.ProductID{euro.ID, euro.ID} },
	} {
		d := show.Draft{Slug: "c", Merchant: k.merchant, Title: "C", Currency: "EUR"}
		change(&d)
		_, err := k.Create(ctx, d)
		refused(t, field, err, fault.Invalid, field)
	}
	_, err = k.SetLineup(ctx, s.Slug, []catalogue.ProductID{yen.ID})
	refused(t, "another currency", err, fault.Invalid, "products[0]")
	if _, err := k.catalogue.Archive(ctx, euro.ID); err != nil {
		t.Fatal(err)
	}
	_, err = k.SetLineup(ctx, s.Slug, []catalogue.ProductID{euro.ID})
	refused(t, "an archived product", err, fault.Invalid, "products[0]")
}

func TestLife(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	s, err := k.Create(ctx, show.Draft{Slug: "s", Merchant: k.merchant, Title: "S", Currency: "EUR", Ways: []string{show.BankTransfer}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.Admit(ctx, "wrong")
	refused(t, "a wrong key", err, fault.Unauthorized, "")
	_, err = k.Admit(ctx, "")
	refused(t, "no key", err, fault.Unauthorized, "")
	if s, err = k.SetOnAir(ctx, "s", true, true); err != nil || s.OnAir || s.Silent {
		t.Errorf("a scheduled show is on air: %v, %v", s.OnAir, err)
	}
	if s, err = k.Admit(ctx, s.StreamKey); err != nil || s.Status != show.Live || s.StartedAt == nil {
		t.Fatalf("%+v, %v", s, err)
	}
	rev := s.Rev
	if s, err = k.Start(ctx, "s"); err != nil || s.Rev != rev {
		t.Errorf("started again: rev %d, %v", s.Rev, err)
	}
	old := s.StreamKey
	if s, err = k.RotateKey(ctx, "s"); err != nil || s.StreamKey == old {
		t.Fatal(err)
	}
	_, err = k.Admit(ctx, old)
	refused(t, "the old key", err, fault.Unauthorized, "")
	if _, err = k.Admit(ctx, s.StreamKey); err != nil {
		t.Error(err)
	}
	cny := "CNY"
	_, err = k.Update(ctx, "s", show.Patch{Currency: &cny})
	refused(t, "another currency", err, fault.Conflict, "currency")
	title, note := "New", "IBAN"
	if s, err = k.Update(ctx, "s", show.Patch{Title: &title, PaymentNote: &note, EmbedOrigins: []string{"http://localhost:3000"}}); err != nil || s.Title != "New" || s.Ways[0] != show.BankTransfer || s.EmbedOrigins[0] != "http://localhost:3000" {
		t.Errorf("%+v, %v", s, err)
	}
	for _, silent := range []bool{false, true} {
		if s, err = k.SetOnAir(ctx, "s", true, silent); err != nil || !s.OnAir || s.Silent != silent {
			t.Error(s.OnAir, s.Silent, err)
		}
	}
	if s, err = k.End(ctx, "s"); err != nil || s.Status != show.Ended || s.OnAir || s.Silent || s.EndedAt == nil {
		t.Errorf("%+v, %v", s, err)
	}
	rev = s.Rev
	if s, err = k.End(ctx, "s"); err != nil || s.Rev != rev {
		t.Errorf("ended again: rev %d, %v", s.Rev, err)
	}
	_, err = k.Admit(ctx, s.StreamKey)
	refused(t, "an ended show", err, fault.Conflict, "")
	_, err = k.Start(ctx, "s")
	refused(t, "an ended show", err, fault.Conflict, "")
	_, err = k.Get(ctx, "none")
	refused(t, "no show", err, fault.NotFound, "")
	for i, e := range k.ear.shows {
		if e.Rev != int64(i+1) {
			t.Errorf("event %d has rev %d", i, e.Rev)
		}
	}
	if n := int64(len(k.ear.shows)); n != s.Rev {
		t.Errorf("%d events for rev %d", n, s.Rev)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	for i, slug := range []show.Slug{"later", "soon", "over1", "over2", "live"} {
		if _, err := k.Create(ctx, show.Draft{Slug: slug, Merchant: k.merchant, Title: "x", Currency: "EUR", StartsAt: k.now().Add(time.Duration(10-i) * time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, slug := range []show.Slug{"over1", "over2"} {
		k.pass(time.Minute)
		if _, err := k.End(ctx, slug); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.Start(ctx, "live"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		f    show.Filter
		want string
	}{
		{show.Filter{}, "live soon later over2 over1"},
		{show.Filter{Statuses: []show.Status{show.Live, show.Scheduled}}, "live soon later"},
		{show.Filter{Merchant: "mer_other"}, ""},
		{show.Filter{Merchant: k.merchant, Limit: 1}, "live"},
	} {
		list, err := k.List(ctx, c.f)
		var got []string
		for _, s := range list {
			got = append(got, string(s.Slug))
		}
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%+v: %v, %v; want %s", c.f, got, err, c.want)
		}
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	refused(t, "0", show.Config{}.Validate(), fault.Invalid, "window")
	if err := show.DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
}
