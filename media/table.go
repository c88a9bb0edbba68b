package media

import (
	"sync"
	"sync/atomic"
)

const chunk = 1024 // legs in one piece of a table

// table finds a worker's legs by their file descriptor. Reading takes no lock; the
// pieces never move.
type table struct {
	mu     sync.Mutex // guards growing
	chunks atomic.Pointer[[]*[chunk]atomic.Pointer[leg]]
}

// at returns the leg of a descriptor, nil for none.
func (t *table) at(fd int32) *leg {
	if c := t.chunks.Load(); c != nil && int(fd)/chunk < len(*c) {
		return (*c)[fd/chunk][fd%chunk].Load()
	}
	return nil
}

// set enters a leg, or clears the entry with nil.
func (t *table) set(fd int32, l *leg) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var list []*[chunk]atomic.Pointer[leg]
	if c := t.chunks.Load(); c != nil {
		list = *c
	}
	if int(fd)/chunk >= len(list) {
		list = append([]*[chunk]atomic.Pointer[leg](nil), list...)
		for int(fd)/chunk >= len(list) {
			list = append(list, new([chunk]atomic.Pointer[leg]))
		}
		t.chunks.Store(&list)
	}
	list[fd/chunk][fd%chunk].Store(l)
}

// all returns every leg in the table.
func (t *table) all() (legs []*leg) {
	c := t.chunks.Load()
	if c == nil {
		return nil
	}
	for _, piece := range *c {
		for i := range piece {
			if l := piece[i].Load(); l != nil {
				legs = append(legs, l)
			}
		}
	}
	return legs
}
