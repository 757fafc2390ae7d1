package srt

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts/codecs"
)

func safe(n int) []byte {
	return []byte{byte(n >> 21 & 127), byte(n >> 14 & 127), byte(n >> 7 & 127), byte(n & 127)}
}

// tag is an ID3 tag of frames.
func tag(major, flags byte, frames ...[]byte) []byte {
	body := bytes.Join(frames, nil)
	return append(append([]byte{'I', 'D', '3', major, 0, flags}, safe(len(body))...), body...)
}

func frame4(id string, flags byte, body []byte) []byte {
	return append(append(append([]byte(id), safe(len(body))...), 0, flags), body...)
}

func frame3(id string, body []byte) []byte {
	return append(append(binary.BigEndian.AppendUint32([]byte(id), uint32(len(body))), 0, 0), body...)
}

func text4(id, s string) []byte { return frame4(id, 0, append([]byte{3}, s...)) }

var tags = []struct {
	name string
	tag  []byte
	want string
}{
	{"text", tag(4, 0, text4("TIT2", "Blue mug")), `[{"id":"TIT2","value":"Blue mug"}]`},
	{"description", tag(4, 0, text4("TXXX", "cue\x00{\"sku\":1}")), `[{"id":"TXXX","description":"cue","value":"{\"sku\":1}"}]`},
	{"private", tag(4, 0, frame4("PRIV", 0, []byte("com.example\x00\x01\xff"))), `[{"id":"PRIV","owner":"com.example","data":"Af8="}]`},
	{"two frames", tag(4, 0, text4("TIT2", "a"), text4("TPE1", "b\x00c\x00")), `[{"id":"TIT2","value":"a"},{"id":"TPE1","value":"b\nc"}]`},
	{"Latin, 2.3", tag(3, 0, frame3("TIT2", []byte{0, 'M', 0xFC, 'l'})), `[{"id":"TIT2","value":"Mül"}]`},
	{"UTF-16", tag(4, 0, frame4("TXXX", 0, []byte{1, 0xFF, 0xFE, 'd', 0, 0, 0, 0xFF, 0xFE, 0x53, 0x67})), `[{"id":"TXXX","description":"d","value":"杓"}]`},
	{"UTF-16 big end", tag(4, 0, frame4("TIT2", 0, []byte{2, 0, 'x'})), `[{"id":"TIT2","value":"x"}]`},
	{"unsynchronised frame", tag(4, 0, frame4("PRIV", 2, []byte("o\x00\xff\x00\xe0"))), `[{"id":"PRIV","owner":"o","data":"/+A="}]`},
	{"extended header", tag(4, 0x40, append(safe(6), 1, 0), text4("TIT2", "x")), `[{"id":"TIT2","value":"x"}]`},
	{"address", tag(4, 0, frame4("WXXX", 0, []byte("\x03shop\x00https://example.org/?a=1"))), `[{"id":"WXXX","description":"shop","value":"https://example.org/?a=1"}]`},
	{"not UTF-8", tag(4, 0, text4("TIT2", "a\xffb")), `[{"id":"TIT2","value":"a\ufffdb"}]`},
	{"compressed", tag(4, 0, frame4("TIT2", 8, []byte{3, 'x'})), ``},
	{"padding", tag(4, 0, text4("TIT2", "x"), make([]byte, 20)), `[{"id":"TIT2","value":"x"}]`},
	{"frame over the end", tag(4, 0, append(text4("TIT2", "x"), 'T', 'I', 'T', '3', 0, 0, 9, 9, 0, 0)), `[{"id":"TIT2","value":"x"}]`},
	{"2.2", tag(2, 0, []byte("TT2\x00\x00\x02\x00x")), ``},
	{"too large", tag(4, 0, text4("TIT2", string(make([]byte, maxTag)))), ``},
	{"all escapes", tag(4, 0, text4("TIT2", string(bytes.Repeat([]byte{1}, 20_000)))), ``},
	{"none", []byte("IDD"), ``},
}

func TestParseID3(t *testing.T) {
	for _, c := range tags {
		payload, size := parseID3(c.tag)
		var got, want any
		if payload != nil {
			must(t, json.Unmarshal(payload, &got))
		}
		if c.want != "" {
			must(t, json.Unmarshal([]byte(c.want), &want))
		}
		a, _ := json.Marshal(got)
		if b, _ := json.Marshal(want); !bytes.Equal(a, b) {
			t.Errorf("%s: %s", c.name, payload)
		}
		if c.want != "" && size != len(c.tag) {
			t.Errorf("%s: %d bytes of %d", c.name, size, len(c.tag))
		}
	}
}

// withID3 is a transport stream with pictures and, as a third of them has passed, ID3 in metadata packets.
// The table is made from KLV's by its format identifier: the writer knows no ID3.
func withID3(t testing.TB, id3 []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	v := &mpegts.Track{PID: 256, Codec: &codecs.H264{}}
	m := &mpegts.Track{PID: 258, Codec: &codecs.KLV{Synchronous: true}}
	w := &mpegts.Writer{W: &b, Tracks: []*mpegts.Track{v, m}}
	must(t, w.Initialize())
	for i := range 30 {
		au := [][]byte{{0x41, byte(i)}}
		if i%10 == 0 {
			au = [][]byte{sps, pps, {0x65, 1}}
		}
		must(t, w.WriteH264(v, int64(i)*3600, int64(i)*3600, au))
		if i == 10 {
			must(t, w.WriteKLV(m, 10*3600, id3))
		}
	}
	ts := b.Bytes()
	for i := 0; i+packetSize <= len(ts); i += packetSize {
		p := ts[i : i+packetSize]
		if at := bytes.Index(p, []byte("KLVA")); at > 0 && p[4] == 0 {
			copy(p[at:], "ID3 ")
			n := 3 + int(binary.BigEndian.Uint16(p[6:])&0xFFF)
			section := p[5 : 5+n]
			binary.BigEndian.PutUint32(section[n-4:], crc32(section[:n-4]))
		}
	}
	return ts
}

func TestTimedID3(t *testing.T) {
	s := newSink()
	alive := 0
	must(t, feed(newPublisher(s, func() { alive++ }), withID3(t, append(tag(4, 0, text4("TXXX", "pin\x00mug")), tag(4, 0, text4("TIT2", "two"))...)), 1316))
	if len(s.data) != 2 || s.data[0].Name != "id3" || s.data[0].PTS != 36000 ||
		string(s.data[0].Payload) != `[{"id":"TXXX","description":"pin","value":"mug"}]` || string(s.data[1].Payload) != `[{"id":"TIT2","value":"two"}]` {
		t.Errorf("%+v", s.data)
	}
	if len(s.tracks) == 0 || len(s.tracks[0]) != 1 || alive == 0 {
		t.Errorf("%+v", s.tracks)
	}
}

func FuzzParseID3(f *testing.F) {
	for _, c := range tags {
		f.Add(c.tag)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		payload, size := parseID3(b)
		if size < 0 || size > len(b) || payload != nil && !json.Valid(payload) || len(payload) > maxPayload {
			t.Fatal(size, len(payload))
		}
	})
}
