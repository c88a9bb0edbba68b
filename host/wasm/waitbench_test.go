package wasm

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/store/embedded"
	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

// BenchmarkWaits is 1000 calls a second for some seconds, each of which asks a web server, or holds money back and
// pays it, as the modules rest and prepaid do. The web server is in the same process, and as cheap as one can be.
func BenchmarkWaits(b *testing.B) {
	for _, name := range []string{"rest", "prepaid"} {
		b.Run(name, func(b *testing.B) { benchmarkWaits(b, name) })
	}
}

func benchmarkWaits(b *testing.B, name string) {
	const rate, seconds = 1000, 4
	engine, err := embedded.Open(embedded.Options{Path: filepath.Join(b.TempDir(), "store.db"), Deadline: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	defer engine.Close()
	var accounts [100]string
	for i := range accounts {
		accounts[i] = "account" + strconv.Itoa(i)
		if _, err := engine.Deposit(b.Context(), accounts[i], "1", 1e12); err != nil {
			b.Fatal(err)
		}
	}
	mc := ModuleConfig{
		Name: "judge", Source: write(b, wasmtest.BuildModule(b, "../../plugins/"+name)), Config: []byte(`{}`),
		Grants: map[string][]string{"rest": {"sbc_http", "sbc_kv"}, "prepaid": {"sbc_account", "sbc_timer"}}[name],
	}
	url := frugalWeb(b)
	if name == "rest" {
		mc.HTTP = HTTPGrant{Allow: []string{url}, Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
		mc.Config = []byte(`{"timeout": "2s"}`)
	}
	h, err := New(Config{
		Modules: []ModuleConfig{mc}, CacheDir: cacheDir(), Log: slog.New(slog.DiscardHandler), Store: engine,
		Leases: store.NewHolder(engine, "sbc1", store.HolderOptions{}), StoreWait: time.Second,
	})
	if err != nil {
		b.Fatal(err)
	}
	defer h.Close()
	var (
		left   sync.WaitGroup
		failed atomic.Int64
	)
	call := func(i int) {
		m, err := h.Acquire("judge", "1")
		if err != nil {
			b.Error(err)
			return
		}
		c := benchCall()
		c.ID = strconv.Itoa(i)
		c.Params = []abi.Field{{Name: "account", Value: accounts[i%len(accounts)]}, {Name: "tariff", Value: "0.60"}, {Name: "url", Value: url + "forward/" + c.ID}}
		ended := func(_ abi.Decision, err error) {
			if err != nil {
				failed.Add(1)
			}
			m.Release()
			left.Done()
		}
		started := func(d abi.Decision, err error) {
			if err != nil || d.Refused() {
				failed.Add(1)
			}
			if d.State != nil {
				c.State = d.State
			}
			if m.Events()&abi.Bit(abi.EventEnd) == 0 {
				ended(d, nil)
				return
			}
			c.Result, c.Connect, c.End = &abi.End{Disposition: abi.Answered}, c.Start, c.Start.Add(time.Second)
			c.Later = ended
			if err := m.End(context.Background(), c); err != callcontrol.ErrPending {
				ended(d, err)
			}
		}
		c.Later = started
		if d, err := m.Start(context.Background(), c); err != callcontrol.ErrPending {
			started(d, err)
		}
	}
	for n := 0; enough(b, &n); {
		var m0, m1 runtime.MemStats
		runtime.ReadMemStats(&m0)
		began, used := time.Now(), processTime()
		for i := range rate * seconds {
			if wait := time.Duration(i)*time.Second/rate - time.Since(began); wait > 200*time.Microsecond {
				time.Sleep(wait)
			}
			left.Add(1)
			call(n*rate*seconds + i)
		}
		left.Wait()
		const calls = rate * seconds
		runtime.ReadMemStats(&m1)
		b.ReportMetric(float64((processTime()-used).Microseconds())/calls, "µs-cpu/call")
		b.ReportMetric(float64(m1.Mallocs-m0.Mallocs)/calls, "allocs/call")
		b.ReportMetric(float64(m1.TotalAlloc-m0.TotalAlloc)/calls, "B/call")
		b.ReportMetric(float64(failed.Load()), "failed")
	}
}

// frugalWeb is a web server that gives every request without a body the same answer.
func frugalWeb(b *testing.B) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { frugalConn(c) })
		}
	})
	b.Cleanup(func() { l.Close(); conns.Wait() })
	return "http://" + l.Addr().String() + "/"
}

func frugalConn(c net.Conn) {
	defer c.Close()
	const body = `{"var": {"plan": "gold"}}`
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\nContent-Length: " +
		strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return
		}
		if len(line) == 2 {
			if _, err := c.Write(answer); err != nil {
				return
			}
		}
	}
}
