package wasm

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/tetratelabs/wazero/experimental"
)

// memories are the linear memories of a generation's instances.
type memories struct {
	// reserve sets aside addresses that cannot be touched yet; errors.ErrUnsupported where there is no such thing.
	reserve func(n uint64) ([]byte, error)
	// file makes the file of a snapshot; errors.ErrUnsupported likewise.
	file func(name string, size uint64) (*sealed, error)
	// failed is told why there were none, the first time.
	failed func(error)

	mu   sync.Mutex
	all  map[*linear]struct{}
	told bool
}

// linear is the memory of one instance. Where the system can, it is a range of addresses as long as the memory may
// become, outside of Go's heap, and never moves; else it is a slice. Nobody may look at a piece of it once the
// instance is closed.
//
// It is wazero's allocator, of itself, and its own result.
type linear struct {
	owner *memories
	fixed bool   // the addresses are reserved
	b     []byte // all of them, for good; on the heap, what there is now, which only the instance's user may look at
	size  atomic.Uint64
	freed bool // guarded by the owner's mutex
}

var (
	_ experimental.MemoryAllocator = (*linear)(nil)
	_ experimental.LinearMemory    = (*linear)(nil)
)

// make makes a memory that may have most bytes. What cannot be mapped is on the heap.
func (ms *memories) make(most uint64, image *snapshot) (*linear, error) {
	m := &linear{owner: ms}
	var err error
	if m.b, err = ms.reserve(most); err == nil {
		m.fixed = true
		if image != nil {
			err = image.file.mapInto(m.b, image.size)
		}
		if err != nil {
			release(m.b)
			m.b, m.fixed = nil, false
		}
	}
	if err != nil {
		ms.tell(err)
	}
	if image != nil {
		if !m.fixed {
			m.b = make([]byte, image.size)
			if _, err := image.file.ReadAt(m.b, 0); err != nil {
				return nil, err
			}
		}
		m.size.Store(image.size)
	}
	ms.mu.Lock()
	ms.all[m] = struct{}{}
	ms.mu.Unlock()
	return m, nil
}

func (ms *memories) tell(err error) {
	ms.mu.Lock()
	told := ms.told
	ms.told = true
	ms.mu.Unlock()
	if !told && !errors.Is(err, errors.ErrUnsupported) {
		ms.failed(err)
	}
}

func (m *linear) with(ctx context.Context) context.Context {
	return experimental.WithMemoryAllocator(ctx, m)
}

// Allocate implements [experimental.MemoryAllocator].
func (m *linear) Allocate(_, _ uint64) experimental.LinearMemory { return m }

// Reallocate implements [experimental.LinearMemory]. It returns nil when there is no memory left, which the guest
// sees as a memory that cannot grow.
func (m *linear) Reallocate(n uint64) []byte {
	now := m.size.Load()
	n = max(n, now)
	switch {
	case !m.fixed:
		if n > uint64(len(m.b)) {
			b := make([]byte, n)
			copy(b, m.b)
			m.b = b
		}
	case n > uint64(len(m.b)), n > now && grow(m.b[now:n]) != nil:
		return nil
	}
	m.size.Store(n)
	return m.b[:n:n]
}

// Free implements [experimental.LinearMemory]. It may be called again.
func (m *linear) Free() {
	m.owner.mu.Lock()
	freed := m.freed
	m.freed = true
	delete(m.owner.all, m)
	m.owner.mu.Unlock()
	if m.fixed && !freed {
		release(m.b)
	}
}

// private is how many bytes of all memories together belong to one instance alone: what it wrote to. Where nobody
// can tell, all bytes do.
func (ms *memories) private() (sum uint64) {
	ms.mu.Lock()
	all := make([]*linear, 0, len(ms.all))
	for m := range ms.all {
		all = append(all, m)
	}
	ms.mu.Unlock()
	count := privatePages()
	defer count.close()
	for _, m := range all {
		size := m.size.Load()
		if m.fixed {
			if n, ok := count.of(m.b, size); ok {
				size = n
			}
		}
		sum += size
	}
	return sum
}
