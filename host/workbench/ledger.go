package workbench

import (
	"os"
	"path/filepath"

	"github.com/sallyport-sbc/sallyport/host/store/embedded"
)

// ledger is an empty store in a folder that goes with it.
type ledger struct {
	*embedded.Store
	dir string
}

// stored reports whether a capability needs a store.
func stored(capability string) bool {
	return capability == "sbc_kv" || capability == "sbc_limit" || capability == "sbc_account"
}

func openLedger() (*ledger, error) {
	dir, err := os.MkdirTemp("", "sallyport-store-")
	if err != nil {
		return nil, err
	}
	s, err := embedded.Open(embedded.Options{Path: filepath.Join(dir, "store.db")})
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return &ledger{s, dir}, nil
}

// close removes the store; nil has none.
func (l *ledger) close() {
	if l == nil {
		return
	}
	l.Close()
	os.RemoveAll(l.dir)
}
