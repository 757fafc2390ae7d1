package ingest

import (
	"errors"
	"log/slog"
	"slices"

	"livesrv/internal/fault"
	"livesrv/internal/media"
)

// Converter makes sound that every player plays of sound that not every player does: AAC of Opus.
type Converter interface {
	// Convert starts the conversion of an Opus track. deliver gets what comes out, from one goroutine and in
	// order, as access units of the track that Conversion.Track says. log names the publication.
	// Errors: fault.Unavailable where nothing is there to convert with, fault.Invalid where it cannot convert
	// this; the track then stays what it is.
	Convert(from media.Track, log *slog.Logger, deliver func(*media.AccessUnit)) (Conversion, error)
}

// Conversion is one track under way. None of its methods waits.
type Conversion interface {
	// Track is what comes out, with the ID of what goes in.
	Track() media.Track
	// Write takes an access unit over. Its error says why nothing comes out any more; then au is the caller's.
	Write(au *media.AccessUnit) error
	// Close ends it. What it delivers afterwards is of no use.
	Close()
}

// SetConverter gives the Door something to convert sound with. Call it before the first publisher comes; without
// it sound is passed on as it is.
func (d *Door) SetConverter(c Converter) { d.converter = c }

// conversion is the publication's own.
type conversion struct {
	Conversion
	from media.Track
}

// convert puts AAC in the place of the sound that viewers hear, which is the first, where that is Opus and can be
// converted, and says in plain why it is not where it should be. The caller holds p.mu.
func (p *Publication) convert(tracks []media.Track) (out []media.Track, plain string) {
	i := slices.IndexFunc(tracks, func(t media.Track) bool { return t.Codec != nil && t.Codec.Kind() == media.Audio })
	if i < 0 {
		p.endConversion()
		return tracks, ""
	}
	from := tracks[i]
	if _, ok := from.Codec.(*media.Opus); !ok || p.door.converter == nil {
		p.endConversion()
		return tracks, ""
	}
	if c := p.conv; c == nil || c.from.ID != from.ID || !media.Equal(c.from.Codec, from.Codec) || c.from.ClockRate != from.ClockRate {
		p.endConversion()
		c := &conversion{from: from}
		var err error
		c.Conversion, err = p.door.converter.Convert(from, p.log, func(au *media.AccessUnit) { p.converted(c, au) })
		if err != nil {
			return tracks, opusStays(err)
		}
		p.conv = c
	}
	out = slices.Clone(tracks)
	out[i] = p.conv.Track()
	return out, ""
}

// endConversion ends the conversion if there is one. The caller holds p.mu.
func (p *Publication) endConversion() {
	if p.conv != nil {
		p.conv.Close()
		p.conv = nil
	}
}

// converted writes what a conversion delivers.
func (p *Publication) converted(c *conversion, au *media.AccessUnit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended || p.conv != c || p.broken != nil {
		return
	}
	p.broken = p.w.Write(au)
}

// pass writes an access unit into the stream, or into the conversion of its track. The caller holds p.mu.
func (p *Publication) pass(au *media.AccessUnit) error {
	if p.broken != nil {
		return p.broken
	}
	if p.conv == nil || au.Track != p.conv.from.ID {
		return p.w.Write(au)
	}
	why := p.conv.Write(au)
	if why == nil {
		return nil
	}
	if err := p.unconvert(why); err != nil {
		return err
	}
	return p.w.Write(au)
}

// unconvert goes on with the sound as it comes. The caller holds p.mu.
func (p *Publication) unconvert(why error) error {
	tracks := p.w.Tracks()
	tracks[p.conv.from.ID] = p.conv.from
	p.endConversion()
	p.tracks = infos(tracks)
	p.doctor.plain = opusStays(why)
	return p.w.SetTracks(tracks)
}

// describeTracks says what reaches the stream, and of what it was made. The caller holds p.mu.
func (p *Publication) describeTracks(out []media.Track) []TrackInfo {
	all := infos(out)
	if p.conv != nil {
		all[p.conv.from.ID].ConvertedFrom = p.conv.from.Codec.Name()
	}
	return all
}

// opusStays says who hears nothing, and what to do.
func opusStays(why error) string {
	text := "The sound is Opus, which Safari and iPhones may not play, and is not converted to AAC"
	f, ok := errors.AsType[*fault.Error](why)
	if !ok {
		return text + "."
	}
	text += ": " + f.Msg + "."
	if f.Hint != "" {
		text += " To convert it, " + f.Hint + "."
	}
	return text
}
