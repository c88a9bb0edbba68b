package redis

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/store/storetest"
)

// A cluster refuses a script whose keys are in different slots, so the suite
// shows that ours never are.
func TestSuiteOnCluster(t *testing.T) {
	srv := startServer(t, "--cluster-enabled", "yes")
	srv.command("CLUSTER ADDSLOTSRANGE 0 16383")
	var n atomic.Int32
	first := open(t, srv, Options{Cluster: true})
	srv.until("the cluster is formed", func() bool { return works(first) })
	storetest.Run(t, storetest.Harness{Each: func(t *testing.T, run func(*testing.T, store.Store)) {
		run(t, open(t, srv, Options{Cluster: true, Prefix: fmt.Sprint("case", n.Add(1))}))
	}})
}

func TestSentinel(t *testing.T) {
	master := startServer(t)
	host, port, err := net.SplitHostPort(master.addr)
	if err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(t.TempDir(), "sentinel.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, "sentinel monitor main %s %s 1\n", host, port), 0o600); err != nil {
		t.Fatal(err)
	}
	sentinel := startProcess(t, []string{conf, "--sentinel"}, nil)
	s := open(t, sentinel, Options{Sentinel: "main"})
	sentinel.until("the master is found", func() bool { return works(s) })
	if _, err := s.Deposit(long(t), "a", "d", 5); err != nil {
		t.Fatal(err)
	}
	if b := storetest.Audit(t, open(t, master, Options{}), "a"); b.Amount != 5 {
		t.Fatalf("balance %+v", b)
	}
	master.stop(syscall.SIGKILL)
	master.until("it is away", func() bool { return !works(s) })
	master.start()
	master.until("it works again", func() bool { return works(s) })
}
