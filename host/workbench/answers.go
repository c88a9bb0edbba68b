package workbench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/host/store"
)

// The sections that say what is outside: http, redis, map and store.

// allowed are what a script's module may reach: the servers that it has answers of, and the commands.
func (s *Script) allowed() (urls, commands []string) {
	for _, f := range s.archive.Files {
		kind, rest, _ := strings.Cut(f.Name, " ")
		words, err := split(rest)
		switch {
		case err != nil || len(words) == 0:
		case kind == "http":
			if u, err := url.Parse(words[len(words)-1]); err == nil {
				urls = append(urls, u.Scheme+"://"+u.Host+"/")
			}
		case kind == "redis":
			commands = append(commands, words[0])
		}
	}
	if urls == nil {
		urls = []string{"http://nobody.invalid/"} // an empty list would mean that there is no HTTP at all
	}
	slices.Sort(urls)
	slices.Sort(commands)
	return slices.Compact(urls), slices.Compact(commands)
}

// section is a section's head and lines; false when it is of another kind.
func (o *outside) section(ctx context.Context, b *Bench, name, body string) (bool, error) {
	kind, rest, _ := strings.Cut(name, " ")
	words, err := split(rest)
	switch {
	case kind != "http" && kind != "redis" && kind != "map" && kind != "store":
		return false, nil
	case err != nil:
		return true, err
	case kind == "http":
		return true, o.addHTTP(words, body)
	case kind == "redis":
		return true, o.addRedis(words, body)
	}
	lines, err := fields(body)
	if err != nil {
		return true, err
	}
	if kind == "store" {
		return true, o.fill(ctx, b, lines)
	}
	if len(words) != 1 {
		return true, errors.New("want map NAME")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.maps[words[0]] = map[string]string{}
	for _, f := range lines {
		o.maps[words[0]][f.Name] = f.Value
	}
	return true, nil
}

// split takes words apart; "…" is one word, with the escapes of Go.
func split(s string) (words []string, err error) {
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		if s[0] != '"' {
			w, rest, _ := strings.Cut(s, " ")
			words, s = append(words, w), rest
			continue
		}
		quoted, err := strconv.QuotedPrefix(s)
		if err != nil {
			return nil, fmt.Errorf("%s: a quote without its end", s)
		}
		w, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, err
		}
		words, s = append(words, w), s[len(quoted):]
	}
	return words, nil
}

// failures are what fail may say.
var failures = map[string]struct{ web, redis error }{
	"refused":  {web: errors.New("connection refused")},
	"cut":      {web: io.ErrUnexpectedEOF},
	"away":     {redis: store.ErrUnavailable},
	"nonsense": {redis: store.ErrCorrupt},
	"timeout":  {web: context.DeadlineExceeded, redis: store.ErrTimeout},
}

// common reads the lines that all answers have.
func (c *canned) common(f abi.Field, web bool) (known bool, err error) {
	switch f.Name {
	case "delay":
		c.delay, err = time.ParseDuration(f.Value)
	case "fail":
		of := failures[f.Value]
		if c.fail = of.redis; web {
			c.fail = of.web
		}
		if c.fail == nil {
			err = fmt.Errorf("fail: %s: want timeout, and %s", f.Value, map[bool]string{true: "refused or cut", false: "away or nonsense"}[web])
		}
	default:
		return false, nil
	}
	return true, err
}

