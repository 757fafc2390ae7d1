package fmp4

// Event is one event message. Two of them with the same Scheme, Value and ID are the same event, so an
// event may be repeated verbatim in later segments.
type Event struct {
	// Scheme and Value are URIs without NUL; Value may be empty.
	Scheme, Value string
	// Timescale should be that of a track; Time is on the timeline of the tracks, in its ticks.
	Timescale uint32
	Time      uint64
	// Duration is in ticks, DurationUnknown while it is not known.
	Duration uint32
	ID       uint32
	Data     []byte
}

// DurationUnknown is the event_duration of an event whose end is not known (emsgspec).
const DurationUnknown = 0xFFFFFFFF

// size: header 12, timescale 4, time 8, duration 4, id 4, two strings with NUL, data.
func (e *Event) size() int {
	return 12 + 4 + 8 + 4 + 4 + len(e.Scheme) + 1 + len(e.Value) + 1 + len(e.Data)
}

// Append appends the event as an emsg box of version 1 (ISO/IEC 23009-1 §5.10.3.3).
func (e *Event) Append(b []byte) []byte {
	b, at := openFull(b, "emsg", 1, 0)
	b = be.AppendUint32(b, e.Timescale)
	b = be.AppendUint64(b, e.Time)
	b = be.AppendUint32(b, e.Duration)
	b = be.AppendUint32(b, e.ID)
	b = append(b, e.Scheme...)
	b = append(b, 0)
	b = append(b, e.Value...)
	b = append(b, 0)
	b = append(b, e.Data...)
	return end(b, at)
}
