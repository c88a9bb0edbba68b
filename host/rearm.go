package host

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/sallyport-sbc/sallyport/host/admin"
	"github.com/sallyport-sbc/sallyport/sbc"
)

// Rearm sets anew how long a module lets a call last.
func (c control) Rearm(ctx context.Context, id string, o admin.Rearm) (*time.Time, error) {
	span, err := o.Duration.Span()
	if err != nil {
		return nil, err
	}
	until, err := c.sbc.Limit(ctx, id, o.Module, span, o.FromNow)
	switch {
	case errors.Is(err, sbc.ErrNoCall):
		return nil, noCall(id)
	case errors.Is(err, sbc.ErrNoUse):
		return nil, admin.Refuse(http.StatusNotFound, "no module %q has let call %s pass", o.Module, id)
	case errors.Is(err, sbc.ErrNotAnswered):
		return nil, admin.Refuse(http.StatusConflict, "call %s is not answered yet: count from its answer", id)
	case err != nil:
		return nil, admin.Refuse(http.StatusServiceUnavailable, "call %s does not answer", id)
	}
	c.log.Info("call re-armed by the operator", "call", id, "use", o.Module, "until", until)
	return utc(until), nil
}
