package show

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
)

// The bounds of a show.
const (
	maxLineup  = 200
	maxOrigins = 20
)

// check trims and checks everything that needs no look-up.
func check(sh *Show) error {
	if !sh.Slug.valid() {
		return fault.New(fault.Invalid, "%q cannot be in an address", sh.Slug).At("slug").
			WithHint("1 to 63 of a-z, 0-9 and -, not beginning with -")
	}
	if sh.Merchant == "" {
		return fault.New(fault.Invalid, "a show needs a merchant").At("merchant")
	}
	for _, f := range []struct {
		name  string
		value *string
		max   int
	}{{"title", &sh.Title, 120}, {"description", &sh.Description, 5000}, {"paymentNote", &sh.PaymentNote, 1000}} {
		*f.value = strings.TrimSpace(*f.value)
		if n := utf8.RuneCountInString(*f.value); n > f.max {
			return fault.New(fault.Invalid, "%d characters are too many; %d is the most", n, f.max).At(f.name)
		}
		if strings.ContainsFunc(*f.value, func(r rune) bool { return unicode.IsControl(r) && r != '\n' || r == utf8.RuneError }) {
			return fault.New(fault.Invalid, "there is a character that cannot be printed").At(f.name)
		}
	}
	if sh.Title == "" {
		return fault.New(fault.Invalid, "a show needs a title").At("title")
	}
	if err := catalogue.CheckCurrency(sh.Currency); err != nil {
		return err
	}
	if n := len(sh.StreamKey); n < 20 || n > 64 || strings.Trim(strings.ToLower(sh.StreamKey), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return fault.New(fault.Invalid, "a stream key is 20 to 64 of A-Z, a-z, 0-9, - and _").At("streamKey").WithHint("leave it empty to get a random one")
	}
	if err := checkWays(sh.Ways); err != nil {
		return err
	}
	return checkOrigins(sh.EmbedOrigins)
}

func checkWays(ways []string) error {
	if len(ways) == 0 {
		return fault.New(fault.Invalid, "a show needs a way to pay").At("ways").WithHint("%s or %s", CashOnDelivery, BankTransfer)
	}
	for i, w := range ways {
		if w != CashOnDelivery && w != BankTransfer {
			return fault.New(fault.Invalid, "%q is not a way to pay", w).At(fmt.Sprintf("ways[%d]", i)).WithHint("%s or %s", CashOnDelivery, BankTransfer)
		}
		if slices.Contains(ways[:i], w) {
			return fault.New(fault.Invalid, "%q is there twice", w).At(fmt.Sprintf("ways[%d]", i))
		}
	}
	return nil
}

// checkOrigins takes what a browser sends as Origin and nothing else, for it ends up in a frame-ancestors header.
func checkOrigins(origins []string) error {
	if len(origins) > maxOrigins {
		return fault.New(fault.Invalid, "%d sites are too many; %d is the most", len(origins), maxOrigins).At("embedOrigins")
	}
	for i, o := range origins {
		u, err := url.Parse(o)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.Scheme+"://"+u.Host != o ||
			strings.ToLower(o) != o || strings.Trim(u.Host, "abcdefghijklmnopqrstuvwxyz0123456789.-:[]") != "" {
			return fault.New(fault.Invalid, "%q is not a site's origin", o).At(fmt.Sprintf("embedOrigins[%d]", i)).
				WithHint("like https://shop.example or http://localhost:3000, without a path")
		}
	}
	return nil
}

func (s Slug) valid() bool {
	return len(s) >= 1 && len(s) <= 63 && s[0] != '-' && strings.Trim(string(s), "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// slugOf makes an address from a title: what is not a-z or 0-9 becomes one hyphen. A title without any gets a random one.
func slugOf(title string) Slug {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() == 60 {
			break
		}
	}
	if s := strings.Trim(b.String(), "-"); s != "" {
		return Slug(s)
	}
	return Slug(strings.Replace(catalogue.NewID("show"), "_", "-", 1))
}

// checkLineup looks the products up.
func (s *Service) checkLineup(ctx context.Context, sh Show, ids []catalogue.ProductID) error {
	if len(ids) == 0 {
		return nil
	}
	if len(ids) > maxLineup {
		return fault.New(fault.Invalid, "%d products are too many; %d is the most", len(ids), maxLineup).At("products")
	}
	found, err := s.deps.Products.ProductsByID(ctx, ids)
	if err != nil {
		return err
	}
	for i, id := range ids {
		at := fmt.Sprintf("products[%d]", i)
		j := slices.IndexFunc(found, func(p catalogue.Product) bool { return p.ID == id })
		switch {
		case slices.Contains(ids[:i], id):
			return fault.New(fault.Invalid, "a product is in the line-up twice").At(at)
		case j < 0 || found[j].Merchant != sh.Merchant:
			return fault.New(fault.Invalid, "there is no product %q", id).At(at)
		case found[j].Archived && !slices.Contains(sh.Lineup, id): // one that was archived meanwhile may stay
			return fault.New(fault.Invalid, "%q is archived", found[j].Title).At(at).WithHint("bring it back first")
		}
		for _, sku := range found[j].SKUs {
			if sku.Price.Currency != sh.Currency {
				return fault.New(fault.Invalid, "%q is priced in %s, the show in %s", found[j].Title, sku.Price.Currency, sh.Currency).At(at)
			}
		}
	}
	return nil
}
