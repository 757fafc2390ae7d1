package catalogue

// Money is an amount in the currency's minor unit (cents, yen, fils) and its ISO 4217 code. Always integers.
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}
