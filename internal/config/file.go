package config

import (
	"fmt"
	"os"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxFile bounds a configuration file: what is larger is something else.
const maxFile = 1 << 20

// readFile puts the settings of a YAML file into the tree.
func (l *loader) readFile(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if info.IsDir() || info.Size() > maxFile {
		return fmt.Errorf("%s is no configuration file: it is a directory or larger than 1 MB", name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	l.readYAML(name, text)
	return nil
}

func (l *loader) readYAML(name string, text []byte) {
	l.name = name
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		l.syntax(err)
		return
	}
	if len(file.Docs) > 1 {
		l.add(Problem{Where: name, Msg: "the file holds several documents", Hint: "write one, without '---' lines between"})
		return
	}
	for _, doc := range file.Docs {
		if doc.Body != nil {
			l.section("", doc.Body)
		}
	}
}

// syntax reports what is no YAML at all.
func (l *loader) syntax(err error) {
	p := Problem{Where: l.name, Msg: err.Error(), Hint: "settings are written 'key: value', indented by two spaces below their section"}
	if e, ok := err.(interface {
		GetToken() *token.Token
		GetMessage() string
	}); ok {
		p.Where, p.Msg = l.at(e.GetToken()), e.GetMessage()
		if strings.Contains(p.Msg, "already defined") {
			p.Key, p.Msg, p.Hint = e.GetToken().Value, "written twice", "keep one of the two"
		}
	}
	l.add(p)
}

// at is the place of a token for a person: file:line.
func (l *loader) at(t *token.Token) string {
	if t == nil || t.Position == nil {
		return l.name
	}
	return fmt.Sprintf("%s:%d", l.name, t.Position.Line)
}

// section reads a mapping whose keys lie below the given section.
func (l *loader) section(section string, node ast.Node) {
	var pairs []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	case *ast.NullNode, *ast.CommentGroupNode:
		return // a section whose every key is commented out
	default:
		l.add(Problem{Key: section, Where: l.at(node.GetToken()), Msg: "a section is wanted here, not a value",
			Hint: "write 'key: value' lines"})
		return
	}
	for _, pair := range pairs {
		l.pair(section, pair)
	}
}

func (l *loader) pair(section string, pair *ast.MappingValueNode) {
	name := pair.Key.GetToken().Value
	key, where := join(section, name), l.at(pair.Key.GetToken())
	if _, ok := pair.Key.(*ast.StringNode); !ok {
		l.add(Problem{Key: key, Where: where, Msg: "unknown key", Hint: "merge keys, anchors and numbers are no keys here"})
		return
	}
	if l.tree.sections[key] && key != "" {
		l.section(key, pair.Value)
		return
	}
	lf, ok := l.tree.leaf(key)
	if !ok {
		l.unknown(key, where, section, name)
		return
	}
	l.value(lf, where, pair.Value)
}

// value gives a leaf what a node says.
func (l *loader) value(lf leaf, where string, node ast.Node) {
	want := func() Problem {
		return Problem{Key: lf.key, Where: where, Msg: fmt.Sprintf("%s is wanted here", kindName(lf.value.Type())),
			Hint: hintFor(lf.value.Type())}
	}
	if kindName(lf.value.Type()) == "a list" {
		list, ok := node.(*ast.SequenceNode)
		if !ok {
			l.add(want())
			return
		}
		var texts []string
		for _, item := range list.Values {
			text, ok := scalar(item)
			if !ok {
				l.add(want())
				return
			}
			texts = append(texts, text)
		}
		l.assigned(lf, where, setList(lf.value, texts))
		return
	}
	if _, null := node.(*ast.NullNode); null {
		l.add(Problem{Key: lf.key, Where: where, Msg: "has no value", Hint: "give it one or take the line out"})
		return
	}
	text, ok := scalar(node)
	if !ok {
		l.add(want())
		return
	}
	l.assigned(lf, where, set(lf.value, text))
}

// scalar is the text of a single value as it was written.
func scalar(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return node.GetToken().Value, true
	}
	return "", false
}
