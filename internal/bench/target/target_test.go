package target

import (
	"errors"
	"strings"
	"testing"

	"livesrv/internal/fault"
)

func TestCheck(t *testing.T) {
	for hostport, local := range map[string]bool{
		"127.0.0.1:8080": true, "127.8.9.1:80": true, "[::1]:1935": true, "::1": true, "[::1]": true, "localhost:8080": true,
		"LOCALHOST.:80": true, "live.localhost:80": true, "[::ffff:127.0.0.1]:80": true, "127.0.0.1": true,
		"live.example:443": false, "10.0.0.4:80": false, "0.0.0.0:80": false, "[fe80::1]:80": false, "localhost.example:80": false,
		"notlocalhost:80": false, "127.0.0.1.example:80": false, "live.example": false,
	} {
		err := Check(hostport, false)
		if (err == nil) != local {
			t.Errorf("%s: %v", hostport, err)
		}
		if e, ok := errors.AsType[*fault.Error](err); err != nil && (!ok || e.Kind != fault.Invalid || !strings.Contains(e.Hint, "--"+Flag)) {
			t.Errorf("%s is refused without a way on: %v", hostport, err)
		}
		if err := Check(hostport, true); err != nil {
			t.Errorf("%s is its owner's: %v", hostport, err)
		}
	}
	for _, none := range []string{"", ":80"} {
		if err := Check(none, true); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", none, err)
		}
	}
}
