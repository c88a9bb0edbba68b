package main

import (
	"flag"
	"log"
	"net/http"
	"os"
	"time"
)

func main() {
	addr := flag.String("listen", "127.0.0.1:8080", "where to serve")
	flag.Parse()
	log.SetFlags(0)
	s := &http.Server{Addr: *addr, Handler: newForwarding(), ReadHeaderTimeout: 5 * time.Second}
	log.Printf("call forwarding on http://%s", *addr)
	if err := s.ListenAndServe(); err != nil {
		log.Print(err)
		os.Exit(1)
	}
}
