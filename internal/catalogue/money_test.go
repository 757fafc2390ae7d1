package catalogue

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"livesrv/internal/fault"
)

var moneyTable = []struct {
	in, currency string
	amount       int64
	hint         string // "" means it is taken
}{
	{"12", "EUR", 1200, ""}, {"12.5", "EUR", 1250, ""}, {"12.50", "EUR", 1250, ""}, {"0.01", "EUR", 1, ""}, {"0", "EUR", 0, ""},
	{"1200", "JPY", 1200, ""}, {"1200.00", "JPY", 1200, ""}, {"1.234", "KWD", 1234, ""}, {"007", "EUR", 700, ""},
	{"1000000000", "EUR", 100_000_000_000, ""},
	{"", "EUR", 0, "12.50"}, {"12,50", "EUR", 0, "12.50"}, {"1,234.50", "EUR", 0, "without a mark"}, {"1.234,50", "EUR", 0, "without a mark"},
	{"12.505", "EUR", 0, "round"}, {"12.500", "JPY", 0, "round"}, {"12.5", "JPY", 0, "round"}, {"€12", "EUR", 0, "sign"}, {"12 EUR", "EUR", 0, "sign"},
	{"-1", "EUR", 0, "digits"}, {"+1", "EUR", 0, "digits"}, {"1e3", "EUR", 0, "digits"}, {".5", "EUR", 0, "digits"}, {"5.", "EUR", 0, "digits"},
	{"1_000", "EUR", 0, "digits"}, {"0x10", "EUR", 0, "digits"}, {"１２", "EUR", 0, "digits"}, {"1.2.3", "EUR", 0, "digits"}, {" 1", "EUR", 0, "digits"},
	{"1000000000.01", "EUR", 0, "most"}, {"99999999999999999999", "EUR", 0, "digits"}, {"12", "EURO", 0, "ISO"}, {"12", "eur", 0, "ISO"}, {"12", "", 0, "ISO"}, {"12", "D E", 0, "ISO"},
}

func TestParseMoney(t *testing.T) {
	t.Parallel()
	for _, c := range moneyTable {
		m, err := ParseMoney(c.in, c.currency)
		if c.hint == "" {
			if err != nil || m != (Money{c.amount, c.currency}) {
				t.Errorf("%q %s: %v, %v", c.in, c.currency, m, err)
			}
			continue
		}
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Kind != fault.Invalid || !strings.Contains(f.Hint, c.hint) {
			t.Errorf("%q %s: %v, %#v; want a hint with %q", c.in, c.currency, m, err, c.hint)
		}
	}
}

// TestMoneyRoundTrip: what Decimal writes, ParseMoney reads as the same amount, in every currency.
func TestMoneyRoundTrip(t *testing.T) {
	t.Parallel()
	codes := strings.Fields(hundredths)
	for c := range oddExponents {
		codes = append(codes, c)
	}
	rapid.Check(t, func(t *rapid.T) {
		m := Money{rapid.Int64Range(0, MaxAmount).Draw(t, "amount"), rapid.SampledFrom(codes).Draw(t, "currency")}
		if got, err := ParseMoney(m.Decimal(), m.Currency); err != nil || got != m {
			t.Fatalf("%v became %v, %v", m, got, err)
		}
	})
	if got := (Money{-5, "EUR"}).String(); got != "-0.05 EUR" {
		t.Errorf("%q", got)
	}
}

func FuzzParseMoney(f *testing.F) {
	for _, c := range moneyTable {
		f.Add(c.in, c.currency)
	}
	f.Fuzz(func(t *testing.T, in, currency string) {
		m, err := ParseMoney(in, currency)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("%v", err)
			}
			return
		}
		if m.Amount < 0 || m.Amount > MaxAmount {
			t.Errorf("%q became %d", in, m.Amount)
		}
		if again, err := ParseMoney(m.Decimal(), currency); err != nil || again != m {
			t.Errorf("%q became %v and then %v, %v", in, m, again, err)
		}
	})
}
