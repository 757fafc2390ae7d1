package api

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
)

// The files that are taken, in bytes, and how long one may take over a phone's line.
const (
	maxPicture  = 10 << 20
	maxImport   = 32 << 20
	fileTimeout = 10 * time.Minute
)

// ImageAnswer is an answer with one picture.
type ImageAnswer struct {
	Image ImageView `json:"image"`
}

type picture struct {
	ProductPath
	Alt string `query:"alt" maxLength:"1000" doc:"What the picture shows, for who cannot see it"`
}

type picturePath struct {
	ProductPath
	Image catalogue.ImageID `path:"image" maxLength:"40"`
}

type importOptions struct {
	OfMerchant
	DryRun   bool   `query:"dryRun" doc:"Report only, change nothing"`
	Currency string `query:"currency" maxLength:"3" doc:"For files that do not name one (Shopify's)"`
	SetStock bool   `query:"setStock" doc:"Write the file's stock over that of SKUs that exist"`
	NoFetch  bool   `query:"noFetch" doc:"Leave pictures on other servers alone"`
}

func (a *API) registerFiles() {
	tags := []string{"products"}
	add(a, member, nil, huma.Operation{Method: http.MethodPost, Path: "/api/products/{product}/images", DefaultStatus: http.StatusCreated, Tags: tags,
		Summary: "Add a picture", Description: "At most 10 MB.",
		RequestBody: upload("The picture", "image/jpeg", "image/png", "image/gif", "image/webp")}, a.addPicture)
	add(a, member, nil, huma.Operation{Method: http.MethodDelete, Path: "/api/products/{product}/images/{image}", DefaultStatus: http.StatusOK, Tags: tags,
		Summary: "Remove a picture"}, a.removePicture)
	add(a, member, nil, huma.Operation{Method: http.MethodPost, Path: "/api/products/import", Tags: tags, Summary: "Take products from a CSV file",
		Description: "Ours or Shopify's two dialects, told by the header. Rows that cannot be taken are reported; the others are. At most 32 MB.",
		RequestBody: upload("The file", "text/csv")}, a.importProducts)
	add(a, member, nil, huma.Operation{Method: http.MethodGet, Path: "/api/products/export", Tags: tags, Summary: "Give all products as CSV",
		Responses: file("text/csv", "CSV")}, a.exportProducts)
}

// bounded reads at most max bytes and remembers that there were more.
type bounded struct {
	r    io.Reader
	left int64
	over bool
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		var one [1]byte
		n, err := io.ReadFull(b.r, one[:])
		if n > 0 {
			b.over = true
			return 0, errOver
		}
		return 0, err
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

var errOver = fault.New(fault.TooLarge, "The file is too large.")

// receive gives the body of the request, of at most max bytes, and the time a big one needs. refine makes of an error
// that came because it was larger one that says so.
func receive(ctx context.Context, max int64) (body io.Reader, refine func(error) error) {
	c := callerOf(ctx)
	rc := http.NewResponseController(c.writer)
	// A writer without deadlines is a test's.
	_ = rc.SetReadDeadline(time.Now().Add(fileTimeout))
	_ = rc.SetWriteDeadline(time.Now().Add(fileTimeout + time.Minute))
	b := &bounded{r: c.request.Body, left: max}
	return b, func(err error) error {
		if err != nil && b.over {
			return fault.New(fault.TooLarge, "The file is over %s.", megabytes(max)).WithHint("Make it smaller.").Because(err)
		}
		return err
	}
}

func (a *API) addPicture(ctx context.Context, in *picture) (*body[ImageAnswer], error) {
	if _, err := a.ownedProduct(ctx, in.Product); err != nil {
		return nil, err
	}
	r, refine := receive(ctx, maxPicture)
	_, image, err := a.deps.Catalogue.AddImage(ctx, in.Product, r, in.Alt)
	if err != nil {
		return nil, refine(err)
	}
	return answer(ImageAnswer{imageView(image)}), nil
}

func (a *API) removePicture(ctx context.Context, in *picturePath) (*body[ProductAnswer], error) {
	if _, err := a.ownedProduct(ctx, in.Product); err != nil {
		return nil, err
	}
	return a.product(a.deps.Catalogue.RemoveImage(ctx, in.Product, in.Image))
}

func (a *API) importProducts(ctx context.Context, in *importOptions) (*body[catalogue.Report], error) {
	m, err := whose(ctx, in.OfMerchant)
	if err != nil {
		return nil, err
	}
	r, refine := receive(ctx, maxImport)
	report, err := a.deps.Catalogue.Import(ctx, m, r, catalogue.ImportOptions{DryRun: in.DryRun, Currency: in.Currency, SetStock: in.SetStock, NoFetch: in.NoFetch})
	if err != nil {
		return nil, refine(err)
	}
	report.Rows = list(report.Rows)
	return answer(report), nil
}

func (a *API) exportProducts(ctx context.Context, in *OfMerchant) (*huma.StreamResponse, error) {
	m, err := whose(ctx, *in)
	if err != nil {
		return nil, err
	}
	return a.csv(ctx, "products", func(w *bufio.Writer) error { return a.deps.Catalogue.Export(ctx, m, w) })
}

// csv streams a file. What fails before the first 64 KB are written is answered as a failure; what fails later cuts the
// connection, so that half a file does not look like a whole one.
func (a *API) csv(ctx context.Context, name string, write func(*bufio.Writer) error) (*huma.StreamResponse, error) {
	c := callerOf(ctx)
	_ = http.NewResponseController(c.writer).SetWriteDeadline(time.Now().Add(fileTimeout))
	return &huma.StreamResponse{Body: func(huma.Context) {
		h := c.writer.Header()
		h.Set("Content-Type", "text/csv; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="`+name+"-"+a.deps.Now().UTC().Format("2006-01-02")+`.csv"`)
		begun := &counting{w: c.writer}
		w := bufio.NewWriterSize(begun, 64<<10)
		err := write(w)
		if err == nil {
			err = w.Flush()
		}
		switch {
		case err == nil:
		case begun.n == 0:
			h.Del("Content-Disposition")
			a.fail(c.writer, c.request, err)
		default:
			a.refuse(ctx, err) // for the log
			panic(http.ErrAbortHandler)
		}
	}}, nil
}

type counting struct {
	w io.Writer
	n int64
}

func (c *counting) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return c.w.Write(p)
}
