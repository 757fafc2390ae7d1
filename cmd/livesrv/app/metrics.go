package app

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"livesrv/ingest"
	"livesrv/internal/feed"
	"livesrv/internal/stream"
	"livesrv/internal/transcode"
	"livesrv/packager"
	"livesrv/web/hls"
)

// Build says which program this is.
type Build struct{ Version, Revision, Go string }

// sources are the rooms that metrics are read from when somebody asks.
type sources struct {
	streams   *stream.Registry
	door      *ingest.Door
	transcode *transcode.Converter
	hub       *packager.Hub
	media     *hls.Handler
	feed      *feed.Feed
	counts    *counts
}

// newMetrics makes the registry of /metrics, with the program's build and Go's own figures.
func newMetrics(b Build) *prometheus.Registry {
	r := prometheus.NewRegistry()
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "livesrv_build_info", Help: "1, labelled with what is running.",
		ConstLabels: prometheus.Labels{"version": b.Version, "revision": b.Revision, "go": b.Go},
	})
	info.Set(1)
	r.MustRegister(info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// metric is one figure: what it is called and how it is read.
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func counter(name, help string, labels ...string) metric {
	return metric{prometheus.NewDesc("livesrv_"+name, help, labels, nil), prometheus.CounterValue}
}

func gauge(name, help string, labels ...string) metric {
	return metric{prometheus.NewDesc("livesrv_"+name, help, labels, nil), prometheus.GaugeValue}
}

// The figures of /metrics, beside Go's and the feed library's own. Names never change once released.
var (
	mViewers     = gauge("viewers", "Browsers that follow a show.", "show")
	mFeedClients = gauge("feed_connections", "Open realtime connections.")

	mHolds     = gauge("hls_blocked_requests", "Requests that wait for media now.")
	mResponses = counter("hls_responses_total", "Answers of the media endpoints, by what was asked.", "kind")
	mRefusals  = counter("hls_refusals_total", "Media requests that were not served, by reason.", "reason")
	mBytes     = counter("hls_sent_bytes_total", "Bytes of media and playlists handed to the network.")

	mOnAir           = gauge("stream_on_air", "1 while media comes in.", "stream")
	mRepairs         = counter("stream_repairs_total", "Timestamps and access units that had to be made good, by what was wrong.", "stream", "kind")
	mLost            = counter("stream_reader_lost_access_units_total", "Access units that a slow reader lost.", "stream")
	mPublications    = counter("stream_publications_total", "Times a publisher began.", "stream")
	mParts           = counter("packager_parts_total", "Parts published, over all renditions.", "stream")
	mSegments        = counter("packager_segments_total", "Segments published, over all renditions.", "stream")
	mGaps            = counter("packager_gap_segments_total", "Segments listed as missing.", "stream")
	mDiscontinuities = counter("packager_discontinuities_total", "Changes of tracks or parameter sets.", "stream")
	mNotIndependent  = counter("packager_dependent_segments_total", "Segments cut where there is no keyframe.", "stream")
	mRetained        = gauge("packager_retained_bytes", "Bytes of media in the window.", "stream")

	mSessions      = gauge("ingest_sessions", "Publications under way.", "protocol")
	mConnections   = gauge("ingest_connections", "Publishers' connections, admitted or not.")
	mSessionsTotal = counter("ingest_sessions_total", "Publications begun.")
	mTakenOver     = counter("ingest_takeovers_total", "Publications that another publisher ended.")
	mRefused       = counter("ingest_refusals_total", "Connections that never came to publish, by reason.", "reason")
	mReceived      = counter("ingest_received_bytes_total", "Bytes of media received.")
	mFindings      = counter("ingest_findings_total", "What the publish doctor found, by code.", "code")

	mConversions     = gauge("transcode_conversions", "Sound that is being converted.")
	mConvertRestarts = counter("transcode_restarts_total", "Times ffmpeg died or was stuck and was started again.")
	mConvertGivenUp  = counter("transcode_given_up_total", "Conversions that ended because ffmpeg made nothing.")
	mConvertDropped  = counter("transcode_dropped_packets_total", "Packets of sound that ffmpeg was too slow for.")

	mOrdersPlaced  = counter("orders_placed_total", "Orders placed since the start.")
	mOrdersSettled = counter("orders_settled_total", "Orders that came to an end since the start, by how.", "status")
	mStockRefusals = counter("stock_refusals_total", "Orders that were refused because the stock had gone.")
)

var allMetrics = []metric{mViewers, mFeedClients, mHolds, mResponses, mRefusals, mBytes, mOnAir, mRepairs, mLost,
	mPublications, mParts, mSegments, mGaps, mDiscontinuities, mNotIndependent, mRetained, mSessions, mConnections,
	mSessionsTotal, mTakenOver, mRefused, mReceived, mFindings, mConversions, mConvertRestarts, mConvertGivenUp,
	mConvertDropped, mOrdersPlaced, mOrdersSettled, mStockRefusals}

// Describe implements prometheus.Collector.
func (s *sources) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range allMetrics {
		ch <- m.desc
	}
}

