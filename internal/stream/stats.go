package stream

import (
	"time"

	"livesrv/internal/media"
)

// Repairs counts what was wrong with one track's timestamps and bytes, and was made good.
type Repairs struct {
	// Jumps are changes of the publisher's clock: wraps, steps forth and back.
	Jumps uint64 `json:"jumps"`
	// Reversals are stamps below the one before, Duplicates equal to it (video only).
	Reversals  uint64 `json:"reversals"`
	Duplicates uint64 `json:"duplicates"`
	// DTSOverPTS is how often pictures came with DTS > PTS, by more than was already allowed for.
	DTSOverPTS uint64 `json:"dtsOverPts"`
	// Gaps are holes in the audio, Missing the frames that would have filled them, Dropped the frames
	// that were too many, Early those from before the publication's beginning.
	Gaps    uint64 `json:"gaps"`
	Missing uint64 `json:"missing"`
	Dropped uint64 `json:"dropped"`
	Early   uint64 `json:"early"`
	// Pulled is by how many ticks of its clock audio was pulled to its stamps, either way.
	Pulled uint64 `json:"pulled"`
	// Undecodable are access units before the first keyframe and such with nothing in them.
	Undecodable uint64 `json:"undecodable"`
	// ParameterSets is how often the parameter sets really changed.
	ParameterSets uint64 `json:"parameterSets"`
}

func (r *Repairs) add(o Repairs) {
	r.Jumps += o.Jumps
	r.Reversals += o.Reversals
	r.Duplicates += o.Duplicates
	r.DTSOverPTS += o.DTSOverPTS
	r.Gaps += o.Gaps
	r.Missing += o.Missing
	r.Dropped += o.Dropped
	r.Early += o.Early
	r.Pulled += o.Pulled
	r.Undecodable += o.Undecodable
	r.ParameterSets += o.ParameterSets
}

// Since is what has been added to the counters since they were old.
func (r Repairs) Since(old Repairs) Repairs {
	r.Jumps -= old.Jumps
	r.Reversals -= old.Reversals
	r.Duplicates -= old.Duplicates
	r.DTSOverPTS -= old.DTSOverPTS
	r.Gaps -= old.Gaps
	r.Missing -= old.Missing
	r.Dropped -= old.Dropped
	r.Early -= old.Early
	r.Pulled -= old.Pulled
	r.Undecodable -= old.Undecodable
	r.ParameterSets -= old.ParameterSets
	return r
}

// TrackStats is one track of the present publication.
type TrackStats struct {
	Kind  string `json:"kind"`
	Codec string `json:"codec"`
	AUs   uint64 `json:"accessUnits"`
	Keys  uint64 `json:"keyframes"`
	Bytes uint64 `json:"bytes"`
	// FrameRate is the constant frame rate that video is held to, 0 while it varies.
	FrameRate float64 `json:"frameRate,omitempty"`
	// Drift is how far the audio's stamps lie from where its frames were laid.
	Drift   time.Duration `json:"drift,omitempty"`
	Repairs Repairs       `json:"repairs"`
}

// Stats is a stream's state and what it has counted. Repairs include those of publications that ended.
type Stats struct {
	OnAir        bool         `json:"onAir"`
	Publications uint64       `json:"publications"`
	Tracks       []TrackStats `json:"tracks"`
	Repairs      Repairs      `json:"repairs"`
	Readers      int          `json:"readers"`
	// LostAUs and LostGOPs are what slow readers lost, all together.
	LostAUs  uint64 `json:"lostAccessUnits"`
	LostGOPs uint64 `json:"lostGops"`
	Data     uint64 `json:"data"`
	// WallError is the present error of wall time, WallCorrected the sum of its corrections.
	WallError     time.Duration `json:"wallError"`
	WallCorrected time.Duration `json:"wallCorrected"`
}

type counters struct {
	publications, lostAUs, lostGOPs, data uint64
	// past are the repairs of tracks that are no more.
	past Repairs
}

func (c *counters) closed(tracks []*track) {
	for _, t := range tracks {
		c.past.add(t.repairs)
	}
}

// Stats gives a snapshot of the counters.
func (s *Stream) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{
		Publications:  s.stat.publications,
		Repairs:       s.stat.past,
		Readers:       len(s.readers),
		LostAUs:       s.stat.lostAUs,
		LostGOPs:      s.stat.lostGOPs,
		Data:          s.stat.data,
		WallError:     s.line.clock.error(),
		WallCorrected: s.line.clock.corrected,
	}
	if s.writer == nil {
		return st
	}
	st.OnAir = s.writer.ready
	for _, t := range s.writer.tracks {
		st.Tracks = append(st.Tracks, t.stats())
		st.Repairs.add(t.repairs)
	}
	return st
}

func (t *track) stats() TrackStats {
	ts := TrackStats{
		Kind:    t.info.Codec.Kind().String(),
		Codec:   t.info.Codec.Name(),
		AUs:     t.aus,
		Keys:    t.keys,
		Bytes:   t.bytes,
		Repairs: t.repairs,
	}
	if t.info.Codec.Kind() == media.Video {
		ts.FrameRate = t.video.grid.lockedRate()
	} else {
		ts.Drift = time.Duration(t.audio.mean/64) * time.Microsecond
	}
	return ts
}
