package config

import (
	"cmp"
	"errors"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"livesrv/internal/fault"
)

const envPrefix = "LIVESRV_"

// DefaultFile is read where no other file is named; it may be absent.
const DefaultFile = "livesrv.yml"

// Environment variables that are no settings: where the file is, and how the commands reach a server.
const (
	EnvFile   = "LIVESRV_CONFIG"
	EnvServer = "LIVESRV_SERVER"
	EnvToken  = "LIVESRV_TOKEN"
)

// orchestrator matches the variables that Kubernetes and Docker links set by themselves in every container
// beside a service that happens to be named livesrv. They are nobody's mistake.
var orchestrator = regexp.MustCompile(`^LIVESRV_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT|NAME|PORT_[0-9]+_(TCP|UDP)(_(ADDR|PORT|PROTO))?)$`)

// Options say where settings are read from.
type Options struct {
	// File is the file to read. "" reads LIVESRV_CONFIG's, else DefaultFile where there is one.
	File string
	// Environ is the environment as os.Environ gives it.
	Environ []string
	// Flags are settings given on the command line; they win over everything else.
	Flags []Flag
}

// Flag is one setting from the command line.
type Flag struct {
	// Name is the flag as it was written, for messages: "--http" or "--set".
	Name string
	// Key and Value are the setting.
	Key, Value string
}

// ParseSet reads the 'key=value' of a --set flag.
func ParseSet(text string) (Flag, error) {
	key, value, ok := strings.Cut(text, "=")
	if !ok || key == "" {
		return Flag{}, fault.New(fault.Invalid, "--set %s: no key=value", text).WithHint("write it as in --set rtmp.address=:1935")
	}
	return Flag{Name: "--set", Key: strings.TrimSpace(key), Value: value}, nil
}

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	Key   string // the setting, "" where the whole file is meant
	Where string // file:line, the environment variable, the flag, or "default"
	Msg   string
	Hint  string
}

// String is the problem on one line.
func (p Problem) String() string {
	var b strings.Builder
	for _, part := range []string{p.Where, p.Key} {
		if part != "" {
			b.WriteString(part + ": ")
		}
	}
	b.WriteString(p.Msg)
	if p.Hint != "" {
		b.WriteString("; " + p.Hint)
	}
	return b.String()
}

// Problems is every problem of a configuration at once, so that it can be mended in one go.
type Problems []Problem

// Error is one problem a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Loaded is a configuration and where each of its values came from.
type Loaded struct {
	Config Config
	// File is the file that was read, "" for none.
	File    string
	tree    *tree
	origins map[string]string
}

// loader collects values and problems.
type loader struct {
	*Loaded
	name     string // the file being read
	problems Problems
}

// Load reads a configuration: defaults, then the file, then the environment, then the flags. The error is
// Problems where the settings themselves are wrong.
func Load(o Options) (*Loaded, error) {
	l := &loader{Loaded: &Loaded{Config: Default(), origins: map[string]string{}}}
	l.tree = newTree(&l.Config)
	if err := l.file(o); err != nil {
		return nil, err
	}
	l.environment(o.Environ)
	for _, f := range o.Flags {
		l.text(f.Key, f.Name, f.Value)
	}
	if len(l.problems) == 0 {
		l.validate()
	}
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	return l.Loaded, nil
}

// file reads the file that the options name, or the one that is there.
func (l *loader) file(o Options) error {
	name, by := o.File, "--config"
	for _, kv := range o.Environ {
		if value, ok := strings.CutPrefix(kv, EnvFile+"="); ok && name == "" && value != "" {
			name, by = value, EnvFile
		}
	}
	optional := name == ""
	if optional {
		name = DefaultFile
	}
	err := l.readFile(name)
	switch {
	case optional && errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.Invalid, "the configuration file %s does not exist", name).
			WithHint("check %s, or write one: 'livesrv config print --sample > %s'", by, name)
	case err != nil:
		return fault.New(fault.Invalid, "the configuration file %s cannot be read", name).Because(err)
	}
	l.File = name
	return nil
}

