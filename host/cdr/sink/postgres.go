package sink

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/sallyport-sbc/sallyport/host/cdr"
)

// PostgresOptions say where records are inserted.
type PostgresOptions struct {
	URL   string // postgres://USER:PASSWORD@HOST:PORT/DATABASE?…
	Table string // TABLE or SCHEMA.TABLE
	// Columns of the table that are filled, each from the member of its path; the
	// database turns the member into the column's type. Without columns there are
	// two: id (uuid) and record (jsonb).
	Columns []cdr.Column
	// Create makes the table when it is not there.
	Create bool
	// Timeout is for connecting and for one batch.
	Timeout time.Duration
}

// Postgres inserts a batch by one statement, ON CONFLICT DO NOTHING: with a key on
// the column that holds the ID, what was delivered twice stands there once.
type Postgres struct {
	o       PostgresOptions
	config  *pgconn.Config
	conn    *pgconn.PgConn // nil when there is none
	insert  string
	created bool
}

// mostOfMessage bounds what the server may say at once.
const mostOfMessage = 1 << 20

// NewPostgres returns the sink, or what is wrong with its URL; it connects when it
// first delivers.
func NewPostgres(o PostgresOptions) (*Postgres, error) {
	config, err := pgconn.ParseConfig(o.URL)
	if err != nil {
		return nil, err
	}
	config.ConnectTimeout = o.Timeout
	config.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
		f := pgproto3.NewFrontend(r, w)
		f.SetMaxBodyLen(mostOfMessage)
		return f
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "sallyport"
	}
	p := &Postgres{o: o, config: config, created: !o.Create}
	if len(o.Columns) == 0 {
		p.insert = "INSERT INTO " + p.table() + ` (id, record) SELECT id, record FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, record jsonb) ON CONFLICT DO NOTHING`
		return p, nil
	}
	names := make([]string, len(o.Columns))
	for i, c := range o.Columns {
		names[i] = quoted(c.Name)
	}
	list := strings.Join(names, ", ")
	p.insert = "INSERT INTO " + p.table() + " (" + list + ") SELECT " + list +
		" FROM jsonb_populate_recordset(NULL::" + p.table() + ", $1::jsonb) ON CONFLICT DO NOTHING"
	return p, nil
}

// table is the table's name as SQL has it.
func (p *Postgres) table() string {
	parts := strings.Split(p.o.Table, ".")
	for i, part := range parts {
		parts[i] = quoted(part)
	}
	return strings.Join(parts, ".")
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// types are those of the columns of a table that is made here, by member; any other
// is text.
var types = map[string]string{
	cdr.ColumnID: "uuid PRIMARY KEY", cdr.ColumnJSON: "jsonb", "vars": "jsonb", "modules": "jsonb",
	"start_time": "timestamptz", "answer_time": "timestamptz", "end_time": "timestamptz",
	"schema": "integer", "seq": "bigint", "duration_ms": "bigint", "billsec": "bigint", "pdd_ms": "bigint",
	"sip_code": "integer", "q850_cause": "integer", "src_ip": "inet", "dst_ip": "inet", "cut": "boolean",
	"pkts_a": "bigint", "lost_a": "bigint", "jitter_ms_a": "double precision", "mos_a": "double precision",
	"pkts_b": "bigint", "lost_b": "bigint", "jitter_ms_b": "double precision", "mos_b": "double precision",
}

// DDL is the statement that makes the table.
func (p *Postgres) DDL() string {
	if len(p.o.Columns) == 0 {
		return "CREATE TABLE IF NOT EXISTS " + p.table() + " (id uuid PRIMARY KEY, record jsonb NOT NULL, received timestamptz NOT NULL DEFAULT now())"
	}
	columns := make([]string, len(p.o.Columns))
	for i, c := range p.o.Columns {
		kind := "text"
		if t := types[strings.Join(c.Path, ".")]; t != "" {
			kind = t
		}
		columns[i] = quoted(c.Name) + " " + kind
	}
	return "CREATE TABLE IF NOT EXISTS " + p.table() + " (" + strings.Join(columns, ", ") + ")"
}

// Deliver inserts all records, or none.
func (p *Postgres) Deliver(ctx context.Context, records []cdr.Record) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	if err := p.connect(ctx); err != nil {
		return 0, err
	}
	if !p.created {
		if err := p.create(ctx); err != nil {
			return 0, err
		}
	}
	result := p.conn.ExecParams(ctx, p.insert, [][]byte{p.document(records)}, nil, nil, nil).Read()
	if result.Err == nil {
		return len(records), nil
	}
	if pe, ok := errors.AsType[*pgconn.PgError](result.Err); ok && isData(pe.Code) {
		return 0, fmt.Errorf("%w: %w", cdr.ErrRefused, result.Err)
	}
	return 0, result.Err
}

