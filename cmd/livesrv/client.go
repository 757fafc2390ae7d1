package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"livesrv/internal/config"
	"livesrv/internal/fault"
)

const (
	defaultServer = "http://127.0.0.1:8080"
	// maxAnswer bounds what is read of an answer that is no file.
	maxAnswer = 64 << 20
	// answerTimeout is how long the server may take to begin an answer. An import fetches pictures meanwhile.
	answerTimeout = 10 * time.Minute
)

// client talks to a running server through its API.
type client struct {
	base  string
	token string
	http  *http.Client
}

// remote are the flags of a command that talks to a server.
type remote struct {
	con    console
	server string
	token  string
	ca     string
}

// flags adds --server, --token and --ca.
func (r *remote) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.server, "server", "", "`URL` of the server (LIVESRV_SERVER; default "+defaultServer+")")
	cmd.Flags().StringVar(&r.token, "token", "", "API `TOKEN` (LIVESRV_TOKEN)")
	cmd.Flags().StringVar(&r.ca, "ca", "", "certificate `FILE` (PEM) to trust too, such as data/self-signed.crt of the server")
}

// asks makes cmd one that talks to a running server: it gets the flags for that, and run the client.
func (con console) asks(cmd *cobra.Command, run func(c *client, args []string) error) *cobra.Command {
	r := remote{con: con}
	r.flags(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		c, err := r.dial()
		if err != nil {
			return err
		}
		return run(c, args)
	}
	return cmd
}

// dial makes the client; it connects with the first request.
func (r *remote) dial() (*client, error) {
	base := cmp.Or(r.server, r.con.getenv(config.EnvServer), defaultServer)
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, usageError{fault.New(fault.Invalid, "%q is no server", base).WithHint("write it as in --server https://live.example")}
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout = answerTimeout
	if r.ca != "" {
		if t.TLSClientConfig, err = trust(r.ca); err != nil {
			return nil, err
		}
	}
	return &client{base: strings.TrimSuffix(base, "/"), token: cmp.Or(r.token, r.con.getenv(config.EnvToken)),
		http: &http.Client{Transport: t}}, nil
}

// trust is a TLS configuration that trusts a certificate beside those that the system trusts.
func trust(file string) (*tls.Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%s cannot be read", file).Because(err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, fault.New(fault.Invalid, "%s holds no certificate", file).WithHint("name a file in PEM, such as self-signed.crt of the server's data folder")
	}
	return &tls.Config{RootCAs: pool}, nil
}

// request is one question to the API.
type request struct {
	method, path string
	query        url.Values
	body         io.Reader
	kind         string // of the body
	header       http.Header
}

// send asks and gives the answer, whose body the caller closes. Refusals are faults with the server's own words.
func (c *client) send(ctx context.Context, q request) (*http.Response, error) {
	u := c.base + q.path
	if len(q.query) > 0 {
		u += "?" + q.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, q.method, u, q.body)
	if err != nil {
		return nil, err
	}
	for name, values := range q.header {
		req.Header[name] = values
	}
	if q.kind != "" {
		req.Header.Set("Content-Type", q.kind)
	}
	req.Header.Set("X-Livesrv", "1")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, fault.New(fault.Unavailable, "stopped before the server had answered")
		}
		if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
			return nil, fault.New(fault.Unavailable, "the certificate of %s is not trusted", c.base).
				WithHint("If it is the server's own, name it with --ca: self-signed.crt in its data folder.").Because(reason(err))
		}
		return nil, fault.New(fault.Unavailable, "no server answers at %s", c.base).
			WithHint("Is it running? Name another one with --server or %s.", config.EnvServer).Because(reason(err))
	}
	if res.StatusCode >= 300 {
		defer res.Body.Close()
		return nil, c.refusal(res)
	}
	return res, nil
}

// refusal reads the server's own words.
func (c *client) refusal(res *http.Response) error {
	var body struct {
		Error struct {
			Kind, Message, Hint, Field, ID string
		} `json:"error"`
	}
	text, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err := json.Unmarshal(text, &body); err != nil || body.Error.Message == "" {
		return fault.New(fault.Internal, "%s answered %s", c.base, res.Status).
			WithHint("Is that a livesrv server? Name it with --server.")
	}
	e := fault.New(fault.Internal, "%s", oneLine(body.Error.Message)).At(oneLine(body.Error.Field)).WithHint("%s", oneLine(body.Error.Hint))
	switch res.StatusCode {
	case http.StatusUnauthorized:
		if c.token == "" {
			e.Hint = fmt.Sprintf("Give an API token with --token or %s; 'livesrv token create' makes one.", config.EnvToken)
		}
	case http.StatusInternalServerError:
		e.Hint = strings.TrimSpace(e.Hint + " The server's log says more at the id " + oneLine(body.Error.ID) + ".")
	}
	return e
}

// call sends in as JSON, where there is one, and reads the answer into out, where one is wanted.
func (c *client) call(ctx context.Context, method, path string, in, out any) error {
	q := request{method: method, path: path}
	if in != nil {
		if err := q.json(in); err != nil {
			return err
		}
	}
	return c.do(ctx, q, out)
}

// json gives the request a JSON body.
func (q *request) json(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	q.body, q.kind = bytes.NewReader(b), "application/json"
	return nil
}

// do sends q and reads the answer into out, where one is wanted.
func (c *client) do(ctx context.Context, q request, out any) error {
	res, err := c.send(ctx, q)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if out == nil || res.StatusCode == http.StatusNoContent {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(out); err != nil {
		return fault.New(fault.Internal, "%s gave an answer that is not understood", c.base).
			WithHint("Are server and command of the same version?").Because(err)
	}
	return nil
}

// reason takes the address off an error of the HTTP client: the message has it already.
func reason(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
