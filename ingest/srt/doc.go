// Package srt takes SRT publishers in: OBS, ffmpeg, phones, hardware encoders, with MPEG-TS inside. H.264
// and HEVC; AAC (ADTS and LATM), Opus and MP3; timed ID3 becomes cues. It plays nothing out.
//
// The address is srt://HOST:8890?streamid=publish:KEY; the form of the SRT access control guidelines,
// #!::r=KEY,m=publish, is understood as well. Who is refused reads why from the reject reason.
//
// The wire is gosrt's. MPEG-TS is read here: mediacommon's reader holds a whole stream back until its AAC
// has spoken, never hears of a changed programme, and gives timed ID3 to nobody. ts.go takes packets
// apart with bounded memory, publisher.go makes access units of them, id3.go reads tags.
package srt
