package stream

import (
	"context"
	"io"
	"sync"
	"time"

	"livesrv/internal/media"
)

// Item is what a reader gets. Exactly one field is set.
type Item struct {
	// Tracks are the tracks from here on. The first item of every reader, the first after an absence
	// (changed or not), and one before the first access unit that needs other parameter sets.
	Tracks []media.Track
	// AU is an access unit on the stream's timeline. Shared: read only.
	AU *media.AccessUnit
	// Data is a timed text from the publisher. Shared: read only.
	Data *Data
	// Absent says that the publisher has gone. The next item, if any comes, is Tracks.
	Absent bool
}

// Data is a timed text that a publisher sent beside its media.
type Data struct {
	// Name is what the publisher calls it: onTextData, onCuePoint, onFI, id3.
	Name string
	// PTS is in ticks of 90 kHz: on the publisher's clock when written, on the stream's when read.
	PTS int64
	// Wall is the wall time of PTS as the stream estimates it; set by the stream.
	Wall time.Time
	// Payload is JSON.
	Payload []byte
}

// Reader is one bounded queue of a stream's items. One goroutine reads it.
type Reader struct {
	s *Stream

	mu sync.Mutex
	// queue is a ring: n items from head. It grows up to the configured bound.
	queue []Item
	head  int
	n     int
	bytes int
	ended bool
	// skipping drops access units until the next keyframe of a leading track.
	skipping bool
	lostAUs  uint64
	lostGOPs uint64
	// wake holds one token when there may be something new. One consumer, so a token does.
	wake chan struct{}
	// want is how many pictures the reader waits for, every how far apart they come, hold how long it waits at most;
	// leads are those that are queued, others what came after the last of them.
	want, leads, others int
	every, hold         time.Duration
	overdue             *time.Timer
}

const (
	firstQueue = 64
	// maxQueuedBytes bounds a queue whatever the size of its access units.
	maxQueuedBytes = 64 << 20
	// batch is how many access units of other tracks may wait for the next one of the leading track before
	// a sleeping reader is woken: sound between two pictures is of no use before the second of them, and
	// waking up costs more than passing it on.
	batch = 4
)

func newReader(s *Stream) *Reader {
	return &Reader{s: s, queue: make([]Item, firstQueue), wake: make(chan struct{}, 1), skipping: true}
}

// Expect says that the reader has no use for fewer than n access units of a leading track, which come every so often: it
// is woken when as many are queued, at a keyframe, at anything that is no access unit, and hold after the first that
// waits. Waking a goroutine for every picture costs more than packaging it. 1, which is how a reader begins, wakes it for
// each.
func (r *Reader) Expect(n int, every, hold time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.want, r.every, r.hold = n, every, hold
}

// rest is how long nothing comes that the reader waits for, if the last access unit came just now or at most one
// interval ago.
func (r *Reader) rest() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Duration(max(0, r.want-r.leads-1)) * r.every
}

// Next waits for the next item. It gives io.EOF when the stream was removed or the reader closed, after
// the items that were still queued, and ctx's error when ctx ends.
func (r *Reader) Next(ctx context.Context) (Item, error) {
	for {
		it, ok, ended := r.pop()
		if ok {
			return it, nil
		}
		if ended {
			return Item{}, io.EOF
		}
		select {
		case <-r.wake:
		case <-ctx.Done():
			return Item{}, ctx.Err()
		}
	}
}

// Lost says how many access units this reader was too slow for, and in how many stretches.
func (r *Reader) Lost() (aus, gops uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lostAUs, r.lostGOPs
}

// Close ends the subscription. Next gives io.EOF from then on.
func (r *Reader) Close() {
	r.s.unsubscribe(r)
	r.mu.Lock()
	clear(r.queue)
	r.head, r.n, r.bytes = 0, 0, 0
	if r.overdue != nil {
		r.overdue.Stop()
	}
	r.mu.Unlock()
	r.end()
}

