package playlist

import "strconv"

// Skip is EXT-X-SKIP, in the place of the segments that a delta update leaves out.
type Skip struct {
	// Segments is the number of segments that are left out.
	Segments int
	// DateRanges says that dateranges are left out too (_HLS_skip=v2); RemovedDateRanges are then the ids
	// that have left the playlist within the skip boundary. "REQUIRED … the string MAY be empty" (bis §4.4.5.2).
	DateRanges        bool
	RemovedDateRanges []string
}

// Append appends the tag.
func (s *Skip) Append(b []byte) []byte {
	b = append(b, "#EXT-X-SKIP:"...)
	b = strconv.AppendInt(attr(b, "SKIPPED-SEGMENTS"), int64(s.Segments), 10)
	if s.DateRanges {
		b = append(attr(b, "RECENTLY-REMOVED-DATERANGES"), '"')
		n := 0
		for _, id := range s.RemovedDateRanges {
			if !Quotable(id) {
				continue
			}
			if n++; n > 1 {
				b = append(b, '\t')
			}
			b = append(b, id...)
		}
		b = append(b, '"')
	}
	return append(b, '\n')
}
