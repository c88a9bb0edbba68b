package sink

import (
	"context"
	"time"

	"github.com/sallyport-sbc/sallyport/host/cdr"
)

// Streamer appends entries to a Redis stream: names and values of each entry in
// turn. It returns how many, from the first on, are in the stream.
type Streamer interface {
	AppendStream(ctx context.Context, stream string, most int64, entries [][]string) (int, error)
	Close() error
}

// Redis adds each record to a stream: the fields id and json, or the columns that
// were chosen, those that are empty left out. An entry that was added twice has the
// same id in both.
type Redis struct {
	streamer Streamer
	stream   string
	most     int64
	columns  []cdr.Column
	timeout  time.Duration
}

// NewRedis returns a sink that keeps about most entries, 0 is all, and closes the
// streamer with itself. Without columns the fields are id and json. The timeout is
// for a batch.
func NewRedis(s Streamer, stream string, most int64, columns []cdr.Column, timeout time.Duration) *Redis {
	if len(columns) == 0 {
		columns = []cdr.Column{{Name: cdr.ColumnID, Path: []string{cdr.ColumnID}}, {Name: cdr.ColumnJSON, Path: []string{cdr.ColumnJSON}}}
	}
	return &Redis{s, stream, most, columns, timeout}
}

// Deliver adds the records in one go.
func (r *Redis) Deliver(ctx context.Context, records []cdr.Record) (int, error) {
	entries := make([][]string, len(records))
	for i, rec := range records {
		for n, text := range rec.Texts(r.columns) {
			if text != "" {
				entries[i] = append(entries[i], r.columns[n].Name, text)
			}
		}
		if len(entries[i]) == 0 { // Redis takes no empty entry
			entries[i] = []string{cdr.ColumnID, rec.ID.String()}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	return r.streamer.AppendStream(ctx, r.stream, r.most, entries)
}

// Close closes the streamer.
func (r *Redis) Close() error { return r.streamer.Close() }
