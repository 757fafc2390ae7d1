package viewer

import "time"

// renditions is how many a player plays at most: the picture's, and the sound's where that is apart.
const renditions = 2

// clock is the playhead of a virtual player. It goes on while there is media of everything that is played. Each rendition
// counts from where it began, which for sound that is apart may lie up to a part beside the picture.
type clock struct {
	// n is how many renditions are played, idle which of them have all that is listed.
	n    int
	idle [renditions]bool
	// playing says that the playhead goes; it is as far in as the time since began, which every stall moves on.
	playing bool
	began   time.Time
	// have is how much of each there is; short says that the playhead stands for want of it already, and why has been counted.
	have  [renditions]time.Duration
	short [renditions]bool
}

// add puts a part of length d that came at t behind what there is of a rendition. It gives how long the playhead has
// stood for want of it, and whether that is a stall of its own: where picture and sound are both late, one is.
func (c *clock) add(i int, t time.Time, d time.Duration) (stood time.Duration, anew bool) {
	if c.playing {
		stood = max(t.Sub(c.began)-c.have[i], 0)
		if stood > 0 {
			for o := range c.n {
				c.short[o] = c.short[o] || o != i && t.Sub(c.began) > c.have[o]
			}
			c.began = c.began.Add(stood)
		}
		anew = stood > 0 && !c.short[i]
		c.short[i] = false
	}
	c.have[i] += d
	return stood, anew
}

// correct changes how much there is of a rendition, once the length of a part is known that was guessed.
func (c *clock) correct(i int, d time.Duration) { c.have[i] += d }

// play lets the playhead go when all that is listed is there of each rendition.
func (c *clock) play(i int, t time.Time) {
	if c.playing || c.have[i] == 0 {
		return
	}
	c.idle[i] = true
	for o := range c.n {
		if !c.idle[o] {
			return
		}
	}
	c.playing, c.began = true, t
}
