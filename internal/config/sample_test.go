package config

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write configs/livesrv.yml anew")

var samplePath = filepath.Join("..", "..", "configs", "livesrv.yml")

const sampleHead = `# livesrv: every setting with its default. A file needs only the lines that differ.
#
# Any key can also be set by an environment variable, rtmp.address by LIVESRV_RTMP_ADDRESS, or on the command
# line by --set rtmp.address=:1935; the command line wins over the environment, the environment over this file.
# Unknown keys and values that do not fit are refused at start. 'livesrv config check' tells without starting,
# 'livesrv config print' shows what is in force and where each value came from.
#
# This file is written from the program by 'go test ./internal/config -update'.
`

// TestSampleFile: configs/livesrv.yml is what the code says, comment by comment and default by default.
func TestSampleFile(t *testing.T) {
	want := sample(t)
	if *update {
		if err := os.WriteFile(samplePath, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(samplePath)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("configs/livesrv.yml is not what the code says; run 'go test ./internal/config -update':\n%s", diff)
	}
}

// TestSampleEqualsDefaults reads the file as an operator's and finds the coded defaults, each from a line.
func TestSampleEqualsDefaults(t *testing.T) {
	loaded, err := Load(Options{File: samplePath})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Default(), loaded.Config); diff != "" {
		t.Errorf("configs/livesrv.yml is not the defaults:\n%s", diff)
	}
	for _, s := range loaded.Settings() {
		if !strings.HasPrefix(s.From, samplePath+":") {
			t.Errorf("%s is not in configs/livesrv.yml: it came from %s", s.Key, s.From)
		}
	}
}

// sample writes the default configuration with each field's doc comment above it.
func sample(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString(sampleHead)
	c := Default()
	writeSample(t, &b, reflect.ValueOf(c), 0)
	return b.Bytes()
}

func writeSample(t *testing.T, b *bytes.Buffer, v reflect.Value, depth int) {
	t.Helper()
	docs := fieldDocs(t, v.Type())
	indent := strings.Repeat("  ", depth)
	last := ""
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if name == "-" || !field.IsExported() {
			continue
		}
		doc := docs[field.Name]
		if isSection(field.Type) {
			b.WriteString("\n")
		}
		if doc == "" && !strings.Contains(last, field.Name) { // one comment may speak of two fields
			t.Errorf("%s.%s has no doc comment: it is the setting's documentation", v.Type(), field.Name)
		}
		last = doc
		for line := range strings.Lines(named(doc, v.Type())) {
			fmt.Fprintf(b, "%s# %s\n", indent, strings.TrimRight(line, "\n"))
		}
		if isSection(field.Type) {
			fmt.Fprintf(b, "%s%s:\n", indent, name)
			writeSample(t, b, v.Field(i), depth+1)
			continue
		}
		fmt.Fprintf(b, "%s%s: %s\n", indent, name, yamlText(v.Field(i)))
	}
}

// named puts the keys of a section in the place of the Go names of its fields.
func named(doc string, section reflect.Type) string {
	doc = strings.TrimSpace(doc)
	for i := range section.NumField() {
		field := section.Field(i)
		if name, _, _ := strings.Cut(field.Tag.Get("yaml"), ","); name != "-" {
			doc = regexp.MustCompile(`(^|[^.\w])`+field.Name+`\b`).ReplaceAllString(doc, "${1}"+name)
		}
	}
	return doc
}

// yamlText is a value as the file writes it.
func yamlText(v reflect.Value) string {
	switch {
	case v.Kind() == reflect.Slice:
		items := make([]string, v.Len())
		for i := range items {
			items[i] = yamlText(v.Index(i))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case v.Kind() == reflect.String:
		if s := v.String(); s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_-./") == "" && s != "true" && s != "false" {
			return s
		}
		return fmt.Sprintf("%q", v.String())
	}
	return text(v)
}

var parsed = map[string][]*ast.File{}

// packageFiles parses the files of a room, for their comments.
func packageFiles(t *testing.T, pkg string) []*ast.File {
	t.Helper()
	if files, ok := parsed[pkg]; ok {
		return files
	}
	dir := filepath.Join("..", "..", filepath.FromSlash(strings.TrimPrefix(pkg, "livesrv/")))
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no Go files in %s", dir)
	}
	var files []*ast.File
	for _, name := range names {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	parsed[pkg] = files
	return files
}

// findType finds the declaration of a type.
func findType(t *testing.T, typ reflect.Type) *ast.TypeSpec {
	t.Helper()
	for _, f := range packageFiles(t, typ.PkgPath()) {
		for _, d := range f.Decls {
			gen, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range gen.Specs {
				if ts, ok := s.(*ast.TypeSpec); ok && ts.Name.Name == typ.Name() {
					return ts
				}
			}
		}
	}
	t.Fatalf("no declaration of %s", typ)
	return nil
}

func fieldDocs(t *testing.T, typ reflect.Type) map[string]string {
	t.Helper()
	ts := findType(t, typ)
	docs := map[string]string{}
	for _, f := range ts.Type.(*ast.StructType).Fields.List {
		doc := f.Doc.Text()
		if doc == "" {
			doc = f.Comment.Text()
		}
		for _, n := range f.Names {
			docs[n.Name] = doc
		}
	}
	return docs
}
