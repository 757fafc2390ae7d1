package playlist

import "time"

// DateRange is EXT-X-DATERANGE. ID and Start never change; End may be added once (bis §4.4.5.1).
type DateRange struct {
	// ID and Class must be Quotable; Class may be "".
	ID, Class string
	Start     time.Time
	// End is zero where it is not known yet.
	End   time.Time
	Attrs []Attr
}

// Attr is a client-defined attribute with a quoted value.
type Attr struct{ Name, Value string }

// Append appends the tag.
func (d *DateRange) Append(b []byte) []byte {
	b = append(b, "#EXT-X-DATERANGE:"...)
	b = quoted(b, "ID", d.ID)
	b = quoted(b, "CLASS", d.Class)
	b = append(attr(b, "START-DATE"), '"')
	b = append(dateTime(b, d.Start), '"')
	if !d.End.IsZero() {
		b = append(attr(b, "END-DATE"), '"')
		b = append(dateTime(b, d.End), '"')
	}
	for _, a := range d.Attrs {
		if AttributeName(a.Name) {
			b = quoted(b, a.Name, a.Value)
		}
	}
	return append(b, '\n')
}