// addHTTP reads an answer of a web server. The body is a line, or all that follows an empty one.
func (o *outside) addHTTP(words []string, text string) error {
	if len(words) == 1 {
		words = []string{"GET", words[0]}
	}
	if len(words) != 2 {
		return errors.New("want http METHOD URL")
	}
	if u, err := url.Parse(words[1]); err != nil || u.Host == "" {
		return fmt.Errorf("%s is no URL", words[1])
	}
	head, body, _ := strings.Cut("\n"+text, "\n\n")
	c := &canned{words: words, status: 200, header: http.Header{}, body: strings.TrimSuffix(body, "\n")}
	lines, err := fields(head)
	if err != nil {
		return err
	}
	for _, f := range lines {
		name, header, _ := strings.Cut(f.Name, " ")
		known, err := c.common(f, true)
		switch {
		case known:
		case f.Name == "status":
			if c.status, err = strconv.Atoi(f.Value); err == nil && (c.status < 200 || c.status > 599) {
				err = fmt.Errorf("status: %d: want 200 to 599", c.status)
			}
		case f.Name == "body":
			c.body = f.Value
		case f.Name == "endless":
			n, bad := strconv.Atoi(f.Value)
			if bad != nil || n < 0 || n > 1<<20 {
				return errors.New("endless: want up to 1048576 bytes")
			}
			c.body = strings.Repeat("x", n)
		case name == "header" && header != "":
			c.header.Add(header, f.Value)
		default:
			err = fmt.Errorf("no line %q: want status, header NAME, body, endless, delay or fail", f.Name)
		}
		if err != nil {
			return err
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.web = append(o.web, c)
	return nil
}

// addRedis reads an answer of Redis.
func (o *outside) addRedis(words []string, text string) error {
	if len(words) == 0 {
		return errors.New("want redis COMMAND ARGUMENT …")
	}
	lines, err := fields(text)
	if err != nil {
		return err
	}
	c := &canned{words: words}
	for _, f := range lines {
		known, err := c.common(f, false)
		switch {
		case known:
		case f.Name == "nil":
			c.value = store.Value{}
		case f.Name == "number":
			c.value.Kind = store.ValueInt
			c.value.Int, err = strconv.ParseInt(f.Value, 10, 64)
		case f.Name == "text":
			c.value = store.Value{Kind: store.ValueText, Text: f.Value}
		case f.Name == "error":
			c.value = store.Value{Kind: store.ValueError, Text: f.Value}
		case f.Name == "empty":
			c.value = store.Value{Kind: store.ValueList}
		case f.Name == "list":
			c.value.Kind = store.ValueList
			c.value.List = append(c.value.List, store.Value{Kind: store.ValueText, Text: f.Value})
		default:
			err = fmt.Errorf("no line %q: want nil, number, text, list, empty, error, delay or fail", f.Name)
		}
		if err != nil {
			return err
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.redis = append(o.redis, c)
	return nil
}

// fill changes what the store has.
func (o *outside) fill(ctx context.Context, b *Bench, lines []abi.Field) error {
	if b.store == nil {
		return fmt.Errorf("the module imports nothing of a store: its capabilities are %s", strings.Join(append([]string{"sbc"}, b.Manifest.Capabilities...), ", "))
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s, in := b.store, store.Space{Name: b.Manifest.Name}
	for i, f := range lines {
		kind, key, _ := strings.Cut(f.Name, " ")
		n, number := int64(0), error(nil)
		if kind == "number" || kind == "account" || kind == "held" {
			n, number = strconv.ParseInt(f.Value, 10, 64)
		}
		var err error
		switch {
		case number != nil:
			err = errors.New("want a whole number")
		case f.Name == "fail":
			err = o.break_(f.Value)
		case key == "":
			err = errors.New("want kv KEY, number KEY, set KEY, account NAME, held LIMIT, or fail")
		case kind == "kv":
			err = s.Put(ctx, in, key, []byte(f.Value), 0)
		case kind == "number":
			if err = s.Delete(ctx, in, key); err == nil {
				_, _, err = s.Add(ctx, in, key, n, -store.MaxNumber, store.MaxNumber, 0)
			}
		case kind == "set":
			_, err = s.SetAdd(ctx, in, key, strings.Fields(f.Value)...)
		case kind == "account":
			_, err = s.SetBalance(ctx, key, fmt.Sprint("script ", o.clock().UnixNano(), " ", i), n)
		case kind == "held" && n == 0:
			err = s.Release(ctx, "script/"+key)
		case kind == "held":
			_, err = s.Acquire(ctx, "script/"+key, "another", 24*time.Hour, []store.Limit{{Key: key, Max: store.MaxNumber, Cost: n}})
		default:
			err = fmt.Errorf("the store has no %s", kind)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

// break_ says how the store fails from now on.
func (o *outside) break_(how string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch how {
	case "no":
		o.fault = nil
	case "away", "nonsense", "timeout":
		o.fault = failures[how].redis
	default:
		return fmt.Errorf("%s: want away, timeout, nonsense or no", how)
	}
	return nil
}
