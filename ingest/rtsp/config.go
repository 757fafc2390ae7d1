package rtsp

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"net"
	"strconv"
	"strings"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"

	"livesrv/internal/fault"
)

// Config says where to listen and which cameras to fetch from.
type Config struct {
	// Address is where RTSP is taken in, "host:port"; empty switches pushing off. Default ":8554".
	Address string `yaml:"address"`
	// UDPAddress is where media comes by UDP, for publishers that want that: RTP at this port, which must be
	// even, RTCP at the next. Empty leaves TCP alone. Default ":8000".
	UDPAddress string `yaml:"udp_address"`
	// Pull lists cameras to fetch from, each as "KEY ADDRESS", and behind that, if need be, a transport and a
	// certificate: the stream key of the show that it goes to; an rtsp:// or rtsps:// address with the camera's
	// name and password; tcp, which is the default, udp, or auto, which is UDP where it works (over UDP what is
	// lost stays lost, and pictures smear until the next keyframe); and sha256:HEX, the fingerprint of the
	// certificate of a camera that made its own (the log names it). A camera that is away is tried again and
	// again, and one never takes a show from another publisher. Default none.
	Pull []string `yaml:"pull" secret:"true"`
}

// DefaultConfig is what an empty configuration file means.
func DefaultConfig() Config { return Config{Address: ":8554", UDPAddress: ":8000"} }

// Validate says which value cannot be used. It does not repeat what may hold a password.
func (c Config) Validate() error {
	if _, _, err := net.SplitHostPort(c.Address); c.Address != "" && err != nil {
		return fault.New(fault.Invalid, "%q is not an address", c.Address).At("address").
			WithHint(`write host:port, or ":8554" for all addresses`)
	}
	if c.UDPAddress != "" {
		_, port, err := net.SplitHostPort(c.UDPAddress)
		if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n%2 != 0 || n == 65534 {
			return fault.New(fault.Invalid, "%q is not an address with an even port", c.UDPAddress).At("udp_address").
				WithHint(`write host:port, or ":8000" for all addresses`)
		}
	}
	for i, text := range c.Pull {
		if _, err := parsePull(text); err != nil {
			return fault.New(fault.Invalid, "camera %d: %s", i+1, err.Msg).At("pull").WithHint("%s", err.Hint)
		}
	}
	return nil
}

// camera is one line of Config.Pull.
type camera struct {
	key       string
	url       *base.URL
	transport *gortsplib.Transport // nil lets the client choose
	// print is the SHA-256 of the camera's certificate where that is signed by nobody we know, else nil.
	print []byte
}

// printPrefix stands before the fingerprint of a certificate.
const printPrefix = "sha256:"

// parsePull reads one.
func parsePull(text string) (camera, *fault.Error) {
	const how = `write "KEY rtsp://name:password@host/path" and, if need be, tcp, udp or auto and sha256:HEX behind it`
	words := strings.Fields(text)
	if len(words) < 2 || len(words) > 4 {
		return camera{}, fault.New(fault.Invalid, "%d words are not a stream key, an address and perhaps a transport and a fingerprint", len(words)).WithHint(how)
	}
	u, err := base.ParseURL(words[1])
	if err != nil || u.Host == "" || u.Scheme != "rtsp" && u.Scheme != "rtsps" {
		return camera{}, fault.New(fault.Invalid, "the address cannot be used").WithHint(how)
	}
	tcp, udp := gortsplib.TransportTCP, gortsplib.TransportUDP
	c := camera{key: words[0], url: u, transport: &tcp}
	for _, word := range words[2:] {
		switch hexed, print := strings.CutPrefix(word, printPrefix); {
		case print:
			if c.print, err = hex.DecodeString(strings.ReplaceAll(hexed, ":", "")); err != nil || len(c.print) != sha256.Size || u.Scheme != "rtsps" {
				return camera{}, fault.New(fault.Invalid, "the fingerprint is not the SHA-256 of an rtsps camera's certificate").WithHint(how)
			}
		case word == "tcp":
		case word == "udp":
			c.transport = &udp
		case word == "auto":
			c.transport = nil
		default:
			return camera{}, fault.New(fault.Invalid, "%q is not a transport", word).WithHint(how)
		}
	}
	return c, nil
}

// tls checks the camera's certificate: by its fingerprint where that is given, else by who signed it.
func (c camera) tls() *tls.Config {
	if c.url.Scheme != "rtsps" {
		return nil
	}
	cfg := &tls.Config{ServerName: c.url.Hostname(), MinVersion: tls.VersionTLS12}
	if c.print != nil {
		cfg.InsecureSkipVerify = true // in favour of what follows
		cfg.VerifyConnection = func(s tls.ConnectionState) error {
			if sum := sha256.Sum256(s.PeerCertificates[0].Raw); !bytes.Equal(sum[:], c.print) {
				return fault.New(fault.Unauthorized, "the camera has another certificate than the one in rtsp.pull").
					WithHint("if the camera was reset, write its new fingerprint there: %s%x", printPrefix, sum)
			}
			return nil
		}
	}
	return cfg
}

// name is what logs call the camera: no credentials, no query.
func (c camera) name() string { return c.url.Host + c.url.Path }
