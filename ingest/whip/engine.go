package whip

import (
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/logging"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"livesrv/ingest"
	"livesrv/internal/fault"
)

// The times of ICE. A connection that is silent for iceDisconnected may come back until iceFailed has passed;
// how long a publisher may send no media is the door's matter.
const (
	iceDisconnected = 5 * time.Second
	iceFailed       = 25 * time.Second
	iceKeepalive    = 2 * time.Second
	// tcpReadBuffer is how many packets of one TCP connection may wait, tcpWriteBuffer how many bytes for it.
	tcpReadBuffer  = 64
	tcpWriteBuffer = 1 << 20
	// udpSocketBuffer is what the kernel keeps for us of all sessions together while we are not looking.
	udpSocketBuffer = 4 << 20
)

// ports are what all sessions' media comes over, and what peer connections are made of.
type ports struct {
	udp     net.PacketConn
	tcp     net.Listener
	udpMux  ice.UDPMux
	tcpMux  ice.TCPMux
	setting webrtc.SettingEngine
	cert    webrtc.Certificate
	log     *slog.Logger
}

// listen binds the ports.
func listen(cfg Config, door *ingest.Door, cert webrtc.Certificate, log *slog.Logger) (*ports, error) {
	p := &ports{cert: cert, log: log}
	if cfg.UDPAddress != "" {
		c, err := net.ListenPacket("udp", cfg.UDPAddress)
		if err != nil {
			return nil, fault.New(fault.Unavailable, "cannot listen for WebRTC media on UDP %s", cfg.UDPAddress).At("udp_address").
				WithHint("end what uses the port, or choose another").Because(err)
		}
		if u, ok := c.(*net.UDPConn); ok {
			// The system may give less; then a burst may cost packets, which are asked for again.
			_ = u.SetReadBuffer(udpSocketBuffer)
		}
		p.udp = c
	}
	if cfg.TCPAddress != "" {
		l, err := net.Listen("tcp", cfg.TCPAddress)
		if err != nil {
			if p.udp != nil {
				p.udp.Close()
			}
			return nil, fault.New(fault.Unavailable, "cannot listen for WebRTC media on TCP %s", cfg.TCPAddress).At("tcp_address").
				WithHint("end what uses the port, or choose another").Because(err)
		}
		p.tcp = door.Lines("whip", l)
	}
	p.configure(cfg)
	return p, nil
}

// configure says how connections are made.
func (p *ports) configure(cfg Config) {
	factory := logFactory{p.log}
	s := &p.setting
	s.LoggerFactory = factory
	var networks []webrtc.NetworkType
	if p.udp != nil {
		networks = append(networks, webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6)
	}
	if p.tcp != nil {
		networks = append(networks, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6)
	}
	s.SetNetworkTypes(networks)
	s.DisableActiveTCP(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetICETimeouts(iceDisconnected, iceFailed, iceKeepalive)
	// A publisher that offers anything else than the codecs we answered sends it for nothing.
	s.SetReceiveMTU(1600)
	keep, loopback := filter(p.udp, p.tcp)
	s.SetInterfaceFilter(keep)
	s.SetIncludeLoopbackCandidate(loopback)
	if len(cfg.PublicAddresses) > 0 {
		// Beside the machine's own addresses, so that publishers inside and outside of a network get through.
		_ = s.SetICEAddressRewriteRules(webrtc.ICEAddressRewriteRule{
			External: slices.Clone(cfg.PublicAddresses), AsCandidateType: webrtc.ICECandidateTypeHost, Mode: webrtc.ICEAddressRewriteAppend,
		})
	}
	if p.udp != nil {
		p.udpMux = &filteredMux{UDPMux: webrtc.NewICEUDPMux(factory.NewLogger("udp"), p.udp), keep: keep, loopback: loopback}
		s.SetICEUDPMux(p.udpMux)
	}
	if p.tcp != nil {
		p.tcpMux = ice.NewTCPMuxDefault(ice.TCPMuxParams{
			Listener: p.tcp, Logger: factory.NewLogger("tcp"), ReadBufferSize: tcpReadBuffer, WriteBufferSize: tcpWriteBuffer,
			FirstStunBindTimeout: 10 * time.Second, AliveDurationForConnFromStun: 10 * time.Second,
		})
		s.SetICETCPMux(p.tcpMux)
	}
}

// close ends the ports and everything that comes over them.
func (p *ports) close() {
	if p.udpMux != nil {
		p.udpMux.Close()
	}
	if p.udp != nil {
		p.udp.Close()
	}
	if p.tcpMux != nil {
		p.tcpMux.Close()
	}
	if p.tcp != nil {
		p.tcp.Close()
	}
}

// filter says which interfaces' addresses publishers are told of: not those of bridges between containers, which
// nobody outside reaches; the loopback only where the machine has nothing else or a port is bound to it.
func filter(udp net.PacketConn, tcp net.Listener) (keep func(name string) bool, loopback bool) {
	keep = func(name string) bool {
		for _, prefix := range []string{"docker", "br-", "veth", "virbr", "cni", "flannel", "cali", "lxc", "kube"} {
			if strings.HasPrefix(name, prefix) {
				return false
			}
		}
		return true
	}
	for _, a := range []net.Addr{udpAddr(udp), tcpAddr(tcp)} {
		switch a := a.(type) {
		case *net.UDPAddr:
			loopback = loopback || a.IP.IsLoopback()
		case *net.TCPAddr:
			loopback = loopback || a.IP.IsLoopback()
		}
	}
	return keep, loopback || !outside(keep)
}

// outside says whether the machine has an address that others may reach.
func outside(keep func(string) bool) bool {
	interfaces, err := net.Interfaces()
	if err != nil {
		return true
	}
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 || !keep(i.Name) {
			continue
		}
		if addrs, err := i.Addrs(); err == nil && len(addrs) > 0 {
			return true
		}
	}
	return false
}

