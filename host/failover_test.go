package host

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// A web server says what to try next; without its answer the list counts.
func TestFailoverAsks(t *testing.T) {
	answers := make(chan string, 1) // "" and none = 500
	asked := make(chan string, 8)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.String()
		body := ""
		select {
		case body = <-answers:
		default:
		}
		if body == "" {
			http.Error(w, "no", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, body)
	}))
	defer web.Close()
	s := newStage(t, "failover", 2, "http://127.0.0.1:8080", web.URL, "http://127.0.0.1:8080", web.URL, `"300ms"`, `"10s"`)
	s.b.answers(func(m *sip.Message) int {
		if strings.Contains(m.RURI, ";carrier=") {
			return 200
		}
		return 503
	})
	for _, c := range []struct{ answer, want string }{
		{fmt.Sprintf(`{"targets": ["sip:bob@%s:5080;carrier=x"]}`, s.addr), ";carrier=x"},
		{"", ";carrier=c"},
	} {
		answers <- c.answer
		s.a.invite()
		s.a.want(200)
		select {
		case got := <-asked:
			if got != "/next/bob?from=alice" {
				t.Errorf("asked %s", got)
			}
		default:
			t.Error("the server was not asked")
		}
		s.b.wantRequest("INVITE", "ACK")
		if m := s.b.wantRequest("INVITE"); !strings.HasSuffix(m.RURI, c.want) {
			t.Errorf("tried %s, want %s", m.RURI, c.want)
		}
		s.b.wantRequest("ACK")
		s.a.bye()
		s.b.wantRequest("BYE")
	}
	// The server says that there is nobody: the caller gets the failure.
	answers <- "{}"
	s.a.invite()
	s.a.want(503)
}