// Collect implements prometheus.Collector: it reads every room once.
func (s *sources) Collect(ch chan<- prometheus.Metric) {
	put := func(m metric, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(m.desc, m.kind, v, labels...)
	}
	put(mFeedClients, float64(s.feed.Connections()))
	put(mOrdersPlaced, float64(s.counts.ordersPlaced.Load()))
	for i, name := range settledNames {
		put(mOrdersSettled, float64(s.counts.ordersSettled[i].Load()), name)
	}
	put(mStockRefusals, float64(s.counts.stockRefusals.Load()))
	s.collectIngest(put)
	s.collectMedia(put)
	for _, st := range s.streams.Streams() {
		s.collectStream(put, st)
	}
}

type putFunc = func(m metric, v float64, labels ...string)

func (s *sources) collectIngest(put putFunc) {
	d := s.door.Stats()
	for protocol, n := range d.Publishing {
		put(mSessions, float64(n), protocol)
	}
	for reason, n := range d.Refused {
		put(mRefused, float64(n), reason)
	}
	for code, n := range d.Findings {
		put(mFindings, float64(n), code)
	}
	put(mConnections, float64(d.Connections))
	put(mSessionsTotal, float64(d.Started))
	put(mTakenOver, float64(d.TakenOver))
	put(mReceived, float64(d.Bytes))
	c := s.transcode.Stats()
	put(mConversions, float64(c.Running))
	put(mConvertRestarts, float64(c.Restarts))
	put(mConvertGivenUp, float64(c.GivenUp))
	put(mConvertDropped, float64(c.Dropped))
}

func (s *sources) collectMedia(put putFunc) {
	m := s.media.Stats()
	put(mHolds, float64(m.Holds))
	put(mBytes, float64(m.Bytes))
	for kind, n := range map[string]uint64{"playlist": m.Playlists, "part": m.Parts, "segment": m.Segments, "init": m.Inits} {
		put(mResponses, float64(n), kind)
	}
	for reason, n := range map[string]uint64{"not_found": m.Missing, "invalid": m.Invalid, "unavailable": m.Refused, "internal": m.Failed} {
		put(mRefusals, float64(n), reason)
	}
}

func (s *sources) collectStream(put putFunc, st *stream.Stream) {
	name, stats := st.Name(), st.Stats()
	put(mViewers, float64(s.feed.Viewers(name)), name)
	put(mOnAir, one(stats.OnAir), name)
	put(mPublications, float64(stats.Publications), name)
	put(mLost, float64(stats.LostAUs), name)
	r := stats.Repairs
	for kind, n := range map[string]uint64{
		"jump": r.Jumps, "reversal": r.Reversals, "duplicate": r.Duplicates, "dts_over_pts": r.DTSOverPTS,
		"audio_gap": r.Gaps, "audio_missing": r.Missing, "audio_dropped": r.Dropped, "early": r.Early,
		"undecodable": r.Undecodable, "parameter_sets": r.ParameterSets,
	} {
		put(mRepairs, float64(n), name, kind)
	}
	p, ok := s.hub.Presentation(name)
	if !ok {
		return
	}
	ps := p.Stats()
	put(mParts, float64(ps.Parts), name)
	put(mSegments, float64(ps.Segments), name)
	put(mGaps, float64(ps.GapSegments), name)
	put(mDiscontinuities, float64(ps.Discontinuities), name)
	put(mNotIndependent, float64(ps.NotIndependent), name)
	put(mRetained, float64(ps.Bytes), name)
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
