package app

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"livesrv/ingest"
	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
	"livesrv/internal/feed"
	"livesrv/internal/order"
	"livesrv/internal/show"
	"livesrv/packager"
	"livesrv/web/api"
)

// healthEvery is how often a desk hears how its stream is doing.
const healthEvery = 2 * time.Second

// news carries what has changed in one room to the others: to browsers through the feed, from the ingest to the
// shows. Rooms tell it in passing and never wait; it reads the newest state when it gets to it.
type news struct {
	api       *api.API
	feed      *feed.Feed
	shows     *show.Service
	catalogue *catalogue.Service
	hub       *packager.Hub
	door      *ingest.Door
	log       *slog.Logger

	changedShows    *dirty[show.Slug]
	changedProducts *dirty[catalogue.ProductID]
	changedStreams  *dirty[string]

	mu sync.Mutex
	// told are the products of each show as they were last told, in order.
	told map[show.Slug][]catalogue.ProductID
}

func newNews(log *slog.Logger) *news {
	return &news{
		log:          log.With("room", "app"),
		changedShows: newDirty[show.Slug](), changedProducts: newDirty[catalogue.ProductID](), changedStreams: newDirty[string](),
		told: map[show.Slug][]catalogue.ProductID{},
	}
}

// ShowChanged and PinChanged implement show.Events. The API hears first, so that nobody who is told of a change and
// asks for the whole gets what was before it. Changes may be told in another order than they were made: the door goes by
// their revision.
func (n *news) ShowChanged(s show.Show) {
	n.api.ShowChanged(s)
	n.changedShows.mark(s.Slug)
	if s.Status == show.Ended {
		n.door.End(string(s.Slug), s.Rev, fault.New(fault.Gone, "the show has ended"))
	} else {
		n.door.Expel(string(s.Slug), s.Rev, s.StreamKey)
	}
}

// PinChanged is told at once, so that events of one pin keep their order.
func (n *news) PinChanged(p show.Pin) {
	n.api.PinChanged(p)
	event := feed.Pin(p)
	if p.End != nil {
		event = feed.Unpin(p)
	}
	n.publish(string(p.Show), event)
}

// SessionStarted and SessionEnded implement ingest.Observer.
func (n *news) SessionStarted(s ingest.Session)          { n.changedStreams.mark(s.Stream) }
func (n *news) SessionEnded(s ingest.Session, err error) { n.changedStreams.mark(s.Stream) }

// orderChanged tells the merchant's desk of an order.
func (n *news) orderChanged(o order.Order) {
	n.api.OrderChanged(o)
	n.desk(o.Merchant, feed.Order(api.Order(o)))
}

// productChanged notes a product whose price, stock or words have changed.
func (n *news) productChanged(id catalogue.ProductID) {
	n.api.ProductChanged(id)
	n.changedProducts.mark(id)
}

// Run carries news until ctx ends.
func (n *news) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { n.changedShows.each(ctx, func(s show.Slug) { n.tellShow(ctx, s) }); return nil })
	g.Go(func() error {
		n.changedProducts.each(ctx, func(p catalogue.ProductID) { n.tellProduct(ctx, p) })
		return nil
	})
	g.Go(func() error { n.changedStreams.each(ctx, func(s string) { n.noteStream(ctx, s) }); return nil })
	g.Go(func() error { n.tellHealth(ctx); return nil })
	return g.Wait()
}

// tellShow tells everybody who follows a show what it is like now, and its line-up where that has changed.
func (n *news) tellShow(ctx context.Context, slug show.Slug) {
	s, err := n.shows.Get(ctx, slug)
	if err != nil {
		n.failed(ctx, "show", string(slug), err)
		return
	}
	n.publish(string(slug), feed.Show(api.PublicShow(s)))
	n.desk(s.Merchant, feed.Show(api.PublicShow(s)))
	products, changed, err := n.lineup(ctx, s)
	if err != nil {
		n.failed(ctx, "line-up", string(slug), err)
		return
	}
	if changed {
		n.publish(string(slug), feed.Lineup(products))
	}
}

