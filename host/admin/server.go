package admin

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// OpenAPI describes the API.
//
//go:embed openapi.json
var OpenAPI string

const (
	headerTime  = 5 * time.Second  // for the header fields of a request
	requestTime = 30 * time.Second // for a whole request, and for its answer
	idleTime    = time.Minute      // between requests of a connection
	maxHeader   = 16 << 10
	maxClients  = 64              // connections at one time; the next one waits
	farewell    = 2 * time.Second // for requests in progress when the server closes
)

// Server serves the API on one socket.
type Server struct {
	backend Backend
	log     *slog.Logger
	mux     *http.ServeMux
	http    http.Server
	done    chan struct{}
}

// Serve serves requests that come to l, which it owns, until Close.
func Serve(l net.Listener, b Backend, log *slog.Logger) *Server {
	s := &Server{backend: b, log: log, mux: http.NewServeMux(), done: make(chan struct{})}
	for i := range routes {
		s.mux.Handle(routes[i].method+" "+routes[i].path, s.handler(&routes[i]))
	}
	s.http = http.Server{
		Handler:           http.HandlerFunc(s.serve),
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       requestTime,
		WriteTimeout:      requestTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() {
		defer close(s.done)
		if err := s.http.Serve(limit(l, maxClients)); !errors.Is(err, http.ErrServerClosed) {
			log.Error("control API ended", "err", err)
		}
	}()
	return s
}

// Close takes no more requests, lets those in progress end for a moment, and removes the
// socket.
func (s *Server) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close()
	}
	<-s.done
}

// handler runs a route.
func (s *Server) handler(to *route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, to.body)
		if to.long {
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(longOrder))
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			s.log.Debug("control request", "method", r.Method, "path", r.URL.Path)
		}
		answer, err := to.do(s, r)
		if err != nil {
			s.problem(w, r, err)
			return
		}
		s.write(w, http.StatusOK, answer)
	})
}

// serve answers what has no route in the same words as everything else.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	h, pattern := s.mux.Handler(r)
	if pattern != "" {
		s.mux.ServeHTTP(w, r)
		return
	}
	silent := &silentWriter{ResponseWriter: w, status: http.StatusNotFound}
	h.ServeHTTP(silent, r)
	switch silent.status {
	case http.StatusMethodNotAllowed:
		s.problem(w, r, Refuse(silent.status, "%s is not for %s; there is %s", r.Method, r.URL.Path, w.Header().Get("Allow")))
	default:
		s.problem(w, r, Refuse(http.StatusNotFound, "there is no %s; see /openapi.json", r.URL.Path))
	}
}

// silentWriter learns the status that a handler would answer with.
type silentWriter struct {
	http.ResponseWriter
	status int
}

func (s *silentWriter) WriteHeader(status int)      { s.status = status }
func (s *silentWriter) Write(b []byte) (int, error) { return len(b), nil }

func (s *Server) problem(w http.ResponseWriter, r *http.Request, err error) {
	p, ok := errors.AsType[*Problem](err)
	if !ok {
		s.log.Error("control request failed", "method", r.Method, "path", r.URL.Path, "err", err)
		p = Refuse(http.StatusInternalServerError, "%s", err)
	}
	s.write(w, p.Status, p)
}

func (s *Server) write(w http.ResponseWriter, status int, answer any) {
	b, err := json.Marshal(answer)
	if err != nil {
		s.log.Error("control answer cannot be written", "err", err)
		status, b = http.StatusInternalServerError, []byte(`{"status":500,"error":"the answer cannot be written as JSON"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // who has gone needs no answer
}
