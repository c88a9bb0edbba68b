package store

import (
	"fmt"
	"sync"
	"time"
)

// MaxLeases bounds a LeaseTable; beyond it Acquire fails with ErrQuota.
const MaxLeases = 1 << 20

// LeaseTable keeps leases in memory, with the meaning of Leases. What a key has
// in use is the sum over the leases of live nodes, and a lease changes it in two
// places only, join and leave, so it cannot drift. No method waits; one mutex is
// enough for a few million operations a second. Safe for concurrent use.
type LeaseTable struct {
	now    func() time.Time
	mu     sync.Mutex // guards what follows
	nodes  map[string]*leaseNode
	leases map[string]*heldLease
	keys   map[string]*leaseKey
}

type leaseNode struct {
	name   string
	until  time.Time
	leases int
}

type heldLease struct {
	node  *leaseNode
	parts []leasePart
	room  [3]leasePart // where parts usually are, to save an allocation
}

type leasePart struct {
	key  *leaseKey
	cost int64
}

type leaseKey struct {
	name string
	by   []nodeShare // never empty while the key is in the table
	room [1]nodeShare
}

// nodeShare is what the leases of one node hold of a key.
type nodeShare struct {
	node  *leaseNode
	held  int64
	count int
}

// NewLeaseTable returns an empty table.
func NewLeaseTable() *LeaseTable {
	return &LeaseTable{now: time.Now, nodes: map[string]*leaseNode{}, leases: map[string]*heldLease{}, keys: map[string]*leaseKey{}}
}

// Clock makes the table go by now, before it is used.
func (t *LeaseTable) Clock(now func() time.Time) { t.now = now }

// Acquire is Leases.Acquire.
func (t *LeaseTable) Acquire(lease, node string, ttl time.Duration, limits []Limit) (denied string, err error) {
	if err := CheckNames(lease, node); err != nil {
		return "", err
	}
	if err := CheckTTL(ttl); err != nil {
		return "", err
	}
	if err := CheckLimits(limits); err != nil {
		return "", err
	}
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.leases[lease]
	if old == nil && len(t.leases) >= MaxLeases {
		return "", fmt.Errorf("%w: %d leases", ErrQuota, len(t.leases))
	}
	n := t.node(node, now.Add(ttl))
	for _, l := range limits {
		used := t.used(l.Key, now)
		if old != nil && now.Before(old.node.until) {
			used -= old.cost(l.Key)
		}
		if l.Cost > l.Max-used {
			return l.Key, nil
		}
	}
	t.leave(lease, old)
	t.join(lease, n, limits)
	return "", nil
}

// Hold takes a lease whatever its limits say.
func (t *LeaseTable) Hold(lease, node string, ttl time.Duration, limits []Limit) error {
	if err := CheckNames(lease, node); err != nil {
		return err
	}
	if err := CheckTTL(ttl); err != nil {
		return err
	}
	if err := CheckLimits(limits); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.leave(lease, t.leases[lease])
	t.join(lease, t.node(node, t.now().Add(ttl)), limits)
	return nil
}

// Renew is Leases.Renew.
func (t *LeaseTable) Renew(node string, ttl time.Duration) (leases int, err error) {
	if err := CheckNames(node); err != nil {
		return 0, err
	}
	if err := CheckTTL(ttl); err != nil {
		return 0, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.node(node, t.now().Add(ttl)).leases, nil
}

// Release is Leases.Release.
func (t *LeaseTable) Release(lease string) error {
	if err := CheckNames(lease); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.leave(lease, t.leases[lease])
	return nil
}

// Reconcile is Leases.Reconcile.
func (t *LeaseTable) Reconcile(node string, ttl time.Duration, live func() []Lease) (r Repair, err error) {
	if err := CheckNames(node); err != nil {
		return r, err
	}
	if err := CheckTTL(ttl); err != nil {
		return r, err
	}
	held := t.list(node)
	leases := live()
	if len(leases) > MaxLeases {
		return r, fmt.Errorf("%w: %d leases", ErrQuota, len(leases))
	}
	keep := make(map[string]bool, len(leases))
	for _, l := range leases {
		if err := l.Check(); err != nil {
			return r, err
		}
		keep[l.ID] = true
	}
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.node(node, now.Add(ttl))
	for _, lease := range held {
		if old := t.leases[lease]; old != nil && old.node == n && !keep[lease] {
			t.leave(lease, old)
			r.Dropped++
		}
	}
	for _, l := range leases {
		old := t.leases[l.ID]
		if len(l.Limits) == 0 || old != nil && old.node == n && old.same(l.Limits) {
			continue
		}
		t.leave(l.ID, old)
		t.join(l.ID, n, l.Limits)
		r.Added++
	}
	t.bury(now, &r)
	return r, nil
}

// Check fails with ErrInvalid unless the lease suits Reconcile.
func (l Lease) Check() error {
	if err := CheckNames(l.ID); err != nil || len(l.Limits) == 0 {
		return err
	}
	return CheckLimits(l.Limits)
}

// Used is Leases.Used.
func (t *LeaseTable) Used(key string) (int64, error) {
	if err := CheckNames(key); err != nil {
		return 0, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.used(key, t.now()), nil
}

// Len returns the number of leases, those of dead nodes included.
func (t *LeaseTable) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.leases)
}

