package redis

import (
	"context"
	"strconv"

	"github.com/redis/rueidis"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// AppendStream adds entries to a stream, names and values in turn, in one pipeline,
// and returns how many are in it, from the first on; what is behind a failed one may
// be, too. About most entries are kept; 0 keeps all. Errors are those of store.
func (s *Store) AppendStream(ctx context.Context, stream string, most int64, entries [][]string) (added int, err error) {
	err = s.do(ctx, store.OpCommand, func(ctx context.Context, c rueidis.Client) error {
		cmds := make(rueidis.Commands, 0, len(entries))
		for _, fields := range entries {
			b := c.B().Arbitrary("XADD").Keys(stream)
			if most > 0 {
				b = b.Args("MAXLEN", "~", strconv.FormatInt(most, 10))
			}
			cmds = append(cmds, b.Args("*").Args(fields...).Build())
		}
		for _, r := range c.DoMulti(ctx, cmds...) {
			if err := r.Error(); err != nil {
				return err
			}
			added++
		}
		return nil
	})
	return added, err
}
