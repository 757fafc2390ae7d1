package ui

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"path"
	"strings"
	"testing"
)

// What is vendored is exactly what its authors published: every file has its hash, every folder its licence
// and version, and there is no file beside them.
func TestVendoredFilesAreUnmodified(t *testing.T) {
	folders, err := fs.ReadDir(embedded, "vendor")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		t.Run(f.Name(), func(t *testing.T) { checkVendored(t, path.Join("vendor", f.Name())) })
	}
}

func checkVendored(t *testing.T, folder string) {
	sums := readSums(t, folder)
	for _, must := range []string{"LICENSE", "VERSION"} {
		if sums[must] == "" {
			t.Errorf("%s has no hash", must)
		}
	}
	seen := 0
	err := fs.WalkDir(embedded, folder, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Base(p) == "SHA256SUMS" {
			return err
		}
		seen++
		name := strings.TrimPrefix(p, folder+"/")
		b, err := fs.ReadFile(embedded, p)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(b)
		if got := hex.EncodeToString(sum[:]); got != sums[name] {
			t.Errorf("%s: hash %s, SHA256SUMS says %q", name, got, sums[name])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen != len(sums) {
		t.Errorf("%d files, %d hashes", seen, len(sums))
	}
}

func readSums(t *testing.T, folder string) map[string]string {
	b, err := fs.ReadFile(embedded, folder+"/SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]string{}
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		sum, name, ok := strings.Cut(lines.Text(), "  ")
		if !ok {
			t.Fatalf("SHA256SUMS: %q", lines.Text())
		}
		sums[name] = sum
	}
	return sums
}