func (t *LeaseTable) list(node string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.nodes[node]
	if n == nil {
		return nil
	}
	held := make([]string, 0, n.leases)
	for lease, h := range t.leases {
		if h.node == n {
			held = append(held, lease)
		}
	}
	return held
}

// bury removes what dead nodes held. A node that was only cut off adds it again
// by its own Reconcile.
func (t *LeaseTable) bury(now time.Time, r *Repair) {
	dead := false
	for name, n := range t.nodes {
		if now.Before(n.until) {
			continue
		}
		dead = true
		delete(t.nodes, name)
	}
	if !dead {
		return
	}
	for lease, h := range t.leases {
		if !now.Before(h.node.until) {
			t.leave(lease, h)
			r.Dropped++
		}
	}
}

// node returns the node and extends its life.
func (t *LeaseTable) node(name string, until time.Time) *leaseNode {
	n := t.nodes[name]
	if n == nil {
		n = &leaseNode{name: name}
		t.nodes[name] = n
	}
	if until.After(n.until) {
		n.until = until
	}
	return n
}

func (t *LeaseTable) used(key string, now time.Time) (sum int64) {
	k := t.keys[key]
	if k == nil {
		return 0
	}
	for _, s := range k.by {
		if now.Before(s.node.until) {
			sum += s.held
		}
	}
	return sum
}

func (t *LeaseTable) join(lease string, n *leaseNode, limits []Limit) {
	h := &heldLease{node: n}
	h.parts = h.room[:0]
	for _, l := range limits {
		k := t.keys[l.Key]
		if k == nil {
			k = &leaseKey{name: l.Key}
			k.by = k.room[:0]
			t.keys[l.Key] = k
		}
		h.parts = append(h.parts, leasePart{k, l.Cost})
		i := k.index(n)
		if i < 0 {
			i = len(k.by)
			k.by = append(k.by, nodeShare{node: n})
		}
		k.by[i].held += l.Cost
		k.by[i].count++
	}
	n.leases++
	t.leases[lease] = h
}

func (t *LeaseTable) leave(lease string, h *heldLease) {
	if h == nil {
		return
	}
	for _, p := range h.parts {
		k := p.key
		i := k.index(h.node)
		k.by[i].held -= p.cost
		k.by[i].count--
		if k.by[i].count > 0 {
			continue
		}
		k.by[i] = k.by[len(k.by)-1]
		k.by = k.by[:len(k.by)-1]
		if len(k.by) == 0 {
			delete(t.keys, k.name)
		}
	}
	h.node.leases--
	delete(t.leases, lease)
}

func (k *leaseKey) index(n *leaseNode) int {
	for i := range k.by {
		if k.by[i].node == n {
			return i
		}
	}
	return -1
}

func (h *heldLease) cost(key string) int64 {
	for _, p := range h.parts {
		if p.key.name == key {
			return p.cost
		}
	}
	return 0
}

func (h *heldLease) same(limits []Limit) bool {
	if len(limits) != len(h.parts) {
		return false
	}
	for _, l := range limits {
		if h.cost(l.Key) != l.Cost {
			return false
		}
	}
	return true
}
