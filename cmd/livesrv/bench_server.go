package main

import (
	"context"
	"crypto/tls"
	"net/http"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"livesrv/cmd/livesrv/app"
	"livesrv/internal/account"
	"livesrv/internal/bench/floor"
	"livesrv/internal/show"
)

// benchServerReady is what a child with a server says: where it is, its shows' stream keys, and an API token.
type benchServerReady struct {
	URL   string   `json:"url"`
	RTMP  string   `json:"rtmp"`
	Admin string   `json:"admin"`
	Keys  []string `json:"keys"`
	Token string   `json:"token"`
	// Cert and Key are the files of a self-signed certificate, "" without TLS.
	Cert string `json:"cert,omitempty"`
	Key  string `json:"key,omitempty"`
}

// benchSlug is the slug of a server's n-th show, from 0.
func benchSlug(n int) string { return benchShow + strconv.Itoa(n+1) }

// newBenchServer is the server that a bench makes for itself.
func newBenchServer(con console) *cobra.Command {
	var s settings
	var shows int
	cmd := &cobra.Command{Use: "server", Short: "A server with empty shows, for a bench that runs it", Hidden: true, Args: words(0, 0),
		Example: "  livesrv bench server --data /tmp/bench --http 127.0.0.1:0 --rtmp 127.0.0.1:0"}
	s.flags(cmd)
	cmd.Flags().IntVar(&shows, "shows", 1, "how many shows it has")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, cancel := whileParent(cmd.Context(), con.in)
		defer cancel()
		loaded, err := s.load(cmd, con)
		if err != nil {
			return err
		}
		cfg := loaded.Config
		a, err := startApp(ctx, cfg, newLogger(con.err, cfg.Log))
		if err != nil {
			return err
		}
		ready := benchServerReady{URL: a.Addrs().Local, RTMP: a.Addrs().RTMP, Admin: a.Addrs().Admin}
		if cfg.HTTP.TLSSelfSigned {
			ready.Cert = filepath.Join(cfg.Data.Dir, "self-signed.crt")
			ready.Key = filepath.Join(cfg.Data.Dir, "self-signed.key")
		}
		if ready.Keys, err = benchShows(ctx, a, shows); err == nil {
			ready.Token, err = benchToken(ctx, a)
		}
		if err != nil {
			a.Close()
			return err
		}
		return runApp(ctx, a, func(ctx context.Context) error {
			if err := sayReady(con.out, ready); err != nil {
				return err
			}
			<-ctx.Done()
			return nil
		})
	}
	return cmd
}

// benchShows makes the shows and gives their stream keys.
func benchShows(ctx context.Context, a *app.App, n int) ([]string, error) {
	keys := make([]string, n)
	for i := range keys {
		s, err := a.Shows().Create(ctx, show.Draft{
			Slug: show.Slug(benchSlug(i)), Merchant: a.Merchant(), Title: "Bench " + strconv.Itoa(i+1), Currency: "EUR"})
		if err != nil {
			return nil, err
		}
		keys[i] = s.StreamKey
	}
	return keys, nil
}

// benchToken makes an API token, for the bench's merchant.
func benchToken(ctx context.Context, a *app.App) (string, error) {
	u, err := a.Accounts().UserByName(ctx, app.AdminName)
	if err != nil {
		return "", err
	}
	secret, _, err := a.Accounts().NewToken(ctx, u.ID, "bench", account.Merchant)
	return secret, err
}

// benchFloorReady is what a child with a floor says.
type benchFloorReady struct {
	URL string `json:"url"`
}

// newBenchFloor is the bare net/http server beside which a bench measures.
func newBenchFloor(con console) *cobra.Command {
	var origin, cert, key string
	cmd := &cobra.Command{Use: "floor", Short: "The least that net/http costs, for a bench that runs it", Hidden: true, Args: words(0, 0),
		Example: "  livesrv bench floor --origin http://127.0.0.1:8080"}
	f := cmd.Flags()
	f.StringVar(&origin, "origin", "", "`URL` of the server whose bytes are written")
	f.StringVar(&cert, "cert", "", "certificate `FILE` of the origin and of the floor")
	f.StringVar(&key, "key", "", "key `FILE` of the floor")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, cancel := whileParent(cmd.Context(), con.in)
		defer cancel()
		cfg := floor.Config{Origin: origin, Address: "127.0.0.1:0", Client: http.DefaultClient}
		scheme := "http://"
		if cert != "" {
			pair, err := tls.LoadX509KeyPair(cert, key)
			if err != nil {
				return err
			}
			roots, err := trust(cert)
			if err != nil {
				return err
			}
			cfg.Certificate, scheme = &pair, "https://"
			cfg.Client = &http.Client{Transport: &http.Transport{TLSClientConfig: roots, ForceAttemptHTTP2: true}}
		}
		s, err := floor.New(cfg)
		if err != nil {
			return err
		}
		if err := s.Listen(); err != nil {
			return err
		}
		if err := sayReady(con.out, benchFloorReady{URL: scheme + s.Addr().String()}); err != nil {
			return err
		}
		return s.Run(ctx)
	}
	return cmd
}
