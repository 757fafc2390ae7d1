package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"livesrv/cmd/livesrv/app"
	"livesrv/cmd/livesrv/demo"
	"livesrv/internal/account"
	"livesrv/internal/config"
	"livesrv/internal/fault"
)

func newDemo(con console) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show everything working, with nothing to set up",
		Long: `Runs a server with a built-in show: a clip that is pushed over RTMP as an encoder would, products with pictures,
and pins that come and go with the picture. Prints where to watch, the pin desk with its password, and what to type
into OBS to push a show of your own. Everything lives in a temporary folder that goes when the demo ends; --data
keeps it. Ctrl-C ends it.`,
		Example: "  livesrv demo\n  livesrv demo --http :8081 --rtmp :1936 --srt= --rtsp= --set admin.address=\n  livesrv demo --data ./shop",
		Args:    words(0, 0),
	}
	s.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		loaded, err := s.load(cmd, con)
		if err != nil {
			return err
		}
		cfg := loaded.Config
		if isDefault(loaded, "log.level") {
			cfg.Log.Level = "warn" // the few lines that the demo prints are what is to be read
		}
		if isDefault(loaded, "data.dir") {
			if cfg.Data.Dir, err = os.MkdirTemp("", "livesrv-demo-"); err != nil {
				return err
			}
			defer os.RemoveAll(cfg.Data.Dir)
		}
		return runDemo(cmd.Context(), con, cfg, nil)
	}
	return cmd
}

// isDefault reports whether nobody set a key.
func isDefault(l *config.Loaded, key string) bool {
	for _, s := range l.Settings() {
		if s.Key == key {
			return s.From == "default"
		}
	}
	return false
}

// runDemo runs a server and the demo in it until ctx ends. clip is what is pushed, nil for the built-in one.
func runDemo(ctx context.Context, con console, cfg config.Config, clip *demo.Clip) error {
	log := newLogger(con.err, cfg.Log)
	a, err := startApp(ctx, cfg, log)
	if err != nil {
		return err
	}
	if a.Addrs().RTMP == "" {
		a.Close()
		return fault.New(fault.Invalid, "the demo pushes over RTMP, which is switched off").WithHint("leave rtmp.address as it is, or name a port: --rtmp :1936")
	}
	rooms := demo.Rooms{Catalogue: a.Catalogue(), Shows: a.Shows(), Merchant: a.Merchant()}
	d, err := demo.New(ctx, rooms, a.Addrs().RTMP, clip, log)
	if err != nil {
		a.Close()
		return err
	}
	secret, forget, err := demoToken(ctx, a.Accounts())
	if err != nil {
		a.Close()
		return err
	}
	return runApp(ctx, a, func(ctx context.Context) error {
		printDemo(con.out, a, d, secret)
		// The demo takes its pins and its token back before the server ends, so that a kept folder is in order.
		defer forget()
		return d.Run(ctx)
	})
}

// demoToken makes an API token that lives as long as the demo.
func demoToken(ctx context.Context, accounts *account.Service) (secret string, forget func(), err error) {
	u, err := accounts.UserByName(ctx, app.AdminName)
	if err != nil {
		return "", nil, err
	}
	secret, token, err := accounts.NewToken(ctx, u.ID, "demo", "")
	if err != nil {
		return "", nil, err
	}
	return secret, func() {
		// At the worst a token stays behind that nobody knows any more.
		_ = accounts.RevokeToken(context.WithoutCancel(ctx), u.ID, token.ID)
	}, nil
}

// printDemo says in a few lines what there is to try.
func printDemo(w io.Writer, a *app.App, d *demo.Demo, secret string) {
	at := a.Addrs()
	password := "as shown when the folder was new"
	if first := a.FirstAdmin(); first.Password != "" {
		password = first.Password
	}
	fmt.Fprintf(w, `livesrv demo is on air. Ctrl-C ends it.

  Watch and buy  %[1]s/s/%[2]s
`, at.URL, demo.Slug)
	if at.Network != "" {
		fmt.Fprintf(w, "  on a phone     %s/s/%s\n", at.Network, demo.Slug)
	}
	fmt.Fprintf(w, `  Pin desk       %[1]s/console   name %[2]s, password %[3]s
  Try OBS        server %[4]s   stream key %[5]s
                 then watch %[1]s/s/%[6]s
  API            curl -H "Authorization: Bearer %[7]s" %[1]s/api/orders
                 described at %[1]s/api/openapi.json

`, at.URL, app.AdminName, password, at.RTMP, d.Yours.StreamKey, demo.YoursSlug, secret)
}
