package viewer

import "time"

// Times are percentiles in milliseconds.
type Times struct {
	Median float64 `json:"p50"`
	P90    float64 `json:"p90"`
	P99    float64 `json:"p99"`
	Max    float64 `json:"max"`
	Count  int     `json:"count"`
}

// Report is what the viewers saw while it was measured.
type Report struct {
	// URL is the first of the playlists; Streams is how many there are, among which the viewers are shared out.
	URL      string  `json:"url"`
	Streams  int     `json:"streams"`
	Protocol string  `json:"protocol"`
	Viewers  int     `json:"viewers"`
	Watching int     `json:"watching"` // at the end
	Seconds  float64 `json:"seconds"`
	// PartTarget is in milliseconds.
	PartTarget        float64 `json:"partTarget"`
	RequestsPerSecond float64 `json:"requestsPerSecond"`
	BytesPerSecond    float64 `json:"bytesPerSecond"`
	// Playlists and Parts are answers.
	Playlists uint64 `json:"playlists"`
	Parts     uint64 `json:"parts"`
	// PlaylistBytes is the mean size of a media playlist as it was sent, compressed where the server does that.
	PlaylistBytes float64 `json:"playlistBytes"`
	// Delay is from a part's arrival at the first of all viewers to its arrival at each.
	Delay Times `json:"delay"`
	// Age is how old the last picture of a part was when the viewer had the part; only where the publisher stamps
	// its pictures.
	Age Times `json:"age"`
	// Stalls are how often a playhead stood still, StallSeconds how long in all.
	Stalls       uint64  `json:"stalls"`
	StallSeconds float64 `json:"stallSeconds"`
	// HintsMissed are announced parts that did not come to be, Repeats reloads that brought nothing new.
	HintsMissed uint64 `json:"hintsMissed"`
	Repeats     uint64 `json:"repeats"`
	// Errors are sessions that broke, by kind.
	Errors map[string]uint64 `json:"errors"`
}

// ViewerSeconds is what costs are divided by.
func (r *Report) ViewerSeconds() float64 { return float64(r.Viewers) * r.Seconds }

func (t *tally) report(cfg Config, took time.Duration) *Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.parts.foldAll()
	all := uint64(0)
	for i := range t.requests {
		all += t.requests[i].Load()
	}
	secs := took.Seconds()
	r := &Report{
		URL: cfg.URLs[0], Streams: len(cfg.URLs), Protocol: cfg.Protocol, Viewers: cfg.Viewers, Watching: int(t.watching.Load()), Seconds: secs,
		PartTarget:        float64(t.target.Microseconds()) / 1000,
		RequestsPerSecond: float64(all) / secs, BytesPerSecond: float64(t.received()) / secs,
		Playlists: t.requests[askPlaylist].Load(), Parts: t.requests[askPart].Load(),
		Delay: t.parts.delays.times(), Age: t.parts.ages.times(),
		Stalls: t.stalls.Load(), StallSeconds: time.Duration(t.stalledFor.Load()).Seconds(),
		HintsMissed: t.missed.Load(), Repeats: t.repeats.Load(), Errors: map[string]uint64{},
	}
	r.PlaylistBytes = float64(t.bytes[askPlaylist].Load()) / float64(max(r.Playlists, 1))
	for k, n := range t.errs {
		r.Errors[k] = n
	}
	return r
}
