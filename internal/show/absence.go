package show

import (
	"context"
	"errors"
	"time"

	"livesrv/internal/fault"
)

// reopenWithin is how long after a show has ended by itself its publisher may return to it with the stream key. It is
// time enough to charge a phone, and too short for the next day's show to begin under the old name.
const reopenWithin = 6 * time.Hour

// slowestLook is how often Run looks for shows whose publisher has stayed away, at the least.
const slowestLook = 5 * time.Second

// Run ends live shows whose publisher has been away for Config.EndAfter, until ctx ends; it returns nil. A show that
// nothing has come in for yet waits for its anchor as long as it takes.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(min(slowestLook, s.cfg.EndAfter/4))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := s.endAbandoned(ctx); err != nil && ctx.Err() == nil {
			s.deps.Log.Error("shows whose publisher stays away were not ended", "error", err)
		}
	}
}

// endAbandoned ends the shows whose time is up.
func (s *Service) endAbandoned(ctx context.Context) error {
	live, err := s.deps.Store.Shows(ctx, Filter{Statuses: []Status{Live}, Limit: 10_000})
	if err != nil {
		return err
	}
	var errs []error
	for _, sh := range live {
		if s.abandoned(&sh) {
			_, err := s.end(ctx, sh.Slug, EndedAbsent, s.abandoned)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// abandoned says whether a live show's publisher has been away for too long.
func (s *Service) abandoned(sh *Show) bool {
	return sh.Status == Live && sh.OffAirSince != nil && s.now().Sub(*sh.OffAirSince) >= s.cfg.EndAfter
}

// Reopen makes an ended show live again, whoever ended it: its line-up, orders and stream key are as they were. A live
// one stays so; a scheduled one is fault.Conflict.
func (s *Service) Reopen(ctx context.Context, slug Slug) (Show, error) {
	return s.change(ctx, slug, func(sh *Show) error {
		switch sh.Status {
		case Live:
			return ErrSame
		case Scheduled:
			return NotLive(*sh)
		}
		// It waits for its anchor as one that has just been started does.
		s.reopen(sh, nil, "by hand")
		return nil
	})
}

func (s *Service) reopen(sh *Show, offAirSince *time.Time, how string) {
	if sh.StartedAt == nil { // it had been called off
		now := s.now()
		sh.StartedAt = &now
	}
	sh.Status, sh.EndedAt, sh.EndReason, sh.OffAirSince = Live, nil, "", offAirSince
	s.deps.Log.Info("show reopened", "show", sh.Slug, "how", how)
}

// readmit lets a publisher back in whose show ended by itself while it was away: it was a clock that ended it, not a
// person. fault.Conflict where a person did, or long ago.
func (s *Service) readmit(ctx context.Context, slug Slug) (Show, error) {
	return s.change(ctx, slug, func(sh *Show) error {
		if sh.Status != Ended {
			return ErrSame
		}
		now := s.now()
		if sh.EndReason != EndedAbsent || sh.EndedAt == nil || now.Sub(*sh.EndedAt) > reopenWithin {
			return NotLive(*sh)
		}
		s.reopen(sh, &now, "its publisher is back")
		return nil
	})
}

// NotLive is the refusal of what needs a live show.
func NotLive(s Show) error {
	if s.Status == Ended {
		return fault.New(fault.Conflict, "the show %q has ended", s.Slug).WithHint("make a new show for the next time, or reopen this one")
	}
	return fault.New(fault.Conflict, "the show %q has not begun", s.Slug).WithHint("start it, or begin to publish with its stream key")
}
