package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// write puts a file named livesrv.yml into a new working directory and moves there.
func write(t *testing.T, text string) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("livesrv.yml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestRefusals is the table of what operators get wrong and what they are told.
func TestRefusals(t *testing.T) {
	tests := []struct {
		name, file string
		env        []string
		set        []string
		want       string
	}{
		{name: "unknown key", file: "log:\n  levle: debug\n",
			want: "livesrv.yml:2: log.levle: unknown key; did you mean log.level?"},
		{name: "unknown section", file: "loging:\n  level: debug\n",
			want: "livesrv.yml:1: loging: unknown key; 'livesrv config print' lists every key"},
		{name: "key in the wrong place", file: "level: debug\n",
			want: "livesrv.yml:1: level: unknown key; did you mean log.level?"},
		{name: "nothing near", file: "quux: 1\n",
			want: "livesrv.yml:1: quux: unknown key; 'livesrv config print' lists every key"},
		{name: "not a duration", file: "stop:\n  timeout: 10\n",
			want: `livesrv.yml:2: stop.timeout: "10" is not a duration; write a number with its unit, such as 500ms, 2s or 1h`},
		{name: "out of range", file: "stop:\n  timeout: 1h\n",
			want: "livesrv.yml:2: stop.timeout: 1h0m0s is out of range; write a duration between 1s and 5m"},
		{name: "no such choice", file: "log:\n  level: loud\n",
			want: `livesrv.yml:2: log.level: "loud" is no log level; write debug, info, warn or error`},
		{name: "list for a text", file: "log:\n  level: [debug]\n",
			want: "livesrv.yml:2: log.level: a text is wanted here; write it on one line, in quotes where it has special characters"},
		{name: "value for a section", file: "log: debug\n",
			want: "livesrv.yml:1: log: a section is wanted here, not a value; write 'key: value' lines"},
		{name: "no value", file: "log:\n  level:\n",
			want: "livesrv.yml:2: log.level: has no value; give it one or take the line out"},
		{name: "twice", file: "log:\n  level: info\n  level: debug\n",
			want: "livesrv.yml:3: level: written twice; keep one of the two"},
		{name: "anchor", file: "log:\n  level: &a info\n",
			want: "livesrv.yml:2: log.level: a text is wanted here; write it on one line, in quotes where it has special characters"},
		{name: "two documents", file: "log:\n  level: info\n---\nlog:\n  level: debug\n",
			want: "livesrv.yml: the file holds several documents; write one, without '---' lines between"},
		{name: "unknown variable", env: []string{"LIVESRV_LOG_LEVLE=debug"},
			want: "LIVESRV_LOG_LEVLE: unknown environment variable; did you mean LIVESRV_LOG_LEVEL?"},
		{name: "bad variable", env: []string{"LIVESRV_STOP_TIMEOUT=soon"},
			want: `LIVESRV_STOP_TIMEOUT: stop.timeout: "soon" is not a duration; write a number with its unit, such as 500ms, 2s or 1h`},
		{name: "variable out of range", file: "stop:\n  timeout: 3s\n", env: []string{"LIVESRV_STOP_TIMEOUT=1ms"},
			want: "LIVESRV_STOP_TIMEOUT: stop.timeout: 1ms is out of range; write a duration between 1s and 5m"},
		{name: "unknown flag key", set: []string{"log.levle=debug"},
			want: "--set: log.levle: unknown key; did you mean log.level?"},
		{name: "flag names a section", set: []string{"stop=5s"},
			want: "--set: stop: is a section; name one of its keys, such as stop.timeout"},
		{name: "bad flag", set: []string{"admin.address=nowhere"},
			want: `--set: admin.address: "nowhere" is no address to listen on; write host:port, such as 127.0.0.1:9090`},
		{name: "all at once", file: "log:\n  levle: debug\nquux: 1\n", env: []string{"LIVESRV_STOP_TIMEOUT=soon"},
			want: "livesrv.yml:2: log.levle: unknown key; did you mean log.level?\n" +
				"livesrv.yml:3: quux: unknown key; 'livesrv config print' lists every key\n" +
				`LIVESRV_STOP_TIMEOUT: stop.timeout: "soon" is not a duration; write a number with its unit, such as 500ms, 2s or 1h`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			write(t, tt.file)
			_, err := Load(Options{Environ: tt.env, Flags: flags(t, tt.set)})
			if err == nil {
				t.Fatal("accepted")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func flags(t *testing.T, set []string) []Flag {
	t.Helper()
	var out []Flag
	for _, s := range set {
		f, err := ParseSet(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f)
	}
	return out
}

// TestBrokenYAML: text that is no YAML is refused with its line.
func TestBrokenYAML(t *testing.T) {
	write(t, "log:\n  level: \"debug\n")
	_, err := Load(Options{})
	if err == nil || !strings.HasPrefix(err.Error(), "livesrv.yml:2: ") {
		t.Fatalf("got %v", err)
	}
}

// TestOrder: flags over environment over file over defaults, and each value says where it came from.
func TestOrder(t *testing.T) {
	write(t, "log:\n  level: debug\n  format: json\nstop:\n  timeout: 3s\nadmin:\n")
	loaded, err := Load(Options{
		Environ: []string{"LIVESRV_LOG_FORMAT=text", "LIVESRV_STOP_TIMEOUT=4s", "HOME=/root", "LIVESRV_TOKEN=x", "LIVESRV_SERVER=y"},
		Flags:   flags(t, []string{"stop.timeout=2m"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	c := loaded.Config
	if c.Log.Level != "debug" || c.Log.Format != "text" || c.Stop.Timeout != 2*time.Minute {
		t.Errorf("got %+v", c)
	}
	got := map[string]string{}
	for _, s := range loaded.Settings() {
		got[s.Key] = s.Value + " from " + s.From
	}
	for key, want := range map[string]string{
		"log.level":     "debug from livesrv.yml:2",
		"log.format":    "text from LIVESRV_LOG_FORMAT",
		"stop.timeout":  "2m from --set",
		"admin.address": "127.0.0.1:9090 from default",
	} {
		if got[key] != want {
			t.Errorf("%s: got %q, want %q", key, got[key], want)
		}
	}
}

// TestFiles: a named file must be there, the usual one need not.
func TestFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	if loaded, err := Load(Options{}); err != nil || loaded.File != "" {
		t.Fatalf("without a file: %v", err)
	}
	_, err := Load(Options{File: "else.yml"})
	if err == nil || err.Error() != "the configuration file else.yml does not exist" {
		t.Errorf("named file: got %v", err)
	}
	if _, err = Load(Options{Environ: []string{"LIVESRV_CONFIG=env.yml"}}); err == nil {
		t.Error("the file that LIVESRV_CONFIG names is missing and nobody said so")
	}
	if err := os.WriteFile("env.yml", []byte("log:\n  level: warn\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(Options{Environ: []string{"LIVESRV_CONFIG=env.yml"}})
	if err != nil || loaded.Config.Log.Level != "warn" || loaded.File != "env.yml" {
		t.Errorf("got %+v, %v", loaded, err)
	}
	if _, err := Load(Options{File: t.TempDir()}); err == nil {
		t.Error("a directory is no file")
	}
	big := filepath.Join(t.TempDir(), "big.yml")
	if err := os.WriteFile(big, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(Options{File: big}); err == nil {
		t.Error("a file over the bound was read")
	}
}

// TestOrchestrators: what Kubernetes sets for a service named livesrv is nobody's mistake.
func TestOrchestrators(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, err := Load(Options{Environ: []string{
		"LIVESRV_SERVICE_HOST=10.0.0.1", "LIVESRV_SERVICE_PORT=8080", "LIVESRV_SERVICE_PORT_HTTP=8080",
		"LIVESRV_PORT=tcp://10.0.0.1:8080", "LIVESRV_PORT_8080_TCP=tcp://10.0.0.1:8080",
		"LIVESRV_PORT_8080_TCP_ADDR=10.0.0.1",
	}}); err != nil {
		t.Error(err)
	}
}

// TestTypes: every kind of value that a room may declare is read and refused, and secrets stay masked.
func TestTypes(t *testing.T) {
	type inner struct {
		Secret string        `yaml:"secret" secret:"true"`
		On     bool          `yaml:"on"`
		Count  int           `yaml:"count"`
		Size   uint32        `yaml:"size"`
		Ratio  float64       `yaml:"ratio"`
		Wait   time.Duration `yaml:"wait"`
		Names  []string      `yaml:"names"`
		Skip   string        `yaml:"-"`
	}
	type outer struct {
		Inner inner `yaml:"inner"`
	}
	read := func(yaml string) (outer, *loader) {
		var o outer
		l := &loader{Loaded: &Loaded{origins: map[string]string{}, tree: newTree(&o)}}
		l.readYAML("f.yml", []byte(yaml))
		return o, l
	}
	o, l := read("inner:\n  secret: hush\n  on: true\n  count: -1_000\n  size: 7\n  ratio: 0.5\n  wait: 90s\n  names: [a, 'b c']\n")
	if len(l.problems) > 0 {
		t.Fatal(l.problems)
	}
	want := outer{inner{Secret: "hush", On: true, Count: -1000, Size: 7, Ratio: 0.5, Wait: 90 * time.Second, Names: []string{"a", "b c"}}}
	if diff := cmp.Diff(want, o); diff != "" {
		t.Error(diff)
	}
	var values []string
	for _, s := range l.Settings() {
		values = append(values, s.Value)
	}
	if got := strings.Join(values, " "); got != Mask+" true -1000 7 0.5 1m30s a,b c" {
		t.Errorf("printed as %q", got)
	}
	for _, bad := range []string{"on: yes", "count: 1.5", "size: -1", "size: 5000000000", "ratio: much", "ratio: .inf", "names: a", "names: [[a]]", "1: 2", "names: {a: b}"} {
		if _, l := read("inner:\n  " + bad + "\n"); len(l.problems) != 1 {
			t.Errorf("%s: %d problems, want 1", bad, len(l.problems))
		}
	}
}

// TestSetSyntax: --set wants key=value.
func TestSetSyntax(t *testing.T) {
	for _, bad := range []string{"", "log.level", "=debug"} {
		if _, err := ParseSet(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

// FuzzYAML: no file brings the reader down, and what it refuses it says where.
func FuzzYAML(f *testing.F) {
	sample, err := os.ReadFile(samplePath)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(sample))
	for _, s := range []string{"", "a", "log:\n  level: info", "? a\n: b", "<<: *x", "- a\n- b", "log: {level: debug}", "log:\n\t- x", "\"log\":\n  \"level\": 'x'", "%YAML 1.2\n---\n", "log: !!map {}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := Default()
		l := &loader{Loaded: &Loaded{origins: map[string]string{}, tree: newTree(&c)}}
		l.readYAML("f.yml", []byte(text))
		for _, p := range l.problems {
			if !strings.HasPrefix(p.String(), "f.yml") || p.Msg == "" {
				t.Errorf("problem without place or words: %q", p)
			}
		}
	})
}