func (r *Reader) pop() (it Item, ok, ended bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n == 0 {
		return Item{}, false, r.ended
	}
	it = r.queue[r.head]
	r.queue[r.head] = Item{}
	r.head = (r.head + 1) & (len(r.queue) - 1)
	r.n--
	if it.AU != nil {
		r.bytes -= it.AU.Size()
	}
	if r.n == 0 {
		r.leads, r.others = 0, 0
	}
	return it, true, false
}

// end lets the reader drain its queue and stop.
func (r *Reader) end() {
	r.mu.Lock()
	r.ended = true
	r.mu.Unlock()
	r.signal()
}

func (r *Reader) signal() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// push queues an item and never waits. lead are the tracks whose keyframes begin GOPs; limit is the bound
// of the queue, a power of two. It returns how many access units were newly lost, in how many stretches.
func (r *Reader) push(it Item, lead lead, limit int) (aus, gops uint64) {
	r.mu.Lock()
	defer func() {
		r.lostAUs += aus
		r.lostGOPs += gops
		r.mu.Unlock()
	}()
	if r.ended {
		return 0, 0
	}
	if r.n == limit || r.bytes > maxQueuedBytes {
		aus, gops = r.overflow(lead.first, limit), 1
	}
	if it.AU != nil && r.skipping {
		if !lead.begins(it.AU) {
			if r.lostGOPs+gops > 0 {
				aus++
			}
			return aus, gops
		}
		r.skipping = false
	}
	if r.n == len(r.queue) {
		r.grow()
	}
	r.queue[(r.head+r.n)&(len(r.queue)-1)] = it
	r.n++
	if it.AU != nil {
		r.bytes += it.AU.Size()
	}
	if r.due(it, lead) {
		r.signal()
	}
	return aus, gops
}

// due says whether the reader should be woken for an item that has been queued, and sees to it that it is in time.
// The caller holds r.mu.
func (r *Reader) due(it Item, lead lead) bool {
	switch {
	case it.AU == nil:
		return true
	case !lead.has(it.AU.Track):
		r.others++
		return r.others >= batch
	}
	r.leads, r.others = r.leads+1, 0
	if it.AU.Key || r.leads >= r.want {
		return true
	}
	if r.leads == 1 {
		if r.overdue == nil {
			r.overdue = time.AfterFunc(r.hold, r.signal)
		} else {
			r.overdue.Reset(r.hold)
		}
	}
	return false
}

func (r *Reader) grow() {
	bigger := make([]Item, 2*len(r.queue))
	for i := range r.n {
		bigger[i] = r.at(i)
	}
	r.queue, r.head = bigger, 0
}

func (r *Reader) at(i int) Item { return r.queue[(r.head+i)&(len(r.queue)-1)] }

// overflow makes room in a full queue: only the newest GOP stays, if it has begun in the queue and
// leaves room; else nothing, and the reader goes on at the next keyframe. What is said about tracks and
// absence stays true: the last Tracks before the cut is kept, and an Absent after it.
func (r *Reader) overflow(lead, limit int) (lost uint64) {
	cut, bytes := r.newestGOP(lead)
	if r.n-cut > limit*3/4 || bytes > maxQueuedBytes/2 {
		cut, bytes = r.n, 0
	}
	var kept []Item
	var tracks []media.Track
	absent := false
	for i := range cut {
		switch it := r.at(i); {
		case it.AU != nil:
			lost++
		case it.Tracks != nil:
			tracks, absent = it.Tracks, false
		case it.Absent:
			absent = true
		}
	}
	if tracks != nil {
		kept = append(kept, Item{Tracks: tracks})
	}
	if absent {
		kept = append(kept, Item{Absent: true})
	}
	r.skipping = cut == r.n
	for i := cut; i < r.n; i++ {
		kept = append(kept, r.at(i))
	}
	clear(r.queue)
	r.head, r.n, r.bytes = 0, copy(r.queue, kept), bytes
	return lost
}

// newestGOP is where the newest GOP begins in the queue, and its size; the queue's end where none does.
func (r *Reader) newestGOP(lead int) (index, bytes int) {
	for i := r.n - 1; i >= 0; i-- {
		au := r.at(i).AU
		if au == nil {
			continue
		}
		bytes += au.Size()
		if au.Track == lead && au.Key {
			return i, bytes
		}
	}
	return r.n, 0
}
