package profile

import "strings"

// didYouMean returns `: did you mean "x"?` for the one of names that is closest to a
// mistyped one, "" if none is close.
func didYouMean(typed string, names []string) string {
	best, closest := "", max(len(typed)/3, 1)+1
	for _, n := range names {
		if d := distance(strings.ToLower(typed), strings.ToLower(n), closest); d < closest {
			best, closest = n, d
		}
	}
	if best == "" {
		return ""
	}
	return ": did you mean " + brief(best) + "?"
}

// distance counts the characters to change, add or remove to make b of a, up to most.
func distance(a, b string, most int) int {
	if len(a)-len(b) >= most || len(b)-len(a) >= most {
		return most
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
