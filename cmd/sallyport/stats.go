package main

import (
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-sbc/sallyport/host/admin"
)

func newStatsCommand() *cobra.Command {
	r := &remote{}
	return r.verb(&cobra.Command{
		Use:   "stats",
		Short: "Print the counters of a running SBC",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, r, http.MethodGet, "/stats", nil, showStats)
		},
	}, nil)
}

func showStats(w io.Writer, s admin.Stats) {
	up := time.Duration(s.Uptime * float64(time.Second)).Round(time.Second)
	fmt.Fprintf(w, "up %s\n", up)
	for _, group := range []struct {
		name    string
		figures admin.Figures
	}{{"calls", s.Calls}, {"transport", s.Transport}, {"transactions", s.Transactions}, {"media", s.Media}} {
		showFigures(w, group.name, group.figures)
	}
	for _, group := range []struct {
		name string
		list []admin.Figures
	}{{"module", s.Modules}, {"records", s.CDR}, {"map", s.Maps}} {
		for _, f := range group.list {
			name, _ := f["name"].(string)
			if path, ok := f["path"].(string); ok {
				name = path
			}
			showFigures(w, group.name+" "+name, f)
		}
	}
}

// showFigures prints what is not zero, and lists below it.
func showFigures(w io.Writer, title string, f admin.Figures) {
	fmt.Fprintf(w, "\n%s\n", title)
	var rows []string
	for _, name := range slices.Sorted(maps.Keys(f)) {
		switch x := f[name].(type) {
		case float64:
			if x != 0 {
				rows = append(rows, "  "+name, number(x))
			}
		case string:
			if name != "name" && name != "path" {
				rows = append(rows, "  "+name, x)
			}
		}
	}
	pairs(w, rows...)
	for _, name := range slices.Sorted(maps.Keys(f)) {
		list, _ := f[name].([]any)
		for _, x := range list {
			if one, ok := x.(map[string]any); ok {
				who, _ := one["name"].(string)
				showFigures(w, title+" "+who, one)
			}
		}
	}
}

func number(x float64) string {
	if x == math.Trunc(x) {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'g', 6, 64)
}