// environment takes every LIVESRV_… variable, in the order of their names.
func (l *loader) environment(environ []string) {
	environ = slices.Clone(environ)
	slices.Sort(environ)
	byEnv := map[string]string{}
	var names []string
	for _, lf := range l.tree.leaves {
		byEnv[lf.env()] = lf.key
		names = append(names, lf.env())
	}
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, envPrefix) || orchestrator.MatchString(name) {
			continue
		}
		if name == EnvFile || name == EnvServer || name == EnvToken {
			continue
		}
		key, ok := byEnv[name]
		if !ok {
			hint := "unset it; 'livesrv config print' lists every key, and rtmp.address is LIVESRV_RTMP_ADDRESS"
			if near := nearest(name, names); near != "" {
				hint = "did you mean " + near + "?"
			}
			l.add(Problem{Where: name, Msg: "unknown environment variable", Hint: hint})
			continue
		}
		l.text(key, name, value)
	}
}

// text sets a leaf from a single text, as variables and flags carry it.
func (l *loader) text(key, where, value string) {
	lf, ok := l.tree.leaf(key)
	if !ok {
		section, name := "", key
		if i := strings.LastIndex(key, "."); i >= 0 && l.tree.sections[key[:i]] {
			section, name = key[:i], key[i+1:]
		}
		l.unknown(key, where, section, name)
		return
	}
	l.assigned(lf, where, set(lf.value, value))
}

// assigned notes where a leaf's value came from, or what was wrong with it.
func (l *loader) assigned(lf leaf, where string, err error) {
	if err != nil {
		l.add(Problem{Key: lf.key, Where: where, Msg: err.Error(), Hint: hintFor(lf.value.Type())})
		return
	}
	l.origins[lf.key] = where
}

func (l *loader) unknown(key, where, section, name string) {
	p := Problem{Key: key, Where: where, Msg: "unknown key", Hint: "'livesrv config print' lists every key"}
	if l.tree.sections[key] {
		p.Msg, p.Hint = "is a section", "name one of its keys, such as "+join(key, l.tree.children(key)[0])
	} else if near := l.tree.suggest(section, name); near != "" {
		p.Hint = "did you mean " + near + "?"
	}
	l.add(p)
}

func (l *loader) add(p Problem) { l.problems = append(l.problems, p) }

// validate asks every section that can tell whether it is in order.
func (l *loader) validate() {
	for _, s := range l.tree.validators {
		for _, err := range flatten(s.value.Validate()) {
			l.add(l.problem(s.key, err))
		}
	}
}

// problem puts a room's complaint where its operator can find it.
func (l *loader) problem(section string, err error) Problem {
	p := Problem{Key: section, Msg: err.Error()}
	if e, ok := errors.AsType[*fault.Error](err); ok {
		p.Msg, p.Hint = e.Msg, e.Hint
		if e.Err != nil {
			p.Msg += ": " + e.Err.Error()
		}
		if e.Field != "" {
			p.Key = join(section, strings.TrimPrefix(e.Field, section+"."))
		}
	}
	p.Where = cmp.Or(l.origins[p.Key], l.File)
	return p
}

// flatten takes joined errors apart.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var out []error
		for _, e := range many.Unwrap() {
			out = append(out, flatten(e)...)
		}
		return out
	}
	return []error{err}
}

// Setting is one effective value.
type Setting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	// From is "default", file:line, the environment variable or the flag.
	From string `json:"from"`
	// Env is the environment variable that would set it.
	Env string `json:"env"`
}

// Mask stands where a secret is set.
const Mask = "********"

// Settings lists every effective value in the order of the file, secrets masked.
func (l *Loaded) Settings() []Setting {
	out := make([]Setting, 0, len(l.tree.leaves))
	for _, lf := range l.tree.leaves {
		value := text(lf.value)
		if lf.secret && value != "" {
			value = Mask
		}
		out = append(out, Setting{lf.key, value, cmp.Or(l.origins[lf.key], "default"), lf.env()})
	}
	return out
}