// create makes the table unless it is there: a role that may only insert can use a
// table that somebody else has made.
func (p *Postgres) create(ctx context.Context) error {
	is := p.conn.ExecParams(ctx, "SELECT 1 WHERE to_regclass($1) IS NOT NULL", [][]byte{[]byte(p.table())}, nil, nil, nil).Read()
	if is.Err != nil {
		return is.Err
	}
	if len(is.Rows) == 0 {
		if _, err := p.conn.Exec(ctx, p.DDL()).ReadAll(); err != nil {
			return err
		}
	}
	p.created = true
	return nil
}

func (p *Postgres) connect(ctx context.Context) error {
	if p.conn != nil && !p.conn.IsClosed() {
		return nil
	}
	conn, err := pgconn.ConnectConfig(ctx, p.config)
	if err != nil {
		p.conn = nil
		// The library has a line for each address it tried; a log has one for all.
		return errors.New(strings.Join(strings.Fields(err.Error()), " "))
	}
	p.conn = conn
	return nil
}

// isData says whether an SQLSTATE is about the values: data exceptions, violated
// constraints, values that are too large, and what a trigger raises.
func isData(code string) bool {
	return len(code) == 5 && (code[:2] == "22" || code[:2] == "23" || code[:2] == "54" || code[:2] == "P0")
}

// document is the JSON array the statement takes apart.
func (p *Postgres) document(records []cdr.Record) []byte {
	b := []byte{'['}
	values := make([]json.RawMessage, len(p.o.Columns))
	for i, r := range records {
		if i > 0 {
			b = append(b, ',')
		}
		r.Line = storable(r.Line)
		if len(p.o.Columns) == 0 {
			b = append(b, `{"id":"`...)
			b = r.ID.Append(b)
			b = append(append(append(b, `","record":`...), r.Line...), '}')
			continue
		}
		b = append(b, '{')
		r.Raw(p.o.Columns, values)
		more := false
		for n, c := range p.o.Columns {
			if values[n] == nil {
				continue
			}
			if more {
				b = append(b, ',')
			}
			more = true
			name, _ := json.Marshal(c.Name) // a string always is JSON
			b = append(append(append(b, name...), ':'), values[n]...)
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

// storable is the record without what jsonb does not take and JSON does: NUL, half
// a surrogate pair, bytes that are not UTF-8. Each becomes U+FFFD.
func storable(line []byte) []byte {
	if utf8.Valid(line) && !bytes.Contains(line, []byte(`\u`)) {
		return line
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return line
	}
	out, err := json.Marshal(withoutNUL(v))
	if err != nil {
		return line
	}
	return out
}

func withoutNUL(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "\x00", "\ufffd")
	case []any:
		for i := range v {
			v[i] = withoutNUL(v[i])
		}
	case map[string]any:
		m := make(map[string]any, len(v))
		for name, x := range v {
			m[strings.ReplaceAll(name, "\x00", "\ufffd")] = withoutNUL(x)
		}
		return m
	}
	return v
}

// Close ends the connection.
func (p *Postgres) Close() error {
	if p.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := p.conn.Close(ctx)
	p.conn = nil
	return err
}