func udpAddr(c net.PacketConn) net.Addr {
	if c == nil {
		return nil
	}
	return c.LocalAddr()
}

func tcpAddr(l net.Listener) net.Addr {
	if l == nil {
		return nil
	}
	return l.Addr()
}

// filteredMux tells ICE only of addresses that publishers can reach.
type filteredMux struct {
	ice.UDPMux
	keep     func(string) bool
	loopback bool
}

// GetListenAddresses leaves out what the filter does not keep.
func (m *filteredMux) GetListenAddresses() []net.Addr {
	all := m.UDPMux.GetListenAddresses()
	if len(all) == 1 {
		return all // bound to one address by the operator
	}
	hidden := map[string]bool{}
	interfaces, _ := net.Interfaces()
	for _, i := range interfaces {
		addrs, _ := i.Addrs()
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok && (!m.keep(i.Name) || i.Flags&net.FlagLoopback != 0 && !m.loopback) {
				hidden[n.IP.String()] = true
			}
		}
	}
	return slices.DeleteFunc(all, func(a net.Addr) bool {
		u, ok := a.(*net.UDPAddr)
		return ok && hidden[u.IP.String()]
	})
}

// extensions are the RTP header extensions that are negotiated. That for the camera's orientation
// (urn:3gpp:video-orientation) must not be: without it browsers turn the pixels themselves, as HLS needs it.
var extensions = map[webrtc.RTPCodecType][]string{
	webrtc.RTPCodecTypeAudio: {sdp.SDESMidURI, sdp.TransportCCURI},
	webrtc.RTPCodecTypeVideo: {sdp.SDESMidURI, sdp.TransportCCURI, sdp.SDESRTPStreamIDURI, sdp.SDESRepairRTPStreamIDURI},
}

// connect makes a peer connection that takes what is accepted of an offer and nothing else.
func (p *ports) connect(o *offer) (*webrtc.PeerConnection, error) {
	engine := &webrtc.MediaEngine{}
	for kind, codecs := range o.codecs {
		for _, c := range codecs {
			if err := engine.RegisterCodec(c, kind); err != nil {
				return nil, fmt.Errorf("register %s: %w", c.MimeType, err)
			}
		}
		for _, uri := range extensions[kind] {
			if err := engine.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, kind); err != nil {
				return nil, fmt.Errorf("register %s: %w", uri, err)
			}
		}
	}
	// Negative acknowledgements are the receiver's own: it alone knows what has come by repetition. Congestion
	// feedback and receiver reports are pion's.
	var registry interceptor.Registry
	congestion, err := twcc.NewSenderInterceptor()
	if err != nil {
		return nil, err
	}
	reports, err := report.NewReceiverInterceptor()
	if err != nil {
		return nil, err
	}
	registry.Add(congestion)
	registry.Add(reports)
	api := webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithSettingEngine(p.setting), webrtc.WithInterceptorRegistry(&registry))
	return api.NewPeerConnection(webrtc.Configuration{Certificates: []webrtc.Certificate{p.cert}, BundlePolicy: webrtc.BundlePolicyMaxBundle})
}

// logFactory sends what pion has to say to the log, where it is of interest to who looks for a fault.
type logFactory struct{ log *slog.Logger }

// NewLogger makes the logger of one part of pion.
func (f logFactory) NewLogger(scope string) logging.LeveledLogger {
	return pionLog{f.log.With("pion", scope)}
}

// pionLog writes everything at the level debug: strangers on the port provoke most of it.
type pionLog struct{ log *slog.Logger }

func (l pionLog) Trace(string)          {}
func (l pionLog) Tracef(string, ...any) {}
func (l pionLog) Debug(string)          {}
func (l pionLog) Debugf(string, ...any) {}
func (l pionLog) Info(string)           {}
func (l pionLog) Infof(string, ...any)  {}

func (l pionLog) Warn(msg string)                   { l.log.Debug(msg) }
func (l pionLog) Warnf(format string, args ...any)  { l.log.Debug(fmt.Sprintf(format, args...)) }
func (l pionLog) Error(msg string)                  { l.log.Debug(msg) }
func (l pionLog) Errorf(format string, args ...any) { l.log.Debug(fmt.Sprintf(format, args...)) }
