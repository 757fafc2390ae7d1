package arch

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The sizes over which a second room is to be looked for inside.
const (
	maxFileLines     = 500
	maxTestFileLines = 700
	maxFuncLines     = 90
)

const module = "livesrv"

// file is one Go file of the module.
type file struct {
	path string // relative to the module, slashes
	src  []byte
	ast  *ast.File
	fset *token.FileSet
}

func (f file) dir() string { return filepath.ToSlash(filepath.Dir(f.path)) }
func (f file) test() bool  { return strings.HasSuffix(f.path, "_test.go") }
func (f file) lines() int  { return bytes.Count(f.src, []byte("\n")) }
func (f file) gen() bool   { return ast.IsGenerated(f.ast) }

// sources reads every Go file of the module.
func sources(t *testing.T) []file {
	t.Helper()
	root := filepath.Join("..", "..")
	var files []file
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if name == "node_modules" || name == "testdata" || (strings.HasPrefix(name, ".") && path != root) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, path, src, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		files = append(files, file{filepath.ToSlash(rel), src, parsed, fset})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 5 {
		t.Fatalf("only %d Go files found: the test looks in the wrong place", len(files))
	}
	return files
}

// roomOf is the room a package directory lies in.
func roomOf(dir string) (room, bool) {
	var best room
	for _, r := range rooms {
		if under(dir, r.dir) && len(r.dir) > len(best.dir) {
			best = r
		}
	}
	return best, best.dir != ""
}

// under reports whether path is dir or lies below it.
func under(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

// allowed reports whether an import is covered by one of the entries. A room of this module covers exactly
// the packages that lie in it, not the rooms below it.
func allowed(imp string, entries []string) bool {
	local, isLocal := strings.CutPrefix(imp, module+"/")
	for _, e := range entries {
		if !isLocal {
			if under(imp, e) {
				return true
			}
			continue
		}
		if e == "*" {
			return true
		}
		if to, ok := roomOf(local); ok && to.dir == e {
			return true
		}
	}
	return false
}

// isStd reports whether an import is of the standard library: its first element has no dot and it is not ours.
func isStd(imp string) bool {
	first, _, _ := strings.Cut(imp, "/")
	return first != module && !strings.Contains(first, ".")
}

// TestArrows holds the table of ARCHITECTURE.md over the real imports.
func TestArrows(t *testing.T) {
	for _, f := range sources(t) {
		here, ok := roomOf(f.dir())
		if !ok {
			t.Errorf("%s is in no room: add its directory to the table in rooms_test.go and ARCHITECTURE.md, or move it", f.path)
			continue
		}
		for _, spec := range f.ast.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if why := refuse(f, here, imp); why != "" {
				t.Errorf("%s imports %s: %s", f.path, imp, why)
			}
		}
	}
}

// refuse says why a file of a room may not import something, or "".
func refuse(f file, here room, imp string) string {
	if isStd(imp) {
		return ""
	}
	if local, ok := strings.CutPrefix(imp, module+"/"); ok {
		to, known := roomOf(local)
		if !known {
			return "that package is in no room"
		}
		if who, closed := importedOnlyBy[to.dir]; closed && to.dir != here.dir && !f.test() {
			if !slices.ContainsFunc(who, func(w string) bool { return under(f.dir(), w) }) {
				return "only " + strings.Join(append(who, "tests"), ", ") + " may"
			}
		}
		if to.dir == here.dir {
			return ""
		}
	}
	may := here.may
	if f.test() {
		may = slices.Concat(may, here.test, testTools)
	}
	if !allowed(imp, may) {
		return "no such arrow in the table of rooms_test.go and ARCHITECTURE.md"
	}
	return ""
}

// TestPackagerKnowsNoHTTP: the packager is asked by web/hls and never speaks HTTP itself.
func TestPackagerKnowsNoHTTP(t *testing.T) {
	for _, f := range sources(t) {
		if f.test() || !under(f.path, "packager") {
			continue
		}
		for _, spec := range f.ast.Imports {
			if spec.Path.Value == `"net/http"` {
				t.Errorf("%s imports net/http", f.path)
			}
		}
	}
}

// TestSizes holds the sizes over which a file or function wants to be two.
func TestSizes(t *testing.T) {
	for _, f := range sources(t) {
		if f.gen() {
			continue
		}
		limit := maxFileLines
		if f.test() {
			limit = maxTestFileLines
		}
		if n := f.lines(); n > limit {
			t.Errorf("%s has %d lines, over %d: split it", f.path, n, limit)
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || f.test() {
				continue
			}
			n := f.fset.Position(fn.End()).Line - f.fset.Position(fn.Pos()).Line + 1
			if n > maxFuncLines {
				t.Errorf("%s: func %s has %d lines, over %d: split it", f.path, fn.Name.Name, n, maxFuncLines)
			}
		}
	}
}

// TestPackageComments: every package says what it is for.
func TestPackageComments(t *testing.T) {
	has := map[string]bool{}
	for _, f := range sources(t) {
		if f.test() {
			continue
		}
		has[f.dir()] = has[f.dir()] || f.ast.Doc != nil
	}
	for dir, ok := range has {
		if !ok {
			t.Errorf("package %s has no package comment", dir)
		}
	}
}

// TestTableIsDrawn: the table of ARCHITECTURE.md has a line for each room here and none more, and the line
// names every room that may be imported.
func TestTableIsDrawn(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n## Rooms\n")
	if !ok {
		t.Fatal("ARCHITECTURE.md has no section '## Rooms'")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	drawn := map[string]string{}
	for line := range strings.Lines(section) {
		if cell, ok := strings.CutPrefix(line, "| `"); ok {
			dir, rest, _ := strings.Cut(cell, "`")
			drawn[dir] = rest
		}
	}
	for _, r := range rooms {
		line, ok := drawn[r.dir]
		delete(drawn, r.dir)
		if !ok {
			t.Errorf("ARCHITECTURE.md has no line for the room %s", r.dir)
			continue
		}
		for _, to := range r.may {
			if _, isRoom := roomOf(to); isRoom && !strings.Contains(line, "`"+to+"`") {
				t.Errorf("ARCHITECTURE.md: the line of %s does not name %s", r.dir, to)
			}
		}
	}
	for dir := range drawn {
		t.Errorf("ARCHITECTURE.md draws %s, which is no room of rooms_test.go", dir)
	}
}
