package catalogue

import (
	"strconv"
	"strings"

	"livesrv/internal/fault"
)

// Money is an amount in the currency's minor unit (cents, yen, fils) and its ISO 4217 code. Always integers.
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// MaxAmount bounds a price in minor units, so that no sum of a cart (50 lines of 99) comes near an overflow.
const MaxAmount = 100_000_000_000

// oddExponents are the currencies whose minor unit is not a hundredth, from ISO 4217's list one.
var oddExponents = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0, "UYI": 0,
	"VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
	"CLF": 4, "UYW": 4,
}

// hundredths are the other circulating currencies of ISO 4217's list one.
const hundredths = " AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC " +
	"CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR " +
	"KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK " +
	"PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH " +
	"USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG "

// Exponent is how many decimals a currency's major unit has: 2 for EUR, 0 for JPY, 3 for KWD. ok is false for a code
// that is not a circulating currency.
func Exponent(currency string) (n int, ok bool) {
	if n, ok := oddExponents[currency]; ok {
		return n, true
	}
	return 2, len(currency) == 3 && strings.Contains(hundredths, " "+currency+" ")
}

// CheckCurrency refuses what is not a currency.
func CheckCurrency(code string) error {
	if _, ok := Exponent(code); !ok {
		return noCurrency(code).At("currency")
	}
	return nil
}

func noCurrency(code string) *fault.Error {
	return fault.New(fault.Invalid, "%q is not a currency", code).WithHint("three capital letters of ISO 4217, like EUR or CNY")
}

// Decimal writes the amount in major units with a point: "12.50"; "1200" in a currency without decimals.
func (m Money) Decimal() string {
	exp, _ := Exponent(m.Currency)
	s := strconv.FormatInt(m.Amount, 10)
	if exp == 0 {
		return s
	}
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	if len(s) <= exp {
		s = strings.Repeat("0", exp+1-len(s)) + s
	}
	return sign + s[:len(s)-exp] + "." + s[len(s)-exp:]
}

// String is Decimal and the code: "12.50 EUR".
func (m Money) String() string { return m.Decimal() + " " + m.Currency }

// ParseMoney reads an amount in major units with a decimal point: "12", "12.5", "12.50". It guesses nothing: a comma, a
// thousands separator, a currency sign, a sign or more decimals than the currency has are refused with a hint.
func ParseMoney(s, currency string) (Money, error) {
	exp, ok := Exponent(currency)
	if !ok {
		return Money{}, CheckCurrency(currency)
	}
	whole, frac, point := strings.Cut(s, ".")
	if exp == 0 && (frac == "0" || frac == "00") { // shop programs write yen with two zeros; three would be thousands
		frac, point = "", false
	}
	switch {
	case s == "":
		return Money{}, fault.New(fault.Invalid, "there is no price").WithHint("write it like %s", Money{1250, currency}.Decimal())
	case strings.Contains(s, ","):
		e := fault.New(fault.Invalid, "%q has a comma", s)
		if m, err := ParseMoney(strings.Replace(s, ",", ".", 1), currency); err == nil {
			return Money{}, e.WithHint("decimals are written with a point: %s", m.Decimal())
		}
		return Money{}, e.WithHint("write decimals with a point and thousands without a mark, like %s", Money{125000, currency}.Decimal())
	case !digits(whole) || point && !digits(frac):
		return Money{}, fault.New(fault.Invalid, "%q is not a price", s).WithHint("write digits and at most one point, without a currency's sign, like %s", Money{1250, currency}.Decimal())
	case len(frac) > exp:
		return Money{}, fault.New(fault.Invalid, "%q has more decimals than %s has (%d)", s, currency, exp).WithHint("round it yourself, so that it is the price you mean")
	}
	n, err := strconv.ParseInt(whole+frac+strings.Repeat("0", exp-len(frac)), 10, 64)
	if err != nil || n > MaxAmount {
		return Money{}, fault.New(fault.Invalid, "%q is too much", s).WithHint("the most is %s", Money{MaxAmount, currency})
	}
	return Money{n, currency}, nil
}

func digits(s string) bool {
	return s != "" && len(s) < 19 && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// checkPrice refuses prices that cannot be asked.
func checkPrice(m Money, field string) error {
	if _, ok := Exponent(m.Currency); !ok {
		return noCurrency(m.Currency).At(field)
	}
	if m.Amount < 1 || m.Amount > MaxAmount {
		return fault.New(fault.Invalid, "%s is not a price", m).At(field).WithHint("from %s to %s", Money{1, m.Currency}, Money{MaxAmount, m.Currency})
	}
	return nil
}
