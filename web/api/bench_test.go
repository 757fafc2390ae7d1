package api_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// BenchmarkState is what one more viewer who joins costs, without the network.
func BenchmarkState(b *testing.B) {
	w := open(b)
	w.sell(10)
	h := w.api.Handler()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := httptest.NewRequest(http.MethodGet, "/api/shows/tea/state", nil)
			r.Header.Set("Accept-Encoding", "gzip")
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			if rec.Code != http.StatusOK {
				b.Fatal(rec.Code)
			}
		}
	})
}
