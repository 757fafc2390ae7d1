package whip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"livesrv/ingest"
	"livesrv/internal/fault"
)

const (
	typeSDP      = "application/sdp"
	typeFragment = "application/trickle-ice-sdpfrag"
	// maxBody is the greatest offer or fragment.
	maxBody = 64 << 10
	// answerTimeout is how long an answer may take.
	answerTimeout = 5 * time.Second
)

// refusal is an answer with a status that WHIP prescribes and no kind of fault stands for.
type refusal struct {
	status int
	fault  *fault.Error
}

func (r refusal) Error() string { return r.fault.Error() }
func (r refusal) Unwrap() error { return r.fault }

func refuse(status int, format string, args ...any) refusal {
	return refusal{status, fault.New(fault.Invalid, format, args...)}
}

func (r refusal) hint(format string, args ...any) refusal {
	_ = r.fault.WithHint(format, args...)
	return r
}

// links are the Link headers that tell publishers of STUN and TURN servers (RFC 9725 §4.6).
func links(cfg Config) []string {
	var all []string
	for _, server := range cfg.ICEServers {
		link := "<" + server + `>; rel="ice-server"`
		if turn(server) && cfg.TURNUsername != "" {
			link += fmt.Sprintf(`; username=%s; credential=%s; credential-type="password"`, quote(cfg.TURNUsername), quote(cfg.TURNCredential))
		}
		all = append(all, link)
	}
	return all
}

// quote writes a quoted string of HTTP (RFC 9110 §5.6.4).
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// ServeHTTP is the WHIP endpoint at /whip and its sessions below it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Publishing pages may come from anywhere: the key is in a header of their own, not in a cookie.
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Location, ETag, Link, Accept-Post, Accept-Patch, Retry-After")
	h.Set("Cache-Control", "no-store")
	_, id, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/"), "/"), "/")
	var err error
	switch {
	case r.Method == http.MethodOptions:
		s.options(w, id)
	case !s.Enabled():
		err = fault.New(fault.NotFound, "WHIP is switched off on this server").WithHint("set whip.udp_address, or publish by RTMP")
	case id == "" && r.Method == http.MethodPost:
		err = s.publish(w, r)
	case id == "":
		h.Set("Allow", "OPTIONS, POST")
		err = refuse(http.StatusMethodNotAllowed, "%s is not what this address is for", r.Method).hint("POST an SDP offer to publish; watch on the show's page")
	default:
		err = s.serveSession(w, r, id)
	}
	if err != nil {
		s.fail(w, err)
	}
}

// options answers preflights and says what is taken.
func (s *Server) options(w http.ResponseWriter, id string) {
	h := w.Header()
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match")
	h.Set("Access-Control-Max-Age", "86400")
	if id == "" {
		h.Set("Accept-Post", typeSDP)
		h.Set("Access-Control-Allow-Methods", "OPTIONS, POST")
	} else {
		h.Set("Accept-Patch", typeFragment)
		h.Set("Access-Control-Allow-Methods", "OPTIONS, PATCH, DELETE")
	}
	w.WriteHeader(http.StatusNoContent)
}

// fail writes an error as a sentence with a next step.
func (s *Server) fail(w http.ResponseWriter, err error) {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind == fault.Internal {
		s.log.Error("a WHIP request failed", "error", err)
		f = fault.New(fault.Internal, "something went wrong on our side").WithHint("try again; the server's log has the cause")
	}
	status := s.status(f.Kind)
	if r, ok := errors.AsType[refusal](err); ok {
		status = r.status
	}
	if _, ok := errors.AsType[errUnsupported](err); ok {
		status = http.StatusUnprocessableEntity
	}
	h := w.Header()
	switch status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", "5")
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	text := strings.ToUpper(f.Msg[:1]) + f.Msg[1:] + "."
	if f.Hint != "" {
		text += " " + strings.ToUpper(f.Hint[:1]) + f.Hint[1:] + "."
	}
	_, _ = io.WriteString(w, text+"\n")
}

// body reads a request's body of the one type that is taken.
func body(w http.ResponseWriter, r *http.Request, want string) ([]byte, error) {
	if got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || got != want {
		return nil, refuse(http.StatusUnsupportedMediaType, "the body is not %s", want).hint("send Content-Type: %s", want)
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, fault.New(fault.TooLarge, "the body is over %d bytes", maxBody).WithHint("send the description alone")
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "the body did not come in whole").WithHint("send it again").Because(err)
	}
	return b, nil
}

// bearer is the stream key.
func bearer(r *http.Request) (string, error) {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if key = strings.TrimSpace(key); !strings.EqualFold(scheme, "Bearer") || key == "" {
		return "", fault.New(fault.Unauthorized, "there is no stream key").WithHint("send it as Authorization: Bearer STREAM-KEY; OBS calls it bearer token")
	}
	return key, nil
}

// publish makes a session of an offer.
func (s *Server) publish(w http.ResponseWriter, r *http.Request) error {
	visit, err := s.door.Knock(r.RemoteAddr)
	if err != nil {
		s.door.Refuse("whip", r.RemoteAddr, err)
		return err
	}
	sn, answer, err := s.admit(w, r, visit)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", typeSDP)
	h.Set("Location", "/whip/"+sn.id)
	h.Set("ETag", sn.etag)
	for _, l := range s.links {
		h.Add("Link", l)
	}
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, answer)
	return nil
}

