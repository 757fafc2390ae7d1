package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"log/slog"
	"math"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"

	"livesrv/ingest"
	"livesrv/internal/livetest"
	"livesrv/internal/media"
	"livesrv/internal/transcode"
)

// aac is the converter as the program wires it.
type aac struct{ *transcode.Converter }

func (c aac) Convert(from media.Track, log *slog.Logger, deliver func(*media.AccessUnit)) (ingest.Conversion, error) {
	s, err := c.AAC(from, log, deliver)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// TestConvertedSound: a publisher sends Opus, viewers get AAC. The strict player is content with both renditions,
// sound is in its picture's part or in the next, and 10 ms from its picture at most. It runs by itself, for how late
// sound is depends on what else the machine does.
func TestConvertedSound(t *testing.T) {
	const length = 8 * time.Second
	sound, err := livetest.Opus(t.Context(), livetest.Bursts+"60", "-b:a 64k -application voip")
	if err != nil {
		t.Fatal(err)
	}
	cfg := shortParts()
	l, stop := newLine(t, cfg)
	defer stop()
	conv, err := transcode.New(transcode.DefaultConfig(), l.log)
	if err != nil {
		t.Fatal(err)
	}
	l.group.Go(func() { _ = conv.Run(l.ctx) })
	door, err := ingest.NewDoor(ingest.DefaultConfig(), anyKey{}, l.streams, nil, l.log)
	if err != nil {
		t.Fatal(err)
	}
	door.SetConverter(aac{conv})
	web := httptest.NewServer(l.hls)
	defer web.Close()

	ctx, end := context.WithCancel(t.Context())
	published := make(chan struct{})
	go func() {
		defer close(published)
		publishOpus(ctx, t, door, sound)
	}()
	l.waitFor(t, "shoes")
	rep := judge(t, t.Context(), livetest.Options{URL: web.URL + "/live/shoes/index.m3u8", For: length, Slack: busy, KeepSegments: 4})
	s, _ := door.Session("shoes")
	end()
	<-published
	if len(s.Tracks) != 2 || s.Tracks[1].Codec != "AAC" || s.Tracks[1].ConvertedFrom != "Opus" || s.Tracks[1].Channels != 2 {
		t.Errorf("the session says %+v", s.Tracks)
	}
	if st, _ := l.streams.Stream("shoes"); st.Stats().Repairs.Gaps+st.Stats().Repairs.Dropped > 0 {
		t.Errorf("the stream had to repair: %+v", st.Stats().Repairs)
	}
	if len(rep.Renditions) != 2 {
		t.Fatalf("renditions %v, want both", rep.Renditions)
	}
	for name, file := range rep.Media {
		if strings.HasPrefix(name, "v") {
			lags(t, file, cfg.PartDuration)
			lipSync(t, file)
		}
	}
}

// publishOpus sends pictures and the given sound, each when it is due, until ctx ends.
func publishOpus(ctx context.Context, t *testing.T, door *ingest.Door, sound []*media.AccessUnit) {
	pub, err := door.Enter(ctx, ingest.Request{Protocol: "test", Remote: "127.0.0.1:1", Key: "shoes"})
	if err != nil {
		t.Error(err)
		return
	}
	defer pub.Close(nil)
	pictures := livetest.Synth{FPSNum: 30, GOP: 30}
	tracks := append(pictures.Tracks(), media.Track{ID: 1, ClockRate: 48000, Codec: &media.Opus{ChannelCount: 2}})
	if err := pub.SetTracks(tracks); err != nil {
		t.Error(err)
		return
	}
	for start := time.Now(); len(sound) > 0; {
		var au *media.AccessUnit
		at := media.Duration(sound[0].PTS, 48000)
		if pictures.At() <= at {
			at, au = pictures.At(), pictures.Next()
		} else {
			au, sound = sound[0], sound[1:]
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(start.Add(at))):
		}
		if err := pub.Write(au); err != nil {
			t.Error(err)
			return
		}
	}
}

// lags judges by how much the sound in each part ends before its pictures do.
func lags(t *testing.T, file []byte, part time.Duration) {
	t.Helper()
	var parts fmp4.Parts
	if err := parts.Unmarshal(file); err != nil {
		t.Fatal(err)
	}
	var most time.Duration
	for _, p := range parts {
		var ends [3]time.Duration
		for _, tr := range p.Tracks {
			rate := [3]int{1: media.VideoClockRate, 2: 48000}[tr.ID]
			end := int64(tr.BaseTime)
			for _, s := range tr.Samples {
				end += int64(s.Duration)
			}
			ends[tr.ID] = media.Duration(end, rate)
		}
		if ends[2] == 0 {
			t.Error("a part has no sound")
			continue
		}
		most = max(most, ends[1]-ends[2])
	}
	t.Logf("sound ends up to %s before the pictures of its part, of %d", most, len(parts))
	if most > part {
		t.Errorf("sound ends up to %s before the pictures of its part, which is more than a part", most)
	}
}

// lipSync looks where the bursts are that begin every quarter of a second, as does every segment's first picture.
func lipSync(t *testing.T, file []byte) {
	t.Helper()
	var parts fmp4.Parts
	if err := parts.Unmarshal(file); err != nil {
		t.Fatal(err)
	}
	var from [3]uint64
	for _, tr := range parts[0].Tracks {
		from[tr.ID] = tr.BaseTime
	}
	path := filepath.Join(t.TempDir(), "media.mp4")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-nostdin", "-i", path, "-map", "0:a", "-ac", "1", "-f", "f32le", "pipe:1").Output()
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]float32, len(out)/4)
	if err := binary.Read(bytes.NewReader(out), binary.LittleEndian, pcm); err != nil {
		t.Fatal(err)
	}
	const quarter = 48000 / 4
	// The first sample's place behind a picture at the start of a segment.
	off := int(from[2]) - int(media.Rescale(int64(from[1]), media.VideoClockRate, 48000))
	var at, energy float64
	bursts := 0
	for i, x := range pcm {
		e := float64(x) * float64(x)
		at += e * float64((i+off+quarter/2+quarter)%quarter-quarter/2)
		energy += e
		if e > 0.1 {
			bursts++
		}
	}
	late := time.Duration((at/energy/48 - 10) * float64(time.Millisecond)) // the middle of 20 ms
	t.Logf("sound is %s late against the pictures, by %d samples", late, bursts)
	if bursts < 1000 || math.Abs(late.Seconds()) > 0.010 {
		t.Errorf("sound is %s late, heard in %d samples", late, bursts)
	}
}
