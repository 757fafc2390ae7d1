package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"livesrv/cmd/livesrv/app"
	"livesrv/internal/config"
)

// newLogger writes the log as the configuration says.
func newLogger(w io.Writer, c config.Log) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.Slog()}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

func newServe(con console) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Runs the server until SIGINT or SIGTERM, then lets what is in progress end (stop.timeout); a second signal
ends it at once. Every port is bound before anything runs, so a port in use is an error at start.

The first start makes the user admin and prints its password once. Settings come from livesrv.yml, LIVESRV_
variables and flags, the latter winning: 'livesrv config print' shows them all.`,
		Example: `  livesrv serve
  livesrv serve --data /var/lib/livesrv --http :80
  livesrv serve --config /etc/livesrv.yml --set packager.part_duration=200ms
  LIVESRV_LOG_FORMAT=json livesrv serve`,
		Args: words(0, 0),
	}
	s.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		loaded, err := s.load(cmd, con)
		if err != nil {
			return err
		}
		log := newLogger(con.err, loaded.Config.Log)
		a, err := startApp(cmd.Context(), loaded.Config, log)
		if err != nil {
			return err
		}
		return runApp(cmd.Context(), a, func(ctx context.Context) error {
			printStart(con.out, a)
			<-ctx.Done()
			return nil
		})
	}
	return cmd
}

// startApp makes a server, binds its ports and fills an empty database. Its Run or Close ends it.
func startApp(ctx context.Context, cfg config.Config, log *slog.Logger) (*app.App, error) {
	b := readBuild()
	a, err := app.New(ctx, cfg, app.Build{Version: b.Version, Revision: b.Revision, Go: b.Go}, log)
	if err != nil {
		return nil, err
	}
	if err = a.Listen(); err == nil {
		err = a.Bootstrap(ctx)
	}
	if err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

// runApp runs a server and, once it can do everything that it is there for, during beside it. It ends the server
// when during has returned, which it must when its context ends.
func runApp(ctx context.Context, a *app.App, during func(context.Context) error) error {
	server, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- a.Run(server) }()
	select {
	case err := <-ended:
		return err
	case <-a.Started():
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- during(ctx) }()
	select {
	case err := <-ended:
		cancel()
		return errors.Join(err, <-done)
	case err := <-done:
		stop()
		return errors.Join(err, <-ended)
	}
}

// printStart says once where everything is, and the first admin's password.
func printStart(w io.Writer, a *app.App) {
	at := a.Addrs()
	if first := a.FirstAdmin(); first.Password != "" {
		fmt.Fprintf(w, `
The first user was made. This is the only time the password is shown:
  name      %s
  password  %s
Sign in at %s/console, or change it with 'livesrv user passwd'.

`, first.Name, first.Password, at.URL)
	}
	fmt.Fprintf(w, "pages    %s\n", at.URL)
	if at.RTMP != "" {
		fmt.Fprintf(w, "rtmp     %s\n", at.RTMP)
	}
	if at.RTMPS != "" {
		fmt.Fprintf(w, "rtmps    %s\n", at.RTMPS)
	}
	if at.SRT != "" {
		fmt.Fprintf(w, "srt      %s\n", at.SRT)
	}
	if at.RTSP != "" {
		fmt.Fprintf(w, "rtsp     %s\n", at.RTSP)
	}
	if at.WHIP != "" {
		fmt.Fprintf(w, "whip     %s\n", at.WHIP)
	}
	if at.Admin != "" {
		fmt.Fprintf(w, "metrics  %s/metrics\n", at.Admin)
	}
}
