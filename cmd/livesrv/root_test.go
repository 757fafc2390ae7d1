package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestUsage is the table of wrong usage: nothing is tried, the code is 2, and the way out is named.
func TestUsage(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"shw"}, `livesrv has no command "shw"; did you mean show?`},
		{[]string{"show", "lst"}, `livesrv show has no command "lst"; did you mean list?`},
		{[]string{"pin", "demo"}, "something is missing: livesrv pin SHOW PRODUCT"},
		{[]string{"serve", "now"}, `"now" is one word too many: livesrv serve`},
		{[]string{"show", "list", "--nope"}, "unknown flag: --nope"},
		{[]string{"order", "list", "--limit", "many"}, `invalid argument "many"`},
		{[]string{"pin", "a", "b", "--at", "soon"}, `"soon" is no time`},
		{[]string{"pin", "a", "b", "--at", "2027-01-01 10:00", "--ago", "2s"}, "[at ago]"},
		{[]string{"show", "list", "--server", "nowhere"}, `"nowhere" is no server`},
		{[]string{"config", "check", "--set", "nothing"}, "no key=value"},
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			r := command(t, "", nil, tt.args...)
			r.fails(t, exitUsage, tt.want, "--help' for usage.")
			if r.out != "" {
				t.Errorf("printed %q", r.out)
			}
		})
	}
}

// TestHelp: every command explains itself, and those that do something show how.
func TestHelp(t *testing.T) {
	t.Chdir(t.TempDir())
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Short == "" {
			t.Errorf("%s has no short help", cmd.CommandPath())
		}
		group := len(cmd.Commands()) > 0
		if !group && cmd.Example == "" {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		for line := range strings.Lines(cmd.Example) {
			example := strings.TrimSpace(line)
			if !strings.Contains(example, cmd.CommandPath()) && !strings.Contains(example, "livesrv") {
				t.Errorf("%s: the example %q is of something else", cmd.CommandPath(), example)
			}
		}
		if r := command(t, "", nil, append(strings.Fields(cmd.CommandPath())[1:], "--help")...); r.code != exitFine || !strings.Contains(r.out, "Usage:") {
			t.Errorf("%s --help: code %d\n%s%s", cmd.CommandPath(), r.code, r.out, r.err)
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(console{}))
}

// TestConfigCommands: check says all that is wrong at once, print where values came from, and the sample is in order.
func TestConfigCommands(t *testing.T) {
	t.Chdir(t.TempDir())
	if out := command(t, "", nil, "config", "check").fine(t); !strings.Contains(out, "no file, so the defaults") {
		t.Errorf("got %q", out)
	}
	command(t, "", []string{"LIVESRV_LOG_LEVLE=x"}, "config", "check", "--set", "packager.part_duration=9s").
		fails(t, exitFailed, "did you mean LIVESRV_LOG_LEVEL?")
	command(t, "", nil, "config", "check", "--set", "packager.part_duration=9s").
		fails(t, exitFailed, "--set: packager.part_duration: 9s is out of range")
	command(t, "", nil, "config", "check", "--config", "missing.yml").fails(t, exitFailed, "missing.yml does not exist", "config print --sample")

	sample := writeFile(t, "livesrv.yml", command(t, "", nil, "config", "print", "--sample").fine(t))
	if out := command(t, "", nil, "config", "check", "--config", sample).fine(t); !strings.Contains(out, sample) {
		t.Errorf("got %q", out)
	}
	if out := command(t, "", nil, "config", "check", "--set", "transcode.ffmpeg=no-such-ffmpeg").fine(t); !strings.Contains(out, "ffmpeg was not found") {
		t.Errorf("got %q", out)
	}
	type setting struct{ Key, Value, From string }
	got := decode[[]setting](t, command(t, "", []string{"LIVESRV_DATA_DIR=/srv"}, "config", "print", "--json", "--http", ":9999").fine(t))
	found := map[string]setting{}
	for _, s := range got {
		found[s.Key] = s
	}
	for _, want := range []setting{
		{"data.dir", "/srv", "LIVESRV_DATA_DIR"}, {"http.address", ":9999", "--http"}, {"rtmp.address", ":1935", "default"},
	} {
		if found[want.Key] != want {
			t.Errorf("got %+v, want %+v", found[want.Key], want)
		}
	}
	if out := command(t, "", nil, "config", "print").fine(t); !strings.Contains(out, "KEY") || !strings.Contains(out, `":1935"`) {
		t.Errorf("the table lacks what it should have:\n%s", out)
	}
}

// TestVersion prints what was built.
func TestVersion(t *testing.T) {
	if out := command(t, "", nil, "version").fine(t); !strings.HasPrefix(out, "livesrv ") {
		t.Errorf("got %q", out)
	}
	if b := decode[build](t, command(t, "", nil, "version", "--json").fine(t)); b.Version == "" || b.Go == "" {
		t.Errorf("got %+v", b)
	}
}

// TestNoServer: a command that finds no server says where it looked.
func TestNoServer(t *testing.T) {
	command(t, "", nil, "show", "list", "--server", "http://127.0.0.1:1").
		fails(t, exitFailed, "no server answers at http://127.0.0.1:1", "--server or LIVESRV_SERVER")
	command(t, "", nil, "health", "--http", "127.0.0.1:1").fails(t, exitFailed, "no server answers at http://127.0.0.1:1/readyz")
}
