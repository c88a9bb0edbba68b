package embedded

import (
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/store/storetest"
)

func TestSuite(t *testing.T) {
	storetest.Run(t, storetest.Harness{Each: func(t *testing.T, run func(*testing.T, store.Store)) {
		synctest.Test(t, func(t *testing.T) {
			s, err := Open(Options{Path: filepath.Join(t.TempDir(), "state.db")})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}()
			run(t, s)
		})
	}})
}
