package redis

import (
	"context"
	"embed"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/sallyport-sbc/sallyport/host/store"
)

//go:embed lua/*.lua
var sources embed.FS

// The scripts; what a group shares stands before each of it.
var (
	acquireScript = script("lease", "acquire")
	renewScript   = script("lease", "renew")
	releaseScript = script("lease", "release")
	usedScript    = script("lease", "used")
	dropScript    = script("lease", "drop")
	holdScript    = script("lease", "hold")
	buryScript    = script("lease", "bury")

	balanceScript = script("account", "balance")
	depositScript = script("account", "deposit")
	reserveScript = script("account", "reserve")
	commitScript  = script("account", "commit")
	cancelScript  = script("account", "cancel")
	ledgerScript  = script("account", "ledger")
	openScript    = script("account", "open")

	takeScript = script("take")

	getScript       = script("space", "get")
	putScript       = script("space", "put")
	deleteScript    = script("space", "delete")
	addScript       = script("space", "add")
	setAddScript    = script("space", "setadd")
	setRemoveScript = script("space", "setremove")
)

func script(names ...string) *rueidis.Lua {
	var b strings.Builder
	for _, n := range names {
		text, err := sources.ReadFile("lua/" + n + ".lua")
		if err != nil {
			panic(err) // it is part of the program
		}
		b.Write(text)
	}
	constants := strings.NewReplacer(
		"@settled@", ms(store.SettledFor), "@expired@", ms(store.ExpiredFor), "@booked@", ms(store.BookedFor),
		"@keep@", strconv.Itoa(store.LedgerKeep), "@most@", decimal(store.MaxBalance))
	return rueidis.NewLuaScript(constants.Replace(b.String()))
}

func ms(d time.Duration) string { return decimal(max(d.Milliseconds(), 1)) }

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// words runs a script that answers with a list of at least n strings.
func words(ctx context.Context, c rueidis.Client, l *rueidis.Lua, n int, key string, args ...string) ([]string, error) {
	w, err := l.Exec(ctx, c, []string{key}, args).AsStrSlice()
	if err == nil && len(w) < n {
		err = fmt.Errorf("%w: redis answered %d words, not %d", store.ErrCorrupt, len(w), n)
	}
	return w, err
}

// said turns the word that a script begins its answer with into an error.
func said(word, what string) error {
	switch word {
	case "":
		return nil
	case "notfound":
		return fmt.Errorf("%w: %s", store.ErrNotFound, what)
	case "settled":
		return fmt.Errorf("%w: %s", store.ErrSettled, what)
	case "conflict":
		return fmt.Errorf("%w: %s", store.ErrConflict, what)
	case "short":
		return fmt.Errorf("%w: %s", store.ErrShort, what)
	case "quota":
		return fmt.Errorf("%w: %s", store.ErrQuota, what)
	case "invalid":
		return fmt.Errorf("%w: %s", store.ErrInvalid, what)
	}
	return fmt.Errorf("%w: redis answered %.40q", store.ErrCorrupt, word)
}
