package ui

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"
)

// tool finds a program that only the tests need. `make test` installs them; without it the test says what is
// missing, and where a build server runs it (CI is set) it fails.
func tool(t *testing.T, path string) string {
	t.Helper()
	found, err := exec.LookPath(path)
	if err == nil {
		if found, err = filepath.Abs(found); err == nil {
			return found
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is missing: %v", path, err)
	}
	t.Skipf("%s is missing: run `make test`, which installs it", path)
	return ""
}

func TestScriptsTypeCheck(t *testing.T) {
	out, err := exec.Command(tool(t, "node_modules/.bin/tsc"), "--noEmit", "--project", ".").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestScripts runs test/*.test.ts with Node's own test runner, bundled as the server bundles the pages.
func TestScripts(t *testing.T) {
	node := tool(t, "node")
	entries, err := filepath.Glob("test/*.test.ts")
	if err != nil || len(entries) == 0 {
		t.Fatalf("no tests: %v", err)
	}
	dir := t.TempDir()
	options := scriptOptions(os.DirFS("."))
	options.EntryPoints = entries
	options.Outdir = dir
	options.OutExtension = map[string]string{".js": ".mjs"}
	options.Platform = api.PlatformNode
	options.MinifyIdentifiers, options.MinifySyntax, options.MinifyWhitespace = false, false, false
	options.Write = true
	if err := failed(api.Build(options).Errors); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(dir + "/*.mjs")
	if err != nil || len(files) != len(entries) {
		t.Fatalf("%d files of %d: %v", len(files), len(entries), err)
	}
	out, err := exec.Command(node, append([]string{"--test", "--test-reporter=spec"}, files...)...).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Log(lastLines(string(out), 8))
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
