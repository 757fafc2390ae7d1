package viewer

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestHistogram(t *testing.T) {
	hundred := make([]int, 100)
	for i := range hundred {
		hundred[i] = (100 - i) * 1000 // 1 to 100 ms, the wrong way round
	}
	for _, c := range []struct {
		micros []int
		want   Times
	}{
		{nil, Times{}},
		{[]int{900}, Times{0.9, 0.9, 0.9, 0.9, 1}},
		{[]int{3000, 1000, 2000}, Times{2, 3, 3, 3, 3}},
		{[]int{2000, 1000}, Times{1, 2, 2, 2, 2}},
		{[]int{-5000, 0}, Times{0, 0, 0, 0, 2}},
		{hundred, Times{50, 90, 99, 100, 100}},
		{[]int{1 << 40}, Times{float64(least(buckets-1)) / 1000, float64(least(buckets-1)) / 1000, float64(least(buckets-1)) / 1000, float64(1<<40) / 1000, 1}},
	} {
		var h histogram
		for _, us := range c.micros {
			h.add(time.Duration(us) * time.Microsecond)
		}
		got := h.times()
		for _, v := range [][2]float64{{got.Median, c.want.Median}, {got.P90, c.want.P90}, {got.P99, c.want.P99}} {
			if v[0] > v[1] || v[0] < v[1]*0.999 {
				t.Errorf("%d values: %+v, want %+v", len(c.micros), got, c.want)
			}
		}
		if got.Max != c.want.Max || got.Count != c.want.Count {
			t.Errorf("%d values: %+v, want %+v", len(c.micros), got, c.want)
		}
	}
}

// TestBuckets: every value falls into the bucket whose least value is at most a thousandth below it, and buckets follow
// one another without a hole.
func TestBuckets(t *testing.T) {
	for i := range buckets {
		if at := least(i); bucket(at) != i {
			t.Fatalf("bucket %d begins at %d, which is in %d", i, at, bucket(at))
		}
		if i > 0 && bucket(least(i)-1) != i-1 {
			t.Fatalf("%d is not in bucket %d", least(i)-1, i-1)
		}
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	values := []int64{0, 1, 1023, 1024, 1025, 2047, 2048, 1<<top - 1}
	for range 10_000 {
		values = append(values, rnd.Int64N(1<<rnd.IntN(top)+1))
	}
	slices.Sort(values)
	last := 0
	for _, us := range values {
		i := bucket(us)
		if low := least(i); i < last || low > us || us-low > us/1000 {
			t.Fatalf("%d is in bucket %d, which begins at %d", us, i, low)
		}
		last = i
	}
}
