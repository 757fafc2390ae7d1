package catalogue

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"livesrv/internal/fault"
)

func TestDialects(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"handle,title,price,currency":                             "livesrv",
		"Handle;Title;Body (HTML);Variant Price":                  "shopify-legacy",
		"Handle,Title,Option1 Name,Option1 Value,Variant SKU":     "shopify-legacy",
		"Title\tURL handle\tPrice":                                "shopify",
		"Title":                                                   "shopify",
		"\ufeff\"Handle\",\"Title\",\"Variant  Price\"":           "shopify-legacy",
		"sep=;\r\nhandle;title;price;currency":                    "livesrv",
		"title,handle,compare_at_price,\"a;b;c;d;e;f;g;h\",price": "livesrv",
	} {
		sh, err := readSheet(strings.NewReader(header + "\n"))
		if err != nil || sh.name != want {
			t.Errorf("%q: %v, %v; want %s", header, sh, err, want)
		}
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	sh, err := readSheet(strings.NewReader("sep=,\nhandle,title,price,currency\n\na,\"two\nlines\",1,EUR\nb,B,2,EUR"))
	if err != nil {
		t.Fatal(err)
	}
	if len(sh.lines) != 2 || sh.lines[0].Line != 4 || sh.lines[1].Line != 6 {
		t.Errorf("rows %+v, %+v", sh.lines[0].Row, sh.lines[1].Row)
	}
}

func TestPlainText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain\ntext":                    "plain\ntext",
		"a &amp; b":                      "a & b",
		"<p>one</p><p>two</p>":           "one\n\ntwo",
		"one<br>two<br/>three":           "one\ntwo\nthree",
		"<b>bo</b>ld":                    "bold",
		"<i>a</i> <i>b</i>":              "a b",
		"<ul><li>x</li><li>y</li></ul>z": "• x\n• y\n\nz",
		"<script>x</script>y<style>z":    "y",
		"<p>&lt;script&gt;</p>":          "<script>",
		"<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>": "a b\nc",
		"a<!-- no -->b":                     "ab",
		"<div><div><p>deep</p></div></div>": "deep",
		"1 < 2":                             "1 < 2",
		"</script>x":                        "x",
	} {
		if got := plainText(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// FuzzSheet: any bytes are a sheet or a refused file; every line has its number and either clean cells or a reason.
func FuzzSheet(f *testing.F) {
	files, _ := filepath.Glob("testdata/import/*.csv")
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte("sep=;\nhandle;title\n'=a;\"b"))
	f.Fuzz(func(t *testing.T, b []byte) {
		sh, err := readSheet(strings.NewReader(string(b)))
		if err != nil {
			if k := fault.KindOf(err); k != fault.Invalid && k != fault.TooLarge {
				t.Errorf("%v: %v", k, err)
			}
			return
		}
		for _, g := range sh.groups() {
			if !isHandle(g.handle) || len(g.lines) == 0 {
				t.Errorf("group %q of %d lines", g.handle, len(g.lines))
			}
		}
		last := 0
		for _, l := range sh.lines {
			if l.Line <= last || (l.Result == Refused) != (l.Reason != "") {
				t.Errorf("after line %d: %+v", last, l.Row)
			}
			last = l.Line
			for _, c := range l.cells {
				if !utf8.ValidString(c) {
					t.Errorf("line %d has %q", l.Line, c)
				}
			}
			if text := plainText(l.cells[fDescription]); !utf8.ValidString(text) || len(text) > 4*len(l.cells[fDescription]) {
				t.Errorf("%q became %q", l.cells[fDescription], text)
			}
		}
	})
}
