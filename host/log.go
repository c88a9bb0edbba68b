package host

import (
	"io"
	"log/slog"

	"github.com/sallyport-sbc/sallyport/host/config"
)

// newLog makes the log of a process. Its level may be changed while it is in use.
func newLog(w io.Writer, c config.Log, level *slog.LevelVar) *slog.Logger {
	level.Set(c.Level)
	o := &slog.HandlerOptions{Level: level}
	if c.Format == config.JSON {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
