package ui

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// entry is one bundled entry point: its own file and the files it imports statically, which a page
// announces with <link rel="modulepreload"> so that the browser need not discover them one after another.
type entry struct {
	path    string
	imports []string
}

// modules says which vendored file a bare import means. A name that ends in "/" stands for a folder.
var modules = map[string]string{
	"hls.js":                "vendor/hls.js/hls.light.min.mjs",
	"centrifuge":            "vendor/centrifuge/index.mjs",
	"lit":                   "vendor/lit/lit/index.js",
	"lit/":                  "vendor/lit/lit/",
	"lit-html":              "vendor/lit/lit-html/lit-html.js",
	"lit-html/":             "vendor/lit/lit-html/",
	"lit-element/":          "vendor/lit/lit-element/",
	"@lit/reactive-element": "vendor/lit/reactive-element/reactive-element.js",
}

// compilerOptions repeats what tsconfig.json says that changes the output. Class fields must be assignments:
// Lit's accessors live on the prototype and a defined field would hide them.
const compilerOptions = `{"compilerOptions":{"target":"ES2022","useDefineForClassFields":false,"verbatimModuleSyntax":true}}`

const (
	namespace  = "embedded"
	embedEntry = "src/entries/embed.ts"
)

// bundle builds every src/entries/*.ts, with shared chunks, and adds the files to the store. What other sites
// load is built by itself: it shares no cache with our own pages, and one file compresses better than several.
func bundle(files fs.FS, into *assets, maps bool) (map[string]entry, error) {
	found, err := fs.Glob(files, "src/entries/*.ts")
	if err != nil {
		return nil, fmt.Errorf("ui: %w", err)
	}
	own := slices.DeleteFunc(slices.Clone(found), func(p string) bool { return p == embedEntry })
	list := map[string]entry{}
	for _, group := range [][]string{own, {embedEntry}} {
		options := scriptOptions(files)
		options.EntryPoints = group
		options.Outdir = "/assets"
		options.Splitting = true
		options.Metafile = true
		options.EntryNames, options.ChunkNames = "[name]-[hash]", "part-[hash]"
		if maps {
			options.Sourcemap = api.SourceMapLinked
		}
		result := api.Build(options)
		if err := failed(result.Errors); err != nil {
			return nil, err
		}
		for _, f := range result.OutputFiles {
			kind := "text/javascript; charset=utf-8"
			if strings.HasSuffix(f.Path, ".map") {
				kind = "application/json"
			}
			into.put(f.Path, f.Contents, kind)
		}
		if err := readEntries(result.Metafile, list); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// scriptOptions are the options that tests share with the server.
func scriptOptions(files fs.FS) api.BuildOptions {
	return api.BuildOptions{
		AbsWorkingDir:     "/",
		Bundle:            true,
		Format:            api.FormatESModule,
		Platform:          api.PlatformBrowser,
		Target:            api.ES2022,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		// The licences of what is bundled are in vendor/*/LICENSE; the notices stay at the end of each file.
		LegalComments: api.LegalCommentsEndOfFile,
		Charset:       api.CharsetUTF8,
		TsconfigRaw:   compilerOptions,
		LogLevel:      api.LogLevelSilent,
		Plugins:       []api.Plugin{embeddedFiles(files)},
	}
}

// embeddedFiles lets the bundler read from files instead of the disk.
func embeddedFiles(files fs.FS) api.Plugin {
	return api.Plugin{Name: namespace, Setup: func(b api.PluginBuild) {
		b.OnResolve(api.OnResolveOptions{Filter: "^node:"}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
			return api.OnResolveResult{Path: a.Path, External: true}, nil
		})
		b.OnResolve(api.OnResolveOptions{Filter: ".*"}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
			p, err := resolve(files, a.Path, a.Importer)
			if err != nil {
				return api.OnResolveResult{}, err
			}
			return api.OnResolveResult{Path: p, Namespace: namespace}, nil
		})
		b.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: namespace}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
			return load(files, a.Path)
		})
	}}
}

