// Package ingest is what every way in shares: the Gate that knows stream keys, the Door that admits
// publishers, settles who has a stream when two want it, watches each publication and tells what is wrong
// with it in words, and counts and logs sessions.
//
// It speaks no protocol. A protocol package parses its wire format and calls, in this order:
//
//	visit, err := door.Knock(remote)            // a connection: may this address have one more?
//	pub, err := door.Enter(ctx, request)        // a stream key: may it publish, now?
//	pub.SetTracks(tracks)                       // what comes; again whenever it changes
//	pub.Write(au), pub.WriteData(d)             // the media
//	pub.Close(err)                              // why it ended
//	door.Refuse(protocol, remote, err)          // instead, for whoever never came to publish
//	visit.Leave()                               // the connection has ended
//
// Door.Listener knocks for every TCP connection, Door.Watch holds a connection to its times and knows why it
// was ended, an Intake gathers the tracks of publishers who make them known one by one, and a Jitter puts RTP
// packets back in order.
package ingest
