package rtmp

import (
	"encoding/json"
	"math"

	"github.com/bluenviron/gortmplib/pkg/amf0"

	"livesrv/internal/fault"
)

// maxData bounds AMF messages: gortmplib's decoder calls itself for every level of nesting, and a level
// costs five bytes.
const maxData = 64 << 10

// maxDepth is how deep nested values are carried into JSON.
const maxDepth = 16

// parseAMF reads an AMF0 body. Messages of the AMF3 types carry AMF0 after one byte of 0.
func parseAMF(typ byte, body []byte) (amf0.Data, error) {
	if len(body) > maxData {
		return nil, fault.New(fault.TooLarge, "an AMF message of %d bytes is over the limit of %d", len(body), maxData)
	}
	if (typ == typeDataAMF3 || typ == typeCommandAMF3) && len(body) > 0 && body[0] == 0 {
		body = body[1:]
	}
	d, err := amf0.Unmarshal(body)
	if err != nil {
		return nil, fault.New(fault.Invalid, "an AMF message cannot be read").Because(err)
	}
	return d, nil
}

// fields gives an AMF object's fields, whichever of its two forms it came in.
func fields(v any) (amf0.Object, bool) {
	switch v := v.(type) {
	case amf0.Object:
		return v, true
	case amf0.ECMAArray:
		return amf0.Object(v), true
	}
	return nil, false
}

// dataName splits a data message into its name and its values; encoders put @setDataFrame before metadata.
func dataName(d amf0.Data) (name string, values amf0.Data) {
	if len(d) > 0 && d[0] == "@setDataFrame" {
		d = d[1:]
	}
	if len(d) == 0 {
		return "", nil
	}
	name, _ = d[0].(string)
	return name, d[1:]
}

// dataJSON writes the values of a data message as JSON: the value itself where there is one, else a list.
func dataJSON(values amf0.Data) ([]byte, error) {
	if len(values) == 1 {
		return json.Marshal(plain(values[0], maxDepth))
	}
	return json.Marshal(plain(amf0.StrictArray(values), maxDepth))
}

// plain turns AMF values into what encoding/json knows. What JSON cannot say becomes null.
func plain(v any, depth int) any {
	if depth == 0 {
		return nil
	}
	switch v := v.(type) {
	case bool, string:
		return v
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		return v
	case amf0.StrictArray:
		list := make([]any, len(v))
		for i, x := range v {
			list[i] = plain(x, depth-1)
		}
		return list
	}
	if o, ok := fields(v); ok {
		m := make(map[string]any, len(o))
		for _, f := range o {
			m[f.Key] = plain(f.Value, depth-1)
		}
		return m
	}
	return nil
}