// lineup is what viewers see of a show's products, and whether these are others, or in another order, than were told
// last. The first time after a start counts as changed: nobody knows what was told before.
func (n *news) lineup(ctx context.Context, s show.Show) (products []api.PublicProduct, changed bool, err error) {
	all, err := n.catalogue.ProductsByID(ctx, s.Lineup)
	if err != nil {
		return nil, false, err
	}
	products = []api.PublicProduct{}
	var ids []catalogue.ProductID
	for _, p := range all {
		if !p.Archived {
			products = append(products, n.api.PublicProduct(p, len(products)))
			ids = append(ids, p.ID)
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	before, known := n.told[s.Slug]
	if s.Status == show.Ended {
		delete(n.told, s.Slug)
	} else {
		n.told[s.Slug] = ids
	}
	return products, !known || !slices.Equal(before, ids), nil
}

// tellProduct tells the shows that sell a product, and its merchant's desk, what it is like now.
func (n *news) tellProduct(ctx context.Context, id catalogue.ProductID) {
	p, err := n.catalogue.Product(ctx, id)
	if err != nil {
		n.failed(ctx, "product", string(id), err)
		return
	}
	n.desk(p.Merchant, feed.Product(n.api.Product(p)))
	shows, err := n.shows.List(ctx, show.Filter{Merchant: p.Merchant, Statuses: []show.Status{show.Live, show.Scheduled}, Limit: 500})
	if err != nil {
		n.failed(ctx, "product", string(id), err)
		return
	}
	for _, s := range shows {
		if slices.Contains(s.Lineup, id) {
			n.tellProductTo(ctx, s, id)
		}
	}
}

// tellProductTo tells one show; of a product that came or went by this change, the whole line-up.
func (n *news) tellProductTo(ctx context.Context, s show.Show, id catalogue.ProductID) {
	products, changed, err := n.lineup(ctx, s)
	if err != nil {
		n.failed(ctx, "product", string(id), err)
		return
	}
	if changed {
		n.publish(string(s.Slug), feed.Lineup(products))
		return
	}
	for _, p := range products {
		if p.ID == id {
			n.publish(string(s.Slug), feed.Product(p))
		}
	}
}

// noteStream records with the show whether media comes in, and sound, and tells its desk.
func (n *news) noteStream(ctx context.Context, name string) {
	var now packager.Stats
	if p, ok := n.hub.Presentation(name); ok {
		now = p.Stats()
	}
	s, err := n.shows.SetOnAir(ctx, show.Slug(name), now.OnAir, now.Silent)
	if err != nil {
		n.failed(ctx, "stream", name, err)
		return
	}
	n.tellStream(s)
}

// tellStream tells a show's desk how its stream is doing.
func (n *news) tellStream(s show.Show) {
	var health any
	if session, ok := n.door.Session(string(s.Slug)); ok {
		health = session
	}
	n.desk(s.Merchant, feed.Stream(string(s.Slug), health))
}

// tellHealth tells desks every now and then how their streams are doing.
func (n *news) tellHealth(ctx context.Context) {
	tick := time.NewTicker(healthEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, session := range n.door.Sessions() {
			s, err := n.shows.Get(ctx, show.Slug(session.Stream))
			if err != nil {
				n.failed(ctx, "stream", session.Stream, err)
				continue
			}
			n.tellStream(s)
		}
	}
}

func (n *news) publish(show string, e feed.Event) {
	if err := n.feed.Publish(show, e); err != nil {
		n.log.Warn("an event was not sent to viewers", "show", show, "type", e.Type, "error", err)
	}
}

func (n *news) desk(merchant catalogue.MerchantID, e feed.Event) {
	if err := n.feed.PublishDesk(string(merchant), e); err != nil {
		n.log.Warn("an event was not sent to the desk", "merchant", merchant, "type", e.Type, "error", err)
	}
}

// failed logs what could not be carried. What is gone meanwhile need not be told of.
func (n *news) failed(ctx context.Context, what, name string, err error) {
	if ctx.Err() != nil || fault.KindOf(err) == fault.NotFound {
		return
	}
	n.log.Warn("a change was not told", "what", what, "name", name, "error", err)
}
