package app

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestMetricsAreDocumented: every metric has its line in the README, with its type and its labels.
func TestMetricsAreDocumented(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]string{}
	for line := range strings.Lines(string(readme)) {
		if name, rest, ok := strings.Cut(strings.TrimPrefix(line, "| `"), "` |"); ok && strings.HasPrefix(name, "livesrv_") {
			lines[name] = rest
		}
	}
	described := regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: \{([^}]*)\}`)
	for _, m := range allMetrics {
		d := described.FindStringSubmatch(m.desc.String())
		if d == nil {
			t.Fatalf("a metric describes itself in another way: %s", m.desc)
		}
		line, ok := lines[d[1]]
		delete(lines, d[1])
		if !ok {
			t.Errorf("README.md says nothing of %s", d[1])
			continue
		}
		if counter := strings.HasSuffix(d[1], "_total"); strings.Contains(line, " counter ") != counter {
			t.Errorf("%s is of another type in README.md: %s", d[1], line)
		}
		for label := range strings.SplitSeq(d[2], ",") {
			if !strings.Contains(line, label) {
				t.Errorf("README.md does not name the label %s of %s", label, d[1])
			}
		}
	}
	delete(lines, "livesrv_build_info") // made in newMetrics
	for name := range lines {
		t.Errorf("README.md tells of %s, which there is not", name)
	}
}
