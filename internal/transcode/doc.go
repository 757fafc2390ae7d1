// Package transcode makes of what arrived something that more players play, with ffmpeg as a child process: today
// AAC of Opus. It moves access units and knows no publisher, no stream and no playlist; without ffmpeg it says so
// and does nothing.
//
// # AAC from Opus
//
// One [Sound] is one Opus track under way, with one ffmpeg:
//
//	Write ─▶ ledger ─▶ Ogg pages ─▶ ffmpeg ─▶ ADTS frames ─▶ ledger ─▶ deliver
//
// Every Opus packet travels as an Ogg page of its own, because an Ogg demuxer hands on what a finished page holds
// and waits for nothing more. AAC comes back as ADTS, which says where a frame ends and has no time in it: the
// ledger knows it. It counts the samples that ffmpeg was fed and the frames that came back, and a frame's PTS is
// that of the Opus packet whose sound it holds. Two delays are taken into account so that sound is not shifted:
//
//   - Opus: the header's pre-skip is 0, so ffmpeg takes nothing off the start, and a packet's PTS is when its first
//     decoded sample is to be heard, as in every container;
//   - AAC: the encoder's first frame holds the 1024 samples of its priming, so that frame n holds the samples from
//     1024·(n-1) on.
//
// # Delay
//
// ffmpeg's AAC encoder gives frame n once it has the two frames behind it: it overlaps frames by one, and looks
// ahead by one to choose its windows. The delay, from the Opus packet that completes a frame's sound to the frame,
// is therefore 2·1024 samples, which are 42.7 ms, rounded up to the end of an Opus packet, plus what the machine
// takes: with packets of 20 ms it is 40 or 60 ms, in turn, for ever. The flags that are said to lower delay do not:
// "nobuffer" makes ffmpeg hold back one packet more, which costs 20 ms.
//
// # What may go wrong
//
// Packets that are missing are fed as silence, up to a second; over that the timeline jumps, as the publisher's
// did. A packet that ffmpeg cannot decode is filled by its resampler. A child that dies is started again: packets
// are kept until their sound is out, so the next child is fed what the last one had not given back, from 80 ms
// before it on (the pre-roll that RFC 7845 §4.6 asks for) and on the same grid of 1024 samples. A child that gives
// nothing for two seconds is killed and counts as dead. The publisher never waits: over three seconds of sound the
// oldest is dropped and counted. When children die one after the other without a single frame, the Sound gives up
// and Write says so.
package transcode
