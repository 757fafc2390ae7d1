package livetest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"

	"livesrv/internal/media"
)

// Bursts is an audio source for Opus, to which seconds are appended: 20 ms of 1 kHz in both channels at the start of
// every quarter of a second.
const Bursts = "aevalsrc=exprs=0.5*sin(2*PI*1000*t)*lt(mod(t\\,0.25)\\,0.02)|0.5*sin(2*PI*1000*t)*lt(mod(t\\,0.25)\\,0.02):s=48000:d="

// Opus lets ffmpeg encode what a lavfi source makes, with libopus and its options, and gives the packets as access
// units of track 1, stamped as containers do: the source begins at 0, and what the encoder puts before it is before 0.
func Opus(ctx context.Context, source, options string) ([]*media.AccessUnit, error) {
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		return nil, ErrNoFFmpeg
	}
	args := append(strings.Fields("-v error -nostdin -f lavfi -i"), source)
	args = append(args, strings.Fields("-c:a libopus "+options+" -f ogg pipe:1")...)
	out, err := exec.CommandContext(ctx, path, args...).Output()
	if err != nil {
		return nil, fmt.Errorf("ffmpeg: %w", err)
	}
	packets, err := OggPackets(out)
	if err != nil || len(packets) < 3 || len(packets[0]) < 19 {
		return nil, fmt.Errorf("livetest: ffmpeg made %d Ogg packets: %w", len(packets), err)
	}
	pts := -int64(binary.LittleEndian.Uint16(packets[0][10:])) // pre-skip, RFC 7845 §5.1
	var aus []*media.AccessUnit
	for _, p := range packets[2:] {
		aus = append(aus, &media.AccessUnit{Track: 1, PTS: pts, DTS: pts, Key: true, Units: [][]byte{p}})
		pts += opus.PacketDuration2(p)
	}
	return aus, nil
}

// OggPackets takes an Ogg file of one stream apart (RFC 3533 §6).
func OggPackets(b []byte) (packets [][]byte, err error) {
	var packet []byte
	for len(b) > 0 {
		if len(b) < 27 || string(b[:4]) != "OggS" || len(b) < 27+int(b[26]) {
			return packets, errors.New("livetest: no Ogg page")
		}
		lacing := b[27 : 27+int(b[26])]
		b = b[27+len(lacing):]
		for _, n := range lacing {
			if len(b) < int(n) {
				return packets, errors.New("livetest: an Ogg page is cut short")
			}
			packet = append(packet, b[:n]...)
			b = b[n:]
			if n < 255 {
				packets = append(packets, packet)
				packet = nil
			}
		}
	}
	return packets, nil
}
