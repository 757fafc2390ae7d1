package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"livesrv/internal/config"
	"livesrv/internal/fault"
)

// healthTimeout bounds the check: a server that takes longer is not well.
const healthTimeout = 2 * time.Second

func newHealth(con console) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask the server on this machine whether it is ready",
		Long: `Asks /readyz of the server that runs on this machine with the same settings, and exits with 0 when it is ready
to serve and 1 when it is not. Made for the health check of a container.`,
		Example: "  livesrv health\n  livesrv health --http :80",
		Args:    words(0, 0),
	}
	s.flags(cmd)
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		loaded, err := s.load(cmd, con)
		if err != nil {
			return err
		}
		url := readyURL(loaded.Config)
		if err := askReady(cmd.Context(), url); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(con.out, map[string]any{"ready": true, "url": url})
		}
		fmt.Fprintln(con.out, "ready")
		return nil
	}
	return cmd
}

// readyURL is where the server of this machine answers.
func readyURL(c config.Config) string {
	host, port, err := net.SplitHostPort(c.HTTP.Address)
	if err != nil {
		return "http://" + c.HTTP.Address + "/readyz" // refused when the configuration was read
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "http"
	if c.HTTP.CertFile != "" || c.HTTP.TLSSelfSigned {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + "/readyz"
}

func askReady(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	// The certificate is for the public name and not for the loopback, where nobody stands between.
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		return fault.New(fault.Unavailable, "no server answers at %s", url).
			WithHint("Is it running, and with the same settings?").Because(reason(err))
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10))
		return fault.New(fault.Unavailable, "the server is not ready: %s %s", res.Status, oneLine(string(body)))
	}
	return nil
}
