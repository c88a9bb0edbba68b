// Command example is a web application for call forwarding: a page where users say
// where their calls go, and what the module rest asks. It keeps everything in memory.
//
//	go run ./plugins/rest/example
//	curl -d user=bob -d to=sip:carol@example.net http://127.0.0.1:8080/
//	curl http://127.0.0.1:8080/forward/bob
package main
