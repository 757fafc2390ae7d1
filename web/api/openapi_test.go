package api_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// contract is every operation that there has to be, and who may call it.
var contract = map[string]string{
	"GET /api/shows": "anybody", "GET /api/shows/{show}": "anybody", "GET /api/shows/{show}/state": "anybody",
	"POST /api/shows/{show}/quote": "anybody", "POST /api/shows/{show}/orders": "anybody", "GET /api/orders/{order}/status": "anybody",
	"POST /api/session": "anybody", "DELETE /api/session": "anybody",
	"GET /api/session": "member", "POST /api/session/password": "member",
	"GET /api/tokens": "member", "POST /api/tokens": "member", "DELETE /api/tokens/{token}": "member",
	"GET /api/users": "member", "POST /api/users": "member", "POST /api/users/{user}/password": "member",
	"GET /api/products": "member", "POST /api/products": "member", "GET /api/products/{product}": "member",
	"PATCH /api/products/{product}": "member", "DELETE /api/products/{product}": "member",
	"POST /api/products/{product}/images": "member", "DELETE /api/products/{product}/images/{image}": "member",
	"PATCH /api/skus/{sku}": "member", "GET /api/skus/{sku}/prices": "member",
	"POST /api/products/import": "member", "GET /api/products/export": "member",
	"POST /api/shows": "member", "PATCH /api/shows/{show}": "member", "POST /api/shows/{show}/start": "member", "POST /api/shows/{show}/reopen": "member",
	"POST /api/shows/{show}/end": "member", "PUT /api/shows/{show}/lineup": "member", "GET /api/shows/{show}/desk": "member",
	"POST /api/shows/{show}/key": "member", "POST /api/shows/{show}/pins": "member", "GET /api/shows/{show}/pins": "member",
	"DELETE /api/shows/{show}/pins/{pin}": "member", "DELETE /api/shows/{show}/pins": "member",
	"GET /api/orders": "member", "GET /api/orders/{order}": "member", "POST /api/orders/{order}/confirm": "member",
	"POST /api/orders/{order}/cancel": "member", "GET /api/orders/export": "member", "POST /api/backup": "member",
}

type document struct {
	OpenAPI string `json:"openapi"`
	Info    struct{ Title, Version, Description string }
	Paths   map[string]map[string]struct {
		OperationID string `json:"operationId"`
		Summary     string
		Tags        []string
		Security    []map[string][]string
		Parameters  []struct {
			Name, In string
			Required bool
		}
		RequestBody *struct{ Content map[string]any }
		Responses   map[string]struct {
			Description string
			Content     map[string]any
		}
	}
	Components struct {
		Schemas         map[string]any
		SecuritySchemes map[string]any
	}
}

func TestDescription(t *testing.T) {
	w := open(t)
	resp, text := w.do(call{method: "GET", path: "/api/openapi.json", want: 200})
	if got := resp.Header.Get("Content-Type"); got != "application/openapi+json" {
		t.Errorf("Content-Type %q", got)
	}
	var doc document
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") || doc.Info.Title == "" || doc.Info.Version != "test" {
		t.Errorf("openapi %q, info %+v", doc.OpenAPI, doc.Info)
	}
	found, ids := map[string]string{}, map[string]bool{}
	for path, item := range doc.Paths {
		for method, op := range item {
			name := strings.ToUpper(method) + " " + path
			found[name] = "anybody"
			if len(op.Security) > 0 {
				found[name] = "member"
			}
			if op.OperationID == "" || ids[op.OperationID] || op.Summary == "" || len(op.Tags) == 0 {
				t.Errorf("%s: id %q, summary %q, tags %v", name, op.OperationID, op.Summary, op.Tags)
			}
			ids[op.OperationID] = true
			for part := range strings.SplitSeq(path, "/") {
				if p, ok := strings.CutPrefix(part, "{"); ok {
					p = strings.TrimSuffix(p, "}")
					if !slices.ContainsFunc(op.Parameters, func(q struct {
						Name, In string
						Required bool
					}) bool {
						return q.Name == p && q.In == "path" && q.Required
					}) {
						t.Errorf("%s: the path parameter %s is not described", name, p)
					}
				}
			}
			success := slices.ContainsFunc(slices.Collect(maps.Keys(op.Responses)), func(s string) bool { return strings.HasPrefix(s, "2") })
			if !success {
				t.Errorf("%s: no success is described", name)
			}
		}
	}
	if diff := cmp.Diff(contract, found); diff != "" {
		t.Error("operations (-contract +description)\n" + diff)
	}
	for _, ref := range refs(text) {
		name, ok := strings.CutPrefix(ref, "#/components/schemas/")
		if _, known := doc.Components.Schemas[name]; !ok || !known {
			t.Errorf("%s leads nowhere", ref)
		}
	}
	for _, name := range []string{"session", "token"} {
		if doc.Components.SecuritySchemes[name] == nil {
			t.Errorf("the security scheme %s is not described", name)
		}
	}
	if strings.Contains(text, "https://") && strings.Contains(text, "unpkg") {
		t.Error("the description points to somebody else's server")
	}
}

func refs(text string) []string {
	var out []string
	for {
		_, rest, ok := strings.Cut(text, `"$ref":"`)
		if !ok {
			return out
		}
		ref, rest, _ := strings.Cut(rest, `"`)
		out, text = append(out, ref), rest
	}
}
