package sdktest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/sdk"
)

func (h *imports) limit(name string, c *Call, in wire.Reader) (a answer) {
	lease := in.Text(wire.LimitLease)
	if lease == "" {
		lease = c.ID + "/" + c.Use
	}
	switch name {
	case "acquire":
		own := map[string]int64{}
		l, _ := in.List(wire.LimitLimits)
		for i := range l.Len() {
			key, text, _ := l.At(i)
			most, cost, _ := strings.Cut(text, " ")
			limit, err := strconv.ParseInt(most, 10, 64)
			n := int64(1)
			if cost != "" && err == nil {
				n, err = strconv.ParseInt(cost, 10, 64)
			}
			if err != nil {
				return answer{code: abi.CodeInvalid}
			}
			used := n
			for other, held := range h.Leases {
				if other != lease {
					used += held[key]
				}
			}
			if used > limit {
				return answer{code: abi.CodeConflict, body: key}
			}
			own[key] = n
		}
		h.Leases[lease] = own
	case "release":
		delete(h.Leases, lease)
	case "take":
		// A bucket that was never used is full; at h.taken[key] it is full again.
		rate, burst := float64(in.U64(wire.LimitRate))/1000, float64(in.U64(wire.LimitBurst))
		count := float64(max(in.U64(wire.LimitCount), 1))
		if rate <= 0 || burst < count {
			return answer{code: abi.CodeInvalid}
		}
		missing := max(h.taken[in.Text(wire.LimitKey)].Sub(h.now).Seconds(), 0) * rate
		if over := missing + count - burst; over > 1e-9 {
			return answer{code: abi.CodeConflict, value: int64(over / rate * 1e9)}
		}
		h.taken[in.Text(wire.LimitKey)] = h.now.Add(time.Duration((missing + count) / rate * 1e9))
	}
	return a
}

func (h *imports) account(name string, c *Call, in wire.Reader) (a answer) {
	account, id := in.Text(wire.AccountAccount), in.Text(wire.AccountID)
	if id == "" {
		id = c.ID + "/" + c.Use
	}
	amount := int64(in.U64(wire.AccountAmount))
	key := fmt.Sprintf("%s %s %d", account, id, in.U64(wire.AccountSequence))
	balance, has := h.Balances[account]
	held := int64(0)
	for k, v := range h.reserved {
		if strings.HasPrefix(k, account+" ") {
			held += v
		}
	}
	_, reserved := h.reserved[key]
	switch {
	case name == "deposit":
		if !h.settled["deposit "+id] {
			h.settled["deposit "+id] = true
			balance += amount
			h.Balances[account] = balance
		}
	case !has:
		return answer{code: abi.CodeNotFound}
	case name == "balance":
	case h.settled[key]:
		if name == "reserve" {
			return answer{code: abi.CodeConflict}
		}
	case name == "reserve":
		if !reserved {
			granted := max(min(amount, balance-held), 0)
			if granted > 0 {
				h.reserved[key] = granted
			}
			return answer{value: granted}
		}
		return answer{value: h.reserved[key]}
	case name == "commit" && !reserved:
		return answer{code: abi.CodeNotFound}
	case name == "commit":
		held -= h.reserved[key]
		delete(h.reserved, key)
		h.settled[key] = true
		balance -= amount
		h.Balances[account] = balance
	case name == "cancel":
		held -= h.reserved[key]
		delete(h.reserved, key)
		h.settled[key] = true
	}
	return answer{value: balance - held}
}

func (h *imports) Sleep(call int64, d sdk.Duration) int32 {
	if h.of(call) == nil {
		return int32(abi.CodeCallGone)
	}
	h.now = h.now.Add(time.Duration(d))
	return 0
}

func (h *imports) TimerSet(call int64, timer int32, after sdk.Duration, action int32) int32 {
	c := h.of(call)
	switch {
	case c == nil:
		return int32(abi.CodeCallGone)
	case timer < 0 || timer >= wire.MaxTimers || after <= 0 || action > wire.TimerEnd:
		return int32(abi.CodeInvalid)
	}
	c.Timers[int(timer)] = Timer{h.now.Add(time.Duration(after)), action == wire.TimerEnd}
	return 0
}

func (h *imports) TimerClear(call int64, timer int32) int32 {
	c := h.of(call)
	if c == nil {
		return int32(abi.CodeCallGone)
	}
	delete(c.Timers, int(timer))
	return 0
}

func (h *imports) MapLookup(call int64, table, key string, buf []byte) int32 {
	if h.of(call) == nil {
		return int32(abi.CodeCallGone)
	}
	v, ok := h.Maps[table][key]
	if !ok {
		return int32(abi.CodeNotFound)
	}
	return pull(buf, []byte(v))
}

func (h *imports) MetricDefine(_ int32, name string) int32 {
	for i, m := range h.metrics {
		if m == name {
			return int32(i)
		}
	}
	h.metrics = append(h.metrics, strings.Clone(name))
	h.Metrics[h.metrics[len(h.metrics)-1]] = 0
	return int32(len(h.metrics) - 1)
}

func (h *imports) MetricAdd(metric int32, delta int64) int32 {
	if int(metric) >= len(h.metrics) {
		return int32(abi.CodeInvalid)
	}
	h.Metrics[h.metrics[metric]] += delta
	return 0
}

func (h *imports) MetricObserve(metric int32, v int64) int32 { return h.MetricAdd(metric, v) }

func (h *imports) CallHangup(call int64, id string, code int32, reason string) int32 {
	c := h.of(call)
	if c == nil {
		return int32(abi.CodeCallGone)
	}
	if id == "" {
		id = c.ID
	}
	h.Hangups[strings.Clone(id)] = fmt.Sprintf("%d %s", code, reason)
	return 0
}

func (h *imports) CallRearm(call int64, id string, d sdk.Duration) int32 {
	c := h.of(call)
	if c == nil {
		return int32(abi.CodeCallGone)
	}
	if id == "" {
		id = c.ID
	}
	h.Rearmed[strings.Clone(id)] = time.Duration(d)
	if id == c.ID {
		c.limit(time.Duration(d))
	}
	return 0
}
