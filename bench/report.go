package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
)

// noTarget marks a figure that is only told.
const noTarget = -1

// figure is one measured value. Less is better in all of them, so it is ok up to and
// including its target.
type figure struct {
	Name     string
	Unit     string
	Measured float64
	Target   float64 // noTarget: none
	Peer     string  // what others gave on the same work
	Note     string
}

func (f figure) verdict() string {
	switch {
	case f.Target == noTarget:
		return ""
	case math.IsNaN(f.Measured) || f.Measured > f.Target:
		return "short"
	}
	return "ok"
}

// MarshalJSON leaves out what a figure does not have.
func (f figure) MarshalJSON() ([]byte, error) {
	v := struct {
		Name     string   `json:"name"`
		Unit     string   `json:"unit,omitzero"`
		Measured *float64 `json:"measured"`
		Target   *float64 `json:"target,omitzero"`
		Verdict  string   `json:"verdict,omitzero"`
		Peer     string   `json:"peer,omitzero"`
		Note     string   `json:"note,omitzero"`
	}{Name: f.Name, Unit: f.Unit, Verdict: f.verdict(), Peer: f.Peer, Note: f.Note}
	if !math.IsNaN(f.Measured) {
		v.Measured = &f.Measured
	}
	if f.Target != noTarget {
		v.Target = &f.Target
	}
	return json.Marshal(v)
}

// rowResult is a row with what it gave.
type rowResult struct {
	Name    string   `json:"row"`
	What    string   `json:"what"`
	Figures []figure `json:"figures"`
	Load    load     `json:"load"`
	Quiet   bool     `json:"quiet_before"`
	Warning string   `json:"warning,omitzero"` // why not to trust it
	Error   string   `json:"error,omitzero"`
	Seconds float64  `json:"seconds"`
}

// report is a whole run.
type report struct {
	Machine machine     `json:"machine"`
	Rows    []rowResult `json:"rows"`
}

// print writes the table.
func (r report) print(out io.Writer) {
	fmt.Fprintf(out, "\n%s\n\n", r.Machine)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "row\tfigure\ttarget\tmeasured\t\tfor comparison\t")
	for _, row := range r.Rows {
		name := row.Name
		if row.Error != "" {
			fmt.Fprintf(w, "%s\tnot measured\t\t\t\t\t\n", name)
		}
		for _, f := range row.Figures {
			target := ""
			if f.Target != noTarget {
				target = "≤ " + number(f.Target) + unit(f.Unit)
			}
			measured := number(f.Measured) + unit(f.Unit)
			if f.Note != "" {
				measured += " (" + f.Note + ")"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t\n", name, f.Name, target, measured, f.verdict(), f.Peer)
			name = ""
		}
	}
	w.Flush()
	fmt.Fprintln(out)
	for _, row := range r.Rows {
		if row.Error != "" {
			fmt.Fprintf(out, "%s was not measured: %s\n", row.Name, row.Error)
		}
		if row.Warning != "" {
			fmt.Fprintf(out, "%s is not to be trusted: %s\n", row.Name, row.Warning)
		}
	}
}

// number prints what a person compares: three figures, no exponent.
func number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "?"
	case v == math.Trunc(v) || math.Abs(v) >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case math.Abs(v) >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case math.Abs(v) >= 1:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 3, 64), "0")
}

func unit(u string) string {
	if u == "" || u == "%" {
		return u
	}
	return " " + u
}

// countLines counts the lines of a file that end.
func countLines(file string) (int, error) {
	b, err := os.ReadFile(file)
	return bytes.Count(b, []byte{'\n'}), err
}
