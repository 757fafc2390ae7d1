package catalogue

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// plainText gives the words of an HTML description: paragraphs and list items on lines of their own, no markup, no
// scripts. What it gives is text, to be escaped like any other where it is shown.
func plainText(s string) string {
	if !strings.ContainsAny(s, "<&") {
		return s
	}
	var b textBuilder
	z := html.NewTokenizer(strings.NewReader(s))
	skip := 0 // inside elements whose content is not for people
	for {
		kind := z.Next()
		if kind == html.ErrorToken { // the end: a tokenizer of a string has no other error
			return strings.TrimSpace(b.String())
		}
		if kind == html.TextToken && skip == 0 {
			b.words(string(z.Text()))
		}
		if kind != html.StartTagToken && kind != html.EndTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		name, _ := z.TagName()
		switch tag := atom.Lookup(name); tag {
		case atom.Script, atom.Style, atom.Template, atom.Noscript, atom.Title, atom.Iframe, atom.Textarea, atom.Object:
			if kind == html.StartTagToken {
				skip++
			} else if kind == html.EndTagToken {
				skip = max(0, skip-1)
			}
		case atom.Br:
			b.line(1)
		case atom.Li:
			b.line(1)
			if kind == html.StartTagToken {
				b.words("• ")
			}
		case atom.Tr, atom.Div, atom.Dt, atom.Dd:
			b.line(1)
		case atom.Td, atom.Th:
			b.words(" ")
		case atom.P, atom.Ul, atom.Ol, atom.Table, atom.Blockquote, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6,
			atom.Section, atom.Article, atom.Hr, atom.Pre, atom.Dl:
			b.line(2)
		}
	}
}

// textBuilder joins words with single spaces and blocks with at most one empty line.
type textBuilder struct {
	strings.Builder
	space bool // owed before the next word
	lines int  // owed before the next word
}

func (b *textBuilder) line(n int) { b.lines = max(b.lines, n) }

func (b *textBuilder) words(s string) {
	for i, w := range strings.Fields(s) {
		switch {
		case b.Len() == 0:
		case b.lines > 0:
			b.WriteString(strings.Repeat("\n", b.lines))
		case b.space || i > 0 || strings.TrimLeft(s, " \t\r\n\u00a0") != s:
			b.WriteByte(' ')
		}
		b.WriteString(w)
		b.lines, b.space = 0, false
	}
	if strings.TrimRight(s, " \t\r\n\u00a0") != s {
		b.space = true
	}
}