// admit takes an offer from its body to a running session, which leaves the door when it ends.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, visit *ingest.Visit) (sn *session, answer string, err error) {
	var pub *ingest.Publication
	defer func() {
		if err == nil {
			return
		}
		if pub != nil {
			pub.Close(err)
		} else {
			s.door.Refuse("whip", r.RemoteAddr, err)
		}
		visit.Leave()
	}()
	key, err := bearer(r)
	if err != nil {
		return nil, "", err
	}
	o, err := s.offered(w, r, visit)
	if err != nil {
		return nil, "", err
	}
	// The session is known only after the door has let it in, and the door may end it at once. A peer connection costs
	// too much to be made for whoever has no stream key.
	var kick handoff
	pub, err = s.door.Enter(r.Context(), ingest.Request{Protocol: "whip", Remote: r.RemoteAddr, Visit: visit, Key: key, Kick: kick.kick})
	if err != nil {
		return nil, "", err
	}
	pc, err := s.ports.connect(o)
	if err != nil {
		return nil, "", err
	}
	sn = newSession(s.door, pub, s.cfg, pc, o, s.log)
	ctx, cancel := context.WithTimeout(r.Context(), answerTimeout)
	defer cancel()
	sn.negotiation.Lock()
	answer, err = sn.answer(ctx)
	sn.negotiation.Unlock()
	if err == nil {
		kick.to(sn)
		err = s.start(sn, visit.Leave)
	}
	if err != nil {
		_ = pc.GracefulClose()
		return nil, "", err
	}
	return sn, answer, nil
}

// offered reads the offer, which has StartTimeout to come in whole.
func (s *Server) offered(w http.ResponseWriter, r *http.Request, visit *ingest.Visit) (*offer, error) {
	connection := http.NewResponseController(w)
	watch := s.door.Watch(visit, func() { _ = connection.SetReadDeadline(time.Now()) })
	text, err := body(w, r, typeSDP)
	watch.Stop()
	if err != nil {
		return nil, watch.Explain(err)
	}
	o, err := parseOffer(text)
	if err != nil {
		return nil, err
	}
	if o.countCandidates() > maxCandidates {
		return nil, tooManyCandidates()
	}
	return o, nil
}

// serveSession serves requests to a session.
func (s *Server) serveSession(w http.ResponseWriter, r *http.Request, id string) error {
	sn, err := s.session(id)
	if err != nil {
		return err
	}
	switch r.Method {
	case http.MethodDelete:
		sn.end(nil)
		w.WriteHeader(http.StatusOK)
		return nil
	case http.MethodPatch:
		return s.patch(w, r, sn)
	}
	w.Header().Set("Allow", "OPTIONS, PATCH, DELETE")
	return refuse(http.StatusMethodNotAllowed, "%s is not what a session is for", r.Method).hint("PATCH candidates, or DELETE it to end it")
}

// patch takes candidates, or restarts ICE (RFC 9725 §4.3).
func (s *Server) patch(w http.ResponseWriter, r *http.Request, sn *session) error {
	text, err := body(w, r, typeFragment)
	if err != nil {
		return err
	}
	match := r.Header.Get("If-Match")
	if match == "" {
		return refuse(http.StatusPreconditionRequired, "the request does not say which ICE session it is for").
			hint("send If-Match with the ETag of the session, or If-Match: * to restart ICE")
	}
	f, err := parseFragment(string(text))
	if err != nil {
		return err
	}
	sn.negotiation.Lock()
	defer sn.negotiation.Unlock()
	ufrag, pwd := sn.offer.credentials()
	same := f.ufrag == ufrag && (f.pwd == "" || f.pwd == pwd)
	switch {
	case match != "*" && match != sn.etag:
		return refuse(http.StatusPreconditionFailed, "the ICE session has been replaced").hint("use the newest ETag, or restart ICE with If-Match: *")
	case same:
		if err := sn.trickle(f); err != nil {
			return err
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	case match != "*":
		return refuse(http.StatusPreconditionFailed, "the candidates belong to another ICE session").hint("restart ICE with If-Match: *")
	case f.pwd == "":
		return fault.New(fault.Invalid, "new ICE credentials need a password").WithHint("send a=ice-pwd beside a=ice-ufrag")
	}
	return s.restart(w, r, sn, f)
}

// restart begins a new ICE session on the same media. The caller holds sn.negotiation.
func (s *Server) restart(w http.ResponseWriter, r *http.Request, sn *session, f fragment) error {
	sn.offer.restart(f)
	sn.candidates = 0
	ctx, cancel := context.WithTimeout(r.Context(), answerTimeout)
	defer cancel()
	if _, err := sn.answer(ctx); err != nil {
		return err
	}
	if err := sn.trickle(f); err != nil {
		return err
	}
	answer, err := sn.pc.LocalDescription().Unmarshal()
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", typeFragment)
	h.Set("ETag", sn.etag)
	w.WriteHeader(http.StatusOK)
	_, _ = io.WriteString(w, fragmentOf(answer))
	return nil
}
