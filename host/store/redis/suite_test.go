package redis

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/store/storetest"
)

func TestSuite(t *testing.T) {
	srv := startServer(t)
	var n atomic.Int32
	storetest.Run(t, storetest.Harness{Each: func(t *testing.T, run func(*testing.T, store.Store)) {
		s := open(t, srv, Options{Prefix: fmt.Sprint("case", n.Add(1))})
		run(t, s)
	}})
}
