package arch

// room is one line of the table of ARCHITECTURE.md.
type room struct {
	dir string
	// may lists what the room's code may import beyond the standard library: rooms of this module by
	// directory, other modules by a prefix of the import path. "*" means every room.
	may []string
	// test lists what the room's tests may import on top of that; every test may import the tools of
	// testTools and the test kit.
	test []string
}

// testTools may be imported by any test.
var testTools = []string{
	"github.com/google/go-cmp", "go.uber.org/goleak", "pgregory.net/rapid", "internal/livetest",
	"internal/fault", "internal/media",
}

const (
	mediacommon = "github.com/bluenviron/mediacommon/v2"
	gortmplib   = "github.com/bluenviron/gortmplib"
	gortsplib   = "github.com/bluenviron/gortsplib/v4"
	gosrt       = "github.com/datarhei/gosrt"
	gomp4       = "github.com/abema/go-mp4"
	pion        = "github.com/pion"
)

// rooms is the table of arrows. A package lies in the room with the longest matching directory.
var rooms = []room{
	{dir: "cmd/livesrv", may: []string{"*", "configs", "github.com/spf13/cobra", "github.com/spf13/pflag",
		"github.com/prometheus/client_golang", "golang.org/x/sync", "golang.org/x/term"},
		test: []string{"golang.org/x/net", gosrt, mediacommon}},
	{dir: "cmd/livesrv/demo", may: []string{"*", gortmplib, mediacommon, gomp4, "golang.org/x/sync"}},
	{dir: "configs"},
	{dir: "internal/arch"},
	{dir: "internal/fault"},
	{dir: "internal/socket"},
	{dir: "internal/media", may: []string{mediacommon}},
	{dir: "internal/stream", may: []string{"internal/media", "internal/fault", mediacommon}},
	{dir: "internal/transcode", may: []string{"internal/media", "internal/fault", mediacommon}},
	{dir: "ingest", may: []string{"internal/media", "internal/stream", "internal/fault", mediacommon}},
	{dir: "ingest/rtmp", may: []string{"ingest", "internal/media", "internal/stream", "internal/fault", "internal/socket",
		gortmplib, mediacommon}, test: []string{"internal/livetest/door"}},
	{dir: "ingest/srt", may: []string{"ingest", "internal/media", "internal/stream", "internal/fault", gosrt, mediacommon},
		test: []string{"internal/livetest/door"}},
	{dir: "ingest/rtsp", may: []string{"ingest", "internal/media", "internal/fault", gortsplib, mediacommon,
		"github.com/pion/rtp", "github.com/pion/rtcp"}, test: []string{"internal/stream", "packager", "web/hls", "internal/livetest/door"}},
	{dir: "ingest/whip", may: []string{"ingest", "internal/media", "internal/fault", pion, mediacommon},
		test: []string{"internal/stream", "packager", "web/hls", "internal/livetest/door"}},
	{dir: "packager/playlist"},
	{dir: "packager/fmp4", may: []string{"internal/media", "internal/fault", mediacommon, gomp4}},
	{dir: "packager", may: []string{"internal/media", "internal/stream", "internal/fault",
		"packager/playlist", "packager/fmp4", "github.com/klauspost/compress", mediacommon}},
	{dir: "internal/catalogue", may: []string{"internal/fault", "golang.org/x/image", "golang.org/x/net/html",
		"golang.org/x/sync"}, test: []string{"internal/store"}},
	{dir: "internal/show", may: []string{"internal/catalogue", "internal/fault"}, test: []string{"internal/store"}},
	{dir: "internal/order", may: []string{"internal/catalogue", "internal/fault"},
		test: []string{"internal/store", "internal/show", "internal/order/manual"}},
	{dir: "internal/order/manual", may: []string{"internal/order", "internal/catalogue", "internal/fault"}},
	{dir: "internal/account", may: []string{"internal/fault", "golang.org/x/crypto"}, test: []string{"internal/store"}},
	{dir: "internal/feed", may: []string{"internal/fault", "github.com/centrifugal"},
		test: []string{"github.com/prometheus/client_golang", "golang.org/x/net"}},
	{dir: "internal/store", may: []string{"internal/catalogue", "internal/show", "internal/order",
		"internal/account", "internal/fault", "modernc.org/sqlite", "github.com/pressly/goose/v3"},
		test: []string{"internal/order/manual"}},
	{dir: "overlay/id3"},
	{dir: "overlay", may: []string{"internal/show", "internal/fault", "packager", "overlay/id3"}},
	{dir: "web/hls", may: []string{"packager", "internal/fault"}, test: []string{"internal/stream"}},
	{dir: "web/api", may: []string{"internal/catalogue", "internal/show", "internal/order", "internal/account",
		"internal/feed", "internal/fault", "github.com/danielgtaylor/huma/v2", "golang.org/x/time"},
		test: []string{"*", "github.com/prometheus/client_golang", "golang.org/x/net"}},
	{dir: "web/ui", may: []string{"internal/fault", "github.com/evanw/esbuild", "github.com/andybalholm/brotli",
		"github.com/klauspost/compress"}},
	{dir: "web/h1", may: []string{"internal/socket"}},
	{dir: "web/h2", may: []string{"internal/socket"}, test: []string{"golang.org/x/net"}},
	{dir: "web", may: []string{"web/hls", "web/h1", "web/h2", "web/api", "web/ui", "internal/fault", "golang.org/x/net",
		"golang.org/x/crypto", "github.com/klauspost/compress"}},
	{dir: "internal/config", may: []string{"*", "github.com/goccy/go-yaml"}},
	{dir: "internal/bench/process", may: []string{"internal/fault"}},
	{dir: "internal/bench/target", may: []string{"internal/fault"}},
	{dir: "internal/bench/viewer", may: []string{"internal/fault", "golang.org/x/net"},
		test: []string{"web/hls", "packager", "internal/stream"}},
	{dir: "internal/bench/floor", test: []string{"internal/bench/process"}},
	{dir: "internal/bench/publisher", may: []string{"internal/fault", gortmplib, mediacommon}},
	{dir: "internal/e2e", test: []string{"*", gortmplib, mediacommon}},
	{dir: "internal/livetest", may: []string{"internal/stream", "internal/media", "packager/playlist",
		gortmplib, mediacommon, gomp4, "go.uber.org/goleak"}},
	{dir: "internal/livetest/door", may: []string{"ingest", "internal/livetest", "internal/stream", "internal/media",
		"internal/fault"}},
}

// importedOnlyBy names rooms that are closed to all but some: the key may be imported from packages below
// the listed directories alone, or from tests where the list is empty.
var importedOnlyBy = map[string][]string{
	"internal/config":        {"cmd"},
	"internal/livetest":      {"internal/livetest/door"},
	"internal/livetest/door": {},
	"internal/e2e":           {},
	"cmd/livesrv":            {"cmd"},
}
