package config

import "slices"

// suggest returns the known name nearest to name, if it is near enough to be meant: at
// most two edits away, and fewer than half of its letters.
func suggest(name string, known []string) (string, bool) {
	best, distance := "", 3
	for _, k := range slices.Sorted(slices.Values(known)) {
		if d := edits(name, k); d < distance && 2*d < len(k) {
			best, distance = k, d
		}
	}
	return best, best != ""
}

// didYouMean is the end of a message about name, or "".
func didYouMean(name string, known []string) string {
	if s, ok := suggest(name, known); ok {
		return `: did you mean "` + s + `"?`
	}
	return ""
}

// edits counts the insertions, deletions, replacements and swaps of neighbours that lead
// from a to b.
func edits(a, b string) int {
	before := make([]int, len(b)+1) // the row before last
	last := make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
