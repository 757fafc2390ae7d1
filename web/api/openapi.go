package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// config is what the description says of the API as a whole. The description itself is served by us, and there is no
// page to read it with: those that huma knows load scripts from elsewhere.
func (a *API) config() huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:   "livesrv",
				Version: a.deps.Version,
				Description: "Shows, products, pins and orders of a livesrv server. Money is an integer in the currency's minor unit. " +
					"Times are RFC 3339. Everything that is not a success has the body {\"error\": …}. With a sign-in session, send the header " +
					"X-Livesrv: 1 with every request that changes something.",
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"session": {Type: "apiKey", In: "cookie", Name: SessionCookie, Description: "From POST /api/session."},
					"token":   {Type: "http", Scheme: "bearer", Description: "An API token, from POST /api/tokens."},
				},
			},
			Tags: []*huma.Tag{
				{Name: "viewer", Description: "For everybody, without signing in"},
				{Name: "shows"}, {Name: "pins"}, {Name: "products"}, {Name: "orders"}, {Name: "account"}, {Name: "operation"},
			},
		},
		Formats:       map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat},
		DefaultFormat: "application/json",
	}
}

// documented is the answer to an operation that writes its own body of type T.
func documented[T any](a *API, kind string) map[string]*huma.Response {
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[T](), true, "")
	return map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{kind: {Schema: schema}}}}
}

// file is the answer to an operation that gives a file.
func file(kind, what string) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {Description: what,
		Content: map[string]*huma.MediaType{kind: {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
}

// upload is the body of an operation that reads a file as it comes.
func upload(what string, kinds ...string) *huma.RequestBody {
	b := &huma.RequestBody{Required: true, Description: what, Content: map[string]*huma.MediaType{}}
	for _, k := range kinds {
		b.Content[k] = &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
	}
	return b
}

// describe renders the description, once, and serves it.
func (a *API) describe() error {
	doc, err := json.Marshal(a.huma.OpenAPI())
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	a.description = doc
	a.mux.HandleFunc("GET /api/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "application/openapi+json")
		h.Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(a.description)
	})
	return nil
}
