package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store/embedded"
)

// The accounts of deck.toml and what each has, in micro-units: more than any run costs.
const (
	accounts = 100
	credit   = 1_000_000_000_000
)

// deck measures calls through the six modules of deck.toml against the same calls
// without modules, and counts records and money.
func deck(perSecond int, more float64) func(context.Context, config) ([]figure, load, error) {
	return func(ctx context.Context, c config) ([]figure, load, error) {
		l := callLoad{rate: perSecond, calls: 10 * perSecond}
		plain, err := plainCalls(ctx, c, l)
		if err != nil {
			return nil, plain.load, err
		}
		s, web, err := startDeck(ctx, c)
		if err != nil {
			return nil, load{}, err
		}
		defer web.Close()
		defer s.stop()
		r, err := l.run(ctx, c, s)
		if err != nil {
			return nil, r.load, err
		}
		records, unpaid, err := s.accounted(ctx, "var/bench/cdr.jsonl", r.OK)
		return []figure{
			{Name: "failed calls", Measured: float64(r.Failed), Target: 0, Note: r.note()},
			{
				Name: "CPU per 1000 calls, more than without modules", Unit: "s", Measured: r.cpuPer1000() - plain.cpuPer1000(), Target: more,
				Note: fmt.Sprintf("%s with, %s without", number(r.cpuPer1000()), number(plain.cpuPer1000())),
			},
			{Name: "calls without a record", Measured: float64(max(0, r.OK-records)), Target: 0},
			{Name: "calls not paid as their record says", Measured: float64(unpaid), Target: 0},
		}, r.load, err
	}
}

func plainCalls(ctx context.Context, c config, l callLoad) (callResult, error) {
	s, err := startSUT(ctx, c, "signalling.toml")
	if err != nil {
		return callResult{}, err
	}
	defer s.stop()
	return l.run(ctx, c, s)
}

// startDeck starts the web server that the module rest asks, and Sallyport with accounts.
func startDeck(ctx context.Context, c config) (*sut, io.Closer, error) {
	web, err := startWeb()
	if err != nil {
		return nil, nil, err
	}
	s, err := startPrepared(ctx, c, "deck.toml", fillAccounts)
	if err != nil {
		web.Close()
		return nil, nil, err
	}
	return s, web, nil
}

// startWeb starts a server that answers every question of the module rest in the same way.
func startWeb() (io.Closer, error) {
	l, err := net.Listen("tcp", "127.0.0.1:8090")
	if err != nil {
		return nil, err
	}
	web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"var": {"plan": "gold"}}`)
	}), ReadHeaderTimeout: 5 * time.Second}
	go web.Serve(l) // ends with Close
	return web, nil
}

const storeFile = "var/store.db"

// fillAccounts makes the store's file with its accounts.
func fillAccounts(dir string) error {
	file := filepath.Join(dir, filepath.FromSlash(storeFile))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	s, err := embedded.Open(embedded.Options{Path: file})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for i := range accounts {
		if _, err := s.Deposit(ctx, fmt.Sprintf("account%02d", i), "credit", credit); err != nil {
			return errors.Join(err, s.Close())
		}
	}
	return s.Close()
}

// record is what is read of a call record here.
type record struct {
	Account     string `json:"account"`
	Disposition string `json:"disposition"`
	Billsec     int64  `json:"billsec"`
}

// perSecondCost is what a second of talking costs by the tariff of deck.toml.
const perSecondCost = 10_000

// accounted waits for the records of want calls, ends Sallyport, and compares what the
// records say with what the accounts hold. unpaid is how many seconds they are apart, and
// how many accounts still hold money back.
func (s *sut) accounted(ctx context.Context, file string, want int) (records, unpaid int, err error) {
	if records, err = awaitRecords(ctx, s.path(file), want); err != nil {
		return records, 0, err
	}
	s.end()
	text, err := os.ReadFile(s.path(file))
	if err != nil {
		return records, 0, err
	}
	owed := map[string]int64{}
	for line := range bytes.Lines(text) {
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return records, 0, fmt.Errorf("%s: %w", file, err)
		}
		if r.Disposition == "answered" {
			owed[r.Account] += max(r.Billsec, 1) * perSecondCost
		}
	}
	engine, err := embedded.Open(embedded.Options{Path: s.path(storeFile)})
	if err != nil {
		return records, 0, err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	for i := range accounts {
		name := fmt.Sprintf("account%02d", i)
		b, err := engine.Balance(ctx, name)
		if err != nil {
			return records, unpaid, err
		}
		apart := max(credit-b.Amount-owed[name], owed[name]-credit+b.Amount)
		unpaid += int((apart + perSecondCost - 1) / perSecondCost)
		if b.Reserved != 0 {
			unpaid++
		}
	}
	return records, unpaid, nil
}
