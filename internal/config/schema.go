package config

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// leaf is one setting: a key with dots and the value it sets.
type leaf struct {
	key    string
	value  reflect.Value
	secret bool
}

// env is the name of the environment variable that sets the leaf: rtmp.address is LIVESRV_RTMP_ADDRESS.
func (l leaf) env() string { return envPrefix + strings.ToUpper(strings.ReplaceAll(l.key, ".", "_")) }

// tree is every setting of a configuration, in the order of the fields, over the memory of that
// configuration: setting a leaf changes it.
type tree struct {
	leaves   []leaf
	byKey    map[string]int
	sections map[string]bool // keys that hold other keys; "" is the whole
	// validators are the sections that can tell whether their values are in order.
	validators []validator
}

type validator struct {
	key   string
	value interface{ Validate() error }
}

// newTree reads the yaml tags of the struct that root points to. It panics on a struct that cannot be
// configured, which is a fault of the program that every test of this package meets.
func newTree(root any) *tree {
	t := &tree{byKey: map[string]int{}, sections: map[string]bool{"": true}}
	t.walk("", reflect.ValueOf(root).Elem())
	return t
}

func (t *tree) walk(prefix string, v reflect.Value) {
	if c, ok := v.Addr().Interface().(interface{ Validate() error }); ok {
		t.validators = append(t.validators, validator{prefix, c})
	}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if name == "-" || !field.IsExported() {
			continue
		}
		if name == "" {
			panic(fmt.Sprintf("config: %s.%s has no yaml tag", v.Type(), field.Name))
		}
		key := join(prefix, name)
		if isSection(field.Type) {
			t.sections[key] = true
			t.walk(key, v.Field(i))
			continue
		}
		if kindName(field.Type) == "" {
			panic(fmt.Sprintf("config: %s is of type %s, which cannot be written in a file", key, field.Type))
		}
		t.byKey[key] = len(t.leaves)
		t.leaves = append(t.leaves, leaf{key, v.Field(i), field.Tag.Get("secret") == "true"})
	}
}

// leaf finds a setting by its key.
func (t *tree) leaf(key string) (leaf, bool) {
	i, ok := t.byKey[key]
	if !ok {
		return leaf{}, false
	}
	return t.leaves[i], true
}

// children lists the names that may be written directly below a section, sorted.
func (t *tree) children(section string) []string {
	var names []string
	add := func(key string) {
		rest := key
		if section != "" {
			var ok bool
			if rest, ok = strings.CutPrefix(key, section+"."); !ok {
				return
			}
		}
		if rest != "" && !strings.Contains(rest, ".") {
			names = append(names, rest)
		}
	}
	for key := range t.sections {
		add(key)
	}
	for _, l := range t.leaves {
		add(l.key)
	}
	slices.Sort(names)
	return names
}

// suggest is the nearest known key to one that is not known: among its siblings first, then anywhere.
// It is "" where nothing is near.
func (t *tree) suggest(section, name string) string {
	if near := nearest(name, t.children(section)); near != "" {
		return join(section, near)
	}
	var keys []string
	for _, l := range t.leaves {
		if l.key[strings.LastIndex(l.key, ".")+1:] == name {
			return l.key
		}
		keys = append(keys, l.key)
	}
	return nearest(join(section, name), keys)
}

func join(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func isSection(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !reflect.PointerTo(t).Implements(textType)
}

// kindName is what a value of the type is called in a message, "" for types that cannot be written.
func kindName(t reflect.Type) string {
	switch {
	case t == durationType:
		return "a duration"
	case reflect.PointerTo(t).Implements(textType):
		return "a value of this kind"
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Slice && kindName(t.Elem()) != "":
		return "a list"
	}
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "a switch"
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	}
	return ""
}

// hintFor says how a value of the type is written.
func hintFor(t reflect.Type) string {
	switch kindName(t) {
	case "a duration":
		return "write a number with its unit, such as 500ms, 2s or 1h"
	case "a switch":
		return "write true or false"
	case "a whole number":
		return "write digits alone, such as 20"
	case "a number":
		return "write a number, such as 0.5"
	case "a list":
		return "write [a, b] or one '- ' line each"
	}
	return "write it on one line, in quotes where it has special characters"
}

// set gives v the value that text stands for. The error is for the person who wrote it.
func set(v reflect.Value, text string) error {
	bad := func() error { return fmt.Errorf("%q is not %s", text, kindName(v.Type())) }
	if v.Type() == durationType {
		d, err := time.ParseDuration(text)
		if err != nil {
			return bad()
		}
		v.SetInt(int64(d))
		return nil
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			return bad()
		}
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return bad()
		}
		v.SetBool(text == "true")
	case reflect.Int, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 10, v.Type().Bits())
		if err != nil {
			return bad()
		}
		v.SetInt(n)
	case reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, err := strconv.ParseUint(strings.ReplaceAll(text, "_", ""), 10, v.Type().Bits())
		if err != nil {
			return bad()
		}
		v.SetUint(n)
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			return bad()
		}
		v.SetFloat(f)
	case reflect.Slice:
		return setList(v, splitList(text))
	default:
		return bad()
	}
	return nil
}

// setList gives a slice its elements; an empty list makes it nil, as the defaults write 'none'.
func setList(v reflect.Value, texts []string) error {
	if len(texts) == 0 {
		v.SetZero()
		return nil
	}
	list := reflect.MakeSlice(v.Type(), len(texts), len(texts))
	for i, text := range texts {
		if err := set(list.Index(i), text); err != nil {
			return err
		}
	}
	v.Set(list)
	return nil
}

// splitList reads a list as an environment variable or a flag writes it: a,b,c.
func splitList(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// nearest is the candidate that takes the fewest single-letter edits to reach, "" if that is more than a
// third of the name or more than three.
func nearest(name string, candidates []string) string {
	best, bestDistance := "", min(3, max(1, len(name)/3))+1
	for _, c := range candidates {
		if d := distance(name, c); d < bestDistance || d == bestDistance && best != "" && c < best {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance is Levenshtein's edit distance.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// text is a value as a person writes it.
func text(v reflect.Value) string {
	switch value := v.Interface().(type) {
	case time.Duration:
		return durationText(value)
	case encoding.TextMarshaler:
		if b, err := value.MarshalText(); err == nil {
			return string(b)
		}
	}
	if v.Kind() == reflect.Slice {
		items := make([]string, v.Len())
		for i := range items {
			items[i] = text(v.Index(i))
		}
		return strings.Join(items, ",")
	}
	return fmt.Sprint(v.Interface())
}

// durationText is a duration without the zero units that time.Duration writes: 2m, not 2m0s.
func durationText(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