func resolve(files fs.FS, name, importer string) (string, error) {
	switch {
	case importer == "":
		return name, nil
	case strings.HasPrefix(name, "."):
		p := path.Join(path.Dir(importer), name)
		for _, end := range []string{"", ".ts"} {
			if i, err := fs.Stat(files, p+end); err == nil && !i.IsDir() {
				return p + end, nil
			}
		}
	case modules[name] != "":
		return modules[name], nil
	default:
		for prefix, folder := range modules {
			if strings.HasSuffix(prefix, "/") && strings.HasPrefix(name, prefix) {
				return folder + strings.TrimPrefix(name, prefix), nil
			}
		}
	}
	return "", fmt.Errorf("no file for %q imported by %s", name, importer)
}

func load(files fs.FS, name string) (api.OnLoadResult, error) {
	b, err := fs.ReadFile(files, name)
	if err != nil {
		return api.OnLoadResult{}, err
	}
	text, loader := string(b), api.LoaderJS
	switch path.Ext(name) {
	case ".ts":
		loader = api.LoaderTS
	case ".json":
		loader = api.LoaderJSON
	case ".svg":
		loader = api.LoaderText
	case ".css":
		// A component's style sheet is text in its module: it becomes a constructed style sheet there.
		loader = api.LoaderText
		if text, err = minifyStyle(text, name); err != nil {
			return api.OnLoadResult{}, err
		}
	default:
		// A source map of a vendored file is not shipped: drop the pointer to it.
		if i := strings.LastIndex(text, "//# sourceMappingURL="); i >= 0 {
			text = text[:i]
		}
	}
	return api.OnLoadResult{Contents: &text, Loader: loader}, nil
}

func minifyStyle(text, name string) (string, error) {
	r := api.Transform(text, api.TransformOptions{
		Loader: api.LoaderCSS, Sourcefile: name, MinifyWhitespace: true, MinifySyntax: true, LogLevel: api.LogLevelSilent,
		// Browsers that play low-latency HLS through Media Source Extensions also nest and understand :is().
		Engines: []api.Engine{{Name: api.EngineChrome, Version: "120"}, {Name: api.EngineSafari, Version: "17.2"}, {Name: api.EngineFirefox, Version: "121"}},
	})
	return strings.TrimSuffix(string(r.Code), "\n"), failed(append(r.Errors, r.Warnings...))
}

func minifyScript(text string, define map[string]string) (string, error) {
	r := api.Transform(text, api.TransformOptions{
		Loader: api.LoaderJS, MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true,
		Define: define, LogLevel: api.LogLevelSilent,
	})
	return string(r.Code), failed(r.Errors)
}

// failed turns the bundler's messages into one error with file and line.
func failed(list []api.Message) error {
	var all []error
	for _, m := range list {
		where := ""
		if m.Location != nil {
			where = fmt.Sprintf("%s:%d:%d: ", m.Location.File, m.Location.Line, m.Location.Column)
		}
		all = append(all, fmt.Errorf("ui: %s%s", where, m.Text))
	}
	return errors.Join(all...)
}

// readEntries finds each entry's file and the transitive closure of its static imports.
func readEntries(meta string, list map[string]entry) error {
	var m struct {
		Outputs map[string]struct {
			EntryPoint string `json:"entryPoint"`
			Imports    []struct{ Path, Kind string }
		}
	}
	if err := json.Unmarshal([]byte(meta), &m); err != nil {
		return fmt.Errorf("ui: bundler's metafile: %w", err)
	}
	for out, o := range m.Outputs {
		name := strings.TrimPrefix(o.EntryPoint, namespace+":")
		if !strings.HasPrefix(name, "src/entries/") {
			continue
		}
		seen := map[string]bool{}
		var walk func(string)
		walk = func(p string) {
			for _, i := range m.Outputs[p].Imports {
				if i.Kind == "import-statement" && !seen[i.Path] {
					seen[i.Path] = true
					walk(i.Path)
				}
			}
		}
		walk(out)
		e := entry{path: rooted(out)}
		for p := range seen {
			e.imports = append(e.imports, rooted(p))
		}
		sort.Strings(e.imports)
		list[strings.TrimSuffix(path.Base(name), ".ts")] = e
	}
	return nil
}

func rooted(p string) string { return "/" + strings.TrimPrefix(p, "/") }

// quote writes s as a JavaScript string.
func quote(s string) string {
	b, _ := json.Marshal(s) // a string always marshals
	return string(b)
}
