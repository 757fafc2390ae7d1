package livetest

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/bluenviron/gortmplib"
	"github.com/bluenviron/gortmplib/pkg/codecs"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	mp4codecs "github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"

	"livesrv/internal/media"
)

// Carry publishes what an [Encoder] writes, fragmented MP4 with H.264 or HEVC and AAC, to rtmp://HOST:PORT/live/KEY until
// the input ends. Two things ffmpeg cannot do itself: push HEVC by Enhanced RTMP, before 6.1, and let the picture or the
// sound die while the other goes on, which lost says at each sample, nil for never.
func Carry(ctx context.Context, in io.Reader, address string, lost func(video bool) bool) error {
	if i := strings.LastIndexByte(address, '/'); i > 0 {
		address = address[:i] + "#" + address[i+1:] // how gortmplib tells the key from the application
	}
	b := &bridge{ctx: ctx, lost: lost}
	defer b.close()
	var head, moof []byte
	for {
		box, err := readBox(in)
		if err != nil {
			return nil // the encoder has ended
		}
		switch string(box[4:8]) {
		case "ftyp":
			head = box
		case "moov":
			if err := b.connect(address, append(head, box...)); err != nil {
				return err
			}
		case "moof":
			moof = box
		case "mdat":
			var parts fmp4.Parts
			if err := parts.Unmarshal(append(moof, box...)); err != nil {
				return fmt.Errorf("read a fragment: %w", err)
			}
			if err := b.write(parts); err != nil {
				return err
			}
		}
	}
}

// readBox reads one whole MP4 box.
func readBox(in io.Reader) ([]byte, error) {
	head := make([]byte, 8)
	if _, err := io.ReadFull(in, head); err != nil {
		return nil, err
	}
	box := make([]byte, max(8, binary.BigEndian.Uint32(head)))
	copy(box, head)
	_, err := io.ReadFull(in, box[8:])
	return box, err
}

// bridge is one publisher's connection.
type bridge struct {
	ctx    context.Context
	client *gortmplib.Client
	writer *gortmplib.Writer
	tracks map[int]bridgeTrack
	lost   func(video bool) bool
}

type bridgeTrack struct {
	*gortmplib.Track
	scale int
}

func (b *bridge) close() {
	if b.client != nil {
		b.client.Close()
	}
}

// connect publishes the tracks of an init segment.
func (b *bridge) connect(address string, init []byte) error {
	var in fmp4.Init
	if err := in.Unmarshal(bytes.NewReader(init)); err != nil {
		return fmt.Errorf("read the init segment: %w", err)
	}
	b.tracks = map[int]bridgeTrack{}
	var all []*gortmplib.Track
	for _, t := range in.Tracks {
		var codec codecs.Codec
		switch c := t.Codec.(type) {
		case *mp4codecs.H264:
			codec = &codecs.H264{SPS: c.SPS, PPS: c.PPS}
		case *mp4codecs.H265:
			codec = &codecs.H265{VPS: c.VPS, SPS: c.SPS, PPS: c.PPS}
		case *mp4codecs.MPEG4Audio:
			codec = &codecs.MPEG4Audio{Config: &c.Config}
		default:
			return fmt.Errorf("track of type %T", c)
		}
		track := &gortmplib.Track{Codec: codec}
		all = append(all, track)
		b.tracks[t.ID] = bridgeTrack{track, int(t.TimeScale)}
	}
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	b.client = &gortmplib.Client{URL: u, Publish: true}
	if err := b.client.Initialize(b.ctx); err != nil {
		return err
	}
	go drain(b.client.NetConn())
	b.writer = &gortmplib.Writer{Conn: b.client, Tracks: all}
	return b.writer.Initialize()
}

// drain reads what the server says, so that it never has to wait to say it.
func drain(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// write sends the samples of fragments.
func (b *bridge) write(parts fmp4.Parts) error {
	for _, p := range parts {
		for _, run := range p.Tracks {
			t, dts := b.tracks[run.ID], int64(run.BaseTime)
			for _, s := range run.Samples {
				if err := b.sample(t, dts, s); err != nil {
					return err
				}
				dts += int64(s.Duration)
			}
		}
	}
	return nil
}

func (b *bridge) sample(t bridgeTrack, dts int64, s *fmp4.Sample) error {
	if b.lost != nil && b.lost(t.Codec.IsVideo()) {
		return nil
	}
	at := func(ticks int64) time.Duration { return media.Duration(ticks, t.scale) }
	if !t.Codec.IsVideo() {
		return b.writer.WriteMPEG4Audio(t.Track, at(dts), s.Payload)
	}
	var au h264.AVCC // HEVC's samples are laid out alike
	if err := au.Unmarshal(s.Payload); err != nil {
		return err
	}
	if _, avc := t.Codec.(*codecs.H264); avc {
		return b.writer.WriteH264(t.Track, at(dts+int64(s.PTSOffset)), at(dts), au)
	}
	return b.writer.WriteH265(t.Track, at(dts+int64(s.PTSOffset)), at(dts), au)
}
