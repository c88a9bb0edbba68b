package main

import (
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"strings"
	"sync"
)

// forwarding knows where whose calls go.
type forwarding struct {
	*http.ServeMux

	mu sync.RWMutex // guards what follows
	to map[string]string
}

// Bounds of what anybody may put in.
const (
	maxUsers = 10_000
	maxText  = 256
)

func newForwarding() *forwarding {
	f := &forwarding{ServeMux: http.NewServeMux(), to: map[string]string{}}
	f.HandleFunc("GET /forward/{user}", f.ask)
	f.HandleFunc("GET /{$}", f.show)
	f.HandleFunc("POST /{$}", f.change)
	return f
}

// ask is what the SBC asks for each call: where do the calls of this user go?
func (f *forwarding) ask(w http.ResponseWriter, r *http.Request) {
	user := r.PathValue("user")
	f.mu.RLock()
	to, ok := f.to[user]
	f.mu.RUnlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"identity": map[string]string{"ruri": to},
		"var":      map[string]string{"forwarded": user},
	})
}

var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Call forwarding</title>
<h1>Call forwarding</h1>
<table>{{range $user, $to := .}}<tr><td>{{$user}}<td>{{$to}}{{else}}<tr><td>Nobody's calls are forwarded.{{end}}</table>
<form method="post"><input name="user" placeholder="bob" required> <input name="to" placeholder="sip:carol@example.net"> <button>Forward</button></form>
`))

func (f *forwarding) show(w http.ResponseWriter, _ *http.Request) {
	f.mu.RLock()
	all := maps.Clone(f.to)
	f.mu.RUnlock()
	_ = page.Execute(w, all)
}

// change sets where a user's calls go; nowhere takes the entry away.
func (f *forwarding) change(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4*maxText)
	user, to := r.PostFormValue("user"), strings.TrimSpace(r.PostFormValue("to"))
	if user == "" || len(user) > maxText || len(to) > maxText || to != "" && !strings.HasPrefix(to, "sip:") || strings.ContainsAny(to, "<> \r\n") {
		http.Error(w, "want user, and to as sip:user@host", http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	_, known := f.to[user]
	full := !known && len(f.to) >= maxUsers
	switch {
	case to == "":
		delete(f.to, user)
	case !full:
		f.to[user] = to
	}
	f.mu.Unlock()
	if full && to != "" {
		http.Error(w, "full", http.StatusInsufficientStorage)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
